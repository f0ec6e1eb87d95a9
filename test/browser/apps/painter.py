"""What the playground has a field for, each kind once."""

from typing import Literal

import fal
from pydantic import BaseModel, Field

RED_SQUARE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)


class Input(BaseModel):
    prompt: str = Field(description="What to paint", examples=["a red fox"])
    steps: int = Field(default=4, ge=1, le=50)
    style: Literal["photo", "drawing"] = "photo"
    image_url: str | None = None
    loud: bool = False


class Painter(fal.App):
    machine_type = "XS"
    requirements = []
    keep_alive = 120
    max_concurrency = 1

    @fal.endpoint("/")
    def paint(self, input: Input) -> dict:
        print(f"painting {input.prompt}")
        text = input.prompt.upper() if input.loud else input.prompt
        return {"text": text, "asked": input.model_dump(), "image": {"url": RED_SQUARE, "content_type": "image/png"}}

    @fal.endpoint("/forever")
    async def forever(self) -> dict:
        import asyncio

        await asyncio.sleep(3600)
        return {}

    @fal.endpoint("/markup")
    def markup(self) -> dict:
        print("<img src=x onerror=\"document.title='run'\">")
        return {"text": "<script>document.title='run'</script>", "url": "javascript:document.title='run'"}
