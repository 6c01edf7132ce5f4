"""The commands of the cycle, run as people run them."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from api.cli.app import run
from api.cli.state import require_plan
from ingest.pipeline import extract_bytes
from kb.errors import NotFoundError
from tasks.listing import plan_titles
from tests.stores import passing_store
from tests.tasks.samples import NOW

PLAN = """某区防汛工作方案（2024—2026年）
某区府办发〔2024〕1号
一、主要任务
1.整治隐患。到2025年，整治隐患点20处以上。（责任单位：区水利局、区应急局）
2.开展演练。每年6月底前组织演练，参加率不低于95%。（牵头单位：区应急局；配合单位：区教委）
3.移交设施。自竣工验收合格起3个月内移交区水利局。（责任单位：区住房城乡建委）
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a store, a plan in it and three people; each test gets a copy."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "plan.txt").write_text(PLAN, "utf-8")
    assert run(["ingest", "--no-index", str(folder / "plan.txt")], {}, folder) == 0
    for login, role, unit in (
        ("li", "unit_officer", ["--unit", "区水利局"]), ("wang", "supervisor", []), ("sun", "auditor", []),
    ):  # fmt: skip
        assert run(["people", "add", login, "--role", role, *unit], {}, folder) == 0
    return folder


@pytest.fixture
def duban(home, tmp_path, capsys):
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)

    def call(*arguments: str, **environ: str):
        capsys.readouterr()
        code = run(arguments, environ, tmp_path)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def listed(duban, *arguments: str) -> list[dict]:
    code, out, err = duban(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def milestone(duban, path: str, **wanted: str) -> dict:
    rows = listed(duban, "milestones", "--as-of", "2026-03-01")
    return next(r for r in rows if r["path"].endswith(path))


def test_a_duty_from_assignment_to_closing(duban, tmp_path):
    late = milestone(duban, "/1")
    assert late["state"] == "overdue"
    key = late["milestone_id"]
    [target] = listed(duban, "targets", "隐患")
    proof = tmp_path / "验收单.txt"
    proof.write_text("已整治 21 处", "utf-8")
    steps = [
        ("li", ["accept", key]),
        ("li", ["report", key, "--text", "整治12处", "--percent", "60", "--value", f"{target['id']}=12"]),
        ("li", ["submit", key, "--text", "整治21处", "--value", f"{target['id']}=21", "--evidence", str(proof)]),
        ("wang", ["return", key, "--reason", "缺照片"]),
        ("li", ["submit", key, "--text", "已补照片"]),
        ("wang", ["approve", key]),
        ("wang", ["close", key]),
    ]  # fmt: skip
    for login, words in steps:
        code, _, err = duban(*words, "--as", login)
        assert code == 0, (words, err)
    code, out, _ = duban("history", key)
    assert code == 0
    assert [word in out for word in ("整治12处", "缺照片", "验收单.txt")] == [True] * 3
    entries = listed(duban, "history", key)
    digest = next(
        e["detail"]["evidence"][0]["sha256"] for e in entries if "evidence" in e["detail"]
    )
    assert duban("evidence", digest, "--out", str(tmp_path / "again.txt"))[0] == 0
    assert (tmp_path / "again.txt").read_bytes() == proof.read_bytes()
    assert all(r["path"] != late["path"] for r in listed(duban, "overdue", "--as-of", "2026-12-31"))


def test_history_names_what_took_its_place_and_what_it_took_the_place_of(duban, tmp_path):
    keys = [milestone(duban, "/1")["milestone_id"]]
    assert duban("accept", keys[0], "--as", "li")[0] == 0
    (tmp_path / "plan.txt").write_text(PLAN.replace("20处", "30处"), "utf-8")
    assert duban("ingest", "--no-index", str(tmp_path / "plan.txt"))[0] == 0
    keys.append(milestone(duban, "/1")["milestone_id"])
    assert keys[0] != keys[1]
    for key, way, other in ((keys[0], "successor", keys[1]), (keys[1], "predecessor", keys[0])):
        code, out, _ = duban("history", key[:-1])
        assert code == 0
        assert other in "".join(out.split())
        assert "整治隐患" in "".join(out.split())
        steps = listed(duban, "history", key)
        assert [e["detail"].get("step") for e in steps] == ["accept", None]
        assert (steps[1][way]["milestone_id"], steps[1][way]["title"]) == (other, "整治隐患")
    code, _, err = duban("history", "milestone-none")
    assert code == 1
    assert "milestone-none" in err


@pytest.mark.parametrize(
    ("login", "words", "told"),
    [
        ("li", ["approve"], "督办人员"),  # not his to approve
        ("wang", ["accept"], "单位经办人"),
        ("sun", ["close"], "审计人员"),
        ("li", ["submit", "--text", "完成"], "签收"),  # not accepted yet
        ("li", ["request-extension", "--date", "2027-01-01", "--reason", "雨季"], "签收"),
        ("nobody", ["accept"], "nobody"),
    ],
)
def test_a_refusal_says_why_and_changes_nothing(duban, login, words, told):
    key = milestone(duban, "/1")["milestone_id"]
    before = listed(duban, "history", key)
    code, _, err = duban(words[0], key, *words[1:], "--as", login)
    assert code == 1
    assert told in err
    assert listed(duban, "history", key) == before


@pytest.mark.parametrize(
    "words",
    [
        ["report", "--text", "x", "--value", "t=many"],
        ["report", "--text", "x", "--percent", "101"],
        ["accept", "--on", "2999-01-01"],
        ["report"],
    ],
)
def test_wrong_usage_is_2(duban, words):
    key = milestone(duban, "/1")["milestone_id"]
    assert duban(words[0], key, *words[1:], "--as", "li")[0] == 2


def test_each_occasion_starts_its_own_deadline(duban):
    waiting = milestone(duban, "/3")
    assert waiting["state"] == "waiting"
    key = waiting["milestone_id"]
    code, _, _ = duban("accept", key)
    assert code == 1
    for school, day in (("一小", "2025-11-30"), ("二中", "2026-01-31")):
        assert duban("event", key, "--occasion", school, "--on", day)[0] == 0
    rows = [
        r for r in listed(duban, "milestones", "--as-of", "2026-03-01") if r["milestone_id"] == key
    ]
    assert {r["occurrence"]: (r["due"], r["state"]) for r in rows} == {
        "一小": ("2026-02-28", "overdue"),
        "二中": ("2026-04-30", "later"),
    }


def test_overdue_is_narrowed_and_counted(duban):
    def dues(*options):
        return {r["path"][-1] for r in listed(duban, "overdue", "--as-of", "2026-03-01", *options)}

    assert dues() == {"1", "2"}
    assert dues("--unit", "区教委") == {"2"}
    assert dues("--unit", "区教委", "--role", "牵头") == set()
    assert dues("--role", "lead") == {"2"}
    assert dues("--days", "100") == {"2"}
    assert dues("--plan", "防汛") == {"1", "2"}
    assert duban("overdue", "--plan", "没有的计划")[0] == 1
    assert duban("overdue", "--by", "moon")[0] == 2
    counted = listed(duban, "overdue", "--as-of", "2026-03-01", "--by", "unit")
    assert {r["unit"]: r["milestones"] for r in counted}["区应急局"] == 2


def test_a_correction_holds_and_the_original_stays(duban):
    key = milestone(duban, "/1")
    code, _, err = duban(
        "correct", "owner", key["task_id"], "--do", "reject", "--unit", "区水利局",
        "--reason", "机构改革", "--as", "wang",
    )  # fmt: skip
    assert code == 0, err
    code, _, err = duban("tasks", "--unit", "区水利局")
    assert (code, "没有单位“区水利局”" in err) == (1, True), (
        "nobody bears anything by this name now"
    )
    [made] = listed(duban, "correct", "list")
    assert made["original"]["unit"] == "区水利局"
    assert duban("correct", "withdraw", made["id"], "--reason", "误改", "--as", "li")[0] == 1
    assert duban("correct", "withdraw", made["id"], "--reason", "误改", "--as", "wang")[0] == 0
    assert listed(duban, "tasks", "--unit", "区水利局")


def test_may_explains(duban):
    key = milestone(duban, "/1")["milestone_id"]
    assert duban("may", "report", "--milestone", key, "--as", "li")[0] == 0
    code, out, _ = duban("may", "approve", "--as", "li")
    assert code == 1
    assert "督办人员" in out
    assert duban("may", "fly")[0] == 2


def test_the_log_is_for_auditors_and_verifies(duban, tmp_path):
    assert duban("audit", "log", "--as", "wang")[0] == 1
    code, point, _ = duban("audit", "checkpoint", "--as", "sun")
    assert code == 0
    (tmp_path / "point.json").write_text(point, "utf-8")
    code, out, _ = duban(
        "audit", "verify", "--checkpoint", str(tmp_path / "point.json"), "--as", "sun"
    )
    assert code == 0
    assert "链完整" in out
    wrong = point.replace(json.loads(point)["head"], "0" * 64)
    (tmp_path / "point.json").write_text(wrong, "utf-8")
    code, _, err = duban("audit", "verify", "--checkpoint", str(tmp_path / "point.json"))
    assert code == 1
    assert "校验点" in err


def test_review_lists_what_the_damaged_notice_left_in_doubt(duban):
    notice = Path(__file__).parents[3] / "corpus/documents/wanzhou-fuban-2022-30.txt"
    assert duban("ingest", "--no-index", str(notice))[0] == 0
    kinds = {item["kind"] for item in listed(duban, "review")}
    assert {"warning", "repaired", "ambiguous"} <= kinds
    assert all(i["kind"] == "warning" for i in listed(duban, "review", "--kind", "warning"))
    assert duban("review", "--kind", "moon")[0] == 2


def test_a_unit_is_put_in_another_s_place(duban):
    key = milestone(duban, "/1")
    task = key["task_id"]
    owner = ("correct", "owner", task, "--unit", "区水利局", "--reason", "三定已改", "--as", "wang")
    refused = [
        duban(*owner, "--new-unit", "区教委", "--do", "reject"),
        duban(*owner, "--do", "change"),
    ]
    assert [code for code, *_ in refused] == [2, 1]
    made = listed(duban, *owner, "--new-unit", "区教育委员会")
    assert (made["operation"], made["unit"]) == ("change", "区水利局")
    assert made["new_unit"] == "区教委"
    found = {t["id"]: t for t in listed(duban, "tasks", "--unit", "区教委")}[task]
    assert "区水利局" not in {r["unit"] for r in found["responsibilities"]}
    duban("correct", "withdraw", made["id"], "--reason", "误改", "--as", "wang")
    assert task in {t["id"] for t in listed(duban, "tasks", "--unit", "区水利局")}


def test_a_correction_is_reopened_when_its_clause_changes_and_confirmed(duban, tmp_path):
    key = milestone(duban, "/1")
    made = listed(
        duban, "correct", "owner", key["task_id"], "--do", "add", "--unit", "区教委",
        "--role", "配合", "--reason", "会议纪要", "--as", "wang",
    )  # fmt: skip
    (tmp_path / "plan.txt").write_text(PLAN.replace("20处以上", "30处以上"), "utf-8")
    assert duban("ingest", "--no-index", str(tmp_path / "plan.txt"))[0] == 0
    [waiting] = listed(duban, "review", "--kind", "reopened")
    assert waiting["fact_id"] == made["id"]
    now = milestone(duban, "/1")["task_id"]
    assert now not in {t["id"] for t in listed(duban, "tasks", "--unit", "区教委")}
    confirm = ["correct", "confirm", made["id"], "--task", now, "--reason", "仍由区教委配合"]
    assert duban(*confirm, "--as", "li")[0] == 1
    code, _, err = duban(*confirm, "--as", "wang")
    assert code == 0, err
    assert now in {t["id"] for t in listed(duban, "tasks", "--unit", "区教委")}
    assert not listed(duban, "review", "--kind", "reopened")


def test_nobody_stores_evidence_for_what_they_may_not_report_on(duban, tmp_path):
    (tmp_path / "x.txt").write_text("照片", "utf-8")
    key = milestone(duban, "/3")["milestone_id"]
    assert duban("event", key, "--occasion", "一小", "--on", "2025-11-30")[0] == 0
    words = ["report", key, "--text", "x", "--evidence", str(tmp_path / "x.txt")]
    assert duban(*words, "--as", "li")[0] == 1
    sha256 = hashlib.sha256("照片".encode()).hexdigest()
    assert duban("evidence", sha256, "--out", str(tmp_path / "y.txt"))[0] == 1


def test_a_plan_without_a_task_is_a_plan():
    read = extract_bytes(PLAN.encode(), "plan.txt").model_copy(update={"tasks": ()})
    with passing_store() as store:
        store.add(read, PLAN.encode(), recorded_at=NOW)
        with store.reading() as connection:
            titles = list(plan_titles(connection, listed=True).values())
    require_plan("防汛", titles)
    with pytest.raises(NotFoundError, match="登月"):
        require_plan("登月", titles)


SCHEDULE = """某市节水工作方案
某市人民政府
2026年1月12日
一、主要任务
1.审核申请。收到申请之日起5个工作日内完成审核。（责任单位：市水利局）
2.报送台账。每月31日前报送台账。（责任单位：市水利局）
3.改造管网。12月3日前完成管网改造30公里。（责任单位：市水利局）
4.评估成效。2026年12月4日前完成评估。（责任单位：市水利局）
"""


@pytest.fixture
def schedule(tmp_path, capsys):
    (tmp_path / "schedule.txt").write_text(SCHEDULE, "utf-8")

    def call(*arguments: str):
        capsys.readouterr()
        code = run(arguments, {}, tmp_path)
        return code, capsys.readouterr().out

    assert call("ingest", "--no-index", str(tmp_path / "schedule.txt"))[0] == 0
    return call


def test_seven_days_are_told_with_their_two_ends(schedule):
    asked = ("due", "--within", "7", "--as-of", "2026-11-27")
    code, said = schedule(*asked)
    assert code == 0
    assert "7 天内（2026-11-27 至 2026-12-03）到期 2 项" in said
    assert "12-03 年份据文件" in said
    assert "7 天内（2026-11-27 至 2026-12-03）到期 2 项" in schedule(*asked, "--by", "unit")[1]
    english = schedule("--lang", "en", *asked)[1]
    assert "2 due within 7 day(s) (2026-11-27 to 2026-12-03)" in english
    found = json.loads(schedule(*asked, "--json")[1])
    assert [(i["due"], i["certainty"]) for i in found] == [
        ("2026-11-30", ["explicit"]), ("2026-12-03", ["assumed_year"]),
    ]  # fmt: skip
    assert schedule("due", "--within", "0")[0] == 2


def test_an_event_says_by_which_arrangement_of_holidays_it_counts(schedule):
    rows = json.loads(schedule("milestones", "--as-of", "2026-03-01", "--json")[1])
    key = next(r["milestone_id"] for r in rows if r["counting"] == "working_days")
    code, said = schedule("event", key, "--occasion", "甲户", "--on", "2026-04-30")
    assert code == 0
    assert "时限 2026-05-11（依据国务院办公厅2026年节假日安排）" in said
    told = json.loads(
        schedule("event", key, "--occasion", "乙户", "--on", "2026-01-12", "--json")[1]
    )
    assert (told["due"], told["counting"]) == ("2026-01-19", "working_days")
    assert told["arrangements"] == [{"year": 2026, "published": True}]
    listed = schedule("milestones", "--as-of", "2026-05-01")[1]
    assert "工作日：依据国务院办公厅2026年节假日安排" in listed


def test_a_deadline_in_working_days_is_set_by_hand(schedule):
    rows = json.loads(schedule("milestones", "--as-of", "2026-03-01", "--json")[1])
    row = next(r for r in rows if r["title"] == "改造管网")
    words = ("correct", "date", row["task_id"], "--id", row["milestone_id"], "--reason", "原文如此")
    after = ("--event", "收到申请", "--duration", "P10D")
    assert schedule(*words, *after, "--counting", "working_days")[0] == 0
    rows = json.loads(schedule("milestones", "--as-of", "2026-03-01", "--json")[1])
    now = next(r for r in rows if r["milestone_id"] == row["milestone_id"])
    assert (now["kind"], now["counting"], now["state"]) == ("relative", "working_days", "waiting")
    for wrong in (
        (*after, "--date", "2026-12-01"), ("--event", "收到申请"), ("--duration", "P10D"),
        ("--counting", "working_days"), (*after, "--counting", "weeks"),
    ):  # fmt: skip
        assert schedule(*words, *wrong)[0] == 2, wrong
    assert schedule(*words, "--event", "收到申请", "--duration", "P1M", "--counting", "working_days")[0] == 1  # fmt: skip


def test_a_calendar_is_told_by_the_number_of_its_events(schedule, tmp_path):
    out = tmp_path / "x.ics"
    asked = ("export", "--out", str(out), "--as-of", "2026-11-27")
    said = schedule(*asked)[1]
    count = out.read_bytes().count(b"BEGIN:VEVENT")
    told = json.loads(schedule(*asked, "--json")[1])
    assert told["events"] == count < told["milestones"]
    rest = told["milestones"] - count
    assert f"{count} 个日程，另有 {rest} 项无日期或已结束，不在日历中" in said
