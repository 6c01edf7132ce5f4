"""Every page and every role: who is let through; which forms refuse what another site sends; what
a page tells of a document that its viewer may not see. A page without a row here fails."""

import itertools
from dataclasses import dataclass, field

import pytest

from api.service.identity import COOKIE
from tests.api.service.client import TestClient
from tests.api.service.contracts.test_matrix import (
    ADMIN,
    ALL,
    AUDITOR,
    INGESTERS,
    KNOWN,
    OFFICERS,
    OWN,
    READERS,
    SUPERVISOR,
)
from tests.api.service.world import (
    CLOSED_UNIT,
    PASSWORD,
    ROLES,
    SECRET,
    SIGNED_IN,
    forget_tries,
    inside,
    unfold,
)
from tests.api.service.world import OWN as UNIT


@dataclass(frozen=True)
class Row:
    """Who may; of a form, fields that reach the decision with as little effect as there can be."""

    allowed: frozenset[str]
    form: dict | None = None
    parameters: dict = field(default_factory=dict)
    places: dict = field(default_factory=dict)
    """Of the address, where it is not the usual."""


DIGEST = {"week": "2026-W02"}
TABLE: dict[tuple[str, str], list[Row]] = {
    ("GET", "/"): [Row(READERS)],
    ("POST", "/"): [Row(READERS, {"question": ""})],
    ("POST", "/answers/{turn}/feedback"): [Row(KNOWN, {"verdict": "right"})],
    ("POST", "/conversations/{conversation}/forget"): [Row(KNOWN, {})],
    ("GET", "/tasks"): [Row(READERS)],
    ("GET", "/tasks/export/{form}"): [Row(KNOWN)],
    ("GET", "/tasks/import"): [Row(OFFICERS)],
    ("POST", "/tasks/import"): [Row(OFFICERS, {})],
    ("POST", "/tasks/import/confirm"): [Row(OFFICERS, {"token": "0"})],
    ("POST", "/tasks/import/results"): [Row(OFFICERS, {"token": "0"})],
    ("GET", "/tasks/{task_id}"): [Row(READERS)],
    ("POST", "/tasks/{task_id}/corrections"): [Row(SUPERVISOR, {"aspect": "owner", "operation": "add"})],
    ("GET", "/review"): [Row(KNOWN)],
    ("POST", "/review/settle"): [Row(SUPERVISOR, {})],
    ("POST", "/review/open"): [Row(SUPERVISOR, {})],
    ("POST", "/review/hand/{milestone_id}"): [Row(INGESTERS, {})],
    ("POST", "/review/versions/{doubt_id}"): [Row(INGESTERS, {"verdict": "separate"})],
    ("POST", "/corrections/{correction_id}/withdraw"): [Row(SUPERVISOR, {})],
    ("POST", "/corrections/{correction_id}/confirm"): [Row(SUPERVISOR, {})],
    ("GET", "/tasks/{task_id}/evidence/{sha256}"): [Row(KNOWN)],
    ("POST", "/tasks/{task_id}/steps"): [
        Row(OWN, {"milestone": "{milestone_id}", "step": "report"}),
        Row(SUPERVISOR, {"milestone": "{milestone_id}", "step": "return"}),
    ],
    ("POST", "/tasks/{task_id}/events"): [
        Row(OWN | SUPERVISOR, {"milestone": "{milestone_id}", "label": "甲校", "happened_on": "2026-01-01"})
    ],
    ("GET", "/units"): [Row(READERS)],
    ("GET", "/units/{unit}"): [Row(READERS)],
    ("GET", "/documents"): [Row(READERS)],
    ("POST", "/documents"): [Row(INGESTERS, {"level": "public"})],
    ("GET", "/documents/jobs/{job_id}"): [Row(INGESTERS)],
    ("GET", "/documents/uploads"): [Row(INGESTERS)],
    ("GET", "/documents/{document_id}/text"): [Row(READERS)],
    ("GET", "/documents/{document_id}/pages/{page}.png"): [Row(READERS)],
    ("POST", "/documents/jobs/{job_id}/cancel"): [Row(INGESTERS, {})],
    ("GET", "/documents/{document_id}"): [Row(READERS)],
    ("GET", "/documents/{document_id}/changes"): [Row(READERS, parameters={"since": "doc-0"})],
    ("GET", "/documents/{document_id}/clause"): [Row(READERS, parameters={"from": 0, "to": 9})],
    ("GET", "/documents/{document_id}/source"): [Row(READERS)],
    ("POST", "/documents/{document_id}/visibility"): [Row(INGESTERS, {"level": "public"})],
    ("POST", "/documents/{document_id}/withdraw"): [Row(INGESTERS, {})],
    ("POST", "/documents/{document_id}/restore"): [Row(INGESTERS, {})],
    ("POST", "/documents/reread"): [Row(INGESTERS, {})],
    ("POST", "/documents/{document_id}/reread"): [Row(INGESTERS, {})],
    ("POST", "/documents/{document_id}/recognised"): [Row(SUPERVISOR, {"start": "0", "end": "1"})],
    ("POST", "/documents/{document_id}/detach"): [Row(INGESTERS, {})],
    ("POST", "/documents/{document_id}/track"): [Row(INGESTERS, {})],
    ("POST", "/documents/{document_id}/untrack"): [Row(INGESTERS, {})],
    ("POST", "/documents/{document_id}/erase"): [Row(ADMIN, {})],
    ("GET", "/dashboard"): [Row(READERS)],
    ("GET", "/dashboard/digest"): [Row(READERS, parameters=DIGEST)],
    ("GET", "/dashboard/digest/{form}"): [Row(KNOWN, parameters=DIGEST)],
    ("GET", "/dashboard/digests"): [Row(KNOWN)],
    ("GET", "/dashboard/digests/copy/{sha256}"): [Row(KNOWN)],
    ("POST", "/dashboard/digests/release"): [Row(SUPERVISOR, {"unit": "甲", "week": "2026-W02", "channel": "email"})],
    ("GET", "/dashboard/send"): [Row(SUPERVISOR, parameters=DIGEST)],
    ("POST", "/dashboard/send"): [Row(SUPERVISOR, DIGEST)],
    ("GET", "/follow"): [Row(READERS)],
    ("GET", "/audit"): [Row(AUDITOR)],
    ("GET", "/audit/export/{form}"): [Row(AUDITOR, places={"form": "csv"})],
    ("POST", "/audit"): [Row(AUDITOR, {})],
    ("GET", "/audit/checkpoint"): [Row(AUDITOR)],
    ("GET", "/admin"): [Row(ADMIN)],
    ("POST", "/admin/people"): [Row(ADMIN, {"login": ""})],
    ("GET", "/admin/people/{login}"): [Row(ADMIN)],
    ("POST", "/admin/people/{login}"): [Row(ADMIN, {"name": "读者", "role": "reader", "active": "yes"})],
    ("POST", "/admin/people/{login}/password"): [Row(ADMIN, {"password": "short"})],
    ("POST", "/admin/people/{login}/sessions/end"): [Row(ADMIN, {}, places={"login": "nobody"})],
    ("GET", "/admin/organisations"): [Row(ADMIN)],
    ("GET", "/admin/settings"): [Row(ADMIN)],
    ("GET", "/admin/addresses"): [Row(ADMIN)],
    ("POST", "/admin/addresses"): [Row(ADMIN, {"unit": "甲", "channel": "email"})],
    ("POST", "/admin/addresses/remove"): [Row(ADMIN, {"unit": "甲", "channel": "email"})],
    ("GET", "/admin/tokens"): [Row(ADMIN)],
    ("GET", "/admin/jobs"): [Row(ADMIN)],
    ("GET", "/account"): [Row(KNOWN)],
    ("POST", "/account/sessions/end"): [Row(KNOWN, {})],
    ("POST", "/account/password"): [Row(KNOWN, {"password": "a", "again": "b"})],
    ("POST", "/account/tokens"): [Row(KNOWN, {"name": "t"})],
    ("POST", "/account/tokens/{token_id}/revoke"): [Row(KNOWN, {})],
    ("GET", "/sign-in"): [Row(ALL)],
    ("POST", "/sign-in"): [Row(ALL, {})],
    ("POST", "/sign-out"): [Row(ALL, {})],
    ("GET", "/sign-in/oidc"): [Row(ALL)],
    ("GET", "/sign-in/oidc/callback"): [Row(ALL)],
    ("GET", "/language/{language}"): [Row(ALL)],
}  # fmt: skip
WITHOUT_SIGN_IN = {("POST", "/sign-in")}
"""Forms of people not known yet: a foreign one is told by its origin alone."""


def pages_of(app):
    """(method, path) of every route that is no part of the schema, the mounted files aside."""
    documented = {
        (method.upper(), path) for path, item in app.openapi()["paths"].items() for method in item
    }
    found = set()
    for route in app.routes:
        contexts = getattr(route, "effective_route_contexts", None)
        for one in contexts() if contexts else [route]:
            for method in getattr(one, "methods", None) or ():
                found.add((method, one.path.replace(":path}", "}")))
    apart = {"/mcp", "/api/v1/openapi.json", "/api/v1/docs", "/api/v1/docs.css"}
    return {(m, p) for m, p in found - documented if p not in apart and m != "HEAD"}


def test_every_page_has_a_row(world):
    assert pages_of(world.app) == set(TABLE)


@pytest.fixture(scope="module")
def browsers(world):
    """A browser for each role, signed in where the role is somebody, and its CSRF value."""
    return {role: browser_of(world, role) for role in ROLES}


def browser_of(world, role):
    app = world.closed_app if role == "anonymous" else world.app
    client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    client.portal = world.client("anonymous" if role == "anonymous" else "public").portal
    csrf = ""
    if role in SIGNED_IN:
        body = {"login": role, "password": PASSWORD}
        csrf = client.post("/api/v1/session", json=body).json()["csrf"]
        # Its cookie by hand: signing out in one test must not end it for the next.
        secret = client.cookies[COOKIE]
        client.cookies.clear()
        client.headers["Cookie"] = f"{COOKIE}={secret}"
    return client, csrf


@pytest.fixture(scope="module")
def filled(world):
    """What stands in addresses and forms for something there, in the public document."""
    first = world.open.tasks[0]
    return {
        "conversation": "talk-0", "turn": "turn-0", "task_id": first.id,
        "milestone_id": first.milestones[0].id, "unit": UNIT, "job_id": "job-0", "page": 1, "doubt_id": "versions-0", "form": "xlsx",
        "document_id": world.open.document.id, "sha256": world.evidence, "login": "reader",
        "token_id": "token-0", "language": "zh", "correction_id": "correction-0",
    }  # fmt: skip


def send(client, method, path, row, filled, **form):
    headers = {"Accept": "application/json", **form.pop("headers", {})}
    sent = {"params": row.parameters, "headers": headers}
    if row.form is not None:
        fields = {k: v.format(**filled) for k, v in row.form.items()}
        # As a browser sends it: never without a content type.
        sent["data"] = fields | form | {"sent": "1"}
        if path in ("/documents", "/tasks/import"):
            sent["files"] = {"file": ("a.exe", b"MZ")}
    return client.request(method, path.format(**filled | row.places), **sent)


CASES = [(m, p, n, role) for (m, p), rows in TABLE.items() for n in range(len(rows)) for role in ROLES]  # fmt: skip


def test_who_is_let_through(world, browsers, filled, subtests):
    for method, path, number, role in CASES:
        with subtests.test(method=str(method), path=str(path), number=str(number), role=str(role)):
            row = TABLE[method, path][number]
            client, csrf = browsers[role]
            if path == "/sign-out" and csrf:  # in a browser of its own
                client, csrf = fresh(world, role)
            forget_tries(world.service)
            answer = send(client, method, path, row, filled, csrf=csrf)
            if path == "/account/sessions/end":
                browsers[role] = browser_of(world, role)
            assert answer.status_code < 500, answer.text
            if role in row.allowed:
                assert answer.status_code != 403, answer.text
                assert answer.status_code != 401 or path == "/sign-in"
            else:
                refused = 401 if role in ("anonymous", "public") else 403
                assert answer.status_code == refused, (answer.status_code, answer.text[:300])


FORMS = [key for key in TABLE if key[0] == "POST" and key not in WITHOUT_SIGN_IN]
FOREIGN = [
    {"csrf": ""},
    {"csrf": "wrong"},
    {"csrf": "é\ud7ff"},
    {"headers": {"Origin": "https://evil.example"}},
    {"headers": {"Origin": "null"}},
    {"headers": {"Origin": "http://testserver.evil.example"}},
    {"headers": {"Sec-Fetch-Site": "cross-site"}},
]


def fresh(world, role):
    client = TestClient(world.app, raise_server_exceptions=False, follow_redirects=False)
    client.portal = world.client("public").portal
    csrf = client.post("/api/v1/session", json={"login": role, "password": PASSWORD}).json()["csrf"]
    return client, csrf


def test_a_form_of_another_site_does_nothing(browsers, filled, subtests):
    for method, path in FORMS:
        for foreign in FOREIGN:
            with subtests.test(method=str(method), path=str(path), foreign=str(foreign)):
                row = TABLE[method, path][0]
                client, csrf = browsers[max(row.allowed, key=ROLES.index)]
                answer = send(client, method, path, row, filled, **({"csrf": csrf} | foreign))
                assert answer.status_code == 403, (answer.status_code, answer.text[:300])
                assert client.get("/account").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_nobody_is_signed_in_by_another_site(world, headers):
    """As somebody else: what they then do would be under that person's eyes."""
    body = {"login": "reader", "password": PASSWORD}
    for path, sent in (("/sign-in", {"data": body}), ("/api/v1/session", {"json": body})):
        client = TestClient(world.app, follow_redirects=False)
        assert client.post(path, headers=headers, **sent).status_code == 403
        assert not client.cookies
        own = client.post(path, headers={"Origin": "http://testserver"}, **sent)
        assert own.status_code in (200, 303)
        assert client.cookies


def test_a_token_opens_no_page(world, filled, subtests):
    """The forms of pages ask for no scope: a token that may only write would make people by them."""
    for method, path in TABLE:
        with subtests.test(method=str(method), path=str(path)):
            open_to_all = path.startswith(("/sign-in", "/language", "/sign-out"))
            answer = send(world.client("admin"), method, path, TABLE[method, path][0], filled)
            assert answer.status_code == 403 or (
                open_to_all and answer.status_code in (401, 403, 404)
            )


# ---- what is denied

BLIND = ("public", "reader", "other")


def test_pages_tell_nothing_of_what_is_denied(world, browsers):
    tasks = world.closed.tasks
    known = {
        "document_id": [world.closed.document.id], "task_id": [t.id for t in tasks],
        "unit": [CLOSED_UNIT, UNIT], "sha256": [world.closed_evidence], "login": ["own"],
        "form": ["xlsx", "csv", "docx", "ics", "html", "markdown", "json"], "language": ["en"],
    }  # fmt: skip
    asked, shown = 0, 0
    more = [{}, {"unit": UNIT}, {"unit": CLOSED_UNIT}, {"as_of": "2030-01-01"}, {"q": SECRET[:2]},
            {"document": world.closed.document.id}, {"id": tasks[0].id}]  # fmt: skip
    for method, path in TABLE:
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        if method != "GET" or any(name not in known for name in names):
            continue
        for chosen in itertools.product(*(known[name] for name in names)):
            place = path.format(**dict(zip(names, chosen, strict=True)))
            # As it is, by each of them; what narrows it they share out, each page another way.
            for number, extra in enumerate(more):
                parameters = TABLE[method, path][0].parameters | extra
                for role in BLIND if not extra else [BLIND[(number + asked) % len(BLIND)]]:
                    answer = browsers[role][0].get(place, params=parameters)
                    told = unfold(inside(answer.content)) + str(dict(answer.headers))
                    # What they asked with is theirs.
                    assert SECRET not in told, (role, place, parameters)
                    asked += 1
                answer = browsers["supervisor"][0].get(place, params=parameters)
                shown += SECRET in unfold(inside(answer.content))
    assert asked > 300
    assert shown > 40


def test_a_unit_of_denied_documents_only_is_not_known(browsers):
    for role in BLIND:
        assert browsers[role][0].get(f"/units/{CLOSED_UNIT}").status_code == 404
        assert CLOSED_UNIT not in browsers[role][0].get("/units").text
        assert CLOSED_UNIT not in browsers[role][0].get(f"/units/{UNIT}").text
    assert CLOSED_UNIT in browsers["supervisor"][0].get(f"/units/{UNIT}").text
