"""Error pages help on, in both languages."""

import pytest

from api.service.limits import RateLimit


def test_nothing_there_leads_on(browser):
    page = browser("public").get("/nothing/<b>here").text
    assert "没有找到" in page
    assert 'action="/tasks"' in page
    assert "<b>here" not in page


def test_who_may_not_is_told_as_whom(browser):
    page = browser("own").get("/audit")
    assert page.status_code == 403
    assert "您以 甲 (单位经办人) 登录" in page.text


def test_too_many_is_told_with_the_time_to_wait(pages_world, browser):
    pages_world.service.ask_limit = limit = RateLimit(60, 60)
    for _ in range(60):
        limit.check("reader")
    token = browser("reader").get("/api/v1/session").json()["csrf"]
    page = browser("reader").post("/", data={"question": "谁负责？", "csrf": token})
    pages_world.service.ask_limit = RateLimit(60, 60)
    assert page.status_code == 429
    assert 0 < int(page.headers["Retry-After"]) <= 61
    assert "秒后再试" in page.text


def test_a_failure_has_a_number_to_ask_by(pages_world, browser, monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError("x")

    monkeypatch.setattr(pages_world.service, "register", broken)
    page = browser("public").get("/units", headers={"X-Request-ID": "ask-for-7"})
    assert page.status_code == 500
    assert "ask-for-7" in page.text
    assert 'href="/units"' in page.text


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/nothing", 404, "Not found"),
        ("GET", "/tasks?since=x", 422, "not a day"),
        ("GET", "/tasks?page=0", 422, "Fields with problems:"),
        ("POST", "/units", 405, "That is not how this works"),
        ("GET", "/admin", 403, "An administrator can give you this right"),
    ],
)
def test_in_english(browser, method, path, status, said):
    client = browser("reader")
    client.get("/language/en")
    try:
        page = client.request(method, path)
        assert page.status_code == status
        assert said in page.text
        assert '<html lang="en">' in page.text
    finally:
        client.get("/language/zh")
