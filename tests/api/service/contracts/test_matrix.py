"""Every route and every role: who is let through. A route without a row here fails."""

from dataclasses import dataclass, field

import httpx2
import pytest

from tests.api.service.world import ROLES

ALL = frozenset(ROLES)
READERS = ALL - {"anonymous"}
KNOWN = READERS - {"public"}
INGESTERS = frozenset({"supervisor", "admin"})
OFFICERS = frozenset({"own", "other"})
ADMIN = frozenset({"admin"})
SUPERVISOR = frozenset({"supervisor"})
AUDITOR = frozenset({"auditor"})
OWN = frozenset({"own"})
API = "/api/v1"


@dataclass(frozen=True)
class Row:
    """Who may; and a request that reaches the decision, with as little effect as there can be."""

    allowed: frozenset[str]
    body: dict | None = None
    files: bool = False
    parameters: dict = field(default_factory=dict)


FILE = Row(INGESTERS, files=True)
TABLE: dict[tuple[str, str], list[Row]] = {
    ("GET", "/healthz"): [Row(ALL)],
    ("GET", "/readyz"): [Row(ALL)],
    ("GET", "/metrics"): [Row(READERS)],
    ("POST", f"{API}/session"): [Row(ALL, {})],
    ("GET", f"{API}/session"): [Row(ALL)],
    ("DELETE", f"{API}/session"): [Row(ALL)],
    ("POST", f"{API}/ask"): [Row(READERS, {"question": ""})],
    ("POST", f"{API}/query"): [Row(READERS, {"select": "duties"})],
    ("GET", "/v1/models"): [Row(READERS)],
    ("GET", "/v1/models/{model}"): [Row(READERS)],
    ("POST", "/v1/chat/completions"): [Row(READERS, {"messages": []})],
    ("GET", f"{API}/conversations"): [Row(READERS)],
    ("GET", f"{API}/conversations/{{conversation}}"): [Row(READERS)],
    ("DELETE", f"{API}/conversations/{{conversation}}"): [Row(READERS)],
    ("POST", f"{API}/answers/{{turn}}/feedback"): [Row(READERS, {"verdict": "right"})],
    ("GET", f"{API}/tasks"): [Row(READERS)],
    ("GET", f"{API}/tasks/{{task_id}}"): [Row(READERS)],
    ("GET", f"{API}/milestones"): [Row(READERS)],
    ("GET", f"{API}/overdue"): [Row(READERS)],
    ("GET", f"{API}/overdue/counts"): [Row(READERS, parameters={"by": "unit"})],
    ("GET", f"{API}/due"): [Row(READERS)],
    ("GET", f"{API}/due/counts"): [Row(READERS, parameters={"by": "plan"})],
    ("GET", f"{API}/targets"): [Row(READERS)],
    ("GET", f"{API}/targets/{{target_id}}/trace"): [Row(READERS)],
    ("GET", f"{API}/units"): [Row(READERS)],
    ("GET", f"{API}/units/{{unit}}"): [Row(READERS)],
    ("GET", f"{API}/documents"): [Row(READERS)],
    ("POST", f"{API}/documents"): [Row(INGESTERS, files=True)],
    ("GET", f"{API}/documents/{{document_id}}"): [Row(READERS)],
    ("GET", f"{API}/documents/{{document_id}}/text"): [Row(READERS)],
    ("GET", f"{API}/documents/{{document_id}}/source"): [Row(READERS)],
    ("PUT", f"{API}/documents/{{document_id}}/visibility"): [Row(INGESTERS, {"level": "public"})],
    ("POST", f"{API}/documents/{{document_id}}/withdraw"): [Row(INGESTERS, {})],
    ("POST", f"{API}/documents/{{document_id}}/restore"): [Row(INGESTERS, {})],
    ("POST", f"{API}/documents/{{document_id}}/reread"): [Row(INGESTERS)],
    ("POST", f"{API}/documents/{{document_id}}/recognised"): [Row(SUPERVISOR, {})],
    ("POST", f"{API}/documents/{{document_id}}/detach"): [Row(INGESTERS)],
    ("POST", f"{API}/documents/{{document_id}}/track"): [Row(INGESTERS, {})],
    ("POST", f"{API}/documents/{{document_id}}/untrack"): [Row(INGESTERS, {})],
    ("POST", f"{API}/documents/{{document_id}}/erase"): [Row(ADMIN, {})],
    ("GET", f"{API}/jobs"): [Row(INGESTERS)],
    ("GET", f"{API}/jobs/{{job_id}}"): [Row(INGESTERS)],
    ("POST", f"{API}/jobs/{{job_id}}/cancel"): [Row(INGESTERS)],
    ("GET", f"{API}/graph"): [Row(READERS)],
    ("GET", f"{API}/digests"): [Row(KNOWN)],
    ("GET", f"{API}/digests/{{week}}"): [Row(READERS)],
    ("GET", f"{API}/exports"): [Row(READERS, parameters={"format": "csv"})],
    ("GET", f"{API}/exports/calendar.ics"): [Row(READERS)],
    ("GET", f"{API}/milestones/{{milestone_id}}/steps"): [Row(KNOWN)],
    ("POST", f"{API}/milestones/{{milestone_id}}/steps"): [
        Row(OWN, {"step": "accept"}),
        Row(OWN, {"step": "report", "text": "已做"}),
        Row(OWN, {"step": "request_extension"}),
        Row(OWN, {"step": "submit"}),
        Row(SUPERVISOR, {"step": "allow_late"}),
        Row(SUPERVISOR, {"step": "approve_extension"}),
        Row(SUPERVISOR, {"step": "refuse_extension"}),
        Row(SUPERVISOR, {"step": "approve"}),
        Row(SUPERVISOR, {"step": "return"}),
        Row(SUPERVISOR, {"step": "close"}),
        Row(SUPERVISOR, {"step": "cancel"}),
        Row(SUPERVISOR, {"step": "reinstate"}),
    ],
    ("POST", f"{API}/milestones/{{milestone_id}}/events"): [
        Row(OWN | SUPERVISOR, {"occasion": "甲校"})
    ],
    ("GET", f"{API}/milestones/{{milestone_id}}/history"): [Row(KNOWN)],
    ("POST", f"{API}/evidence"): [Row(OFFICERS | SUPERVISOR, files=True)],
    ("GET", f"{API}/evidence/{{sha256}}"): [Row(KNOWN)],
    ("POST", f"{API}/progress"): [Row(OFFICERS, files=True)],
    ("GET", f"{API}/review"): [Row(KNOWN)],
    ("POST", f"{API}/review/settle"): [Row(SUPERVISOR, {})],
    ("POST", f"{API}/review/open"): [Row(SUPERVISOR, {})],
    ("POST", f"{API}/review/hand/{{milestone_id}}"): [Row(INGESTERS, {})],
    ("GET", f"{API}/versions"): [Row(KNOWN)],
    ("POST", f"{API}/versions/{{doubt_id}}"): [Row(INGESTERS, {})],
    ("POST", f"{API}/tasks/{{task_id}}/corrections"): [Row(SUPERVISOR, {})],
    ("GET", f"{API}/corrections"): [Row(KNOWN)],
    ("POST", f"{API}/corrections/{{correction_id}}/withdraw"): [Row(SUPERVISOR, {})],
    ("POST", f"{API}/corrections/{{correction_id}}/confirm"): [Row(SUPERVISOR, {})],
    ("GET", f"{API}/audit"): [Row(AUDITOR)],
    ("POST", f"{API}/audit/verify"): [Row(AUDITOR, {})],
    ("GET", f"{API}/audit/checkpoint"): [Row(AUDITOR)],
    ("GET", f"{API}/people"): [Row(ADMIN)],
    ("POST", f"{API}/people"): [Row(ADMIN, {})],
    ("PATCH", f"{API}/people/{{login}}"): [Row(ADMIN, {})],
    ("PUT", f"{API}/people/{{login}}/password"): [
        Row(
            ADMIN | {"reader"},
            {"password": "another horse battery", "present": "correct horse battery"},
        )
    ],
    ("GET", f"{API}/tokens"): [Row(KNOWN), Row(ADMIN, parameters={"everyone": "true"})],
    ("POST", f"{API}/tokens"): [Row(KNOWN, {"name": "t", "scopes": ["read"]})],
    ("DELETE", f"{API}/tokens/{{token_id}}"): [Row(KNOWN)],
    ("GET", f"{API}/settings/addresses"): [Row(ADMIN)],
    ("PUT", f"{API}/settings/addresses/{{unit}}/{{channel}}"): [Row(ADMIN, {"target": "a@b.cn"})],
    ("DELETE", f"{API}/settings/addresses/{{unit}}/{{channel}}"): [Row(ADMIN)],
}


def operations(app):
    methods = ("get", "post", "put", "patch", "delete")
    return {
        (method.upper(), path)
        for path, item in app.openapi()["paths"].items()
        for method in methods
        if method in item
    }


def test_every_route_has_a_row(world):
    assert operations(world.app) == set(TABLE)


@pytest.fixture(scope="module")
def filled(world):
    """Path parameters that lead to something there, in the public document."""
    first = world.open.tasks[0]
    return {
        "conversation": "talk-0", "turn": "turn-0", "model": "duban", "task_id": first.id,
        "target_id": first.targets[0].id, "milestone_id": first.milestones[0].id,
        "unit": "区水利局", "document_id": world.open.document.id, "job_id": "job-0", "doubt_id": "versions-0",
        "week": "2026-W02", "sha256": world.evidence, "correction_id": world.correction,
        "login": "reader", "token_id": "token-0", "channel": "email",
    }  # fmt: skip


CASES = [(m, p, n, role) for (m, p), rows in TABLE.items() for n in range(len(rows)) for role in ROLES]  # fmt: skip


def test_who_is_let_through(world, filled, subtests):
    for method, path, number, role in CASES:
        with subtests.test(method=str(method), path=str(path), number=str(number), role=str(role)):
            row = TABLE[method, path][number]
            sent = {"params": row.parameters}
            if row.files:
                sent["files"] = {"file": ("a.exe", b"MZ")}
            elif row.body is not None:
                sent["json"] = row.body
            answer = world.client(role).request(method, path.format(**filled), **sent)
            assert answer.status_code < 500, answer.text
            if path.endswith("/password") and answer.status_code == 204:
                world.renew("reader")  # a new password ends the tokens
            if role in row.allowed:
                assert answer.status_code not in (401, 403) or path.endswith("/session"), (
                    answer.text
                )
            else:
                assert answer.status_code == (401 if role in ("anonymous", "public") else 403), (
                    answer.text
                )
                assert answer.headers["Content-Type"] == "application/problem+json"


TOOLS = {
    "who_is_responsible": READERS, "tasks_of_unit": READERS, "overdue": READERS,
    "target_value": READERS, "trace": READERS, "search": READERS, "query": READERS,
}  # fmt: skip
"""The tools for language models: what each gives is what its caller may see (`test_mcp`)."""


def call(world, role, method, **parameters):
    """A request to the tools' server, in the app's own loop; gives the answer."""
    headers = {"Accept": "application/json, text/event-stream"}
    if role in world.secrets:
        headers["Authorization"] = f"Bearer {world.secrets[role]}"
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
    app = world.closed_app if role == "anonymous" else world.app

    async def speak():
        inside = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=inside, base_url="http://127.0.0.1") as http:
            return await http.post("/mcp", json=body, headers=headers)

    return world.client("anonymous" if role == "anonymous" else "public").portal.call(speak)


def test_every_tool_has_a_row(world):
    listed = call(world, "reader", "tools/list").json()["result"]["tools"]
    assert {tool["name"] for tool in listed} == set(TOOLS)


def test_who_may_use_the_tools(world, subtests):
    """Called without what they need: who is refused is refused before that is looked at."""
    for tool, allowed in TOOLS.items():
        for role in ROLES:
            with subtests.test(tool=tool, role=role):
                answer = call(world, role, "tools/call", name=tool, arguments={"limit": "x"})
                if role in allowed:
                    assert answer.status_code == 200, answer.text
                    result = answer.json()["result"]
                    assert result["isError"]
                    # Its arguments were looked at, so the caller was let through.
                    assert "validation error" in result["content"][0]["text"]
                else:
                    assert answer.status_code == 401
                    assert answer.json()["code"] == "unauthenticated"
