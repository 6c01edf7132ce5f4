"""The facts about a document: title, number, issuer, dates.

Read from labelled lines (`ingest.metadata`), wherever they stand, and where there are none from
the text: the title lines, the document number under them, the signature with its date at the end.
Where what the text prints contradicts a label, the text is believed and a finding names both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from ingest.header_conflicts import conflict, letters, names_differ, titles_differ
from ingest.layout import TITLE_END, Line, LineKind, find_lines, is_signatory
from ingest.lines import plain_breaks
from ingest.metadata import (
    DATE,
    NUMBER,
    PACKED,
    Metadata,
    find_metadata,
    normalize_date,
    normalize_document_number,
)
from kb.models import Fact, Finding, Span

_HEAD_LINES = 14
"""Lines at the head of a text among which its title is looked for."""
_HEAD = 1500
"""Characters in which a number stands that no label names."""
_LONGEST_TITLE = 120
_TITLE_LINES = 4
_LONGEST_FIRST_LINE = 80
"""Characters of the first line where it has to stand for a title that there is not."""
_LETTERHEAD = re.compile(
    rf"(?!.*关于)[一-龥（）() \u3000]{{2,40}}文件|(?:{NUMBER.pattern})(?:[ \u3000\t]*签\s*发\s*人\s*[:：].*)?|签\s*发\s*人\s*[:：].*|★.*|(?:特急|加急|机密|秘密|绝密|平急)"
)
"""The lines over a title in the layout of official documents (GB/T 9704): the issuer's red head,
the number, who signed, secrecy and urgency."""
_ASIDE = frozenset({LineKind.METADATA, LineKind.FURNITURE, LineKind.ROW_HEAD, LineKind.ROW})
_BESIDE_NUMBER = re.compile(r"[\W_]*+(?:签\s*+发\s*+人\s*+[:：].*)?")
"""What may stand on a document number's own line: brackets, stars, and who signed."""


class Header(Fact):
    """What the document says of itself; what it does not say is None. `spans`: the lines that say
    it and are no labelled ones; `title_printed` and `number_printed` as in `kb.models.Document`."""

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
    spans: tuple[Span, ...] = ()
    findings: tuple[Finding, ...] = ()


def parse_header(text: str) -> Header:
    """Read the header of a decoded document."""
    metadata = find_metadata(text)
    lines = [line for line in find_lines(text, metadata) if line.kind not in _ASIDE]
    printed = _printed_title(lines)
    signature = _signature(lines)
    conflicts = dict(_conflicts(metadata, lines, printed, signature))

    def labelled(name: str) -> str | None:
        return None if name in conflicts else metadata.value(name)

    words = labelled("title") or "".join(line.text for line in printed)
    title_printed = bool(words)
    if not words:
        spoken = (line.text for line in lines if not line.text.endswith(("：", ":")))
        words = next(spoken, "")[:_LONGEST_FIRST_LINE]
    title = re.sub(r"(?<=[一-龥])[ \u3000]+(?=[一-龥《])", "", words) or None
    own = _printed_number(lines) if "document_number" in conflicts else None
    number = own[0] if own else normalize_document_number(labelled("document_number") or "")
    number_printed = number is not None
    if number is None:
        for place in (_joined(lines, _HEAD), plain_breaks(text[:_HEAD])):
            if match := NUMBER.search(place):
                number = normalize_document_number(match.group())
                number_printed = _stands_alone(place, match)
                break
    signed = (signature[0].text, signature[1].text) if signature else ("", "")
    issuer = labelled("issuer") or re.sub(r"\s+", "", signed[0]) or _issuer_of(title) or None
    return Header(
        title=title,
        title_printed=title_printed,
        number_printed=number_printed,
        document_number=number,
        index_number=metadata.value("index_number"),
        issuer=issuer,
        written_on=("written_on" not in conflicts and _written_on(metadata))
        or normalize_date(signed[1]),
        published_on=normalize_date(metadata.value("published_on") or ""),
        subject=metadata.value("subject"),
        validity=metadata.value("validity"),
        spans=tuple(
            Span(line.start, line.end)
            for line in dict.fromkeys(
                [*printed, *_repeated(lines, title), *_letterhead(lines), *(signature or ())]
            )
        ),
        findings=tuple(conflicts.values()),
    )


def _conflicts(
    metadata: Metadata,
    lines: Sequence[Line],
    printed: Sequence[Line],
    signature: tuple[Line, Line] | None,
) -> Iterator[tuple[str, Finding]]:
    """(field, finding) of each label that the title, number or signature contradicts."""
    title = "".join(line.text for line in printed)
    label = metadata.value("title") or ""
    if label and title and titles_differ(letters(label), letters(title)):
        span = Span(printed[0].start, printed[-1].end)
        yield "title", conflict(("标题", "title"), label, title, span)
    number = normalize_document_number(metadata.value("document_number") or "")
    own = _printed_number(lines)
    if number and own and own[0] != number:
        span = Span(own[1].start, own[1].end)
        yield "document_number", conflict(("发文字号", "document number"), number, own[0], span)
    if signature is None or not is_signatory(signature[0].text):
        return
    name, dated = signature
    issuer = metadata.value("issuer") or ""
    if issuer and names_differ(letters(issuer), letters(name.text)):
        span = Span(name.start, name.end)
        yield "issuer", conflict(("发文机关", "issuer"), issuer, name.text, span)
    written, signed = _written_on(metadata), normalize_date(dated.text)
    if written and signed and written != signed:
        span, what = Span(dated.start, dated.end), ("成文日期", "date of writing")
        yield "written_on", conflict(what, written.isoformat(), signed.isoformat(), span)


def _printed_number(lines: Sequence[Line]) -> tuple[str, Line] | None:
    """The number on a line of its own at the head, before the first sentence or addressee."""
    for line in lines[:_HEAD_LINES]:
        match = NUMBER.search(line.text)
        if match and _stands_alone(line.text, match):
            number = normalize_document_number(match.group())
            return (number, line) if number else None
        if line.kind is LineKind.MARKED or re.search(r"。|[：:]$", line.text):
            return None
    return None


def _written_on(metadata: Metadata) -> date | None:
    """The day that a label gives. A 生成日期 that is the day of publication is the page's: a
    deadline before it would be taken for past."""
    if written := normalize_date(metadata.value("written_on") or ""):
        return written
    generated = metadata.value("generated_on") or ""
    same = generated == metadata.value("published_on")
    return None if same else normalize_date(generated)


def _joined(lines: Sequence[Line], characters: int) -> str:
    """The first `characters` of the lines, each ended by a line break."""
    parts: list[str] = []
    length = 0
    for line in lines:
        if length >= characters:
            break
        parts.append(line.text)
        length += len(line.text) + 1
    return "\n".join(parts)[:characters]


def _stands_alone(body: str, number: re.Match[str]) -> bool:
    """Whether a document number has its line to itself, as over or under a title; else it is one
    that the text cites."""
    start = body.rfind("\n", 0, number.start()) + 1
    end = body.find("\n", number.end())
    rest = body[start : number.start()] + body[number.end() : len(body) if end < 0 else end]
    return _BESIDE_NUMBER.fullmatch(rest) is not None


def _printed_title(lines: Sequence[Line]) -> Sequence[Line]:
    """The first lines of the text that end like the title of an official document."""
    head = lines[:_HEAD_LINES]
    candidates = []
    for last, line in enumerate(head):
        for size in (1, 2, 3):
            window = head[max(0, last - size + 1) : last + 1]
            joined = "".join(line.text for line in window)
            if size > last + 1 or any(_LETTERHEAD.fullmatch(line.text) for line in window):
                continue
            if not 6 <= len(joined) <= _LONGEST_TITLE or re.search(r"[。；;>|]", joined):
                continue
            if not _numbered(window[0].text) and TITLE_END.search(line.text):
                named = "关于" in joined
                candidates.append((not named, last if named else last - size, size, last))
    if not candidates:
        return []
    _, _, size, last = min(candidates)
    first = last - size + 1
    # The bodies that issue it may stand on lines of their own over 关于.
    while first and last - first < _TITLE_LINES - 1 and is_signatory(head[first - 1].text):
        first -= 1
    return head[first : last + 1]


def _repeated(lines: Sequence[Line], title: str | None) -> Iterator[Line]:
    """Lines at the head that print (a part of) the title again."""
    whole = _squeezed(title or "")
    for line in lines[: 2 * _HEAD_LINES]:
        words = _squeezed(line.text)
        if line.kind is not LineKind.MARKED and len(words) >= 6 and words in whole:
            yield line


def _squeezed(text: str) -> str:
    return re.sub(r"[\s“”\"《》]", "", text)


def _letterhead(lines: Sequence[Line]) -> Iterator[Line]:
    for line in lines[: 2 * _HEAD_LINES]:
        if len(line.text) <= _LONGEST_TITLE and _LETTERHEAD.fullmatch(line.text):
            yield line


def _numbered(line: str) -> bool:
    return re.match(r"(?:附件?|[一二三四五六七八九十]+、|\d+[.、．]|[(（])", line) is not None


def _signature(lines: Sequence[Line]) -> tuple[Line, Line] | None:
    """The signing body and its date: a short line without punctuation, then a date line."""
    for before, line in pairwise(lines):
        if len(line.text) <= 16 and normalize_date(line.text):
            alone = not DATE.sub("", line.text).strip() or PACKED.match(line.text)
            name = re.sub(r"\s+", "", before.text)
            if alone and 2 < len(name) <= 30 and not re.search(r"[。，,；;：:、《]", name):
                return before, line
    return None


def _issuer_of(title: str | None) -> str | None:
    match = re.match(r"([一-龥]{3,40}?)(?:关于|印发)", re.sub(r"\s", "", title or ""))
    return match.group(1) if match else None
