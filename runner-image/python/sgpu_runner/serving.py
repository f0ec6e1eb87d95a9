"""Serves what the user's file defines: a `fal.App` class or a `@fal.function`."""

from __future__ import annotations

import asyncio
import inspect
import os
from typing import Any

import fal
from fal.api.api import IsolatedFunction, ServeWrapper
from fal.ref import set_current_app

from sgpu_runner.control import ControlChannel
from sgpu_runner.failure import Failure
from sgpu_runner.functions import run_exposed
from sgpu_runner.output import Output
from sgpu_runner.server import serve


def serve_object(target: Any, host: str, port: int, channel: ControlChannel, output: Output) -> None:
    """Returns when the app ended on request. A function with an exposed port has its own host and port."""
    if inspect.isclass(target) and issubclass(target, fal.App):
        serve(_instantiate(target), host, port, channel, output)
        return
    if not isinstance(target, IsolatedFunction) or target.raw_func is None:
        name = getattr(target, "__name__", repr(target))
        raise Failure("import", f"{name} is neither a fal.App class nor a function decorated with @fal.function")
    if target.options.gateway.get("serve"):
        serve(ServeWrapper(target.raw_func), host, port, channel, output)
        return
    exposed_port = target.options.gateway.get("exposed_port")
    if exposed_port is None:
        message = f"{target.raw_func.__name__} can't be called over HTTP: give it exposed_port=… or serve=True"
        raise Failure("app", message)
    run_exposed(_runnable(target.raw_func), int(exposed_port), channel)


def _instantiate(app_class: type[fal.App]) -> fal.App:
    for name, value in getattr(app_class, "env", {}).items():
        # What the platform set comes from the same attribute, or overrides it.
        os.environ.setdefault(str(name), str(value))
    app = app_class()
    set_current_app(app)
    return app


def _runnable(function: Any) -> Any:
    if not inspect.iscoroutinefunction(function):
        return function

    def run() -> Any:
        return asyncio.run(function())

    run.__name__ = function.__name__
    return run
