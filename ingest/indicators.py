"""What a number measures and for whom: 小学、初中差异系数分别不高于0.50、0.45 is 差异系数 of 小学
and of 初中.

The names are those an office would put into a column heading: without dates, modal words and the
verb that is counted, but for a share with what it is a share of (计提职工教育经费 按 工资总额的 1.5%:
职工教育经费占工资总额的比例). A number in a table is named by its row and the head of its column.
The words are `corpus/lexicon/indicator_words.jsonl`; how they go together is here.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter

from ingest.columns import NO_CELLS, Cell, Cells, ColumnKind, is_body, measure_in
from ingest.numbering import find_marker
from ingest.quantity_features import ends_measured
from ingest.scopes import find_scopes, ranks
from kb.characters import HAN
from kb.language.engine import Grammar, Token, best
from kb.language.numerals import TENS
from kb.language.quantities import MeasureKind, Quantity, QuantityForm
from kb.language.times import Bound, Time, find_times
from kb.lexicon import WordEntry, load_lexicon


class NamePart(StrEnum):
    """What a word is to the name of what is measured."""

    COUNTED = "counted"  # its object is counted: 新建
    GIVEN = "given"  # an amount is given: 给予, 处
    LEAD = "lead"  # opens the words before a name, and is no part of it
    TRAIL = "trail"  # closes them
    DEALT = "dealt"  # numbers are dealt out to those listed: 分别
    EVENLY = "evenly"  # each of those listed has the number: 均
    SHARE = "share"  # what the number is a share of follows
    SPENT = "spent"  # what a share is spent on follows
    AFTER_END = "after-end"  # ends a name that stands after the number
    WHOM = "whom"  # those it is for follow: 对
    AWARD = "award"  # an amount that is given or taken: 奖励, 罚款
    NAMED = "named"  # what numbers of a kind of measure are, where no other name is printed
    WHEN = "when"  # a stretch between a name and the verb that is counted: 全年
    AMONG = "among"  # a part of the number before follows: 其中
    AGAINST = "against"  # what a number is compared with follows: 较
    BASE = "base"  # ends what a number is added to: 基础上
    PLAIN = "plain"  # a word of names that holds the characters of another: 应急


class NameWords(WordEntry):
    """Words of one kind; in `holds` one of them is that, in `not` none."""

    kind: NamePart
    measure: MeasureKind | None = None


_AND = re.compile(r"[、和与及]|以及")
_ITEM = re.compile(
    rf"\s*(?:\(?(?:[{TENS}]{{1,3}}|\d{{1,3}})[)、.:](?!\d)|[⒈-⒛①-⑳]|\d\.\d |[{TENS}]是)\s*"
)
_NUMBERED = frozenset({"article", "circle", "cn", "cn-bracket", "number", "number-bracket"})
_EDGES = " \"'*|｜\t\n—-…·`│┃║"
_BRACKETED = re.compile(r"\([^()]*\)")
_FOLLOWING = re.compile(
    r"(?:[^,。;:!?\n、和与及()]|[、和与及](?![^,。;、]{0,14}?\d)|\([^()]{0,20}\)){2,36}"
)
_TIME = 40
"""Characters; the longest time that opens a name, with both its ends to the day, has 24."""
_PLAIN = -0.1
"""A word of names is one only where it is longer than what it competes with."""
_SHARES = frozenset("%‰")
_start = attrgetter("start")
_CHANGES = frozenset({QuantityForm.POINTS, QuantityForm.DOUBLING, QuantityForm.MULTIPLE})
"""Forms that say by how much something changes, never what it was."""
_STOP = re.compile(r"[,，。;；:\n]")
_SENTENCE = re.compile(r"[。;\n]")
_REACH = 20
"""Characters after a number in which it is said what the amount is; twice as many before."""
_TAIL = 5
"""Characters before a number in which 分别 or 均 stands."""
_MODIFIER = 2
"""Characters of a name before what says that it is one: 差异|系数, 机械|化率."""
_LONG = 24
"""Characters of a name; of 3,000 given by readers one in a hundred has more."""
_AGAINST = 14
"""Characters of a time with which a number is compared: 比2025年, 较规划期末."""
_TIMELY_END = re.compile(r"[年月末期底]$")
_CALENDAR = re.compile("[年月日]")
_TIMELY = re.compile(r"[\d一二十今明当本全每上下]")


@dataclass(frozen=True, slots=True)
class Indicator:
    """What is measured (`metric`) and for whom (`scope`: 小学; None where it is not said)."""

    metric: str
    scope: str | None = None


_THINGS = frozenset({None, MeasureKind.COUNT, MeasureKind.PEOPLE, MeasureKind.RATIO})
"""Measures of things that are counted, or of which a share is taken: their name may stand after."""


@lru_cache
def _names_of_kinds() -> dict[MeasureKind | None, str]:
    entries = load_lexicon("indicator_words", NameWords)
    return {e.measure: e.words[0] for e in entries if e.kind is NamePart.NAMED}


@lru_cache
def _grammar(kinds: tuple[NamePart, ...]) -> Grammar:
    grammar = Grammar()
    for entry in load_lexicon("indicator_words", NameWords):
        if entry.kind in kinds or entry.kind is NamePart.PLAIN:
            for word in entry.words:
                plain = entry.kind is NamePart.PLAIN
                grammar.word(word, entry.kind.value, score=_PLAIN if plain else 0.0)
    return grammar


def find_name_words(text: str, *kinds: NamePart) -> list[Token]:
    """The words of `kinds` in a text, in order; a word of names that holds one is none."""
    wanted = kinds or tuple(NamePart)
    tokens = best(
        _grammar(wanted).words_in(text),
        frozenset([*(k.value for k in wanted), NamePart.PLAIN.value]),
    )
    return [t for t in tokens if t.kind != NamePart.PLAIN or NamePart.PLAIN in kinds]


def name_indicators(
    text: str,
    part: int,
    q: Quantity,
    series: Sequence[tuple[int, int, Indicator]],
    cells: Cells = NO_CELLS,
) -> list[Indicator]:
    """The indicators whose target is `q`: one, or one for each of those listed before 均 or 都.

    `series` are the targets found before it in the part of the sentence that begins at `part`, in
    order: where the number stands, where its words end, what it measures. `cells`: those of the
    row in which it stands.
    """
    cell = cells.at(q.start)
    if cell is not None and cells.is_bare(cell) and (named := _in_table(cells, cell)):
        return [named]
    if q.role == "high" and series:
        return [series[-1][2]]
    begins = max((end for at, end, _ in series if at < q.start), default=part)
    until = max(begins, min(q.from_, q.start))
    before = text[begins : _origin(text, begins, q) or until]
    share = _share(text, begins, q)
    if share is not None:
        return [Indicator(share)]
    if _counts_what_follows(before, q) and (after := _after(text, q.until)):
        return [Indicator(after)]
    words = _tidy(_without_base(before, q))
    against = next(iter(find_name_words(words, NamePart.AGAINST)), None)
    if against is not None and against.start == 0:
        words = ""  # 较2025年的45%提高35个百分点 goes on from what was named
    words, scope = _trailing_scope(words)
    former = series[-1][2] if series else None
    if not words and former is not None:
        return [_next(text, (part, q.start), former, scope, len({at for at, _, _ in series}))]
    if scope is not None:
        return [Indicator(_noun(text, words, q), scope)]
    listed = _listed(before, words)
    if listed:
        return listed[:1] if _deals(before) else listed
    words, scope = _leading_scope(words)
    words, whom = _for_whom(words)
    return [Indicator(_noun(text, words, q), scope or whom)]


_SAYING = frozenset({ColumnKind.OTHER, ColumnKind.AMOUNT, ColumnKind.TOTAL})


def _in_table(cells: Cells, cell: Cell) -> Indicator | None:
    """What the head of the column says by itself (修缮面积), for what the row is about; under another
    head what the row is about: for the body that the head is, or what the table is about for the
    body that names the row."""
    head, name = cell.column.head.strip(_EDGES), cells.name
    if measure := measure_in(name):  # 床位占比(%)
        name = _BRACKETED.sub(lambda m: "" if measure in m.group() else m.group(), name)
    name = name[:_LONG]
    said = cell.column.kind in _SAYING and len(head) > 1
    if cells.is_of_task and is_body(head):
        return Indicator(_tidy(name), head)
    if said or cells.is_of_body:
        metric = head if said else _tidy(cells.row.caption)[:_LONG]
        return Indicator(metric, name or None) if metric else None
    return Indicator(_tidy(name)) if len(name) > 1 else None


def _origin(text: str, begins: int, q: Quantity) -> int | None:
    """Where what is said of the number's past begins: 普及率|由2025年的93%提高到."""
    if q.was is None or not begins < q.was[0] < q.start:
        return None
    tokens = find_name_words(text[begins : q.was[0]], NamePart.TRAIL)
    return begins + tokens[-1].start if tokens else q.was[0]


def _without_base(before: str, q: Quantity) -> str:
    """`before` without the last words that say what it is given for: 补助标准每人每月."""
    words = before.rstrip()
    for base in reversed((q.per or "").split("·")):
        if base and words.endswith(base):
            words = words[: -len(base)].rstrip("个每")
    return words


def _tidy(words: str) -> str:
    """`words` without the date, the connecting and the modal words around a name."""
    words = words.strip(_EDGES)
    while True:
        short = words
        if marker := _ITEM.match(short):
            short = short[marker.end() :]
        elif (numbered := find_marker(short)) is not None and numbered.family in _NUMBERED:
            short = short[len(numbered.text) :]
        lead = next(iter(find_name_words(short[:8], NamePart.LEAD)), None)
        if lead is not None and lead.start == 0 and next(find_scopes(short), (1, 0))[0]:
            short = short[lead.end :]
        if _TIMELY.match(short) and next(find_scopes(short), (1, 0))[0]:
            first = next(iter(find_times(short[:_TIME])), None)
            if first is not None and first.start <= 1:
                short = short[first.end :]
        if base := find_name_words(short, NamePart.BASE):
            short = short[base[-1].end :]
        tail = find_name_words(short[-8:], NamePart.TRAIL)
        if tail and tail[-1].end == len(short[-8:]):
            short = short[: len(short) - (tail[-1].end - tail[-1].start)]
        if _CALENDAR.search(short) and (after := _after_limit(short)):
            short = short[after:]
        if _TIMELY_END.search(short):
            last = next(reversed(find_times(short[-_AGAINST:])), None)
            if last is not None and last.start and last.end == len(short[-_AGAINST:]):
                short = short[: len(short) - (last.end - last.start)]  # 比2025年
        short = short.strip(_EDGES)
        if short.startswith("(") and ")" not in short:  # 覆盖率达到95%(其中2027年|80%)
            short = short[1:]
        if short == words:
            return words
        words = short


def _after_limit(words: str) -> int:
    """Where what is named begins after a day by which something is to be done: 区商务局于7月10日前|
    上门服务; 0 where no such day stands inside the words."""
    bounded = (t for t in find_times(words) if t.bound is Bound.BEFORE)
    last = next(iter([*bounded][-1:]), None)
    return last.end if last is not None and last.end + 1 < len(words) else 0


def _trailing_scope(words: str) -> tuple[str, str | None]:
    """生均教学仪器设备值达到小学 → the value, for 小学."""
    found = [s for s in find_scopes(words) if s[1] == len(words)]
    if not found:
        return words, None
    start = found[0][0]
    rest, name = words[:start], words[start:]
    if _AND.search(rest[-1:]) or (name in ranks() and rest):
        return words, None
    return _tidy(rest), name


def _leading_scope(words: str) -> tuple[str, str | None]:
    start, end = next(find_scopes(words), (1, 0))
    if start or words[:end] in ranks():
        return words, None
    rest = words[end:].removeprefix("的")
    if len(rest) < 2 or _AND.match(rest):
        return words, words[:end]
    return _tidy(rest), words[:end]


def _for_whom(words: str) -> tuple[str, str | None]:
    """对个人处 → 处, for 个人: those between 对 and the verb that gives."""
    whom = next(iter(find_name_words(words, NamePart.WHOM)), None)
    if whom is None or whom.start:
        return words, None
    verbs = [t for t in find_name_words(words, NamePart.GIVEN) if t.start > whom.end]
    name = words[whom.end : verbs[0].start] if verbs else ""
    return (words[verbs[0].start :], name) if 1 < len(name) <= _LONG else (words, None)


def _next(
    text: str, within: tuple[int, int], former: Indicator, scope: str | None, place: int
) -> Indicator:
    """A further value of the same measure: the next of those listed before 分别, or `scope`.
    `within` is from where its part of the sentence begins to where its number stands."""
    if scope is None:
        part, at = within
        head = re.split(r"\d", text[part:at], maxsplit=1)[0]
        listed = _listed(head, _tidy(head)) if _deals(head) else []
        if listed:
            return listed[min(place, len(listed) - 1)]
    return Indicator(former.metric, scope or former.scope)


def _deals(before: str) -> bool:
    """Whether numbers are dealt out to those listed: 分别."""
    return bool(find_name_words(before[-_TAIL:], NamePart.DEALT))


def _listed(before: str, words: str) -> list[Indicator]:
    """The indicators of a list: 小学、初中差异系数, 花生种植、收获机械化率分别."""
    scopes = list(_enumerated(words))
    if len(scopes) > 1:
        metric = _tidy(words[scopes[-1][1] :].removeprefix("的"))
        if len(metric) > 1:
            return [Indicator(metric, words[a:b]) for a, b in scopes]
    if not find_name_words(before[-_TAIL:], NamePart.DEALT, NamePart.EVENLY):
        return []
    items = _AND.split(words)
    if len(items) == 1 or any(len(item) < 2 for item in items):
        return []
    if all(ends_measured(item) for item in items):
        return [Indicator(metric, scope) for metric, scope in map(_leading_scope, items)]
    size = ends_measured(items[-1])
    size = min(size + _MODIFIER, len(items[-1]) - 2) if size else 0
    if size < 2 or any(ends_measured(item) for item in items[:-1]):
        return []
    head = items[-1][-size:]
    return [Indicator(head, item) for item in _whole([*items[:-1], items[-1][:-size]])]


def _enumerated(words: str) -> Iterator[tuple[int, int]]:
    """The scopes that a list of them opens with."""
    at = 0
    for start, end in find_scopes(words):
        if start != at:
            return
        yield start, end
        if not (mark := _AND.match(words, end)):
            return
        at = mark.end()


def _whole(items: list[str]) -> list[str]:
    """花生种植、收获 → 花生种植, 花生收获: a short last item lacks the head of the first."""
    first, last = items[0], items[-1]
    if len(items) == 2 and len(last) == 2 and len(first) > len(last):
        return [first, first[: -len(last)] + last]
    return items


def _share(text: str, begins: int, q: Quantity) -> str | None:
    """A share of something: 按工资总额的1.5%计提职工教育经费, 交流人数不少于符合人数的10%."""
    before = text[begins : q.start].rstrip()
    if q.measure not in _SHARES or not before.endswith("的"):
        return None
    words = before[:-1]
    cut = next(iter(reversed(find_name_words(words, NamePart.SHARE))), None)
    if cut is None:
        return None
    whole = _tidy(words[cut.end :])
    if len(whole) < 2 or len(whole) > _LONG:
        return None
    what = _tidy(words[: cut.start])
    what, _ = _for_whom(what)
    following = find_name_words(text[q.until : q.until + 8], NamePart.SPENT)
    spent = next((t for t in following if not t.start), None)
    if spent:  # what it is spent on is measured, not who spends it
        what = _after(text, q.until + spent.end) or what
    elif find_name_words(what, NamePart.GIVEN):
        what = ""
    return f"{_shortened(what)}占{whole}的比例"


def _shortened(words: str) -> str:
    """The last of a list that is too long for a name; never a part of a word where a mark allows it."""
    while len(words) > _LONG and (cut := words.find("、")) >= 0:
        words = words[cut + 1 :]
    return words[-_LONG:]


def _counts_what_follows(before: str, q: Quantity) -> bool:
    """课程创新基地和|100个…: the words before the number belong to the one before."""
    return q.measure not in (None, "%") and bool(re.search(rf"[{HAN}][、和与及]\s*$", before))


def _after(text: str, at: int) -> str:
    """The name that stands after a number: 20所|学校."""
    found = _FOLLOWING.match(text, at)
    if found is None:
        return ""
    words = found.group().lstrip("的")
    end = next((t.start for t in find_name_words(words, NamePart.AFTER_END)), len(words))
    words = words[:end].strip(_EDGES)[:_LONG].removesuffix("的")
    last = [t for t in find_name_words(words, NamePart.COUNTED) if t.end == len(words)]
    return words[: last[0].start] if last and last[0].start > 1 else words


def _noun(text: str, words: str, q: Quantity) -> str:
    """The thing that is counted or measured: before the number, after it (评选200名骨干教师), or what
    an amount is (罚款); else what its kind of measure is called."""
    after = _after(text, q.until) if q.kind in _THINGS else ""
    rest = (_subject(words) if len(after) < 2 else "") or _object(words)
    for verb in find_name_words(rest, NamePart.GIVEN):
        if verb.start == 0 and len(rest) - verb.end > 1:
            rest = rest[verb.end :]
            break
    if q.kind not in _THINGS and (award := _award(text, words, rest, q)):
        return award
    if len(rest) < 2:
        rest = after if len(after) > 1 else rest
    if len(rest) < 2:
        kind = _names_of_kinds().get(q.kind, "")
        named = words if q.kind in _THINGS and len(words) > 1 else ""  # 每季度巡查1次
        rest = named or (f"每{q.per}{kind}" if q.per and kind else kind) or rest or words
    return _shortened(rest) or (q.measure or "")


def _subject(words: str) -> str:
    """What stands before a stretch of time and the verb, if any, that is counted in it: 老旧小区改造|全年完成;
    empty where no such stretch ends the words."""
    verbs = find_name_words(words, NamePart.COUNTED)
    end = verbs[-1].start if verbs and verbs[-1].end == len(words) else len(words)
    whens = [t for t in find_name_words(words[:end], NamePart.WHEN) if t.end == end]
    name = words[: whens[0].start].strip(_EDGES) if whens else ""
    return name if len(name) > 1 else ""


def _object(words: str) -> str:
    """What follows the verb that is counted; the words as they are without one (设置率, 完成率: the
    share of what was done is what is measured)."""
    verbs = find_name_words(words, NamePart.COUNTED)
    end = verbs[0].end if verbs else 0
    for verb in verbs[1:]:
        if verb.start > end:
            break
        end = verb.end
    if not verbs or (end < len(words) and len(words) - end - ends_measured(words) < 2):
        if verbs and verbs[0].start == 0 and end == len(words):
            return ""
        return words
    return words[end:].strip(_EDGES).removeprefix("的")


def is_base(text: str, q: Quantity, times: Sequence[Time]) -> bool:
    """Whether a number is what another is compared with or added to, no target of its own: 较2025年的45%
    提高, 在现有24个站点基础上新增. `times` are those of the text, in order."""
    near = times[
        bisect_left(times, q.start - _TIME, key=_start) : bisect_right(
            times, q.until + _REACH, key=_start
        )
    ]
    stop = _STOP.search(text, q.until, q.until + _REACH)
    close = text[q.until : stop.start() if stop else q.until + _REACH]
    base = next((t.start for t in find_name_words(close, NamePart.BASE)), None)
    if base is not None and not re.search(r"\d", close[:base]):
        return not any(q.until <= t.start < q.until + base for t in near)
    if q.form in _CHANGES:
        return False
    low = max(0, q.start - _TAIL)
    at = low + len(text[low : q.start].rstrip(" 的"))
    then = next((t for t in near if t.end == at), None)
    if then is None:
        return False
    words = find_name_words(text[max(0, then.start - _TAIL) : then.start], NamePart.AGAINST)
    return bool(words) and words[-1].end == min(then.start, _TAIL)


def opens_share(text: str, part: int) -> bool:
    """Whether a part of a sentence begins with 其中: its numbers are parts of the one before."""
    words = text[part : part + _REACH].lstrip(_EDGES + ",")
    first = next(iter(find_name_words(words, NamePart.AMONG)), None)
    return first is not None and first.start == 0


def share_of(whole: Indicator, own: Indicator, measure: str | None) -> Indicator:
    """The indicator of a part of what `whole` measures, by what it is called itself: its own where that
    is a measure (工业投资), else the whole's for it (武汉市); where nothing but its `measure` is, the
    whole's."""
    unnamed = own.metric in (measure, *_names_of_kinds().values())
    if ends_measured(own.metric) and not unnamed:
        return own
    return Indicator(whole.metric, own.scope or (whole.scope if unnamed else own.metric))


def _award(text: str, words: str, rest: str, q: Quantity) -> str | None:
    """What an amount is that is given or taken: 罚款 after it, 补助 in what binds it or before."""
    if ends_measured(rest) and len(rest) > 2:
        return None
    stop = _STOP.search(text, q.until, q.until + _REACH)
    close = text[q.until : stop.start() if stop else q.until + _REACH]
    after = next(iter(find_name_words(close, NamePart.AWARD)), None)
    if after is not None and (after.start < 2 or q.role == "low"):
        return close[after.start : after.end]
    if find_name_words(text[q.from_ : q.start], NamePart.AWARD):
        award = find_name_words(text[q.from_ : q.start], NamePart.AWARD)[-1]
        return text[q.from_ + award.start : q.from_ + award.end]
    awards = [t for t in find_name_words(words, NamePart.AWARD) if t.end == len(words)]
    if awards and find_name_words(words, NamePart.GIVEN):
        return words[awards[0].start :]
    if len(rest) < 2 and q.kind is MeasureKind.MONEY:  # 给予奖励，最高不超过2万元
        sentence = _SENTENCE.split(text[max(0, q.start - 2 * _REACH) : q.start])[-1]
        if earlier := find_name_words(sentence, NamePart.AWARD):
            return sentence[earlier[-1].start : earlier[-1].end]
    return None
