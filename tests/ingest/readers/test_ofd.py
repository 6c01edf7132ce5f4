"""OFD files: characters by their distances, matrices, tables, backgrounds, notes; hostile packages."""

from __future__ import annotations

import io
import zipfile
from unicodedata import normalize

import numpy as np
import pytest
from PIL import Image

from ingest.pipeline import extract_bytes
from ingest.readers.kinds import OFD
from ingest.readers.ofd import ofd_picture, read_ofd
from ingest.readers.ofd_objects import distances
from ingest.readers.pages import page_picture
from ingest.readers.source import BlockKind, Read
from ingest.recognising import Recognition, recognising
from kb.errors import SourceError
from tests.ingest.readers.drawn import as_bytes, page

NAMESPACE = 'xmlns:ofd="http://www.ofdspec.org/2016"'
LINE = "一、主要任务。各单位要高度重视义务教育优质均衡发展工作，加强"


def _text(
    words: str, x: float, y: float, *, size: float = 5, deltas: str | None = None, more: str = ""
) -> str:
    deltas = deltas if deltas is not None else f"g {len(words) - 1} {size}"
    return (
        f'<ofd:TextObject ID="1" Boundary="{x} {y} 200 10" Size="{size}" {more}>'
        f'<ofd:TextCode X="0" Y="{size}" DeltaX="{deltas}">{words}</ofd:TextCode></ofd:TextObject>'
    )


def _path(data: str, boundary: str = "0 0 210 297", more: str = "") -> str:
    return (
        f'<ofd:PathObject ID="2" Boundary="{boundary}" {more}>'
        f"<ofd:AbbreviatedData>{data}</ofd:AbbreviatedData></ofd:PathObject>"
    )


def _page(objects: str, template: str = "") -> str:
    return (
        f"<ofd:Page {NAMESPACE}>{template}<ofd:Content><ofd:Layer>{objects}</ofd:Layer>"
        "</ofd:Content></ofd:Page>"
    )


def _ofd(
    *pages: str, common: str = "", more: str = "", parts: dict[str, str | bytes] | None = None
) -> bytes:
    listed = "".join(f'<ofd:Page ID="p{n}" BaseLoc="Pages/{n}.xml"/>' for n in range(len(pages)))
    files: dict[str, str | bytes] = {
        "OFD.xml": f"<ofd:OFD {NAMESPACE}><ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>"
        "</ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": f"<ofd:Document {NAMESPACE}><ofd:CommonData><ofd:PageArea><ofd:PhysicalBox>"
        f"0 0 210 297</ofd:PhysicalBox></ofd:PageArea>{common}</ofd:CommonData>"
        f"<ofd:Pages>{listed}</ofd:Pages>{more}</ofd:Document>",
        **{f"Doc_0/Pages/{n}.xml": page for n, page in enumerate(pages)},
        **(parts or {}),
    }  # fmt: skip
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files.items():
            package.writestr(name, content)
    return written.getvalue()


def _read(*pages: str) -> Read:
    return read_ofd(_ofd(*pages), "a.ofd")


@pytest.mark.parametrize(
    ("told", "count", "found"),
    [
        ("5 5 5", 3, [5, 5, 5]),
        ("g 3 5", 3, [5, 5, 5]),
        ("2 g 2 5 1", 4, [2, 5, 5, 1]),
        ("g 9999999 5", 4, [5, 5, 5, 5]),
        ("g x 5 1", 4, [1]),
        ("nan inf 3", 3, [3]),
        ("g", 3, []),
        ("", 3, []),
        (None, 3, []),
    ],
)
def test_distances(told: str | None, count: int, found: list[float]) -> None:
    assert distances(told, count) == found


def test_lines_are_joined_and_have_boxes() -> None:
    read = _read(_page(_text(LINE, 30, 40) + _text("组织领导。", 20, 50)))
    assert read.text == LINE + "组织领导。\n"
    first = read.places.of(0, 1)[0]
    assert first.page == 1
    assert first.box == pytest.approx((85.0, 115.3, 99.2, 129.5), abs=0.5)  # 30 mm; 40 + 5 mm


def test_pages_are_in_the_order_of_the_document() -> None:
    read = _read(_page(_text("第一页", 20, 40)), _page(_text("第二页", 20, 40)))
    assert read.text == "第一页\n第二页\n"
    assert [place.page for place in read.places] == [1, 2]
    assert read.pages[0] == pytest.approx((595.3, 841.9), abs=0.1)


def test_a_matrix_scales_and_moves() -> None:
    read = _read(_page(_text("区教委", 20, 40, more='CTM="2 0 0 2 10 0"')))
    box = next(iter(read.places)).box
    assert box is not None
    assert box.right - box.left == pytest.approx(3 * 10 * 72 / 25.4, abs=1)
    assert box.left == pytest.approx(30 * 72 / 25.4, abs=0.5)


def test_a_page_of_turned_text_is_read_upright() -> None:
    lines = _text(LINE, 100, 20, more='CTM="0 1 -1 0 0 0"')
    assert _read(_page(lines)).text == LINE + "\n"


def test_a_table_of_ruling_lines() -> None:
    lines = "".join(_path(f"M 20 {y} L 190 {y}") for y in (40, 50, 60))
    lines += "".join(_path(f"M {x} 40 L {x} 60") for x in (20, 80, 190))
    words = (
        _text("责任单位", 22, 42)
        + _text("任务", 82, 42)
        + _text("区教委", 22, 52)
        + _text("建校", 82, 52)
    )
    read = _read(_page(lines + words))
    assert read.text == "责任单位\t任务\n区教委\t建校\n"
    assert read.blocks[0].kind is BlockKind.TABLE


def test_backgrounds_and_notes_are_left_out_and_told() -> None:
    page = _page(_text(LINE, 20, 40), '<ofd:Template TemplateID="t" ZOrder="Background"/>')
    note = (
        f"<ofd:PageAnnot {NAMESPACE}><ofd:Annot><ofd:Appearance>{_text('请核对', 0, 0)}</ofd:Appearance>"
        "</ofd:Annot></ofd:PageAnnot>"
    )
    data = _ofd(
        page,
        common='<ofd:TemplatePage ID="t" BaseLoc="T/1.xml"/>',
        more="<ofd:Annotations>Annotations.xml</ofd:Annotations>",
        parts={
            "Doc_0/T/1.xml": _page(_text("内部底版", 20, 10)),
            "Doc_0/Annotations.xml": f'<ofd:Annotations {NAMESPACE}><ofd:Page PageID="p0"><ofd:FileLoc>'
            "Pages/n.xml</ofd:FileLoc></ofd:Page></ofd:Annotations>",
            "Doc_0/Pages/n.xml": note,
        },
    )
    read = read_ofd(data, "a.ofd")
    assert read.text == LINE + "\n"
    told = {finding.code: finding.message for finding in read.findings}
    assert "内部底版" in told["page-furniture"]
    assert "请核对" in told["annotations"]


def test_hidden_objects_are_no_text() -> None:
    assert (
        _read(_page(_text("显示", 20, 40) + _text("隐藏", 20, 60, more='Visible="false"'))).text
        == "显示\n"
    )


# ---- pages of pictures

DUTY = "区水利局2025年6月底前建成水库10座"
RESOURCES = "<ofd:DocumentRes>Res.xml</ofd:DocumentRes>"


def _picture(key: str, boundary: str = "0 0 100 50", matrix: str | None = None) -> str:
    ctm = f'CTM="{matrix}"' if matrix else ""
    return f'<ofd:ImageObject ID="7" ResourceID="{key}" Boundary="{boundary}" {ctm}/>'


def _pictured(pages: list[str], *pictures: bytes, common: str = RESOURCES) -> bytes:
    media = "".join(
        f'<ofd:MultiMedia ID="m{n}" Type="Image"><ofd:MediaFile>{n}.png</ofd:MediaFile></ofd:MultiMedia>'
        for n in range(len(pictures))
    )
    listed = (
        f'<ofd:Res {NAMESPACE} BaseLoc="Res"><ofd:MultiMedias>{media}</ofd:MultiMedias></ofd:Res>'
    )
    files = {f"Doc_0/Res/{n}.png": picture for n, picture in enumerate(pictures)}
    return _ofd(*pages, common=common, parts={"Doc_0/Res.xml": listed, **files})


@pytest.fixture(scope="module")
def line() -> bytes:
    return as_bytes(page([(60, 60, DUTY)], 1000, 500))


def test_a_page_of_a_picture_is_recognised_where_it_stands(line: bytes) -> None:
    data = _pictured(
        [_page(_text("一、主要任务", 20, 40)), _page(_picture("m0", "30 60 150 75", "150 0 0 75 0 0"))],
        line,
    )  # fmt: skip
    read = read_ofd(data, "a.ofd")
    assert normalize("NFKC", read.text) == f"一、主要任务\n{DUTY}\n"
    assert read.model is not None
    assert next(f.code for f in read.findings) == "page-without-text"
    places = [place for place in read.places if place.page == 2]
    assert all(place.confidence is not None for place in places)
    assert all(place.confidence is None for place in read.places if place.page == 1)
    box = places[0].box
    assert box is not None  # 60 of 1,000 pixels on 150 mm, from 30 mm; likewise downwards
    assert box.left == pytest.approx((30 + 9) * 72 / 25.4, abs=4)
    assert box.top == pytest.approx((60 + 9) * 72 / 25.4, abs=8)


def test_the_picture_of_a_page_is_what_was_recognised() -> None:
    two = np.zeros((10, 20, 3), np.uint8)
    two[:, :10, 0], two[:, 10:, 2] = 255, 255  # red and blue
    data = _pictured(
        [_page(_picture("m0", "10 10 100 50", "0 50 -100 0 100 0") + _picture("m0", "10 100 20 10"))],
        as_bytes(Image.fromarray(two)),
    )  # fmt: skip
    assert Image.open(io.BytesIO(page_picture(data, OFD, 1, 1.0))).size == (595, 842)
    drawn = ofd_picture(data, 1, 25.4 / 72)  # a pixel a millimetre
    assert drawn.size == (210, 297)
    # Turned by a quarter clockwise: what was left is above.
    assert [drawn.getpixel(at) for at in ((60, 20), (60, 50), (60, 5), (15, 105), (25, 105))] == [
        (255, 0, 0), (0, 0, 255), (255, 255, 255), (255, 0, 0), (0, 0, 255),
    ]  # fmt: skip
    for number in (0, 2):
        with pytest.raises(SourceError):
            ofd_picture(data, number, 1.0)


def test_a_picture_in_the_background_is_of_the_page(line: bytes) -> None:
    template = '<ofd:TemplatePage ID="t" BaseLoc="Pages/1.xml"/>'
    data = _pictured(
        [_page("", '<ofd:Template TemplateID="t"/>'), _page(_picture("m0", "0 0 200 100"))],
        line, common=RESOURCES + template,
    )  # fmt: skip
    with recognising(Recognition(glance=True)):
        assert normalize("NFKC", read_ofd(data, "a.ofd").text) == f"{DUTY}\n"


def test_large_pictures_beside_text_are_told() -> None:
    data = _pictured(
        [_page(_text(LINE, 20, 40) + _picture("m0", "20 60 150 100"))], as_bytes(page([], 40, 40))
    )
    assert [f.code for f in read_ofd(data, "a.ofd").findings] == ["picture-not-read"]


@pytest.mark.parametrize(
    ("picture", "objects"),
    [
        (b"\x97JB2\r\n\x1a\n" + bytes(100), _picture("m0")),
        (as_bytes(page([], 40, 40))[:70], _picture("m0")),
        (as_bytes(page([], 40, 40)), _picture("m0") * 501),
    ],
    ids=["jbig2", "cut-off", "many"],
)
def test_pictures_that_are_refused(picture: bytes, objects: str) -> None:
    with pytest.raises(SourceError, match="page 1") as error:
        read_ofd(_pictured([_page(objects)], picture), "坏.ofd")
    assert error.value.hint
    assert error.value.path == "坏.ofd"


def test_more_pages_of_pictures_than_are_recognised_unasked_are_refused() -> None:
    data = _pictured([_page(_picture("m0"))] * 3, as_bytes(page([], 40, 40)))
    with recognising(Recognition(most=2)), pytest.raises(SourceError, match="over 2"):
        read_ofd(data, "a.ofd")


def test_the_kind_is_told_by_content() -> None:
    extraction = extract_bytes(_ofd(_page(_text(LINE, 20, 40))), "a.bin")
    assert extraction.clauses


@pytest.mark.parametrize(
    "data",
    [
        _ofd(_page(_path("M 0 0 L 10 10"))),  # no text
        _ofd('<!DOCTYPE a [<!ENTITY e "x">]>' + _page(_text("&e;", 20, 40))),
        _ofd("<ofd:Page"),
        _ofd(_page(_text(LINE, 20, 40)), parts={"OFD.xml": f"<ofd:OFD {NAMESPACE}/>"}),
        _ofd(parts={"OFD.xml": f"<ofd:OFD {NAMESPACE}><ofd:DocBody><ofd:DocRoot>../../etc/passwd"
                    "</ofd:DocRoot></ofd:DocBody></ofd:OFD>"}),
        _ofd(_page('<ofd:PageBlock>' * 60 + '</ofd:PageBlock>' * 60)),
        _ofd(_page(_text("字" * 200_001, 20, 40))),
        _ofd(_page(_text(" " * 30_000_000, 20, 40))),
    ],
    ids=["drawings", "entity", "xml", "empty", "outside", "deep", "long", "bomb"],
)  # fmt: skip
def test_what_is_refused(data: bytes) -> None:
    with pytest.raises(SourceError) as error:
        read_ofd(data, "坏.ofd")
    assert error.value.path == "坏.ofd"
    assert " / " in error.value.message


def test_a_composite_object_that_holds_itself_is_refused() -> None:
    unit = (
        f'<ofd:Res {NAMESPACE}><ofd:CompositeGraphicUnits><ofd:CompositeGraphicUnit ID="9"><ofd:Content>'
        '<ofd:CompositeObject ResourceID="9"/></ofd:Content></ofd:CompositeGraphicUnit>'
        "</ofd:CompositeGraphicUnits></ofd:Res>"
    )
    data = _ofd(
        _page('<ofd:CompositeObject ResourceID="9"/>'),
        common="<ofd:DocumentRes>Res.xml</ofd:DocumentRes>",
        parts={"Doc_0/Res.xml": unit},
    )
    with pytest.raises(SourceError, match="page 1"):
        read_ofd(data, "a.ofd")


def test_a_file_cut_off_anywhere_is_refused() -> None:
    pages = [_page("".join(_text(f"{n}{LINE}", 20, 20 + 5 * n) for n in range(40)))] * 12
    data = _ofd(*pages)
    for end in range(1, len(data) - 1, 1024):
        with pytest.raises(SourceError):
            read_ofd(data[:end], "a.ofd")
