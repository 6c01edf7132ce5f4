"""A duty without a deadline is followed all the same; one that a person sets takes its place."""

import pytest
from sqlalchemy import delete

from kb.errors import TransitionError
from tasks import schema
from tasks.corrections import Aspect, Draft, Operation
from tasks.due import Colour, State, due_items
from tasks.fields import FieldError
from tasks.lifecycle import Status, Step
from tasks.listed import list_standings
from tasks.migrations import HEAD
from tasks.models import Deadline, DueKind
from tasks.store import Store
from tasks.tracker import Tracker
from tasks.undated import track_undated
from tests.tasks.samples import NOW, SUPERVISOR, TODAY, add, read, set_back, take, tasks_of

NOTICE = """关于做好防汛工作的通知
一、主要任务
1.整治隐患。整治隐患点20处以上。（责任单位：区水利局、区应急局）
2.开展演练。2025年6月底前开展演练。（责任单位：区应急局）
"""
DATED = NOTICE.replace("整治隐患点20处以上", "2027年底前整治隐患点20处以上")


@pytest.fixture
def noticed(store_url):
    with Store.open(store_url) as store:
        add(store, NOTICE)
        yield store


def standing(store):
    [found] = [i for i in list_standings(store, TODAY) if i.title == "整治隐患"]
    return found


def set_deadline(store, operation=Operation.ADD, **changes):
    task = tasks_of(store)["整治隐患"]
    given = {"fact_id": task.milestones[0].id} if operation is not Operation.ADD else {}
    if operation is not Operation.REJECT:
        given["deadline"] = Deadline(kind=DueKind.BY, date=TODAY.replace(year=2025))
    draft = Draft(task_id=task.id, aspect=Aspect.DATE, operation=operation, reason="补", **(given | changes))  # fmt: skip
    return Tracker(store).correct(SUPERVISOR, draft, NOW)


def test_it_stands_in_the_lists_and_is_never_late(noticed):
    item = standing(noticed)
    assert (item.state, item.colour, item.behind) == (State.UNDATED, Colour.NONE, False)
    assert (item.due, item.days, item.inherited, item.kind) == (None, None, False, DueKind.NONE)
    assert [u.unit for u in item.units] == ["区水利局", "区应急局"]
    far = [i for i in list_standings(noticed, TODAY.replace(year=2099)) if i.title == item.title]
    assert [i.state for i in far] == [State.UNDATED]
    # What has no day is in no list of what is due.
    assert item.milestone_id not in {
        i.milestone_id for i in due_items(noticed.extractions(), TODAY)
    }


def test_every_step_is_possible_but_an_extension(noticed):
    take(noticed, Step.ACCEPT)
    [target] = tasks_of(noticed)["整治隐患"].targets
    take(noticed, Step.REPORT, percent=5, values={target.id: "12"})
    assert target.milestone_id == standing(noticed).milestone_id
    assert (standing(noticed).state, standing(noticed).behind) == (State.UNDATED, False)
    with pytest.raises(TransitionError, match="没有时限"):
        take(noticed, Step.REQUEST_EXTENSION, new_date=TODAY.replace(year=2027))
    for step in (Step.SUBMIT, Step.APPROVE, Step.CLOSE):
        take(noticed, step)
    assert (standing(noticed).status, standing(noticed).state) == (Status.CLOSED, State.FINISHED)


@pytest.mark.parametrize("operation", [Operation.ADD, Operation.CHANGE])
def test_a_deadline_that_a_person_sets_counts_and_keeps_the_reports(noticed, operation):
    take(noticed, Step.ACCEPT)
    before = standing(noticed)
    made = set_deadline(noticed, operation)
    after = standing(noticed)
    assert (after.milestone_id, after.state) == (before.milestone_id, State.OVERDUE)
    assert (after.status, made.original["due"]["kind"]) == (Status.ACCEPTED, "none")
    Tracker(noticed).withdraw(SUPERVISOR, made.id, "误", NOW)
    assert standing(noticed).state is State.UNDATED


@pytest.mark.parametrize(
    ("operation", "changes", "error"),
    [
        (Operation.REJECT, {}, TransitionError),
        (Operation.CHANGE, {"deadline": Deadline(kind=DueKind.NONE)}, FieldError),
        (Operation.ADD, {"deadline": None}, TransitionError),
    ],
)
def test_none_cannot_be_taken_away_or_set(noticed, operation, changes, error):
    with pytest.raises(error):
        set_deadline(noticed, operation, **changes)


def test_a_version_that_says_when_takes_the_reports_over(noticed):
    extraction, data = read(NOTICE.replace("防汛工作的通知", "防汛工作的通知（2024—2026年）"))
    take(noticed, Step.ACCEPT)
    [former] = noticed.documents()
    noticed.add(extraction, data, recorded_at=NOW, replaces=former.document.id)
    item = standing(noticed)
    assert (item.status, item.inherited, item.kind) == (Status.ACCEPTED, True, DueKind.PERIOD)


def test_it_is_laid_over_once_and_only_where_there_is_none():
    extraction, _ = read(NOTICE)
    once = track_undated(extraction)
    assert [len(t.milestones) for t in extraction.tasks] == [0, 1]
    assert [len(t.milestones) for t in once.tasks] == [1, 1]
    assert track_undated(once) is once
    assert track_undated(read(DATED)[0]) == read(DATED)[0]


def test_a_store_of_before_gets_it(store_url):
    with Store.open(store_url) as store:
        add(store, NOTICE)
        with store.writing() as connection:
            m = schema.milestone
            connection.execute(delete(m).where(m.c.kind == DueKind.NONE.value))
            set_back(connection, "0004")
    with Store.open(store_url) as store:
        assert standing(store).state is State.UNDATED
        with store.reading() as connection:
            assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == HEAD  # fmt: skip


def test_that_of_a_row_is_called_by_its_duty():
    rows = (
        "云江区责任分工表\n\n| 序号 | 重点任务 | 工作内容 | 责任单位 | 完成时限 |\n|---|---|---|---|---|\n"
        "| 1 | 管网改造 | 改造城区老旧管网 | 区水利局 | 8月底前 |\n"
        "| 2 | 宣传引导 | 开展节水宣传活动 | 区教委 | 长期坚持 |\n"
    )
    extraction, _ = read(rows)
    said = [m.commitment for t in track_undated(extraction).tasks for m in t.milestones]
    assert said == ["改造城区老旧管网", "开展节水宣传活动"]
