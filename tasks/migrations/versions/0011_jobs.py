"""What an unfinished job needs: the bytes and what was asked of them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "job_input",
        sa.Column("job_id", sa.String(40), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_job_input"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name="fk_job_input_job_id_job", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("job_input")
