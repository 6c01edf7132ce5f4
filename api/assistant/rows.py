"""Answers made of the rows of a query: complete lists, counts and groups, each line with what it rests
on, the condition in words above them, so that a misreading is seen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import date

from api.assistant.building import BARE, SEPARATOR, Built, Sides
from api.assistant.question import Question
from api.assistant.reply import Answer
from api.assistant.row_lines import SHOWN, RowLines
from api.assistant.statements import Line, Lines
from tasks.query import OF_DUTIES, Group, Match, Operation, Query, Select, UnitFilter
from tasks.query_words import (
    COUNTS,
    describe_conditions,
    describe_operation,
    describe_query,
)
from tasks.run import Result, Row, Side
from tasks.words import describe_target

_TITLED = 0.5
"""The share of a question's words that the title of a document about it holds at least."""


class RowAnswers(RowLines, ABC):
    """Answers that queries give; `desk` runs them."""

    @abstractmethod
    def _clauses_of(self, question: Question, as_of: date) -> frozenset[str]:
        """Ids of the clauses that the answer to a question rests on."""

    def _told(self, q: Question, built: Built, query: Query, note: str, answer: Answer) -> Answer:
        """The answer of a query that was run. Its topic stands in it as words, unless it was left out
        or the clauses are those of the answer before."""
        topic = None if note else built.query.topic
        asked = query
        if topic and not q.anchor:
            whole = {"topic": topic, "clauses": built.query.clauses, "ids": built.query.ids}
            asked = query.model_copy(update=whole)
        return self._understood(answer, asked, query.model_copy(update={"topic": topic}))

    def _understood(self, answer: Answer, query: Query, told: Query | None = None) -> Answer:
        """The answer, with the query that gave it, and how its question was understood (`told`)."""
        words = describe_query(told or query, self.scope.call, answer.language)
        return answer.model_copy(update={"query": query, "understood": words})

    def _from_rows(self, q: Question, built: Built) -> Answer | None:
        """The answer that the rows of a query give; None where sentences have to. Where more or less
        was run than was asked, the answer's query is that."""
        query, note = self._bound(q, built), ""
        if query is None and (query := self._wider(q, built)) is not None:
            note = self._not_narrowed(q, built.query.topic or "")
        if query is None:
            due = q.select is Select.MILESTONES and not q.asks.states
            return self._another_day(q, built.query, built.as_of) if due else None
        if query.select in (Select.MILESTONES, Select.WORK):
            answer = self._from_standings(q, built, query, note)
            return self._told(q, built, query, note, answer)
        found = self.desk.run(query, built.as_of)
        if note and self._is_of_others(q, query, found):
            return None
        if query.select is Select.FIELD:
            return self._from_rows_of(q, built, query, note, found)
        if query.select is Select.POLICIES and not q.documents and found.total > SHOWN:
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
        if lines is None or not any(line.proofs for line in lines.lines):
            return None
        topic = built.query.topic if not note else None
        head = self._headed(q, query.model_copy(update={"topic": topic}), found)
        above = Lines(tuple(Line(words) for words in (note, head) if words))
        return self._told(q, built, query, note, self._made(q, built.as_of, above + lines))

    def _sides(self, q: Question, sides: Sides, query: Query, as_of: date) -> Answer:
        """What two things have in common and what each has alone."""
        zh = q.language == "zh"
        only = ("只有“{}”", "only “{}”")[not zh]
        names = {
            Side.FIRST: only.format(sides.first),
            Side.BOTH: ("两者都有", "in both")[not zh],
            Side.SECOND: only.format(sides.second),
        }
        lines, units = list[Line](), list[tuple[str, str]]()
        rows = self.desk.run(query, as_of).rows
        for side, name in names.items():
            here = [row for row in rows if row.side is side]
            said = [self._said(q, query.select, row) for row in here]
            text = f"{name}：{'、'.join(said) or '无'}" if zh else f"{name}: {', '.join(said) or 'none'}"  # fmt: skip
            proofs = [(self.scope.call(row.id), c) for row in here for c in row.citations[:1]]
            lines.append(Line(text, tuple(proofs)))
            units += [(self.scope.call(row.id), role) for row in here for role in row.roles or ()]
        return self._made(q, as_of, Lines(tuple(lines), tuple(units)))

    def _said(self, q: Question, select: Select, row: Row) -> str:
        if select is Select.UNITS:
            return self._name(self.scope.call(row.id), q.language)
        if select is Select.TARGETS:
            p, target, _ = self.register.numbers[row.id]
            return f"{describe_target(target, q.language)}{self._when(p, target, q.language)}"
        return f"{row.label}（{row.due}）" if row.due else row.label

    # ---- what a question is about

    def _bound(self, q: Question, built: Built) -> Query | None:
        """The query with its topic as the clauses that speak of it, or those that answered the
        question it goes on from; None where none does."""
        query = built.query
        if not q.anchor or query.select in BARE:
            return self.about(query, built.as_of)
        found = tuple(self._clauses_of(q.anchor, built.as_of))
        return query.model_copy(update={"topic": None, "clauses": found}) if found else None

    def about(self, query: Query, as_of: date) -> Query | None:
        """A query without its topic, limited to what speaks of it (`tasks.topics.About`): documents by
        their titles, all else by the clauses that hold most of its words, headings counted."""
        if query.topic is None:
            return query
        bare = query.model_copy(update={"topic": None})
        words = self._words_in(query.topic)
        if query.select is Select.DOCUMENTS:
            return self._titled(words, bare)
        kept = {"documents", "plans", "clauses", "places", "as_of", "near", *OF_DUTIES}
        plain = Query(select=Select.CLAUSES, **{k: v for k, v in bare if k in kept})
        rows = self.desk.run(plain, as_of).rows
        known = [row.id for row in rows if row.id in self.register.clauses]
        found = self.scope.about(words, known)
        return bare.model_copy(update={"clauses": found}) if found else None

    def _words_in(self, topic: str) -> list[str]:
        """The words of a topic: those that are given one by one as they are."""
        words = [word for word in topic.split(SEPARATOR) if word.strip()]
        return words if len(words) > 1 else self.search.words(topic) or words

    def _is_of_others(self, q: Question, query: Query, found: Result) -> bool:
        """Whether what is left out of account stands in other documents than the rows do."""
        documents = {c.document_id for row in found.rows for c in row.citations} or query.documents
        return bool(documents) and self.scope.elsewhere(self._subject(q), documents)

    def _titled(self, words: list[str], query: Query) -> Query | None:
        ids = tuple(
            e.document.id
            for e in self.register.extractions
            if self.search.coverage(words, e.document.title) >= _TITLED
        )
        return query.model_copy(update={"ids": ids}) if ids else None

    def _wider(self, q: Question, built: Built) -> Query | None:
        """The query without its topic, where it says enough else; that it is left out is said."""
        query = built.query
        due = q.select is Select.MILESTONES and not q.asks.states
        if q.anchor or due or query.select is Select.DOCUMENTS:
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
            if found.total == 1:  # the next ones are listed too
                return f"{what}{'：' if zh else ':'}"
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
