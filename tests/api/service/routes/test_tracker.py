"""The cycle of a milestone by HTTP, from acceptance to closing; events, evidence, history."""

import base64

import pytest

from ingest.pipeline import extract_bytes
from tests.api.service.contracts.test_matrix import API
from tests.api.service.world import OWN, make_world
from tests.tasks.samples import NOW, PLAN


@pytest.fixture
def fresh(tmp_path):
    with make_world(tmp_path) as world:
        yield world


def milestone(world, number=0):
    return world.open.tasks[number].milestones[0].id


def step(world, role, name, key=None, **fields):
    path = f"{API}/milestones/{key or milestone(world)}/steps"
    return world.client(role).post(path, json={"step": name} | fields)


def test_from_report_to_closing(fresh):
    target = fresh.open.tasks[0].targets[0].id
    done = step(fresh, "own", "report", text="已整治22处", percent=90, values={target: "22"})
    assert (done.status_code, done.json()["status"], done.json()["percent"]) == (200, "in_progress", 90)  # fmt: skip
    assert done.json()["values"] == {target: "22"}
    there = f"{API}/tasks/{fresh.open.tasks[0].id}"
    for role, told in (("reader", ("met", "22")), ("public", ("withheld", None))):
        judged = fresh.client(role).get(there).json()["targets"]
        assert [(j["verdict"], j["value"]) for j in judged] == [told]
    assert step(fresh, "own", "submit", text="完成").json()["status"] == "reported"
    returned = step(fresh, "supervisor", "return", reason="缺照片")
    assert returned.json()["status"] == "returned"
    assert step(fresh, "own", "submit", text="补照片").json()["status"] == "reported"
    assert step(fresh, "supervisor", "approve").json()["status"] == "completed"
    assert step(fresh, "supervisor", "close").json()["status"] == "closed"
    again = step(fresh, "supervisor", "close")
    assert (again.status_code, again.json()["code"]) == (409, "transition")


def test_history_tells_who_and_why(fresh):
    step(fresh, "supervisor", "cancel", reason="政策调整")
    entries = fresh.client("reader").get(f"{API}/milestones/{milestone(fresh)}/history").json()
    assert [(e["actor"], e["detail"].get("step")) for e in entries] == [
        ("own", "accept"), ("own", "report"), ("supervisor", "cancel"),
    ]  # fmt: skip
    assert entries[-1]["reason"] == "政策调整"


def test_history_names_what_took_its_place_and_what_it_took_the_place_of(fresh):
    old, first = milestone(fresh), fresh.open.tasks[0]
    words = PLAN.replace(first.title, f"全面{first.title}")
    assert words != PLAN
    new = extract_bytes(words.encode(), "plan.txt")
    fresh.service.store.add(new, words.encode(), recorded_at=NOW)
    reader = fresh.client("reader")
    [now] = [m["milestone_id"] for m in reader.get(f"{API}/milestones").json()["items"]
             if m["commitment"] == new.tasks[0].milestones[0].commitment]  # fmt: skip
    for key, way, other in ((old, "successor", now), (now, "predecessor", old)):
        answer = reader.get(f"{API}/milestones/{key}/history")
        assert answer.status_code == 200
        assert answer.json()[-1][way]["milestone_id"] == other
        assert first.title in answer.json()[-1][way]["title"]
        assert answer.json()[-1]["detail"] == {}
    page = fresh.browser("reader").get(f"/tasks/{first.id}")
    assert page.url.path == f"/tasks/{new.tasks[0].id}"  # led on to the present one
    assert f"<code>{old}</code>" in page.text
    restricted = {"level": "restricted", "units": [OWN]}
    path = f"{API}/documents/{fresh.open.document.id}/visibility"
    assert fresh.client("supervisor").put(path, json=restricted).status_code == 200
    assert reader.get(f"{API}/milestones/{old}/history").status_code == 404
    told = reader.get(f"{API}/milestones/{now}/history").json()
    assert [e["predecessor"] for e in told if e["predecessor"]] == []


def test_the_steps_that_somebody_may_take(fresh):
    path = f"{API}/milestones/{milestone(fresh)}/steps"

    def allowed(role):
        return {c["step"] for c in fresh.client(role).get(path).json() if c["allowed"]}

    # Its day has passed: a longer time takes a supervisor's leave first.
    assert allowed("own") == {"report", "submit"}
    assert allowed("other") == set()
    assert allowed("supervisor") == {"allow_late", "cancel"}
    for choice in fresh.client("own").get(path).json():
        answer = step(fresh, "own", choice["step"], text="x", reason="x", new_date="2099-01-01")
        assert (answer.status_code == 403) is ("own 是" in choice["reason"] and not choice["allowed"])  # fmt: skip


def test_an_event_starts_its_deadline(fresh):
    key = milestone(fresh, 2)
    path = f"{API}/milestones/{key}/events"
    body = {"occasion": "甲校", "on": "2026-01-31"}
    made = fresh.client("supervisor").post(path, json=body)
    assert (made.status_code, made.json()["due"]) == (200, "2026-04-30")
    future = fresh.client("supervisor").post(path, json=body | {"on": "2999-01-01"})
    assert future.status_code == 409
    other = fresh.client("supervisor").post(f"{API}/milestones/{milestone(fresh)}/events", json=body)  # fmt: skip
    assert other.status_code == 409


def test_evidence_sent_before_and_named_in_a_step(fresh):
    data = bytes(range(256)) * 40
    sent = fresh.client("own").post(f"{API}/evidence", files={"file": ("../照片.jpg", data)})
    assert (sent.status_code, sent.json()["name"], sent.json()["size"]) == (201, "照片.jpg", len(data))  # fmt: skip
    key = sent.json()["sha256"]
    path = f"{API}/evidence/{key}"
    assert fresh.client("own").get(path).status_code == 404  # no step names it yet
    done = step(
        fresh, "own", "report", text="附照片", evidence=[{"name": "照片.jpg", "sha256": key}]
    )
    assert done.status_code == 200, done.text
    got = fresh.client("reader").get(path)
    assert got.content == data
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert "filename*=UTF-8''%E7%85%A7%E7%89%87.jpg" in got.headers["Content-Disposition"]
    assert not list((fresh.settings.home / "uploads").glob("*"))


def test_small_evidence_in_the_step_itself(fresh):
    printed = base64.b64encode(b"%PDF-1.7 small").decode()
    done = step(
        fresh, "own", "report", text="见附件", evidence=[{"name": "a.pdf", "base64": printed}]
    )
    assert done.status_code == 200, done.text
    entries = fresh.client("own").get(f"{API}/milestones/{milestone(fresh)}/history").json()
    [piece] = entries[-1]["detail"]["evidence"]
    assert fresh.client("own").get(f"{API}/evidence/{piece['sha256']}").content == b"%PDF-1.7 small"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"evidence": [{"name": "a.pdf", "base64": "***"}]}, 422),
        ({"evidence": [{"name": "a.pdf"}]}, 422),
        ({"evidence": [{"name": "a.pdf", "sha256": "0" * 64}]}, 404),
        ({"evidence": [{"name": "..", "sha256": "0" * 64}]}, 422),
        ({"values": {"target-0": "1"}}, 404),
        ({"values": {"target-0": "NaN"}}, 422),
        ({"values": {"target-0": "1e400"}}, 422),
        ({"percent": 101}, 422),
        ({"text": "a\x00b"}, 422),
        ({"text": "x" * 5001}, 422),
        ({"on": "2999-01-01"}, 409),
        ({"on": "1900-01-01"}, 409),
        ({"occurrence": "2026-06-30"}, 404),
        ({"actor": "admin"}, 422),
    ],
)
def test_steps_that_cannot_be(world, fields, status):
    answer = step(world, "own", "report", text=fields.pop("text", "x"), **fields)
    assert answer.status_code == status, answer.text


def test_an_officer_of_another_unit_may_not(world):
    answer = step(world, "other", "report", text="x")
    assert (answer.status_code, answer.json()["code"]) == (403, "denied")
    assert OWN in answer.json()["detail"]
