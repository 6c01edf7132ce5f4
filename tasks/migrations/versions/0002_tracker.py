"""The tracker: lives, events, corrections, people, audit log, deliveries; duties by query."""

import sqlalchemy as sa
from alembic import op

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
    op.create_table(
        "milestone",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("task_id", sa.String(length=40), nullable=False),
        sa.Column("document_id", sa.String(length=40), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.String(length=40), nullable=False),
        sa.Column("clause_id", sa.String(length=40), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("commitment", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("inherited", sa.Integer(), nullable=False),
        sa.Column("certainty", sa.Text(), nullable=False),
        sa.Column("rrule", sa.Text(), nullable=True),
        sa.Column("duration", sa.Text(), nullable=True),
        sa.Column("first", sa.Date(), nullable=True),
        sa.Column("last", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_milestone_document_id_document"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestone")),
    )
    op.create_index(op.f("ix_milestone_document_id"), "milestone", ["document_id"], unique=False)
    op.create_index(op.f("ix_milestone_due"), "milestone", ["due"], unique=False)
    op.create_index(op.f("ix_milestone_task_id"), "milestone", ["task_id"], unique=False)
    op.create_table(
        "target",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("task_id", sa.String(length=40), nullable=False),
        sa.Column("document_id", sa.String(length=40), nullable=False),
        sa.Column("milestone_id", sa.String(length=40), nullable=True),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_target_document_id_document"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target")),
    )
    op.create_index(op.f("ix_target_document_id"), "target", ["document_id"], unique=False)
    op.create_index(op.f("ix_target_milestone_id"), "target", ["milestone_id"], unique=False)
    op.create_table(
        "life",
        sa.Column("milestone_id", sa.String(length=40), nullable=False),
        sa.Column("occurrence", sa.String(length=120), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("milestone_id", "occurrence", name=op.f("pk_life")),
    )
    op.create_table(
        "occasion",
        sa.Column("milestone_id", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("milestone_id", "label", name=op.f("pk_occasion")),
    )
    op.create_table(
        "evidence",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_evidence")),
    )
    op.create_table(
        "correction",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.String(length=40), nullable=False),
        sa.Column("task_id", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sa.UniqueConstraint("ordinal"),
    )
    op.create_index(op.f("ix_correction_document_id"), "correction", ["document_id"], unique=False)
    op.create_table(
        "person",
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("active", sa.Integer(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("login", name=op.f("pk_person")),
    )
    op.create_table(
        "person_unit",
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("unit", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["login"],
            ["person.login"],
            name=op.f("fk_person_unit_login_person"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("login", "unit", name=op.f("pk_person_unit")),
    )
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_subject"), "audit", ["subject"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("week", sa.String(length=8), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("holder", sa.String(length=32), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("unit", "week", "channel", name=op.f("pk_delivery")),
    )
    op.create_index(op.f("ix_delivery_status"), "delivery", ["status"], unique=False)
    op.create_index(op.f("ix_delivery_week"), "delivery", ["week"], unique=False)
    op.create_table(
        "address",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("unit", "channel", name=op.f("pk_address")),
    )
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
    if connection.scalar(sa.select(sa.func.count()).select_from(sa.table("audit"))):
        raise RuntimeError("the audit log is not empty")
    for name in reversed(NEW):
        op.drop_table(name)
    if connection.dialect.name != "sqlite":
        op.execute("DROP FUNCTION audit_is_append_only()")
