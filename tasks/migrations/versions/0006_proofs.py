"""Which steps name a piece of evidence, so that nobody searches the log for it; since when nothing
names one."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables and fill them from the log."""
    op.create_table(
        "unnamed_evidence",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_unnamed_evidence")),
    )
    op.create_table(
        "proof",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("sha256", "seq", name=op.f("pk_proof")),
    )
    a = sa.table("audit", sa.column("seq"), sa.column("action"), sa.column("detail")).c
    proof = sa.table("proof", sa.column("sha256"), sa.column("seq"))
    steps = sa.select(a.seq, a.detail).where(a.action == "milestone.step")
    rows = [
        {"sha256": sha256, "seq": seq}
        for seq, detail in op.get_bind().execute(steps)
        for sha256 in dict.fromkeys(
            piece["sha256"] for piece in json.loads(detail).get("evidence", ())
        )
    ]
    if rows:
        op.get_bind().execute(sa.insert(proof), rows)


def downgrade() -> None:
    """Drop both."""
    op.drop_table("proof")
    op.drop_table("unnamed_evidence")
