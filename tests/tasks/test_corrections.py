"""Corrections: what they change, what is kept beside them, how they go from version to version."""

from datetime import date
from decimal import Decimal

import pytest

from ingest.pipeline import decode_source
from kb.errors import ConflictError, DeniedError, DubanError, NotFoundError, TransitionError
from kb.language.roles import Role
from tasks import audit
from tasks.corrections import Aspect, CorrectionStatus, Draft, Operation
from tasks.due import State
from tasks.fields import FieldError
from tasks.graph import build_graph
from tasks.lifecycle import Command, Status, Step
from tasks.listed import list_standings
from tasks.models import Basis, Certainty, Counting, Deadline, DueKind
from tasks.review import ReviewKind
from tasks.settling import read_reviews
from tasks.tracker import Tracker
from tasks.units import unit_key
from tasks.verify import verify_store
from tests.tasks.samples import (
    CONSOLE,
    DANGERS,
    DRILLS,
    NOW,
    OFFICER,
    PLAN,
    READER,
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
)

LATER = Deadline(kind=DueKind.BY, date=date(2026, 9, 30))


def draft(store, title, aspect, operation, **fields) -> Draft:
    return Draft(
        task_id=tasks_of(store)[title].id,
        aspect=aspect,
        operation=operation,
        **({"reason": "文件勘误"} | fields),
    )


def correct(store, title, aspect, operation, **fields):
    return Tracker(store).correct(SUPERVISOR, draft(store, title, aspect, operation, **fields), NOW)


def owners(store, title):
    return [(a.unit, a.role.value) for a in tasks_of(store)[title].responsibilities]


def last_entry(store) -> audit.Entry:
    with store.reading() as connection:
        return list(audit.read(connection))[-1]


# ---- owners and roles


def test_an_owner_is_added_as_the_unit_that_the_lexicon_knows(store):
    made = correct(
        store, "整治隐患", Aspect.OWNER, Operation.ADD, unit="区教育委员会", role=Role.JOINT
    )
    added = tasks_of(store)["整治隐患"].responsibilities[-1]
    assert (added.unit, added.role, added.basis) == ("区教委", Role.JOINT, Basis.MANUAL)
    assert made.original is None
    known = tasks_of(store)["开展演练"].responsibilities[1]
    assert added.unit_id == known.unit_id == made.unit_id
    graph = build_graph(store.extractions())
    node = unit_key(None, known.unit, known.unit_id)
    assert {"整治隐患", "开展演练"} <= {graph.nodes[t]["label"] for t in graph.successors(node)}
    assert [i.title for i in list_standings(store, TODAY, milestones(unit=node))] == [
        "开展演练", "整治隐患", "开展演练"
    ]  # fmt: skip


def test_a_unit_that_no_other_duty_names_gets_its_id_from_the_lexicon(store):
    made = correct(store, "整治隐患", Aspect.OWNER, Operation.ADD, unit="区公安局", role=Role.JOINT)
    assert made.unit_id
    odd = correct(
        store, "整治隐患", Aspect.OWNER, Operation.ADD, unit="某指挥部专班", role=Role.JOINT
    )
    assert (odd.unit, odd.unit_id) == ("某指挥部专班", None), "as printed, like in an extraction"


def test_an_owner_is_rejected_and_kept_beside(store):
    made = correct(store, "整治隐患", Aspect.OWNER, Operation.REJECT, unit="区应急局")
    assert owners(store, "整治隐患") == [("区水利局", "responsible")]
    assert made.original["unit"] == "区应急局"
    assert made.original["quote"] == "区应急局"
    [extracted] = [store.load(d.document.id) for d in store.documents()]
    assert extracted == read()[0], "what was extracted is as it was"
    assert (
        list_standings(store, TODAY, milestones(unit="区应急局", roles=(Role.RESPONSIBLE,))) == []
    )


@pytest.mark.parametrize("name", ["区水利局", "万州区水利局"])
def test_an_owner_is_meant_by_each_of_its_names(store, name):
    duty = "清理河道。到2025年，清理河道20处以上。（责任单位：万州区水利局、区应急局）"
    add(store, "重庆市万州区人民政府办公室\n关于印发万州区防汛工作方案的通知\n\n" + plan(duty).replace("某区", "万州区"))  # fmt: skip
    assert owners(store, "清理河道")[0] == ("万州区水利局", "responsible"), "as printed"
    with pytest.raises(ConflictError):
        correct(store, "清理河道", Aspect.OWNER, Operation.ADD, unit=name, role=Role.RESPONSIBLE)
    correct(store, "清理河道", Aspect.OWNER, Operation.REJECT, unit=name)
    assert owners(store, "清理河道") == [("区应急局", "responsible")]


def test_a_role_is_changed(store):
    made = correct(
        store, "整治隐患", Aspect.ROLE, Operation.CHANGE, unit="区水利局", new_role=Role.LEAD
    )
    assert owners(store, "整治隐患")[0] == ("区水利局", "lead")
    assert made.original["role"] == "responsible"


def test_an_owner_is_put_in_anothers_place(store):
    correct(store, "整治隐患", Aspect.OWNER, Operation.CHANGE, unit="区应急局", new_unit="区教委")
    assert owners(store, "整治隐患") == [("区水利局", "responsible"), ("区教委", "responsible")]
    ids = [a.unit_id for a in tasks_of(store)["整治隐患"].responsibilities]
    assert ids[1] == tasks_of(store)["开展演练"].responsibilities[1].unit_id


# ---- dates and targets


def test_a_date_is_changed_and_the_tracker_goes_by_it(store):
    key = milestone_of(store, "整治隐患")
    made = correct(store, "整治隐患", Aspect.DATE, Operation.CHANGE, fact_id=key, deadline=LATER)
    [item] = list_standings(store, TODAY, milestones(ids=(key,)))
    assert (item.state, item.due, item.certainty) == (
        State.LATER,
        LATER.date,
        (Certainty.EXPLICIT,),
    )
    assert made.original["due"]["date"] == "2025-12-31"


def test_a_date_is_added_on_words_of_the_clause(store):
    correct(
        store, "整治隐患", Aspect.DATE, Operation.ADD, deadline=LATER, quote="整治隐患点20处以上"
    )
    added = tasks_of(store)["整治隐患"].milestones[-1]
    assert added.quote == added.commitment == "整治隐患点20处以上"
    assert added.span.slice(PLAN) == added.quote
    take_one = milestones(ids=(added.id,))
    assert [i.due for i in list_standings(store, TODAY, take_one)] == [LATER.date]


def test_a_rejected_date_leaves_its_targets(store):
    key = milestone_of(store, "整治隐患")
    correct(store, "整治隐患", Aspect.DATE, Operation.REJECT, fact_id=key)
    task = tasks_of(store)["整治隐患"]
    [left] = task.milestones
    assert (left.due.kind, left.due.date, left.id == key) == (DueKind.NONE, None, False)
    assert [t.milestone_id for t in task.targets] == [left.id]
    with pytest.raises(NotFoundError):
        Tracker(store).row(key)


def test_a_target_is_changed_added_and_rejected(store):
    target = tasks_of(store)["整治隐患"].targets[0]
    made = correct(
        store, "整治隐患", Aspect.TARGET, Operation.CHANGE, fact_id=target.id,
        values={"value": "30.50", "comparator": ">", "unit": "处"},
    )  # fmt: skip
    changed = tasks_of(store)["整治隐患"].targets[0]
    assert (changed.value, changed.comparator, changed.measure) == (Decimal("30.50"), ">", "处")
    assert (changed.id, changed.span, changed.quote) == (target.id, target.span, target.quote)
    assert made.original["value"] == "20"
    more = correct(
        store, "整治隐患", Aspect.TARGET, Operation.ADD,
        values={"metric": "整治率", "comparator": ">=", "value": "98", "measure": "%"},
    )  # fmt: skip
    assert [t.metric for t in tasks_of(store)["整治隐患"].targets] == ["隐患点", "整治率"]
    correct(store, "整治隐患", Aspect.TARGET, Operation.REJECT, fact_id=more.fact_id)
    assert [t.metric for t in tasks_of(store)["整治隐患"].targets] == ["隐患点"]
    take(store, Step.ACCEPT)
    take(store, Step.REPORT, values={target.id: Decimal(31)})
    with pytest.raises(NotFoundError):
        take(store, Step.REPORT, values={more.fact_id: Decimal(1)})


C, A, X = Operation.CHANGE, Operation.ADD, Operation.REJECT


@pytest.mark.parametrize(
    ("aspect", "operation", "fields", "error"),
    [
        (Aspect.OWNER, X, {"unit": "区公安局"}, NotFoundError),
        (Aspect.OWNER, X, {"unit": "区水利局", "role": Role.LEAD}, NotFoundError),
        (Aspect.OWNER, X, {"unit": "区水利局", "reason": " "}, TransitionError),
        (Aspect.OWNER, A, {"unit": "区公安局"}, TransitionError),
        (Aspect.OWNER, A, {"role": Role.LEAD}, TransitionError),
        (Aspect.OWNER, A, {"unit": "区水利局", "role": Role.RESPONSIBLE}, ConflictError),
        (Aspect.OWNER, A, {"unit": "区公安局", "role": Role.LEAD, "quote": "没有的话"}, NotFoundError),
        (Aspect.OWNER, A, {"unit": "长" * 201, "role": Role.LEAD}, FieldError),
        (Aspect.OWNER, C, {"unit": "区水利局"}, TransitionError),
        (Aspect.OWNER, C, {"unit": "区水利局", "new_unit": "区应急局"}, ConflictError),
        (Aspect.ROLE, C, {"unit": "区水利局"}, TransitionError),
        (Aspect.ROLE, C, {"unit": "区水利局", "new_role": Role.RESPONSIBLE}, ConflictError),
        (Aspect.DATE, C, {"fact_id": "milestone-none", "deadline": LATER}, NotFoundError),
        (Aspect.DATE, X, {"fact_id": ""}, NotFoundError),
        (Aspect.DATE, A, {}, TransitionError),
        (Aspect.DATE, A, {"deadline": Deadline(kind=DueKind.BY)}, FieldError),
        (Aspect.DATE, A, {"deadline": Deadline(kind=DueKind.RECURRING)}, FieldError),
        (Aspect.DATE, A, {"deadline": Deadline(kind=DueKind.RECURRING, rrule="每年")}, FieldError),
        (Aspect.DATE, A, {"deadline": Deadline(kind=DueKind.RECURRING, rrule="FREQ=OFTEN")}, FieldError),
        (Aspect.DATE, A, {"deadline": Deadline(kind=DueKind.RELATIVE, duration="三个月")}, FieldError),
        (Aspect.DATE, A, {"deadline": Deadline(kind=DueKind.START)}, FieldError),
        (Aspect.TARGET, C, {"fact_id": "target-none", "values": {"value": "1"}}, NotFoundError),
        (Aspect.TARGET, A, {"values": {"metric": "率", "value": "1"}}, FieldError),  # no comparator
        (Aspect.TARGET, A, {"values": {"metric": "率", "value": "多", "comparator": ">="}}, FieldError),
        (Aspect.TARGET, A, {"values": {"metric": "率", "value": "NaN", "comparator": ">="}}, FieldError),
        (Aspect.TARGET, A, {"values": {"metric": "率", "value": "1", "comparator": "约"}}, FieldError),
        (Aspect.TARGET, A, {"values": {"id": "target-mine"}}, FieldError),
        (Aspect.TARGET, A, {"values": {"span": [0, 1]}}, FieldError),
        (Aspect.TARGET, A, {"values": {"metric": "\x00", "value": "1", "comparator": ">="}}, FieldError),
        (Aspect.TARGET, A, {"values": {"metric": "率", "value": "1", "comparator": ">=",
                                       "milestone_id": "milestone-none"}}, NotFoundError),
    ],
)  # fmt: skip
def test_corrections_that_are_refused(store, aspect, operation, fields, error):
    before, entry = store.extractions(), last_entry(store)
    with pytest.raises(error) as caught:
        correct(store, "整治隐患", aspect, operation, **fields)
    assert isinstance(caught.value, DubanError)
    assert " / " in caught.value.message
    assert (store.extractions(), last_entry(store)) == (before, entry)


@pytest.mark.parametrize(
    "values",
    [{"id": "target-mine"}, {"span": [0, 1]}, {"quote": "别的"}, {"uncertain": True}, {"value": "∞"}, {}],
)  # fmt: skip
def test_only_what_a_target_says_can_be_set(store, values):
    target = tasks_of(store)["整治隐患"].targets[0]
    with pytest.raises(DubanError):
        correct(store, "整治隐患", Aspect.TARGET, C, fact_id=target.id, values=values)
    assert tasks_of(store)["整治隐患"].targets[0] == target


def test_a_unit_in_two_roles_must_be_told_apart(store):
    correct(store, "开展演练", Aspect.OWNER, Operation.ADD, unit="区教委", role=Role.APPROVE)
    with pytest.raises(TransitionError, match="几种角色"):
        correct(store, "开展演练", Aspect.OWNER, Operation.REJECT, unit="区教委")
    correct(store, "开展演练", Aspect.OWNER, Operation.REJECT, unit="区教委", role=Role.JOINT)
    assert ("区教委", "approve") in owners(store, "开展演练")


@pytest.mark.parametrize("actor", [OFFICER, READER])
def test_only_supervisors_correct(store, actor):
    made = correct(store, "整治隐患", Aspect.OWNER, Operation.REJECT, unit="区应急局")
    tracker = Tracker(store)
    with pytest.raises(DeniedError):
        tracker.correct(actor, draft(store, "开展演练", Aspect.OWNER, X, unit="区教委"), NOW)
    with pytest.raises(DeniedError):
        tracker.withdraw(actor, made.id, "误", NOW)
    with pytest.raises(DeniedError):
        tracker.confirm(actor, made.id, "对", NOW)


# ---- added facts keep their ids


def test_ids_of_added_facts_never_meet(store):
    def more() -> str:
        return correct(store, "整治隐患", Aspect.DATE, Operation.ADD, deadline=LATER).fact_id

    first, second = more(), more()
    correct(store, "整治隐患", Aspect.DATE, Operation.REJECT, fact_id=first)
    third = more()
    assert len({first, second, third}) == 3
    ids = [m.id for m in tasks_of(store)["整治隐患"].milestones[1:]]
    assert ids == [second, third]


def test_withdrawing_one_leaves_the_others_their_progress(store):
    first = correct(store, "整治隐患", Aspect.DATE, Operation.ADD, deadline=LATER)
    second = correct(store, "整治隐患", Aspect.DATE, Operation.ADD, deadline=LATER)
    tracker = Tracker(store)
    key = {"milestone_id": second.fact_id}
    tracker.perform(OFFICER, Command(step=Step.ACCEPT, on=TODAY, **key), NOW)
    tracker.withdraw(SUPERVISOR, first.id, "误", NOW)
    assert [m.id for m in tasks_of(store)["整治隐患"].milestones[1:]] == [second.fact_id]
    assert tracker.life(second.fact_id).status is Status.ACCEPTED
    add(store, plan(WORDS, DANGERS))
    assert [m.id for m in tasks_of(store)["整治隐患"].milestones[1:]] == [second.fact_id]
    assert tracker.life(second.fact_id).status is Status.ACCEPTED, "in the next version too"


# ---- withdrawn


def test_withdrawn_what_was_extracted_holds_again(store):
    made = correct(store, "整治隐患", Aspect.OWNER, Operation.REJECT, unit="区应急局")
    tracker = Tracker(store)
    with pytest.raises(TransitionError, match="理由"):
        tracker.withdraw(SUPERVISOR, made.id, " ", NOW)
    assert tracker.withdraw(SUPERVISOR, made.id, "看错了", NOW).status is CorrectionStatus.WITHDRAWN
    assert store.extractions() == (read()[0],)
    entry = last_entry(store)
    assert (entry.action, entry.reason, entry.actor) == ("correction.withdrawn", "看错了", "wang")
    assert (entry.before["status"], entry.after["status"]) == ("active", "withdrawn")
    with pytest.raises(TransitionError, match="已撤回"):
        tracker.withdraw(SUPERVISOR, made.id, "再撤", NOW)
    with pytest.raises(NotFoundError):
        tracker.withdraw(SUPERVISOR, "fix-none", "无", NOW)


def test_corrections_hold_in_the_order_they_were_made(store):
    for role in (Role.LEAD, Role.JOINT, Role.SUPERVISE):  # all in the same moment
        correct(store, "整治隐患", Aspect.ROLE, Operation.CHANGE, unit="区水利局", new_role=role)
    assert owners(store, "整治隐患")[0] == ("区水利局", "supervise")
    assert [c.new_role for c in Tracker(store).corrections()] == ["lead", "joint", "supervise"]


def test_what_rests_on_a_withdrawn_addition_goes_with_it(store):
    made = correct(store, "整治隐患", Aspect.OWNER, Operation.ADD, unit="区公安局", role=Role.JOINT)
    correct(store, "整治隐患", Aspect.ROLE, Operation.CHANGE, unit="区公安局", new_role=Role.LEAD)
    Tracker(store).withdraw(SUPERVISOR, made.id, "误", NOW)
    assert owners(store, "整治隐患") == [("区水利局", "responsible"), ("区应急局", "responsible")]


# ---- from version to version


def all_kinds(store):
    key = milestone_of(store, "整治隐患")
    target = tasks_of(store)["整治隐患"].targets[0].id
    correct(store, "整治隐患", Aspect.ROLE, Operation.CHANGE, unit="区水利局", new_role=Role.LEAD)
    correct(store, "整治隐患", Aspect.OWNER, Operation.ADD, unit="区公安局", role=Role.JOINT)
    correct(store, "整治隐患", Aspect.DATE, Operation.CHANGE, fact_id=key, deadline=LATER)
    more = correct(store, "整治隐患", Aspect.DATE, Operation.ADD, deadline=LATER)
    early = LATER.model_copy(update={"date": date(2026, 3, 1)})
    correct(store, "整治隐患", Aspect.DATE, C, fact_id=more.fact_id, deadline=early)
    correct(store, "整治隐患", Aspect.TARGET, C, fact_id=target, values={"value": "25"})
    correct(store, "整治隐患", Aspect.TARGET, A, values={"metric": "率", "comparator": ">=", "value": "9", "milestone_id": key})  # fmt: skip


def facts(store):
    task = tasks_of(store)["整治隐患"]
    return (
        owners(store, "整治隐患"),
        [(m.due.date, m.quote.lstrip("123.")) for m in task.milestones],
        [(t.metric, t.value, [m.id for m in task.milestones].index(t.milestone_id)) for t in task.targets],
    )  # fmt: skip


def statuses(store):
    return [c.status.value for c in Tracker(store).corrections()]


def test_reading_the_same_text_again_keeps_them(store):
    all_kinds(store)
    corrected, entry = facts(store), last_entry(store)
    assert corrected[1][0][0] == LATER.date
    add(store)
    assert (facts(store), last_entry(store)) == (corrected, entry)
    add(store, refresh=True)
    assert facts(store) == corrected
    assert statuses(store) == ["active"] * 7


def test_they_go_over_to_a_moved_but_unchanged_clause(store):
    all_kinds(store)
    corrected = facts(store)
    add(store, plan(WORDS, DRILLS.replace("95", "96"), DANGERS))
    assert facts(store) == corrected
    assert statuses(store) == ["active"] * 7
    assert verify_store(store, decode_source).differences == ()
    [extraction] = store.extractions()
    now = {t.id for t in extraction.tasks}
    for c in Tracker(store).corrections():
        assert c.task_id in now
        assert c.original is None or c.original["quote"] in extraction.document.text
    add(store)
    assert facts(store) == corrected


CHANGED = plan(DANGERS.replace("20处", "30处"), DRILLS)


def test_a_changed_clause_reopens_them(store):
    all_kinds(store)
    add(store, CHANGED)
    assert statuses(store) == ["reopened"] * 7
    extraction, _ = read(CHANGED)
    assert store.extractions() == (extraction,), "none holds until somebody looked"
    listed = read_reviews(store, SUPERVISOR, store.extractions())
    assert sum(item.kind is ReviewKind.REOPENED for item in listed) == 7
    with store.reading() as connection:
        reopened = [e for e in audit.read(connection) if e.action == "correction.reopened"]
    assert len(reopened) == 7
    task = extraction.tasks[0]
    assert {e.after["task_id"] for e in reopened} == {task.id}, "the clause in the old one's place"


def test_a_reopened_one_is_confirmed_for_the_new_text(store):
    key = milestone_of(store, "整治隐患")
    made = correct(store, "整治隐患", Aspect.DATE, C, fact_id=key, deadline=LATER)
    tracker = Tracker(store)
    with pytest.raises(TransitionError, match="不在待复核"):
        tracker.confirm(SUPERVISOR, made.id, "对", NOW)
    add(store, CHANGED)
    with pytest.raises(TransitionError, match="理由"):
        tracker.confirm(SUPERVISOR, made.id, "", NOW)
    now = tracker.confirm(SUPERVISOR, made.id, "仍然如此", NOW)
    assert now.status is CorrectionStatus.ACTIVE
    task = tasks_of(store)["整治隐患"]
    due = task.milestones[0].due
    assert due == LATER.model_copy(update={"span": due.span})
    [extraction] = store.extractions()
    assert due.span.slice(extraction.document.text) == "到2025年", "where it is printed stays known"
    assert now.original["id"] == task.milestones[0].id == now.fact_id
    assert "30处" in now.original["quote"], "the original of the new text stands beside it"
    entry = last_entry(store)
    assert (entry.action, entry.reason) == ("correction.confirmed", "仍然如此")
    assert (entry.before["status"], entry.after["status"]) == ("reopened", "active")
    add(store, CHANGED, refresh=True)
    again = tasks_of(store)["整治隐患"].milestones[0].due
    assert again == LATER.model_copy(update={"span": due.span})


def test_or_withdrawn(store):
    made = correct(store, "整治隐患", Aspect.OWNER, X, unit="区应急局")
    add(store, CHANGED)
    assert Tracker(store).withdraw(CONSOLE, made.id, "新文已列", NOW).status == "withdrawn"
    assert statuses(store) == ["withdrawn"]
    add(store)
    assert owners(store, "整治隐患")[1] == ("区应急局", "responsible"), "withdrawn for good"


def test_when_the_clause_is_gone_the_task_must_be_named(store):
    made = correct(store, "移交校舍", Aspect.OWNER, A, unit="区公安局", role=Role.JOINT)
    add(store, plan(DANGERS, DRILLS))
    tracker = Tracker(store)
    assert statuses(store) == ["reopened"]
    with pytest.raises(NotFoundError):
        tracker.confirm(SUPERVISOR, made.id, "对", NOW)
    tracker.confirm(SUPERVISOR, made.id, "并入演练", NOW, task_id=tasks_of(store)["开展演练"].id)
    assert ("区公安局", "joint") in owners(store, "开展演练")


def test_the_same_words_that_are_read_otherwise_reopen_too(store):
    correct(store, "整治隐患", Aspect.OWNER, X, unit="区应急局")
    extraction, data = read()
    fewer = extraction.tasks[0].model_copy(
        update={"responsibilities": extraction.tasks[0].responsibilities[:1]}
    )
    again = extraction.model_copy(update={"tasks": (fewer, *extraction.tasks[1:])})
    store.add(again, data, recorded_at=NOW, refresh=True)
    assert statuses(store) == ["reopened"]


def test_verify_is_fine_with_corrections(store):
    all_kinds(store)
    found = verify_store(store, decode_source)
    assert found.differences == ()
    assert found.documents == 1


def test_a_deadline_set_by_hand_counts_working_days_and_keeps_to_month_ends(store):
    key = milestone_of(store, "移交校舍")
    working = Deadline(
        kind=DueKind.RELATIVE, event="验收", duration="P5D", counting=Counting.WORKING_DAYS
    )
    correct(store, "移交校舍", Aspect.DATE, Operation.CHANGE, fact_id=key, deadline=working)
    due = tasks_of(store)["移交校舍"].milestones[0].due
    assert (due.duration, due.counting) == ("P5D", Counting.WORKING_DAYS)
    assert Tracker(store).row(key).counting is Counting.WORKING_DAYS
    monthly = Deadline(kind=DueKind.RECURRING, rrule="FREQ=MONTHLY;BYMONTHDAY=30")
    correct(store, "移交校舍", Aspect.DATE, Operation.CHANGE, fact_id=key, deadline=monthly)
    assert Tracker(store).row(key).rrule == "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1"


def test_working_days_without_a_count_of_days_are_refused(store):
    key = milestone_of(store, "移交校舍")
    for fields in (
        {"kind": DueKind.RELATIVE, "event": "验收", "duration": "P1M"},
        {"kind": DueKind.BY, "date": TODAY},
        {"kind": DueKind.RECURRING, "rrule": "FREQ=MONTHLY"},
    ):
        deadline = Deadline(**fields, counting=Counting.WORKING_DAYS)
        with pytest.raises(FieldError, match="工作日"):
            correct(
                store, "移交校舍", Aspect.DATE, Operation.CHANGE, fact_id=key, deadline=deadline
            )
