"""From the start to the end of a runner."""

from __future__ import annotations

import signal
import socket
import threading
from pathlib import Path

import httpx
import pytest
from conftest import Serve
from running import Runner, serving, write_app

ENDPOINT = """
    @fal.endpoint("/")
    def run(self) -> dict:
        return {"ready": getattr(self, "ready", None)}
"""


def app_with(methods: str) -> str:
    return f"import asyncio, os, sys, threading, time\nimport fal\n\n\nclass App(fal.App):\n{methods}\n{ENDPOINT}"


@pytest.mark.parametrize("keyword", ["def", "async def"])
def test_setup_has_run_when_the_app_listens_and_teardown_when_it_ended(serve: Serve, keyword: str) -> None:
    runner = serve(
        app_with(f"""
    {keyword} setup(self):
        self.ready = os.environ["FAL_RUNNER_STATE"]

    {keyword} teardown(self):
        print("teardown", os.environ["FAL_RUNNER_STATE"])
""")
    )
    assert runner.post("/").json() == {"ready": "SETUP"}
    assert runner.terminate() == 0
    assert runner.logs()[-1] == "teardown TERMINATING"


def test_connections_are_refused_until_setup_is_done(serve: Serve, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    runner = serve(
        app_with("""
    def setup(self):
        print("setup began")
        while not os.path.exists(os.environ["GATE"]):
            time.sleep(0.01)
"""),
        GATE=str(gate),
    )
    runner.until_log("setup began")
    assert not [line for line in runner.lines if line["type"] == "listening"]
    gate.touch()
    assert runner.post("/").status_code == 200


def test_it_listens_on_the_loopback_interface_alone(serve: Serve) -> None:
    runner = serve(app_with("    pass"))
    port = httpx.URL(runner.url).port
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    if not tables[0].exists():
        pytest.skip("needs /proc to see who listens")
    rows = [row.split() for table in tables if table.exists() for row in table.read_text().splitlines()[1:]]
    addresses = [row[1].split(":")[0] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == port]
    assert addresses == ["0100007F"]


def test_on_sigterm_requests_in_flight_finish_and_new_ones_are_refused(serve: Serve) -> None:
    runner = serve(
        app_with("""
    leave = threading.Event()

    def handle_exit(self):
        print("handle_exit", os.environ["FAL_RUNNER_STATE"])
        self.leave.set()

    def teardown(self):
        print("teardown")

    @fal.endpoint("/slow")
    def slow(self) -> str:
        print("in flight")
        self.leave.wait()
        time.sleep(0.3)
        print("finished")
        return "done"
""")
    )
    url = runner.url
    answers: list[httpx.Response] = []
    caller = threading.Thread(target=lambda: answers.append(runner.post("/slow")))
    caller.start()
    runner.until_log("in flight")
    assert runner.terminate() == 0
    caller.join()
    assert answers[0].json() == "done"
    assert runner.logs()[-4:] == ["in flight", "handle_exit RUNNING", "finished", "teardown"]
    with pytest.raises(httpx.ConnectError):
        httpx.post(url, trust_env=False)


def test_an_error_in_handle_exit_does_not_keep_the_app_from_ending(serve: Serve) -> None:
    runner = serve(app_with("    def handle_exit(self):\n        raise ValueError('no exit')\n"))
    assert runner.post("/").status_code == 200
    assert runner.terminate() == 0
    assert any("no exit" in message for message in runner.logs())


def test_an_error_in_teardown_is_logged(serve: Serve) -> None:
    runner = serve(app_with("    def teardown(self):\n        raise ValueError('not clean')\n"))
    assert runner.post("/").status_code == 200
    assert runner.terminate() == 0
    assert any("ValueError: not clean" in message for message in runner.logs())


def test_a_setup_that_hangs_can_be_killed(serve: Serve) -> None:
    runner = serve(app_with("    def setup(self):\n        print('hanging')\n        time.sleep(1e6)\n"))
    runner.until_log("hanging")
    runner.process.send_signal(signal.SIGKILL)
    assert runner.wait() == -signal.SIGKILL
    assert not [line for line in runner.lines if line["type"] == "listening"]


def test_sigterm_during_an_asynchronous_setup_ends_the_app_after_it(serve: Serve, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    runner = serve(
        app_with("""
    def handle_exit(self):
        open(os.environ["GATE"], "w").close()

    async def setup(self):
        print("setup began")
        while not os.path.exists(os.environ["GATE"]):
            await asyncio.sleep(0.01)
"""),
        GATE=str(gate),
    )
    runner.until_log("setup began")
    assert runner.terminate() == 0


def test_background_tasks_run_after_the_answer(serve: Serve) -> None:
    runner = serve(
        """
import fal
from fastapi import BackgroundTasks

class App(fal.App):
    @fal.endpoint("/")
    def run(self, text: str, tasks: BackgroundTasks) -> str:
        tasks.add_task(print, "later", text)
        return "answered"
"""
    )
    assert runner.post("/", {"text": "x"}, headers={"x-fal-request-id": "r1"}).json() == "answered"
    assert runner.until_log("later x")["request_id"] == "r1"


def test_modules_beside_the_file_can_be_imported_and_it_runs_in_their_directory(serve: Serve, tmp_path: Path) -> None:
    write_app(tmp_path, "GREETING = 'hello'\n", "greetings.py")
    source = "import os\nfrom greetings import GREETING\n" + app_with(
        "    def setup(self):\n        self.ready = [GREETING, os.getcwd(), __name__]\n"
    )
    runner = serve(source, file="my-app.py")
    assert runner.post("/").json() == {"ready": ["hello", str(tmp_path), "my-app"]}


def test_a_file_in_a_package_may_import_its_neighbours_relatively(tmp_path: Path) -> None:
    package = tmp_path / "studio"
    package.mkdir()
    (package / "__init__.py").touch()
    write_app(package, "GREETING = 'hello'\n", "greetings.py")
    source = "from .greetings import GREETING\n" + app_with("    def setup(self):\n        self.ready = GREETING\n")
    with serving(write_app(package, source), "App") as runner:
        assert runner.post("/").json() == {"ready": "hello"}


def test_a_file_named_like_a_library_is_served(serve: Serve) -> None:
    assert serve(app_with("    pass"), file="types.py").post("/").status_code == 200


def test_a_process_that_the_app_spawns_can_import_the_app(serve: Serve) -> None:
    runner = serve(
        """
import multiprocessing
import fal

def double(number):
    return 2 * number

class App(fal.App):
    volumes = {"/cache": fal.Volume("cache")}

    @fal.endpoint("/")
    def run(self, number: int) -> int:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            return pool.apply(double, (number,))
"""
    )
    assert runner.post("/", {"number": 21}).json() == 42


def test_a_taken_port_is_reported_before_setup_runs(tmp_path: Path) -> None:
    file = write_app(tmp_path, app_with("    def setup(self):\n        print('setup ran')\n"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serving(file, "App", port=port) as runner:
            failure = runner.failure()
    assert failure["stage"] == "bind"
    assert failure["message"].startswith(f"Port {port} on 127.0.0.1 can't be used: ")
    assert "setup ran" not in runner.logs()


def test_it_can_be_served_twice_at_once(tmp_path: Path) -> None:
    file = write_app(tmp_path, app_with("    pass"))
    with serving(file, "App") as one, serving(file, "App") as other:
        assert one.post("/").status_code == other.post("/").status_code == 200


def test_the_routes_that_fal_adds_are_there(serve: Serve) -> None:
    runner: Runner = serve(app_with("    version = '7'\n"))
    assert runner.get("/health").json() == {"version": "7"}
    assert runner.get("/").status_code == 405
    absent = runner.post("/absent")
    assert (absent.status_code, absent.json()) == (404, {"detail": "Path /absent not found"})
    assert absent.headers["x-fal-billable-units"] == "0"
