"""Lists of milestones: what is overdue, what falls due in some days, how each stands."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from datetime import date

from api.assistant.building import Builder, Built
from api.assistant.cues import says
from api.assistant.desk import Desk
from api.assistant.question import Question
from api.assistant.reply import Answer, Composer, joined
from api.assistant.statements import Line, Lines
from api.assistant.windows import describe_window, soon
from tasks.due import (
    NO_LIVES,
    DueItem,
    State,
    by_date,
    days_of,
    rows_of,
    standings,
    state_on,
)
from tasks.lifecycle import STATUS_NAMES, Status
from tasks.models import DueKind
from tasks.query import Query, Select
from tasks.query_words import describe_conditions
from tasks.words import describe_item, name_units

_NOT_PUBLIC = (
    "办理情况不公开，登录后可看是否逾期。",
    "Progress is not public; sign in to see what is overdue.",
)
_REFERENCE = (
    "所问文件仅供查阅，任务不列入督办清单。",
    "The documents asked about are for reference; their duties are on no list.",
)
_FEW_OCCURRENCES = (
    "定期任务每项只列前 {} 次，其后各次未列，也未计入。",
    "Of each recurring duty the first {} occurrences are listed and counted, no later ones.",
)
_SHOWN = 30
"""Duties with no date but their plan's end are listed where there are at most so many."""
_OFTEN = 12
"""Occurrences of one recurring duty that a window lists at most."""
_COUNTS = (
    (("overdue",), "已逾期", "overdue"),
    (("passed",), "时限已过", "past their day"),
    (("later", "due-soon"), "未到期", "still to come"),
    (("review",), "待审核", "waiting for review"),
    (("finished",), "已办结", "finished"),
)


class StandingAnswers(Composer, ABC):
    """Lists by day, complete."""

    desk: Desk
    builder: Builder

    @abstractmethod
    def _from_clauses(self, q: Question, as_of: date) -> Answer:
        """An answer from the clauses that are found for a question."""

    @abstractmethod
    def _from_rows(self, q: Question, built: Built) -> Answer | None:
        """The answer that the rows of a query give."""

    def _from_standings(self, q: Question, built: Built, query: Query, note: str) -> Answer:
        """The milestones of a query as they stand, those with no day but their plan's behind the
        others; of what falls due on no day asked about, when it does."""
        as_of, late, states = built.as_of, q.overdue, q.asks.states
        items = [i for i in self.desk.standings(query, as_of) if i.clause_id in self.register.clauses]  # fmt: skip
        cut = False
        if query.due is not None and not states:
            items, cut = self._with_occurrences(q, query, items, as_of)
        if states and not late:
            head, more = self._standing_head(q, query, as_of), self._late_notes(q, items, as_of)
        elif late:
            head, more = self._overdue_head(q, query, as_of), self._late_notes(q, items, as_of)
        else:
            head, more = self._due_head(q, as_of), self._notes(q, query, as_of)
        if not states and q.about and not items:
            return self._another_day(q, query, as_of)
        notes = [note, *more, _FEW_OCCURRENCES[q.language != "zh"].format(_OFTEN) if cut else ""]
        answer = self._listed(q, query, as_of, items, head, [n for n in notes if n])
        if not late or q.window is None or not says("soon", q.search.lower()):
            return answer
        then = q.model_copy(update={"asks": Query(select=Select.MILESTONES)})
        soon_due = self._from_rows(then, self.builder.build(then, self._subject(q), as_of))
        return joined(answer, soon_due) if soon_due else answer

    def _another_day(self, q: Question, query: Query, as_of: date) -> Answer:
        """Nothing falls in the days asked about: when it is due then, if the documents speak of it."""
        other = self._from_clauses(q.model_copy(update={"asks": Query(select=Select.WORK)}), as_of)
        if not other.citations:
            return other
        head = Line(self._counted(q, query, [], self._due_head(q, as_of)))
        return joined(self._made(q, as_of, Lines((head,)), other.outcome), other)

    def _overdue_head(self, q: Question, query: Query, as_of: date) -> str:
        zh, told = q.language == "zh", self.register.told
        state = (("逾期", "overdue") if told else ("时限已过", "past their day"))[not zh]
        head = f"截至 {as_of} {state}" if zh else f"{state} as of {as_of}"
        if query.due is None or q.window is None:
            return head
        span = describe_window(q.window, q.language)
        return f"{span}到期、{head}" if zh else f"due {span} and {head}"

    def _standing_head(self, q: Question, query: Query, as_of: date) -> str:
        """How the milestones stand that a query asks for: 办结或销号."""
        said = [STATUS_NAMES[Status(state)][q.language != "zh"] for state in query.states]
        if q.language == "zh":
            return f"截至 {as_of} {'或'.join(said)}"
        return f"{' or '.join(said)} as of {as_of}"

    def _due_head(self, q: Question, as_of: date) -> str:
        span = describe_window(q.window or soon(as_of), q.language)
        return f"{span}到期" if q.language == "zh" else f"due {span}"

    def _late_notes(self, q: Question, items: Sequence[DueItem], as_of: date) -> list[str]:
        zh, w = q.language == "zh", q.window
        found = [] if self.register.told else [_NOT_PUBLIC[not zh]]
        if w and w.kind not in ("soon", "next") and not w.as_at and w.holds(as_of):
            count = sum(not i.inherited and bool(i.due and w.holds(i.due)) for i in items)
            span = describe_window(w, q.language)
            found.append(
                f"其中 {span}到期的 {count} 项。" if zh else f"{count} of them due {span}."
            )
        return found

    def _notes(self, q: Question, query: Query, as_of: date) -> list[str]:
        """How many are overdue before days that begin now."""
        w, zh = q.window, q.language == "zh"
        if not (w and w.kind == "calendar" and w.start == as_of and w.end and w.end > as_of):
            return []
        before = query.model_copy(update={"due": None, "states": (State.OVERDUE,)})
        late = sum(not i.inherited for i in self.desk.standings(before, as_of))
        if not late:
            return []
        known = (("已逾期", "are overdue already") if self.register.told else ("时限已过", "are past their day"))[not zh]  # fmt: skip
        return [f"此前另有 {late} 项{known}。" if zh else f"{late} more {known}."]

    def _with_occurrences(
        self, q: Question, query: Query, items: Sequence[DueItem], as_of: date
    ) -> tuple[list[DueItem], bool]:
        """With each occurrence of a recurring duty in the days asked about, or the last where they
        are open at their beginning; and whether there are more than are listed."""
        window = q.window or soon(as_of)
        if window.end is None or query.states:
            return list(items), False
        found, cut = list(items), False
        listed = {(i.milestone_id, i.occurrence) for i in items}
        moving = query.model_copy(update={"due": None, "deadlines": (DueKind.RECURRING,)})
        wanted = {i.milestone_id for i in self.desk.standings(moving, as_of)}
        for row in (r for e in self.register.extractions for r in rows_of(e) if r.id in wanted):
            days = [d for d in days_of(row, as_of, window.end) if window.holds(d)]
            cut |= bool(window.start) and len(days) > _OFTEN
            for day in days[:_OFTEN] if window.start else days[-1:]:
                if (row.id, day.isoformat()) in listed:
                    continue
                for item in standings([row], NO_LIVES if self.register.told else None, day):
                    if item.due == day:
                        state = state_on(day, as_of)
                        passed = state is State.OVERDUE and not self.register.told
                        changed = {"days": (as_of - day).days, "state": State.PASSED if passed else state, "missed": 0}  # fmt: skip
                        found.append(item.model_copy(update=changed))
        return by_date(found), cut

    # ---- lines

    def _listed(
        self, q: Question, query: Query, as_of: date, items: Sequence[DueItem], head: str, notes: Sequence[str]
    ) -> Answer:  # fmt: skip
        zh = q.language == "zh"
        own = [i for i in items if not i.inherited]
        rest = [i for i in items if i.inherited]
        said = [self._counted(q, query, own, head)]
        if self.register.extractions and not (self.register.tracked.extractions or items):
            # Of a place that was named: an empty list alone would say that nothing is due there.
            said.append(_REFERENCE[not zh])
        first = q.first or (1 if q.window and q.window.kind == "next" else None)
        if first is not None and own:
            kept = first_of(own, first)
            if len(kept) < len(own):
                said.append(f"最前的 {len(kept)} 项：" if zh else f"The first {len(kept)} of them:")
            own, rest = kept, []
        said += notes
        if q.most and first is None:
            said += self._ranking(own, q.language)
        lines = [*map(Line, said), *(self._line(i, q.language) for i in own)]
        shown = rest if len(rest) <= _SHOWN else []
        if rest:
            none = "没有写自己的期限，随所在计划到期" if zh else "with no date but their plan's end"
            lines.append(Line(f"另有 {len(rest)} 项{none}{'：' if shown else '。'}" if zh else f"{len(rest)} more {none}{':' if shown else '.'}"))  # fmt: skip
            lines += [self._line(i, q.language) for i in shown]
        units = dict.fromkeys((a.unit, a.role.value) for i in (*own, *shown) for a in i.units)
        tasks = tuple(i.task_id for i in (*own, *shown))
        return self._made(q, as_of, Lines(tuple(lines), tuple(units), tasks))

    def _line(self, item: DueItem, language: str) -> Line:
        extraction, clause = self.register.clauses[item.clause_id]
        cited = self.register.cite(extraction, clause, clause.span)
        return Line.of(line_of(item, language), cited)

    def _counted(self, q: Question, query: Query, own: Sequence[DueItem], head: str) -> str:
        """How many there are, of what, and in which states."""
        zh = q.language == "zh"
        plain: dict[str, object] = {
            "due": None,
            "states": (),
            "clauses": (),
            "topic": None,
            "inherited": None,
        }
        if query.clauses and (words := self._subject(q)):
            plain["topic"] = "、".join(words)
        about = describe_conditions(query.model_copy(update=plain), self.scope.call, q.language)
        states = Counter(i.state.value for i in own)
        parts = [(sum(states[s] for s in of), z, e) for of, z, e in _COUNTS]
        parts = [part for part in parts if part[0]]
        if zh:
            split = f"（{'，'.join(f'{z} {n} 项' for n, z, _ in parts)}）" if len(parts) > 1 else ""
            return f"{about}{' ' if about else ''}{head}：{len(own)} 项{split}。"
        split = f" ({', '.join(f'{n} {e}' for n, _, e in parts)})" if len(parts) > 1 else ""
        return f"{about}{': ' if about else ''}{len(own)} item(s) {head}{split}."

    def _ranking(self, own: Sequence[DueItem], language: str) -> list[str]:
        """The units that most of them name, by their ids, as lists by unit count them: one is printed by
        several names."""
        counted = Counter(unit for i in own for unit in {u.unit_id for u in i.units})
        call = self.register.known.label
        ranked = sorted(counted.items(), key=lambda c: (-c[1], call(c[0]), c[0]))[:5]
        said = ("、" if language == "zh" else ", ").join(f"{self._name(call(u), language)} {n}" for u, n in ranked)  # fmt: skip
        return [f"各单位项数：{said}" if language == "zh" else f"Items by unit: {said}"] if said else []  # fmt: skip


def first_of(items: Sequence[DueItem], count: int) -> list[DueItem]:
    """The first `count`, and those due on the same day as the last of them."""
    last = items[min(count, len(items)) - 1].due
    return [i for n, i in enumerate(items) if n < count or i.due == last]


def line_of(item: DueItem, language: str) -> str:
    """One item: its distance, or its state where the days do not matter any more."""
    if item.state not in (State.FINISHED, State.REVIEW):
        return describe_item(item, language)
    units = name_units(item, language)
    status = STATUS_NAMES[item.life.status][0 if language == "zh" else 1]
    return f"· {item.due}（{status}）{item.path} {item.commitment}（{units}）"
