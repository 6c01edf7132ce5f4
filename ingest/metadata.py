"""The labelled facts that a portal prints about a document: 索引号, 发文字号, 成文日期 …

They stand at the head of a page or at its end, one a line, several a line, as cells of a table, or
a label and its value on two lines. Where they stand says nothing about where the body begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from ingest.lines import find_raw_lines
from ingest.numbering import find_marker
from kb.characters import HAN
from kb.language.numerals import ONES, TENS, ZEROS, small_number
from kb.lexicon import WordEntry, load_lexicon
from kb.models import Span


class MetadataLabel(WordEntry):
    """Labels of one field (`other`: none of the header). `strong`: no other text uses them so; the
    others are metadata only beside a strong one, or before the first sentence. `form`: over or under
    a table a form says so of itself, wherever that stands. `values`: what may stand after it, where
    that is one of a few words."""

    field: str
    strong: bool
    form: bool = False
    values: tuple[str, ...] = ()


@lru_cache
def _labels_known() -> tuple[dict[str, str], frozenset[str]]:
    """The field of each label, and the strong ones."""
    entries = load_lexicon("metadata_labels", MetadataLabel)
    ordered = sorted(entries, key=lambda entry: entry.strong)
    fields = {word: entry.field for entry in ordered for word in entry.words}
    return fields, frozenset(word for entry in entries if entry.strong for word in entry.words)


@lru_cache
def _of_forms() -> frozenset[str]:
    """The labels of forms."""
    entries = load_lexicon("metadata_labels", MetadataLabel)
    return frozenset(word for entry in entries if entry.form for word in entry.words)


@lru_cache
def _values(field_: str) -> frozenset[str]:
    """What the value of a field may be, where it is one of a few words."""
    entries = load_lexicon("metadata_labels", MetadataLabel)
    return frozenset(value for e in entries if e.field == field_ for value in e.values)


def _spaced(label: str) -> str:
    return r"[ \u3000\u00a0]*".join(label)


_NOTE = r"(?:[(（][^()（）]{1,8}[)）])?"
_COLON = r"[ \u3000\u00a0]*[:：][ \u3000\u00a0\t|]*"


@lru_cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A label with what stands between it and its value, and one that stands alone."""
    fields, _ = _labels_known()
    labels = "|".join(_spaced(label) for label in sorted(fields, key=len, reverse=True))
    return (
        re.compile(
            rf"[\[【][ \u3000]*(?P<boxed>{labels})[ \u3000]*[\]】][ \u3000\u00a0\t:：]*"
            rf"|(?P<plain>{labels})(?:{_NOTE}{_COLON}|[ ]*[\t|][ \t|]*)"
        ),
        re.compile(rf"[|\t ]*(?P<plain>{labels})[|\t ]*"),
    )


@lru_cache
def header_label() -> re.Pattern[str]:
    """How a cell of a page begins that labels a fact of the header."""
    entries = load_lexicon("metadata_labels", MetadataLabel)
    words = (
        w for e in entries if not (e.field == "other" or e.form) for w in e.words if not w.isascii()
    )
    return re.compile(rf"\[?\s*(?:{'|'.join(map(_spaced, words))})")


_SENTENCE = re.compile(r"[。；;！？]")
_LONGEST_VALUE = 120
_NEAR = 2
"""Lines between a label and the next one that may belong to its value."""
_FREE = frozenset({"subject", "title", "other", "issuer"})
_CELL_END = re.compile(r"\t|[ \u3000\u00a0]{2,}")
"""Where the value of a form's label ends."""
_DAY_OR_BLANK = re.compile(rf"[\d\s年月日号./\-{TENS}{ZEROS}]*")
"""A day, or the place for one."""
_INDEX = re.compile(r"[A-Za-z0-9][\w./—-]{4,60}", re.ASCII)
NUMBER = re.compile(
    rf"(?<![{HAN}])([{HAN}]{{1,12}}(?:[(（][{HAN}]{{1,6}}[)）])?)[〔﹝\[［]((?:19|20)\d\d)[〕﹞\]］]\s*第?(\d{{1,4}})\s*号"
)
_SMALL = rf"\d{{1,2}}|[{TENS}{ZEROS}]{{1,3}}"
DATE = re.compile(
    rf"((?:19|20)\d\d|[{ONES[:2]}][{ZEROS}{ONES}]{{3}})\s*[-年./]\s*({_SMALL})\s*[-月./]\s*({_SMALL})日?"
)
PACKED = re.compile(r"^(20\d\d)(0[1-9]|1[0-2])([0-3]\d)$")


@dataclass(frozen=True, slots=True)
class Entry:
    """One labelled fact: `field` of the header (`other` where none keeps it), value, its place."""

    field: str
    value: str
    span: Span | None


@dataclass(slots=True)
class Metadata:
    """The labelled facts of a text, and where the lines begin that consist of them; `rests`: what
    stands in such a line of a form beside them (单位：万元), by the place of the line."""

    entries: list[Entry] = field(default_factory=list)
    lines: set[int] = field(default_factory=set)
    rests: dict[int, tuple[int, str]] = field(default_factory=dict)

    def entry(self, name: str) -> Entry | None:
        """The first entry of a field that has a value."""
        return next((e for e in self.entries if e.field == name and e.value), None)

    def value(self, name: str) -> str | None:
        """The first value of a field."""
        entry = self.entry(name)
        return entry.value if entry else None


@dataclass(slots=True)
class _Row:
    """A line that is not blank: `labels` (field, label, value, where the value begins)."""

    start: int
    text: str
    labels: list[tuple[str, str, str, int]] = field(default_factory=list)
    rest: tuple[int, str] | None = None

    @property
    def of_form(self) -> bool:
        return any(label in _of_forms() for _, label, _, _ in self.labels)

    @property
    def strong(self) -> bool:
        return any(label in _labels_known()[1] for _, label, _, _ in self.labels)

    @property
    def plain(self) -> bool:
        """Whether it may be (part of) the value of a label in the line before."""
        return (
            not self.labels
            and len(self.text) <= _LONGEST_VALUE
            and not _SENTENCE.search(self.text)
            and find_marker(self.text) is None
        )


def find_metadata(text: str) -> Metadata:
    """All labelled facts of a decoded document, in order; see `Metadata`."""
    rows = [
        _Row(offset + len(raw) - len(raw.lstrip()), raw.strip())
        for offset, raw in find_raw_lines(text)
        if raw.strip()
    ]
    for row in rows:
        row.labels = list(_labels(row))
    _read_bare(rows)
    _drop_weak(rows)
    found = Metadata()
    for index, row in enumerate(rows):
        if row.labels:
            found.lines.add(row.start)
            _read_row(found, rows, index)
            if row.rest:
                found.rests[row.start] = row.rest
    return found


def _labels(row: _Row) -> Iterator[tuple[str, str, str, int]]:
    if len(row.text) > 4 * _LONGEST_VALUE or _SENTENCE.search(row.text):
        return
    lead = len(row.text) - len(row.text.lstrip("|•·> \t"))
    first = _patterns()[0].match(row.text, lead)
    if first is None:
        return
    matches = [first, *_patterns()[0].finditer(row.text, first.end())]
    for match, end in zip(matches, [*(m.start() for m in matches[1:]), len(row.text)], strict=True):
        label = re.sub(r"[ \u3000\u00a0]", "", match["boxed"] or match["plain"])
        value = row.text[match.end() : end]
        if label in _of_forms():
            if not re.search("[:：]", match.group()) or (cut := _value_ends(label, value)) is None:
                return
            over = value[cut:].strip()
            if over and row.rest is None:
                row.rest = row.start + row.text.index(over, match.end() + cut), over
            value = value[:cut]
        yield (
            _labels_known()[0][label],
            label,
            value.strip(" \u3000\u00a0\t|"),
            row.start + match.end(),
        )


def _value_ends(label: str, value: str) -> int | None:
    """Where the value of a form's label ends: a day, or the place for one; before a wide gap. None
    where it asks for something (填报时间：每月5日前)."""
    if _labels_known()[0][label] != "filled_on":
        gap = _CELL_END.search(value)
        return gap.start() if gap else len(value)
    day = _DAY_OR_BLANK.match(value)
    end = day.end() if day else 0
    return end if end == len(value) or value[:end].endswith(tuple(" \t\u3000\u00a0")) else None


def _read_bare(rows: Sequence[_Row]) -> None:
    """Labels without a colon, each on a line of its own, as the cells of a table come out: two
    different ones at least, for a single 标题 is a word like others."""
    bare: list[tuple[_Row, str]] = []
    for row in rows:
        if len(row.text) <= 12 and (match := _patterns()[1].fullmatch(row.text)):
            label = re.sub(r"[ \u3000\u00a0]", "", match["plain"])
            if label not in _of_forms():
                bare.append((row, label))
    if len({label for _, label in bare} & _labels_known()[1]) < 2:
        return
    for row, label in bare:
        row.labels = [(_labels_known()[0][label], label, "", row.start + len(row.text))]


def _drop_weak(rows: Sequence[_Row]) -> None:
    """Forget labels that stand neither near a strong one nor before the first sentence."""
    strong = [index for index, row in enumerate(rows) if row.strong]
    head = next(
        (i for i, row in enumerate(rows) if _SENTENCE.search(row.text) or find_marker(row.text)),
        len(rows),
    )
    near = {index + step for index in strong for step in range(-_NEAR - 1, _NEAR + 2)}
    for index, row in enumerate(rows):
        if row.labels and not row.strong and not row.of_form:
            # `名称` before a tab is the head of a table as often.
            known = any(name != "other" for name, _, _, _ in row.labels) and re.search(
                r"[:：\]】]", row.text
            )
            if index not in near and not (known and index < head):
                row.labels = []


def _read_row(found: Metadata, rows: Sequence[_Row], index: int) -> None:
    row = rows[index]
    for name, _, value, start in row.labels[:-1]:
        found.entries.append(_entry(name, value, start))
    name, _, value, start = row.labels[-1]
    after = () if row.of_form else rows[index + 1 : index + 2 + _NEAR]
    gap = next((i for i, r in enumerate(after) if r.labels), None)
    if value:
        if gap == 1 and after[0].plain and len(after[0].text) <= _LONGEST_VALUE // 3:
            found.lines.add(after[0].start)  # the value goes on in the next line
            value += after[0].text
        found.entries.append(_entry(name, value, start))
        return
    if after and after[0].plain and gap != 0:
        beside = after[: gap or 1] if name in _FREE else after[:1]
        told = "".join(r.text for r in beside)
        if (name not in _FREE or gap) and all(r.plain for r in beside) and _valid(name, told):
            found.lines.update(r.start for r in beside)
            found.entries.append(_entry(name, told, beside[0].start))


def _entry(name: str, value: str, start: int) -> Entry:
    value = value if _valid(name, value) else ""
    return Entry(name, value, Span(start, start + len(value)) if value else None)


def _valid(name: str, value: str) -> bool:
    """Whether a value is one of its field, so that a neighbour is not taken for it."""
    if name in ("written_on", "generated_on", "published_on", "filled_on"):
        return normalize_date(value) is not None
    if name == "document_number":
        return normalize_document_number(value) is not None
    if name == "index_number":
        return _INDEX.fullmatch(value) is not None
    if name == "validity":
        return value in _values(name)
    if name == "issuer":
        return 2 <= len(value) <= 60 and not re.search(r"[：:]|\d{4}", value)
    return bool(value)


def normalize_document_number(text: str) -> str | None:
    """`国发[2018]42号` → `国发〔2018〕42号`; None where there is no number."""
    match = NUMBER.search(text)
    if match is None:
        return None
    return f"{match.group(1)}〔{match.group(2)}〕{match.group(3)}号"


def normalize_date(text: str) -> date | None:
    """A calendar date: 2022-12-16, 2018年12月21日, 二〇一八年十二月二十一日, 20221216."""
    text = text.strip()
    match = PACKED.match(text) or DATE.search(text)
    numbers = [small_number(group) for group in match.groups()] if match else []
    try:
        return date(*(n for n in numbers if n is not None))
    except (TypeError, ValueError):
        return None
