"""The lines by which the runner speaks to the agent beside it."""

from __future__ import annotations

import json
import os
import threading
from typing import Any

_RECORD_SEPARATOR = b"\x1e"

#: Longest text in a line: whatever JSON makes of it, the line stays under the 64 KiB that its reader keeps.
TEXT_LIMIT = 8_192


class ControlChannel:
    """Writes control lines whole, from any thread, to a descriptor nothing else writes to."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        # A child made by fork() may have been forked while another thread held the lock.
        os.register_at_fork(after_in_child=self._renew_lock)

    @classmethod
    def take_stdout(cls) -> ControlChannel:
        """Takes stdout for control lines alone; what is written to descriptor 1 from now on goes to stderr."""
        descriptor = os.dup(1)
        os.dup2(2, 1)
        return cls(descriptor)

    def listening(self, port: int) -> None:
        self._send({"type": "listening", "port": port})

    def log(self, request_id: str | None, level: str, message: str) -> None:
        """A message that is too long is reported in pieces."""
        for start in range(0, max(1, len(message)), TEXT_LIMIT):
            piece = message[start : start + TEXT_LIMIT]
            self._send({"type": "log", "request_id": request_id, "level": level, "message": piece})

    def failed(self, stage: str, message: str, traceback: str) -> None:
        """What is too long is cut: a message at its end, a traceback at its beginning, which says least."""
        shown, last = message[: TEXT_LIMIT // 8], traceback[-TEXT_LIMIT:]
        self._send({"type": "failed", "stage": stage, "message": shown, "traceback": last})

    def _send(self, record: dict[str, Any]) -> None:
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        line = memoryview(_RECORD_SEPARATOR + text.encode("utf-8", "replace") + b"\n")
        with self._lock:
            try:
                while line:
                    line = line[os.write(self._descriptor, line) :]
            except OSError:
                # Nobody reads any more. The app must not fail for what it prints.
                pass

    def _renew_lock(self) -> None:
        self._lock = threading.Lock()
