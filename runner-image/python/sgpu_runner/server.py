"""Serves an application until SIGTERM, with fal's life cycle."""

from __future__ import annotations

import asyncio
import signal
import socket
from typing import Any

import uvicorn
from fal.api.api import BaseServable, FalServer
from starlette.types import ASGIApp

from sgpu_runner.application import build_application
from sgpu_runner.control import ControlChannel
from sgpu_runner.failure import Failure
from sgpu_runner.output import Output
from sgpu_runner.request_scope import RequestScope

#: As in fal's own `serve()`.
_KEEP_ALIVE_SECONDS = 300


def serve(servable: BaseServable, host: str, port: int, channel: ControlChannel, output: Output) -> None:
    """Returns after a graceful end. Raises a Failure of stage `app`, `bind` or `setup`.

    fal's `serve()` listens on every interface and adds a metrics server; this is the same server without either.
    """
    application = RequestScope(build_application(servable), output)
    listener = _bind(host, port)
    server = _Server(_configuration(application), channel, listener)
    server.set_handle_exit(servable.handle_exit)  # type: ignore[no-untyped-call]
    # For a signal before the server handles it, and for the one it raises again when all is done: fal ends with 0.
    signal.signal(signal.SIGTERM, lambda _signal, _frame: setattr(server, "should_exit", True))
    try:
        asyncio.run(server.serve(sockets=[listener]))
    except SystemExit:
        if application.setup_error is None:
            raise
    except KeyboardInterrupt:
        return
    if application.setup_error is not None:
        raise Failure.caused_by("setup", "setup()", application.setup_error)


def _bind(host: str, port: int) -> socket.socket:
    """Takes the port. Connections are refused until the server listens on it, which it does after `setup()`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off for the connections; without, the body of an answer
    # waits up to 40 ms for the acknowledgement of its head.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Failure("bind", f"Port {port} on {host} can't be used: {error.strerror}") from error
    return listener


def _configuration(application: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        lifespan="on",
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        access_log=False,
        # The app's own logging settings decide what of the server's log is shown.
        log_config=None,
    )


class _Server(FalServer):  # type: ignore[misc]
    def __init__(self, config: uvicorn.Config, channel: ControlChannel, listener: socket.socket) -> None:
        super().__init__(config=config)
        self._channel = channel
        self._listener = listener

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            port: Any = self._listener.getsockname()[1]
            self._channel.listening(port)
