"""What stands around a quantity of a clause: the named structural features by which its use (target,
standard, condition, nothing) is decided.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from functools import lru_cache

from ingest.columns import NO_CELLS, Cells, time_of
from ingest.surroundings import PARTS, STOPS, Surroundings, crossed, label_of
from kb.language.engine import Grammar, Token, best
from kb.language.quantities import Quantity
from kb.language.times import Time, TimeKind, find_times
from kb.lexicon import WordEntry, load_lexicon

_FAR = 60
"""Characters of a sentence looked at on each side."""


class Around(StrEnum):
    """What a word near a quantity, or in the title of its document, says of it."""

    BUILD = "build"  # its object is counted: 新建
    REACH = "reach"  # leads to a level: 达到
    GIVE = "give"  # an amount is given: 补助
    PENALTY = "penalty"
    PAST = "past"
    APPLY = "apply"  # says whom something applies to: 年满
    RULE = "rule"  # a rule or a parameter: 有效期
    NOUN_AFTER = "noun-after"  # the quantity is an attribute: 以上的企业
    MONEY_AFTER = "money-after"
    FROM = "from"  # what follows is what was: 由60%提高到85%
    RATE = "rate"  # the end of a name of what is measured: 覆盖率
    AMOUNT = "amount"
    SIZE = "size"
    SPAN = "span"
    AGAINST = "against"  # a time with which it is compared follows: 比2025年
    EACH = "each"  # what it is given for follows: 每缺1人扣2分
    OPEN = "open"  # begins the words that say to whom or what a rule applies: 对, 凡
    CLOSE = "close"  # ends them: 的, 时
    REVIEW = "part-review"  # a part that tells what was
    AHEAD = "part-ahead"
    TERMS = "part-terms"  # a part that says to whom or what something applies: 申报条件
    PLAN = "genre-plan"
    RULES = "genre-rule"
    NOTICE = "genre-notice"
    REPORT = "genre-report"
    RECORD = "record"  # names a document that tells what was, and asks for nothing: 统计公报


class AroundWords(WordEntry):
    """Words of a kind, with sentences in which they are that and in which they are not."""

    kind: Around


_GENRES = frozenset({Around.PLAN, Around.RULES, Around.NOTICE, Around.REPORT})
_RECORD = frozenset({Around.RECORD})
_PARTS = frozenset({Around.REVIEW, Around.AHEAD, Around.TERMS})
_MEASURED = frozenset({Around.RATE, Around.AMOUNT, Around.SIZE, Around.SPAN})
_FRAME = frozenset({Around.OPEN, Around.CLOSE, Around.FROM, Around.EACH, Around.AGAINST})
_BESIDE = frozenset(Around) - _GENRES - _PARTS - _MEASURED - _FRAME - _RECORD
"""Words of different sets may share their characters: each set is looked for by itself."""


@lru_cache
def _grammar(kinds: frozenset[Around]) -> Grammar:
    entries = load_lexicon("quantity_contexts", AroundWords)
    return Grammar.of(e for e in entries if e.kind in kinds)


def _find(text: str, kinds: frozenset[Around]) -> list[Token]:
    return best(_grammar(kinds).words_in(text), frozenset(kind.value for kind in kinds))


def find_around(text: str) -> list[Token]:
    """The words of `text` that say something of the numbers near them or, in a title or a heading,
    of the kind of its document or part."""
    return [
        token
        for kinds in (_BESIDE, _GENRES, _PARTS, _MEASURED, _FRAME, _RECORD)
        for token in _find(text, kinds)
    ]


def ends_measured(words: str) -> int:
    """How many characters at the end of a name say what is measured (覆盖|率); 0 where none does."""
    return max((t.end - t.start for t in _tails(words)), default=0)


def _tails(words: str) -> list[Token]:
    last = words[-_SUFFIX:]
    return [t for t in _grammar(_MEASURED).words_in(last) if t.end == len(last)]


@lru_cache(maxsize=64)
def genre_of(title: str) -> str:
    """What kind of document a title names, by its last word that says so; - where none does."""
    found = _find(title, _GENRES)
    wholes = [t for t in found if t.kind != Around.NOTICE] or found
    return wholes[-1].kind if wholes else "-"


@lru_cache(maxsize=256)
def part_of(heading: str) -> str:
    """What kind of part a heading opens, by its last word that says so; - where none does."""
    found = _find(heading, _PARTS)
    return found[-1].kind if found else "-"


@lru_cache(maxsize=256)
def _year_of(heading: str, issued: date) -> str:
    """Whether the first time that a heading names had passed when the document was issued."""
    day = next((t.last for t in find_times(heading, reference=issued) if t.last), None)
    return "none" if day is None else "past" if day < issued else "coming"


class QuantityScene(Surroundings):
    """A clause's text with its quantities and times. `issued` is the document's day, `title` what
    it or its plan is called, `heading` the headings above the clause, `own` its own, `lead` the
    words that introduce it (应当具备下列条件：); `cells` of the row that it is."""

    def __init__(
        self,
        text: str,
        quantities: Sequence[Quantity],
        times: Sequence[Time],
        *,
        issued: date | None,
        title: str,
        heading: str,
        own: str = "",
        lead: str = "",
        preamble: bool = False,
        cells: Cells = NO_CELLS,
    ) -> None:
        super().__init__(text, _find(text, _BESIDE), _FAR)
        self._cells = cells
        self._frame = Surroundings(text, _find(text, _FRAME), _FAR)
        self._compared = {
            w.end for w in self._frame.words if w.kind in (Around.FROM, Around.AGAINST)
        }
        self._measured = {word.end: word.kind for word in _find(text, _MEASURED)}
        self.part = next((p for h in (own, heading) if (p := part_of(h)) != "-"), "-")
        self.lead = part_of(lead) if lead else "-"
        years = (_year_of(h, issued) for h in (own, heading) if issued and h)
        self.part_time = next((year for year in years if year != "none"), "none")
        self._preamble = preamble
        self.quantities = quantities
        self.times = times
        self.issued = issued
        self.genre = genre_of(title)
        self.record = bool(_find(title, _RECORD))
        self.heading = genre_of(heading) if heading else "-"
        self._starts = [q.start for q in quantities]
        self._time_starts = [t.start for t in times]

    def recorded(self, place: int) -> bool:
        """Whether the quantity at `place` is told by a document that only records: no year to come
        is printed before it in its sentence, or at the head of its column."""
        if not self.record:
            return False
        q = self.quantities[place]
        begin = self.edge_before(q.from_, STOPS)
        low, high = (bisect_left(self._time_starts, at) for at in (begin, q.start))
        times = [*self.times[low:high]]
        if (cell := self._cells.at(q.start)) and (head := time_of(cell.column, self.issued)):
            times.append(head)
        years = (t.last for t in times if t.printed_year)
        return not any(day and (self.issued is None or day > self.issued) for day in years)

    def features(self, place: int) -> list[str]:
        """The features of the quantity at `place`, and those of two together."""
        found = list(self._features(place))
        return [*found, *crossed(found, _CROSSED)]

    def _features(self, place: int) -> Iterator[str]:
        q, text = self.quantities[place], self.text
        yield f"form={q.form.value}"
        yield f"measure={q.kind.value if q.kind else 'form' if q.measured else 'none'}"
        yield f"bound={q.comparator.value if q.comparator else 'none'}"
        yield f"genre={self.genre}"
        yield f"heading={self.heading}"
        if self._preamble:
            yield "place=preamble"
        yield f"label={part_of(label_of(self.text, q.start))}"
        for name in ("approximate", "chinese", "growth", "measured"):
            if getattr(q, name):
                yield name
        if q.per:
            yield "per"
        if q.of:
            yield "of"
        yield f"end={q.role or '-'}"
        size = abs(q.value)
        yield f"size={'small' if size < 5 else 'ten' if size < 10 else 'hundred' if size < 100 else 'large'}"
        part, stop = self.edge_before(q.from_, PARTS), self.edge_after(q.until, PARTS)
        begin, end = self.edge_before(q.from_, STOPS), self.edge_after(q.until, STOPS)
        before = self.words_from(part, q.start)
        yield f"word-before={before[-1].kind if before else '-'}"
        near = [w.kind for w in before if w.end >= q.from_ - 2]
        yield f"just-before={near[-1] if near else '-'}"
        after = self.words_from(q.end, stop)
        yield f"word-after={after[0].kind if after else '-'}"
        following = [w.kind for w in after if w.start <= q.until + 1]
        yield f"just-after={following[0] if following else '-'}"
        for kind in sorted({w.kind for w in self.words_from(begin, q.start)}):
            yield f"sentence-before:{kind}"
        for kind in sorted({w.kind for w in self.words_from(q.end, end)}):
            yield f"sentence-after:{kind}"
        yield f"left={_class_of(text[q.from_ - 1 : q.from_])}"
        yield f"right={_class_of(text[q.until : q.until + 1])}"
        yield f"time={self._time(begin, q.start)}"
        bracket = text.rfind("(", max(0, q.start - 60), q.start)
        yield f"bracket={'yes' if bracket > text.rfind(')', max(0, q.start - 60), q.start) else 'no'}"
        quoted = text.count(_QUOTE, part, q.start) % 2
        yield f"quoted={'yes' if quoted else 'no'}"
        cell = text[max(0, q.from_ - 1) : q.from_] in _CELL and text[q.until : q.until + 1] in _CELL
        yield f"cell={'yes' if cell else 'no'}"
        others = bisect_left(self._starts, end) - bisect_left(self._starts, begin)
        yield f"others={'one' if others == 1 else 'few' if others < 4 else 'many'}"
        previous = self.quantities[place - 1] if place else None
        same = previous is not None and previous.start >= begin and previous.measure == q.measure
        yield f"series={'yes' if same else 'no'}"
        yield from self._structure(q, place, part, stop, begin, end)

    def _structure(
        self, q: Quantity, place: int, part: int, stop: int, begin: int, end: int
    ) -> Iterator[str]:
        """Its part of the document, its column, how its phrase opens and closes, what follows."""
        yield f"part={self.part}"
        yield f"lead={self.lead}"
        yield f"part-time={self.part_time}"
        yield f"clause-time={self._time(0, q.start)}"
        yield f"time-here={self._time_here(q)}"
        if (cell := self._cells.at(q.start)) is not None:
            yield from self._cells.features(q.start)
            timed = time_of(cell.column, self.issued) is not None
            yield f"column-year={'yes' if timed else 'no'}"
        yield f"measured={self._name_before(q)}"
        frame = self._frame
        opened = frame.word_at(part)
        yield f"opening={opened.kind if opened else '-'}"
        yield f"closing={self._closing(q.until, stop)}"
        origin = [w for w in frame.words_from(part, q.start) if w.kind == Around.FROM]
        yield f"from={'yes' if origin else 'no'}"
        yield f"move={q.role if q.role in ('before', 'after') else '-'}"
        previous = self.quantities[place - 1] if place else None
        following = self.quantities[place + 1] if place + 1 < len(self.quantities) else None
        ended, begun = q.until > q.end, q.from_ < q.start
        yield f"bound-at={'both' if ended and begun else 'after' if ended else 'before' if begun else '-'}"
        each = [w for w in frame.words_from(q.from_ - _EACH, q.from_) if w.kind == Around.EACH]
        yield f"each={'-' if not each else 'at' if each[-1].end == q.from_ else 'near'}"
        yield f"previous={self._beside(previous, begin, end, part, stop)}"
        yield f"next={self._beside(following, begin, end, part, stop)}"
        rest = self.words_from(stop, end)
        yield f"then={rest[0].kind if rest else '-'}"
        label = self._label(part)
        yield f"label={part_of(label) if label else 'none'}"

    def _label(self, part: int) -> str:
        """The words before the colon that opens its part."""
        if part < 1 or self.text[part - 1] != _COLON:
            return ""
        return self.text[self.edge_before(part - 1, PARTS) : part - 1][-_LABEL:]

    def _time_here(self, q: Quantity) -> str:
        """Which time it is, or is part of: 3个工作日内."""
        place = bisect_right(self._time_starts, q.start) - 1
        if place < 0 or self.times[place].end <= q.start:
            return "none"
        time = self.times[place]
        return f"{time.kind.value}/{time.bound.value}"

    def _name_before(self, q: Quantity) -> str:
        """The end of the name of what is measured that stands just before it."""
        at = q.from_
        return next((self._measured[e] for e in range(at, at - 3, -1) if e in self._measured), "-")

    def _closing(self, until: int, stop: int) -> str:
        """How the phrase closes in which it stands, how far from it, and what follows there."""
        for word in self._frame.words_from(until, stop):
            if word.kind != Around.CLOSE:
                continue
            near = "at" if word.start == until else "near" if word.start - until < _NEAR else "far"
            after = self.word_at(word.end)
            what = "stop" if word.end >= stop else after.kind if after else "word"
            return f"{near}/{what}"
        return "-"

    def _beside(self, other: Quantity | None, begin: int, end: int, part: int, stop: int) -> str:
        """A neighbour of the sentence: what it measures, and whether it stands in the same part."""
        if other is None or not begin <= other.start < end:
            return "-"
        same = "same" if part <= other.start < stop else "other"
        return f"{other.kind.value if other.kind else 'none'}/{same}"

    def _time(self, begin: int, at: int) -> str:
        """What kind of time governs a place: the nearest before it in its sentence, and whether it
        had passed when the document was issued; not one that it is compared with."""
        place = bisect_right(self._time_starts, at) - 1
        for _ in range(_COMPARED):
            if place >= 0 and self._time_starts[place] in self._compared:
                place -= 1
        if place < 0 or self.times[place].start < begin:
            return "none"
        time = self.times[place]
        if time.kind is TimeKind.RECURRING:
            return "recurring"
        if time.last is None and time.first is None:
            return "length"
        if self.issued is None:
            return "dated"
        day = time.last or time.first
        return "past" if day is not None and day < self.issued else "coming"


_QUOTE = '"'
_COMPARED = 2
"""Times one after the other with which a number is compared: 由2020年的38%, 较2024年."""
_COLON = ":"
_SUFFIX = 4
"""Characters of the longest word that ends a name of what is measured."""
_LABEL = 16
"""Characters of a label before its colon."""
_EACH = 4
"""Characters between 每 and the number of what is given for (每缺1人)."""
_NEAR = 8
"""Characters between a quantity and the word that closes its phrase (50万元以上且经验收合格|的)."""
_CELL = ("", "\n", "\t", "|", " ")
# With what the document is crossed nothing: of 120 issuers too few share a kind and a feature; targets
# with the issuer left out rose from .882 to .893 without.
_CROSSED = (
    ("form", "bound"), ("measure", "bound"), ("word-before", "word-after"), ("word-before", "bound"),
    ("word-before", "measure"), ("word-before", "time"), ("word-after", "bound"), ("word-after", "measure"),
    ("just-before", "bound"), ("just-before", "just-after"), ("just-after", "bound"), ("time", "bound"),
    ("time", "form"), ("left", "right"), ("right", "bound"), ("size", "measure"), ("cell", "measure"),
    ("quoted", "size"), ("left", "size"), ("right", "measure"), ("heading", "bound"), ("closing", "bound"),
    ("closing", "opening"), ("closing", "then"), ("part", "bound"), ("lead", "bound"), ("column", "cell"),
    ("column-year", "column"), ("move", "time"), ("part-time", "time"), ("time-here", "closing"),
    ("bound-at", "closing"), ("each", "measure"), ("next", "closing"), ("measured", "bound"),
    ("measured", "measure"), ("label", "bound"), ("bound", "size"), ("cell", "measured"),
)  # fmt: skip


def _class_of(character: str) -> str:
    if not character:
        return "edge"
    if character in "。;!?\n":
        return "stop"
    if character in "\t| ":
        return "cell"
    if character in "的":
        return "of"
    if character in ",:、()":
        return {",": "comma", ":": "colon", "、": "list", "(": "open", ")": "close"}[character]
    if "一" <= character <= "龥":
        return "word"
    if character.isascii() and character.isalnum():
        return "latin"
    return "mark"
