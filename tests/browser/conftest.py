"""A real service and a real Chromium: the notice ingested, people of each kind, all faults noted."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from api.settings import read_settings
from ingest.pipeline import extract_file
from kb.lexicon import corpus_path
from tasks.access import Access
from tasks.authorisation import CONSOLE, PersonRole
from tasks.models import Extraction
from tasks.people import People, Person
from tasks.store import Store
from tasks.units import title_of
from tests.api.service.process import QUICKLY, Forked, environ_of
from tests.api.service.world import QUICK
from tests.evaluation.questions import lay_vectors

PASSWORD = "correct horse battery"
NOTICE = corpus_path() / "documents" / "wanzhou-fuban-2022-30.txt"
PEOPLE = (
    Person(login="official", name="李明", role=PersonRole.UNIT_OFFICER, units=("区水利局", "区教委")),
    Person(login="supervisor", name="王督查", role=PersonRole.SUPERVISOR),
    Person(login="auditor", name="赵审计", role=PersonRole.AUDITOR),
    Person(login="admin", name="管理员", role=PersonRole.ADMIN),
)  # fmt: skip
_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
_LISTEN = "addEventListener('securitypolicyviolation', (e) => console.error('CSP: ' + e.violatedDirective + ' ' + e.blockedURI))"


@dataclass
class Site:
    """The running service and how to visit it."""

    address: str
    notice: Extraction
    browser: Browser
    faults: list[str] = field(default_factory=list)

    @contextmanager
    def visit(
        self, login: str = "", *, phone: bool = False, scripts: bool = True, **more: Any
    ) -> Iterator[Page]:
        """A window of somebody. Whatever the browser complains of is noted."""
        size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 900}
        context = self.browser.new_context(
            viewport=size, locale="zh-CN", base_url=self.address, java_script_enabled=scripts, **more
        )  # fmt: skip
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("request", self._stay)
        page.add_init_script(_LISTEN)
        try:
            if login:  # without the pages of it, which `test_everybody_signs_in` goes through
                who = {"login": login, "password": PASSWORD}
                assert page.request.post("/api/v1/session", data=who).ok
            yield page
        finally:
            context.close()

    def names(self, page: Page) -> str:
        """The names of all units, also with their places."""
        units = page.request.get("/api/v1/units").json()["items"]
        return " ".join(f"{u['unit']} {u['label']} {title_of(u['unit_id'])}" for u in units)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"{message.location.get('url')}: {message.text}")

    def _stay(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.faults.append(f"a request to {request.url}")


@pytest.fixture(scope="package")
def served(tmp_path_factory) -> Iterator[tuple[str, Extraction]]:
    """The address of `duban serve` over a store with the notice."""
    home = tmp_path_factory.mktemp("site")
    lay_vectors(home)
    settings = read_settings({"DUBAN_HOME": str(home)}, home)
    extraction, data = extract_file(NOTICE)
    with Store.open(settings.store_url) as store:
        store.add(extraction, data, recorded_at=datetime(2026, 1, 2, tzinfo=UTC))
        for person in PEOPLE:
            People(store).add(CONSOLE, person, settings.now())
            Access(store, QUICK).set_password(CONSOLE, person.login, PASSWORD, settings.now())
    drop = str(home / "drop")
    environ = environ_of(
        home, DUBAN_LANG="zh", COLUMNS="200", DUBAN_DIGEST_DROP=drop, **{QUICKLY: "yes"}
    )
    log = home / "log"
    process = Forked(["serve", "--port", "0", "--no-schedule", "--no-warm"], environ, log)
    try:
        with process.stdout as said:
            for line in said:
                if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                    yield found.group(), extraction
                    break
            else:
                pytest.fail(log.read_text(encoding="utf-8", errors="replace"))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium-headless-shell", args=list(_FLAGS)
        )
        yield browser
        browser.close()


@pytest.fixture
def site(served, chromium) -> Iterator[Site]:
    """The service for one test; afterwards the browser must have had nothing to complain of: no
    error, no violation of the content security policy, no request to elsewhere."""
    address, notice = served
    made = Site(address, notice, chromium)
    yield made
    assert not made.faults


@pytest.fixture(scope="package")
def pages(served) -> dict[str, list[str]]:
    """Every page by who visits it."""
    _, notice = served
    document = notice.document.id
    task = next(t for t in notice.tasks if t.targets and t.responsibilities)
    relative = next(t for t in notice.tasks if any(m.due.duration for m in t.milestones))
    return {
        "": [
            "/", "/tasks", "/tasks?state=overdue", f"/tasks/{task.id}", "/units", "/units/区教委",
            "/documents", f"/documents/{document}", f"/documents/{document}?fact={task.targets[0].id}#here",
            "/dashboard", "/dashboard/digest", "/dashboard/digest?unit=区教委", "/sign-in",
        ],
        "official": ["/", f"/tasks/{task.id}", "/account"],
        "supervisor": [f"/tasks/{relative.id}", "/documents", f"/documents/{document}", "/dashboard", "/dashboard/digests", "/dashboard/send"],
        "auditor": ["/audit"],
        "admin": [
            "/admin", "/admin/people/official", "/admin/organisations", "/admin/settings",
            "/admin/addresses", "/admin/tokens", "/admin/jobs", "/admin/organisations?q=教育局", "/admin?q=李",
        ],
    }  # fmt: skip
