"""What a digest says, in Chinese and English. A duty without a report is 未报告进展, never 未完成:
nobody knows whether it was done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from kb.language.roles import Role
from kb.wording import phrase, wording
from tasks.deadline_words import ASSUMED_YEAR, ONGOING, WEEKDAYS, describe_arrangements
from tasks.digest.models import Digest, Goal, Line, SectionKind, Totals
from tasks.digest.weeks import Week
from tasks.due import DueItem, State, last_of
from tasks.lifecycle import STATUS_NAMES, Status, Verdict
from tasks.models import Certainty, DueKind
from tasks.undated import is_ongoing
from tasks.words import NOT_TOLD, UNIT_ROLES, describe_ends, describe_number, describe_target

SECTION_NAMES = wording("tasks", "sections", SectionKind)
_COUNTS = wording(
    "tasks",
    "counts",
    (
        "overdue",
        "passed",
        "behind",
        "due",
        "review",
        "new",
        "closed",
        "joint_overdue",
        "joint_passed",
    ),
)
_CERTAINTIES = wording("tasks", "digest_certainties", (Certainty.REPAIRED, Certainty.AMBIGUOUS))


def role_title(role: Role, language: str) -> str:
    """牵头, or lead."""
    return UNIT_ROLES[role][language != "zh"]


def own_role(line: Line, language: str) -> str:
    """What the digest's unit is to the duty; empty in the overview.

    本单位：牵头、监督.
    """
    names = listed([role_title(role, language) for role in line.roles], language)
    return phrase("tasks", "this_unit")[language != "zh"].format(names) if names else ""


def unit_title(unit: str | None, language: str) -> str:
    """The unit's name on one line; the overview's where there is none."""
    if unit is None:
        return phrase("tasks", "overview")[language != "zh"]
    return " ".join(unit.split())


def week_title(week: Week, language: str) -> str:
    """2026年第48周（11月23日—11月29日）, or 2026-W48 (23 Nov – 29 Nov)."""
    first, last = week.monday, week.sunday
    if language == "zh":
        far = f"{last.year}年" if last.year != first.year else ""
        near = f"{first.year}年" if first.year != week.year or far else ""
        return (
            f"{week.year}年第{week.number}周（{near}{first.month}月{first.day}日"
            f"—{far}{last.month}月{last.day}日）"
        )
    return f"{week} ({first.isoformat()} to {last.isoformat()})"


def day_title(day: date, language: str) -> str:
    """2026年11月24日（周二）, or 2026-11-24 (Tuesday)."""
    zh, en = list(WEEKDAYS.values())[day.weekday()]
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日（{zh}）"
    return f"{day.isoformat()} ({en})"


def near_days(digest: Digest, language: str) -> str:
    """The days that count as near: 2026-11-24 至 2026-12-23."""
    return describe_ends(digest.as_of, last_of(digest.as_of, digest.within), language)


def section_title(kind: SectionKind, within: int, count: int, language: str) -> str:
    """逾期（红）　3项."""
    name = SECTION_NAMES[kind][0 if language == "zh" else 1].format(within)
    return f"{name} {count}项" if language == "zh" else f"{name}: {count}"


def subject(digest: Digest, language: str = "zh") -> str:
    """The digest in a line, for a message's subject.

    督办周报 2026年第48周 区教委：逾期3项、30日内到期2项.
    """
    t, j, side = digest.totals, digest.totals_joint, language != "zh"
    kinds = ("overdue", "passed", "behind", "due", "review")
    said = [
        *said_counts(t, digest.within, language, *kinds),
        *said_counts(j, digest.within, language, "overdue", "passed", prefix="joint_"),
        *said_counts(t, digest.within, language, "new", "closed"),
    ]
    if not said and digest.all_clear:
        said = [phrase("tasks", "nothing_at_all")[side]]
    elif not said:
        none = (
            phrase("tasks", "nothing_overdue") if digest.told else phrase("tasks", "nothing_passed")
        )
        said = [none[side]]
    week = f"{digest.week.year}年第{digest.week.number}周" if language == "zh" else digest.week
    name = unit_title(digest.unit, language)
    return phrase("tasks", "subject")[side].format(week, name, listed(said, language))


def said_counts(
    totals: Totals, within: int, language: str, *kinds: str, prefix: str = ""
) -> list[str]:
    """逾期3项, 30日内到期2项: of these kinds those of which there are any."""
    counts = ((getattr(totals, kind), _COUNTS[f"{prefix}{kind}"]) for kind in kinds)
    return [names[language != "zh"].format(n, within) for n, names in counts if n]


def listed(words: Sequence[str], language: str) -> str:
    """Words in a row, as the language has it."""
    return ("、" if language == "zh" else ", ").join(words)


def all_clear(digest: Digest, language: str) -> str:
    """The one line of a unit that has nothing to report."""
    later = digest.totals.later + digest.totals_joint.later
    undated = digest.totals.undated + digest.totals_joint.undated
    side = language != "zh"
    if not digest.told:
        return phrase("tasks", "all_clear_not_told")[side].format(digest.within)
    rest = phrase("tasks", "later_go_on")[side].format(later) if later else ""
    rest += phrase("tasks", "undated_go_on")[side].format(undated) if undated else ""
    return phrase("tasks", "all_clear")[side].format(digest.within) + rest


def distance(item: DueItem, language: str) -> str:
    """How many days overdue, or how many are left; empty where neither holds."""
    if item.due is None or item.days is None or item.state in (State.FINISHED, State.NEVER):
        return ""
    zh = language == "zh"
    if item.days > 0 and item.state is State.OVERDUE:
        return f"逾期{item.days}天" if zh else f"{item.days} days overdue"
    if item.state is State.PASSED:
        return f"已过{item.days}天" if zh else f"{item.days} days ago"
    if item.days > 0:
        return "按时报送" if zh else "submitted in time"
    if item.days == 0:
        return "今日到期" if zh else "due today"
    return f"还有{-item.days}天" if zh else f"in {-item.days} days"


def deadline_notes(line: Line, language: str) -> list[str]:
    """Since when it is overdue, and how the day was read: the source's own characters, what is
    unsure, corrections, extensions."""
    item, detail, side = line.item, line.detail, 0 if language == "zh" else 1
    certainty = detail.deadline.certainty
    quote = f"“{detail.printed}”"
    notes: list[tuple[str, str]] = []
    if item.state is State.OVERDUE and item.due is not None:
        since = item.due + timedelta(days=1)
        notes.append((f"{since}起逾期", f"overdue since {since}"))
    if Certainty.INHERITED in certainty:
        notes.append((f"原文未写明时限，按计划期限{quote if detail.printed else ''}计",
                      f"no date of its own; the plan's end {quote if detail.printed else ''}"))  # fmt: skip
    elif detail.corrected:
        notes.append((f"已更正；原文{quote}" if detail.printed else "更正时补录",
                      f"corrected; the source says {quote}" if detail.printed else "added by a correction"))  # fmt: skip
    elif detail.printed:
        sure = set(certainty) <= {Certainty.EXPLICIT, Certainty.ASSUMED_YEAR}
        notes.append((f"原文{'写明' if sure else ''}{quote}",
                      f"the source says {quote}{'' if sure else ', not plainly'}"))  # fmt: skip
    notes += [
        _CERTAINTIES.get(known, ASSUMED_YEAR)
        for known in (Certainty.REPAIRED, Certainty.ASSUMED_YEAR, Certainty.AMBIGUOUS)
        if known in certainty
    ]
    if item.kind is DueKind.RECURRING and item.printed:
        notes.append((f"本期{item.printed}", f"this occurrence {item.printed}"))
    elif item.kind is DueKind.RECURRING and detail.deadline.event:
        event = detail.deadline.event
        notes.append((f"仅在“{event}”，不计逾期", f"only during “{event}”, never overdue"))
    elif item.kind is DueKind.RELATIVE:
        event = detail.deadline.event or ""
        waits = ("：待该事件发生", ": the event is not recorded yet")[side] if item.told else ""
        label = f"{'：' if side == 0 else ': '}{item.occurrence}" if item.occurrence else waits
        before = bool(event) and detail.deadline.ahead
        counted = (f"自“{event}”起算{label}", f"counted from “{event}”{label}")
        notes.append((f"在“{event}”之前{label}", f"before “{event}”{label}") if before else counted)
        if rests := describe_arrangements(item.arrangements, language):
            notes.append((rests, rests))
    elif item.kind is DueKind.START:
        notes.append(("起始时间，不计逾期", "a start, never overdue"))
    elif item.kind is DueKind.NONE:
        unsaid = ("原文和计划都没有写时限", "neither the duty nor its plan says a day")
        notes.append(ONGOING if is_ongoing(item.kind, item.certainty) else unsaid)
    if item.life.due is not None and item.due != item.printed:
        notes.append((f"已同意延期，原定{item.printed}", f"extended; it was {item.printed}"))
    if item.life.asked is not None:
        notes.append((f"已申请延至{item.life.asked}，待批", f"an extension to {item.life.asked} is asked for"))  # fmt: skip
    if item.life.refused:
        notes.append(("延期申请未获同意", "an extension was refused"))
    return [names[side] for names in notes]


def progress_notes(item: DueItem, language: str) -> list[str]:
    """State and last report; without one, that none was made, or that the reader is not told."""
    if not item.told:
        return [NOT_TOLD[0 if language == "zh" else 1]]
    life, side = item.life, 0 if language == "zh" else 1
    notes: list[str] = []
    state = STATUS_NAMES[life.status][side]
    if item.state is State.FINISHED and life.since:
        state = f"{life.since}{state}" if side == 0 else f"{state} on {life.since}"
    percent = "" if life.percent is None else f" {life.percent}%"
    if life.silent:
        said = ("未报告进展", "no progress reported")[side]
        told = life.status is not Status.ASSIGNED
        notes.append(f"{state}{'，' if side == 0 else ', '}{said}" if told else said)
    else:
        notes.append(state if item.state is State.FINISHED else f"{state}{percent}")
        when = life.reported_on.isoformat() if life.reported_on else ""
        text = " ".join(life.report.split())
        notes.append(f"{when}报告：{text}" if side == 0 else f"{when} report: {text}")
    if item.behind and not life.refused:
        notes.append(("进度低于时间进度", "progress is below the share of time gone")[side])
    if item.missed:
        notes.append((f"此前另有{item.missed}期未报告进展", f"{item.missed} earlier occurrences without a report")[side])  # fmt: skip
    return notes


def goal_words(goal: Goal, language: str) -> tuple[str, str]:
    """A target, and how the latest value stands to it."""
    target, judged, zh = goal.target, goal.judged, language == "zh"
    said = describe_target(target, language)
    if goal.verdict is Verdict.WITHHELD:
        return said, "报告值不公开" if zh else "the value reported is not public"
    if judged.value is None:
        return said, "未报告数值" if zh else "no value reported"
    unit = target.measure or ""
    value = f"{describe_number(judged.value)}{unit}"
    if goal.verdict is Verdict.MET:
        return said, f"报告值{value}，达到" if zh else f"reported {value}: met"
    gap = f"{describe_number(judged.gap)}{unit}" if judged.gap else ""
    if not gap:
        return (
            said,
            f"报告值{value}，未超过界限" if zh else f"reported {value}: at the bound, not past it",
        )
    return said, f"报告值{value}，相差{gap}" if zh else f"reported {value}: off by {gap}"


def duty_words(item: DueItem) -> str:
    """The commitment on one line, without the clause's own number before it: the path says it."""
    text, marker = " ".join(item.commitment.split()), item.path.rpartition("/")[2]
    if marker and text.startswith(marker):
        rest = text.removeprefix(marker)
        bare = rest.lstrip(".．、)） ")
        # 2.5公里 and 200名 in clause 2 are no numbers of clauses.
        if bare and not bare[0].isdigit() and (bare != rest or marker.endswith((")", "）"))):
            return bare
    return text


def join_names(names: Sequence[str]) -> str:
    """Names of units in a row; they are Chinese in both languages."""
    return "、".join(" ".join(name.split()) for name in names)
