"""Properties of what becomes of a request's body before FastAPI reads it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sgpu_runner.json_body import ObjectBody, QueryFromBody, WholeBody

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
names = st.lists(st.text(min_size=1), min_size=1, max_size=4, unique=True)
queries = st.dictionaries(st.text(), st.lists(st.text(), min_size=1), max_size=4)


@given(names, st.dictionaries(st.text(), values))
def test_an_object_without_a_query_string_is_left_as_it_is(known: list[str], given_object: dict[str, Any]) -> None:
    body = json.dumps(given_object).encode()
    assert ObjectBody(tuple(known)).apply(body, {}) == (body, None)


@given(names, st.dictionaries(st.text(), values), queries)
def test_no_value_of_the_body_is_lost_or_changed(
    known: list[str], given_object: dict[str, Any], query: dict[str, list[str]]
) -> None:
    changed, _ = ObjectBody(tuple(known)).apply(json.dumps(given_object).encode(), query)
    assert changed is not None
    result = json.loads(changed)
    assert {key: result[key] for key in given_object} == given_object
    assert set(result) == set(given_object) | (set(known) & set(query))


@given(names, queries)
def test_without_a_body_the_known_names_of_the_query_string_are_the_object(
    known: list[str], query: dict[str, list[str]]
) -> None:
    changed, _ = ObjectBody(tuple(known), repeated=frozenset(known[:1])).apply(b"", query)
    assert changed is not None
    expected = {name: query[name] if name == known[0] else query[name][-1] for name in known if name in query}
    assert json.loads(changed) == expected


@given(st.text(min_size=1), st.lists(values))
def test_a_bare_array_becomes_the_value_of_its_name(name: str, array: list[Any]) -> None:
    changed, _ = ObjectBody((name,), array=name).apply(json.dumps(array).encode(), {})
    assert changed is not None
    assert json.loads(changed) == {name: array}


@given(st.binary(), queries)
def test_any_bytes_are_taken(body: bytes, query: dict[str, list[str]]) -> None:
    for rule in (ObjectBody(("a",), array="a"), WholeBody("a"), QueryFromBody(("a",))):
        rule.apply(body, query)


@given(names, st.dictionaries(st.text(), values), queries)
def test_scalars_beside_a_model_never_override_the_query_string(
    known: list[str], given_object: dict[str, Any], query: dict[str, list[str]]
) -> None:
    body, changed = QueryFromBody(tuple(known)).apply(json.dumps(given_object).encode(), query)
    assert body is None
    result = query if changed is None else changed
    assert {name: result[name] for name in query} == query
    assert set(result) - set(query) <= set(known) & set(given_object)
