"""The digests that went out, as they were."""

from alembic import op

from tasks import schema

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    schema.metadata.tables["digest_copy"].create(op.get_bind())


def downgrade() -> None:
    """Drop it."""
    op.drop_table("digest_copy")
