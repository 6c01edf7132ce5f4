"""Questions about days: what is overdue, what falls due in a window, how it stands."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from api.assistant.intents import Intent, says
from api.assistant.question import Question
from api.assistant.reply import Answer, Composer
from api.assistant.windows import Window, describe_window
from kb.models import Citation
from tasks.due import (
    DUE_SOON,
    NO_LIVES,
    PAST,
    DueItem,
    State,
    by_date,
    days_of,
    last_of,
    rows_of,
    standings,
    state_on,
)
from tasks.lifecycle import STATUS_NAMES
from tasks.models import DueKind
from tasks.queries import Register
from tasks.words import describe_item, name_units, role_name

_NEAR = timedelta(days=31)
"""Overdue "this week" is asked of all that is overdue; overdue "in 2025" of what was due then."""
_NOT_PUBLIC = (
    "办理情况不公开，登录后可看是否逾期。",
    "Progress is not public; sign in to see what is overdue.",
)
_SHOWN = 30
"""Duties with no date but their plan's end are listed where there are at most so many."""
_OFTEN = 12
"""Occurrences of one recurring duty that a window lists at most."""
_HELD = 0.6


class DueAnswers(Composer, ABC):
    """Lists by day, complete, from the register."""

    @abstractmethod
    def _clauses_of(self, question: Question, as_of: date) -> frozenset[str]:
        """Ids of the clauses that the answer to a question rests on."""

    @abstractmethod
    def _from_clauses(self, q: Question, as_of: date) -> Answer:
        """An answer from the clauses that are found for a question."""

    def _overdue(self, q: Question, as_of: date) -> Answer:
        zh = q.language == "zh"
        window = q.window
        day = as_of
        if window and window.as_at and window.end:
            day, window = min(window.end, as_of), None
        items = self._limited(q, as_of, self._listing(q).overdue(day))
        told = self.register.told
        head = f"截至 {day} 逾期" if zh else f"overdue as of {day}"
        note = ""
        if not told:
            head = f"截至 {day} 时限已过" if zh else f"past their day as of {day}"
            note = _NOT_PUBLIC[0 if zh else 1]
        if window and window.kind not in ("soon", "next"):
            inside = [i for i in items if i.due and window.holds(i.due)]
            if window.holds(as_of) and window.start and as_of - window.start <= _NEAR:
                count = sum(not i.inherited for i in inside)
                span = describe_window(window, q.language)
                note += f"其中 {span}到期的 {count} 项。" if zh else f"{count} of them due {span}."
            else:
                items = inside
                span = describe_window(window, q.language)
                head = f"{span}到期、{head}" if zh else f"due {span} and {head}"
        answer = self._list_due(q, as_of, items, head, note)
        if window is None or not says("soon", q.search.lower()):
            return answer
        return _joined(answer, self._in_window(q, as_of, window))

    def _due(self, q: Question, as_of: date) -> Answer | None:
        soon = Window(start=as_of, end=last_of(as_of, DUE_SOON), words="", kind="soon")
        return self._in_window(q, as_of, q.window or soon)

    def _in_window(self, q: Question, as_of: date, window: Window) -> Answer:
        items = self._limited(q, as_of, self._standing(self._listing(q), as_of, window))
        if window.kind in ("soon", "next"):
            items = [i for i in items if i.state is not State.FINISHED and i.state not in PAST]
        if window.kind == "next":
            q = q.model_copy(update={"first": q.first or 1})
        zh = q.language == "zh"
        span = describe_window(window, q.language)
        head = f"{span}到期" if zh else f"due {span}"
        note = ""
        if (
            window.kind == "calendar"
            and window.start == as_of
            and window.end
            and window.end > as_of
        ):
            late = sum(
                not i.inherited for i in self._limited(q, as_of, self._listing(q).overdue(as_of))
            )
            if late:
                known = ("已逾期", "are overdue already") if self.register.told else ("时限已过", "are past their day")  # fmt: skip
                note = f"此前另有 {late} 项{known[0]}。" if zh else f"{late} more {known[1]}."
        if q.about and not items:
            # Nothing in these days: when it is due then, if the documents speak of it at all.
            other = self._from_clauses(q.model_copy(update={"intent": Intent.DEADLINE}), as_of)
            said = f"{self._head(q, [], head)}\n{other.answer}" if other.citations else other.answer
            return other.model_copy(update={"answer": said})
        return self._list_due(q, as_of, items, head, note)

    def _standing(self, listing: Register, as_of: date, window: Window) -> list[DueItem]:
        """All that falls due in a window, finished or not; of a recurring duty each occurrence
        in it, or the last where the window is open at its beginning."""
        found = [i for i in listing.standings(as_of) if i.due and window.holds(i.due)]
        if window.end is None:
            return found
        listed = {(i.milestone_id, i.occurrence) for i in found}
        for row in (r for e in listing.extractions for r in rows_of(e)):
            if row.kind is not DueKind.RECURRING:
                continue
            days = [d for d in days_of(row, as_of) if window.holds(d)]
            for day in days[:_OFTEN] if window.start else days[-1:]:
                if (row.id, day.isoformat()) in listed:
                    continue
                lives = NO_LIVES if self.register.told else None
                for item in standings([row], lives, day):
                    if item.due == day:
                        state = state_on(day, as_of)
                        if state is State.OVERDUE and not self.register.told:
                            state = State.PASSED
                        changed = {"days": (as_of - day).days, "state": state, "missed": 0}
                        found.append(item.model_copy(update=changed))
        return by_date(found)

    def _limited(self, q: Question, as_of: date, items: Iterable[DueItem]) -> list[DueItem]:
        """Those of the units, roles, plan and topic asked about."""
        plans = self._plans_called(q.plan)
        roles = set(q.roles)
        found = [
            i for i in items
            if (not q.units or any(a.unit in q.units and (not roles or a.role in roles) for a in i.units))
            and (not plans or i.plan_id in plans)
        ]  # fmt: skip
        if not q.about:
            return found
        if q.anchor:
            clauses = self._clauses_of(q.anchor, as_of)
            return [i for i in found if i.clause_id in clauses]
        words = self._words(q)
        documents = {i.document_id for i in found}
        near = {
            f.clause.id for f in self.search.find(q.search, keep=lambda c: c.document_id in documents)
            if f.clause and self.search.coverage(words, f.chunk.titled) >= _HELD
        }  # fmt: skip
        return [
            i for i in found
            if i.clause_id in near or self.search.coverage(words, f"{i.title} {i.commitment}") >= _HELD
        ]  # fmt: skip

    def _list_due(
        self, q: Question, as_of: date, items: Sequence[DueItem], head: str, note: str
    ) -> Answer:
        zh = q.language == "zh"
        own = [i for i in items if not i.inherited]
        rest = [i for i in items if i.inherited]
        lines = [self._head(q, own, head)]
        if self.register.extractions and not self._listing(q).extractions:
            # Of a place that was named: an empty list alone would say that nothing is due there.
            lines.append(
                "所问文件仅供查阅，任务不列入督办清单。"
                if zh
                else "The documents asked about are for reference; their duties are on no list."
            )
        if q.first is not None and own:
            kept = first_of(own, q.first)
            if len(kept) < len(own):
                lines.append(
                    f"最前的 {len(kept)} 项：" if zh else f"The first {len(kept)} of them:"
                )
            own, rest = kept, []
        if note:
            lines.append(note)
        if q.most and q.first is None:
            lines += self._ranking(own, q.language)
        lines += [line_of(i, q.language) for i in own]
        shown = rest if len(rest) <= _SHOWN else []
        if rest:
            said = "没有写自己的期限，随所在计划到期" if zh else "with no date but their plan's end"
            lines.append(f"另有 {len(rest)} 项{said}{'：' if shown else '。'}" if zh else f"{len(rest)} more {said}{':' if shown else '.'}")  # fmt: skip
            lines += [line_of(i, q.language) for i in shown]
        cited: list[Citation] = []
        named: dict[tuple[str, str], None] = {}
        for i in (*own, *shown):
            extraction, clause = self.register.clauses[i.clause_id]
            cited.append(self.register.cite(extraction, clause, clause.span))
            named |= dict.fromkeys((a.unit, a.role.value) for a in i.units)
        tasks = [i.task_id for i in (*own, *shown)]
        return self._made(q, as_of, "\n".join(lines), cited, tasks=tasks, units=named)

    def _head(self, q: Question, own: Sequence[DueItem], head: str) -> str:
        zh = q.language == "zh"
        who = ("、" if zh else ", ").join(self._name(u, q.language) for u in q.units)
        if q.roles:
            roles = ("、" if zh else ", ").join(role_name(r, q.language) for r in q.roles)
            who += f"（{roles}）" if zh else f" [{roles}]"
        plans = self._plans_called(q.plan)
        titles = [p.title for e in self.register.extractions for p in e.plans if p.id in plans]
        about = [*(f"《{t}》" for t in titles), *([who] if who else [])]
        states = Counter(i.state for i in own)
        counts = [
            (states[State.OVERDUE], "已逾期", "overdue"),
            (states[State.PASSED], "时限已过", "past their day"),
            (states[State.LATER] + states[State.DUE_SOON], "未到期", "still to come"),
            (states[State.REVIEW], "待审核", "waiting for review"),
            (states[State.FINISHED], "已办结", "finished"),
        ]
        parts = [(n, z, e) for n, z, e in counts if n]
        if zh:
            split = f"（{'，'.join(f'{z} {n} 项' for n, z, _ in parts)}）" if len(parts) > 1 else ""
            lead = "".join(about) + (" " if about else "")
            return f"{lead}{head}：{len(own)} 项{split}。"
        split = f" ({', '.join(f'{n} {e}' for n, _, e in parts)})" if len(parts) > 1 else ""
        lead = ", ".join(about) + (": " if about else "")
        return f"{lead}{len(own)} item(s) {head}{split}."

    def _ranking(self, own: Sequence[DueItem], language: str) -> list[str]:
        counted = Counter(u for i in own for u in dict.fromkeys(a.unit for a in i.units))
        ranked = sorted(counted.items(), key=lambda c: (-c[1], c[0]))[:5]
        said = ("、" if language == "zh" else ", ").join(f"{self._name(u, language)} {n}" for u, n in ranked)  # fmt: skip
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


def _joined(first: Answer, second: Answer) -> Answer:
    """Two lists as one answer."""
    return first.model_copy(
        update={
            "answer": f"{first.answer}\n{second.answer}",
            "citations": tuple(dict.fromkeys([*first.citations, *second.citations])),
            "tasks": tuple(dict.fromkeys([*first.tasks, *second.tasks])),
            "units": tuple(dict.fromkeys([*first.units, *second.units])),
        }
    )
