"""What a sentence with citations may rest on: the sentences that are cited, with their facts.

A fact belongs to the sentence that it stands in. Units that are listed for a whole clause belong to
all its sentences but those that name a bearer of their own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from api.assistant.reading import numbers_in, signs
from kb.language.roles import Role
from kb.models import Citation, Fact, Span
from tasks.models import Basis, Deadline, Target, Task
from tasks.queries import Placed, Register
from tasks.words import describe_due, describe_target, role_name

_SIDES = ("zh", "en")
_NAMED = re.compile(r"([一-龥()（）]+) \(([A-Za-z][A-Za-z ,.&'-]*)\)")
_SENTENCE = re.compile(r"[^。；;！!？?]+[。；;！!？?]?")


class Borne(Fact):
    """A unit in a role for what stands at `[start, end)` of a sentence in plain writing."""

    unit: str
    role: str
    start: int
    end: int


class GroundSentence(Fact):
    """A sentence in plain writing (see `plain`), and what is known of it. `printed` is a line of
    the facts' own answer as it stands there, `names` its units with their English names. `beside`
    are words that name what it is about: its clause's heading, its plan's title."""

    text: str
    beside: tuple[str, ...] = ()
    printed: str = ""
    names: tuple[tuple[str, str], ...] = ()
    bearers: tuple[Borne, ...] = ()
    targets: tuple[Target, ...] = ()
    dues: tuple[Deadline, ...] = ()


class Ground(Fact):
    """What may be said: `sentences`, each for itself, and `question`, what was asked, in plain
    writing."""

    sentences: tuple[GroundSentence, ...]
    question: str = ""


def plain(text: str) -> str:
    """Text in one writing: half-width signs, no white space, no commas inside numbers."""
    text = unicodedata.normalize("NFKC", text).replace("（", "(").replace("）", ")")
    text = text.replace("≥", "不低于").replace("≤", "不高于")
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    return re.sub(r"\s+", "", text)


def ground_of(
    register: Register, citations: Iterable[Citation], *, said: Iterable[GroundSentence] = (), question: str = ""
) -> Ground:  # fmt: skip
    """The ground that citations give.

    Args:
        register: the documents with their facts.
        citations: of one sentence.
        said: lines of the facts' own answer that these citations prove.
        question: what was asked.
    """
    cited = [s for c in citations for s in _cited(register, c)]
    return Ground(sentences=(*cited, *said), question=plain(question))


def line_of(printed: str, placed: Sequence[Placed]) -> GroundSentence:
    """A line of the facts' own answer: what of the tasks of its clauses stands in it.

    Args:
        printed: the line.
        placed: the tasks of the clauses that prove it.
    """
    text = plain(printed)
    tasks = [p.task for p in placed]
    targets = tuple(x for t in tasks for x in t.targets if _in_words(printed, x))
    quotes = [plain(x.quote) for x in targets]
    if any(w not in text for q in quotes for _, w in signs(q, numbers_in(q).spans())):
        text = ""  # a target whose words hedge where its line does not: nothing rests on the line
    pairs = dict.fromkeys((a.unit, a.role) for t in tasks for a in t.responsibilities)
    return GroundSentence(
        text=text,
        printed=printed,
        beside=_names_of(placed[0]) if len({p.clause.id for p in placed}) == 1 else (),
        names=tuple((m[1], m[2]) for m in _NAMED.finditer(printed)),
        bearers=tuple(b for unit, role in pairs for b in _noted(printed, unit, role)),
        targets=targets if text else (),
        dues=tuple(
            m.due for t in tasks for m in t.milestones
            if m.commitment in printed and any(describe_due(m.due, side) in printed for side in _SIDES)
        ),
    )  # fmt: skip


def _in_words(printed: str, t: Target) -> bool:
    return any(describe_target(t, side) in printed for side in _SIDES)


def _noted(printed: str, unit: str, role: Role) -> Iterable[Borne]:
    """A unit with its role in brackets behind: it bears what the line is about, of which the line
    has a name only, so that no other words of it may be put to the unit."""
    for m in re.finditer(rf"{re.escape(unit)}(?: \([^)]*\))?(?:（| \[)([^）\]]*)[）\]]", printed):
        if any(role_name(role, side) in re.split(r"、|, ", m[1]) for side in _SIDES):
            start, end = len(plain(printed[: m.start()])), len(plain(printed[: m.end()]))
            yield Borne(unit=unit, role=role.value, start=start, end=end)


def _names_of(p: Placed) -> tuple[str, ...]:
    return tuple(plain(words) for words in (p.clause.heading, p.plan.title) if words)


def _cited(register: Register, c: Citation) -> Iterable[GroundSentence]:
    placed = register.tasks_in(c.clause_id) if c.clause_id else []
    extraction, clause = register.clauses.get(c.clause_id or "", (None, None))
    titles = (
        [p.title for p in extraction.plans if clause and p.id == clause.plan_id]
        if extraction
        else []
    )
    beside = tuple(plain(w) for w in (clause.heading if clause else "", *titles) if w)
    for found in _SENTENCE.finditer(c.quote):
        span = Span(c.span.start + found.start(), c.span.start + found.end())
        own = [p.task for p in placed if _meet(p.task.span, span)]
        yield GroundSentence(
            text=plain(found.group()),
            beside=beside,
            bearers=_borne(found.group(), span, own),
            targets=tuple(x for t in own for x in t.targets if _meet(x.span, span)),
            dues=tuple(m.due for t in own for m in t.milestones if _meet(m.span, span)),
        )


def _borne(raw: str, span: Span, tasks: Sequence[Task]) -> tuple[Borne, ...]:
    """The units of a sentence: those that it names as subjects, each for its parts; where it names
    none, those that are listed for its task."""

    def at(place: int) -> int:
        return len(plain(raw[: max(0, min(place, span.end) - span.start)]))

    bearers = [(t, a) for t in tasks for a in t.responsibilities]
    stated = [a for _, a in bearers if a.basis is Basis.STATED and _meet(a.span, span)]
    if not stated:
        return tuple(
            Borne(unit=a.unit, role=a.role.value, start=at(t.span.start), end=at(t.span.end))
            for t, a in bearers
            if a.basis is not Basis.STATED
        )
    text = plain(raw)
    begins = {a: max(text.rfind(",", 0, at(a.span.start)) + 1, 0) for a in stated}
    return tuple(
        Borne(
            unit=a.unit, role=a.role.value, start=begins[a],
            end=min((b for b in begins.values() if b > begins[a]), default=len(text)),
        )
        for a in stated
    )  # fmt: skip


def _meet(a: Span, b: Span) -> bool:
    return a.start < b.end and b.start < a.end
