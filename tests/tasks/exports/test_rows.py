"""What a row of an export says of a milestone, and the forms for programs."""

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from kb.language.roles import Role
from tasks.authorisation import CONSOLE
from tasks.due import Colour, State
from tasks.exports.columns import COLUMNS
from tasks.exports.delimited import render_csv, render_jsonl
from tasks.exports.keys import read_key, row_key
from tasks.exports.rows import export_rows
from tasks.exports.words import describe_deadline
from tasks.lifecycle import Status, Step, Verdict
from tasks.query import in_states
from tasks.store import Store
from tasks.tracker import Tracker
from tests.stores import new_store
from tests.tasks.export_samples import (
    DANGERS,
    NOW,
    PLAN,
    RATES,
    TODAY,
    WORDS,
    plan,
    put,
    row_of,
    rows_of,
    take,
)
from tests.tasks.samples import milestones, unit_of


@pytest.fixture
def store(tmp_path):
    with Store.open(new_store(tmp_path)) as opened:
        put(opened)
        yield opened


def test_a_row_for_each_milestone_with_its_proof(store):
    rows = rows_of(store)
    assert [r.number for r in rows] == list(range(1, len(rows) + 1))
    assert [r.title for r in rows] == ["整治隐患", "开展演练", "开展演练", "移交校舍", "缩小差异", "加强宣传"]  # fmt: skip
    for row in rows:
        assert row.clause_text == PLAN[row.clause_span.start : row.clause_span.end]
        assert row.clause_span.contains(row.span)
        assert row.deadline_text in PLAN
        assert row.document_name == "plan.txt"


def test_overdue_due_and_units(store):
    row = row_of(store, "整治隐患")
    assert (row.due, row.state, row.colour) == (date(2025, 12, 31), State.OVERDUE, Colour.RED)
    assert (row.days_overdue, row.days_left) == (61, None)
    assert row.bearing(Role.RESPONSIBLE) == ("区水利局", "区应急局")
    drill = row_of(store, "开展演练", occurrence="2026-06-30")
    assert (drill.days_overdue, drill.days_left) == (None, 120)
    assert drill.bearer_ids == (unit_of("区应急局"), unit_of("区教委"))


@pytest.mark.parametrize(
    ("title", "zh", "en"),
    [
        ("整治隐患", "到2025年", "到2025年"),
        ("开展演练", "每年6月底前（每期）", "每年6月底前 (recurring)"),
        ("加强宣传", "2024—2026年（计划期限）", "2024—2026年 (the plan's end)"),
    ],
)
def test_deadlines_are_shown_as_printed(store, title, zh, en):
    row = row_of(store, title)
    assert describe_deadline(row, "zh") == zh
    assert describe_deadline(row, "en") == en


def test_a_relative_deadline_waits_for_its_event(store):
    row = row_of(store, "移交校舍")
    assert (row.due, row.state) == (None, State.WAITING)
    assert "待事件" in describe_deadline(row, "zh")
    Tracker(store).record_event(CONSOLE, row.milestone_id, "一小", date(2026, 2, 1), NOW)
    row = row_of(store, "移交校舍")
    assert (row.due, row.occurrence) == (date(2026, 5, 1), "一小")
    assert "一小" in describe_deadline(row, "zh")


def test_an_extension_is_said(store):
    row = row_of(store, "缩小差异")
    take(store, row, Step.ACCEPT)
    take(store, row, Step.REQUEST_EXTENSION, new_date=date(2027, 3, 1))
    take(store, row, Step.APPROVE_EXTENSION, CONSOLE)
    row = row_of(store, "缩小差异")
    assert (row.due, row.due_by_text, row.extended) == (date(2027, 3, 1), date(2026, 12, 31), True)
    assert describe_deadline(row, "zh").endswith("（延期至 2027-03-01）")


def test_progress_and_targets(store):
    row = row_of(store, "缩小差异")
    assert [t.verdict for t in row.targets] == [Verdict.NO_REPORT] * 2
    take(store, row, Step.ACCEPT)
    values = {row.targets[0].id: Decimal("0.48"), row.targets[1].id: Decimal("0.5")}
    take(store, row, Step.REPORT, text="已抽查", percent=60, values=values)
    row = row_of(store, "缩小差异")
    assert [(t.verdict, t.gap) for t in row.targets] == [(Verdict.MET, 0), (Verdict.SHORT, Decimal("0.05"))]  # fmt: skip
    assert (row.percent, row.report, row.reports, row.revision) == (60, "已抽查", 1, 2)
    then = row_of(store, "缩小差异", date(2026, 3, 1))
    assert (then.percent, then.report, then.revision) == (None, "", 0), "as it was the day before"


def test_filters(store):
    everything = export_rows(store, TODAY)
    late = export_rows(store, TODAY, in_states(milestones(), (), overdue=True))
    assert [r.title for r in late] == ["整治隐患", "开展演练"]
    take(store, row_of(store, "加强宣传"), Step.ACCEPT)
    for wanted in ({Status.ACCEPTED}, {State.WAITING}, {Status.ACCEPTED, State.WAITING}):
        found = export_rows(store, TODAY, in_states(milestones(), wanted))
        assert found
        assert all(r.status in wanted or r.state in wanted for r in found)
    mine = export_rows(store, TODAY, milestones(unit=unit_of("区水利局")))
    assert 0 < len(mine) < len(everything)


def test_no_target_is_lost_or_doubled(store):
    targets = [t.id for e in store.extractions() for task in e.tasks for t in task.targets]
    shown = {(r.occurrence, t.id) for r in rows_of(store) for t in r.targets}
    assert {t for _, t in shown} == set(targets)
    once = [t.id for r in rows_of(store) if not r.occurrence for t in r.targets]
    assert len(once) == len(set(once))


def test_places_outlast_versions(store):
    before = {r.title: r for r in rows_of(store) if not r.occurrence}
    later = datetime(2026, 3, 3, tzinfo=UTC)
    newer = put(store, PLAN.replace("20处", "30处").replace("到2026年", "到2027年"), later)
    after = {r.title: r for r in rows_of(store) if not r.occurrence}
    assert after["整治隐患"].milestone_id != before["整治隐患"].milestone_id
    for title, row in after.items():
        assert row.uid == before[title].uid
        assert row.sequence > before[title].sequence
    assert after["缩小差异"].due == date(2027, 12, 31)
    put(store, PLAN, datetime(2026, 3, 4, tzinfo=UTC), replaces=newer)
    again = {r.title: r for r in rows_of(store) if not r.occurrence}
    for title, row in again.items():
        assert row.sequence > after[title].sequence, "an older version come back is a change too"


def test_sequence_grows_with_every_change(store):
    seen = [row_of(store, "整治隐患")]
    take(store, seen[0], Step.ACCEPT)
    seen.append(row_of(store, "整治隐患"))
    take(store, seen[0], Step.REPORT, percent=10)
    seen.append(row_of(store, "整治隐患"))
    assert [r.sequence - seen[0].sequence for r in seen] == [0, 1, 2]
    assert row_of(store, "加强宣传").sequence == seen[0].sequence, "others stay as they are"


def test_calendar_ids_are_distinct_within_a_clause(store):
    put(store, plan(
        "建校。2026年6月底前建成5所，2026年底前建成8所。（责任单位：区教委）", WORDS, RATES, DANGERS
    ))  # fmt: skip
    uids = [row.uid for row in rows_of(store)]
    assert len(uids) >= 5
    assert len(set(uids)) == len(uids)


def test_csv_and_json_lines_hold_every_column(store):
    rows = rows_of(store)
    take(store, rows[0], Step.ACCEPT)
    take(store, rows[0], Step.REPORT, text="=HYPERLINK(1)\r\n二", percent=5, values={rows[0].targets[0].id: Decimal(12)})  # fmt: skip
    rows = rows_of(store)
    data = render_csv(rows, base_url="https://duban.example/")
    assert data.startswith(b"\xef\xbb\xbf")
    table = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    lines = [json.loads(line) for line in render_jsonl(rows, base_url="https://duban.example/").decode().splitlines()]  # fmt: skip
    names = [c.name for c in COLUMNS] + ["link"]
    assert [list(r) for r in table] == [names] * len(rows)
    assert [list(r) for r in lines] == [names] * len(rows)
    assert table[0]["report"] == "'=HYPERLINK(1)\r\n二"
    assert lines[0]["report"] == "=HYPERLINK(1)\r\n二"
    assert (lines[0]["percent"], lines[0]["days_overdue"], lines[0]["targets"][0]["value"]) == (5, 61, "20")  # fmt: skip
    assert lines[0]["actuals"] == ["12"]
    assert lines[0]["verdicts"] == ["short"]
    assert lines[0]["responsible"] == ["区水利局", "区应急局"]
    assert table[0]["responsible"] == "区水利局、区应急局"
    assert lines[0]["link"] == f"https://duban.example/documents/{rows[0].document_id}#{rows[0].clause_id}"  # fmt: skip
    assert all(not line.startswith(("=", "+", "-", "@")) for r in table for line in r.values())


def test_columns_are_explained_once_each():
    assert len({c.name for c in COLUMNS}) == len(COLUMNS)
    assert all(c.zh and c.en for c in COLUMNS)


def test_keys(store):
    row = row_of(store, "开展演练", occurrence="2026-06-30")
    assert read_key(row_key(row))[:4] == (row.milestone_id, "2026-06-30", 0, "assigned")


@pytest.mark.parametrize(
    "printed",
    ["", "x", "[]", "{}", "7", "null", '["a","",0,"assigned","x"]', '["a","",true,"s","x","y"]',
     '["a","","0","s","x","y"]', '{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}', "[" * 100_000],
)  # fmt: skip
def test_what_is_no_key(printed):
    with pytest.raises(Exception, match="标识"):
        read_key(printed)
