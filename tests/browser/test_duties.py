"""A supervisor corrects and settles what was read; an officer proves a report and brings a sheet back;
anyone follows a document's facts and its versions. Every page by axe, on a phone, in English."""

import io
import re

import openpyxl
import pytest
from playwright.sync_api import expect

from tasks.exports.sheet import SHEET, Part
from tasks.exports.workbook import HEADER
from tests.browser.conftest import NOTICE
from tests.browser.test_every_page import findings

COLUMN = {spec.part: at for at, spec in enumerate(SHEET, start=1)}


@pytest.fixture
def task(site):
    """A task with owners, a date and targets."""
    return next(
        t for t in site.notice.tasks
        if t.targets and t.responsibilities and t.milestones and t.milestones[0].due.date
    )  # fmt: skip


def test_a_supervisor_corrects_a_date_and_takes_it_back(site, task):
    first = task.milestones[0]
    with site.visit("supervisor") as page:
        page.goto(f"/tasks/{task.id}")
        article = page.locator("article.milestone").first
        article.get_by_text("更正时限", exact=True).click()
        form = article.locator("form.due")
        form.get_by_label("时限的种类").select_option(label="定期")
        expect(form.get_by_label("日期", exact=True)).to_be_hidden()
        expect(form.get_by_label("多久一次")).to_be_visible()
        form.get_by_label("时限的种类").select_option(label="截止日期")
        form.get_by_label("日期", exact=True).fill("2027-03-31")
        form.get_by_label("理由").fill("与区教委核对")
        form.get_by_role("button", name="更正").click()
        expect(page.get_by_role("status").first).to_have_text("更正已生效，原读法保留在更正记录里")
        expect(article).to_contain_text("2027-03-31")
        expect(article).to_contain_text(f"原读作 {first.due.date}")
        record = page.locator("section", has=page.locator("#fixes"))
        expect(record).to_contain_text("与区教委核对")
        assert not findings(page)
        record.get_by_text("撤回", exact=True).click()
        record.get_by_label("理由").fill("原文无误")
        record.get_by_role("button", name="撤回更正").click()
        expect(page.get_by_role("status").first).to_have_text("更正已撤回，原读法恢复")
        expect(article).not_to_contain_text("2027-03-31")
        expect(record).to_contain_text("已撤回")


def test_a_supervisor_settles_what_was_looked_at(site):
    with site.visit("supervisor") as page:
        page.goto("/")
        page.get_by_role("navigation", name="主导航").get_by_role("link", name="复核").click()
        whole = int(page.locator(".tile[aria-current] b").inner_text())
        page.get_by_role("link", name="时限有两解").click()
        few = page.locator("tbody tr")
        expect(few.first).to_contain_text("年前")
        # The words lead to their exact characters.
        words = few.first.locator("mark").inner_text()
        few.first.locator("a.quoted").click()
        expect(page.locator("mark.hit")).to_have_text(words)
        expect(page.locator("mark.hit")).to_be_in_viewport()
        page.go_back()
        page.get_by_label("全选本页").check()
        chosen = few.count()
        page.get_by_label("理由").fill("已核对纸质原件")
        page.get_by_role("button", name="选中的读法无误").click()
        expect(page.get_by_role("status").first).to_have_text("已复核，记入审计日志")
        page.goto("/review")
        assert int(page.locator(".tile[aria-current] b").inner_text()) == whole - chosen
        page.locator("select[name=state]").select_option(value="settled")
        page.wait_for_url("**/review?*state=settled*")
        expect(page.locator("tbody tr").first).to_contain_text("已核对纸质原件")
        page.get_by_label("全选本页").check()
        page.get_by_label("理由").fill("再看一遍")
        page.get_by_role("button", name="重新列入待复核").click()
        page.goto("/review")
        assert int(page.locator(".tile[aria-current] b").inner_text()) == whole


def test_an_officer_sends_files_with_a_report_and_brings_the_sheet_back(site):
    mine = next(
        t for t in site.notice.tasks
        if any(a.unit == "区水利局" and a.role.value in ("lead", "responsible") for a in t.responsibilities)
    )  # fmt: skip
    with site.visit("official") as page:
        page.goto(f"/tasks/{mine.id}")
        first = page.locator("article.milestone").first
        first.get_by_text("签收", exact=True).click()
        first.get_by_role("button", name="确认：签收").click()
        first.get_by_text("报进展", exact=True).click()
        form = first.locator("details[open] form")
        form.get_by_label("情况").fill("已巡查")
        form.get_by_label("证明材料").set_input_files(
            [{"name": "现场照片.jpg", "mimeType": "image/jpeg", "buffer": b"\xff" * 3_000_000},
             {"name": "台账.txt", "mimeType": "text/plain", "buffer": "巡查台账".encode()}]
        )  # fmt: skip
        first.get_by_role("button", name="确认：报进展").click()
        expect(page.get_by_role("status").first).to_have_text("已办理：报进展")
        with page.expect_download() as kept:
            page.get_by_role("link", name="台账.txt").click()
        assert kept.value.path().read_text(encoding="utf-8") == "巡查台账"
        first.get_by_text("其他步骤为何现在不能办").click()
        expect(first.locator(".why")).to_contain_text("由督办人员办理")

        page.goto("/tasks?unit=区水利局")
        with page.expect_download() as kept:
            page.get_by_role("link", name="Excel").click()
        book = openpyxl.load_workbook(io.BytesIO(kept.value.path().read_bytes()))
        sheet = book.worksheets[0]
        row = next(
            at for at in range(HEADER + 1, sheet.max_row + 1)
            if "已巡查" in str(sheet.cell(at, COLUMN[Part.REPORT]).value)
        )  # fmt: skip
        sheet.cell(row, COLUMN[Part.REPORT]).value = "巡查两轮"
        sheet.cell(row, COLUMN[Part.PERCENT]).value = 50
        out = io.BytesIO()
        book.save(out)
        page.get_by_role("link", name="回收进度表").click()
        page.get_by_label("填好的进度表").set_input_files(
            [
                {
                    "name": "回收.xlsx",
                    "mimeType": "application/octet-stream",
                    "buffer": out.getvalue(),
                }
            ]
        )
        page.get_by_role("button", name="上传核对").click()
        expect(page.get_by_role("status").first).to_contain_text("还没有写入")
        expect(page.locator("tbody tr")).to_have_count(1)
        expect(page.locator("tbody tr")).to_contain_text(str(row))
        assert not findings(page)
        page.get_by_role("button", name="确认写入").click()
        expect(page.get_by_role("status").first).to_contain_text("已写入 1 行")
        page.goto(f"/tasks/{mine.id}")
        expect(first).to_contain_text("巡查两轮")


def test_from_a_clause_to_all_that_was_drawn_from_it(site, task):
    with site.visit() as page:
        page.goto(f"/documents/{site.notice.document.id}?fact={task.clause_id}#here")
        clause = page.locator(f"section#{task.clause_id}")
        drawn = clause.locator("details.drawn")
        drawn.locator("summary").click()
        for a in task.responsibilities:
            expect(drawn).to_contain_text(a.unit)
        drawn.locator(f'a[href*="{task.targets[0].id}"]').click()
        expect(page.locator("mark.hit").first).to_be_visible()
        lit = "".join(page.locator("mark.hit").all_inner_texts())
        assert "".join(lit.split()) == "".join(task.targets[0].quote.split())
        page.goto(f"/documents/{site.notice.document.id}")
        page.get_by_role("checkbox", name=re.compile("目标值")).uncheck()
        painted = "getComputedStyle(document.querySelector('#text mark.target')).backgroundColor"
        assert page.evaluate(painted) == "rgba(0, 0, 0, 0)"


def test_a_new_version_by_upload_and_what_it_changed(site):
    # A number of its own: else it would be a new version of the notice itself.
    words = NOTICE.read_bytes().decode()[:9000].replace("〔2022〕30号", "〔2022〕31号")
    name = "新旧版本.txt"
    with site.visit("supervisor") as page:
        for text in (words, words.replace("2022年前", "2023年前")):
            page.goto("/documents")
            page.get_by_text("上传文件", exact=True).click()
            page.locator("input[name=file]").set_input_files(
                [{"name": name, "mimeType": "text/plain", "buffer": text.encode()}]
            )
            page.get_by_role("button", name="上传", exact=True).click()
            page.get_by_text(re.compile("已入库|已作为新版本入库")).wait_for(timeout=60_000)
        page.locator("main .card a[href^='/documents/doc-']").first.click()
        page.locator("#versions summary").click()
        page.get_by_role("link", name="与本版比较").click()
        expect(page.locator("article.change.changed").first.locator("ins").first).to_have_text(
            re.compile("3")
        )
        assert not findings(page)
        page.locator("header .chip ~ a").first.click()
        expect(page.locator("mark.hit").first).to_be_in_viewport()


def test_files_are_put_in_order_and_belong_together(site):
    def sent(name, text):
        return {"name": name, "mimeType": "text/plain", "buffer": text.encode()}

    duty = "一、任务\n1.建库。（责任单位：区档案局）\n"
    with site.visit("supervisor") as page:
        page.goto("/documents")
        page.get_by_text("上传文件", exact=True).click()
        field, rows = page.locator("input[name=file]"), page.locator(".sending li")
        field.set_input_files([sent(f"第{n}页.txt", "字") for n in (10, 2, 3)])
        expect(rows).to_have_text([re.compile(f"第{n}页") for n in (10, 2, 3)])
        page.get_by_text("所选图片是一份文件的各页").click()
        expect(rows).to_have_text([re.compile(f"第{n}页") for n in (2, 3, 10)])
        page.get_by_role("button", name="上移: 第10页.txt").click()
        page.get_by_role("button", name="上移: 第2页.txt").click()
        expect(rows).to_have_text([re.compile(f"第{n}页") for n in (2, 10, 3)])
        page.goto("/documents")
        page.get_by_text("上传文件", exact=True).click()
        names = ("某区水库方案.txt", "附件1.水库表.txt")
        field.set_input_files([sent(n, f"某区水库{at}方案\n{duty}") for at, n in enumerate(names)])
        page.get_by_role("button", name="上传", exact=True).click()
        links = page.locator("td a[href^='/documents/doc-']")
        expect(links).to_have_count(2, timeout=60_000)
        links.nth(1).click()
        expect(page.locator("dl.facts")).to_contain_text("附件 1，属于 某区水库0方案")


def test_on_paper_the_list_is_there_and_the_forms_are_not(site):
    with site.visit("supervisor") as page:
        page.emulate_media(media="print")
        page.goto("/review")
        expect(page.get_by_role("table")).to_be_visible()
        expect(page.get_by_label("理由")).to_be_hidden()


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_the_new_pages_are_accessible_and_fit_a_phone(site, task, phone):
    for who, paths in {
        "supervisor": ["/review", "/review?state=settled", f"/tasks/{task.id}"],
        "official": ["/tasks/import", "/review"],
    }.items():
        with site.visit(who, phone=phone) as page:
            for path in paths:
                page.goto(path)
                page.evaluate(
                    "document.querySelectorAll('main details').forEach((d) => (d.open = true))"
                )
                assert not findings(page), path
                if phone:
                    assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_the_new_pages_in_english(site, task):
    own = "".join(site.notice.document.text.split()) + "王督查李明"
    for who, paths in {
        "supervisor": ["/review", f"/tasks/{task.id}"],
        "official": ["/tasks/import"],
    }.items():
        with site.visit(who) as page:
            own += site.names(page)
            page.goto("/language/en?back=/tasks")
            for path in paths:
                page.goto(path)
                page.evaluate(
                    "document.querySelectorAll('main details').forEach((d) => (d.open = true))"
                )
                shown = page.evaluate(
                    """[...document.querySelectorAll('label, thead th, button, h2, summary, legend, .chip, .hint, .why li')]
                    .filter((e) => !e.closest('[lang=zh-CN]'))
                    .map((e) => [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.textContent).join(''))"""
                )  # fmt: skip
                said = [run for words in shown for run in re.findall(r"[\u4e00-\u9fff]+", words)]
                assert not [run for run in said if run not in own], path
