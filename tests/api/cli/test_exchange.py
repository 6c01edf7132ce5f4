"""`duban export` and `duban import`, run as a user runs them."""

import csv
import io
import json
import os
import shutil
import stat
from pathlib import Path

import docx
import icalendar
import openpyxl
import pytest

from api.cli.app import run
from api.cli.exchange import write_whole
from kb.errors import DubanError
from kb.lexicon import corpus_path
from tasks.exports.sheet import SHEET, Part
from tasks.exports.workbook import HEADER

NOTICE = corpus_path() / "documents" / "wanzhou-fuban-2022-30.txt"
COLUMN = {spec.part: at for at, spec in enumerate(SHEET, start=1)}
DAY = ("--as-of", "2026-11-24")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a store and the notice in it; each test gets a copy."""
    folder = tmp_path_factory.mktemp("home")
    assert run(["ingest", "--no-index", str(NOTICE)], {}, folder) == 0
    return folder


@pytest.fixture
def duban(home, tmp_path, capsys):
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)

    def call(*arguments: str, **environ: str):
        capsys.readouterr()
        code = run(arguments, environ, tmp_path)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def fill(path: Path, at: int, **cells) -> None:
    book = openpyxl.load_workbook(path)
    for name, value in cells.items():
        cell = book.worksheets[0].cell(HEADER + at, COLUMN[Part(name)])
        cell.value = value
        if isinstance(value, str):
            cell.data_type = "s"  # typed after an apostrophe, as Excel has it
    book.save(path)


@pytest.mark.parametrize("form", ["xlsx", "csv", "jsonl", "docx", "ics"])
def test_each_form_holds_the_milestones_of_a_unit(duban, tmp_path, form):
    out = tmp_path / f"out.{form}"
    code, printed, _ = duban("export", "--unit", "区公安局", "--out", str(out), "--json", *DAY)
    assert code == 0
    told = json.loads(printed)
    assert (told["file"], told["format"]) == (str(out), form)
    listed = json.loads(duban("milestones", "--unit", "区公安局", "--json", *DAY)[1])
    count = told["milestones"]
    assert count == len(listed) > 3
    data = out.read_bytes()
    match form:
        case "xlsx":
            assert openpyxl.load_workbook(out).worksheets[0].max_row == HEADER + count
        case "csv":
            assert len(list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))) == count + 1  # fmt: skip
        case "jsonl":
            ids = [json.loads(line)["milestone_id"] for line in data.splitlines()]
            assert sorted(ids) == sorted(i["milestone_id"] for i in listed)
        case "docx":
            tables = docx.Document(str(out)).tables
            assert (
                sum(
                    len(t.rows) - 1
                    for t in tables
                    if len(t.columns) == 7 and t.cell(0, 0).text == "序号"
                )
                == count
            )
        case "ics":
            dated = [i for i in listed if i["due"]]
            assert len(icalendar.Calendar.from_ical(data).walk("VEVENT")) == len(dated)


def test_filters_links_and_language(duban, tmp_path):
    out = tmp_path / "late.jsonl"
    duban("export", "--overdue", "--out", str(out), *DAY)
    late = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert {r["state"] for r in late} == {"overdue"}
    assert all(r["due"] < "2026-11-24" for r in late)
    assert "link" not in late[0]
    duban(
        "export", "--status", "逾期", "--out", str(out), *DAY, DUBAN_BASE_URL="https://x.example/"
    )
    again = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [r["milestone_id"] for r in again] == [r["milestone_id"] for r in late]
    assert again[0]["link"].startswith("https://x.example/documents/doc-")
    duban("export", "--plan", "安全稳定", "--out", str(tmp_path / "p.xlsx"), "--lang", "en", *DAY)
    assert openpyxl.load_workbook(tmp_path / "p.xlsx").sheetnames == ["Duties", "Sources"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("export",), 2),
        (("export", "--out", "x.pdf"), 2),
        (("export", "--out", "x"), 2),
        (("export", "--out", "x.docx", "--by", "moon"), 2),
        (("export", "--out", "x.csv", "--status", "nothing"), 2),
        (("export", "--out", "x.csv", "--plan", "没有这个计划"), 1),
        (("export", "--out", "/no/such/folder/x.csv"), 1),
        (("export", "--out", "x.csv", "--as", "nobody"), 1),
        (("export", "--columns"), 0),
        (("import", "/no/such/file.xlsx"), 1),
        (("import", str(NOTICE)), 1),
    ],
)
def test_exit_codes(duban, tmp_path, monkeypatch, arguments, code):
    monkeypatch.chdir(tmp_path)
    before = sorted(p.name for p in tmp_path.iterdir())
    assert duban(*arguments)[0] == code
    assert sorted(p.name for p in tmp_path.iterdir()) == before, "nothing half-written is left"


def test_columns_are_documented(duban, tmp_path):
    columns = json.loads(duban("export", "--columns", "--json")[1])
    duban("export", "--out", str(tmp_path / "x.csv"), *DAY)
    head = (tmp_path / "x.csv").read_text("utf-8-sig").splitlines()[0].split(",")
    assert [c["name"] for c in columns] == head


def test_a_unit_fills_in_its_sheet(duban, tmp_path):
    duban("people", "add", "li", "--name", "李", "--role", "unit_officer", "--unit", "区公安局")
    sheet, report = tmp_path / "sheet.xlsx", tmp_path / "report.csv"
    assert duban("export", "--unit", "区公安局", "--out", str(sheet), "--as", "li")[0] == 0
    fill(sheet, 1, report="=已排查", percent=30)
    fill(sheet, 2, report="没有百分比", percent="一半")
    code, out, _ = duban("import", str(sheet), "--as", "li", "--all-or-nothing", "--report", str(report))  # fmt: skip
    assert code == 1
    assert "未采纳 1 行" in out
    assert "库没有变动" in out
    table = list(csv.reader(io.StringIO(report.read_text("utf-8-sig"), newline="")))
    assert [line[:2] for line in table[1:3]] == [["4", "未写入"], ["5", "未采纳"]]
    code, out, _ = duban("import", str(sheet), "--as", "li", "--dry-run", "--json")
    assert (json.loads(out)["accepted"], json.loads(out)["written"]) == (1, False)
    code, out, _ = duban("import", str(sheet), "--as", "li", "--lang", "en")
    assert code == 1
    assert "accepted" in out
    assert "no whole number from 0 to 100" in " ".join(out.split())
    code, out, _ = duban("import", str(sheet), "--as", "li", "--json")
    told = json.loads(out)
    assert (told["accepted"], told["refused"], told["written"]) == (0, 1, False)
    duban("export", "--unit", "区公安局", "--out", str(tmp_path / "x.jsonl"))
    rows = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text("utf-8").splitlines()]
    assert [(r["report"], r["percent"]) for r in rows if r["reports"]] == [("=已排查", 30)]
    assert duban("audit", "verify")[0] == 0


def test_writing_is_whole_or_not_at_all(tmp_path, monkeypatch):
    target = tmp_path / "x.csv"
    write_whole(target, b"old")
    mask = os.umask(0o022)
    os.umask(mask)
    assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~mask
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "disk full")))
    with pytest.raises(DubanError, match="disk full"):
        write_whole(target, b"new")
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.csv"]
