"""Signing in by OpenID Connect, against a real provider on this machine."""

from datetime import timedelta

import httpx
import pytest

from api.service.app import create_app
from api.service.oidc import OidcSettings, read_oidc_settings
from api.settings import SettingError
from tasks import audit
from tasks.authorisation import CONSOLE, PersonRole
from tasks.people import People, Person
from tests.api.service.client import TestClient
from tests.api.service.provider import CLIENT, SECRET, running
from tests.api.service.world import settings_in
from tests.stores import NAME, new_store

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
HERE = "/sign-in/oidc"
GROUPS = "督查室=supervisor,经办=unit_officer,全员=reader,管理=admin"


@pytest.fixture(scope="module")
def real():
    with running() as provider:
        yield provider


@pytest.fixture
def provider(real, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    real.claims = {"preferred_username": "zhang", "name": "张三", "groups": ["全员"]}
    real.faults, real.only_userinfo = set(), ()
    real.asked.clear()
    return real


def environ(provider, **more):
    return {
        "DUBAN_OIDC_ISSUER": provider.url, "DUBAN_OIDC_CLIENT_ID": CLIENT,
        "DUBAN_OIDC_CLIENT_SECRET": SECRET,
    } | more  # fmt: skip


@pytest.fixture
def serve(provider, tmp_path):
    """Starts the service with settings of the provider; gives a browser."""
    opened = []

    def start(**more):
        oidc = read_oidc_settings(environ(provider, **more))
        if not (tmp_path / NAME).exists():
            new_store(tmp_path)
        app = create_app(settings_in(tmp_path), warm=False, oidc=oidc)
        client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
        opened.append(client.__enter__())
        return client

    yield start
    for client in opened:
        client.__exit__(None, None, None)


def go(client, then="/tasks"):
    """From our page to the provider and back; gives our last answer."""
    sent = client.get(HERE, params={"next": then})
    assert sent.status_code == 303, sent.text
    if sent.headers["Location"].startswith("/"):
        return sent
    return client.get(to_provider(sent))


def to_provider(sent):
    back = httpx.get(sent.headers["Location"], follow_redirects=False)
    assert back.status_code == 302
    return back.headers["Location"]


def me(client):
    return client.get("/api/v1/session").json()


def person(client, login):
    return client.app.state.service.people.get(login)


def add(client, login, role, units=()):
    service = client.app.state.service
    made = Person(login=login, name=login, role=PersonRole(role), units=units)
    return People(service.store).add(CONSOLE, made, service.now())


def test_a_new_person_becomes_a_reader_whatever_the_provider_says(serve, provider):
    provider.claims["groups"] = ["管理", "督查室"]
    client = serve(DUBAN_OIDC_ROLES=GROUPS)
    back = go(client)
    assert (back.status_code, back.headers["Location"]) == (303, "/tasks")
    assert me(client) | {"csrf": ""} == {
        "login": "zhang", "name": "张三", "role": "reader", "units": [], "csrf": "",
    }  # fmt: skip
    with client.app.state.service.store.reading() as connection:
        entries = list(audit.read(connection))
    assert [(e.actor, e.action) for e in entries][-2:] == [
        ("oidc", "person.added"), ("zhang", "session.opened"),
    ]  # fmt: skip


def test_a_known_person_keeps_the_role_given_here(serve, provider):
    client = serve()
    add(client, "zhang", "auditor")
    go(client)
    assert me(client)["role"] == "auditor"


def test_the_request_carries_pkce_state_and_nonce_each_its_own(serve, provider):
    client = serve()
    go(client)
    go(TestClient(client.app, follow_redirects=False))
    first, second = provider.asked
    assert first["response_type"] == "code"
    assert first["code_challenge_method"] == "S256"
    assert first["redirect_uri"] == f"http://testserver{HERE}/callback"
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 20
        assert first[name] != second[name]


FAULTS = [
    "nonce", "no-nonce", "audience", "expired", "token-issuer", "access-hash", "unsigned",
    "shared-secret", "other-key", "mixed", "refused", "broken",
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_an_answer_that_does_not_hold_signs_nobody_in(serve, provider, fault):
    provider.faults = {fault}
    client = serve()
    back = go(client)
    assert (back.status_code, back.headers["Location"]) == (303, "/sign-in")
    assert "duban_session" not in client.cookies
    assert not me(client)["login"]
    page = client.get("/sign-in")
    assert "登录" in page.text
    assert "Traceback" not in page.text
    assert not [p for p in client.app.state.service.people.list() if p.login == "zhang"]


def test_userinfo_of_somebody_else_is_not_taken(serve, provider):
    provider.only_userinfo, provider.faults = ("preferred_username",), {"other-subject"}
    client = serve()
    go(client)
    assert not me(client)["login"]
    provider.faults = set()
    go(client)
    assert me(client)["login"] == "zhang"


def test_only_the_browser_that_began_it_can_end_it_and_once(serve, provider):
    client = serve()
    address = to_provider(client.get(HERE))
    stranger = TestClient(client.app, follow_redirects=False)
    assert stranger.get(address).headers["Location"] == "/sign-in"
    assert client.get(address).headers["Location"] == "/sign-in"  # used up by the stranger's try
    address = to_provider(client.get(HERE))
    assert client.get(address).headers["Location"] == "/"
    client.cookies.clear()
    assert client.get(address).headers["Location"] == "/sign-in"
    assert client.get(f"{HERE}/callback").headers["Location"] == "/sign-in"


def test_a_sign_in_that_took_too_long_is_begun_again(serve, provider, monkeypatch):
    client = serve()
    address = to_provider(client.get(HERE))
    service = client.app.state.service
    later = service.now() + timedelta(minutes=11)
    monkeypatch.setattr(service, "now", lambda: later)
    assert client.get(address).headers["Location"] == "/sign-in"


@pytest.mark.parametrize(
    "then", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere"]
)
def test_it_leads_on_to_our_own_pages_only(serve, provider, then):
    assert go(serve(), then).headers["Location"] == "/"


@pytest.mark.parametrize("fault", ["issuer", "endpoint"])
def test_a_provider_that_is_not_the_one_set_is_not_used(serve, provider, fault):
    provider.faults = {fault}
    client = serve()
    assert go(client, "/").headers["Location"] == "/sign-in?next=%2F"
    provider.faults = set()
    if fault == "issuer":  # read anew; what is read is kept otherwise
        assert go(client, "/").headers["Location"] == "/"


def test_a_provider_that_is_away_leaves_the_password(provider, tmp_path):
    oidc = OidcSettings(issuer="http://127.0.0.1:9", client_id=CLIENT)
    app = create_app(settings_in(tmp_path), warm=False, oidc=oidc)
    with TestClient(app, follow_redirects=False) as client:
        assert client.get(HERE).headers["Location"].startswith("/sign-in?")
        assert "统一身份登录" in client.get("/sign-in").text
        assert (
            "密码登录" in client.get("/sign-in").text or client.get("/sign-in").status_code == 200
        )


def test_without_the_setting_there_is_none(tmp_path):
    with TestClient(create_app(settings_in(tmp_path), warm=False)) as client:
        assert "统一身份登录" not in client.get("/sign-in").text
        assert client.get(HERE).status_code == 404
        assert client.get(f"{HERE}/callback").status_code == 404


@pytest.mark.parametrize(
    ("held", "groups", "enters"),
    [
        ("supervisor", ["督查室"], True),
        ("supervisor", ["督查室", "全员"], True),
        ("supervisor", ["管理"], True),
        ("reader", ["督查室"], True),
        ("supervisor", ["全员"], False),
        ("auditor", ["督查室"], False),
        ("admin", ["督查室"], False),
        ("reader", ["别的组"], False),
        ("reader", [], False),
        (None, ["别的组"], False),
        (None, "全员", True),
    ],
)
def test_a_role_holds_while_the_provider_confirms_it(serve, provider, held, groups, enters):
    provider.claims["realm_access"] = {"roles": groups}
    client = serve(DUBAN_OIDC_ROLES=GROUPS, DUBAN_OIDC_ROLE_CLAIM="realm_access.roles")
    if held:
        add(client, "zhang", held)
    go(client)
    assert bool(me(client)["login"]) is enters
    if held:
        assert person(client, "zhang").role == held
    elif enters:
        assert person(client, "zhang").role == "reader"


def test_units_follow_the_provider_where_set(serve, provider):
    provider.claims["ou"] = ["万州区水利局", "区教委"]
    client = serve(DUBAN_OIDC_UNIT_CLAIM="ou")
    add(client, "zhang", "unit_officer", ("万州区教委",))
    go(client)
    assert person(client, "zhang").units == ("万州区/water", "区教委")
    assert person(client, "zhang").unsettled == ("区教委",)  # of which district? it gives no rights
    provider.claims["ou"] = []
    assert go(client).headers["Location"] == "/sign-in"
    assert len(person(client, "zhang").units) == 2  # an officer of none may not be


def test_units_do_not_follow_it_otherwise(serve, provider):
    provider.claims["ou"] = ["区水利局"]
    client = serve()
    add(client, "zhang", "unit_officer", ("万州区教委",))
    go(client)
    assert me(client)["units"] == ["万州区/education"]


@pytest.mark.parametrize(
    ("claims", "more"),
    [
        ({"preferred_username": "console"}, {}),
        ({"preferred_username": "OIDC"}, {}),
        ({"preferred_username": "a b"}, {}),
        ({"preferred_username": "  "}, {}),
        ({"preferred_username": 7}, {}),
        ({"preferred_username": None}, {}),
        ({"email": "a@b.cn"}, {"DUBAN_OIDC_LOGIN_CLAIM": "email"}),
        ({"email": "a@b.cn", "email_verified": "true"}, {"DUBAN_OIDC_LOGIN_CLAIM": "email"}),
    ],
)
def test_names_that_cannot_be_used_sign_nobody_in(serve, provider, claims, more):
    provider.claims |= claims
    client = serve(**more)
    assert go(client).headers["Location"] == "/sign-in"
    assert not client.app.state.service.people.list()


def test_a_verified_address_may_be_the_name(serve, provider):
    provider.claims |= {"email": "a@b.cn", "email_verified": True}
    client = serve(DUBAN_OIDC_LOGIN_CLAIM="email")
    go(client)
    assert me(client)["login"] == "a@b.cn"


def test_the_inactive_stay_out(serve, provider):
    client = serve()
    made = add(client, "zhang", "reader")
    service = client.app.state.service
    service.people.change(CONSOLE, made.model_copy(update={"active": False}), service.now())
    go(client)
    assert not me(client)["login"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"DUBAN_OIDC_ISSUER": "http://login.example"}, "https"),
        ({"DUBAN_OIDC_ISSUER": "login.example"}, "https"),
        ({"DUBAN_OIDC_CLIENT_ID": ""}, "DUBAN_OIDC_CLIENT_ID"),
        ({"DUBAN_OIDC_SCOPES": "profile"}, "openid"),
        ({"DUBAN_OIDC_ROLES": "督查室"}, "DUBAN_OIDC_ROLES"),
        ({"DUBAN_OIDC_ROLES": "督查室=boss"}, "boss"),
    ],
)
def test_settings_that_cannot_be_used_are_told(changed, words):
    given = {"DUBAN_OIDC_ISSUER": "https://login.example", "DUBAN_OIDC_CLIENT_ID": "duban"}
    with pytest.raises(SettingError, match=words):
        read_oidc_settings(given | changed)


def test_no_issuer_no_provider():
    assert read_oidc_settings({"DUBAN_OIDC_CLIENT_ID": "duban"}) is None


def test_the_secret_is_not_printed():
    assert SECRET not in repr(OidcSettings(issuer="https://a", client_id="b", client_secret=SECRET))
