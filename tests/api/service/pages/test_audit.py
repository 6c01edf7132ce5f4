"""The log on screen: changes readable, days of the office, exports that anybody can check."""

import csv
import html
import io
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from api.service.pages.audit import CHECK, Asked
from api.service.pages.entries import ACTIONS, action_name, changes_of
from tasks import audit
from tasks.audit import Entry
from tasks.authorisation import CONSOLE, PersonRole
from tasks.erasure import erase_document
from tasks.people import People, Person
from tasks.store import Store
from tests.tasks.samples import NOW, add


def entry(**fields):
    usual = {
        "seq": 1, "at": "2026-01-02T00:00:00.000000+00:00", "actor": "li", "action": "person.changed",
        "subject": "person:li", "detail": {}, "before": None, "after": None, "reason": "",
        "previous": "0" * 64, "hash": "0" * 64,
    }  # fmt: skip
    return Entry.model_validate(usual | fields)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"before": {"role": "reader", "name": "李"}, "after": {"role": "admin", "name": "李"}},
         [("角色", "reader", "admin")]),
        ({"after": {"units": ["区教委", "区公安局"], "active": True}},
         [("单位", None, "区教委、区公安局"), ("在用", None, "✓")]),
        ({"before": {"id": "token-1"}}, [("编号", "token-1", None)]),
        ({"detail": {"week": "2026-W01", "note": ""}}, [("周", None, "2026-W01"), ("说明", None, "—")]),
        ({"before": {"odd": {"a": 1}}, "after": {"odd": None}}, [("odd", '{"a": 1}', "—")]),
        ({"detail": {"text": "长" * 400}}, [("情况", None, "长" * 300 + "…")]),
        ({}, []),
    ],
)  # fmt: skip
def test_what_changed_is_told_field_by_field(fields, expected):
    found = changes_of(entry(**fields))
    assert [(c.names[0], c.before, c.after) for c in found] == expected


def test_all_that_the_log_holds_has_a_name(pages_world):
    with pages_world.service.store.reading() as connection:
        actions = {e.action for e in audit.read(connection)}
    assert len(actions) > 5
    assert actions <= set(ACTIONS)
    assert action_name("new.kind") == ("new.kind", "new.kind")


def test_days_are_those_of_the_office():
    wanted = Asked(since="2026-01-02", until="2026-01-02").in_utc(ZoneInfo("Asia/Shanghai"))
    assert (wanted.since, wanted.until) == ("2026-01-01T16:00:00", "2026-01-02T15:59:59")


@pytest.mark.parametrize(
    ("at", "listed"),
    [
        (datetime(2031, 5, 1, 15, 59, 59, 999, tzinfo=UTC), False),
        (datetime(2031, 5, 1, 16, 0, tzinfo=UTC), True),
        (datetime(2031, 5, 2, 15, 59, 59, 999_999, tzinfo=UTC), True),
        (datetime(2031, 5, 2, 16, 0, tzinfo=UTC), False),
    ],
)
def test_a_day_begins_and_ends_at_midnight_there(pages_world, browser, at, listed):
    person = Person(login=f"p{at:%d%H%M%S%f}", name="某", role=PersonRole.READER)
    pages_world.service.people.add(CONSOLE, person, at)
    page = browser("auditor").get("/audit?since=2031-05-02&until=2031-05-02&action=person").text
    assert (f">person:{person.login}<" in page) is listed


def test_a_change_is_readable(pages_world, browser):
    now = pages_world.service.now()
    people = pages_world.service.people
    people.add(CONSOLE, Person(login="wang", name="<b>王", role=PersonRole.READER), now)
    people.change(CONSOLE, Person(login="wang", name="<b>王", role=PersonRole.AUDITOR), now)
    page = browser("auditor").get("/audit", params={"subject": "person:wang"}).text
    assert "<del>reader</del> → <ins>auditor</ins>" in page
    assert "修改用户" in page
    assert "&lt;b&gt;王" in page
    assert "<b>王" not in page


def test_an_exported_log_is_checked_with_the_lines_on_the_page(browser, tmp_path):
    client = browser("auditor")
    page = client.get("/audit").text
    check = tmp_path / "check.py"
    check.write_text(html.unescape(re.search(r'id="check">(.*?)</pre>', page, re.S)[1]))
    sent = client.get("/audit/export/jsonl")
    assert ".jsonl" in sent.headers["Content-Disposition"]
    point = client.get("/audit/checkpoint").json()
    file = tmp_path / "log.jsonl"

    def run(lines):
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return subprocess.run([sys.executable, check, file], capture_output=True, text=True, check=False)  # fmt: skip

    lines = sent.text.splitlines()
    good = run(lines)
    assert good.stdout.split() == [str(point["count"]), point["head"]], good.stderr
    altered = json.loads(lines[3]) | {"actor": "nobody"}
    assert (
        "altered: 4"
        in run([*lines[:3], json.dumps(altered, ensure_ascii=False), *lines[4:]]).stderr
    )
    assert "does not follow: 5" in run([*lines[:3], *lines[4:]]).stderr


def test_a_log_with_an_erased_document_is_checked_with_the_same_lines(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 'duban.db'}") as store:
        key = add(store).document_id
        people = People(store)
        people.add(CONSOLE, Person(login="li", name="李", role=PersonRole.READER), NOW)
        erase_document(store, CONSOLE, key, "发现涉密", NOW)
        with store.reading() as connection:
            lines = [audit.canonical(e.model_dump(mode="json")).decode() for e in audit.read(connection)]  # fmt: skip
            point = audit.last_checkpoint(connection)
    check, file = tmp_path / "check.py", tmp_path / "log.jsonl"
    check.write_text(CHECK)

    def run():
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return subprocess.run([sys.executable, check, file], capture_output=True, text=True, check=False)  # fmt: skip

    assert run().stdout.split() == [str(point.count), point.head]
    lines[0] = lines[0].replace('"reason":""', '"reason":"另写"')
    assert "altered: 1" in run().stderr


def test_exports_hold_what_the_filters_show(browser):
    client = browser("auditor")
    rows = [json.loads(line) for line in client.get("/audit/export/jsonl?action=person&actor=console").text.splitlines()]  # fmt: skip
    assert rows
    assert {r["action"].split(".")[0] for r in rows} == {"person"}
    assert {r["actor"] for r in rows} == {"console"}
    sheet = client.get("/audit/export/csv?action=person&actor=console").content.decode("utf-8-sig")
    table = list(csv.DictReader(io.StringIO(sheet, newline="")))
    assert [int(row["seq"]) for row in table] == [r["seq"] for r in rows]
    assert client.get("/audit/export/exe").status_code == 404


def test_a_cell_is_no_formula(pages_world, browser):
    person = Person(login="calc", name="=HYPERLINK(1)", role=PersonRole.READER)
    pages_world.service.people.add(CONSOLE, person, pages_world.service.now())
    pages_world.service.people.change(
        CONSOLE, person.model_copy(update={"name": "x"}), pages_world.service.now()
    )
    sheet = browser("auditor").get("/audit/export/csv?subject=person:calc").text
    table = list(csv.reader(io.StringIO(sheet.lstrip("\ufeff"), newline="")))
    assert not [cell for row in table for cell in row if cell.startswith(("=", "+", "@"))]


@pytest.mark.parametrize("role", ["reader", "own", "supervisor", "admin"])
def test_only_auditors_export(browser, role):
    assert browser(role).get("/audit/export/jsonl").status_code == 403


def test_every_action_that_is_written_has_a_name():
    root = Path(audit.__file__).parent
    text = "".join(p.read_text(encoding="utf-8") for p in root.glob("*.py"))
    kinds = "document|milestone|correction|person|session|token|address|digest|review|schedule"
    written = set(re.findall(rf'"((?:{kinds})\.[a-z-]+)"', text)) - {"document.id", "person.login"}
    assert "review.settled" in written
    assert written <= set(ACTIONS)


def test_the_page_checks_the_whole_store(pages_world, browser):
    client = browser("auditor")
    csrf = re.search(r'name="csrf" value="([^"]+)"', client.get("/audit").text)[1]
    good = client.post("/audit", data={"csrf": csrf}).text
    assert "与日志、原件相符" in good
    assert "核对范围及无从核对之处" in good
    with pages_world.service.store.writing() as connection:
        was = connection.execute(text("SELECT login, role FROM person WHERE login = 'own'")).one()
        connection.execute(text("UPDATE person SET role = 'admin' WHERE login = 'own'"))
    try:
        bad = client.post("/audit", data={"csrf": csrf}).text
    finally:
        with pages_world.service.store.writing() as connection:
            back = text("UPDATE person SET role = :r WHERE login = 'own'")
            connection.execute(back, {"r": was.role})
    assert "<code>person own</code>" in bad
    assert "库中数据与日志或原件不符：1 处" in bad
