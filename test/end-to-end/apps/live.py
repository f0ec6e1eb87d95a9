"""An app of conversations: fal's four kinds of realtime endpoints, and a WebSocket of its own making."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import fal
from fastapi import WebSocket, WebSocketDisconnect
from pydantic import BaseModel


class Stroke(BaseModel):
    number: int


class Picture(BaseModel):
    doubled: int


class Live(fal.App, name="live", max_concurrency=1, max_multiplexing=4, keep_alive=600):
    machine_type = "CPU"

    @fal.realtime("/realtime", session_timeout=2)
    def double(self, input: Stroke) -> Picture:
        if input.number < 0:
            raise ValueError(f"{input.number} can't be painted")
        return Picture(doubled=2 * input.number)

    @fal.realtime("/count", buffering=10)
    async def count(self, input: Stroke) -> AsyncIterator[Picture]:
        for number in range(input.number):
            yield Picture(doubled=2 * number)

    @fal.realtime("/sum")
    async def add(self, inputs: AsyncIterator[Stroke]) -> Picture:
        """Adds two numbers."""
        numbers: list[int] = []
        async for stroke in inputs:
            numbers.append(stroke.number)
            if len(numbers) == 2:
                break
        return Picture(doubled=2 * sum(numbers))

    @fal.realtime("/both")
    async def both(self, inputs: AsyncIterator[Stroke]) -> AsyncIterator[Picture]:
        async for stroke in inputs:
            yield Picture(doubled=2 * stroke.number)

    @fal.endpoint("/ws", is_websocket=True)
    async def echo(self, websocket: WebSocket) -> None:
        offered = websocket.headers.get("sec-websocket-protocol", "").replace(" ", "").split(",")
        await websocket.accept(subprotocol="echo.v2" if "echo.v2" in offered else None)
        while (message := await websocket.receive())["type"] == "websocket.receive":
            if message.get("text") == "headers":
                await websocket.send_json({**websocket.headers, "query": websocket.url.query})
            elif (message.get("text") or "").startswith("close "):
                await websocket.close(int(message["text"].split()[1]), "as asked")
            elif message.get("text") == "raise":
                raise ValueError("as asked")
            elif message.get("text") == "die":
                os._exit(3)
            elif message.get("text") is not None:
                await websocket.send_text(message["text"])
            else:
                await websocket.send_bytes(message["bytes"])

    @fal.endpoint("/refuse", is_websocket=True)
    async def refuse(self, websocket: WebSocket) -> None:
        await websocket.close()

    @fal.endpoint("/watched", is_websocket=True)
    async def watched(self, websocket: WebSocket) -> None:
        """Writes down how its caller leaves."""
        await websocket.accept()
        journal = Path(await websocket.receive_text())
        journal.write_text("connected\n")
        await websocket.send_text("ready")
        try:
            while True:
                await websocket.receive_text()
        except WebSocketDisconnect as gone:
            with journal.open("a") as file:
                file.write(f"left with {gone.code}\n")

    @fal.endpoint("/watched/cancel")
    def cancelled(self) -> dict[str, Any]:
        print("the connection was cancelled")
        return {}

    @fal.endpoint("/flood", is_websocket=True)
    async def flood(self, websocket: WebSocket) -> None:
        """Sends a thousand messages as fast as it may."""
        await websocket.accept()
        for number in range(1000):
            await websocket.send_bytes(number.to_bytes(4, "big") * 4096)
        await websocket.close()

    @fal.endpoint("/")
    async def run(self, input: Stroke) -> Picture:
        await asyncio.sleep(0)
        return Picture(doubled=2 * input.number)


class Booth(fal.App, name="booth", max_concurrency=1, keep_alive=600, termination_grace_period_seconds=1):
    """Has room for one caller, and opens when it is told to."""

    machine_type = "CPU"

    def setup(self) -> None:
        gate = Path(os.environ["BOOTH_GATE"])
        while not gate.exists():
            time.sleep(0.02)

    @fal.endpoint("/ws", is_websocket=True)
    async def echo(self, websocket: WebSocket) -> None:
        await websocket.accept()
        async for text in websocket.iter_text():
            await websocket.send_text(text)


class Brief(fal.App, name="brief", max_concurrency=1, keep_alive=600, request_timeout=3):
    machine_type = "CPU"

    @fal.endpoint("/ws", is_websocket=True)
    async def stay(self, websocket: WebSocket) -> None:
        """Says in which process it runs, and stays until its caller leaves."""
        await websocket.accept()
        await websocket.send_text(str(os.getpid()))
        async for _ in websocket.iter_text():
            pass
