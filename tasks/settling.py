"""What a person looked at and found to be in order, read out of the audit log; it is open again as
soon as the clause reads otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from kb.errors import ConflictError, NotFoundError, TransitionError
from kb.models import Fact
from tasks import audit
from tasks.audit import Change
from tasks.authorisation import Action, Actor, require
from tasks.fields import check_words
from tasks.review import ReviewItem, ReviewKind
from tasks.store import Store

SETTLED = "review.settled"
UNSETTLED = "review.opened"


class Settled(Fact):
    """Who settled an item, when (UTC, ISO 8601) and why."""

    key: str
    actor: str
    at: str
    reason: str


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


def settle(store: Store, actor: Actor, item: ReviewItem, reason: str, at: datetime) -> None:
    """Note that an item was looked at and the reading may stand.

    Raises:
        DeniedError: the actor may not correct, so may not settle either.
        ConflictError: it is settled already.
        TransitionError: it is a re-opened correction, which is confirmed or withdrawn instead, or
            there is no reason.
        FieldError: the reason cannot be kept.
    """
    require(actor, Action.CORRECT)
    if item.kind is ReviewKind.REOPENED:
        raise TransitionError(
            "待复核的更正要确认或撤回 / a re-opened correction is confirmed or withdrawn"
        )
    detail = item.model_dump(
        mode="json", include={"kind", "document_id", "path", "quote", "message"}
    )
    with store.writing() as connection:
        if item.key in read_settled(connection):
            raise ConflictError("该项已复核 / it is settled already")
        _write(connection, SETTLED, actor, item.key, detail, reason, at)


def unsettle(store: Store, actor: Actor, key: str, reason: str, at: datetime) -> None:
    """Put a settled item on the list again.

    Raises:
        DeniedError: the actor may not.
        NotFoundError: it is not settled.
        TransitionError: there is no reason.
        FieldError: the reason cannot be kept.
    """
    require(actor, Action.CORRECT)
    with store.writing() as connection:
        if key not in read_settled(connection):
            raise NotFoundError("该项没有复核过 / it is not settled")
        _write(connection, UNSETTLED, actor, key, {}, reason, at)


def _write(
    connection: Connection,
    action: str,
    actor: Actor,
    key: str,
    detail: dict[str, object],
    reason: str,
    at: datetime,
) -> None:
    if not (reason := check_words("理由", "reason", reason)):
        raise TransitionError("要写明理由 / a reason is needed")
    change = Change(actor=actor.login, action=action, subject=key, detail=detail, reason=reason)
    audit.append(connection, at, [change])
