"""What an endpoint raises, as the caller and the log see it."""

from __future__ import annotations

import http.client

import httpx
import pytest
from running import PATIENCE_SECONDS, Runner

APP = """
import fal
import fastapi
from fal.exceptions import AppException, FieldException, RequestCancelledException


def fail_deep_down():
    raise LookupError("deep down")


class App(fal.App):
    @fal.endpoint("/fal-http")
    def fal_http(self):
        raise fal.HTTPException(400, "Invalid input: x")

    @fal.endpoint("/fastapi-http")
    async def fastapi_http(self):
        raise fastapi.HTTPException(402, "pay", headers={"x-why": "money"})

    @fal.endpoint("/app")
    def app(self):
        raise AppException(message="not today", status_code=418)

    @fal.endpoint("/field")
    def field(self):
        raise FieldException("prompt", "too rude", billable_units=2)

    @fal.endpoint("/cancelled")
    async def cancelled(self):
        raise RequestCancelledException("by the caller")

    @fal.endpoint("/out-of-memory")
    def out_of_memory(self):
        raise RuntimeError("CUDA error: out of memory")

    @fal.endpoint("/gpu")
    def gpu(self):
        raise ValueError("cuDNN is in a bad mood")

    @fal.endpoint("/unhandled")
    def unhandled(self):
        fail_deep_down()
"""


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/fal-http", 400, "Invalid input: x"),
        ("/fastapi-http", 402, "pay"),
        ("/app", 418, "not today"),
        ("/field", 422, [{"loc": ["body", "prompt"], "msg": "too rude", "type": "value_error"}]),
        ("/cancelled", 499, "by the caller"),
        ("/out-of-memory", 503, "CUDA error: out of memory"),
        ("/gpu", 503, "GPU error"),
        ("/unhandled", 500, "Internal Server Error"),
    ],
)
def test_an_exception_has_its_status(app: Runner, path: str, status: int, detail: object) -> None:
    answer = app.post(path)
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)


def test_headers_of_an_exception_are_sent(app: Runner) -> None:
    assert app.post("/fastapi-http").headers["x-why"] == "money"
    assert app.post("/field").headers["x-fal-billable-units"] == "2"


def test_an_unhandled_exception_is_logged_once_from_the_app_s_own_code_on(app: Runner) -> None:
    assert app.post("/unhandled", headers={"x-fal-request-id": "unhandled-1"}).status_code == 500
    app.until_log("deep down")
    assert app.get("/health").status_code == 200
    [line] = [line for line in app.lines if line.get("request_id") == "unhandled-1"]
    assert line["level"] == "ERROR"
    first, frame, *rest = line["message"].splitlines()
    assert first == "Traceback (most recent call last):"
    assert "app.py" in frame and "in unhandled" in frame
    assert rest[-1] == "LookupError: deep down"


def test_an_expected_exception_is_not_logged(app: Runner) -> None:
    app.post("/app", headers={"x-fal-request-id": "expected-1"})
    assert app.get("/health").status_code == 200
    assert app.logs("expected-1") == []


def test_an_unhandled_exception_does_not_cost_the_caller_the_connection(app: Runner) -> None:
    port = httpx.URL(app.url).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    connection.connect()
    ours = connection.sock
    for _ in range(20):
        connection.request("POST", "/unhandled")
        answer = connection.getresponse()
        assert answer.status == 500
        answer.read()
    assert connection.sock is ours
    connection.close()
