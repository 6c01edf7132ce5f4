"""Whatever people do, allowed or refused, the chain verifies and the state is a replay of the log."""

import tempfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from ingest.pipeline import decode_source
from kb.errors import DubanError
from kb.language.roles import Role
from tasks import audit, schema
from tasks.audit import Checkpoint
from tasks.authorisation import CONSOLE, PersonRole
from tasks.corrections import Aspect, Draft, Operation
from tasks.lifecycle import Command, Life, Status, Step
from tasks.listed import list_standings
from tasks.listing import lives_on, read_rows
from tasks.models import Deadline, DueKind
from tasks.people import People, Person
from tasks.replay import former_ids, replay
from tasks.store import Store
from tasks.tracker import Tracker
from tasks.verify import verify_store
from tests.stores import new_store
from tests.tasks.samples import (
    DANGERS,
    DRILLS,
    OFFICER,
    READER,
    SCHOOLS,
    SUPERVISOR,
    WORDS,
    officer,
    plan,
    read,
)

ZONE = ZoneInfo("Asia/Shanghai")
TEXTS = (
    plan(DANGERS, DRILLS, SCHOOLS, WORDS),
    plan(WORDS, DANGERS, SCHOOLS),  # moved, one gone
    plan(DANGERS.replace("20处", "30处"), DRILLS, SCHOOLS),  # one changed
    plan(WORDS, DANGERS, WORDS, DRILLS),  # one stands twice
)
ACTORS = (OFFICER, OFFICER, SUPERVISOR, SUPERVISOR, CONSOLE, READER, officer("区教委"))
read_once = lru_cache(read)


class Office(RuleBasedStateMachine):
    """People at work on one plan, day by day."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.tracker = Tracker(store)
        self.day = date(2025, 6, 1)
        self.done = self.refused = 0
        self.checkpoints: list[Checkpoint] = []
        self.seen: dict[date, dict[tuple[str, str], Life]] = {}

    @property
    def now(self) -> datetime:
        # Before eight in the morning: the day in UTC is still the one before.
        return datetime.combine(self.day, time(7), ZONE)

    def attempt(self, action, *arguments, **fields) -> bool:
        before = self.entries()
        try:
            action(*arguments, **fields)
        except DubanError as error:
            self.refused += 1
            message = error.message
        else:
            self.done += 1
            return True
        assert " / " in message
        assert self.entries() == before, "what is refused leaves no trace"
        return False

    def entries(self) -> list[audit.Entry]:
        with self.store.reading() as connection:
            return list(audit.read(connection))

    def rows(self):
        with self.store.reading() as connection:
            return read_rows(connection, [schema.CURRENT, schema.TRACKED])

    @initialize()
    def begin(self) -> None:
        self.ingest(0, refresh=False)

    @rule(
        number=st.integers(0, len(TEXTS) - 1), refresh=st.booleans(),
        missed=st.none() | st.tuples(st.integers(0, 2), st.booleans()),
    )  # fmt: skip
    def ingest(self, number: int, refresh: bool, missed: tuple[int, bool] | None = None) -> None:
        extraction, data = read_once(TEXTS[number])
        if missed is not None:  # by a reader that does not find a task, or its facts
            place, whole = missed
            tasks = list(extraction.tasks)
            bare = tasks[place].model_copy(update={"milestones": (), "targets": ()})
            tasks[place : place + 1] = [] if whole else [bare]
            extraction = extraction.model_copy(update={"tasks": tuple(tasks)})
        self.store.add(
            extraction, data, recorded_at=self.now, refresh=refresh, reader=f"reader {missed}"
        )
        self.seen.clear()  # duties may have other ids, and begin anew, from here on

    @rule(days=st.sampled_from([1, 1, 7, 30, 120]))
    def wait(self, days: int) -> None:
        self.seen[self.day] = self.listed(self.day)
        self.day += timedelta(days=days)

    @rule(
        data=st.data(), actor=st.sampled_from(ACTORS), step=st.sampled_from(list(Step)),
        percent=st.none() | st.integers(-5, 105), ahead=st.integers(-40, 400), back=st.sampled_from([0, 0, 0, 1, 40]),
        reason=st.sampled_from(["有因", "有因", ""]),
    )  # fmt: skip
    def step(self, data, actor, step, percent, ahead, back, reason) -> None:
        row = data.draw(st.sampled_from(self.rows()))
        occurrences = ["", "", *(o.label for o in row.occasions), "2025-06-30", "一九"]
        targets = [t.id for e in self.store.extractions() for t in e.tasks if t.id == row.task_id for t in t.targets]  # fmt: skip
        values = data.draw(st.dictionaries(st.sampled_from(["target-none", *targets]), st.sampled_from([Decimal("0.1"), Decimal(21)]), max_size=1))  # fmt: skip
        command = Command(
            step=step, milestone_id=row.id, occurrence=data.draw(st.sampled_from(occurrences)),
            on=self.day - timedelta(days=back), text="做了", reason=reason, percent=percent,
            values=values, new_date=self.day + timedelta(days=ahead),
        )  # fmt: skip
        if self.attempt(self.tracker.perform, actor, command, self.now):
            # What is entered later for a past day is listed on that day from then on.
            self.seen = {day: lives for day, lives in self.seen.items() if day < command.on}

    @rule(data=st.data(), step=st.sampled_from([Step.ACCEPT, Step.REPORT, Step.SUBMIT]))
    def step_by_a_clock_that_is_ahead(self, data, step) -> None:
        row = data.draw(st.sampled_from(self.rows()))
        ahead = timedelta(days=400)
        command = Command(step=step, milestone_id=row.id, on=self.day + ahead, text="做了")
        self.attempt(self.tracker.perform, OFFICER, command, self.now + ahead)

    @rule(data=st.data(), label=st.sampled_from(["一小", "二小"]), back=st.integers(0, 100))
    def event(self, data, label, back) -> None:
        row = data.draw(st.sampled_from(self.rows()))
        happened = self.day - timedelta(days=back)
        self.attempt(self.tracker.record_event, SUPERVISOR, row.id, label, happened, self.now)

    @rule(
        data=st.data(), actor=st.sampled_from([SUPERVISOR, SUPERVISOR, OFFICER]),
        aspect=st.sampled_from(list(Aspect)), operation=st.sampled_from(list(Operation)),
        unit=st.sampled_from(["区水利局", "区应急局", "区公安局"]), role=st.none() | st.sampled_from(list(Role)),
        days=st.integers(-100, 500),
    )  # fmt: skip
    def correct(self, data, actor, aspect, operation, unit, role, days) -> None:
        tasks = [t for e in self.store.extractions() for t in e.tasks]
        task = data.draw(st.sampled_from(tasks))
        facts = ["", *(m.id for m in task.milestones), *(t.id for t in task.targets)]
        draft = Draft(
            task_id=task.id, aspect=aspect, operation=operation, unit=unit, role=role,
            fact_id="" if operation is Operation.ADD else data.draw(st.sampled_from(facts)),
            new_role=data.draw(st.none() | st.sampled_from(list(Role))),
            deadline=Deadline(kind=DueKind.BY, date=self.day + timedelta(days=days)),
            values={"metric": "率", "comparator": ">=", "value": "9.50"}, reason="勘误",
        )  # fmt: skip
        self.attempt(self.tracker.correct, actor, draft, self.now)

    @rule(data=st.data(), confirm=st.booleans())
    def look_again(self, data, confirm) -> None:
        known = [c.id for c in self.tracker.corrections()]
        key = data.draw(st.sampled_from(["fix-none", *known]))
        action = self.tracker.confirm if confirm else self.tracker.withdraw
        self.attempt(action, SUPERVISOR, key, "看过", self.now)

    @rule(role=st.sampled_from(list(PersonRole)), add=st.booleans(), active=st.booleans())
    def people(self, role, add, active) -> None:
        person = Person(login="sun", name="孙", role=role, units=("区教委",), active=active)
        people = People(self.store)
        self.attempt(people.add if add else people.change, CONSOLE, person, self.now)

    @rule()
    def keep_a_checkpoint(self) -> None:
        with self.store.reading() as connection:
            found = audit.verify_chain(connection)
        self.checkpoints.append(Checkpoint(count=found.count, head=found.head))

    def listed(self, day: date) -> dict[tuple[str, str], Life]:
        items = list_standings(self.store, day)
        return {i.life.key: i.life for i in items if i.life.steps}

    @invariant()
    def the_chain_verifies(self) -> None:
        with self.store.reading() as connection:
            assert audit.verify_chain(connection, self.checkpoints).faults == ()

    @invariant()
    def the_state_is_a_replay_of_the_log(self) -> None:
        assert self.tracker.replay() == self.tracker.lives()

    @invariant()
    def past_days_are_as_they_were(self) -> None:
        for day, lives in self.seen.items():
            now = self.listed(day)
            then = replay(self.entries(), until=day)
            shown = {row.id for row in self.rows()}
            assert {k: v for k, v in lives.items() if k in now} == now, "as listed on that day"
            assert {k: v for k, v in then.items() if k in now} == now
            assert lives_on(self.store, day).items() <= then.items()
            assert {k[0] for k in now} <= shown

    @invariant()
    def facts_still_quote_their_source(self) -> None:
        for extraction in self.store.extractions():
            ids = [f.id for t in extraction.tasks for f in (*t.milestones, *t.targets)]
            assert len(ids) == len(set(ids))
            for task in extraction.tasks:
                for fact in (*task.responsibilities, *task.milestones, *task.targets):
                    assert fact.span.slice(extraction.document.text) == fact.quote

    def teardown(self) -> None:
        assert verify_store(self.store, decode_source).differences == ()


@pytest.mark.parametrize(("kind", "examples"), [("sqlite", 12), ("postgresql", 4)])
def test_any_sequence_of_work(kind, examples, request):
    tally = [0, 0]

    class Here(Office):
        def __init__(self) -> None:
            self.server = self.folder = None
            if kind == "sqlite":
                self.folder = tempfile.TemporaryDirectory()
                self.url = new_store(Path(self.folder.name))
            else:
                self.server = request.getfixturevalue("postgres")
                self.url = self.server.new_database()
            super().__init__(Store.open(self.url))

        def teardown(self) -> None:
            super().teardown()
            tally[0] += self.done
            tally[1] += self.refused
            self.store.close()
            if self.server:
                self.server.drop(self.url)
            else:
                self.folder.cleanup()

    # No deadline: the machine may be busy. Too slow is no fault of the data either.
    profile = settings(
        max_examples=examples, stateful_step_count=25, deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )  # fmt: skip
    run_machine(Here, settings=profile)
    if kind == "sqlite":  # the few examples of the other may all be refused
        assert min(tally) > 0, "both allowed and refused commands were tried"


def carried(seq: int, milestones: dict[str, str]) -> audit.Entry:
    detail = {"milestones": milestones, "targets": {}}
    return audit.Entry(
        seq=seq, at="", actor="", action=audit.CARRIED, subject="d", detail=detail,
        before=None, after=None, reason="", previous="", hash="",
    )  # fmt: skip


def stepped(
    seq: int, milestone: str, step: Step = Step.ACCEPT, occurrence: str = ""
) -> audit.Entry:
    day = date(2025, 1, seq)
    command = Command(step=step, milestone_id=milestone, occurrence=occurrence, on=day, text="x")
    plain = carried(seq, {}).model_dump() | {"action": audit.STEPPED, "detail": command.model_dump(mode="json")}  # fmt: skip
    return audit.Entry.model_validate(plain)


def test_ids_that_change_places_are_carried_at_once():
    found = replay(
        [stepped(1, "a"), stepped(2, "b"), stepped(3, "b", Step.REPORT), carried(4, {"a": "b", "b": "c"})]
    )  # fmt: skip
    assert {k[0]: v.status for k, v in found.items()} == {
        "b": Status.ACCEPTED,
        "c": Status.IN_PROGRESS,
    }


def test_what_was_left_under_an_id_that_is_taken_goes():
    left = stepped(1, "old", occurrence="2024-06-30")
    found = replay([left, stepped(2, "x"), carried(3, {"x": "old"})])
    assert {k: v.updated_on for k, v in found.items()} == {("old", ""): date(2025, 1, 2)}


def test_until_leaves_later_days_out():
    entries = [stepped(1, "a"), stepped(2, "a", Step.REPORT), stepped(3, "a", Step.SUBMIT)]
    for day, status in ((1, Status.ACCEPTED), (2, Status.IN_PROGRESS), (3, Status.REPORTED)):
        assert replay(entries, until=date(2025, 1, day))["a", ""].status is status
    assert replay(entries, until=date(2024, 12, 31)) == {}


def test_former_ids_follow_all_versions():
    entries = [carried(1, {"a": "b", "x": "y"}), stepped(2, "b"), carried(3, {"b": "c"}), carried(4, {"c": "a"})]  # fmt: skip
    assert former_ids(entries, "a") == {"a", "b", "c"}
    assert former_ids(entries, "y") == {"x", "y"}
