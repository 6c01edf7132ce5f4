"""The calendar feed, parsed again and held against RFC 5545."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import icalendar
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasks.authorisation import CONSOLE
from tasks.exports.feed import in_calendar, render_ics
from tasks.exports.workbook import Heading
from tasks.lifecycle import Step
from tasks.store import Store
from tests.stores import new_store
from tests.tasks.export_samples import (
    DANGERS,
    DRILLS,
    HEADING,
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


@pytest.fixture
def store(tmp_path):
    with Store.open(new_store(tmp_path)) as opened:
        put(opened)
        yield opened


def events(data: bytes):
    return {str(e["uid"]): e for e in icalendar.Calendar.from_ical(data).walk("VEVENT")}


def feed(store, as_of=TODAY, **options):
    return render_ics(rows_of(store, as_of), HEADING, **options)


def test_an_all_day_event_for_each_dated_open_milestone(store):
    rows = [r for r in rows_of(store) if r.due]
    found = events(feed(store))
    assert set(found) == {r.uid for r in rows}
    assert len(found) == len(rows) == 5
    for row in rows:
        event = found[row.uid]
        assert (event.decoded("dtstart"), event.decoded("dtend")) == (
            row.due,
            row.due + timedelta(1),
        )
        assert event["dtstart"].params["VALUE"] == "DATE"
        assert event["sequence"] == row.sequence
        assert event.decoded("dtstamp") == row.changed_at
        assert (event["status"], event["transp"]) == ("CONFIRMED", "TRANSPARENT")
        assert row.clause_text[:4] not in ("", None)
        assert f"来源：{row.document_number or row.document}" in event["description"]
    late = found[row_of(store, "整治隐患").uid]
    assert [str(c) for c in late["categories"].cats] == ["督办", "红"]
    assert "责任：区水利局、区应急局" in late["description"]


def test_lines_and_times(store):
    data = feed(store)
    assert data.endswith(b"END:VCALENDAR\r\n")
    for line in data.split(b"\r\n"):
        assert len(line) <= 75
        assert b"\n" not in line
        line.decode()  # no character is cut in two
    assert b"TZID" not in data
    assert "X-WR-CALNAME:某区督办时限".encode() in data
    assert b"BEGIN:VTODO" not in data


def test_reminders_and_links(store):
    [alarm] = events(feed(store, remind_days=3))[row_of(store, "整治隐患").uid].walk("VALARM")
    assert alarm.decoded("trigger") == timedelta(days=-3, hours=9)
    assert b"VALARM" not in feed(store, remind_days=None)
    assert b"URL" not in feed(store)
    row = row_of(store, "整治隐患")
    data = render_ics([row], Heading(TODAY, base_url="https://duban.example"))
    assert events(data)[row.uid]["url"] == row.link("https://duban.example")


def test_equal_state_gives_equal_bytes(store, tmp_path):
    assert feed(store) == feed(store)
    with Store.open(new_store(tmp_path, "other.db")) as other:
        put(other)
        assert feed(other) == feed(store)


def test_every_change_moves_the_event_on(store):
    row = row_of(store, "缩小差异")
    seen = [events(feed(store))[row.uid]]
    for step, actor, fields in (
        (Step.ACCEPT, None, {}),
        (Step.REPORT, None, {"values": {row.targets[0].id: Decimal("0.4")}}),
        (Step.REQUEST_EXTENSION, None, {"new_date": date(2027, 5, 1)}),
        (Step.APPROVE_EXTENSION, CONSOLE, {}),
        (Step.CANCEL, CONSOLE, {}),
    ):
        take(store, row, step, *([actor] if actor else []), **fields)
        seen.append(events(feed(store))[row.uid])
    assert [int(e["sequence"]) - int(seen[0]["sequence"]) for e in seen] == [0, 1, 2, 3, 4, 5]
    assert seen[3].decoded("dtstart") == date(2026, 12, 31)
    assert seen[4].decoded("dtstart") == date(2027, 5, 1)
    assert [str(e["status"]) for e in seen] == ["CONFIRMED"] * 5 + ["CANCELLED"]
    assert not seen[5].walk("VALARM")


def test_what_is_completed_leaves_the_feed(store):
    row = row_of(store, "整治隐患")
    for step, actor in ((Step.ACCEPT, None), (Step.SUBMIT, None), (Step.APPROVE, CONSOLE)):
        take(store, row, step, *([actor] if actor else []))
    assert row.uid not in events(feed(store))


def test_events_outlast_new_versions(store):
    before = events(feed(store))
    put(store, PLAN.replace("到2026年", "到2027年"), datetime(2026, 3, 5, 6, 7, tzinfo=UTC))
    after = events(feed(store))
    assert set(after) == set(before)
    assert all(int(after[uid]["sequence"]) > int(before[uid]["sequence"]) for uid in after)
    moved = [u for u in after if after[u].decoded("dtstart") != before[u].decoded("dtstart")]
    assert moved == [row_of(store, "缩小差异").uid]
    assert after[moved[0]].decoded("dtstamp") == datetime(2026, 3, 5, 6, 7, tzinfo=UTC)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.permutations([DANGERS, DRILLS, RATES, WORDS]), min_size=1, max_size=4))
def test_sequence_never_falls_through_any_versions(tmp_path_factory, versions):
    with Store.open(new_store(tmp_path_factory.mktemp("v"))) as store:
        latest: dict[str, int] = {}
        for words in versions:
            put(store, plan(*words))
            take(store, row_of(store, "加强宣传"), Step.CANCEL, CONSOLE) if len(
                latest
            ) == 0 else None
            for uid, event in events(feed(store)).items():
                assert int(event["sequence"]) >= latest.get(uid, 0)
                latest[uid] = int(event["sequence"])


@settings(max_examples=60, deadline=None)
@example(text="\ufeff")
@given(
    text=st.text(max_size=120) | st.text(st.sampled_from("字;,\\:\n\"'\x00\x1f😀"), max_size=150)
)
def test_any_text_folds_and_comes_back(sample_row, text):
    row = sample_row.model_copy(update={"title": "x", "commitment": text, "plan": text})
    data = render_ics([row], HEADING)
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    event = events(data)[row.uid]
    wanted = re.sub("[\x00-\x1f]", "\ufffd", " ".join(text.split()).replace("\ufeff", ""))
    shown = str(event["summary"])
    assert shown == (wanted or "x")[:79] + ("…" if len(wanted) > 80 else wanted[79:80])


@pytest.fixture(scope="module")
def sample_row(tmp_path_factory):
    with Store.open(new_store(tmp_path_factory.mktemp("s"))) as opened:
        put(opened)
        return row_of(opened, "整治隐患")


MONTHS = """某市市容工作方案
某市人民政府
2026年1月12日
一、主要任务
1.报送台账。每月31日前报送市容整治台账。（责任单位：市城市管理局）
2.长效管理。推进长效管理机制建设。（责任单位：市司法局）
"""


def unfolded(data: bytes) -> list[bytes]:
    """The content lines of a feed by RFC 5545, 3.1, read from the bytes alone."""
    assert data.endswith(b"\r\n")
    lines = data[:-2].split(b"\r\n")
    assert b"\n" not in data.replace(b"\r\n", b"")
    for line in lines:
        assert len(line) <= 75
        line.decode()  # a character cut in two would not decode
    return data[:-2].replace(b"\r\n ", b"").split(b"\r\n")


def unescaped(value: str) -> str:
    return re.sub(r"\\([\\;,nN])", lambda m: "\n" if m[1] in "nN" else m[1], value)


def test_month_ends_folding_and_escapes_by_the_bytes(tmp_path):
    words = '修复路面,含"三街、四巷";兼顾排水=雨污分流(D:\\台账)' + "并逐项核对销号" * 20
    with Store.open(new_store(tmp_path)) as store:
        put(store, MONTHS, datetime(2026, 1, 12, tzinfo=UTC))
        rows = rows_of(store, date(2026, 11, 27))
    rows = [row.model_copy(update={"commitment": words}) for row in rows]
    lines = [line.decode() for line in unfolded(render_ics(rows, HEADING))]
    starts = [line for line in lines if line.startswith("DTSTART")]
    assert starts == ["DTSTART;VALUE=DATE:20261031", "DTSTART;VALUE=DATE:20261130"]
    assert len(in_calendar(rows)) == lines.count("BEGIN:VEVENT") == len(starts) < len(rows)
    told = [line.partition(":")[2] for line in lines if line.startswith("DESCRIPTION:报")]
    assert len(told) == len(starts)
    for value in told:
        assert not re.search(r"(?<!\\)[;,]", value)
        assert words in unescaped(value)
