"""What the app prints and logs, and whose it is."""

from __future__ import annotations

import threading

from running import Runner

APP = """
import asyncio
import logging
import os
import subprocess
import sys
import threading
import warnings

import fal

logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
logger = logging.getLogger("model")
print("imported")


class App(fal.App):
    both_in = threading.Barrier(2)

    def setup(self):
        print("set up")

    @fal.endpoint("/print")
    def prints(self, text: str) -> None:
        print(text)
        print(text, "on stderr", file=sys.stderr)

    @fal.endpoint("/together")
    def together(self, text: str) -> None:
        self.both_in.wait()
        for number in range(50):
            print(text, end=" ")
            print(number)

    @fal.endpoint("/async")
    async def asynchronous(self, text: str) -> None:
        await asyncio.sleep(0)
        print(text)
        await asyncio.create_task(self.task(text))
        await asyncio.to_thread(print, text, "in a thread")

    async def task(self, text):
        print(text, "in a task")

    @fal.endpoint("/log")
    def log(self) -> None:
        logger.info("loaded %d layers", 3)
        logger.warning("slow")
        try:
            1 / 0
        except ZeroDivisionError:
            logger.exception("failed")
        logging.getLogger("quiet").debug("not shown")

    @fal.endpoint("/own-thread")
    def own_thread(self) -> None:
        thread = threading.Thread(target=print, args=("from my thread",))
        thread.start()
        thread.join()

    @fal.endpoint("/unfinished")
    def unfinished(self) -> None:
        print("no line end", end="", flush=True)

    @fal.endpoint("/progress")
    def progress(self) -> None:
        for percent in (10, 50, 100):
            sys.stderr.write(f"\\r{percent}%")
        sys.stderr.write("\\n")

    @fal.endpoint("/bytes")
    def raw_bytes(self) -> None:
        sys.stdout.buffer.write("gr\\u00fc\\u00dfe\\n".encode())
        sys.stdout.reconfigure(encoding="utf-8")
        print("surrogate \\udc80 separator \\x1e null \\x00")

    @fal.endpoint("/large")
    def large(self) -> None:
        print("x" * 200_000)
        logger.info("y" * 200_000 + "\\x00" * 200_000)

    @fal.endpoint("/child")
    def child(self) -> None:
        subprocess.run(["echo", "from a child"], check=True)
        os.write(1, b"from C\\n")

    @fal.endpoint("/warning")
    def warn(self) -> None:
        warnings.warn("deprecated")
"""


def test_a_line_has_its_stream_and_its_request(app: Runner) -> None:
    app.post("/print", {"text": "hello"}, headers={"x-fal-request-id": "r1"})
    app.until_log("hello on stderr")
    lines = [line for line in app.lines if line.get("request_id") == "r1"]
    assert [(line["level"], line["message"]) for line in lines] == [
        ("STDOUT", "hello"),
        ("STDERR", "hello on stderr"),
    ]


def test_what_is_printed_outside_requests_belongs_to_none(app: Runner) -> None:
    assert app.post("/print", {"text": "without id"}).status_code == 200
    app.until_log("without id on stderr")
    messages = app.logs()
    assert messages.index("imported") < messages.index("set up") < messages.index("without id")


def test_requests_at_the_same_time_keep_their_lines_apart(app: Runner) -> None:
    def call(name: str) -> None:
        app.post("/together", {"text": name}, headers={"x-fal-request-id": name})

    callers = [threading.Thread(target=call, args=(name,)) for name in ("a", "b")]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    for name in ("a", "b"):
        app.until(lambda line, name=name: line.get("message") == f"{name} 49")  # type: ignore[misc]
        assert app.logs(name) == [f"{name} {number}" for number in range(50)]


def test_tasks_and_threads_of_an_asynchronous_endpoint_belong_to_its_request(app: Runner) -> None:
    app.post("/async", {"text": "t"}, headers={"x-fal-request-id": "r2"})
    app.until_log("t in a thread")
    assert app.logs("r2") == ["t", "t in a task", "t in a thread"]


def test_log_records_keep_their_level_and_the_app_s_own_format(app: Runner) -> None:
    app.post("/log", headers={"x-fal-request-id": "r3"})
    app.until_log("ZeroDivisionError")
    lines = [line for line in app.lines if line.get("request_id") == "r3"]
    assert [line["level"] for line in lines] == ["INFO", "WARN", "ERROR"]
    assert [line["message"] for line in lines[:2]] == ["model: loaded 3 layers", "model: slow"]
    assert lines[2]["message"].startswith("model: failed\nTraceback (most recent call last):\n")


def test_a_thread_that_the_app_starts_has_no_request(app: Runner) -> None:
    app.post("/own-thread", headers={"x-fal-request-id": "r4"})
    assert app.until_log("from my thread")["request_id"] is None


def test_a_line_without_end_is_reported_when_its_request_ends(app: Runner) -> None:
    app.post("/unfinished", headers={"x-fal-request-id": "r5"})
    assert app.until_log("no line end")["request_id"] == "r5"


def test_each_step_of_a_progress_bar_is_a_line(app: Runner) -> None:
    app.post("/progress", headers={"x-fal-request-id": "r6"})
    app.until_log("100%")
    assert app.logs("r6") == ["10%", "50%", "100%"]


def test_any_text_can_be_printed(app: Runner) -> None:
    app.post("/bytes", headers={"x-fal-request-id": "r7"})
    app.until_log("surrogate")
    assert app.logs("r7") == ["grüße", "surrogate ? separator \x1e null \x00"]


def test_a_long_line_comes_in_pieces(app: Runner) -> None:
    app.post("/large", headers={"x-fal-request-id": "r8"})
    expected = "x" * 200_000 + "model: " + "y" * 200_000 + "\x00" * 200_000
    app.until(lambda _line: sum(map(len, app.logs("r8"))) >= len(expected))
    assert "".join(app.logs("r8")) == expected


def test_what_bypasses_python_comes_as_plain_text_on_stderr(app: Runner) -> None:
    assert app.post("/child").status_code == 200
    app.until_raw("from a child")
    app.until_raw("from C")


def test_warnings_are_shown(app: Runner) -> None:
    app.post("/warning", headers={"x-fal-request-id": "r9"})
    assert app.until_log("UserWarning: deprecated")["request_id"] == "r9"
