"""`duban digest send|deliveries|resend|schedule` and `duban address`, run as people run them."""

import json
import os
import shutil
import signal
import threading
import time

import pytest

from api.cli.app import run
from tests.api.delivery.samples import FROM
from tests.api.delivery.servers import Mailbox, MailServer

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
PLAN = """某区防汛工作方案（2024—2026年）
一、主要任务
1.整治隐患。到2025年，整治隐患点20处以上。（责任单位：区水利局、区应急局）
"""
WEEK = ("--week", "2026-W48")
SEND = ("digest", "send", *WEEK, "--as-of", "2026-11-24")
ROBOT = "https://oapi.dingtalk.com/robot/send?access_token=KEY"


@pytest.fixture
def mailbox():
    return Mailbox()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a store, a plan in it and a person of each role; each test gets a copy."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "plan.txt").write_text(PLAN, "utf-8")
    assert run(["ingest", "--no-index", str(folder / "plan.txt")], {}, folder) == 0
    for login, role in (("li", "unit_officer"), ("wang", "supervisor"), ("sun", "auditor"), ("root", "admin"), ("du", "reader")):  # fmt: skip
        unit = ("--unit", "区水利局") if role == "unit_officer" else ()
        assert run(["people", "add", login, "--role", role, *unit], {}, folder) == 0
    return folder


@pytest.fixture
def duban(home, tmp_path, capsys, mailbox):
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)
    with MailServer(mailbox) as server:
        usual = {
            "DUBAN_SMTP_HOST": "127.0.0.1", "DUBAN_SMTP_PORT": str(server.port),
            "DUBAN_SMTP_TLS": "none", "DUBAN_SMTP_FROM": FROM,
        }  # fmt: skip

        def call(*arguments: str, **environ: str):
            capsys.readouterr()
            code = run(arguments, usual | environ, tmp_path)
            printed = capsys.readouterr()
            return code, printed.out, printed.err

        yield call


@pytest.fixture
def ready(duban):
    """All three that get a digest have an address."""
    for unit in ("总览", "区水利局", "区应急局"):
        code, _, err = duban("address", "set", unit, "--channel", "email", "--to", "a@wz.gov.cn")
        assert code == 0, err
    return duban


def test_addresses_set_listed_and_removed(duban):
    code, out, _ = duban("address", "set", "区水利局", "--channel", "email", "--to", "a@wz.gov.cn")
    assert (code, out.strip()) == (0, "区水利局 email: a@wz.gov.cn")
    code, out, _ = duban("address", "set", "总览", "--channel", "dingtalk", "--to", ROBOT, "--secret", "SEC")  # fmt: skip
    assert code == 0
    assert "KEY" not in out
    code, out, _ = duban("address", "list")
    assert code == 0
    assert "https://oapi.dingtalk.com/…" in out
    assert "KEY" not in out
    assert "没有地址: 区应急局" in out
    code, out, _ = duban("address", "list", "--json")
    value = json.loads(out)
    assert value["without"] == ["区应急局"]
    assert {
        "unit": "区县/water",
        "name": "区水利局",
        "channel": "email",
        "target": "a@wz.gov.cn",
    } in value["addresses"]
    code, out, _ = duban("address", "remove", "区水利局", "--channel", "email", "--lang", "en")
    assert (code, out.strip()) == (0, "区水利局 email removed")
    code, _, err = duban("address", "remove", "区水利局", "--channel", "email")
    assert code == 1
    assert "区水利局" in err


def test_an_address_of_a_unit_that_no_document_names(duban):
    code, _, err = duban("address", "set", "区气象局", "--channel", "email", "--to", "a@wz.gov.cn")
    assert code == 1
    assert "没有单位“区气象局”" in err
    code, out, _ = duban(
        "address", "set", "万州区气象局", "--channel", "email", "--to", "a@wz.gov.cn"
    )
    assert (code, "万州区气象局" in out) == (0, True), "known by its place"


@pytest.mark.parametrize(
    ("channel", "target", "told"),
    [
        ("email", "nobody", "不是邮件地址"),
        ("sms", "1", "dingtalk"),
        ("wecom", "http://qyapi.weixin.qq.com/x?key=KEY", "https"),
        ("file", "../up", "子目录"),
    ],
)
def test_an_address_that_cannot_be_used(duban, channel, target, told):
    code, _, err = duban("address", "set", "区水利局", "--channel", channel, "--to", target)
    assert code == 1
    assert told in err
    assert "KEY" not in err


def test_send_tells_what_went_where_and_a_second_run_sends_nothing(ready, mailbox):
    code, out, _ = ready(*SEND, "--dry-run")
    assert (code, mailbox.mails) == (0, [])
    assert "将发出 3" in out
    code, out, _ = ready(*SEND)
    assert (code, len(mailbox.mails)) == (0, 3)
    assert "已发出 3" in out
    code, out, _ = ready(*SEND, "--all", "--json")
    assert (code, len(mailbox.mails)) == (0, 3)
    value = json.loads(out)
    assert value["week"] == "2026-W48"
    assert [d["result"] for d in value["deliveries"]] == ["already"] * 3
    code, out, _ = ready("digest", "deliveries", "--lang", "en")
    assert code == 0
    assert out.count("sent") >= 3
    code, out, _ = ready("digest", "deliveries", *WEEK, "--json")
    rows = json.loads(out)
    assert {(d["unit"], d["status"], d["attempts"]) for d in rows} == {
        ("总览", "sent", 1), ("区县/water", "sent", 1), ("区县/emergency", "sent", 1),
    }  # fmt: skip
    code, out, _ = ready("digest", "deliveries", "--week", "2026-W47", "--json")
    assert json.loads(out) == []


def test_one_unit_and_one_channel(ready, mailbox, tmp_path):
    code, _, _ = ready(*SEND, "--unit", "区水利局", "--channel", "file", DUBAN_DIGEST_DROP=str(tmp_path / "d"))  # fmt: skip
    assert (code, mailbox.mails) == (0, [])
    assert sorted(p.name for p in (tmp_path / "d" / "2026-W48").iterdir()) == [
        "督办周报-2026-W48-区水利局.docx", "督办周报-2026-W48-区水利局.html",
    ]  # fmt: skip


def test_a_unit_without_an_address_is_said_and_is_1(duban, mailbox):
    duban("address", "set", "总览", "--channel", "email", "--to", "a@wz.gov.cn")
    code, out, _ = duban(*SEND)
    assert (code, len(mailbox.mails)) == (1, 1)
    assert "没有地址 2" in out
    assert "duban address set" in out


def test_a_refusal_is_told_and_is_1_and_goes_out_later(ready, mailbox):
    mailbox.replies = {"TEXT": ["554 no", "250 taken", "250 taken"]}
    code, out, _ = ready(*SEND)
    assert code == 1
    assert "未发出 1" in out
    assert "554 no" in "".join(out.split("│")).replace("\n", " ")
    code, out, _ = ready(*SEND)
    assert (code, len(mailbox.mails)) == (0, 3)
    assert "已发出 1；此前已发 2" in out


def test_an_uncertain_one_is_sent_again_only_after_a_look(ready, mailbox):
    mailbox.replies = {"TEXT": ["cut"]}
    code, out, _ = ready(*SEND)
    assert code == 1
    assert "不确定, 请查实 1" in out
    assert "duban digest resend" in out
    assert ready(*SEND)[0] == 1
    assert len(mailbox.mails) == 2
    code, out, _ = ready("digest", "deliveries", "--uncertain", "--json")
    [row] = json.loads(out)
    again = ("digest", "resend", "--unit", row["unit"], *WEEK, "--channel", "email")
    assert ready(*again, "--reason", " ")[0] == 1
    code, out, _ = ready(*again, "--reason", "电话问过, 没收到", "--as", "wang", "--json")
    assert (code, json.loads(out)["status"]) == (0, "released")
    assert ready(*SEND)[0] == 0
    assert len(mailbox.mails) == 3
    code, out, _ = ready("audit", "log", "--json", "--as", "sun")
    actions = [e["action"] for e in json.loads(out) if e["action"].startswith("digest.")]
    assert sorted(actions) == ["digest.released"] + ["digest.sent"] * 3 + ["digest.uncertain"]


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        (SEND, {"wang"}),
        (("digest", "deliveries"), {"wang", "sun", "root"}),
        (("digest", "resend", "--unit", "总览", *WEEK, "--channel", "email", "--reason", "x"), set()),
        (("address", "list"), {"wang", "sun", "root"}),
        (("address", "set", "总览", "--channel", "file", "--to", ""), {"root"}),
        (("address", "remove", "总览", "--channel", "email"), {"root"}),
    ],
)  # fmt: skip
def test_who_may(ready, mailbox, words, allowed):
    for login in ("li", "sun", "du", "root", "wang"):
        code, _, err = ready(*words, "--as", login)
        assert (code == 0) == (login in allowed), (login, err)
        if login not in allowed:
            assert login == "wang" or "没有权限" in err
    assert bool(mailbox.mails) == (words == SEND)


def test_who_may_not_start_the_schedule(ready, mailbox):
    for login in ("li", "sun", "du", "root"):
        code, _, err = ready("digest", "schedule", "--as", login)
        assert code == 1
        assert "没有权限" in err


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((*SEND, "--channel", "sms"), 2, "sms"),
        (("digest", "send", "--week", "2026-48"), 2, "2026-W48"),
        ((*SEND, "--unit", "区水利局", "--all"), 2, "--all"),
        ((*SEND, "--unit", "区气象局"), 1, "区气象局"),
        (("digest", "resend", "--unit", "总览", *WEEK, "--channel", "email", "--reason", "x"), 1, "没有这次发送"),
        (("digest", "deliveries", "--week", "x"), 2, "2026-W48"),
        ((*SEND, "--as", "nobody"), 1, "nobody"),
    ],
)  # fmt: skip
def test_wrong_usage(ready, mailbox, arguments, code, told):
    found, _, err = ready(*arguments)
    assert (found, mailbox.mails) == (code, [])
    assert told in err


@pytest.mark.parametrize(
    "environ", [{"DUBAN_SMTP_TLS": "x"}, {"DUBAN_DIGEST_AT": "x"}, {"DUBAN_ADDRESSES": "/nowhere"}]
)
def test_a_wrong_setting_is_2(ready, mailbox, environ):
    [name] = environ
    code, _, err = ready(*SEND, **environ)
    assert (code, mailbox.mails) == (2, [])
    assert name in err


def test_addresses_of_a_file(duban, mailbox, tmp_path):
    file = tmp_path / "a.toml"
    file.write_text(
        "[email]\n'总览' = 'x@wz.gov.cn'\n'区水利局' = 'y@wz.gov.cn'\n'区应急局' = 'z@wz.gov.cn'"
    )
    assert duban(*SEND, DUBAN_ADDRESSES=str(file))[0] == 0
    assert sorted(m.to[0] for m in mailbox.mails) == ["x@wz.gov.cn", "y@wz.gov.cn", "z@wz.gov.cn"]


def test_no_store_yet(tmp_path, capsys):
    assert run(SEND, {}, tmp_path) == 1
    assert "还没有库" in capsys.readouterr().err
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_schedule_runs_until_it_is_told_to_stop(ready, number):
    # A shell that starts the tests in the background has SIGINT ignored.
    outside = signal.signal(signal.SIGINT, signal.default_int_handler)
    before = signal.getsignal(signal.SIGTERM)

    def stop():
        while signal.getsignal(signal.SIGTERM) is before:  # until it listens
            time.sleep(0.01)
        time.sleep(0.2)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=stop)
    thread.start()
    try:
        code, out, err = ready("digest", "schedule")
    finally:
        thread.join()
        signal.signal(signal.SIGINT, outside)
    assert code == 0, err
    assert "每周定时发送: 下次" in out
    assert "已停" in out
    assert signal.getsignal(signal.SIGTERM) is before
