"""Signing in: sessions, CSRF, tokens with scopes and expiry, passwords, slowed-down guessing."""

import logging
import re
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select
from starlette.requests import Request

from api.service.identity import COOKIE, CSRF_HEADER, TLS_COOKIE, address_of
from api.service.limits import FailureLimit, Pace, RateLimit
from api.service.problems import TooManyError
from tasks import audit, schema
from tasks.access import Access
from tasks.authorisation import CONSOLE
from tests.api.service.client import TestClient
from tests.api.service.contracts.test_matrix import API, TABLE
from tests.api.service.world import PASSWORD, forget_tries, make_world

ORIGIN = "http://testserver"


@pytest.fixture
def browser(world):
    """A browser in which the supervisor is signed in; gives it and the CSRF value."""
    client = TestClient(world.app, raise_server_exceptions=False)
    answer = client.post(f"{API}/session", json={"login": "supervisor", "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return client, answer.json()["csrf"]


def test_a_session_from_its_beginning_to_its_end(browser):
    client, csrf = browser
    assert client.get(f"{API}/session").json()["login"] == "supervisor"
    assert client.delete(f"{API}/session", headers={CSRF_HEADER: csrf}).status_code == 204
    assert client.get(f"{API}/session").json()["login"] == ""


def test_the_cookie(world, browser):
    client = TestClient(world.app)
    sent = client.post(f"{API}/session", json={"login": "supervisor", "password": PASSWORD})
    printed = sent.headers["Set-Cookie"]
    assert "HttpOnly" in printed
    assert "SameSite=lax" in printed
    assert "Secure" not in printed
    tls = TestClient(world.app, base_url="https://testserver")
    sent = tls.post(f"{API}/session", json={"login": "supervisor", "password": PASSWORD})
    printed = sent.headers["Set-Cookie"]
    assert printed.startswith("__Host-duban_session=")
    for part in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
        assert part in printed
    assert "Domain" not in printed
    assert tls.get(f"{API}/session").json()["login"] == "supervisor"
    out = tls.delete(f"{API}/session", headers={CSRF_HEADER: sent.json()["csrf"]})
    removed = out.headers["Set-Cookie"]  # without these the browser would keep it
    assert removed.startswith('__Host-duban_session="";')
    assert "Secure" in removed
    assert "Path=/" in removed


def test_under_tls_only_the_cookie_that_nobody_else_can_set_counts(world, browser):
    """Another host of the domain can set a cookie of the plain name."""
    client, _ = browser
    secret = client.cookies[COOKIE]
    tls = TestClient(world.app, base_url="https://testserver")
    for name, login in ((COOKIE, ""), (TLS_COOKIE, "supervisor")):
        answer = tls.get(f"{API}/session", headers={"Cookie": f"{name}={secret}"})
        assert answer.json()["login"] == login


def test_all_cookies_are_secure_under_tls(world, browser):
    tls = TestClient(world.app, base_url="https://testserver", follow_redirects=False)
    body = {"login": "supervisor", "password": PASSWORD}
    printed = [tls.get("/language/en").headers["Set-Cookie"]]
    printed += tls.post("/sign-in", data=body).headers.get_list("Set-Cookie")
    csrf = tls.get(f"{API}/session").json()["csrf"]
    printed += tls.post("/account/password", data={"csrf": csrf, "password": "x"}).headers.get_list("Set-Cookie")  # fmt: skip
    assert {p.partition("=")[0] for p in printed} == {"duban_lang", TLS_COOKIE, "duban_notice"}
    for one in printed:
        assert "Secure" in one, one
        assert "HttpOnly" in one, one
        assert "SameSite=lax" in one, one


def test_a_session_put_into_the_browser_before_is_worth_nothing_after(world, browser):
    """Session fixation: signing in makes a new secret and ends the session that was there."""
    attacker, _ = browser
    fixed = attacker.cookies[COOKIE]
    for path, sent in (("/sign-in", "data"), (f"{API}/session", "json")):
        victim = TestClient(world.app, follow_redirects=False)
        victim.cookies[COOKIE] = fixed
        signed = victim.post(path, **{sent: {"login": "supervisor", "password": PASSWORD}})
        assert f"{COOKIE}={fixed}" not in signed.headers["Set-Cookie"]
        old = TestClient(world.app).get(f"{API}/session", headers={"Cookie": f"{COOKIE}={fixed}"})
        assert old.json()["login"] == ""
        fixed = signed.headers["Set-Cookie"].partition("=")[2].partition(";")[0]


def test_the_secret_of_a_session_is_not_in_the_store(world, browser):
    client, _ = browser
    secret = client.cookies[COOKIE]
    with world.service.store.reading() as connection:
        rows = str(connection.execute(select(schema.session)).all())
    assert secret not in rows


WRITES = [
    ("POST", f"{API}/tokens", {"name": "t", "scopes": ["read"]}),
    ("PUT", f"{API}/documents/{{document}}/visibility", {"level": "internal"}),
    ("DELETE", f"{API}/session", None),
    ("POST", f"{API}/milestones/{{milestone}}/steps", {"step": "cancel", "reason": "x"}),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
@pytest.mark.parametrize(
    "headers",
    [{}, {CSRF_HEADER: "wrong"}, {CSRF_HEADER: "\u00e9"}, {CSRF_HEADER: "right", "Origin": "https://evil.example"},
     {CSRF_HEADER: "right", "Origin": "null"}],
)  # fmt: skip
def test_writes_by_cookie_come_from_our_pages(world, browser, method, path, body, headers):
    client, csrf = browser
    sent = {k: (csrf if v == "right" else v).encode("latin-1") for k, v in headers.items()}
    place = path.format(
        document=world.open.document.id, milestone=world.open.tasks[0].milestones[0].id
    )
    answer = client.request(method, place, json=body, headers=sent)
    assert (answer.status_code, answer.json()["code"]) == (403, "denied")
    assert client.get(f"{API}/session").json()["login"] == "supervisor"


def test_our_own_origin_is_let_through(browser):
    client, csrf = browser
    body = {"name": "t", "scopes": ["read"]}
    for headers in ({CSRF_HEADER: csrf}, {CSRF_HEADER: csrf, "Origin": ORIGIN}):
        assert client.post(f"{API}/tokens", json=body, headers=headers).status_code == 201


def test_a_multipart_write_needs_it_too(browser):
    client, _ = browser
    answer = client.post(f"{API}/documents", files={"file": ("a.txt", b"x")})
    assert answer.status_code == 403


def test_a_changed_password_ends_the_sessions(tmp_path):
    with make_world(tmp_path) as world:
        client = TestClient(world.app)
        csrf = client.post(f"{API}/session", json={"login": "own", "password": PASSWORD}).json()["csrf"]  # fmt: skip
        path, headers = f"{API}/people/own/password", {CSRF_HEADER: csrf}
        new = {"password": "another horse battery"}
        assert client.put(path, json=new, headers=headers).status_code == 403  # no present one
        wrong = new | {"present": "not the present one"}
        assert client.put(path, json=wrong, headers=headers).status_code == 403
        right = new | {"present": PASSWORD}
        assert client.put(path, json=right, headers=headers).status_code == 204
        assert client.get(f"{API}/session").json()["login"] == ""
        old = client.post(f"{API}/session", json={"login": "own", "password": PASSWORD})
        assert old.status_code == 401
        sent = client.post(f"{API}/session", json={"login": "own", "password": new["password"]})
        assert sent.status_code == 200


def test_a_password_kept_by_lighter_parameters_is_hashed_anew(tmp_path):
    with make_world(tmp_path) as world:
        world.service.access = Access(world.service.store)
        right = {"login": "own", "password": PASSWORD}
        for _ in range(2):
            assert TestClient(world.app).post(f"{API}/session", json=right).status_code == 200
        with world.service.store.reading() as connection:
            hashed = [e.subject for e in audit.read(connection) if e.action == "person.rehashed"]
    assert hashed == ["person:own"]


def test_an_inactive_person_is_out_at_once(tmp_path):
    with make_world(tmp_path) as world:
        reader = world.client("reader")
        assert reader.get(f"{API}/corrections").status_code == 200
        sent = world.client("admin").patch(f"{API}/people/reader", json={"active": False})
        assert sent.status_code == 200, sent.text
        assert reader.get(f"{API}/corrections").status_code == 401


def test_another_role_holds_at_once_and_coming_back_takes_signing_in(tmp_path):
    with make_world(tmp_path) as world:
        admin, client = world.client("admin"), TestClient(world.app)
        client.post(f"{API}/session", json={"login": "supervisor", "password": PASSWORD})
        assert client.get(f"{API}/jobs").status_code == 200
        admin.patch(f"{API}/people/supervisor", json={"role": "reader"})
        assert client.get(f"{API}/session").json()["role"] == "reader"
        assert client.get(f"{API}/jobs").status_code == 403
        for active in (False, True):
            admin.patch(f"{API}/people/supervisor", json={"active": active})
            assert client.get(f"{API}/session").json()["login"] == ""


def test_a_session_ends_with_its_hours(tmp_path, monkeypatch):
    with make_world(tmp_path) as world:
        now = world.service.now()
        client = TestClient(world.app)
        client.post(f"{API}/session", json={"login": "own", "password": PASSWORD})
        for hours, login in ((11.9, "own"), (12.1, "")):
            later = now + timedelta(hours=hours)
            monkeypatch.setattr(world.service, "now", lambda later=later: later)
            assert client.get(f"{API}/session").json()["login"] == login


@pytest.mark.parametrize(
    ("client", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"), ("::ffff:203.0.113.9", "203.0.113.9"), ("::1", "::/64"),
        ("2001:db8:1:2::5", "2001:db8:1:2::/64"), ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"), ("testclient", "testclient"), ("", ""),
    ],
)  # fmt: skip
def test_whose_requests_are_counted_together(client, counted):
    assert address_of(Request({"type": "http", "client": (client, 1)})) == counted


def test_guessing_is_slowed_down(tmp_path):
    with make_world(tmp_path) as world:
        world.service.sign_in_limit = FailureLimit(5, clock=lambda: 0.0)
        world.service.address_limit = FailureLimit(30, clock=lambda: 0.0)
        client = TestClient(world.app)
        wrong = {"login": "admin", "password": "guess guess"}
        codes = [client.post(f"{API}/session", json=wrong).status_code for _ in range(6)]
        assert codes == [401] * 5 + [429]
        for number in range(25):  # another account each time
            one = client.post(f"{API}/session", json=wrong | {"login": f"n{number}"})
            assert one.status_code == 401
        answer = client.post(f"{API}/session", json=wrong | {"login": "own"})
        assert answer.status_code == 429  # the address, whatever the name
        assert int(answer.headers["Retry-After"]) > 0


def test_nobody_is_locked_out_by_wrong_passwords_from_elsewhere(tmp_path):
    """Whoever knows a sign-in name could else keep its owner out for good."""
    with make_world(tmp_path) as world:
        still = {"clock": lambda: 0.0}
        world.service.sign_in_limit = FailureLimit(5, **still)
        world.service.address_limit = FailureLimit(30, **still)
        right = {"login": "own", "password": PASSWORD}

        def at(address, **more):
            return TestClient(world.app, client=(address, 5000), **more)

        def signs_in(client):
            return client.post(f"{API}/session", json=right).status_code

        home, elsewhere = at("198.51.100.1"), at("203.0.113.9")
        assert signs_in(home) == 200  # from here on its address is known
        for _ in range(40):
            for path in (f"{API}/session", "/sign-in"):
                sent = {"login": "own", "password": "wrong wrong"}
                how = {"json": sent} if path.startswith("/api") else {"data": sent}
                assert elsewhere.post(path, **how).status_code in (401, 429)
        assert signs_in(elsewhere) == 429  # there a right guess is not told from a wrong one
        assert signs_in(at("198.51.100.1")) == 200  # a new browser at a known address
        assert signs_in(at("192.0.2.77")) == 200  # an address of which nothing is known
        world.service.home_pace = Pace(2, 8, sleep=lambda _: None)
        for _ in range(40):  # wrong ones at home do not lock out either
            at("198.51.100.1").post(f"{API}/session", json=right | {"password": "wrong wrong"})
        assert signs_in(at("198.51.100.1")) == 200
        # Where a session is open, though the address has too many wrong ones.
        secret = home.cookies[COOKIE]
        moved = at("203.0.113.9", cookies={COOKIE: secret})
        assert signs_in(moved) == 200


def test_guessing_at_a_known_address_or_session_is_slowed_down_and_the_right_password_gets_in(
    tmp_path,
):
    """Whoever sits in the same office (or at an open browser) could else try without an end."""
    with make_world(tmp_path) as world:
        now, checked, waited = 0.0, [], []
        check = world.service.access.check_password

        def sleep(seconds):
            nonlocal now
            waited.append(seconds)
            now += seconds

        def counted(*given):
            checked.append(now)
            return check(*given)

        world.service.sign_in_limit = FailureLimit(5, clock=lambda: now)
        world.service.home_pace = Pace(2, 8, clock=lambda: now, sleep=sleep)
        world.service.access.check_password = counted
        right = {"login": "own", "password": PASSWORD}
        at = {"client": ("198.51.100.1", 5000)}
        home = TestClient(world.app, **at)
        assert home.post(f"{API}/session", json=right).status_code == 200
        moved = TestClient(world.app, client=("192.0.2.8", 1), cookies=dict(home.cookies))
        for guesser, back in ((TestClient(world.app, **at), TestClient(world.app, **at)), (moved, moved)):  # fmt: skip
            checked.clear()
            told = [
                guesser.post(f"{API}/session", json=right | {"password": f"wrong {n} wrong"})
                for n in range(12)
            ]
            assert [a.status_code for a in told] == [401] * 5 + [429] * 7
            waits = [int(a.headers["Retry-After"]) for a in told[5:]]
            assert waits == sorted(waits)
            assert waits[-1] > 60 > waits[0]
            paced = checked[5:]
            assert all(b - a >= 2 for a, b in pairwise(paced))
            waited.clear()
            assert back.post(f"{API}/session", json=right).status_code == 200
            assert max(waited, default=0) <= 2


def test_one_at_a_time_at_a_pace():
    now, slept = 0.0, []
    pace = Pace(2, 2, clock=lambda: now, sleep=slept.append)
    with pace.turn("a"):
        with pytest.raises(TooManyError) as caught, pace.turn("a"):
            pass
        assert caught.value.seconds == 3
        with pace.turn("b"), pytest.raises(TooManyError), pace.turn("c"):  # two may be inside
            pass
    now = 0.5
    with pace.turn("a"):
        pass
    now = 9
    with pace.turn("a"):
        pass
    assert slept == [1.5]


def test_delays_grow_and_are_forgotten():
    now = 0.0
    limit = FailureLimit(2, longest=10, memory=100, clock=lambda: now)
    waits = []
    for _ in range(8):
        try:
            limit.begin("a")
        except TooManyError as error:
            waits.append(error.seconds)
            now += error.seconds
            limit.begin("a")
    assert waits == [2, 3, 5, 9, 11, 11]  # 1, 2, 4, 8, 10, 10 s, told in whole ones after them
    now += 101
    limit.begin("a")
    limit.begin("a")
    with pytest.raises(TooManyError):
        limit.begin("a")
    limit.forget("a")
    limit.begin("a")
    limit.take_back("a")


def test_a_changed_password_ends_the_tokens_too(tmp_path):
    with make_world(tmp_path) as world:
        own, other = world.client("own"), world.client("other")
        assert own.get(f"{API}/tokens").status_code == 200
        answer = world.client("admin").put(
            f"{API}/people/own/password", json={"password": "another horse battery"}
        )
        assert answer.status_code == 204
        assert own.get(f"{API}/tokens").status_code == 401
        assert other.get(f"{API}/tokens").status_code == 200


def test_the_window_slides():
    clock = iter([0, 1, 2, 3, 61, 61.5, 70]).__next__
    limit = RateLimit(3, 60, clock)
    for _ in range(3):
        limit.check("a")
    with pytest.raises(TooManyError) as caught:
        limit.check("a")
    assert caught.value.seconds == 58
    limit.check("a")
    limit.check("a")
    limit.check("a")


def test_the_answer_does_not_say_which_of_the_two_is_wrong(world, browser):
    told = set()
    for login in ("supervisor", "nobody"):
        client = TestClient(world.app)
        forget_tries(world.service)
        sent = client.post(f"{API}/session", json={"login": login, "password": "wrong wrong"})
        told.add((sent.status_code, sent.text))
    assert len(told) == 1


def test_passwords_stay_in_the_store_as_hashes(world, browser, caplog):
    caplog.set_level(logging.DEBUG)
    admin = world.client("admin")
    word = "秘密的口令 with words"
    made = admin.post(f"{API}/people", json={"login": "wang", "role": "reader", "password": word})
    assert made.status_code == 201
    short = admin.put(f"{API}/people/wang/password", json={"password": "short-pw"})
    assert short.status_code == 422
    with world.service.store.reading() as connection:
        p = schema.person.c
        stored = connection.scalar(select(p.password).where(p.login == "wang"))
        log = str(connection.execute(select(schema.audit)).all())
    assert stored.startswith("$argon2id$")
    assert word not in stored
    for told in (made.text, short.text, admin.get(f"{API}/people").text, log, caplog.text):
        assert word not in told
        assert "short-pw" not in told
        assert "argon2" not in told


# ---- tokens


def make(world, login, scopes, **more):
    now = world.service.now()
    return Access(world.service.store).create_token(
        CONSOLE, login, "t", scopes, more.get("until", now + timedelta(days=1)), more.get("at", now)
    )  # fmt: skip


def as_token(world, secret):
    headers = {"Authorization": f"Bearer {secret}"}
    return TestClient(world.app, raise_server_exceptions=False, headers=headers)


SCOPED = [
    (("read",), "GET", f"{API}/tasks", None, True),
    (("read",), "POST", f"{API}/ask", {"question": ""}, True),
    (("read",), "GET", f"{API}/people", None, True),
    (("read",), "POST", f"{API}/audit/verify", {}, False),
    (("read",), "POST", f"{API}/people", {}, False),
    (("read",), "POST", f"{API}/tokens", {}, False),
    (("write",), "GET", f"{API}/tasks", None, True),
    (("write",), "POST", f"{API}/milestones/x/steps", {}, True),
    (("write",), "POST", f"{API}/people", {}, False),
    (("write",), "POST", f"{API}/tokens", {}, False),
    (("write",), "PUT", f"{API}/settings/addresses/a/email", {}, False),
    (("admin",), "POST", f"{API}/people", {}, True),
    (("admin",), "POST", f"{API}/tokens", {}, True),
    (("admin",), "POST", f"{API}/milestones/x/steps", {}, False),
    (("calendar",), "GET", f"{API}/tasks", None, False),
    (("calendar",), "GET", f"{API}/exports/calendar.ics", None, False),
    (("calendar",), "POST", f"{API}/ask", {"question": ""}, False),
]


@pytest.mark.parametrize(("scopes", "method", "path", "body", "allowed"), SCOPED)
def test_scopes(world, scopes, method, path, body, allowed):
    secret, _ = make(world, "admin", scopes)
    answer = as_token(world, secret).request(method, path, json=body)
    assert (answer.status_code != 403) is allowed, answer.text
    assert answer.status_code < 500


READING = {
    ("POST", f"{API}/ask"), ("POST", "/v1/chat/completions"), ("POST", f"{API}/audit/verify"),
    ("POST", f"{API}/query"),
}  # fmt: skip
"""Posts that write nothing."""
ADMINISTERING = (f"{API}/people", f"{API}/settings", f"{API}/tokens")
OPEN = {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"), ("POST", f"{API}/session")}
"""Nobody's token is looked at."""


@pytest.mark.parametrize("scope", ["read", "write", "admin", "calendar"])
def test_every_operation_and_every_scope(world, scope):
    """Of a token of an administrator, whom the roles let do the most."""
    secret, _ = make(world, "admin", (scope,))
    whole, _ = make(world, "admin", ("read", "write", "admin"))
    filled = dict.fromkeys(re.findall(r"{(\w+)}", "".join(path for _, path in TABLE)), "x-0")
    for method, path in sorted(set(TABLE) - OPEN):
        read = method == "GET" or (method, path) in READING
        needed = "read" if read else "admin" if path.startswith(ADMINISTERING) else "write"
        allowed = scope == needed or (read and scope != "calendar")
        place = path.format(**filled)
        answer = as_token(world, secret).request(method, place)
        if allowed:
            assert answer.status_code == as_token(world, whole).request(method, place).status_code
        else:
            assert answer.status_code == 403, (method, path)
            assert "token" in answer.json()["detail"]


def test_a_path_that_ends_like_a_question_is_no_question(world):
    secret, _ = make(world, "admin", ("read",))
    answer = as_token(world, secret).delete(f"{API}/settings/addresses/x/ask")
    assert answer.status_code == 403


def test_the_calendar_feed_by_its_address(world):
    secret, _ = make(world, "other", ("calendar",))
    client = TestClient(world.closed_app)
    feed = client.get(f"{API}/exports/calendar.ics", params={"token": secret})
    assert feed.status_code == 200
    assert feed.headers["Content-Type"].startswith("text/calendar")
    assert b"BEGIN:VEVENT" in feed.content
    tag = {"If-None-Match": feed.headers["ETag"]}
    again = client.get(f"{API}/exports/calendar.ics", params={"token": secret}, headers=tag)
    assert again.status_code == 304
    for other in ("", "wrong", make(world, "other", ("read", "write"))[0]):
        answer = client.get(f"{API}/exports/calendar.ics", params={"token": other})
        assert answer.status_code == 401
    elsewhere = client.get(f"{API}/exports", params={"token": secret})
    assert elsewhere.status_code == 422, "no parameter there"


def test_calendar_stands_alone(world):
    body = {"name": "t", "scopes": ["calendar", "read"]}
    assert world.client("reader").post(f"{API}/tokens", json=body).status_code == 422


def test_a_token_expires(world):
    now = world.service.now()
    secret, _ = make(world, "reader", ("read",), at=now - timedelta(days=2), until=now - timedelta(days=1))  # fmt: skip
    answer = as_token(world, secret).get(f"{API}/corrections")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_is_told_once_and_can_be_revoked(world):
    client = world.client("reader")
    made = client.post(f"{API}/tokens", json={"name": "报表", "scopes": ["read"]}).json()
    assert made["secret"].startswith("duban_")
    listed = client.get(f"{API}/tokens")
    assert made["secret"] not in listed.text
    assert made["id"] in listed.text
    with world.service.store.reading() as connection:
        assert made["secret"] not in str(connection.execute(select(schema.token)).all())
    fresh = as_token(world, made["secret"])
    assert fresh.get(f"{API}/corrections").status_code == 200
    other = world.client("own").delete(f"{API}/tokens/{made['id']}")
    assert other.status_code == 403
    assert client.delete(f"{API}/tokens/{made['id']}").status_code == 204
    assert fresh.get(f"{API}/corrections").status_code == 401


def test_an_unknown_token_is_refused_even_where_reading_is_open(world):
    assert as_token(world, "duban_unknown").get(f"{API}/tasks").status_code == 401


def test_public_reading_is_a_setting(world):
    assert TestClient(world.app).get(f"{API}/tasks").status_code == 200
    assert TestClient(world.closed_app).get(f"{API}/tasks").status_code == 401
