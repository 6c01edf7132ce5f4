"""What a person looked at and found to be in order, read out of the audit log; it is open again as
soon as the clause reads otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from kb.errors import NotFoundError, TransitionError
from kb.models import Fact
from tasks import audit, schema
from tasks.audit import Change
from tasks.authorisation import Action, Actor, require
from tasks.fields import check_words
from tasks.left import read_left
from tasks.models import Extraction
from tasks.rereading import read_past_changes
from tasks.review import ReviewItem, ReviewKind, find_reviews
from tasks.seals import document_seal
from tasks.store import Store
from tasks.version_doubts import doubts_seen_by
from tasks.versions import read_corrections

SETTLED = "review.settled"
UNSETTLED = "review.opened"


class Settled(Fact):
    """Who settled an item, when (UTC, ISO 8601) and why."""

    key: str
    actor: str
    at: str
    reason: str


def read_reviews(store: Store, actor: Actor, extractions: Iterable[Extraction]) -> list[ReviewItem]:
    """All that needs a look, settled or not, in these current documents (as corrected), and what
    `actor` may know of former versions of them and of documents that may be others."""
    with store.reading() as connection:
        d = schema.document.c
        return find_reviews(
            extractions,
            read_corrections(connection),
            {row.id: row.lineage for row in connection.execute(select(d.id, d.lineage))},
            doubts=doubts_seen_by(connection, actor),
            left=read_left(connection, actor),
            reread=read_past_changes(connection),
        )


def read_settled(connection: Connection) -> Mapping[str, Settled]:
    """What is settled now, by `ReviewItem.key`: the fold of the log's entries, so that it can be no
    other than what the log says."""
    entries = [e for action in (SETTLED, UNSETTLED) for e in audit.read(connection, action=action)]
    found: dict[str, Settled] = {}
    for e in sorted(entries, key=lambda entry: entry.seq):
        if e.action == SETTLED:
            found[e.subject] = Settled(key=e.subject, actor=e.actor, at=e.at, reason=e.reason)
        else:
            found.pop(e.subject, None)
    return found


def unsettled(store: Store, items: Iterable[ReviewItem]) -> list[ReviewItem]:
    """Those of the items that nobody settled."""
    with store.reading() as connection:
        settled = read_settled(connection)
    return [item for item in items if item.key not in settled]


def items_named(items: Iterable[ReviewItem], keys: Iterable[str]) -> list[ReviewItem]:
    """The items with these keys, each once; the same words with the same doubt are one.

    Raises:
        NotFoundError: there is none with one of the keys.
    """
    known: dict[str, ReviewItem] = {}
    for item in items:
        known.setdefault(item.key, item)
    found = dict.fromkeys(keys)
    for key in found:
        if key not in known:
            raise NotFoundError(
                f"没有要复核的 {key[:60]} / nothing to look at is called {key[:60]}",
                hint="key 见 duban review --json / keys are in duban review --json",
            )
    return [known[key] for key in found]


def settle_all(
    store: Store, actor: Actor, items: Sequence[ReviewItem], reason: str, at: datetime
) -> list[str]:
    """Note that items were looked at and the readings may stand: all of them, or none. Gives the
    keys of those that were open; one that somebody settled before is as it was asked to be.

    Raises:
        DeniedError: the actor may not correct, so may not settle either.
        TransitionError: one is a re-opened correction, which is confirmed or withdrawn instead, or
            a possible version, of which it is said which it is; or there is no item or no reason.
        FieldError: the reason cannot be kept.
    """
    require(actor, Action.CORRECT)
    if any(item.kind is ReviewKind.REOPENED for item in items):
        raise TransitionError(
            "待复核的更正要确认或撤回 / a re-opened correction is confirmed or withdrawn"
        )
    if any(item.kind is ReviewKind.VERSION for item in items):
        raise TransitionError(
            "可能的新版本要写明是其新版本还是另一文件 / of a possible version it must be said whether it is "
            "one or another document",
            hint="duban versions settle",
        )
    with store.writing() as connection:
        before = read_settled(connection)
        fresh = [item for item in items if item.key not in before]
        wanted = {"kind", "document_id", "path", "quote", "message"}
        seals = {key: document_seal(connection, key) for key in {i.document_id for i in fresh}}
        details = {
            item.key: item.model_dump(mode="json", include=wanted) | seals[item.document_id]
            for item in fresh
        }
        _write(connection, SETTLED, actor, details, reason, at, asked=len(items))
    return list(details)


def unsettle_all(
    store: Store, actor: Actor, keys: Sequence[str], reason: str, at: datetime
) -> None:
    """Put settled items on the list again: all of them, or none.

    Raises:
        DeniedError: the actor may not.
        NotFoundError: one is not settled.
        TransitionError: there is no item or no reason.
        FieldError: the reason cannot be kept.
    """
    require(actor, Action.CORRECT)
    with store.writing() as connection:
        settled = read_settled(connection)
        if strange := [key for key in keys if key not in settled]:
            raise NotFoundError(f"{strange[0][:60]} 没有复核过 / {strange[0][:60]} is not settled")
        details: dict[str, dict[str, object]] = {key: {} for key in keys}
        _write(connection, UNSETTLED, actor, details, reason, at, asked=len(keys))


def _write(
    connection: Connection,
    action: str,
    actor: Actor,
    details: Mapping[str, dict[str, object]],
    reason: str,
    at: datetime,
    *,
    asked: int,
) -> None:
    if not asked:
        raise TransitionError("没有选中任何一项 / nothing was chosen")
    if not (reason := check_words("理由", "reason", reason)):
        raise TransitionError("要写明理由 / a reason is needed", hint="--reason")
    changes = [
        Change(actor=actor.login, action=action, subject=key, detail=detail, reason=reason)
        for key, detail in details.items()
    ]
    audit.append(connection, at, changes)
