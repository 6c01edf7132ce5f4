"""Which documents are attachments of which; which jobs are of one delivery."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the columns; of what came before nothing is known."""
    op.add_column("document", sa.Column("attached_to", sa.String(40), nullable=True))
    op.add_column("document", sa.Column("attachment", sa.Integer(), nullable=True))
    op.add_column("job", sa.Column("delivery", sa.String(40), nullable=True))
    op.create_index(op.f("ix_job_delivery"), "job", ["delivery"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f("ix_job_delivery"), "job")
    op.drop_column("job", "delivery")
    op.drop_column("document", "attachment")
    op.drop_column("document", "attached_to")
