"""Brings control lines to an agent in another container, by a socket in a folder that both share."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import deque

#: Lines kept while no agent listens. The oldest are dropped first; stdout has them all.
_KEPT_LINES = 10_000

#: The agent's container starts after this one.
_RETRY_SECONDS = 0.2


class AgentSocket:
    """Sends in the background: an app never waits for its agent, and does not need one."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lines: deque[bytes] = deque(maxlen=_KEPT_LINES)
        self._changed = threading.Condition()
        self._sending = False
        self._here = True
        # A child made by fork() has no thread that sends, and may have been forked while the lock was held.
        os.register_at_fork(after_in_child=self._forget)
        threading.Thread(target=self._send_all, name="sgpu-agent-socket", daemon=True).start()

    def send(self, line: bytes) -> None:
        if not self._here:
            return
        with self._changed:
            self._lines.append(line)
            self._changed.notify_all()

    def flush(self, timeout: float) -> None:
        """Waits until everything was sent, for `timeout` seconds at most."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while self._here and (self._lines or self._sending) and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)

    def _send_all(self) -> None:
        while True:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                try:
                    connection.connect(self._path)
                    while True:
                        connection.sendall(self._next())
                        self._sent()
                except OSError:
                    self._sent()
                    time.sleep(_RETRY_SECONDS)

    def _next(self) -> bytes:
        with self._changed:
            while not self._lines:
                self._changed.wait()
            self._sending = True
            return self._lines.popleft()

    def _sent(self) -> None:
        with self._changed:
            self._sending = False
            self._changed.notify_all()

    def _forget(self) -> None:
        self._here = False
