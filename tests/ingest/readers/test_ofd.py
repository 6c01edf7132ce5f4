"""OFD files: characters by their distances, matrices, tables, backgrounds, notes; hostile packages."""

from __future__ import annotations

import io
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
from tests.ingest.readers import drawn
from tests.ingest.readers.drawn import as_bytes
from tests.ingest.readers.ofd_files import NAMESPACE, ofd, page, path, text
from tests.ingest.readers.test_jbig2 import DRAWN, jbig2

LINE = "一、主要任务。各单位要高度重视义务教育优质均衡发展工作，加强"


def _read(*pages: str) -> Read:
    return read_ofd(ofd(*pages), "a.ofd")


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
    read = _read(page(text(LINE, 30, 40) + text("组织领导。", 20, 50)))
    assert read.text == LINE + "组织领导。\n"
    first = read.places.of(0, 1)[0]
    assert first.page == 1
    assert first.box == pytest.approx((85.0, 115.3, 99.2, 129.5), abs=0.5)  # 30 mm; 40 + 5 mm


def test_pages_are_in_the_order_of_the_document() -> None:
    read = _read(page(text("第一页", 20, 40)), page(text("第二页", 20, 40)))
    assert read.text == "第一页\n第二页\n"
    assert [place.page for place in read.places] == [1, 2]
    assert read.pages[0] == pytest.approx((595.3, 841.9), abs=0.1)


def test_a_matrix_scales_and_moves() -> None:
    read = _read(page(text("区教委", 20, 40, more='CTM="2 0 0 2 10 0"')))
    box = next(iter(read.places)).box
    assert box is not None
    assert box.right - box.left == pytest.approx(3 * 10 * 72 / 25.4, abs=1)
    assert box.left == pytest.approx(30 * 72 / 25.4, abs=0.5)


def test_a_page_of_turned_text_is_read_upright() -> None:
    lines = text(LINE, 100, 20, more='CTM="0 1 -1 0 0 0"')
    assert _read(page(lines)).text == LINE + "\n"


def test_a_table_of_ruling_lines() -> None:
    lines = "".join(path(f"M 20 {y} L 190 {y}") for y in (40, 50, 60))
    lines += "".join(path(f"M {x} 40 L {x} 60") for x in (20, 80, 190))
    words = (
        text("责任单位", 22, 42)
        + text("任务", 82, 42)
        + text("区教委", 22, 52)
        + text("建校", 82, 52)
    )
    read = _read(page(lines + words))
    assert read.text == "责任单位\t任务\n区教委\t建校\n"
    assert read.blocks[0].kind is BlockKind.TABLE


def test_backgrounds_and_notes_are_left_out_and_told() -> None:
    shown = page(text(LINE, 20, 40), '<ofd:Template TemplateID="t" ZOrder="Background"/>')
    note = (
        f"<ofd:PageAnnot {NAMESPACE}><ofd:Annot><ofd:Appearance>{text('请核对', 0, 0)}</ofd:Appearance>"
        "</ofd:Annot></ofd:PageAnnot>"
    )
    data = ofd(
        shown,
        common='<ofd:TemplatePage ID="t" BaseLoc="T/1.xml"/>',
        more="<ofd:Annotations>Annotations.xml</ofd:Annotations>",
        parts={
            "Doc_0/T/1.xml": page(text("内部底版", 20, 10)),
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
        _read(page(text("显示", 20, 40) + text("隐藏", 20, 60, more='Visible="false"'))).text
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
    return ofd(*pages, common=common, parts={"Doc_0/Res.xml": listed, **files})


@pytest.fixture(scope="module")
def line() -> bytes:
    return as_bytes(drawn.page([(60, 60, DUTY)], 1000, 500))


def test_a_page_of_a_picture_is_recognised_where_it_stands(line: bytes) -> None:
    data = _pictured(
        [page(text("一、主要任务", 20, 40)), page(_picture("m0", "30 60 150 75", "150 0 0 75 0 0"))],
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
        [page(_picture("m0", "10 10 100 50", "0 50 -100 0 100 0") + _picture("m0", "10 100 20 10"))],
        as_bytes(Image.fromarray(two)),
    )  # fmt: skip
    assert Image.open(io.BytesIO(page_picture(data, OFD, 1, 1.0))).size == (595, 842)
    shown = ofd_picture(data, 1, 25.4 / 72)  # a pixel a millimetre
    assert shown.size == (210, 297)
    # Turned by a quarter clockwise: what was left is above.
    assert [shown.getpixel(at) for at in ((60, 20), (60, 50), (60, 5), (15, 105), (25, 105))] == [
        (255, 0, 0), (0, 0, 255), (255, 255, 255), (255, 0, 0), (0, 0, 255),
    ]  # fmt: skip
    for number in (0, 2):
        with pytest.raises(SourceError):
            ofd_picture(data, number, 1.0)


@pytest.mark.parametrize("how", [{}, {"flags": 0}, {"bare": True}], ids=str)
def test_a_page_of_a_jbig2_picture_is_drawn(how) -> None:
    data = _pictured([page(_picture("m0", "0 0 150 60"))], jbig2(DRAWN, **how))
    shown = ofd_picture(data, 1, 25.4 / 72)  # a pixel a millimetre
    assert [shown.getpixel(at) for at in ((50, 20), (5, 5), (120, 50))] == [
        (0, 0, 0), (255, 255, 255), (255, 255, 255),
    ]  # fmt: skip


def test_a_picture_in_the_background_is_of_the_page(line: bytes) -> None:
    template = '<ofd:TemplatePage ID="t" BaseLoc="Pages/1.xml"/>'
    data = _pictured(
        [page("", '<ofd:Template TemplateID="t"/>'), page(_picture("m0", "0 0 200 100"))],
        line, common=RESOURCES + template,
    )  # fmt: skip
    with recognising(Recognition(glance=True)):
        assert normalize("NFKC", read_ofd(data, "a.ofd").text) == f"{DUTY}\n"


def test_large_pictures_beside_text_are_told() -> None:
    data = _pictured(
        [page(text(LINE, 20, 40) + _picture("m0", "20 60 150 100"))],
        as_bytes(drawn.page([], 40, 40)),
    )
    assert [f.code for f in read_ofd(data, "a.ofd").findings] == ["picture-not-read"]


@pytest.mark.parametrize(
    ("picture", "objects"),
    [
        (b"\x97JB2\r\n\x1a\n" + bytes(100), _picture("m0")),
        (as_bytes(drawn.page([], 40, 40))[:70], _picture("m0")),
        (as_bytes(drawn.page([], 40, 40)), _picture("m0") * 501),
    ],
    ids=["jbig2", "cut-off", "many"],
)
def test_pictures_that_are_refused(picture: bytes, objects: str) -> None:
    with pytest.raises(SourceError, match="page 1") as error:
        read_ofd(_pictured([page(objects)], picture), "坏.ofd")
    assert error.value.hint
    assert error.value.path == "坏.ofd"


def test_more_pages_of_pictures_than_are_recognised_unasked_are_refused() -> None:
    data = _pictured([page(_picture("m0"))] * 3, as_bytes(drawn.page([], 40, 40)))
    with recognising(Recognition(most=2)), pytest.raises(SourceError, match="over 2"):
        read_ofd(data, "a.ofd")


def test_the_kind_is_told_by_content() -> None:
    extraction = extract_bytes(ofd(page(text(LINE, 20, 40))), "a.bin")
    assert extraction.clauses


@pytest.mark.parametrize(
    "data",
    [
        ofd(page(path("M 0 0 L 10 10"))),  # no text
        ofd('<!DOCTYPE a [<!ENTITY e "x">]>' + page(text("&e;", 20, 40))),
        ofd("<ofd:Page"),
        ofd(page(text(LINE, 20, 40)), parts={"OFD.xml": f"<ofd:OFD {NAMESPACE}/>"}),
        ofd(parts={"OFD.xml": f"<ofd:OFD {NAMESPACE}><ofd:DocBody><ofd:DocRoot>../../etc/passwd"
                    "</ofd:DocRoot></ofd:DocBody></ofd:OFD>"}),
        ofd(page('<ofd:PageBlock>' * 60 + '</ofd:PageBlock>' * 60)),
        ofd(page(text("字" * 200_001, 20, 40))),
        ofd(page(text(" " * 30_000_000, 20, 40))),
        ofd(parts={"Doc_0/Document.xml": f"<ofd:Document {NAMESPACE}><ofd:Pages>"
            + '<ofd:Page ID="1" BaseLoc="1.xml"/>' * 10_001 + "</ofd:Pages></ofd:Document>"}),
    ],
    ids=["drawings", "entity", "xml", "empty", "outside", "deep", "long", "bomb", "pages"],
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
    data = ofd(
        page('<ofd:CompositeObject ResourceID="9"/>'),
        common="<ofd:DocumentRes>Res.xml</ofd:DocumentRes>",
        parts={"Doc_0/Res.xml": unit},
    )
    with pytest.raises(SourceError, match="page 1"):
        read_ofd(data, "a.ofd")
