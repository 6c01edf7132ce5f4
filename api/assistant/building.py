"""A question → the typed `Query` that it is with its conditions, and whether the query's rows are its answer.

Every question has a query, which says how it was understood; ids stand for names in it. Where rows
cannot answer it (what a clause says, how, why) sentences do (`api.assistant.evidence`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from pydantic import ValidationError

from api.assistant.cues import cut, roles_asked, says, span_of
from api.assistant.orders import without_instructions
from api.assistant.question import Question
from api.assistant.scope import Scope
from api.assistant.topics import without_noun
from api.assistant.windows import NEAR, Window, soon
from kb.expansion import simplify
from tasks.conditions import BEARING
from tasks.due import State
from tasks.models import Basis
from tasks.queries import Register
from tasks.query import (
    OF_DUTIES,
    DayKind,
    DayWindow,
    Group,
    Has,
    Match,
    Operation,
    Query,
    QueryOrder,
    Select,
    UnitFilter,
    borne_by,
)
from tasks.query_parts import MOST_IDS
from tasks.query_words import FIELD_NAMES

BARE = (Select.FIELD, Select.MEMBERS, Select.POLICIES, Select.TEXT)
"""What has no conditions on duties."""
SEPARATOR = "、"
"""Between the words of a topic."""
LISTED = (Basis.LISTED, Basis.MANUAL)
"""How a unit stands in a list of responsible units, as a person may have corrected it."""


_Part = dict[str, Any]
"""Fields of a query."""
_Made = tuple[_Part, object] | tuple[_Part, object, tuple[str, ...]]


class Built(NamedTuple):
    """`query` is what is asked; `rows`: its rows are the answer; `as_of` the day that it is asked of.
    `fields`: of a document, all those asked for."""

    query: Query
    rows: bool
    as_of: date
    fields: tuple[str, ...] = ()


class Builder:
    """Builds the queries of one register's questions.

    Args:
        register: the documents.
        scope: their names.
        narrowed: whether the register has not all of the store's documents.
    """

    def __init__(self, register: Register, scope: Scope, *, narrowed: bool = False) -> None:
        self._register, self._scope, self._narrowed = register, scope, narrowed

    def build(self, q: Question, words: list[str], as_of: date) -> Built:
        """The query of a question.

        Args:
            q: the question.
            words: what it is about, without the names of documents.
            as_of: the day asked about.
        """
        part: _Part = {"select": _selected(q.select), "topic": SEPARATOR.join(words)[:200] or None}
        part |= self._where(q) | self._of_duties(q)
        said, rows, *fields = self._made(q, part, as_of)
        if said["select"] in BARE:
            said = {k: v for k, v in said.items() if k not in OF_DUTIES and k != "plans"}
        try:
            query = Query(**said)
        except ValidationError:  # conditions that do not go together: sentences answer
            few = said["documents"] if len(said["documents"]) <= MOST_IDS else ()
            query, rows = Query(select=Select.TEXT, topic=said["topic"], documents=few), False
        return Built(query, bool(rows), query.as_of or as_of, *fields)

    def _made(self, q: Question, part: _Part, as_of: date) -> _Made:
        """The fields of the query, whether its rows are the answer, and the fields of a document."""
        low = q.own.lower()
        targets = says("targets", low) and says("which", low) and not q.anchor
        if targets and (q.quantities or (not q.about and self._is_scoped(q, part))):
            return self._of_targets(q, part)
        if q.select is Select.UNITS and (q.most or says("least", low)) and says("listed", low):
            return self._counted(q, part | {"select": Select.DUTIES})
        if between := self._between(q, part):
            return between, True
        if q.relations and says("asks paper", low):
            kept = {"select": Select.POLICIES, "relations": q.relations, "topic": None}
            return part | kept, True
        if q.owned is False and says("plural", low):
            return part | {"select": Select.DUTIES}, True
        if q.counts:
            return self._counted(q, part)
        if q.of_bearers:
            return part, part["units"]
        if q.select is Select.MILESTONES:
            return self._of_days(q, part, as_of)
        if q.select in (Select.DOCUMENTS, Select.PLANS):
            return self._of_plans(q, part)
        if q.select is Select.FIELD:
            return self._of_field(q, part)
        if q.select is Select.MEMBERS:
            return part | {"topic": None}, True
        return self._of_text(q, part)

    def _of_text(self, q: Question, part: _Part) -> _Made:
        """What sentences answer as a rule; rows do where a condition is said that only they hold."""
        bears = bool(q.without or q.alone or q.owned is False)
        scoped = bool(part["plans"] or q.documents)
        listed = q.select is Select.DUTIES
        if q.most and says("owner", q.own.lower()) and scoped:
            group = {"select": Select.UNITS, "group_by": Group.DUTY, "operation": Operation.MOST}
            return part | group | {"units": (UnitFilter(basis=LISTED),), "topic": None}, True
        if bears and (listed or (scoped and q.select in _OPEN)):
            return part | {"select": Select.DUTIES, "operation": q.asks.operation}, True
        if q.select is Select.TARGETS or q.quantities:
            return self._of_targets(q, part)
        return part, listed and not q.most and (q.owned or self._whole_plan(q, part))

    def _between(self, q: Question, part: _Part) -> _Part | None:
        """Units that bear duties and are no members of the group, or members that bear none."""
        low = q.own.lower()
        bears = says("owner", low) or says("listed", low)
        if not (bears and says("without", low) and says("members", low)):
            return None
        said = next(c for c in _clauses(low) if says("without", c))
        bearing = {k: part[k] for k in ("plans", "documents")} | {"select": Select.UNITS}
        bearing["units"] = (UnitFilter(basis=LISTED),)
        group = {"select": Select.MEMBERS, "documents": part["documents"]}
        one, other = (bearing, group) if says("members", said) else (group, bearing)
        return one | {"minus": (Query(**other),)}

    # ---- conditions

    def _where(self, q: Question) -> _Part:
        """Documents and plans. Lists are made of the documents that are named; else of the tracked
        ones, and of all of them where only plans, or units, of documents for reference are named."""
        plans = self._scope.plans(q.plan)
        own = {p.id for e in self._register.tracked.extractions for p in e.plans}
        units = self._units(q)
        beside = bool(units) and not plans and not self._scope.bear(units)
        reference = beside or (bool(plans) and own.isdisjoint(plans))
        found: _Part = {"documents": tuple(sorted(q.documents)), "plans": tuple(sorted(plans))}  # fmt: skip
        if found["documents"]:
            return found
        if not self._narrowed:
            return found | {"reference": reference}
        bare = reference or q.select in (*BARE, Select.DOCUMENTS, Select.PLANS)
        listed = self._register.extractions if bare else self._register.tracked.extractions
        return found | {"documents": tuple(e.document.id for e in listed) or ("-",)}

    def _units(self, q: Question) -> tuple[UnitFilter, ...]:
        found = []
        if q.units:
            match = Match.ALONE if q.alone else Match.TOGETHER if q.together else Match.ANY
            basis = LISTED if q.alone else ()
            ids = self._scope.units(q.units)
            found.append(UnitFilter(ids=ids, roles=q.roles, match=match, basis=basis))
        if q.without:
            ids = self._scope.units(q.without)
            found.append(UnitFilter(ids=ids, match=Match.WITHOUT, basis=LISTED))
        if q.without or (q.owned and not q.units):
            found.append(UnitFilter(basis=LISTED))
        return tuple(found)

    def _of_duties(self, q: Question) -> _Part:
        """Who bears a duty or does not, its days and numbers."""
        low = q.own.lower()
        found: _Part = {"units": self._units(q)}
        roles = roles_asked(low)
        if q.owned is False and not q.units:
            led = Query(select=Select.DUTIES, units=(UnitFilter(roles=roles),)) if roles else None
            found |= {"minus": (led,)} if led else {"lacks": (Has.OWNER,)}
        if q.window and (q.window.start or q.window.end):
            found["due"] = DayWindow(start=q.window.start, end=q.window.end, day=DayKind.PRINTED)
        if says("dated", low):
            found["inherited"] = False
        if says("numbered", low):
            found["has"] = (*found.get("has", ()), Has.TARGET)
        return found

    def _whole_plan(self, q: Question, part: _Part) -> bool:
        """Whether all duties of a plan are asked for."""
        bare = not (q.about or q.anchor or q.quoted or q.units)
        return bool(part.get("plans")) and bare and says("which", q.search.lower())

    # ---- kinds

    def _of_days(self, q: Question, part: _Part, as_of: date) -> _Made:
        part |= {"order_by": QueryOrder.DUE, "topic": part["topic"] if q.about else None}
        window = q.window
        if q.overdue:
            part |= {"states": (State.OVERDUE,)}
            if window and window.as_at and window.end:
                part["as_of"], window = min(window.end, as_of), None
            if window and (window.kind in ("soon", "next") or _is_now(window, as_of)):
                window = None  # overdue "this week" is asked of all that is overdue
        elif q.asks.states:
            part |= {"states": q.asks.states}
        else:
            window = window or soon(as_of)
            if window.kind in ("soon", "next"):
                part["states"] = (State.DUE_SOON, State.LATER, State.REVIEW)
        days = window and (window.start or window.end)
        part["due"] = DayWindow(start=window.start, end=window.end) if window and days else None
        return part, True

    def _counted(self, q: Question, part: _Part) -> _Made:
        low = q.search.lower()
        if says("plans", low) and not (q.plan or q.units or says("listed", low)):
            return self._of_plans(q, part)
        ranked = q.most or says("least", low) or says("units counted", low)
        several = len(q.units) > 1 and not q.together and not q.alone
        if several and not q.without:
            kept = {"ids": self._scope.units(q.units), "units": borne_by(None, q.roles)}
            order = {"order_by": QueryOrder.COUNT, "descending": True}
            return part | {"select": Select.UNITS} | kept | order, True
        if ranked and not q.units:
            most = Operation.MOST if q.most else Operation.LIST
            operation = Operation.LEAST if says("least", low) else most
            who = borne_by(None, q.roles) or part["units"]
            return part | {"group_by": Group.UNIT, "operation": operation, "units": who}, True
        if q.units and not (q.alone or q.roles):
            held = UnitFilter(ids=self._scope.units(q.units), match=Match.TOGETHER)
            part["units"] = (held, *(u for u in part["units"] if u.match is Match.WITHOUT))
        given = q.units or q.alone or q.without or q.plan or q.documents or q.owned is not None
        return part | {"operation": Operation.COUNT}, given or not part["topic"]

    def _of_plans(self, q: Question, part: _Part) -> _Made:
        """Which documents there are; of the one that there is, or is named, which plans."""
        kept = {k: part[k] for k in _OF_PLANS}
        if q.documents or len(self._register.extractions) == 1:
            return kept | {"select": Select.PLANS, "topic": None}, True
        return kept | {"select": Select.DOCUMENTS, "order_by": QueryOrder.WRITTEN}, True

    def _of_field(self, q: Question, part: _Part) -> _Made:
        part |= {"topic": None}
        fields = tuple(f for f in FIELD_NAMES if f in _ASKED and says(_ASKED[f], q.own.lower()))
        fields = tuple(f for f in fields if f not in _LOOSE) or fields
        if fields:
            named = q.documents or len(self._register.extractions) == 1
            return part | {"field": fields[0]}, named, fields
        label, lines = self._scope.labelled(q.own, q.documents)
        documents = tuple(dict.fromkeys(line.document for line in lines))
        return part | {"field": label or "title", "documents": documents}, label, (label,)

    def _of_targets(self, q: Question, part: _Part) -> _Made:
        """Numbers of a plan, a unit, some days, or by a condition; one alone is found in its sentence."""
        low = q.search.lower()
        text = q.quoted[0] if len(q.quoted) == 1 and q.quantities else None
        part |= {"select": Select.TARGETS, "quantities": q.quantities, "text": text}
        listed = self._is_scoped(q, part) and says("which", low) and says("targets", low)
        return part, (q.quantities or (listed and not q.about)) and not q.anchor

    def _is_scoped(self, q: Question, part: _Part) -> bool:
        return bool(part["plans"] or q.units or q.window or q.documents)


_ASKED = {
    "index_number": "field index",
    "document_number": "field number",
    "written_on": "field written",
    "published_on": "field published",
    "issuer": "field issuer",
    "approval": "field approval",
    "addressee": "field addressee",
    "attachment": "field attachment",
    "validity": "field validity",
    "title": "field title",
}
"""Facts of a document and the kinds of `question_states` that ask for them."""
_LOOSE = ("issuer",)
"""Asked for by words (谁) that ask for others too."""
_OPEN = (Select.TARGETS, Select.TEXT)
_OF_PLANS = ("documents", "topic")


class Sides(NamedTuple):
    """What a question compares, the word that says what of it, and what that asks for."""

    first: str
    second: str
    noun: str
    asked: Query


def find_sides(text: str) -> Sides | None:
    """The two things that a question compares.

    >>> find_sides("消防和防溺水的责任单位有什么不同")[:3]
    ('消防', '防溺水', '责任单位')
    """
    plain = without_instructions(simplify(text)).strip().rstrip("?")
    english = plain.isascii()
    plain = plain.lower() if english else plain
    compares, differs = span_of("compares", plain), span_of("differs", plain)
    begins = compares is not None and compares[0] == 0
    if not begins and (english or differs is None):
        return None
    said = "".join(cut("compares", plain[: differs[0]] if differs else plain))
    halves = [half.strip() for half in cut("and", said, 1)]
    if len(halves) < 2 or any(mark in said for mark in ",，。?;；"):
        return None
    bare, asked = without_noun(halves[1])
    noun = halves[1][len(bare) :]
    second = "".join(cut("of", bare)) if noun else bare
    if not all(len(half) in _SIDE for half in (halves[0], second.strip())):
        return None
    if asked is None and begins:
        asked = Query(select=Select.UNITS)  # compare A and B: whose they are
    if asked is None or asked.select not in _COMPARED:
        return None  # 定的数一不一样: what is compared is not one of these
    return Sides(halves[0], second.strip(), noun, asked)


_COMPARED = (Select.UNITS, Select.WORK, Select.TARGETS)
_SIDE = range(2, 61)
"""Characters of what is compared."""


def compare(sides: Sides, first: Iterable[str], second: Iterable[str]) -> tuple[Query, Query]:
    """The query that compares what stands in some clauses with what stands in others; and as it is
    told, with what the clauses are about."""
    roles = (UnitFilter(roles=BEARING),) if sides.asked.select is Select.UNITS else ()

    def one(ids: Iterable[str], topic: str | None, other: Query | None = None) -> Query:
        operation = Operation.COMPARE if other else Operation.LIST
        return Query(
            select=_selected(sides.asked.select), operation=operation, clauses=tuple(sorted(ids)),
            units=roles, reference=True, topic=topic, other=other,
        )  # fmt: skip

    return (
        one(first, None, one(second, None)),
        one(first, sides.first, one(second, sides.second)),
    )


def _selected(select: Select) -> Select:
    """When one thing is done is said by its milestones."""
    return Select.MILESTONES if select is Select.WORK else select


def _clauses(text: str) -> list[str]:
    return [part for part in text.translate(dict.fromkeys(map(ord, "，。；;：:?？"), ",")).split(",") if part]  # fmt: skip


def _is_now(window: Window, as_of: date) -> bool:
    """Whether a window is of these days: of the present week or month, not a whole year."""
    start = window.start
    return start is not None and window.holds(as_of) and as_of - start <= NEAR
