"""Who may know what of the life of a duty; and that those who may not know it get the same whatever
it was."""

import io
import zipfile
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.authorisation import CONSOLE, Actor, PersonRole
from tasks.digest import DigestFormat, build_digests, parse_week, render
from tasks.disclosure import DISCLOSED, Part, disclose, may_know
from tasks.due import NO_LIVES, PAST, Colour, State, due_items, overdue, rows_of, standings
from tasks.exports.render import FORMS, render_rows
from tasks.exports.rows import export_rows
from tasks.exports.workbook import Heading
from tasks.lifecycle import Life, Status, Step, Verdict, judge
from tasks.listed import list_standings
from tasks.queries import Register
from tasks.store import Store
from tasks.visibility import ANONYMOUS, NOBODY
from tasks.words import describe_distance, describe_item
from tests.stores import new_store
from tests.tasks.samples import NOW, OFFICER, READER, SUPERVISOR, TODAY, add, read, take

AUDITOR = Actor(login="shen", roles=frozenset({PersonRole.AUDITOR}))
ADMIN = Actor(login="guan", roles=frozenset({PersonRole.ADMIN}))
OTHER = Actor(login="qita", roles=frozenset({PersonRole.UNIT_OFFICER}), units=("别处/water",))
EVERYBODY = (ANONYMOUS, NOBODY, READER, OFFICER, OTHER, SUPERVISOR, AUDITOR, ADMIN, CONSOLE)
TABLE = {
    Part.LIFE: (0, 0, 1, 1, 1, 1, 1, 1, 1),
    Part.HISTORY: (0, 0, 1, 1, 1, 1, 1, 1, 1),
    Part.EVIDENCE: (0, 0, 1, 1, 1, 1, 1, 1, 1),
    Part.CORRECTIONS: (0, 0, 1, 1, 1, 1, 1, 1, 1),
    Part.PEOPLE: (0, 0, 1, 1, 1, 1, 1, 1, 1),
    Part.ALL_DELIVERIES: (0, 0, 0, 0, 0, 1, 1, 1, 1),
}
"""By the order of `EVERYBODY`."""


def test_who_may_know_what():
    assert TABLE.keys() == DISCLOSED.keys() == set(Part)
    for part, decided in TABLE.items():
        for reader, may in zip(EVERYBODY, decided, strict=True):
            assert may_know(reader, part) is bool(may), (part, reader)


def test_not_told_is_not_nothing_reported():
    lives = {("m", ""): Life(milestone_id="m")}
    assert disclose(ANONYMOUS, lives) is None
    assert disclose(ANONYMOUS, {}) is None
    for reader in (READER, OTHER, CONSOLE):
        assert disclose(reader, lives) is lives
        assert disclose(reader, {}) == {}


ROWS = rows_of(read()[0])
DAYS = st.dates(date(2023, 6, 1), date(2028, 6, 1))
LIVES = st.builds(
    Life,
    milestone_id=st.just("m"),
    status=st.sampled_from(Status),
    since=st.none() | DAYS,
    due=st.none() | DAYS,
    asked=st.none() | DAYS,
    refused=st.booleans(),
    percent=st.none() | st.integers(0, 100),
    report=st.text(max_size=3),
    reports=st.integers(0, 3),
)


@given(
    as_of=DAYS, occasions=st.dictionaries(st.text("甲乙", min_size=1, max_size=2), DAYS, max_size=2),
    given_lives=st.lists(st.tuples(st.integers(0, len(ROWS) - 1), st.sampled_from(["", "2025-06-30", "甲"]), LIVES), max_size=5),
)  # fmt: skip
def test_who_is_not_told_gets_what_the_text_and_the_date_give(as_of, occasions, given_lives):
    lives = {(ROWS[n].id, turn): life for n, turn, life in given_lives}
    rows = [replace(row, occasions=tuple(occasions.items())) for row in ROWS]
    found = list(standings(rows, disclose(ANONYMOUS, lives), as_of))
    assert found == list(standings(ROWS, disclose(ANONYMOUS, {}), as_of))
    for item in found:
        assert not item.told
        assert item.status is None
        assert item.due == item.printed
        assert item.state not in (State.OVERDUE, State.REVIEW, State.FINISHED)
        assert (item.state is State.PASSED) == (item.due is not None and item.due < as_of)
        assert item.colour in (Colour.BLUE, Colour.NONE)
        assert (item.behind, item.missed, item.occurrence in occasions) == (False, 0, False)
        assert item.model_dump()["life"] is None
    # Who is told, of duties that nobody touched, gets the same days and is told that they are overdue.
    fresh = list(standings(ROWS, disclose(READER, NO_LIVES), as_of))
    assert [i.due for i in fresh] == [i.due for i in found]
    assert [i.state in PAST for i in fresh] == [i.state in PAST for i in found]
    assert State.PASSED not in {i.state for i in fresh}


def test_what_is_asked_for_as_overdue():
    by_text = standings(ROWS, None, TODAY)
    known = standings(ROWS, NO_LIVES, TODAY)
    for items, state in ((by_text, State.PASSED), (known, State.OVERDUE)):
        late = [i for i in items if i.among({State.OVERDUE})]
        assert late
        assert {i.state for i in late} == {state}
        assert not any(i.among({Status.COMPLETED, State.FINISHED}) for i in late)
        assert all(i.among({Status.ASSIGNED}) == i.told for i in late)


def test_registers_and_lists_keep_to_it():
    extraction = read()[0]
    lives = {(ROWS[0].id, ""): Life(milestone_id=ROWS[0].id, status=Status.CLOSED)}
    told, blind = (Register([extraction], lambda _: lives, told=t) for t in (True, False))
    assert ROWS[0].id not in {i.milestone_id for i in told.overdue(TODAY)}
    assert ROWS[0].id in {i.milestone_id for i in blind.overdue(TODAY)}
    assert told.life_of(ROWS[0].id, TODAY) == lives[ROWS[0].id, ""]
    assert blind.life_of(ROWS[0].id, TODAY) is None
    assert not blind.without(()).told
    assert {i.state for i in overdue([extraction], TODAY, lives=None)} == {State.PASSED}
    assert all(not i.told for i in due_items([extraction], TODAY, lives=None))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_word_says_what_is_not_known(language):
    [item, *_] = (i for i in standings(ROWS, None, TODAY) if i.state is State.PASSED)
    extraction = read()[0]
    due = extraction.tasks[0].milestones[0].due
    said = describe_item(item, language) + describe_distance(due, TODAY, None, language)
    for words in ("逾期", "未报告", "overdue", "reported"):
        assert words not in said
    target = extraction.tasks[0].targets[0]
    for value in (None, Decimal(3)):
        judged = judge(target, value, told=False)
        assert (judged.verdict, judged.value, judged.gap) == (Verdict.WITHHELD, None, None)


PLANTED = ("planted-report", "planted-reason", "41.97")
FALSE = (
    "未报告",
    "未报",
    "no progress",
    "no value",
    "没有报告",
    "without a report",
    "办结",
    "逾期",
    "overdue by",
)


def test_files_for_whoever_is_not_told_are_the_same_before_and_after(tmp_path):
    """Every format of exports and digests."""

    def files(reader):
        rows = export_rows(store, TODAY, reader=reader)
        for form in FORMS:
            for lang in ("zh", "en"):
                yield form, lang, render_rows(rows, Heading(TODAY, language=lang), form)
        digests = build_digests(store, parse_week("2026-W01"), TODAY, zone=NOW.tzinfo, all_clear=True, reader=reader)  # fmt: skip
        for digest in digests:
            for kind in DigestFormat:
                for lang in ("zh", "en"):
                    yield f"digest-{kind}", lang, render(digest, kind, lang)

    def texts(reader):
        # A workbook says when it was made.
        return [(form, lang, _undated(inside(data))) for form, lang, data in files(reader)]

    with Store.open(new_store(tmp_path)) as store:
        add(store)
        before = texts(ANONYMOUS)
        target = read()[0].tasks[0].targets[0].id
        take(store, Step.ACCEPT)
        take(store, Step.REPORT, text=PLANTED[0], percent=37, values={target: Decimal(PLANTED[2])})
        take(store, Step.SUBMIT, text=PLANTED[0])
        take(store, Step.RETURN, actor=SUPERVISOR, reason=PLANTED[1])
        assert texts(ANONYMOUS) == before
        told = "".join(text for _, _, text in texts(SUPERVISOR))
        for words in (PLANTED[0], PLANTED[2]):
            assert words in told
        assert all(item.told for item in list_standings(store, TODAY))
        for form, lang, text in before:
            for words in FALSE:
                allowed = form in ("xlsx", "digest-xlsx")  # choices to fill in, heads of columns
                assert words not in text or allowed, (form, lang, words)


def inside(data):
    """What a file says: an archive (Word, Excel) with its parts unpacked."""
    if data[:4] != b"PK\x03\x04":
        return data.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return "\n".join(archive.read(n).decode("utf-8", "replace") for n in archive.namelist())


def _undated(text):
    first, mark, rest = text.partition("<dcterms:modified")
    return first + (rest.partition("</dcterms:modified>")[2] if mark else "")
