"""Answers made of the rows of a query: complete lists, counts and groups, each line with what it rests
on, the condition in words above them, so that a misreading is seen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import NamedTuple

from api.assistant.building import Built, Sides
from api.assistant.intents import Intent
from api.assistant.question import Question
from api.assistant.reply import Answer
from api.assistant.search import sentences
from api.assistant.standings import StandingAnswers
from kb.chunks import flatten
from kb.language.roles import Role
from kb.models import Citation
from tasks.models import Assignment, Basis
from tasks.queries import Placed
from tasks.query import Group, Match, Operation, Query, Select, UnitFilter
from tasks.query_words import (
    COUNTS,
    FIELD_NAMES,
    describe_conditions,
    describe_operation,
)
from tasks.run import GroupRow, Result, Row, Side
from tasks.words import NOBODY, describe_target, role_name

_TITLED = 0.5
"""The share of a question's words that the title of a document about it holds at least."""
_SHOWN = 5
"""Groups that stand under those with most."""


class Lines(NamedTuple):
    """Lines of rows, what they rest on, and the units and duties that they name."""

    text: list[str]
    cited: list[Citation]
    units: Iterable[tuple[str, str]] = ()
    tasks: Iterable[str] = ()


class RowAnswers(StandingAnswers, ABC):
    """Answers that queries give; `desk` runs them."""

    @abstractmethod
    def _clauses_of(self, question: Question, as_of: date) -> frozenset[str]:
        """Ids of the clauses that the answer to a question rests on."""

    def _from_rows(self, q: Question, built: Built) -> Answer | None:
        """The answer that the rows of a query give; None where sentences have to."""
        query, note = self._bound(q, built), ""
        if query is None and (query := self._wider(q, built)) is not None:
            note = self._not_narrowed(q, built.query.topic or "")
        if query is None:
            late = q.intent is not Intent.DUE
            return None if late else self._another_day(q, built.query, built.as_of)
        if query.select in (Select.MILESTONES, Select.WORK):
            return self._from_standings(q, built, query, note)
        found = self.desk.run(query, built.as_of)
        if note and self._is_of_others(q, query, found):
            return None
        if query.select is Select.FIELD:
            return self._from_rows_of(q, built, query, note, found)
        if query.select is Select.POLICIES and not q.documents and found.total > _SHOWN:
            return None  # of which document is not said
        if not found.total and (loose := self._loosened(q, query)):
            return self._from_rows_of(q, built, *loose)
        return self._from_rows_of(q, built, query, note, found)

    def _from_rows_of(
        self, q: Question, built: Built, query: Query, note: str, found: Result | None = None
    ) -> Answer | None:
        found = found or self.desk.run(query, built.as_of)
        if not found.total and query.select is not Select.FIELD:
            return None
        if query.operation is Operation.COUNT:
            listed = query.model_copy(update={"operation": Operation.LIST})
            found = self.desk.run(listed, built.as_of)
        lines = self._lines(q, built, query, found)
        if lines is None or not lines.cited:
            return None
        topic = built.query.topic if not note else None
        head = self._headed(q, query.model_copy(update={"topic": topic}), found)
        text = [*([note] if note else []), head, *lines.text]
        return self._made(
            q, built.as_of, "\n".join(text), lines.cited, units=lines.units, tasks=lines.tasks
        )

    def _sides(self, q: Question, sides: Sides, query: Query, as_of: date) -> Answer:
        """What two things have in common and what each has alone."""
        zh = q.language == "zh"
        only = ("只有“{}”", "only “{}”")[not zh]
        names = {
            Side.FIRST: only.format(sides.first),
            Side.BOTH: ("两者都有", "in both")[not zh],
            Side.SECOND: only.format(sides.second),
        }
        lines, cited, units = [], list[Citation](), list[tuple[str, str]]()
        rows = self.desk.run(query, as_of).rows
        for side, name in names.items():
            here = [row for row in rows if row.side is side]
            said = [self._told(q, query.select, row) for row in here]
            lines.append(f"{name}：{'、'.join(said) or '无'}" if zh else f"{name}: {', '.join(said) or 'none'}")  # fmt: skip
            cited += [c for row in here for c in row.citations[:1]]
            units += [(self.scope.call(row.id), role) for row in here for role in row.roles or ()]
        return self._made(q, as_of, "\n".join(lines), cited, units=units)

    def _told(self, q: Question, select: Select, row: Row) -> str:
        if select is Select.UNITS:
            return self._name(self.scope.call(row.id), q.language)
        if select is Select.TARGETS:
            p, target, _ = self.register.numbers[row.id]
            return f"{describe_target(target, q.language)}{self._when(p, target, q.language)}"
        return f"{row.label}（{row.due}）" if row.due else row.label

    # ---- what a question is about

    def _bound(self, q: Question, built: Built) -> Query | None:
        """The query with its topic as the clauses that speak of it; None where none does."""
        query = built.query
        if query.topic is None and not q.anchor:
            return query
        bare = query.model_copy(update={"topic": None})
        if query.select in (Select.PLANS, Select.DOCUMENTS):
            return self._titled(q, bare)
        if query.select in (Select.MEMBERS, Select.FIELD, Select.POLICIES):
            return bare
        if q.anchor:
            found = tuple(self._clauses_of(q.anchor, built.as_of))
        else:
            plain = {"select": Select.CLAUSES, "operation": Operation.LIST, "order_by": None, "group_by": None, "text": None}  # fmt: skip
            rows = self.desk.run(bare.model_copy(update=plain), built.as_of).rows
            known = [row.id for row in rows if row.id in self.register.clauses]
            found = self.scope.about(self._subject(q), known)
        return bare.model_copy(update={"clauses": found}) if found else None

    def _is_of_others(self, q: Question, query: Query, found: Result) -> bool:
        """Whether what is left out of account stands in other documents than the rows do."""
        documents = {c.document_id for row in found.rows for c in row.citations} or query.documents
        return bool(documents) and self.scope.elsewhere(self._subject(q), documents)

    def _titled(self, q: Question, query: Query) -> Query | None:
        words = self._subject(q)
        if query.select is Select.PLANS or not words:
            return query
        ids = tuple(
            e.document.id
            for e in self.register.extractions
            if self.search.coverage(words, e.document.title) >= _TITLED
        )
        return query.model_copy(update={"ids": ids}) if ids else None

    def _wider(self, q: Question, built: Built) -> Query | None:
        """The query without its topic, where it says enough else; that it is left out is said."""
        query = built.query
        if q.anchor or q.intent is Intent.DUE or query.select is Select.DOCUMENTS:
            return None
        named = query.group_by or q.units or q.documents or query.plans
        return query.model_copy(update={"topic": None}) if named else None

    def _not_narrowed(self, q: Question, topic: str) -> str:
        """Says that what a question is about is no condition of the list below."""
        if q.language == "zh":
            return f"没有找到写明“{topic}”的任务，以下没有按它缩小。"
        return f"No task speaks of “{topic}”; the list is not narrowed by it."

    def _loosened(self, q: Question, query: Query) -> tuple[Query, str] | None:
        """A query that gives nothing without the condition that leaves nothing, and what is said of
        that: its days, then the roles of its units."""
        zh = q.language == "zh"
        if any(u.basis for u in query.units):  # no list of units is printed: whoever is named
            said_so = [u.model_copy(update={"basis": ()}) for u in query.units if u.ids or u.roles]
            return query.model_copy(update={"units": tuple(said_so)}), ""
        if query.due is not None and (q.units or query.documents or query.plans):
            what = describe_conditions(Query(select=query.select, due=query.due), str, q.language)
            said = f"没有{what}的任务，以下没有按日期缩小。" if zh else f"No task is {what}; the list is not narrowed by days."  # fmt: skip
            return query.model_copy(update={"due": None}), said
        asked = [u for u in query.units if u.roles and u.match is not Match.TOGETHER]
        if asked and q.units:
            names = ("、" if zh else ", ").join(self._name(u, q.language) for u in q.units)
            roles = self._roles_said(q)
            said = (
                f"文件没有写由{names}{roles}的任务。以其他角色承担的如下。"
                if zh
                else f"No task is written with {names} as {roles}. What is written in other roles:"
            )
            units = tuple(UnitFilter(ids=u.ids, match=u.match) for u in query.units if u.ids)
            return query.model_copy(update={"units": units}), said
        return None

    # ---- lines

    def _headed(self, q: Question, query: Query, found: Result) -> str:
        """How many there are, and of what."""
        zh = q.language == "zh"
        select = Select.UNITS if query.group_by else query.select
        told = query if query.select is Select.UNITS else query.model_copy(update={"ids": ()})
        what = describe_conditions(told, self.scope.call, q.language)
        if query.group_by is Group.DUTY:
            select = Select.DUTIES
        many = COUNTS[select][not zh].format(found.total)
        if query.select is Select.FIELD:
            return "、".join(self.scope.call(key) for key in query.documents) or self._title
        if query.operation in (Operation.MOST, Operation.LEAST):
            best = describe_operation(query, q.language)
            what = ("、" if zh else ", ").join(part for part in (what, best) if part)
        if not what:
            return f"共 {many}：" if zh else f"{many}:"
        return f"{what}：共 {many}。" if zh else f"{what}: {many}."

    @property
    def _title(self) -> str:
        """The title of the only document."""
        return self.register.extractions[0].document.title

    def _lines(self, q: Question, built: Built, query: Query, found: Result) -> Lines | None:
        if query.group_by is not None:
            return self._grouped(q, built, query, found)
        make: dict[Select, Callable[[], Lines | None]] = {
            Select.UNITS: lambda: self._units(q, found.rows),
            Select.DUTIES: lambda: self._duties(q, query, found.rows),
            Select.TARGETS: lambda: self._targets(q, found.rows),
            Select.PLANS: lambda: self._plans(found.rows),
            Select.DOCUMENTS: lambda: self._documents(found.rows),
            Select.MEMBERS: lambda: self._members(q, found.rows),
            Select.FIELD: lambda: self._fields(q, built, query),
            Select.POLICIES: lambda: self._cited_documents(found.rows),
        }
        return make[query.select]()

    def _duties(self, q: Question, query: Query, rows: Sequence[Row]) -> Lines:
        """Duties with their bearers; of units that are asked about, in which roles, and the sentences
        that say so."""
        lines, cited, tasks = [], list[Citation](), list[str]()
        zh = q.language == "zh"
        join = "、" if zh else ", "
        bearers: dict[str, None] = {}
        asked = {key for u in query.units if u.match is not Match.WITHOUT for key in u.ids}
        placed = [self.register.placed(row.id) for row in rows]
        for row, p in zip(rows, placed, strict=True):
            mine = [a for a, key in self._assigned(p) if key in asked]
            owners = list(dict.fromkeys(a.unit for a in p.task.responsibilities))
            bearers |= dict.fromkeys(owners)
            where = f"{p.task.title}（{p.plan.title} {p.clause.path}）"
            if mine and q.intent is Intent.TASKS_OF_UNIT:
                lines.append(f"· [{self._as(mine, asked, q.language)}] {where}")
                lines += [f"  “{flatten(s)}”" for s in self._stated(p, mine)]
            else:
                lines.append(f"· {where}{'' if query.lacks else join.join(owners) or NOBODY[not zh]}")  # fmt: skip
            cited += row.citations
            tasks.append(row.id)
        if q.together and tasks:
            lines.append(("责任单位：" if zh else "Units: ") + join.join(bearers))
        if asked and not q.roles and q.intent is Intent.TASKS_OF_UNIT and not q.together:
            member = self._memberships(asked)
            lines += [("· 领导小组成员单位" if zh else "· member of the leading group")] * bool(
                member
            )
            cited += member
        named = bearers if q.alone else [u for u in q.units if self._bears(u, placed)]
        return Lines(lines, cited, [(u, Role.RESPONSIBLE.value) for u in named], tasks)

    def _as(self, mine: Sequence[Assignment], asked: set[str], language: str) -> str:
        """As what units bear a duty: 牵头, or 区教委 牵头 where several are asked about."""
        join = "、" if language == "zh" else ", "
        one = len(asked) == 1
        return join.join(
            dict.fromkeys(("" if one else f"{a.unit} ") + role_name(a.role, language) for a in mine)
        )

    def _assigned(self, p: Placed) -> list[tuple[Assignment, str]]:
        keys = {b.unit: b.unit_id for b in self.register.bearers_of(p)}
        return [(a, keys[a.unit]) for a in p.task.responsibilities]

    def _stated(self, p: Placed, mine: Sequence[Assignment]) -> list[str]:
        extraction = self.register.document_of(p.document.id)
        stated = [a for a in mine if a.basis is Basis.STATED]
        inside = sentences(extraction, p.clause) if stated else ()
        return [s.text for s in inside if any(s.span.contains(a.span) for a in stated)]

    def _bears(self, unit: str, placed: Sequence[Placed]) -> bool:
        return any(a.unit == unit for p in placed for a in p.task.responsibilities)

    def _memberships(self, units: set[str]) -> list[Citation]:
        """Where units stand in the list of a leading group."""
        query = Query(select=Select.MEMBERS, units=(UnitFilter(ids=tuple(sorted(units))),))
        rows = self.desk.run(query, date.min).rows
        known = {e.document.id for e in self.register.extractions}
        return [c for row in rows for c in row.citations if c.document_id in known]

    def _targets(self, q: Question, rows: Sequence[Row]) -> Lines:
        lines, cited, tasks = [], [], dict[str, None]()
        for row in rows:
            p, target, _ = self.register.numbers[row.id]
            said = describe_target(target, q.language)
            lines.append(f"· {p.clause.path} {said}{self._when(p, target, q.language)}")
            extraction = self.register.document_of(p.document.id)
            cited.append(self.register.cite(extraction, p.clause, target.span))
            tasks[p.task.id] = None
        return Lines(lines, cited, tasks=tasks)

    def _plans(self, rows: Sequence[Row]) -> Lines | None:
        """Plans with their numbers, and the list of attachments at the head of their notice."""
        if len(rows) < 2:
            return None
        numbers = {p.id: p.number for e in self.register.extractions for p in e.plans}
        lines = [f"{numbers[row.id]}. {row.label}" for row in rows if row.id in numbers]
        cited = [c for row in rows for c in row.citations]
        documents = tuple(dict.fromkeys(c.document_id for c in cited))
        query = Query(select=Select.FIELD, field="attachment", documents=documents)
        for row in self.desk.run(query, date.min).rows:
            lines += [f"{FIELD_NAMES[row.label][0]}：{row.value}"]
            cited += row.citations
        return Lines(lines, cited)

    def _documents(self, rows: Sequence[Row]) -> Lines:
        lines, cited = [], list[Citation]()
        for row in rows:
            d = self.register.document_of(row.id).document
            day = d.written_on or d.published_on
            more = "，".join(str(v) for v in (d.document_number, day) if v)
            lines.append(f"· 《{d.title}》" + (f"（{more}）" if more else ""))
            query = Query(select=Select.FIELD, field="title", documents=(row.id,))
            cited += [c for r in self.desk.run(query, date.min).rows for c in r.citations]
        return Lines(lines, cited)

    def _members(self, q: Question, rows: Sequence[Row]) -> Lines:
        called = [self.scope.call(row.id) for row in rows]
        names = [self._name(name, q.language) for name in called]
        units = [(name, Role.MEMBER.value) for name in called]
        return Lines(["、".join(names)], [c for row in rows for c in row.citations], units)

    def _fields(self, q: Question, built: Built, query: Query) -> Lines | None:
        lines, cited = [], list[Citation]()
        zh = q.language == "zh"
        for field in built.fields:
            if field not in FIELD_NAMES:
                for line in self.scope.labelled(field, query.documents)[1]:
                    words = line.span.slice(self.register.document_of(line.document).document.text)
                    lines.append(f"{field}：{words.strip()}")
                    cited.append(Citation(document_id=line.document, clause_id=None, path="", span=line.span, quote=words))  # fmt: skip
                continue
            rows = self.desk.run(query.model_copy(update={"field": field}), built.as_of).rows
            if not rows:
                return None  # not read there: it may be printed all the same
            for row in rows:
                lines.append(f"{FIELD_NAMES[field][not zh]}：{row.value}")
                cited += row.citations
        return Lines(lines, cited)

    def _cited_documents(self, rows: Sequence[Row]) -> Lines:
        """Policies with how the document that names them is related to them."""
        lines, cited = [], list[Citation]()
        for row in rows:
            cited += row.citations
            by = "".join(f"《{self.scope.call(c.document_id)}》" for c in row.citations[:1])
            lines.append(f"· 《{row.label}》{row.value or ''}（{by}）")
        return Lines(lines, cited)

    def _units(self, q: Question, rows: Sequence[Row]) -> Lines:
        """Units with how many duties they bear, as the query orders them."""
        zh = q.language == "zh"
        names = [self.scope.call(row.id) for row in rows]
        lines = [
            f"· {self._name(name, q.language)} {row.count} {'项' if zh else 'task(s)'}"
            for name, row in zip(names, rows, strict=True)
        ]
        units = [(name, Role.RESPONSIBLE.value) for name in names]
        return Lines(lines, [c for row in rows for c in row.citations], units)

    def _grouped(self, q: Question, built: Built, query: Query, found: Result) -> Lines | None:
        """How many each has, most first; the duties of the first are cited. Of those with most, or
        fewest, the next ones too."""
        if not found.groups:
            return None
        best = query.operation in (Operation.MOST, Operation.LEAST)
        shown = found.groups
        if best:
            every = query.model_copy(update={"operation": Operation.LIST})
            ordered = self.desk.run(every, built.as_of).groups
            shown = (ordered if query.operation is Operation.MOST else ordered[::-1])[:_SHOWN]
        if query.group_by is Group.DUTY:
            return self._by_duty(q, query, found.groups, shown)
        zh = q.language == "zh"
        lines = [
            f"· {self._name(self.scope.call(g.key), q.language)} {g.count} {'项' if zh else 'task(s)'}"
            for g in shown
        ]
        first = {"group_by": None, "operation": Operation.LIST, "units": (*query.units, UnitFilter(ids=(shown[0].key,)))}  # fmt: skip
        rows = self.desk.run(query.model_copy(update=first), built.as_of).rows
        told = found.groups if best else shown
        units = [(self.scope.call(g.key), Role.RESPONSIBLE.value) for g in told]
        return Lines(lines, [c for row in rows for c in row.citations], units)

    def _by_duty(
        self, q: Question, query: Query, best: Sequence[GroupRow], shown: Sequence[GroupRow]
    ) -> Lines:
        """How many units each duty has."""
        zh = q.language == "zh"
        lines, cited = [], list[Citation]()
        for g in shown:
            p = self.register.placed(g.key)
            owners = dict.fromkeys(a.unit for a in _as_asked(p.task.responsibilities, query))
            named = ("、" if zh else ", ").join(self._name(u, q.language) for u in owners)
            many = COUNTS[Select.UNITS][not zh].format(g.count)
            lines.append(f"· {p.task.title}（{p.plan.title} {p.clause.path}）{many}：{named}")
            extraction = self.register.document_of(p.document.id)
            cited.append(self.register.cite(extraction, p.clause, p.clause.span))
        tasks = [g.key for g in best]
        named_of = [a for key in tasks for a in _as_asked(self.register.owners_of(key), query)]
        return Lines(lines, cited, [(a.unit, a.role.value) for a in named_of], tasks)


def _as_asked(owners: Iterable[Assignment], query: Query) -> list[Assignment]:
    """The bearers that are printed as a query asks for them."""
    basis = {b for u in query.units for b in u.basis}
    return [a for a in owners if not basis or a.basis in basis]
