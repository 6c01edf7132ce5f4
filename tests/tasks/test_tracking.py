"""Documents of other governments are for reference until somebody takes them up."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from ingest.pipeline import decode_source, extract_file
from kb.errors import ConflictError, DeniedError, NotFoundError, TransitionError
from kb.lexicon import corpus_path
from tasks import audit
from tasks.authorisation import CONSOLE, PersonRole
from tasks.digest import SectionKind, build_digests, week_of
from tasks.due import State
from tasks.lifecycle import Command, Status, Step
from tasks.listed import list_standings
from tasks.listing import plan_titles, read_register
from tasks.people import Person
from tasks.store import Store
from tasks.tracker import Tracker
from tasks.tracking import track_document, untrack_document
from tasks.units import read_units
from tasks.verify import verify_store
from tasks.withdrawal import withdraw_document
from tests.stores import new_store
from tests.tasks.digest_samples import ZONE
from tests.tasks.samples import NOW, PLAN, READER, SUPERVISOR, TODAY, milestones, read, set_back

ADMIN = Person(login="admin", name="管", role=PersonRole.ADMIN).actor()
AUDITOR = Person(login="audit", name="审", role=PersonRole.AUDITOR).actor()


def notice(issuer: str, place: str, duty: str) -> str:
    return f"{issuer}\n关于印发{place}水库安全方案（2024—2026年）的通知\n\n{place}水库安全方案（2024—2026年）\n一、主要任务\n1.{duty}\n"


OURS = notice(
    "重庆市万州区人民政府办公室",
    "万州区",
    "整治水库。到2025年6月底前，整治水库10处。（责任单位：区水利局）",
)
CITY = notice(
    "重庆市人民政府办公厅",
    "重庆市",
    "加固水库。到2025年6月底前，加固水库90处。（责任单位：市水利局）",
)
STATE = notice(
    "国务院办公厅", "全国", "普查水库。到2024年底前，普查水库9万座。（责任单位：水利部）"
)
NOBODYS = PLAN


def put(store, words, name, *, at=NOW, government="", replaces=None):
    extraction, data = read(words, name)
    return store.add(extraction, data, recorded_at=at, government=government, replaces=replaces)


@pytest.fixture
def office(store_url):
    """A store of 万州区 with a city plan and a State Council plan; ids by name."""
    with Store.open(store_url) as store:
        found = {
            name: put(store, words, f"{name}.txt", at=NOW + timedelta(minutes=n))
            for n, (name, words) in enumerate({"ours": OURS, "city": CITY, "state": STATE}.items())
        }
        yield store, found


def listed(store, **wanted):
    return {i.title for i in list_standings(store, TODAY, milestones(**wanted))}


def test_another_governments_duties_are_for_reference(office):
    store, found = office
    assert {n: a.tracked for n, a in found.items()} == {"ours": True, "city": False, "state": False}
    assert store.reference() == {found["city"].document_id, found["state"].document_id}
    assert [f.code for f in found["state"].findings] == ["for-reference"]
    told = found["state"].findings[0].message
    assert all(
        words in told
        for words in ("重庆市万州区", "国务院办公厅", "仅供查阅", "duban documents track")
    )
    assert listed(store) == {"整治水库"}
    register = read_register(store)
    assert {p.task.title for p in register.tracked.tasks()} == {"整治水库"}
    assert [u.unit for u in register.tracked.units()] == ["区水利局"]
    assert {p.task.title for p in register.tasks()} == {"整治水库", "加固水库", "普查水库"}
    with store.reading() as connection:
        assert [u.name for u in read_units(connection).all()] == ["区水利局"]
        assert len(plan_titles(connection, listed=True)) == 1
    # Whoever names the document asks for it.
    assert listed(store, documents=(found["state"].document_id,)) == {"普查水库"}
    assert {p.task.title for p in register.asked_for(found["city"].document_id).tasks()} >= {
        "加固水库"
    }


@pytest.mark.parametrize("actor", [SUPERVISOR, ADMIN, CONSOLE])
def test_it_is_taken_up_and_put_back_with_its_lives(office, actor):
    store, found = office
    key = found["city"].document_id
    marked = track_document(store, actor, key, " 市级下达 ", NOW)
    assert (marked.tracked, marked.tasks, marked.lives) == (True, 1, 0)
    assert listed(store) == {"整治水库", "加固水库"}
    accept = Command(step=Step.ACCEPT, milestone_id=milestone(store, "加固水库"), on=TODAY)
    officer = Person(
        login="o", name="o", role=PersonRole.UNIT_OFFICER, units=("重庆市/市/water",)
    ).actor()
    Tracker(store).perform(officer, accept, NOW)
    back = untrack_document(store, actor, key, "另行督办", NOW)
    assert (back.tracked, back.tasks, back.lives) == (False, 1, 1)
    assert listed(store) == {"整治水库"}
    track_document(store, actor, key, "仍由本区督办", NOW)
    [item] = [i for i in list_standings(store, TODAY) if i.title == "加固水库"]
    assert item.status is Status.ACCEPTED
    with store.reading() as connection:
        entries = [e for e in audit.read(connection, subject=key) if "tracked" in e.action]
        assert not audit.verify_chain(connection).faults
    assert [(e.action, e.actor, e.reason, e.after) for e in entries] == [
        ("document.tracked", actor.login, "市级下达", {"tracked": True}),
        ("document.untracked", actor.login, "另行督办", {"tracked": False}),
        ("document.tracked", actor.login, "仍由本区督办", {"tracked": True}),
    ]


@pytest.mark.parametrize("told", [True, False], ids=["standings", "an entry of before them"])
def test_verification_knows_what_was_taken_up_or_put_back(office, monkeypatch, told):
    store, found = office
    key = found["city"].document_id
    if not told:
        append = audit.append
        monkeypatch.setattr(
            audit, "append", lambda c, at, changes: append(c, at, [untold(one) for one in changes])
        )
    for n, act in enumerate((track_document, untrack_document, track_document), 1):
        act(store, CONSOLE, key, "试", NOW + timedelta(hours=n, microseconds=7))
        assert verify_store(store, decode_source).differences == ()
    with store.writing() as connection:
        connection.execute(
            text("UPDATE document SET tracked_since = NULL WHERE id = :id"), {"id": key}
        )
    [altered] = verify_store(store, decode_source).differences
    assert (altered.table, altered.row, altered.column) == ("document", key, "tracked_since")


def untold(change):
    return change.model_copy(
        update={"detail": {k: v for k, v in change.detail.items() if k != "standings"}}
    )


def milestone(store, title):
    return next(
        t.milestones[0].id for e in store.extractions() for t in e.tasks if t.title == title
    )


def test_what_is_refused(office):
    store, found = office
    key = found["city"].document_id
    for actor in (READER, AUDITOR):
        for act in (track_document, untrack_document):
            with pytest.raises(DeniedError):
                act(store, actor, key, "x", NOW)
    with pytest.raises(TransitionError, match="理由"):
        track_document(store, CONSOLE, key, " ", NOW)
    with pytest.raises(NotFoundError):
        track_document(store, CONSOLE, "doc-none", "x", NOW)
    with pytest.raises(ConflictError, match="本来就仅供查阅"):
        untrack_document(store, CONSOLE, key, "x", NOW)
    with pytest.raises(ConflictError, match="已列入督办"):
        track_document(store, CONSOLE, found["ours"].document_id, "x", NOW)
    withdraw_document(store, CONSOLE, key, "误传", NOW)
    with pytest.raises(ConflictError, match="已撤回"):
        track_document(store, CONSOLE, key, "x", NOW)


def test_no_step_is_taken_on_a_duty_for_reference(office):
    store, _ = office
    key = milestone(store, "普查水库")
    cancel = Command(step=Step.CANCEL, milestone_id=key, on=TODAY, reason="不属本区")
    with pytest.raises(TransitionError, match="列入督办") as caught:
        Tracker(store).perform(CONSOLE, cancel, NOW)
    assert "duban documents track" in caught.value.hint
    assert Tracker(store).lives() == {}


@pytest.mark.parametrize("taken_up", [False, True])
def test_a_new_version_is_what_the_one_before_was(office, taken_up):
    store, found = office
    if taken_up:
        track_document(store, CONSOLE, found["state"].document_id, "x", NOW)
    former = found["state"].document_id
    added = put(store, STATE.replace("9万座", "8万座"), "state.txt", replaces=former)
    assert (added.status, added.superseded) == ("new-version", found["state"].document_id)
    assert added.tracked is taken_up
    assert ("普查水库" in listed(store)) is taken_up
    # The former bytes come again: as the version is that they replace.
    again = put(store, STATE, "state.txt", replaces=added.document_id)
    assert (again.status, again.tracked) == ("new-version", taken_up)


def test_the_same_bytes_again_change_nothing(office):
    store, found = office
    track_document(store, CONSOLE, found["state"].document_id, "x", NOW)
    assert put(store, STATE, "state.txt").tracked
    extraction, data = read(STATE, "state.txt")
    assert store.add(extraction, data, recorded_at=NOW, refresh=True).tracked
    assert listed(store) == {"整治水库", "普查水库"}


@pytest.mark.parametrize(
    ("government", "order", "tracked"),
    [
        ("", ["ours", "city", "state"], {"ours"}),
        (
            "",
            ["state", "ours", "city"],
            {"state", "ours"},
        ),  # of the first local one, and it says so
        ("", ["city", "ours", "state"], {"city"}),
        ("万州区", ["state", "ours", "city"], {"ours"}),
        ("重庆市万州区人民政府", ["city", "ours"], {"ours"}),
        ("重庆市", ["ours", "city", "state"], {"city"}),
        ("", ["nobodys", "ours", "state"], {"nobodys", "ours"}),  # of the first that has a place
        ("", ["nobodys"], {"nobodys"}),  # home is not known
        ("万州区", ["nobodys", "ours", "state"], {"nobodys", "ours"}),
    ],
)
def test_whose_duties_count_follows_from_the_home_government(store_url, government, order, tracked):
    words = {"ours": OURS, "city": CITY, "state": STATE, "nobodys": NOBODYS}
    with Store.open(store_url) as store:
        found = {
            name: put(store, words[name], f"{name}.txt", at=NOW + timedelta(minutes=n), government=government)
            for n, name in enumerate(order)
        }  # fmt: skip
        assert {n for n, a in found.items() if a.tracked} == tracked
        codes = {n: {f.code for f in a.findings} for n, a in found.items()}
        for name, told in codes.items():
            known_now = name == "ours" and order[0] == "state" and not government
            doubt = {"issuer-unknown"} if name == "nobodys" else set()
            doubt |= {"home-found"} if known_now else set()
            assert told == (doubt if name in tracked else {"for-reference"})
        with store.reading() as connection:
            added = [e for e in audit.read(connection) if e.action == "document.added"]
        assert {e.subject for e in added if e.after["tracked"]} == {
            found[n].document_id for n in tracked
        }


def test_the_first_document_that_is_not_withdrawn_tells_the_home_government(store_url):
    with Store.open(store_url) as store:
        wrong = put(store, STATE, "state.txt")
        withdraw_document(store, CONSOLE, wrong.document_id, "误传", NOW)
        assert put(store, OURS, "ours.txt", at=NOW + timedelta(minutes=1)).tracked


def test_what_is_taken_up_is_new_in_that_week(office):
    store, found = office
    later = NOW + timedelta(weeks=3)
    track_document(store, CONSOLE, found["city"].document_id, "x", later)
    [overview] = build_digests(
        store, week_of(later.date()), later.date(), zone=ZONE, units=(), overview=True
    )
    assert overview.totals.new == 1
    [digest] = build_digests(
        store, week_of(later.date()), later.date(), zone=ZONE, units=("市水利局",), all_clear=True
    )
    assert [s.kind for s in digest.sections] == [SectionKind.OVERDUE, SectionKind.NEW]


def test_an_upgrade_changes_no_list(store_url):
    with Store.open(store_url) as store:
        for name, words in (("ours", OURS), ("state", STATE)):
            put(store, words, f"{name}.txt")
        with store.writing() as connection:
            set_back(connection, "0007")
    with Store.open(store_url) as store:
        assert listed(store) == {"整治水库", "普查水库"}
        assert store.reference() == frozenset()
        assert {d.tracked_since for d in store.documents()} == {NOW}
        with store.reading() as connection:
            assert connection.scalar(text("SELECT count(*) FROM document")) == 2


def test_the_overdue_list_of_the_corpus_is_as_it_was(tmp_path):
    """17 overdue that day became 33 by two documents of higher governments."""
    notice, data = extract_file(corpus_path() / "documents" / "wanzhou-fuban-2022-30.txt")
    day = date(2026, 11, 24)
    with Store.open(new_store(tmp_path)) as store:
        assert store.add(notice, data, recorded_at=NOW).findings == ()
        before = list_standings(store, day), read_register(store).tracked.units()
        for n, words in enumerate((STATE, CITY), 1):
            added = put(store, words, f"{n}.txt", at=NOW + timedelta(minutes=n))
            assert not added.tracked
        after = list_standings(store, day), read_register(store).tracked.units()
        assert after == before
        assert sum(i.state is State.OVERDUE for i in before[0]) > 0
        track_document(store, CONSOLE, added.document_id, "x", NOW)
        assert len(list_standings(store, day)) == len(before[0]) + 1
