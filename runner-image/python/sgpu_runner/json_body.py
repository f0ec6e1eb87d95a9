"""Brings a request into the form in which FastAPI reads an endpoint's plain parameters (see `parameters`)."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Query = dict[str, list[str]]


class BodyRule(ABC):
    """What becomes of a request's body and query string. None leaves that part as it is."""

    @abstractmethod
    def apply(self, body: bytes, query: Query) -> tuple[bytes | None, Query | None]: ...


@dataclass(frozen=True)
class ObjectBody(BodyRule):
    """The endpoint reads an object with these keys. Values in the query string fill in what the body lacks."""

    names: tuple[str, ...]
    #: Names whose value is an array: repeated in a query string.
    repeated: frozenset[str] = frozenset()
    #: The name that a bare array is the value of.
    array: str | None = None

    def apply(self, body: bytes, query: Query) -> tuple[bytes | None, Query | None]:
        body = body.strip()
        if self.array is not None and body.startswith(b"["):
            body = b"{%s:%s}" % (json.dumps(self.array).encode(), body)
        values = {
            name: query[name] if name in self.repeated else query[name][-1] for name in self.names if name in query
        }
        if not body:
            return json.dumps(values).encode(), None
        if values and isinstance(given := _parse(body), dict):
            return json.dumps({**values, **given}).encode(), None
        return body, None


@dataclass(frozen=True)
class WholeBody(BodyRule):
    """The endpoint takes whatever the body is; without one, the query string's value for this name."""

    name: str

    def apply(self, body: bytes, query: Query) -> tuple[bytes | None, Query | None]:
        if not body and self.name in query:
            return json.dumps(query[self.name][-1]).encode(), None
        return None, None


@dataclass(frozen=True)
class QueryFromBody(BodyRule):
    """The body is a model; the scalars beside it are read from the query string, and here also from the body's keys."""

    names: tuple[str, ...]

    def apply(self, body: bytes, query: Query) -> tuple[bytes | None, Query | None]:
        missing = [name for name in self.names if name not in query]
        given = _parse(body) if missing else None
        if not isinstance(given, dict):
            return None, None
        added = {name: texts for name in missing if (texts := _texts(given.get(name)))}
        return None, {**query, **added} if added else None


class JsonBody:
    """An ASGI application that applies a rule to each request before another one handles it."""

    def __init__(self, application: ASGIApp, rule: BodyRule) -> None:
        self._application = application
        self._rule = rule

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        body = await _read(receive)
        if body is None:
            return
        if not body or b"json" in headers.get(b"content-type", b"json"):
            query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            changed, changed_query = self._rule.apply(body, query)
            if changed is not None:
                body = changed
                scope = {**scope, "headers": _as_json(scope["headers"], len(body))}
            if changed_query is not None:
                scope = {**scope, "query_string": urlencode(changed_query, doseq=True).encode("latin-1")}
        await self._application(scope, _Replay(body, receive), send)


class _Replay:
    """Gives the body that was read, then whatever follows."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None when the caller left before its end."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _as_json(headers: list[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in headers if name not in (b"content-type", b"content-length")]
    return [*kept, (b"content-type", b"application/json"), (b"content-length", str(length).encode())]


def _parse(body: bytes) -> Any:
    """The JSON value; None for what is no JSON, which FastAPI answers with its own error."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def _texts(value: Any) -> list[str]:
    """A scalar as a query string has it; empty for what has no such form."""
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, (str, int, float)):
        return [str(value)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return []
