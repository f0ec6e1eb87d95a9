"""The lines by which the runner speaks to the agent beside it."""

from __future__ import annotations

import json
import os
import threading
from typing import Any

_RECORD_SEPARATOR = b"\x1e"


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
        self._send({"type": "log", "request_id": request_id, "level": level, "message": message})

    def failed(self, stage: str, message: str, traceback: str) -> None:
        self._send({"type": "failed", "stage": stage, "message": message, "traceback": traceback})

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
