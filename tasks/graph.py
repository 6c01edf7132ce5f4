"""The responsibility graph: a networkx MultiDiGraph built from the store's facts.

Nodes carry `kind` and `label` (an organisation's node is its id, see `tasks.units.unit_key`, and
carries its full name as `title`); edges `type` and, where a fact stands behind them, its evidence:
`document_id`, `start`, `end` (span in the document's text) and `quote`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from kb.models import Span
from tasks.models import Assignment, Extraction, Member, Task
from tasks.units import jurisdiction_of, title_of, unit_key

if TYPE_CHECKING:
    import networkx as nx

Graph: TypeAlias = "nx.MultiDiGraph[str]"


def build_graph(extractions: Iterable[Extraction]) -> Graph:
    """The graph of these documents. Edges:

    document -contains→ plan -contains→ clause -states→ task; clause -child→ clause;
    task -has_milestone→ milestone; task -has_target→ target -due_with→ milestone;
    organisation -<role>→ task; organisation -member→ document; clause -cites→ policy.
    """
    import networkx as nx  # noqa: PLC0415 - most commands do without it

    graph: Graph = nx.MultiDiGraph()
    for extraction in extractions:
        _add_text(graph, extraction)
        place = jurisdiction_of(extraction.document).place
        for task in extraction.tasks:
            _add_task(graph, extraction.document.id, place, task)
    return graph


def ego(graph: Graph, node: str, radius: int = 1) -> Graph:
    """The part of the graph within `radius` edges of `node`, directions ignored."""
    import networkx as nx  # noqa: PLC0415 - most commands do without it

    near = nx.ego_graph(graph.to_undirected(as_view=True), node, radius=radius)
    return graph.subgraph(near.nodes).copy()


def _add_text(graph: Graph, extraction: Extraction) -> None:
    document = extraction.document
    place = jurisdiction_of(document).place
    graph.add_node(
        document.id,
        kind="document",
        label=document.title,
        **_known(document_number=document.document_number, issuer=document.issuer),
        sha256=document.sha256,
    )
    for plan in extraction.plans:
        period = plan.period
        graph.add_node(
            plan.id,
            kind="plan",
            label=plan.title,
            number=plan.number,
            **_known(
                start=period.start.isoformat() if period else None,
                end=period.end.isoformat() if period else None,
            ),
        )
        _edge(graph, document.id, plan.id, "contains")
    for clause in extraction.clauses:
        graph.add_node(
            clause.id, kind="clause", label=clause.heading, path=clause.path, level=clause.level
        )
        _edge(graph, clause.plan_id, clause.id, "contains", _at(document.id, clause.span))
        if clause.parent_id:
            _edge(graph, clause.parent_id, clause.id, "child")
    for member in extraction.members:
        node = _add_unit(graph, place, member)
        evidence = _at(document.id, member.span, member.quote)
        _edge(graph, node, document.id, "member", evidence)
    for policy in extraction.policies:
        node = f"policy:{policy.document_number or policy.title}"
        graph.add_node(
            node,
            kind="policy",
            label=policy.title,
            **_known(document_number=policy.document_number),
        )
        evidence = _at(document.id, policy.span, policy.quote)
        _edge(graph, policy.clause_id, node, "cites", evidence)


def _add_task(graph: Graph, document_id: str, place: str | None, task: Task) -> None:
    graph.add_node(task.id, kind="task", label=task.title, task_kind=task.kind.value)
    _edge(graph, task.clause_id, task.id, "states", _at(document_id, task.span))
    for milestone in task.milestones:
        due = milestone.due
        graph.add_node(
            milestone.id,
            kind="milestone",
            label=milestone.commitment,
            due_kind=due.kind.value,
            certainty=" ".join(due.certainty),
            **_known(
                date=due.date.isoformat() if due.date else None,
                rrule=due.rrule,
                duration=due.duration,
                event=due.event,
            ),
        )
        evidence = _at(document_id, due.span) if due.span else {}
        _edge(graph, task.id, milestone.id, "has_milestone", evidence)
    for target in task.targets:
        graph.add_node(
            target.id,
            kind="target",
            label=target.metric,
            comparator=target.comparator.value,
            value=str(target.value),
            **_known(measure=target.measure, scope=target.scope, per=target.per),
        )
        evidence = _at(document_id, target.span, target.quote)
        _edge(graph, task.id, target.id, "has_target", evidence)
        if target.milestone_id:
            _edge(graph, target.id, target.milestone_id, "due_with")
    for assignment in task.responsibilities:
        node = _add_unit(graph, place, assignment)
        evidence = _at(document_id, assignment.span, assignment.quote)
        basis = {"basis": assignment.basis.value, "open_ended": assignment.open_ended}
        _edge(graph, node, task.id, assignment.role.value, basis | evidence)


def _add_unit(graph: Graph, place: str | None, named: Assignment | Member) -> str:
    node = unit_key(place, named.unit, named.unit_id)
    if node not in graph:
        graph.add_node(node, kind="organisation", label=named.unit, title=title_of(node))
    return node


def _edge(
    graph: Graph, source: str, target: str, kind: str, evidence: dict[str, Any] | None = None
) -> None:
    """Add an edge; one type with one piece of evidence stands once between two nodes."""
    attributes = {"type": kind, **(evidence or {})}
    key = f"{kind}@{attributes.get('start', '')}"
    graph.add_edge(source, target, key=key, **attributes)


def _at(document_id: str, span: Span, quote: str | None = None) -> dict[str, Any]:
    place = {"document_id": document_id, "start": span.start, "end": span.end}
    return place | ({"quote": quote} if quote is not None else {})


def _known(**attributes: Any) -> dict[str, Any]:
    return {key: value for key, value in attributes.items() if value is not None}
