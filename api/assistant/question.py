"""A question understood: what is asked for, about what, of whom, in which days."""

from __future__ import annotations

from datetime import date

from api.assistant.intents import Intent
from api.assistant.windows import Window
from kb.language.roles import Role
from kb.models import Fact
from tasks.models import PolicyRelation
from tasks.query import Operation, Quantity, Select


class Question(Fact):
    """A question understood. `own` is what it says itself without orders to the assistant, `search` is what to look for, `topic` the same without units, dates
    and words of asking, `about` whether it says anything; `units` are canonical names; `window`
    are the days asked about, `year` a year that it names; `plan` what it calls a plan; `together`:
    all `units` at once; `alone`: nobody but `units`; `without`: units that are to be absent; `owned`:
    whether a bearer is written; `first`: only so many, those that come first; `everything`: it says that
    all is asked about. `documents` are ids of those that it names, `subject` what it is about without
    their names, `select` and `operation` its plan, `quantities` what it says of numbers, `relations` of
    documents. `anchor` is the question before it whose clauses it goes on about, `whose` one whose answer's units are meant, `before` the
    words of those before it in the conversation."""

    text: str
    own: str
    before: str = ""
    language: str
    intent: Intent
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
    select: Select = Select.TEXT
    operation: Operation = Operation.LIST
    quantities: tuple[Quantity, ...] = ()
    relations: tuple[PolicyRelation, ...] = ()
    quoted: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    anchor: Question | None = None
    whose: Question | None = None

    @property
    def since(self) -> date | None:
        """The first of the days asked about."""
        return self.window.start if self.window else None

    @property
    def until(self) -> date | None:
        """The last of the days asked about."""
        return self.window.end if self.window else None

    @property
    def of_a_day(self) -> bool:
        """Whether it asks how things are on one day of the calendar (今天天气怎么样), which no
        document says; one that is printed may be."""
        w = self.window
        return (
            self.intent is Intent.CLAUSE
            and w is not None
            and w.kind == "calendar"
            and w.start == w.end
        )

    @property
    def unclear(self) -> bool:
        """Whether it names nothing that an answer could be about, and follows nothing that did."""
        named = self.plan or self.quoted or self.places or self.documents
        if self.about or self.anchor or self.whose or named:
            return False
        if self.intent in (Intent.WHO, Intent.TARGET, Intent.SOURCE, Intent.POLICY):
            return True
        return not self.units and self.intent in (Intent.DEADLINE, Intent.LIST, Intent.CLAUSE)
