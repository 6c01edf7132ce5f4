"""PDF files with text: paragraphs, tables over pages, edges of pages; what is refused and why."""

from __future__ import annotations

import io
import zlib

import pytest
from PIL import Image

from ingest.pipeline import extract_bytes
from ingest.readers.kinds import PDF
from ingest.readers.pages import page_picture
from ingest.readers.pdf import read_pdf
from ingest.readers.source import BlockKind, Read
from kb.errors import SourceError
from tests.ingest.readers.pdf_files import A4, Rule, Sheet, Words, grid, paragraph, write_pdf

FIRST = "一、主要任务。各单位要高度重视义务教育优质均衡发展工作，加强组织领导，落实经费保障，按期完成各项任务。"
SECOND = "（一）改扩建学校。2025年底前新建学校20所，新增学位3000个，由区教委牵头，区财政局、区住房城乡建委配合。"


def _read(*sheets: Sheet) -> Read:
    return read_pdf(write_pdf(sheets), "文件.pdf")


def _codes(read: Read) -> set[str]:
    return {finding.code for finding in read.findings}


def _check(read: Read) -> None:
    """What holds of every reading: a place for each character that is not white, in order, on a page."""
    for place, character in enumerate(read.text):
        if not character.isspace():
            (found,) = read.places.of(place, place + 1)
            assert found.page is not None
            assert found.box is not None
            assert found.box.left < found.box.right


def test_lines_of_a_paragraph_are_one_line() -> None:
    read = _read(Sheet([*paragraph(FIRST, 100), *paragraph(SECOND, 212)]))
    assert read.text.splitlines() == [FIRST, SECOND]
    assert [block.kind for block in read.blocks] == [BlockKind.LIST_ITEM] * 2
    assert [block.number for block in read.blocks] == ["一、", "（一）"]
    _check(read)


def test_a_paragraph_goes_on_over_the_end_of_a_page() -> None:
    lines = paragraph(FIRST, 660)
    after = [line._replace(y=100 + 28 * n) for n, line in enumerate(lines[1:])]
    read = _read(
        Sheet([*paragraph(SECOND, 548), lines[0], Words("— 1 —", 270, 790)]),
        Sheet([*after, *paragraph(SECOND, 212), Words("— 2 —", 270, 790)]),
    )
    assert read.text.splitlines() == [SECOND, FIRST, SECOND]
    assert _codes(read) == {"page-furniture"}


def test_titles_of_several_lines_are_one_heading() -> None:
    title = [
        Words("某区人民政府办公室关于印发", 155, 80, 22),
        Words("行动计划的通知", 220, 115, 22),
    ]
    read = _read(Sheet([*title, *paragraph(FIRST, 180), *paragraph(SECOND, 292)]))
    assert read.text.splitlines()[0] == "某区人民政府办公室关于印发行动计划的通知"
    assert read.blocks[0].kind is BlockKind.HEADING


@pytest.mark.parametrize(
    "words",
    [
        ["2026/7/25 10:30", "行动计划的通知"],
        ["https://www.example.gov.cn/content_1.htm", "1/8"],
        ["第 1 页 共 8 页"],
    ],
)
@pytest.mark.parametrize("y", [25, 825])
def test_what_is_printed_at_the_edge_is_left_out_and_told(words: list[str], y: int) -> None:
    edge = [Words(word, 30 + 350 * n, y, 8) for n, word in enumerate(words)]
    read = _read(Sheet([*edge, *paragraph(FIRST, 100)]))
    assert read.text.splitlines() == [FIRST]
    assert _codes(read) == {"page-furniture"}


def test_running_heads_are_left_out_where_they_run() -> None:
    head = Words("行动计划", 80, 60, 9)
    read = _read(*[Sheet([head, *paragraph(FIRST, 160)])] * 3)
    assert read.text.splitlines() == [FIRST] * 3
    once = _read(Sheet([head, *paragraph(FIRST, 160)]), *[Sheet(paragraph(FIRST, 160))] * 2)
    assert once.text.splitlines()[0] == "行动计划"


def test_columns_are_read_one_after_another() -> None:
    left = paragraph(FIRST, 100, left=60, width=14)
    right = paragraph(SECOND, 104, left=330, width=14)
    heading = Words("工作简报", 260, 60, 22)
    read = _read(
        Sheet(
            [
                heading,
                *[w for pair in zip(left, right, strict=False) for w in pair],
                *right[len(left) :],
            ]
        )
    )
    assert read.text.splitlines() == ["工作简报", FIRST, SECOND]


def test_bold_that_is_drawn_twice_is_read_once() -> None:
    words = [Words(FIRST[:20], 112, 100), Words(FIRST[:20], 112.4, 100)]
    assert _read(Sheet(words)).text.splitlines() == [FIRST[:20]]


def test_blanks_are_kept_between_words_only() -> None:
    words = [
        Words("第一条", 112, 100), Words("为了保障", 180, 100), Words("2025", 248, 100),
        Words("年底前", 284, 100), Words("finish", 340, 100), Words("work", 396, 100),
    ]  # fmt: skip
    assert _read(Sheet(words)).text == "第一条 为了保障2025年底前finish work\n"


def test_radicals_are_read_as_characters_and_told() -> None:
    read = _read(Sheet([Words("人民政府文件", 112, 100, printed="⼈⺠政府⽂件")]))
    assert read.text == "人民政府文件\n"
    (finding,) = (f for f in read.findings if f.code == "printed-form")
    assert "⺠→民" in finding.message


def test_a_character_that_its_font_does_not_name_is_told_with_its_place() -> None:
    read = _read(Sheet([Words("区教委牵头新建学校", 112, 100, printed="区教委牵\ue000新建学校")]))
    (finding,) = (f for f in read.findings if f.code == "unreadable-character")
    assert finding.span is not None
    assert (finding.span.start, finding.span.end) == (4, 5)


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_boxes_are_on_the_page_as_it_is_shown(rotate: int) -> None:
    """The ink of a picture of the page lies in the box of the only word."""
    data = write_pdf([Sheet([Words("——", 100, 200)], rotate=rotate)])
    (place,) = read_pdf(data, "a.pdf").places
    picture = Image.open(io.BytesIO(page_picture(data, PDF, 1, 1.0))).convert("L")
    ink = picture.point(lambda v: 255 * (v < 200)).getbbox()
    assert place.box is not None
    assert ink == pytest.approx(place.box, abs=1.5)


def test_a_page_drawn_sideways_is_read_upright() -> None:
    lines = [
        Words(w.text, 100 + (w.y - 100), 80 + (w.x - 80), 16, angle=90)
        for w in paragraph(FIRST, 100)
    ]
    turned = [line._replace(x=500 - line.x) for line in lines]
    read = _read(Sheet(turned))
    assert read.text.splitlines() == [FIRST]
    _check(read)


def test_a_watermark_is_left_out_and_told() -> None:
    read = _read(Sheet([*paragraph(FIRST, 100), Words("内部资料", 200, 500, 40, angle=45)]))
    assert read.text.splitlines() == [FIRST]
    assert "turned-text" in _codes(read)


XS, WIDTHS = (60, 120, 360, 530), ("序号", "工作任务", "责任单位")


def _row(y: float, *words: str) -> list[Words]:
    return [Words(word, x + 4, y, 12) for word, x in zip(words, XS, strict=False) if word]


def test_a_table_goes_on_over_pages_with_its_head_once() -> None:
    first = [
        *grid(XS, (600, 630, 660, 690)),
        *_row(620, *WIDTHS),
        *_row(650, "1", "新建学校", "区教委"),
    ]
    first += _row(680, "2", "招聘教师", "区人力社保局")
    second = [
        *grid(XS, (80, 110, 140)),
        *_row(100, *WIDTHS),
        *_row(130, "3", "保障经费", "区财政局"),
    ]
    read = _read(Sheet([*paragraph(FIRST, 400), *first]), Sheet(second))
    assert read.text.splitlines()[1:] == [
        "序号\t工作任务\t责任单位",
        "1\t新建学校\t区教委",
        "2\t招聘教师\t区人力社保局",
        "3\t保障经费\t区财政局",
    ]
    (table,) = (block for block in read.blocks if block.kind is BlockKind.TABLE)
    assert len(table.cells) == 12
    assert "repeated-table-head" in _codes(read)
    _check(read)


def test_a_row_that_the_end_of_a_page_parts_is_one() -> None:
    upright = [Rule(x, 690, x, 780) for x in XS] + [Rule(x, 60, x, 100) for x in XS]
    head = [*grid(XS, (660, 690)), *_row(680, *WIDTHS)]
    read = _read(
        Sheet([*head, *upright[:4], *_row(740, "1", "新建学校并配齐", "区教委")]),
        Sheet([*upright[4:], Rule(60, 100, 530, 100), *_row(85, "", "设备", "")]),
    )
    assert read.text.splitlines() == ["序号\t工作任务\t责任单位", "1\t新建学校并配齐设备\t区教委"]


@pytest.mark.parametrize(
    ("rows", "last", "owners", "told"),
    [
        # Beside how many rows the empty cell stands, the last owner, the owners of the four tasks.
        (2, "", ["区教委", "区教委", "区教委", "区教委"], True),
        (1, "区财政局", ["区教委", "区教委", "区教委", "区财政局"], True),
        (
            1,
            "",
            ["区教委", "区教委", None, None],
            False,
        ),  # cells of the column are empty: who knows
    ],
)
def test_a_merged_cell_goes_on_over_a_page_with_borders_on_both_sides(
    rows: int, last: str, owners: list[str | None], *, told: bool
) -> None:
    head = [*grid(XS, (600, 630)), *_row(620, *WIDTHS)]
    first = [*head, *grid(XS[:3], (630, 660, 690)), *grid(XS[2:], (630, 690))]
    first += [*_row(650, "1", "新建学校3所"), *_row(680, "2", "招聘教师20名")]
    first += [Words("区教委", XS[2] + 4, 665, 12)]
    second = [
        *grid(XS[:3], (80, 110, 140)),
        *grid(XS[2:], (80, 140) if rows == 2 else (80, 110, 140)),
    ]
    second += [*_row(100, "3", "改造教室5间"), *_row(130, "4", "保障经费10万元", last)]
    data = write_pdf([Sheet([*paragraph("某区工作任务分解表", 400), *first]), Sheet(second)])
    extraction = extract_bytes(data, "a.pdf")
    found = [next((a.unit for a in task.responsibilities), None) for task in extraction.tasks]
    assert found == owners
    assert ("merged-over-pages" in {w.code for w in extraction.warnings}) is told


def test_cells_beside_several_rows() -> None:
    lines = [
        *grid(XS, (100, 130)),
        *grid(XS[1:], (130, 160)),
        Rule(60, 130, 60, 190),
        Rule(60, 190, 530, 190),
    ]
    lines += [Rule(x, 160, x, 190) for x in XS[1:]]
    words = [
        *_row(120, *WIDTHS),
        *_row(152, "", "新建学校", "区教委"),
        *_row(182, "一", "招聘教师", "区财政局"),
    ]
    read = _read(Sheet([*lines, *words]))
    assert read.text.splitlines() == [
        "序号\t工作任务\t责任单位",
        "一\t新建学校\t区教委",
        "\t招聘教师\t区财政局",
    ]


def test_labels_with_values_of_several_lines() -> None:
    items = [
        Words("标\u3000\u3000题：", 60, 120, 11), Words("某区人民政府关于印发行动", 130, 113, 11), Words("计划的通知", 130, 127, 11),
        Words("发文机关：", 330, 120, 11), Words("某区人民政府", 400, 120, 11),
        Words("发文字号：", 60, 160, 11), Words("某府发〔2025〕1号", 130, 160, 11),
        Words("成文日期：", 330, 160, 11), Words("2025年1月2日", 400, 160, 11),
    ]  # fmt: skip
    read = _read(Sheet(items))
    assert read.text.splitlines() == [
        "标 题： 某区人民政府关于印发行动计划的通知",
        "发文机关： 某区人民政府",
        "发文字号： 某府发〔2025〕1号",
        "成文日期： 2025年1月2日",
    ]


def test_an_empty_page_is_a_page_without_a_finding() -> None:
    read = _read(Sheet(paragraph(FIRST, 100)), Sheet([]), Sheet(paragraph(SECOND, 100)))
    assert [place.page for place in (*read.places,)][-1] == 3
    assert len(read.pages) == 3
    assert not read.findings


def test_invisible_text_is_read_and_told() -> None:
    read = _read(Sheet([Words("识别的文字", 100, 100, mode=3)]))
    assert read.text == "识别的文字\n"
    assert "invisible-text" in _codes(read)


def test_an_empty_password_opens_another_does_not() -> None:
    sheet = Sheet(paragraph(FIRST, 100))
    assert read_pdf(write_pdf([sheet], password=""), "a.pdf").text == FIRST + "\n"
    with pytest.raises(SourceError, match="密码") as error:
        read_pdf(write_pdf([sheet], password="secret"), "a.pdf")
    assert error.value.hint


def test_too_many_pages_are_refused() -> None:
    data = write_pdf([Sheet([])])
    kids = b" ".join([b"7 0 R"] * 10_001)
    many = data.replace(b"[7 0 R]/Count 1", b"[" + kids + b"]/Count 10001")
    with pytest.raises(SourceError, match="10001"):
        read_pdf(many, "a.pdf")


def test_a_stream_that_unpacks_beyond_measure_is_refused() -> None:
    data = write_pdf([Sheet([])])
    once = zlib.compress(b" " * 70_000_000, 1)
    for packed, filters in (
        (once, b"/FlateDecode"),
        (zlib.compress(once), b"[/FlateDecode/FlateDecode]"),
    ):
        stream = b"<</Length %d/Filter%s>>stream\n" % (len(packed), filters) + packed
        with pytest.raises(SourceError, match="64 MB"):
            read_pdf(data.replace(b"<</Length 0>>stream\n", stream), "a.pdf")


def test_a_table_of_objects_at_a_wrong_place_is_told() -> None:
    data = write_pdf([Sheet(paragraph(FIRST, 100))])
    read = read_pdf(data.replace(b"startxref\n", b"startxref\n1"), "a.pdf")
    assert read.text == FIRST + "\n"
    assert "rebuilt-file" in _codes(read)


def test_a_drawing_of_thousands_of_lines_is_no_table() -> None:
    lines = [Rule(i / 4, 0, i / 4 + 0.1, 800) for i in range(600)]
    lines += [Rule(0, i * 1.3, 500, i * 1.3) for i in range(600)]
    read = _read(Sheet([*lines, *paragraph(FIRST, 100)]))
    assert FIRST[:10] in read.text


@pytest.mark.parametrize(("page", "scale"), [(0, 1.0), (2, 1.0), (1, 100.0)])
def test_pictures_that_are_not_made(page: int, scale: float) -> None:
    with pytest.raises(SourceError):
        page_picture(write_pdf([Sheet([])]), PDF, page, scale)


def test_a_picture_of_a_page_is_as_large_as_the_scale_says() -> None:
    picture = Image.open(io.BytesIO(page_picture(write_pdf([Sheet([], size=A4)]), PDF, 1, 2.0)))
    assert picture.size == (1190, 1684)


def test_names_in_a_cell_stay_apart_and_lines_are_joined() -> None:
    words = [
        *_row(120, *WIDTHS),
        *_row(146, "1", "新建学校并配齐设施设备和教师，改善办学", "区教委"),
    ]
    words += [Words("条件", 124, 164, 12), Words("区人力社保局", 364, 164, 12)]
    read = _read(Sheet([*grid(XS, (100, 130, 170)), *words]))
    assert (
        read.text.splitlines()[1]
        == "1\t新建学校并配齐设施设备和教师，改善办学条件\t区教委 区人力社保局"
    )
