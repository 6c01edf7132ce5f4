"""审计: the log with its filters, the check of its chain, the checkpoint to keep elsewhere."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Response

from api.service.pages.screen import Screen, allowed, read_day
from api.service.sending import download
from kb.errors import SourceError
from tasks import audit as chain
from tasks.audit import Audited, Checkpoint
from tasks.audit_search import AuditFilter, search_audit
from tasks.authorisation import Action

router = APIRouter()
Auditing = Annotated[Screen, Depends(allowed(Action.READ_AUDIT))]
PAGE = 50


@router.get("/audit")
def log(
    s: Auditing,
    actor: Annotated[str, Query(max_length=64)] = "",
    action: Annotated[str, Query(max_length=40)] = "",
    subject: Annotated[str, Query(max_length=300)] = "",
    since: Annotated[str, Query(max_length=20)] = "",
    until: Annotated[str, Query(max_length=20)] = "",
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    """The log, the newest first."""
    return _shown(s, _wanted(actor, action, subject, since, until), before, None)


@router.post("/audit")
def verify(
    s: Auditing,
    csrf: Annotated[str, Form()] = "",
    checkpoint: Annotated[str, Form(max_length=100_000)] = "",
) -> Response:
    """Check the whole chain, and that it still holds the checkpoints given. Changes nothing, so
    that the page itself may answer the form."""
    s.check(csrf)
    kept = [chain.read_checkpoint(line) for line in checkpoint.splitlines() if line.strip()]
    with s.service.store.reading() as connection:
        found = chain.verify_chain(connection, kept)
    return _shown(s, AuditFilter(), None, found, len(kept))


@router.get("/audit/checkpoint")
def checkpoint(s: Auditing) -> Response:
    """The chain's length and head, to keep where nobody of the office can write.

    Raises:
        SourceError: the chain is broken; a checkpoint of it would bless what was altered.
    """
    with s.service.store.reading() as connection:
        found = chain.verify_chain(connection)
    if found.faults:
        raise SourceError(found.faults[0].message)
    line = chain.render_checkpoint(Checkpoint(count=found.count, head=found.head))
    name = f"duban-checkpoint-{s.service.now():%Y%m%d-%H%M}.json"
    return download(f"{line}\n".encode(), name, "application/json")


def _wanted(actor: str, action: str, subject: str, since: str, until: str) -> AuditFilter:
    first, last = read_day(since), read_day(until)
    return AuditFilter(
        actor=actor.strip(), action=action.strip(), subject=subject.strip(),
        since=first.isoformat() if first else "", until=last.isoformat() if last else "",
    )  # fmt: skip


def _shown(
    s: Screen, f: AuditFilter, before: int | None, verified: Audited | None, kept: int = 0
) -> Response:
    with s.service.store.reading() as connection:
        entries, total = search_audit(connection, f, PAGE + 1, before)
    more = len(entries) > PAGE
    entries = entries[:PAGE]
    shown = [
        (entry, json.dumps(entry.model_dump(include={"detail", "before", "after"}), ensure_ascii=False, indent=1))
        for entry in entries
    ]  # fmt: skip
    return s.show(
        "audit.html", f=f, entries=shown, total=total, verified=verified, kept=kept,
        next=entries[-1].seq if more else None, before=before,
        people=[p.login for p in s.service.people.list()],
    )  # fmt: skip
