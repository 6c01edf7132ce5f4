"""Markdown: the text as it stands, its structure as blocks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers.markdown import find_blocks, read_markdown
from ingest.readers.source import BlockKind
from ingest.readers.text import read_text
from tests.effort import calls_of

TEXT = """# 某区行动方案 #

各单位：
现印发给你们。

## 一、任务

1. 新建学校20所。
   责任单位：区教委
2. 招聘教师

- 甲
  - 乙

> 引文

| 任务 | 责任单位 |
|---|:--|
| 新建\\|改建 | 区教委 |
| 招聘 |  |

```
代码
```
"""


def test_blocks_of_each_kind() -> None:
    found = [
        (block.kind.value, block.level, block.number, TEXT[block.start : block.end])
        for block in find_blocks(TEXT)
        if block.kind is not BlockKind.TABLE
    ]
    assert found == [
        ("heading", 1, None, "某区行动方案"),
        ("paragraph", None, None, "各单位：\n现印发给你们。"),
        ("heading", 2, None, "一、任务"),
        ("list_item", None, "1.", "1. 新建学校20所。\n   责任单位：区教委"),
        ("list_item", None, "2.", "2. 招聘教师"),
        ("list_item", None, "-", "- 甲"),
        ("list_item", None, "-", "- 乙"),
        ("paragraph", None, None, "引文"),
        ("paragraph", None, None, "```\n代码\n```"),
    ]


def test_tables_have_cells() -> None:
    (table,) = (block for block in find_blocks(TEXT) if block.kind is BlockKind.TABLE)
    cells = [(cell.row, cell.column, TEXT[cell.start : cell.end]) for cell in table.cells]
    assert cells == [
        (0, 0, "任务"), (0, 1, "责任单位"), (1, 0, "新建\\|改建"), (1, 1, "区教委"), (2, 0, "招聘"),
        (2, 1, ""),
    ]  # fmt: skip


@given(st.text(st.sampled_from("#-*>|1. \t\n\r甲`\\[]:"), max_size=60))
def test_the_text_is_untouched_and_blocks_are_in_order(text: str) -> None:
    data = ("甲" + text).encode()
    read = read_markdown(data, "a.md")
    assert read.text == read_text(data, "a.md").text
    end = 0
    for block in read.blocks:
        assert end <= block.start < block.end <= len(read.text)
        end = block.end
        at = block.start
        for cell in block.cells:
            assert at <= cell.start <= cell.end <= block.end
            at = cell.end


@pytest.mark.parametrize(
    "text",
    [">" * 40_000, "- " * 20_000, "[a]: <" * 10_000, "|" * 40_000 + "\n" + "|-" * 20_000,
     "#" * 100_000, "```\n" * 10_000, "* a\n> " * 5_000, "\\" * 50_000, "`" * 50_000],
)  # fmt: skip
def test_no_text_is_gone_through_again_and_again(text: str) -> None:
    assert calls_of(lambda: read_markdown(text.encode(), "a.md")) < 60 * len(text)
