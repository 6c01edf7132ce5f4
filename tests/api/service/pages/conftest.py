"""Browsers without scripts: clients that hold a session's cookie and ask for pages."""

from collections.abc import Callable, Iterator

import pytest

from tests.api.service.client import TestClient
from tests.api.service.world import PASSWORD, SIGNED_IN, World, make_world

HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(scope="module")
def pages_world(tmp_path_factory) -> Iterator[World]:
    """A service whose people have passwords."""
    with make_world(tmp_path_factory.mktemp("pages")) as made:
        yield made


@pytest.fixture(scope="module")
def browser(pages_world) -> Callable[[str], TestClient]:
    """The browser of somebody, signed in by the form."""
    known: dict[str, TestClient] = {}

    def of(role: str) -> TestClient:
        if role not in known:
            app = pages_world.closed_app if role == "anonymous" else pages_world.app
            client = TestClient(app, raise_server_exceptions=False, headers=HTML, follow_redirects=False)  # fmt: skip
            client.portal = pages_world.client(
                "anonymous" if role == "anonymous" else "public"
            ).portal
            if role in SIGNED_IN:
                answer = client.post("/sign-in", data={"login": role, "password": PASSWORD, "next": "/tasks"})  # fmt: skip
                assert (answer.status_code, answer.headers["Location"]) == (303, "/tasks")
            known[role] = client
        return known[role]

    return of


@pytest.fixture
def csrf(browser) -> Callable[[str], str]:
    """The CSRF value that the pages of somebody carry."""

    def of(role: str) -> str:
        found: str = browser(role).get("/api/v1/session").json()["csrf"]
        return found

    return of
