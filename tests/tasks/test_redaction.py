"""What entries of the log say is taken out, and the chain still shows every other change."""

import pytest
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from kb.errors import StoreError
from tasks import audit, schema
from tasks.audit import Change
from tasks.redaction import redact
from tests.tasks.samples import NOW

A = schema.audit


def written(store, *reasons: str) -> list[audit.Entry]:
    with store.writing() as connection:
        changes = [Change(actor="wang", action="milestone.step", subject="m@一小", detail={"text": r}, reason=r) for r in reasons]  # fmt: skip
        return audit.append(connection, NOW, changes)


def erase(store, entry: audit.Entry) -> None:
    with store.writing() as connection:
        by = audit.last_checkpoint(connection).count + 1
        told = {audit.REDACTIONS: redact(connection, [entry], by)}
        change = Change(actor="admin", action=audit.ERASED, subject="doc-1", detail=told)
        audit.append(connection, NOW, [change])


def faults(store) -> list[int]:
    with store.reading() as connection:
        return [fault.seq for fault in audit.verify_chain(connection).faults]


def alter(store, seq: int, **values: str) -> None:
    """As who may drop the trigger could."""
    with store.writing() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER audit_no_update")
        else:
            connection.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER audit_no_update")
        connection.execute(update(A).where(A.c.seq == seq).values(**values))


def test_its_words_go_and_its_place_stays(store):
    first, second = written(store, "绝密甲", "乙")
    erase(store, first)
    assert faults(store) == []
    with store.reading() as connection:
        log = {entry.seq: entry for entry in audit.read(connection)}
        assert "绝密甲" not in str(log)
    left = log[first.seq]
    assert (left.hash, left.previous, left.at, left.actor) == (first.hash, first.previous, first.at, first.actor)  # fmt: skip
    assert (left.action, left.subject, left.reason) == (audit.REDACTED, "m", "")
    assert left.detail == {"action": "milestone.step", "by": second.seq + 1}
    assert log[second.seq] == second


def test_one_is_redacted_again(store):
    entry = written(store, "甲")[0]
    erase(store, entry)
    with store.reading() as connection:
        [left] = [e for e in audit.read(connection) if e.seq == entry.seq]
    erase(store, left)
    assert faults(store) == []


def test_the_log_is_guarded_again(store):
    entry = written(store, "甲")[0]
    erase(store, entry)
    with pytest.raises((StoreError, SQLAlchemyError)), store.writing() as connection:
        connection.execute(update(A).where(A.c.seq == entry.seq).values(reason="另写"))


@pytest.mark.parametrize(
    "values", [{"reason": "另写"}, {"actor": "li"}, {"action": "milestone.step"}]
)
def test_what_was_left_is_not_altered_unseen(store, values):
    entry = written(store, "甲", "乙")[0]
    erase(store, entry)
    alter(store, entry.seq, **values)
    assert faults(store) == [entry.seq]


def test_a_redaction_that_no_act_accounts_for_is_an_alteration(store):
    entry = written(store, "甲", "乙")[0]
    with store.writing() as connection:
        redact(connection, [entry], 99)
    assert faults(store) == [entry.seq]
