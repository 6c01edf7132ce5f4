"""Columns and tables by which duties, numbers, clauses and members are asked for.

The rows of duties are written anew from the facts after it, as after every migration.
"""

import json
from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_TARGET = (
    ("number", sa.Float()), ("comparator", sa.String(8)), ("class", sa.String(16)),
    ("words", sa.Text()), ("start", sa.Integer()), ("end", sa.Integer()),
)  # fmt: skip
_LIFE = ("since", "updated_on")
_PLACE = (("start", sa.Integer()), ("end", sa.Integer()))
_TABLES = {
    "task": (("id",), {"plan_id": 40, "clause_id": 40, "kind": 16}, ("path", "heading", "title"),
             ("document_id", "plan_id", "clause_id")),
    "clause": (("id", "document_id"), {"plan_id": 40}, ("path", "heading", "text"), ("document_id", "plan_id")),
    "member": (("document_id", "ordinal"), {}, ("unit", "unit_id"), ("unit_id",)),
}  # fmt: skip
"""Of each new table its primary key, columns of ids and words, of texts, and its indexes."""
_INDEXES = (
    ("milestone", ("plan_id",)), ("assignment", ("unit_id", "role")),
    ("target", ("task_id",)), ("target", ("class",)), ("life", ("status",)), ("life", ("updated_on",)),
)  # fmt: skip
_FORMER = (("assignment", ("unit_id",)),)


def upgrade() -> None:
    """Add them; what a life says of its days is in its body."""
    for name, (keys, short, texts, indexed) in _TABLES.items():
        _create(name, keys, short, texts)
        for column in indexed:
            op.create_index(op.f(f"ix_{name}_{column}"), name, [column])
    for column, kind in _TARGET:
        op.add_column("target", sa.Column(column, kind, nullable=True))
    for column, kind in _PLACE:
        op.add_column("assignment", sa.Column(column, kind, nullable=True))
    for column in _LIFE:
        op.add_column("life", sa.Column(column, sa.Date(), nullable=True))
    _fill_lives(op.get_bind())
    _index(_FORMER, _INDEXES)


def downgrade() -> None:
    """Drop them."""
    _index(_INDEXES, _FORMER)
    for column in _LIFE:
        op.drop_column("life", column)
    for column, _ in _PLACE:
        op.drop_column("assignment", column)
    for column, _ in _TARGET:
        op.drop_column("target", column)
    for name in _TABLES:
        op.drop_table(name)


def _create(
    name: str, keys: tuple[str, ...], short: dict[str, int], texts: tuple[str, ...]
) -> None:
    columns: list[sa.Column[object]] = []
    if "id" in keys:
        columns.append(sa.Column("id", sa.String(40), nullable=False))
    columns.append(sa.Column("document_id", sa.String(40), nullable=False))
    if "ordinal" in keys:
        columns.append(sa.Column("ordinal", sa.Integer(), nullable=False))
    columns += [sa.Column(c, sa.String(size), nullable=False) for c, size in short.items()]
    columns += [sa.Column(c, sa.Text(), nullable=False) for c in texts]
    columns += [sa.Column(c, kind, nullable=False) for c, kind in _PLACE]
    op.create_table(
        name,
        *columns,
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"],
            name=op.f(f"fk_{name}_document_id_document"), ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{name}")),
    )  # fmt: skip


def _fill_lives(connection: sa.Connection) -> None:
    tables = sa.MetaData()
    tables.reflect(connection, only=["life"])
    life = tables.tables["life"]
    c = life.c
    for row in connection.execute(sa.select(c.milestone_id, c.occurrence, c.body)).all():
        body = json.loads(row.body)
        days = {k: date.fromisoformat(body[k]) if body.get(k) else None for k in _LIFE}
        mine = (c.milestone_id == row.milestone_id) & (c.occurrence == row.occurrence)
        connection.execute(life.update().where(mine).values(**days))


def _index(
    gone: tuple[tuple[str, tuple[str, ...]], ...], made: tuple[tuple[str, tuple[str, ...]], ...]
) -> None:
    for table, columns in gone:
        op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table)
    for table, columns in made:
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))
