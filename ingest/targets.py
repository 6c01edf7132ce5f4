"""Targets of a clause: numbers that a duty must reach, with what they measure and for whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ingest.indicators import BUILD, Indicator, name_indicators
from ingest.reading import Reading
from kb.language.quantities import Comparator, MeasureKind, Quantity, find_quantities
from kb.language.times import find_times
from kb.ranges import Ranges

_PART = re.compile(r"[,。;:!?\n]")
_STRETCH = re.compile(r"力争|争取")
_PER = re.compile(r"每年|年均|每学年|逐年|平均每年")
_AND = re.compile(r"\s*(?:、|和|与|及)\s*")
_DURATION = (
    "天",
    "小时",
    "分钟",
    "课时",
    "学时",
    "岁",
    "节",
    "期",
    "轮",
    "班",
    "度",
    "级",
    "对",
    "类",
    "种",
    "部",
    "起",
    "例",
    "条",
    "位",
    "片",
    "本",
    "组",
    "处",
    "块",
)


@dataclass(frozen=True, slots=True)
class FoundTarget:
    """A target whose whole phrase is the local range `[start, end)`; `value_at` is its number."""

    start: int
    end: int
    value_at: int
    metric: str
    scope: str | None
    comparator: Comparator
    value: Decimal
    measure: str | None
    per: str | None = None
    approximate: bool = False
    stretch: bool = False
    uncertain: bool = False


def find_targets(
    reading: Reading,
    *,
    closed: Sequence[tuple[int, int]] = (),
    doubts: Sequence[tuple[int, int]] = (),
) -> list[FoundTarget]:
    """All targets of `reading`, in order.

    `closed` are local ranges never looked into (names of documents, lists of owners); `doubts`
    those where characters are lost for good: a number there is `uncertain`.
    """
    text = reading.text
    if not re.search(r"\d|%|分之|[一二两三四五六七八九]成|一半|[百千万亿]", text):
        return []
    shut = Ranges(
        [
            *closed,
            *(
                (m.start, m.end)
                for m in find_times(text)
                if not m.rrule and not _counted(text, m.start, m.end)
            ),
        ]
    )
    lost = Ranges(doubts)
    quantities = [q for q in find_quantities(text) if not shut.overlap(q.start, q.end)]
    found: list[FoundTarget] = []
    previous: Quantity | None = None
    for index, quantity in enumerate(quantities):
        part = _part_start(text, quantity.start)
        following = quantities[index + 1] if index + 1 < len(quantities) else None
        bound = _bind(text, part, quantity, previous, following)
        previous = bound or quantity
        if bound is None:
            continue
        for target in _split(text, part, bound, found):
            doubtful = lost.overlap(target.value_at, target.end)
            found.append(replace(target, uncertain=True) if doubtful else target)
    return found


def _counted(text: str, at: int, to: int) -> bool:
    """A stretch of time that is itself counted: 不少于30天."""
    return bool(
        re.search(
            r"(?:不少于|不低于|不超过|至少|不得少于|不得超过|达到)\s*$", text[max(0, at - 6) : at]
        )
    )


def _part_start(text: str, at: int) -> int:
    low = max(0, at - 80)
    cuts = [m.end() for m in _PART.finditer(text, low, at)]
    return cuts[-1] if cuts else low


def _bind(
    text: str, part: int, q: Quantity, previous: Quantity | None, following: Quantity | None
) -> Quantity | None:
    """The quantity with the comparator that binds it; None where it is no target."""
    left, right = text[part : q.start], text[q.until : q.until + 12]
    if q.measure is None and following is not None and _AND.fullmatch(text, q.end, following.start):
        q = replace(q, measure=following.measure, comparator=q.comparator or following.comparator)
    if q.measure is None and not _is_plain_value(q, left):
        return None
    if q.chinese and q.value < 20 and q.measure != "%" and not _says_so(text, q):
        return None  # 三个课堂, 两个责任: names
    if _is_condition(text, part, q, right):
        return None
    lasting = q.measure in _DURATION or q.kind in (MeasureKind.TIME, MeasureKind.AGE)
    if lasting and q.comparator in (None, Comparator.ABOUT):
        return None
    if q.kind is MeasureKind.AGE and q.role is not None:
        return None  # 16—24岁失业青年: says whom
    if (
        re.search(r"[\"'][^\"']*$", left)
        and re.match(r"[^\"']{0,8}[\"']", right)
        and q.comparator is None
    ):
        return None  # “1+N”, “三个课堂”: part of a name
    if re.search(r"(?:现有|已有|共有|已建成|已完成|目前|原有|占全)[^,。;]*$", left):
        return None
    if q.comparator is not None:
        if (
            q.comparator is Comparator.ABOUT
            and not re.search(BUILD, left)
            and q.measure is not None
            and q.measure != "%"
            and not re.search(r"稳定|保持|达到|控制|总体", left)
        ):
            return None
        return q
    carried = _carried(text, previous, q)
    if carried is not None:
        return replace_quantity(q, carried)
    after = _later(text, q, following)
    if after is not None:
        return replace_quantity(q, after)
    if q.measure == "%":
        return replace_quantity(q, Comparator.EQUAL)
    if (
        q.measure
        and (re.search(rf"(?:{BUILD})[^,。;]{{0,24}}$", left))
        and (q.value >= 5 or (not q.chinese and q.value >= 2))
    ):
        return replace_quantity(q, Comparator.AT_LEAST)
    if (
        q.measure
        and q.value >= 5
        and re.match(
            r"[^,。;]{2,40}?(?:建设|创建|培育|打造|评选|遴选)", text[q.until : q.until + 50]
        )
    ):
        return replace_quantity(q, Comparator.AT_LEAST)
    return None


def _says_so(text: str, q: Quantity) -> bool:
    """Whether words that only compare (不少于, 以上) stand with the number."""
    return q.until > q.end or bool(
        re.match(r"不|至|最|控制|超过|低于|高于|少于", text[q.from_ : q.start])
    )


def _is_condition(text: str, part: int, q: Quantity, right: str) -> bool:
    """有3名以上正式党员的, 不足3人的学校: says whom a duty concerns, not what it must reach."""
    if q.until > q.end and not right.startswith(tuple(",。;、)")) and text[q.start] in "百千万亿":
        return True  # 亿元以上企业
    if "的" not in right:
        return False
    if re.search(r"(?:有|对|凡|凡是|满|拥有)$", text[part : q.from_]) and q.measure != "%":
        return True
    return q.comparator in (Comparator.LESS, Comparator.MORE) and right.startswith("的")


def replace_quantity(q: Quantity, comparator: Comparator) -> Quantity:
    """`q` bound by `comparator`."""
    return replace(q, comparator=comparator)


def _is_plain_value(q: Quantity, left: str) -> bool:
    """A ratio without unit: 差异系数不高于0.50."""
    return (
        q.comparator is not None and bool(re.search(r"系数|指数|比例|比值|率|比|之比", left))
    ) or (bool(re.search(r"系数|指数", left)) and q.value != q.value.to_integral_value())


def _carried(text: str, previous: Quantity | None, q: Quantity) -> Comparator | None:
    """0.50、0.45 and 小学2000元、初中2500元以上: coordinated items share their comparator."""
    if previous is None or previous.comparator is None:
        return None
    gap = text[previous.until : q.start]
    if (
        re.fullmatch(r"\s*[^,。;、\d]{0,16}(?:、|和|与|及|,)\s*[^,。;、\d]{0,16}", gap)
        and previous.measure == q.measure
    ):
        return previous.comparator
    return None


def _later(text: str, q: Quantity, following: Quantity | None) -> Comparator | None:
    if following is None or following.comparator is None or following.measure != q.measure:
        return None
    gap = text[q.until : following.start]
    if re.fullmatch(r"\s*(?:、|和|与|及)\s*[^,。;、\d]{0,8}", gap):
        return following.comparator
    return None


def _split(
    text: str, part: int, q: Quantity, found: Sequence[FoundTarget]
) -> Iterator[FoundTarget]:
    whole = text[part : q.until]
    series = [(t.value_at, t.end, Indicator(t.metric, t.scope)) for t in _same_part(found, part)]
    for indicator in name_indicators(text, part, q, series):
        yield FoundTarget(
            start=part,
            end=q.until,
            value_at=q.start,
            metric=indicator.metric,
            scope=indicator.scope,
            comparator=q.comparator or Comparator.EQUAL,
            value=q.value,
            measure=q.measure,
            per="year" if _PER.search(whole) else None,
            approximate=q.approximate,
            stretch=bool(_STRETCH.search(whole)),
        )


def _same_part(found: Sequence[FoundTarget], part: int) -> list[FoundTarget]:
    """The targets just found that begin at `part`, in order: they stand last."""
    done: list[FoundTarget] = []
    for target in reversed(found):
        if target.start != part:
            break
        done.append(target)
    return done[::-1]
