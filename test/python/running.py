"""Starts the runner on an app's file and speaks with it as the agent does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

SERVE = Path(__file__).resolve().parents[2] / "runner-image" / "python" / "serve.py"

#: How long to wait for something that is sure to come, on however slow a machine.
PATIENCE_SECONDS = 120.0

ControlLine = dict[str, Any]


class Runner:
    """A served app. Everything it reports is kept in the order of arrival."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.client = httpx.Client(timeout=PATIENCE_SECONDS, trust_env=False)
        self._lines: list[ControlLine] = []
        self._raw: list[str] = []
        self._ended = False
        self._changed = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, args=(stream, keep), daemon=True)
            for stream, keep in ((process.stdout, self._keep_control), (process.stderr, self._keep_raw))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def lines(self) -> list[ControlLine]:
        with self._changed:
            return list(self._lines)

    @property
    def raw(self) -> list[str]:
        """What bypassed the control lines."""
        with self._changed:
            return list(self._raw)

    def logs(self, request_id: str | None = None) -> list[str]:
        """Messages of one request, or those of none."""
        return [line["message"] for line in self.lines if line["type"] == "log" and line["request_id"] == request_id]

    def until(self, wanted: Callable[[ControlLine], bool]) -> ControlLine:
        """The first control line that is wanted; fails when the runner ends without one."""
        with self._changed:
            found = self._changed.wait_for(lambda: self._ended or any(map(wanted, self._lines)), PATIENCE_SECONDS)
            for line in self._lines:
                if wanted(line):
                    return line
        raise AssertionError(
            f"not reported ({'in time' if not found else 'before the end'}): {self._lines} {self._raw}"
        )

    def until_log(self, text: str) -> ControlLine:
        return self.until(lambda line: line["type"] == "log" and text in line["message"])

    def until_raw(self, text: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: any(text in line for line in self._raw), PATIENCE_SECONDS)

    @property
    def url(self) -> str:
        port = self.until(lambda line: line["type"] == "listening")["port"]
        return f"http://127.0.0.1:{port}"

    def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return self.client.post(self.url + path, json=body, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.client.get(self.url + path, **options)

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        status = self.process.wait(PATIENCE_SECONDS)
        for reader in self._readers:
            reader.join(PATIENCE_SECONDS)
        return status

    def failure(self) -> ControlLine:
        """The line that says why the app can't be served. The runner has ended with status 1."""
        assert self.wait() == 1
        return self.until(lambda line: line["type"] == "failed")

    def _read(self, stream: Any, keep: Callable[[str], None]) -> None:
        for line in stream:
            with self._changed:
                keep(line.decode("utf-8"))
                self._changed.notify_all()
        with self._changed:
            self._ended = self._ended or keep == self._keep_control
            self._changed.notify_all()

    def _keep_control(self, line: str) -> None:
        assert line.startswith("\x1e"), f"not a control line: {line!r}"
        assert line.endswith("\n")
        assert len(line) < 65_536, "the agent keeps no more of a line"
        self._lines.append(json.loads(line[1:]))

    def _keep_raw(self, line: str) -> None:
        self._raw.append(line.rstrip("\n"))


@contextmanager
def serving(file: Path, name: str, environment: Mapping[str, str] | None = None, port: int = 0) -> Iterator[Runner]:
    """The runner of an app, killed at the end. It does not inherit what this machine knows of fal."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("FAL_", "PYTEST"))}
    process = subprocess.Popen(
        [sys.executable, str(SERVE), "--file", str(file), "--name", name, "--port", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**inherited, **(environment or {})},
        start_new_session=True,
    )
    runner = Runner(process)
    try:
        yield runner
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        runner.client.close()


def write_app(folder: Path, source: str, name: str = "app.py") -> Path:
    file = folder / name
    file.write_text(source, "utf-8")
    return file
