"""What an attacker sends: characters and numbers that no store keeps, forms without end, documents
that try to be more than text. On SQLite and on PostgreSQL where the store could tell them apart."""

import csv
import json
from collections import Counter
from contextlib import suppress
from urllib.parse import quote

import pytest

from api.service.identity import CSRF_HEADER
from kb.errors import DubanError
from tasks.authorisation import CONSOLE
from tasks.tracking import track_document
from tests.api.service.client import TestClient
from tests.api.service.contracts.test_matrix import API, TABLE
from tests.api.service.contracts.test_page_matrix import TABLE as PAGES
from tests.api.service.test_documents import finished
from tests.api.service.world import OWN, PASSWORD, SIGNED_IN, forget_tries, inside, make_world
from tests.tasks.samples import DANGERS, NOW, plan, read


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request, tmp_path_factory):
    """A world on each kind of database."""
    folder = tmp_path_factory.mktemp("hostile")
    if request.param == "sqlite":
        with make_world(folder) as world:
            yield world
        return
    # Beside SQLite with all that is odd, here what a database may take otherwise.
    server = request.getfixturevalue("postgres")
    url = server.new_database()
    with make_world(folder, url) as world:
        yield world
    server.drop(url)


@pytest.fixture(scope="module")
def people(place):
    """A browser of everybody, signed in, with their CSRF value."""
    found = {}
    for role in SIGNED_IN:
        client = TestClient(place.app, raise_server_exceptions=False, follow_redirects=False)
        client.portal = place.client("public").portal
        body = {"login": role, "password": PASSWORD}
        found[role] = client, client.post(f"{API}/session", json=body).json()["csrf"]
    return found


ONCE = pytest.mark.parametrize("place", ["sqlite"], indirect=True)
"""What ends before a store is asked."""

NUL, HALF = "a\x00b", "\ud800"
ODD = [
    NUL,
    "'; DROP TABLE task; --",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "%",
    "_",
    "\\",
    "\u202e\u0085\u2028",
    "9" * 400,
]


TOLD_APART = {NUL, ODD[1], "\\", "-1", "9223372036854775808", "9" * 40, "0001-01-01", "9999-12-31"}
"""What databases tell apart: characters they do not keep, numbers and days that they do not know."""


def odd_for(place, *values):
    """All of the values, and those that databases tell apart where it is not SQLite."""
    return [
        v for v in values if not place.settings.store_url.startswith("postgres") or v in TOLD_APART
    ]


def ids(place):
    first = place.open.tasks[0]
    return {
        "task_id": first.id, "milestone_id": first.milestones[0].id, "sha256": place.evidence,
        "target_id": first.targets[0].id, "document_id": place.open.document.id, "unit": OWN,
        "week": "2026-W02", "login": "reader", "correction_id": place.correction, "form": "csv",
        "channel": "email", "language": "zh",
    }  # fmt: skip


def share_out(places, values):
    """(path, name, value) so that each parameter, by its name, meets every value: one that several
    paths have shares them out among them, as it is read in the same way there."""
    seen, known = Counter(), Counter(name for _, name in places)
    for path, name in places:
        parts = min(known[name], 4)
        for value in values[seen[name] % parts :: parts]:
            yield path, name, value
        seen[name] += 1


def queries_of_the_api(place):
    """Each path that is read with each of its query parameters."""
    whole = place.app.openapi()["paths"]
    return [
        (path, p["name"])
        for method, path in TABLE
        if method == "GET"
        for p in whole[path]["get"].get("parameters", ())
        if p["in"] == "query"
    ]


def read_with(place, path, name, odd):
    """The answer of a path of the API with an odd value in the query."""
    known = ids(place)
    client = place.client("auditor" if "audit" in path else "admin")
    filled = path.format(**{k: known.get(k, "x") for k in _names(path)})
    answer = client.get(filled, params={name: odd})
    assert answer.status_code < 500, (path, name, odd[:40], answer.text)
    return answer


def test_odd_characters_in_every_query_of_the_api(place):
    asked = Counter()
    for path, name, odd in share_out(queries_of_the_api(place), odd_for(place, *ODD)):
        answer = read_with(place, path, name, odd)
        assert "{{7*7}}" not in odd or "49$49" not in answer.text
        asked[name] += 1
    assert min(asked.values()) >= len(odd_for(place, *ODD))
    assert len(asked) > 20


def test_odd_characters_in_every_path_of_the_api(place):
    known = ids(place)
    for method, path in TABLE:
        if method != "GET":
            continue
        client = place.client("auditor" if "audit" in path else "admin")
        for name in _names(path):
            for odd in odd_for(place, *ODD):
                there = path.format(**(known | {k: known.get(k, "x") for k in _names(path)} | {name: quote(odd, safe="")}))  # fmt: skip
                answer = client.get(there)
                assert answer.status_code < 500, (path, name, odd, answer.text)


NUMBERS = [
    "-1",
    "0",
    "9" * 18,
    "9223372036854775807",
    "9223372036854775808",
    "9" * 40,
    "9" * 5000,
    "1e999",
    "NaN",
    "٣",
    "0x10",
]
DAYS = ["0001-01-01", "9999-12-31", "2026-02-30", "10000-01-01", "-0001-01-01"]
OF_PAGES = {
    "/": ["c", "q"], "/tasks": ["unit", "role", "plan", "document", "state", "status", "q", "since", "until", "as_of", "id", "sort", "page"],
    "/tasks/export/{form}": ["unit", "plan", "q", "since", "as_of", "id"], "/units": ["q"],
    "/documents/{document_id}": ["fact", "from", "to"], "/documents/{document_id}/clause": ["from", "to"],
    "/dashboard": ["as_of"], "/dashboard/digest": ["week", "unit"], "/dashboard/digest/{form}": ["week", "unit"],
    "/audit": ["actor", "action", "subject", "since", "until", "before"], "/admin/organisations": ["q"],
    "/sign-in": ["next"], "/language/{language}": ["back"],
}  # fmt: skip


def test_odd_words_numbers_and_days_in_every_query_of_the_pages(place, people):
    known = ids(place)
    places = [(path, name) for path, names in OF_PAGES.items() for name in names]
    for path, name, odd in share_out(places, odd_for(place, *ODD, *NUMBERS, *DAYS)):
        whole = {"/documents/{document_id}/clause": {"from": 0, "to": 9}}.get(path, {})
        client, _ = people["auditor" if path == "/audit" else "admin"]
        answer = client.get(path.format(**known), params=whole | {name: odd})
        assert answer.status_code < 500, (path, name, odd[:40])


def test_odd_numbers_and_days_in_every_query_of_the_api(place):
    for path, name, odd in share_out(queries_of_the_api(place), odd_for(place, *NUMBERS, *DAYS)):
        read_with(place, path, name, odd)


def encoded(fields):
    """A form as a browser encodes it."""
    data = "&".join(f"{k}={quote(v.encode('utf-8', 'surrogatepass'))}" for k, v in fields.items())
    return data, "application/x-www-form-urlencoded"


def in_parts(fields, charset="utf-8"):
    """The same in parts, which say what characters they are of."""
    parts = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n'
        + (v if charset == "utf-8" else v.encode("ascii", "backslashreplace").decode()) + "\r\n"
        for k, v in fields.items()
    )  # fmt: skip
    data = f"{parts}--b--\r\n".encode("utf-8", "surrogatepass")
    return data, f"multipart/form-data; boundary=b; charset={charset}"


CHARSETS = ("unicode_escape", "utf-7", "idna", "hex", "rot13", "nonsense")


def bodies(place, fields, name, turn):
    """The form with what is odd in one field; fields take turns at how it is encoded and, before
    any field is read, at the characters that parts may say they are of."""
    for number, odd in enumerate(odd_for(place, NUL, HALF, "9" * 400, "1e999999")):
        odd_fields = {**fields, name: odd}
        yield odd, *(in_parts if (number + turn) % 2 else encoded)(odd_fields)
        if odd is HALF:
            yield odd, *(encoded if (number + turn) % 2 else in_parts)(odd_fields)
            yield odd, *in_parts(odd_fields, CHARSETS[turn % len(CHARSETS)])


def fields_of(app, path):
    """The fields that a form of the pages declares; none where it reads them by itself."""
    for route in app.routes:
        contexts = getattr(route, "effective_route_contexts", None)
        for one in contexts() if contexts else ():
            if "POST" in one.methods and one.path == path:
                return [*_declared(one.original_route.dependant)]
    raise AssertionError(path)


def _declared(dependant):
    for field in dependant.body_params:
        model = field.field_info.annotation
        yield from getattr(model, "model_fields", {field.alias: None})
    for inner in dependant.dependencies:
        yield from _declared(inner)


@pytest.mark.parametrize("path", [path for method, path in PAGES if method == "POST"])
def test_odd_characters_in_every_field_of_every_form(place, people, path):
    known = ids(place)
    if path.endswith("/erase"):  # what others work on stays
        extraction, data = read(plan(DANGERS).replace("1号", "99号"))
        added = place.service.store.add(extraction, data, recorded_at=NOW)
        known |= {"document_id": added.document_id}
    row = PAGES["POST", path][0]
    role = max(row.allowed & set(people), key=[*people].index)
    client, csrf = people[role]
    filled = path.format(**{k: known.get(k, "x") for k in _names(path)})
    fields = {k: v.format(**known) for k, v in (row.form or {}).items()} | {"csrf": csrf}
    if path == "/sign-out":
        return  # it has the CSRF field alone, and ends the session
    names = fields_of(place.app, path) or [
        *fields, "text", "reason", "occurrence", "new_date", "percent", f"value-{known['target_id']}",
    ]  # fmt: skip
    for turn, name in enumerate(names, [*PAGES].index(("POST", path))):
        if name == "question" and path == "/":
            continue  # answering takes the models; the API's question is checked as this one is
        for odd, data, kind in bodies(place, fields, name, turn):
            forget_tries(place.service)
            answer = client.post(filled, content=data, headers={"Content-Type": kind})
            assert answer.status_code < 500, (path, name, odd[:9], kind, answer.text[:300])
            assert answer.status_code != 413


def test_odd_characters_in_bodies_of_the_api(place):
    known, admin = ids(place), place.client("admin")
    for role, method, path, body in (
        ("reader", "POST", f"{API}/session", {"login": NUL, "password": NUL}),
        ("reader", "POST", f"{API}/answers/x/feedback", {"verdict": "right", "reason": NUL}),
        ("reader", "POST", f"{API}/tokens", {"name": NUL, "scopes": ["read"]}),
        ("admin", "POST", f"{API}/people", {"login": NUL, "name": NUL, "role": "reader"}),
        ("admin", "POST", f"{API}/people", {"login": "nul", "role": "unit_officer", "units": [NUL]}),
        ("admin", "PATCH", f"{API}/people/reader", {"name": NUL}),
        ("admin", "PUT", f"{API}/settings/addresses/x/email", {"target": NUL, "secret": NUL}),
        ("supervisor", "PUT", f"{API}/documents/{known['document_id']}/visibility", {"level": "restricted", "units": [NUL]}),
        ("own", "POST", f"{API}/milestones/{known['milestone_id']}/steps", {"step": "report", "text": NUL}),
        ("own", "POST", f"{API}/milestones/{known['milestone_id']}/steps", {"step": "report", "text": "x", "occurrence": NUL}),
        ("own", "POST", f"{API}/milestones/{known['milestone_id']}/steps", {"step": "report", "text": "x", "values": {NUL: "1"}}),
        ("own", "POST", f"{API}/milestones/{known['milestone_id']}/steps", {"step": "report", "text": "x", "values": {known["target_id"]: "1e999999"}}),
        ("own", "POST", f"{API}/milestones/{known['milestone_id']}/events", {"occasion": NUL}),
        ("supervisor", "POST", f"{API}/tasks/{known['task_id']}/corrections", {"aspect": "owner", "operation": "add", "new_unit": NUL, "new_role": "lead", "reason": NUL}),
        ("reader", "POST", f"{API}/ask", {"question": "x", "conversation": NUL}),
        ("reader", "POST", f"{API}/ask", {"question": NUL}),
    ):  # fmt: skip
        answer = place.client(role).request(method, path, json=body)
        assert 400 <= answer.status_code < 500, (path, body, answer.status_code, answer.text)
    assert admin.get(f"{API}/people").status_code == 200


@ONCE
def test_bodies_that_are_deep_wide_or_many(place, people):
    client, csrf = people["supervisor"]
    head = {CSRF_HEADER: csrf}
    many = {f"f{n}": "x" for n in range(5000)}
    parts = "".join(
        f'--b\r\nContent-Disposition: form-data; name="f{n}"\r\n\r\nx\r\n' for n in range(9000)
    )
    files = "".join(
        f'--b\r\nContent-Disposition: form-data; name="file"; filename="{n}.txt"\r\n\r\nx\r\n'
        for n in range(200)
    )
    multipart = head | {"Content-Type": "multipart/form-data; boundary=b"}
    for path in (
        f"{API}/documents",
        "/documents",
        f"{API}/evidence",
        f"/tasks/{ids(place)['task_id']}/steps",
    ):
        for content in (parts, files):
            answer = client.post(path, content=f"{content}--b--\r\n", headers=multipart)
            assert answer.status_code in (400, 413, 422), (path, answer.status_code)
    assert client.post("/account/tokens", data=many).status_code == 400
    for body in ('{"a":' * 90_000, "[" * 400_000, '"' + "a" * 900_000, json.dumps(many)):
        answer = client.post(
            f"{API}/tokens", content=body, headers=head | {"Content-Type": "application/json"}
        )
        assert answer.status_code in (400, 422)
        assert len(answer.text) < 20_000
    assert not list((place.settings.home / "uploads").glob("*"))


@ONCE
def test_cookies_of_any_kind(place):
    client = TestClient(place.app, raise_server_exceptions=False)
    for cookie in (
        "duban_session=" + "x" * 7000, "duban_session=\xe9", "duban_notice=" + "%5B" * 2000,
        "duban_notice=%5B1%2C%22%3Cb%3Ex%22%5D", "duban_notice=1", "duban_notice=%5B%5D",
        "duban_lang=../..", "=;=;", "duban_session",
    ):  # fmt: skip
        for path in ("/tasks", f"{API}/tasks", "/nowhere"):
            headers = {"Cookie": cookie.encode("latin-1"), "Accept": "text/html"}
            answer = client.get(path, headers=headers)
            assert answer.status_code in (200, 404), (path, cookie[:40])
            assert "<b>x" not in answer.text


# ---- documents

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"
PAGE = f"""<!DOCTYPE html><html><head><title>{SCRIPT}</title></head><body>
<script>alert(3)</script><h1>关于&lt;script&gt;alert(4)&lt;/script&gt;的通知</h1>
<p>一、&lt;img src=x onerror=alert(5)&gt;</p>
<p>1.推进{{{{7*7}}}}工程&lt;b onclick=alert(6)&gt;。到2025年，=cmd|' /C calc'!A0覆盖率达到70%以上。（责任单位：区水利局）</p>
<p>2.=1+1工程到2026年底全部建成。（责任单位：区水利局）</p>
</body></html>"""


def put(place, name, data, role="supervisor"):
    sent = place.client(role).post(f"{API}/documents", files={"file": (name, data)})
    return finished(place, sent)


def test_a_document_that_is_a_program_stays_text(place, people):
    job = put(place, "页.html", PAGE.encode())
    key = job["report"]["document_id"]
    client, _ = people["supervisor"]
    source = client.get(f"/documents/{key}/source"), client.get(f"{API}/documents/{key}/source")
    for answer in source:
        assert answer.content == PAGE.encode()
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    tasks = [t for t in client.get(f"{API}/tasks").json()["items"] if t["document_id"] == key]
    pages = [
        f"/documents/{key}", f"/documents/{key}/clause?from=0&to=5", "/documents", "/tasks", "/",
        f"/documents/jobs/{job['id']}", "/dashboard", "/dashboard/digest", f"/units/{OWN}",
        *(f"/tasks/{t['task']['id']}" for t in tasks),
    ]  # fmt: skip
    for path in pages:
        told = client.get(path)
        assert told.status_code == 200, path
        for number in range(1, 7):
            assert f"<script>alert({number})" not in told.text
        assert "<img src=x" not in told.text
        assert "<b onclick" not in told.text
        assert "49工程" not in told.text
    assert "&lt;img src=x" in client.get(f"/documents/{key}").text
    digest = client.get(f"{API}/digests/2026-W02")
    assert digest.headers["Content-Security-Policy"].startswith("sandbox;")
    assert "<img src=x" not in digest.text


def test_no_cell_of_an_export_is_a_formula(place):
    client = place.client("supervisor")
    lines = client.get(f"{API}/exports", params={"format": "csv", "as_of": "2030-01-01"}).content
    cells = [c for row in csv.reader(lines.decode("utf-8-sig").splitlines()) for c in row]
    assert any(cell.lstrip("'").startswith("=1+1") for cell in cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t"))]
    sheet = inside(client.get(f"{API}/exports", params={"format": "xlsx"}).content)
    assert "<f>" not in sheet


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"), ("..\\..\\boot.txt", "boot.txt"),
        ("a\r\nSet-Cookie: x=y.txt", "aSet-Cookie: x=y.txt"), ('a";b=".txt', 'a";b=".txt'),
        ("\u202etxt.exe.txt", "txt.exe.txt"), ("通知\u0000.txt", "通知.txt"), ("/.txt", None),
        ("....", None), ("a" * 200 + ".txt", None), ("a.txt/", "a.txt"), ("a.exe", None),
        ("a.txt.exe", None), ("CON.txt", "CON.txt"),
    ],
)  # fmt: skip
def test_a_name_is_never_a_path_nor_a_header(place, name, kept):
    words = f"{name!a}的通知\n一、任务\n1.推进工程{len(name)}。（责任单位：区水利局）\n"
    # By hand: clients clean names before they send them.
    shown = (
        name.encode("utf-8", "surrogatepass")
        .replace(b"\r", b"%0D")
        .replace(b"\n", b"%0A")
        .replace(b'"', b"%22")
    )
    if "\r" in name or '"' in name or "\x00" in name:
        shown = name.replace("\r", "").replace("\n", "").replace('"', '\\"').encode()
    data = b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + shown + b'"\r\n\r\n' + words.encode() + b"\r\n--b--\r\n"  # fmt: skip
    sent = place.client("supervisor").post(
        f"{API}/documents",
        content=data,
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    if kept is None:
        assert sent.status_code == 422, sent.text
        return
    assert sent.status_code == 202, sent.text
    job = finished(place, sent)
    assert job["name"] in (kept, kept.replace("/", ""))
    answer = place.client("supervisor").get(
        f"{API}/documents/{job['report']['document_id']}/source"
    )
    assert "x" not in answer.cookies
    assert "\r" not in answer.headers["Content-Disposition"]
    plain = answer.headers["Content-Disposition"].partition("filename*=")[0]
    assert plain.count('"') == 2
    assert not list((place.settings.home / "uploads").glob("*"))


BOMBS = {
    "a.docx.txt": b"PK\x03\x04" + b"\0" * 5000,
    "a.gz.txt": b"\x1f\x8b" + b"\0" * 5000,
    "nested.html": b"<html><body>" + b"<div>" * 30_000 + b"x",
    "run.txt": ("一、任务\n1.达到" + "9" * 500_000).encode(),
    "binary.txt": bytes(range(256)) * 100,
}


@ONCE
@pytest.mark.parametrize("name", BOMBS)
def test_files_made_to_harm_are_refused_with_the_reason(place, name):
    job = put(place, name, BOMBS[name])
    assert job["status"] == "failed"
    assert " / " in job["error"]
    assert "Traceback" not in json.dumps(job)


@ONCE
def test_entities_of_xml_name_no_file_and_do_not_grow(place):
    grown = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    page = (
        '<?xml version="1.0"?><!DOCTYPE html [<!ENTITY e0 "aaaaaaaaaa">' + grown
        + '<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY % p SYSTEM "http://127.0.0.1:9/x">%p;]>'
        "<html><body><p>关于工程的通知&e11;&x;</p><p>一、任务</p><p>1.推进工程。（责任单位：区水利局）</p></body></html>"
    )  # fmt: skip
    job = put(place, "x.xhtml", page.encode())
    if job["status"] == "failed":
        return
    text = (
        place.client("supervisor").get(f"{API}/documents/{job['report']['document_id']}/text").text
    )
    assert "root:" not in text
    assert len(text) < len(page)


def test_evidence_that_is_a_page_is_a_file_to_keep(place):
    own = place.client("own")
    with suppress(DubanError):  # a form tried before may have put it aside
        track_document(place.service.store, CONSOLE, place.open.document.id, "再列入", NOW)
    sent = own.post(
        f"{API}/evidence", files={"file": ("a.html", SCRIPT.encode(), "text/html")}
    ).json()
    step = {
        "step": "report",
        "text": SCRIPT,
        "evidence": [{"name": f"{SCRIPT}.html", "sha256": sent["sha256"]}],
    }
    milestone = ids(place)["milestone_id"]
    done = own.post(f"{API}/milestones/{milestone}/steps", json=step)
    assert done.status_code == 200, done.text
    answer = own.get(f"{API}/evidence/{sent['sha256']}")
    assert answer.content == SCRIPT.encode()
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "<" not in answer.headers["Content-Disposition"]


def _names(path):
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]
