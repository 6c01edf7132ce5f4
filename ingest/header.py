"""The facts about a document that stand in its header: title, number, issuer, dates.

Read from header lines (`[ 索引号 ] …`, `发文字号：…`) and, where there are none, from the body: the
title lines, the document number under them, the signature with its date at the end.
"""

from __future__ import annotations

import re
from datetime import date

from kb.models import Fact

_LABELS = {
    "index_number": r"索\s*引\s*号",
    "document_number": r"发\s*文\s*字\s*号|文\s*号",
    "issuer": r"发布机构|发文机关|发文单位|发布单位|公开责任部门",
    "written_on": r"成文日期|成文时间|生成日期|印发日期",
    "published_on": r"发布日期|公开日期|发布时间|公布日期",
    "subject": r"主题分类|信息分类",
    "validity": r"有\s*效\s*性|时\s*效\s*性",
    "title": r"标\s*题|名\s*称|信息名称",
}
_LINE = {
    field: re.compile(rf"^[ \u3000]*(?:\[\s*(?:{label})\s*\][ \u3000]*|(?:{label})\s*[:：][ \u3000]*)(?P<value>[^\n]*)", re.M)
    for field, label in _LABELS.items()
}  # fmt: skip
_HEAD = 6000
_NUMBER = re.compile(
    r"(?<![一-龥])([一-龥]{1,12}(?:[(（][一-龥]{1,6}[)）])?)[〔﹝\[［]((?:19|20)\d\d)[〕﹞\]］]\s*第?(\d{1,4})\s*号"
)
_CN_DIGITS = {c: str(i) for i, c in enumerate("零一二三四五六七八九")} | {"〇": "0", "○": "0"}
_DATE = re.compile(
    r"((?:19|20)\d\d|[一二][〇零○一二三四五六七八九]{3})\s*[-年./]\s*(\d{1,2}|[一二三四五六七八九十]{1,3})\s*[-月./]\s*(\d{1,2}|[一二三四五六七八九十]{1,3})日?"
)
_PACKED = re.compile(r"^(20\d\d)(0[1-9]|1[0-2])([0-3]\d)$")
_TITLE_END = re.compile(
    r"(?:通知|意见|方案|计划|规划|办法|决定|条例|规定|细则|纲要|公告|通告|通报|报告|批复|要点|清单|措施|规程|标准|指南|制度|函|决议|目标|任务)(?:[(（][^()（）\n]{1,24}[)）])?$"
)

_LETTERHEAD = re.compile(
    rf"(?!.*关于)[一-龥（）() \u3000]{{2,40}}文件|(?:{_NUMBER.pattern})(?:[ \u3000\t]*签\s*发\s*人\s*[:：].*)?|签\s*发\s*人\s*[:：].*|★.*|(?:特急|加急|机密|秘密|绝密|平急)"
)
"""The lines over a title in the layout of official documents (GB/T 9704): the issuer's red head,
the number, who signed, secrecy and urgency."""
_BESIDE_NUMBER = re.compile(r"[\W_]*(?:签\s*发\s*人\s*[:：].*)?")
"""What may stand on a document number's own line: brackets, stars, and who signed."""
HEADING_MARK = re.compile(r"#{1,6}[ \u3000\t]+")
"""What stands before a heading in Markdown; no Chinese official text begins a line so."""


class Header(Fact):
    """What the header says; a field that it does not have is None. `title_printed` and
    `number_printed` as in `kb.models.Document`."""

    title: str | None = None
    title_printed: bool = False
    number_printed: bool = False
    document_number: str | None = None
    index_number: str | None = None
    issuer: str | None = None
    written_on: date | None = None
    published_on: date | None = None
    subject: str | None = None
    validity: str | None = None
    end: int = 0


def parse_header(text: str) -> Header:
    """Read the header of a decoded document. `end` is where its labelled lines end (0: none)."""
    head = text[:_HEAD]
    values: dict[str, str] = {}
    end = 0
    for field, pattern in _LINE.items():
        if match := pattern.search(head):
            end = max(end, match.end())
            if value := match.group("value").strip(" \u3000\t\r"):
                values[field] = value
    body = text[end:]
    printed_title = values.get("title") or _printed_title(body)
    title = printed_title or _first_line(body)
    number = normalize_document_number(values.get("document_number", ""))
    own_number = number is not None
    if number is None and (match := _NUMBER.search(body[:1500])):
        number = normalize_document_number(match.group())
        own_number = _stands_alone(body, match)
    signature = _signature(body)
    issuer = values.get("issuer") or (signature[0] if signature else None) or _issuer_of(title)
    return Header(
        title=title,
        title_printed=printed_title is not None,
        number_printed=own_number,
        document_number=number,
        index_number=values.get("index_number"),
        issuer=issuer,
        written_on=normalize_date(values.get("written_on", ""))
        or (signature[1] if signature else None),
        published_on=normalize_date(values.get("published_on", "")),
        subject=values.get("subject"),
        validity=values.get("validity"),
        end=end,
    )


def normalize_document_number(text: str) -> str | None:
    """`国发[2018]42号` → `国发〔2018〕42号`; None where there is no number."""
    match = _NUMBER.search(text)
    if match is None:
        return None
    return f"{match.group(1)}〔{match.group(2)}〕{match.group(3)}号"


def normalize_date(text: str) -> date | None:
    """A calendar date: 2022-12-16, 2018年12月21日, 二〇一八年十二月二十一日, 20221216."""
    text = text.strip()
    if packed := _PACKED.match(text):
        numbers = [int(g) for g in packed.groups()]
    elif match := _DATE.search(text):
        numbers = [_year(match.group(1)), _small(match.group(2)), _small(match.group(3))]
    else:
        return None
    try:
        return date(*numbers)
    except ValueError:
        return None


def _year(text: str) -> int:
    return int("".join(_CN_DIGITS.get(c, c) for c in text))


def _small(text: str) -> int:
    if text.isdigit():
        return int(text)
    tens, mark, ones = text.partition("十")
    if not mark:
        return int(_CN_DIGITS[text])
    return int(_CN_DIGITS.get(tens, "1")) * 10 + int(_CN_DIGITS.get(ones, "0"))


def _stands_alone(body: str, number: re.Match[str]) -> bool:
    """Whether a document number has its line to itself, as over or under a title; else it is one
    that the text cites."""
    start = body.rfind("\n", 0, number.start()) + 1
    end = body.find("\n", number.end())
    rest = body[start : number.start()] + body[number.end() : len(body) if end < 0 else end]
    return _BESIDE_NUMBER.fullmatch(rest) is not None


def _first_lines(body: str) -> list[str]:
    lines = [HEADING_MARK.sub("", line.strip()) for line in body[:3000].split("\n")]
    return [line for line in lines if line][:14]


def _first_line(body: str) -> str | None:
    return next((line[:80] for line in _first_lines(body)), None)


def _printed_title(body: str) -> str | None:
    """The first lines of the body that end like the title of an official document."""
    lines = _first_lines(body)
    windows = [(start, size) for start in range(len(lines)) for size in (1, 2, 3)]
    candidates = []
    for start, size in windows:
        joined = "".join(lines[start : start + size])
        first = lines[start]
        if any(_LETTERHEAD.fullmatch(line) for line in lines[start : start + size]):
            continue
        if not 6 <= len(joined) <= 120 or re.search(r"[。；;>|]", joined) or _numbered(first):
            continue
        if _TITLE_END.search(joined) and not _LINE["title"].match(first):
            candidates.append(("关于" not in joined, start, size, joined))
    if candidates:
        return re.sub(r"(?<=[一-龥])[ \u3000]+(?=[一-龥《])", "", min(candidates)[3])
    return None


def _numbered(line: str) -> bool:
    return re.match(r"(?:附件?|[一二三四五六七八九十]+、|\d+[.、．]|[(（])", line) is not None


def _signature(body: str) -> tuple[str, date] | None:
    """The signing body and its date: a short line without punctuation, then a date line."""
    lines = [(m.group().strip()) for m in re.finditer(r"[^\n]+", body)]
    lines = [line for line in lines if line]
    for index in range(1, len(lines)):
        if len(lines[index]) <= 16 and (day := normalize_date(lines[index])):
            rest = _DATE.sub("", lines[index]).strip()
            name = re.sub(r"\s+", "", lines[index - 1])
            alone = not rest or _PACKED.match(lines[index])
            if alone and 2 < len(name) <= 30 and not re.search(r"[。，,；;：:、《]", name):
                return name, day
    return None


def _issuer_of(title: str | None) -> str | None:
    match = re.match(r"([一-龥]{3,40}?)(?:关于|印发)", re.sub(r"\s", "", title or ""))
    return match.group(1) if match else None
