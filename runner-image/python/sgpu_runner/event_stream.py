"""Sends what an endpoint yields as server-sent events, one `data:` line of JSON each."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from typing import Any

from fastapi.encoders import jsonable_encoder
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from sgpu_runner.images import has_images, upload_images

_END = object()


async def stream_async(items: AsyncGenerator[Any, Any]) -> StreamingResponse:
    """Runs to the first item before it answers, so that an exception until there still has its status."""
    first = await anext(items, _END)
    return _response(_async_events(first, items))


def stream_sync(items: Generator[Any, Any, Any]) -> StreamingResponse:
    """As `stream_async`; every step of the generator runs in a thread."""
    first = next(items, _END)
    return _response(_sync_events(first, items))


async def _async_events(item: Any, items: AsyncGenerator[Any, Any]) -> AsyncIterator[bytes]:
    try:
        while item is not _END:
            if has_images(item):
                item = await asyncio.to_thread(upload_images, item)
            yield _event(item)
            item = await anext(items, _END)
    finally:
        await items.aclose()


async def _sync_events(item: Any, items: Generator[Any, Any, Any]) -> AsyncIterator[bytes]:
    try:
        while item is not _END:
            if has_images(item):
                item = await run_in_threadpool(upload_images, item)
            yield _event(item)
            item = await run_in_threadpool(next, items, _END)
    finally:
        # A generator still running in its thread can't be closed; it ends with its next step.
        if inspect.getgeneratorstate(items) != inspect.GEN_RUNNING:
            items.close()


def _event(item: Any) -> bytes:
    text = json.dumps(jsonable_encoder(item), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return f"data: {text}\n\n".encode()


def _response(events: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(events, media_type="text/event-stream", headers={"cache-control": "no-cache"})
