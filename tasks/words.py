"""Facts in words: targets, deadlines, due items, roles; Chinese or English."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from kb.language.roles import Role
from kb.wording import phrase, wording
from tasks.deadline_words import (
    ASSUMED_YEAR,
    NO_DEADLINE,
    ONGOING,
    describe_arrangements,
    describe_recurring,
    describe_relative,
)
from tasks.due import DueItem, holding_day
from tasks.lifecycle import STATUS_NAMES, Life
from tasks.models import Certainty, Deadline, DueKind, Target, TargetClass
from tasks.undated import is_ongoing

ROLE_TITLES = wording("tasks", "roles", Role)
ROLE_ZH = {role: zh for role, (zh, _) in ROLE_TITLES.items()}
UNIT_ROLES = wording("tasks", "unit_roles", Role)
"""What a unit does that has the role."""
_CERTAINTIES = wording("tasks", "due_certainties", set(Certainty) - {Certainty.EXPLICIT})
NOT_TOLD = phrase("tasks", "not_told")
"""What stands where a report stands, for a reader who is not told of it."""
NOBODY = phrase("tasks", "nobody")
"""What stands where units stand, when the source names none."""
_SIGNS = {">=": "≥", "<=": "≤", "~": "约"}


def role_name(role: Role, language: str) -> str:
    """牵头, or lead."""
    return ROLE_TITLES[role][language != "zh"]


def describe_number(value: Decimal) -> str:
    """A decimal without an exponent or needless zeros."""
    return f"{value.normalize():f}" if value else "0"


def describe_target(t: Target, language: str = "zh") -> str:
    """A target in a line: scope, metric, comparator, value."""
    side = 0 if language == "zh" else 1
    value = describe_number(t.value)
    said = (
        (("标准", "a standard"), t.class_ is TargetClass.STANDARD),
        (("适用条件", "a condition"), t.class_ is TargetClass.CONDITION),
        (("力争", "aimed at"), t.stretch),
        (("原文有缺字, 数值存疑", "in doubt: characters are missing in the source"), t.uncertain),
    )
    notes = [names[side] for names, on in said if on]
    if t.baseline is not None:
        was = f"{describe_number(t.baseline.value)}{t.measure or ''}"
        notes.append((f"原为{was}", f"was {was}")[side])
    per = f"/{t.per}" if t.per else ""
    note = "" if not notes else f"（{'，'.join(notes)}）" if side == 0 else f" ({'; '.join(notes)})"
    sign = _SIGNS.get(t.comparator.value, t.comparator.value)
    scope = t.scope if t.scope and not t.metric.startswith(t.scope) else ""
    return f"{scope}{t.metric} {sign} {value}{t.measure or ''}{per}{note}"


def describe_due(due: Deadline, language: str, life: Life | None = None) -> str:
    """A deadline in a line, its certainty said where it is not explicit, and to what day it was extended
    in its `life`."""
    zh = language == "zh"
    if due.kind is DueKind.RECURRING:
        text = describe_recurring(due, language)
    elif due.kind is DueKind.RELATIVE:
        text = describe_relative(
            due.event or "", due.duration or "", language, due.counting, ahead=due.ahead
        )
    elif due.kind is DueKind.START:
        text = f"{due.date} {'起' if zh else '(start)'}"
    elif due.kind is DueKind.NONE:
        names = ONGOING if is_ongoing(due.kind, due.certainty) else NO_DEADLINE
        text = names[0 if zh else 1]
    else:
        text = f"{due.date} {'前' if zh else ''}".strip()
    shown = [_CERTAINTIES[c][0 if zh else 1] for c in due.certainty if c in _CERTAINTIES]
    held = holding_day(life, due.date) if life else due.date
    if held != due.date:
        shown.append(f"延期至 {held}" if zh else f"extended to {held}")
    return f"{text}（{'；'.join(shown)}）" if shown else text


def describe_distance(due: Deadline, as_of: date, life: Life | None, language: str) -> str:
    """How far a deadline is from `as_of` and what was reported (`life` None: the reader is not
    told); empty where it has no single day or only begins then."""
    if due.date is None or due.kind in (DueKind.START, DueKind.RECURRING, DueKind.RELATIVE):
        return ""
    held = holding_day(life, due.date) if life else due.date
    days = (as_of - (held or due.date)).days
    said = describe_progress(life, language) if life else ""
    if language == "zh":
        if days > 0:
            return f"，截至 {as_of} 已过 {days} 天{f'，{said}' if said else ''}"
        return f"，截至 {as_of} 还有 {-days} 天"
    if days > 0:
        return f"; passed {days} days before {as_of}{f', {said}' if said else ''}"
    return f"; {-days} days after {as_of}"


def describe_progress(life: Life, language: str) -> str:
    """How far a milestone is by its reports; without one, that none was made."""
    side = 0 if language == "zh" else 1
    if life.silent:
        return ("未报告进展", "no progress reported")[side]
    done = "" if life.percent is None else f" {life.percent}%"
    return f"{STATUS_NAMES[life.status][side]}{done}"


def describe_ends(first: date, last: date, language: str) -> str:
    """The two ends of a window of days: 2026-11-27 至 2026-12-03."""
    if first == last:
        return f"{first}"
    return f"{first} {'至' if language == 'zh' else 'to'} {last}"


def name_units(item: DueItem, language: str) -> str:
    """Who bears a milestone, or that its source names nobody."""
    return "、".join(dict.fromkeys(a.unit for a in item.units)) or NOBODY[language != "zh"]


def describe_item(item: DueItem, language: str) -> str:
    """One due or overdue milestone in a line."""
    units = name_units(item, language)
    days = item.days or 0
    if language == "zh":
        late = f"逾期 {days} 天" if item.told else f"时限已过 {days} 天"
        far = late if days > 0 else f"还有 {-days} 天"
    else:
        late = f"{days} days overdue" if item.told else f"its day was {days} days ago"
        far = late if days > 0 else f"in {-days} days"
    progress = f", {describe_progress(item.life, language)}" if days > 0 and item.told else ""
    # What a day rests on that no reader of the clause would see there.
    notes = [describe_arrangements(item.arrangements, language)]
    notes += [ASSUMED_YEAR[language != "zh"]] if Certainty.ASSUMED_YEAR in item.certainty else []
    said = "".join(f"; {note}" for note in notes if note)
    return f"· {item.due}（{far}{progress}{said}）{item.path} {item.commitment}（{units}）"


def with_note(name: str, notes: Iterable[str], language: str) -> str:
    """A name with what it is in brackets."""
    if language == "zh":
        return f"{name}（{'、'.join(notes)}）"
    return f"{name} [{', '.join(notes)}]"
