"""The responsibility graph, whole or around one unit or task."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from api.service.identity import Reader, ServiceOf
from api.service.problems import RESPONSES
from kb.errors import DubanError, NotFoundError
from tasks.graph import Graph, ego
from tasks.graph_export import export_graph

router = APIRouter(tags=["graph"], responses=RESPONSES)
_GRAPHML, _DOT = "application/graphml+xml", "text/vnd.graphviz"
_TYPES = {"json": "application/json", "graphml": _GRAPHML, "dot": _DOT}


class Node(BaseModel):
    """A node: document, plan, clause, task, milestone, target, organisation or policy. Other
    fields depend on the kind."""

    model_config = ConfigDict(extra="allow")

    id: str
    kind: str
    label: str


class Edge(BaseModel):
    """An edge; those of a fact carry where it stands (`document_id`, `start`, `end`, `quote`)."""

    model_config = ConfigDict(extra="allow")

    source: str
    target: str
    type: str
    key: str


class NodeLink(BaseModel):
    """The graph as networkx writes it (`node_link_data`, `edges`)."""

    directed: bool
    multigraph: bool
    graph: dict[str, Any]
    nodes: list[Node]
    edges: list[Edge]


@router.get(
    "/graph", summary="责任图 / the responsibility graph", response_model=NodeLink,
    responses={200: {"content": {kind: {"schema": {"type": "string"}} for kind in (_GRAPHML, _DOT)}}},
)  # fmt: skip
def graph(
    viewer: Reader,
    service: ServiceOf,
    kind: Annotated[
        Literal["json", "graphml", "dot"],
        Query(alias="format", description="networkx 的 node-link、GraphML 或 Graphviz"),
    ] = "json",
    unit: Annotated[str, Query(max_length=200, description="以单位为中心 / around a unit")] = "",
    task: Annotated[str, Query(max_length=64, description="以任务为中心 / around a task")] = "",
    radius: Annotated[int, Query(ge=1, le=4, description="几步之内 / within so many edges")] = 1,
) -> Response:
    """The graph of the tracked documents that the viewer may see; around a task of a document for
    reference, that of all of them."""
    every = service.register(viewer.actor)
    register = every.tracked
    if task and task not in register.graph:
        register = every
    whole = register.graph
    if unit and task:
        raise DubanError("单位和任务只能给一个 / give a unit or a task, not both")
    if unit or task:
        whole = ego(whole, register.named(unit).id if unit else _task(whole, task), radius)
    text = export_graph(whole, kind)
    return Response(text.encode("utf-8", "replace"), media_type=_TYPES[kind])


def _task(whole: Graph, task: str) -> str:
    if task in whole and whole.nodes[task]["kind"] == "task":
        return task
    raise NotFoundError(f"没有任务 {task} / no task {task}")
