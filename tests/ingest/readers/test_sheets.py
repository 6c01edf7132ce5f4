"""Workbooks: sheets, titles, tables, merged and hidden cells, formats, formulas; hostile ones."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.comments import Comment

from ingest.readers.packages import Package
from ingest.readers.sheets import read_csv, read_ods, read_xls, read_xlsx
from ingest.readers.source import BlockKind, Read
from kb.errors import SourceError
from tests.effort import calls_of
from tests.ingest.readers.workbooks import (
    fill,
    ods,
    ods_content,
    package,
    saved,
    xls,
    xlsx,
)  # fmt: skip

HEAD = ["序号", "任务", "牵头单位", "完成时限"]
ROWS = [
    [1, "建设学校5所", "区教委", "2025年底前"],
    [2, "改造食堂3个", "区商务局", "2026年6月底前"],
]


def codes(read: Read) -> list[str]:
    return [finding.code for finding in read.findings]


def placed(read: Read) -> dict[str, str | None]:
    return {read.text[p.start : p.end]: p.cell for p in read.places}


def check(read: Read) -> None:
    """Every character that is not white has one place."""
    held = [False] * len(read.text)
    for place in read.places:
        held[place.start : place.end] = [True] * (place.end - place.start)
    assert all(here or c.isspace() for here, c in zip(held, read.text, strict=True))


def test_titles_and_notes_around_a_table_are_paragraphs() -> None:
    rows = [["某区任务分解表"], ["单位：所"], HEAD, *ROWS, ["注：以上任务按月报送。"]]
    read = read_xlsx(xlsx(rows, ["A1:D1", "A6:D6"]), "a.xlsx")
    assert read.text == (
        "某区任务分解表\n单位：所\n序号\t任务\t牵头单位\t完成时限\n1\t建设学校5所\t区教委\t2025年底前\n"
        "2\t改造食堂3个\t区商务局\t2026年6月底前\n注：以上任务按月报送。\n"
    )
    assert [b.kind for b in read.blocks] == [
        BlockKind.PARAGRAPH, BlockKind.PARAGRAPH, BlockKind.TABLE, BlockKind.PARAGRAPH,
    ]  # fmt: skip
    assert placed(read)["区商务局"] == "C5"
    check(read)


def test_a_notice_typed_into_cells_is_paragraphs() -> None:
    rows = [
        ["某区工作方案"],
        [""],
        ["一、主要任务\n（一）区教委2025年底前建设学校5所。"],
        ["", "某区政府"],
    ]
    read = read_xlsx(xlsx(rows), "a.xlsx")
    assert read.text == (
        "某区工作方案\n一、主要任务\n（一）区教委2025年底前建设学校5所。\n某区政府\n"
    )
    assert BlockKind.TABLE not in {block.kind for block in read.blocks}
    check(read)


def test_merged_units_stand_in_each_of_their_rows_and_empty_cells_keep_their_place() -> None:
    rows = [
        HEAD,
        [1, "甲", "区教委", "2025年"],
        [2, "乙", "", "2026年"],
        [3, "丙", "区财政局", ""],
        [4, "丁", "", "2027年"],
    ]
    read = read_xlsx(xlsx(rows, ["C2:C3"]), "a.xlsx")
    assert read.text.splitlines()[1:] == [
        "1\t甲\t区教委\t2025年", "2\t乙\t区教委\t2026年", "3\t丙\t区财政局", "4\t丁\t\t2027年",
    ]  # fmt: skip
    table = next(block for block in read.blocks if block.kind is BlockKind.TABLE)
    cell = next(c for c in table.cells if read.text[c.start : c.end] == "区教委")
    assert (cell.rows, cell.columns) == (2, 1)
    check(read)


def test_a_head_of_two_rows_keeps_its_columns() -> None:
    rows = [
        ["序号", "指标", "目标值", "", "牵头单位"],
        ["", "", "2024年", "2025年", ""],
        [1, "学校数", 5, 8, "区教委"],
    ]
    merged = ["A1:A2", "B1:B2", "C1:D1", "E1:E2"]
    read = read_xlsx(xlsx(rows, merged), "a.xlsx")
    assert read.text.splitlines() == [
        "序号\t指标\t目标值\t\t牵头单位", "\t\t2024年\t2025年", "1\t学校数\t5\t8\t区教委",
    ]  # fmt: skip


def test_several_tables_and_rows_that_go_on_after_a_blank_one() -> None:
    other = ["指标", "责任单位", "2025年"]
    rows = [HEAD, ROWS[0], [], ROWS[1], [], ["第二张表"], other, ["入学率", "区教委", "98%"]]
    read = read_xlsx(xlsx(rows), "a.xlsx")
    assert [b.kind for b in read.blocks] == [BlockKind.TABLE, BlockKind.PARAGRAPH, BlockKind.TABLE]
    assert read.text.splitlines()[3:] == ["第二张表", "\t".join(other), "入学率\t区教委\t98%"]


def test_sheets_have_their_names_over_them_and_hidden_ones_are_told() -> None:
    book = Workbook()
    first = book.worksheets[0]
    first.title = "任务"
    fill(first, [HEAD, *ROWS])
    fill(book.create_sheet("Sheet2"), [["附表"], ["备注"]])
    fill(book.create_sheet("空白"), [])
    secret = book.create_sheet("底稿")
    fill(secret, [["区水利局"]])
    secret.sheet_state = "veryHidden"
    read = read_xlsx(saved(book), "a.xlsx")
    assert read.text.startswith("任务\n序号")
    assert read.blocks[0].kind is BlockKind.HEADING
    assert "Sheet2" not in read.text  # a name that nobody gave
    assert "区水利局" not in read.text
    assert codes(read) == ["hidden-sheet"]
    assert "A1 区水利局" in read.findings[0].message
    check(read)


def test_hidden_rows_and_columns_are_told_with_their_words() -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    fill(
        sheet,
        [
            [*HEAD, "内部"],
            [*ROWS[0], "甲"],
            [*ROWS[1], "乙"],
            [3, "丙", "区民政局", "2025年", "丁"],
        ],
    )
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["E"].hidden = True
    read = read_xlsx(saved(book), "a.xlsx")
    assert read.text.splitlines()[1:] == [
        "1\t建设学校5所\t区教委\t2025年底前",
        "3\t丙\t区民政局\t2025年",
    ]
    told = {finding.code: finding.message for finding in read.findings}
    assert told.keys() == {"hidden-rows", "hidden-columns"}
    assert "C3 区商务局" in told["hidden-rows"]
    assert "E2 甲" in told["hidden-columns"]


def test_a_merged_cell_whose_first_row_is_hidden_is_shown() -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    fill(sheet, [HEAD, [1, "甲", "区教委", "2025年"], [2, "乙", "", "2026年"]], ["C2:C3"])
    sheet.row_dimensions[2].hidden = True
    read = read_xlsx(saved(book), "a.xlsx")
    assert read.text.splitlines()[1:] == ["2\t乙\t区教委\t2026年"]


def test_a_workbook_that_is_hidden_as_a_whole_is_read_and_told() -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    fill(sheet, [["区教委"]])
    sheet.row_dimensions[1].hidden = True
    read = read_xlsx(saved(book), "a.xlsx")
    assert (read.text, codes(read)) == ("区教委\n", ["hidden-text"])


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (0.95, "0%", "95%"),
        (12345.6, "#,##0.00", "12,345.60"),
        (date(2023, 3, 15), 'yyyy"年"m"月"d"日"', "2023年3月15日"),
        (date(2023, 3, 15), "mm-dd-yy", "2023/3/15"),  # format 14: as the system shows it
        ("0.95", "@", "0.95"),
        (True, "General", "TRUE"),
        (5, "General", "5"),
    ],
)
def test_values_are_as_their_format_shows_them(value: object, code: str, shown: str) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet["B2"] = value
    sheet["B2"].number_format = code
    read = read_xlsx(saved(book), "a.xlsx")
    assert (read.text, placed(read)) == (f"{shown}\n", {shown: "B2"})


def test_formulas_give_their_kept_values() -> None:
    cells = (
        '<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1"><f>C9</f></c>'
        '<c r="C1" t="e"><f>D9</f><v>#REF!</v></c><c r="D1" t="str"><f>E9</f><v>区教委</v></c>'
        '<c r="E1" t="str"><f>F9</f><v></v></c><c r="F1" t="inlineStr"><is><t>甲</t></is></c></row>'
    )
    read = read_xlsx(sheet_of(f"<sheetData>{cells}</sheetData>"), "a.xlsx")
    assert read.text == "2\t#REF!\t区教委\t甲\n"
    told = {finding.code: finding.message for finding in read.findings}
    assert told.keys() == {"formula-without-value", "formula-error"}
    assert "\nB1 /" in told["formula-without-value"]
    assert "C1 #REF!" in told["formula-error"]


def test_words_that_are_not_in_cells_are_told() -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    fill(sheet, [["区教委"], ["甲", "乙"]])
    sheet["A1"].comment = Comment("请核对单位", "某人")
    data = saved(book)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = next(n for n in archive.namelist() if "comment" in n and n.endswith(".xml"))
    assert name.startswith("xl/")
    read = read_xlsx(data, "a.xlsx")
    assert "请核对单位" not in read.text
    assert codes(read) == ["comment"]
    assert "A1 请核对单位" in read.findings[0].message


def test_words_under_a_merged_cell_are_told() -> None:
    body = (
        "<sheetData><row><c t='str'><v>甲</v></c><c t='str'><v>盖住</v></c></row></sheetData>"
        "<mergeCells><mergeCell ref='A1:B1'/></mergeCells>"
    )
    read = read_xlsx(sheet_of(body), "a.xlsx")
    assert (read.text, codes(read)) == ("甲\n", ["hidden-cells"])


# --- other kinds


@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_table_of_commas(mark: str, encoding: str) -> None:
    text = "\r\n".join(mark.join(map(str, row)) for row in [["某区任务分解表"], HEAD, *ROWS])
    read = read_csv(text.encode(encoding), "a.csv")
    assert read.text.splitlines()[:3] == [
        "某区任务分解表",
        "\t".join(HEAD),
        "1\t建设学校5所\t区教委\t2025年底前",
    ]
    assert placed(read)["区教委"] == "C3"
    check(read)


def test_quoted_fields_hold_marks_and_breaks() -> None:
    read = read_csv('"甲,乙","丙\n丁"\n"戊",己\n'.encode(), "a.csv")
    assert read.text == "甲,乙\t丙 丁\n戊\t己\n"


def test_an_ods_workbook() -> None:
    rows = [HEAD, [1, "甲", "区教委", "2025年"], [2, "乙", "", "2026年"]]
    read = read_ods(ods(rows, {(1, 2): (2, 1)}), "a.ods")
    assert read.text.splitlines()[1:] == ["1\t甲\t区教委\t2025年", "2\t乙\t区教委\t2026年"]
    check(read)


def test_what_an_ods_workbook_repeats_hides_and_values() -> None:
    styles = (
        '<style:style style:name="h"><style:table-properties table:display="false"/></style:style>'
    )
    cell = "<table:table-cell>{}</table:table-cell>"
    content = (
        '<table:table table:name="甲"><table:table-column/>'
        '<table:table-column table:visibility="collapse"/>'
        '<table:table-row table:number-rows-repeated="2">'
        + cell.format('<text:p>一<text:s text:c="2"/>二<text:line-break/>三</text:p>') + cell.format("<text:p>隐</text:p>")
        + '<table:table-cell office:value-type="percentage" office:value="0.95"/>'
        '<table:table-cell office:value-type="date" office:date-value="2023-03-15"/></table:table-row>'
        '<table:table-row table:number-rows-repeated="1048574"><table:table-cell '
        'table:number-columns-repeated="16384"/></table:table-row></table:table>'
        '<table:table table:name="乙" table:style-name="h"><table:table-row>'
        + cell.format("<text:p>丙</text:p>") + "</table:table-row></table:table>"
    )  # fmt: skip
    read = read_ods(ods_content(content, styles), "a.ods")
    assert read.text == "一 二 三\t95%\t2023-03-15\n" * 2
    assert codes(read) == ["hidden-columns", "hidden-sheet"]


def test_an_xls_workbook() -> None:
    rows = [
        ["某区任务分解表"], [*HEAD, "内部"],
        [1, "甲", "区教委", 45000, "底稿"], [2, "乙", "", 0.955, ""], [3, "丙", b"\x17", True, ""],
        [4, "丁", "隐藏", "", ""],
    ]  # fmt: skip
    codes = {(2, 3): 'yyyy"年"m"月"d"日"', (3, 3): "0.0%"}
    merged = [(0, 0, 0, 3), (2, 3, 2, 2)]
    data = xls(rows, codes=codes, merged=merged, hidden_rows=[5], hidden_columns=[4])
    read = read_xls(data, "a.xls")
    assert read.text.splitlines() == [
        "某区任务分解表", "\t".join(HEAD), "1\t甲\t区教委\t2023年3月15日", "2\t乙\t区教委\t95.5%",
        "3\t丙\t#REF!\tTRUE",
    ]  # fmt: skip
    assert [f.code for f in read.findings] == ["hidden-rows", "hidden-columns", "formula-error"]
    check(read)


# --- hostile and damaged


def sheet_of(body: str, **more: str) -> bytes:
    """A workbook whose one sheet has `body`."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rels = "http://schemas.openxmlformats.org/package/2006/relationships"
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    book = f'<workbook xmlns="{main}" xmlns:r="{kinds}"><sheets><sheet name="表" sheetId="1" r:id="rId1"/></sheets></workbook>'
    link = f'<Relationships xmlns="{rels}"><Relationship Id="rId1" Type="{kinds}/worksheet" Target="sheet1.xml"/></Relationships>'
    return package(
        {
            "xl/workbook.xml": book,
            "xl/_rels/workbook.xml.rels": link,
            "xl/sheet1.xml": f'{more.get("prolog", "")}<worksheet xmlns="{main}">{body}</worksheet>',
        }
    )


ENTITY = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "data",
    [
        sheet_of("<sheetData><row><c t='str'><v>&a;</v></c></row></sheetData>", prolog=ENTITY),
        sheet_of("<sheetData><row><c t='s'><v>7</v></c></row></sheetData>"),
        sheet_of("<sheetData><row>"),
        sheet_of("<sheetData/>"),
        sheet_of("<sheetData>" + "<x>" * 5000),
        sheet_of(
            "<sheetData><row r='1'><c r='A1' t='str'><v>甲</v></c><c r='B1' t='str'><v>乙</v></c></row></sheetData><mergeCells>"
            + "".join(f"<mergeCell ref='A{n}:XFD1048576'/>" for n in range(1, 20_000)) + "</mergeCells>"
        )[:-40],
        package({"xl/workbook.xml": "<workbook/>", "xl/big.bin": b"\0" * 40_000_000}),
        package({f"xl/{n}": b"" for n in range(5001)}),
        package({"xl/workbook.bin": b"\x83"}),
    ],
    ids=["entity", "text-number", "cut-xml", "empty", "deep", "cut-zip", "bomb", "parts", "none"],
)  # fmt: skip
def test_hostile_workbooks_are_refused_at_once(data: bytes) -> None:
    def attempt() -> None:
        with pytest.raises(SourceError) as caught:
            read_xlsx(data, "a.xlsx")
        assert caught.value.path == "a.xlsx"

    assert calls_of(attempt) < 100_000


def test_cells_far_away_and_ranges_over_everything_cost_nothing() -> None:
    body = (
        "<cols><col min='2' max='16384' hidden='1'/></cols><sheetData>"
        "<row r='1'><c r='A1' t='str'><v>甲</v></c></row>"
        "<row r='1048576'><c r='A1048576' t='str'><v>乙</v></c></row></sheetData>"
        "<mergeCells><mergeCell ref='A1:XFD1048575'/></mergeCells>"
    )
    data, read = sheet_of(body), []
    assert calls_of(lambda: read.append(read_xlsx(data, "a.xlsx").text)) < 10_000
    assert read == ["甲\n乙\n"]


def test_too_many_cells_are_refused_with_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.readers.workbook.MOST_CELLS", 3)
    with pytest.raises(SourceError, match="B2"):
        read_xlsx(xlsx([["甲", "乙"], ["丙", "丁"]]), "a.xlsx")


def test_an_encrypted_ods_is_said_to_be() -> None:
    manifest = (
        '<m:manifest xmlns:m="urn:x"><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>'
    )
    data = package({"META-INF/manifest.xml": manifest, "content.xml": b"\x01\x02"})
    with pytest.raises(SourceError, match="encrypted"):
        read_ods(data, "a.ods")


def test_a_part_that_declares_less_than_it_holds_is_cut_by_the_library() -> None:
    data = bytearray(package({"a": b"1" * 1000}))
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    with pytest.raises(SourceError):
        Package(bytes(data), "a").read("a")


@pytest.mark.parametrize(
    "data", [b"", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x09\x08\x10\x00" + bytes(600)]
)
def test_what_is_no_xls_is_refused(data: bytes) -> None:
    with pytest.raises(SourceError):
        read_xls(data, "a.xls")


WORDS = st.text(alphabet="区教委一1. \t\n甲%", max_size=6)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.lists(WORDS, max_size=5), max_size=8),
    st.lists(st.tuples(*[st.integers(0, 7)] * 4), max_size=4),
    st.sets(st.integers(0, 7)),
    st.booleans(),
)
def test_every_cell_that_is_shown_is_in_the_text_once_or_told(
    rows: list[list[str]], spans: list[tuple[int, int, int, int]], hidden: set[int], head: bool
) -> None:
    lines = [HEAD, *rows] if head else rows
    cells = "".join(
        f"<row r='{r}' hidden='{int(r in hidden)}'>"
        + "".join(f"<c t='str'><v>{words}</v></c>" for words in row)
        + "</row>"
        for r, row in enumerate(lines, 1)
    )
    refs = "".join(
        f"<mergeCell ref='{chr(65 + min(a, b))}{min(c, d) + 1}:{chr(65 + max(a, b))}{max(c, d) + 1}'/>"
        for a, b, c, d in spans
    )
    data = sheet_of(f"<sheetData>{cells}</sheetData><mergeCells>{refs}</mergeCells>")
    try:
        read = read_xlsx(data, "a.xlsx")
    except SourceError:
        assert not any(words.strip() for row in lines for words in row)
        return
    again = read_xlsx(data, "a.xlsx")
    assert (read.text, [*read.places]) == (again.text, [*again.places])
    check(read)
    told = {cell for f in read.findings for line in f.message.splitlines() for cell in line.split()}
    seen = {place.cell for place in read.places} | told
    for r, row in enumerate(lines, 1):
        for c, words in enumerate(row):
            if words.strip():
                assert f"{chr(65 + c)}{r}" in seen
