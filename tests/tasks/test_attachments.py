"""Documents and their attachments: recorded once, for all their versions, and sealed by the log."""

import pytest
from sqlalchemy import update

from kb.errors import ConflictError, DeniedError
from tasks import audit, schema
from tasks.attachments import Attachment, attach, detach_document, read_attachments, texts_of
from tests.tasks.prepared import verify
from tests.tasks.samples import DANGERS, DRILLS, NOW, READER, SUPERVISOR, WORDS, add, plan

BODY, OTHER = plan(DANGERS), plan(WORDS).replace("防汛", "防火").replace("1号", "9号")
SHEET = plan(DRILLS).replace("防汛工作方案", "任务分解表").replace("1号", "2号")


@pytest.fixture
def came(store):
    """A document, what is to be its attachment, and another one."""
    return store, *(add(store, words).document_id for words in (BODY, SHEET, OTHER))


def belong(store, one, body, number=1):
    with store.writing() as connection:
        found = [Attachment(document_id=one, body_id=body, number=number)]
        return attach(connection, "chen", found, NOW)


def test_what_came_together_is_related_once(came):
    store, body, sheet, other = came
    [made] = belong(store, sheet, body)
    assert belong(store, sheet, body) == belong(store, sheet, other) == []
    assert belong(store, body, sheet) == belong(store, body, body) == []
    with store.reading() as connection:
        assert read_attachments(connection) == [made]
        [entry] = audit.read(connection, action="document.attached")
    assert (entry.subject, entry.actor, entry.after) == (sheet, "chen", {"attached_to": body})
    [stored] = store.documents(document_id=sheet)
    assert (stored.attached_to, stored.attachment) == (body, 1)
    assert verify(store).sound


def test_versions_of_both_keep_it(came):
    store, body, sheet, _ = came
    belong(store, sheet, body)
    newer = add(store, BODY.replace("20处", "30处"), replaces=body).document_id
    again = add(store, SHEET.replace("95%", "96%"), replaces=sheet).document_id
    with store.reading() as connection:
        found = {one.document_id: (one.body_id, one.number) for one in read_attachments(connection)}
    assert found == {sheet: (newer, 1), again: (newer, 1)}
    assert verify(store).sound


def test_a_person_says_that_it_is_none(came):
    store, body, sheet, _ = came
    with pytest.raises(ConflictError):
        detach_document(store, SUPERVISOR, sheet, NOW)
    belong(store, sheet, body)
    with pytest.raises(DeniedError):
        detach_document(store, READER, sheet, NOW)
    detach_document(store, SUPERVISOR, sheet, NOW)
    assert belong(store, sheet, body) == []  # and is heeded
    with store.reading() as connection:
        assert read_attachments(connection) == []
    assert verify(store).sound


def test_one_that_is_put_in_by_hand_is_found(came):
    store, body, sheet, other = came
    belong(store, sheet, body)
    d = schema.document
    for key, value in ((sheet, other), (other, body)):
        with store.writing() as connection:
            connection.execute(update(d).where(d.c.id == key).values(attached_to=value))
    found = {(f.row, f.column) for f in verify(store).differences}
    assert found == {(sheet, "attached_to"), (other, "attached_to")}


def test_texts_by_the_callers_numbers(came):
    store, body, sheet, _ = came
    with store.reading() as connection:
        assert texts_of(connection, {3: body, 5: sheet, 7: "none"}) == {3: BODY, 5: SHEET}
