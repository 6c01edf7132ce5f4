"""What was reported on a duty stays with it, whatever is read anew or comes in a new version."""

import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import ConflictError, DeniedError, NotFoundError, TransitionError
from tasks import audit
from tasks.authorisation import CONSOLE
from tasks.fact_ids import identify
from tasks.left import hand_life, read_left
from tasks.lifecycle import Command, Status, Step
from tasks.models import DueKind
from tasks.review import ReviewKind
from tasks.settling import read_reviews, settle_all, unsettled
from tasks.store import Store
from tasks.tracker import Tracker
from tasks.visibility import Level, Visibility, set_visibility
from tests.stores import new_store
from tests.tasks.samples import (
    DANGERS,
    DRILLS,
    NOW,
    OFFICER,
    READER,
    SUPERVISOR,
    TODAY,
    WORDS,
    add,
    plan,
    read,
    unit_of,
)

LATE = "建设泵站。2026年6月30日前，建成泵站3座。（责任单位：区水利局）"
EARLY = "建设泵站。2026年3月31日前，完成选址；2026年6月30日前，建成泵站3座。（责任单位：区水利局）"


def report_on(store: Store, milestone: str, text: str = "已做") -> None:
    for step in (Step.ACCEPT, Step.REPORT):
        command = Command(step=step, milestone_id=milestone, on=TODAY, text=text)
        Tracker(store).perform(OFFICER, command, NOW)


def dates(store: Store) -> dict[str, str]:
    """Milestone id → its day, or what it says where it has none of its own."""
    found = [m for e in store.extractions() for t in e.tasks for m in t.milestones]
    return {m.id: str(m.due.date) if m.due.kind is DueKind.BY else m.commitment for m in found}


def reported(store: Store) -> dict[str, str]:
    """Day → report, of the milestones of current documents."""
    known = dates(store)
    lives = Tracker(store).lives()
    assert Tracker(store).replay() == lives
    return {known[key]: life.report for (key, _), life in lives.items() if key in known}


def by_day(store: Store, day: str) -> str:
    [key] = [key for key, found in dates(store).items() if found == day]
    return key


def entries(store: Store, action: str) -> list[audit.Entry]:
    with store.reading() as connection:
        assert not audit.verify_chain(connection).faults
        return list(audit.read(connection, action=action))


def left_of(store: Store) -> list[str]:
    """The days of what is left, as the review list has it."""
    with store.reading() as connection:
        found = read_left(connection)
    items = read_reviews(store, SUPERVISOR, store.extractions())
    listed = [i for i in unsettled(store, items) if i.kind is ReviewKind.LEFT]
    assert {i.fact_id for i in listed} <= {f.milestone_id for f in found}
    return [f.due for f in found if f.milestone_id in {i.fact_id for i in listed}]


def test_a_reader_that_finds_one_date_more_moves_no_life(store):
    words = plan(EARLY)
    whole, data = read(words)
    [task] = [t for t in whole.tasks if t.title == "建设泵站"]
    later = tuple(m for m in task.milestones if m.due.date == date(2026, 6, 30))
    fewer = whole.model_copy(
        update={"tasks": tuple(t.model_copy(update={"milestones": later}) if t is task else t for t in whole.tasks)}
    )  # fmt: skip
    store.add(fewer, data, recorded_at=NOW)
    key = by_day(store, "2026-06-30")
    report_on(store, key)
    assert store.add(whole, data, recorded_at=NOW, refresh=True).status == "re-read"
    assert sorted(dates(store).values())[:2] == ["2026-03-31", "2026-06-30"]
    assert reported(store) == {"2026-06-30": "已做"}
    assert left_of(store) == []
    # The former reading is as it was: what cites it still finds it.
    assert store.load(fewer.document.id) == fewer


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((LATE,), (EARLY,)),
        ((LATE, DRILLS), (WORDS, DRILLS, LATE)),
        ((LATE, WORDS), (WORDS, LATE)),
        ((WORDS, LATE, WORDS), (WORDS, WORDS, LATE)),
        ((LATE,), (LATE.replace("3座", "5座"),)),
        ((LATE,), (LATE.replace("，建成", "，全部建成"), WORDS)),
        ((LATE,), (DANGERS, WORDS, LATE.replace("建成泵站", "建 成 泵站"))),
    ],
)
def test_a_new_version_keeps_the_life_with_its_date(store, before, after):
    add(store, plan(*before))
    report_on(store, by_day(store, "2026-06-30"))
    add(store, plan(*after))
    assert reported(store) == {"2026-06-30": "已做"}
    assert left_of(store) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((LATE,), (LATE.replace("6月30日", "9月30日"),)),
        ((LATE, WORDS), (WORDS,)),
        # The same date at the end of quite another duty.
        ((LATE,), ("整修学校操场和宿舍，更新桌椅。2026年6月30日前，交付使用。（责任单位：区教委）",)),
        # The same words twice: which of them it was nobody can tell.
        ((LATE,), (LATE, LATE)),
        ((LATE, LATE), (LATE,)),
    ],
)  # fmt: skip
def test_a_life_without_successor_stays_and_is_listed(store, before, after):
    add(store, plan(*before))
    [key, *_] = [key for key, day in dates(store).items() if day == "2026-06-30"]
    report_on(store, key)
    life = Tracker(store).life(key)
    added = add(store, plan(*after))
    assert reported(store) == {}
    assert Tracker(store).life(key) == life, "nothing is lost"
    assert left_of(store) == ["2026-06-30"]
    [entry] = entries(store, audit.LEFT)
    assert (entry.subject, entry.detail["document_id"]) == (key, added.document_id)
    assert entry.detail["due"] == "2026-06-30"


def test_repeated_clauses_keep_their_own_lives(store):
    add(store, plan(DANGERS, LATE, DRILLS, LATE))
    keys = [key for key, day in dates(store).items() if day == "2026-06-30"]
    for number, key in enumerate(keys):
        report_on(store, key, f"第{number}项")
    add(store, plan(WORDS, DANGERS, LATE, DRILLS, LATE))
    now = [key for key, day in dates(store).items() if day == "2026-06-30"]
    lives = {key: life.report for (key, _), life in Tracker(store).lives().items()}
    assert [lives[key] for key in now] == ["第0项", "第1项"]


def test_what_is_left_under_an_id_is_never_written_over(store):
    first, second = plan(LATE), plan(LATE.replace("6月30日", "9月30日"))
    add(store, first)
    key = by_day(store, "2026-06-30")
    report_on(store, key, "一")
    newer = add(store, second).document_id
    older = add(store, first, replaces=newer).document_id
    assert reported(store) == {"2026-06-30": "一"}, "current again with what was reported on it"
    add(store, second, replaces=older)
    assert left_of(store) == ["2026-06-30"]


def test_a_person_hands_what_is_left_to_the_same_duty(store):
    add(store, plan(LATE))
    key = by_day(store, "2026-06-30")
    report_on(store, key)
    add(store, plan(LATE.replace("6月30日", "9月30日"), DANGERS, DRILLS))
    [yearly] = [m.id for e in store.extractions() for t in e.tasks for m in t.milestones if m.due.rrule]  # fmt: skip
    to, other = by_day(store, "2026-09-30"), by_day(store, "2025-12-31")
    for actor, about, error in (
        (OFFICER, (key, to, "是"), DeniedError),
        (SUPERVISOR, ("milestone-none", to, "是"), NotFoundError),
        (SUPERVISOR, (key, "milestone-none", "是"), NotFoundError),
        (SUPERVISOR, (key, to, " "), TransitionError),
        (SUPERVISOR, (key, yearly, "是"), TransitionError),
    ):
        with pytest.raises(error):
            hand_life(store, actor, *about, NOW)
    report_on(store, other)
    with pytest.raises(ConflictError):
        hand_life(store, SUPERVISOR, key, other, "是", NOW)
    hand_life(store, SUPERVISOR, key, to, "时限顺延", NOW)
    assert reported(store) == {"2026-09-30": "已做", "2025-12-31": "已做"}
    assert left_of(store) == []
    assert entries(store, audit.CARRIED)[-1].reason == "时限顺延"
    assert [e.action for e in Tracker(store).history(to)][:2] == ["milestone.step"] * 2


def test_or_lets_it_rest(store):
    add(store, plan(LATE))
    report_on(store, by_day(store, "2026-06-30"))
    add(store, plan(WORDS))
    items = read_reviews(store, SUPERVISOR, store.extractions())
    settle_all(store, SUPERVISOR, [i for i in items if i.kind is ReviewKind.LEFT], "新方案已取消", NOW)  # fmt: skip
    assert left_of(store) == []
    assert len(Tracker(store).lives()) == 1


def test_who_may_not_see_the_former_version_is_not_told(store):
    first = add(store, plan(LATE))
    report_on(store, by_day(store, "2026-06-30"))
    second = add(store, plan(WORDS))
    closed = Visibility(level=Level.RESTRICTED, units=(unit_of("区教委"),))
    set_visibility(store, CONSOLE, first.document_id, closed, NOW)
    for actor, told in ((READER, 0), (SUPERVISOR, 1)):
        items = read_reviews(store, actor, store.extractions())
        assert len([i for i in items if i.kind is ReviewKind.LEFT]) == told
    assert second.status == "new-version"


def test_an_undated_duty_keeps_its_reports_with_its_words(store):
    add(store)
    words = next(key for key, said in dates(store).items() if "宣传" in said)
    report_on(store, words)
    add(store, plan(WORDS, DRILLS))
    [(said, report)] = reported(store).items()
    assert ("宣传" in said, report) == (True, "已做")


DAYS = [f"{month}月{day}日" for month in range(1, 13) for day in (5, 15, 25)]
LINES = [f"第{n}号工程。2026年{day}前，完成{n}号标段。（责任单位：区水利局）" for n, day in enumerate(DAYS)]  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.sampled_from(LINES), min_size=2, max_size=7, unique=True),
    st.lists(st.sampled_from(LINES), max_size=4, unique=True),
    st.data(),
)
def test_each_surviving_date_keeps_its_life_and_no_other_gets_one(
    tmp_path_factory, before, more, data
):
    kept = [line for line in before if data.draw(st.booleans())]
    after = list(kept)
    for line in more:
        if line not in before:
            after.insert(data.draw(st.integers(0, len(after))), line)
    url = new_store(tmp_path_factory.mktemp("lives"))
    with Store.open(url) as store:
        add(store, plan(*before))
        for key, day in dates(store).items():
            report_on(store, key, day)
        add(store, plan(*after or [WORDS]))
        days = {re.search(r"\d+月\d+日", line).group() for line in kept}  # type: ignore[union-attr]
        want = {str(date(2026, *map(int, re.findall(r"\d+", day)))) for day in days}
        assert reported(store) == {day: day for day in want}
        gone = len(before) - len(kept)
        assert len(entries(store, audit.LEFT)) == len(left_of(store)) == gone


def test_status_of_a_handed_life_is_what_it_was(store):
    add(store, plan(LATE))
    key = by_day(store, "2026-06-30")
    report_on(store, key)
    add(store, plan(LATE.replace("6月30日", "9月30日")))
    to = by_day(store, "2026-09-30")
    hand_life(store, SUPERVISOR, key, to, "顺延", NOW)
    assert Tracker(store).life(to).status is Status.IN_PROGRESS
    assert identify(read(plan(LATE))[0]) == read(plan(LATE))[0]
