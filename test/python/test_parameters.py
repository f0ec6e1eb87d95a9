"""Where an endpoint's arguments come from."""

from __future__ import annotations

import pytest
from running import Runner

APP = '''
from __future__ import annotations

from typing import Annotated, Any, Optional

import fal
from fastapi import Header, Query, Request
from pydantic import BaseModel, Field


class Input(BaseModel):
    prompt: str


class App(fal.App):
    @fal.endpoint("/scalars")
    def scalars(self, prompt: str, steps: int = 30, tall: bool = False, scale: Optional[float] = None) -> dict:
        """Makes something."""
        return {"prompt": prompt, "steps": steps, "tall": tall, "scale": scale}

    @fal.endpoint("/request")
    def bare(self, request):
        return {"got": request, "prompt": getattr(request, "prompt", None)}

    @fal.endpoint("/optional-request")
    def optional(self, request=None):
        return {"got": request}

    @fal.endpoint("/unannotated")
    def unannotated(self, prompt, steps=3):
        return {"prompt": prompt, "steps": steps}

    @fal.endpoint("/items")
    def items(self, items: list[str]) -> list[str]:
        return [item.upper() for item in items]

    @fal.endpoint("/items-and-scalar")
    def items_and_scalar(self, items: list[int], factor: int = 2) -> list[int]:
        return [item * factor for item in items]

    @fal.endpoint("/model")
    def model(self, input: Input) -> dict:
        return {"prompt": input.prompt}

    @fal.endpoint("/model-and-scalars")
    def model_and_scalars(self, input: Input, seed: int = 0, tags: Annotated[list[str], Query()] = []) -> dict:
        return {"input": input.model_dump(), "seed": seed, "tags": tags}

    @fal.endpoint("/dict")
    def whole(self, input: dict) -> dict:
        return input

    @fal.endpoint("/injected")
    def injected(self, prompt: str, request: Request, x_fal_request_id: str = Header(None)) -> dict:
        return {"prompt": prompt, "path": request.url.path, "id": x_fal_request_id}

    @fal.endpoint("/query")
    def query(self, prompt: str = Query(...)) -> str:
        return prompt

    @fal.endpoint("/things/{thing}")
    def path(self, thing: str, size: int) -> dict:
        return {"thing": thing, "size": size}

    @fal.endpoint("/names")
    def names(self, json: str, _private: int = 1, model_name: str = "m", copy: bool = False) -> dict:
        return {"json": json, "private": _private, "model_name": model_name, "copy": copy}

    @fal.endpoint("/described")
    def described(self, prompt: Annotated[str, Field(description="What to draw", max_length=5)]) -> str:
        return prompt

    @fal.endpoint("/async")
    async def asynchronous(self, prompt: str) -> str:
        return prompt

    @fal.endpoint("/none")
    def none(self) -> dict:
        return {"called": True}
'''


def test_scalars_come_from_a_json_object(app: Runner) -> None:
    answer = app.post("/scalars", {"prompt": "a cat", "steps": 4, "scale": 1.5})
    assert answer.json() == {"prompt": "a cat", "steps": 4, "tall": False, "scale": 1.5}


def test_scalars_still_come_from_the_query_string(app: Runner) -> None:
    answer = app.client.post(app.url + "/scalars", params={"prompt": "a cat", "steps": "4", "tall": "true"})
    assert answer.json() == {"prompt": "a cat", "steps": 4, "tall": True, "scale": None}


def test_the_query_string_fills_in_what_the_body_lacks_and_never_overrides_it(app: Runner) -> None:
    answer = app.post("/scalars", {"prompt": "body"}, params={"prompt": "query", "steps": "7"})
    assert answer.json() == {"prompt": "body", "steps": 7, "tall": False, "scale": None}


@pytest.mark.parametrize("body", [{}, {"steps": 3}, None])
def test_a_missing_argument_is_named(app: Runner, body: object) -> None:
    answer = app.post("/scalars", body)
    assert answer.status_code == 422
    assert [(error["type"], error["loc"]) for error in answer.json()["detail"]] == [("missing", ["body", "prompt"])]
    assert answer.headers["x-fal-billable-units"] == "0"


def test_a_wrong_type_is_named(app: Runner) -> None:
    answer = app.post("/scalars", {"prompt": "a", "steps": "many"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "steps"]


def test_malformed_json_is_refused(app: Runner) -> None:
    answer = app.client.post(app.url + "/scalars", content=b'{"prompt": ', headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["type"] == "json_invalid"


def test_a_bare_request_is_the_body_with_its_keys_as_attributes(app: Runner) -> None:
    answer = app.post("/request", {"prompt": "a cat", "steps": [1, 2]})
    assert answer.json() == {"got": {"prompt": "a cat", "steps": [1, 2]}, "prompt": "a cat"}


def test_a_bare_request_comes_from_the_query_string_too(app: Runner) -> None:
    assert app.client.post(app.url + "/request?request=x").json()["got"] == "x"


def test_a_bare_request_may_have_a_default(app: Runner) -> None:
    assert app.client.post(app.url + "/optional-request").json() == {"got": None}
    assert app.post("/optional-request", {"a": 1}).json() == {"got": {"a": 1}}


def test_unannotated_arguments_come_from_a_json_object(app: Runner) -> None:
    assert app.post("/unannotated", {"prompt": {"any": "thing"}}).json() == {"prompt": {"any": "thing"}, "steps": 3}


@pytest.mark.parametrize("body", [{"items": ["a", "b"]}, ["a", "b"]])
def test_a_lone_list_comes_from_an_object_and_from_a_bare_array(app: Runner, body: object) -> None:
    assert app.post("/items", body).json() == ["A", "B"]


def test_a_list_beside_a_scalar(app: Runner) -> None:
    assert app.post("/items-and-scalar", {"items": [1, 2], "factor": 10}).json() == [10, 20]
    assert app.post("/items-and-scalar", [1, 2], params={"factor": 3}).json() == [3, 6]


def test_a_model_is_the_body_itself(app: Runner) -> None:
    assert app.post("/model", {"prompt": "a"}).json() == {"prompt": "a"}
    assert app.post("/model", {}).json()["detail"][0]["loc"] == ["body", "prompt"]


def test_scalars_beside_a_model_come_from_the_body_and_from_the_query_string(app: Runner) -> None:
    expected = {"input": {"prompt": "a"}, "seed": 5, "tags": []}
    assert app.post("/model-and-scalars", {"prompt": "a", "seed": 5}).json() == expected
    assert app.post("/model-and-scalars", {"prompt": "a", "seed": 9}, params={"seed": 5}).json() == expected


def test_a_dict_is_the_body_itself(app: Runner) -> None:
    assert app.post("/dict", {"input": {"a": 1}}).json() == {"input": {"a": 1}}


def test_what_says_where_it_comes_from_comes_from_there(app: Runner) -> None:
    answer = app.post("/injected", {"prompt": "a"}, headers={"x-fal-request-id": "r1"})
    assert answer.json() == {"prompt": "a", "path": "/injected", "id": "r1"}
    assert app.post("/query", {"prompt": "a"}).status_code == 422
    assert app.client.post(app.url + "/query?prompt=a").json() == "a"


def test_path_parameters_come_from_the_path(app: Runner) -> None:
    assert app.post("/things/cup", {"size": 3}).json() == {"thing": "cup", "size": 3}


def test_names_that_pydantic_keeps_for_itself_are_arguments_like_others(app: Runner) -> None:
    answer = app.post("/names", {"json": "j", "_private": 2, "model_name": "n", "copy": True})
    assert answer.json() == {"json": "j", "private": 2, "model_name": "n", "copy": True}


def test_the_constraints_of_a_field_hold(app: Runner) -> None:
    assert app.post("/described", {"prompt": "short"}).json() == "short"
    assert app.post("/described", {"prompt": "too long"}).status_code == 422


def test_asynchronous_endpoints_read_the_same(app: Runner) -> None:
    assert app.post("/async", {"prompt": "a"}).json() == "a"


def test_an_endpoint_without_arguments_needs_no_body(app: Runner) -> None:
    assert app.client.post(app.url + "/none").json() == {"called": True}
    assert app.post("/none", {}).json() == {"called": True}


def test_a_large_body_arrives_whole(app: Runner) -> None:
    prompt = "x" * 3_000_000
    assert app.post("/scalars", {"prompt": prompt}).json()["prompt"] == prompt


def test_the_openapi_document_shows_the_object(app: Runner) -> None:
    document = app.get("/openapi.json").json()
    operation = document["paths"]["/scalars"]["post"]
    reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    schema = document["components"]["schemas"][reference.rsplit("/", 1)[-1]]
    assert operation["description"] == "Makes something."
    assert schema["required"] == ["prompt"]
    assert list(schema["properties"]) == ["prompt", "steps", "tall", "scale"]
    assert schema["properties"]["steps"] == {"type": "integer", "title": "Steps", "default": 30}
    assert schema["x-fal-order-properties"] == ["prompt", "steps", "tall", "scale"]
