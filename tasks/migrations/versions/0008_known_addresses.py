"""Addresses that people sign in from; what a webhook's other side answered, apart from the note."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table and the column."""
    op.create_table(
        "known_address",
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["login"], ["person.login"], name="fk_known_address_login_person", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("login", "address", name="pk_known_address"),
    )
    op.add_column("delivery", sa.Column("answer", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Drop both."""
    op.drop_column("delivery", "answer")
    op.drop_table("known_address")
