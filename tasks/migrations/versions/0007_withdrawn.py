"""Documents that were withdrawn; duties without a deadline get their milestone (see `upgrade` of
`tasks.migrations`: the rows of duties are written anew)."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column."""
    op.add_column("document", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("document", "withdrawn_at")
