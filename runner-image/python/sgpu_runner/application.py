"""Builds the ASGI application of a fal app: fal's own, with our endpoints' arguments, results and error reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fal
from fal.api.api import BaseServable, RouteSignature
from fastapi import FastAPI
from fastapi.routing import APIRoute

from sgpu_runner.endpoints import wrap
from sgpu_runner.error_report import report_errors_once
from sgpu_runner.failure import Failure
from sgpu_runner.json_body import BodyRule, JsonBody
from sgpu_runner.parameters import read_arguments
from sgpu_runner.request_context import replace_middleware

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
    report_errors_once(application)
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
