"""The tracker on real stores: steps, occurrences, events, evidence, many at once."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlalchemy import text

from kb.errors import DeniedError, DubanError, NotFoundError, TransitionError
from kb.workdays import Arrangement
from tasks import audit
from tasks.authorisation import CONSOLE, PersonRole
from tasks.corrections import Aspect, Draft, Operation
from tasks.due import State
from tasks.fields import FieldError
from tasks.lifecycle import Command, Evidence, Life, Status, Step
from tasks.listed import list_standings
from tasks.models import Counting, Deadline, DueKind
from tasks.people import People, Person
from tasks.replay import replay
from tasks.store import Store
from tasks.tracker import Tracker
from tests.tasks.samples import (
    DANGERS,
    DRILLS,
    NOW,
    OFFICER,
    PLAN,
    SUPERVISOR,
    TODAY,
    WORDS,
    add,
    milestone_of,
    milestones,
    officer,
    plan,
    take,
    tasks_of,
)  # fmt: skip


def entries(store) -> list[audit.Entry]:
    with store.reading() as connection:
        return list(audit.read(connection))


def standing(store, title, as_of=TODAY):
    return list_standings(store, as_of, milestones(ids=(milestone_of(store, title),)))


def test_a_milestone_goes_through_its_life(store):
    [late] = standing(store, "整治隐患")
    assert late.state is State.OVERDUE
    with pytest.raises(TransitionError):
        take(store, Step.SUBMIT)
    assert take(store, Step.ACCEPT).status is Status.ACCEPTED
    take(store, Step.REPORT, percent=60)
    take(store, Step.SUBMIT)
    with pytest.raises(DeniedError):
        take(store, Step.APPROVE, actor=OFFICER)
    assert take(store, Step.APPROVE).status is Status.COMPLETED
    assert take(store, Step.CLOSE).status is Status.CLOSED
    tracker = Tracker(store)
    assert tracker.replay() == tracker.lives()
    assert tracker.life(late.milestone_id).percent == 60
    [item] = standing(store, "整治隐患")
    assert item.state is State.FINISHED
    [item] = standing(store, "整治隐患", TODAY - timedelta(days=1))
    assert item.state is State.OVERDUE, "on the day before, nothing had been reported"
    assert item.life.steps == 0


def test_a_step_and_its_entry_are_one(store):
    before = len(entries(store))
    take(store, Step.ACCEPT, reason=" 收到 ")
    [entry] = entries(store)[before:]
    key = milestone_of(store, "整治隐患")
    assert (entry.actor, entry.action, entry.subject, entry.reason) == ("li", audit.STEPPED, key, "收到")  # fmt: skip
    assert entry.before["status"] == "assigned"
    assert entry.after["status"] == "accepted"
    assert Command.model_validate(entry.detail).due == date(2025, 12, 31)
    with pytest.raises(TransitionError):
        take(store, Step.ACCEPT)
    assert len(entries(store)) == before + 1, "what is refused leaves no trace"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"actor": officer("区教委")}, DeniedError),
        ({"values": {"target-none": Decimal(1)}}, NotFoundError),
        ({"evidence": (Evidence(name="a.pdf", sha256="0" * 64, size=1),)}, NotFoundError),
        ({"text": "半个字符\udcff"}, FieldError),
        ({"text": "断\x00开"}, FieldError),
        ({"on": TODAY + timedelta(days=2)}, TransitionError),  # has come nowhere yet
        ({"percent": 101}, TransitionError),
        ({"occurrence": "2025"}, NotFoundError),
    ],
)
def test_reports_that_are_refused(store, fields, error):
    take(store, Step.ACCEPT)
    before = entries(store)
    with pytest.raises(error):
        take(store, Step.REPORT, **fields)
    assert entries(store) == before
    assert take(store, Step.REPORT).reports == 1


def test_values_are_judged_as_decimals(store):
    target = tasks_of(store)["整治隐患"].targets[0]
    take(store, Step.ACCEPT)
    life = take(store, Step.REPORT, values={target.id: Decimal("19.90")})
    assert str(Tracker(store).life(life.milestone_id).values[target.id]) == "19.90"


def test_unknown_and_doubtful_ids_are_told(store):
    tracker = Tracker(store)
    whole = milestone_of(store, "整治隐患")
    assert tracker.resolve(whole) == whole
    assert tracker.resolve(whole[:16]) == whole
    for key in ("", "milestone-", "milestone-zzz", "%"):
        with pytest.raises(NotFoundError):
            tracker.resolve(key)


# The moment is one; the day differs with the zone of whoever acts. The log keeps UTC.
@pytest.mark.parametrize(
    ("at", "stamp"),
    [
        (datetime(2026, 1, 3, 7, 30, tzinfo=timezone(timedelta(hours=8))), "2026-01-02T23:30:00.000000+00:00"),
        (datetime(2026, 1, 2, 23, 30, tzinfo=UTC), "2026-01-02T23:30:00.000000+00:00"),
        (datetime(2026, 1, 3, 13, 0, tzinfo=timezone(timedelta(hours=14))), "2026-01-02T23:00:00.000000+00:00"),
    ],
)  # fmt: skip
def test_the_day_is_local_and_the_stamp_utc(store, at, stamp):
    command = Command(step=Step.ACCEPT, milestone_id=milestone_of(store, "整治隐患"), on=at.date())
    life = Tracker(store).perform(OFFICER, command, at)
    assert life.since == at.date()
    assert entries(store)[-1].at == stamp


# ---- extensions


def test_an_extension_moves_what_is_overdue(store):
    on = date(2025, 12, 30)
    take(store, Step.ACCEPT, on=on)
    take(store, Step.REQUEST_EXTENSION, on=on, new_date=date(2026, 3, 31))
    [item] = standing(store, "整治隐患", date(2026, 1, 1))
    assert (item.state, item.due) == (State.OVERDUE, date(2025, 12, 31)), "asking is not getting"
    take(store, Step.APPROVE_EXTENSION, on=date(2026, 1, 1))
    for as_of, state in (("2026-03-31", State.DUE_SOON), ("2026-04-01", State.OVERDUE)):
        [item] = standing(store, "整治隐患", date.fromisoformat(as_of))
        assert (item.state, item.due, item.printed) == (state, date(2026, 3, 31), date(2025, 12, 31))  # fmt: skip


def test_a_late_request_needs_leave(store):
    take(store, Step.ACCEPT)
    asked = {"new_date": date(2026, 3, 31)}
    with pytest.raises(TransitionError, match="已过"):
        take(store, Step.REQUEST_EXTENSION, **asked)
    take(store, Step.ALLOW_LATE)
    assert take(store, Step.REQUEST_EXTENSION, **asked).asked == date(2026, 3, 31)


# ---- occurrences


def test_each_occurrence_of_a_recurring_one_has_its_own_life(store):
    first = take(store, Step.ACCEPT, "开展演练")
    assert first.occurrence == "2025-06-30", "the last before today, while it is open"
    take(store, Step.SUBMIT, "开展演练")
    take(store, Step.APPROVE, "开展演练")
    assert take(store, Step.ACCEPT, "开展演练").occurrence == "2026-06-30", "then the next"
    assert take(store, Step.ACCEPT, "开展演练", occurrence="2024-06-30").occurrence == "2024-06-30"
    with pytest.raises(NotFoundError, match="2026-06-30"):
        take(store, Step.ACCEPT, "开展演练", occurrence="2025-07-01")
    shown = {i.occurrence: (i.state, i.missed) for i in standing(store, "开展演练")}
    assert shown == {
        "2024-06-30": (State.OVERDUE, 0),
        "2025-06-30": (State.FINISHED, 0),
        "2026-06-30": (State.LATER, 0),
    }
    tracker = Tracker(store)
    assert tracker.replay() == tracker.lives()


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("2024-12-06", "2024-09-20", "2025-02-20"),
        ("2023-01-01", "2024-01-20", "2024-06-20"),
        ("2030-01-01", "2026-07-20", "2026-12-20"),
        ("十二月", "2026-07-20", "2026-12-20"),  # no day: the last ones
    ],
)
def test_the_occurrences_nearest_to_one_that_there_is_not_are_told(store_url, wanted, first, last):
    with Store.open(store_url) as store:
        add(store, plan("报送情况。每月20日前报送巡查情况。（责任单位：区水利局、区应急局）"))
        with pytest.raises(NotFoundError) as told:
            take(store, Step.ACCEPT, "报送情况", occurrence=wanted)
    days = told.value.message.partition("有: ")[2].partition(" / ")[0].split("、")
    assert (len(days), days[0], days[-1]) == (6, first, last)


def test_when_all_is_done_there_is_no_open_occurrence(store):
    for day in ("2025-06-30", "2026-06-30"):
        take(store, Step.CANCEL, "开展演练", occurrence=day)
    with pytest.raises(NotFoundError, match="没有未办结"):
        take(store, Step.ACCEPT, "开展演练")


def record(store, label, day, title="移交校舍", at=NOW, actor=OFFICER):
    key = milestone_of(store, title)
    return Tracker(store).record_event(actor, key, label, date.fromisoformat(day), at)


def test_each_event_starts_its_own_time(store):
    [waits] = standing(store, "移交校舍")
    assert waits.state is State.WAITING
    with pytest.raises(TransitionError, match="先记录事件"):
        take(store, Step.ACCEPT, "移交校舍")
    assert record(store, "一小", "2025-11-30").due == date(2026, 2, 28)
    assert take(store, Step.ACCEPT, "移交校舍").occurrence == "一小", "there is only the one"
    assert record(store, " 二小 ", "2025-09-30").label == "二小"
    with pytest.raises(NotFoundError, match="一小"):
        take(store, Step.REPORT, "移交校舍")
    take(store, Step.ACCEPT, "移交校舍", occurrence="二小")
    shown = {i.occurrence: (i.due.isoformat(), i.status) for i in standing(store, "移交校舍")}
    assert shown == {
        "二小": ("2025-12-30", Status.ACCEPTED),
        "一小": ("2026-02-28", Status.ACCEPTED),
    }


def test_an_event_of_another_day_moves_what_is_due(store):
    record(store, "一小", "2025-09-30")
    take(store, Step.ACCEPT, "移交校舍", on=date(2025, 12, 1))
    new = {"new_date": date(2026, 1, 31), "on": date(2025, 12, 1)}
    take(store, Step.REQUEST_EXTENSION, "移交校舍", **new)
    take(store, Step.APPROVE_EXTENSION, "移交校舍")
    before = len(entries(store))
    record(store, "一小", "2025-10-15")
    [item] = standing(store, "移交校舍")
    assert (item.printed, item.due) == (date(2026, 1, 15), date(2026, 1, 31))
    record(store, "一小", "2025-11-30")
    [item] = standing(store, "移交校舍")
    assert item.due == date(2026, 2, 28), "the event's day is later than the extension"
    assert item.status is Status.EXTENDED
    record(store, "一小", "2025-11-30")
    assert [(e.before, e.after) for e in entries(store)[before:]] == [
        ({"happened_on": "2025-09-30", "due": "2025-12-30"}, {"happened_on": "2025-10-15", "due": "2026-01-15"}),
        ({"happened_on": "2025-10-15", "due": "2026-01-15"}, {"happened_on": "2025-11-30", "due": "2026-02-28"}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"title": "整治隐患"}, TransitionError),
        ({"label": "  "}, TransitionError),
        ({"label": "长" * 121}, FieldError),
        ({"day": "2026-02-01"}, TransitionError),
        ({"actor": officer("区教委")}, DeniedError),
    ],
)
def test_events_that_are_refused(store, fields, error):
    before = entries(store)
    with pytest.raises(error):
        record(store, **({"label": "一小", "day": "2025-11-30"} | fields))
    assert entries(store) == before


# ---- evidence


def test_evidence_is_kept_once_and_checked(store):
    tracker = Tracker(store)
    [a, b] = tracker.keep_evidence([("照片.jpg", b"jpeg"), ("同一张.jpg", b"jpeg")])
    assert a.sha256 == b.sha256
    take(store, Step.ACCEPT)
    take(store, Step.REPORT, evidence=(a,))
    assert tracker.evidence(a.sha256) == b"jpeg"
    assert tracker.history(milestone_of(store, "整治隐患"))[-1].detail["evidence"][0]["name"] == "照片.jpg"  # fmt: skip
    with store.writing() as connection:
        connection.execute(text("UPDATE evidence SET data = :data"), {"data": b"other"})
    with pytest.raises(DubanError, match="被改动过"):
        tracker.evidence(a.sha256)
    with pytest.raises(NotFoundError):
        tracker.evidence("0" * 64)


# ---- many at once


def many(store):
    key = milestone_of(store, "整治隐患")
    other = milestone_of(store, "加强宣传")
    make = {"on": TODAY}
    return [
        Command(step=Step.ACCEPT, milestone_id=key, **make),
        Command(step=Step.SUBMIT, milestone_id=other, text="完", **make),  # not accepted yet
        Command(step=Step.REPORT, milestone_id=key, text="三成", percent=30, **make),
    ]


def test_of_many_each_that_can_be_is_taken(store):
    outcomes = Tracker(store).perform_all(OFFICER, many(store), NOW, whole=False)
    assert [(o.life is not None, bool(o.refused)) for o in outcomes] == [
        (True, False), (False, True), (True, False)
    ]  # fmt: skip
    assert Tracker(store).life(milestone_of(store, "整治隐患")).percent == 30
    assert Tracker(store).replay() == Tracker(store).lives()


def test_or_none_of_them(store):
    before = entries(store)
    outcomes = Tracker(store).perform_all(OFFICER, many(store), NOW, whole=True)
    assert [(o.life, bool(o.refused)) for o in outcomes] == [(None, False), (None, True), (None, False)]  # fmt: skip
    assert Tracker(store).lives() == {}
    assert entries(store) == before
    del (commands := many(store))[1]
    assert all(o.life for o in Tracker(store).perform_all(OFFICER, commands, NOW, whole=True))


# ---- from one version of the document to the next


def test_progress_goes_over_to_a_moved_but_unchanged_clause(store):
    take(store, Step.ACCEPT)
    take(store, Step.ACCEPT, "开展演练")
    record(store, "一小", "2025-11-30")
    former = milestone_of(store, "整治隐患")
    schools = "移交校舍。自竣工验收合格起3个月内移交区教委。（责任单位：区住房城乡建委）"
    add(store, plan(WORDS, DRILLS, schools, DANGERS))
    now = milestone_of(store, "整治隐患")
    tracker = Tracker(store)
    assert now != former
    assert tracker.life(now).status is Status.ACCEPTED
    assert tracker.life(former) == Life(milestone_id=former)
    assert tracker.life(milestone_of(store, "开展演练"), "2025-06-30").status is Status.ACCEPTED
    assert [i.occurrence for i in standing(store, "移交校舍")] == ["一小"]
    assert tracker.replay() == tracker.lives()
    take(store, Step.REPORT)
    assert [e.detail["step"] for e in tracker.history(now)] == ["accept", "report"]
    with pytest.raises(NotFoundError, match="已被取代"):
        tracker.row(former)


def test_a_changed_date_begins_anew_and_comes_back_as_it_was(store):
    take(store, Step.ACCEPT)
    take(store, Step.ACCEPT, "加强宣传")
    changed = plan(DANGERS.replace("到2025年", "到2026年"), DRILLS, WORDS)
    newer = add(store, changed).document_id
    tracker = Tracker(store)
    assert tracker.life(milestone_of(store, "整治隐患")).steps == 0
    assert tracker.life(milestone_of(store, "加强宣传")).steps == 1
    add(store, replaces=newer)
    assert tracker.life(milestone_of(store, "整治隐患")).steps == 1
    assert tracker.life(milestone_of(store, "加强宣传")).steps == 1
    assert tracker.replay() == tracker.lives()


def test_a_date_that_was_corrected_is_the_one_that_steps_go_by(store):
    task = tasks_of(store)["整治隐患"]
    later = Deadline(kind=DueKind.BY, date=date(2026, 6, 30))
    draft = Draft(
        task_id=task.id, aspect=Aspect.DATE, operation=Operation.CHANGE,
        fact_id=task.milestones[0].id, deadline=later, reason="文件勘误",
    )  # fmt: skip
    Tracker(store).correct(SUPERVISOR, draft, NOW)
    [item] = standing(store, "整治隐患")
    assert (item.state, item.due) == (State.LATER, date(2026, 6, 30))
    take(store, Step.ACCEPT)
    assert take(store, Step.REQUEST_EXTENSION, new_date=date(2026, 7, 1)).asked == date(2026, 7, 1)


def test_the_console_may_not_report_for_a_unit(store):
    with pytest.raises(DeniedError, match="单位经办人"):
        take(store, Step.ACCEPT, actor=CONSOLE)


REVIEWS = "审核申请。收到申请之日起5个工作日内完成审核。（责任单位：区水利局）"


@pytest.fixture
def reviews(store_url):
    with Store.open(store_url) as opened:
        add(opened, plan(REVIEWS))
        yield opened


LATER = datetime(2027, 3, 1, 3, 4, tzinfo=UTC)


def test_five_working_days_after_an_event(reviews):
    found = record(reviews, "甲户", "2026-11-27", "审核申请", at=LATER)
    assert (found.due, found.counting) == (date(2026, 12, 4), Counting.WORKING_DAYS)
    assert found.arrangements == (Arrangement(year=2026, published=True),)
    [item] = list_standings(reviews, date(2026, 12, 5))
    assert (item.due, item.state, item.counting) == (found.due, State.OVERDUE, found.counting)
    assert item.arrangements == found.arrangements
    [entry] = entries(reviews)[-1:]
    assert entry.after == {"happened_on": "2026-11-27", "due": "2026-12-04"}


def test_the_day_follows_the_deadline_as_it_reads_now(reviews):
    """It is computed, not kept: a correction of the duration moves what an event started before."""
    record(reviews, "甲户", "2026-11-27", "审核申请", at=LATER)
    task, key = tasks_of(reviews)["审核申请"], milestone_of(reviews, "审核申请")
    for duration, counting, due in (
        ("P10D", Counting.WORKING_DAYS, "2026-12-11"),
        ("P10D", Counting.DAYS, "2026-12-07"),
    ):
        deadline = Deadline(
            kind=DueKind.RELATIVE, event="收到申请", duration=duration, counting=counting
        )
        draft = Draft(
            task_id=task.id, aspect=Aspect.DATE, operation=Operation.CHANGE, fact_id=key,
            deadline=deadline, reason="误读",
        )  # fmt: skip
        Tracker(reviews).correct(SUPERVISOR, draft, LATER)
        [item] = list_standings(reviews, date(2026, 12, 1))
        assert (str(item.due), item.counting) == (due, counting)
        assert bool(item.arrangements) is (counting is Counting.WORKING_DAYS)
    take(reviews, Step.ACCEPT, "审核申请", on=date(2026, 1, 1))  # its occasion is still known


def test_what_is_due_before_its_event_takes_a_planned_day(reviews):
    task, key = tasks_of(reviews)["审核申请"], milestone_of(reviews, "审核申请")
    for ahead in (False, True):
        deadline = Deadline(kind=DueKind.RELATIVE, event="停水", duration="P3D", ahead=ahead)
        draft = Draft(
            task_id=task.id, aspect=Aspect.DATE, operation=Operation.CHANGE, fact_id=key,
            deadline=deadline, reason="误读",
        )  # fmt: skip
        Tracker(reviews).correct(SUPERVISOR, draft, LATER)
        if not ahead:
            with pytest.raises(TransitionError):
                record(reviews, "甲", "2027-03-20", "审核申请", at=LATER)
    assert record(reviews, "甲", "2027-03-20", "审核申请", at=LATER).due == date(2027, 3, 17)
    [item] = list_standings(reviews, date(2027, 3, 18))
    assert (item.due, item.state) == (date(2027, 3, 17), State.OVERDUE)


AHEAD = NOW + timedelta(days=400)


def test_a_step_under_a_clock_that_was_ahead_blocks_nothing(store_url):
    """It stays in the log as it is, the next one goes through, and lists as of a day are right."""
    with Store.open(store_url) as store:
        add(store)
        tracker, key = Tracker(store), milestone_of(store, "整治隐患")

        def step(name, on, at, actor=OFFICER):
            return tracker.perform(
                actor, Command(step=name, milestone_id=key, on=on, text="做了"), at
            )

        def status(day, **more):
            return next(
                i.status for i in list_standings(store, day, **more) if i.milestone_id == key
            )

        day = timedelta(days=1)
        step(Step.ACCEPT, TODAY, NOW)
        wrong = step(Step.REPORT, AHEAD.date(), AHEAD)
        # As long as nothing else is in the log, only who has a clock knows better.
        assert status(TODAY) is Status.ACCEPTED
        assert status(TODAY, today=TODAY) is Status.IN_PROGRESS
        # Anything that is written under a sound clock tells when it really was.
        People(store).add(CONSOLE, Person(login="x", name="x", role=PersonRole.READER), NOW + day)
        assert status(TODAY) is Status.ACCEPTED
        assert status(TODAY + day) is Status.IN_PROGRESS
        sent = step(Step.SUBMIT, TODAY + 2 * day, NOW + 2 * day)
        assert (sent.status, sent.updated_on) == (Status.REPORTED, TODAY + 2 * day)
        seen = {n: status(TODAY + n * day) for n in (0, 1, 2, 3, 500)}
        assert seen == {
            0: Status.ACCEPTED, 1: Status.IN_PROGRESS, 2: Status.REPORTED, 3: Status.REPORTED,
            500: Status.REPORTED,
        }  # fmt: skip
        kept = [e for e in tracker.history(key) if e.action == audit.STEPPED]
        assert [e.detail["on"] for e in kept] == [
            str(TODAY),
            str(AHEAD.date()),
            str(TODAY + 2 * day),
        ]
        assert tracker.replay() == tracker.lives()
        with store.reading() as connection:
            entries = list(audit.read(connection))
            assert audit.verify_chain(connection).faults == ()
        for n in (0, 1, 2, 500):
            then = replay(entries, until=TODAY + n * day)
            assert then[key, ""].status is status(TODAY + n * day)
        assert wrong.updated_on == AHEAD.date()
        # A day that has come and lies before the last step's is a slip, as ever.
        with pytest.raises(TransitionError, match="早于上一步"):
            step(Step.APPROVE, TODAY, NOW + 2 * day, CONSOLE)
        assert (
            step(Step.APPROVE, TODAY + 2 * day, NOW + 2 * day, CONSOLE).status is Status.COMPLETED
        )


def test_what_was_submitted_under_a_clock_that_was_ahead_waits_for_review(store_url):
    with Store.open(store_url) as store:
        add(store, PLAN.replace("到2025年", "到2026年"))
        tracker, key = Tracker(store), milestone_of(store, "整治隐患")
        for name, on, at in ((Step.ACCEPT, TODAY, NOW), (Step.SUBMIT, AHEAD.date(), AHEAD)):
            tracker.perform(OFFICER, Command(step=name, milestone_id=key, on=on, text="做了"), at)
        [item] = [i for i in list_standings(store, TODAY, today=TODAY) if i.milestone_id == key]
        assert item.state is State.REVIEW
