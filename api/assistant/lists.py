"""Questions that the register answers by query: complete lists and counts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from api.assistant.intents import says
from api.assistant.question import Question
from api.assistant.reply import Answer, Composer
from api.assistant.search import Sentence, sentences
from api.assistant.windows import Window, describe_window
from kb.chunks import flatten
from kb.language.roles import Role
from kb.models import Citation, Span
from tasks.models import Assignment, Basis, Extraction
from tasks.queries import Placed, Register
from tasks.words import role_name

_TITLED = 0.5
"""The share of a question's words that the title of a document about it holds at least."""


class RegisterAnswers(Composer):
    """Answers that need no clause to be found."""

    def _tasks_of(self, q: Question, as_of: date, head: str = "") -> Answer | None:
        if not q.units:
            return None
        listing = self._listing(q)
        whole = {u: self._held(q, listing.tasks_of(u)) for u in q.units}
        sets = {u: self._of_subject(q, placed) for u, placed in whole.items()}
        if not any(sets.values()) and self._subject(q):
            if not any(whole.values()):
                return None
            if not (q.plan or self._documents_called(q)):
                head = head or self._not_narrowed(q)
            sets = whole
            q = q.model_copy(update={"about": False})
        if q.window and any(sets.values()):
            near = {u: [p for p in ps if _falls_in(q.window, p)] for u, ps in sets.items()}
            if any(near.values()):
                sets = near
            else:
                head = head or self._none_in(q, q.window)
                q = q.model_copy(update={"window": None})
        all_roles = sets
        if q.roles:
            sets = {u: [p for p in ps if _bears(p, u, q.roles)] for u, ps in sets.items()}
            if any(all_roles.values()) and not any(sets.values()) and not q.together:
                return self._in_other_roles(q, as_of)
        if q.together:
            shared = set.intersection(*({p.task.id for p in ps} for ps in sets.values()))
            sets = {u: [p for p in ps if p.task.id in shared] for u, ps in sets.items()}
        lines: list[str] = [head] if head else []
        cited: list[Citation] = []
        tasks: list[str] = []
        zh = q.language == "zh"
        for unit, placed in sets.items():
            what = self._condition(q.model_copy(update={"units": (unit,)}))
            lines.append(
                f"{what}：共 {len(placed)} 项任务。" if zh else f"{what}: {len(placed)} task(s)."
            )
            for p in placed:
                mine = [a for a in p.task.responsibilities if a.unit == unit]
                roles = ("、" if zh else ", ").join(
                    dict.fromkeys(role_name(a.role, q.language) for a in mine)
                )
                line = f"· [{roles}] {p.task.title}（{p.plan.title} {p.clause.path}）"
                stated = [a for a in mine if a.basis is Basis.STATED]
                for s in self._sentences_of(p, stated):
                    line += f"\n  “{flatten(s.text)}”"
                lines.append(line)
                tasks.append(p.task.id)
                extraction = self.register.document_of(p.document.id)
                cited.append(self.register.cite(extraction, p.clause, p.clause.span))
            member = self._memberships(listing, unit) if not q.roles else []
            if member:
                lines.append("· 领导小组成员单位" if zh else "· member of the leading group")
                cited += member
        if q.together and tasks:
            others = dict.fromkeys(a.unit for t in dict.fromkeys(tasks) for a in self.register.owners_of(t))  # fmt: skip
            lines.append(("责任单位：" if zh else "Units: ") + "、".join(others))
        if not cited:
            return self._refuse(q, as_of, [])
        units = [(unit, "responsible") for unit in q.units if sets[unit]]
        return self._made(q, as_of, "\n".join(lines), cited, units=units, tasks=tasks)

    def _not_narrowed(self, q: Question) -> str:
        """Says that what a question is about is no condition of the list below."""
        subject = ("、" if q.language == "zh" else ", ").join(self._subject(q))
        if q.language == "zh":
            return f"没有找到写明“{subject}”的任务，以下没有按它缩小。"
        return f"No task speaks of “{subject}”; the list is not narrowed by it."

    def _none_in(self, q: Question, window: Window) -> str:
        """Says that nothing falls due in the days asked about, and what the list below is then."""
        days = describe_window(window, q.language)
        if q.language == "zh":
            return f"没有{days}到期的任务，以下没有按日期缩小。"
        return f"No task is due {days}; the list is not narrowed by days."

    def _in_other_roles(self, q: Question, as_of: date) -> Answer | None:
        """No duty is written with a unit in the role that is asked about: said so, with what it
        bears in others."""
        asked = self._roles_said(q)
        names = ("、" if q.language == "zh" else ", ").join(
            self._name(u, q.language) for u in q.units
        )
        head = (
            f"文件没有写由{names}{asked}的任务。以其他角色承担的如下。"
            if q.language == "zh"
            else f"No task is written with {names} as {asked}. What is written in other roles:"
        )
        return self._tasks_of(q.model_copy(update={"roles": ()}), as_of, head)

    def _sentences_of(self, placed: Placed, stated: Sequence[Assignment]) -> list[Sentence]:
        extraction = self.register.document_of(placed.document.id)
        inside = sentences(extraction, placed.clause)
        return [s for s in inside if any(s.span.contains(a.span) for a in stated)]

    def _memberships(self, listing: Register, unit: str) -> list[Citation]:
        return [
            Citation(document_id=e.document.id, clause_id=None, path="", span=m.span, quote=m.quote)
            for e in listing.extractions
            for m in e.members
            if m.unit == unit
        ]

    def _plans(self, q: Question, as_of: date) -> Answer | None:
        """Which documents there are; of the one that there is, or is named, which plans."""
        if len(self.register.extractions) > 1 and not self._documents_called(q):
            return self._documents(q, as_of)
        lines, cited = [], []
        listing = self._listing(q) if self._documents_called(q) else self.register
        for extraction in listing.extractions:
            for plan in extraction.plans:
                lines.append(f"{plan.number}. {plan.title}")
                quote = plan.span.slice(extraction.document.text)
                cited.append(
                    Citation(
                        document_id=extraction.document.id, clause_id=None,
                        path=str(plan.number), span=plan.span, quote=quote,
                    )
                )  # fmt: skip
            cited += self._contents(extraction)
            lines += [flatten(c.quote) for c in self._contents(extraction)]
        count = sum(len(e.plans) for e in listing.extractions)
        if count < 2:
            return None
        head = f"共 {count} 个计划：" if q.language == "zh" else f"{count} plan(s):"
        return self._made(q, as_of, "\n".join([head, *lines]), cited)

    def _documents(self, q: Question, as_of: date) -> Answer | None:
        """The documents at hand, those about the question's subject where it has one, by their day."""
        words = self._subject(q)
        found = [
            e for e in self.register.extractions
            if not words or self.search.coverage(words, e.document.title) >= _TITLED
        ]  # fmt: skip
        if not found:
            return None
        day = {
            e.document.id: str(e.document.written_on or e.document.published_on or "")
            for e in found
        }
        found.sort(key=lambda e: day[e.document.id] or "9999")
        zh = q.language == "zh"
        lines = [f"共 {len(found)} 份文件：" if zh else f"{len(found)} document(s):"]
        cited: list[Citation] = []
        for e in found:
            d = e.document
            more = "，".join(v for v in (d.document_number, day[d.id]) if v)
            lines.append(f"· 《{d.title}》" + (f"（{more}）" if more else ""))
            cited += self._header_citations(e, d.title)
        return self._made(q, as_of, "\n".join(lines), cited) if cited else None

    def _contents(self, extraction: Extraction) -> list[Citation]:
        """The list of attachments at the head of a notice, as printed."""
        text = extraction.document.text
        first = min((c.span.start for c in extraction.clauses), default=len(text))
        match = re.search(r"附\s*件\s*[:：][\s\S]{10,2000}", text[:first])
        if not match or len(extraction.plans) < 2:
            return []
        printed = match.group().rstrip()
        span = Span(match.start(), match.start() + len(printed))
        return [
            Citation(
                document_id=extraction.document.id,
                clause_id=None,
                path="",
                span=span,
                quote=printed,
            )
        ]

    def _members(self, q: Question, as_of: date) -> Answer | None:
        lines, cited, units = [], [], []
        listing = self._listing(q)
        own = any(e.members for e in listing.extractions)
        for extraction in (listing if own else self.register).extractions:
            for m in extraction.members:
                units.append((m.unit, Role.MEMBER.value))
                cited.append(Citation(document_id=extraction.document.id, clause_id=None, path="", span=m.span, quote=m.quote))  # fmt: skip
                lines.append(self._name(m.unit, q.language))
        if not units:
            return None
        head = (
            f"成员单位共 {len(units)} 家："
            if q.language == "zh"
            else f"{len(units)} member unit(s): "
        )
        return self._made(q, as_of, head + "、".join(lines), cited, units=units)

    def _header(self, q: Question, as_of: date) -> Answer | None:
        zh = q.language == "zh"
        lines, cited = [], []
        named = self._documents_called(q)
        if not named and len(self.register.extractions) > 1:
            return None
        for extraction in self.register.extractions:
            d = extraction.document
            if named and d.id not in named:
                continue
            fields = (
                ("index", "索引号", "index number", d.index_number),
                ("number", "发文字号", "document number", d.document_number),
                ("written", "成文日期", "written on", d.written_on),
                ("published", "发布日期", "published on", d.published_on),
                ("issuer", "发布机构", "issuer", d.issuer),
            )
            if not any(v and says(f"field {kind}", q.own.lower()) for kind, *_, v in fields):
                continue
            for _, name, english, value in fields:
                if value is None:
                    continue
                lines.append(f"{name if zh else english}：{value}")
                cited += self._header_citations(extraction, str(value))
            lines.insert(0, d.title)
        return self._made(q, as_of, "\n".join(lines), cited) if cited else None

    def _header_citations(self, extraction: Extraction, value: str) -> list[Citation]:
        text = extraction.document.text
        forms = [value]
        if match := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", value):
            y, m, d = match.groups()
            forms.append(f"{y}年{int(m)}月{int(d)}日")
        for form in forms:
            if (at := text.find(form)) >= 0:
                span = Span(at, at + len(form))
                return [Citation(document_id=extraction.document.id, clause_id=None, path="", span=span, quote=form)]  # fmt: skip
        return []

    def _count(self, q: Question, as_of: date) -> Answer | None:
        zh = q.language == "zh"
        placed = self._held(q, self._listing(q).tasks())
        if q.window:
            placed = [p for p in placed if _falls_in(q.window, p)]
        note = ""
        if q.about and (q.units or q.most):
            if about := self._of_subject(q, placed):
                placed = about
            else:
                note, q = self._not_narrowed(q), q.model_copy(update={"about": False})
        if q.most or says("units counted", q.search.lower()):  # fmt: skip
            return self._count_units(q, as_of, placed, note)
        if says("plans", q.search.lower()) and not q.plan and not q.units and "任务" not in q.search:  # fmt: skip
            return self._plans(q, as_of)
        if len(q.units) > 1 and not q.together:
            return self._count_units(q, as_of, placed, note)
        if q.units:
            placed = [
                p for p in placed if set(q.units) <= {a.unit for a in self._listed_of(p)}
            ] or [p for p in placed if set(q.units) <= {a.unit for a in p.task.responsibilities}]
            placed = [
                p for p in placed if not q.roles or any(_bears(p, u, q.roles) for u in q.units)
            ]
        elif not (q.alone or q.without or q.plan) and self._about_topic(q):
            return None
        if not placed:
            other = self._tasks_of(q, as_of) if q.roles else None
            return other or self._refuse(q, as_of, [])
        what = self._condition(q) or ("全部任务" if zh else "all tasks")
        head = f"{what}：共 {len(placed)} 项任务。" if zh else f"{what}: {len(placed)} task(s)."
        lines, cited = [note, head] if note else [head], []
        named: dict[tuple[str, str], None] = {}
        for p in placed:
            owners = list(dict.fromkeys(a.unit for a in self._listed_of(p)))
            lines.append(f"· {p.task.title}（{p.plan.title} {p.clause.path}）{'、'.join(owners)}")
            extraction = self.register.document_of(p.document.id)
            cited.append(self.register.cite(extraction, p.clause, p.clause.span))
            if q.alone:
                named |= dict.fromkeys((u, "responsible") for u in owners)
        units = named or dict.fromkeys((u, "responsible") for u in q.units)
        return self._made(q, as_of, "\n".join(lines), cited, units=units, tasks=[p.task.id for p in placed])  # fmt: skip

    def _held(self, q: Question, placed: Iterable[Placed]) -> list[Placed]:
        """Those of the tasks that meet what a question says of plans and of who bears them: nobody
        but the units named, none of some, with or without a bearer in a role."""
        plans = self._plans_called(q.plan)
        kept = []
        for p in placed:
            bearers = {a.unit for a in self._listed_of(p)} or {
                a.unit for a in p.task.responsibilities
            }
            owned = any(not q.roles or a.role in q.roles for a in p.task.responsibilities)
            if (
                (plans and p.plan.id not in plans)
                or (q.without and not bearers.isdisjoint(q.without))
                or (q.without and not bearers)
                or (q.alone and (bearers != set(q.units) if q.units else len(bearers) != 1))
                or (q.owned is not None and not q.units and owned is not q.owned)
            ):
                continue
            kept.append(p)
        return kept

    def _about_topic(self, q: Question) -> bool:
        words = [
            w
            for w in self._words(q)
            if w not in ("一共", "总共", "行动", "计划", "多少", "通知", "项", "条")
        ]
        return bool(words)

    def _count_units(
        self, q: Question, as_of: date, placed: Sequence[Placed], note: str
    ) -> Answer | None:
        zh = q.language == "zh"
        tasks: dict[str, list[Placed]] = {}
        for p in placed:
            for unit in dict.fromkeys(a.unit for a in p.task.responsibilities):
                if q.units and unit not in q.units:
                    continue
                tasks.setdefault(unit, []).append(p)
        if not tasks:
            return None
        ranked = sorted(tasks.items(), key=lambda i: (-len(i[1]), i[0]))
        shown = ranked[:5] if q.most else ranked
        what = self._condition(q) or ("全部任务" if zh else "all tasks")
        head = f"{what}：共涉及 {len(ranked)} 个单位。" if zh else f"{what}: {len(ranked)} unit(s)."
        lines = [note, head] if note else [head]
        lines += [
            f"· {self._name(u, q.language)} {len(ps)} {'项' if zh else 'task(s)'}"
            for u, ps in shown
        ]
        cited = []
        for p in shown[0][1]:
            extraction = self.register.document_of(p.document.id)
            cited.append(self.register.cite(extraction, p.clause, p.clause.span))
        named = [(u, "responsible") for u, _ in (shown[:1] if q.most else shown)]
        return self._made(q, as_of, "\n".join(lines), cited, units=named)


def _falls_in(window: Window, placed: Placed) -> bool:
    """Whether anything of a task is due in a window."""
    return any(m.due.date and window.holds(m.due.date) for m in placed.task.milestones)


def _bears(placed: Placed, unit: str, roles: Sequence[Role]) -> bool:
    """Whether a unit bears a task in one of `roles`."""
    return any(a.unit == unit and a.role in roles for a in placed.task.responsibilities)
