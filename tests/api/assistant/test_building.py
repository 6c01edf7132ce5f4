"""Questions as queries: what each kind of condition becomes, ids for names; nothing is dropped."""

from datetime import date

import pytest

from api.assistant.building import find_sides
from kb.language.comparators import Comparator
from kb.language.roles import Role
from tasks.query import Group, Match, Operation, Select
from tests.api.assistant.test_standings import PLAN, no_search
from tests.tasks.samples import read, unit_of

TODAY = date(2026, 11, 24)
WATER, SCHOOLS = (unit_of(name, PLAN) for name in ("区水利局", "区教委"))


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("消防和防溺水的责任单位有什么不同？", ("消防", "防溺水", "责任单位", Select.UNITS)),
        ("校园欺凌跟应急演练的期限有何区别", ("校园欺凌", "应急演练", "期限", Select.WORK)),
        ("比较一下消防与校车", ("消防", "校车", "", Select.UNITS)),
        ("compare fire safety and school buses", ("fire safety", "school buses", "", Select.UNITS)),
        ("三年计划和五年规划对农田定的数一不一样", None),
        ("教委和公安都有的任务有哪些", None),
        ("不同学段的标准", None),
    ],
)
def test_what_a_comparison_is_made_of(text, sides):
    found = find_sides(text)
    assert (found and (*found[:3], found.asked.select)) == sides


@pytest.fixture(scope="module")
def query():
    from api.assistant.answer import Assistant
    from tasks.queries import Register

    made = Assistant(Register([read(PLAN)[0]]), no_search)
    return lambda text: made.ask(text, as_of=TODAY).query


def test_overdue_duties_of_a_unit(query):
    asked = query("区教委逾期的有哪些")
    assert asked.select is Select.MILESTONES
    assert [u.ids for u in asked.units] == [(SCHOOLS,)]
    assert [s.value for s in asked.states] == ["overdue"]


def test_days_are_a_window(query):
    due = query("明年一季度到期的").due
    assert (due.start, due.end) == (date(2027, 1, 1), date(2027, 3, 31))


def test_units_together_alone_and_without(query):
    [both] = query("区水利局和区教委都有的任务有几项").units
    assert both.match is Match.TOGETHER
    assert set(both.ids) == {WATER, SCHOOLS}
    [alone] = query("只由区水利局负责的有几项").units
    assert (alone.match, alone.ids) == (Match.ALONE, (WATER,))
    asked = query("没有区水利局的任务有几项")
    assert [u.match for u in asked.units] == [Match.WITHOUT, Match.ANY]
    assert asked.operation is Operation.COUNT


def test_what_a_query_says_in_words():
    from api.assistant.answer import Assistant
    from tasks.queries import Register

    made = Assistant(Register([read(PLAN)[0]]), no_search)
    said = made.ask("区教委明年到期的有哪些", as_of=TODAY).understood
    assert said == "查时间节点；区教委；2027-01-01 至 2027-12-31到期；按期限排序"


def test_duties_without_a_leader_and_numbers_by_condition(query):
    asked = query("哪几项没有写谁牵头")
    assert [u.roles for part in asked.minus for u in part.units] == [(Role.LEAD,)]
    [number] = query("超过3公里的目标有哪些").quantities
    assert (number.comparator, number.value, number.measure) == (Comparator.MORE, 3, "公里")


def test_the_duty_with_most_units(query):
    asked = query("防汛工作方案里责任单位最多的是哪一条")
    assert (asked.select, asked.group_by, asked.operation) == (
        Select.UNITS,
        Group.DUTY,
        Operation.MOST,
    )
