"""The tracker: lives, events, corrections, people, audit log, deliveries; duties by query."""

import sqlalchemy as sa
from alembic import op

from tasks import schema

revision = "0002"
down_revision = "0001"

NEW = ("life", "occasion", "evidence", "correction", "person", "person_unit", "audit",
       "delivery", "address")  # fmt: skip
REMADE = ("milestone", "target")
_SQLITE = """CREATE TRIGGER audit_no_{verb} BEFORE {VERB} ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"""
# REPLACE deletes without the trigger on DELETE, unless the connection asks for it.
_SQLITE_REPLACE = """CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"""
_FUNCTION = """CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"""
_POSTGRESQL = """CREATE TRIGGER audit_no_{verb} BEFORE {VERB} ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"""


def upgrade() -> None:
    """Make the new tables; those of milestones and targets anew (filled from the facts)."""
    connection = op.get_bind()
    for name in REMADE:
        op.drop_table(name)
    for name in (*REMADE, *NEW):
        schema.metadata.tables[name].create(connection)
    op.create_index(op.f("ix_assignment_unit_id"), "assignment", ["unit_id"])
    if connection.dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(_SQLITE.format(verb=verb, VERB=verb.upper()))
        op.execute(_SQLITE_REPLACE)
    else:
        op.execute(_FUNCTION)
        for verb in ("update", "delete", "truncate"):
            op.execute(_POSTGRESQL.format(verb=verb, VERB=verb.upper()))


def downgrade() -> None:
    """Drop them; the audit log would be lost, so a store with entries is refused."""
    connection = op.get_bind()
    if connection.scalar(sa.select(sa.func.count()).select_from(schema.audit)):
        raise RuntimeError("the audit log is not empty")
    for name in reversed(NEW):
        op.drop_table(name)
    if connection.dialect.name != "sqlite":
        op.execute("DROP FUNCTION audit_is_append_only()")
