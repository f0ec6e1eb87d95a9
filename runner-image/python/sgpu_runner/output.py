"""What the app prints and logs, line by line, attributed to the request that printed it."""

from __future__ import annotations

import io
import logging
import re
import sys
import threading
from contextvars import ContextVar
from typing import Any

from sgpu_runner.control import TEXT_LIMIT, ControlChannel

#: The request being handled. Copied into the threads that run synchronous endpoints, not into those an app starts.
current_request_id: ContextVar[str | None] = ContextVar("sgpu_request_id", default=None)

#: True while what is printed should not be reported.
muted: ContextVar[bool] = ContextVar("sgpu_muted", default=False)

_LINE_END = re.compile(r"[\r\n]")

_FAL_LEVELS = {"WARNING": "WARN", "CRITICAL": "ERROR"}


class LogStream(io.TextIOBase):
    """Stands in for `sys.stdout` or `sys.stderr`. A carriage return ends a line too: progress bars live on it."""

    encoding = "utf-8"
    errors = "replace"
    mode = "w"

    def __init__(self, channel: ControlChannel, level: str, descriptor: int) -> None:
        self._channel = channel
        self._level = level
        self._descriptor = descriptor
        self._lock = threading.RLock()
        self._unfinished: dict[str | None, str] = {}
        self.buffer = _Bytes(self)

    def write(self, text: str, /) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if muted.get():
            return len(text)
        request_id = current_request_id.get()
        with self._lock:
            *lines, rest = _LINE_END.split(self._unfinished.pop(request_id, "") + text)
            # Output without line ends must not fill the memory.
            while len(rest) > TEXT_LIMIT:
                lines.append(rest[:TEXT_LIMIT])
                rest = rest[TEXT_LIMIT:]
            if rest:
                self._unfinished[request_id] = rest
            for line in lines:
                if line:
                    self._channel.log(request_id, self._level, line)
        return len(text)

    def record(self, record: logging.LogRecord, message: str) -> None:
        """Reports a log record as one message with its own level."""
        self._channel.log(current_request_id.get(), _FAL_LEVELS.get(record.levelname, record.levelname), message)

    def finish(self, request_id: str | None) -> None:
        """Reports what a request printed without ending the line."""
        if request_id not in self._unfinished:
            return
        with self._lock:
            line = self._unfinished.pop(request_id, "")
            if line:
                self._channel.log(request_id, self._level, line)

    def finish_all(self) -> None:
        for request_id in list(self._unfinished):
            self.finish(request_id)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        """The descriptor for child processes: what they print arrives as plain text."""
        return self._descriptor

    def reconfigure(self, **_options: Any) -> None:
        """Libraries set the encoding of stdout; here it is always UTF-8."""


class _Bytes(io.BufferedIOBase):
    """`sys.stdout.buffer`."""

    def __init__(self, stream: LogStream) -> None:
        self._stream = stream

    def write(self, data: Any, /) -> int:
        view = bytes(data)
        self._stream.write(view.decode("utf-8", "replace"))
        return len(view)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()


class Output:
    """Both streams of the process."""

    def __init__(self, channel: ControlChannel) -> None:
        self._streams = (LogStream(channel, "STDOUT", 1), LogStream(channel, "STDERR", 2))

    def install(self) -> None:
        sys.stdout, sys.stderr = self._streams
        _report_log_records_whole()

    def finish(self, request_id: str | None) -> None:
        for stream in self._streams:
            stream.finish(request_id)

    def finish_all(self) -> None:
        for stream in self._streams:
            stream.finish_all()


def _report_log_records_whole() -> None:
    """Log records keep their level, and their line breaks, when a handler writes them to one of our streams.

    The handlers are the app's own, so that its `logging.basicConfig()` keeps its meaning.
    """
    write_as_text = logging.StreamHandler.emit

    def emit(handler: Any, record: logging.LogRecord) -> None:
        if not isinstance(handler.stream, LogStream):
            write_as_text(handler, record)
            return
        try:
            handler.stream.record(record, handler.format(record))
        except Exception:
            handler.handleError(record)

    logging.StreamHandler.emit = emit  # type: ignore[assignment,method-assign]
