"""Questions, units, the dashboard, the log and administration, as people use them."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_every_page import findings
from tests.browser.test_journeys import FIRST, QUESTION, answer_of

ENGLISH = "Which departments are responsible for drowning prevention?"


def ask(page, question, number=0):
    page.get_by_label("问题", exact=True).fill(question)
    page.get_by_label("问题", exact=True).press("Enter")
    return answer_of(page, number)


def verdict(page, turn):
    talk = page.url.partition("c=")[2].partition("#")[0]
    turns = page.request.get(f"/api/v1/conversations/{talk}").json()["turns"]
    found = next(t for t in turns if t["id"] == turn.get_attribute("id"))
    return found["verdict"], found["reason"]


def test_what_is_wrong_is_said_in_the_page(site):
    with site.visit("official") as page:
        page.on("dialog", lambda _: pytest.fail("a dialog of the browser"))
        page.goto("/")
        turn = ask(page, QUESTION)
        turn.get_by_text("不对", exact=True).press("Enter")
        turn.get_by_label("哪里不对？").fill("少了区应急局")
        turn.get_by_role("button", name="提交评价").click()
        expect(turn.get_by_role("status")).to_have_text("已记下您的评价")
        expect(turn.locator("details.wrong")).not_to_have_attribute("open", "")
        assert verdict(page, turn) == ("wrong", "少了区应急局")
        turn.get_by_role("button", name="答对了").click()
        expect(turn.get_by_role("button", name="答对了")).to_have_attribute("aria-pressed", "true")
        assert verdict(page, turn) == ("right", "")


def test_what_is_wrong_is_said_without_scripts_too(site):
    with site.visit("official", scripts=False) as page:
        page.goto("/")
        page.get_by_label("问题", exact=True).fill(QUESTION)
        page.get_by_role("button", name="提问").click(timeout=FIRST)
        turn = page.locator("article.turn")
        turn.get_by_text("不对", exact=True).click()
        turn.get_by_label("哪里不对？").fill("不全")
        turn.get_by_role("button", name="提交评价").click()
        expect(page.get_by_role("status").first).to_have_text("已记下您的评价")
        assert verdict(page, page.locator("article.turn")) == ("wrong", "不全")
        # Questions to go on with are buttons of a form, which work as well.
        page.locator("form.follow button").first.click(timeout=FIRST)
        expect(page.locator("article.turn")).to_have_count(2)


def test_an_answer_is_copied_where_the_browser_gives_no_clipboard(site):
    """As on a page by plain http from another machine."""
    with site.visit(permissions=["clipboard-read", "clipboard-write"]) as page:
        page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
        page.goto("/")
        turn = ask(page, QUESTION)
        turn.get_by_role("button", name="复制").click()
        expect(turn.get_by_role("button", name="已复制")).to_be_visible()
        page.get_by_label("问题", exact=True).focus()
        page.keyboard.press("Control+v")
        pasted = page.get_by_label("问题", exact=True).input_value()
        assert pasted.startswith(QUESTION)
        assert "[2] 区教委 http://127.0.0.1" in pasted


@pytest.mark.parametrize(
    ("language", "question"), [("zh", QUESTION), ("en", ENGLISH), ("zh", "区水利局要干哪些事？"),
                               ("zh", "生均教学仪器设备值的目标是多少？")],
)  # fmt: skip
def test_every_question_offered_is_answered_in_its_language(site, language, question):
    with site.visit() as page:
        page.goto(f"/language/{language}")
        page.goto("/")
        page.locator("#question").fill(question)
        page.locator("#question").press("Enter")
        answer_of(page)
        offered = page.locator("#follow button")
        expect(offered.first).to_be_visible()
        questions = offered.all_inner_texts()
        assert question not in questions
        for one in questions:
            sent = page.request.post("/api/v1/ask", data={"question": one}).json()
            assert sent["answerable"], one
            assert sent["language"] == language, one
        offered.first.click()
        expect(page.locator("article.turn .asked").nth(1)).to_have_text(questions[0])
        answer_of(page, 1)


def test_a_refusal_says_what_the_documents_hold(site):
    with site.visit() as page:
        page.goto("/")
        ask(page, "校长的电话是多少？")
        held = page.get_by_role("region", name="文件里有什么")
        listed = page.request.get("/api/v1/documents").json()["items"]
        plans = sum(
            len(page.request.get(f"/api/v1/documents/{d['id']}").json()["outline"]) for d in listed
        )
        expect(held.get_by_role("link")).to_have_count(plans)
        held.get_by_role("link", name=site.notice.plans[4].title).click()
        expect(page.locator("mark.hit").first).to_be_in_viewport()


def test_an_answer_is_read_out_once_and_whole(site):
    with site.visit() as page:
        page.goto("/")
        page.evaluate(
            """window.heard = [];
            new MutationObserver(() => window.heard.push(document.getElementById('said').textContent))
              .observe(document.getElementById('said'), {childList: true, characterData: true, subtree: true})"""
        )
        turn = ask(page, QUESTION)
        assert turn.locator("[aria-live]").count() == 0
        first, last = page.evaluate("window.heard")
        assert first == "正在查阅文件……"
        assert last.startswith("回答：“切实抓好溺水防范”涉及 5 个单位")
        assert "出处 7 处" in last
        expect(turn.locator(".words")).not_to_have_attribute("aria-busy", "true")


def test_the_picture_of_neighbours_is_used_by_pointer_and_by_keys(site):
    with site.visit() as page:
        page.goto("/units/区教委")
        picture = page.locator("#graph svg")
        whole = picture.get_attribute("viewBox")
        area = page.get_by_role("region", name="关系图")
        area.focus()
        page.keyboard.press("+")
        near = picture.get_attribute("viewBox")
        assert float(near.split()[2]) < float(whole.split()[2])
        page.keyboard.press("ArrowRight")
        assert float(picture.get_attribute("viewBox").split()[0]) > float(near.split()[0])
        # Dragging moves the picture and goes nowhere.
        node = picture.locator('a[data-unit$="/water"]')
        node.scroll_into_view_if_needed()
        box = node.locator("circle").bounding_box()
        moved = picture.get_attribute("viewBox")
        page.mouse.move(box["x"] + 5, box["y"] + 5)
        page.mouse.down()
        page.mouse.move(box["x"] - 60, box["y"] + 45, steps=4)
        page.mouse.up()
        assert picture.get_attribute("viewBox") != moved
        assert page.url.endswith("/units/%E5%8C%BA%E6%95%99%E5%A7%94")
        page.get_by_role("button", name="全图").click()
        assert picture.get_attribute("viewBox") == whole
        # Pointing at a unit tells what is shared; a click puts it in the middle.
        water = picture.locator('a[data-unit$="/water"]')
        water.hover()
        about = page.locator("#graph .about")
        expect(about.get_by_role("link", name="切实抓好溺水防范")).to_be_visible()
        water.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("区水利局")
        expect(page.locator("#graph text.centre")).to_have_text("区水利局")


def test_a_role_narrows_picture_and_table_alike(site):
    with site.visit() as page:
        page.goto("/units/区教委")
        before = page.locator("tr[data-unit]").count()
        page.locator("#by-role select").select_option(label="审批")
        page.wait_for_url("**role=approve**")
        expect(page.locator("#shared [role=status]")).to_contain_text("审批")
        units = page.locator("tr[data-unit]").evaluate_all(
            "rows => rows.map((r) => r.dataset.unit)"
        )
        drawn = page.locator("#graph a[data-unit]").evaluate_all(
            "all => all.map((a) => a.dataset.unit)"
        )
        assert sorted(units) == sorted(drawn)
        assert 0 < len(units) < before
        page.locator(
            "#graph a[data-unit]"
        ).first.focus()  # the new picture is as alive as the old one
        expect(page.locator("#graph .about")).to_be_visible()
        page.reload()
        assert page.locator("tr[data-unit]").count() == len(units)


def test_without_scripts_a_role_is_a_form(site):
    with site.visit(scripts=False) as page:
        page.goto("/units/区教委")
        page.locator("#by-role select").select_option(label="审批")
        page.locator("#by-role button").click()
        expect(page.locator("#shared [role=status]")).to_contain_text("审批")
        expect(page.locator("#graph .tools")).to_be_hidden()


def test_a_supervisor_looks_at_the_digests_sends_them_and_finds_them_again(site):
    with site.visit("supervisor") as page:
        page.goto("/dashboard")
        page.get_by_role("link", name="发送周报").click()
        page.locator("select[name=unit]").select_option("区教委")
        page.get_by_role("button", name="查看").click()
        expect(page.locator("tbody tr")).to_have_count(1)
        expect(page.locator("tbody tr")).to_contain_text("将发出")
        page.get_by_role("link", name="预览").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("区教委")
        page.go_back()
        page.get_by_role("button", name="发送", exact=True).click()
        expect(page.get_by_label("确认发送")).not_to_be_checked()  # the browser asks for it
        page.get_by_label("确认发送").check()
        page.get_by_role("button", name="发送", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("已发出 1")
        page.get_by_role("link", name="发送记录").click()
        row = page.locator("tbody tr").filter(has_text="区教委")
        expect(row).to_contain_text("已发出")
        row.get_by_role("link", name="发出的原样").click()
        expect(page.get_by_text("区教委").first).to_be_visible()
        assert "sandbox" in page.request.get(page.url).headers["content-security-policy"]


def test_every_bar_leads_to_the_list_that_it_counts(site):
    with site.visit("supervisor") as page:
        page.goto("/dashboard")
        counted = page.locator(".chart a.red").evaluate_all(
            "all => all.map((a) => [a.getAttribute('href'), a.textContent])"
        )
        assert len(counted) > 10
        for href, count in counted:
            listed = page.request.get(href).text()
            assert f"{count} 项" in re.search(r'<p class="count"[^>]*>([^<]*)', listed)[1], href
        bar = page.locator(".chart.by-unit tbody tr").first
        count = bar.locator("a.red").inner_text()
        bar.locator(".bars a").click()
        expect(page.locator("p.count")).to_contain_text(f"{count} 项")


def test_an_auditor_reads_changes_and_takes_the_log_along(site):
    with site.visit("auditor") as page:
        page.goto("/audit")
        page.get_by_role("combobox", name="操作类型").select_option("person.added")
        page.get_by_role("button", name="筛选").click()
        expect(page.locator("tbody tr").first).to_contain_text("添加用户")
        expect(page.locator("tbody tr").first.locator(".changed")).to_contain_text("角色")
        with page.expect_download() as kept:
            page.get_by_role("link", name="JSON Lines").click()
        lines = kept.value.path().read_text(encoding="utf-8").splitlines()
        assert len(lines) == page.locator("tbody tr").count()
        page.get_by_text("不靠本系统也能核对").click()
        expect(page.locator("#check")).to_contain_text("hashlib")


def test_an_administrator_signs_somebody_out(site):
    with site.visit("official") as theirs, site.visit("admin") as page:
        page.goto("/admin/people/official")
        page.get_by_role("button", name="退出其全部登录").click()
        expect(page.get_by_role("status").first).to_have_text("其登录已全部退出")
        theirs.goto("/account")
        expect(theirs.get_by_role("heading", name="登录")).to_be_visible()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_error_page_is_sound(site, language):
    with site.visit("official", phone=True) as page:
        page.goto(f"/language/{language}")
        for path, status in (("/nothing", 404), ("/audit", 403), ("/tasks?since=x", 422)):
            answer = page.goto(path)
            assert answer is not None
            assert answer.status == status
            assert not findings(page), path
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    # The browser itself notes that the page came with such a status.
    assert all(re.search(r"status of (404|403|422)", fault) for fault in site.faults)
    site.faults.clear()


@pytest.mark.parametrize(("phone", "language"), [(False, "zh"), (True, "en")])
def test_axe_finds_nothing_serious_in_an_answer_with_its_source_open(site, phone, language):
    with site.visit("official", phone=phone) as page:
        page.goto(f"/language/{language}")
        page.goto("/")
        page.locator("#question").fill(QUESTION if language == "zh" else ENGLISH)
        page.locator("#question").press("Enter")
        turn = answer_of(page)
        page.locator("#follow button").first.wait_for()
        turn.locator("details.wrong summary").click()
        assert not findings(page)
        turn.locator("a.mark").first.click()
        expect(page.locator("#source")).to_be_visible()
        assert not findings(page)
