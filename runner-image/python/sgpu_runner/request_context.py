"""fal's request middleware at a fraction of its cost.

The SDK adds three `BaseHTTPMiddleware`s to every app: the request context behind `current_request`, runner hints, and
log labels for fal's own cloud. Each starts a task and two streams per request; together they cost nine times what the
rest of FastAPI does. This one does the work of the first two in one plain ASGI layer.
"""

from __future__ import annotations

import logging

import fal
from fal.app import CDN_TOKEN_KEY, REQUEST_ENDPOINT_KEY, REQUEST_ID_KEY, RequestContext
from fal.toolkit.file import request_lifecycle_preference
from fal.toolkit.file._upload_policy import UploadPolicyInputError, parse_upload_policy
from fal.toolkit.file.providers.fal import _LIFECYCLE_PREFERENCE
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_exporter import PrometheusMiddleware

logger = logging.getLogger(__name__)

#: The SDK whose middleware is known. With any other, that SDK's own stays.
KNOWN_SDK = "1.83.0"

_HINTS_HEADER = "X-Fal-Runner-Hints"


def replace_middleware(application: FastAPI, app: fal.App) -> None:
    if fal.__version__ != KNOWN_SDK:
        return
    kept = [known for known in application.user_middleware if not _is_replaced(known)]
    application.user_middleware = [Middleware(RequestContextLayer, app=app), *kept]  # type: ignore[arg-type]


def _is_replaced(middleware: Middleware) -> bool:
    """fal's three, and the Prometheus counters: the endpoint that would show them is not served."""
    kind: object = middleware.cls
    if kind is BaseHTTPMiddleware:
        dispatch = middleware.kwargs.get("dispatch")
        return str(getattr(dispatch, "__qualname__", "")).startswith("App._add_extra_middlewares.")
    return kind is PrometheusMiddleware


class RequestContextLayer:
    def __init__(self, application: ASGIApp, app: fal.App) -> None:
        self._application = application
        self._app = app
        self._has_hints = type(app).provide_hints is not fal.App.provide_hints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._app._current_request_context is None:
            await self._application(scope, receive, send)
            return
        try:
            context = _context(Request(scope))
        except UploadPolicyInputError as error:
            refusal = JSONResponse({"detail": error.message}, error.status_code, headers={"x-fal-billable-units": "0"})
            await refusal(scope, receive, send)
            return
        token_before = context.headers.get(CDN_TOKEN_KEY)

        async def add_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(MutableHeaders(scope=message), context.headers.get(CDN_TOKEN_KEY), token_before)
            await send(message)

        token = self._app._current_request_context.set(context)
        _LIFECYCLE_PREFERENCE.set(context.lifecycle_preference)
        try:
            await self._application(scope, receive, add_headers)
        finally:
            self._app._current_request_context.reset(token)
            _LIFECYCLE_PREFERENCE.set(None)

    def _add_headers(self, headers: MutableHeaders, cdn_token: str | None, token_before: str | None) -> None:
        # A call to another app may have got a token that reaches further; whoever called us needs that one.
        if cdn_token and cdn_token != token_before:
            headers[CDN_TOKEN_KEY] = cdn_token
        if self._has_hints and (hints := self._hints()) is not None:
            headers[_HINTS_HEADER] = ",".join(hints)

    def _hints(self) -> list[str] | None:
        try:
            return [hint for hint in self._app.provide_hints() if _fits_header(hint)]
        except NotImplementedError:
            return None
        except Exception:
            logger.exception("provide_hints() failed")
            return None


def _context(request: Request) -> RequestContext:
    return RequestContext(
        request_id=request.headers.get(REQUEST_ID_KEY),
        endpoint=request.headers.get(REQUEST_ENDPOINT_KEY),
        lifecycle_preference=request_lifecycle_preference(request),
        headers=dict(request.headers),
        upload_policy=parse_upload_policy(request.headers),
    )


def _fits_header(hint: str) -> bool:
    try:
        hint.encode("latin-1")
    except UnicodeEncodeError:
        logger.warning("Runner hint %r is left out: a header holds Latin-1 only", hint)
        return False
    return True
