"""By which version of the reader the facts of a document are: as the log says."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_READ = ("document.added", "document.refreshed", "document.confirmed")


def upgrade() -> None:
    """Add the column; what was recorded before the log kept readers has none."""
    op.add_column("document", sa.Column("reader", sa.String(64), nullable=True))
    connection = op.get_bind()
    tables = sa.MetaData()
    tables.reflect(connection, only=["document", "audit"])
    d, a = tables.tables["document"], tables.tables["audit"].c
    query = sa.select(a.subject, a.detail).where(a.action.in_(_READ)).order_by(a.seq)
    known = {
        subject: detail["reader"]
        for subject, printed in connection.execute(query)
        if "reader" in (detail := json.loads(printed))
    }
    for key, reader in known.items():
        connection.execute(d.update().where(d.c.id == key).values(reader=reader or None))


def downgrade() -> None:
    """Drop it; the log has it still."""
    op.drop_column("document", "reader")
