"""`@fal.function`: an endpoint of its own, or an existing server on its own port."""

from __future__ import annotations

import socket
from pathlib import Path

from conftest import Serve
from running import write_app

SERVER = """
import http.server
import signal
import sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"mine")

def end(*_):
    print("server ends", flush=True)
    raise SystemExit

signal.signal(signal.SIGTERM, end)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def exposed(port: int, body: str) -> str:
    return f"import subprocess, sys\nimport fal\n\n@fal.function(exposed_port={port})\ndef server():\n    {body}\n"


def test_a_served_function_takes_requests_at_the_root(serve: Serve) -> None:
    source = """
import fal

@fal.function(machine_type="S", serve=True)
def double(number: int, offset: int = 0) -> dict:
    print("doubling")
    return {"doubled": 2 * number + offset}
"""
    runner = serve(source, "double")
    assert runner.post("/", {"number": 4, "offset": 1}, headers={"x-fal-request-id": "r1"}).json() == {"doubled": 9}
    assert runner.until_log("doubling")["request_id"] == "r1"
    assert runner.terminate() == 0


def test_an_exposed_port_is_reported_once_something_listens_on_it(serve: Serve, tmp_path: Path) -> None:
    write_app(tmp_path, SERVER, "own_server.py")
    port = free_port()
    runner = serve(exposed(port, f"subprocess.run([sys.executable, 'own_server.py', '{port}'], check=True)"), "server")
    assert runner.url == f"http://127.0.0.1:{port}"
    assert runner.get("/any/path").text == "mine"


def test_sigterm_reaches_the_server_that_the_function_started(serve: Serve, tmp_path: Path) -> None:
    write_app(tmp_path, SERVER, "own_server.py")
    port = free_port()
    runner = serve(exposed(port, f"subprocess.run([sys.executable, 'own_server.py', '{port}'], check=True)"), "server")
    assert runner.get("/").status_code == 200
    assert runner.terminate() == 0
    runner.until_raw("server ends")


def test_a_server_inside_the_function_ends_with_it(serve: Serve) -> None:
    port = free_port()
    body = f"import http.server; http.server.HTTPServer(('127.0.0.1', {port}), None).serve_forever()"
    runner = serve(exposed(port, body), "server")
    assert runner.url
    assert runner.terminate() == 0


def test_a_function_that_fails_or_returns_says_so(serve: Serve) -> None:
    port = free_port()
    failure = serve(exposed(port, "subprocess.run(['./not-a-command-at-all'])"), "server").failure()
    assert (failure["stage"], failure["message"].split(":")[0]) == ("serve", "server() raised FileNotFoundError")
    failure = serve(exposed(port, "pass"), "server").failure()
    assert failure["message"] == f"server() returned: it must run as long as port {port} is served"
