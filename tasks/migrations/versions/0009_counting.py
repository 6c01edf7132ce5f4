"""Whether a deadline's duration counts days or working days."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column: what was recorded before counts days until its document is read again."""
    op.add_column(
        "milestone",
        sa.Column("counting", sa.String(length=16), nullable=False, server_default="days"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_column("milestone", "counting")
