"""What an app knows of the request it handles, and what it may tell the gateway."""

from __future__ import annotations

import threading

from running import Runner

APP = """
import asyncio
import threading
from dataclasses import asdict

import fal
from fal.ref import get_current_app


class App(fal.App):
    both_in = threading.Barrier(2)
    hints = ["model-a", "model-b", "\\u4e2d"]

    def provide_hints(self):
        return self.hints

    def context(self):
        context = self.current_request
        return {"id": context.request_id, "endpoint": context.endpoint,
                "lifecycle": context.lifecycle_preference, "custom": context.headers.get("x-custom")}

    @fal.endpoint("/")
    def run(self) -> dict:
        return self.context()

    @fal.endpoint("/async")
    async def asynchronous(self) -> dict:
        await asyncio.sleep(0)
        return self.context()

    @fal.endpoint("/together")
    def together(self) -> dict:
        self.both_in.wait()
        return self.context()

    @fal.endpoint("/current-app")
    def current_app(self) -> bool:
        return get_current_app() is self

    @fal.endpoint("/token")
    def token(self) -> None:
        self.current_request.headers["x-fal-cdn-token"] = "extended"

    @fal.endpoint("/hints")
    def change_hints(self, hints: list[str]) -> None:
        self.hints = hints

    @fal.endpoint("/broken-hints")
    def break_hints(self) -> None:
        self.hints = None

    @fal.endpoint("/error")
    def error(self) -> None:
        raise fal.HTTPException(418)
"""

HEADERS = {
    "x-fal-request-id": "r1",
    "x-fal-endpoint": "owner/app",
    "x-fal-object-lifecycle-preference": '{"expiration_duration_seconds": 60}',
    "x-custom": "c",
}
CONTEXT = {"id": "r1", "endpoint": "owner/app", "lifecycle": {"expiration_duration_seconds": 60}, "custom": "c"}


def test_the_current_request_has_the_gateway_s_headers(app: Runner) -> None:
    assert app.post("/", headers=HEADERS).json() == CONTEXT
    assert app.post("/async", headers=HEADERS).json() == CONTEXT


def test_a_request_without_them_has_none(app: Runner) -> None:
    assert app.post("/").json() == {"id": None, "endpoint": None, "lifecycle": None, "custom": None}


def test_requests_at_the_same_time_have_a_context_each(app: Runner) -> None:
    answers: dict[str, object] = {}

    def call(name: str) -> None:
        answers[name] = app.post("/together", headers={"x-fal-request-id": name}).json()["id"]

    callers = [threading.Thread(target=call, args=(name,)) for name in ("a", "b")]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert answers == {"a": "a", "b": "b"}


def test_the_app_can_be_found_from_anywhere(app: Runner) -> None:
    assert app.post("/current-app").json() is True


def test_a_cdn_token_that_was_extended_goes_back_to_the_caller(app: Runner) -> None:
    assert app.post("/token", headers={"x-fal-cdn-token": "first"}).headers["x-fal-cdn-token"] == "extended"
    assert "x-fal-cdn-token" not in app.post("/", headers={"x-fal-cdn-token": "first"}).headers


def test_hints_are_sent_with_every_answer_as_far_as_a_header_holds_them(app: Runner) -> None:
    assert app.post("/").headers["x-fal-runner-hints"] == "model-a,model-b"
    assert app.post("/error").headers["x-fal-runner-hints"] == "model-a,model-b"
    app.until_log("a header holds Latin-1 only")


def test_hints_may_change_and_a_failure_to_give_them_fails_no_request(app: Runner) -> None:
    assert app.post("/hints", ["x"]).headers["x-fal-runner-hints"] == "x"
    answer = app.post("/broken-hints")
    assert answer.status_code == 200
    assert "x-fal-runner-hints" not in answer.headers
    assert app.post("/hints", ["model-a", "model-b", "中"]).status_code == 200


def test_a_malformed_upload_policy_is_refused_and_not_billed(app: Runner) -> None:
    answer = app.post("/", headers={"x-app-fal-upload-policy": "not json"})
    assert answer.status_code == 422
    assert answer.headers["x-fal-billable-units"] == "0"


def test_any_origin_may_call(app: Runner) -> None:
    answer = app.post("/", headers={"origin": "https://example.com", "cookie": "a=b"})
    assert answer.headers["access-control-allow-origin"] == "https://example.com"
