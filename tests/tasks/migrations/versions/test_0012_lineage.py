"""A store of before, in which a file's name made a version, and what a person makes of it."""

import pytest
from sqlalchemy import func, select, text

from kb.identifiers import stable_id
from tasks import audit, schema
from tasks.authorisation import CONSOLE
from tasks.exports.rows import export_rows
from tasks.lifecycle import Command, Step
from tasks.store import Store
from tasks.tracker import Tracker
from tasks.version_doubts import DoubtKind, VersionVerdict, doubts_seen_by, settle_doubt
from tasks.visibility import Level, Visibility, read_visibility, set_visibility
from tests.tasks.samples import (
    NOW,
    OFFICER,
    PLAN,
    SUPERVISOR,
    TODAY,
    milestone_of,
    read,
    set_back,
    unit_of,
)

NUMBER = "某区府办发〔2024〕1号"
OTHER = PLAN.replace(NUMBER, "某区府办发〔2025〕9号").replace("2025年", "2026年")
AGREES = PLAN.replace("20处", "30处")
NOTICE, LATER = "各单位：\n请做好防汛工作。\n", "各学校：\n请做好防火工作。\n"


def put(store: Store, words: str, replaces: str | None = None) -> str:
    extraction, data = read(words, "通知.txt")
    return store.add(extraction, data, recorded_at=NOW, replaces=replaces).document_id


def before(store_url: str, words: list[str]) -> list[str]:
    """A store of the former version in which each of the texts superseded the one before."""
    ids: list[str] = []
    with Store.open(store_url) as store:
        for one in words:
            ids.append(put(store, one, ids[-1] if ids else None))
            if len(ids) == 1:
                key = milestone_of(store, "整治隐患") if "整治隐患" in one else ""
                command = Command(step=Step.ACCEPT, milestone_id=key, on=TODAY)
                _ = key and Tracker(store).perform(OFFICER, command, NOW)
        seen = Visibility(level=Level.RESTRICTED, units=(unit_of("区教委"),))
        set_visibility(store, CONSOLE, ids[0], seen, NOW)
        with store.writing(remake=True) as connection:
            connection.execute(text("DELETE FROM visibility WHERE document_id <> :key"), {"key": ids[0]})  # fmt: skip
            set_back(connection, "0007")
    return ids


def doubts(store: Store) -> list:
    with store.reading() as connection:
        return doubts_seen_by(connection, SUPERVISOR)


def levels(store: Store) -> dict[str, Visibility]:
    with store.reading() as connection:
        return read_visibility(connection)


@pytest.mark.parametrize(
    ("words", "doubted"),
    [([PLAN, AGREES], []), ([PLAN, OTHER], [0]), ([NOTICE, LATER], [0]), ([PLAN, AGREES, OTHER], [1])],
)  # fmt: skip
def test_chains_that_would_not_be_made_today_are_listed(store_url, words, doubted):
    ids = before(store_url, words)
    with Store.open(store_url) as store:
        found = doubts(store)
        assert [(d.kind, d.other_id, d.document_id) for d in found] == [
            (DoubtKind.CHAIN, ids[n], ids[n + 1]) for n in doubted
        ]
        assert [d.document.id for d in store.documents()] == ids[-1:], "none is revived by itself"
        assert [d.lineage for d in store.documents(superseded=True)] == ["通知.txt"] * len(ids)
        narrowed = {ids[n + 1] for n in doubted if n == 0}
        assert {k for k, seen in levels(store).items() if seen.level is Level.RESTRICTED} == {ids[0], *narrowed}  # fmt: skip
        for one, key in zip(words, ids, strict=True):
            assert store.load(key).document.text == one
            assert store.load(key).tasks == read(one)[0].tasks or "各" in one[:1]
        with store.reading() as connection:
            assert not audit.verify_chain(connection).faults
            logged = [e.subject for e in audit.read(connection, action="document.visibility")]
        assert set(logged[1:]) >= narrowed


def test_what_refers_to_documents_is_there_after_the_table_was_made_anew(store_url):
    ids = before(store_url, [PLAN, OTHER])
    with Store.open(store_url) as store, store.reading() as connection:
        for table in (schema.fact, schema.assignment, schema.milestone, schema.target):
            of = select(func.count()).select_from(table).where(table.c.document_id.in_(ids))
            assert connection.scalar(of), table.name
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


def test_calendars_keep_their_events(store_url):
    before(store_url, [PLAN])
    with Store.open(store_url) as store:
        rows = [r for r in export_rows(store, TODAY) if not r.occurrence]
        assert len(rows) >= 3
        for row in rows:
            # As it was made before: of the file's name, the clause's path, the ordinal there.
            at = stable_id("at", "通知.txt", row.path, 1)
            assert row.uid == f"{stable_id('ev', at, '')}@duban"
        kept = {r.title: r.uid for r in rows}
        put(store, AGREES)
        now = {r.title: r.uid for r in export_rows(store, TODAY) if not r.occurrence}
        assert now == kept


def test_a_person_keeps_the_chain(store_url):
    ids = before(store_url, [PLAN, OTHER])
    with Store.open(store_url) as store:
        [doubt] = doubts(store)
        settle_doubt(store, SUPERVISOR, doubt.id, VersionVerdict.VERSION, "确是新版本", NOW)
        assert (doubts(store), [d.document.id for d in store.documents()]) == ([], ids[1:])


def test_a_person_separates_them(store_url):
    first, second = before(store_url, [PLAN, OTHER])
    with Store.open(store_url) as store:
        [doubt] = doubts(store)
        settle_doubt(store, SUPERVISOR, doubt.id, VersionVerdict.SEPARATE, "两份不同的文件", NOW)
        found = {d.document.id: d for d in store.documents()}
        assert set(found) == {first, second}
        assert (found[first].lineage, found[first].version) == (first, 1)
        assert found[second].lineage == "通知.txt"
        assert doubts(store) == []
        # What was left on the first is its own again; neither is open to more than before.
        assert Tracker(store).replay() == Tracker(store).lives()
        uids = [r.uid for r in export_rows(store, TODAY)]
        assert len(set(uids)) == len(uids), "an event is of one of them"
        assert {levels(store)[key].level for key in (first, second)} == {Level.RESTRICTED}
        with store.reading() as connection:
            [entry] = audit.read(connection, action="version.settled")
        assert (entry.detail["kind"], entry.detail["verdict"]) == ("chain", "separate")
