"""What a model read in the pictures of a document, as it was when it was brought."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Make the table; no document that is there was read in pictures."""
    op.create_table(
        "recognised",
        sa.Column("document_id", sa.String(40), nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("document_id", name="pk_recognised"),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name="fk_recognised_document_id_document",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("recognised")
