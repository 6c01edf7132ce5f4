"""A sheet filled in and sent back by HTTP: looked at, taken in, refused row by row."""

import csv
import io

import openpyxl
import pytest

from tasks.exports.sheet import SHEET, Part
from tasks.exports.workbook import HEADER
from tests.api.service.contracts.test_matrix import API
from tests.api.service.world import CLOSED_UNIT, OWN, SECRET, make_world

COLUMN = {spec.part: at for at, spec in enumerate(SHEET, start=1)}
PATH = f"{API}/progress"


@pytest.fixture
def world(tmp_path):
    """Of one test: what is taken in changes it."""
    with make_world(tmp_path) as made:
        yield made


def sheet(world, role, unit=OWN):
    sent = world.client(role).get(f"{API}/exports", params={"format": "xlsx", "unit": unit})
    assert sent.status_code == 200, sent.text
    return sent.content


def filled(data, cells):
    """The sheet with cells typed in: (row from 1, part) -> text."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    for (row, part), value in cells.items():
        cell = book.worksheets[0].cell(HEADER + row, COLUMN[part])
        cell.value = value
        cell.data_type = "s"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def keys(data):
    page = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    return [page.cell(n, COLUMN[Part.KEY]).value for n in range(HEADER + 1, page.max_row + 1)]


def send(world, role, data, name="进展.xlsx", **asked):
    return world.client(role).post(PATH, files={"file": (name, data)}, params=asked)


def steps_logged(world):
    told = world.client("auditor").get(f"{API}/audit", params={"action": "milestone."}).json()
    return told["total"]


def test_first_looked_at_then_taken_in(world):
    data = filled(
        sheet(world, "own"), {(1, Part.REPORT): "=又整治了5处", (2, Part.PERCENT): "一半"}
    )
    before = steps_logged(world)
    look = send(world, "own", data, dry_run=True).json()
    assert (look["dry_run"], look["written"]) == (True, False)
    assert (look["accepted"], look["refused"]) == (1, 1)
    first, second = look["results"][:2]
    assert (first["row"], first["verdict"], first["steps"]) == (HEADER + 1, "accepted", ["report"])
    assert (second["row"], second["verdict"], second["steps"]) == (HEADER + 2, "refused", [])
    assert "100" in second["why"]
    assert steps_logged(world) == before
    whole = send(world, "own", data, all_or_nothing=True).json()
    assert (whole["written"], whole["held"], whole["refused"]) == (False, 1, 1)
    assert steps_logged(world) == before
    done = send(world, "own", data).json()
    assert (done["written"], done["accepted"], done["refused"]) == (True, 1, 1)
    assert steps_logged(world) == before + 1
    again = send(world, "own", data).json()
    assert (again["written"], again["accepted"]) == (False, 0)
    assert steps_logged(world) == before + 1
    history = world.client("own").get(f"{API}/milestones/{first['milestone_id']}/history").json()
    assert history[-1]["detail"]["text"] == "=又整治了5处"
    assert history[-1]["actor"] == "own"


def test_the_result_as_a_table(world):
    data = filled(sheet(world, "own"), {(1, Part.REPORT): "又整治了5处"})
    told = send(world, "own", data, dry_run=True, format="csv")
    assert told.headers["Content-Type"].startswith("text/csv")
    assert "%E5%AF%BC%E5%85%A5" in told.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(told.content.decode("utf-8-sig"), newline="")))
    assert rows[0][:2] == ["行", "结果"]
    assert rows[1][:2] == [str(HEADER + 1), "已采纳"]


def test_csv_as_it_was_exported(world):
    sent = world.client("own").get(f"{API}/exports", params={"format": "csv", "unit": OWN})
    told = send(world, "own", sent.content, "进展.csv", dry_run=True)
    assert told.status_code == 200, told.text
    assert told.json()["unchanged"] == len(told.json()["results"]) > 0


def test_each_row_is_authorised_as_a_step(world):
    """An officer of another unit that sees the document reports nothing on these duties."""
    data = filled(sheet(world, "other"), {(1, Part.REPORT): "代报"})
    told = send(world, "other", data).json()
    assert (told["written"], told["refused"]) == (False, 1)
    assert "没有权限" in told["results"][0]["why"]


def test_a_key_is_no_way_to_read_of_a_closed_document(world):
    """The sheet of those who see it, sent by one of a unit that bears the duty and does not; the
    columns with words are taken out, so that only the store could say them."""
    world.service.people.change(
        world.service.people.get("admin").actor(),
        world.service.people.get("other").model_copy(update={"units": (CLOSED_UNIT,)}),
        world.service.now(),
    )
    rows = keys(sheet(world, "supervisor", CLOSED_UNIT))
    assert rows
    heads = {spec.part: spec.heading[0] for spec in SHEET}
    parts = (Part.KEY, Part.STATUS, Part.PERCENT, Part.REPORT, Part.ACTUALS)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([heads[p] for p in parts])
    for key in rows:
        writer.writerow([key, "", "50", "偷看", ""])
    sent = {"dry_run": True, "name": "a.csv"}
    told = send(world, "other", out.getvalue().encode("utf-8-sig"), **sent)
    assert told.status_code == 200, told.text
    assert SECRET not in told.text
    assert {r["verdict"] for r in told.json()["results"]} == {"refused"}
    assert all("没有里程碑" in r["why"] for r in told.json()["results"])
    seen = send(world, "own", out.getvalue().encode("utf-8-sig"), **sent)
    assert SECRET in seen.text


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("a.xlsx", b"PK\x03\x04 no archive", 422),
        ("a.xlsx", b"", 422),
        ("a.csv", "一,二\n1,2\n".encode(), 422),
        ("a.xlsx", b"\x00" * (50 * 1024 * 1024 + 1), 413),
    ],
)
def test_what_is_no_sheet_is_refused_and_not_kept(world, name, data, status):
    told = send(world, "own", data, name)
    assert told.status_code == status, told.text
    assert told.headers["Content-Type"] == "application/problem+json"
    assert " / " in told.json()["detail"]
    assert not list((world.settings.home / "uploads").glob("*"))


def test_who_reports_for_no_unit_sends_no_bytes(world):
    for role, status in (("public", 401), ("reader", 403), ("supervisor", 403), ("admin", 403)):
        assert send(world, role, b"x" * 100).status_code == status
    assert not (world.settings.home / "uploads").exists()
