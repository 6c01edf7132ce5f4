"""One query gives the same ids on the command line, over HTTP and to language models; so do the
everyday names of a unit that it is made of."""

import json

import pytest

from api.cli.app import run
from tests.api.service.contracts.test_matrix import API
from tests.api.service.test_mcp import run as call
from tests.tasks.samples import unit_of

WATER, EMERGENCY = unit_of("区水利局"), unit_of("区应急局")
QUERIES = [
    *({"select": s} for s in ("units", "duties", "milestones", "targets", "clauses", "plans", "documents")),
    {"select": "duties", "units": [{"ids": [WATER], "roles": ["lead"]}]},
    {"select": "duties", "units": [{"ids": [EMERGENCY], "match": "without"}], "has": ["owner"]},
    {"select": "milestones", "states": ["overdue"], "as_of": "2026-03-01"},
    {"select": "milestones", "limit": 2, "offset": 1, "as_of": "2026-03-01"},
    {"select": "milestones", "operation": "most", "group_by": "unit", "as_of": "2026-03-01"},
    {"select": "units", "operation": "compare", "text": "整治", "other": {"select": "units", "text": "演练"}},
    {"select": "duties", "topic": "整治隐患"},
    {"select": "units", "topic": "整治隐患", "minus": [{"select": "units", "topic": "演练"}]},
    {"select": "milestones", "operation": "count", "topic": "隐患", "documents": []},
    {"select": "targets", "quantities": [{"comparator": ">=", "value": "20"}]},
]  # fmt: skip


@pytest.fixture
def duban(world, capsys):
    """Runs a command for somebody and gives its JSON."""

    def command(*words):
        capsys.readouterr()
        code = run(
            [*words, "--as", "supervisor"],
            {"DUBAN_STORE": world.settings.store},
            world.settings.home,
        )
        assert code == 0, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)

    return command


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_one_query_gives_the_same_everywhere(world, duban, query):
    told = duban("query", "--query", json.dumps(query))
    sent = world.client("supervisor").post(f"{API}/query", json=query).json()
    [result] = call(world, "supervisor", ("query", {"query": query}))
    assert told == sent == result.structured_content
    assert told["total"] > 0


@pytest.mark.parametrize(
    ("question", "before", "topic"),
    [
        ("区水利局在整治隐患方面有哪些任务？", [], True),
        ("区水利局有哪些任务？", [], False),
        ("区水利局有哪些关于月球采矿的任务？", [], False),  # left out, which the answer says
        ("区水利局审批的任务有哪些？", [], False),  # the role too
        ("这几家还有什么任务", ["整治隐患由谁负责？"], False),
    ],
)
def test_a_question_lists_what_its_query_gives_everywhere(world, duban, question, before, topic):
    """An answer's query is the one that was run; a topic in it is resolved everywhere as the assistant
    resolved it, and the result says to which clauses."""
    client = world.client("supervisor")
    body = {"question": question, "context": before, "as_of": "2026-03-01"}
    answer = client.post(f"{API}/ask", json=body).json()
    query = {k: v for k, v in answer["query"].items() if k != "operation"}
    sent = client.post(f"{API}/query", json=query).json()
    assert {row["id"] for row in sent["rows"]} == set(answer["tasks"]) != set()
    assert [bool(t["found"]) for t in sent["topics"]] == [True] * topic
    assert duban("query", "--query", json.dumps(query)) == sent
    [result] = call(world, "supervisor", ("query", {"query": query}))
    assert result.structured_content == sent


def test_a_topic_that_nothing_speaks_of_gives_nothing(world, duban):
    found = duban("query", "--query", json.dumps({"select": "duties", "topic": "月球采矿"}))
    assert (found["total"], found["topics"]) == (0, [{"topic": "月球采矿", "found": []}])


def test_an_unknown_field_is_refused_everywhere(world, capsys):
    query = {"select": "duties", "colour": "red"}
    words = ["query", "--query", json.dumps(query)]
    assert run(words, {"DUBAN_STORE": world.settings.store}, world.settings.home) == 1
    assert "colour" in capsys.readouterr().err
    answer = world.client("supervisor").post(f"{API}/query", json=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    [result] = call(world, "supervisor", ("query", {"query": query}))
    assert result.is_error


@pytest.mark.parametrize("name", ["区水利局", "区水务局", "区县/water"])
def test_a_unit_by_any_name_gives_the_same_duties_everywhere(world, duban, name):
    printed = {"units": [{"ids": [WATER]}], "select": "duties"}
    wanted = {row["id"] for row in duban("query", "--query", json.dumps(printed))["rows"]}
    client = world.client("supervisor")
    assert {row["id"] for row in duban("tasks", "--unit", name, "--json")} == wanted
    sent = client.get(f"{API}/tasks", params={"unit": name}).json()["items"]
    assert {row["task"]["id"] for row in sent} == wanted
    [result] = call(world, "supervisor", ("tasks_of_unit", {"unit": name}))
    assert {row["task"]["id"] for row in result.structured_content["items"]} == wanted
    exported = client.get(f"{API}/exports", params={"unit": name, "format": "jsonl"}).text
    assert {json.loads(line)["task_id"] for line in exported.splitlines()} == wanted
