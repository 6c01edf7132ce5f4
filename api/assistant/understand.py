"""A question → what is asked (intent) and about what (topic, units, days), without a model."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

from ingest.dates import find_times
from ingest.numerals import normalize_number
from ingest.reading import normalize_characters
from kb.expansion import may_name, plain_segmenter, simplify, translate
from kb.lexicon import load_lexicon
from kb.models import Fact
from tasks.models import Role
from tasks.organisations import Organisations

_ENGLISH = re.compile(
    r"\b(?:what|which|who|whom|whose|when|where|how|why|is|are|was|were|does|do|did|has|have|the"
    r"|of|to|for|by|in|on|must|should|list|show|tell)\b"
)
"""Words that make a sentence English, whatever names stand in it."""
_WORD = re.compile(r"\b[A-Za-z][a-z]{2,}\b")
"""A word of a sentence, no abbreviation."""
_CHINESE = re.compile(r"[的吗呢谁哪請请]|什么|什麼|多少|怎么|何时")
"""Words that make a sentence Chinese."""
_QUOTED = re.compile(r"[“\"《「][^”\"》」]*[”\"》」]")
_UP_TO = re.compile(r"\b(?:before|by|until|till|up to)(?: the end of)? $")
"""A year after these ends a span that is open at its beginning."""


class Intent(StrEnum):
    """What a question asks for."""

    WHO = "who"
    TASKS_OF_UNIT = "tasks-of-unit"
    DEADLINE = "deadline"
    DUE = "due"
    OVERDUE = "overdue"
    TARGET = "target-value"
    SOURCE = "trace"
    PLANS = "plans"
    LIST = "list"
    MEMBERS = "members"
    COUNT = "aggregate"
    POLICY = "policy-lookup"
    HEADER = "document"
    CONTACT = "contact"
    CLAUSE = "definition"


class InstructionExample(Fact):
    """A text with an order to the assistant, and what is left without it."""

    text: str
    rest: str


class Instruction(Fact):
    """A pattern of orders to the assistant that are taken out of a question."""

    find: str
    why: str
    examples: tuple[InstructionExample, ...]


class Question(Fact):
    """A question understood. `search` is what to look for, `topic` the same without units, dates
    and words of asking; `units` are canonical names; `since` and `until` bound a question of what
    is due; `year` is a year that it names; `plan` what it calls a plan; `together`: all `units`
    at once."""

    text: str
    language: str
    intent: Intent
    search: str
    topic: str
    units: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    since: date | None = None
    until: date | None = None
    year: int | None = None
    plan: str = ""
    together: bool = False
    alone: bool = False
    most: bool = False
    places: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


# The first that matches decides; Chinese and English side by side.
_INTENTS = (
    (Intent.CONTACT, r"电话|手机|联系方式|邮箱|微信号|身份证|姓名|叫什么名字|(?:领导|局长|主任|书记|校长|负责人|区长|县长|市长|处长|科长)(?:是谁|叫什么|姓什么)|phone|telephone|e-?mail|contact details|name of the (?:director|head|leader|official|secretary|mayor)|who is the (?:director|head|mayor|secretary)"),
    (Intent.HEADER, r"索引号|发文字号|成文日期|发布日期|印发日期|发布机构|发文机关|哪(?:个|一级)?(?:机关|政府|单位)(?:印发|发布|发)的|什么时候(?:印发|发布|发)的|index number|issuing (?:body|authority|agency)|(?:who|which office) issued|date of (?:issue|publication)|when was (?:it|this|the (?:notice|document|plan)) (?:issued|published)|publication date|(?:本|这个?|该)(?:通知|文件)的?文号"),
    (Intent.MEMBERS, r"成员单位|领导小组(?:成员|由哪些|有哪些)|小组的?成员|members? of the (?:leading|steering)|member (?:units|organi[sz]ations|departments)"),
    (Intent.SOURCE, r"出自|来源|(?:哪|那)个?(?:计划|文件)的?哪|哪一?条(?!例)|第几条|出处|依据条款|依据是|根据哪|原文|溯源|where does|come from|which clause|source (?:of|clause)|\btrace\b|what is the basis"),
    (Intent.POLICY, r"文号|(?:哪|什么)(?:个|部|项|些|份)?[一-龥]{0,4}(?:条例|办法|法律|法规|文件|规定|意见|通知|标准|方案|指南|纲要|法)(?!里|中|的)|引用|document number|reference number|number of the (?:document|notice)|which (?:regulation|law|document|policy|rule|standard|guideline)s?\b|what (?:regulation|law|policy document)"),
    (Intent.OVERDUE, r"逾期|超期|过期|过了期限|过了时限|超过期限|已经?到期|已过期限|该完成(?:而|却|但)?|overdue|past due|late\b|missed (?:its|their|the) deadline|already (?:passed|due)|deadlines? (?:have|has) (?:already )?passed"),
    (Intent.PLANS, r"(?:哪[些几十]|几|多少|列出|哪(?:[一二三四五六七八九十]+))个?[^,。;]{0,4}(?:行动)?计划|计划[^,。;]{0,4}(?:有|是|包括|共|分别)?(?:哪(?:些|几个|几|[一二三四五六七八九十]+个)|几个|多少个)[?]*$|which plans|list (?:[a-z]+ ){0,3}plans|how many plans|what are the (?:[a-z]+ ){0,3}(?:action )?plans"),
    (Intent.COUNT, r"(?:一共|总共|共|合计)?有?(?:多少|(?<!哪)几)(?:项|条|个)?(?:任务|工作|条款|指标|目标|事项)|(?:多少|(?<!哪)几)(?:项|条)|(?<!哪)几家单位|多少(?:个|家)(?:单位|部门)|(?:哪个|哪家|什么)(?:单位|部门)[^,。]{0,8}最多|最多的(?:单位|部门)|谁的任务(?:更|最)?多|哪(?:个|家)(?:单位|部门)?(?:的)?任务(?:更|最)多|who has more (?:tasks|duties)|how many (?:tasks|duties|clauses|targets|units|departments|agencies|organi[sz]ations|items|milestones)|(?:which|what) (?:unit|department|agency|body)[^?]{0,30}\bmost\b"),
    (Intent.DUE, r"到期的|(?:要|会|将|须|必须|需要)到期|有.{0,6}到期|(?:前|底)(?:要|须|应|必须)?完成(?:的|哪些|什么)|之前要?完成|应完成|要完成(?:什么|哪些)|督办清单|快到期|临近|\bdue\b(?! date)|to be (?:done|completed|finished) by|(?:expire|fall due)"),
    (Intent.DEADLINE, r"什么时候|何时|哪一?年|哪个?月|几月|时限|期限|截止|时间节点|多久|几个月内|多长时间|最晚|最迟|到期|^(?:and |so |but )?(?:by |until |since )?when\b|deadline|by what date|by which year|due date|how (?:long|soon)|what year"),
    (Intent.WHO, r"谁|(?:哪|那)(?:些|个|几家|两家|几个|一家|家|[一二三四五六七八九十]家|[一二三四五六七八九十]个)(?:主要|责任|牵头|配合|成员|相关)?(?:部门|单位|机构|局|委办)?(?:负责|管|来|牵头|得管|要|的责任|承担|参与|配合)|哪(?:些|个|几个|几家|两家)(?:部门|单位|机构)|什么(?:部门|单位)|哪家|哪几家|责任单位|牵头单位|配合单位|责任部门|主管部门|归(?:谁|哪)|找(?:谁|哪)|由.{0,8}(?:负责|牵头|承担)|who\b|whom\b|whose|(?:which|what) (?:[a-z]+ )?(?:departments?|ministr(?:y|ies)|authorit(?:y|ies)|units?|organi[sz]ations?|agenc(?:y|ies)|bod(?:y|ies)|offices?|bureaus?|commissions?)|responsible"),
    (Intent.TARGET, r"多少|百分之几|几(?:个|所|名|间|台|人|家|次|元|平方米|成|课时|学时|级|位|天|小时)|目标值|多大|多高|(?:最多|最少|至少|上限|下限|不(?:能|得)?(?:少于|低于|超过))|哪(?:个|类|种)(?:更)?(?:高|低|大|小|多|少)|达到什么|指标(?:值|是)|比例是|how (?:many|much|large|big|high)|what (?:percentage|share|proportion|rate|ratio|(?:is|are) the (?:[a-z,'-]+ ){0,5}(?:cap|limit|maximum|minimum|target|standard|ratio|upper|lower|value|number|amount|quota|rate|threshold)s?\b)|\bin yuan\b|percent|target|\bmaximum\b|\bminimum\b|at (?:least|most)|per cent"),
    (Intent.TASKS_OF_UNIT, r"哪些任务|什么任务|哪些事|什么事|干什么|干啥|做啥|做什么|干哪些|职责|任务(?:有|是)|有任务|负责(?:什么|哪些|啥)|(?:管|做|抓)(?:什么|哪些|啥)|涉及.{0,4}(?:列|任务)|tasks?\b|dut(?:y|ies)|what (?:does|must|should|do|is)\b.*\b(?:do|responsible)|responsibilit|obligations?"),
    (Intent.LIST, r"哪(?:[一二三四五六七八九十]+|几)(?:项|个|类|种|方面|条|点|步|所)|哪些|哪里|有什么|列出|清单|包括|包含|分为|what are the|list\b|which\b|name the"),
)  # fmt: skip
_ROLES = (
    (r"牵头|\blead(?:s|ing)?\b", (Role.LEAD,)),
    (r"配合|协助|协同|joint|assist|participat|support", (Role.JOINT,)),
    (r"监督|督导|监管|supervis|oversee|monitor", (Role.SUPERVISE,)),
    (r"审批|审查|备案|批准|审定|审核|核准|approv|\breview|assess", (Role.APPROVE,)),
)
_OFFICE = re.compile(
    r"(?:[a-z]+(?: and|,)? ){1,5}?(?:bureaus?|commissions?|committees?|offices?|departments?|courts?|procuratorates?|brigades?|administrations?|federations?|league|detachments?|police)\b"
)
_FOLLOW = re.compile(
    r"^(?:那么?|还有|另外|and\b|what about|how about|but\b|so\b)|它们?|他们|该(?:单位|部门|项)|这(?:些|个|项|几)|其中|"
    r"\b(?:it|its|they|them|those|these|that one|the same)\b"
)
_ABOUT = re.compile(r"^(?:那么?|还有|另外)?\s*(?P<rest>.{1,24}?)(?:方面)?(?:呢|怎么样|如何)[?]?$|^(?:and|what about|how about)\s+(?P<en>[^?]{2,60})\??$")  # fmt: skip
_TOGETHER = re.compile(r"一块儿?|一起|共同|同时|联合|都(?:要|有|参与)|\bboth\b|together|jointly")
_OF_TOPIC = (Intent.WHO, Intent.DEADLINE, Intent.TARGET, Intent.SOURCE, Intent.POLICY)
_SCOPE = re.compile(
    r"小学|初中|高中|中职|幼儿园|农村|城镇|城区|一贯制学校|primary|junior|rural|urban"
)
_PRONOUN = re.compile(r"它们?|他们|该(?:单位|部门)|\b(?:it|they|them|those|its|their)\b")
_PLAN = re.compile(
    r"[“\"《]?(?P<name>[一-龥]{2,18}?)(?:行动|工作|实施|专项)*(?:那个|这个)?(?:计划|方案)[”\"》]?(?:里面?|中|内|当中|下面)?"
)
_PLAN_EN = re.compile(
    r"\b(?:in|under|by|of|within) the (?P<name>[a-z ,&-]{3,50}?) (?:action )?(?:plan|scheme)\b"
)
_PLACE = re.compile(
    r"(?:^|(?<=[^一-龥])|(?<=[的在和与及是对、省市州区]))(?!全|各|我|本|该|哪|城|社|校|片|辖|地|园|学|这|那|每|小|新|老|山|在|跨|什|农|所|由|只|仅|问|请)"
    r"[一-龥]{1,3}(?:自治州|自治县|省|市|区|县)(?![级域划别内里外间直委政府局])"
)


@lru_cache
def _instructions() -> tuple[re.Pattern[str], ...]:
    return tuple(
        re.compile(entry.find, re.IGNORECASE) for entry in load_lexicon("instructions", Instruction)
    )


def without_instructions(text: str) -> str:
    """`text` without orders to the assistant; what is left is a question, or empty."""
    text = normalize_characters(text)
    for pattern in _instructions():
        text = pattern.sub(" ", text)
    return re.sub(r"\s+", " ", text).strip(" ,，。;；")


def understand(
    text: str,
    organisations: Sequence[Organisations],
    *,
    as_of: date,
    context: Sequence[str] = (),
) -> Question:
    """Read a question. `organisations` are those of the documents' governments; `context` holds
    the questions asked before it, oldest first."""
    plain = without_instructions(simplify(text).strip())
    if context:
        before = understand(context[-1], organisations, as_of=as_of, context=context[:-1])
        return _follow(text, plain, before, organisations, as_of)
    return _read(text, plain, organisations, as_of)


_COMPARED = (
    re.compile(
        r"^(?:比较(?:一下)?)?(?P<a>[^,。?和与跟]{2,20})(?:和|与|跟|同)(?P<b>[^,。?]{2,20}?)(?:的)?"
        r"(?P<what>责任单位|责任部门|牵头单位|期限|时限|目标值?|要求)?(?:有(?:什么|何|哪些)|有没有)?"
        r"(?:不同|不一样|区别|差别|差异在哪|一样吗|相同吗|是否相同)"
    ),
    re.compile(
        r"^(?:compare|(?:what is )?the difference between) (?P<a>[^,?]{3,60}?) and (?P<b>[^,?]{3,60})\??$"
    ),
)
_FORMS = {
    "期限": "{}的期限是什么时候？",
    "时限": "{}的期限是什么时候？",
    "目标": "{}的目标值是多少？",
}


def compared(text: str) -> tuple[str, str] | None:
    """The two questions that a comparison is made of (消防和防溺水的责任单位有什么不同)."""
    plain = without_instructions(simplify(text)).strip().rstrip("?")
    for pattern in _COMPARED:
        match = pattern.search(plain if re.search(r"[一-龥]", plain) else plain.lower())
        if match is None:
            continue
        what = match.groupdict().get("what") or ""
        form = next(
            (f for word, f in _FORMS.items() if what.startswith(word)), "{}由哪些单位负责？"
        )
        if not re.search(r"[一-龥]", plain):
            form = "Which units are responsible for {}?"
        return form.format(match.group("a").strip()), form.format(match.group("b").strip())
    return None


def _language(plain: str) -> str:
    """The language that a question is asked in: names in Chinese characters do not make an English
    sentence Chinese, nor does PISA a Chinese one English."""
    low = plain.lower()
    if not re.search(r"[a-z]{2}", low):
        return "zh"
    bare = _QUOTED.sub(" ", plain)
    words = len(_WORD.findall(bare)) >= 3 and not _CHINESE.search(bare)
    sentence = len(_ENGLISH.findall(bare.lower())) >= 2 or words
    return "en" if sentence or len(re.findall(r"[一-龥]", plain)) < 4 else "zh"


def _read(text: str, plain: str, organisations: Sequence[Organisations], as_of: date) -> Question:
    language = _language(plain)
    low = plain.lower()
    since, until, year, topic = _days(plain, as_of)
    units, topic = _units(topic, organisations)
    intent = _intent(low, bool(units))
    plan, topic = _plan(topic) if intent is not Intent.POLICY else ("", topic)
    if intent is Intent.OVERDUE and _has_topic(topic):
        intent = Intent.DEADLINE
    roles = tuple(r for pattern, found in _ROLES if re.search(pattern, low) for r in found)
    _, unknown = translate(low)
    return Question(
        text=text,
        language=language,
        intent=intent,
        search=plain,
        topic=topic.strip(),
        units=units,
        roles=roles if intent is Intent.WHO else (),
        since=since,
        until=until,
        year=year,
        plan=plan,
        together=bool(_TOGETHER.search(low)) and len(units) > 1,
        alone=bool(re.search(r"只由一家|一家单位单独|单独负责|独自|\b(?:alone|only one|single)\b", low)),
        most="最多" in low or bool(re.search(r"\bmost\b", low)),
        places=_places(_units(plain, organisations)[1], organisations),
        quoted=tuple(re.findall(r"[“\"'《「]([^”\"'》」]{2,40})[”\"'》」]", plain)),
        unknown=tuple(unknown),
    )  # fmt: skip


def _follow(
    text: str, plain: str, before: Question, organisations: Sequence[Organisations], as_of: date
) -> Question:
    """A question after another one: what it leaves open is taken from the one before."""
    low = plain.lower()
    own = _read(text, plain, organisations, as_of)
    if match := _ABOUT.search(low):
        rest = (match.group("rest") or match.group("en") or "").strip()
        inner = _read(text, rest, organisations, as_of)
        units = inner.units or (before.units if before.intent is not Intent.WHO else ())
        topic = rest if not inner.units else before.topic
        search = f"{rest} {before.topic}" if len(rest) < 2 or inner.units else rest
        if before.intent in (Intent.TARGET, Intent.DEADLINE, Intent.SOURCE) and _SCOPE.fullmatch(
            rest
        ):
            topic = search = f"{rest} {_SCOPE.sub(' ', before.topic)}"
        return inner.model_copy(
            update={
                "text": text, "intent": before.intent, "topic": topic, "search": search,
                "units": units, "roles": before.roles, "plan": inner.plan or before.plan,
                "since": inner.since or before.since, "until": inner.until or before.until,
                "language": own.language,
            }
        )  # fmt: skip
    bare = not _has_topic(own.topic) and not own.units and own.intent in _OF_TOPIC
    if not bare and not _FOLLOW.search(low):
        return own
    units = own.units
    if _PRONOUN.search(low) and before.units:
        units = tuple(dict.fromkeys([*before.units, *own.units]))
    update: dict[str, object] = {"units": units, "plan": own.plan or before.plan}
    update["together"] = bool(_TOGETHER.search(low)) and len(units) > 1
    if own.intent is Intent.CLAUSE:
        update["intent"] = before.intent
    if not _has_topic(own.topic):
        update["topic"] = before.topic
        update["search"] = f"{before.search} {plain}"
    return own.model_copy(update=update)


def _has_topic(topic: str) -> bool:
    bare = re.sub(
        r"什么时候|何时|多久|由?谁|负责|多少|到?今天为?止|目前|现在|已经?|哪些|有|过了|期限|时限|的|事项|任务|工作|逾期|超期|未完成|还没|没有|文件|里|中|项|列出|了|吗|什么|单位|部门|全部|所有|该|都|是|请|超过|到期|[\s,.?，。？!！\"“”]"
        r"|\b(?:what|which|is|are|the|tasks?|items?|duties|now|today|overdue|list|all|as|of|to|date|have|has|passed|deadlines?|already|in|this|document|currently|show|me|milestones?|anything|any|there|late|past|due|missed|their|its|that)\b",
        "",
        topic.lower(),
    )
    return len(re.findall(r"[一-龥]", bare)) >= 2 or len(bare) >= 4


def _intent(low: str, has_unit: bool) -> Intent:
    for intent, pattern in _INTENTS:
        if not re.search(pattern, low):
            continue
        if intent is Intent.WHO and has_unit and re.search(
            r"负责(?:什么|哪些|啥)|(?:哪些|什么)(?:任务|事|工作)|tasks|duties|干什么|干啥|做什么|responsible for what", low
        ):  # fmt: skip
            return Intent.TASKS_OF_UNIT
        if intent is Intent.TASKS_OF_UNIT and not has_unit:
            continue
        if intent is Intent.LIST and has_unit and re.search(r"负责|要做|要干|管", low):
            return Intent.TASKS_OF_UNIT
        if intent is Intent.COUNT and re.search(r"(?:多少|几)项(?!任务|工作|目标|指标|事项|条)[一-龥]{2}", low) and not has_unit:  # fmt: skip
            continue
        return intent
    if has_unit and re.search(
        r"参与|参加|负责|牵头|配合|有关|管不管|involved|take part|participat", low
    ):
        return Intent.WHO
    if re.search(r"负责(?!制|人)|责任(?!制|险|人)", low):
        return Intent.TASKS_OF_UNIT if has_unit else Intent.WHO
    return Intent.CLAUSE


def _days(plain: str, as_of: date) -> tuple[date | None, date | None, int | None, str]:
    """(first day, last day, year named, the text without them)."""
    low = plain.lower()
    for pattern, days in (
        (r"(?:一周|一星期|7天|七天)(?:之内|以内|内)|within (?:a|one) week|next 7 days", 7),
        (r"(?:一个月|30天|三十天)(?:之内|以内|内)|within (?:a|one) month|next 30 days", 30),
        (
            r"(?:未来|今后|接下来)(?:的)?(?P<n>\d+|[一二三四五六七八九十]+)天|next (?P<m>\d+) days",
            0,
        ),
    ):
        if match := re.search(pattern, low):
            count = days
            if not count:
                printed = next(g for g in match.groups() if g)
                count = int(normalize_number(printed) or 0)
            rest = plain[: match.start()] + " " + plain[match.end() :]
            return as_of, as_of + timedelta(days=count), None, rest
    month_end = as_of.replace(day=calendar.monthrange(as_of.year, as_of.month)[1])
    following = month_end + timedelta(days=1)
    following_end = following.replace(day=calendar.monthrange(following.year, following.month)[1])
    quarter = (as_of.month - 1) // 3 * 3 + 3
    quarter_end = date(as_of.year, quarter, calendar.monthrange(as_of.year, quarter)[1])
    for pattern, first, last in (
        (r"本周|这周|这个星期|this week", as_of, as_of + timedelta(days=6 - as_of.weekday())),
        (r"(?:本月|这个?月)(?:底|末|内)?(?:之?前)?|this month|by the end of the month", as_of, month_end),
        (r"下个?月(?:底|末)?(?:之?前)?|next month", following, following_end),
        (r"本季度|这个季度|this quarter", as_of, quarter_end),
        (r"今年(?:底|末|内|年底)?(?:之?前)?|本年度?|(?<!\d)年底(?:之?前)|this year|by (?:the end of the year|year.end)", as_of, date(as_of.year, 12, 31)),
        (r"明年(?:底|内)?(?:之?前)?|next year", date(as_of.year + 1, 1, 1), date(as_of.year + 1, 12, 31)),
    ):  # fmt: skip
        if match := re.search(pattern, low):
            return first, last, last.year, plain[: match.start()] + " " + plain[match.end() :]
    times = [m for m in find_times(plain, reference=as_of) if m.end or m.start]
    rest = plain
    for mention in times:
        rest = rest.replace(plain[mention.at : mention.to], " ")
    if times:
        until = times[-1].end or times[-1].start
        since = times[-1].start
        return since, until, until.year if until else None, rest
    if match := re.search(r"\b(20\d\d)-(\d\d)-(\d\d)\b", low):
        day = date(*map(int, match.groups()))
        return None, day, day.year, rest.replace(match.group(), " ")
    if match := re.search(r"\b(20\d\d)\b", low):
        year = int(match.group(1))
        if _UP_TO.search(low[: match.start()]):
            return None, date(year, 12, 31), year, rest.replace(match.group(), " ")
        return date(year, 1, 1), date(year, 12, 31), year, rest.replace(match.group(), " ")
    return None, None, None, rest


def _units(text: str, organisations: Sequence[Organisations]) -> tuple[tuple[str, ...], str]:
    """Canonical names of the units that a question names, and the text without them."""
    found: list[str] = []
    rest = text
    for known in organisations:
        for mention in known.find(text):
            if mention.vague:
                continue
            own = known.local(mention.text)
            name = own.name if own else mention.name
            if name not in found:
                found.append(name)
            rest = rest.replace(mention.text, " ")
        for word, unit in known.find_lay(rest):
            if unit.name not in found:
                found.append(unit.name)
            rest = rest.replace(word, " ")
        for phrase in _OFFICE.findall(rest.lower()):
            words = phrase.replace(",", " ").split()
            for start in range(len(words) - 1):
                if office := known.resolve_english(" ".join(words[start:])):
                    if office.name not in found:
                        found.append(office.name)
                    rest = re.sub(re.escape(" ".join(words[start:])), " ", rest, flags=re.I)
                    break
    return tuple(found), rest


def _plan(text: str) -> tuple[str, str]:
    """What the question calls a plan that it is limited to, and the text without it."""
    if match := _PLAN.search(text):
        name = re.sub(
            r"^(?:按照?|根据|在|依据|关于|这个|那个|该|本|请问|的)+", "", match.group("name")
        )
        name = re.sub(r"(?:的|那个|这个)$", "", name)
        if (
            len(name) >= 2 and not re.search(r"哪|几|什么|多少|十大|招生$", name)
        ) or name == "招生":
            return name, text[: match.start()] + " " + text[match.end() :]
    if match := _PLAN_EN.search(text.lower()):
        chinese, _ = translate(match.group("name"))
        if chinese:
            return "".join(chinese), text[: match.start()] + " " + text[match.end() :]
    return "", text


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether a place's name is no part of other words: 统筹|城市, 激发|市场 are none."""
    at = 0
    bounds = {0}
    last = ""
    for word in plain_segmenter().cut(text):
        if at < end <= at + len(word):
            last = word
        at += len(word)
        bounds.add(at)
    whole = text[start:end]
    return start in bounds and end in bounds and (len(last) == 1 or last in (whole, whole[1:]))


def _places(plain: str, organisations: Sequence[Organisations]) -> tuple[str, ...]:
    """Places named that are none of the documents' own."""
    own = {
        place
        for known in organisations
        for place in (known.jurisdiction.place, *known.jurisdiction.parents)
        if place
    }
    found = []
    for match in _PLACE.finditer(plain):
        name = match.group()
        if (
            len(name) < 2
            or re.search(r"[哪些几什么]", name)
            or name in ("县市", "省市", "区县", "市区", "县区", "都市", "城市")
        ):
            continue
        if any(name in place or place in name for place in own):
            continue
        stem = re.sub(r"(?:自治州|自治县|省|市|区|县)$", "", name)
        if may_name(stem) and _stands_alone(plain, match.start(), match.end()):
            found.append(name)
    return tuple(found)
