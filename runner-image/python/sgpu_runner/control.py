"""The lines by which the runner speaks to the agent beside it."""

from __future__ import annotations

import json
import os
import threading
from typing import Any

from sgpu_runner.agent_socket import AgentSocket

_RECORD_SEPARATOR = b"\x1e"

#: Longest text in a line: whatever JSON makes of it, the line stays under the 64 KiB that its reader keeps.
TEXT_LIMIT = 8_192

#: How long the end of a process waits for its last lines to reach the agent's socket; one that failed at once waits for
#: the agent to start as well.
_FLUSH_SECONDS = 2.0
_FAILURE_FLUSH_SECONDS = 10.0


class ControlChannel:
    """Writes control lines whole, from any thread, to a descriptor nothing else writes to.

    In a container (`SGPU_AGENT_SOCKET` is set) they go to the agent's socket, and stdout is for people and their log
    services: the same JSON, one object a line, without the record separator.
    """

    def __init__(self, descriptor: int, agent: AgentSocket | None = None) -> None:
        self._descriptor = descriptor
        self._agent = agent
        self._failed = False
        self._lock = threading.Lock()
        # A child made by fork() may have been forked while another thread held the lock.
        os.register_at_fork(after_in_child=self._renew_lock)

    @classmethod
    def take_stdout(cls) -> ControlChannel:
        """Takes stdout for control lines alone; what is written to descriptor 1 from now on goes to stderr."""
        descriptor = os.dup(1)
        os.dup2(2, 1)
        path = os.environ.get("SGPU_AGENT_SOCKET")
        return cls(descriptor, AgentSocket(path) if path else None)

    def listening(self, port: int) -> None:
        self._send({"type": "listening", "port": port})

    def log(self, request_id: str | None, level: str, message: str) -> None:
        """A message that is too long is reported in pieces."""
        for start in range(0, max(1, len(message)), TEXT_LIMIT):
            piece = message[start : start + TEXT_LIMIT]
            self._send({"type": "log", "request_id": request_id, "level": level, "message": piece})

    def failed(self, stage: str, message: str, traceback: str) -> None:
        """What is too long is cut: a message at its end, a traceback at its beginning, which says least."""
        self._failed = True
        shown, last = message[: TEXT_LIMIT // 8], traceback[-TEXT_LIMIT:]
        self._send({"type": "failed", "stage": stage, "message": shown, "traceback": last})

    def _send(self, record: dict[str, Any]) -> None:
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        control = _RECORD_SEPARATOR + text.encode("utf-8", "replace") + b"\n"
        if self._agent is not None:
            self._agent.send(control)
        line = memoryview(control if self._agent is None else control[1:])
        with self._lock:
            try:
                while line:
                    line = line[os.write(self._descriptor, line) :]
            except OSError:
                # Nobody reads any more. The app must not fail for what it prints.
                pass

    def close(self) -> None:
        """Waits for the last lines to be on their way."""
        if self._agent is not None:
            self._agent.flush(_FAILURE_FLUSH_SECONDS if self._failed else _FLUSH_SECONDS)

    def _renew_lock(self) -> None:
        self._lock = threading.Lock()
