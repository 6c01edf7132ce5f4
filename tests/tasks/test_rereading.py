"""A document read by an older reader is read again: what stays, what moves, what a person is told."""

import os
from datetime import date, timedelta

import pytest

from ingest.pipeline import decode_source, extract_bytes, extract_source
from ingest.readers import read_bytes
from kb.errors import ConflictError, DeniedError, NotFoundError
from kb.language.roles import Role
from tasks import audit
from tasks.authorisation import CONSOLE
from tasks.corrections import Aspect, CorrectionStatus, Draft, Operation
from tasks.fact_ids import identify
from tasks.left import read_left
from tasks.lifecycle import Step
from tasks.rereading import Reread, find_older, reread_document
from tasks.review import ReviewKind
from tasks.settling import read_reviews, settle_all, unsettled
from tasks.store import Store
from tasks.succession import read_replacements
from tasks.tracker import Tracker
from tasks.verify import Reader, verify_store
from tasks.versions import read_corrections
from tasks.withdrawal import withdraw_document
from tests.tasks.samples import (
    DANGERS,
    DRILLS,
    NOW,
    OFFICER,
    READER,
    SUPERVISOR,
    WORDS,
    milestone_of,
    plan,
    read,
    set_back,
    take,
    tasks_of,
)

PUMPS = "建设泵站。2026年3月31日前完成选址，2026年6月30日前建成泵站3座。（责任单位：区水利局）"
DATA = plan(DANGERS, PUMPS, DRILLS, WORDS).encode()
WHOLE = extract_bytes(DATA, "plan.txt")
"""What the reader that is installed reads."""
LATER = NOW + timedelta(days=1)


def older(**changes):
    """The same document by an older reader: `changes` are by the titles of tasks, None for one that
    it did not find."""
    tasks = (
        task.model_copy(update=changes.get(task.title, {}))
        for task in WHOLE.tasks
        if changes.get(task.title, {}) is not None
    )
    return identify(WHOLE.model_copy(update={"tasks": tuple(tasks)}))


def task_of(title):
    [task] = [t for t in WHOLE.tasks if t.title == title]
    return task


@pytest.fixture
def empty(store_url):
    with Store.open(store_url) as opened:
        yield opened


def bring(store, extraction, reader="older"):
    return store.add(extraction, DATA, recorded_at=NOW, reader=reader).document_id


def again(store, key, *, actor=SUPERVISOR, extraction=WHOLE, reader="newer", **more) -> Reread:
    return reread_document(
        store, actor, key, lambda _data, _name, _known: extraction, reader=reader, at=LATER, **more
    )


def clean(store, reader="newer", extraction=WHOLE):
    how = Reader(version=reader, extract=lambda _data, _name: extraction)
    found = verify_store(store, decode_source, reader=how)
    return not found.faults and not found.differences


def entries(store):
    with store.reading() as connection:
        return list(audit.read(connection))


def looks(store):
    items = read_reviews(store, SUPERVISOR, store.extractions())
    return [i for i in unsettled(store, items) if i.kind in (ReviewKind.REREAD, ReviewKind.LEFT)]


def test_facts_keep_their_ids_with_all_that_hangs_on_them(empty):
    pumps = task_of("建设泵站")
    former = older(
        建设泵站={"milestones": pumps.milestones[1:]},  # one date was not found
        整治隐患={"responsibilities": task_of("整治隐患").responsibilities[:1]},
        加强宣传=None,
    )
    key = bring(empty, former)
    for title, fields in (("整治隐患", {"percent": 40}), ("建设泵站", {})):
        take(empty, Step.ACCEPT, title)
        take(empty, Step.REPORT, title, **fields)
    drill = tasks_of(empty)["开展演练"]
    Tracker(empty).correct(
        SUPERVISOR,
        Draft(task_id=drill.id, aspect=Aspect.OWNER, operation=Operation.ADD, unit="区水利局", role=Role.JOINT, reason="漏列"),
        NOW,
    )  # fmt: skip
    before, dated = tasks_of(empty), milestone_of(empty, "建设泵站")
    log = len(entries(empty))

    told = again(empty, key, dry_run=True)
    assert len(entries(empty)) == log
    assert [d.document.id for d in find_older(empty, "newer")] == [key]
    done = again(empty, key)
    now = done.document_id
    assert (done.status, done.former_id, now == key) == ("re-read", key, False)
    assert told == done.model_copy(update={"dry_run": True, "document_id": key})
    assert [(c.kind, c.path) for c in done.changes] == [
        ("changed", "1/一/1"),
        ("changed", "1/一/2"),
        ("new", "1/一/4"),
    ]
    assert "区水利局（责任）、区应急局（责任）" in done.changes[0].said
    assert (done.lives_kept, done.lives_left) == (2, ())
    assert (done.total.changed, done.total.gone) == (1, 0)

    after = tasks_of(empty)
    assert {t: after[t].id for t in before} == {t: before[t].id for t in before}
    ids = {m.due.date: m.id for m in after["建设泵站"].milestones}
    assert ids[date(2026, 6, 30)] == dated
    assert Tracker(empty).life(dated).reports
    assert not Tracker(empty).life(ids[date(2026, 3, 31)]).reports
    assert "区水利局" in {a.unit for a in after["开展演练"].responsibilities}
    with empty.reading() as connection:
        [held] = read_corrections(connection)
        assert (held.document_id, held.status) == (now, CorrectionStatus.ACTIVE)
    # The former reading is as it was: what cites it still finds it.
    assert empty.load(key) == former
    assert read_replacements(empty, CONSOLE, dated) == []
    assert clean(empty)
    [stored] = empty.documents()
    assert (stored.reader, stored.version, stored.reading) == ("newer", 2, 2)
    entry = next(e for e in entries(empty) if e.action == "document.refreshed")
    assert entry.actor == SUPERVISOR.login
    assert {"facts_sha256", "reader", "changes"} <= entry.detail.keys()

    assert {i.fact_id for i in looks(empty)} == {c.task_id for c in done.changes}
    settle_all(empty, SUPERVISOR, looks(empty), "看过", LATER)
    log = len(entries(empty))
    assert find_older(empty, "newer") == []
    assert again(empty, now).status == "current"
    assert (looks(empty), len(entries(empty))) == ([], log)


def test_another_reader_that_reads_the_same_is_noted_and_changes_nothing_else(empty):
    key = bring(empty, WHOLE)
    take(empty, Step.ACCEPT)
    done = again(empty, key)
    assert (done.status, done.document_id, done.changes) == ("unchanged", key, ())
    assert [e.action for e in entries(empty)][-1] == "document.confirmed"
    assert [(d.reader, d.reading) for d in empty.documents(superseded=True)] == [("newer", 1)]
    assert clean(empty)
    take(empty, Step.REPORT, percent=10)
    assert clean(empty)


def test_a_fact_that_is_gone_leaves_its_life_for_review_until_it_is_found_again(empty):
    pumps = task_of("建设泵站")
    key = bring(empty, WHOLE)
    early = next(m.id for m in pumps.milestones if m.due.date == date(2026, 3, 31))
    # What was reported stands at the first date; the reading that lacks it moves it to no other.
    take(empty, Step.ACCEPT, "建设泵站")
    fewer = older(建设泵站={"milestones": pumps.milestones[1:]}, 加强宣传=None)
    done = again(empty, key, extraction=fewer)
    assert [left.milestone_id for left in done.lives_left] == [early]
    assert next((i.kind, i.fact_id) for i in looks(empty)) == (ReviewKind.LEFT, early)
    assert [c.kind for c in done.changes] == ["changed", "gone"]
    assert [e.subject for e in entries(empty) if e.action == audit.LEFT] == [early]
    [late] = tasks_of(empty)["建设泵站"].milestones
    assert not Tracker(empty).life(late.id).steps
    assert clean(empty, extraction=fewer)

    back = again(empty, done.document_id, reader="newest")
    assert back.lives_left == ()
    assert Tracker(empty).life(early).steps
    with empty.reading() as connection:
        assert read_left(connection) == []
    assert clean(empty, reader="newest")
    assert empty.extractions() == (identify(WHOLE, 3, text_of=1),)


def test_values_reported_on_a_target_that_is_read_otherwise_stay_with_it(empty):
    task = task_of("整治隐患")
    [target] = task.targets
    wider = target.span.model_copy(update={"start": target.span.start - 2})
    text = WHOLE.document.text
    other = target.model_copy(update={"span": wider, "quote": wider.slice(text)})
    key = bring(empty, older(整治隐患={"targets": (other,)}))
    [was] = tasks_of(empty)["整治隐患"].targets
    take(empty, Step.ACCEPT)
    take(empty, Step.REPORT, values={was.id: "9"})
    again(empty, key)
    [now] = tasks_of(empty)["整治隐患"].targets
    assert now.id != was.id
    assert set(Tracker(empty).life(milestone_of(empty, "整治隐患")).values) == {now.id}
    assert clean(empty)


def test_in_another_text_of_the_same_bytes_lives_go_by_the_map(empty):
    source = read_bytes(DATA, "plan.txt")
    longer = source.model_copy(update={"text": source.text.replace("一、主要", "\n　\n一、主要")})
    key = bring(empty, extract_source(longer))
    take(empty, Step.ACCEPT, "建设泵站")
    before = milestone_of(empty, "建设泵站")
    done = again(empty, key)
    after = milestone_of(empty, "建设泵站")
    assert before != after
    assert (done.lives_kept, done.lives_left) == (1, ())
    assert Tracker(empty).life(after).steps
    [replacement] = read_replacements(empty, CONSOLE, after)
    assert replacement.kin.milestone_id == before


@pytest.mark.parametrize("kind", ["refresh", "confirm"])
def test_killed_before_its_end_the_document_is_as_before(empty, store_url, kind):
    key = bring(empty, older(加强宣传=None) if kind == "refresh" else WHOLE)
    before = entries(empty), empty.documents(superseded=True), empty.extractions()
    empty.close()
    child = os.fork()
    if child == 0:
        with Store.open(store_url) as other:
            again(other, key, settle=lambda *_: os._exit(9))
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert (entries(empty), empty.documents(superseded=True), empty.extractions()) == before
    assert again(empty, key).status == ("re-read" if kind == "refresh" else "unchanged")
    assert clean(empty)


def test_only_who_may_and_only_what_holds(empty):
    key = bring(empty, older(加强宣传=None))
    for actor in (READER, OFFICER):
        with pytest.raises(DeniedError):
            again(empty, key, actor=actor)
    with pytest.raises(NotFoundError):
        again(empty, "doc-none")
    with pytest.raises(ConflictError, match="摘要"):
        again(empty, key, extraction=extract_bytes(DATA + b"\n", "plan.txt"))
    now = again(empty, key).document_id
    with pytest.raises(ConflictError, match=now):
        again(empty, key, reader="newest")
    withdraw_document(empty, CONSOLE, now, "误传", LATER)
    with pytest.raises(ConflictError, match="撤回"):
        again(empty, now, reader="newest")
    assert find_older(empty, "newest") == []


def test_a_store_from_before_knows_its_readers_by_the_log(store_url):
    with Store.open(store_url) as store:
        other = read(plan(WORDS).replace("1号", "2号"))
        keys = [bring(store, WHOLE), store.add(*other, recorded_at=NOW).document_id]
        again(store, keys[0])
        with store.writing() as connection:
            set_back(connection, "0013")
    with Store.open(store_url) as store:
        assert {d.document.id: d.reader for d in store.documents()} == dict(
            zip(keys, ("newer", None), strict=True)
        )
        assert [d.document.id for d in find_older(store, "newer")] == keys[1:]


def test_readings_that_had_ids_of_their_own_come_back_to_those_of_the_first(empty, monkeypatch):
    """As stores have them in which documents were read anew before readings shared ids."""
    with monkeypatch.context() as patch:
        patch.setattr(
            "tasks.adding.text_reading", lambda _connection, _sha256, reading, _text: reading
        )
        patch.setattr("tasks.rereading.text_reading", lambda _connection, _sha256, reading, _text: reading)  # fmt: skip
        key = bring(empty, WHOLE)
        first = milestone_of(empty, "整治隐患")
        now = again(empty, key, extraction=older(加强宣传=None)).document_id
    second = milestone_of(empty, "整治隐患")
    take(empty, Step.ACCEPT)
    done = again(empty, now, reader="newest")
    assert (milestone_of(empty, "整治隐患"), second == first) == (first, False)
    assert (done.lives_kept, done.lives_left) == (1, ())
    assert Tracker(empty).life(first).steps
    assert clean(empty, reader="newest")
