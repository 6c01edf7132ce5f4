"""Digests, exports and the graph by HTTP: each format opens, holds what it should."""

import io
import json
from datetime import UTC, datetime

import docx
import networkx as nx
import openpyxl
import pytest
from icalendar import Calendar

from tasks.outbox import DeliveryStatus, Key, Outbox
from tests.api.service.contracts.test_matrix import API
from tests.api.service.world import OTHER, OWN
from tests.tasks.samples import unit_of

AS_OF = "2026-01-02"


def opened(kind, data):
    match kind:
        case "xlsx":
            book = openpyxl.load_workbook(io.BytesIO(data))
            rows = (row for sheet in book for row in sheet.iter_rows(values_only=True))
            return "\n".join(str(cell) for row in rows for cell in row if cell)
        case "docx":
            found = docx.Document(io.BytesIO(data))
            cells = (c.text for t in found.tables for r in t.rows for c in r.cells)
            return "\n".join([*(p.text for p in found.paragraphs), *cells])
        case "ics":
            return "\n".join(str(e.get("summary")) + str(e.get("description")) for e in Calendar.from_ical(data).walk("VEVENT"))  # fmt: skip
    return data.decode("utf-8-sig")


@pytest.mark.parametrize("kind", ["xlsx", "csv", "jsonl", "docx", "ics"])
def test_exports(world, kind):
    sent = world.client("public").get(f"{API}/exports", params={"format": kind, "as_of": AS_OF, "unit": OWN})  # fmt: skip
    assert sent.status_code == 200
    assert "整治隐患" in opened(kind, sent.content)
    assert "加强宣传" not in opened(kind, sent.content)
    name = sent.headers["Content-Disposition"]
    assert name.startswith("attachment;")
    assert name.endswith(f"{AS_OF}.{kind}")


def test_exports_filtered(world):
    def rows(who="reader", **asked):
        sent = world.client(who).get(f"{API}/exports", params={"format": "jsonl", "as_of": "2026-03-01"} | asked)  # fmt: skip
        return [json.loads(line) for line in sent.text.splitlines()]

    assert {r["state"] for r in rows(overdue="true")} == {"overdue"}
    assert {r["status"] for r in rows(status=["in_progress"])} == {"in_progress"}
    assert {r["state"] for r in rows("public", overdue="true")} == {"passed"}
    assert rows("public", status=["in_progress"]) == []
    assert {r["state"] for r in rows(status=["waiting"])} == {"waiting"}
    assert rows(plan="没有这个计划") == []
    assert {r["path"] for r in rows(role=["joint"])} == {r["path"] for r in rows(unit=OTHER)}


@pytest.mark.parametrize("kind", ["html", "markdown", "docx", "xlsx", "json"])
def test_digests_of_a_unit(world, kind):
    sent = world.client("public").get(f"{API}/digests/2026-W01", params={"format": kind, "unit": OWN})  # fmt: skip
    assert sent.status_code == 200, sent.text
    assert "整治隐患" in opened(kind, sent.content)


def test_digests_refuse_what_is_not_there(world):
    client = world.client("public")
    assert client.get(f"{API}/digests/2026-W01", params={"unit": "区外星人局"}).status_code == 404
    for week in ("2026-W54", "2026", "0000-W01", "x"):
        assert client.get(f"{API}/digests/{week}").status_code == 422


def test_what_was_sent_is_told_to_whom_it_concerns(world):
    outbox = Outbox(world.service.store, "test")
    at = datetime(2026, 1, 2, tzinfo=UTC)
    for unit in (OWN, OTHER):
        key = Key(unit=unit_of(unit), week="2026-W01", channel="email")
        outbox.claim(key, address=f"{unit}@gov.cn", message_id="m", sha256="0" * 64, at=at, harmless=False)  # fmt: skip
        outbox.announce(key, at)
        outbox.finish(key, DeliveryStatus.SENT, "", "system", at)

    def units(role):
        weeks = world.client(role).get(f"{API}/digests").json()["items"]
        return {s["unit"] for w in weeks for s in w["sent"]}

    assert units("supervisor") == units("auditor") == units("admin") == {OWN, OTHER}
    assert units("own") == {OWN}
    assert units("other") == {OTHER}
    assert units("reader") == set()


def test_the_graph_in_both_formats(world):
    client = world.client("public")
    whole = client.get(f"{API}/graph").json()
    assert {n["kind"] for n in whole["nodes"]} >= {"document", "task", "organisation", "milestone"}
    read = nx.node_link_graph(whole, edges="edges")
    xml = client.get(f"{API}/graph", params={"format": "graphml"})
    assert xml.headers["Content-Type"] == "application/graphml+xml"
    assert set(nx.parse_graphml(xml.text)) == set(read)
    near = client.get(f"{API}/graph", params={"format": "graphml", "unit": OWN, "radius": 2})
    assert set(nx.parse_graphml(near.text)) < set(read)
    dot = client.get(f"{API}/graph", params={"format": "dot"})
    assert dot.headers["Content-Type"].startswith("text/vnd.graphviz")
    assert dot.text.startswith("digraph")


def test_a_part_of_the_graph(world):
    client, task = world.client("public"), world.open.tasks[0].id
    near = {n["label"] for n in client.get(f"{API}/graph", params={"task": task}).json()["nodes"]}
    assert OWN in near
    one = client.get(f"{API}/graph", params={"unit": OWN, "radius": 1}).json()["nodes"]
    two = client.get(f"{API}/graph", params={"unit": OWN, "radius": 2}).json()["nodes"]
    assert len(one) < len(two)
    for asked, status in (
        ({"unit": "x"}, 404), ({"task": world.open.document.id}, 404), ({"unit": OWN, "task": task}, 422),
        ({"radius": 9}, 422), ({"format": "svg"}, 422),
    ):  # fmt: skip
        assert client.get(f"{API}/graph", params=asked).status_code == status


def test_the_reference_is_whole_and_has_no_script(world):
    client = world.client("anonymous")
    page = client.get(f"{API}/docs")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "<script" not in page.text
    assert "http://" not in page.text
    assert " style=" not in page.text
    for path in world.app.openapi()["paths"]:
        assert f"<code>{path}</code>" in page.text
    assert client.get(f"{API}/docs.css").headers["Content-Type"].startswith("text/css")


def test_every_operation_is_told_in_both_languages_with_its_errors(world):
    for path, item in world.app.openapi()["paths"].items():
        for operation in item.values():
            if path.startswith(API):
                assert " / " in operation["summary"], path
                assert {"401", "403", "422"} <= set(operation["responses"]), path
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            name = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
            if name:
                assert world.app.openapi()["components"]["schemas"][name].get("description")
