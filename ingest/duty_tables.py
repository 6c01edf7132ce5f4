"""Tables that divide up duties: which words head their columns, which lines are their rows.

A row is a line with tabs between its cells; the head names who is responsible.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_WHO = re.compile(
    r"(?:主要|第一|总)?(?:责任|牵头|主责|主办|承办|协办|配合|协助|协同|协作|参与|参加|落实|负责|实施|完成|会办|督办|督导|监督|指导)"
    r"(?:责任|负责)?(?:单位|部门|主体|处室|科室|股室)(?:[(（][^()（）]{1,10}[)）])?"
)
_COLUMN = re.compile(
    r".{0,8}(?:序号|编号|任务|事项|内容|工作|措施|举措|目标|指标|时限|时间|期限|节点|进度|安排|要求|备注|项目|名称|来源|领导"
    r"|责任人|负责人|联系人|类别|分类|条款|依据|成果|标准|说明|清单|问题)|(?:19|20)\d\d年度?"
)
"""What heads the other columns; the value of a label (责任单位, 区教委) is none of these."""
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
    bare = re.sub(r"\s", "", words)
    if _WHO.fullmatch(bare) is None:
        return None
    return re.sub(r"^主要|[(（].*", "", bare)


def is_head(line: str) -> bool:
    """Whether a line is the head of such a table."""
    if "\t" not in line or len(line) > _LONGEST_HEAD or "。" in line:
        return False
    cells = [
        bare for cell in line.split("\t") if (bare := re.sub(r"\s|[(（][^()（）]*[)）]", "", cell))
    ]
    if len(cells) < _LEAST_CELLS or not any(names_units(cell) for cell in cells):
        return False
    known = sum(1 for cell in cells if names_units(cell) or _COLUMN.fullmatch(cell))
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
