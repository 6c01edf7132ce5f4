"""A document that must not be in the store is erased with all that quotes it; the log stays whole."""

import json
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from kb.errors import ConflictError, DeniedError, NotFoundError, SecretError, TransitionError
from tasks import audit, schema
from tasks.attachments import Attachment, attach
from tasks.authorisation import CONSOLE, PersonRole
from tasks.corrections import Aspect, Draft, Operation
from tasks.erasure import SentDigest, erase_document
from tasks.lifecycle import Step
from tasks.models import Deadline, DueKind
from tasks.outbox import DeliveryStatus, Key, Outbox
from tasks.people import Person
from tasks.store import Store
from tasks.tracker import Tracker
from tests.tasks.prepared import bring, prepare, verify
from tests.tasks.samples import NOW, READER, SUPERVISOR, TODAY, plan, take, tasks_of

MARK = "疏浚澄碧河"
SECRET = plan(f"{MARK}。2026年底前{MARK}12公里。（责任单位：区水利局）").replace("1号", "9号").replace("防汛", "清河")  # fmt: skip
ADMIN = Person(login="admin", name="管", role=PersonRole.ADMIN).actor()


def all_rows(store: Store) -> str:
    """All that stands in the tables."""
    with store.reading() as connection:
        return "\n".join(
            str(row) if not isinstance(value, bytes) else value.decode("utf-8", "replace")
            for table in schema.metadata.sorted_tables
            for row in connection.execute(select(table)).all()
            for value in (row, *(v for v in row if isinstance(v, bytes)))
        )


def files(store: Store) -> bytes:
    """The bytes of an SQLite store's files."""
    place = Path(store._engine.url.database)
    return b"".join(path.read_bytes() for path in place.parent.glob(f"{place.name}*"))


def use(store: Store, key: str) -> None:
    """Let everything happen to a document that quotes it."""
    tracker = Tracker(store)
    task = next(t for t in tasks_of(store).values() if t.title == MARK)
    take(store, Step.ACCEPT, MARK)
    [proof] = tracker.keep_evidence([("照片.jpg", MARK.encode())])
    take(store, Step.REPORT, MARK, text=f"{MARK}已完成一半", percent=50, evidence=(proof,))
    due = Deadline(kind=DueKind.BY, date=date(2026, 9, 30))
    draft = Draft(
        task_id=task.id, aspect=Aspect.DATE, operation=Operation.CHANGE, deadline=due,
        fact_id=task.milestones[0].id, reason=f"{MARK}提前",
    )  # fmt: skip
    tracker.correct(SUPERVISOR, draft, NOW)
    outbox, sent = Outbox(store, "run"), Key(unit="万州区/water", week="2026-W01", channel="drop")
    outbox.claim(sent, address="d", message_id="<2@d>", sha256="b" * 64, at=NOW, harmless=False)
    outbox.keep("b" * 64, "周报", f"<p>{task.milestones[0].commitment}</p>", NOW)
    outbox.announce(sent, NOW)
    outbox.finish(sent, DeliveryStatus.SENT, "", "system", NOW)
    with store.writing() as connection:
        for name, quoted in (("talk-1", key), ("talk-2", "doc-0")):
            said = json.dumps({"citations": [{"document_id": quoted, "quote": f"{MARK}{name}"}]})
            said = said if quoted == key else json.dumps({"answer": "别的"}, ensure_ascii=False)
            talk = {"id": name, "login": "sun", "title": "问", "updated_at": NOW}
            connection.execute(insert(schema.conversation), talk)
            turn = {"id": f"{name}-1", "conversation_id": name, "ordinal": 1, "at": NOW, "question": "问", "answer": said}  # fmt: skip
            connection.execute(insert(schema.turn), turn)
        row = {"id": "job-9", "login": "sun", "kind": "ingest", "status": "done"}
        body = json.dumps(row | {"report": {"document_id": key, "title": MARK}}, ensure_ascii=False)
        connection.execute(insert(schema.job), row | {"at": NOW, "body": body})


@pytest.fixture
def whole(store_url):
    """A store in which everything has happened, to a document that must go as well."""
    prepare(store_url)
    with Store.open(store_url) as store:
        key = bring(store, SECRET, "secret.txt")
        use(store, key)
        yield store, key


def test_nothing_of_it_stays_and_the_rest_is_whole(whole):
    store, key = whole
    assert MARK in all_rows(store)
    before = [d.document.id for d in store.documents(superseded=True) if d.document.id != key]
    with store.reading() as connection:
        point = audit.last_checkpoint(connection)
    done = erase_document(store, ADMIN, key, "发现涉密", NOW)
    store.erase_freed(everywhere=True)
    assert MARK not in all_rows(store)
    if store._engine.dialect.name == "sqlite":
        assert MARK.encode() not in files(store)
        assert json.dumps(MARK)[1:-1].encode() not in files(store)
    assert [d.document.id for d in store.documents(superseded=True)] == before
    found = verify(store, point)
    assert (found.faults, found.differences) == ((), ())
    assert list(done.documents) == [key]
    assert (done.milestones, done.corrections, done.evidence) == (1, 1, 1)
    assert (done.conversations, done.uploads, done.digest_copies) == (1, 1, 1)
    assert done.sent == (
        SentDigest(unit="万州区/water", week="2026-W01", channel="drop", status="sent"),
    )
    with store.reading() as connection:
        *_, entry = audit.read(connection)
        talks = list(connection.scalars(select(schema.conversation.c.id)))
    assert (entry.action, entry.subject, entry.actor, entry.reason) == (audit.ERASED, key, "admin", "发现涉密")  # fmt: skip
    assert entry.detail["documents"] == done.documents
    assert talks == ["talk-2"]


def test_work_goes_on_after_it(whole):
    store, key = whole
    erase_document(store, ADMIN, key, "发现涉密", NOW)
    task = next(t for t in tasks_of(store).values() if t.title == "开展演练")
    draft = Draft(
        task_id=task.id, aspect=Aspect.TARGET, operation=Operation.CHANGE,
        fact_id=task.targets[0].id, values={"value": "97"}, reason="勘误",
    )  # fmt: skip
    Tracker(store).correct(SUPERVISOR, draft, NOW)
    take(store, Step.REPORT, "整治隐患", on=TODAY)
    assert verify(store).sound


def test_the_same_bytes_are_not_taken_in_again(whole):
    store, key = whole
    erase_document(store, ADMIN, key, "发现涉密", NOW)
    with pytest.raises(SecretError, match="彻底删除") as caught:
        bring(store, SECRET, "copy.txt")
    assert "发现涉密" in caught.value.hint
    assert erase_document(store, ADMIN, key, "再清", NOW).before


def test_versions_go_only_where_that_is_said(whole):
    store, _ = whole
    [key] = [d.document.id for d in store.documents() if "30处" in store.load(d.document.id).document.text]  # fmt: skip
    with pytest.raises(ConflictError, match="另有版本") as caught:
        erase_document(store, ADMIN, key, "发现涉密", NOW)
    assert caught.value.hint == "--versions"
    done = erase_document(store, ADMIN, key, "发现涉密", NOW, versions=True)
    assert len(done.documents) == 2
    rows = all_rows(store)
    assert [w for w in ("移交校舍", "整治隐患", "一小", "30处") if w in rows] == []
    assert verify(store).sound


def test_attachments_stay_and_belong_to_nothing(whole):
    store, key = whole
    other = bring(store, plan("修渠。2026年底前修渠3条。").replace("1号", "8号"), "sheet.txt")
    with store.writing() as connection:
        attach(connection, "wang", [Attachment(document_id=other, body_id=key, number=1)], NOW)
    done = erase_document(store, ADMIN, key, "发现涉密", NOW)
    assert done.detached == (other,)
    assert verify(store).sound
    assert "secret.txt" not in all_rows(store)


def test_what_is_refused(whole):
    store, key = whole
    for actor in (SUPERVISOR, READER):
        with pytest.raises(DeniedError):
            erase_document(store, actor, key, "发现涉密", NOW)
    with pytest.raises(TransitionError, match="理由"):
        erase_document(store, CONSOLE, key, " ", NOW)
    with pytest.raises(NotFoundError):
        erase_document(store, CONSOLE, "doc-none", "发现涉密", NOW)
    row = {"id": "job-8", "login": "sun", "kind": "reread", "status": "queued"}
    with store.writing() as connection:
        body = json.dumps(row | {"rereads": key})
        connection.execute(insert(schema.job), row | {"at": NOW, "body": body})
        connection.execute(insert(schema.job_input), {"job_id": "job-8", "body": "{}", "data": SECRET.encode()})  # fmt: skip
    with pytest.raises(ConflictError, match="job-8"):
        erase_document(store, CONSOLE, key, "发现涉密", NOW)
    assert store.load(key).document.id == key
