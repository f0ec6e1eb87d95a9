"""What an endpoint may return or yield."""

from __future__ import annotations

import io
import json

import httpx
import pytest
from running import Runner
from storage import Storage

APP = """
import asyncio
import threading
from typing import AsyncGenerator, Generator

import fal
from fastapi import HTTPException
from fastapi.responses import StreamingResponse
from PIL import Image
from pydantic import BaseModel


class Token(BaseModel):
    text: str


def picture(width: int) -> Image.Image:
    return Image.new("RGB", (width, 2), "red")


class App(fal.App):
    closed = threading.Event()

    @fal.endpoint("/sync")
    def sync(self, prompt: str) -> Generator[str, None, None]:
        for word in prompt.split():
            yield word

    @fal.endpoint("/async")
    async def asynchronous(self, prompt: str) -> AsyncGenerator[dict, None]:
        for word in prompt.split():
            await asyncio.sleep(0)
            yield {"word": word}

    @fal.endpoint("/models")
    def models(self):
        yield Token(text="a\\nb")
        yield [1, None, "ü"]

    @fal.endpoint("/empty")
    def empty(self):
        return
        yield

    @fal.endpoint("/returned")
    def returned(self):
        return (number for number in range(2))

    @fal.endpoint("/refused")
    def refused(self, prompt: str):
        raise HTTPException(400, "no " + prompt)
        yield

    @fal.endpoint("/broken")
    def broken(self):
        yield 1
        raise ValueError("broke off")

    @fal.endpoint("/endless")
    async def endless(self):
        try:
            while True:
                yield "again"
                await asyncio.sleep(0.01)
        finally:
            self.closed.set()

    @fal.endpoint("/closed")
    def was_closed(self):
        return self.closed.wait(100)

    @fal.endpoint("/own-stream")
    def own_stream(self):
        return StreamingResponse(iter(["data: 1\\n\\n"]), media_type="text/event-stream")

    @fal.endpoint("/image")
    def image(self) -> dict:
        return {"image": picture(3), "seed": 1}

    @fal.endpoint("/async-image")
    async def async_image(self):
        return picture(4)

    @fal.endpoint("/images")
    def images(self) -> dict:
        return {"images": [picture(1), {"nested": (picture(2), "text")}]}

    @fal.endpoint("/annotated-image")
    def annotated_image(self) -> Image.Image:
        return picture(5)

    @fal.endpoint("/yielded-image")
    def yielded_image(self):
        yield {"image": picture(6)}
"""


def events(answer: httpx.Response) -> list[object]:
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    blocks = answer.text.split("\n\n")
    assert blocks.pop() == ""
    assert all(block.startswith("data: ") and "\n" not in block for block in blocks)
    return [json.loads(block.removeprefix("data: ")) for block in blocks]


def width(platform: Storage, image: dict[str, object]) -> int:
    from PIL import Image

    content = platform.content(str(image["url"]))
    size = Image.open(io.BytesIO(content)).size
    assert (image["width"], image["height"]) == size
    return size[0]


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/sync", ["a", "b", "c"]), ("/async", [{"word": "a"}, {"word": "b"}, {"word": "c"}])],
)
def test_what_an_endpoint_yields_is_sent_as_events(app: Runner, path: str, expected: list[object]) -> None:
    assert events(app.post(path, {"prompt": "a b c"})) == expected


def test_events_hold_any_json(app: Runner) -> None:
    assert events(app.post("/models")) == [{"text": "a\nb"}, [1, None, "ü"]]


def test_a_generator_may_yield_nothing(app: Runner) -> None:
    assert events(app.post("/empty")) == []


def test_a_generator_may_be_returned(app: Runner) -> None:
    assert events(app.post("/returned")) == [0, 1]


def test_an_error_before_the_first_item_has_its_status(app: Runner) -> None:
    answer = app.post("/refused", {"prompt": "cats"})
    assert (answer.status_code, answer.json()) == (400, {"detail": "no cats"})
    assert app.post("/refused", {}).status_code == 422


def test_an_error_after_the_first_item_breaks_the_stream_off(app: Runner) -> None:
    with pytest.raises(httpx.RemoteProtocolError), app.client.stream("POST", app.url + "/broken") as answer:
        assert answer.status_code == 200
        list(answer.iter_lines())
    app.until_log("ValueError: broke off")


def test_events_arrive_while_the_endpoint_runs_and_a_caller_who_leaves_ends_it(app: Runner) -> None:
    with app.client.stream("POST", app.url + "/endless") as answer:
        assert next(answer.iter_lines()) == 'data: "again"'
    assert app.post("/closed").json() is True


def test_an_app_s_own_stream_is_left_alone(app: Runner) -> None:
    assert events(app.post("/own-stream")) == [1]


def test_an_image_in_a_dict_becomes_an_uploaded_image(app: Runner, platform: Storage) -> None:
    answer = app.post("/image").json()
    assert answer["seed"] == 1
    assert answer["image"]["content_type"] == "image/png"
    assert width(platform, answer["image"]) == 3


def test_an_image_may_be_the_result_of_an_asynchronous_endpoint(app: Runner, platform: Storage) -> None:
    assert width(platform, app.post("/async-image").json()) == 4


def test_images_are_found_in_lists_and_dicts(app: Runner, platform: Storage) -> None:
    first, second = app.post("/images").json()["images"]
    assert width(platform, first) == 1
    assert width(platform, second["nested"][0]) == 2
    assert second["nested"][1] == "text"


def test_an_endpoint_may_be_annotated_to_return_an_image(app: Runner, platform: Storage) -> None:
    assert width(platform, app.post("/annotated-image").json()) == 5


def test_a_yielded_image_is_uploaded(app: Runner, platform: Storage) -> None:
    [event] = events(app.post("/yielded-image"))
    assert isinstance(event, dict)
    assert width(platform, event["image"]) == 6
