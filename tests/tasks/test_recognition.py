"""What was recognised in pictures is stored once, sealed by the log, and what a document is checked by."""

import json

import pytest
from sqlalchemy import delete, insert, update

from ingest.pipeline import decode_source, extract_bytes
from ingest.readers.recorded import repair_recorded
from kb.errors import DeniedError, SourceError
from kb.models import Span
from tasks import audit, schema
from tasks.adding import TextRepair
from tasks.models import Recognised
from tasks.recognition import DIGEST
from tasks.rereading import reread_document
from tasks.store import Store
from tasks.verify import Reader, verify_store
from tasks.version_doubts import open_doubts
from tests.tasks.samples import DANGERS, DRILLS, NOW, READER, SUPERVISOR, plan

PICTURE = b"\x89PNG\r\n\x1a\n the picture of a page"
BODY = {
    "text": plan(DANGERS, DRILLS),
    "model": "m" * 64,
    "pages": [[595.28, 841.89]],
    "places": [[0, 4, 1, [70.0, 80.0, 130.0, 96.0], 0.98]],
    "blocks": [["paragraph", 0, 4, None, None, []]],
    "findings": [],
}
READ = Recognised(model="m" * 64, body=json.dumps(BODY, ensure_ascii=False))


def never(_data: bytes, _media: str, _name: str) -> str:
    raise AssertionError("the picture was read again")


def bring(store: Store) -> str:
    extraction = extract_bytes(PICTURE, "scan.png", recognised=READ)
    return store.add(extraction, PICTURE, recorded_at=NOW, reader="v1").document_id


def differences(store: Store) -> list[tuple[str, str]]:
    how = Reader(version="v1", extract=extract_bytes)

    def decode(data: bytes, media: str, name: str) -> str:
        return never(data, media, name) if data == PICTURE else decode_source(data, media, name)

    found = verify_store(store, decode, reader=how).differences
    return [(d.table, d.column) for d in found]


def test_it_is_stored_with_its_document_and_sealed(store_url):
    with Store.open(store_url) as store:
        key = bring(store)
        assert store.recognised(key) == READ
        assert store.load(key).document.text == BODY["text"]
        with store.reading() as connection:
            [entry] = [e for e in audit.read(connection) if e.action == "document.added"]
        assert entry.detail[DIGEST] == READ.sha256
        assert differences(store) == []


def test_a_document_whose_text_is_in_its_bytes_has_none(store_url):
    with Store.open(store_url) as store:
        data = BODY["text"].encode()
        key = store.add(extract_bytes(data, "a.txt"), data, recorded_at=NOW).document_id
        assert store.recognised(key) is None
        assert verify_store(store, decode_source).differences == ()


OTHER = json.dumps(BODY | {"text": BODY["text"].replace("20", "30")}, ensure_ascii=False)
_TABLE = schema.recognised


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (update(_TABLE).values(body=OTHER), [("recognised", "body"), ("document", "body")]),
        (update(_TABLE).values(body="{}"), [("recognised", "body"), ("document", "body")]),
        (update(_TABLE).values(body="no json"), [("recognised", "body"), ("document", "body")]),
        (delete(_TABLE), [("recognised", "")]),
    ],
)
def test_what_is_changed_beside_the_log_is_found(tmp_path, act, told):
    with Store.open(f"sqlite:///{tmp_path / 'a.db'}") as store:
        bring(store)
        with store.writing() as connection:
            connection.execute(act)
        # Without its row the picture itself would have to be read, which is none here.
        how = Reader(version="other", extract=extract_bytes)
        found = verify_store(store, lambda *_: BODY["text"], reader=how).differences
        assert {(d.table, d.column) for d in found} == set(told)


def test_a_row_that_the_log_does_not_know_is_found(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 'a.db'}") as store:
        data = BODY["text"].encode()
        key = store.add(extract_bytes(data, "a.txt"), data, recorded_at=NOW).document_id
        with store.writing() as connection:
            connection.execute(insert(_TABLE), {"document_id": key} | READ.model_dump())
        found = verify_store(store, decode_source).differences
        assert [(d.table, d.row) for d in found] == [("recognised", key)]


def test_a_document_is_read_again_from_what_was_recognised(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 'a.db'}") as store:
        key = bring(store)
        given = []

        def read(data, name, recognised):
            given.append(recognised)
            found = extract_bytes(data, name, recognised=recognised)
            return found.model_copy(update={"tasks": found.tasks[:1]})

        again = reread_document(store, SUPERVISOR, key, read, reader="v2", at=NOW)
        assert given == [READ]
        assert again.status == "re-read"
        assert store.recognised(again.document_id) == READ
        found = verify_store(store, never, reader=Reader(version="v3")).differences
        assert found == ()


def test_what_a_person_corrects_is_a_reading_of_its_own(store_url):
    with Store.open(store_url) as store:
        key = bring(store)
        at = BODY["text"].index("20处")
        said = TextRepair(span=Span(at, at + 3), words="26处", reason="与图片核对")
        mended = repair_recorded(READ, said.span, said.words)

        def read(data, name, _recognised):
            return extract_bytes(data, name, recognised=mended)

        how = {"reader": "v1", "at": NOW}
        with pytest.raises(DeniedError):
            reread_document(store, READER, key, read, repair=said, **how)
        assert reread_document(store, SUPERVISOR, key, read, **how).status == "current"
        again = reread_document(store, SUPERVISOR, key, read, repair=said, **how)
        [old], [new] = (
            [x for t in store.load(i).tasks for x in t.targets if x.value in (20, 26)]
            for i in (key, again.document_id)
        )
        assert (old.value, new.value, new.quote) == (20, 26, old.quote)
        assert store.load(again.document_id).document.text == BODY["text"]
        assert (store.recognised(key), store.recognised(again.document_id)) == (READ, mended)
        with store.reading() as connection:
            entry = [*audit.read(connection, action="document.refreshed")][-1]
        assert entry.reason == "与图片核对"
        assert entry.detail["repaired"] == {"span": [at, at + 3], "raw": "20处", "words": "26处"}
        assert entry.detail[DIGEST] == mended.sha256
        assert differences(store) == []


def test_a_corrected_head_may_be_that_of_another_document(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 'a.db'}") as store:
        number, wrong = "某区府办发〔2024〕1号", "某区府办发〔2O24〕l号"
        other = BODY["text"].replace("防汛", "防涝", 1).encode()
        there = store.add(extract_bytes(other, "b.txt"), other, recorded_at=NOW).document_id
        text = BODY["text"].replace(number, wrong)
        found = Recognised(model=READ.model, body=json.dumps(BODY | {"text": text}))
        first = extract_bytes(PICTURE, "scan.png", recognised=found)
        key = store.add(first, PICTURE, recorded_at=NOW, reader="v1").document_id
        assert open_versions(store) == []
        at = text.index(wrong)
        said = TextRepair(span=Span(at, at + len(wrong)), words=number, reason="与图片核对")
        mended = repair_recorded(found, said.span, said.words)
        again = reread_document(
            store, SUPERVISOR, key, lambda *_: extract_bytes(PICTURE, "scan.png", recognised=mended),
            reader="v1", at=NOW, repair=said,
        )  # fmt: skip
        now = store.load(again.document_id)
        assert (first.document.document_number, now.document.document_number) == (None, number)
        assert now.document.text == text
        assert [v.quote for v in now.header if v.field == "document_number"] == [wrong]
        assert open_versions(store) == [(again.document_id, there)]
        assert [v.document_id for v in again.possible_versions] == [there]
        assert differences(store) == []


def open_versions(store: Store) -> list[tuple[str, str]]:
    with store.reading() as connection:
        return [(doubt.document_id, doubt.other_id) for doubt in open_doubts(connection)]


def test_a_body_that_is_damaged_is_no_text():
    with pytest.raises(SourceError, match="damaged"):
        extract_bytes(PICTURE, "scan.png", recognised=Recognised(model="m", body='{"text": 1}'))
