"""A sheet that was handed out, filled in and sent back, on both kinds of database."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import TransitionError
from tasks.authorisation import CONSOLE, Actor, PersonRole
from tasks.exports.delimited import render_csv
from tasks.exports.filled import read_filled
from tasks.exports.progress import Verdict, render_results, take_in
from tasks.exports.rows import ExportTarget
from tasks.exports.sheet import SHEET, Part
from tasks.exports.typed import read_percent, read_status, read_values
from tasks.exports.workbook import HEADER, render_xlsx
from tasks.lifecycle import Status, Step
from tasks.store import Store
from tasks.tracker import Tracker
from tests.stores import new_store
from tests.tasks.export_samples import (
    EVERYBODY,
    HEADING,
    NOW,
    PLAN,
    officer,
    put,
    row_of,
    rows_of,
    take,
)

COLUMN = {spec.part: at for at, spec in enumerate(SHEET, start=1)}


@pytest.fixture
def store(store_url):
    with Store.open(store_url) as opened:
        put(opened)
        yield opened


def hand_out(store):
    return render_xlsx(rows_of(store), HEADING)


def fill(data: bytes, title: str, **cells) -> bytes:
    """Type into the first row of a duty, as a person would."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book.worksheets[0]
    for at in range(HEADER + 1, sheet.max_row + 1):
        if title in str(sheet.cell(at, COLUMN[Part.DUTY]).value):
            for name, value in cells.items():
                sheet.cell(at, COLUMN[Part(name)]).value = value
            break
    else:
        raise AssertionError(title)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def bring(store, data, actor=EVERYBODY, at=NOW, **options):
    return take_in(store, actor, read_filled(data, "x.xlsx"), at, **options)


def entries(store):
    return [e for r in rows_of(store) for e in Tracker(store).history(r.milestone_id)]


def only(report, verdict):
    [found] = [r for r in report.results if r.verdict is verdict]
    return found


def test_progress_goes_in_and_the_same_file_again_changes_nothing(store):
    data = fill(hand_out(store), "整治隐患", percent=60, report="已整治12处", actuals="12处")
    report = bring(store, data)
    done = only(report, Verdict.ACCEPTED)
    assert report.written
    assert [c.step for c in done.commands] == [Step.ACCEPT, Step.REPORT]
    assert report.count(Verdict.UNCHANGED) == len(report.results) - 1
    row = row_of(store, "整治隐患")
    assert (row.status, row.percent, row.report) == (Status.IN_PROGRESS, 60, "已整治12处")
    assert row.targets[0].actual == Decimal(12)
    before = entries(store)
    for _ in range(2):
        again = bring(store, data)
        assert not again.written
        assert {r.verdict for r in again.results} == {Verdict.UNCHANGED}
    assert entries(store) == before
    assert Tracker(store).replay() == Tracker(store).lives()


def test_an_untouched_sheet_changes_nothing_even_when_old(store):
    data = hand_out(store)
    row = row_of(store, "整治隐患")
    take(store, row, Step.ACCEPT)
    take(store, row, Step.REPORT, percent=30)
    report = bring(store, data)
    assert {r.verdict for r in report.results} == {Verdict.UNCHANGED}
    assert not report.written


@pytest.mark.parametrize(
    ("before", "cells", "steps"),
    [
        ([], {"status": "签收"}, [Step.ACCEPT]),
        ([], {"status": "accepted"}, [Step.ACCEPT]),
        ([], {"status": "承办", "report": "开始"}, [Step.ACCEPT, Step.REPORT]),
        ([], {"report": "开始"}, [Step.ACCEPT, Step.REPORT]),
        ([], {"status": "报送办结", "report": "完成"}, [Step.ACCEPT, Step.SUBMIT]),
        ([], {"status": "待审核", "report": "完成"}, [Step.ACCEPT, Step.SUBMIT]),
        ([Step.ACCEPT], {"status": "submit", "report": "完成", "percent": 100}, [Step.SUBMIT]),
        ([Step.ACCEPT], {"percent": 0, "report": "开始"}, [Step.REPORT]),
        ([Step.ACCEPT, Step.REPORT], {"percent": 80}, [Step.REPORT]),
        ([Step.ACCEPT, Step.REPORT], {"actuals": "21"}, [Step.REPORT]),
        ([Step.ACCEPT, Step.REPORT], {"status": "报送办结"}, [Step.SUBMIT]),
        ([Step.ACCEPT, Step.REPORT], {"status": None, "report": None, "percent": None}, []),
        ([Step.ACCEPT, Step.REPORT], {"status": "承办"}, []),
        ([Step.ACCEPT, Step.SUBMIT], {"status": "报送办结"}, []),
        ([], {"report": "  \r\n "}, []),
    ],
)
def test_what_a_row_asks_for(store, before, cells, steps):
    row = row_of(store, "整治隐患")
    for step in before:
        take(store, row, step)
    report = bring(store, fill(hand_out(store), "整治隐患", **cells))
    if steps:
        assert [c.step for c in only(report, Verdict.ACCEPTED).commands] == steps
    else:
        assert {r.verdict for r in report.results} == {Verdict.UNCHANGED}
    assert row_of(store, "整治隐患").revision == len(before) + len(steps)


@pytest.mark.parametrize(
    ("cells", "zh", "en"),
    [
        ({"percent": "过半", "report": "x"}, "不是 0 到 100", "whole number"),
        ({"percent": 101, "report": "x"}, "不是 0 到 100", "whole number"),
        ({"percent": -1, "report": "x"}, "不是 0 到 100", "whole number"),
        ({"percent": 60.5, "report": "x"}, "不是 0 到 100", "whole number"),
        ({"percent": True, "report": "x"}, "不是 0 到 100", "whole number"),
        ({"percent": date(2026, 1, 1), "report": "x"}, "日期", "a date"),
        ({"percent": 50}, "要填写进展情况", "filled in"),
        ({"status": "承办"}, "要填写进展情况", "needs a report"),
        ({"status": "报送办结"}, "要填写进展情况", "filled in"),
        ({"status": "办结", "report": "x"}, "其余由督办部门办理", "supervisor"),
        ({"status": "完事了", "report": "x"}, "不认得状态", "unknown status"),
        ({"actuals": "很多", "report": "x"}, "不是数", "no number"),
        ({"actuals": "1\n2", "report": "x"}, "目标只有 1 个", "for 1 target"),
        ({"report": "x_x0000_"}, "不能保存", "cannot be kept"),
        ({"key": "oops", "report": "x"}, "标识", "key"),
        ({"key": None, "report": "x"}, "没有标识", "no key"),
        ({"key": '["milestone-x","",0,"assigned","a","b"]', "report": "x"}, "没有里程碑", "no milestone"),
        ({"duty": "另一件事", "report": "x"}, "对不上", "does not belong"),
        ({"report": "=#REF!"}, "", ""),
    ],
)  # fmt: skip
def test_what_is_refused_and_why(store, cells, zh, en):
    data = fill(hand_out(store), "整治隐患", **cells)
    report = bring(store, data)
    if not zh:  # a formula that was never calculated holds nothing
        assert {r.verdict for r in report.results} == {Verdict.UNCHANGED}
        return
    refused = only(report, Verdict.REFUSED)
    assert refused.row == HEADER + 1
    assert zh in refused.why.split(" / ")[0]
    assert en in refused.why.split(" / ")[1]
    assert entries(store) == []


def test_who_may(store):
    data = fill(hand_out(store), "缩小差异", report="已抽查")
    for actor in (officer("区水利局"), Actor(login="z", roles=frozenset({PersonRole.READER}))):
        for dry_run in (True, False):
            refused = only(bring(store, data, actor, dry_run=dry_run), Verdict.REFUSED)
            assert refused.why.startswith("没有权限")
    assert entries(store) == []
    assert only(bring(store, data, officer("区教委")), Verdict.ACCEPTED)


def test_a_sheet_from_an_old_state_is_recognised(store):
    data = fill(hand_out(store), "整治隐患", report="已整治3处")
    row = row_of(store, "整治隐患")
    take(store, row, Step.ACCEPT)
    take(store, row, Step.REPORT, text="别人报的", percent=50)
    refused = only(bring(store, data), Verdict.REFUSED)
    assert "导出之后该项又有变动" in refused.why
    assert row_of(store, "整治隐患").report == "别人报的"


def test_after_it_was_returned_the_same_sheet_does_not_submit_again(store):
    data = fill(hand_out(store), "整治隐患", status="报送办结", report="完成")
    bring(store, data)
    row = row_of(store, "整治隐患")
    take(store, row, Step.RETURN, CONSOLE)
    refused = only(bring(store, data), Verdict.REFUSED)
    assert "又有变动" in refused.why
    assert row_of(store, "整治隐患").status is Status.RETURNED


def test_all_or_nothing(store):
    data = fill(hand_out(store), "整治隐患", report="好的一行")
    data = fill(data, "缩小差异", report="坏的一行", percent=300)
    report = bring(store, data, whole=True)
    assert not report.written
    assert only(report, Verdict.HELD).duty.startswith("整治隐患")
    assert only(report, Verdict.REFUSED).duty.startswith("缩小差异")
    assert entries(store) == []
    report = bring(store, data)
    assert report.written
    assert only(report, Verdict.ACCEPTED).duty.startswith("整治隐患")
    assert row_of(store, "整治隐患").report == "好的一行"


def test_a_dry_run_writes_nothing(store):
    data = fill(hand_out(store), "整治隐患", report="试一试")
    report = bring(store, data, dry_run=True)
    assert only(report, Verdict.ACCEPTED)
    assert not report.written
    assert entries(store) == []


def test_the_same_milestone_twice(store):
    data = fill(hand_out(store), "整治隐患", report="第一次")
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book.worksheets[0]
    sheet.append([cell.value for cell in sheet[HEADER + 1]])
    sheet.cell(sheet.max_row, COLUMN[Part.REPORT]).value = "第二次"
    out = io.BytesIO()
    book.save(out)
    report = bring(store, out.getvalue())
    assert "同一项" in only(report, Verdict.REFUSED).why
    assert row_of(store, "整治隐患").report == "第一次"


def test_occurrences_are_told_apart(store):
    data = hand_out(store)
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book.worksheets[0]
    for at in range(HEADER + 1, sheet.max_row + 1):
        if "2026-06-30" in str(sheet.cell(at, COLUMN[Part.DUE]).value):
            sheet.cell(at, COLUMN[Part.REPORT]).value = "今年的演练"
            sheet.cell(at, COLUMN[Part.ACTUALS]).value = "96.5%"
    out = io.BytesIO()
    book.save(out)
    assert only(bring(store, out.getvalue()), Verdict.ACCEPTED).occurrence == "2026-06-30"
    this, last = (row_of(store, "开展演练", occurrence=day) for day in ("2026-06-30", "2025-06-30"))
    assert (this.report, this.targets[0].actual) == ("今年的演练", Decimal("96.5"))
    assert (last.report, last.targets[0].actual) == ("", None)


def test_a_sheet_outlasts_a_new_version(store):
    data = fill(hand_out(store), "缩小差异", report="已抽查", actuals="0.48\n0.44")
    changed = fill(data, "整治隐患", report="已整治12处")
    put(store, PLAN.replace("20处", "30处"), datetime(2026, 3, 2, 5, tzinfo=UTC))
    report = bring(store, changed)
    assert only(report, Verdict.ACCEPTED).duty.startswith("缩小差异")
    assert [t.actual for t in row_of(store, "缩小差异").targets] == [Decimal("0.48"), Decimal("0.44")]  # fmt: skip
    assert "新版本" in only(report, Verdict.REFUSED).why, "its clause says something else now"


def test_csv_goes_the_same_way(store):
    table = list(csv.reader(io.StringIO(render_csv(rows_of(store)).decode("utf-8-sig"), newline="")))  # fmt: skip
    at = {name: i for i, name in enumerate(table[0])}
    table[1][at["report"]], table[1][at["percent"]] = "'=已完成一半", "50%"
    out = io.StringIO(newline="")
    csv.writer(out).writerows(table)
    for encoding in ("utf-8-sig", "gb18030"):
        filled = read_filled(out.getvalue().encode(encoding), "x.csv")
        report = take_in(store, EVERYBODY, filled, NOW)
    assert row_of(store, "整治隐患").report == "=已完成一半"
    assert {r.verdict for r in report.results} == {Verdict.UNCHANGED}, "the second time"
    again = read_filled(render_csv(rows_of(store)), "x.csv")
    assert {r.verdict for r in take_in(store, EVERYBODY, again, NOW).results} == {Verdict.UNCHANGED}


def test_the_report_by_row(store):
    data = fill(hand_out(store), "整治隐患", report="好")
    data = fill(data, "缩小差异", report="坏", percent=300)
    report = bring(store, data)
    for language, heads, words in (
        ("zh", ["行", "结果", "原因"], {"已采纳", "无变化", "未采纳"}),
        ("en", ["row", "result", "why"], {"accepted", "unchanged", "refused"}),
    ):
        text = render_results(report, language).decode("utf-8-sig")
        table = list(csv.reader(io.StringIO(text, newline="")))
        assert table[0][:3] == heads
        assert {line[1] for line in table[1:]} == words
        assert [int(line[0]) for line in table[1:]] == [r.row for r in report.results]
        assert " / " not in text


@pytest.mark.parametrize(
    ("printed", "value"),
    [("", None), ("0", 0), ("100", 100), ("60%", 60), ("６０％", 60), (" 7 ", 7), ("45.0", 45)],
)
def test_percent(printed, value):
    assert read_percent(printed) == value


@given(st.text(max_size=8))
def test_a_percent_is_whole_and_within_bounds_or_refused(text):
    try:
        value = read_percent(text)
    except TransitionError:
        return
    assert value is None or 0 <= value <= 100


@pytest.mark.parametrize(
    ("shown", "printed", "step"),
    [
        ("assigned", "交办", None),
        ("assigned", "签收", Step.ACCEPT),
        ("accepted", "签收", None),
        ("accepted", "Accepted", None),
        ("reported", "待审核", None),
        ("in_progress", "承办", None),
        ("in_progress", "报送办结", Step.SUBMIT),
        ("returned", "承办", Step.REPORT),
        ("closed", "销号", None),
        ("nonsense", "签收", Step.ACCEPT),
    ],
)
def test_status(shown, printed, step):
    assert read_status(printed, shown) is step


def target(measure):
    return ExportTarget.model_construct(id="t", measure=measure)


@pytest.mark.parametrize(
    ("printed", "measure", "value"),
    [
        ("12", "处", "12"),
        ("12处", "处", "12"),
        ("96.5%", "%", "96.5"),
        ("９６．５％", "%", "96.5"),
        ("1,234.50", "元", "1234.50"),
        ("-3", None, "-3"),
        ("—", "处", None),
        ("", "处", None),
        ("12人", "处", ValueError),
        ("1e5", None, ValueError),
        ("nan", None, ValueError),
        ("1" * 50, None, ValueError),
        ("12,34", None, ValueError),
    ],
)
def test_actual_values(printed, measure, value):
    if value is ValueError:
        with pytest.raises(TransitionError):
            read_values(printed, [target(measure)])
        return
    assert read_values(printed, [target(measure)]) == ({"t": Decimal(value)} if value else {})


COVER = "垃圾分类。到2026年，生活垃圾分类覆盖率达到98%以上。（责任单位：区教委）"


def shape(data: bytes, change) -> bytes:
    """The sheet as a person's program saves it after a change."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    change(book.worksheets[0])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def row_number(sheet, title):
    return next(
        at
        for at in range(HEADER + 1, sheet.max_row + 1)
        if title in str(sheet.cell(at, COLUMN[Part.DUTY]).value)
    )


def typed(title, part, value, form="General", report="已办"):
    """A change that types a value, with the format that Excel gives it."""

    def change(sheet):
        at = row_number(sheet, title)
        cell = sheet.cell(at, COLUMN[part])
        cell.value, cell.number_format = value, form
        sheet.cell(at, COLUMN[Part.REPORT]).value = report

    return change


def test_per_cent_cells_mean_what_they_show(tmp_path):
    """For a target in per cent and for the progress: as numbers, as text, full-width."""
    actuals = [
        (0.985, "0.0%", "98.5"), (0.985, "0%", "98.5"), (98.5, "General", "98.5"), ("98.5%", "@", "98.5"),
        ("９８．５％", "@", "98.5"), (0.29, "0%", "29"), (1, "0%", "100"), (0.98765432, "0.00%", "98.765432"),
    ]  # fmt: skip
    percents = [
        (0.6, "0%", 60),
        ("６０％", "@", 60),
        (60, "0", 60),
        ("60", "@", 60),
        (0.29, "0%", 29),
    ]
    with Store.open(new_store(tmp_path)) as store:
        put(store, PLAN + "6." + COVER)
        sheet = hand_out(store)
        [target] = row_of(store, "垃圾分类").targets
        for value, form, wanted in actuals:
            data = shape(sheet, typed("垃圾分类", Part.ACTUALS, value, form))
            report = bring(store, data, dry_run=True)
            command = only(report, Verdict.ACCEPTED).commands[-1]
            assert command.values == {target.id: Decimal(wanted)}, (value, form)
        for value, form, wanted in percents:
            data = shape(sheet, typed("垃圾分类", Part.PERCENT, value, form))
            command = only(bring(store, data, dry_run=True), Verdict.ACCEPTED).commands[-1]
            assert command.percent == wanted, (value, form)
        bring(store, shape(sheet, typed("垃圾分类", Part.ACTUALS, 0.985, "0.0%")))
        [target] = row_of(store, "垃圾分类").targets
        assert (target.actual, target.verdict.value) == (Decimal("98.5"), "met")


def test_per_cent_of_a_target_that_is_none_and_a_date_are_told_with_the_cell(store):
    sheet = hand_out(store)
    letter = openpyxl.utils.get_column_letter
    cases = [
        (typed("整治隐患", Part.ACTUALS, 0.985, "0.0%"), "实际值“98.5%”不是数"),
        (typed("整治隐患", Part.PERCENT, date(2026, 6, 30), "yyyy-mm-dd"), letter(COLUMN[Part.PERCENT])),
        (typed("整治隐患", Part.ACTUALS, date(2026, 6, 30), "yyyy-mm-dd"), letter(COLUMN[Part.ACTUALS])),
    ]  # fmt: skip
    for change, said in cases:
        data = shape(sheet, change)
        why = only(bring(store, data), Verdict.REFUSED).why
        at = row_number(openpyxl.load_workbook(io.BytesIO(data)).worksheets[0], "整治隐患")
        assert (f"单元格 {said}{at} 是日期" if said.isascii() else said) in why


def test_the_sheet_in_another_shape_goes_to_the_same_duty(store):
    """By the key and the headings, wherever rows and columns stand, hidden or not."""
    done = shape(hand_out(store), typed("缩小差异", Part.PERCENT, 60, "0"))

    def swap(sheet):
        one, two = row_number(sheet, "缩小差异"), row_number(sheet, "整治隐患")
        for column in range(1, sheet.max_column + 1):
            a, b = sheet.cell(one, column), sheet.cell(two, column)
            a.value, b.value = b.value, a.value

    def hide(sheet):
        sheet.row_dimensions[row_number(sheet, "缩小差异")].hidden = True

    shapes = {
        "hidden": hide,
        "row above": lambda sheet: sheet.insert_rows(HEADER + 1),
        "row at the top": lambda sheet: sheet.insert_rows(1),
        "column in front": lambda sheet: sheet.insert_cols(1),
        "renamed": lambda sheet: setattr(sheet, "title", "报督查室"),
        "sorted": swap,
    }
    meant = row_of(store, "缩小差异").milestone_id
    for name, change in shapes.items():
        report = bring(store, shape(done, change), dry_run=True)
        found = only(report, Verdict.ACCEPTED)
        assert (found.milestone_id, found.commands[-1].percent) == (meant, 60), name
    stranger = bring(store, done, actor=officer("区水利局"), dry_run=True)
    assert only(stranger, Verdict.REFUSED).milestone_id == meant
