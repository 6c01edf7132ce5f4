"""A query over the store, once on each kind of database."""

import json
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.language.roles import Role
from tasks.authorisation import CONSOLE
from tasks.due import State, rows_of, standings
from tasks.lifecycle import Status, Step
from tasks.listed import items_of, list_ids, list_standings
from tasks.listing import lives_on
from tasks.query import Query, QueryError
from tasks.run import Side, run
from tasks.tracker import Tracker
from tasks.visibility import ANONYMOUS, Level, Visibility, set_visibility
from tests.tasks.samples import (
    NOW,
    OFFICER,
    SUPERVISOR,
    TODAY,
    add,
    milestone_of,
    plan,
    take,
    unit_of,
)

WATER, EMERGENCY, SCHOOL = (unit_of(name) for name in ("区水利局", "区应急局", "区教委"))
MEMBERS = plan("整治水库。到2027年，整治水库5座，覆盖率达到92.5%。（牵头单位：区水利局；配合单位：区财政局）", "清理河道。各镇乡街道负责清理河道。").replace("1号", "2号").replace("防汛", "水库") + "领导小组成员单位\n区教委、区水利局\n"  # fmt: skip


def asked(store, query, as_of=TODAY, reader=CONSOLE):
    return run(store, Query.model_validate(query), reader=reader, as_of=as_of)


def labels(store, query, **more):
    return [row.label for row in asked(store, query, **more).rows]


UNITS = [
    ([], ["整治隐患", "开展演练", "移交校舍", "加强宣传"]),
    ([{"ids": [EMERGENCY]}], ["整治隐患", "开展演练"]),
    ([{"ids": [EMERGENCY], "roles": ["lead"]}], ["开展演练"]),
    ([{"ids": [EMERGENCY, WATER], "match": "together"}], ["整治隐患"]),
    ([{"ids": [EMERGENCY], "match": "without"}], ["移交校舍", "加强宣传"]),
    ([{"ids": [EMERGENCY, WATER], "match": "alone"}], ["整治隐患"]),
    ([{"ids": [WATER], "match": "alone"}], []),
    ([{"ids": [EMERGENCY]}, {"ids": [SCHOOL], "roles": ["joint"]}], ["开展演练"]),
    ([{"roles": ["joint"]}], ["开展演练"]),
]


@pytest.mark.parametrize(("units", "found"), UNITS)
def test_units_of_duties(store, units, found):
    assert labels(store, {"select": "duties", "units": units}) == found


CASES = [
    ({"select": "units", "text": "演练"}, ["区教委", "区应急局"]),
    ({"select": "units", "text": "演练", "units": [{"roles": ["lead"]}]}, ["区应急局"]),
    ({"select": "units", "limit": 1}, ["区应急局"]),
    ({"select": "units", "minus": [{"select": "units", "text": "演练"}], "text": "整治"}, ["区水利局"]),
    ({"select": "targets", "quantities": [{"comparator": ">", "value": "90", "measure": "%"}]}, ["参加率"]),
    ({"select": "targets", "text": "隐患点"}, ["隐患点"]),
    ({"select": "targets", "due": {"start": "2025-01-01", "end": "2025-12-31", "day": "printed"}}, ["隐患点"]),
    ({"select": "targets", "order_by": "value", "descending": True}, ["参加率", "隐患点"]),
    ({"select": "duties", "quantities": [{"comparator": "<=", "value": 20}]}, ["整治隐患"]),
    ({"select": "duties", "lacks": ["target"]}, ["移交校舍", "加强宣传"]),
    ({"select": "duties", "has": ["date", "owner"], "kinds": ["action"], "text": "校舍"}, ["移交校舍"]),
    ({"select": "duties", "states": ["overdue"]}, ["整治隐患", "开展演练"]),
    ({"select": "duties", "states": ["waiting"]}, ["移交校舍"]),
    ({"select": "duties", "inherited": True}, ["加强宣传"]),
    ({"select": "duties", "deadlines": ["recurring"]}, ["开展演练"]),
    ({"select": "duties", "and": [{"select": "duties", "has": ["target"]}], "text": "整治"}, ["整治隐患"]),
    ({"select": "clauses", "text": "竣工验收"}, ["移交校舍"]),
    ({"select": "clauses", "states": ["waiting"]}, ["移交校舍"]),
    ({"select": "plans", "text": "防汛"}, ["某区防汛工作方案"]),
    ({"select": "documents", "places": ["某区"]}, []),
    ({"select": "documents", "states": ["overdue"]}, ["某区防汛工作方案（2024—2026年）"]),
    ({"select": "milestones", "order_by": "due", "descending": True, "limit": 1}, ["加强宣传"]),
    ({"select": "milestones", "due": {"start": "2026-01-01", "end": "2026-06-30"}}, ["组织演练,参加率不低于95%"]),
    ({"select": "field", "field": "document_number"}, ["document_number"]),
]  # fmt: skip


@pytest.mark.parametrize(("query", "found"), CASES)
def test_what_is_selected(store, query, found):
    assert labels(store, query) == found


def test_every_row_has_its_evidence(store):
    [document] = store.documents()
    text = store.load(document.document.id).document.text
    for select in ("units", "duties", "milestones", "targets", "clauses", "plans"):
        for row in asked(store, {"select": select}).rows:
            assert row.citations, (select, row)
            for cited in row.citations:
                assert text[cited.span.start : cited.span.end] == cited.quote


def test_counts_groups_and_shares(store):
    counted = asked(store, {"select": "duties", "operation": "count", "units": [{"ids": [WATER]}]})
    assert (counted.total, counted.rows) == (1, ())
    by_unit = {"select": "milestones", "group_by": "unit", "operation": "count"}
    found = {g.label: g.count for g in asked(store, by_unit).groups}
    assert found == {
        "区应急局": 3,
        "区教委": 2,
        "区住房城乡建委": 1,
        "区水利局": 1,
        "各镇乡街道": 1,
    }
    [most] = asked(store, by_unit | {"operation": "most"}).groups
    assert (most.label, most.count) == ("区应急局", 3)
    least = asked(store, by_unit | {"operation": "least"}).groups
    assert {g.label for g in least} == {"区住房城乡建委", "区水利局", "各镇乡街道"}
    whole = {"select": "milestones", "group_by": "unit"}
    share = by_unit | {"operation": "share", "states": ["overdue"], "whole": whole, "limit": 2}
    assert [(g.label, g.count, g.whole) for g in asked(store, share).groups] == [("区水利局", 1, 1), ("区应急局", 2, 3)]  # fmt: skip
    months = asked(store, {"select": "milestones", "group_by": "month", "order_by": "text"})
    assert [(g.key, g.count) for g in months.groups] == [("2025-06", 1), ("2025-12", 1), ("2026-06", 1), ("2026-12", 1)]  # fmt: skip
    states = asked(store, {"select": "duties", "group_by": "state"})
    assert {g.key: g.count for g in states.groups} == {"overdue": 2, "later": 2, "waiting": 1}
    roles = asked(store, {"select": "duties", "group_by": "role"})
    assert {g.key: g.count for g in roles.groups} == {"responsible": 3, "lead": 1, "joint": 1}
    assert asked(store, {"select": "duties", "operation": "check", "text": "没有"}).holds is False


def test_members_and_what_two_lists_share(store):
    add(store, MEMBERS)
    members = {"select": "members"}
    assert labels(store, members) == ["区教委", "区水利局"]
    assert labels(store, members | {"minus": [{"select": "units", "text": "整治隐患"}]}) == [
        "区教委"
    ]
    assert labels(store, members | {"units": [{"ids": [WATER]}]}) == ["区水利局"]
    two = {
        "select": "units",
        "operation": "compare",
        "text": "水库",
        "other": {"select": "units", "text": "隐患"},
    }
    found = [(row.label, row.side) for row in asked(store, two).rows]
    assert found == [("区财政局", Side.FIRST), ("区水利局", Side.BOTH), ("区应急局", Side.SECOND)]
    paged = [asked(store, two | {"limit": 1, "offset": n}).rows[0].label for n in range(3)]
    assert paged == [label for label, _ in found]


def test_pages_are_parts_of_the_list(store):
    add(store, MEMBERS)
    for select in ("duties", "milestones", "targets", "clauses", "units"):
        whole = asked(store, {"select": select})
        ids = [(r.id, r.occurrence) for r in whole.rows]
        assert whole.total == len(ids) == len(set(ids))
        pages = [
            asked(store, {"select": select, "limit": 2, "offset": n}) for n in range(0, len(ids), 2)
        ]
        assert [(r.id, r.occurrence) for page in pages for r in page.rows] == ids
        assert {page.total for page in pages} == {len(ids)}
    with store.reading() as connection:
        query, seen, after = Query(select="milestones", limit=2), [], ()
        while True:
            page = list_ids(connection, query, reader=CONSOLE, as_of=TODAY, after=after)
            seen += page.ids
            if not page.more:
                break
            after = json.loads(json.dumps(page.places[-1]))
        assert seen == [(i.milestone_id, i.occurrence) for i in list_standings(store, TODAY)]
        for strange in (["x"], [1, 2, 3, 4, 5], ["2026-01-01", 1, "", "", ""]):
            with pytest.raises(QueryError):
                list_ids(connection, query, reader=CONSOLE, as_of=TODAY, after=strange)


def test_who_may_not_see_a_document_gets_nothing_of_it(store):
    key = add(store, MEMBERS).document_id
    closed = Visibility(level=Level.RESTRICTED, units=(WATER,))
    set_visibility(store, CONSOLE, key, closed, NOW)
    for select in (
        "units",
        "duties",
        "milestones",
        "targets",
        "clauses",
        "plans",
        "documents",
        "members",
    ):
        query = {"select": select, "documents": [key]}
        assert asked(store, query, reader=OFFICER).total > 0, select
        hidden = asked(store, query, reader=ANONYMOUS)
        assert (hidden.total, hidden.rows) == (0, ()), select


def test_who_is_not_told_of_work_learns_nothing_of_it(store):
    every = [{"select": "milestones"}, {"select": "milestones", "group_by": "state"}]
    every += [{"select": "duties", "states": [s]} for s in (*State, *Status)]
    before = [asked(store, query, reader=ANONYMOUS) for query in every]
    take(store, Step.ACCEPT)
    take(store, Step.SUBMIT)
    Tracker(store).record_event(SUPERVISOR, milestone_of(store, "移交校舍"), "一小", date(2025, 11, 3), NOW)  # fmt: skip
    assert [asked(store, query, reader=ANONYMOUS) for query in every] == before
    assert [asked(store, query) for query in every] != before


def test_the_database_says_of_each_day_what_the_documents_and_the_log_say(store):
    add(store, MEMBERS)
    take(store, Step.ACCEPT, on=date(2025, 10, 1))
    take(store, Step.REQUEST_EXTENSION, on=date(2025, 11, 1), new_date=date(2026, 1, 31))
    take(store, Step.APPROVE_EXTENSION, on=date(2025, 11, 5))
    take(store, Step.SUBMIT, on=date(2026, 1, 2))
    Tracker(store).record_event(SUPERVISOR, milestone_of(store, "移交校舍"), "一小", date(2025, 11, 3), NOW)  # fmt: skip
    day = date(2025, 9, 15)
    while day < date(2026, 2, 20):
        rows = [row for e in store.extractions() for row in rows_of(e)]
        with store.reading() as connection:
            ids = list_ids(connection, Query(select="milestones"), reader=CONSOLE, as_of=day).ids
            read = items_of(connection, Query(select="milestones"), ids, reader=CONSOLE, as_of=day)
        counted = asked(store, {"select": "milestones"}, as_of=day)
        plain = {(i.milestone_id, i.occurrence): i for i in read}
        assert {(r.id, r.occurrence): (r.due, r.state, r.status) for r in counted.rows} == {
            key: (i.due, i.state, i.status) for key, i in plain.items()
        }, day
        fixed = [
            i
            for i in standings(rows, lives_on(store, day), day)
            if i.milestone_id and not i.occurrence
        ]
        assert {i.milestone_id: i.state for i in fixed if i.kind not in ("relative",)} == {
            i.milestone_id: i.state
            for i in read
            if not i.occurrence and i.kind not in ("relative",)
        }
        day += timedelta(days=11)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    one=st.sampled_from([q for q, _ in CASES if q["select"] == "duties"]),
    other=st.sampled_from([q for q, _ in CASES if q["select"] == "duties"]),
)
def test_sets_are_those_of_their_rows(store, one, other):
    first, second = (set(labels(store, q)) for q in (one, other))
    both = one | {"and": [*one.get("and", ()), other]}
    rest = one | {"minus": [*one.get("minus", ()), other]}
    assert set(labels(store, both)) == first & second
    assert set(labels(store, rest)) == first - second


REFUSED = [
    {"select": "duties", "strange": 1}, {"select": "members", "states": ["overdue"]},
    {"select": "members", "clauses": ["x"]}, {"select": "policies", "plans": ["x"]}, {"select": "members", "topic": "x"},
    {"select": "field"}, {"select": "duties", "field": "title"}, {"select": "duties", "operation": "most"},
    {"select": "duties", "minus": [{"select": "units"}]}, {"select": "duties", "operation": "compare"},
    {"select": "documents", "group_by": "unit"}, {"select": "clauses", "order_by": "due"},
    {"select": "duties", "units": [{"match": "alone"}]}, {"select": "duties", "due": {}},
    {"select": "duties", "and": [{"select": "duties", "limit": 3}]}, {"select": "policies", "ids": ["x"]},
    {"select": "duties", "due": {"start": "2026-02-01", "end": "2026-01-01"}},
]  # fmt: skip


@pytest.mark.parametrize("query", REFUSED, ids=str)
def test_what_cannot_be_run_is_refused_where_it_is_made(query):
    with pytest.raises(ValueError, match=r"\S"):
        Query.model_validate(query)


def test_what_needs_a_search_is_refused(store):
    topic = {"select": "duties", "topic": "防溺水"}
    for query in ({"select": "text"}, topic, {"select": "duties", "minus": [topic]}):
        with pytest.raises(QueryError, match="clauses"):
            asked(store, query)


def test_many_conditions_at_once(store):
    for role, state in product(Role, State):
        query = {"select": "milestones", "units": [{"roles": [role]}], "states": [state]}
        listed = asked(store, query)
        grouped = asked(store, query | {"group_by": "role", "operation": "count"})
        assert listed.total == len(listed.rows)
        assert {g.key: g.count for g in grouped.groups} == (
            {role.value: listed.total} if listed.total else {}
        )
