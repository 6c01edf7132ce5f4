"""The lines of a source text and what each is: text, page furniture, a signature, an attachment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from ingest.header import _TITLE_END, HEADING_MARK, normalize_date
from ingest.numbering import Marker, find_marker

_LINE = re.compile(r"[^\r\n]+")
_FURNITURE = re.compile(
    r"扫一扫|打印本页|【?打印】?$|关闭(?:本页|窗口)|分享到|责任编辑|相关(?:链接|文档|新闻|解读)|版权所有|[A-Z\u4e00]?ICP备|网站地图|"
    r"您(?:当前|现在)的?位置|当前位置|首页\s|语音播报|文字解读|一图读懂|图文解读|我要找|字号[:：]|字体[:：]|来源[:：]|浏览次数|公网安备|"
    r"[(（]?此件(?:公开|主动公开|依申请公开|不予公开)|无障碍"
)
_PAGE = re.compile(r"[-—\s]*\d{1,4}[-—\s]*$|第\s*\d+\s*页")
_COPY = re.compile(r"抄送[:：]|抄报[:：]|.{2,30}\d{4}年\d{1,2}月\d{1,2}日印发$")
_ATTACHMENT = re.compile(
    r"附\s*件\s*[\d一二三四五六七八九十]*\s*(?:[:：].{0,60})?$|附\s*表\s*\d*\s*$|附录\s*\d*\s*$"
)
_LEADERS = ("....", "……", "····", "------")
_MEMBERS = re.compile(r"(?:成员单位|成员名单|组成人员|成员单位名单|组成人员名单)$")
# Begins where white space begins and gives none back: a line may be nothing but white space.
_PERIOD_SUFFIX = re.compile(
    r"(?<!\s)\s*+[(（]?\s*+(?:19|20)\d\d\s*+年?\s*+[-—–－~～至]++\s*+(?:19|20)\d\d\s*+年?\s*+[)）]?\s*+$"
)


class LineKind(Enum):
    """What a line is."""

    TEXT = auto()
    MARKED = auto()
    TITLE = auto()
    PERIOD = auto()
    MEMBERS = auto()
    ATTACHMENT = auto()
    CLOSING = auto()
    FURNITURE = auto()


@dataclass(frozen=True, slots=True)
class Line:
    """A line without the white space around it; `[start, end)` in the source."""

    start: int
    end: int
    text: str
    kind: LineKind
    marker: Marker | None = None


def find_lines(text: str, start: int = 0) -> list[Line]:
    """The lines of `text` from `start` on that are not blank, each with its kind."""
    lines: list[Line] = []
    for match in _LINE.finditer(text, start):
        raw = match.group()
        stripped = raw.strip().strip("\ufeff\u200b\ue000\ue004\ue5e5").strip()
        if mark := HEADING_MARK.match(stripped):
            stripped = stripped[mark.end() :]
        if not stripped:
            continue
        first = match.start() + raw.index(stripped)
        lines.append(_classify(first, stripped))
    return lines


def _classify(start: int, text: str) -> Line:
    end = start + len(text)
    marker = find_marker(text)
    kind = LineKind.TEXT
    if (
        _ends_in_leaders(text)
        or (len(text) <= 80 and _FURNITURE.search(text))
        or _PAGE.fullmatch(text)
    ):
        kind, marker = LineKind.FURNITURE, None
    elif marker is not None:
        kind = LineKind.MARKED
    elif is_period_line(text):
        kind = LineKind.PERIOD
    elif len(text) <= 80 and _ATTACHMENT.match(text):
        kind = LineKind.ATTACHMENT
    elif (len(text) <= 20 and normalize_date(text)) or _COPY.match(text):
        kind = LineKind.CLOSING
    elif len(text) <= 40 and _MEMBERS.search(text):
        kind = LineKind.MEMBERS
    elif is_title(text):
        kind = LineKind.TITLE
    return Line(start, end, text, kind, marker)


def _ends_in_leaders(text: str) -> bool:
    """Whether a line ends as an entry of a table of contents does: dots, then a page or nothing."""
    end = len(text.rstrip())
    while end and text[end - 1].isdecimal():
        end -= 1
    return text[:end].rstrip().endswith(_LEADERS)


def is_period_line(text: str) -> bool:
    """Whether a line holds nothing but the years of a plan: (2022-2027年)."""
    return len(text) <= 24 and _PERIOD_SUFFIX.fullmatch(text) is not None


def is_title(text: str) -> bool:
    """Whether a line may be (the end of) the title of a plan."""
    bare = strip_period(text)
    return (
        4 <= len(bare) <= 70
        and not re.search(r"[。；;：:，,]", bare)
        and bool(_TITLE_END.search(bare))
    )


def strip_period(title: str) -> str:
    """A title without the years at its end."""
    return _PERIOD_SUFFIX.sub("", title).strip()
