"""The journeys of an official, a supervisor and an auditor, as they would take them."""

import re

import pytest
from playwright.sync_api import expect

from kb.identifiers import sha256_hex
from tests.browser.conftest import NOTICE, PASSWORD, PEOPLE

QUESTION = "哪些部门负责防溺水？"
UNITS = ["区委政法委", "区教委", "区公安局", "区水利局", "各镇乡街道"]
FIRST = 180_000
"""Milliseconds that the first question may take: it loads the models and builds the index."""


def answer_of(page, number=0):
    """The answer of a turn, once it is whole."""
    turn = page.locator("article.turn").nth(number)
    turn.locator(".after").wait_for(timeout=FIRST)
    return turn


def words_of(turn) -> list[str]:
    """The paragraphs of an answer with their marks."""
    return [" ".join(p.split()) for p in turn.locator(".words p").all_inner_texts()]


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.login)
def test_everybody_signs_in(site, person):
    with site.visit() as page:
        page.goto("/sign-in")
        page.get_by_label("登录名").fill(person.login)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="登录").click()
        expect(page.get_by_role("button", name="退出")).to_be_visible()
        expect(page.locator("header.top")).to_contain_text(person.name)


def test_an_official_asks_and_sees_the_exact_words(site):
    with site.visit("official", permissions=["clipboard-read", "clipboard-write"]) as page:
        page.goto("/")
        page.get_by_label("问题").fill(QUESTION)
        page.get_by_label("问题").press("Enter")
        turn = answer_of(page)
        for unit in UNITS:
            named = turn.locator(".words").get_by_role("link", name=unit, exact=True)
            expect(named.first).to_be_visible()
        # The mark behind a unit opens the clause beside the answer, with just that unit lit.
        turn.locator(".words a.mark").nth(1).click()
        source = page.get_by_role("complementary", name="原文")
        expect(source.locator("mark.hit")).to_have_text("区教委")
        expect(source).to_contain_text("切实抓好溺水防范")
        expect(source).to_contain_text("与原件一致")
        page.keyboard.press("Escape")
        expect(source).to_be_hidden()
        expect(turn.locator(".words a.mark").nth(1)).to_be_focused()
        # The answer is kept: the server lays it out as the script did.
        streamed = words_of(turn)
        expect(page).to_have_url(re.compile(r"/\?c=talk-"))
        page.reload()
        assert words_of(answer_of(page)) == streamed
        answer_of(page).get_by_role("button", name="复制").click()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith(QUESTION)
        assert "[2] 区教委 http://127.0.0.1" in copied
        answer_of(page).get_by_role("button", name="答对了").click()
        expect(answer_of(page).get_by_role("button", name="答对了")).to_have_attribute("aria-pressed", "true")  # fmt: skip
        # A follow-up, then the unit's own page.
        page.get_by_label("问题").fill("区水利局要干哪些事？")
        page.get_by_role("button", name="提问").click()
        second = answer_of(page, 1)
        expect(second.locator(".words")).to_contain_text("共 2 项任务")
        expect(page.locator("#follow button").first).to_be_visible()
        second.get_by_role("link", name="相关任务").click()
        expect(page.get_by_role("heading", name="任务")).to_be_visible()
        expect(page.locator("tbody tr")).to_have_count(2)


def test_without_scripts_the_same_form_answers(site):
    with site.visit(scripts=False) as page:
        page.goto("/")
        page.get_by_label("问题").fill(QUESTION)
        page.get_by_role("button", name="提问").click(timeout=FIRST)
        page.wait_for_load_state(timeout=FIRST)
        turn = answer_of(page)
        for unit in UNITS:
            expect(turn.locator(".words")).to_contain_text(unit)
        turn.locator(".words a.mark").nth(1).click()
        expect(page.locator("mark.hit")).to_have_text("区教委")
        expect(page.locator("mark.hit")).to_be_in_viewport()


def test_where_the_documents_are_silent_it_says_so(site):
    with site.visit() as page:
        page.goto("/")
        page.get_by_label("问题").fill("校长的电话是多少？")
        page.get_by_label("问题").press("Enter")
        turn = answer_of(page)
        expect(turn.locator(".answer")).to_have_class(re.compile("refused"))
        expect(turn).to_contain_text("不作回答")


def test_what_cannot_be_answered_is_told_and_the_question_kept(site):
    with site.visit() as page:
        page.route("**/api/v1/ask", lambda route: route.abort())
        page.goto("/")
        page.get_by_label("问题").fill(QUESTION)
        page.get_by_label("问题").press("Enter")
        expect(page.get_by_role("alert")).to_have_text("没有得到回答，请再试一次。")
        expect(page.get_by_label("问题")).to_have_value(QUESTION)
    assert all("ERR_FAILED" in fault for fault in site.faults)
    site.faults.clear()


def test_a_supervisor_finds_the_overdue_and_follows_one_to_its_end(site):
    with site.visit("supervisor") as page:
        page.goto("/")
        page.get_by_role("link", name="督办看板").click()
        red = int(page.locator(".tile.red b").inner_text())
        assert red > 0
        page.locator(".chart.by-unit").get_by_role("link", name="区教委", exact=True).click()
        expect(page.get_by_role("heading", name="区教委", exact=False).first).to_be_visible()
        page.get_by_role("link", name="红 逾期").click()
        expect(page.locator("tbody tr .chip.red").first).to_contain_text("红 逾期")
        with page.expect_download() as kept:
            page.get_by_role("link", name="Excel").click()
        assert kept.value.suggested_filename.endswith(".xlsx")
        page.locator("tbody a.duty").first.click()
        task = page.url
    with site.visit("official") as page:
        page.goto(task)
        first = page.locator("article.milestone").first
        first.get_by_text("签收", exact=True).click()
        first.get_by_role("button", name="确认：签收").click()
        expect(page.get_by_role("status")).to_have_text("已办理：签收")
        first.get_by_text("报送办结", exact=True).click()
        first.locator("details[open]").get_by_label("情况").fill("岗位已调剂完毕")
        first.get_by_role("button", name="确认：报送办结").click()
        expect(page.get_by_role("status")).to_have_text("已办理：报送办结")
    with site.visit("supervisor") as page:
        page.goto(task)
        first = page.locator("article.milestone").first
        expect(first).to_contain_text("岗位已调剂完毕")
        for step in ("审核通过", "销号"):
            first.get_by_text(step, exact=True).click()
            first.get_by_role("button", name=f"确认：{step}").click()
            expect(page.get_by_role("status")).to_have_text(f"已办理：{step}")
        expect(page.locator("ol.history li")).to_have_count(4)
        page.get_by_role("link", name="督办看板").click()
        assert int(page.locator(".tile.red b").inner_text()) == red - 1
        page.get_by_role("button", name="看周报").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("督办周报")
        with page.expect_download() as kept:
            page.get_by_role("link", name="Word").click()
        assert kept.value.suggested_filename.endswith(".docx")


def test_an_auditor_goes_from_a_number_to_its_characters_and_checks_the_log(site):
    extraction = site.notice
    task, target = next(
        (t, x) for t in extraction.tasks for x in t.targets if "2000" in str(x.value) and "生均" in x.metric
    )  # fmt: skip
    with site.visit("auditor") as page:
        page.goto(f"/tasks/{task.id}")
        page.locator(f'table a[href*="{target.id}"]').click()
        lit = page.locator("mark.hit")
        expect(lit.first).to_be_in_viewport()
        assert "".join(lit.all_inner_texts()).replace("\n", "") == target.quote.replace("\n", "")
        expect(page.locator("dl.facts")).to_contain_text(sha256_hex(NOTICE.read_bytes()))
        expect(page.locator("dl.facts")).to_contain_text("与原件一致")
        with page.expect_download() as kept:
            page.get_by_role("link", name="下载原件").click()
        assert kept.value.path().read_bytes() == NOTICE.read_bytes()
        page.get_by_role("link", name="审计", exact=True).click()
        with page.expect_download() as kept:
            page.get_by_role("link", name="下载校验点").click()
        page.get_by_label("另存的校验点").fill(kept.value.path().read_text())
        page.get_by_role("button", name="核对").click()
        expect(page.get_by_role("status")).to_contain_text("链完整")
        expect(page.get_by_role("status")).to_contain_text("与 1 个校验点相符")
        page.get_by_role("combobox", name="操作类型").select_option("person")
        page.get_by_role("button", name="筛选").click()
        expect(page.locator("tbody tr").first).to_contain_text("person.")


def test_a_documents_marks_can_be_taken_away_and_its_outline_leads_on(site):
    document = site.notice.document.id
    with site.visit() as page:
        page.goto(f"/documents/{document}")
        mark = page.locator("mark.due").first
        painted = "getComputedStyle(document.querySelector('#text mark.due')).backgroundColor"
        assert page.evaluate(painted) != "rgba(0, 0, 0, 0)"
        page.get_by_role("checkbox", name="时限").uncheck()
        assert page.evaluate(painted) == "rgba(0, 0, 0, 0)"
        expect(mark).to_be_attached()
        plan = site.notice.plans[9]
        page.get_by_role("navigation", name="目录").get_by_role("link", name=plan.title).click()
        expect(page.locator(f"#{plan.id}")).to_be_in_viewport()


@pytest.mark.parametrize(
    ("login", "state", "name"), [("", "passed", "时限已过"), ("supervisor", "overdue", "逾期")]
)
def test_filters_ask_at_once_and_sorting_turns(site, login, state, name):
    with site.visit(login) as page:
        page.goto("/tasks")
        page.locator("select[name=state]").select_option(label=name)
        page.wait_for_url(f"**/tasks?*state={state}*")
        assert "role=" not in page.url  # empty fields stay out of the address
        page.get_by_role("columnheader", name="时限").get_by_role("link").click()
        expect(page.get_by_role("columnheader", name="时限")).to_have_attribute("aria-sort", "descending")  # fmt: skip


def test_the_picture_of_neighbours_lights_the_same_row_of_the_table(site):
    with site.visit() as page:
        page.goto("/units/区教委")
        node = page.locator("#graph a").first
        node.focus()
        row = page.locator(f'tr[data-unit="{node.get_attribute("data-unit")}"]')
        expect(row).to_have_class("on")
        name = row.locator("th").inner_text()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def test_by_keyboard_alone(site):
    with site.visit() as page:
        page.goto("/tasks")
        page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="跳到正文")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
        page.keyboard.press("Enter")
        expect(page.get_by_role("main")).to_be_focused()
        page.goto("/")
        expect(page.get_by_label("问题")).to_be_focused()
        page.keyboard.type(QUESTION)
        page.keyboard.press("Enter")
        turn = answer_of(page)
        expect(page.get_by_label("问题")).to_be_focused()
        for _ in range(40):
            page.keyboard.press("Shift+Tab")
            if page.evaluate("document.activeElement.matches('.words a.mark')"):
                break
        ring = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(ring) == "solid"
        page.keyboard.press("Enter")
        expect(page.locator("#source mark").first).to_be_visible()
        expect(page.locator("#source")).to_be_focused()
        page.keyboard.press("Escape")
        expect(turn.locator("a.mark:focus")).to_be_visible()


def test_on_a_phone_the_source_comes_up_from_below(site):
    with site.visit(phone=True) as page:
        page.goto("/")
        page.get_by_label("问题").fill(QUESTION)
        page.get_by_role("button", name="提问").click()
        answer_of(page).locator("a.mark").first.click()
        expect(page.locator("#source")).to_be_visible()
        box = page.locator("#source").bounding_box()
        assert box is not None
        assert box["x"] == 0
        assert box["y"] + box["height"] == 844
        page.get_by_role("button", name="关闭").click()
        expect(page.locator("#source")).to_be_hidden()
        page.goto("/tasks")
        expect(page.locator("form.filters")).to_be_hidden()
        page.locator("details.box summary").click()
        expect(page.locator("form.filters")).to_be_visible()
