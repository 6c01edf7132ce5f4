"""The responsibility graph in three formats: node-link JSON, GraphML, Graphviz DOT."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Literal, get_args

from tasks.graph import Graph

Format = Literal["json", "graphml", "dot"]
FORMATS: tuple[str, ...] = get_args(Format)
_SHAPES = {"organisation": "box", "task": "ellipse", "target": "diamond", "milestone": "hexagon"}


def export_graph(graph: Graph, kind: Format) -> str:
    """The graph as text: `json` (networkx node-link, `edges`), `graphml` or `dot`."""
    writers: dict[str, Callable[[Graph], str]] = {
        "json": _json,
        "graphml": _graphml,
        "dot": lambda g: "\n".join(_dot(g)) + "\n",
    }
    return writers[kind](graph)


def _json(graph: Graph) -> str:
    import networkx as nx  # noqa: PLC0415 - most commands do without it

    return json.dumps(nx.node_link_data(graph, edges="edges"), ensure_ascii=False, indent=1)


def _graphml(graph: Graph) -> str:
    import networkx as nx  # noqa: PLC0415 - most commands do without it

    written = BytesIO()
    nx.write_graphml_xml(graph, written, encoding="utf-8", named_key_ids=True)
    return written.getvalue().decode()


def _dot(graph: Graph) -> Iterator[str]:
    yield "digraph duban {"
    yield "  rankdir=LR;"
    for node, data in graph.nodes(data=True):
        shape = _SHAPES.get(data["kind"], "plain")
        yield f"  {_quoted(node)} [label={_quoted(data['label'])}, kind={data['kind']}, shape={shape}];"
    for source, target, data in graph.edges(data=True):
        yield f"  {_quoted(source)} -> {_quoted(target)} [label={_quoted(data['type'])}];"
    yield "}"


def _quoted(text: str) -> str:
    """A DOT string (the language's grammar: only the quote and the backslash are special)."""
    flat = " ".join(str(text).split())
    return '"' + flat.replace("\\", "\\\\").replace('"', '\\"') + '"'
