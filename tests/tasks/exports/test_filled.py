"""Files that are not what they seem: each refused with its name and the place, none unpacked."""

import io
import re
import struct
import zipfile
from contextlib import suppress

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import SourceError
from tasks.exports.filled import EMPTY_ROWS, read_filled
from tasks.exports.sheet import SHEET, Part
from tasks.exports.workbook import HEADER, render_xlsx
from tasks.store import Store
from tests.effort import calls_of
from tests.stores import new_store
from tests.tasks.export_samples import HEADING, put, rows_of, with_shared_strings

COLUMN = {spec.part: at for at, spec in enumerate(SHEET, start=1)}
SHEET_PART = "xl/worksheets/sheet1.xml"


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    with Store.open(new_store(tmp_path_factory.mktemp("x"))) as store:
        put(store)
        return render_xlsx(rows_of(store), HEADING)


def repack(data: bytes, changes, extra=()) -> bytes:
    """The archive with parts put through functions, and more parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:  # fmt: skip
        for name in old.namelist():
            new.writestr(name, changes.get(name, lambda part: part)(old.read(name)))
        for name, part in extra:
            new.writestr(name, part)
    return out.getvalue()


def change(good, edit) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(good))
    edit(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b" " * 30_000_000)
    return out.getvalue()


def lying_bomb(good) -> bytes:
    """The directory says the sheet is 1,000 bytes; it is 30 million."""
    data = bytearray(repack(good, {SHEET_PART: lambda part: part + b" " * 30_000_000}))
    at = data.rindex(SHEET_PART.encode()) - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    data[at + 24 : at + 28] = struct.pack("<I", 1000)
    return bytes(data)


def with_entities(good) -> bytes:
    lol = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    return repack(good, {SHEET_PART: lambda part: re.sub(rb"(<\?xml[^>]*>)?", lambda m: m.group(0) + lol, part, count=1)})  # fmt: skip


def with_external_entity(good) -> bytes:
    return with_shared_strings(good, b'<!DOCTYPE sst [<!ENTITY x SYSTEM "file:///etc/passwd">]>')


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda g: b"", "不是 .xlsx"),
        (lambda g: b"\x00" * 100, "不是 .xlsx"),
        (lambda g: b"hello", "不是 .xlsx"),
        (lambda g: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "加密"),
        (lambda g: g[: len(g) // 2], "损坏"),
        (lambda g: b"PK\x03\x04" + b"x" * 100, "损坏"),
        (lambda g: bomb(), "压缩炸弹"),
        (lying_bomb, "表格读不出"),
        (with_entities, "表格读不出"),
        (with_external_entity, "表格读不出"),
        (lambda g: repack(g, {SHEET_PART: lambda p: p[:200]}), "表格读不出"),
        (lambda g: repack(g, {"xl/workbook.xml": lambda p: b"<a/>"}), "没有任务分解表"),
        (lambda g: repack(g, {}, [(f"x{i}", b"") for i in range(2100)]), "太大"),
    ],
)
def test_dangerous_or_damaged_files(good, make, words):
    with pytest.raises(SourceError, match=re.escape(words)) as caught:
        read_filled(make(good), "季报.xlsx")
    assert str(caught.value).startswith("季报.xlsx: ")
    assert " / " in caught.value.message


def test_the_reader_of_xml_refuses_entities():
    assert openpyxl.DEFUSEDXML


def test_a_macro_is_not_looked_at(good):
    data = repack(good, {}, [("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 not even a macro")])
    assert len(read_filled(data, "x.xlsm").rows) == 6


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda b: setattr(b.worksheets[0].cell(HEADER, COLUMN[Part.PERCENT]), "value", "干了多少"), "第 3 行缺少列: 进展（%）"),
        (lambda b: b.worksheets[0].delete_cols(COLUMN[Part.KEY]), "第 3 行缺少列: 标识（勿改）"),
        (lambda b: b.remove(b.worksheets[0]), "有工作表: 来源"),
        (lambda b: b.worksheets[0].delete_rows(1, HEADER), "没有任务分解表"),
        (lambda b: setattr(b.worksheets[0].cell(HEADER, 1), "value", "进展情况"), "A、L 列都是“进展情况”"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(good, edit, words):
    with pytest.raises(SourceError, match=re.escape(words)):
        read_filled(change(good, edit), "x.xlsx")


def test_the_sheet_is_found_wherever_it_stands(good):
    def edit(book):
        book.create_sheet("说明", 0)["A1"] = "填表说明"
        duties = book["任务分解表"]
        duties.title = "三月"
        duties.insert_rows(1, 4)

    filled = read_filled(change(good, edit), "x.xlsx")
    assert filled.sheet == "三月"
    assert [r.number for r in filled.rows] == list(range(HEADER + 5, HEADER + 11))


def test_merged_cells_are_told_not_read_as_one(good):
    letter = "L"

    def edit(book):
        sheet = book.worksheets[0]
        sheet[f"{letter}{HEADER + 1}"] = "两项一起填"
        sheet.merge_cells(f"{letter}{HEADER + 1}:{letter}{HEADER + 2}")

    rows = read_filled(change(good, edit), "x.xlsx").rows
    assert [bool(r.faults) for r in rows] == [True, True, False, False, False, False]
    assert rows[0].faults == ("L 列是合并单元格, 请拆分后再填 / column L is a merged cell: split it first",)  # fmt: skip


@pytest.mark.parametrize(
    ("value", "form", "text", "fault"),
    [
        (0.6, "0%", "60%", ""),
        (1, "0.0%", "100%", ""),
        (0.29, "0%", "29%", ""),
        (60, '0"%"', "60", ""),
        (60.0, "General", "60", ""),
        ("=10*6", "General", "", ""),
        ("#DIV/0!", "General", "#DIV/0!", "错误值"),
    ],
)
def test_percent_cells(good, value, form, text, fault):
    def edit(book):
        cell = book.worksheets[0].cell(HEADER + 1, COLUMN[Part.PERCENT])
        cell.value, cell.number_format = value, form

    row = read_filled(change(good, edit), "x.xlsx").rows[0]
    assert row.cells[Part.PERCENT] == text
    assert bool(row.faults) is bool(fault)
    assert all(fault in f for f in row.faults)


def empty_rows(good, number, tail=b"") -> bytes:
    def longer(part):
        rows = b"".join(b'<row r="%d" ht="15"><c r="A%d"/></row>' % (i, i) for i in range(100, 100 + number))  # fmt: skip
        return part.replace(b"</sheetData>", rows + tail + b"</sheetData>")

    return repack(good, {SHEET_PART: longer})


def test_a_million_empty_rows_are_not_read_through(good):
    data = empty_rows(good, 1_000_000)
    read = []
    # Reading them all takes openpyxl several calls for each.
    assert calls_of(lambda: read.extend(read_filled(data, "x.xlsx").rows)) < 1_000_000
    assert len(read) == 6
    promised = repack(good, {SHEET_PART: lambda p: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"', p)})  # fmt: skip
    assert len(read_filled(promised, "x.xlsx").rows) == 6
    assert EMPTY_ROWS < 1_000_000


def test_rows_far_below_a_short_gap_are_read(good):
    def edit(book):
        sheet = book.worksheets[0]
        for column in range(1, len(SHEET) + 1):
            sheet.cell(1000, column).value = sheet.cell(HEADER + 1, column).value

    assert read_filled(change(good, edit), "x.xlsx").rows[-1].number == 1000


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_flipped_bytes_never_crash(good, data):
    broken = bytearray(good)
    for at in data.draw(st.lists(st.integers(0, len(good) - 1), min_size=1, max_size=8)):
        broken[at] ^= data.draw(st.integers(1, 255))
    with suppress(SourceError):
        read_filled(bytes(broken), "x.xlsx")


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_bytes_called_csv(data):
    with pytest.raises(SourceError):
        read_filled(data, "x.csv")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\r\n1,2\r\n", "第 1 行缺少列"),
        ("key,status,percent,report\r\n", "缺少列: 实际值"),
        ('key,status,percent,report,actuals\r\n"x', "不是 CSV"),
        ("key,status,percent,report,actuals,key\r\n", "A、F 列都是“key”"),
        ("key,status,percent,report,actuals\r\n" + "x" * 200_000 + ",,,,\r\n", "不是 CSV"),
    ],
)
def test_csv_that_is_not_ours(text, words):
    with pytest.raises(SourceError, match=re.escape(words)):
        read_filled(text.encode(), "x.csv")
