"""Who bears what in a clause: its parties, their use decided by the fitted model, their roles.

Owners that stand in a list (a bracket, a label line, a cell, a line of names) close the text before
it; owners in running text belong to the sentence they stand in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

from ingest.classifier import INSTALLED, OTHER, Decision, Models, Use
from ingest.columns import NO_CELLS, Cells, ColumnKind
from ingest.party_features import EXCEPTED, PartyScene, Zone
from ingest.party_roles import PartyRoles
from ingest.reading import Reading
from kb.language.organisations import Organisations
from kb.language.parties import Form, Party, find_parties
from kb.language.party_words import is_defined
from kb.language.roles import FirstNote, Role
from kb.language.times import Time
from kb.ranges import Ranges
from tasks.models import Assignment, Basis

OWNER = "owner"
_NOTHING = Decision(OTHER, 1.0, ())
"""Of a body whose place says for sure that it bears nothing; it teaches nothing of others."""


@dataclass(frozen=True, slots=True)
class OwnerList:
    """Local range of a whole list in the reading and its assignments."""

    start: int
    end: int
    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class PartyUse(Use[Party]):
    """A party with what was decided of it; `role` is the one it has if it is an owner."""

    zone: Zone
    role: Role


@dataclass(frozen=True, slots=True)
class Owners:
    """What is decided of the parties of a clause. `lists` in order; `stated`, by place: those in running text
    and in the cells of a row, which is one duty; `places`: where all parties stand, those that are
    nothing too. Of these `uses` has only what is to be explained."""

    uses: tuple[PartyUse, ...]
    lists: tuple[OwnerList, ...]
    stated: tuple[Assignment, ...]
    places: tuple[tuple[int, int], ...] = ()

    @property
    def listed(self) -> tuple[tuple[int, int], ...]:
        """Where the owners of lists stand."""
        return tuple(
            (use.mention.start, use.mention.end)
            for use in self.uses
            if use.decision.label == OWNER and use.zone.kind != "text"
        )


def read_owners(
    reading: Reading,
    organisations: Organisations,
    *,
    closed: Sequence[tuple[int, int]] = (),
    formulas: Sequence[tuple[int, int]] = (),
    cells: Cells = NO_CELLS,
    first: FirstNote | None = None,
    times: Sequence[Time] = (),
    models: Models = INSTALLED,
) -> Owners:
    """The owners of a clause. What it defines (示范园区：是指…) or leaves out (除区教委外) bears nothing. `closed` are local ranges
    of names of documents, in which nobody is named; `formulas` those of what asks nobody for
    anything; `cells`: those of the row that it is; `first`: what the document declares of the first
    of a list (列第一位者为牵头单位，下同); `times`: the times of the clause."""
    party_model = models.of("party_use")
    shut, silent = Ranges(closed), Ranges(formulas)
    found = find_parties(reading.text, organisations.find(reading.text))
    # One that fills the cell of what its row is about (再生水厂, 5座) bears nothing.
    subjects = {(c.start, c.end) for c in cells if c.column.kind is ColumnKind.TASK}
    free = (p for p in found if not shut.overlap(p.start, p.end))
    parties = [p for p in free if (p.start, p.end) not in subjects]
    scene = PartyScene(reading.text, parties, cells=cells, times=[(t.start, t.end) for t in times])
    uses: list[PartyUse] = []
    for party, zone, role, features in scene.describe(PartyRoles(scene, first).of):
        told = (
            EXCEPTED in features
            or silent.overlap(party.start, party.end)
            or is_defined(reading.text, party.end)
        )
        decision = _NOTHING if told else party_model.decide(features, why=models.why)
        if models.why or decision.label != OTHER:
            kept = tuple(features) if models.why and not told else ()
            uses.append(PartyUse(party, kept, decision, zone, role))
    chosen = [use for use in uses if use.decision.label == OWNER]
    lists: list[OwnerList] = []
    stated: list[Assignment] = []
    pending: list[Assignment] = []
    bounds: tuple[int, int] | None = None
    for use in chosen:
        assignment = _assignment(reading, use, organisations)
        if use.zone.kind == "text" or cells:
            stated.append(assignment)
            continue
        here = scene.list_bounds(use.zone, use.mention)
        if bounds is None or here[0] >= bounds[1]:
            if bounds is not None:
                lists.append(OwnerList(*bounds, tuple(pending)))
            bounds, pending = here, []
        bounds = (bounds[0], max(bounds[1], here[1]))
        pending.append(assignment)
    if bounds is not None:
        lists.append(OwnerList(*bounds, tuple(pending)))
    places = tuple((p.start, p.end) for p in scene.parties)
    return Owners(tuple(uses), tuple(lists), tuple(stated), places)


def _assignment(reading: Reading, use: PartyUse, organisations: Organisations) -> Assignment:
    party = use.mention
    unit = party.unit
    if unit is None and party.form is Form.SUFFIX:
        unit = organisations.resolve(party.name)
    elif unit is None and party.form is Form.FIELD:
        unit = organisations.of_field(party.name)
    return Assignment(
        unit=_with_quotes(party.name),
        unit_id=unit.id if unit else None,
        role=use.role,
        basis=Basis.STATED if use.zone.kind == "text" else Basis.LISTED,
        open_ended=party.open_ended or reading.text.startswith("等", party.end),
        span=reading.span(party.start, party.named_to),
        quote="",
    )


def _with_quotes(name: str) -> str:
    """A name with the quotation marks that Chinese text prints, which a reading has plain."""
    parts = name.split('"')
    return "".join(part + mark for part, mark in zip(parts, cycle("“”"), strict=False))[: len(name)]
