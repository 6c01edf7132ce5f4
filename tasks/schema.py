"""Tables of the store. Facts are rows of their own so that they can be asked for; each keeps its
whole value as JSON too, from which an extraction reads back exactly as it was added."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

source = Table(
    "source",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
document = Table(
    "document",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("sha256", String(64), ForeignKey("source.sha256"), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("superseded_by", String(40), ForeignKey("document.id"), nullable=True),
    Column("title", Text, nullable=False),
    Column("document_number", Text, nullable=True),
    Column("issuer", Text, nullable=True),
    Column("written_on", Date, nullable=True),
    Column("body", Text, nullable=False),
)
fact = Table(
    "fact",
    metadata,
    Column(
        "document_id", String(40), ForeignKey("document.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("kind", String(16), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("id", String(40), nullable=True),
    Column("start", Integer, nullable=True),
    Column("end", Integer, nullable=True),
    Column("body", Text, nullable=False),
    Index(None, "id"),
)
assignment = Table(
    "assignment",
    metadata,
    Column("task_id", String(40), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column(
        "document_id", String(40), ForeignKey("document.id", ondelete="CASCADE"), nullable=False
    ),
    Column("unit", Text, nullable=False),
    Column("unit_id", Text, nullable=True),
    Column("role", String(16), nullable=False),
    Column("basis", String(16), nullable=False),
    Index(None, "document_id"),
    Index(None, "unit"),
)
milestone = Table(
    "milestone",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("task_id", String(40), nullable=False),
    Column(
        "document_id", String(40), ForeignKey("document.id", ondelete="CASCADE"), nullable=False
    ),
    Column("kind", String(16), nullable=False),
    Column("due", Date, nullable=True),
    Column("inherited", Integer, nullable=False),
    Index(None, "document_id"),
    Index(None, "due"),
)
target = Table(
    "target",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("task_id", String(40), nullable=False),
    Column(
        "document_id", String(40), ForeignKey("document.id", ondelete="CASCADE"), nullable=False
    ),
    Column("milestone_id", String(40), nullable=True),
    Column("metric", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("measure", Text, nullable=True),
    Index(None, "document_id"),
)
