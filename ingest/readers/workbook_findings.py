"""What a person should know of a workbook beside its text: what is hidden or covered, what formulas lack,
what does not stand in cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ingest.readers.workbook import Sheet, cell_name, one_line
from kb.models import Finding

ALL_HIDDEN = Finding(
    code="hidden-text",
    message="工作簿的内容全部设为隐藏, 仍已读入, 请核对 / all of the workbook is hidden; it was read all the "
    "same, check it",
)
COMMENTS = ("批注未读入", "comments that were left out")
TEXT_BOXES = ("文本框未读入", "text boxes that were left out")


def find_left_out(sheet: Sheet) -> Iterator[Finding]:
    """What a person should know of a sheet: what is hidden in it, what its formulas lack."""
    at = sheet.name or "1"
    if sheet.hidden:
        told = (f"工作表“{at}”是隐藏的, 未读入", f"the sheet “{at}” is hidden and was left out")
        yield _cells_finding("hidden-sheet", told, sheet.words)
        return
    rows, columns = dict[tuple[int, int], str](), dict[tuple[int, int], str]()
    for cell in sheet.words.keys() - {*sheet.shown()}:
        if not _reaches_out(sheet, cell):
            hidden = rows if cell[0] in sheet.hidden_rows else columns
            hidden[cell] = sheet.words[cell]
    for code, found, chinese, english in (
        ("hidden-rows", rows, "隐藏的行未读入", "hidden rows that were left out"),
        ("hidden-columns", columns, "隐藏的列未读入", "hidden columns that were left out"),
        ("hidden-cells", sheet.covered, "合并单元格盖住的文字未读入", "words under merged cells that were left out"),
        ("formula-without-value", dict.fromkeys(sheet.formulas, ""),
         "公式没有存下结果, 无值可读; 请用表格程序打开后保存再导入",
         "formulas without a kept value; open the file, save it and try again"),
        ("formula-error", {c: sheet.words.get(c, "") for c in sheet.errors},
         "公式出错, 照原样读入", "formulas in error, read as they are shown"),
    ):  # fmt: skip
        if found:
            yield _cells_finding(
                code, (f"工作表“{at}”: {chinese}", f"sheet “{at}”: {english}"), found
            )


def _reaches_out(sheet: Sheet, cell: tuple[int, int]) -> bool:
    """Whether a merged cell whose first row or column is hidden is shown all the same."""
    span = sheet.merged.get(cell)
    return (
        span is not None
        and any(row not in sheet.hidden_rows for row in range(span.top, span.bottom + 1))
        and any(c not in sheet.hidden_columns for c in range(span.left, span.right + 1))
    )


def _cells_finding(
    code: str, told: tuple[str, str], cells: Mapping[tuple[int, int], str]
) -> Finding:
    """A finding about cells of a sheet, each with its words."""
    listed = [f"{cell_name(*at)} {one_line(words)}".rstrip() for at, words in sorted(cells.items())]
    return left_out(code, told, listed)


def left_out(code: str, told: tuple[str, str], listed: Sequence[str]) -> Finding:
    """A finding that lists what is not in the text, with its words."""
    words, count = "\n".join(listed).replace(" / ", "/"), len(listed)
    return Finding(
        code=code, message=f"{told[0]} ({count} 处):\n{words} / {told[1]} ({count}):\n{words}"
    )
