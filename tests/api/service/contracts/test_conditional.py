"""Answers that are asked for again, or without their body."""

import pytest

from tasks.authorisation import CONSOLE
from tasks.visibility import Level, Visibility, set_visibility
from tests.api.service.contracts.test_matrix import API
from tests.api.service.world import make_world
from tests.tasks.samples import NOW

PARTS = ("", "/text", "/source")


@pytest.fixture
def world(tmp_path):
    with make_world(tmp_path) as made:
        yield made


def tags(world, role="supervisor"):
    path = f"{API}/documents/{world.open.document.id}"
    return [world.client(role).get(f"{path}{part}").headers["ETag"] for part in PARTS]


def nothing(world):
    world.browser("reader").delete(f"{API}/session")


def correction(world):
    world.service.tracker.withdraw(CONSOLE, world.correction, "误改", NOW)


def visibility(world):
    seen = Visibility(level=Level.INTERNAL)
    set_visibility(world.service.store, CONSOLE, world.open.document.id, seen, NOW)


def forgery(world):
    with world.service.store.writing() as connection:
        connection.exec_driver_sql("UPDATE source SET data = X'00'")


@pytest.mark.parametrize(
    ("change", "detail"),
    [(nothing, False), (correction, True), (visibility, True), (forgery, True)],
)
def test_a_tag_changes_with_what_is_told(world, change, detail):
    before = tags(world)
    path = f"{API}/documents/{world.open.document.id}"
    change(world)
    assert (tags(world)[0] != before[0]) is detail
    asked = world.client("supervisor").get(path, headers={"If-None-Match": before[0]})
    assert asked.status_code == (200 if detail else 304)
    if change is forgery:
        assert asked.json()["intact"] is False


@pytest.mark.parametrize("part", PARTS)
def test_what_the_client_has_is_not_read(world, monkeypatch, part):
    path = f"{API}/documents/{world.open.document.id}{part}"
    client = world.client("reader")
    first = client.get(path)
    monkeypatch.setattr("api.service.routes.documents.extraction_of", None)
    if part == "/source":
        monkeypatch.setattr(world.service.store, "source", None)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["ETag"] == first.headers["ETag"]


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("public", "/healthz"),
        ("public", f"{API}/tasks"),
        ("public", f"{API}/documents/{{document}}"),
        ("public", f"{API}/documents/{{document}}/text"),
        ("public", f"{API}/documents/{{document}}/source"),
        ("public", f"{API}/documents/doc-0"),
        ("public", f"{API}/audit"),
        ("auditor", f"{API}/audit"),
        ("public", f"{API}/openapi.json"),
        ("public", "/"),
    ],
)
def test_head_is_get_without_its_body(world, role, path):
    path = path.format(document=world.open.document.id)
    client = world.client(role)
    whole, bare = client.get(path), client.head(path)
    assert bare.status_code == whole.status_code
    assert bare.content == b""
    for name in ("Content-Type", "Content-Length", "ETag", "Content-Disposition"):
        assert bare.headers.get(name) == whole.headers.get(name), name
    assert bare.headers["X-Content-Type-Options"] == "nosniff"


def test_head_of_a_part(world):
    path = f"{API}/documents/{world.open.document.id}/source"
    answer = world.client("public").head(path, headers={"Range": "bytes=0-3"})
    assert (answer.status_code, answer.headers["Content-Length"], answer.content) == (206, "4", b"")


def test_posts_have_no_head(world):
    assert world.client("supervisor").head(f"{API}/audit/verify").status_code == 405
