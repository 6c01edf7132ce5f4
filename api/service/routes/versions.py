"""Documents that may be versions of each other, and what a person says of that."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from api.service.fields import Words
from api.service.identity import ServiceOf, SignedIn, Viewer, needs
from api.service.problems import RESPONSES
from api.service.wire.facts import VersionDoubt
from tasks.authorisation import Action
from tasks.version_doubts import VersionVerdict, doubts_seen_by, settle_doubt

router = APIRouter(tags=["documents"], responses=RESPONSES)
Ingester = Annotated[Viewer, Depends(needs(Action.INGEST))]


class VerdictIn(BaseModel):
    """What two documents are to each other, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"verdict": "separate", "reason": "两份不同的通知"}]},
    )

    verdict: VersionVerdict
    reason: Annotated[Words, Field(min_length=1)]


@router.get("/versions", summary="待确认的版本关系 / possible versions")
def list_versions(viewer: SignedIn, service: ServiceOf) -> list[VersionDoubt]:
    """Documents that may be versions of each other, both of which the viewer may see."""
    with service.store.reading() as connection:
        return [VersionDoubt.of(doubt) for doubt in doubts_seen_by(connection, viewer.actor)]


@router.post("/versions/{doubt_id}", summary="确认版本关系 / settle a possible version")
def settle_version(
    doubt_id: str, body: VerdictIn, viewer: Ingester, service: ServiceOf
) -> VersionDoubt:
    """Say whether the one is a new version of the other, whose place it then takes with all that
    was reported, or another document."""
    now = service.now()
    settled = settle_doubt(service.store, viewer.actor, doubt_id, body.verdict, body.reason, now)
    return VersionDoubt.of(settled)
