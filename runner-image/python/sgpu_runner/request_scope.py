"""The outermost layer around an app: says which request the output belongs to, and why a start failed."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sgpu_runner.error_report import is_reported
from sgpu_runner.output import Output, current_request_id


class RequestScope:
    def __init__(self, application: ASGIApp, output: Output) -> None:
        self._application = application
        self._output = output
        #: What `setup()` raised.
        self.setup_error: BaseException | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._start_and_stop(scope, receive, send)
            return
        request_id = _request_id(scope)
        # The server runs every request in a task, and so in a context, of its own: nothing to set back.
        current_request_id.set(request_id)
        answered = False

        async def watch(message: Message) -> None:
            nonlocal answered
            await send(message)
            answered = message["type"] == "http.response.body" and not message.get("more_body", False)

        try:
            await self._application(scope, receive, watch)
        except Exception as error:
            # Starlette raises again what it answered with status 500, and the server would then cut the connection
            # under the caller's next request.
            if not (answered and is_reported(error)):
                raise
        finally:
            self._output.finish(request_id)

    async def _start_and_stop(self, scope: Scope, receive: Receive, send: Send) -> None:
        failed = False

        async def remember_failure(message: Message) -> None:
            nonlocal failed
            failed = failed or message["type"] == "lifespan.startup.failed"
            await send({"type": message["type"]} if failed else message)

        try:
            await self._application(scope, receive, remember_failure)
        except BaseException as error:
            if not failed:
                raise
            self.setup_error = error


def _request_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-fal-request-id":
            return str(value, "latin-1")
    return None
