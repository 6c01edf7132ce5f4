"""The service: sessions, tokens, who may see a document, conversations, jobs."""

from alembic import op

from tasks import schema

revision = "0003"
down_revision = "0002"

NEW = ("session", "token", "visibility", "conversation", "turn", "job")


def upgrade() -> None:
    """Make the tables."""
    for name in NEW:
        schema.metadata.tables[name].create(op.get_bind())


def downgrade() -> None:
    """Drop them."""
    for name in reversed(NEW):
        op.drop_table(name)
