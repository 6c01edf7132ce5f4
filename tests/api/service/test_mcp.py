"""The tools for language models, through the SDK's own client, on both transports."""

import json
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx2
import pytest
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from api.main import main
from tests.api.service.process import environ_of, forked
from tests.api.service.world import CLOSED_UNIT, OWN, SECRET
from tests.tasks.samples import TODAY

TOOLS = {
    "who_is_responsible",
    "tasks_of_unit",
    "overdue",
    "target_value",
    "trace",
    "search",
    "query",
}
FAR = "2030-01-01"
BLIND = ("public", "reader", "other")
CALLS = [
    ("tasks_of_unit", {"unit": OWN}),
    ("tasks_of_unit", {"unit": CLOSED_UNIT}),
    ("overdue", {"as_of": FAR}),
    ("overdue", {"as_of": FAR, "unit": OWN, "plan": "方案", "inherited": True}),
    ("target_value", {"text": ""}),
    ("target_value", {"text": "覆盖率", "year": 2025}),
    ("query", {"query": {"select": "duties"}}),
    ("query", {"query": {"select": "clauses", "text": "工程"}}),
    ("trace", {"words": "工程"}),
]
ASKED = [
    ("who_is_responsible", {"topic": "工程"}),
    ("search", {"query": "工程验收移交"}),
]
"""Those that need the embedding model."""


@asynccontextmanager
async def over_http(world, role, mode="auto", **headers):
    """The SDK's client at `/mcp` of the app, inside this process."""
    if role in world.secrets:
        headers["Authorization"] = f"Bearer {world.secrets[role]}"
    app = world.closed_app if role == "anonymous" else world.app
    inside = httpx2.ASGITransport(app=app)
    async with (
        httpx2.AsyncClient(transport=inside, headers=headers) as http,
        Client(streamable_http_client("http://127.0.0.1:8000/mcp", http_client=http), mode=mode) as client,
    ):  # fmt: skip
        yield client


def run(world, role, *calls, mode="auto"):
    """The results of calls, in order. The app's own loop serves them: its portal runs this."""

    async def speak():
        async with over_http(world, role, mode) as client:
            return [await client.call_tool(name, arguments) for name, arguments in calls]

    return world.client("public" if role != "anonymous" else role).portal.call(speak)


def listed(world, role, mode="auto"):
    async def speak():
        async with over_http(world, role, mode) as client:
            return (await client.list_tools()).tools

    return world.client("public").portal.call(speak)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_tools_that_write_nothing(world, mode):
    tools = listed(world, "reader", mode)
    assert {t.name for t in tools} == TOOLS
    assert all(t.annotations.read_only_hint and not t.annotations.destructive_hint for t in tools)
    assert all(t.description and t.output_schema for t in tools)


def test_what_the_tools_give_is_what_the_api_gives(world):
    api = world.client("supervisor")
    tasks, late, targets = run(
        world, "supervisor",
        ("tasks_of_unit", {"unit": OWN, "roles": ["responsible", "lead"]}),
        ("overdue", {"as_of": FAR}), ("target_value", {"text": "整治"}),
    )  # fmt: skip
    same = api.get("/api/v1/tasks", params={"unit": OWN, "role": ["responsible", "lead"]}).json()
    assert tasks.structured_content == {"total": same["total"], "items": same["items"]}
    assert same["total"] > 0
    same = api.get("/api/v1/overdue", params={"as_of": FAR}).json()
    assert late.structured_content == {"as_of": FAR, "total": same["total"], "items": same["items"]}
    assert same["total"] > 0
    same = api.get("/api/v1/targets", params={"text": "整治"}).json()
    assert targets.structured_content == {"total": same["total"], "items": same["items"]}
    assert same["total"] > 0


def test_a_long_list_is_read_on(world):
    whole, first, rest = (
        r.structured_content
        for r in run(
            world,
            "supervisor",
            ("overdue", {"as_of": FAR}),
            ("overdue", {"as_of": FAR, "limit": 1}),
            ("overdue", {"as_of": FAR, "skip": 1}),
        )
    )
    assert whole["total"] == first["total"] == len(whole["items"])
    assert first["items"] + rest["items"] == whole["items"]


def test_a_trace_gives_the_exact_characters(world):
    [found] = run(world, "reader", ("trace", {"words": "20处以上"}))
    [place] = found.structured_content["items"]
    text = world.open.document.text
    start, end = place["exact"]["span"]
    assert text[start:end] == place["exact"]["quote"] == "20处以上"
    assert place["sha256"] == world.open.document.sha256
    assert text.split("\n")[place["line"] - 1].count("20处以上") == 1


def test_who_and_search_answer_with_their_clauses(world):
    who, found = run(
        world, "reader", ("who_is_responsible", {"topic": "整治隐患"}), ("search", {"query": "防汛演练", "limit": 2})
    )  # fmt: skip
    assert {u["unit"] for u in who.structured_content["units"]} == {OWN, "区应急局"}
    assert who.structured_content["citations"]
    text = world.open.document.text
    assert 1 <= len(found.structured_content["items"]) <= 2
    assert "演练" in found.structured_content["items"][0]["text"]
    for item in found.structured_content["items"]:
        start, end = item["citation"]["span"]
        assert text[start:end] == item["citation"]["quote"]


@pytest.mark.parametrize("role", BLIND)
def test_nobody_is_told_what_they_may_not_see(world, role):
    ids = [world.closed.document.id, *(t.id for t in world.closed.tasks)]
    calls = [*CALLS, *ASKED, *(("trace", {"words": key}) for key in ids)]
    for (name, arguments), result in zip(calls, run(world, role, *calls), strict=True):
        said = json.dumps(result.model_dump(mode="json"), ensure_ascii=False)
        assert SECRET not in said, (name, arguments)
        unknown = "words" in arguments or arguments.get("unit") == CLOSED_UNIT
        assert result.is_error is unknown or "words" in arguments, said


def test_those_who_may_are_told(world):
    for result in run(world, "own", *CALLS, *ASKED):
        assert SECRET in json.dumps(result.model_dump(mode="json"), ensure_ascii=False)


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("trace", {"words": "没有的话"}, "没有编号或原文"),
        ("overdue", {"limit": 0}, "limit"),
        ("overdue", {"as_of": "昨天"}, "as_of"),
        ("tasks_of_unit", {}, "unit"),
        ("search", {"query": "x" * 2001}, "query"),
        ("tasks_of_unit", {"unit": OWN, "roles": ["boss"]}, "roles"),
    ],
)
def test_a_wrong_call_is_told_without_a_trace_of_the_program(world, name, arguments, words):
    [result] = run(world, "reader", (name, arguments))
    said = " ".join(c.text for c in result.content)
    assert result.is_error
    assert words in said
    assert "Traceback" not in said
    assert "site-packages" not in said


POST = {"Accept": "application/json, text/event-stream", "Host": "127.0.0.1:8000"}
HELLO = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("role", "headers", "status"),
    [
        ("anonymous", {}, 401),
        ("public", {}, 200),
        ("public", {"Authorization": "Bearer duban_wrong"}, 401),
        ("reader", {}, 200),
        ("public", {"Host": "evil.example"}, 421),
        ("public", {"Origin": "https://evil.example"}, 403),
    ],
)
def test_who_is_let_in_over_http(world, role, headers, status):
    answer = world.client(role).post("/mcp", json=HELLO, headers=POST | headers)
    assert answer.status_code == status, answer.text
    if status == 401:
        assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PUT", "OPTIONS"])
@pytest.mark.parametrize("role", ["anonymous", "reader"])
def test_nothing_is_held_open_or_ended_without_sessions(world, role, method):
    """A GET of the SDK's transport would never end."""
    answer = world.client(role).request(method, "/mcp", headers=POST)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert answer.headers["Content-Type"] == "application/problem+json"


# ---- stdio


def over_stdio(world, *more):
    command = [sys.executable, "-m", "api.main", "mcp", *more]
    environ = {"DUBAN_HOME": str(world.settings.home), "OMP_NUM_THREADS": "1"}
    root = Path(__file__).resolve().parents[3]
    return StdioServerParameters(command=command[0], args=command[1:], env=environ, cwd=root)


def speak_stdio(world, calls, *more):
    async def speak():
        async with Client(stdio_client(over_stdio(world, *more))) as client:
            names = {t.name for t in (await client.list_tools()).tools}
            return names, [await client.call_tool(name, a) for name, a in calls]

    return anyio.run(speak)


@pytest.mark.parametrize(("login", "sees"), [("", True), ("own", True), ("other", False)])
def test_stdio_acts_for_the_person_named_or_the_console(world, login, sees):
    names, results = speak_stdio(world, CALLS, *(["--as", login] if login else []))
    said = json.dumps([r.model_dump(mode="json") for r in results], ensure_ascii=False)
    assert names == TOOLS
    refused = [
        r.is_error for (_, asked), r in zip(CALLS, results, strict=True) if "words" not in asked
    ]
    assert refused == [not sees and a.get("unit") == CLOSED_UNIT for _, a in CALLS if "words" not in a]  # fmt: skip
    assert (SECRET in said) is sees


def test_stdio_says_why_it_cannot_begin(world, tmp_path):
    for more, home, words in (
        (["--as", "nobody"], world.settings.home, "没有用户 nobody"),
        ([], tmp_path, "还没有库"),
    ):
        done = forked(environ_of(home), main, ["mcp", *more])
        assert done.returncode == 1
        assert words in done.stderr
        assert not done.stdout


def test_today_is_the_default_day(world):
    [late] = run(world, "reader", ("overdue", {}))
    assert late.structured_content["as_of"] == world.service.today().isoformat()
    assert world.service.today() >= TODAY
