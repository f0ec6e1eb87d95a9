"""Tests of an app against the whole platform, on this machine and a port of its own.

    # pytest.ini
    [pytest]
    pythonpath = node_modules/cdk-serverless-gpu/runner-image/python

    # test_app.py
    from sgpu_runner.testing import serving
    from app import Painter

    def test_it_paints():
        with serving(Painter) as painter:
            assert painter.paint({"prompt": "a cat"}) == {"painted": "a cat"}

The client is fal's own `AppClient`: one method an endpoint. Requests go through the queue to runners that start, scale
and end as they do in production. It needs Node.js 20 or newer, and fal where the tests run.
"""

from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fal
from fal.app import AppClient

#: The program of the package that this file is part of.
PROGRAM = Path(__file__).resolve().parents[3] / "assets" / "sgpu" / "sgpu.mjs"

#: How long a platform may take to listen, in seconds. Runners start with the first request, which waits for them.
START_SECONDS = 60.0

#: How long it may take to end: runners have the grace period of their app.
END_SECONDS = 60.0


class PlatformDidNotStartError(RuntimeError):
    """The platform ended, or did not listen in time; the message is what it printed."""


@contextmanager
def serving(
    app: type[fal.App], *options: str, program: Path | None = None, timeout: int | None = None
) -> Iterator[AppClient]:
    """Serves an app on a free port of this machine while the block runs.

    `options` are those of `sgpu run`, such as `"--max-concurrency", "2"`. `program` is another `sgpu.mjs` than that of
    this package. `timeout` is how long a call may take, in seconds; without it, a call may take as long as it takes.
    """
    reference = f"{Path(inspect.getfile(app)).resolve()}::{app.__name__}"
    with tempfile.TemporaryDirectory(prefix="sgpu-test-") as state:
        command = [_node(), str(program or PROGRAM), "run", reference, "--port", "0", "--state", state, *options]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        output = _Output(process)
        try:
            found = output.until(re.compile(r"Serving (\S+) at (http\S+)"))
            yield AppClient(app, f"{found[2]}/run/{found[1]}", timeout)
        finally:
            _end(process)
            output.close()


class _Output:
    """What the platform prints, read all the time so that it is never kept from printing."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._text = ""
        self._ended = False
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def until(self, pattern: re.Pattern[str]) -> re.Match[str]:
        with self._changed:
            self._changed.wait_for(lambda: self._ended or pattern.search(self._text) is not None, START_SECONDS)
            found = pattern.search(self._text)
            if found is None:
                raise PlatformDidNotStartError(self._text)
            return found

    def close(self) -> None:
        self._reader.join(END_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            with self._changed:
                self._text += line
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


def _node() -> str:
    node = os.environ.get("NODE") or shutil.which("node")
    if node is None:
        raise PlatformDidNotStartError("Node.js 20 or newer is needed: put node on the PATH, or its path in NODE")
    return node


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
