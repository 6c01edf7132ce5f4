"""Every page for every role: who gets it, who is sent to sign in, who is refused; nothing of a
closed document anywhere."""

import re
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import quote

import pytest

from tests.api.service.world import CLOSED_UNIT, OTHER, OWN, ROLES, SECRET

READ = frozenset(ROLES) - {"anonymous"}
SEES_CLOSED = frozenset({"own", "supervisor", "auditor", "admin"})


def paths(world) -> dict[str, frozenset[str]]:
    """All pages with the roles that get them; {open} and {task} filled in."""
    document, task = world.open.document.id, world.open.tasks[0].id
    target = world.open.tasks[0].targets[0]
    known = READ - {"public"}
    return {
        "/": READ,
        "/?q=谁负责": READ,
        "/tasks": READ,
        f"/tasks?unit={OWN}&role=responsible&state=open&sort=-due&until=2027-01-01&q=隐患": READ,
        f"/tasks/{task}": READ,
        "/tasks/export/xlsx": known,
        "/tasks/export/ics": known,
        "/tasks/export/csv": known,
        "/tasks/export/docx": known,
        f"/tasks/{task}/evidence/{world.evidence}": known,
        "/tasks/import": frozenset({"own", "other"}),
        "/review": known,
        "/review?kind=repaired&state=settled": known,
        f"/review?kind=warning&document={document}": known,
        f"/documents/{document}?part=2": READ,
        "/units": READ,
        f"/units/{quote(OWN)}": READ,
        f"/units/{quote(OTHER)}": READ,
        "/documents": READ,
        f"/documents/{document}": READ,
        f"/documents/{document}?fact={target.id}": READ,
        f"/documents/{document}/clause?from={target.span.start}&to={target.span.end}": READ,
        f"/documents/{document}/source": READ,
        "/dashboard": READ,
        "/dashboard?as_of=2025-01-01": READ,
        "/dashboard/digest": READ,
        f"/dashboard/digest?week=2026-W01&unit={OWN}": READ,
        "/dashboard/digest/docx": known,
        "/dashboard/digest/markdown": known,
        "/dashboard/digests": known,
        "/dashboard/digests?week=2026-W01&status=sent": known,
        "/dashboard/send": frozenset({"supervisor"}),
        "/account": known,
        "/audit": frozenset({"auditor"}),
        "/audit/checkpoint": frozenset({"auditor"}),
        "/admin": frozenset({"admin"}),
        "/admin/people/own": frozenset({"admin"}),
        "/admin/organisations": frozenset({"admin"}),
        "/admin/organisations?q=公安": frozenset({"admin"}),
        "/admin/settings": frozenset({"admin"}),
        "/admin/addresses": frozenset({"admin"}),
        "/admin/tokens": frozenset({"admin"}),
        "/admin/jobs": frozenset({"admin"}),
        "/sign-in": frozenset({"anonymous", "public"}),
    }


@pytest.mark.parametrize("role", ROLES)
def test_who_gets_which_page(pages_world, browser, role):
    for path, allowed in paths(pages_world).items():
        answer = browser(role).get(path)
        if role in allowed:
            assert answer.status_code == 200, (path, answer.text[:400])
        elif path == "/sign-in":
            assert answer.headers["Location"] == "/"
        elif role in ("anonymous", "public"):
            assert answer.status_code == 303, path
            assert answer.headers["Location"].startswith("/sign-in?next="), path
        else:
            assert answer.status_code == 403, path
            assert "没有权限" in answer.text


@pytest.mark.parametrize("role", sorted(frozenset(ROLES) - SEES_CLOSED))
def test_a_closed_document_is_on_no_page(pages_world, browser, role):
    closed = pages_world.closed
    own = [
        f"/documents/{closed.document.id}",
        f"/documents/{closed.document.id}/source",
        f"/documents/{closed.document.id}/clause?from=0&to=5",
        f"/documents/{closed.document.id}/changes?since={closed.document.id}",
        f"/tasks/{closed.tasks[0].id}",
        f"/tasks/{closed.tasks[0].id}/evidence/{pages_world.closed_evidence}",
        f"/units/{quote(CLOSED_UNIT)}",
        f"/dashboard/digest?unit={quote(CLOSED_UNIT)}",
    ]
    for path in own:
        answer = browser(role).get(path)
        assert answer.status_code in (303, 404), path
        assert SECRET not in answer.text
    for path in paths(pages_world):
        assert SECRET not in browser(role).get(path).text, path


@pytest.mark.parametrize("role", sorted(SEES_CLOSED))
def test_those_who_may_see_it_do(pages_world, browser, role):
    closed = pages_world.closed
    assert SECRET in browser(role).get(f"/documents/{closed.document.id}").text
    assert browser(role).get(f"/tasks/{closed.tasks[0].id}").status_code == 200


def test_what_people_reported_is_for_those_signed_in(pages_world, browser):
    path = f"/tasks/{pages_world.open.tasks[0].id}"
    assert "登录后可看办理经过" in browser("public").get(path).text
    assert "最近报告" not in browser("public").get(path).text
    assert "最近报告" in browser("reader").get(path).text


class Outline(HTMLParser):
    """What CSP and assistive programs need to hold of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.ids: set[str] = set()
        self.tags: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if "style" in given or any(name.startswith("on") for name in given):
            self.faults.append(f"inline style or script in <{tag}>")
        if tag == "script" and not (given.get("src") or "").startswith("/static/"):
            self.faults.append("a script that is no file of ours")
        for name in ("src", "href", "action"):
            address = given.get(name) or ""
            if (
                address.startswith(("http:", "https:", "//", "javascript:", "data:"))
                and "testserver" not in address
            ):
                self.faults.append(f"{name}={address}")
        key = given.get("id")
        if key is not None:
            if key in self.ids:
                self.faults.append(f"id {key} twice")
            self.ids.add(key)
        if tag == "form" and given.get("method") == "post":
            self.faults.append("post")  # taken back by its CSRF field
        if tag == "input" and given.get("name") == "csrf" and "post" in self.faults:
            self.faults.remove("post")
        if tag == "th" and not given.get("scope"):
            self.faults.append("th without scope")


@pytest.mark.parametrize("role", ["public", "own", "supervisor", "auditor", "admin"])
def test_pages_are_sound(pages_world, browser, role):
    for path, allowed in paths(pages_world).items():
        answer = browser(role).get(path)
        if (
            role not in allowed
            or "text/html" not in answer.headers["Content-Type"]
            or "/clause" in path
        ):
            continue
        page = Outline()
        page.feed(answer.text)
        if path == "/sign-in":
            page.faults.remove("post")
        assert not page.faults, (path, page.faults)
        assert page.tags.count("h1") == 1, path
        assert page.tags.count("main") == 1, path
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"


def test_english_by_a_switch(browser):
    client = browser("reader")
    answer = client.get("/language/en?back=/tasks")
    assert answer.headers["Location"] == "/tasks"
    page = client.get("/tasks").text
    assert '<html lang="en">' in page
    assert "Red: overdue" in page
    client.get("/language/zh")
    assert "红 逾期" in client.get("/tasks").text


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"])  # fmt: skip
def test_going_back_stays_here(browser, back):
    answer = browser("public").get("/language/zh", params={"back": back})
    assert answer.headers["Location"] == "/"


def test_errors_are_pages_for_browsers_and_problems_for_programs(browser, pages_world):
    page = browser("public").get("/nothing")
    assert page.status_code == 404
    assert "没有找到" in page.text
    assert page.headers["Content-Type"].startswith("text/html")
    plain = browser("public").get("/nothing", headers={"Accept": "application/json"})
    assert plain.headers["Content-Type"] == "application/problem+json"
    assert browser("public").get("/api/v1/tasks/none").headers["Content-Type"] == "application/problem+json"  # fmt: skip
    bad = browser("public").get("/tasks?since=昨天")
    assert bad.status_code == 422
    assert "不是日期" in bad.text
    assert browser("public").get("/tasks?state=maybe").status_code == 422


def test_what_fails_shows_no_trace(browser, pages_world, monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(pages_world.service, "standings", broken)
    answer = browser("public").get("/tasks")
    assert answer.status_code == 500
    assert "已记入日志" in answer.text
    assert SECRET not in answer.text
    assert "Traceback" not in answer.text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_static_files_are_there_and_kept(browser):
    page = browser("public").get("/").text
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        answer = browser("public").get(address)
        assert answer.status_code == 200
        assert answer.headers.get("Cache-Control") != "no-store"


def test_near_days_are_told_with_their_two_ends(pages_world, browser):
    client = browser("public")
    for path in ("/tasks?as_of=2026-11-27", "/dashboard?as_of=2026-11-27"):
        assert "2026-11-27 至 2026-12-26" in client.get(path).text, path
    first = pages_world.service.today()
    ends = f"{first} 至 {first + timedelta(days=29)}"
    for path in ("/units", f"/units/{quote(OWN)}"):
        assert ends in client.get(path).text, path
