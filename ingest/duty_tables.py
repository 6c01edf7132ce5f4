"""Tables that divide up duties: which words head their columns, which lines are their rows.

A row is a line with tabs between its cells; the head names who is responsible.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from kb.language.roles import RoleWordKind, best_role_words, find_role_words
from kb.lexicon import WordEntry, load_lexicon

_BODIES = ("单位", "部门", "主体", "处室", "科室", "股室")
_FIRST = ("主要", "第一", "总")
_NOTE = re.compile(r"\s|[(（][^()（）]*[)）]")
_YEAR = re.compile(r"(?:19|20)\d\d年度?")
_BEFORE = 8
"""Characters that may stand before the word that names a column (完成|时限)."""
_SHARE = 0.65
"""Of the cells of a head, those whose words are known: a column or two may be named otherwise, the
cells of labels with their values are half."""
_LEAST_CELLS = 2
_LEAST_WORDS = 5
"""Characters of a cell that may say what is to be done; 序号 and 3月 have fewer."""
_LONGEST_HEAD = 200
"""Characters; a row that names its columns is short."""


def names_units(words: str) -> str | None:
    """The head of a column that holds units, without white space and what it says in brackets;
    None for another.

    >>> names_units("主要责任 单位（排第一的牵头）"), names_units("任务")
    ('责任单位', None)
    """
    bare = _NOTE.sub("", words)
    body = next((body for body in _BODIES if bare.endswith(body)), None)
    if body is None:
        return None
    first = next((word for word in _FIRST if bare.startswith(word)), "")
    stem = bare[len(first) : -len(body)]
    roles = best_role_words(find_role_words(stem))
    whole = sum(r.end - r.start for r in roles if r.kind == RoleWordKind.ROLE) == len(stem)
    return bare.removeprefix("主要") if stem and whole else None


@lru_cache
def column_heads() -> tuple[str, ...]:
    """What heads the columns that hold no units."""
    entries = load_lexicon("column_heads", WordEntry)
    return tuple(word for entry in entries for word in entry.words)


def names_column(words: str) -> bool:
    """Whether a cell heads a column that holds no units (`column_heads`, or a year); the value of
    a label (责任单位, 区教委) heads none."""
    named = any(words.endswith(w) and len(words) - len(w) <= _BEFORE for w in column_heads())
    return named or _YEAR.fullmatch(words) is not None


def is_head(line: str) -> bool:
    """Whether a line is the head of such a table."""
    if "\t" not in line or len(line) > _LONGEST_HEAD or "。" in line:
        return False
    cells = [bare for cell in line.split("\t") if (bare := _NOTE.sub("", cell))]
    if len(cells) < _LEAST_CELLS or not any(names_units(cell) for cell in cells):
        return False
    known = sum(1 for cell in cells if names_units(cell) or names_column(cell))
    return known >= _SHARE * len(cells)


def find_rows(lines: Sequence[str]) -> tuple[set[int], set[int]]:
    """(indices of the heads, indices of the rows under them) among the lines of a text; a table
    ends with its last line that has cells."""
    heads: set[int] = set()
    rows: set[int] = set()
    inside = False
    for index, line in enumerate(lines):
        if is_head(line):
            heads.add(index)
            inside = True
        elif inside and "\t" in line:
            rows.add(index)
        else:
            inside = False
    return heads, rows


def duty_of(row: str) -> str:
    """What a row asks for: its first cell of words that are no units; the whole row where there
    is none."""
    cells = [cell.strip() for cell in row.split("\t")]
    return next((c for c in cells if len(c) >= _LEAST_WORDS and not c.startswith("（")), row)
