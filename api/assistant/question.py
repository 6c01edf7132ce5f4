"""A question understood: what is asked for, about what, of whom, in which days."""

from __future__ import annotations

from datetime import date

from api.assistant.asked import Asked, asked_kinds
from api.assistant.windows import Window
from kb.language.roles import Role
from kb.models import Fact
from tasks.due import State
from tasks.models import PolicyRelation
from tasks.query import Operation, Quantity, Query, Select

STANDING = (Select.PLANS, Select.DOCUMENTS, Select.MEMBERS, Select.FIELD)
"""What is asked of the documents themselves: nothing is left open."""
OF_CLAUSE = (Select.UNITS, Select.WORK, Select.TARGETS, Select.CLAUSES, Select.POLICIES)
"""What is asked of one clause."""


class Question(Fact):
    """A question understood. `asks` is what it asks for, as a query whose conditions are the other
    fields: of `milestones` those that fall due, of `work` when or how far one thing is done. `own` is what it says itself without orders to the assistant, `search` is what to look for, `topic` the same without units, dates
    and words of asking, `about` whether it says anything; `units` are canonical names; `window`
    are the days asked about, `year` a year that it names; `plan` what it calls a plan; `together`:
    all `units` at once; `alone`: nobody but `units`; `without`: units that are to be absent; `owned`:
    whether a bearer is written; `first`: only so many, those that come first; `everything`: it says that
    all is asked about. `documents` are ids of those that it names, `subject` what it is about without
    their names, `quantities` what it says of numbers, `relations` of
    documents. `anchor` is the question before it whose clauses it goes on about, `whose` one whose answer's units are meant, `before` the
    words of those before it in the conversation."""

    text: str
    own: str
    before: str = ""
    language: str
    asks: Query
    search: str
    topic: str
    about: bool = False
    units: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    window: Window | None = None
    year: int | None = None
    plan: str = ""
    together: bool = False
    alone: bool = False
    without: tuple[str, ...] = ()
    owned: bool | None = None
    most: bool = False
    first: int | None = None
    everything: bool = False
    places: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    subject: str = ""
    quantities: tuple[Quantity, ...] = ()
    relations: tuple[PolicyRelation, ...] = ()
    quoted: tuple[str, ...] = ()
    anchor: Question | None = None
    whose: Question | None = None

    @property
    def select(self) -> Select:
        """What it asks for."""
        return self.asks.select

    @property
    def overdue(self) -> bool:
        """Whether it asks for what is overdue."""
        return State.OVERDUE in self.asks.states

    @property
    def counts(self) -> bool:
        """Whether it asks how many duties there are, or who has most."""
        return self.select is Select.DUTIES and self.asks.operation is Operation.COUNT

    @property
    def of_bearers(self) -> bool:
        """Whether it asks for the duties of units."""
        held = bool(self.units or self.without or self.whose)
        return self.select is Select.DUTIES and not self.counts and held

    @property
    def lists(self) -> bool:
        """Whether its answer is a list or count of duties by units or days."""
        return self.select is Select.MILESTONES or self.counts or self.of_bearers

    @property
    def private(self) -> bool:
        """Whether it asks for a name, a number or an address."""
        return not asked_kinds(self.own).isdisjoint((Asked.CONTACT, Asked.PERSON))

    @property
    def standing(self) -> bool:
        """Whether it leaves nothing open that a question before it could say."""
        return self.select in STANDING or self.private

    @property
    def weak(self) -> bool:
        """Whether it hardly says what it asks for."""
        loose = self.select is Select.DUTIES and not self.lists
        return loose or (self.select is Select.TEXT and not self.private)

    @property
    def until(self) -> date | None:
        """The last of the days asked about."""
        return self.window.end if self.window else None

    @property
    def of_a_day(self) -> bool:
        """Whether it asks how things are on one day of the calendar (今天天气怎么样), which no
        document says; one that is printed may be."""
        w = self.window
        calendar = w is not None and w.kind == "calendar" and w.start == w.end
        return calendar and self.select is Select.TEXT and not self.private

    @property
    def unclear(self) -> bool:
        """Whether it names nothing that an answer could be about, and follows nothing that did."""
        named = self.plan or self.quoted or self.places or self.documents
        if self.about or self.anchor or self.whose or named:
            return False
        if self.select in OF_CLAUSE and self.select is not Select.WORK:
            return True
        return not self.units and (self.select is Select.WORK or self.weak)
