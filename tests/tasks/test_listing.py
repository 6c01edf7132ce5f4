"""Lists as of any day, by every filter, of current documents only."""

from datetime import UTC, date, timedelta

import pytest

from kb.errors import NotFoundError
from kb.language.roles import Role
from tasks import schema
from tasks.corrections import Aspect, Draft, Operation
from tasks.due import State, due_items
from tasks.lifecycle import Status, Step
from tasks.listed import list_standings
from tasks.listing import lives_on, plan_titles, read_rows
from tasks.query import DayWindow
from tasks.store import Store
from tasks.tracker import Tracker
from tests.tasks.samples import (
    DANGERS,
    DRILLS,
    NOW,
    SUPERVISOR,
    TODAY,
    WORDS,
    add,
    milestone_of,
    milestones,
    plan,
    read,
    take,
    tasks_of,
    unit_of,
)


def titles(store, wanted=None, as_of=TODAY):
    return [i.title for i in list_standings(store, as_of, wanted)]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (milestones(), ["开展演练", "整治隐患", "开展演练", "加强宣传", "移交校舍"]),
        (milestones(unit=unit_of("区水利局")), ["整治隐患"]),
        (milestones(unit="区县/water"), ["整治隐患"]),  # by its id
        (milestones(unit=unit_of("区应急局")), ["开展演练", "整治隐患", "开展演练"]),
        (milestones(unit=unit_of("区应急局"), roles=(Role.LEAD,)), ["开展演练", "开展演练"]),
        (milestones(unit=unit_of("区应急局"), roles=(Role.JOINT,)), []),
        (milestones(unit=unit_of("区应急局"), roles=(Role.LEAD, Role.RESPONSIBLE)), ["开展演练", "整治隐患", "开展演练"]),
        (milestones(roles=(Role.JOINT,)), ["开展演练", "开展演练"]),
        (milestones(unit=unit_of("各镇乡街道")), ["加强宣传"]),
        (milestones(unit="没有的局"), []),
        (milestones(plans=("plan-none",)), []),
        (milestones(documents=("doc-none",)), []),
        (milestones(due=DayWindow(end=date(2025, 12, 31))), ["开展演练", "整治隐患"]),
        (milestones(due=DayWindow(end=date(2025, 12, 30))), ["开展演练"]),
        (milestones(due=DayWindow(start=date(2025, 12, 31))), ["整治隐患", "开展演练", "加强宣传"]),
    ],
)  # fmt: skip
def test_filters(store, wanted, found):
    assert titles(store, wanted) == found


def test_filters_by_plan_document_and_id(store):
    [document] = store.documents()
    with store.reading() as connection:
        [(plan_id, title)] = plan_titles(connection).items()
    assert title == "某区防汛工作方案"
    assert len(titles(store, milestones(plans=(plan_id,)))) == 5
    assert len(titles(store, milestones(documents=(document.document.id,)))) == 5
    key = milestone_of(store, "加强宣传")
    assert titles(
        store,
        milestones(
            ids=(
                key,
                "milestone-none",
            )
        ),
    ) == ["加强宣传"]


def test_the_store_lists_what_the_documents_say(store):
    for as_of in (date(2024, 6, 30), TODAY, date(2027, 1, 1)):
        listed = [i for i in list_standings(store, as_of) if i.due is not None]
        plain = due_items([read()[0]], as_of)
        same = {"milestone_id", "occurrence", "due", "state", "units", "missed", "certainty"}
        assert [i.model_dump(include=same) for i in listed] == [i.model_dump(include=same) for i in plain]  # fmt: skip


def test_units_stand_once_for_each_role(store):
    [item, *_] = list_standings(store, TODAY, milestones(unit=unit_of("区教委")))
    assert [(u.unit, u.role) for u in item.units] == [("区应急局", "lead"), ("区教委", "joint")]


def test_when_it_was_recorded_is_utc(store):
    with store.reading() as connection:
        assert {r.recorded_at for r in read_rows(connection, [schema.CURRENT, schema.TRACKED])} == {
            NOW
        }
    [item, *_] = list_standings(store, TODAY)
    assert item.recorded_at.tzinfo is UTC
    assert store.documents()[0].recorded_at.tzinfo is UTC


def test_superseded_documents_are_never_listed(store):
    former = milestone_of(store, "整治隐患")
    [old] = store.documents()
    take(store, Step.ACCEPT)
    add(store, plan(DRILLS, WORDS))
    assert titles(store) == ["开展演练", "开展演练", "加强宣传"]
    assert titles(store, milestones(documents=(old.document.id,))) == []
    assert titles(store, milestones(ids=(former,))) == []
    assert titles(store, milestones(unit=unit_of("区水利局"))) == []
    with pytest.raises(NotFoundError):
        Tracker(store).row(former)
    add(store, plan(DRILLS, WORDS, DANGERS), refresh=True)
    add(store)
    assert titles(store, milestones(unit=unit_of("区水利局"))) == ["整治隐患"]


HISTORY = [
    ("2025-10-01", Step.ACCEPT, Status.ACCEPTED, State.LATER),
    ("2025-11-01", Step.REPORT, Status.IN_PROGRESS, State.LATER),
    ("2025-12-20", Step.SUBMIT, Status.REPORTED, State.REVIEW),
    ("2026-01-01", Step.RETURN, Status.RETURNED, State.OVERDUE),
    ("2026-01-02", Step.SUBMIT, Status.REPORTED, State.OVERDUE),
    ("2026-01-02", Step.APPROVE, Status.COMPLETED, State.FINISHED),
]


def test_a_past_day_is_as_it_was(store):
    for on, step, *_ in HISTORY:
        take(store, step, on=date.fromisoformat(on))
    key = milestone_of(store, "整治隐患")
    one = milestones(ids=(key,))
    expected = {date.fromisoformat(on): (status, state) for on, _, status, state in HISTORY}
    day = date(2025, 9, 30)
    now = (Status.ASSIGNED, State.LATER)
    while day <= TODAY:
        now = expected.get(day, now)
        [item] = list_standings(store, day, one)
        assert item.status is now[0], day
        assert (lives_on(store, day).get((key, "")) or item.life) == item.life
        if day in expected:
            assert item.state is now[1], day
        day += timedelta(days=1)


def test_a_past_day_under_the_ids_of_today(store):
    take(store, Step.ACCEPT, on=date(2025, 10, 1))
    take(store, Step.REPORT, on=date(2025, 11, 1))
    add(store, plan(WORDS, DANGERS))
    one = milestones(ids=(milestone_of(store, "整治隐患"),))
    for as_of, status in (("2025-09-30", "assigned"), ("2025-10-01", "accepted"), ("2025-11-01", "in_progress")):  # fmt: skip
        [item] = list_standings(store, date.fromisoformat(as_of), one)
        assert item.status == status


def test_days_ahead_that_count_as_near(store):
    one = milestones(ids=(milestone_of(store, "整治隐患"),))
    for days, state in ((31, State.LATER), (32, State.DUE_SOON)):
        [item] = list_standings(store, date(2025, 11, 30), one.model_copy(update={"near": days}))
        assert item.state is state


def test_a_withdrawn_or_added_owner_is_listed_at_once(store):
    task = tasks_of(store)["加强宣传"]
    draft = Draft(
        task_id=task.id, aspect=Aspect.OWNER, operation=Operation.ADD, unit="区教委",
        role=Role.LEAD, reason="会议纪要",
    )  # fmt: skip
    made = Tracker(store).correct(SUPERVISOR, draft, NOW)
    lead = milestones(unit=unit_of("区教委"), roles=(Role.LEAD,))
    assert titles(store, lead) == ["加强宣传"]
    Tracker(store).withdraw(SUPERVISOR, made.id, "纪要有误", NOW)
    assert titles(store, lead) == []


def test_two_documents_stand_side_by_side(store_url):
    with Store.open(store_url) as store:
        for name in ("a.txt", "b.txt"):
            words = plan(DANGERS).replace("某区", "甲区" if name == "a.txt" else "乙区")
            extraction, data = read(words, name)
            store.add(extraction, data, recorded_at=NOW)
        assert titles(store) == ["整治隐患", "整治隐患"]
        assert len({i.document_id for i in list_standings(store, TODAY)}) == 2
