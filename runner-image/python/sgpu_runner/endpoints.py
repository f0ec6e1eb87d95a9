"""Wraps an app's endpoints: arguments from JSON, results that FastAPI alone could not send."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, get_args

from fastapi.responses import StreamingResponse

from sgpu_runner.event_stream import stream_async, stream_sync
from sgpu_runner.images import has_images, is_image_type, upload_images
from sgpu_runner.parameters import Reading

Endpoint = Callable[..., Any]


def wrap(endpoint: Endpoint, reading: Reading) -> Endpoint:
    """An endpoint for FastAPI. It runs where the original would: on the event loop, or in a thread if synchronous."""
    asynchronous = inspect.iscoroutinefunction(endpoint) or inspect.isasyncgenfunction(endpoint)
    call = (_call_async if asynchronous else _call_sync)(endpoint, reading)
    call.__name__ = endpoint.__name__
    call.__qualname__ = endpoint.__qualname__
    call.__module__ = endpoint.__module__
    call.__doc__ = endpoint.__doc__
    annotation = _return_annotation(endpoint)
    call.__signature__ = reading.signature.replace(return_annotation=annotation)  # type: ignore[attr-defined]
    return call


def _call_async(endpoint: Endpoint, reading: Reading) -> Endpoint:
    async def call(**values: Any) -> Any:
        result = endpoint(**reading.arguments(values))
        if not inspect.isasyncgen(result):
            result = await result
        if inspect.isasyncgen(result):
            return await stream_async(result)
        if inspect.isgenerator(result):
            return await asyncio.to_thread(stream_sync, result)
        if has_images(result):
            return await asyncio.to_thread(upload_images, result)
        return result

    return call


def _call_sync(endpoint: Endpoint, reading: Reading) -> Endpoint:
    def call(**values: Any) -> Any:
        result = endpoint(**reading.arguments(values))
        if inspect.isgenerator(result):
            return stream_sync(result)
        if has_images(result):
            return upload_images(result)
        return result

    return call


def _return_annotation(endpoint: Endpoint) -> Any:
    """What FastAPI may check the result against and document: nothing that it has no schema for."""
    if inspect.isgeneratorfunction(endpoint) or inspect.isasyncgenfunction(endpoint):
        return StreamingResponse
    try:
        annotation = inspect.signature(endpoint, eval_str=True).return_annotation
    except Exception:
        # A name that only a type checker knows. FastAPI says what it thinks of it.
        return inspect.signature(endpoint).return_annotation
    return inspect.Signature.empty if _mentions_image(annotation) else annotation


def _mentions_image(annotation: Any) -> bool:
    return is_image_type(annotation) or any(_mentions_image(argument) for argument in get_args(annotation))
