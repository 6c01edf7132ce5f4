"""What another document abolishes is found and cited, with the mark, and never leads: in answers, lists
and on pages."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from html import unescape

import pytest

from tasks.authorisation import CONSOLE
from tasks.digest.build import build_digests
from tasks.digest.weeks import parse_week
from tasks.visibility import Level, Visibility, set_visibility
from tests.api.service.world import World, make_world
from tests.tasks.samples import NOW, TODAY, read, unit_of

OLD = """某区学校建设方案（2018—2027年）
某区府发〔2018〕5号
一、主要任务
1.新建学校。到2026年，新建学校5所。（责任单位：区教委、区国资委）
"""
NEW = """某区学校建设行动方案（2025—2027年）
某区府发〔2025〕3号
一、主要任务
1.新建学校。到2027年，新建学校8所。（责任单位：区教委、区财政局）
2.施行日期。本方案自2025年1月1日起施行，《某区学校建设方案》（某区府发〔2018〕5号）同时废止。
"""
MARK = "已被某区府发〔2025〕3号废止"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with make_world(tmp_path_factory.mktemp("abolished")) as made:
        for words, name in ((OLD, "old.txt"), (NEW, "new.txt")):
            extraction, data = read(words, name)
            made.service.store.add(extraction, data, recorded_at=NOW)
        yield made


@pytest.fixture(scope="module")
def ids() -> tuple[str, str]:
    return read(OLD, "old.txt")[0].document.id, read(NEW, "new.txt")[0].document.id


def ask(world: World, question: str, role: str = "public") -> dict:
    body = {"question": question, "as_of": TODAY.isoformat()}
    return world.client(role).post("/api/v1/ask", json=body).json()


@pytest.mark.parametrize(
    "question",
    ["新建学校由谁负责？", "区教委有哪些任务？", "要新建多少所学校？", "新建学校什么时候完成？"],
)
def test_it_never_leads_an_answer_and_is_marked(
    world: World, ids: tuple[str, str], question: str
) -> None:
    old, new = ids
    answer = ask(world, question)
    cited = [c["document_id"] for c in answer["citations"]]
    assert new in cited
    assert old not in cited or cited.index(new) < cited.index(old)
    for said in answer["statements"]:
        if {cited[n] for n in said["citations"]} == {old}:
            assert MARK in said["text"]
    assert answer["answer"].count(MARK) == (1 if old in cited else 0)


def test_who_asks_for_it_alone_is_told(world: World, ids: tuple[str, str]) -> None:
    answer = ask(world, "区国资委有哪些任务？")
    assert {c["document_id"] for c in answer["citations"]} == {ids[0]}
    assert MARK in answer["answer"]
    english = ask(world, "What are the tasks of 区国资委?")
    assert "abolished by 某区府发〔2025〕3号" in english["answer"]


def test_lists_have_it_last(world: World, ids: tuple[str, str]) -> None:
    old, new = ids
    unit = unit_of("区教委")
    query = {"select": "duties", "units": [{"ids": [unit]}]}
    rows = world.client("reader").post("/api/v1/query", json=query).json()["rows"]
    assert [row["abolished_by"] for row in rows] == [None] * (len(rows) - 1) + [new]
    for name in ("tasks", "milestones"):
        found, cursor = list[dict](), ""
        while not found or cursor:  # a page at a time, read on from behind the last
            after = {"cursor": cursor} if cursor else {}
            page = world.client("reader").get(f"/api/v1/{name}", params={"unit": "区教委", "limit": 1, **after}).json()  # fmt: skip
            found += page["items"]
            cursor = page["next"]
        assert [item["document_id"] for item in found][-1] == old
        assert [item["document_id"] for item in found].count(old) == 1
    most = {"select": "duties", "operation": "most", "group_by": "document", "text": "学校"}
    [best] = world.client("reader").post("/api/v1/query", json=most).json()["groups"]
    assert best["key"] == new


def test_documents_say_so(world: World, ids: tuple[str, str]) -> None:
    old, new = ids
    listed = world.client("public").get("/api/v1/documents").json()["items"]
    assert {d["id"]: d["abolished_by"] for d in listed if d["abolished_by"]} == {old: new}
    for path in (f"/documents/{old}", "/documents"):
        page = world.client("public").get(path).text
        assert MARK in page
        assert f'href="/documents/{new}"' in page
    assert MARK not in world.client("public").get(f"/documents/{new}").text


def test_pages_of_answers_and_lists(world: World) -> None:
    browser = world.browser("reader")
    token = browser.get("/api/v1/session").json()["csrf"]
    page = browser.post("/", data={"question": "区教委有哪些任务？", "csrf": token}).text
    lines = re.sub(r"<[^>]*>", "", page)
    assert lines.index("某区学校建设行动方案") < lines.index("某区学校建设方案") < lines.index(MARK)
    listed = browser.get("/tasks", params={"unit": "区教委"}).text
    first, last = (read(*of)[0].tasks[0].id for of in ((NEW, "new.txt"), (OLD, "old.txt")))
    assert listed.index(first) < listed.index(last) < listed.index(MARK)
    assert MARK in browser.get(f"/tasks/{last}").text
    assert MARK not in browser.get(f"/tasks/{first}").text


def words_of(data: bytes, kind: str) -> str:
    """All words in a file; of what is packed, of its parts."""
    if kind in ("docx", "xlsx"):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = (packed.read(n).decode() for n in packed.namelist() if n.endswith("xml"))
            return unescape("".join(parts))
    return data.decode().replace("\r\n ", "")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        *(("exports", kind) for kind in ("xlsx", "csv", "jsonl", "docx", "ics")),
        *(("digests/2026-W01", kind) for kind in ("html", "markdown", "docx", "xlsx", "json")),
    ],
)
def test_files_say_so(world: World, ids: tuple[str, str], path: str, kind: str) -> None:
    asked = {"format": kind, "unit": "区教委", "as_of": TODAY.isoformat()}
    sent = world.client("supervisor").get(f"/api/v1/{path}", params=asked)
    if kind == "jsonl":
        rows = [json.loads(line) for line in sent.text.splitlines()]
        assert {r["document_id"]: r["abolished_by"] for r in rows if r["abolished_by"]} == {ids[0]: ids[1]}  # fmt: skip
        assert rows[-1]["abolished_by"] == ids[1]
        return
    told = '"name": "某区府发〔2025〕3号"' if kind == "json" else MARK
    assert words_of(sent.content, kind).count(told) == 1


def test_the_digest_of_a_unit_that_may_not_see_it_does_not_say_so(world: World, ids: tuple[str, str]) -> None:  # fmt: skip
    own = Visibility(level=Level.RESTRICTED, units=(unit_of("区教委"),))
    set_visibility(world.service.store, CONSOLE, ids[1], own, NOW)
    try:
        week = parse_week("2026-W01")
        made = build_digests(world.service.store, week, TODAY, zone=NOW.tzinfo)
        told = {d.unit: [x.abolished_by.id for x in d.lines() if x.abolished_by] for d in made}
        assert (told["区教委"], told["区国资委"]) == ([ids[1]], [])
        [new] = next(d for d in made if d.unit == "区教委").sections
        assert new.lines[-1].abolished_by
    finally:
        set_visibility(world.service.store, CONSOLE, ids[1], Visibility(), NOW)


def test_who_may_not_see_what_abolishes_it_is_not_told(world: World, ids: tuple[str, str]) -> None:
    old, new = ids
    own = Visibility(level=Level.RESTRICTED, units=(unit_of("区水利局"),))
    set_visibility(world.service.store, CONSOLE, new, own, NOW)
    try:
        assert MARK not in ask(world, "区国资委有哪些任务？")["answer"]
        listed = world.client("public").get("/api/v1/documents").json()["items"]
        assert {d["id"]: d["abolished_by"] for d in listed}[old] is None
        assert MARK in ask(world, "区国资委有哪些任务？", "supervisor")["answer"]
    finally:
        set_visibility(world.service.store, CONSOLE, new, Visibility(), NOW)


SHEET = """某区学校建设任务分解表
某区府发〔2025〕3号
一、主要任务
1.修缮学校。（责任单位：区财政局）
"""


def test_nor_by_an_answer_that_was_kept(world: World, ids: tuple[str, str]) -> None:
    extraction, data = read(SHEET, "sheet.txt")  # is open, and prints the number of what abolishes
    world.service.store.add(extraction, data, recorded_at=NOW)
    kept = ask(world, "区国资委有哪些任务？", "reader")
    assert MARK in kept["answer"]
    own = Visibility(level=Level.RESTRICTED, units=(unit_of("区水利局"),))
    set_visibility(world.service.store, CONSOLE, ids[1], own, NOW)
    try:
        key, browser = kept["conversation"], world.browser("reader")
        pages = [browser.get(path) for path in (f"/api/v1/conversations/{key}", f"/?c={key}")]
        for page in pages:
            assert page.status_code == 200
            assert "不再显示" in page.text
            assert "某区府发〔2025〕3号" not in page.text
    finally:
        set_visibility(world.service.store, CONSOLE, ids[1], Visibility(), NOW)
