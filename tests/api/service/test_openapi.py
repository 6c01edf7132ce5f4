"""The description of the API: whole, with real examples, and the wire as it was agreed."""

import json

import jsonschema
import pytest

from api.service.app import create_app
from api.service.openapi import operations_in
from api.service.wire.base import Wire
from api.settings import read_settings
from kb.models import Fact
from tests.api.service.wire import PLACE, described, wire_of

SCHEMA = described()
OPERATIONS = list(operations_in(SCHEMA))
NAMES = [f"{method.upper()} {path}" for method, path, _ in OPERATIONS]


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


def test_every_operation_is_told(subtests):
    for _, _, operation in OPERATIONS:
        with subtests.test(operation=operation["operationId"]):
            assert " / " in operation["summary"]
            assert operation["description"].strip()
            assert operation["tags"]
            for parameter in operation.get("parameters", ()):
                told = parameter.get("description", "")
                assert told, parameter["name"]


def test_every_error_is_the_one_model_of_problems(subtests):
    for _, path, operation in OPERATIONS:
        with subtests.test(operation=operation["operationId"]):
            for status, answer in operation["responses"].items():
                if status < "400" or (path, status) == ("/readyz", "503"):
                    continue
                assert list(answer["content"]) == ["application/problem+json"]
                shape = answer["content"]["application/problem+json"]["schema"]
                assert shape == {"$ref": "#/components/schemas/Problem"}
            assert set(SCHEMA["components"]["schemas"]["Problem"]["required"]) >= {"title", "status", "detail", "code"}  # fmt: skip


USUAL = "400 421"
WORK = f"{USUAL} 500 503"
SIGNED = f"{WORK} 401 403 422"


@pytest.mark.parametrize(
    ("name", "errors"),
    [
        ("GET /healthz", USUAL),
        ("GET /metrics", f"{USUAL} 401 403 422"),
        ("GET /api/v1/documents", SIGNED),
        ("GET /api/v1/documents/{document_id}", f"{SIGNED} 404 405 416"),
        ("POST /api/v1/documents", f"{SIGNED} 408 409 413 415"),
        ("POST /api/v1/evidence", f"{SIGNED} 408 409 413 415"),
        ("POST /api/v1/jobs/{job_id}/cancel", f"{SIGNED} 404 405 409"),
        ("POST /api/v1/ask", f"{SIGNED} 404 408 413 429"),
        ("POST /api/v1/session", f"{WORK} 401 403 408 413 422 429"),
        ("GET /api/v1/graph", f"{SIGNED} 404 409"),
        ("GET /api/v1/audit/checkpoint", f"{SIGNED} 409"),
    ],
)
def test_which_errors_are_told(name, errors):
    [operation] = [o for n, (_, _, o) in zip(NAMES, OPERATIONS, strict=True) if n == name]
    assert {s for s in operation["responses"] if s >= "400"} == set(errors.split())


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("GET /healthz", None),
        ("GET /api/v1/tasks", [{"token"}, {"session"}, set()]),
        ("POST /api/v1/ask", [{"token"}, {"session", "csrf"}, set()]),
        ("GET /api/v1/audit", [{"token"}, {"session"}]),
        ("GET /api/v1/evidence/{sha256}", [{"token"}, {"session"}]),
        ("POST /api/v1/documents", [{"token"}, {"session", "csrf"}]),
        ("POST /api/v1/evidence", [{"token"}, {"session", "csrf"}]),
    ],
)
def test_which_ways_in_are_told(name, ways):
    [operation] = [o for n, (_, _, o) in zip(NAMES, OPERATIONS, strict=True) if n == name]
    told = operation.get("security")
    assert (told and [set(way) for way in told]) == ways


@pytest.mark.parametrize(
    ("tls", "cookie"), [("", "duban_session"), ("yes", "__Host-duban_session")]
)
def test_the_cookie_is_told_by_its_name(tmp_path, tls, cookie):
    base = "https://duban.example.gov.cn"
    given = {"DUBAN_HOME": str(tmp_path), "DUBAN_BEHIND_TLS": tls, "DUBAN_BASE_URL": base if tls else ""}  # fmt: skip
    told = create_app(read_settings(given, tmp_path), warm=False).openapi()
    schemes = told["components"]["securitySchemes"]
    assert {n: (s["type"], s.get("in"), s.get("name")) for n, s in schemes.items()} == {
        "token": ("http", None, None), "session": ("apiKey", "cookie", cookie),
        "csrf": ("apiKey", "header", "X-CSRF-Token"),
    }  # fmt: skip
    assert [s["url"] for s in told["servers"]] == [base if tls else "/"]


def test_a_form_has_an_example_that_fits(subtests):
    for _, _, operation in OPERATIONS:
        with subtests.test(operation=operation["operationId"]):
            form = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data")
            if form is not None:
                shapes = {n: s.get("description") for n, s in form["schema"]["properties"].items()}
                assert all(shapes.values()), shapes
                for example in form["examples"].values():
                    jsonschema.Draft202012Validator(form["schema"]).validate(example["value"])
                    assert set(example["value"]) == set(shapes)


def test_what_is_taken_and_sent_has_an_example_that_fits(subtests):
    for _, _, operation in OPERATIONS:
        with subtests.test(operation=operation["operationId"]):
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


TAKEN = {"Query", "UnitFilter", "DayWindow", "Quantity"}
"""A query is taken as it is."""


def test_what_is_sent_is_apart_from_what_is_worked_with():
    """No model of the parts below stands in the description under the API's name for it."""

    def below(kind):
        return {kind, *(c for sub in kind.__subclasses__() for c in below(sub))}

    sent = {c.__name__ for c in below(Wire)}
    assert {"Task", "DueItem", "Correction", "Person", "Entry", "Citation"} <= sent
    inside = {c.__name__ for c in below(Fact) if c.__module__.startswith(("kb.", "tasks.", "ingest."))}  # fmt: skip
    shared = {n for n in SCHEMA["components"]["schemas"] if n in inside} - sent
    assert shared <= TAKEN
