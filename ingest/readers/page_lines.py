"""Characters with boxes → lines in the order of reading: doubles dropped, columns one after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ingest.readers.page_content import GlyphRun
from ingest.readers.source import Box

_SAME_LINE = 0.45
"""Of the larger font's em: by how much the middles of two runs of a line may differ. Lines stand 1.2
em apart at least; raised and lowered characters differ by a third."""
_SAME_PLACE = 0.12
"""Of the em: bold that is drawn twice is moved by less (0.02 to 0.1 in files of office programs);
and by less than half of its own width, as `tt` are two."""
_HAN_GAP, _MIXED_GAP, _LATIN_GAP = 0.7, 0.8, 0.18
"""Of the em: room that is a blank as printed. Between Chinese and Latin characters programs put a
quarter by themselves, a typed blank of a Latin font is a half and no blank of Chinese text."""
_TYPED_GAP, _HALF_GAP = 0.2, 0.4
"""The same between Chinese characters where a blank is typed, and where the characters before it or
after it stand close together: evenly spread characters have no blanks."""
_CLOSE = 0.1
_GUTTER = 0.95
"""Of the em: the least room between two columns (browsers put one em)."""
_LEAST_ROWS = 3
_LEAST_CHARACTERS = 6
_FULL, _FULL_ALIKE, _LONG = 0.35, 0.1, 10
"""Of the lines of a column of text, those that reach its edge; the same where two columns of ten lines
or more are equally wide."""


@dataclass(slots=True)
class Line:
    """Runs side by side, from left to right, with the box around them and the commonest size."""

    page: int
    runs: list[GlyphRun]
    region: int = 0
    alone: bool = False
    """Whether it is a paragraph of its own."""
    left: float = field(init=False)
    top: float = field(init=False)
    right: float = field(init=False)
    bottom: float = field(init=False)
    size: float = field(init=False)

    def __post_init__(self) -> None:
        boxes = [run.box for run in self.runs]
        self.left = min(box.left for box in boxes)
        self.top = min(box.top for box in boxes)
        self.right = max(box.right for box in boxes)
        self.bottom = max(box.bottom for box in boxes)
        sizes: dict[float, int] = {}
        for run in self.runs:
            sizes[run.size] = sizes.get(run.size, 0) + len(run.text)
        self.size = max(sizes, key=lambda size: (sizes[size], size))

    @property
    def middle(self) -> float:
        """The height in the middle of the line."""
        return (self.top + self.bottom) / 2

    @property
    def bold(self) -> bool:
        """Whether all of it is bold."""
        return all(run.bold for run in self.runs)

    def pieces(self) -> Iterator[tuple[str, GlyphRun | None]]:
        """Its runs, and a blank (without a run) where one is printed."""
        before: GlyphRun | None = None
        for run in self.runs:
            if before is not None and blank_between(before, run):
                yield " ", None
            yield run.text, run
            before = run

    @property
    def text(self) -> str:
        """Its characters, with the blanks as printed."""
        return "".join(words for words, _ in self.pieces())


def is_narrow(character: str) -> bool:
    """Whether words of such characters are parted by blanks: Latin letters, figures and their marks."""
    return character < "\u2000"


def are_words(last: str, first: str) -> bool:
    """Whether a blank stands between the last character of a line and the first of the next: between
    words of Latin letters. Lines of Chinese text may break inside a number.

    >>> are_words("f", "t"), are_words("2", "0"), are_words("0", "."), are_words(",", "("), are_words("章", "a")
    (True, False, False, False, False)
    """
    if not (is_narrow(last) and is_narrow(first)):
        return False
    if first.isalpha():
        return last.isalnum() or last in ",.;:!?)"
    return last.isalpha() and (first.isdigit() or first == "(")


def blank_between(before: GlyphRun, after: GlyphRun) -> bool:
    """Whether a blank is printed between two runs of a line."""
    gap = (after.box.left - before.box.right) / min(before.size, after.size)
    narrow = is_narrow(before.text[-1]) + is_narrow(after.text[0])
    if narrow:
        return gap >= (_HAN_GAP, _MIXED_GAP, _LATIN_GAP)[narrow]
    if after.blank:
        return gap >= _TYPED_GAP
    return gap >= _HAN_GAP or (gap >= _HALF_GAP and (_is_close(before) or _is_close(after)))


def _is_close(run: GlyphRun) -> bool:
    width = run.box.right - run.box.left
    return len(run.text) > 1 and width < (1 + _CLOSE) * run.size * len(run.text)


_NEVER_FIRST = frozenset("、，。；：！？）》〉」』】〕％…—,.;:!?)]}%")
_NEVER_LAST = frozenset("（《〈「『【〔([{")
_BINDING = frozenset("“”‘’\"'")
"""Marks that bind what stands at both sides of them (class QU of UAX #14)."""
_INFIX = frozenset(",.:;/")
"""Marks between figures that part them no more than letters do (UAX #14, LB 25): 0.45, 1/3."""


def first_unit(line: Line) -> float:
    """The width of what moves to the next line as a whole at the start of a line: a Chinese character
    with the marks that may not begin a line, a word of Latin letters."""
    width, latin = 0.0, False
    wanted = True
    for run in line.runs:
        each = (run.box.right - run.box.left) / len(run.text)
        for character in run.text:
            word = is_narrow(character) and character.isalnum()
            latin = latin and (word or character in _INFIX)
            bound = character in _NEVER_FIRST or character in _BINDING
            if not wanted and not bound and not latin:
                return width
            latin = latin or word
            wanted = character in _NEVER_LAST or character in _BINDING
            width += each
        if width > 10 * line.size:
            break
    return width


def drop_doubles(runs: Iterable[GlyphRun]) -> list[GlyphRun]:
    """Without what is drawn a second time at the same place."""
    found: list[GlyphRun] = []
    seen: dict[tuple[str, int, int], list[Box]] = {}
    for run in runs:
        near = max(0.1, min(run.size * _SAME_PLACE, (run.box.right - run.box.left) * 0.45))
        x, y = int(run.box.left // near), int(run.box.top // near)
        around = (
            box
            for i in (x - 1, x, x + 1)
            for j in (y - 1, y, y + 1)
            for box in seen.get((run.text, i, j), ())
        )
        if any(
            abs(box.left - run.box.left) < near and abs(box.top - run.box.top) < near
            for box in around
        ):
            continue
        seen.setdefault((run.text, x, y), []).append(run.box)
        found.append(run)
    return found


def find_rows(page: int, runs: Iterable[GlyphRun]) -> list[Line]:
    """Runs of the same height, from the top of the page to its bottom."""
    rows: list[list[GlyphRun]] = []
    anchor, size = 0.0, 0.0
    for run in sorted(runs, key=lambda run: (run.box.top + run.box.bottom, run.box.left)):
        middle = (run.box.top + run.box.bottom) / 2
        if rows and middle - anchor < _SAME_LINE * max(size, run.size):
            rows[-1].append(run)
            if run.size > size:
                anchor, size = middle, run.size
        else:
            rows.append([run])
            anchor, size = middle, run.size
    return [Line(page, sorted(row, key=lambda run: (run.box.left, run.box.top))) for row in rows]


def in_reading_order(
    rows: Sequence[Line], regions: Iterator[int], gutters: list[float] | None = None
) -> list[Line]:
    """The lines of a page in the order of reading: where text stands in columns, or in a box at the
    side, one column after another.

    Args:
        rows: from top to bottom, over the whole width.
        regions: numbers that are given to columns (`Line.region`); lines outside columns have 0.
        gutters: where the columns of the pages before part; those of this page are added.
    """
    known = gutters if gutters is not None else []
    found: list[Line] = []
    place, free = 0, 0
    while place < len(rows):
        if band := _find_band(rows, place, known):
            last, low, high = band
            first = place
            while first > free and _stands_beside(rows[first - 1], low, high):
                first -= 1
                found.pop()
            cut = (low + high) / 2
            known.append(cut)
            for side in _split(rows[first:last], cut):
                region = next(regions)
                for line in in_reading_order(side, regions):
                    line.region = line.region or region
                    found.append(line)
            place = free = last
        else:
            found.append(rows[place])
            place += 1
    return found


def _stands_beside(row: Line, low: float, high: float) -> bool:
    """Whether a row has text at both sides of a gutter and none in it."""
    return row.left < low and row.right > high and _room(row, low, high) is not None


def _find_band(
    rows: Sequence[Line], first: int, known: Sequence[float]
) -> tuple[int, float, float] | None:
    """Where the columns end that begin at a row, and the edges of the gutter between them."""
    seed = rows[first]
    gaps = [
        (a.box.right, b.box.left)
        for a, b in zip(seed.runs, seed.runs[1:], strict=False)
        if b.box.left - a.box.right >= _GUTTER * seed.size
    ]
    if first + 1 < len(rows):
        after = rows[first + 1]
        low, high = (seed, after) if seed.right < after.left else (after, seed)
        if (
            high.left - low.right >= _GUTTER * seed.size
            and after.middle - seed.middle < 0.9 * seed.size
        ):
            gaps.append((low.right, high.left))
    for low_edge, high_edge in gaps[:4]:
        low_x, high_x, last = low_edge, high_edge, first
        while last < len(rows) and (room := _room(rows[last], low_x, high_x)):
            low_x, high_x = room
            last += 1
        left, right = _split(rows[first:last], (low_x + high_x) / 2)
        alike = _are_alike(left, right)
        again = any(low_x < cut < high_x for cut in known) and left and right
        if again or (_is_prose(left, alike) and _is_prose(right, alike)):
            return last, low_x, high_x
    return None


def _room(row: Line, low: float, high: float) -> tuple[float, float] | None:
    """What a row leaves free of a gutter."""
    for run in row.runs:
        if run.box.right > low and run.box.left < high:
            if run.box.left - low >= high - run.box.right:
                high = run.box.left
            else:
                low = run.box.right
    return (low, high) if high - low >= 0.8 * row.size else None


def _split(rows: Sequence[Line], cut: float) -> tuple[list[Line], list[Line]]:
    left, right = [], []
    for row in rows:
        if row.right <= cut:
            left.append(row)
        elif row.left >= cut:
            right.append(row)
        else:
            left.append(Line(row.page, [run for run in row.runs if run.box.left < cut]))
            right.append(Line(row.page, [run for run in row.runs if run.box.left >= cut]))
    return left, right


def _are_alike(left: Sequence[Line], right: Sequence[Line]) -> bool:
    """Whether two columns are long and equally wide, as those of a page set in columns are."""
    if min(len(left), len(right)) < _LONG:
        return False
    wide = [
        max(line.right for line in side) - min(line.left for line in side) for side in (left, right)
    ]
    return abs(wide[0] - wide[1]) < 1.5 * left[0].size


def _is_prose(lines: Sequence[Line], alike: bool) -> bool:
    """Whether a column is running text: lines that are full, one below another; labels before values and
    cells of a table end anywhere. `alike`: whether the column beside it is as wide."""
    if len(lines) < _LEAST_ROWS:
        return False
    edge = max(line.right for line in lines)
    full = sum(line.right > edge - 1.2 * line.size for line in lines)
    characters = sum(len(run.text) for line in lines for run in line.runs)
    least = max(_LEAST_ROWS, (_FULL_ALIKE if alike else _FULL) * len(lines))
    return full >= least and characters >= _LEAST_CHARACTERS * len(lines)
