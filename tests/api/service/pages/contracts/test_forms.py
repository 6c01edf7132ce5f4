"""What forms do: steps, events, uploads, people, tokens, addresses; never without the CSRF value."""

import io
import time

import pytest

from tests.api.service.world import OTHER, OWN, PASSWORD

DOCUMENT = """某区森林防火方案（2025—2027年）
一、主要任务
1.<script>alert(1)</script>{{7*7}}巡查。到2026年，巡查覆盖率达到90%以上。（责任单位：区林业局）
"""


def told(client, answer):
    """The page that a form leads to; of one that is refused, the form's own again."""
    if answer.status_code in (404, 409, 422) and 'class="notice failed' in answer.text:
        return answer.text
    assert answer.status_code == 303, answer.text[:300]
    return client.get(answer.headers["Location"]).text


def test_a_wrong_password_is_told_and_nothing_else(browser):
    answer = browser("public").post("/sign-in", data={"login": "own", "password": "wrong"})
    assert answer.status_code == 401
    assert "wrong" not in answer.text
    assert "登录名或密码不对" in answer.text


def test_a_sign_in_from_another_site_is_refused(browser):
    headers = {"Origin": "https://evil.example"}
    answer = browser("public").post("/sign-in", data={"login": "own", "password": PASSWORD}, headers=headers)  # fmt: skip
    assert answer.status_code == 403


FORMS = (
    ("own", "/tasks/{task}/steps", {"milestone": "{milestone}", "step": "report", "text": "x"}),
    (
        "supervisor",
        "/tasks/{task}/corrections",
        {"aspect": "owner", "operation": "add", "unit": "x", "role": "lead", "reason": "x"},
    ),
    ("supervisor", "/documents/jobs/job-0/cancel", {}),
    ("supervisor", "/corrections/{correction}/withdraw", {"reason": "x"}),
    ("supervisor", "/corrections/{correction}/confirm", {"reason": "x"}),
    ("supervisor", "/review/settle", {"reason": "x"}),
    ("supervisor", "/review/open", {"reason": "x"}),
    ("own", "/tasks/import/confirm", {"token": "0" * 32}),
    ("own", "/tasks/import/results", {"token": "0" * 32}),
    ("own", "/tasks/{task}/events", {"milestone": "{milestone}", "label": "x"}),
    (
        "own",
        "/account/password",
        {"present": PASSWORD, "password": "yet another horse", "again": "yet another horse"},
    ),
    ("own", "/account/tokens", {"name": "x", "scopes": "read"}),
    ("own", "/sign-out", {}),
    ("supervisor", "/documents/{document}/visibility", {"level": "internal"}),
    ("auditor", "/audit", {}),
    ("admin", "/admin/people", {"login": "eve", "role": "admin"}),
    ("admin", "/admin/people/own", {"name": "x", "role": "admin", "active": "1"}),
    ("admin", "/admin/people/own/password", {"password": "yet another horse"}),
    ("admin", "/admin/addresses", {"unit": OWN, "channel": "email", "target": "a@b.example"}),
    ("admin", "/admin/addresses/remove", {"unit": OWN, "channel": "email"}),
)


@pytest.mark.parametrize(("role", "path", "data"), FORMS, ids=[path for _, path, _ in FORMS])
def test_no_form_works_without_the_csrf_value(pages_world, browser, role, path, data):
    task = pages_world.open.tasks[0]
    names = {
        "task": task.id, "milestone": task.milestones[0].id, "document": pages_world.open.document.id,
        "correction": pages_world.correction,
    }  # fmt: skip
    data = {key: value.format(**names) for key, value in data.items()}
    for given in ({}, {"csrf": "guessed"}):
        answer = browser(role).post(path.format(**names), data=data | given)
        assert answer.status_code == 403
        assert "页面已过期" in answer.text
    assert browser(role).get("/account").status_code == 200  # still signed in


@pytest.mark.parametrize(
    ("role", "path", "data"),
    [
        ("reader", "/tasks/{task}/steps", {"step": "report", "text": "x", "milestone": "{milestone}"}),
        ("other", "/tasks/{task}/steps", {"step": "report", "text": "x", "milestone": "{milestone}"}),
        ("own", "/tasks/{task}/steps", {"step": "close", "milestone": "{milestone}"}),
        ("own", "/tasks/{task}/corrections", {"aspect": "owner", "operation": "reject", "unit": OWN, "reason": "x"}),
        ("auditor", "/corrections/{correction}/withdraw", {"reason": "x"}),
        ("reader", "/corrections/{correction}/confirm", {"reason": "x"}),
        ("own", "/documents/jobs/job-0/cancel", {}),
        ("own", "/review/settle", {"reason": "x"}),
        ("auditor", "/review/open", {"reason": "x"}),
        ("supervisor", "/tasks/import", {}),
        ("reader", "/tasks/import/confirm", {"token": "0" * 32}),
        ("auditor", "/tasks/import/results", {"token": "0" * 32}),
        ("own", "/documents/{document}/visibility", {"level": "public"}),
        ("supervisor", "/admin/people", {"login": "eve"}),
        ("supervisor", "/audit", {}),
    ],
)  # fmt: skip
def test_what_one_may_not_is_refused(pages_world, browser, csrf, role, path, data):
    task = pages_world.open.tasks[0]
    names = {"task": task.id, "milestone": task.milestones[0].id, "document": pages_world.open.document.id, "correction": pages_world.correction}  # fmt: skip
    data = {key: value.format(**names) for key, value in data.items()} | {"csrf": csrf(role)}
    answer = browser(role).post(path.format(**names), data=data)
    assert answer.status_code == 403
    assert "没有权限" in answer.text


def test_a_milestone_of_another_task_is_not_moved(pages_world, browser, csrf):
    first, second = pages_world.open.tasks[:2]
    data = {"milestone": second.milestones[0].id, "step": "accept", "csrf": csrf("own")}
    assert browser("own").post(f"/tasks/{first.id}/steps", data=data).status_code == 404


def test_an_officer_reports_with_evidence_and_the_supervisor_closes(pages_world, browser, csrf):
    task = pages_world.open.tasks[0]
    milestone = task.milestones[0].id
    page = browser("own").get(f"/tasks/{task.id}").text
    assert "报送办结" in page
    assert "确认：审核通过" not in page
    assert "<b>审核通过</b> 由督办人员办理" in page
    form = {
        "milestone": milestone, "step": "submit", "text": "已整治 21 处<b>", "percent": "100",
        f"value-{task.targets[0].id}": "21", "csrf": csrf("own"),
    }  # fmt: skip
    proof = {"evidence": ("照片 1.txt", b"21", "text/plain")}
    page = told(
        browser("own"), browser("own").post(f"/tasks/{task.id}/steps", data=form, files=proof)
    )
    assert "已办理：报送办结" in page
    assert "已整治 21 处&lt;b&gt;" in page
    assert "已达标" in page
    assert "照片 1.txt" in page
    for step in ("approve", "close"):
        data = {"milestone": milestone, "step": step, "csrf": csrf("supervisor")}
        page = told(browser("supervisor"), browser("supervisor").post(f"/tasks/{task.id}/steps", data=data))  # fmt: skip
    assert "销号" in page
    data = {"milestone": milestone, "step": "close", "csrf": csrf("supervisor")}
    page = told(browser("supervisor"), browser("supervisor").post(f"/tasks/{task.id}/steps", data=data))  # fmt: skip
    assert 'role="alert"' in page
    assert "状态不能销号" in page


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("percent", "many", "不是整数"), ("percent", "101", "百分比要在 0 到 100"), ("new_date", "soon", "不是日期")],
)  # fmt: skip
def test_what_cannot_be_read_is_told(pages_world, browser, csrf, field, value, said):
    task = next(t for t in pages_world.open.tasks if t.milestones[0].due.rrule)
    data = {"milestone": task.milestones[0].id, "step": "accept", "csrf": csrf("supervisor")}
    officer = {"milestone": task.milestones[0].id, "step": "report", "text": "x", "csrf": csrf("other")}  # fmt: skip
    del data
    accept = officer | {"step": "accept"}
    browser("other").post(f"/tasks/{task.id}/steps", data=accept)
    page = told(browser("other"), browser("other").post(f"/tasks/{task.id}/steps", data=officer | {field: value}))  # fmt: skip
    assert said in page


def test_an_event_starts_a_deadline(pages_world, browser, csrf):
    task = next(t for t in pages_world.open.tasks if t.milestones[0].due.duration)
    path = f"/tasks/{task.id}"
    assert "记录事件" in browser("supervisor").get(path).text
    data = {
        "milestone": task.milestones[0].id, "label": "甲校验收", "happened_on": "2026-01-05",
        "csrf": csrf("supervisor"),
    }  # fmt: skip
    page = told(browser("supervisor"), browser("supervisor").post(f"{path}/events", data=data))
    assert "事件已记录" in page
    assert "2026-04-05" in page


def upload(browser, csrf, role, text, name="fire.txt", **fields):
    files = {"file": (name, io.BytesIO(text.encode()), "text/plain")}
    return browser(role).post("/documents", data={"csrf": csrf(role), **fields}, files=files)


def test_an_upload_is_read_and_its_words_stay_words(browser, csrf):
    answer = upload(browser, csrf, "supervisor", DOCUMENT)
    assert answer.status_code == 303, answer.text
    client, page = browser("supervisor"), ""
    for _ in range(100):
        page = client.get(answer.headers["Location"]).text
        if "waiting.js" not in page:
            break
        time.sleep(0.05)
    assert "已入库" in page
    document = page.split('href="/documents/doc-')[1].split('"')[0]
    shown = client.get(f"/documents/doc-{document}").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "{{7*7}}" in shown
    for path in ("/tasks", "/units", "/", "/dashboard", f"/documents/doc-{document}"):
        assert "<script>alert" not in client.get(path).text
    source = client.get(f"/documents/doc-{document}/source")
    assert source.content == DOCUMENT.encode()
    assert source.headers["Content-Disposition"].startswith("attachment")


def test_what_an_upload_left_out_and_why_nothing_came_of_it_are_shown(browser, csrf):
    client = browser("supervisor")

    def read(text: str, name: str) -> tuple[str, str]:
        at = upload(browser, csrf, "supervisor", text, name).headers["Location"]
        page = client.get(at).text
        while "waiting.js" in page:
            time.sleep(0.05)
            page = client.get(at).text
        key = page.split('href="/documents/doc-')[1].split('"')[0]
        return page, client.get(f"/documents/doc-{key}").text

    job, document = read("扫一扫在手机打开当前页\n【打印】 【关闭】\n", "nothing.txt")
    assert "没有读出条款" in job
    assert "没有读出条款" in document
    assert "未列入条款的内容" in document
    page = "<html><body><div id='nav'>首页 公开</div><div><p>一、任务</p><p>1.建校20所。（责任单位：区教委）</p></div></body></html>"
    job, document = read(page, "page.html")
    assert "另有 1 处未列入条款" in job
    assert "&lt;div#nav&gt; 首页 公开" in document
    folded = document.split("未列入条款的内容")[0].rsplit("<details", 1)[1]
    assert " open" not in folded


def test_an_upload_is_cancelled_by_a_button(browser, csrf):
    client, token = browser("supervisor"), csrf("supervisor")
    long = DOCUMENT + "".join(
        f"{n}.巡查第{n}处。到2026年，巡查{n}次以上。（责任单位：区林业局）\n"
        for n in range(2, 6000)
    )
    job = upload(browser, csrf, "supervisor", long, name="long.txt").headers["Location"]
    assert f'action="{job}/cancel"' in client.get(job).text
    assert client.post(f"{job}/cancel", data={"csrf": token}).headers["Location"] == job
    page = ""
    for _ in range(200):
        page = client.get(job).text
        if "waiting.js" not in page:
            break
        time.sleep(0.05)
    assert "已取消" in page
    assert f'action="{job}/cancel"' not in page
    assert 'role="alert"' in told(client, client.post(f"{job}/cancel", data={"csrf": token}))


def test_uploads_of_what_is_not_read_are_told(browser, csrf):
    page = told(browser("supervisor"), upload(browser, csrf, "supervisor", "x", name="a.exe"))
    assert "不读 .exe" in page
    assert upload(browser, csrf, "own", DOCUMENT).status_code == 403
    page = told(browser("supervisor"), upload(browser, csrf, "supervisor", "x", level="restricted"))
    assert "限定的文件要写明单位" in page


def test_the_log_is_checked_and_its_checkpoint_kept(browser, csrf):
    client = browser("auditor")
    kept = client.get("/audit/checkpoint").text
    answer = client.post("/audit", data={"csrf": csrf("auditor"), "checkpoint": kept})
    assert "链完整" in answer.text
    assert "与 1 个校验点相符" in answer.text
    wrong = kept.replace('"head":"', '"head":"0000')[:-9] + '"}'
    assert (
        client.post("/audit", data={"csrf": csrf("auditor"), "checkpoint": wrong}).status_code
        == 422
    )
    page = client.get("/audit?action=milestone&actor=own").text
    assert '<small class="soft">milestone.step</small>' in page
    assert '<small class="soft">person.added</small>' not in page


def test_an_administrator_keeps_people(browser, csrf):
    client, token = browser("admin"), csrf("admin")
    form = {
        "login": "zhou", "name": "<i>周</i>", "role": "unit_officer", "units": f"{OWN}、{OTHER}",
        "password": "ten or more", "csrf": token,
    }  # fmt: skip
    page = told(client, client.post("/admin/people", data=form))
    assert "&lt;i&gt;周&lt;/i&gt;" in page
    page = told(client, client.post("/admin/people", data=form))
    assert "已有用户" in page
    changed = {"name": "周", "role": "reader", "units": "", "csrf": token}
    page = told(client, client.post("/admin/people/zhou", data=changed))
    assert "已保存" in page
    assert "已停用" in client.get("/admin").text
    last = {"name": "管理", "role": "reader", "active": "1", "csrf": token}
    assert "最后一个管理员" in told(client, client.post("/admin/people/admin", data=last))
    short = {"password": "short", "csrf": token}
    assert "密码要" in told(client, client.post("/admin/people/zhou/password", data=short))


def test_addresses_are_kept_and_their_secrets_masked(browser, csrf):
    client, token = browser("admin"), csrf("admin")
    form = {"unit": OWN, "channel": "dingtalk", "target": "https://hook.example/?key=geheim", "secret": "s", "csrf": token}  # fmt: skip
    page = told(client, client.post("/admin/addresses", data=form))
    assert "https://hook.example/…" in page
    assert "geheim" not in page
    assert "https 网址" in told(client, client.post("/admin/addresses", data=form | {"target": "http://a.example"}))  # fmt: skip
    gone = {"unit": OWN, "channel": "dingtalk", "csrf": token}
    assert "地址已删除" in told(client, client.post("/admin/addresses/remove", data=gone))


def test_ones_own_token_is_shown_once(browser, csrf):
    client, token = browser("reader"), csrf("reader")
    page = client.post("/account/tokens", data={"name": "日历", "scopes": "read", "days": "9", "csrf": token}).text  # fmt: skip
    secret = page.split('class="secret">')[1].split("<")[0]
    assert client.get("/api/v1/session", headers={"Authorization": f"Bearer {secret}"}).json()["login"] == "reader"  # fmt: skip
    page = client.get("/account").text
    assert secret not in page
    key = page.split("/account/tokens/")[1].split("/")[0]
    assert "令牌已作废" in told(client, client.post(f"/account/tokens/{key}/revoke", data={"csrf": token}))  # fmt: skip


def test_ones_own_password_needs_the_present_one(browser, csrf):
    client = browser("reader")
    form = {"present": "not it", "password": "a new password", "again": "a new password"}
    page = told(client, client.post("/account/password", data=form | {"csrf": csrf("reader")}))
    assert "现在的密码不对" in page
    form |= {"present": PASSWORD, "again": "another password"}
    page = told(client, client.post("/account/password", data=form | {"csrf": csrf("reader")}))
    assert "两次输入的新密码不同" in page


def test_signing_out_ends_the_session(pages_world, browser, csrf):
    from tests.api.service.client import TestClient

    client = TestClient(pages_world.app, follow_redirects=False, headers={"Accept": "text/html"})
    client.post("/sign-in", data={"login": "other", "password": PASSWORD})
    cookie = client.cookies["duban_session"]
    token = client.get("/api/v1/session").json()["csrf"]
    client.post("/sign-out", data={"csrf": token})
    client.cookies.set("duban_session", cookie)
    assert client.get("/account").status_code == 303
