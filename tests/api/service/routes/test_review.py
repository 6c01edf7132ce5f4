"""Corrections by HTTP: made, listed, withdrawn; rules of recurrence that would run for ever."""

import pytest

from tests.api.service.contracts.test_matrix import API


def correct(world, number=0, **body):
    path = f"{API}/tasks/{world.open.tasks[number].id}/corrections"
    return world.client("supervisor").post(path, json={"reason": "原文如此"} | body)


def test_a_correction_holds_at_once_and_can_be_taken_back(world):
    body = {"aspect": "owner", "operation": "add", "unit": "区教委", "role": "joint"}
    made = correct(world, **body)
    assert made.status_code == 201, made.text
    task = f"{API}/tasks/{world.open.tasks[0].id}"

    def units():
        owners = world.client("public").get(task).json()["task"]["responsibilities"]
        return {o["unit"] for o in owners}

    assert "区教委" in units()
    listed = world.client("reader").get(f"{API}/corrections", params={"status": "active"}).json()
    assert made.json()["id"] in {c["id"] for c in listed["items"]}
    assert correct(world, **body).status_code == 409
    path = f"{API}/corrections/{made.json()['id']}"
    assert world.client("supervisor").post(f"{path}/withdraw", json={"reason": ""}).status_code == 422  # fmt: skip
    taken = world.client("supervisor").post(f"{path}/withdraw", json={"reason": "改错了"})
    assert taken.json()["status"] == "withdrawn"
    assert "区教委" not in units()
    again = world.client("supervisor").post(f"{path}/confirm", json={"reason": "x"})
    assert again.status_code == 409


def test_a_date_and_a_target(world):
    task = world.open.tasks[0]
    day = correct(
        world, aspect="date", operation="change", fact_id=task.milestones[0].id,
        deadline={"kind": "by", "date": "2026-06-30"},
    )  # fmt: skip
    assert day.status_code == 201, day.text
    found = world.client("public").get(f"{API}/tasks/{task.id}").json()["task"]
    assert found["milestones"][0]["due"]["date"] == "2026-06-30"
    value = correct(
        world, aspect="target", operation="change", fact_id=task.targets[0].id,
        values={"value": "25.50", "unit": "处"},
    )  # fmt: skip
    assert value.status_code == 201, value.text
    assert world.client("public").get(f"{API}/tasks/{task.id}").json()["task"]["targets"][0]["value"] == "25.50"  # fmt: skip


@pytest.mark.parametrize(
    "rule",
    ["FREQ=SECONDLY", "FREQ=MINUTELY;BYSECOND=1", "FREQ=DAILY;BYHOUR=24", "FREQ=YEARLY;FREQ=SECONDLY", "FREQ=NEVER", "",
     "x" * 150, "FREQ=YEARLY;BYMONTH=99", "FREQ=YEARLY;INTERVAL=0", "FREQ=DAILY;INTERVAL=-1", "FREQ=YEARLY;BYHOUR=" + ",".join(map(str, range(24)))],
)  # fmt: skip
def test_rules_without_end_are_refused(world, rule):
    answer = correct(
        world, aspect="date", operation="change", number=1,
        fact_id=world.open.tasks[1].milestones[0].id,
        deadline={"kind": "recurring", "rrule": rule},
    )  # fmt: skip
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    "body",
    [
        {"aspect": "date", "operation": "change"},
        {"aspect": "owner", "operation": "add", "unit": "a\x00"},
        {"aspect": "target", "operation": "change", "fact_id": "x", "values": {"value": "NaN"}},
        {"aspect": "target", "operation": "change", "fact_id": "x", "values": {"id": "y"}},
        {"aspect": "owner", "operation": "add", "unit": "x" * 201, "role": "lead"},
        {"aspect": "owner", "operation": "add", "unit": "区教委", "role": "lead", "actor": "admin"},
    ],
)
def test_corrections_that_cannot_be(world, body):
    assert correct(world, **body).status_code in (404, 409, 422)


def test_review_by_kind_and_document(world):
    client = world.client("reader")
    whole = client.get(f"{API}/review", params={"limit": 500}).json()
    kinds = {i["kind"] for i in whole["items"]}
    for kind in kinds:
        part = client.get(f"{API}/review", params={"kind": kind, "limit": 500}).json()
        assert {i["kind"] for i in part["items"]} == {kind}
    assert client.get(f"{API}/review", params={"document": "doc-0"}).json()["total"] == 0


def test_a_deadline_in_working_days_and_what_an_event_gives(world):
    task = world.open.tasks[2]
    key = task.milestones[0].id
    made = correct(
        world, 2, aspect="date", operation="change", fact_id=key,
        deadline={"kind": "relative", "event": "收到申请", "duration": "P5D", "counting": "working_days"},
    )  # fmt: skip
    assert made.status_code == 201, made.text
    assert made.json()["deadline"]["counting"] == "working_days"
    told = world.client("supervisor").post(
        f"{API}/milestones/{key}/events", json={"occasion": "甲户", "on": "2025-09-30"}
    )
    assert told.status_code == 200, told.text
    assert (told.json()["due"], told.json()["counting"]) == ("2025-10-14", "working_days")
    assert told.json()["arrangements"] == [{"year": 2025, "published": True}]
    bad = correct(
        world, 2, aspect="date", operation="change", fact_id=key,
        deadline={"kind": "relative", "event": "收到申请", "duration": "P1M", "counting": "working_days"},
    )  # fmt: skip
    assert bad.status_code == 422
    assert "工作日" in bad.text


def test_what_is_due_says_the_two_ends_of_its_days(world):
    asked = {"as_of": "2026-11-27", "within": 7}
    for path, more in (("due", {}), ("due/counts", {"by": "unit"}), ("milestones", {})):
        told = world.client("public").get(f"{API}/{path}", params=asked | more).json()
        assert told["window"] == {"start": "2026-11-27", "end": "2026-12-03"}
        assert isinstance(told["items"], list)
    assert world.client("public").get(f"{API}/due", params={"within": 0}).status_code == 422
