"""Which steps name a piece of evidence, so that nobody searches the log for it; since when nothing
names one."""

import json

import sqlalchemy as sa
from alembic import op

from tasks import schema

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables and fill them from the log."""
    schema.unnamed_evidence.create(op.get_bind())
    schema.proof.create(op.get_bind())
    a = schema.audit.c
    steps = sa.select(a.seq, a.detail).where(a.action == "milestone.step")
    rows = [
        {"sha256": sha256, "seq": seq}
        for seq, detail in op.get_bind().execute(steps)
        for sha256 in dict.fromkeys(
            piece["sha256"] for piece in json.loads(detail).get("evidence", ())
        )
    ]
    if rows:
        op.get_bind().execute(sa.insert(schema.proof), rows)


def downgrade() -> None:
    """Drop both."""
    op.drop_table("proof")
    op.drop_table("unnamed_evidence")
