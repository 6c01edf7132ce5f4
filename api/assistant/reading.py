"""A sentence taken apart for the check: units with their roles, numbers, times, denials, the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from api.assistant.support_words import WordUse, pattern
from ingest.scopes import ScopeEntry
from kb.durations import parse_duration, within_a_day
from kb.language.organisations import Organisations
from kb.language.quantities import Quantity, find_quantities
from kb.language.roles import Role, RoleWordKind, role_words, words_of_role
from kb.language.times import Time, find_times
from kb.lexicon import load_lexicon
from tasks.words import ROLE_ZH

Key = tuple[object, ...]
"""What a number or a time is, whole: two of one key say the same."""
_U = "\ue000"
_LIST = rf"{_U}+(?:(?:[、和与及]|以及){_U}+)*"
_NOT_A_VERB = r"(?!人|同志|制|部门|单位|主体)"
_FILL = r"(?:等)?(?:共同|具体|联合|一起|要|应|应当|须|需|将|来)?"
_PRE = {"到": "by", "至": "by", "截": "by", "自": "since", "从": "since"}


@dataclass(frozen=True, slots=True)
class Claim:
    """A number or a time at `[at, to)`; `[start, end)` with the words that say how it binds."""

    at: int
    to: int
    start: int
    end: int
    key: Key
    is_day: bool = False


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers and times of a text, left to right, in plain writing."""

    quantities: tuple[Claim, ...]
    times: tuple[Claim, ...]

    def spans(self) -> list[tuple[int, int]]:
        """What they take of the text."""
        return [(c.start, c.end) for c in (*self.quantities, *self.times)]


@lru_cache(maxsize=512)
def numbers_in(text: str) -> Numbers:
    """The numbers and times of a text. Numbers written in characters count where a unit of
    measurement is with them: in 统一 there is none."""
    times = [
        _time(text, t) for t in find_times(text) if t.first or t.last or t.rrule or _of_days(t)
    ]
    quantities = [
        _quantity(text, q)
        for q in find_quantities(text)
        if (not q.chinese or q.measure) and not any(q.start < t.to and t.at < q.end for t in times)
    ]
    return Numbers(tuple(quantities), tuple(times))


def _of_days(t: Time) -> bool:
    """Whether it is a length of days or more; hours and minutes are measured like any amount."""
    return bool(t.duration) and not within_a_day(parse_duration(t.duration or "") or {})


def _time(text: str, t: Time) -> Claim:
    before = text[: t.start][-1:]
    pre = _PRE.get(before) or _PRE.get(text[t.start], "")
    key: Key = (
        "time", t.kind, t.first, t.last, t.rrule, t.duration, t.duration_max, t.working_days, t.ambiguous,
        t.approximate, t.bound, t.tail, pre, t.clock, t.yearless,
    )  # fmt: skip
    at = t.start - (before in _PRE if before else 0)
    day = bool(t.first or t.last) and not t.rrule and not t.duration
    return Claim(t.start, t.end, at, t.end, key, is_day=day)


def _quantity(text: str, q: Quantity) -> Claim:
    # A measure that the reader of numbers does not know is in the next two characters.
    after = "" if q.measure not in (None, "个") else re.match(r"[一-龥]{0,2}", text[q.until :])[0]  # type: ignore[index]
    per = re.match(r"/[一-龥]{1,2}", text[q.until :])
    key: Key = (
        q.value, q.measure, q.comparator, q.approximate, after, per[0] if per else "",
    )  # fmt: skip
    return Claim(q.start, q.end, q.from_, max(q.until, q.end), key)


def signs(text: str, taken: Iterable[tuple[int, int]]) -> list[tuple[int, str]]:
    """Denials and words that say how far (place, word), left to right; those inside `taken` (the
    words around numbers) and harmless ones are none."""
    shut = [*taken, *(m.span() for m in pattern(WordUse.HARMLESS).finditer(text))]
    found: list[tuple[int, str]] = []
    for use in (WordUse.DENIAL, WordUse.HEDGE):
        for m in pattern(use).finditer(text):
            if not any(a < m.end() and m.start() < b for a, b in shut):
                found.append((m.start(), m.group()))
                shut.append(m.span())
    return sorted(found)


@lru_cache
def scopes() -> re.Pattern[str]:
    """Whom a number concerns: 小学, 全区; in 小学生 too, which is strict on both sides."""
    names = sorted((e.name for e in load_lexicon("scopes", ScopeEntry)), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, names)))


class Bearers:
    """Finds units in a text and what it says they are.

    Args:
        organisations: find units by their names and other names.
        names: further units, as printed.
    """

    def __init__(self, organisations: Sequence[Organisations], names: Iterable[str] = ()) -> None:
        self._organisations = organisations
        self._names = sorted(names, key=len, reverse=True)

    def read(self, text: str) -> tuple[frozenset[tuple[str, str]], str, bool]:
        """(unit, role) pairs that a text claims; the text with them blanked, in the same places;
        whether it names a unit whose role cannot be told."""
        marked, units, groups = self._marked(text)
        pairs: set[tuple[str, str]] = set()
        for form, shape in _forms():
            for m in form.finditer(marked):
                pairs |= set(_pairs(m, shape, units))
                marked = marked[: m.start()] + " " * len(m.group()) + marked[m.end() :]
        lost = False
        for at, (end, _) in units.items():
            if marked[at] == _U:
                lost = lost or at not in groups
                marked = marked[:at] + text[at:end] + marked[end:]
        return frozenset(pairs), marked, lost

    def named(self, text: str) -> set[str]:
        """The units in a text."""
        return {name for _, name in self._marked(text)[1].values()}

    def _marked(self, text: str) -> tuple[str, dict[int, tuple[int, str]], set[int]]:
        units: dict[int, tuple[int, str]] = {}
        groups: set[int] = set()
        for o in self._organisations:
            for m in o.find(text):
                if any(a < m.end and m.start < b for a, (b, _) in units.items()):
                    continue
                units[m.start] = (m.end, m.name)
                if m.unit is None or m.unit.kind == "group":
                    groups.add(m.start)
        for name in self._names:
            for found in re.finditer(re.escape(name), text):
                if not any(a < found.end() and found.start() < b for a, (b, _) in units.items()):
                    units[found.start()] = (found.end(), name)
        for at, (end, _) in units.items():
            text = text[:at] + _U * (end - at) + text[end:]
        return text, units, groups


def _pairs(
    m: re.Match[str], shape: Role | None, units: dict[int, tuple[int, str]]
) -> Iterator[tuple[str, str]]:
    def inside(group: str) -> Iterator[str]:
        start, end = m.span(group)
        yield from (name for at, (_, name) in units.items() if start <= at < end)

    groups = m.re.groupindex
    if "notes" in groups:
        said = {word: role for role, word in ROLE_ZH.items()}
        for unit in inside("who"):
            yield from ((unit, said[note].value) for note in m["notes"].split("、"))
        return
    assert shape is not None  # noqa: S101
    joint = list(inside("with")) if "with" in groups else []
    leads = bool(joint) and shape is Role.RESPONSIBLE  # who does it together with others leads
    yield from ((unit, Role.LEAD.value if leads else shape.value) for unit in inside("who"))
    yield from ((unit, Role.JOINT.value) for unit in joint)


@lru_cache
def _forms() -> tuple[tuple[re.Pattern[str], Role | None], ...]:
    """How a role is said of units, the narrowest form first."""
    said = "|".join(ROLE_ZH.values())
    notes = re.compile(rf"(?P<who>{_U}+)\((?P<notes>(?:{said})(?:、(?:{said}))*)\)")
    found: list[tuple[re.Pattern[str], Role | None]] = [(notes, None)]
    join = "|".join(words_of_role(RoleWordKind.JOIN))
    verbs = [e for e in role_words() if e.kind is RoleWordKind.ROLE]
    bearers = "|".join(words_of_role(RoleWordKind.BEARER))
    for entry in verbs:
        stems = "|".join(sorted(entry.words, key=len, reverse=True))
        word = f"(?:{stems})(?:责任)?(?:{bearers})"
        before = rf"(?<![一-龥])(?:{word})(?:是|为|有|包括|:)+(?P<who>{_LIST})(?![一-龥{_U}(])"
        after = rf"(?P<who>{_LIST})(?:等)?(?:是|为|作为|担任)(?:{word})(?![一-龥])"
        found += [(re.compile(before), entry.role), (re.compile(after), entry.role)]
    words = [(w, e.role) for e in verbs for w in e.words]
    words.sort(key=lambda p: -len(p[0]))
    every = "|".join(w for w, _ in words)
    end = rf"{_NOT_A_VERB}(?!(?:[、和与并]|并且)?(?:{every}))"
    for word, role in words:
        both = rf"(?P<who>{_LIST})(?:{join})(?P<with>{_LIST}){_FILL}(?:{word}){end}"
        one = rf"(?<![{_U}、和与及同商合])(?P<who>{_LIST}){_FILL}(?:{word}){end}"
        found += [(re.compile(both), role), (re.compile(one), role)]
    return tuple(found)
