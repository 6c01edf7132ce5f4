"""A clause as the extractors see it: its reading, the units in it, its lists of owners, and the
stretches that no extractor of dates or numbers may look into."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from ingest.classifier import INSTALLED, Models, Use
from ingest.deadlines import clause_times, read_times
from ingest.owners import OwnerList, Owners, read_owners
from ingest.party_features import sheet_roles
from ingest.reading import Breaks, Reading, RepairIndex, normalize_characters, read_span
from ingest.targets import read_quantities
from kb.language.organisations import Organisations
from kb.language.quantities import Quantity
from kb.language.times import Time
from kb.models import Clause
from kb.ranges import Ranges

# A name in 《》 may hold another in 〈〉; bounded, so that a lost 》 costs one clause no more.
_NAME = re.compile(r"《[^《》\n]{1,120}》(?:\s*[(（]?[^()（）。;\n]{0,16}〔\d{4}〕第?\d+号[)）]?)?")
_NUMBER = re.compile(r"[一-龥]{1,10}(?:\([一-龥]{1,6}\))?[〔\[]\d{4}[〕\]]第?\d{1,4}号")
_STANDARD = re.compile(
    r"(?:GB|DB|JGJ|JY|GBJ|CJJ|HJ|ISO)\s*+/?+\s*+[TZ]?+\s*+\d++(?:\s*+/\s*+T)?[\d.\s]*+(?:[-—]\s*+\d{2,4})?"
)


_NO_TITLES: Mapping[str, str] = {}
_HEADING = 20
"""Characters of a heading that are looked at for what it says of the numbers under it."""


@dataclass(frozen=True, slots=True)
class ClauseReading:
    """`names` are local ranges of titles and numbers of documents, `closed` those and the lists."""

    clause: Clause
    reading: Reading
    owners: Owners
    quantities: tuple[Use[Quantity], ...]
    times: tuple[Use[Time], ...]
    names: tuple[tuple[int, int], ...]

    @property
    def lists(self) -> tuple[OwnerList, ...]:
        """The lists of owners, in order."""
        return self.owners.lists

    @property
    def closed(self) -> tuple[tuple[int, int], ...]:
        """Names and owner lists: no date, number or subject is read there."""
        return tuple(sorted([*self.names, *((o.start, o.end) for o in self.lists)]))


def read_clauses(
    text: str,
    clauses: Iterable[Clause],
    index: RepairIndex,
    organisations: Organisations,
    breaks: Breaks,
    *,
    issued: date | None = None,
    reference: date | None = None,
    titles: Mapping[str, str] = _NO_TITLES,
    models: Models = INSTALLED,
) -> Iterator[ClauseReading]:
    """Read each clause in order. A note 列第一位者为牵头单位，下同 holds to the end of its plan.
    `issued` is the document's day, `reference` that from which years are counted where none is
    printed, `titles` what each plan is called; `models` decide the uses.
    """
    first_leads = False
    plan = ""
    sheet = sheet_roles(normalize_characters(text))
    headings: dict[str, str] = {}
    for clause in clauses:
        if clause.plan_id != plan:
            plan, first_leads = clause.plan_id, False
        reading = read_span(text, clause.span, index.within(clause.span), breaks)
        names = tuple(_names(reading.text))
        owners = read_owners(
            reading,
            organisations,
            closed=names,
            sheet=sheet,
            first_leads=first_leads,
            models=models,
        )
        first_leads = owners.first_leads
        headings[clause.id] = " ".join(
            (headings.get(clause.parent_id or "", ""), clause.heading[:_HEADING])
        )
        closed = sorted([*names, *((o.start, o.end) for o in owners.lists)])
        found = clause_times(reading, reference=reference or issued)
        quantities = read_quantities(
            reading,
            times=found,
            closed=closed,
            issued=issued,
            title=titles.get(clause.plan_id, ""),
            heading=headings.get(clause.parent_id or "", ""),
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
            models=models,
        )
        yield ClauseReading(
            clause, reading, replace(owners, places=()), tuple(quantities), tuple(times), names
        )


def _names(text: str) -> Iterator[tuple[int, int]]:
    taken: list[tuple[int, int]] = []
    for pattern in (_NAME, _NUMBER, _STANDARD):
        before = Ranges(taken)
        taken += [m.span() for m in pattern.finditer(text) if not before.overlap(*m.span())]
    yield from sorted(taken)
