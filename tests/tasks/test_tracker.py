"""The tracker on a real store."""

from datetime import UTC, date, datetime

import pytest

from ingest.pipeline import extract_bytes
from kb.errors import DeniedError, TransitionError
from tasks.authorisation import CONSOLE, Actor, PersonRole
from tasks.due import State
from tasks.lifecycle import Command, Status, Step
from tasks.listing import Wanted, list_standings
from tasks.store import Store
from tasks.tracker import Tracker

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
PLAN = """某区防汛工作方案（2024—2026年）
一、主要任务
1.整治隐患。到2025年，整治隐患点20处以上。（责任单位：区水利局、区应急局）
2.开展演练。每年6月底前组织演练，参加率不低于95%。（牵头单位：区应急局；配合单位：区教委）
"""
OFFICER = Actor(login="li", roles=frozenset({PersonRole.UNIT_OFFICER}), units=("区水利局",))


@pytest.fixture
def store(tmp_path):
    data = PLAN.encode()
    with Store.open(f"sqlite:///{tmp_path / 'duban.db'}") as opened:
        opened.add(extract_bytes(data, "plan.txt"), data, recorded_at=NOW)
        yield opened


def test_a_milestone_goes_through_its_life(store):
    tracker = Tracker(store)
    [late, *_] = list_standings(store, date(2026, 1, 2), Wanted(unit="区水利局"))
    assert late.state is State.OVERDUE
    day = date(2026, 1, 2)

    def step(actor, name, **fields):
        return tracker.perform(
            actor, Command(step=name, milestone_id=late.milestone_id, on=day, **fields), NOW
        )

    with pytest.raises(TransitionError):
        step(OFFICER, Step.SUBMIT, text="完成")
    step(OFFICER, Step.ACCEPT)
    step(OFFICER, Step.REPORT, text="整治 12 处", percent=60)
    step(OFFICER, Step.SUBMIT, text="整治 21 处")
    with pytest.raises(DeniedError):
        step(OFFICER, Step.APPROVE)
    assert step(CONSOLE, Step.APPROVE).status is Status.COMPLETED
    assert step(CONSOLE, Step.CLOSE).status is Status.CLOSED
    assert tracker.replay() == tracker.lives()
    [item, *_] = list_standings(store, day, Wanted(unit="区水利局"))
    assert item.state is State.FINISHED
    [item, *_] = list_standings(store, date(2026, 1, 1), Wanted(unit="区水利局"))
    assert item.state is State.OVERDUE, "on the day before, nothing had been reported"
