"""The check of English sentences: they rest on the lines of the facts' own English answer.

Of an English sentence over a Chinese clause nothing can be told by its words; but the facts answer
in English too, with names, roles, signs and days, and those can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from api.assistant.grounds import Ground, GroundSentence, plain
from api.assistant.reading import Bearers
from api.assistant.support_words import WordUse, entries, words
from kb.language.quantities import Comparator
from tasks.models import Deadline, DueKind

_U = "\ue000"
_WORD = re.compile(r"[a-z]+")
_CHINESE = re.compile(r"[一-龥][一-龥\d.%]*")
_DAY = re.compile(
    r"(?:the )?end of (?P<y>(?:19|20)\d\d)\b|(?P<iso>(?:19|20)\d\d-\d\d-\d\d)|\b(?P<year>(?:19|20)\d\d)\b(?!\s*[%元])"
)
_NUMBER = re.compile(r"(?P<n>\d+(?:,\d{3})*(?:\.\d+)?)\s*(?P<m>%|[a-z]+|[一-龥]+)?")
_PARTS = re.compile(r"[,;:]|\bwhile\b|\bwhereas\b|\bwith\b")
_FEWEST = 2


def is_english(sentence: str) -> bool:
    """Whether a sentence is in English: Chinese ones have single foreign words at most."""
    said = re.findall(r"[A-Za-z]{2,}", sentence)
    joins = {*words(WordUse.GLUE, "en"), *words(WordUse.DENIAL, "en"), *_roles()}
    known = any(w.lower() in joins for w in said)
    signed = any(
        f" {c} " in f" {sentence.lower()} "
        for c in words(WordUse.COMPARATOR, "en")
        if c.isascii() and c[0].isalpha()
    )
    return (len(said) >= _FEWEST and known) or signed


def is_supported_in_english(sentence: str, ground: Ground, finder: Bearers) -> bool:
    """Whether one line of the facts' English answer says all that a sentence says."""
    return any(_fits(sentence.strip(" .!?"), s, finder) for s in ground.sentences if s.printed)


def _fits(sentence: str, s: GroundSentence, finder: Bearers) -> bool:
    text, units = _with_tokens(sentence.lower(), s, finder)
    pairs = _pairs(text, units)
    borne = {(b.unit, b.role) for b in s.bearers}
    if pairs is None or not pairs <= borne:
        return False
    text = re.sub(rf"{_U}\d+{_U}", " ", text)
    days = list(_DAY.finditer(text))
    if not all(_is_due(d, text[: d.start()], s) for d in days):
        return False
    rest = _blanked(text, [m.span() for m in days])
    numbers = list(_NUMBER.finditer(rest))
    if not all(_is_target(n, rest[: n.start()], plain(sentence), s) for n in numbers):
        return False
    rest = _blanked(rest, [m.span() for m in numbers])
    return bool(pairs or days or numbers) and _words_are_there(rest, s)


def _blanked(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _with_tokens(text: str, s: GroundSentence, finder: Bearers) -> tuple[str, list[str]]:
    """The sentence with a token for each unit that the line names, in either language."""
    units = sorted({b.unit for b in s.bearers} | finder.named(text), key=len, reverse=True)
    called = {name.lower(): unit for unit, name in s.names}
    for n, unit in enumerate(units):
        english = [re.escape(name) for name, of in called.items() if of == unit]
        both = (
            rf"{re.escape(unit)}(?:\s*\((?:{'|'.join(english)})\))?" if english else re.escape(unit)
        )
        forms = "|".join(
            [both, *(rf"\b(?:the )?{e}\b" for e in sorted(english, key=len, reverse=True))]
        )
        text = re.sub(forms, f"{_U}{n}{_U}", text)
    return text, units


@lru_cache
def _roles() -> dict[str, str]:
    return {w: e.role.value for e in entries() if e.role for w in e.words}


def _pairs(text: str, units: list[str]) -> set[tuple[str, str]] | None:
    """(unit, role) pairs that it claims; None where a role cannot be told."""
    token = rf"{_U}(\d+){_U}"
    pairs: set[tuple[str, str]] = set()
    for m in re.finditer(rf"{token}\s*[\[(]([a-z, ]+)[\])]", text):
        for word in re.findall(r"[a-z]+", m[2]):
            if word not in _roles():
                return None
            pairs.add((units[int(m[1])], _roles()[word]))
    text = re.sub(rf"{token}\s*[\[(][a-z, ]+[\])]", " ", text)
    said = {_roles()[w] for w in _WORD.findall(text) if w in _roles()}
    left = re.findall(token, text)
    if not left:
        return pairs if not said else None
    if len(said) == 1:
        return pairs | {(units[int(n)], role) for n in left for role in said}
    waiting: list[str] = []
    for part in _parts(text):
        there = re.findall(token, part)
        roles = [m for m in _WORD.finditer(part) if m[0] in _roles()]
        if len({_roles()[m[0]] for m in roles}) > 1:
            return None
        if not roles:
            waiting += there
            continue
        first = part.find(_U)
        if not there or (waiting and roles[0].start() < first):
            return None  # led by A, B, assisted by C: whose B is cannot be told
        pairs |= {(units[int(n)], _roles()[roles[0][0]]) for n in [*waiting, *there]}
        waiting = []
    return None if waiting else pairs


def _parts(text: str) -> Iterator[str]:
    for part in _PARTS.split(text):
        cut = re.split(rf"\band\b(?=[^{_U}]*{_U}\d+{_U}[^{_U}]*\b(?:{'|'.join(_roles())})\b)", part)
        yield from cut if len({w for w in _WORD.findall(part) if w in _roles()}) > 1 else [part]


def _side(before: str) -> tuple[str, bool]:
    """Which side of a day the words before it say; whether they say any."""
    before = re.sub(r"(?:\bon\b|\bthe\b|\s)+$", "", before)
    for e in entries():
        if e.use is WordUse.DUE and any(re.search(rf"\b{w}$", before) for w in e.words):
            return str(e.due), True
    return "by", False


def _is_due(day: re.Match[str], before: str, s: GroundSentence) -> bool:
    side, said = _side(before)
    return any(_agrees(day, side, said, d) for d in s.dues)


def _agrees(day: re.Match[str], side: str, said: bool, d: Deadline) -> bool:
    last = str(d.date) if d.date else ""
    if day["year"]:  # in 2025; “by 2025” has two readings
        whole = d.kind is DueKind.IN and str(d.start) == f"{day['year']}-01-01"
        return side == "in" and whole and last == f"{day['year']}-12-31"
    printed = f"{day['y']}-12-31" if day["y"] else day["iso"]
    if side == "start":
        return d.kind is DueKind.START and str(d.start or d.date) == printed
    return side == "by" and d.kind in (DueKind.BY, DueKind.PERIOD) and last == printed


_RATE = re.compile(r"\b(?:per|each|every|annual(?:ly)?)\b", re.IGNORECASE)


def _is_target(number: re.Match[str], before: str, said: str, s: GroundSentence) -> bool:
    value = Decimal(number["n"].replace(",", ""))
    measures = {w: e.measure for e in entries() if e.measure for w in e.words}
    printed = number["m"] or ""
    comparator = _comparator(before)
    return any(
        t.value == value and t.comparator is comparator and not t.uncertain and not t.stretch
        and (t.measure or "") == measures.get(printed, printed)
        and (not t.per or _RATE.search(said))
        and plain(t.metric) in said and plain(t.scope or "") in said
        for t in s.targets
    )  # fmt: skip


def _comparator(before: str) -> Comparator:
    found = [
        (len(w), e.comparator) for e in entries() if e.use is WordUse.COMPARATOR
        for w in e.words if e.comparator and before.rstrip().endswith(w)
    ]  # fmt: skip
    return max(found)[1] if found else Comparator.EQUAL


def _words_are_there(rest: str, s: GroundSentence) -> bool:
    for use in (WordUse.COMPARATOR, WordUse.DUE):
        for word in words(use, "en"):
            rest = re.sub(rf"(?<![a-z]){re.escape(word)}(?![a-z])", " ", rest)
    line = s.text.lower()
    denials = set(words(WordUse.DENIAL, "en"))
    free = {*words(WordUse.GLUE, "en"), *_roles()}
    there = set(_WORD.findall(s.printed.lower()))
    for word in _WORD.findall(rest):
        if word in denials or (word not in free and word not in there):
            return False
    return all(
        run in line or any(run in b.lower() for b in s.beside) for run in _CHINESE.findall(rest)
    )
