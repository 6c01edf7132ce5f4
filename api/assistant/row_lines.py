"""The lines of a query's rows: each kind of row in words, with what it rests on."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterable, Sequence
from datetime import date

from api.assistant.building import Built
from api.assistant.question import Question
from api.assistant.search import sentences
from api.assistant.standings import StandingAnswers
from api.assistant.statements import Line, Lines
from kb.chunks import flatten
from kb.language.roles import Role
from kb.models import Citation
from tasks.models import Assignment, Basis
from tasks.queries import Placed
from tasks.query import Group, Match, Operation, Query, Select, UnitFilter
from tasks.query_words import COUNTS, FIELD_NAMES
from tasks.run import GroupRow, Result, Row
from tasks.words import NOBODY, describe_target, role_name

SHOWN = 5
"""Groups that stand under those with most."""


class RowLines(StandingAnswers, ABC):
    """Says rows."""

    def _duties(self, q: Question, query: Query, rows: Sequence[Row]) -> Lines:
        """Duties with their bearers; of units that are asked about, in which roles, and the sentences
        that say so."""
        lines, zh = list[Line](), q.language == "zh"
        join = "、" if zh else ", "
        bearers: dict[str, None] = {}
        asked = {key for u in query.units if u.match is not Match.WITHOUT for key in u.ids}
        placed = [self.register.placed(row.id) for row in rows]
        for row, p in zip(rows, placed, strict=True):
            mine = [a for a, key in self.register.assigned(p) if key in asked]
            owners = list(dict.fromkeys(a.unit for a in p.task.responsibilities))
            bearers |= dict.fromkeys(owners)
            where = f"{p.task.title}（{p.plan.title} {p.clause.path}）"
            if mine and q.of_bearers:
                said = [f"· [{self._as(mine, asked, q.language)}] {where}"]
                said += [f"  “{flatten(s)}”" for s in self._stated(p, mine)]
            else:
                said = [f"· {where}{'' if query.lacks else join.join(owners) or NOBODY[not zh]}"]
            lines += [Line.of(words, *row.citations) for words in said]
        if q.together and rows:
            lines.append(Line(("责任单位：" if zh else "Units: ") + join.join(bearers)))
        if asked and not q.roles and q.of_bearers and not q.together:
            member = self._memberships(asked)
            words = "· 领导小组成员单位" if zh else "· member of the leading group"
            lines += [Line.of(words, *member)] if member else []
        named = bearers if q.alone else [u for u in q.units if self._bears(u, placed)]
        units = tuple((u, Role.RESPONSIBLE.value) for u in named)
        return Lines(tuple(lines), units, tuple(row.id for row in rows))

    def _as(self, mine: Sequence[Assignment], asked: set[str], language: str) -> str:
        """As what units bear a duty: 牵头, or 区教委 牵头 where several are asked about."""
        join = "、" if language == "zh" else ", "
        one = len(asked) == 1
        return join.join(
            dict.fromkeys(("" if one else f"{a.unit} ") + role_name(a.role, language) for a in mine)
        )

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
        lines, tasks = list[Line](), dict[str, None]()
        for row in rows:
            p, target, _ = self.register.numbers[row.id]
            said = f"{describe_target(target, q.language)}{self._when(p, target, q.language)}"
            extraction = self.register.document_of(p.document.id)
            cited = self.register.cite(extraction, p.clause, target.span)
            lines.append(Line.of(f"· {p.clause.path} {said}", cited))
            tasks[p.task.id] = None
        return Lines(tuple(lines), tasks=tuple(tasks))

    def _plans(self, rows: Sequence[Row]) -> Lines | None:
        """Plans with their numbers, and the list of attachments at the head of their notice."""
        if len(rows) < 2:
            return None
        numbers = {p.id: p.number for e in self.register.extractions for p in e.plans}
        lines = [Line.of(f"{numbers[r.id]}. {r.label}", *r.citations) for r in rows if r.id in numbers]  # fmt: skip
        documents = tuple(dict.fromkeys(c.document_id for r in rows for c in r.citations))
        query = Query(select=Select.FIELD, field="attachment", documents=documents)
        lines += [
            Line.of(f"{FIELD_NAMES[row.label][0]}：{row.value}", *row.citations)
            for row in self.desk.run(query, date.min).rows
        ]
        return Lines(tuple(lines))

    def _documents(self, rows: Sequence[Row]) -> Lines:
        lines = []
        for row in rows:
            d = self.register.document_of(row.id).document
            more = "，".join(
                str(v) for v in (d.document_number, d.written_on or d.published_on) if v
            )
            query = Query(select=Select.FIELD, field="title", documents=(row.id,))
            cited = [c for r in self.desk.run(query, date.min).rows for c in r.citations]
            lines.append(Line.of(f"· 《{d.title}》" + (f"（{more}）" if more else ""), *cited))
        return Lines(tuple(lines))

    def _members(self, q: Question, rows: Sequence[Row]) -> Lines:
        called = [self.scope.call(row.id) for row in rows]
        proofs = [(name, c) for name, row in zip(called, rows, strict=True) for c in row.citations]
        line = Line("、".join(self._name(name, q.language) for name in called), tuple(proofs))
        return Lines((line,), tuple((name, Role.MEMBER.value) for name in called))

    def _fields(self, q: Question, built: Built, query: Query) -> Lines | None:
        lines = []
        for field in built.fields:
            if field not in FIELD_NAMES:
                for line in self.scope.labelled(field, query.documents)[1]:
                    words = line.span.slice(self.register.document_of(line.document).document.text)
                    cited = Citation(document_id=line.document, clause_id=None, path="", span=line.span, quote=words)  # fmt: skip
                    lines.append(Line.of(f"{field}：{words.strip()}", cited))
                continue
            rows = self.desk.run(query.model_copy(update={"field": field}), built.as_of).rows
            if not rows:
                return None  # not read there: it may be printed all the same
            name = FIELD_NAMES[field][q.language != "zh"]
            lines += [Line.of(f"{name}：{row.value}", *row.citations) for row in rows]
        return Lines(tuple(lines))

    def _cited_documents(self, rows: Sequence[Row]) -> Lines:
        """Policies with how the document that names them is related to them."""
        lines = []
        for row in rows:
            by = "".join(f"《{self.scope.call(c.document_id)}》" for c in row.citations[:1])
            lines.append(Line.of(f"· 《{row.label}》{row.value or ''}（{by}）", *row.citations))
        return Lines(tuple(lines))

    def _tallied(self, q: Question, key: str, count: int | None, *cited: Citation) -> Line:
        """How many duties a unit bears."""
        name = self._name(self.scope.call(key), q.language)
        return Line.of(f"· {name} {count} {'项' if q.language == 'zh' else 'task(s)'}", *cited)

    def _units(self, q: Question, rows: Sequence[Row]) -> Lines:
        """Units with how many duties they bear, as the query orders them."""
        lines = tuple(self._tallied(q, row.id, row.count, *row.citations) for row in rows)
        return Lines(lines, self._bearers(row.id for row in rows))

    def _bearers(self, keys: Iterable[str]) -> tuple[tuple[str, str], ...]:
        return tuple((self.scope.call(key), Role.RESPONSIBLE.value) for key in keys)

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
            shown = (ordered if query.operation is Operation.MOST else ordered[::-1])[:SHOWN]
        if query.group_by is Group.DUTY:
            return self._by_duty(q, query, found.groups, shown)
        first = {"group_by": None, "operation": Operation.LIST, "units": (*query.units, UnitFilter(ids=(shown[0].key,), roles=q.roles))}  # fmt: skip
        rows = self.desk.run(query.model_copy(update=first), built.as_of).rows
        cited = [c for row in rows for c in row.citations]
        lines = [
            self._tallied(q, g.key, g.count, *([] if n else cited)) for n, g in enumerate(shown)
        ]
        return Lines(tuple(lines), self._bearers(g.key for g in (found.groups if best else shown)))

    def _by_duty(
        self, q: Question, query: Query, best: Sequence[GroupRow], shown: Sequence[GroupRow]
    ) -> Lines:
        """How many units each duty has."""
        zh = q.language == "zh"
        lines = []
        for g in shown:
            p = self.register.placed(g.key)
            owners = dict.fromkeys(a.unit for a in _as_asked(p.task.responsibilities, query))
            named = ("、" if zh else ", ").join(self._name(u, q.language) for u in owners)
            many = COUNTS[Select.UNITS][not zh].format(g.count)
            where = f"{p.task.title}（{p.plan.title} {p.clause.path}）"
            cited = self.register.cite(self.register.document_of(p.document.id), p.clause, p.clause.span)  # fmt: skip
            lines.append(Line.of(f"· {where}{many}：{named}", cited))
        tasks = tuple(g.key for g in best)
        named_of = [a for key in tasks for a in _as_asked(self.register.owners_of(key), query)]
        return Lines(tuple(lines), tuple((a.unit, a.role.value) for a in named_of), tasks)


def _as_asked(owners: Iterable[Assignment], query: Query) -> list[Assignment]:
    """The bearers that are printed as a query asks for them."""
    basis = {b for u in query.units for b in u.basis}
    return [a for a in owners if not basis or a.basis in basis]
