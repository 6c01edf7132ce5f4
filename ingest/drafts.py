"""The lines of a plan → its clauses in the making: which line begins one, which belongs to it.

A numbered line begins a clause, and what follows it without a number belongs to it. Where nothing is
numbered, a paragraph is a clause, and lines with labels (批示要求：, 承办单位：, 办结时限：) belong to the
paragraph before them: together they say one duty. A label that comes again begins the next.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ingest.columns import duty_of, names_units, read_column
from ingest.layout import Line, LineKind, is_signatory
from ingest.numbering import CONTEXTUAL, RANK, Marker, find_marker
from ingest.wrapping import ends_open
from kb.characters import any_of
from kb.language.numerals import HUNDREDS
from kb.language.parties import find_parties
from kb.lexicon import WordEntry, words_of
from kb.models import Span

INTRO = Marker("", "cn", 0)
"""The mark of a paragraph without number."""
_ITEM = Marker("", "bullet", None)
"""The mark of a paragraph that is the item of a list by its form."""
ROW = "row"
"""The family of the rows of a table, and of what follows it without a number: below all others."""
HEAD = "head"
"""The family of headings and notes without a number."""
TOP = RANK["cn"] - 0.5
"""The depth of a block that stands under nothing: that of 一、 is next."""
_RANK = RANK | {ROW: float(len(RANK)), HEAD: TOP}
_FLOWING = (LineKind.TEXT, LineKind.TITLE, LineKind.PERIOD)
_HEADINGS = frozenset({"part", "chapter", "section", "article", "block", "cn", "cn-bracket"})
_SENTENCE = re.compile(r"[。；;，,]")
_PUNCTUATED = re.compile(r"[。；;：:，,、)）」”]")
_LABEL = re.compile(r"[【\[]?([^\s:：，,。；;、（(【】\[\]]{1,10})(?:[】\]]\s*[:：]?|\s*[:：])")
_HEADING = 24
"""Characters of a heading without a number."""
_LONGEST_HEADING = 40
"""Characters of a heading, from which on it is cut at a comma."""
_SIGNATURE = 30
"""Characters of a signing body."""
_ADDRESSED = 0.4
"""Share of a line's characters that are names of bodies, from which on it names those that are
addressed: the lowest of the documents' 60 is .42 (各县（市）林业和草原局，各国有林场，自然保护地管理机构：),
the highest sentence that ends in a colon has .38."""
_LONGEST_ADDRESS = 400
"""Characters of such a line; the longest, of nineteen ministries, has 176."""
_SAID = 4
"""Characters that say what a body does, and one more."""
_BODIES = 0.85
"""Share of the letters before a colon that are names of bodies: more stands there but 等 or 和."""
_NO_BEARERS = ("generic", "post", "field")
"""Classes of what is a label before a colon: 建设单位：, 组长：."""
_MORE = 5
"""Lines of text after a date that say that it was none of a signature, where nothing is numbered."""


class LabelKind(StrEnum):
    """What a word before a colon says of its line."""

    NOTE = "note"
    ADDRESSED = "addressed"
    LEADS = "leads"


class LabelWords(WordEntry):
    """Words of one kind, with lines in which they are that and lines in which they are not."""

    kind: LabelKind


def _label_words(kind: LabelKind) -> tuple[str, ...]:
    return words_of("label_words", LabelWords, kind)


_LEADS = re.compile(rf"。|{any_of(_label_words(LabelKind.LEADS))}[^，。]{{0,8}}[：:]$")


@dataclass(slots=True)
class Draft:
    """A clause in the making. `rank`: how deep it stands, None where its mark says; `heading`: where
    it is not the first line; `apart`: it belongs to none of the clauses before it; `note`: a remark
    in words of its own, to which no row belongs."""

    marker: Marker
    start: int
    ends: list[int]
    first: str
    tail: list[str] = field(default_factory=list)
    heading: str | None = None
    apart: bool = False
    note: bool = False
    rank: float | None = None
    labels: set[str] = field(default_factory=set)

    @property
    def end(self) -> int:
        """Where its last line ends."""
        return self.ends[-1]

    @property
    def last(self) -> str:
        """Its last line."""
        return self.tail[-1] if self.tail else self.first

    @property
    def numbered(self) -> bool:
        """Whether it has a mark of its own, and is no row."""
        return self.marker is not INTRO and self.marker.family not in (ROW, HEAD)

    def add(self, line: Line) -> None:
        """Let a line belong to it."""
        self.ends.append(line.end)
        self.tail.append(line.text)

    def retract(self) -> None:
        """Give back short lines without punctuation at the end: a signing body, a heading."""
        while self.tail and len(self.tail[-1]) <= _SIGNATURE and not _PUNCTUATED.search(self.last):
            self.tail.pop()
            self.ends.pop()


@dataclass(slots=True)
class Body:
    """The clauses of a plan in the making, its members, lines that are held and in no clause."""

    drafts: list[Draft] = field(default_factory=list)
    members: list[Span] = field(default_factory=list)
    held: list[Span] = field(default_factory=list)


def read_body(lines: Sequence[Line], is_opening: Callable[[Line], bool], *, numbered: bool) -> Body:
    """Read the lines of a plan under its title.

    Args:
        lines: those up to the next plan's title.
        is_opening: whether a line is none of the text: a number, who is addressed.
        numbered: whether anything in the document is.
    """
    return _Reader(lines, is_opening, numbered).body


class _Reader:
    def __init__(
        self, lines: Sequence[Line], is_opening: Callable[[Line], bool], numbered: bool
    ) -> None:
        self.body = Body()
        self._lines = lines
        self._numbered = numbered
        self._last: dict[str, int | None] = {}  # what each family of marks has come to
        self._ended: LineKind | None = None  # by a signature, members, the name of an attachment
        self._after_end: list[Line] = []
        self._beyond = False  # a table stood after the end: so do the words under it
        self._bearers = _bearers_of(lines)
        self._labels = Counter(label for line in lines if (label := label_of(line.text)))
        for place, line in enumerate(lines):
            if self._ended and line.marker and _goes_on(self._last, line.marker, self._ended):
                self._resume()
            if line.kind is LineKind.PERIOD and not self.body.drafts:
                self._hold(line)
            elif line.kind is LineKind.MEMBERS:
                self._end(line)
                self._hold(line)
            elif self._ended is LineKind.MEMBERS and line.kind in _FLOWING:
                self.body.members.append(Span(line.start, line.end))
            elif line.kind is LineKind.ROW:
                self._beyond = self._ended is not None
                self.body.drafts.append(row_draft(line, apart=self._beyond))
            elif line.kind in (LineKind.ATTACHMENT, LineKind.CLOSING):
                self._beyond = False
                if not self.body.drafts and is_opening(line):
                    self._hold(line)
                else:
                    self._end(line)
            elif self._ended and not self._beyond:
                self._after_end.append(line)
            elif line.marker is not None and not self._is_bulleted_label(line):
                self._begin(line, line.marker, rank=_rank_of_bullet(line))
                self._last[line.marker.family] = line.marker.ordinal
            elif line.kind in _FLOWING or line.marker is not None:
                if not self.body.drafts and is_opening(line):
                    self._hold(line)
                else:
                    self._text(line, self._next_marker(place), over_table=self._is_over(place))
        self._finish()

    def _hold(self, line: Line) -> None:
        self.body.held.append(Span(line.start, line.end))

    def _next_marker(self, place: int) -> Marker | None:
        following = self._lines[place + 1] if place + 1 < len(self._lines) else None
        return following.marker if following else None

    def _is_over(self, place: int) -> bool:
        """Whether the head of a table stands under a line."""
        following = self._lines[place + 1] if place + 1 < len(self._lines) else None
        return following is not None and following.kind is LineKind.ROW_HEAD

    def _begin(self, line: Line, marker: Marker, rank: float | None = None) -> None:
        self.body.drafts.append(Draft(marker, line.start, [line.end], line.text, rank=rank))

    def _text(self, line: Line, following: Marker | None, *, over_table: bool = False) -> None:
        """A line without a number: it begins a clause, or belongs to the one before."""
        drafts = self.body.drafts
        label = label_of(line.text)
        if drafts and line.goes_on:
            drafts[-1].add(line)
        elif self._is_note(label):
            self._begin(line, Marker("", HEAD, None), TOP)
            drafts[-1].note = not line.text.endswith(("：", ":"))
        elif drafts and drafts[-1].note and over_table and not _SENTENCE.search(line.text):
            self._hold(line)  # what the table is called
        elif not drafts:
            self._begin(line, INTRO)
        elif self._is_heading(line, label, following):
            depth = _RANK[following.family] - 0.5 if following else TOP
            self._begin(line, Marker("", HEAD, None), depth)
        elif drafts[-1].numbered or drafts[-1].marker.family == HEAD:
            if line.start in self._bearers:
                self._begin(line, _ITEM, RANK["bullet"])
            else:
                drafts[-1].add(line)
        elif drafts[-1].heading is not None:  # after a table
            if line.kind is LineKind.TEXT:
                self._begin(line, Marker("", ROW, None))
            else:
                drafts[-1].add(line)
        elif self._begins(line, label):
            self._begin(line, drafts[-1].marker if drafts[-1].marker.family == ROW else INTRO)
        else:
            drafts[-1].add(line)
        if label:
            drafts[-1].labels.add(label)

    def _is_bulleted_label(self, line: Line) -> bool:
        """Whether a bullet stands before a label: - **牵头单位**：市工信局"""
        if line.marker is None or line.marker.family != "bullet":
            return False
        label = label_of(line.text[len(line.marker.text) :].replace("**", ""))
        return label is not None and read_column(label) is not None

    def _is_label(self, label: str | None) -> bool:
        """Whether a word before a colon says what the rest of its line is: the head of a column, or
        a word that others lines begin with too."""
        return label is not None and (read_column(label) is not None or self._labels[label] > 1)

    def _is_note(self, label: str | None) -> bool:
        return (
            label is not None and label in _label_words(LabelKind.NOTE) and self._labels[label] == 1
        )

    def _begins(self, line: Line, label: str | None) -> bool:
        """Whether a line begins a paragraph, after one without number."""
        draft = self.body.drafts[-1]
        leads = line.text.endswith(("：", ":")) and not names_units(label or "")
        if self._is_label(label) and not leads:
            return label in draft.labels
        if self._is_label(label_of(draft.last)):
            return True
        if leads:
            return True
        if not draft.tail and draft.last.endswith(("：", ":")) and len(draft.last) <= _HEADING:
            return False  # 会议要求：
        return not self._numbered or not ends_open(draft.last)

    def _is_heading(self, line: Line, label: str | None, following: Marker | None) -> bool:
        """Whether a short line is the heading of the numbering that begins anew after it."""
        drafts = self.body.drafts
        bare = line.text.rstrip("：:")
        return (
            following is not None
            and following.ordinal == 1
            and drafts[-1].numbered
            and (
                following.family in self._last
                or drafts[-1].marker.family in CONTEXTUAL
                or _RANK[following.family] < _RANK[drafts[-1].marker.family]
            )
            and len(bare) <= _HEADING
            and not re.search(r"[。；;，,：:、]", bare)
            and (not self._is_label(label) or self._labels[label or ""] == 1)
            and not names_units(bare)
        )

    def _end(self, line: Line) -> None:
        if line.kind is LineKind.MEMBERS or (self._numbered and not self._last):
            self._retract()
            self._ended = line.kind if line.kind is LineKind.MEMBERS else None
            self._after_end = []
            return
        if self._ended is None:
            self._ended, self._after_end = line.kind, []
        self._after_end.append(line)

    def _resume(self) -> None:
        """What looked like the end was none: its lines belong to the clause before."""
        for line in self._after_end:
            drafts = self.body.drafts
            aside = line.kind in (LineKind.FURNITURE, LineKind.PRESENT)
            if aside or not drafts or line.start < drafts[-1].end:
                continue
            if self._numbered or line.kind is LineKind.CLOSING:
                self.body.drafts[-1].add(line)
            elif line.kind in _FLOWING:
                self._text(line, None)
        self._ended, self._after_end = None, []

    def _finish(self) -> None:
        if self._ended is None:
            return
        more = sum(1 for line in self._after_end if line.kind in _FLOWING)
        if not self._numbered and self._ended is LineKind.CLOSING and more > _MORE:
            self._resume()
        elif self._ended is not LineKind.MEMBERS:
            self._retract()

    def _retract(self) -> None:
        """Give back the signature at the end of the text."""
        drafts = self.body.drafts
        if drafts:
            drafts[-1].retract()
        while len(drafts) > 1 and drafts[-1].marker is INTRO and is_signatory(drafts[-1].first):
            if drafts[-1].tail:
                break
            drafts.pop()


def _bearers_of(lines: Sequence[Line]) -> frozenset[int]:
    """Where paragraphs without a number begin that are the items of a list: each begins with bodies
    and a colon (县气象局：负责…). One between such that begins with another name and a colon is one too."""
    found: set[int] = set()
    run: list[tuple[int, bool]] = []  # the lines with a name before a colon, and whether bodies
    for line in (*lines, None):
        if line is not None and line.marker is None and line.kind in _FLOWING:
            if not line.goes_on and (named := _begins_with(line.text)) is not None:
                run.append((line.start, named))
            continue
        sure = [place for place, (_, named) in enumerate(run) if named]
        if len(sure) > 1:
            found.update(start for start, _ in run[sure[0] : sure[-1] + 1])
        run = []
    return frozenset(found)


def _begins_with(text: str) -> bool | None:
    """Whether what stands before the colon of a paragraph are bodies, or may be a body; None for
    paragraphs without, those that say nothing after it, and those that begin with a label."""
    colon = text.replace(":", "：").find("：", 0, _LONGEST_ADDRESS)
    if colon < 0 or len(text) - colon <= _SAID or read_column(text[:colon]) is not None:
        return None
    names = text[:colon]
    parties = [p for p in find_parties(names) if p.class_ not in _NO_BEARERS or p.determined]
    letters = sum(1 for character in names if character.isalnum())
    if parties and sum(p.end - p.start for p in parties) >= _BODIES * letters:
        return True
    return False if label_of(text) is not None else None


def label_of(line: str) -> str | None:
    """The word before the colon with which a line begins.

    >>> label_of("办结时限：6月底前"), label_of("会议指出，去年以来：")
    ('办结时限', None)
    """
    match = _LABEL.match(line)
    return match[1] if match else None


def is_addressed(line: str) -> bool:
    """Whether a line names to whom the text is addressed: 各镇乡人民政府：, but not a sentence that
    leads to items (…现将有关事项通知如下：)."""
    if not line.endswith(("：", ":")) or len(line) > _LONGEST_ADDRESS or _LEADS.search(line):
        return False
    if line.startswith(_label_words(LabelKind.ADDRESSED)) and len(line) <= _HEADING:
        return True
    return sum(p.end - p.start for p in find_parties(line)) >= _ADDRESSED * len(line)


def row_draft(line: Line, *, apart: bool) -> Draft:
    """A row of a table; its number is that of its first cell, or of the duty in it."""
    duty = duty_of(line.text, line.row.cells if line.row else ())
    own = find_marker(line.text)
    number = re.match(r"\d{1,4}(?=\t)", line.text)
    ordinal = int(number.group()) if number else own.ordinal if own else None
    marker = Marker(own.text if own else "", ROW, ordinal)
    heading = heading_of(duty[len(marker.text) :] if duty.startswith(marker.text) else duty)
    return Draft(marker, line.start, [line.end], line.text, heading=heading, apart=apart)


def _rank_of_bullet(line: Line) -> float | None:
    """A bullet before a sentence is the item of a list, below all that is numbered; before a
    heading its depth is that of the place where it stands."""
    if line.marker is None or line.marker.family != "bullet":
        return None
    heading = len(line.text) <= _HEADING and ends_open(line.text)
    return None if heading else RANK["bullet"]


def rank_of(draft: Draft, known: dict[str, float], above: float | None) -> float:
    """The depth of a clause.

    Args:
        draft: the clause.
        known: the depth of each kind of block of this plan so far; a new one is added.
        above: of the clause before it.
    """
    if draft.rank is not None:
        return draft.rank
    family = draft.marker.family
    if family not in CONTEXTUAL:
        return _RANK[family]
    kind = re.sub(rf"[\d{HUNDREDS}\s:：.．、]", "", draft.marker.text)
    return known.setdefault(kind, TOP if above is None else above + 0.4)


def heading_of(text: str) -> str:
    """The lead sentence of a clause without its full stop; a long one is cut at a comma."""
    bare = text.replace("**", "").strip().lstrip("，,：:、 \u3000")
    first = re.split(r"[。\n]", bare, maxsplit=1)[0].strip()
    if len(first) <= _LONGEST_HEADING:
        return first.rstrip("：:")
    return re.split(r"[,，;；:：]", first, maxsplit=1)[0][: _LONGEST_HEADING * 2]


def _goes_on(last: dict[str, int | None], marker: Marker, ended: LineKind) -> bool:
    """Whether a numbered line after what looked like the end goes on with the numbering before
    it, so that it was none. Attachments are numbered with digits of their own."""
    if ended is LineKind.ATTACHMENT and marker.family not in _HEADINGS:
        return False
    before = last.get(marker.family)
    return before is not None and marker.ordinal == before + 1
