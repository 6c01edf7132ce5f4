"""Who gets what in which section, on which day."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from ingest.pipeline import extract_bytes
from kb.errors import NotFoundError
from kb.language.roles import Role
from kb.lexicon import corpus_path
from tasks.corrections import Aspect, Draft, Operation
from tasks.digest import DigestFormat, SectionKind, build_digests, parse_week, render, subject
from tasks.due import Colour, State
from tasks.lifecycle import Step, Verdict
from tasks.models import Deadline, DueKind
from tasks.store import Store
from tasks.tracker import Tracker
from tests.stores import new_store
from tests.tasks.digest_samples import (
    AS_OF,
    EARLIER,
    EVERYONE,
    PLAN,
    WEEK,
    ZONE,
    add,
    digests,
    lines,
    milestone,
    opened,
    step,
)
from tests.tasks.samples import NOW

DANGERS, DRILLS, BAGS = "整治隐患点20处以上", "组织演练,参加率不低于95%", "储备编织袋5000条"


@pytest.fixture
def store():
    with opened() as found:
        yield found


def test_lead_joint_and_supervising_units_are_not_confused(store):
    found = digests(store)
    lead, joint = found["区应急局"], found["区教委"]
    assert lines(lead, SectionKind.OVERDUE) == [DANGERS, DRILLS]
    assert lines(lead, SectionKind.OVERDUE, joint=True) == []
    assert joint.sections == ()
    assert lines(joint, SectionKind.OVERDUE, joint=True) == [DRILLS]
    assert (joint.totals.overdue, joint.totals_joint.overdue) == (0, 1)
    [line] = [li for s in joint.joint for li in s.lines]
    assert line.roles == (Role.JOINT,)
    assert (line.units(Role.LEAD), line.units(Role.JOINT)) == (("区应急局",), ("区教委",))
    # It bears one duty and takes part in another.
    both = found["区水利局"]
    assert lines(both, SectionKind.OVERDUE) == [DANGERS]
    assert lines(both, SectionKind.DUE, joint=True) == [BAGS]
    # Who only supervises has nothing of its own.
    assert "区市场监管局" not in found
    [food] = [li for s in found["区卫生健康委"].sections for li in s.lines]
    assert food.units(Role.SUPERVISE) == ("区市场监管局",)


def test_a_unit_with_a_second_role_in_the_same_duty_has_it_once():
    words = "某区方案（2024—2026年）\n1.查险。到2025年，查险20处。（牵头单位：区教委；配合单位：区教委、区财政局）\n"
    with opened(words) as store:
        found = digests(store)
        [line] = [li for s in found["区教委"].sections for li in s.lines]
        assert line.roles == (Role.LEAD, Role.JOINT)
        assert found["区教委"].joint == ()
        assert lines(found["区财政局"], SectionKind.OVERDUE, joint=True) == ["查险20处"]


@pytest.mark.parametrize(
    ("as_of", "kind"),
    [
        ("2026-10-31", None),
        ("2026-11-01", SectionKind.DUE),  # the last of 30 days
        ("2026-11-30", SectionKind.DUE),  # the day itself
        ("2026-12-01", SectionKind.OVERDUE),
    ],
)
def test_the_days_on_which_a_duty_changes_its_section(store, as_of, kind):
    found = digests(store, as_of=date.fromisoformat(as_of), units=["区财政局"], all_clear=True)
    assert [s.kind for s in found["区财政局"].sections] == ([kind] if kind else [])


@pytest.mark.parametrize(("within", "shown"), [(6, False), (7, True)])
def test_how_many_days_ahead_count_as_near_can_be_chosen(store, within, shown):
    found = digests(store, within=within)
    assert ("区财政局" in found) is shown
    if shown:
        assert subject(found["区财政局"]).endswith("7日内到期1项")


def test_a_unit_with_nothing_gets_none_or_an_all_clear(store):
    assert "各镇乡街道" not in digests(store)
    clear = digests(store, all_clear=True)["各镇乡街道"]
    assert clear.all_clear
    assert clear.totals.later == 1
    assert subject(clear) == "督办周报 2026年第48周 各镇乡街道：本周无事项"
    assert not digests(store)[None].all_clear


def test_a_group_of_units_has_one_digest(store):
    found = digests(store, as_of=date(2027, 12, 15), week=parse_week("2027-W50"))
    group = found["各镇乡街道"]
    [section] = group.sections
    assert (section.kind, section.inherited) == (SectionKind.DUE, 1)
    assert not [unit for unit in found if unit and unit.endswith(("镇", "乡", "街道办事处"))]


def test_dates_that_are_only_the_plans_come_after_the_duties_own():
    words = """某区防汛工作方案（2024—2025年）
1.加强宣传。营造良好氛围。（责任单位：区教委）
2.查险。2026年6月底前，查险20处。（责任单位：区教委）
"""
    with opened(words) as store:
        found = digests(store)
        [section] = found["区教委"].sections
        days = [li.item.due.isoformat() for li in section.lines]
        assert days == ["2026-06-30", "2025-12-31"]
        assert section.inherited == found["区教委"].totals.overdue_inherited == 1
        assert [li.item.inherited for li in found[None].longest] == [False, True]


def test_units_asked_for_by_name_or_id(store):
    [unit] = [
        u for li in digests(store)[None].longest for u in li.item.units if u.unit == "区水利局"
    ]  # fmt: skip
    assert set(digests(store, units=["区水利局", unit.unit_id])) == {"区水利局"}
    assert set(digests(store, units=["区水利局"], overview=True)) == {None, "区水利局"}
    with pytest.raises(NotFoundError, match="区气象局"):
        digests(store, units=["区气象局"])
    # It is named, if only as who supervises: no error, nothing to report.
    assert digests(store, units=["区市场监管局"]) == {}


def test_progress_extension_and_review(store):
    step(store, BAGS, Step.ACCEPT, date(2026, 2, 1))
    step(store, BAGS, Step.REPORT, date(2026, 11, 1), text="已储备 1000 条", percent=20)
    found = digests(store)["区财政局"]
    assert [s.kind for s in found.sections] == [SectionKind.BEHIND]  # 20 % is below the time gone
    [line] = found.sections[0].lines
    assert (line.item.colour, line.item.life.percent) == (Colour.YELLOW, 20)
    step(store, BAGS, Step.SUBMIT, date(2026, 11, 20), text="已储备 5000 条", percent=100)
    found = digests(store)["区财政局"]
    assert [s.kind for s in found.sections] == [SectionKind.REVIEW]
    # On the day before, it was still behind: a digest of the past does not know the future.
    before = digests(store, as_of=date(2026, 11, 19), week=parse_week("2026-W47"))["区财政局"]
    assert [s.kind for s in before.sections] == [SectionKind.BEHIND]


def test_what_was_submitted_late_is_overdue_and_waits_for_review(store):
    step(store, DANGERS, Step.ACCEPT, date(2026, 2, 1))
    step(store, DANGERS, Step.SUBMIT, date(2026, 2, 2), text="整治 21 处")
    found = digests(store)["区水利局"]
    assert [s.kind for s in found.sections] == [SectionKind.OVERDUE, SectionKind.REVIEW]
    assert (found.totals.overdue, found.totals.overdue_silent, found.totals.review) == (1, 0, 1)


@pytest.mark.parametrize(
    ("on", "shown"),
    [("2026-11-22", False), ("2026-11-23", True), ("2026-11-24", True)],
)
def test_closed_in_the_week(store, on, shown):
    day = date.fromisoformat(on)
    for name, fields in (
        (Step.ACCEPT, {}),
        (Step.SUBMIT, {"text": "整治 21 处"}),
        (Step.APPROVE, {}),
    ):
        step(store, DANGERS, name, day, **fields)
    found = digests(store, units=["区水利局"], all_clear=True)["区水利局"]
    assert lines(found, SectionKind.CLOSED) == ([DANGERS] if shown else [])
    assert lines(found, SectionKind.OVERDUE) == []


@pytest.mark.parametrize(
    ("recorded_at", "week", "shown"),
    [
        ("2026-11-22T15:59:59", "2026-W48", False),  # Sunday night in Shanghai
        ("2026-11-22T16:00:00", "2026-W48", True),  # Monday there, still Sunday in UTC
        ("2026-11-29T15:59:59", "2026-W48", True),
        ("2026-11-29T16:00:00", "2026-W48", False),
        ("2027-01-03T10:00:00", "2026-W53", True),  # around the new year
        ("2027-01-03T17:00:00", "2026-W53", False),
        ("2027-01-03T17:00:00", "2027-W01", True),
    ],
)
def test_new_in_the_week_by_the_local_date(recorded_at, week, shown):
    at = datetime.fromisoformat(recorded_at).replace(tzinfo=UTC)
    with opened(recorded_at=at) as store:
        found = digests(store, week=parse_week(week), units=["区应急局"], all_clear=True)
        # The recurring duty has a last and a next occurrence, and is new once.
        expected = [DANGERS, DRILLS] if shown else []
        assert sorted(lines(found["区应急局"], SectionKind.NEW)) == sorted(expected)
        new = [
            li for s in found["区应急局"].sections if s.kind == SectionKind.NEW for li in s.lines
        ]
        assert [li.item.due.year for li in new if li.item.occurrence] == [2027] * shown


@pytest.mark.parametrize("touched", [False, True])
def test_a_new_duty_without_a_deadline_is_new_and_says_so(touched):
    words = "关于做好防汛工作的通知\n一、主要任务\n1.整治隐患。整治隐患点20处以上。（责任单位：区水利局）\n2.开展演练。2027年6月底前开展演练。（责任单位：区应急局）\n"
    with opened(words, recorded_at=datetime(2026, 11, 24, tzinfo=UTC)) as store:
        if touched:  # its document has a correction of another duty
            [task] = [t for e in store.extractions() for t in e.tasks if "演练" in t.title]
            draft = Draft(task_id=task.id, aspect=Aspect.OWNER, operation=Operation.ADD, unit="区教委", role=Role.JOINT, reason="补")  # fmt: skip
            Tracker(store).correct(EVERYONE, draft, NOW)
        digest = digests(store)["区水利局"]
        [line] = [li for s in digest.sections if s.kind == SectionKind.NEW for li in s.lines]
        assert line.item.state is State.UNDATED
        assert not line.detail.corrected
        assert [str(g.target.value) for g in line.detail.goals] == ["20"]
        for kind in DigestFormat:
            assert render(digest, kind, "zh")
        assert "原文和计划都没有写时限" in render(digest, DigestFormat.HTML, "zh").decode()


def test_a_new_version_makes_new_only_what_it_adds(store):
    words = PLAN + "8.新建堤防。2027年6月底前，新建堤防2公里。（责任单位：区水利局）\n"
    add(store, words, recorded_at=datetime(2026, 11, 24, tzinfo=UTC))
    found = digests(store)
    assert lines(found["区水利局"], SectionKind.NEW) == ["新建堤防2公里"]
    assert found[None].totals.new == 1


def test_missed_occurrences_are_counted_not_listed(store):
    found = digests(store)["区应急局"]
    [line] = [li for s in found.sections for li in s.lines if li.item.commitment == DRILLS]
    assert (line.item.due, line.item.days) == (date(2026, 6, 30), 147)
    assert line.item.missed == found.totals.missed > 0


def test_the_deadline_quotes_the_source_and_targets_are_judged(store):
    target = next(t.id for e in store.extractions() for x in e.tasks for t in x.targets)
    step(store, DANGERS, Step.ACCEPT, date(2026, 2, 1))
    step(store, DANGERS, Step.REPORT, date(2026, 2, 2), text="12 处", values={target: Decimal(12)})
    found = digests(store)
    [line] = [li for s in found["区水利局"].sections for li in s.lines]
    assert (line.detail.printed, line.detail.corrected) == ("到2025年", False)
    [goal] = line.detail.goals
    assert (goal.verdict, goal.judged.gap) == (Verdict.SHORT, 8)
    [drill] = [li for s in found["区教委"].joint for li in s.lines]
    assert drill.detail.printed == "每年6月底前"
    assert drill.detail.goals[0].verdict is Verdict.NO_REPORT
    source = line.detail.source
    assert (source.plan_title, source.path) == ("某区防汛工作方案", "1/一/1")


def test_a_corrected_date_shows_what_the_source_says(store):
    task = next(t for e in store.extractions() for t in e.tasks if t.title == "整治隐患")
    draft = Draft(
        task_id=task.id,
        aspect=Aspect.DATE,
        operation=Operation.CHANGE,
        fact_id=task.milestones[0].id,
        deadline=Deadline(kind=DueKind.BY, date=date(2026, 10, 31)),
        reason="会议纪要",
    )
    Tracker(store).correct(EVERYONE, draft, EARLIER)
    [line] = [li for s in digests(store)["区水利局"].sections for li in s.lines]
    assert (line.item.due, line.item.days) == (date(2026, 10, 31), 24)
    assert (line.detail.printed, line.detail.corrected) == ("到2025年", True)


def test_a_relative_duty_comes_in_when_its_event_is_recorded(store):
    assert "区住房城乡建委" not in digests(store)
    key = milestone(store, "移交区教委")
    Tracker(store).record_event(
        EVERYONE, key, "一小", date(2026, 8, 20), datetime(2026, 8, 21, tzinfo=UTC)
    )
    found = digests(store)["区住房城乡建委"]
    [line] = found.sections[0].lines
    assert (line.item.due, line.item.days, line.item.occurrence) == (date(2026, 11, 20), 4, "一小")


def test_the_overview(store):
    whole = digests(store)[None]
    assert [bar.unit for bar in whole.bars] == ["区应急局", "区卫生健康委", "区水利局"]
    assert not any(bar.own for bar in whole.bars)
    rows = {row.unit: row for row in whole.by_unit}
    assert rows["区教委"].overdue_joint == 1
    assert (rows["区水利局"].overdue, rows["区财政局"].due, rows["各镇乡街道"].later) == (1, 1, 1)
    assert [li.item.due for li in whole.longest] == sorted(li.item.due for li in whole.longest)
    own = digests(store)["区水利局"].bars
    assert [bar.unit for bar in own if bar.own] == ["区水利局"]


def test_the_picture_has_ten_units_and_the_digests_own():
    names = [
        "教委",
        "财政局",
        "水利局",
        "应急局",
        "公安局",
        "司法局",
        "民政局",
        "交通局",
        "气象局",
        "统计局",
        "审计局",
        "信访办",
    ]
    duties = [
        f"{n}.查险{n}。到2025年，查险{n}处。（责任单位：区{name}）"
        for n, name in enumerate(names, 1)
    ]
    first = [f"{n}.查堤{n}。到2025年，查堤{n}处。（责任单位：{'、'.join('区' + x for x in names[:11])}）" for n in (20, 21)]  # fmt: skip
    with opened("某区方案（2024—2026年）\n" + "\n".join(duties + first) + "\n") as store:
        found = digests(store)
        assert len(found[None].bars) == 10
        last = found["区信访办"]
        assert [bar.unit for bar in last.bars if bar.own] == ["区信访办"]
        assert (len(last.bars), last.bars[-1].overdue) == (11, 1)


def test_what_names_no_unit_is_told_in_the_overview():
    with opened("某区方案（2024—2026年）\n1.查险。到2025年，查险20处。\n") as store:
        [whole] = digests(store).values()
        assert (whole.by_unit[-1].unit, whole.by_unit[-1].overdue) == (None, 1)
        assert whole.totals.overdue == 1


def test_equal_stores_give_equal_digests(store):
    with opened() as other:
        assert digests(store) == digests(other)


@pytest.fixture(scope="module")
def notice(tmp_path_factory):
    file = corpus_path() / "documents" / "wanzhou-fuban-2022-30.txt"
    data = file.read_bytes()
    with Store.open(new_store(tmp_path_factory.mktemp("notice"))) as store:
        store.add(extract_bytes(data, file.name), data, recorded_at=EARLIER)
        yield {d.unit: d for d in build_digests(store, WEEK, AS_OF, zone=ZONE, all_clear=True)}


def test_the_notice_as_of_24_november_2026(notice):
    whole = notice[None]
    once = {
        li.item.due.year: li.item.commitment for li in whole.longest if not li.item.occurrence
    }  # fmt: skip
    assert set(once) == {2022, 2023, 2025}
    every = [li for unit, d in notice.items() if unit for s in (*d.sections, *d.joint) for li in s.lines]  # fmt: skip
    overdue = [li for li in every if li.item.colour is Colour.RED]
    assert {li.item.due.year for li in overdue} == {2025, 2026}
    assert not [li for li in every if li.item.due and li.item.due.year >= 2027]
    assert whole.totals.overdue == whole.totals.overdue_silent == 17
    june = {li.item.due for li in overdue if li.detail.printed == "每年6月底前"}
    assert june == {date(2026, 6, 30)}
    assert notice["各镇乡街道"].all_clear
    assert notice["各镇乡街道"].totals.later == 17


def test_the_notices_lines_quote_it_exactly(notice):
    text = (corpus_path() / "documents" / "wanzhou-fuban-2022-30.txt").read_bytes().decode()
    shown = [li for d in notice.values() for li in d.lines()]
    assert shown
    assert all(li.detail.printed in " ".join(text.split()) for li in shown)
    assert all(li.detail.printed for li in shown)


def test_a_zone_west_of_greenwich(store):
    at = datetime(2026, 11, 23, 2, tzinfo=UTC)  # Monday in Shanghai, Sunday in New York
    with opened(recorded_at=at) as other:
        for zone, new in (("Asia/Shanghai", 7), ("America/New_York", 0)):
            [whole, *_] = build_digests(other, WEEK, AS_OF, zone=ZoneInfo(zone))
            assert whole.totals.new == new
