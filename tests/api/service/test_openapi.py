"""The description of the API: whole, with real examples, and the wire as it was agreed."""

import json

import jsonschema
import pytest

from api.service.openapi import operations_in
from api.service.wire.base import Wire
from kb.models import Fact
from tests.api.service.wire import PLACE, described, wire_of

SCHEMA = described()
OPERATIONS = list(operations_in(SCHEMA))
NAMES = [f"{method.upper()} {path}" for method, path, _ in OPERATIONS]
operations = pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)


def test_the_wire_is_as_it_was_agreed():
    """Where this fails and the change is meant: `python -m tests.api.service.wire`, and a line in
    the changelog."""
    agreed = json.loads(PLACE.read_text("utf-8"))
    now = wire_of(SCHEMA)
    for part in ("operations", "models"):
        differing = {
            name: (agreed[part].get(name), now[part].get(name))
            for name in sorted(agreed[part] | now[part])
            if agreed[part].get(name) != now[part].get(name)
        }
        assert not differing


@operations
def test_every_operation_is_told(method, path, operation):
    assert " / " in operation["summary"]
    assert operation["description"].strip()
    assert operation["tags"]
    for parameter in operation.get("parameters", ()):
        told = parameter.get("description", "")
        assert told, parameter["name"]


@operations
def test_every_error_is_the_one_model_of_problems(method, path, operation):
    if operation["tags"] == ["health"]:
        return
    for status in ("400", "401", "403", "404", "409", "413", "422", "429", "500", "503"):
        content = operation["responses"][status]["content"]
        assert list(content) == ["application/problem+json"]
        shape = content["application/problem+json"]["schema"]
        assert shape == {"$ref": "#/components/schemas/Problem"}
    assert set(SCHEMA["components"]["schemas"]["Problem"]["required"]) >= {"title", "status", "detail", "code"}  # fmt: skip


@operations
def test_what_is_taken_and_sent_has_an_example_that_fits(method, path, operation):
    for content in (
        operation.get("requestBody", {}).get("content", {}),
        *(a.get("content", {}) for s, a in operation["responses"].items() if s < "300"),
    ):
        shape = content.get("application/json", {}).get("schema")
        if shape is None or (shape == {} and operation["tags"] == ["health"]):
            continue
        name = shape.get("$ref", "").rpartition("/")[2]
        taken = SCHEMA["components"]["schemas"].get(name, {}).get("examples", [])
        examples = taken or [content["application/json"]["example"]]
        for example in examples:
            root = {"components": SCHEMA["components"]} | shape
            jsonschema.Draft202012Validator(root).validate(example)


def test_what_is_sent_is_apart_from_what_is_worked_with():
    """No model of the parts below stands in the description under the API's name for it."""

    def below(kind):
        return {kind, *(c for sub in kind.__subclasses__() for c in below(sub))}

    sent = {c.__name__ for c in below(Wire)}
    assert {"Task", "DueItem", "Correction", "Person", "Entry", "Citation"} <= sent
    inside = {c.__name__ for c in below(Fact) if c.__module__.startswith(("kb.", "tasks.", "ingest."))}  # fmt: skip
    shared = {n for n in SCHEMA["components"]["schemas"] if n in inside} - sent
    assert not shared
