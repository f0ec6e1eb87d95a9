"""Ends the runner when whoever started it is gone, so that no process is left holding a GPU."""

from __future__ import annotations

import os
import signal
import threading
import time


def end_when_stdin_closes(grace_seconds: float) -> None:
    """Watches stdin, whose other end the parent holds. When it closes: SIGTERM, then SIGKILL after the grace period.

    The app gets an empty stdin of its own.
    """
    watched = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=_watch, args=(watched, grace_seconds), daemon=True).start()


def _watch(descriptor: int, grace_seconds: float) -> None:
    try:
        while os.read(descriptor, 4096):
            pass
    except OSError:
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace_seconds)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
