"""The table of transitions, what each step needs, extensions, targets met or short."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from kb.errors import TransitionError
from kb.language.quantities import Comparator
from kb.models import Span
from tasks.lifecycle import (
    STATUS_NAMES,
    STEP_NAMES,
    STEPS,
    Command,
    Life,
    Status,
    Step,
    Verdict,
    carry_life,
    judge,
    take_step,
)
from tasks.models import Target

DUE = date(2025, 6, 30)
BEFORE = DUE - timedelta(days=10)
LATER = DUE + timedelta(days=60)
S = Status

# Written out by hand from the cycle 交办 → 签收 → 承办 → 反馈 → 办结 → 销号, so that a slip in the
# program's own table is found. What is not here is refused.
ALLOWED = {
    (Step.ACCEPT, S.ASSIGNED): S.ACCEPTED,
    (Step.REPORT, S.ACCEPTED): S.IN_PROGRESS,
    (Step.REPORT, S.IN_PROGRESS): S.IN_PROGRESS,
    (Step.REPORT, S.EXTENDED): S.IN_PROGRESS,
    (Step.REPORT, S.RETURNED): S.IN_PROGRESS,
    (Step.REPORT, S.EXTENSION_REQUESTED): S.EXTENSION_REQUESTED,
    (Step.REQUEST_EXTENSION, S.ACCEPTED): S.EXTENSION_REQUESTED,
    (Step.REQUEST_EXTENSION, S.IN_PROGRESS): S.EXTENSION_REQUESTED,
    (Step.REQUEST_EXTENSION, S.EXTENDED): S.EXTENSION_REQUESTED,
    (Step.REQUEST_EXTENSION, S.RETURNED): S.EXTENSION_REQUESTED,
    (Step.ALLOW_LATE, S.ASSIGNED): S.ASSIGNED,
    (Step.ALLOW_LATE, S.ACCEPTED): S.ACCEPTED,
    (Step.ALLOW_LATE, S.IN_PROGRESS): S.IN_PROGRESS,
    (Step.ALLOW_LATE, S.REPORTED): S.REPORTED,
    (Step.ALLOW_LATE, S.RETURNED): S.RETURNED,
    (Step.ALLOW_LATE, S.EXTENSION_REQUESTED): S.EXTENSION_REQUESTED,
    (Step.ALLOW_LATE, S.EXTENDED): S.EXTENDED,
    (Step.APPROVE_EXTENSION, S.EXTENSION_REQUESTED): S.EXTENDED,
    (Step.REFUSE_EXTENSION, S.EXTENSION_REQUESTED): S.ACCEPTED,  # where it came from
    (Step.SUBMIT, S.ACCEPTED): S.REPORTED,
    (Step.SUBMIT, S.IN_PROGRESS): S.REPORTED,
    (Step.SUBMIT, S.EXTENDED): S.REPORTED,
    (Step.SUBMIT, S.RETURNED): S.REPORTED,
    (Step.APPROVE, S.REPORTED): S.COMPLETED,
    (Step.RETURN, S.REPORTED): S.RETURNED,
    (Step.RETURN, S.COMPLETED): S.RETURNED,
    (Step.CLOSE, S.COMPLETED): S.CLOSED,
    (Step.CANCEL, S.ASSIGNED): S.CANCELLED,
    (Step.CANCEL, S.ACCEPTED): S.CANCELLED,
    (Step.CANCEL, S.IN_PROGRESS): S.CANCELLED,
    (Step.CANCEL, S.REPORTED): S.CANCELLED,
    (Step.CANCEL, S.RETURNED): S.CANCELLED,
    (Step.CANCEL, S.EXTENSION_REQUESTED): S.CANCELLED,
    (Step.CANCEL, S.EXTENDED): S.CANCELLED,
    (Step.CANCEL, S.COMPLETED): S.CANCELLED,
    (Step.REINSTATE, S.CANCELLED): S.ASSIGNED,
}


def life(status: Status = S.ASSIGNED, **fields) -> Life:
    if status is S.EXTENSION_REQUESTED:
        fields = {"asked": LATER, "resume": S.ACCEPTED} | fields
    return Life(milestone_id="m", status=status, **fields)


def command(step: Step, *, on: date = BEFORE, due: date | None = DUE, **fields) -> Command:
    """A command with all that its step needs, unless a field is given."""
    needed = {"text": "整治 12 处", "reason": "汛期", "new_date": LATER}
    filled = {name: needed[name] for name in STEPS[step].needs} | fields
    return Command(step=step, milestone_id="m", on=on, due=due, **filled)


def test_every_step_from_every_state(subtests):
    for step in list(Step):
        for status in list(Status):
            with subtests.test(step=str(step), status=str(status)):
                target = ALLOWED.get((step, status))
                if target is not None:
                    after = take_step(life(status), command(step))
                    assert (after.status, after.steps, after.updated_on) == (target, 1, BEFORE)
                    continue
                with pytest.raises(TransitionError) as caught:
                    take_step(life(status), command(step))
                wanted = [s for (name, s) in ALLOWED if name is step]
                for side, separator in ((0, "、"), (1, ", ")):
                    words = caught.value.message.split(" / ")[side]
                    assert STEP_NAMES[step][side] in words
                    assert STATUS_NAMES[status][side] in words
                    assert set(words.rpartition(": ")[2].split(separator)) == {STATUS_NAMES[s][side] for s in wanted}  # fmt: skip


NEEDS = [
    (Step.REPORT, "text", "--text"),
    (Step.SUBMIT, "text", "--text"),
    (Step.REQUEST_EXTENSION, "reason", "--reason"),
    (Step.REQUEST_EXTENSION, "new_date", "--date"),
    (Step.ALLOW_LATE, "reason", "--reason"),
    (Step.REFUSE_EXTENSION, "reason", "--reason"),
    (Step.RETURN, "reason", "--reason"),
    (Step.CANCEL, "reason", "--reason"),
    (Step.REINSTATE, "reason", "--reason"),
]


@pytest.mark.parametrize(("step", "field", "option"), NEEDS)
def test_what_a_step_needs(step, field, option):
    source = next(s for (name, s) in ALLOWED if name is step)
    for empty in (None,) if field == "new_date" else ("", "  \n"):
        with pytest.raises(TransitionError, match=option):
            take_step(life(source), command(step, **{field: empty}))


def test_the_table_of_needs_is_whole():
    assert {(s, f) for s, rule in STEPS.items() for f in rule.needs} == {n[:2] for n in NEEDS}


def run(start: Life, *commands: Command) -> Life:
    for one in commands:
        start = take_step(start, one)
    return start


@pytest.mark.parametrize(
    ("on", "new_date", "late", "message"),
    [
        (BEFORE, LATER, False, None),
        (DUE, LATER, False, None),  # on the day itself nothing is overdue yet
        (DUE + timedelta(days=1), LATER, False, "已过"),
        (DUE + timedelta(days=1), LATER, True, None),
        (BEFORE, DUE, False, "要晚于"),
        (BEFORE, DUE - timedelta(days=1), False, "要晚于"),
        (BEFORE, DUE + timedelta(days=1), False, None),
        (DUE + timedelta(days=1), DUE, True, "要晚于"),
    ],
)
def test_when_an_extension_may_be_asked_for(on, new_date, late, message):
    start = life(S.IN_PROGRESS, late_allowed=late)
    asked = command(Step.REQUEST_EXTENSION, on=on, new_date=new_date)
    if message:
        with pytest.raises(TransitionError, match=message):
            take_step(start, asked)
    else:
        assert take_step(start, asked).asked == new_date


def test_without_a_due_date_nothing_can_be_extended():
    with pytest.raises(TransitionError, match="没有时限"):
        take_step(life(S.ACCEPTED), command(Step.REQUEST_EXTENSION, due=None))


@pytest.mark.parametrize("source", [S.ACCEPTED, S.IN_PROGRESS, S.EXTENDED, S.RETURNED])
def test_a_refused_extension_goes_back_to_where_it_was(source):
    after = run(life(source), command(Step.REQUEST_EXTENSION), command(Step.REFUSE_EXTENSION))
    assert (after.status, after.refused, after.asked, after.due) == (source, True, None, None)
    again = take_step(after, command(Step.REQUEST_EXTENSION))
    assert not again.refused, "a new request is not refused yet"


def test_a_report_while_a_request_waits_is_work_in_progress_when_it_is_refused():
    after = run(
        life(S.ACCEPTED), command(Step.REQUEST_EXTENSION), command(Step.REPORT, percent=40),
        command(Step.REFUSE_EXTENSION),
    )  # fmt: skip
    assert (after.status, after.percent) == (S.IN_PROGRESS, 40)


@pytest.mark.parametrize(
    ("given", "granted"), [(None, LATER), (DUE + timedelta(days=7), DUE + timedelta(days=7))]
)
def test_an_extension_is_approved_as_asked_or_with_another_date(given, granted):
    asked = take_step(life(S.IN_PROGRESS), command(Step.REQUEST_EXTENSION))
    after = take_step(asked, command(Step.APPROVE_EXTENSION, new_date=given))
    assert (after.status, after.due, after.asked) == (S.EXTENDED, granted, None)
    further = take_step(
        after, command(Step.REQUEST_EXTENSION, due=granted, new_date=granted + timedelta(days=1))
    )
    assert further.due == granted, "what was granted holds while more is asked for"


def test_an_extension_is_never_approved_to_an_earlier_day():
    asked = take_step(life(S.IN_PROGRESS), command(Step.REQUEST_EXTENSION))
    with pytest.raises(TransitionError, match="要晚于"):
        take_step(asked, command(Step.APPROVE_EXTENSION, new_date=DUE))


def test_leave_to_ask_late_holds_for_one_request():
    late = DUE + timedelta(days=5)
    after = run(
        life(S.IN_PROGRESS),
        command(Step.ALLOW_LATE, on=late),
        command(Step.REQUEST_EXTENSION, on=late),
        command(Step.REFUSE_EXTENSION, on=late),
    )
    with pytest.raises(TransitionError, match="已过"):
        take_step(after, command(Step.REQUEST_EXTENSION, on=late))


def test_a_cancelled_one_comes_back_with_its_progress_and_without_its_request():
    after = run(
        life(S.IN_PROGRESS),
        command(Step.REPORT, percent=70),
        command(Step.REQUEST_EXTENSION),
        command(Step.CANCEL),
        command(Step.REINSTATE),
    )
    assert (after.status, after.percent, after.asked) == (S.ASSIGNED, 70, None)


@pytest.mark.parametrize("percent", [-1, 101])
def test_per_cent_is_from_0_to_100(percent):
    with pytest.raises(TransitionError, match="0 到 100"):
        take_step(life(S.ACCEPTED), command(Step.REPORT, percent=percent))


def test_the_order_is_that_of_the_steps_whatever_their_days():
    """Which days a person may give is the tracker's to say: a clock may have been ahead."""
    after = take_step(life(), command(Step.ACCEPT, on=DUE))
    then = take_step(after, command(Step.REPORT, on=DUE - timedelta(days=1)))
    assert (then.status, then.updated_on) == (S.IN_PROGRESS, DUE - timedelta(days=1))


def test_reports_keep_what_they_do_not_say():
    first = command(Step.REPORT, percent=30, values={"a": Decimal("0.1")})
    second = command(Step.REPORT, text=" 二 ", values={"b": Decimal("0.20")})
    after = run(life(S.ACCEPTED), first, second)
    assert (after.percent, after.report, after.reports) == (30, "二", 2)
    assert after.values == {"a": Decimal("0.1"), "b": Decimal("0.20")}
    assert str(after.values["b"]) == "0.20", "decimals as they were measured"
    assert Life.model_validate_json(after.model_dump_json()) == after


def test_since_is_when_the_state_began():
    after = run(
        life(),
        command(Step.ACCEPT, on=date(2025, 1, 1)),
        command(Step.REPORT, on=date(2025, 2, 1)),
        command(Step.REPORT, on=date(2025, 3, 1)),
    )
    assert (after.since, after.updated_on) == (date(2025, 2, 1), date(2025, 3, 1))


def test_a_life_goes_over_to_other_ids():
    before = life(S.ACCEPTED, values={"t": Decimal(1), "u": Decimal(2)})
    after = carry_life(before, {"m": "n"}, {"t": "t2"})
    assert (after.milestone_id, dict(after.values)) == ("n", {"t2": Decimal(1), "u": Decimal(2)})


def target(comparator: str, value: str, **fields) -> Target:
    return Target(
        id="t", milestone_id="m", metric="参加率", comparator=Comparator(comparator),
        value=Decimal(value), span=Span(0, 1), quote="x", **fields,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("comparator", "wanted", "value", "verdict", "gap"),
    [
        (">=", "95", "95", Verdict.MET, "0"),
        (">=", "95", "94.99", Verdict.SHORT, "0.01"),
        (">=", "95", "96", Verdict.MET, "0"),
        ("<=", "0.50", "0.50", Verdict.MET, "0"),
        ("<=", "0.50", "0.501", Verdict.SHORT, "0.001"),
        (">", "2000", "2000", Verdict.SHORT, "0"),  # a strict bound, missed by nothing
        (">", "2000", "2000.01", Verdict.MET, "0"),
        ("<", "5", "5", Verdict.SHORT, "0"),
        ("<", "5", "4.9", Verdict.MET, "0"),
        ("=", "100", "100.0", Verdict.MET, "0"),
        ("=", "100", "99", Verdict.SHORT, "1"),
        ("=", "100", "101", Verdict.SHORT, "1"),
        ("~", "200", "190", Verdict.MET, "0"),  # within a twentieth
        ("~", "200", "210", Verdict.MET, "0"),
        ("~", "200", "189", Verdict.SHORT, "1"),
        ("~", "-200", "-211", Verdict.SHORT, "1"),
        (">=", "0.3", str(Decimal("0.1") + Decimal("0.2")), Verdict.MET, "0"),  # not so in floats
        ("=", "0", "-0", Verdict.MET, "0"),
    ],
)
def test_targets_by_comparator(comparator, wanted, value, verdict, gap):
    found = judge(target(comparator, wanted), Decimal(value))
    assert (found.verdict, found.gap) == (verdict, Decimal(gap))
    assert found.value == Decimal(value)


def test_without_a_value_there_is_no_verdict():
    found = judge(target(">=", "95"), None)
    assert (found.verdict, found.gap, found.value) == (Verdict.NO_REPORT, None, None)


def test_a_verdict_on_a_doubtful_value_says_so():
    assert judge(target(">=", "95", uncertain=True), Decimal(95)).uncertain
    assert judge(target(">=", "95", uncertain=True), None).uncertain
    assert not judge(target(">=", "95"), Decimal(95)).uncertain
