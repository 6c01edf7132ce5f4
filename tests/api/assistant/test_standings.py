"""Answers about days, from a store: complete lists with how things stand."""

from datetime import UTC, date, datetime

import pytest

from api.assistant.answer import Assistant
from tasks.authorisation import CONSOLE
from tasks.lifecycle import Command, Step
from tasks.listing import read_register
from tasks.store import Store
from tasks.tracker import Tracker
from tests.tasks.samples import DRILLS, add, milestone_of, officer, plan, read

TODAY = date(2026, 11, 24)
PUMPS = "更新泵站。到2025年，更新泵站5座以上。（责任单位：区水利局）"
GATES = "修缮闸门。到2024年，修缮闸门8座以上。（责任单位：区水利局、区财政局）"
WALLS = "加固堤防。2026年12月10日前，加固堤防3公里以上。（牵头单位：区水利局；配合单位：区教委）"
BOOKS = "编制手册。2027年3月底前，编制防汛手册。（牵头单位：区教委；配合单位：区水利局）"
TALKS = "加强宣传。加强防汛宣传教育，营造良好氛围。（责任单位：区教委）"
PLAN = plan(PUMPS, GATES, WALLS, BOOKS, DRILLS, TALKS)
EXTRACTION, _ = read(PLAN)
FINISHED = datetime(2024, 12, 1, tzinfo=UTC)


def no_search(*_):
    raise AssertionError("a list needs no search")


@pytest.fixture(scope="module")
def ask():
    with Store.open("sqlite://") as store:
        add(store, PLAN)
        gates, bearer = milestone_of(store, "修缮闸门"), officer("区水利局")
        fields = {"milestone_id": gates, "on": FINISHED.date(), "text": "已修缮", "evidence": ()}
        for step in (Step.ACCEPT, Step.SUBMIT, Step.APPROVE):
            actor = CONSOLE if step is Step.APPROVE else bearer
            Tracker(store).perform(actor, Command(step=step, **fields), FINISHED)
        fields = {"milestone_id": milestone_of(store, "加固堤防"), "on": TODAY, "reason": "汛期"}
        longer = {"new_date": date(2026, 12, 20)}
        for step, more in (
            (Step.ACCEPT, {}), (Step.REQUEST_EXTENSION, longer), (Step.APPROVE_EXTENSION, {})
        ):  # fmt: skip
            actor = CONSOLE if step is Step.APPROVE_EXTENSION else bearer
            now = datetime(2026, 11, 24, 2, tzinfo=UTC)
            Tracker(store).perform(actor, Command(step=step, **fields, **more), now)
        made = Assistant(read_register(store), no_search, store)
        yield lambda text, *context: made.ask(text, as_of=TODAY, context=context)


def titles(answer):
    found = {t.id: t.title for t in EXTRACTION.tasks}
    return [found[key] for key in answer.tasks]


@pytest.mark.parametrize(
    ("text", "window", "listed"),
    [
        ("有没有啥快到期的", "2026-11-24 至 2026-12-23（未来 30 天）", ["加固堤防"]),
        ("2025年底前要完成什么？", "2025-12-31 及以前", ["修缮闸门", "开展演练", "更新泵站"]),
        ("下个月到期的有哪些", "2026-12-01 至 2026-12-31（下个月）", ["加固堤防", "加强宣传"]),
        ("下周要干什么", "2026-11-30 至 2026-12-06（下周）", []),
        ("明年一季度到期的", "2027-01-01 至 2027-03-31", ["编制手册"]),
        ("区教委牵头的有哪些明年到期", "区教委（牵头） 2027-01-01 至 2027-12-31", ["编制手册"]),
        ("区水利局配合的明年到期的有哪些", "区水利局（配合） 2027-01-01", ["编制手册"]),
        ("区水利局牵头的明年到期的有哪些", "区水利局（牵头） 2027-01-01", []),
        ("下一个到期的是哪项", "2026-11-24 起", ["加固堤防"]),
        (
            "区水利局的期限是什么时候",
            "区水利局 所有日期",
            ["修缮闸门", "更新泵站", "加固堤防", "编制手册"],
        ),
        (
            "What is due by the end of 2025?",
            "up to 2025-12-31",
            ["修缮闸门", "开展演练", "更新泵站"],
        ),
        (
            "What is due next month?",
            "2026-12-01 to 2026-12-31 (next month)",
            ["加固堤防", "加强宣传"],
        ),
        ("What is due soon?", "(the next 30 days)", ["加固堤防"]),
    ],
)
def test_the_window_is_said_and_its_list_complete(ask, text, window, listed):
    answer = ask(text)
    assert answer.intent == "due"
    assert window in answer.answer.splitlines()[0]
    assert titles(answer) == listed
    assert bool(answer.citations) == bool(listed)


def test_how_things_stand_is_said(ask):
    head, *lines = ask("2025年底前要完成什么？").answer.splitlines()
    assert "已逾期" in head
    assert "已办结 1 项" in head
    gates = next(line for line in lines if "修缮闸门" in line)
    assert "办结" in gates
    assert "逾期" not in gates
    assert "逾期 328 天" in next(line for line in lines if "更新泵站" in line)


@pytest.mark.parametrize(
    ("text", "head", "listed"),
    [
        ("哪些任务已经完成？", "截至 2026-11-24 办结或销号：1 项", ["修缮闸门"]),
        ("区水利局有哪些已办结的任务？", "区水利局 截至 2026-11-24 办结或销号：1 项", ["修缮闸门"]),
        ("区教委有哪些已办结的任务？", "区教委 截至 2026-11-24 办结或销号：0 项", []),
        ("哪些任务已经销号？", "截至 2026-11-24 销号：0 项", []),
        ("延期的有哪些任务？", "截至 2026-11-24 延期：1 项", ["加固堤防"]),
        ("Which tasks have been completed?", "1 item(s) completed or closed", ["修缮闸门"]),
    ],
)
def test_what_stands_so_in_the_cycle_is_listed(ask, text, head, listed):
    answer = ask(text)
    assert answer.answer.startswith(head)
    assert titles(answer) == listed


def test_the_most_are_counted_in_the_role_asked_for(ask):
    assert "区教委 1 项" in ask("哪个单位牵头的任务最多？").answer


def test_each_occurrence_in_a_window_is_listed(ask):
    answer = ask("2024年1月到2026年12月到期的有哪些")
    assert [f"{year}-06-30" in answer.answer for year in (2024, 2025, 2026)] == [True] * 3


def test_occurrences_that_are_not_listed_are_told():
    with Store.open("sqlite://") as store:
        add(
            store,
            "某区方案\n一、任务\n1.报表。每月25日前报送报表。（责任单位：区教委）\n2.巡查。汛期每日巡查堤防。（责任单位：区水利局）\n",
        )
        made = Assistant(read_register(store), no_search, store)
        few, many = (
            made.ask(f"2028年1月到{end}到期的有哪些", as_of=TODAY).answer
            for end in ("2028年6月", "2029年6月")
        )
    assert "2028-06-25" in few
    assert "只列前" not in few
    assert "2028-12-25" in many
    assert "只列前 12 次" in many


def test_nothing_due_names_whose_nothing(ask):
    assert ask("区教委下周到期的有哪些").answer.startswith(
        "区教委 2026-11-30 至 2026-12-06（下周）到期：0 项"
    )
    assert "另有" not in ask("区教委下周到期的有哪些").answer


def test_what_has_only_its_plans_end_is_listed_apart(ask):
    answer = ask("下个月到期的有哪些").answer
    assert "到期：1 项" in answer
    assert "另有 1 项没有写自己的期限" in answer


def test_a_near_end_says_what_is_overdue_already(ask):
    assert "此前另有 2 项已逾期" in ask("年底前要完成什么").answer


@pytest.mark.parametrize(
    ("text", "head", "listed"),
    [
        ("有哪些逾期", "截至 2026-11-24 逾期：2 项", {"更新泵站", "开展演练"}),
        ("逾期最久的是哪一项", "逾期：2 项", {"更新泵站"}),
        ("2025年到期的哪些逾期了", "2025-01-01 至 2025-12-31", {"更新泵站"}),
        ("截至2025年12月1日有哪些逾期", "截至 2025-12-01 逾期", {"开展演练"}),
        ("区教委有逾期的吗", "区教委 截至 2026-11-24 逾期：1 项", {"开展演练"}),
        ("区财政局有逾期的吗", "区财政局 截至 2026-11-24 逾期：0 项", set()),
        ("What is the most overdue task?", "2 item(s) overdue as of 2026-11-24", {"更新泵站"}),
    ],
)
def test_overdue(ask, text, head, listed):
    answer = ask(text)
    assert head in answer.answer.splitlines()[0]
    assert set(titles(answer)) == listed


def test_overdue_and_due_soon_in_one_question(ask):
    answer = ask("本周哪些任务逾期、快到期？")
    assert "截至 2026-11-24 逾期：2 项" in answer.answer
    assert "2026-11-23 至 2026-11-29（本周）到期" in answer.answer


def test_the_units_with_most_overdue(ask):
    assert "各单位项数：" in ask("哪个单位逾期最多").answer


def test_a_unit_printed_by_two_names_is_counted_once():
    duties = (
        "修缮校舍。到2024年，修缮校舍8座以上。（责任单位：区教育委员会）",
        "更新校车。到2024年，更新校车5辆以上。（责任单位：区教委）",
        "培训教师。到2024年，培训教师50人以上。（牵头单位：区教委；配合单位：区水利局）",
        "加固堤防。到2024年，加固堤防3公里以上。（责任单位：区水利局、区财政局；审批单位：区应急局）",
    )
    with Store.open("sqlite://") as store:
        add(store, plan(*duties))
        made = Assistant(read_register(store), no_search, store)
        answer = made.ask("哪个单位逾期最多", as_of=TODAY)
    assert "各单位项数：区教委 3、区水利局 2、区应急局 1、区财政局 1" in answer.answer


@pytest.mark.parametrize(
    ("text", "example"), [("什么时候完成？", "例如"), ("by when?", "for example")]
)
def test_what_names_nothing_is_asked_back(ask, text, example):
    answer = ask(text)
    assert not answer.answerable
    assert example in answer.answer
    assert not answer.citations


def test_a_unit_stays_through_the_conversation(ask):
    turns = ["区水利局要干哪些事？", "有逾期的吗", "明年到期的呢"]
    assert titles(ask(turns[1], turns[0])) == ["更新泵站"]
    assert titles(ask(turns[2], *turns[:2])) == ["编制手册"]
    assert ask(turns[2], *turns[:2]).answer.startswith("区水利局 2027-01-01")
