"""Tables of the store. Facts are rows of their own so that they can be asked for; each keeps its
whole value as JSON too, from which an extraction reads back exactly as it was added."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    and_,
)

_ONLY_GROWS = "the audit log is append-only"
TRIGGERS = {
    "sqlite": {
        **{
            f"audit_no_{verb.lower()}": f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
            f"BEGIN SELECT RAISE(ABORT, '{_ONLY_GROWS}'); END"
            for verb in ("UPDATE", "DELETE")
        },
        "audit_no_replace": "CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit "
        "WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq) "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    },
    "postgresql": {
        f"audit_no_{verb.lower()}": f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON public.audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
        for verb in ("UPDATE", "DELETE", "TRUNCATE")
    },
}
"""The triggers that keep the log, as each database shows them again (white space apart)."""
TRIGGER_FUNCTION = f"BEGIN RAISE EXCEPTION '{_ONLY_GROWS}'; END"
"""What PostgreSQL's triggers run."""

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
    Column("sha256", String(64), ForeignKey("source.sha256"), nullable=False),
    Column("name", Text, nullable=False),  # of the file: shown, and a key nowhere
    Column("lineage", Text, nullable=False),  # names its chain of versions, says nothing else
    Column("version", Integer, nullable=False),  # in its lineage
    Column("reading", Integer, nullable=False),  # of its bytes: 2 where they were read anew
    Column("reader", String(64), nullable=True),  # by which version of the reader; null: not known
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("superseded_by", String(40), ForeignKey("document.id"), nullable=True),
    Column("title", Text, nullable=False),
    Column("document_number", Text, nullable=True),
    Column("issuer", Text, nullable=True),
    Column("written_on", Date, nullable=True),
    Column("body", Text, nullable=False),
    Column("withdrawn_at", DateTime(timezone=True), nullable=True),  # see `tasks.withdrawal`
    Column("tracked_since", DateTime(timezone=True), nullable=True),  # null: for reference only
    Column("title_key", String(64), nullable=True),  # see `tasks.printed`
    Column("number_key", String(64), nullable=True),
    Column("attached_to", String(40), nullable=True),  # a version of its 正文: `tasks.attachments`
    Column("attachment", Integer, nullable=True),  # its number
    Index(None, "sha256"),
    Index(None, "title_key"),
    Index(None, "number_key"),
)
recognised = Table(
    "recognised",  # see `tasks.recognition`
    metadata,
    Column(
        "document_id", String(40), ForeignKey("document.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("model", String(64), nullable=False),
    Column("body", Text, nullable=False),
)
version_doubt = Table(
    "version_doubt",  # see `tasks.version_doubts`
    metadata,
    Column("id", String(40), primary_key=True),
    Column(
        "document_id", String(40), ForeignKey("document.id", ondelete="CASCADE"), nullable=False
    ),
    Column("other_id", String(40), ForeignKey("document.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("evidence", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("found_at", DateTime(timezone=True), nullable=False),
    Index(None, "status"),
)
calendar_anchor = Table(
    "calendar_anchor",
    metadata,
    Column("milestone_id", String(40), primary_key=True),
    Column("anchor", String(40), nullable=False),  # what its calendar ids are made of
)
CURRENT = and_(document.c.superseded_by.is_(None), document.c.withdrawn_at.is_(None))
"""Of the documents whose duties hold: neither superseded nor withdrawn."""
TRACKED = document.c.tracked_since.is_not(None)
"""Of the documents whose duties are the house's own (督办); those of the others are read, searched
and cited, and stand in no list (仅供查阅). See `tasks.tracking`."""
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
task = Table(
    "task",  # as corrected, where it is asked for by what it says
    metadata,
    Column("id", String(40), primary_key=True),
    Column(
        "document_id", String(40), ForeignKey("document.id", ondelete="CASCADE"), nullable=False
    ),
    Column("plan_id", String(40), nullable=False),
    Column("clause_id", String(40), nullable=False),
    Column("path", Text, nullable=False),
    Column("heading", Text, nullable=False),  # of its clause
    Column("title", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Index(None, "document_id"),
    Index(None, "plan_id"),
    Index(None, "clause_id"),
)
clause = Table(
    "clause",
    metadata,
    Column("id", String(40), primary_key=True),
    Column(
        "document_id", String(40), ForeignKey("document.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("plan_id", String(40), nullable=False),
    Column("path", Text, nullable=False),
    Column("heading", Text, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("text", Text, nullable=False),  # what stands there
    Index(None, "document_id"),
    Index(None, "plan_id"),
)
member = Table(
    "member",  # of a leading group
    metadata,
    Column(
        "document_id", String(40), ForeignKey("document.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("ordinal", Integer, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("unit_id", Text, nullable=False),  # `tasks.units.unit_key`
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Index(None, "unit_id"),
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
    Column("unit_id", Text, nullable=True),  # never null: `tasks.units.unit_key`
    Column("role", String(16), nullable=False),
    Column("basis", String(16), nullable=False),
    Column("start", Integer, nullable=True),  # never null: where it stands
    Column("end", Integer, nullable=True),
    Index(None, "document_id"),
    Index(None, "unit"),
    Index(None, "unit_id", "role"),
)
milestone = Table(
    "milestone",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("task_id", String(40), nullable=False),
    Column(
        "document_id", String(40), ForeignKey("document.id", ondelete="CASCADE"), nullable=False
    ),
    Column("ordinal", Integer, nullable=False),
    Column("plan_id", String(40), nullable=False),
    Column("clause_id", String(40), nullable=False),
    Column("path", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("commitment", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("due", Date, nullable=True),
    Column("inherited", Integer, nullable=False),
    Column("certainty", Text, nullable=False),
    Column("rrule", Text, nullable=True),
    Column("duration", Text, nullable=True),
    Column("counting", String(16), nullable=False, server_default="days"),
    Column("first", Date, nullable=True),  # the days between which a recurring one occurs
    Column("last", Date, nullable=True),
    Index(None, "document_id"),
    Index(None, "task_id"),
    Index(None, "plan_id"),
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
    # Never null: what numbers are compared and found by.
    Column("number", Float, nullable=True),
    Column("comparator", String(8), nullable=True),
    Column("class", String(16), nullable=True),
    Column("words", Text, nullable=True),
    Column("start", Integer, nullable=True),
    Column("end", Integer, nullable=True),
    Index(None, "document_id"),
    Index(None, "task_id"),
    Index(None, "milestone_id"),
    Index(None, "class"),
)
life = Table(
    "life",
    metadata,
    Column("milestone_id", String(40), primary_key=True),
    Column("occurrence", String(120), primary_key=True),
    Column("status", String(24), nullable=False),
    Column("due", Date, nullable=True),
    Column("since", Date, nullable=True),
    Column("updated_on", Date, nullable=True),
    Column("body", Text, nullable=False),
    Index(None, "status"),
    Index(None, "updated_on"),
)
occasion = Table(
    "occasion",
    metadata,
    Column("milestone_id", String(40), primary_key=True),
    Column("label", String(120), primary_key=True),
    Column("happened_on", Date, nullable=False),
    Column("due", Date, nullable=False),
)
evidence = Table(
    "evidence",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
proof = Table(
    "proof",
    metadata,
    Column("sha256", String(64), primary_key=True),  # of the evidence
    Column("seq", Integer, primary_key=True, autoincrement=False),  # of the step that names it
)
unnamed_evidence = Table(
    "unnamed_evidence",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False),  # when it was first found so
)
correction = Table(
    "correction",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("ordinal", Integer, nullable=False, unique=True),  # the order they were made in
    Column("document_id", String(40), nullable=False),
    Column("task_id", String(40), nullable=False),
    Column("status", String(16), nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "document_id"),
)
person = Table(
    "person",
    metadata,
    Column("login", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("active", Integer, nullable=False),
    Column("password", Text, nullable=True),  # an argon2id hash
)
person_unit = Table(
    "person_unit",
    metadata,
    Column("login", String(64), ForeignKey("person.login", ondelete="CASCADE"), primary_key=True),
    Column("unit", String(200), primary_key=True),
)
audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String(40), nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("before", Text, nullable=True),
    Column("after", Text, nullable=True),
    Column("reason", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index(None, "subject"),
)
delivery = Table(
    "delivery",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("week", String(8), primary_key=True),
    Column("channel", String(16), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("holder", String(32), nullable=False),  # the run that has it in hand
    Column("attempts", Integer, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("address", Text, nullable=False),  # as shown: a webhook's key is masked
    Column("message_id", Text, nullable=False),
    Column("sha256", String(64), nullable=False),  # of what was handed over
    Column("note", Text, nullable=False),
    Column("answer", Text, nullable=False, server_default=""),  # of the other side, see Delivery
    Index(None, "week"),
    Index(None, "status"),
)
digest_copy = Table(
    "digest_copy",
    metadata,
    Column("sha256", String(64), primary_key=True),  # of the message, as in `delivery`
    Column("subject", Text, nullable=False),
    Column("page", LargeBinary, nullable=False),  # HTML in UTF-8, zlib
    Column("kept_at", DateTime(timezone=True), nullable=False),
)
address = Table(
    "address",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("channel", String(16), primary_key=True),
    Column("target", Text, nullable=False),
    Column("secret", Text, nullable=False),
)
session = Table(
    "session",
    metadata,
    Column("hash", String(64), primary_key=True),  # SHA-256 of the cookie's secret
    Column("login", String(64), ForeignKey("person.login", ondelete="CASCADE"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index(None, "login"),
)
token = Table(
    "token",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("login", String(64), ForeignKey("person.login", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)
known_address = Table(
    "known_address",
    metadata,
    Column("login", String(64), ForeignKey("person.login", ondelete="CASCADE"), primary_key=True),
    Column("address", String(64), primary_key=True),  # of IPv6 its network: `address_of`
    Column("at", DateTime(timezone=True), nullable=False),  # of the last sign-in from there
)
visibility = Table(
    "visibility",
    metadata,
    Column(
        "document_id", String(40), ForeignKey("document.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("level", String(16), nullable=False),
    Column("units", Text, nullable=False),
)
conversation = Table(
    "conversation",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("login", String(64), nullable=False),
    Column("title", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Index(None, "login"),
)
turn = Table(
    "turn",
    metadata,
    Column("id", String(40), primary_key=True),
    Column(
        "conversation_id",
        String(40),
        ForeignKey("conversation.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("ordinal", Integer, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("verdict", String(8), nullable=True),
    Column("reason", Text, nullable=True),
    Index(None, "conversation_id"),
)
job = Table(
    "job",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("login", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("body", Text, nullable=False),
    Column("delivery", String(40), nullable=True),  # with which others it came
    Index(None, "delivery"),
)
job_input = Table(
    "job_input",  # of an unfinished job; gone with its end
    metadata,
    Column("job_id", String(40), ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("body", Text, nullable=False),  # what is asked, as JSON
    Column("data", LargeBinary, nullable=False),
)
