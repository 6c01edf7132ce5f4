"""Who bears what is asked of a clause: of its sentences, lists and brackets those that say so, by the names
printed there."""

from __future__ import annotations

import re
from abc import ABC
from collections.abc import Sequence

from api.assistant.cues import says, span_of
from api.assistant.denials import open_end, text_of, unnamed
from api.assistant.mentions import roles_in
from api.assistant.question import Question
from api.assistant.reply import Composer
from api.assistant.search import Found, Sentence, sentences
from api.assistant.statements import Line, Lines
from kb.characters import HAN
from kb.chunks import flatten
from kb.language.jurisdictions import PLACE_ENDS
from kb.language.roles import Role
from tasks.models import Assignment, Basis, Extraction
from tasks.queries import Placed

_SHORTEST = 3
"""Characters of a name, more of which are left of it without its level's mark than of 区委."""
_NAME = re.compile(rf"[{HAN}（）()]{{2,}}")
_OF_ITSELF = 0.15
"""The share of a question's words that a sentence holds more than its heading, at least, to name bearers by itself."""
_TOPIC = 80
"""Characters of a sentence that stand for what an answer is about."""


_NAMED = tuple(role for role in Role if role is not Role.MEMBER)
"""Roles in which a unit is named; a member of a group bears nothing by that."""


class OwnerAnswers(Composer, ABC):
    """Says who bears a duty."""

    def _owners_asked(
        self, q: Question, f: Found, told: Sentence, placed: Sequence[Placed], words: Sequence[str]
    ) -> tuple[list[Assignment], Sentence | None]:
        """Those of a clause's owners that bear what is asked, and the sentence that says so: of the
        sentence quoted; where it names none, of the duty that it belongs to (the brackets and label lines
        of that duty), else of the sentence of the clause that speaks most of what is asked."""
        assert f.clause is not None  # noqa: S101
        here = [p for p in placed if p.task.span.overlaps(told.span)] or placed
        owners = [a for p in here for a in p.task.responsibilities if a.role in _NAMED]
        stated = {
            s: [a for a in owners if a.basis is Basis.STATED and s.span.contains(a.span)]
            for s in sentences(f.extraction, f.clause)
        }
        listed = [a for a in owners if a.basis is not Basis.STATED]
        best = next((s for s in stated if s.span == told.span), told)
        there = stated.get(best, [])
        # It names the bearers of what is asked by itself, though the clause lists some for the whole:
        # it speaks more of it than the heading does, and names a body (相关部门 is none).
        more = self.search.coverage(words, best.text) - self.search.coverage(
            words, f.clause.heading
        )
        own = more > _OF_ITSELF and any(a.unit_id for a in there)
        if there and (not listed or own):
            return self._as_asked(q, self._of_the_part(f, best, there, words)), best
        if listed:
            return self._as_asked(q, listed), None
        other = max(
            (s for s, found in stated.items() if found),
            key=lambda s: self.search.coverage(words, s.text),
            default=None,
        )
        return (self._as_asked(q, stated[other]), other) if other else ([], None)

    def _as_asked(self, q: Question, owners: Sequence[Assignment]) -> list[Assignment]:
        """Those in a role that is asked for, where there are any, without the units that are
        excepted (除了牵头的工信局), also by a name that no lexicon has."""
        place = span_of("without", q.own.lower())
        excepted = "" if place is None else q.own[place[0] :]
        left = [
            a
            for a in owners
            if not any(self._among(unit, [a]) for unit in q.without)
            and not _called(a.unit, excepted)
        ]
        if len(left) < len(owners):
            return left or list(owners)
        return [a for a in left if a.role in q.roles] or left

    def _among(self, unit: str, owners: Sequence[Assignment]) -> bool:
        """Whether a unit that a question names is one of the owners, by its name or its id."""
        ids = {found.id for o in self.organisations if (found := o.resolve(unit))}
        return any(a.unit == unit or (a.unit_id and a.unit_id in ids) for a in owners)

    def _of_the_part(
        self, f: Found, s: Sentence, there: Sequence[Assignment], words: Sequence[str]
    ) -> list[Assignment]:
        """Of a sentence with several subjects, those whose part of it is asked about."""
        text = f.extraction.document.text
        ordered = sorted(there, key=lambda a: a.span.start)
        groups: list[list[Assignment]] = []
        for a in ordered:
            last = groups[-1][-1] if groups else None
            between = text[last.span.end : a.span.start] if last else ""
            led = last and last.role is Role.LEAD and a.role is Role.JOINT  # X牵头，联合Y
            if last is None or (("," in between or "，" in between) and not led):
                groups.append([a])
            else:
                groups[-1].append(a)
        if len(groups) < 2:
            return list(there)
        ends = [g[0].span.start for g in groups[1:]] + [s.span.end]
        covers = [
            self.search.coverage(words, flatten(text[g[0].span.start : end]))
            for g, end in zip(groups, ends, strict=True)
        ]
        best = max(covers)
        least = best - min(0.1, best / 2)
        return [a for g, c in zip(groups, covers, strict=True) if c >= least for a in g]

    def _owners_of(self, q: Question, f: Found, told: Sentence, words: Sequence[str]) -> Lines:
        """Who bears what is asked of the clause; nothing where it names nobody."""
        assert f.clause is not None  # noqa: S101
        placed = self.register.tasks_in(f.clause.id)
        owners = [a for p in placed for a in p.task.responsibilities if a.role in _NAMED]
        if not owners:
            return Lines()
        chosen, where = self._owners_asked(q, f, told, placed, words)
        zh = q.language == "zh"
        chosen = [as_printed(f.extraction, a) for a in chosen]
        units = dict.fromkeys(a.unit for a in chosen)
        if not chosen:
            return Lines()
        topic = _beginning(flatten(where.text)) if where else f.clause.heading
        lines: list[Line] = []

        def say(zh_words: str, en_words: str, *named: Assignment) -> None:
            proofs = ((a.unit, f.cite(a.span)) for a in named)
            lines.append(Line(zh_words if zh else en_words, tuple(proofs)))

        whole = text_of(f)
        for unit in q.units:
            if not self._among(unit, owners):
                said = unnamed(unit, whole, self.organisations, q.language)
                say(said, said)
            elif self._among(unit, chosen) and says("whether", q.own):
                say(
                    f"是，写有{unit}。",
                    f"Yes, {self._name(unit, 'en')} is named.",
                    *(a for a in chosen if self._among(unit, [a])),
                )
        said_roles = roles_in(whole) | {a.role for a in owners}
        if q.roles and said_roles.isdisjoint(q.roles):
            asked = self._roles_said(q)
            say(f"这一条没有写明{asked}单位。", f"The clause names no unit as: {asked}.")
        many, named = len(units), self._owners(chosen, q.language)
        say(
            f"“{topic}”涉及 {many} 个单位：{named}。",
            f"{many} unit(s) for “{topic}”: {named}.",
            *chosen,
        )
        said_units = {a.unit_id or a.unit for a in chosen}
        unsaid = [a for a in owners if (a.unit_id or a.unit) not in said_units]
        rest = [a for a in unsaid if (a.basis is Basis.STATED) is (where is None)]
        others = self._owners(rest, q.language)
        if rest and where:
            say(f"该条另列责任单位：{others}。", f"The clause also lists: {others}.", *rest)
        elif rest:
            say(f"条文中另写明：{others}。", f"The text also names: {others}.", *rest)
        if any(a.basis is Basis.INHERITED for a in chosen):
            say("（责任单位承自上级条款）", "(inherited from the clause above)")
        if noted := open_end(f, chosen, q.language):
            say(noted, noted)
        return Lines(
            tuple(lines),
            tuple(dict.fromkeys((a.unit, a.role.value) for a in chosen)),
            tuple(p.task.id for p in placed),
        )


def _called(unit: str, words: str) -> bool:
    """Whether words have a unit's name, whole or without the mark of its level (工信局 of 区工信局)."""
    return unit in words or (unit[:1] in PLACE_ENDS and len(unit) > _SHORTEST and unit[1:] in words)


def as_printed(extraction: Extraction, a: Assignment) -> Assignment:
    """An owner by the name that is printed there (福州市信访局), where the document never has its usual one
    and the name is not what was put right there (同上)."""
    text = extraction.document.text
    printed = flatten(a.span.slice(text))
    repaired = any(repair.span.overlaps(a.span) for repair in extraction.repairs)
    if repaired or a.unit in text or not _NAME.fullmatch(printed):
        return a
    return a.model_copy(update={"unit": printed})


def _beginning(sentence: str) -> str:
    """A sentence, or as many of its parts as name what it is about."""
    if len(sentence) <= _TOPIC:
        return sentence.rstrip("。；;")
    cut = max(sentence.rfind(mark, 0, _TOPIC) for mark in ",，、;；")
    return f"{sentence[: cut if cut > 0 else _TOPIC]}……"
