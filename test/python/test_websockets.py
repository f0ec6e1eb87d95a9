"""WebSocket endpoints and fal's realtime protocol."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgpack
from running import PATIENCE_SECONDS, Runner
from websockets.sync.client import ClientConnection, connect

APP = """
from typing import AsyncIterator

import fal
from fastapi import WebSocket
from pydantic import BaseModel


class Input(BaseModel):
    number: int


class Output(BaseModel):
    doubled: int


class App(fal.App):
    @fal.endpoint("/ws", is_websocket=True)
    async def echo(self, websocket: WebSocket) -> None:
        await websocket.accept()
        text = await websocket.receive_text()
        print("heard", text)
        await websocket.send_text(text.upper())
        await websocket.close()

    @fal.realtime("/realtime")
    def double(self, input: Input) -> Output:
        return Output(doubled=2 * input.number)

    @fal.realtime("/count", buffering=10)
    async def count(self, input: Input) -> AsyncIterator[Output]:
        for number in range(input.number):
            yield Output(doubled=2 * number)
"""


@contextmanager
def connected(app: Runner, path: str, **headers: str) -> Iterator[ClientConnection]:
    url = app.url.replace("http", "ws") + path
    with connect(url, additional_headers=headers, open_timeout=PATIENCE_SECONDS, proxy=None) as connection:
        yield connection


def received(connection: ClientConnection) -> Any:
    return msgpack.unpackb(connection.recv(PATIENCE_SECONDS))


def test_an_endpoint_may_be_a_web_socket(app: Runner) -> None:
    with connected(app, "/ws", **{"x-fal-request-id": "socket"}) as connection:
        connection.send("hello")
        assert connection.recv(PATIENCE_SECONDS) == "HELLO"
    assert app.until_log("heard hello")["request_id"] == "socket"


def test_a_realtime_endpoint_answers_each_message(app: Runner) -> None:
    with connected(app, "/realtime") as connection:
        for number in (1, 2):
            connection.send(msgpack.packb({"number": number}))
            assert received(connection) == {"doubled": 2 * number}


def test_a_realtime_endpoint_may_stream(app: Runner) -> None:
    with connected(app, "/count") as connection:
        connection.send(msgpack.packb({"number": 3}))
        assert [received(connection)["doubled"] for _ in range(3)] == [0, 2, 4]
