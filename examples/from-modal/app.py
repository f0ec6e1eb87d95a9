"""The class of `original.py` as a fal.App."""

from collections.abc import Iterator

import fal
from pydantic import BaseModel


class Message(BaseModel):
    text: str
    stops: bool = True


class Telegram(BaseModel):
    telegram: str


class Telegraph(fal.App, min_concurrency=0, max_concurrency=4, keep_alive=60, request_timeout=120, max_multiplexing=2):
    machine_type = "CPU"
    requirements = ["inflect==7.5.0"]

    def setup(self) -> None:
        import inflect

        self.numbers = inflect.engine()

    @fal.endpoint("/")
    def send(self, message: Message) -> Telegram:
        return Telegram(telegram=self.telegram(message.text, message.stops))

    @fal.endpoint("/stream")
    def send_by_sentence(self, message: Message) -> Iterator[Telegram]:
        for sentence in message.text.split(". "):
            yield Telegram(telegram=self.telegram(sentence, stops=True))

    def teardown(self) -> None:
        print("the line is closed")

    def telegram(self, text: str, stops: bool) -> str:
        words = [self.numbers.number_to_words(word) if word.isdigit() else word for word in text.rstrip(".").split()]
        return " ".join(words).upper().replace(".", " STOP" if stops else "")
