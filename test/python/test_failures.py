"""Apps that can't be served say why in one line, and end with status 1."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Serve
from running import SERVE, serving, write_app

WITH_ENDPOINT = "    @fal.endpoint('/')\n    def run(self): ...\n"


def app_with(methods: str) -> str:
    return f"import os, sys\nimport fal\n\nclass App(fal.App):\n{methods}{WITH_ENDPOINT}"


@pytest.mark.parametrize(
    ("source", "stage", "message"),
    [
        ("import fal\nclass App(fal.App:\n", "import", "app.py cannot be read: app.py line 2: "),
        ("import not_there_at_all\n", "import", "app.py imports not_there_at_all, which is not installed: add it to"),
        ("raise ValueError('two\\n lines')\n", "import", "app.py raised ValueError: two lines"),
        ("import sys\nsys.exit(3)\n", "import", "app.py called sys.exit(3)"),
        ("import fal\nclass Other(fal.App): ...\n", "import", "app.py has no App. It defines: Other"),
        ("App = 3\n", "import", "3 is neither a fal.App class nor a function decorated with @fal.function"),
        ("class App: ...\n", "import", "App is neither a fal.App class nor"),
        ("import fal\nclass App(fal.App): ...\n", "app", "App has no endpoint: decorate a method with @fal.endpoint"),
        (
            app_with("    @fal.endpoint('/ws', is_websocket=True)\n    def ws(self): ...\n"),
            "app",
            "App raised ValueError: Websocket endpoint",
        ),
        (
            app_with("    def __init__(self): ...\n"),
            "import",
            "app.py raised ValueError: App classes should not override",
        ),
        (
            app_with("    def setup(self):\n        1 / 0\n"),
            "setup",
            "setup() raised ZeroDivisionError: division by zero",
        ),
        (
            app_with("    async def setup(self):\n        raise RuntimeError('no weights')\n"),
            "setup",
            "setup() raised RuntimeError: no weights",
        ),
        (
            app_with("    def setup(self):\n        sys.exit('gave up')\n"),
            "setup",
            "setup() called sys.exit('gave up')",
        ),
        (
            app_with("    def setup(self):\n        import not_there_at_all\n"),
            "setup",
            "setup() imports not_there_at_all, which is not installed",
        ),
        ("import fal\n@fal.function()\ndef App(): ...\n", "app", "App can't be called over HTTP: give it exposed_port"),
    ],
)
def test_an_app_that_cannot_be_served_says_why(serve: Serve, source: str, stage: str, message: str) -> None:
    failure = serve(source).failure()
    assert failure["stage"] == stage
    assert failure["message"].startswith(message)
    assert "\n" not in failure["message"]


def test_the_traceback_starts_at_the_app_s_own_code(serve: Serve) -> None:
    failure = serve(app_with("    def setup(self):\n        os.stat('/not/there')\n")).failure()
    first, frame, *rest = failure["traceback"].splitlines()
    assert first == "Traceback (most recent call last):"
    assert "app.py" in frame and "in setup" in frame
    assert rest[-1].startswith("FileNotFoundError")


def test_a_setup_that_ends_the_process_is_seen_by_its_status(serve: Serve) -> None:
    runner = serve(app_with("    def setup(self):\n        print('last words', end='')\n        os._exit(7)\n"))
    assert runner.wait() == 7
    assert not [line for line in runner.lines if line["type"] in ("listening", "failed")]


def test_what_was_printed_before_the_failure_is_kept(serve: Serve) -> None:
    runner = serve(app_with("    def setup(self):\n        print('loading', end='')\n        1 / 0\n"))
    runner.failure()
    assert "loading" in runner.logs()


def test_a_failure_that_says_too_much_is_cut(serve: Serve) -> None:
    failure = serve(app_with("    def setup(self):\n        raise ValueError('\\x00' * 10**6)\n")).failure()
    assert failure["message"].startswith("setup() raised ValueError: \x00")


def test_a_file_that_does_not_exist(tmp_path: Path) -> None:
    with serving(tmp_path / "absent.py", "App") as runner:
        assert runner.failure()["message"].endswith("absent.py does not exist")


def test_a_file_that_is_no_python_file(tmp_path: Path) -> None:
    with serving(write_app(tmp_path, "{}", "app.json"), "App") as runner:
        assert runner.failure()["message"] == "app.json is not a Python file: its name must end in .py"


def test_requirements_that_fal_cannot_live_with_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "libraries"
    broken.mkdir()
    write_app(broken, "raise ImportError('cloudpickle 1.0 is too old')\n", "cloudpickle.py")
    with serving(write_app(tmp_path, app_with("")), "App", {"PYTHONPATH": str(broken)}) as runner:
        failure = runner.failure()
    assert failure["stage"] == "environment"
    assert "fal can't be imported beside the app's requirements" in failure["message"]
    assert "cloudpickle 1.0 is too old" in failure["message"]


def test_arguments_that_make_no_sense_are_explained() -> None:
    result = subprocess.run(
        [sys.executable, str(SERVE), "--port", "many"],
        capture_output=True,
        text=True,
        env=dict(os.environ),
        check=False,
    )
    assert result.returncode == 2
    assert "--port: invalid int value: 'many'" in result.stderr
