"""Streams that wait for their answer, and clients that leave before it."""

import json
import threading
import time
from http import HTTPStatus

import anyio
import pytest

from api.assistant.wanted import is_wanted
from api.service.answering import BEAT, Answering, failure
from api.service.conversations import Conversations
from api.service.problems import TooManyError
from kb.errors import DubanError, NotFoundError
from tests.api.service.contracts.test_matrix import API
from tests.api.service.world import make_world


@pytest.fixture
def world(tmp_path):
    """Of one test: its turns are held and its beat is quick."""
    with make_world(tmp_path) as made:
        made.service.heartbeat = 0.01
        yield made


def inside(world, function, *args):
    """Run in the app's own loop."""
    return world.client("public").portal.call(function, *args)


def until(check):
    end = time.monotonic() + 30
    while not check():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_stream_that_waits_shows_that_it_lives(world):
    done = threading.Event()

    async def beats():
        asked = Answering(world.service, done.wait)
        found = []
        async for beat in asked.beats():
            found.append(beat)
            if len(found) == 3:
                done.set()
        return found, await asked.result()

    found, result = inside(world, beats)
    assert set(found) == {BEAT}
    assert len(found) >= 3
    assert result is True
    assert BEAT.startswith(":")
    assert BEAT.endswith("\n\n")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NotFoundError("没有 / none", hint="看 / look"), {"status": 404, "code": "not-found", "title": "Not Found", "hint": "看 / look"}),
        (TooManyError("多 / many", 3), {"status": 429, "code": "too-many-requests", "title": "Too Many Requests"}),
        (DubanError("不 / no"), {"status": 422, "code": "refused", "title": HTTPStatus(422).phrase}),
        (ValueError("secret detail"), {"status": 500, "code": "internal", "title": "Internal Server Error"}),
    ],
)  # fmt: skip
def test_errors_in_a_stream_have_the_form_of_all_errors(error, told):
    found = failure(error)
    detail = found.pop("detail")
    assert " / " in detail
    assert "secret" not in detail
    assert found.pop("type") == "about:blank"
    assert found == told


def asgi(app, world, accept, receive):
    """One question sent to the app as a server would, with a `receive` of one's own."""
    body = json.dumps({"question": "整治隐患由谁负责？"}).encode()
    headers = {"content-type": "application/json", "accept": accept, "authorization": f"Bearer {world.secrets['own']}"}  # fmt: skip
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
        "method": "POST", "scheme": "http", "path": f"{API}/ask", "raw_path": f"{API}/ask".encode(),
        "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()], "state": {},
    }  # fmt: skip
    sent = []

    async def receiving():
        if not receive.sent:
            receive.sent = True
            return {"type": "http.request", "body": body, "more_body": False}
        while not receive.left.is_set():
            await anyio.sleep(0.01)
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    async def run():
        await app(scope, receiving, send)

    return run, sent


class Client:
    """Sends a question, then waits until it is told to leave."""

    def __init__(self):
        self.sent, self.left = False, threading.Event()


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_who_leaves_is_not_answered(world, accept):
    """Two questions wait for the turn; the one whose client left never gets it."""
    service, client = world.service, Client()
    kept = Conversations(service.store)
    run, sent = asgi(world.app, world, accept, client)
    with service.turns:
        thread = threading.Thread(target=inside, args=(world, run))
        thread.start()
        until(lambda: service.turns._waiting)
        client.left.set()
        thread.join(30)
        assert not thread.is_alive()
    until(lambda: not service.turns._held)
    assert kept.of("own", 9) == []
    assert b"event: done" not in b"".join(m.get("body", b"") for m in sent)
    # The same, staying.
    client = Client()
    run, sent = asgi(world.app, world, accept, client)
    inside(world, run)
    client.left.set()
    assert len(kept.of("own", 9)) == 1
    assert "区应急局" in b"".join(m.get("body", b"") for m in sent).decode()


def test_work_in_hand_can_ask_whether_it_is_wanted(world):
    seen, go = [], threading.Event()

    def work():
        seen.append(is_wanted())
        go.wait(30)
        seen.append(is_wanted())

    async def leave():
        asked = Answering(world.service, work)
        while not seen:
            await anyio.sleep(0.001)
        asked.leave()
        go.set()

    inside(world, leave)
    until(lambda: len(seen) == 2)
    assert seen == [True, False]
    assert is_wanted()


def test_an_error_that_nobody_foresaw_has_the_id_and_headers_of_all_answers(world, monkeypatch):
    """The store of the running app is taken away."""
    monkeypatch.setattr(world.service, "store", None)
    for role in ("public", "reader"):
        told = world.client(role).get(f"{API}/documents", headers={"X-Request-ID": "mine-1"})
        assert told.status_code == 500
        assert told.headers["X-Request-ID"] == "mine-1"
        assert told.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert told.headers["Content-Type"] == "application/problem+json"
        assert told.json()["code"] == "internal"
        assert "NoneType" not in told.text


def test_every_answer_has_an_id_streams_and_refusals_too(world):
    client = world.client("reader")
    stream = {"Accept": "text/event-stream"}
    for method, path, headers in (
        ("POST", "ask", stream), ("GET", "tasks", {}), ("GET", "none", {}), ("DELETE", "tasks", {}),
        ("GET", "people", {}), ("POST", "ask", {"Content-Length": "9999999"}),
    ):  # fmt: skip
        body = {"json": {"question": "区水利局要干哪些事？"}} if path == "ask" else {}
        told = client.request(method, f"{API}/{path}", headers=headers | {"X-Request-ID": "a.b-1"}, **body)  # fmt: skip
        assert told.headers["X-Request-ID"] == "a.b-1", path
        made = client.request(method, f"{API}/{path}", headers=headers | {"X-Request-ID": "a b\t"}, **body)  # fmt: skip
        assert made.headers["X-Request-ID"] not in ("", "a b\t")
