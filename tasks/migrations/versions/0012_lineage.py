"""Versions by lineage instead of by file name; readings; doubts whether documents are versions.

Documents keep their old file name as the name of their lineage, which is from now on an opaque
value: what people settled and what their calendars show goes by it and stays what it was. Chains
that would not be made today (number and title not both printed and equal) are listed for a person
to settle; nothing is separated or revived here, and of both sides the narrower visibility holds.
"""

import hashlib
import json
import re
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

document = sa.table(
    "document",
    *map(sa.column, ("id", "name", "title", "document_number", "superseded_by", "body", "lineage")),
    *map(sa.column, ("title_key", "number_key")),
)
fact = sa.table("fact", *map(sa.column, ("document_id", "kind", "ordinal", "body")))
visibility = sa.table("visibility", *map(sa.column, ("document_id", "level", "units")))
audit = sa.table(
    "audit",
    *map(sa.column, ("seq", "at", "actor", "action", "subject", "detail", "before", "after")),
    *map(sa.column, ("reason", "previous", "hash")),
)
version_doubt = sa.table(
    "version_doubt",
    *map(sa.column, ("id", "document_id", "other_id", "kind", "evidence", "status")),
    sa.column("found_at", sa.DateTime(timezone=True)),
)
calendar_anchor = sa.table("calendar_anchor", *map(sa.column, ("milestone_id", "anchor")))

LEVELS = ["public", "internal", "restricted"]
BRACKETS = str.maketrans({"〔": "[", "〕": "]", "【": "[", "】": "]", "﹝": "[", "﹞": "]",
                          "〈": "<", "〉": ">", "《": "<", "》": ">"})  # fmt: skip
_WORDS: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
"""What titles end in and what stands beside a number, as it was known then."""
_LABELS, _SIGNED = (
    "|".join(r"\s*".join(word) for word in words)
    for words in (_WORDS["number_labels"], [_WORDS["signed"]])
)
NUMBER = re.compile(
    r"(?<![\u4e00-\u9fa5])[\u4e00-\u9fa5]{1,12}(?:[(（][\u4e00-\u9fa5]{1,6}[)）])?[〔﹝\[［](?:19|20)\d\d[〕﹞\]］]\s*第?\d{1,4}\s*号"
)
BESIDE = re.compile(rf"[\W_]*(?:(?:{_LABELS})[\W_]*)?(?:{_SIGNED}\s*[:：].*)?")
TITLE_END = re.compile(rf"(?:{'|'.join(_WORDS['title_ends'])})(?:[(（][^()（）\n]{{1,24}}[)）])?$")


def upgrade() -> None:
    """Add the columns and tables, and fill them from what is there."""
    connection = op.get_bind()
    _change_document(connection)
    op.create_table(
        "version_doubt",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("document_id", sa.String(40), nullable=False),
        sa.Column("other_id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"],
            name=op.f("fk_version_doubt_document_id_document"), ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["document.id"],
            name=op.f("fk_version_doubt_other_id_document"), ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version_doubt")),
    )  # fmt: skip
    op.create_index(op.f("ix_version_doubt_status"), "version_doubt", ["status"])
    op.create_table(
        "calendar_anchor",
        sa.Column("milestone_id", sa.String(40), nullable=False),
        sa.Column("anchor", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("milestone_id", name=op.f("pk_calendar_anchor")),
    )
    _fill_keys(connection)
    _keep_calendar_ids(connection)
    _list_chains(connection)


def downgrade() -> None:
    """Drop them. Bytes that were read anew are several documents, so that they stay not unique."""
    op.drop_table("calendar_anchor")
    op.drop_table("version_doubt")
    for column in ("number_key", "title_key", "sha256"):
        op.drop_index(op.f(f"ix_document_{column}"), "document")
    for column in ("number_key", "title_key", "reading", "lineage"):
        op.drop_column("document", column)


def _change_document(connection: sa.Connection) -> None:
    """Let several readings be of the same bytes. SQLite can only make the table anew, and would
    delete what refers to its rows if references were looked at meanwhile."""
    columns: list[sa.Column[Any]] = [
        sa.Column("lineage", sa.Text(), nullable=True),
        sa.Column("reading", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("title_key", sa.String(64), nullable=True),
        sa.Column("number_key", sa.String(64), nullable=True),
    ]
    found = sa.inspect(connection).get_unique_constraints("document")
    unique = [c for c in found if c["column_names"] == ["sha256"]]
    if connection.dialect.name == "sqlite":
        if connection.exec_driver_sql("PRAGMA foreign_keys").scalar():
            raise RuntimeError("PRAGMA foreign_keys must be off where tables are made anew")
        named = {"uq": "uq_%(table_name)s_%(column_0_name)s"}
        with op.batch_alter_table("document", recreate="always", naming_convention=named) as batch:
            for constraint in unique:
                batch.drop_constraint(constraint["name"] or "uq_document_sha256", type_="unique")
            for column in columns:
                batch.add_column(column)
    else:
        for constraint in unique:
            op.drop_constraint(str(constraint["name"]), "document", type_="unique")
        for column in columns:
            op.add_column("document", column)
    connection.execute(sa.update(document).values(lineage=document.c.name))
    with op.batch_alter_table("document") as batch:
        batch.alter_column("lineage", existing_type=sa.Text(), nullable=False)
        batch.alter_column("reading", existing_type=sa.Integer(), server_default=None)
    for name in ("sha256", "title_key", "number_key"):
        op.create_index(op.f(f"ix_document_{name}"), "document", [name])


def _fill_keys(connection: sa.Connection) -> None:
    d = document.c
    rows = connection.execute(sa.select(d.id, d.name, d.title, d.document_number, d.body)).all()
    for row in rows:
        text = json.loads(row.body).get("text", "")
        titled = row.title != row.name and TITLE_END.search(row.title) is not None
        keys = {
            "title_key": _key(row.title) if titled else None,
            "number_key": _key(row.document_number or "") if _own_number(text) else None,
        }
        connection.execute(sa.update(document).where(d.id == row.id).values(**keys))


def _key(printed: str) -> str | None:
    plain = "".join(unicodedata.normalize("NFKC", printed).translate(BRACKETS).split()).casefold()
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest() if plain else None


def _own_number(text: str) -> bool:
    """Whether the first number in the text has a line to itself, or a label."""
    for line in text[:7500].split("\n"):
        if match := NUMBER.search(line):
            return BESIDE.fullmatch(line[: match.start()] + line[match.end() :]) is not None
    return False


def _keep_calendar_ids(connection: sa.Connection) -> None:
    """What the calendar ids of the milestones were made of: file name, path and ordinal there."""
    f, d = fact.c, document.c
    names = {row.id: row.name for row in connection.execute(sa.select(d.id, d.name))}
    for key, name in names.items():
        mine = sa.select(f.body).where(f.document_id == key).order_by(f.ordinal)
        clauses = map(json.loads, connection.scalars(mine.where(f.kind == "clauses")).all())
        paths = {clause["id"]: clause["path"] for clause in clauses}
        seen: dict[str, int] = {}
        rows = []
        for task in map(json.loads, connection.scalars(mine.where(f.kind == "tasks")).all()):
            path = paths[task["clause_id"]]
            undated = _id("milestone", task["id"], "undated")
            for milestone in [m["id"] for m in task["milestones"]] or [undated]:
                seen[path] = seen.get(path, 0) + 1
                anchor = _id("at", name, path, seen[path])
                rows.append({"milestone_id": milestone, "anchor": anchor})
        if rows:
            connection.execute(sa.insert(calendar_anchor), rows)


def _id(kind: str, *parts: object) -> str:
    joined = "\x1f".join(str(part) for part in parts)
    return f"{kind}-{hashlib.sha256(joined.encode()).hexdigest()[:12]}"


def _list_chains(connection: sa.Connection) -> None:
    d = document.c
    columns = d.id, d.superseded_by, d.title_key, d.number_key
    rows = {row.id: row for row in connection.execute(sa.select(*columns)).all()}
    now = datetime.now(UTC)
    pairs = []
    for old in rows.values():
        new = rows.get(old.superseded_by)
        if new is None:
            continue
        same = {
            "number": old.number_key is not None and old.number_key == new.number_key,
            "title": old.title_key is not None and old.title_key == new.title_key,
        }
        if all(same.values()):
            continue
        pairs.append((old.id, new.id))
        evidence = [name for name, holds in same.items() if holds]
        connection.execute(sa.insert(version_doubt), {
            "id": _id("versions", new.id, old.id), "document_id": new.id, "other_id": old.id,
            "kind": "chain", "evidence": ",".join([*evidence, "name"]), "status": "open",
            "found_at": now,
        })  # fmt: skip
    _narrow(connection, pairs, now)


def _narrow(connection: sa.Connection, pairs: list[tuple[str, str]], now: datetime) -> None:
    """Let both sides of each pair be seen by those only who could see both."""
    before = {
        row.document_id: (row.level, tuple(json.loads(row.units)))
        for row in connection.execute(sa.select(visibility)).all()
    }
    seen = dict(before)
    public = ("public", ())
    for _ in pairs:  # so often at most does it go on from pair to pair
        for one, other in pairs:
            both = _narrower(seen.get(one, public), seen.get(other, public))
            seen[one] = seen[other] = both
    for key in sorted(seen):
        then, now_seen = before.get(key, public), seen[key]
        if then == now_seen:
            continue
        level, units = now_seen
        connection.execute(sa.delete(visibility).where(visibility.c.document_id == key))
        row = {"document_id": key, "level": level, "units": json.dumps(units)}
        connection.execute(sa.insert(visibility), row)
        _record(connection, now, key, then, now_seen)


def _narrower(
    one: tuple[str, tuple[str, ...]], other: tuple[str, tuple[str, ...]]
) -> tuple[str, tuple[str, ...]]:
    if one[0] != other[0]:
        return max(one, other, key=lambda seen: LEVELS.index(seen[0]))
    return one[0], tuple(unit for unit in one[1] if unit in other[1])


def _record(
    connection: sa.Connection,
    now: datetime,
    key: str,
    before: tuple[str, tuple[str, ...]],
    after: tuple[str, tuple[str, ...]],
) -> None:
    """Say so in the log, chained as its other entries are."""
    a = audit.c
    last = connection.execute(sa.select(a.seq, a.hash).order_by(a.seq.desc()).limit(1)).first()
    fields = {
        "seq": (last.seq if last else 0) + 1,
        "at": now.isoformat(timespec="microseconds"),
        "actor": "system",
        "action": "document.visibility",
        "subject": key,
        "detail": {},
        "before": {"level": before[0], "units": list(before[1])},
        "after": {"level": after[0], "units": list(after[1])},
        "reason": "",
        "previous": last.hash if last else "0" * 64,
    }
    row = {k: _canonical(v) if isinstance(v, dict) else v for k, v in fields.items()}
    digest = hashlib.sha256(_canonical(fields).encode()).hexdigest()
    connection.execute(sa.insert(audit), row | {"hash": digest})


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
