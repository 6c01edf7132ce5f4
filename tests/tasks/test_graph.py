import io
import json

import networkx as nx
import pytest

from ingest.pipeline import extract_bytes
from kb.errors import NotFoundError
from tasks.graph import build_graph, ego
from tasks.graph_export import export_graph
from tasks.queries import Register
from tests.tasks.samples import DANGERS, DRILLS, plan

WORDS = (
    plan(DANGERS, DRILLS)
    + "3.落实制度。落实《防汛条例》（国发〔2020〕5号）要求，建立台账。（责任单位：区水利局）\n"
)


@pytest.fixture
def extraction():
    return extract_bytes(WORDS.encode(), "plan.txt")


def test_edges_carry_their_evidence(extraction):
    graph = build_graph([extraction])
    roles = {
        (graph.nodes[a]["label"], graph.nodes[b]["label"], d["type"], d["quote"])
        for a, b, d in graph.edges(data=True)
        if graph.nodes[a]["kind"] == "organisation"
    }
    assert roles == {
        ("区水利局", "整治隐患", "responsible", "区水利局"),
        ("区应急局", "整治隐患", "responsible", "区应急局"),
        ("区应急局", "开展演练", "lead", "区应急局"),
        ("区教委", "开展演练", "joint", "区教委"),
        ("区水利局", "落实制度", "responsible", "区水利局"),
    }
    for _, _, data in graph.edges(data=True):
        if "quote" in data:
            assert extraction.document.text[data["start"] : data["end"]] == data["quote"]
    kinds = {data["kind"] for _, data in graph.nodes(data=True)}
    assert kinds == {
        "document", "plan", "clause", "task", "milestone", "target", "organisation", "policy",
    }  # fmt: skip
    policy = next(d for _, d in graph.nodes(data=True) if d["kind"] == "policy")
    assert (policy["label"], policy["document_number"]) == ("防汛条例", "国发〔2020〕5号")


def test_exports_read_back_the_same(extraction):
    graph = build_graph([extraction])
    size = (graph.number_of_nodes(), graph.number_of_edges())
    linked = nx.node_link_graph(json.loads(export_graph(graph, "json")), edges="edges")
    assert (linked.number_of_nodes(), linked.number_of_edges()) == size
    assert dict(linked.nodes(data=True)) == dict(graph.nodes(data=True))
    read = nx.read_graphml(
        io.BytesIO(export_graph(graph, "graphml").encode()), force_multigraph=True
    )
    assert (read.number_of_nodes(), read.number_of_edges()) == size
    dot = export_graph(graph, "dot")
    assert dot.count(" -> ") == size[1]


def test_quotes_in_a_label_do_not_break_dot():
    words = '一、任务\n1.用"\\引号"的事项。到2025年完成。（责任单位：区教委）\n'
    dot = export_graph(build_graph([extract_bytes(words.encode(), "q.txt")]), "dot")
    for line in dot.splitlines():
        bare = line.replace("\\\\", "").replace('\\"', "")
        assert bare.count('"') % 2 == 0


def test_ego_keeps_to_its_radius(extraction):
    graph = build_graph([extraction])
    node = next(n for n, d in graph.nodes(data=True) if d["label"] == "区教委")
    near = ego(graph, node, 1)
    assert {d["label"] for _, d in near.nodes(data=True)} == {"区教委", "开展演练"}


def test_tasks_of_a_unit_are_complete(extraction):
    register = Register([extraction])
    assert [p.task.title for p in register.tasks_of("区水利局")] == ["整治隐患", "落实制度"]
    assert register.tasks_of("区水") == []
    counts = {c.unit: (c.tasks, c.roles) for c in register.units()}
    assert counts["区应急局"] == (2, {"lead": 1, "responsible": 1})


def test_targets_filter_by_words_and_year(extraction):
    register = Register([extraction])
    assert [str(t.value) for _, t, _ in register.targets("隐患")] == ["20"]
    assert [str(t.value) for _, t, _ in register.targets(year=2025)] == ["20"]
    assert register.targets("没有这个") == []


def test_trace_finds_ids_and_phrases(extraction):
    register = Register([extraction])
    target = extraction.tasks[0].targets[0]
    [(_, clause, span)] = register.trace(target.id)
    assert (span, clause.id) == (target.span, extraction.tasks[0].clause_id)
    [(_, _, place)] = register.trace("隐患点20处")
    assert place.slice(extraction.document.text) == "隐患点20处"
    with pytest.raises(NotFoundError):
        register.trace("隐患点21处")
