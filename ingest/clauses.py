"""A clause as the extractors see it: its reading, the units in it, its lists of owners, and the
stretches that no extractor of dates or numbers may look into."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from ingest.classifier import INSTALLED, Models, Use
from ingest.columns import NO_CELLS, Cell, Cells, ColumnKind, Row, with_past
from ingest.deadlines import clause_times, find_yearless, read_times
from ingest.drafts import is_addressed
from ingest.leftovers import find_rejected, passes_on
from ingest.owners import OwnerList, Owners, read_owners
from ingest.reading import Breaks, Reading, RepairIndex, normalize_characters, read_span
from ingest.targets import read_quantities
from kb.characters import HAN
from kb.language.organisations import Organisations
from kb.language.quantities import Quantity
from kb.language.roles import FirstNote, find_first_notes
from kb.language.sentences import first_sentence
from kb.language.times import Time, TimeKind, find_times, may_hold_times
from kb.models import Clause, Span
from kb.ranges import Ranges

# A name in 《》 may hold another in 〈〉, and a line of a narrow page may end within it; bounded, so
# that a lost 》 costs one clause no more.
_NAME = re.compile(r"《[^《》]{1,120}》(?:\s*[(（]?[^()（）。;\n]{0,16}〔\d{4}〕第?\d+号[)）]?)?")
_NUMBER = re.compile(rf"[{HAN}]{{1,10}}(?:\([{HAN}]{{1,6}}\))?[〔\[]\d{{4}}[〕\]]第?\d{{1,4}}号")
_STANDARD = re.compile(
    r"(?:GB|DB|JGJ|JY|GBJ|CJJ|HJ|ISO)\s*+/?+\s*+[TZ]?+\s*+\d++(?:\s*+/\s*+T)?[\d.\s]*+(?:[-—]\s*+\d{2,4})?"
)


_NO_TITLES: Mapping[str, str] = {}
_NO_PLANS: Mapping[str, Span] = {}
_NO_NUMBERS: Mapping[str, int] = {}
_NO_ROWS: Mapping[int, Row] = {}
_HEADING = 20
"""Characters of a heading that are looked at for what it says of the numbers under it."""
_LEAD = 40
"""Characters before a colon that may introduce the clauses under a clause."""


@dataclass(frozen=True, slots=True)
class ClauseReading:
    """`names` are local ranges of titles and numbers of documents; `cells`: those of the row that the
    clause is, by local range; `yearless`: those of the days of which nothing in the document says the
    year; `reference`: the day from which its years are counted."""

    clause: Clause
    reading: Reading
    owners: Owners
    quantities: tuple[Use[Quantity], ...]
    times: tuple[Use[Time], ...]
    names: tuple[tuple[int, int], ...]
    cells: Cells = NO_CELLS
    yearless: tuple[tuple[int, int], ...] = ()
    reference: date | None = None

    @property
    def lists(self) -> tuple[OwnerList, ...]:
        """The lists of owners, in order."""
        return self.owners.lists


def read_clauses(
    text: str,
    clauses: Iterable[Clause],
    index: RepairIndex,
    organisations: Organisations,
    breaks: Breaks,
    *,
    rows: Mapping[int, Row] = _NO_ROWS,
    issued: date | None = None,
    reference: date | None = None,
    titles: Mapping[str, str] = _NO_TITLES,
    plans: Mapping[str, Span] = _NO_PLANS,
    numbered: Mapping[str, int] = _NO_NUMBERS,
    models: Models = INSTALLED,
) -> Iterator[ClauseReading]:
    """Read each clause in order. A note 列第一位者为牵头单位 holds in its plan; with 下同, from where
    it stands. `issued` is the document's day, `reference` that from which years are counted where
    none is printed, nor in a heading above (三、2026年工作安排), `titles` what each plan is called,
    `plans` where it stands, `numbered` where its first numbered clause begins; `models` decide the uses.

    `breaks`: what a reading of the text leaves out; `rows`: those of all tables, by their place.
    """
    notes = find_first_notes(normalize_characters(text))
    headings: dict[str, str] = {}
    years = _Years(reference or issued)
    leads: dict[str, str] = {}
    for clause in clauses:
        near = years.of(clause)
        row = rows.get(clause.span.start)
        reading, columns = _read(text, clause.span, row, index, breaks, near)
        duties = columns if columns.row.has(ColumnKind.UNITS) else NO_CELLS
        names = tuple(_names(reading.text))
        preamble = clause.span.start < numbered.get(clause.plan_id, 0)
        found = clause_times(reading, reference=near, cells=columns)
        owners = read_owners(
            reading,
            organisations,
            closed=names if columns.row.asks else [(0, len(reading.text))],
            formulas=[
                *(_preface(reading.text) if preamble else ()),
                *find_rejected(reading.text),
            ],
            cells=duties,
            first=_first_note(notes, clause, plans.get(clause.plan_id)),
            times=found,
            models=models,
        )
        headings[clause.id] = " ".join(
            (headings.get(clause.parent_id or "", ""), clause.heading[:_HEADING])
        )
        # Not the whole list: a time may stand in it (责任单位:…;完成时限:2026年11月底前).
        closed = sorted([*names, *owners.listed])
        leads[clause.id] = _lead(reading.text)
        quantities = read_quantities(
            reading,
            times=found,
            closed=closed,
            issued=reference or issued,
            title=titles.get(clause.plan_id, ""),
            heading=headings.get(clause.parent_id or "", ""),
            own=clause.heading[:_HEADING],
            lead=leads.get(clause.parent_id or "", ""),
            preamble=preamble,
            cells=columns,
            models=models,
        )
        times = read_times(
            reading,
            times=found,
            closed=closed,
            parties=owners.places,
            issued=issued,
            reference=reference,
            title=titles.get(clause.plan_id, ""),
            heading=headings.get(clause.parent_id or "", ""),
            preamble=preamble,
            cells=duties,
            models=models,
        )
        yield ClauseReading(
            clause,
            reading,
            replace(owners, places=()),
            tuple(quantities),
            tuple(times),
            names,
            columns,
            tuple(find_yearless(found, closed)),
            near,
        )


class _Years:
    """From which day the clauses under each heading count their years; `reference` where no heading
    says one. A heading is read when the first clause under it comes."""

    def __init__(self, reference: date | None) -> None:
        self._reference = reference
        self._parents: dict[str, Clause] = {}
        self._under: dict[str, date | None] = {}

    def of(self, clause: Clause) -> date | None:
        """The day for a clause, whose parents came before it."""
        self._parents[clause.id] = clause
        parent = self._parents.get(clause.parent_id or "")
        if parent is None:
            return self._reference
        if parent.id not in self._under:
            heading = parent.heading[:_HEADING]
            self._under[parent.id] = _year_of(heading, self.of(parent))
        return self._under[parent.id]


def _year_of(heading: str, reference: date | None) -> date | None:
    """The day from which years are counted under a heading: the first of the year that it names,
    `reference` where that lies in it or it names none."""
    for time in find_times(heading) if may_hold_times(heading) else ():
        if time.printed_year and time.kind is TimeKind.POINT and not time.bound and time.first:
            whole = time.last == date(time.first.year, 12, 31)
            same = reference is not None and reference.year == time.first.year
            return time.first if whole and not same else reference
    return reference


def _lead(text: str) -> str:
    """The words with which a clause introduces those under it: 应当具备下列条件：."""
    words = text.rstrip()
    return re.split(r"[。;\n]", words[-_LEAD:])[-1] if words.endswith(":") else ""


def _first_note(notes: Sequence[FirstNote], clause: Clause, plan: Span | None) -> FirstNote | None:
    """What is declared, where a clause stands, of the first of a list; the last to say so holds."""
    return next(
        (
            note
            for note in reversed(notes)
            if not note.local
            and (plan is None or plan.start <= note.start < plan.end)
            and (not note.onward or note.start < clause.span.end)
        ),
        None,
    )


def _read(
    text: str,
    span: Span,
    row: Row | None,
    index: RepairIndex,
    breaks: Breaks,
    reference: date | None,
) -> tuple[Reading, Cells]:
    """The reading of a clause, and where the cells of a row stand in it; of a row of duties one cell
    a line, whatever stands between them."""
    repairs = index.within(span)
    plain = read_span(text, span, repairs, breaks)
    if row is None:
        return plain, NO_CELLS
    cells = with_past(row, reference)
    if not row.has(ColumnKind.UNITS):
        local = [Cell(plain.index(c.start), plain.index(c.end), c.column) for c in cells]
        return plain, Cells(local, plain.text, row)
    words: list[str] = []
    starts, ends = array("I"), array("I")
    local = []
    for cell in cells:
        if local:
            words.append("\n")
            starts.append(ends[-1])
            ends.append(cell.start)
        part = read_span(text, Span(cell.start, cell.end), repairs, breaks)
        local.append(Cell(len(starts), len(starts) + len(part.text), cell.column))
        words.append(part.text)
        starts.extend(part.starts)
        ends.extend(part.ends)
    whole = "".join(words)
    return Reading(whole, starts, ends, repairs), Cells(local, whole, row)


def _preface(text: str) -> Iterator[tuple[int, int]]:
    """What stands before the duties and asks nobody for anything: to whom the text is addressed (also
    where it goes on in the same line), and the sentences that pass on what they bring."""
    start, end = first_sentence(text, 0, len(text))
    while start < end:
        colon = text.find(":", start, end + 1) + 1
        if colon and is_addressed(text[start:colon]):
            yield start, colon
        elif passes_on(text[start:end]):
            yield start, end
        start, end = first_sentence(text, end + 1, len(text))


def _names(text: str) -> Iterator[tuple[int, int]]:
    taken: list[tuple[int, int]] = []
    for pattern in (_NAME, _NUMBER, _STANDARD):
        before = Ranges(taken)
        taken += [m.span() for m in pattern.finditer(text) if not before.overlap(*m.span())]
    yield from sorted(taken)
