"""The facts about a document: title, number, issuer, dates, whom it is addressed to, who passed it,
what is attached.

Read from labelled lines (`ingest.metadata`), wherever they stand, and where there are none from
the text: the title lines, the document number under them, the signature with its date at the end.
Where what the text prints contradicts a label, the text is believed and a finding names both. Each
value has its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from ingest.drafts import is_addressed
from ingest.header_conflicts import conflict, letters, names_differ, title_words, titles_differ
from ingest.layout import (
    LayoutKind,
    Line,
    LineKind,
    find_lines,
    is_signatory,
    layout_words,
    names_attachment,
)
from ingest.leftovers import FormulaKind, formula
from ingest.metadata import (
    DATE,
    NUMBER,
    PACKED,
    Metadata,
    find_metadata,
    normalize_date,
    normalize_document_number,
)
from ingest.signature import find_dateline, find_month, find_signature
from ingest.titles import (
    EDITION,
    HEAD_LINES,
    LONGEST_NAME,
    LONGEST_TITLE,
    find_title,
    is_letterhead,
    is_passed,
    may_name,
    says_nothing,
    stands_alone,
    title_inside,
)
from kb.characters import HAN
from kb.models import Fact, Finding, HeaderValue, Span

_LONGEST_FIRST_LINE = 80
"""Characters of the first line where it has to stand for a title that there is not."""
_ASIDE = frozenset({LineKind.METADATA, LineKind.FURNITURE, LineKind.ROW_HEAD, LineKind.ROW})
_LISTED = re.compile(r"(?:^|(?<=[\s）)]))\d{1,2}[.．、](?!\d)\s*")
_PASSED = 60
"""Lines at the head of a text among which it is looked for who passed it."""
_FIELDS = ("title", "document_number", "index_number", "issuer", "written_on", "published_on",
           "subject", "validity")  # fmt: skip


class Header(Fact):
    """What the document says of itself; what it does not say is None. `values`: all of it with its
    places; `spans`: the lines at the head that say it and are no labelled ones, `signed` those of
    the signature; `month`: the first day of that in which it was written, where no day is printed;
    `title_printed` and `number_printed` as in `kb.models.Document`."""

    title: str | None = None
    title_printed: bool = False
    number_printed: bool = False
    document_number: str | None = None
    index_number: str | None = None
    issuer: str | None = None
    written_on: date | None = None
    month: date | None = None
    published_on: date | None = None
    subject: str | None = None
    validity: str | None = None
    values: tuple[HeaderValue, ...] = ()
    spans: tuple[Span, ...] = ()
    signed: tuple[Span, ...] = ()
    findings: tuple[Finding, ...] = ()


def parse_header(text: str, found: Sequence[Line] | None = None) -> Header:
    """Read the header of a decoded document; `found` are its lines, where they are known already."""
    metadata = find_metadata(text)
    everything = found if found is not None else find_lines(text, metadata)
    lines = [line for line in everything if line.kind not in _ASIDE]
    printed = find_title(lines)
    signature = find_signature(lines)
    conflicts = dict(_conflicts(metadata, lines, printed, signature))
    places: dict[str, Span] = {}
    untitled: list[Finding] = []

    def labelled(name: str) -> str | None:
        entry = None if name in conflicts else metadata.entry(name)
        if entry is None:
            return None
        if entry.span:
            places[name] = entry.span
        return entry.value

    words = labelled("title")
    if not words and printed:
        words = "".join(line.text for line in printed)
        places["title"] = Span(printed[0].start, printed[-1].end)
    if not words and lines and (named := title_inside(lines[0])):
        words, places["title"] = named
    title_printed = bool(words)
    if not words:
        spoken = next((line for line in lines if not says_nothing(line)), (*lines, None)[0])
        words = spoken.text[:_LONGEST_FIRST_LINE] if spoken else ""
        if spoken:
            untitled.append(_untitled(spoken))
    title = re.sub(rf"(?<=[{HAN}])[ \u3000]+(?=[{HAN}《])", "", words) or None
    number = normalize_document_number(labelled("document_number") or "")
    if number is None and (own := _printed_number(lines)):
        number, places["document_number"] = own
    issuer = labelled("issuer") or _printed_issuer(lines, printed, signature, places)
    written_on = None if "written_on" in conflicts else _written_on(metadata)
    if written_on and (entry := metadata.entry("written_on") or metadata.entry("generated_on")):
        places["written_on"] = entry.span or Span(0, 1)
    elif day := signature[1] if signature else find_dateline(lines) or _day_beside_number(lines):
        printed_day = DATE.search(day.text) or PACKED.search(day.text)
        start, end = printed_day.span() if printed_day else (0, len(day.text))
        written_on = normalize_date(day.text)
        places["written_on"] = Span(day.start + start, day.start + end)
    elif "written_on" not in conflicts and (filled := _filled_on(metadata)):
        written_on, places["written_on"] = filled
    month = None if written_on else find_month(lines)
    read = {
        "title": title if title_printed else None,
        "document_number": number,
        "index_number": labelled("index_number"),
        "issuer": issuer,
        "written_on": written_on,
        "published_on": normalize_date(labelled("published_on") or ""),
        "subject": labelled("subject"),
        "validity": labelled("validity"),
    }
    values = [
        HeaderValue(field=name, value=str(read[name]), span=places[name])
        for name in _FIELDS
        if read[name] and name in places
    ]
    if month:
        values.append(month[1])
    values += _beside(lines)
    shown = [line for line in lines[:1] if not title_printed and may_name(line)]
    head = [*(printed or shown), *_letterhead(lines)]
    head += _repeated(lines, title) if title_printed else ()
    return Header(
        **(read | {"title": title}),
        title_printed=title_printed,
        number_printed=number is not None,
        month=month[0] if month else None,
        values=tuple(sorted(values, key=lambda v: (v.span.start, v.field))),
        spans=tuple(Span(line.start, line.end) for line in dict.fromkeys(head)),
        signed=tuple(Span(line.start, line.end) for line in signature or ()),
        findings=(*conflicts.values(), *untitled),
    )


def _untitled(line: Line) -> Finding:
    return Finding(
        code="no-title",
        message=f"没有读出标题, 以“{line.text[:30]}”代替, 请核对 / no title was found; these words stand "
        "for it, check it",
        span=Span(line.start, line.end),
    )


def _beside(lines: Sequence[Line]) -> Iterator[HeaderValue]:
    """Whom the text is addressed to, who passed it, and what is attached."""
    for line in lines[: 2 * HEAD_LINES]:
        if is_addressed(line.text):
            yield HeaderValue(
                field="addressee",
                value=line.text.rstrip("：:"),
                span=Span(line.start, line.end - 1),
            )
            break
        if line.marker or "。" in line.text:
            break
    for line in lines[:_PASSED]:
        if line.marker:
            break
        if EDITION.fullmatch(line.text) and is_passed(line.text):
            span = Span(line.start + 1, line.end - 1)
            yield HeaderValue(field="approval", value=line.text[1:-1], span=span)
            break
        match = formula(FormulaKind.APPROVAL).search(line.text)
        if match and formula(FormulaKind.SUBJECT).search(match.group()):
            start, end = line.start + match.start(), line.start + match.end()
            yield HeaderValue(field="approval", value=match.group(), span=Span(start, end))
            break
    named = False
    count = 0
    for line in lines:
        if line.kind is LineKind.ATTACHMENT and not names_attachment(line.text):
            name = re.split(r"[:：]", line.text, maxsplit=1)[-1].strip()
            named, count = True, 1
        elif named and line.marker and line.marker.ordinal == count + 1:
            name, count = line.text, count + 1
        else:
            named = False
            continue
        at = line.end - len(name)
        marks = [m for m in _LISTED.finditer(name) if m.end() < len(name)]
        starts = [0] if not marks or marks[0].start() else []
        for start, end in pairwise([*starts, *(m.end() for m in marks), len(name) + 1]):
            stop = next((m.start() for m in marks if m.end() == end), len(name))
            if words := name[start:stop].strip():
                place = at + start + name[start:stop].index(words)
                span = Span(place, place + len(words))
                yield HeaderValue(field="attachment", value=words, span=span)


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
        span = own[1]
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


def _printed_number(lines: Sequence[Line]) -> tuple[str, Span] | None:
    """The document's own number and its place: on a line of its own at the head, with who signed or
    in brackets, before the first sentence or addressee; one inside a sentence is another's."""
    for line in lines[: 2 * HEAD_LINES]:
        if (match := NUMBER.search(line.text)) and stands_alone(line.text, match):
            number = normalize_document_number(match.group())
            start = line.start + match.start()
            return (number, Span(start, start + len(match.group()))) if number else None
        if line.kind is LineKind.MARKED or re.search(r"。|[：:]$", line.text):
            return None
    return None


def _printed_issuer(
    lines: Sequence[Line],
    printed: Sequence[Line],
    signature: tuple[Line, Line] | None,
    places: dict[str, Span],
) -> str | None:
    """Who issues: by the signature, else by the title, else by the red head."""
    if signature:
        name = signature[0]
        dated = DATE.search(name.text)
        words = name.text[: dated.start()] if dated else name.text
        if bare := re.sub(r"\s+", "", words):
            places["issuer"] = Span(name.start, name.start + len(words.rstrip()))
            return bare
    if printed:
        words = "".join(line.text for line in printed)
        match = re.match(rf"([{HAN}\s、（）()]{{3,60}}?){title_words('about', 'issues')}", words)
        if match and (name_ := re.sub(r"\s", "", match[1])):
            places["issuer"] = Span(printed[0].start, printed[0].start + len(match[1].rstrip()))
            return name_
    if len(printed) > 1 and is_signatory(printed[0].text):
        places["issuer"] = Span(printed[0].start, printed[0].end)
        return re.sub(r"\s", "", printed[0].text)
    over = next((i for i, line in enumerate(lines) if printed and line is printed[0]), 0)
    if over and is_signatory(lines[over - 1].text):
        body = lines[over - 1]
        places["issuer"] = Span(body.start, body.end)
        return re.sub(r"\s", "", body.text)
    for line in lines[:HEAD_LINES]:
        head = layout_words(LayoutKind.HEAD)
        if len(line.text) <= LONGEST_NAME and line.text.endswith(head) and is_letterhead(line.text):
            ending = next(word for word in head if line.text.endswith(word))
            name_ = line.text.removesuffix(ending).rstrip()
            if len(name_) > 2:
                places["issuer"] = Span(line.start, line.start + len(name_))
                return re.sub(r"\s", "", name_)
    return None


def _written_on(metadata: Metadata) -> date | None:
    """The day that a label gives. A 生成日期 that is the day of publication is the page's: a
    deadline before it would be taken for past."""
    if written := normalize_date(metadata.value("written_on") or ""):
        return written
    generated = normalize_date(metadata.value("generated_on") or "")
    return None if generated == normalize_date(metadata.value("published_on") or "") else generated


def _filled_on(metadata: Metadata) -> tuple[date, Span] | None:
    """The day on which the forms of a document were filled in, where all say the same."""
    said = [e for e in metadata.entries if e.field == "filled_on" and e.span]
    days = {day for e in said if (day := normalize_date(e.value))}
    span = said[0].span if said else None
    return (days.pop(), span) if len(days) == 1 and span else None


def _repeated(lines: Sequence[Line], title: str | None) -> Iterator[Line]:
    """Lines at the head that print (a part of) the title again."""
    whole = _squeezed(title or "")
    for line in lines[: 2 * HEAD_LINES]:
        words = _squeezed(line.text)
        if line.kind is not LineKind.MARKED and len(words) >= 6 and words in whole:
            yield line


def _squeezed(text: str) -> str:
    return re.sub(r"[\s“”\"《》]", "", text)


def _letterhead(lines: Sequence[Line]) -> Iterator[Line]:
    for line in lines[: 2 * HEAD_LINES]:
        if len(line.text) <= LONGEST_TITLE and is_letterhead(line.text):
            yield line


def _day_beside_number(lines: Sequence[Line]) -> Line | None:
    """The line of the document's number where the day stands beside it."""
    for line in lines[:HEAD_LINES]:
        if (number := NUMBER.search(line.text)) and stands_alone(line.text, number):
            return line if normalize_date(line.text) else None
    return None
