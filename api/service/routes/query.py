"""Any question of the house by its query, as it is."""

from __future__ import annotations

from fastapi import APIRouter

from api.service.identity import Reader, ServiceOf
from api.service.problems import RESPONSES
from api.service.routes.parameters import AsOf
from api.service.standings import paged
from api.service.wire.query import QueryResult
from tasks.query import Query

router = APIRouter(tags=["duties"], responses=RESPONSES)


@router.post("/query", summary="查询 / query")
def query(asked: Query, viewer: Reader, service: ServiceOf, as_of: AsOf = None) -> QueryResult:
    """Lists, counts, groups and comparisons by any conditions, over what the viewer may see. Units,
    plans and documents are named by their ids; a `topic` in words is limited to the clauses that speak
    of it, which `topics` names. At most 500 rows an answer: `limit` and `offset`
    turn the pages, `total` counts the whole."""
    return QueryResult.of(service.run(viewer.actor, paged(asked), as_of))
