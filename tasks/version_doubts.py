"""Documents that may be versions of each other, where only a person can say so.

A doubt of kind `version` is found when a document is added on weaker evidence than its printed
number and title and a later day; one of kind `chain` is an older supersession that rests on no more than a file's
name. Settling one either makes (keeps) them versions of one document, or two documents.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert, or_, select, update

from kb.errors import NotFoundError, TransitionError
from kb.identifiers import stable_id
from kb.models import Document, Fact
from kb.wording import wording
from tasks import audit, schema
from tasks.audit import Change
from tasks.authorisation import Action, Actor, require
from tasks.fields import check_words
from tasks.printed import number_key, title_key
from tasks.seals import standings_of
from tasks.superseding import lineage_of, separate, supersede
from tasks.visibility import Visibility, may_see, read_visibility

if TYPE_CHECKING:
    from tasks.store import Store

SETTLED = "version.settled"
_MOST_NAMED = 10
"""Documents whose files have the same name that are told of: 附件1.docx may be hundreds, and the
name of a file says little."""


class Likeness(StrEnum):
    """What speaks for two documents being versions of one."""

    NUMBER = "number"  # the printed document number
    TITLE = "title"  # the printed title
    NAME = "name"  # the file's name


EVIDENCE_NAMES = wording("tasks", "likenesses", Likeness)


class Order(StrEnum):
    """How the printed day of a document stands to another's."""

    LATER = "later"
    SAME = "same"
    EARLIER = "earlier"
    UNKNOWN = "unknown"  # one of them prints none
    UNDATED = "undated"  # neither does


class DoubtKind(StrEnum):
    """How a doubt came about."""

    VERSION = "version"
    CHAIN = "chain"


class VersionVerdict(StrEnum):
    """What a person says."""

    VERSION = "version"  # 是其新版本
    SEPARATE = "separate"  # 另一文件


class PossibleVersion(Fact):
    """A current document that another may be a version of, and what speaks for it. `order`: how the
    other's printed day stands to this one's; where it is `earlier`, this one may be the other's new
    version. `withdrawn`: this one was."""

    document_id: str
    title: str
    document_number: str | None
    evidence: tuple[Likeness, ...]
    order: Order = Order.UNDATED
    withdrawn: bool = False

    @property
    def is_sure(self) -> bool:
        """Whether no person need say so, if it is the only one: number and title agree, and no day
        speaks against its coming after (a corrected text prints the day of the first). Where only
        one of them prints a day it is not known, save of what was withdrawn."""
        alike = {Likeness.NUMBER, Likeness.TITLE} <= set(self.evidence)
        if self.withdrawn:
            return alike and self.order is not Order.EARLIER
        return alike and self.order in (Order.LATER, Order.SAME, Order.UNDATED)

    def doubt(self, document_id: str) -> tuple[str, str]:
        """Of a document and this one: the ids of the one that may be the new version, and of the
        other."""
        if self.order is Order.EARLIER:
            return self.document_id, document_id
        return document_id, self.document_id


class VersionDoubt(Fact):
    """An open doubt: whether `document_id` is a new version of `other_id`. Of kind `chain` it is
    taken for one now."""

    id: str
    kind: DoubtKind
    document_id: str
    title: str
    document_number: str | None
    other_id: str
    other_title: str
    other_number: str | None
    evidence: tuple[Likeness, ...]


def find_versions(connection: Connection, document: Document) -> list[PossibleVersion]:
    """The documents whose place a new one may take, best evidence first. A withdrawn one among
    them: the right file may come in its stead."""
    d = schema.document.c
    keys = (d.number_key, number_key(document)), (d.title_key, title_key(document))
    alike = [column == key for column, key in keys if key is not None]
    columns = (
        d.id,
        d.title,
        d.document_number,
        d.number_key,
        d.title_key,
        d.name,
        d.withdrawn_at,
        d.body,
    )
    query = select(*columns).where(d.superseded_by.is_(None)).order_by(d.recorded_at.desc(), d.id)
    printed = connection.execute(query.where(or_(*alike))).all() if alike else []
    named = connection.execute(query.where(d.name == document.name).limit(_MOST_NAMED)).all()
    found = [_possible(row, document) for row in {row.id: row for row in [*printed, *named]}.values()]  # fmt: skip
    return sorted(found, key=lambda p: -len(p.evidence))


def _possible(row: Any, document: Document) -> PossibleVersion:
    same = {
        Likeness.NUMBER: row.number_key is not None and row.number_key == number_key(document),
        Likeness.TITLE: row.title_key is not None and row.title_key == title_key(document),
        Likeness.NAME: row.name == document.name,
    }
    return PossibleVersion(
        document_id=row.id, title=row.title, document_number=row.document_number,
        evidence=tuple(evidence for evidence, holds in same.items() if holds),
        order=find_order(document, Document.model_validate_json(row.body)),
        withdrawn=row.withdrawn_at is not None,
    )  # fmt: skip


def find_order(one: Document, other: Document) -> Order:
    """How the day that one document prints stands to the other's: of writing (成文日期), else, where
    not both print that, of publication (发布日期)."""
    days = [(one.written_on, other.written_on), (one.published_on, other.published_on)]
    for mine, others in days:
        if mine is not None and others is not None:
            if mine == others:
                return Order.SAME
            return Order.LATER if mine > others else Order.EARLIER
    return Order.UNKNOWN if any(day for pair in days for day in pair) else Order.UNDATED


def doubt_id(document_id: str, other_id: str) -> str:
    """The id of the doubt whether the one is a new version of the other."""
    return stable_id("versions", document_id, other_id)


def note_doubts(
    connection: Connection, document_id: str, others: Sequence[PossibleVersion], at: datetime
) -> None:
    """Keep what a person is to settle."""
    rows = [
        {
            "id": doubt_id(new, old),
            "document_id": new,
            "other_id": old,
            "kind": DoubtKind.VERSION.value,
            "evidence": ",".join(other.evidence),
            "status": "open",
            "found_at": at,
        }
        for other in others
        for new, old in [other.doubt(document_id)]
    ]
    if rows:
        connection.execute(insert(schema.version_doubt), rows)


def open_doubts(connection: Connection, seen: Collection[str] | None = None) -> list[VersionDoubt]:
    """What is to be settled, oldest first; with `seen` only where both documents are among these.
    Documents are given by their present versions; what became one chain meanwhile is left out."""
    v, d = schema.version_doubt.c, schema.document.c
    rows = connection.execute(
        select(schema.version_doubt).where(v.status == "open").order_by(v.found_at, v.id)
    ).all()
    if not rows:
        return []
    columns = d.id, d.title, d.document_number, d.superseded_by, d.withdrawn_at
    documents = {row.id: row for row in connection.execute(select(*columns))}
    found: list[VersionDoubt] = []
    for row in rows:
        kind = DoubtKind(row.kind)
        new, old = (_head(documents, row.document_id), row.other_id)
        if kind is DoubtKind.VERSION:
            old = _head(documents, old)
            if new == old or documents[new].withdrawn_at or documents[old].withdrawn_at:
                continue
        elif documents[old].superseded_by is None:
            continue
        if seen is not None and not {new, old} <= set(seen):
            continue
        found.append(VersionDoubt(
            id=row.id, kind=kind,
            document_id=new, title=documents[new].title, document_number=documents[new].document_number,
            other_id=old, other_title=documents[old].title, other_number=documents[old].document_number,
            evidence=tuple(Likeness(e) for e in row.evidence.split(",") if e),
        ))  # fmt: skip
    return found


def _head(documents: dict[str, Any], key: str) -> str:
    while after := documents[key].superseded_by:
        key = after
    return key


def doubts_seen_by(connection: Connection, actor: Actor) -> list[VersionDoubt]:
    """The open doubts about documents that `actor` may see, both of them."""
    levels = read_visibility(connection)
    return [
        doubt
        for doubt in open_doubts(connection)
        if all(may_see(actor, levels.get(key, Visibility())).allowed for key in (doubt.document_id, doubt.other_id))
    ]  # fmt: skip


def settle_doubt(
    store: Store, actor: Actor, doubt_id: str, verdict: VersionVerdict, reason: str, at: datetime
) -> VersionDoubt:
    """Say what two documents are to each other. `version`: the one takes the place of the other,
    with what was reported on it; `separate`: they are two, and what was superseded is current
    again.

    Raises:
        DeniedError: the actor may not ingest documents.
        NotFoundError: there is no such open doubt about documents that they may see.
        TransitionError: there is no reason.
        FieldError: the reason cannot be kept.
    """
    require(actor, Action.INGEST)
    with store.writing() as connection:
        doubt = next((d for d in doubts_seen_by(connection, actor) if d.id == doubt_id), None)
        if doubt is None:
            raise NotFoundError(
                f"没有待定的版本关系 {doubt_id[:60]} / no open question of versions {doubt_id[:60]}",
                hint="duban versions",
            )
        if not (reason := check_words("理由", "reason", reason)):
            raise TransitionError("要写明理由 / a reason is needed", hint="--reason")
        v = schema.version_doubt
        connection.execute(update(v).where(v.c.id == doubt.id).values(status=verdict.value))
        new, old = doubt.document_id, doubt.other_id
        former, into = lineage_of(connection, new), lineage_of(connection, old)
        joins = verdict is VersionVerdict.VERSION and doubt.kind is DoubtKind.VERSION
        touched: list[str] = []
        changes: list[Change] = []
        if joins:
            done = supersede(connection, old, new, actor.login, fresh=False)
            touched, changes = done.touched, done.changes
        elif verdict is VersionVerdict.SEPARATE and doubt.kind is DoubtKind.CHAIN:
            touched = separate(connection, old)
        change = Change(
            actor=actor.login,
            action=SETTLED,
            subject=new,
            detail={"id": doubt.id, "kind": doubt.kind.value, "other_id": old}
            | {"verdict": verdict.value, "lineage": into}
            | ({"joined": former} if joins and former != into else {})
            | {"standings": standings_of(connection, touched)},
            reason=reason,
        )
        audit.append(connection, at, [change, *changes])
    return doubt
