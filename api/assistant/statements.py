"""An answer line by line: what each line rests on, which of its words are units and deadlines.

A line carries the mark of a citation only where the citation proves it: the words of the fact that
stands at the cited characters are in the line, or the line quotes the cited characters, or names
their clause. Citations are put in the order in which a reader meets their marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from api.assistant.cues import says
from kb.chunks import flatten
from kb.language.organisations import Organisations, OrgUnit
from kb.models import Citation, Fact
from tasks.models import Deadline
from tasks.queries import Placed, Register
from tasks.words import describe_due, describe_target

_DAY = re.compile(r"(?<![\d-])\d{4}-\d{2}-\d{2}(?![\d-])")
_TEXT = ("原文：", "Text: ")
_LABELS = ("· ", "·", *_TEXT)
_BEFORE, _AFTER = "、，。：；:;,.（( “[", "、，。：；:;,.（()） ”[]"
"""What stands around a name in a list of units: a word for a group (学校) or one that the lexicon
does not know is only then a name."""
_IN_PATHS = "0123456789/"
_LEAST = 4
"""Characters that a quotation has at least: fewer stand in any text."""


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

    @cached_property
    def _tasks(self) -> dict[str, list[Placed]]:
        """By clause."""
        found: dict[str, list[Placed]] = {}
        for placed in self._register.tasks():
            found.setdefault(placed.clause.id, []).append(placed)
        return found

    def state(
        self,
        text: str,
        citations: Sequence[Citation],
        *,
        units: Iterable[str] = (),
        tasks: Iterable[str] = (),
        window: bool = False,
    ) -> tuple[tuple[Citation, ...], tuple[Statement, ...]]:
        """The citations in reading order, and the statements.

        Args:
            text: the answer.
            citations: what it rests on.
            units: those that it names as bearing a duty.
            tasks: ids of those that it is about; their deadlines become links.
            window: whether the days of its first line are the time asked about, and the other
                lines begin with their deadlines.
        """
        lines = [line for line in text.split("\n") if line.strip()]
        due = self._days(tasks)
        names = [
            list(
                self._names(line, list(units), due, shown=(len(line) if not place else 3) * window)
            )
            for place, line in enumerate(lines)
        ]
        marks = self._marks(lines, names, citations)
        order = list(dict.fromkeys(n for found in marks for _, n in found))
        place_of = {old: new for new, old in enumerate(order)}
        placed = [sorted((at, place_of[n]) for at, n in found) for found in marks]
        statements = tuple(
            _statement(line, found, at)
            for line, found, at in zip(lines, names, placed, strict=True)
        )
        if not lines:
            return tuple(citations), ()
        return tuple(citations[n] for n in order), statements

    def _marks(
        self, lines: Sequence[str], names: Sequence[Sequence[_Name]], citations: Sequence[Citation]
    ) -> list[list[tuple[int, int]]]:
        """For each line its marks: (after how many characters, place of the citation), in order."""
        whole = {
            c.clause_id: n for n, c in reversed(list(enumerate(citations))) if self._is_clause(c)
        }
        for n, c in enumerate(citations):
            whole.setdefault(c.clause_id, n)
        found: list[dict[int, int]] = [{} for _ in lines]
        for n, citation in enumerate(citations):
            placed = self._tasks.get(citation.clause_id or "", [])
            about, of_clause = self._about(citation), whole[citation.clause_id] == n
            prove = _Proof(self._register, citation, placed, about, for_clause=of_clause)
            for line, named, marks in zip(lines, names, found, strict=True):
                at = prove.place(line, named)
                if at is not None:
                    marks[n] = at
        clauses = {c.clause_id for c in citations}
        if found and len(clauses) == 1 and None not in clauses:
            for line, marks in zip(lines, found, strict=True):
                if not marks:  # the whole answer is drawn from one clause
                    marks[whole[citations[0].clause_id]] = len(line)
        marked = {n for marks in found for n in marks}
        for n, citation in enumerate(citations):
            if n not in marked and found:
                place = self._bearer(citation, names)
                found[place][n] = len(lines[place])
        return [sorted((at, n) for n, at in marks.items()) for marks in found]

    def _about(self, c: Citation) -> Sequence[str]:
        """Words beside a clause's path that tell it from the clauses of other documents."""
        own = self._beside(c.clause_id)
        others = {
            words
            for key in self._by_path.get(c.path, ())
            if self._register.clauses[key][0].document.id != c.document_id
            for words in self._beside(key)
        }
        return [words for words in own if words not in others] or own

    def _beside(self, clause_id: str | None) -> list[str]:
        if clause_id not in self._register.clauses:
            return []
        extraction, clause = self._register.clauses[clause_id]
        plans = [p.title for p in extraction.plans if p.id == clause.plan_id]
        tasks = self._tasks.get(clause_id, ())
        said = [m.commitment for p in tasks for m in p.task.milestones]
        return [words for words in (*plans, *said, clause.heading) if words]

    @cached_property
    def _by_path(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for key, (_, clause) in self._register.clauses.items():
            found.setdefault(clause.path, []).append(key)
        return found

    def _bearer(self, citation: Citation, names: Sequence[Sequence[_Name]]) -> int:
        """The line of a citation that none quotes or names: the first that names a unit with a
        duty in its clause, as a count does, else the first of all."""
        placed = self._tasks.get(citation.clause_id or "", [])
        owners = {a.unit for p in placed for a in p.task.responsibilities}
        bearing = (k for k, found in enumerate(names) if any(n.unit in owners for n in found))
        return next(bearing, 0)

    def _is_clause(self, c: Citation) -> bool:
        known = self._register.clauses.get(c.clause_id or "")
        return known is not None and known[1].span == c.span

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


class _Proof:
    """What a citation proves, by the facts that stand at its characters."""

    def __init__(
        self,
        register: Register,
        c: Citation,
        placed: Sequence[Placed],
        about: Sequence[str],
        *,
        for_clause: bool,
    ) -> None:
        self._quote = flatten(c.quote)
        self._units = {
            a.unit for p in placed for a in p.task.responsibilities if a.span == c.span
        }  # fmt: skip
        extraction = register.document_of(c.document_id)
        self._units |= {m.unit for m in extraction.members if m.span == c.span}
        self._member = c.clause_id is None and bool(self._units)
        self._said = [
            describe_target(t, side)
            for p in placed for t in p.task.targets if t.span == c.span
            for side in ("zh", "en")
        ]  # fmt: skip
        self._said += [
            f"《{p.title}》" for p in extraction.policies
            if p.span == c.span and p.clause_id == c.clause_id
        ]  # fmt: skip
        self._said += [f"{p.number}. {p.title}" for p in extraction.plans if p.span == c.span]
        self._due = [
            (m.commitment, m.due) for p in placed for m in p.task.milestones if m.due.span == c.span
        ]
        self._path = c.path if for_clause else ""
        self._about = about if for_clause else ()

    def place(self, line: str, names: Sequence[_Name]) -> int | None:
        """After how many characters of the line its mark stands; None where it proves nothing."""
        bare = line.strip()
        quoting = bare.startswith(_TEXT) or (
            bare[:1] == "“" and line.endswith("”") and "”" not in bare[1:-1]
        )
        if self._member and not says("members", line.lower()):
            return None
        if self._units and not quoting:
            ends = [n.end for n in names if n.unit in self._units]
            noted = [end for end in ends if _is_noted(line[end:])]
            if ends:
                return (noted or ends)[-1]
            if self._member:
                return len(line)
        if self._quotes(line) or (not quoting and self._tells(line)):
            return len(line)
        return None

    def _quotes(self, line: str) -> bool:
        if not self._units and len(self._quote) >= _LEAST and self._quote in line:
            return True
        bare = line.strip()
        while label := next((w for w in _LABELS if bare.startswith(w)), ""):
            bare = bare[len(label) :]
        parts = [p.strip("“” ") for p in bare.split("……")]
        return all(len(p) >= _LEAST and p in self._quote for p in parts)

    def _tells(self, line: str) -> bool:
        if any(said in line for said in self._said):
            return True
        if any(said in line and _tells_due(line, due) for said, due in self._due):
            return True
        return names_clause(line, self._path) and any(a in line for a in self._about)


def _tells_due(line: str, due: Deadline) -> bool:
    return any(describe_due(due, side) in line for side in ("zh", "en"))


def names_clause(line: str, path: str) -> bool:
    """Whether a line names a clause by its path, as a whole: `1/二` does not stand in `1/二/3`."""
    at = line.find(path) if path else -1
    while at >= 0:
        before, after = line[at - 1 : at] if at else "", line[at + len(path) :][:1]
        if not set(before) & set(_IN_PATHS) and not set(after) & {*_IN_PATHS, "("}:
            return True
        at = line.find(path, at + 1)
    return False


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


def _is_noted(after: str) -> bool:
    """Whether a note in brackets follows a name, perhaps behind its English: 区教委 (…) [lead]."""
    if after.startswith(" (") and ")" in after:
        after = after[after.index(")") + 1 :]
    return after.startswith(("（", " ["))


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


def without_marks(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """The same lines where nothing is cited."""
    return tuple(
        s.model_copy(
            update={
                "citations": (),
                "pieces": tuple(p.model_copy(update={"citations": ()}) for p in s.pieces),
            }
        )
        for s in statements
    )


def with_marks(statements: Iterable[Statement]) -> Iterator[str]:
    """The lines of an answer with `[n]` behind what citation n proves."""
    for s in statements:
        yield "".join(p.text + "".join(f"[{n + 1}]" for n in p.citations) for p in s.pieces)
