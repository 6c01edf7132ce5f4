"""Administration: people and their sessions, names that nobody resolves, settings without secrets."""

import re
from pathlib import Path

import pytest

import api
from api.delivery.settings import read_delivery_settings
from api.service.oidc import read_oidc_settings
from api.service.pages.admin import unresolved
from api.service.pages.configuration import settings_shown
from api.settings import read_settings
from tasks.queries import Register
from tests.api.service.client import TestClient
from tests.api.service.pages.contracts.test_forms import told
from tests.api.service.world import PASSWORD

SECRET = "geheim-7391"
ENVIRON = {
    "DUBAN_STORE": f"postgresql://duban:{SECRET}@db.example/duban?password={SECRET}",
    "DUBAN_LLM_URL": f"https://user:{SECRET}@llm.example/v1?key={SECRET}",
    "DUBAN_LLM_KEY": SECRET, "DUBAN_SMTP_HOST": "mail.example", "DUBAN_SMTP_FROM": "a@b.example",
    "DUBAN_SMTP_USER": "duban", "DUBAN_SMTP_PASSWORD": SECRET, "DUBAN_SMTP_TLS": "none",
    "DUBAN_CHROMA_URL": f"http://x:{SECRET}@chroma.example:8000", "DUBAN_OIDC_ISSUER": "https://sso.example",
    "DUBAN_OIDC_CLIENT_ID": "duban", "DUBAN_OIDC_CLIENT_SECRET": SECRET,
}  # fmt: skip


def signed_in(world, login):
    client = TestClient(world.app, follow_redirects=False, headers={"Accept": "text/html"})
    client.post("/sign-in", data={"login": login, "password": PASSWORD})
    assert client.get("/account").status_code == 200
    return client


def test_a_persons_sessions_are_seen_and_ended(pages_world, browser, csrf):
    there = signed_in(pages_world, "other")
    admin = browser("admin")
    page = admin.get("/admin/people/other").text
    assert "有效至" in page
    form = {"csrf": csrf("admin")}
    assert "其登录已全部退出" in told(
        admin, admin.post("/admin/people/other/sessions/end", data=form)
    )
    assert there.get("/account").status_code == 303
    assert "现在没有登录" in admin.get("/admin/people/other").text
    assert "结束登录" in browser("auditor").get("/audit?action=session.ended").text
    assert admin.post("/admin/people/nobody/sessions/end", data=form).status_code == 404


def test_one_ends_ones_own_sessions_everywhere(pages_world):
    here, there = (signed_in(pages_world, "supervisor") for _ in range(2))
    token = here.get("/api/v1/session").json()["csrf"]
    assert here.post("/account/sessions/end", data={"csrf": "x"}).status_code == 403
    assert (
        here.post("/account/sessions/end", data={"csrf": token}).headers["Location"] == "/sign-in"
    )
    assert here.get("/account").status_code == 303
    assert there.get("/account").status_code == 303


@pytest.mark.parametrize("role", ["reader", "supervisor", "auditor"])
def test_only_administrators_end_others_sessions(browser, csrf, role):
    form = {"csrf": csrf(role)}
    assert browser(role).post("/admin/people/own/sessions/end", data=form).status_code == 403
    assert browser("own").get("/account").status_code == 200


@pytest.mark.parametrize(
    ("query", "found", "left"),
    [("q=甲", "/admin/people/own", "/admin/people/other"),
     ("role=auditor", "/admin/people/auditor", "/admin/people/own"),
     ("q=区水利局", "/admin/people/own", "/admin/people/auditor")],
)  # fmt: skip
def test_people_are_found(browser, query, found, left):
    page = browser("admin").get(f"/admin?{query}").text
    assert f'href="{found}"' in page
    assert f'href="{left}"' not in page


def test_names_that_nobody_resolves_are_counted_with_their_places(pages_world):
    from ingest.pipeline import extract_bytes

    words = (
        "某区示范方案（2024—2026年）\n一、主要任务\n"
        "1.建设平台。到2025年建成平台。（责任单位：区教委、云岭专班）\n"
        "2.开展培训。到2025年完成培训。（责任单位：云岭专班）\n"
    )
    extraction = extract_bytes(words.encode(), "strange.txt")
    [found] = unresolved(Register([extraction]))
    assert (found.unit, found.tasks) == ("云岭专班", 2)
    for document, _, span in found.places:
        assert document == extraction.document.id
        assert span.slice(extraction.document.text) == "云岭专班"


@pytest.mark.parametrize(
    ("name", "said"), [("区水利局", "读作 区水利局"), ("云岭专班", "读不成一个单位")]
)
def test_how_a_name_is_read(browser, name, said):
    assert said in browser("admin").get("/admin/organisations", params={"q": name}).text


def shown(environ):
    home = Path("/nowhere")
    groups = settings_shown(
        read_settings(environ, home), read_delivery_settings(environ), read_oidc_settings(environ),
        frozenset(environ), public_read=True,
    )  # fmt: skip
    return {row.name: row for group in groups for row in group.rows}


def test_no_secret_is_shown():
    rows = shown(ENVIRON)
    assert SECRET not in repr(rows)
    assert rows["DUBAN_SMTP_PASSWORD"].value == "••••••"
    assert rows["DUBAN_STORE"].value == "postgresql://db.example/duban"
    assert rows["DUBAN_STORE"].given
    assert not rows["DUBAN_LANG"].given
    assert shown({})["DUBAN_SMTP_PASSWORD"].value == "—"


def test_every_setting_that_is_read_is_shown():
    """A new setting gets its line on the page."""
    root = Path(api.__file__).parent
    files = ("settings.py", "delivery/settings.py", "service/oidc.py")
    text = "".join((root / name).read_text(encoding="utf-8") for name in files)
    read = set(re.findall(r'"(DUBAN_[A-Z_]*[A-Z])"', text))
    assert read <= set(shown({}))


def test_addresses_of_the_file_are_shown_as_such(pages_world, browser):
    from api.delivery.settings import DeliverySettings

    preset = {"email": {"区教委": ("a@b.example", "")}}
    pages_world.app.state.delivery = DeliverySettings(preset=preset)
    try:
        page = browser("admin").get("/admin/addresses").text
    finally:
        pages_world.app.state.delivery = DeliverySettings()
    assert "a@b.example" in page
    assert "<code>DUBAN_ADDRESSES</code>" in page
    assert "没有地址的单位" in page
