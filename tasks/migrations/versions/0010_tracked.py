"""Whether the duties of a document are the house's own: those of every document that is there are,
so that no list changes by the upgrade."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column; each document is tracked since it was recorded."""
    op.add_column("document", sa.Column("tracked_since", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE document SET tracked_since = recorded_at")


def downgrade() -> None:
    """Drop it."""
    op.drop_column("document", "tracked_since")
