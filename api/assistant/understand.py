"""A question → what is asked (intent) and about what (topic, units, day), without a model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from functools import lru_cache

from ingest.dates import find_times
from ingest.reading import normalize_characters
from kb.lexicon import load_lexicon
from kb.models import Fact
from tasks.models import Role
from tasks.organisations import Organisations


class Intent(StrEnum):
    """What a question asks for."""

    WHO = "who"
    TASKS_OF_UNIT = "tasks-of-unit"
    DEADLINE = "deadline"
    DUE = "due"
    OVERDUE = "overdue"
    TARGET = "target"
    SOURCE = "source"
    PLANS = "plans"
    DOCUMENT_NUMBER = "document-number"
    CLAUSE = "clause"


class Term(Fact):
    """An English term of policy text and its Chinese."""

    english: str
    chinese: str
    examples: tuple[str, ...]


class Question(Fact):
    """A question understood. `topic` is Chinese, empty where nothing is left; `units` are
    canonical names; `day` bounds a question of what is due; `year` one of targets."""

    text: str
    language: str
    intent: Intent
    topic: str
    units: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    day: date | None = None
    year: int | None = None
    unknown: tuple[str, ...] = ()


# The first that matches decides; Chinese and English side by side.
_INTENTS = (
    (Intent.OVERDUE, r"逾期|超期|过期|overdue|past due|late\b"),
    (Intent.DOCUMENT_NUMBER, r"文号|发文字号|document number|reference number"),
    (Intent.SOURCE, r"出自|来源|哪一条|哪条|出处|依据是|where does|come from|which clause|source of"),
    (Intent.PLANS, r"(?:哪些|几个|多少个?|列出)[^,。]{0,4}(?:行动)?计划|which plans|list (?:the )?plans|how many plans"),
    (Intent.DEADLINE, r"什么时候|何时|哪一?年|时限|期限|截止时间|多久|when\b|deadline|by what date|due date"),
    (Intent.WHO, r"谁|哪些(?:部门|单位|机构)|哪个(?:部门|单位|机构)|什么(?:部门|单位)|责任单位|牵头单位|配合单位|由.{0,6}负责\?|who\b|whose|which (?:departments?|units?|organi[sz]ations?|agenc(?:y|ies)|bod(?:y|ies))|responsible"),
    (Intent.TARGET, r"多少|百分之几|几[个所名间台]|目标值|是多大|达到什么|指标|how many|how much|target|what (?:percentage|share|rate)"),
    (Intent.DUE, r"到期|前要完成|之前完成|应完成|截止|要完成(?:什么|哪些)|due\b|to be done by|completed by"),
    (Intent.TASKS_OF_UNIT, r"哪些任务|什么任务|哪些事|什么事|干什么|做什么|干哪些|职责|任务有哪些|负责(?:什么|哪些)|tasks?\b|duties|what (?:does|must|should|do)\b|responsibilit"),
)  # fmt: skip
_ROLES = (
    (r"牵头|\blead", (Role.LEAD,)),
    (r"配合|参与|协助|joint|assist|participat", (Role.JOINT,)),
    (r"监督|督导|指导|supervis|oversee", (Role.SUPERVISE,)),
    (r"审批|审查|备案|批准|审定|approv", (Role.APPROVE,)),
)
_NOISE = re.compile(
    r"请问|请|一下|告诉我|帮我|查|列出|哪些|哪个|哪几个|哪一条|哪条|哪一?年|什么时候|何时|什么|多少个?|怎么|如何|为什么|吗|呢|啊|的|了|是由|是|有|要|应该|应当|由|"
    r"谁来?|部门|单位|机构|负责人?|牵头|配合|参与|监督|审批|承担|责任|工作|任务|事情|事|目标值|目标|达到|完成|时限|期限|截止时间|截止|到期|出自|来源|出处|规定|要求|"
    r"在|于|对|和|与|及|前|之前|底|哪里|几|职责|抓|管|做|干|文件|里|中|需要|需|分别|\s|[?!,。;:、\"'《》()]"
)
_WORD = re.compile(r"[a-z][a-z'\-]+")
_FUNCTION_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "in",
        "on",
        "for",
        "to",
        "by",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "do",
        "does",
        "did",
        "has",
        "have",
        "who",
        "whom",
        "whose",
        "which",
        "what",
        "when",
        "where",
        "how",
        "many",
        "much",
        "department",
        "departments",
        "unit",
        "units",
        "organisation",
        "organization",
        "organisations",
        "organizations",
        "agency",
        "agencies",
        "body",
        "bodies",
        "responsible",
        "responsibility",
        "responsibilities",
        "duty",
        "duties",
        "task",
        "tasks",
        "lead",
        "leads",
        "leading",
        "supervise",
        "supervises",
        "approve",
        "approves",
        "must",
        "should",
        "shall",
        "will",
        "and",
        "or",
        "with",
        "from",
        "at",
        "as",
        "target",
        "targets",
        "value",
        "deadline",
        "due",
        "complete",
        "completed",
        "work",
        "charge",
        "that",
        "this",
        "it",
        "its",
        "their",
        "there",
        "clause",
        "come",
        "comes",
        "number",
        "rate",
        "year",
        "end",
        "before",
        "after",
        "list",
        "show",
        "me",
        "tell",
        "please",
        "about",
        "district",
        "people",
        "government",
        "document",
        "under",
        "please",
        "can",
        "could",
        "you",
        "any",
        "all",
    ]
)


_OFFICE = re.compile(
    r"(?:[a-z]+(?: and)? ){1,4}?(?:bureau|commission|committee|office|department|court|procuratorate)\b"
)


@lru_cache
def terms() -> tuple[Term, ...]:
    """The glossary, longest English term first."""
    return tuple(sorted(load_lexicon("terms", Term), key=lambda t: -len(t.english)))


def understand(text: str, organisations: Sequence[Organisations], *, as_of: date) -> Question:
    """Read a question. `organisations` are those of the documents' governments."""
    plain = normalize_characters(text).strip()
    language = "zh" if re.search(r"[一-龥]", plain) else "en"
    low = plain.lower()
    times = (
        [m for m in find_times(plain, reference=as_of) if m.end or m.start]
        if language == "zh"
        else []
    )
    day = times[-1].end or times[-1].start if times else _english_day(low)
    year = day.year if day else None
    topic = plain
    for mention in times:
        topic = topic.replace(plain[mention.at : mention.to], " ")
    units, topic = _units(topic, organisations, language)
    intent = _intent(low, bool(units), day is not None)
    roles = tuple(r for pattern, found in _ROLES if re.search(pattern, low) for r in found)
    unknown: tuple[str, ...] = ()
    if language == "en":
        topic, unknown = _translate(low)
    else:
        topic = _NOISE.sub(" ", topic)
    return Question(
        text=text,
        language=language,
        intent=intent,
        topic=re.sub(r"\s+", " ", topic).strip(),
        units=units,
        roles=roles if intent is Intent.WHO else (),
        day=day,
        year=year,
        unknown=unknown,
    )


def _intent(low: str, has_unit: bool, has_day: bool) -> Intent:
    for intent, pattern in _INTENTS:
        if re.search(pattern, low):
            if intent is Intent.DEADLINE and re.search(r"到期.{0,3}(?:任务|事)", low):
                return Intent.DUE
            if (
                intent is Intent.WHO
                and has_unit
                and re.search(r"负责(?:什么|哪些)|哪些任务|tasks", low)
            ):
                return Intent.TASKS_OF_UNIT
            if intent is Intent.TASKS_OF_UNIT and not has_unit:
                return Intent.DUE if has_day else Intent.CLAUSE
            return intent
    if "负责" in low:
        return Intent.TASKS_OF_UNIT if has_unit else Intent.WHO
    return Intent.CLAUSE


def _english_day(low: str) -> date | None:
    if match := re.search(r"\b(20\d\d)-(\d\d)-(\d\d)\b", low):
        return date(*map(int, match.groups()))
    match = re.search(r"\b(20\d\d)\b", low)
    return date(int(match.group(1)), 12, 31) if match else None


def _units(
    text: str, organisations: Sequence[Organisations], language: str
) -> tuple[tuple[str, ...], str]:
    found: list[str] = []
    rest = text
    for known in organisations:
        if language == "en":
            for phrase in _OFFICE.findall(text.lower()):
                words = phrase.split()
                units = (known.resolve_english(" ".join(words[i:])) for i in range(len(words) - 1))
                unit = next((u for u in units if u), None)
                if unit and unit.name not in found:
                    found.append(unit.name)
            continue
        for mention in known.find(text):
            if mention.vague:
                continue
            if mention.name not in found:
                found.append(mention.name)
            rest = rest.replace(mention.text, " ")
    return tuple(found), rest


def _translate(low: str) -> tuple[str, tuple[str, ...]]:
    """English words → (Chinese topic, words that the glossary does not know)."""
    rest = re.sub(r"\b20\d\d(?:-\d\d-\d\d)?\b", " ", low)
    found: list[str] = []
    for term in terms():
        pattern = rf"\b{re.escape(term.english)}(?:s|es)?\b"
        if re.search(pattern, rest):
            found.append(term.chinese)
            rest = re.sub(pattern, " ", rest)
    unknown = tuple(w for w in _WORD.findall(rest) if w not in _FUNCTION_WORDS)
    return " ".join(dict.fromkeys(found)), unknown
