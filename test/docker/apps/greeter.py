"""An app with a requirement from a private index, which greets and takes its time."""

import time

import fal
import greeting
from pydantic import BaseModel


class Input(BaseModel):
    name: str
    seconds: float = 0


class Greeter(fal.App):
    machine_type = "XS"
    requirements = [["--extra-index-url ${PRIVATE_INDEX}", "greeting==1.0"]]

    @fal.endpoint("/")
    def greet(self, input: Input) -> dict[str, str]:
        print(f"greets {input.name}")
        time.sleep(input.seconds)
        return {"text": greeting.greet(input.name)}
