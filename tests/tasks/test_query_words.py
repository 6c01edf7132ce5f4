"""Queries in words: every condition is said, in both languages."""

from datetime import date
from decimal import Decimal

import pytest

from kb.language.comparators import Comparator
from kb.language.roles import Role
from tasks.due import State
from tasks.in_memory import store_of
from tasks.models import Basis, PolicyRelation
from tasks.query import (
    DayWindow,
    Group,
    Has,
    Match,
    Operation,
    Quantity,
    Query,
    QueryOrder,
    Select,
    UnitFilter,
)
from tasks.query_words import describe_query
from tasks.run import run
from tests.tasks.samples import CONSOLE, PLAN, TODAY, read, unit_of

WATER = unit_of("区水利局")
NAMES = {WATER: "区水利局", "plan-1": "防汛方案"}
LED = Query(select=Select.DUTIES, units=(UnitFilter(roles=(Role.LEAD,)),))


def call(key):
    return NAMES.get(key, key)


@pytest.mark.parametrize(
    ("query", "zh", "en"),
    [
        (Query(select=Select.DUTIES), "查任务", "list duties"),
        (
            Query(select=Select.MILESTONES, plans=("plan-1",), states=(State.OVERDUE,),
                  units=(UnitFilter(ids=(WATER,), roles=(Role.LEAD,)),), order_by=QueryOrder.DUE),
            "查时间节点；《防汛方案》；区水利局（牵头）；逾期；按期限排序",
            "list milestones; 《防汛方案》; 区水利局 [lead]; overdue; in the order of the day due",
        ),
        (
            Query(select=Select.DUTIES, operation=Operation.COUNT, minus=(LED,),
                  units=(UnitFilter(ids=(WATER,), match=Match.WITHOUT), UnitFilter(basis=(Basis.LISTED,)))),
            "统计任务的数量；没有区水利局；列有责任单位；不含（写明牵头单位、任务）",
            "count duties; without 区水利局; with a list of units; without (with a unit as lead, duties)",
        ),
        (
            Query(select=Select.TARGETS, due=DayWindow(end=date(2025, 12, 31)), topic="防汛", lacks=(Has.OWNER,),
                  quantities=(Quantity(comparator=Comparator.MORE, value=Decimal(90), measure="%"),)),
            "查目标值；写到“防汛”；未写责任单位；数值高于90%；2025-12-31及以前到期",
            "list targets; speaking of “防汛”; without a unit; more than 90%; due up to 2025-12-31",
        ),
        (
            Query(select=Select.POLICIES, relations=(PolicyRelation.ABOLISHES,)),
            "查所引文件；废止", "list documents cited; abolishes",
        ),
        (
            Query(select=Select.UNITS, group_by=Group.DUTY, operation=Operation.MOST, limit=3),
            "责任单位最多的；按任务分组；前3项", "where there are most responsible units; by duty; the first 3",
        ),
    ],
)  # fmt: skip
def test_a_query_in_words(query, zh, en):
    assert describe_query(query, call, "zh") == zh
    assert describe_query(query, call, "en") == en


def test_units_of_a_list_and_duties_by_how_many_they_have():
    store = store_of([read(PLAN)[0]])
    most = Query(select=Select.UNITS, group_by=Group.DUTY, operation=Operation.MOST)
    found = run(store, most, reader=CONSOLE, as_of=TODAY).groups
    assert {(g.label, g.count) for g in found} == {("整治隐患", 2), ("开展演练", 2)}
    listed = Query(select=Select.DUTIES, units=(UnitFilter(ids=(WATER,), basis=(Basis.LISTED,)),))
    stated = Query(select=Select.DUTIES, units=(UnitFilter(ids=(WATER,), basis=(Basis.STATED,)),))
    totals = [run(store, query, reader=CONSOLE, as_of=TODAY).total for query in (listed, stated)]
    assert totals == [1, 0]
