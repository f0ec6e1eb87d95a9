"""The platform, `sgpu run`, as a process of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TESTING = Path(__file__).resolve().parents[2]

#: The program of the package that this file is part of.
PROGRAM = _TESTING.parent / "assets" / "sgpu" / "sgpu.mjs"

#: Standard input ends with the process of the tests, however that ends, and the platform with it.
_ENDS_WITH_PARENT = (_TESTING / "ends-with-parent.mjs").as_uri()

#: How long a platform may take to listen, in seconds. Runners start with the first request, which waits for them.
START_SECONDS = 60.0

#: How long it may take to end: runners have the grace period of their app.
END_SECONDS = 60.0


class PlatformDidNotStartError(RuntimeError):
    """The platform ended, or did not listen in time; the message is what it printed."""


@dataclass(frozen=True)
class Platform:
    """A platform that serves."""

    url: str
    """Its address, such as `http://127.0.0.1:40123`."""
    app_ids: tuple[str, ...]
    """What it serves: `local/painter`."""
    _output: _Output

    @property
    def output(self) -> str:
        """What it printed so far, the logs of the apps among it."""
        return self._output.text


@contextmanager
def platform(*arguments: str, program: Path | None = None) -> Iterator[Platform]:
    """Serves while the block runs, on a free port, with nothing kept from before and nothing left after.

    `arguments` are those of `sgpu run`: apps as `FILE.py::ClassName`, options such as `"--max-concurrency", "2"`, or
    `"--exec", COMMAND` for an HTTP server. `program` is another `sgpu.mjs` than that of this package. Raises
    PlatformDidNotStartError.
    """
    with tempfile.TemporaryDirectory(prefix="sgpu-test-") as state:
        node = [_node(), "--import", _ENDS_WITH_PARENT, str(program or PROGRAM)]
        process = subprocess.Popen(
            [*node, "run", *arguments, "--port", "0", "--state", state],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        output = _Output(process)
        try:
            found = output.until(re.compile(r"Serving (.+) at (http\S+)"))
            yield Platform(url=found[2], app_ids=tuple(found[1].split(", ")), _output=output)
        finally:
            _end(process)
            output.close()


class _Output:
    """What the platform prints, read all the time so that it is never kept from printing."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.text = ""
        self._process = process
        self._ended = False
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def until(self, pattern: re.Pattern[str]) -> re.Match[str]:
        with self._changed:
            self._changed.wait_for(lambda: self._ended or pattern.search(self.text) is not None, START_SECONDS)
            found = pattern.search(self.text)
            if found is None:
                raise PlatformDidNotStartError(self.text.strip())
            return found

    def close(self) -> None:
        self._reader.join(END_SECONDS)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            with self._changed:
                self.text += line
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


def _node() -> str:
    node = os.environ.get("NODE") or shutil.which("node")
    if node is None:
        raise PlatformDidNotStartError("Node.js 20.19 or newer is needed: put node on the PATH, or its path in NODE")
    return node


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
