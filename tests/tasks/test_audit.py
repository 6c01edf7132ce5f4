# ruff: noqa: S608 - the statements are the tests' own
"""The log cannot be altered unseen: each kind of tampering is found and the entry named."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from kb.errors import DubanError, StoreError
from tasks import audit
from tasks.audit import GENESIS, Change, Checkpoint
from tasks.store import Store
from tests.tasks.samples import NOW

COLUMNS = "seq, at, actor, action, subject, detail, before, after, reason, previous, hash"


@pytest.fixture
def log(store_url):
    """A store whose log has six entries."""
    with Store.open(store_url) as store:
        with store.writing() as connection:
            changes = [
                Change(
                    actor="王", action="test", subject=f"s{n}", detail={"n": n, "名": "值", "list": [1]},
                    before=None if n % 2 else {"a": 1}, after={"b": None}, reason="“因”\n",
                )
                for n in range(1, 7)
            ]  # fmt: skip
            audit.append(connection, NOW, changes)
        yield store


def verify(store, *checkpoints):
    with store.reading() as connection:
        return audit.verify_chain(connection, checkpoints)


def named(found):
    return [fault.seq for fault in found.faults]


def head(store) -> Checkpoint:
    found = verify(store)
    return Checkpoint(count=found.count, head=found.head)


def tamper(store, *statements):
    """Do what the owner of a database can: take the triggers away, then change the log."""
    with store.writing() as connection:
        if connection.dialect.name == "sqlite":
            for name in ("update", "delete", "replace"):
                connection.execute(text(f"DROP TRIGGER audit_no_{name}"))
        else:
            connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        for statement in statements:
            connection.execute(text(statement) if isinstance(statement, str) else statement)


def rows(store):
    with store.reading() as connection:
        return [
            dict(r._mapping) for r in connection.execute(text("SELECT * FROM audit ORDER BY seq"))
        ]


def rewrite(store, start: int, **changes) -> None:
    """Change an entry and compute all hashes from there on anew, as a careful forger would."""
    kept = rows(store)
    previous = kept[start - 2]["hash"] if start > 1 else GENESIS
    statements = []
    for old in kept[start - 1 :]:
        row = old | (changes if old["seq"] == start else {})
        row["previous"] = previous
        plain = {k: v for k, v in row.items() if k != "hash"}
        for name in ("detail", "before", "after"):
            plain[name] = json.loads(plain[name]) if plain[name] is not None else None
        previous = row["hash"] = audit.digest(plain)
        assignments = ", ".join(f"{k} = :{k}" for k in ("previous", "hash", *changes))
        values = {k: row[k] for k in ("previous", "hash", *changes)}
        statements.append(text(f"UPDATE audit SET {assignments} WHERE seq = {row['seq']}").bindparams(**values))  # fmt: skip
    tamper(store, *statements)


def test_an_untouched_log_is_whole(log):
    found = verify(log)
    assert (found.count, found.faults) == (6, ())
    assert found.head == rows(log)[-1]["hash"]


def test_the_canonical_form_is_stable():
    """Known bytes and hash: a log of today is verified by every later version."""
    fields = {
        "seq": 1, "at": "2026-01-02T03:04:00.000000+00:00", "previous": GENESIS, "actor": "王",
        "action": "a", "subject": "s", "detail": {"b": 1, "a": "“é”\n"}, "before": None,
        "after": {"x": True}, "reason": "",
    }  # fmt: skip
    whole = (
        '{"action":"a","actor":"王","after":{"x":true},"at":"2026-01-02T03:04:00.000000+00:00",'
        '"before":null,"detail":{"a":"“é”\\n","b":1},"previous":"' + GENESIS + '","reason":"",'
        '"seq":1,"subject":"s"}'
    )
    assert audit.canonical(fields) == whole.encode()
    assert audit.digest(fields) == hashlib.sha256(whole.encode()).hexdigest()
    assert (
        audit.digest(fields) == "f51e551a24bbc7f5494c4fa9fbab664e6e0ff7726b6cbee2fbfa63609bc94cb9"
    )


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from("abcdef"), plain), st.randoms())
def test_order_of_keys_does_not_matter_and_values_do(value, random):
    keys = list(value)
    random.shuffle(keys)
    assert audit.canonical({k: value[k] for k in keys}) == audit.canonical(value)
    assert json.loads(audit.canonical(value)) == value
    assert audit.digest(value | {"z": 1}) != audit.digest(value | {"z": 2})


def test_the_stamp_is_utc_and_needs_a_zone(log):
    with log.writing() as connection:
        at = datetime(2026, 1, 3, 7, 0, tzinfo=timezone(timedelta(hours=8)))
        [entry] = audit.append(connection, at, [Change(actor="a", action="b", subject="c")])
        assert entry.at == "2026-01-02T23:00:00.000000+00:00"
        with pytest.raises(ValueError, match="time zone"):
            audit.append(connection, at.replace(tzinfo=None), [])


@pytest.mark.parametrize("column", COLUMNS.split(", "))
def test_an_altered_entry_is_named(log, column):
    value = {
        "seq": "70", "detail": "'{}'", "before": "'[]'", "after": "NULL",
        "previous": f"'{GENESIS}'", "hash": f"'{GENESIS}'",
    }.get(column, "'other'")  # fmt: skip
    tamper(log, f"UPDATE audit SET {column} = {value} WHERE seq = 4")
    assert named(verify(log)) == ([4, 7, 70] if column == "seq" else [4])


@pytest.mark.parametrize(
    "spelling", ['{"n":4,"名":"值","list":[1]}', '{"list": [1], "n":4,"名":"值"}', "no json"]
)
def test_another_spelling_of_the_same_is_an_alteration(log, spelling):
    tamper(log, text("UPDATE audit SET detail = :d WHERE seq = 4").bindparams(d=spelling))
    assert named(verify(log)) == [4]


@pytest.mark.parametrize(
    ("gone", "faults"), [("seq = 3", [3]), ("seq IN (3, 4)", [3]), ("seq = 1", [1]), ("seq IN (2, 5)", [2, 5])]
)  # fmt: skip
def test_removed_entries_are_named(log, gone, faults):
    tamper(log, f"DELETE FROM audit WHERE {gone}")
    found = verify(log)
    assert named(found) == faults
    if gone == "seq IN (3, 4)":
        assert "3–4" in found.faults[0].message


def test_an_inserted_entry_is_named(log):
    shift = "UPDATE audit SET seq = seq + 100 WHERE seq >= 4"
    back = "UPDATE audit SET seq = seq - 99 WHERE seq >= 104"
    [third] = [r for r in rows(log) if r["seq"] == 3]
    made = {"seq": 4, "at": third["at"], "actor": "鬼", "action": "test", "subject": "s", "detail": {},
            "before": None, "after": None, "reason": "", "previous": third["hash"]}  # fmt: skip
    values = made | {"detail": "{}", "hash": audit.digest(made)}
    places = ", ".join(f":{c}" for c in COLUMNS.split(", "))
    insert = text(f"INSERT INTO audit ({COLUMNS}) VALUES ({places})").bindparams(**values)
    tamper(log, shift, back, insert)
    assert named(verify(log)) == [4, 5, 6, 7], "and those that were pushed on"


def test_renumbering_does_not_hide_a_removal(log):
    tamper(log, "DELETE FROM audit WHERE seq = 3", "UPDATE audit SET seq = seq - 1 WHERE seq > 3")
    found = verify(log)
    assert named(found) == [3, 4, 5]
    assert "原是第 4 条" in found.faults[0].message


def test_an_entry_before_the_first_is_named(log):
    tamper(log, f"INSERT INTO audit ({COLUMNS}) SELECT 0, at, actor, action, subject, detail, before, after, reason, previous, hash FROM audit WHERE seq = 1")  # fmt: skip
    assert named(verify(log)) == [0]


def test_reordered_entries_are_named(log):
    tamper(
        log, "UPDATE audit SET seq = 99 WHERE seq = 3", "UPDATE audit SET seq = 3 WHERE seq = 4",
        "UPDATE audit SET seq = 4 WHERE seq = 99",
    )  # fmt: skip
    assert named(verify(log)) == [3, 4]


def test_an_entry_with_a_hash_made_to_fit_breaks_the_link_after_it(log):
    row = rows(log)[2]
    fields = {k: v for k, v in row.items() if k != "hash"} | {"actor": "鬼"}
    for name in ("detail", "before", "after"):
        fields[name] = json.loads(fields[name]) if fields[name] else None
    made = text("UPDATE audit SET actor = '鬼', hash = :h WHERE seq = 3").bindparams(
        h=audit.digest(fields)
    )
    tamper(log, made)
    [fault] = verify(log).faults
    assert fault.seq == 4
    assert "3" in fault.message


def test_a_cut_tail_is_found_by_a_checkpoint(log):
    kept = head(log)
    tamper(log, "DELETE FROM audit WHERE seq > 4")
    assert verify(log).faults == (), "the chain alone cannot show it"
    [fault] = verify(log, kept).faults
    assert fault.seq == 6
    assert "末尾被删" in fault.message


def test_a_log_computed_anew_is_found_by_a_checkpoint(log):
    kept = head(log)
    with log.writing() as connection:
        audit.append(connection, NOW, [Change(actor="a", action="b", subject="c")])
    assert verify(log, kept).faults == (), "a log that has grown still holds it"
    rewrite(log, 3, actor="鬼")
    assert verify(log).faults == (), "the chain alone cannot show it"
    assert named(verify(log, kept)) == [6]


def test_an_early_checkpoint_is_kept_by_a_later_forgery(log):
    early = Checkpoint(count=2, head=rows(log)[1]["hash"])
    rewrite(log, 3, actor="鬼")
    assert verify(log, early).faults == ()


def test_of_two_checkpoints_of_one_length_both_are_checked(log):
    true = head(log)
    false = true.model_copy(update={"head": "f" * 64})
    for order in ((true, false), (false, true)):
        assert named(verify(log, *order)) == [6]


@pytest.mark.parametrize(("digest", "faults"), [(GENESIS, []), ("a" * 64, [0])])
def test_a_checkpoint_of_an_empty_log(log, digest, faults):
    assert named(verify(log, Checkpoint(count=0, head=digest))) == faults


def test_a_checkpoint_is_one_line(log):
    point = head(log)
    line = audit.render_checkpoint(point)
    assert "\n" not in line
    assert audit.read_checkpoint(line + "\n") == point


@pytest.mark.parametrize(
    "line", ["", "none", "[]", '{"count":1}', '{"count":-1,"head":"' + "0" * 64 + '"}', '{"count":1,"head":"abc"}']
)  # fmt: skip
def test_what_is_no_checkpoint_is_told(line):
    with pytest.raises(DubanError, match="不是校验点"):
        audit.read_checkpoint(line)


REFUSED = [
    "UPDATE audit SET actor = 'x'",
    "UPDATE audit SET actor = 'x' WHERE seq = 1",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE seq = 6",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_the_database_refuses_changes(log, statement):
    before = rows(log)
    with pytest.raises(StoreError, match="append-only"), log.writing() as connection:
        connection.execute(text(statement))
    assert rows(log) == before


OTHER = "'2026', 'x', 'x', 'x', '{}', NULL, NULL, '', 'x', 'x'"
BY_KIND = {
    "sqlite": [
        f"REPLACE INTO audit ({COLUMNS}) VALUES (3, {OTHER})",
        f"INSERT OR REPLACE INTO audit ({COLUMNS}) VALUES (3, {OTHER})",
        f"INSERT INTO audit ({COLUMNS}) VALUES (3, {OTHER}) ON CONFLICT (seq) DO UPDATE SET actor = 'x'",
        "UPDATE OR IGNORE audit SET actor = 'x'",
    ],
    "postgresql": [
        "TRUNCATE audit",
        f"INSERT INTO audit ({COLUMNS}) VALUES (3, {OTHER}) ON CONFLICT (seq) DO UPDATE SET actor = 'x'",
        "WITH gone AS (DELETE FROM audit RETURNING 1) SELECT * FROM gone",
    ],
}


@pytest.mark.parametrize("number", range(4))
def test_nor_by_the_ways_of_each_database(log, number):
    with log.reading() as connection:
        statements = BY_KIND[connection.dialect.name]
    if number >= len(statements):
        return
    before = rows(log)
    with pytest.raises(StoreError, match="append-only"), log.writing() as connection:
        connection.execute(text(statements[number]))
    assert rows(log) == before


def test_entries_are_read_by_subject_action_and_place(log):
    with log.writing() as connection:
        changes = [Change(actor="a", action="b", subject=s) for s in ("s1@2025", "s1%", "s1x")]
        audit.append(connection, NOW, changes)
    with log.reading() as connection:
        assert [e.seq for e in audit.read(connection, subject="s1")] == [1, 7]
        assert [e.seq for e in audit.read(connection, action="b")] == [7, 8, 9]
        assert [e.seq for e in audit.read(connection, after=7)] == [8, 9]


def test_entries_of_several_batches_are_verified(store_url):
    with Store.open(store_url) as store:
        with store.writing() as connection:
            life = {
                "status": "in_progress",
                "percent": 60,
                "values": {"target-0123456789ab": "12.5"},
            }
            changes = (
                Change(
                    actor="li", action=audit.STEPPED, subject=f"milestone-{n:012x}", before=life, after=life,
                    detail={"step": "report", "milestone_id": f"milestone-{n:012x}", "on": "2026-01-02", "text": "整治 12 处"},
                )
                for n in range(4_500)
            )  # fmt: skip
            audit.append(connection, datetime(2026, 1, 2, tzinfo=UTC), changes)
        assert verify(store).count == 4_500
