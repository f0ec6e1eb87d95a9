"""Runs a `@fal.function(exposed_port=N)`: the function is the process, and what it starts listens on port N."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from sgpu_runner.control import ControlChannel
from sgpu_runner.failure import Failure

_POLL_SECONDS = 0.1


def run_exposed(function: Callable[[], Any], port: int, channel: ControlChannel) -> None:
    """Returns when SIGTERM ended the function. Raises a Failure when it ends by itself."""
    termination = _Termination()
    threading.Thread(target=_report_open_port, args=(port, channel), daemon=True).start()
    try:
        function()
    except (Exception, SystemExit) as error:
        if not termination.requested:
            raise Failure.caused_by("serve", f"{function.__name__}()", error) from error
    if not termination.requested:
        raise Failure("serve", f"{function.__name__}() returned: it must run as long as port {port} is served")


class _Termination:
    """Passes SIGTERM on to the processes that the function started, and lets the function return when they end.

    In a container the signal reaches only the first process.
    """

    def __init__(self) -> None:
        self.requested = False
        signal.signal(signal.SIGTERM, self._pass_on)

    def _pass_on(self, _signal: int, _frame: FrameType | None) -> None:
        self.requested = True
        children = _children()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)
        if not children:
            raise SystemExit


def _children() -> list[int]:
    """Process ids; empty also where the system does not tell (then whoever ends us signals the whole group)."""
    lists = Path("/proc/self/task").glob("*/children")
    return [int(child) for known in lists for child in known.read_text().split()]


def _report_open_port(port: int, channel: ControlChannel) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(_POLL_SECONDS)
        else:
            channel.listening(port)
            return
