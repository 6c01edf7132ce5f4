"""A service with one public and one restricted document, and a person in each role."""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from fastapi import FastAPI

from api.service.app import create_app
from api.service.limits import FailureLimit, RateLimit
from api.service.state import Service
from api.settings import Settings, read_settings
from ingest.pipeline import extract_bytes
from tasks.access import Access
from tasks.authorisation import CONSOLE, PersonRole
from tasks.corrections import Aspect, Draft, Operation
from tasks.lifecycle import Command, Step
from tasks.models import Extraction
from tasks.people import People, Person
from tasks.store import Store
from tasks.tracker import Tracker
from tasks.visibility import Level, Visibility, set_visibility
from tests.api.service.client import TestClient
from tests.stores import new_store
from tests.tasks.samples import NOW, PLAN, TODAY, unit_of

SECRET = "雪豹代号七三九一"
"""Stands in every part of the restricted document and in all work on it."""
CLOSED = f"""某区{SECRET}专项工作方案（2024—2026年）
某区府发〔2024〕7号
一、主要任务
1.推进{SECRET}工程。到2025年，{SECRET}覆盖率达到70%以上。（责任单位：区水利局、区档案局）
2.验收{SECRET}工程。自{SECRET}竣工验收合格起3个月内移交区档案局。（责任单位：区水利局）
"""
CLOSED_UNIT = "区档案局"
"""Bears a duty in the restricted document only, and may not see it."""
OWN = "区水利局"
OTHER = "区教委"
PASSWORD = "correct horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Hashes in no time: worlds are made by the dozen, and somebody signs in to each."""

ROLES = ("anonymous", "public", "reader", "own", "other", "supervisor", "auditor", "admin")
"""`anonymous`: not signed in where reading needs it; `public`: where it does not; `own`: an officer
of a unit of both documents; `other`: of a unit of the public one only."""
SIGNED_IN = ROLES[2:]
PEOPLE = (
    Person(login="reader", name="读者", role=PersonRole.READER),
    Person(login="own", name="甲", role=PersonRole.UNIT_OFFICER, units=(OWN,)),
    Person(login="other", name="乙", role=PersonRole.UNIT_OFFICER, units=(OTHER,)),
    Person(login="supervisor", name="督办", role=PersonRole.SUPERVISOR),
    Person(login="auditor", name="审计", role=PersonRole.AUDITOR),
    Person(login="admin", name="管理", role=PersonRole.ADMIN),
)


@dataclass
class World:
    """The running app, what it holds, and how to speak to it as somebody."""

    settings: Settings
    app: FastAPI
    closed_app: FastAPI
    open: Extraction
    closed: Extraction
    evidence: str
    closed_evidence: str
    correction: str
    closed_correction: str
    secrets: dict[str, str]
    clients: dict[str, TestClient] = field(default_factory=dict)

    def client(self, role: str) -> TestClient:
        """A client that speaks as somebody, by a token."""
        return self.clients[role]

    def browser(self, role: str) -> TestClient:
        """A client that is signed in as somebody, as pages take it."""
        found = TestClient(self.app)
        found.portal = self.clients["public"].portal
        answer = found.post("/api/v1/session", json={"login": role, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return found

    def renew(self, role: str) -> None:
        """Give somebody a new token."""
        now = self.service.now()
        scopes = ("read", "write", "admin")
        until = now + timedelta(days=2)
        secret, _ = self.service.access.create_token(CONSOLE, role, "test", scopes, until, now)
        self.secrets[role] = secret
        self.clients[role].headers["Authorization"] = f"Bearer {secret}"

    @property
    def service(self) -> Service:
        """The service behind the app."""
        found: Service = self.app.state.service
        return found


def settings_in(folder: Path, store: str = "") -> Settings:
    """Settings of a service in a folder; `store` where its store is elsewhere."""
    given = {"DUBAN_HOME": str(folder), "DUBAN_LANG": "zh", "DUBAN_STORE": store}
    return read_settings(given, folder)


@cache
def _prepared() -> tuple[tempfile.TemporaryDirectory[str], dict[str, Any], dict[str, str]]:
    """A folder with the store of a world, made once in this process; what it holds; tokens."""
    folder = tempfile.TemporaryDirectory(prefix="duban-world-")
    new_store(Path(folder.name))
    return folder, *_people_and_work(settings_in(Path(folder.name)))


def _people_and_work(settings: Settings) -> tuple[dict[str, Any], dict[str, str]]:
    with Store.open(settings.store_url) as store:
        return fill(store), people_with_tokens(store, settings)


@contextmanager
def make_world(folder: Path, store: str = "") -> Iterator[World]:
    """Make both apps (with and without public reading) over a store: the one that is given, or a
    copy of one that was made before."""
    settings = settings_in(folder, store)
    if store:
        found, secrets = _people_and_work(settings)
    else:
        prepared, found, known = _prepared()
        shutil.copytree(prepared.name, folder, dirs_exist_ok=True)
        secrets = dict(known)
    app = create_app(settings, public_read=True, public_metrics=True, warm=False)
    shut = create_app(settings, public_read=False, warm=False)
    world = World(settings=settings, app=app, closed_app=shut, secrets=secrets, **found)
    with (
        TestClient(app, raise_server_exceptions=False) as public,
        TestClient(shut, raise_server_exceptions=False) as anonymous,
    ):
        world.clients = {"public": public, "anonymous": anonymous}
        for one in (app, shut):  # tests sign in and ask for more files than a person does
            one.state.service.rendering.limit = RateLimit(1_000_000, 60)
            one.state.service.access = Access(one.state.service.store, QUICK)
        for role in SIGNED_IN:
            headers = {"Authorization": f"Bearer {secrets[role]}"}
            # No context: the app is started already.
            world.clients[role] = TestClient(app, raise_server_exceptions=False, headers=headers)
            world.clients[role].portal = public.portal  # else each request has a thread of its own
        yield world


def people_with_tokens(
    store: Store, settings: Settings, people: Sequence[Person] = PEOPLE
) -> dict[str, str]:
    """Add the people, with the password `PASSWORD`; a token of every scope for each."""
    now = settings.now()
    access = Access(store, QUICK)
    for person in people:
        People(store).add(CONSOLE, person, now)
        access.set_password(CONSOLE, person.login, PASSWORD, now)
    return {
        p.login: access.create_token(
            CONSOLE, p.login, "test", ("read", "write", "admin"), now + timedelta(days=2), now
        )[0]
        for p in people
    }


def fill(store: Store) -> dict[str, Any]:
    """Both documents with steps, evidence and corrections on each."""
    found: dict[str, Any] = {}
    tracker = Tracker(store)
    for prefix, words, name in (("", PLAN, "plan.txt"), ("closed_", CLOSED, f"{SECRET}.txt")):
        data = words.encode()
        extraction = extract_bytes(data, name)
        store.add(extraction, data, recorded_at=NOW)
        said = SECRET if prefix else "进展"
        [proof] = tracker.keep_evidence([(f"{said}.pdf", f"%PDF {said}".encode())])
        first = extraction.tasks[0]
        for step in (Step.ACCEPT, Step.REPORT):
            command = Command(
                step=step, milestone_id=first.milestones[0].id, on=TODAY, text=f"{said}",
                evidence=(proof,) if step is Step.REPORT else (),
            )  # fmt: skip
            officer = Person(
                login="own", name="甲", role=PersonRole.UNIT_OFFICER, units=(unit_of(OWN),)
            ).actor()
            tracker.perform(officer, command, NOW)
        draft = Draft(
            task_id=first.id, aspect=Aspect.ROLE, operation=Operation.CHANGE, unit=OWN,
            new_role="lead", reason=f"{said}的理由",
        )  # fmt: skip
        supervisor = Person(login="supervisor", name="督办", role=PersonRole.SUPERVISOR).actor()
        made = tracker.correct(supervisor, draft, NOW)
        found[f"{prefix}correction"] = made.id
        found[f"{prefix}evidence"] = proof.sha256
        found["closed" if prefix else "open"] = extraction
    relative = found["closed"].tasks[1].milestones[0].id
    tracker.record_event(supervisor, relative, f"{SECRET}验收", TODAY, NOW)
    set_visibility(
        store, supervisor, found["closed"].document.id,
        Visibility(level=Level.RESTRICTED, units=(OWN,)), NOW,
    )  # fmt: skip
    return found


def inside(data: bytes) -> str:
    """What a file says: an archive (Word, Excel) with its parts unpacked."""
    if data[:4] != b"PK\x03\x04":
        return data.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return "\n".join(archive.read(n).decode("utf-8", "replace") for n in archive.namelist())


def unfold(text: str) -> str:
    """Text with an iCalendar's folded lines joined (RFC 5545, 3.1) and JSON's escapes read."""
    return text.replace("\r\n ", "").replace("\n ", "")


def forget_tries(service: Service) -> None:
    """Let nothing be slowed down by what was tried before."""
    service.sign_in_limit, service.address_limit = FailureLimit(1000), FailureLimit(1000)
