"""What supervisors and officers do with facts by forms: correct, review, settle; evidence and sheets."""

import io
import re

import openpyxl
import pytest

from api.service.guard import LARGEST_BODY
from api.service.pages import task as task_page
from ingest.pipeline import extract_bytes
from kb.language.roles import Role
from tasks.exports.sheet import SHEET, Part
from tasks.exports.workbook import HEADER
from tasks.models import Extraction
from tests.api.service.pages.contracts.test_forms import told
from tests.api.service.world import SECRET
from tests.tasks.samples import NOW

DOUBTFUL = """某区水利工作方案（2024—2026年）
一、主要任务
1.走访用户。2026年前走访用户12户以上。（责任单位：区水利局）
"""
COLUMN = {spec.part: at for at, spec in enumerate(SHEET, start=1)}


@pytest.fixture(scope="module")
def doubtful(pages_world) -> Extraction:
    """A document with a date that can be read in two ways, a duty of the officer's."""
    data = DOUBTFUL.encode()
    extraction = extract_bytes(data, "doubtful.txt")
    pages_world.service.store.add(extraction, data, recorded_at=NOW)
    return extraction


@pytest.fixture
def supervisor(pages_world, browser, csrf):
    """Send a correction of a task; gives the page afterwards. All are withdrawn at the end."""
    client, token = browser("supervisor"), csrf("supervisor")
    before = {c.id for c in pages_world.service.tracker.corrections()}

    def send(task, **fields):
        data = {"csrf": token, "reason": "核对原件<b>"} | fields
        return told(client, client.post(f"/tasks/{task.id}/corrections", data=data))

    yield send
    for c in pages_world.service.tracker.corrections():
        if c.id not in before and c.status != "withdrawn":
            data = {"csrf": token, "reason": "测试完毕", "back": "/tasks"}
            told(client, client.post(f"/corrections/{c.id}/withdraw", data=data))


def now(world, task):
    """A task as it stands."""
    register = world.service.register(world.service.people.get("supervisor").actor())
    return register.placed(task.id).task


def cells(page: str, section: str) -> str:
    """The words of a section without its tags."""
    part = page.split(f'<h2 id="{section}">')[1].partition("</section>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", part).split())


def test_an_owner_is_put_in_anothers_place_and_the_original_stands_beside(pages_world, supervisor):
    task = pages_world.open.tasks[1]
    was = task.responsibilities[0]
    page = supervisor(
        task, aspect="owner", operation="change", unit=was.unit, role=was.role.value,
        new_unit="区林业局", new_role=was.role.value,
    )  # fmt: skip
    owners = [(a.unit, a.role) for a in now(pages_world, task).responsibilities]
    assert ("区林业局", was.role) in owners
    assert (was.unit, was.role) not in owners
    assert f"原读作 {was.unit}" in cells(page, "owners")
    record = cells(page, "fixes")
    assert f"改 责任单位 {was.unit}" in record
    assert "督办 20" in record, "who, by name, and when"
    assert "核对原件&lt;b&gt;" in record
    assert "更正已生效" in page


def test_what_was_left_as_it_was_is_no_change(pages_world, supervisor):
    task = pages_world.open.tasks[1]
    was = task.responsibilities[0]
    page = supervisor(
        task, aspect="owner", operation="change", unit=was.unit, role=was.role.value,
        new_unit=was.unit, new_role=was.role.value,
    )  # fmt: skip
    assert 'role="alert"' in page
    supervisor(
        task, aspect="owner", operation="change", unit=was.unit, role=was.role.value,
        new_unit=was.unit, new_role="supervise",
    )  # fmt: skip
    made = pages_world.service.tracker.corrections()[-1]
    assert (made.aspect, made.new_unit, made.new_role) == ("role", "", Role.SUPERVISE)


def test_an_owner_is_added_and_removed_in_two_languages(pages_world, supervisor, browser):
    task = pages_world.open.tasks[1]
    page = supervisor(task, aspect="owner", operation="add", unit=" 区 林业局", role="joint")
    assert "人工补充" in cells(page, "owners")
    client = browser("supervisor")
    client.get("/language/en")
    english = client.get(f"/tasks/{task.id}").text
    client.get("/language/zh")
    assert "added manually" in cells(english, "owners")
    page = supervisor(task, aspect="owner", operation=["change", "reject"], unit="区林业局", role="joint")  # fmt: skip
    assert "区林业局" not in cells(page.split("更正责任单位")[0] + "</section>", "owners")
    assert "删 责任单位 区林业局 (配合)" in cells(page, "fixes")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "by", "day": "2026-09-30"}, "2026-09-30"),
        ({"kind": "in", "begin": "2026-01-01", "day": "2026-06-30"}, "2026-01-01 — 2026-06-30"),
        ({"kind": "recurring", "every": "FREQ=YEARLY", "month": "9"}, "每年9月"),
        ({"kind": "recurring", "every": "FREQ=MONTHLY;INTERVAL=3"}, "每季度"),
        (
            {"kind": "relative", "event": "甲校验收", "count": "3", "span": "M"},
            "甲校验收起 3个月内",
        ),
        (
            {"kind": "relative", "event": "收到申请", "count": "5", "span": "working_days"},
            "收到申请起 5个工作日内",
        ),
        ({"kind": "start", "day": "2026-09-01"}, "2026-09-01 起"),
    ],
)
def test_a_deadline_of_each_kind(pages_world, supervisor, fields, said):
    task = pages_world.open.tasks[0]
    milestone = task.milestones[0]
    page = supervisor(task, aspect="date", operation="change", fact_id=milestone.id, **fields)
    assert said in cells(page, "dues")
    assert "原读作 2025-12-31" in cells(page, "dues")
    assert "“到2025年”" in cells(page, "dues"), "where it is printed is still shown"
    assert said in cells(page, "fixes")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "by"}, "时限不全"),
        ({"kind": "by", "day": "明天"}, "不是日期"),
        ({"kind": "in", "begin": "2026-07-01", "day": "2026-06-30"}, "晚于"),
        ({"kind": "recurring", "every": "FREQ=SECONDLY"}, "周期规则不可用"),
        ({"kind": "recurring", "every": "FREQ=YEARLY", "month": "13"}, "要在 1 到 12 之间"),
        ({"kind": "relative", "event": "验收", "count": "三", "span": "M"}, "不是整数"),
        ({"kind": "relative", "count": "3", "span": "M"}, "从什么事件起算"),
        ({"kind": "relative", "event": "验收", "count": "3", "span": "X"}, "多长时间"),
    ],
)
def test_a_deadline_that_cannot_be_is_told_and_nothing_changes(
    pages_world, supervisor, fields, said
):
    task = pages_world.open.tasks[0]
    before = now(pages_world, task)
    page = supervisor(
        task, aspect="date", operation="change", fact_id=task.milestones[0].id, **fields
    )
    assert said in page
    assert 'role="alert"' in page
    assert now(pages_world, task) == before


def test_a_target_is_changed_added_and_removed(pages_world, supervisor):
    task = pages_world.open.tasks[0]
    target = task.targets[0]
    given = {"metric": target.metric, "scope": target.scope or "", "comparator": target.comparator.value,
             "measure": target.measure or "", "milestone": target.milestone_id or ""}  # fmt: skip
    page = supervisor(
        task, aspect="target", operation="change", fact_id=target.id, value="25", **given
    )
    assert "25" in cells(page, "targets")
    assert "原读作" in cells(page, "targets")
    assert pages_world.service.tracker.corrections()[-1].values == {"value": "25"}, (
        "only what differs"
    )
    page = supervisor(task, aspect="target", operation="add", metric="覆盖率", value="9x")
    assert "不可用" in page
    page = supervisor(task, aspect="target", operation="add", metric="覆盖率", value="95", measure="%", quote="整治隐患点20处以上")  # fmt: skip
    added = now(pages_world, task).targets[-1]
    assert (added.metric, f"{added.value}{added.measure}", added.quote) == (
        "覆盖率",
        "95%",
        "整治隐患点20处以上",
    )
    page = supervisor(task, aspect="target", operation=["change", "reject"], fact_id=target.id, value="x", metric="x")  # fmt: skip
    assert target.id not in {t.id for t in now(pages_world, task).targets}
    assert "删 目标值" in cells(page, "fixes")


def test_who_may_not_correct_sees_the_record_but_no_form(pages_world, supervisor, browser):
    task = pages_world.open.tasks[1]
    supervisor(task, aspect="owner", operation="add", unit="区林业局", role="joint")
    for role in ("reader", "own", "auditor"):
        page = browser(role).get(f"/tasks/{task.id}").text
        assert "补 责任单位" in cells(page, "fixes")
        assert "/corrections" not in page
    assert "更正记录" not in browser("public").get(f"/tasks/{task.id}").text


# ---- what needs a look


def test_an_item_is_settled_and_put_back_with_its_reason(doubtful, browser, csrf):
    client, token = browser("supervisor"), csrf("supervisor")
    page = client.get("/review").text
    keys = re.findall(r'name="item" value="(settle-\w+)"', page)
    assert "2026年前" in page
    assert f'href="/tasks/{doubtful.tasks[0].id}#dues"' in page
    data = {
        "csrf": token,
        "item": keys[0],
        "reason": "已对照纸质件",
        "back": "/review?state=settled",
    }
    assert 'role="alert"' in told(client, client.post("/review/settle", data=data | {"reason": " "}))  # fmt: skip
    page = told(client, client.post("/review/settle", data=data))
    assert "已复核，记入审计日志" in page
    assert "已对照纸质件" in page
    assert keys[0] not in client.get("/review").text
    again = client.post("/review/open", data=data | {"back": "/review", "reason": "再看"})
    assert keys[0] in told(client, again)
    assert "没有选中" in told(client, client.post("/review/settle", data={"csrf": token, "reason": "x"}))  # fmt: skip
    strange = client.post("/review/settle", data=data | {"item": "settle-000000000000"})
    assert strange.status_code == 404


def test_the_list_shows_nothing_closed_and_no_form_to_those_who_only_look(pages_world, browser):
    page = browser("own").get("/review").text
    assert 'name="item"' not in page
    assert SECRET not in browser("reader").get("/review").text
    assert browser("reader").get("/review?kind=maybe").status_code == 422


# ---- evidence


@pytest.fixture
def reporting(doubtful, browser, csrf):
    """A task of the officer's that is open, and a sender of reports on it."""
    [task] = doubtful.tasks
    client = browser("own")
    accept = {"csrf": csrf("own"), "milestone": task.milestones[0].id, "step": "accept"}
    client.post(f"/tasks/{task.id}/steps", data=accept)

    def send(files, **fields):
        data = {
            "csrf": csrf("own"),
            "milestone": task.milestones[0].id,
            "step": "report",
            "text": "附件",
        } | fields
        return client.post(f"/tasks/{task.id}/steps", data=data, files=files)

    return task, client, send


def test_several_large_files_prove_a_report(pages_world, reporting):
    task, client, send = reporting
    large = b"%PDF" + b"0" * (3 * LARGEST_BODY)
    page = told(
        client, send([("evidence", ("甲 现场.pdf", large)), ("evidence", ("../乙.txt", b"2"))])
    )
    assert "已办理：报进展" in page
    assert "甲 现场.pdf" in page
    assert ">乙.txt<" in page
    key = re.search(r'/evidence/([0-9a-f]{64})" download>甲', page)
    assert key is not None
    assert client.get(f"/tasks/{task.id}/evidence/{key[1]}").content == large
    assert not list((pages_world.settings.home / "uploads").glob("*.part")), (
        "nothing is left behind"
    )


def test_evidence_over_its_limit_is_refused_while_it_is_read(pages_world, reporting, monkeypatch):
    _, _, send = reporting
    monkeypatch.setattr(task_page, "LARGEST_EVIDENCE", 1000)
    answer = send([("evidence", ("大.bin", b"0" * 1001))])
    assert answer.status_code == 413
    assert send([("evidence", (f"{n}.txt", b"1")) for n in range(21)]).status_code in (400, 422)
    assert not list((pages_world.settings.home / "uploads").glob("*.part"))


def test_what_is_no_form_with_files_stays_small(pages_world, browser, csrf):
    task = pages_world.open.tasks[0]
    data = {
        "csrf": csrf("own"),
        "milestone": task.milestones[0].id,
        "step": "report",
        "text": "x" * 2_000_000,
    }
    assert browser("own").post(f"/tasks/{task.id}/steps", data=data).status_code == 413


def test_a_step_that_there_is_none_of(reporting):
    _, _, send = reporting
    answer = send([], step="jump")
    assert answer.status_code == 422
    assert "没有步骤" in answer.text


# ---- sheets


@pytest.fixture
def sheet(pages_world, browser):
    """The officer's sheet, with words typed into the row of a task."""

    def fill(title: str, **typed) -> bytes:
        data = browser("own").get("/tasks/export/xlsx").content
        book = openpyxl.load_workbook(io.BytesIO(data))
        rows = book.worksheets[0]
        for at in range(HEADER + 1, rows.max_row + 1):
            if title in str(rows.cell(at, COLUMN[Part.DUTY]).value):
                for name, value in typed.items():
                    rows.cell(at, COLUMN[Part(name)]).value = value
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    return fill


def bring(client, token, data, name="回收.xlsx"):
    return client.post("/tasks/import", data={"csrf": token}, files={"file": (name, data)})


def test_a_sheet_is_looked_at_then_confirmed(pages_world, doubtful, browser, csrf, sheet):
    client, token = browser("own"), csrf("own")
    [task] = doubtful.tasks
    data = sheet(task.title, report="已走访12户", percent=40)
    tracker = pages_world.service.tracker
    before = {key: life.steps for key, life in tracker.lives().items()}
    page = bring(client, token, data)
    assert page.status_code == 200, page.text[:500]
    assert "还没有写入" in page.text
    assert "已走访12户" in page.text
    assert {key: life.steps for key, life in tracker.lives().items()} == before
    key = re.search(r'name="token" value="(\w{32})"', page.text)
    assert key is not None
    form = {"csrf": token, "token": key[1], "name": "回收.xlsx"}
    told_by_row = client.post("/tasks/import/results", data=form)
    assert "已采纳" in told_by_row.content.decode("utf-8-sig")
    # Nobody else finds the sheet by its token.
    other = browser("other").post("/tasks/import/confirm", data=form | {"csrf": csrf("other")})
    assert other.status_code == 404
    done = client.post("/tasks/import/confirm", data=form)
    assert "已写入 1 行" in done.text
    assert tracker.life(task.milestones[0].id).report == "已走访12户"
    assert client.post("/tasks/import/confirm", data=form).status_code == 404
    assert "没有可写入的行" in bring(client, token, data).text


def test_what_a_sheet_may_not_is_told_by_its_row(pages_world, browser, csrf, sheet):
    client, token = browser("other"), csrf("other")
    data = sheet(pages_world.closed.tasks[0].title, report="泄密")
    page = bring(client, token, data).text
    assert "没有可写入的行" in page
    assert "库里没有里程碑" in page
    assert "未采纳" in page
    assert not [
        life for life in pages_world.service.tracker.lives().values() if life.report == "泄密"
    ]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [("a.xlsx", b"PK\x03\x04damaged", "损坏"), ("a.doc", b"x", "不是 .xlsx"), ("a.csv", b"a,b\n1,2\n", "缺少列")],
)  # fmt: skip
def test_what_is_no_sheet_is_told(browser, csrf, name, data, said):
    assert said in told(browser("own"), bring(browser("own"), csrf("own"), data, name))


def test_without_a_file_or_the_csrf_value_nothing_is_read(browser, csrf):
    client = browser("own")
    assert "没有文件" in told(client, client.post("/tasks/import", data={"csrf": csrf("own")}, files={"x": ("", b"")}))  # fmt: skip
    assert bring(client, "guessed", b"PK\x03\x04").status_code == 403
