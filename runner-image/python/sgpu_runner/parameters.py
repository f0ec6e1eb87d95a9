"""Lets an endpoint's plain parameters come from the JSON object that fal's clients post.

FastAPI reads `prompt: str, steps: int = 30` from the query string alone, and a lone `items: list[str]` from a bare
array. Both still work; a JSON object with those keys works too, and the OpenAPI document shows it.
"""

from __future__ import annotations

import collections.abc
import inspect
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Union, get_args, get_origin

from fastapi import Body, params
from fastapi.dependencies.utils import get_dependant, get_typed_signature
from pydantic import BaseModel, ConfigDict, Field, create_model

from sgpu_runner.json_body import BodyRule, ObjectBody, QueryFromBody, WholeBody

Endpoint = Callable[..., Any]


@dataclass(frozen=True)
class Reading:
    """How an endpoint's arguments are read: the signature FastAPI sees, and what becomes of its arguments."""

    signature: inspect.Signature
    #: Applied to the request before FastAPI reads it; None when it may stay as it is.
    rule: BodyRule | None = None
    #: From FastAPI's arguments to the endpoint's.
    arguments: Callable[[dict[str, Any]], dict[str, Any]] = field(default=lambda values: values)


class RequestBody(dict[str, Any]):
    """The JSON object of an endpoint without annotations, `def run(self, request)`; its keys are attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the request has no {name!r}") from None


def read_arguments(endpoint: Endpoint, path: str) -> Reading:
    signature = get_typed_signature(endpoint)
    plain = _PlainParameters.of(endpoint, path, signature)
    if plain.has_form or not (plain.scalars or plain.sequences):
        return Reading(signature)
    if plain.models:
        return Reading(signature, QueryFromBody(tuple(plain.scalars)))
    if len(plain.names) == 1 and _is_unannotated(signature.parameters[plain.names[0]]):
        return _whole_body(signature, plain.names[0])
    return _object_body(endpoint, signature, plain)


@dataclass(frozen=True)
class _PlainParameters:
    """An endpoint's parameters as FastAPI tells them apart, without those that say themselves where they come from."""

    scalars: list[str]
    sequences: list[str]
    models: list[str]
    has_form: bool

    @property
    def names(self) -> list[str]:
        return [*self.scalars, *self.sequences]

    @classmethod
    def of(cls, endpoint: Endpoint, path: str, signature: inspect.Signature) -> _PlainParameters:
        dependant = get_dependant(path=path, call=endpoint)
        plain = {name for name, parameter in signature.parameters.items() if not _says_where_from(parameter)}
        scalars = [known.name for known in dependant.query_params if known.name in plain]
        body = [known.name for known in dependant.body_params]
        sequences = [name for name in body if name in plain and _is_sequence(signature.parameters[name].annotation)]
        return cls(
            scalars,
            sequences,
            models=[name for name in body if name not in sequences],
            has_form=any(isinstance(known.field_info, params.Form) for known in dependant.body_params),
        )


def _whole_body(signature: inspect.Signature, name: str) -> Reading:
    """`def run(self, request)`: the body as it is, or its value for that name where it has one."""

    def arguments(values: dict[str, Any]) -> dict[str, Any]:
        body = values[name]
        if isinstance(body, dict):
            body = body[name] if name in body else RequestBody(body)
        return {**values, name: body}

    parameter = signature.parameters[name].replace(annotation=Annotated[Any, Body()])
    replaced = [parameter if known.name == name else known for known in signature.parameters.values()]
    return Reading(signature.replace(parameters=replaced), WholeBody(name), arguments)


def _object_body(endpoint: Endpoint, signature: inspect.Signature, plain: _PlainParameters) -> Reading:
    parameters = signature.parameters
    model, keys = _model(endpoint, [parameters[name] for name in plain.names])

    def arguments(values: dict[str, Any]) -> dict[str, Any]:
        body = values.pop(_BODY)
        return {**values, **{name: getattr(body, key) for name, key in keys.items()}}

    kept = [known for name, known in parameters.items() if name not in keys]
    body = inspect.Parameter(_BODY, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[model, Body()])
    by_keyword = [known.replace(kind=inspect.Parameter.KEYWORD_ONLY) for known in kept]
    rule = ObjectBody(
        tuple(plain.names),
        repeated=frozenset(name for name in plain.names if _is_sequence(parameters[name].annotation)),
        array=plain.sequences[0] if len(plain.sequences) == 1 else None,
    )
    return Reading(signature.replace(parameters=[*by_keyword, body]), rule, arguments)


_BODY = "sgpu_body"


def _model(endpoint: Endpoint, parameters: list[inspect.Parameter]) -> tuple[type[BaseModel], dict[str, str]]:
    """A model with one field a parameter, and from the parameters' names to the fields'.

    A name that pydantic keeps for itself (`json`, `_private`) becomes the alias of another.
    """
    fields: dict[str, Any] = {}
    keys: dict[str, str] = {}
    for index, parameter in enumerate(parameters):
        annotation = Any if _is_unannotated(parameter) else parameter.annotation
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        name = parameter.name
        if name.startswith("_") or hasattr(BaseModel, name):
            keys[name] = f"field_{index}"
            fields[keys[name]] = (annotation, Field(default, alias=name))
        else:
            keys[name] = name
            fields[name] = (annotation, default)
    title = "".join(part.capitalize() for part in endpoint.__name__.split("_")) + "Input"
    config = ConfigDict(protected_namespaces=(), arbitrary_types_allowed=True)
    return create_model(title, __config__=config, __module__=endpoint.__module__, **fields), keys


def _is_unannotated(parameter: inspect.Parameter) -> bool:
    return parameter.annotation is inspect.Parameter.empty


def _says_where_from(parameter: inspect.Parameter) -> bool:
    """True for `Query(…)`, `Header(…)`, `Body(…)` and their like, as default or in `Annotated`."""
    marks = [parameter.default]
    if get_origin(parameter.annotation) is Annotated:
        marks.extend(get_args(parameter.annotation)[1:])
    return any(isinstance(mark, (params.Param, params.Body, params.Depends)) for mark in marks)


def _is_sequence(annotation: Any) -> bool:
    origin = get_origin(annotation) or annotation
    if origin is Annotated or origin is Union or origin is types.UnionType:
        return any(_is_sequence(argument) for argument in get_args(annotation)[: 1 if origin is Annotated else None])
    sequences = (collections.abc.Sequence, collections.abc.Set)
    return inspect.isclass(origin) and issubclass(origin, sequences) and not issubclass(origin, (str, bytes))
