"""What a number measures and for whom: 小学、初中差异系数分别不高于0.50、0.45 is 差异系数 of 小学
and of 初中.

The names are those an office would put into a column heading: without dates, modal words and the
verb that is counted, but for a share with what it is a share of (计提职工教育经费 按 工资总额的 1.5%:
职工教育经费占工资总额的比例).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.scopes import SCOPE, ranks
from kb.language.quantities import Quantity
from kb.language.times import find_times

# Verbs whose object is counted: 建成…示范校20所, 评选200名…, 新增10个.
BUILD = (
    r"建成|建设|新建|改建|扩建|改扩建|建立|创建|打造|培育|培养|培训|新增|增加|评选|遴选|选择|选派|选聘|招聘|引进|认定|"
    r"组建|设立|设置|配备|配齐|补充|改造|完成|实施|开展|举办|组织|扶持|支持|推广|发展|建(?!议|筑|档|制)|创(?!新|业|伤|意)|推出|形成|布局|投入|安排|提供|治理|整治|消除|整合|制定|申报|发放|落实|确定|储备|吸引|集聚|开设|开发|评定|命名|表彰|筹建|启动|新改扩建"
)
_ENUMERATED = re.compile(rf"(?P<list>{SCOPE}(?:[、和与及]{SCOPE})+)")
# A name that says by itself what is measured: 机械化率, 差异系数, 专任教师数.
_HEAD = re.compile(
    r"(?:[一-龥]{2}化?率|[一-龥]{2}(?:系数|指数|面积|规模|比例|比重|水平|收入|能力|周期|时间)|[一-龥]{1,2}[数值量额])$"
)
_LISTED = re.compile(r"(?P<list>[^,。;等]{1,30}?[、和与及][^,。;、和与及等]{2,14})$")
_AND = re.compile(r"[、和与及]|以及")
_LEADING = re.compile(
    r"(?:[、和与及并且,\s\"']|以及|(?:\(?[一二三四五六七八九十\d]{1,3}[)、.](?!\d))|"
    r"平均每年|每学?年|年均|逐年|其中|同时|至少|确保|力争|争取|全面|基本|努力|稳步|逐步|"
    r"继续|实现|推动|使得?(?!用)|将(?!军)|要(?!求|素)|应(?!急|用|届|对)|须|拟|再|在|到|至|通过|按照|每(?=个?(?:学校|单位)))+"
)
_TRAILING = re.compile(
    r"(?:[\"'\s,]|分别|均|都|总体|稳定在?|原则上|一般|一律|必须|不得|应|须|要|达到?|(?<![行作])为|控制在|保持在?|维持在?|力争|争取|确保|"
    r"(?:提高|提升|增加|增长|扩大|下降|降低|减少|压减|缩小|上升)[到至]|[增降]至|不[高低少多大小]于|不超过|高于|低于|超过|至少|约)+$"
)
# Every time holds one of these: the search for times is by far the slowest part of a name.
_TIMELY = re.compile(r"[年月日号季周天期五]|\d[-/.]\d")
_TIME = 40
"""Characters; the longest time that opens a name, with both its ends to the day, has 24."""
_VERB = re.compile(rf"(?:(?:{BUILD}|补足|补齐)(?:和|、|并)?)+")
_MEASURED = re.compile(r"[率量度值额]")
_COUNTED_NEXT = re.compile(rf"(?:^|(?:{BUILD}|通过|有|设|派|为|定|聘|[、和与及]))$")
_SHARE = re.compile(r"(?P<whole>[^,。;]{2,40}?)的\s*$")
_OF = re.compile(
    r"(?:占|按照?|依据|不[高低少多大小]于|不超过|超过|达到?|控制在|提高到|以)(?=[^占按]*$)"
)
_SPENT = re.compile(
    r"(?:计提|安排|提取|列支|用于|落实|核定|核拨|下达|设立|投入|划拨|预留|配备|配置|建设|给予|作为)+"
)
_AFTER = re.compile(
    r"(?:[^,。;!?\n、和与及()]|[、和与及](?![^,。;、]{0,14}?\d)|\([^()]{0,20}\)){2,36}"
)
_AFTER_END = re.compile(
    r"(?:作为|用于|予以|给予|参加|开展|进行|负责|以上|左右|挂牌|投入使用|建设$|等$)"
)


@dataclass(frozen=True, slots=True)
class Indicator:
    """What is measured (`metric`) and for whom (`scope`: 小学; None where it is not said)."""

    metric: str
    scope: str | None = None


def name_indicators(
    text: str, part: int, q: Quantity, series: Sequence[tuple[int, int, Indicator]]
) -> list[Indicator]:
    """The indicators whose target is `q`: one, or one for each of those listed before 均 or 都.

    `series` are the targets found before it in the part of the sentence that begins at `part`, in
    order: where the number stands, where its words end, what it measures.
    """
    begins = max((end for at, end, _ in series if at < q.start), default=part)
    before = text[begins : max(begins, min(q.from_, q.start))]
    share = _share(text, begins, q)
    if share is not None:
        return [Indicator(share)]
    words, scope = _trailing_scope(_tidy(before))
    former = series[-1][2] if series else None
    if not words and former is not None and not _counts_what_follows(before, q):
        return [_next(text, (part, q.start), former, scope, len({at for at, _, _ in series}))]
    if scope is not None:
        return [Indicator(_noun(text, words, q), scope)]
    listed = _listed(before, words)
    if listed:
        return listed[:1] if "分别" in before else listed
    words, scope = _leading_scope(words)
    return [Indicator(_noun(text, words, q), scope)]


def _tidy(words: str) -> str:
    """`words` without the date, the connecting and the modal words around a name."""
    words = words.strip()
    while True:
        short = _LEADING.sub("", words, count=1) if _LEADING.match(words) else words
        dated = (
            _TIMELY.search(short)
            and re.match(r"\D{0,2}[\d一二十今明当年]", short)
            and not re.match(SCOPE, short)
        )
        first = next(iter(find_times(short[:_TIME])), None) if dated else None
        if first is not None and first.start <= 1 and first.end < len(short):
            short = short[first.end :]
        short = _TRAILING.sub("", short)
        if short == words:
            return words.strip(" \"'的")
        words = short


def _trailing_scope(words: str) -> tuple[str, str | None]:
    """生均教学仪器设备值达到小学 → the value, for 小学."""
    match = re.search(rf"(?:{SCOPE})$", words)
    if match is None:
        return words, None
    rest = words[: match.start()]
    if _AND.search(rest[-1:]) or (match.group() in ranks() and rest):
        return words, None
    return _tidy(rest), match.group()


def _leading_scope(words: str) -> tuple[str, str | None]:
    match = re.match(SCOPE, words)
    if match is None:
        return words, None
    rest = words[match.end() :].removeprefix("的")
    if match.group() in ranks():
        return words, None
    if len(rest) < 2 or _AND.match(rest):
        return words, match.group()
    return _tidy(rest), match.group()


def _next(
    text: str, within: tuple[int, int], former: Indicator, scope: str | None, place: int
) -> Indicator:
    """A further value of the same measure: the next of those listed before 分别, or `scope`.
    `within` is from where its part of the sentence begins to where its number stands."""
    if scope is None:
        part, at = within
        head = re.split(r"\d", text[part:at], maxsplit=1)[0]
        listed = _listed(head, _tidy(head)) if "分别" in head else []
        if listed:
            return listed[min(place, len(listed) - 1)]
    return Indicator(former.metric, scope or former.scope)


def _listed(before: str, words: str) -> list[Indicator]:
    """The indicators of a list: 小学、初中差异系数, 花生种植、收获机械化率分别."""
    match = _ENUMERATED.match(words)
    if match:
        metric = _tidy(words[match.end() :].removeprefix("的"))
        if len(metric) >= 2:
            return [Indicator(metric, item) for item in _AND.split(match.group("list"))]
    if not re.search(r"(?:分别|均|都)\S{0,3}$", before):
        return []
    found = _LISTED.match(words)
    if found is None:
        return []
    items = _AND.split(found.group("list"))
    if all(_HEAD.search(item) for item in items):
        return [Indicator(metric, scope) for metric, scope in map(_leading_scope, items)]
    head = _HEAD.search(items[-1])
    if head is None or head.start() < 2 or any(_HEAD.search(item) for item in items[:-1]):
        return []
    items = _whole([*items[:-1], items[-1][: head.start()]])
    return [Indicator(head.group(), item) for item in items]


def _whole(items: list[str]) -> list[str]:
    """花生种植、收获 → 花生种植, 花生收获: a short last item lacks the head of the first."""
    first, last = items[0], items[-1]
    if len(items) == 2 and len(last) == 2 and len(first) > len(last):
        return [first, first[: -len(last)] + last]
    return items


def _share(text: str, begins: int, q: Quantity) -> str | None:
    """A share of something: 按工资总额的1.5%计提职工教育经费, 交流人数不少于符合人数的10%."""
    if q.measure != "%":
        return None
    match = _SHARE.match(text[begins : q.start])
    if match is None:
        return None
    words = match.group("whole")
    cuts = list(_OF.finditer(words))
    if not cuts:
        return None
    cut = cuts[-1]
    whole = _tidy(words[cut.end() :])
    if len(whole) < 2:
        return None
    what = _tidy(_OF.sub("", words[: cut.start()])) if cut.group()[0] not in "按依以" else ""
    if "按" in words[: cut.start()]:
        what = ""
    if not what:
        spent = _SPENT.match(text, q.until)
        after = _AFTER.match(text, spent.end()) if spent else None
        what = _AFTER_END.split(after.group())[0].strip(" \"'的") if after else ""
    return f"{what}占{whole}的比例"


def _counts_what_follows(before: str, q: Quantity) -> bool:
    """课程创新基地和|100个…: the words before the number belong to the one before."""
    return q.measure not in (None, "%") and bool(re.search(r"[一-龥][、和与及]\s*$", before))


def _noun(text: str, words: str, q: Quantity) -> str:
    """The thing that is counted or measured: before the number, or after it (评选200名骨干教师)."""
    verb = _VERB.match(words)
    if verb and _MEASURED.fullmatch(words, verb.end()):
        return words  # 设置率, 完成率: the share of what was done is what is measured
    noun = words[verb.end() :] if verb else words
    if len(noun) < 2 or _COUNTED_NEXT.search(noun) or _counts_what_follows(words, q):
        after = _AFTER.match(text, q.until)
        if after is not None:
            noun = _AFTER_END.split(after.group().lstrip("的"))[0] or noun
    return noun.strip(" \"'的") or words or (q.measure or "")
