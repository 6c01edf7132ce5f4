"""An answer line by line: what proves each line, which of its words are units and deadlines.

Whoever writes a line gives the citations that prove it; they are put in the order in which a reader
meets their marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from kb.language.organisations import Organisations, OrgUnit
from kb.models import Citation, Fact
from tasks.queries import Register

_DAY = re.compile(r"(?<![\d-])\d{4}-\d{2}-\d{2}(?![\d-])")
_BEFORE, _AFTER = "、，。：；:;,.（( “[", "、，。：；:;,.（()） ”[]"
"""What stands around a name in a list of units: a word for a group (学校) or one that the lexicon
does not know is only then a name."""


class Line(NamedTuple):
    """A line of an answer: its words, and the citations that prove it, each with the words of the line
    behind which its mark stands; empty: at the end."""

    text: str
    proofs: tuple[tuple[str, Citation], ...] = ()

    @classmethod
    def of(cls, text: str, *cited: Citation) -> Line:
        """A line that citations prove as a whole."""
        return cls(text, tuple(("", c) for c in cited))


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of an answer, the units that they name (with their roles) and ids of the duties that they
    are about."""

    lines: tuple[Line, ...] = ()
    units: tuple[tuple[str, str], ...] = ()
    tasks: tuple[str, ...] = ()

    def __add__(self, other: Lines) -> Lines:
        return Lines(self.lines + other.lines, self.units + other.units, self.tasks + other.tasks)

    def __bool__(self) -> bool:
        return bool(self.lines)


class Piece(Fact):
    """Words of a statement, in reading order; a unit or a deadline where they are one. `citations`
    are the marks that stand behind them: places in the answer's `citations`, from 0."""

    text: str
    unit: str | None = None
    day: date | None = None
    citations: tuple[int, ...] = ()


class Statement(Fact):
    """A line of an answer with the citations that prove it (places in the answer's `citations`,
    from 0). The texts of `pieces`, joined, are `text`."""

    text: str
    citations: tuple[int, ...] = ()
    pieces: tuple[Piece, ...] = ()


class _Name(NamedTuple):
    """A unit or a day in a line, at `[start, end)`."""

    start: int
    end: int
    unit: str | None
    day: date | None


class Stating:
    """Tells what the lines of answers over one register rest on.

    Args:
        register: the documents.
        organisations: find units, one for each government that issued some of the documents.
    """

    def __init__(self, register: Register, organisations: Sequence[Organisations]) -> None:
        self._register, self._organisations = register, organisations

    @cached_property
    def _units(self) -> frozenset[str]:
        members = (m.unit for e in self._register.extractions for m in e.members)
        return frozenset([*(u.unit for u in self._register.units()), *members])

    def state(
        self,
        said: Lines,
        *,
        window: bool = False,
        alone: bool = True,
    ) -> tuple[tuple[Citation, ...], tuple[Statement, ...]]:
        """The citations in reading order, and the statements. A line that nothing proves by itself has
        the mark of the most that is cited, where all of the answer is drawn from one clause.

        Args:
            said: the answer; the deadlines of its duties become links.
            window: whether the days of its first line are the time asked about, and the other
                lines begin with their deadlines.
            alone: whether they are the whole answer.
        """
        due, units = self._days(said.tasks), [unit for unit, _ in said.units]
        cited = [c for line in said.lines for _, c in line.proofs]
        clauses = {c.clause_id for c in cited}
        whole = max(cited, key=lambda c: c.span.end - c.span.start, default=None)
        only = [whole] if whole and alone and len(clauses) == 1 and None not in clauses else []
        places: dict[Citation, int] = {}
        made = []
        for number, (words, proofs) in enumerate(said.lines):
            text = " ".join(words.splitlines())
            shown = (3 if number else len(text)) * window
            names = list(self._names(text, units, due, shown=shown))
            marks = {(_end_of(text, names, word), c) for word, c in proofs}
            order = {c: n for n, (_, c) in enumerate(proofs)}
            marked = sorted(marks, key=lambda m: (m[0], order[m[1]])) or [(len(text), c) for c in only]  # fmt: skip
            placed = [(at, places.setdefault(c, len(places))) for at, c in marked]
            made.append(_statement(text, names, placed))
        return tuple(places), tuple(made)

    def _days(self, tasks: Iterable[str]) -> set[date]:
        held = [self._register.placed(key).task for key in dict.fromkeys(tasks)]
        return {m.due.date for task in held for m in task.milestones if m.due.date}

    def _names(
        self, line: str, units: Sequence[str], due: set[date], *, shown: int
    ) -> Iterator[_Name]:
        """Units that the lexicon finds and deadlines, left to right; none inside 《》. All days
        that begin in the first `shown` characters are deadlines."""
        titles = list(_titles_in(line))
        mentions = [m for o in self._organisations for m in o.find(line)]
        found = [
            _Name(m.start, m.end, m.name, None)
            for m in mentions
            if m.name in self._units and (_is_office(m.unit) or _stands_alone(line, m.start, m.end))
        ]  # fmt: skip
        taken = [(m.start, m.end) for m in mentions]
        found += [n for n in _as_printed(line, units) if not _overlap(taken, n.start, n.end)]
        for day in _DAY.finditer(line):
            try:
                read = date.fromisoformat(day.group())
            except ValueError:
                continue
            if day.start() < shown or read in due:
                found.append(_Name(day.start(), day.end(), None, read))
        end = 0
        for name in sorted(set(found), key=lambda n: (n.start, -n.end)):
            if name.start >= end and not _overlap(titles, name.start, name.end):
                yield name
                end = name.end


def _as_printed(line: str, units: Sequence[str]) -> Iterator[_Name]:
    """Units that no entry of the lexicon resolves, where they stand by themselves."""
    for unit in units:
        at = line.find(unit)
        while at >= 0:
            if _stands_alone(line, at, at + len(unit)):
                yield _Name(at, at + len(unit), unit, None)
            at = line.find(unit, at + len(unit))


def _titles_in(line: str) -> Iterator[tuple[int, int]]:
    """Where 《…》 stand."""
    end = line.find("》")
    while end >= 0:
        start = line.rfind("《", 0, end)
        if start >= 0 and "》" not in line[start:end]:
            yield start, end + 1
        end = line.find("》", end + 1)


def _end_of(text: str, names: Sequence[_Name], word: str) -> int:
    """Where the mark of what proves a word of a line stands: behind the last place where it is a name."""
    ends = [n.end for n in names if word and n.unit == word]
    at = text.rfind(word) if word else -1
    return ends[-1] if ends else at + len(word) if at >= 0 else len(text)


def _is_office(unit: OrgUnit | None) -> bool:
    return unit is not None and unit.kind != "group"


def _stands_alone(line: str, start: int, end: int) -> bool:
    return line[:start][-1:] in _BEFORE and line[end:][:1] in _AFTER


def _overlap(taken: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    return any(a < end and start < b for a, b in taken)


def _statement(line: str, names: Sequence[_Name], marks: Sequence[tuple[int, int]]) -> Statement:
    cuts = sorted({0, len(line), *(n.start for n in names), *(n.end for n in names), *(at for at, _ in marks)})  # fmt: skip
    named = {n.start: n for n in names}
    pieces = []
    for start, end in pairwise(cuts):
        name = named.get(start)
        pieces.append(
            Piece(
                text=line[start:end], unit=name.unit if name else None,
                day=name.day if name else None, citations=tuple(n for at, n in marks if at == end),
            )
        )  # fmt: skip
    cited = tuple(dict.fromkeys(n for _, n in marks))
    return Statement(text=line, citations=cited, pieces=tuple(pieces))


def joined(
    halves: Sequence[tuple[Sequence[Citation], Sequence[Statement]]],
) -> tuple[tuple[Citation, ...], tuple[Statement, ...]]:
    """Answers one under the other: their citations without repetition, their statements."""
    citations = tuple(dict.fromkeys(c for cited, _ in halves for c in cited))
    statements = tuple(
        s.model_copy(
            update={
                "citations": _moved(s.citations, cited, citations),
                "pieces": tuple(
                    p.model_copy(update={"citations": _moved(p.citations, cited, citations)})
                    for p in s.pieces
                ),
            }
        )
        for cited, said in halves
        for s in said
    )
    return citations, statements


def _moved(
    places: Iterable[int], old: Sequence[Citation], new: Sequence[Citation]
) -> tuple[int, ...]:
    return tuple(dict.fromkeys(new.index(old[n]) for n in places))


def with_marks(statements: Iterable[Statement]) -> Iterator[str]:
    """The lines of an answer with `[n]` behind what citation n proves."""
    for s in statements:
        yield "".join(p.text + "".join(f"[{n + 1}]" for n in p.citations) for p in s.pieces)
