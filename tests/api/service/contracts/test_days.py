"""Every day that a request may give is read by one rule, found in the description of the API."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.service.openapi import operations_in
from tests.api.service.contracts.test_matrix import API
from tests.api.service.examples import BODIES
from tests.api.service.wire import described
from tests.api.service.world import make_world

SCHEMA = described()
NO_DAYS = ("0", "1767225600", "20260101", "2026-1-1", "2026-W01-1", "2026-01-01T00:00:00")
NO_DAYS_OF_JSON = (*NO_DAYS, 0, 1767225600, 1.5, True)
ENDS = ("0001-01-01", "9999-12-31")
ROLES = ("supervisor", "auditor", "admin", "own")
MORE = {
    f"POST {API}/tasks/{{task_id}}/corrections": {
        "aspect": "date", "operation": "add", "reason": "勘误", "deadline": {"kind": "by"},
    },
}  # fmt: skip


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = SCHEMA["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def days_in(schema: dict[str, Any], depth: int = 0) -> Iterator[tuple[str, ...]]:
    """Where a body holds days."""
    schema = resolved(schema)
    for choice in schema.get("anyOf", ()):
        yield from days_in(choice, depth)
    if schema.get("format") == "date":
        yield ()
    for name, part in schema.get("properties", {}).items() if depth < 4 else ():
        yield from ((name, *rest) for rest in days_in(part, depth + 1))


QUERIES = [
    (method, path, p["name"])
    for method, path, operation in operations_in(SCHEMA)
    for p in operation.get("parameters", ())
    if p["in"] == "query" and () in set(days_in(p["schema"]))
]
FIELDS = [
    (method, path, field)
    for method, path, operation in operations_in(SCHEMA)
    for body in operation.get("requestBody", {}).get("content", {}).values()
    for field in dict.fromkeys(days_in(body["schema"]))
]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with make_world(tmp_path_factory.mktemp("days")) as made:
        yield made


def filled(world, path: str) -> str:
    task = world.open.tasks[0]
    ids = {
        "task_id": task.id, "milestone_id": task.milestones[0].id,
        "document_id": world.open.document.id, "week": "2026-W01",
    }  # fmt: skip
    for name, value in ids.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def answer(world, method: str, path: str, **more):
    """What it gives somebody who may."""
    for role in ROLES:
        found = world.client(role).request(method, filled(world, path), **more)
        if found.status_code not in (401, 403):
            return found
    raise AssertionError((method, path))


def test_the_description_is_looked_through():
    assert len(QUERIES) >= 10
    assert {field[-1] for _, _, field in FIELDS} >= {"as_of", "on", "new_date", "date", "start"}


def test_no_number_is_a_day_of_a_query(world):
    for method, path, name in QUERIES:
        for given in NO_DAYS:
            found = answer(world, method, path, params={name: given})
            assert found.status_code == 422, (path, name, given, found.text)
            assert f'"{name}"' in found.text
            assert "不是日期" in found.text


def test_no_number_is_a_day_of_a_body(world):
    for method, path, field in FIELDS:
        key = f"{method.upper()} {path}"
        for given in NO_DAYS_OF_JSON:
            body = {**(MORE.get(key) or BODIES[key])}
            place = body
            for name in field[:-1]:
                place[name] = {**place.get(name, {})}
                place = place[name]
            place[field[-1]] = given
            found = answer(world, method, path, json=body)
            assert found.status_code == 422, (key, field, given, found.text)
            assert f'"{field[-1]}"' in found.text


def test_no_number_is_a_day_of_a_page(world):
    pages = [("supervisor", f"/tasks?{name}={{}}") for name in ("as_of", "since", "until")]
    pages += [("supervisor", "/dashboard?as_of={}")]
    pages += [("auditor", f"/audit?{name}={{}}") for name in ("since", "until")]
    for role in ("supervisor", "auditor"):
        browser = world.browser(role)
        for path in (path for who, path in pages if who == role):
            for given in NO_DAYS:
                found = browser.get(path.format(given))
                assert found.status_code == 422, (path, given)
                assert "不是日期" in found.text
            assert browser.get(path.format("2026-01-01")).status_code == 200


def test_the_ends_of_the_calendar_are_days_like_others(world):
    for method, path, name in QUERIES:
        for given in ENDS:
            found = answer(world, method, path, params={name: given})
            assert found.status_code < 500, (path, name, given)
