"""In a container the agent gets the app's lines by a socket, and people get them on stdout."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from running import PATIENCE_SECONDS, SERVE, write_app

APP = """
import fal

class App(fal.App):
    def setup(self):
        print("set up")

    @fal.endpoint("/")
    def run(self) -> None: ...
"""

FAILING = "import fal\nclass App(fal.App):\n    def setup(self):\n        raise ValueError('no weights')\n" + (
    "    @fal.endpoint('/')\n    def run(self) -> None: ...\n"
)


class Agent:
    """Reads what the app reports; it may start after the app."""

    def __init__(self, path: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen()
        self._listener.settimeout(PATIENCE_SECONDS)

    def until(self, kind: str) -> list[dict[str, Any]]:
        """All that was reported up to the first line of a kind."""
        lines: list[dict[str, Any]] = []
        connection, _ = self._listener.accept()
        with connection, connection.makefile("rb") as stream:
            for line in stream:
                assert line.startswith(b"\x1e")
                lines.append(json.loads(line[1:]))
                if lines[-1]["type"] == kind:
                    break
        return lines

    def close(self) -> None:
        self._listener.close()


@contextmanager
def container(folder: Path, source: str) -> Iterator[subprocess.Popen[str]]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("FAL_", "PYTEST"))}
    process = subprocess.Popen(
        [sys.executable, str(SERVE), "--file", str(write_app(folder, source)), "--name", "App"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**inherited, "SGPU_AGENT_SOCKET": str(folder / "output.sock")},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(process: subprocess.Popen[str], kind: str) -> list[dict[str, Any]]:
    """All that was printed up to the first line of a kind."""
    assert process.stdout is not None
    lines: list[dict[str, Any]] = []
    for line in process.stdout:
        lines.append(json.loads(line))
        if lines[-1]["type"] == kind:
            return lines
    raise AssertionError(f"{kind} was not printed: {lines}")


def test_an_agent_that_starts_later_gets_all_lines(tmp_path: Path) -> None:
    with container(tmp_path, APP) as process:
        assert process.stdout is not None
        printed = until(process, "listening")
        agent = Agent(tmp_path / "output.sock")
        reported = agent.until("listening")
        agent.close()
    assert {"type": "log", "request_id": None, "level": "STDOUT", "message": "set up"} in printed
    assert reported == printed


def test_an_app_without_an_agent_is_served_and_ends(tmp_path: Path) -> None:
    with container(tmp_path, APP) as process:
        until(process, "listening")
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0


def test_an_app_that_fails_at_once_waits_for_its_agent_to_hear_why(tmp_path: Path) -> None:
    with container(tmp_path, FAILING) as process:
        until(process, "failed")
        assert process.poll() is None
        agent = Agent(tmp_path / "output.sock")
        [*_, failed] = agent.until("failed")
        assert process.wait(PATIENCE_SECONDS) == 1
        agent.close()
    assert failed["message"] == "setup() raised ValueError: no weights"


def test_a_forked_child_prints_without_its_parents_connection(tmp_path: Path) -> None:
    fork = 'import os\n        if os.fork() == 0:\n            print("child"); os._exit(0)\n        os.wait()'
    with container(tmp_path, APP.replace('print("set up")', fork)) as process:
        assert "child" in [line.get("message") for line in until(process, "listening")]
