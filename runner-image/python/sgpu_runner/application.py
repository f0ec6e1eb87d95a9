"""Builds the ASGI application of a fal app: fal's own, with our endpoints' arguments, results and error reports."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import fal
from fal.api.api import BaseServable, RouteSignature
from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute

from sgpu_runner.endpoints import wrap
from sgpu_runner.failure import Failure, readable_traceback
from sgpu_runner.json_body import BodyRule, JsonBody
from sgpu_runner.output import muted
from sgpu_runner.parameters import read_arguments
from sgpu_runner.request_context import replace_middleware

logger = logging.getLogger("fal.app")

Endpoint = Callable[..., Any]


def build_application(servable: BaseServable) -> FastAPI:
    """Raises a Failure of stage `app` for an app that fal would not serve."""
    try:
        rules = _wrap_endpoints(servable)
        application: FastAPI = servable._build_app()
    except Failure:
        raise
    except Exception as error:
        raise Failure.caused_by("app", type(servable).__name__, error) from error
    for route in application.routes:
        if isinstance(route, APIRoute) and route.endpoint in rules:
            route.app = JsonBody(route.app, rules[route.endpoint])
    if isinstance(servable, fal.App):
        replace_middleware(application, servable)
    _report_errors_once(application)
    return application


def _wrap_endpoints(servable: BaseServable) -> dict[Endpoint, BodyRule]:
    """Puts our wrappers around the endpoints that fal will collect; returns the rules for their request bodies."""
    rules: dict[Endpoint, BodyRule] = {}
    routes: dict[RouteSignature, Endpoint] = {}
    for signature, endpoint in servable.collect_routes().items():
        routes[signature] = endpoint
        if not signature.is_websocket:
            reading = read_arguments(endpoint, signature.path)
            routes[signature] = wrap(endpoint, reading)
            if reading.rule is not None:
                rules[routes[signature]] = reading.rule
    if not routes:
        raise Failure("app", f"{type(servable).__name__} has no endpoint: decorate a method with @fal.endpoint('/')")
    servable.collect_routes = lambda: routes  # type: ignore[method-assign]
    return rules


def _report_errors_once(application: FastAPI) -> None:
    """An unhandled exception becomes one log message that starts at the app's own code.

    fal prints it as a line of JSON with its frames reversed, for its cloud to read, and uvicorn logs it again with
    every library frame.
    """
    answer: Any = application.exception_handlers[Exception]

    async def report(request: Request, error: Exception) -> Response:
        logger.error("%s", readable_traceback(error))
        error._sgpu_reported = True  # type: ignore[attr-defined]
        was_muted = muted.set(True)
        try:
            response: Response = await answer(request, error)
            return response
        finally:
            muted.reset(was_muted)

    application.exception_handlers[Exception] = report
    logging.getLogger("uvicorn.error").addFilter(_was_not_reported)


def _was_not_reported(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not getattr(error, "_sgpu_reported", False)
