"""Digests from the screen: looked at, sent once, kept as they went out."""

import re
from urllib.parse import unquote

import pytest

from api.delivery.settings import DeliverySettings
from tasks.authorisation import CONSOLE
from tasks.outbox import Key, Outbox
from tests.api.service.pages.contracts.test_forms import told
from tests.api.service.world import CLOSED_UNIT, OTHER, OWN
from tests.tasks.samples import unit_of

WEEK = "2026-W02"


@pytest.fixture
def drop(pages_world, tmp_path):
    """A folder that takes every unit's digest."""
    pages_world.app.state.delivery = DeliverySettings(drop=tmp_path)
    yield tmp_path
    pages_world.app.state.delivery = DeliverySettings()


def send(browser, csrf, week, unit=OWN, role="supervisor", confirmed="1"):
    data = {"week": week, "unit": unit, "confirmed": confirmed, "csrf": csrf(role)}
    return browser(role).post("/dashboard/send", data=data)


def test_nothing_goes_out_before_it_was_looked_at_and_confirmed(browser, csrf, drop):
    page = browser("supervisor").get("/dashboard/send", params={"week": WEEK, "unit": OWN}).text
    assert "将发出" in page
    assert OWN in page
    assert "请先勾选确认" in told(browser("supervisor"), send(browser, csrf, WEEK, confirmed=""))
    assert not list(drop.iterdir())


def test_what_went_out_is_listed_and_kept_as_it_was(pages_world, browser, csrf, drop):
    page = send(browser, csrf, WEEK)
    assert page.status_code == 200, page.text[:300]
    assert "已发出 1" in page.text
    [sent] = drop.rglob("*.html")
    archive = browser("supervisor").get("/dashboard/digests", params={"week": WEEK}).text
    assert "已发出" in archive
    [address] = set(re.findall(r"/dashboard/digests/copy/[0-9a-f]{64}", archive))
    kept = browser("auditor").get(address)
    assert kept.content == sent.read_bytes()
    assert kept.headers["Content-Security-Policy"].startswith("sandbox")
    assert OWN in unquote(kept.headers["Content-Disposition"])
    # What happens to the duties afterwards does not change what went out.
    before = sent.stat().st_mtime_ns
    again = send(browser, csrf, WEEK)
    assert "已发出 0" in again.text or "没有要发的" in again.text
    assert sent.stat().st_mtime_ns == before
    for role in ("reader", "own", "other"):
        assert browser(role).get(address).status_code == 404
    assert browser("public").get(address).status_code == 303


def test_officers_see_what_went_to_their_own_units(browser, csrf, drop):
    week = "2026-W03"
    for unit in (OWN, OTHER):
        send(browser, csrf, week, unit)
    own = browser("own").get("/dashboard/digests", params={"week": week}).text
    assert f">{OWN}<" in own
    assert f">{OTHER}<" not in own
    assert "copy/" not in own
    assert "还没有发送过" in browser("reader").get("/dashboard/digests").text
    every = browser("auditor").get("/dashboard/digests", params={"week": week}).text
    assert f">{OWN}<" in every
    assert f">{OTHER}<" in every
    assert "digests/release" not in every
    some = browser("auditor").get("/dashboard/digests", params={"week": week, "unit": OTHER}).text
    assert f">{OWN}<" not in some
    assert "还没有发送过" in browser("auditor").get("/dashboard/digests", params={"status": "failed"}).text  # fmt: skip


def test_a_delivery_goes_out_again_after_somebody_said_why(pages_world, browser, csrf, drop):
    week = "2026-W04"
    send(browser, csrf, week)
    form = {"week": week, "unit": unit_of(OWN), "channel": "file", "csrf": csrf("supervisor")}
    client = browser("supervisor")
    assert "要写明理由" in told(client, client.post("/dashboard/digests/release", data=form))
    page = told(
        client, client.post("/dashboard/digests/release", data=form | {"reason": "没有收到"})
    )
    assert "准许再发" in page
    assert "已发出 1" in send(browser, csrf, week).text
    assert Outbox(pages_world.service.store, "").get(Key(unit=unit_of(OWN), week=week, channel="file")).attempts == 2  # fmt: skip


@pytest.mark.parametrize("role", ["reader", "own", "auditor", "admin"])
def test_only_supervisors_send(browser, csrf, role):
    assert browser(role).get("/dashboard/send").status_code == 403
    assert send(browser, csrf, WEEK, role=role).status_code == 403
    data = {"week": WEEK, "unit": OWN, "channel": "file", "reason": "x", "csrf": csrf(role)}
    assert browser(role).post("/dashboard/digests/release", data=data).status_code == 403


@pytest.mark.parametrize("path", ["/dashboard/send", "/dashboard/digests/release"])
def test_sending_takes_the_csrf_value(browser, path):
    data = {"week": WEEK, "unit": OWN, "channel": "file", "confirmed": "1", "reason": "x"}
    assert browser("supervisor").post(path, data=data).status_code == 403


def test_a_channel_that_is_not_set_up_is_told(pages_world, browser, csrf):
    from tasks.addresses import Address, Addresses

    found = Addresses(pages_world.service.store)
    now = pages_world.service.now()
    found.set(CONSOLE, Address(unit=OTHER, channel="email", target="a@b.example"), now)
    page = send(browser, csrf, "2026-W05", OTHER).text
    assert "渠道没有设置" in page
    assert 'role="alert"' in page
    found.remove(CONSOLE, OTHER, "email", now)
    assert "没有地址" in send(browser, csrf, "2026-W05", OTHER).text


def test_each_bar_of_the_dashboard_leads_to_just_what_it_counts(browser):
    client = browser("supervisor")
    page = client.get("/dashboard?as_of=2026-06-01").text
    bars = re.findall(r'<a class="red" href="([^"]+)" aria-label="([^"]+)">(\d+)</a>', page)
    assert len(bars) > 3
    for href, name, count in bars:
        listed = client.get(href.replace("&amp;", "&"))
        assert listed.status_code == 200
        assert re.search(r'<p class="count"[^>]*>(\d+) 项', listed.text)[1] == count, name
    assert CLOSED_UNIT in page
    assert CLOSED_UNIT not in browser("reader").get("/dashboard?as_of=2026-06-01").text
