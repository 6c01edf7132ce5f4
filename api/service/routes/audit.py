"""The audit log for auditors: read, verified, its end kept elsewhere."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.service.identity import ServiceOf, Viewer, needs
from api.service.paging import Cursor, Limit, Page, read_cursor, write_cursor
from api.service.problems import RESPONSES
from api.service.sending import download
from api.service.wire.governance import Audited, Checkpoint, Entry
from api.verifying import verify_all
from kb.days import Day
from kb.errors import ConflictError, DubanError
from tasks import audit
from tasks.audit_search import AuditFilter, search_audit
from tasks.authorisation import Action

router = APIRouter(tags=["audit"], responses=RESPONSES)
Auditor = Annotated[Viewer, Depends(needs(Action.READ_AUDIT))]
_Name = Annotated[str, Query(max_length=200)]


class CheckpointIn(BaseModel):
    """A checkpoint as `GET /audit/checkpoint` gave it."""

    model_config = ConfigDict(extra="forbid")

    count: Annotated[int, Field(ge=0)]
    head: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class VerifyIn(BaseModel):
    """Checkpoints kept elsewhere that the log must still hold."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"checkpoints": [{"count": 0, "head": "0" * 64}]}]},
    )

    checkpoints: list[CheckpointIn] = Field(default_factory=list, max_length=1000)


@router.get("/audit", summary="审计日志 / the audit log")
def log(
    viewer: Auditor,
    service: ServiceOf,
    actor: _Name = "",
    action: Annotated[
        str, Query(max_length=40, description="动作或其开头 / or its beginning")
    ] = "",
    subject: _Name = "",
    since: Annotated[Day | None, Query(description="UTC")] = None,
    until: Annotated[Day | None, Query(description="UTC")] = None,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Page[Entry]:
    """Entries, the newest first."""
    before = None
    if cursor:
        [before] = read_cursor(cursor, int)
        if not 0 <= before < 2**63:
            raise DubanError("cursor 不对 / not a cursor of this list")
    wanted = AuditFilter(
        actor=actor, action=action, subject=subject,
        since=since.isoformat() if since else "", until=until.isoformat() if until else "",
    )  # fmt: skip
    with service.store.reading() as connection:
        found, total = search_audit(connection, wanted, limit + 1, before)
    more = len(found) > limit
    shown = found[:limit]
    return Page(
        items=[Entry.of(e) for e in shown],
        total=total,
        next=write_cursor([shown[-1].seq]) if more else None,
    )


@router.post("/audit/verify", summary="校验 / verify")
def verify(body: VerifyIn, viewer: Auditor, service: ServiceOf) -> Audited:
    """Check the whole store against its log and its sources, and that the log still holds the
    checkpoints given and those that the service keeps; the same as `duban verify`."""
    kept = [audit.Checkpoint(count=c.count, head=c.head) for c in body.checkpoints]
    return Audited.of(verify_all(service.settings, service.store, kept))


@router.get(
    "/audit/checkpoint", summary="校验点 / a checkpoint", response_model=Checkpoint,
)  # fmt: skip
def checkpoint(viewer: Auditor, service: ServiceOf) -> Response:
    """The number of entries and the hash of the last, as a file to keep where nobody of the
    office can write."""
    with service.store.reading() as connection:
        found = audit.verify_chain(connection)
    if found.faults:
        raise ConflictError(found.faults[0].message, hint="POST /api/v1/audit/verify")
    line = audit.render_checkpoint(audit.Checkpoint(count=found.count, head=found.head))
    return download(f"{line}\n".encode(), f"duban-audit-{found.count}.json", "application/json")
