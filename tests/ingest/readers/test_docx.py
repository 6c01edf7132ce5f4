"""Word files: what is printed is text, one paragraph a line; what is not is told."""

from __future__ import annotations

import io
import zipfile
from itertools import pairwise

import docx as python_docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.readers import read_bytes
from ingest.readers.docx import read_docx
from ingest.readers.source import BlockKind, Read
from kb.errors import SourceError
from tests.effort import calls_of
from tests.ingest.readers.word_files import (
    cell,
    docx,
    package,
    paragraph,
    run,
    table,
)

FOLLOWED = '<w:rPr><w:del w:id="1"/></w:rPr>'
BOX = (
    "<w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:txbx><w:txbxContent>{0}"
    "</w:txbxContent></wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>"
    "<w:txbxContent>{0}</w:txbxContent></v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
)


def read(body: str, parts: dict[str, str] | None = None) -> Read:
    return read_docx(docx(body, parts), "a.docx")


def mark(kind: str) -> str:
    return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'


def field(code: str, result: str) -> str:
    told = f"<w:r><w:instrText>{code}</w:instrText></w:r>"
    return mark("begin") + told + (mark("separate") + result if result else "") + mark("end")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (run("甲") + run("乙"), "甲乙"),
        (run("　　甲  "), "甲"),
        ("<w:r><w:t>甲</w:t><w:tab/><w:t>乙</w:t></w:r>", "甲 乙"),
        ("<w:r><w:t>5</w:t><w:noBreakHyphen/><w:t>6</w:t></w:r>", "5-6"),
        ("<w:hyperlink>" + run("甲") + "</w:hyperlink>" + run("乙"), "甲乙"),
        ("<w:smartTag><w:smartTag>" + run("甲") + "</w:smartTag></w:smartTag>", "甲"),
        ("<w:sdt><w:sdtContent>" + run("甲") + "</w:sdtContent></w:sdt>", "甲"),
        (run("甲") + field("PAGEREF _x", run("3")), "甲3"),
        (field("IF " + "x", field("REF y", run("乙")) + run("丙")), "乙丙"),
        (mark("begin") + field("REF y", run("乙")) + mark("separate") + run("甲") + mark("end"), "甲"),
        ("<w:fldSimple w:instr='DATE'>" + run("2025年") + "</w:fldSimple>", "2025年"),
        (field(r"eq \o\ac(○,3)", "") + run("甲"), "③甲"),
        (run("甲") + mark("begin") + run("乙"), "甲乙"),  # a field that never ends hides nothing
        ('<w:r><w:sym w:font="Symbol" w:char="F0B3"/></w:r>' + run("90%"), "≥90%"),
        ('<w:r><w:sym w:font="Wingdings 2" w:char="F052"/></w:r>' + run("是"), "☑是"),
        (run("\uf0b3", '<w:rFonts w:ascii="Symbol"/>') + run("5"), "≥5"),
        (run("100m") + run("2", '<w:vertAlign w:val="superscript"/>'), "100m²"),
        ("<w:r><w:ruby><w:rt>" + run("jia") + "</w:rt><w:rubyBase>" + run("甲")
         + "</w:rubyBase></w:ruby></w:r>", "甲"),
        ("<m:oMath><m:f><m:num><m:r><m:t>a</m:t></m:r></m:num><m:den><m:r><m:t>b</m:t></m:r>"
         "</m:den></m:f></m:oMath>", "a/b"),
        ('<w:ins w:id="1">' + run("甲") + "</w:ins><w:del w:id='2'><w:r><w:delText>乙</w:delText></w:r>"
         "</w:del>", "甲"),
        ("<w:moveFrom w:id='1'>" + run("乙") + "</w:moveFrom><w:moveTo w:id='2'>" + run("甲")
         + "</w:moveTo>", "甲"),
        (run("甲") + run("乙", "<w:vanish/>"), "甲"),
        (run("甲", '<w:vanish w:val="0"/>'), "甲"),
        (run("2025") + '<w:r><w:footnoteReference w:id="2"/></w:r>' + run("年"), "2025年"),
        (run("甲") + '<w:r><w:footnoteReference w:id="2" w:customMarkFollows="1"/><w:t>*</w:t></w:r>',
         "甲"),
    ],
)  # fmt: skip
def test_the_words_of_a_paragraph(content: str, line: str) -> None:
    assert read(paragraph(content=content)).text == line + "\n"


def test_breaks_inside_a_paragraph_are_lines_of_one_paragraph() -> None:
    found = read(
        paragraph(content=run("甲") + '<w:r><w:br/><w:t>乙</w:t><w:br w:type="page"/></w:r>')
    )
    assert found.text == "甲\n乙\n"
    assert {place.paragraph for place in found.places} == {1}


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (paragraph("甲", FOLLOWED) + paragraph("乙"), ["甲乙"]),  # the mark between them is deleted
        (paragraph("", FOLLOWED) + paragraph("乙"), ["乙"]),
        (paragraph("甲", "<w:rPr><w:vanish/><w:specVanish/></w:rPr>") + paragraph("乙"), ["甲乙"]),
        (paragraph("甲") + paragraph("") + paragraph("乙"), ["甲", "乙"]),
        ("<w:sdt><w:sdtContent>" + paragraph("甲") + "</w:sdtContent></w:sdt>", ["甲"]),
        ("<mc:AlternateContent><mc:Choice>" + paragraph("甲") + "</mc:Choice><mc:Fallback>"
         + paragraph("乙") + "</mc:Fallback></mc:AlternateContent>", ["甲"]),
        (table([[paragraph("甲") and cell(paragraph("甲") + paragraph("乙"))]]), ["甲", "乙"]),
    ],
)  # fmt: skip
def test_the_lines_of_a_body(body: str, lines: list[str]) -> None:
    assert read(body).text.splitlines() == lines


MERGED, BELOW = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ([["甲", "乙"], ["丙", "丁"]], ["甲\t乙", "丙\t丁"]),
        ([[cell(paragraph("甲") + paragraph("乙")), "丙"], [cell(paragraph("丁") + paragraph("戊")), "己"]],
         ["甲乙\t丙", "丁 戊\t己"]),
        ([["序号", "工作任务", "责任单位"],
          ["1", "新建学校", cell(paragraph("区教委"), MERGED)],
          ["2", "招聘教师", cell(paragraph(), BELOW)]],
         ["序号\t工作任务\t责任单位", "1\t新建学校\t区教委", "2\t招聘教师\t区教委"]),
        ([[cell(paragraph("一、任务"), '<w:gridSpan w:val="2"/>')], ["甲", "乙"]],
         ["一、任务", "甲\t乙"]),
        ([["甲", cell(table([["乙", "丙"]]) + paragraph())]], ["甲\t乙 丙"]),
        ([["甲", cell(paragraph(content="<w:r><w:t>乙</w:t><w:br/><w:t>丙</w:t></w:r>"))]], ["甲\t乙 丙"]),
    ],
)  # fmt: skip
def test_a_row_is_a_line(rows: list[list[str]], lines: list[str]) -> None:
    found = read(table(rows))
    assert found.text.splitlines() == lines
    block = found.blocks[0]
    assert block.kind is BlockKind.TABLE
    for told in block.cells:
        assert "\t" not in found.text[told.start : told.end]


def test_cells_say_how_far_they_stand() -> None:
    rows = [
        [cell(paragraph("甲"), MERGED), cell(paragraph("乙"), '<w:gridSpan w:val="2"/>')],
        [cell(paragraph(), BELOW), "丙", "丁"],
    ]
    cells = read(table(rows)).blocks[0].cells
    assert [(c.row, c.rows, c.columns) for c in cells] == [
        (0, 2, 1),
        (0, 1, 2),
        (1, 1, 1),
        (1, 1, 1),
    ]


def test_text_boxes_are_read_once_a_red_head_first() -> None:
    found = read(
        paragraph("某发〔2025〕3号", content=BOX.format(paragraph("某市人民政府文件")))
        + paragraph("正文", content=BOX.format(paragraph("旁注")))
        + paragraph(content='<w:r><w:pict><v:textpath string="急件"/></w:pict></w:r>')
    )
    assert found.text.splitlines() == [
        "某市人民政府文件",
        "某发〔2025〕3号",
        "正文",
        "旁注",
        "急件",
    ]
    kinds = [block.kind for block in found.blocks]
    assert kinds.count(BlockKind.TEXT_BOX) == 3


NOTES = (
    '<w:footnote w:type="separator" w:id="0"/><w:footnote w:id="2"><w:p><w:r><w:footnoteRef/></w:r>'
    + run(" 按常住人口计算。")
    + "</w:p></w:footnote>"
)


def test_notes_stand_after_the_text() -> None:
    body = paragraph(content=run("20所") + '<w:r><w:footnoteReference w:id="2"/></w:r>')
    found = read(body + paragraph("完"), {"footnotes": NOTES})
    assert found.text.splitlines() == ["20所", "完", "[1] 按常住人口计算。"]
    assert found.blocks[-1].kind is BlockKind.FOOTNOTE
    (finding,) = (f for f in found.findings if f.code == "footnote")
    assert finding.span is not None
    assert finding.span.slice(found.text).endswith("计算。")


@pytest.mark.parametrize(
    ("body", "parts", "code", "told"),
    [
        (run("甲"), {"header": paragraph("内部资料")}, "left-out", "内部资料"),
        (run("甲"), {"footer": paragraph("第一页")}, "left-out", "第一页"),
        (run("甲"), {"comments": f"<w:comment w:author='王'>{paragraph('请核')}</w:comment>"},
         "comments", "王: 请核"),
        (run("甲") + run("密", "<w:vanish/>"), {}, "hidden-text", "密"),
        (run("甲") + f"<w:del w:id='1'>{run('旧')}</w:del>", {}, "tracked-deletions", "旧"),
        (run("甲") + f"<w:ins w:id='1'>{run('新')}</w:ins>", {}, "tracked-insertions", "新"),
        (run("甲") + "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>" + run("点击输入")
         + "</w:sdtContent></w:sdt>", {}, "left-out", "点击输入"),
        (run("甲") + '<w:r><w:pict><v:imagedata/></w:pict></w:r>', {}, "pictures", "1"),
        (run("甲") + field("AUTONUM", ""), {}, "fields", "1"),
        (run("甲") + '<w:r><w:sym w:font="Webdings" w:char="F0FF"/></w:r>', {}, "symbols", "1"),
    ],
)  # fmt: skip
def test_what_is_left_out_is_told(body: str, parts: dict[str, str], code: str, told: str) -> None:
    found = read(paragraph(content=body), parts)
    assert found.text.startswith("甲")
    (finding,) = found.findings
    assert finding.code == code
    assert all(told in side for side in finding.message.split(" / "))


def test_an_automatic_table_of_contents_is_left_out() -> None:
    entries = paragraph(content=field(r'TOC \o "1-3"', "")[: -len(mark("end"))] + mark("separate")
                        + run("一、总体要求\t1")) + paragraph(content=run("二、任务\t12"))  # fmt: skip
    found = read(entries + paragraph(content=mark("end")) + paragraph("一、总体要求"))
    assert found.text == "一、总体要求\n"
    assert "二、任务 12" in found.findings[0].message


CHUNK = paragraph("前") + '<w:altChunk r:id="c"/>' + paragraph("后")


@pytest.mark.parametrize(
    ("chunk", "lines", "codes"),
    [
        ("<html><body><p>一、总体要求</p><table><tr><td>甲</td><td>乙</td></tr></table></body></html>",
         ["前", "一、总体要求", "甲\t乙", "后"], []),
        ("{\\rtf1 a\\par b}", ["前", "a", "b", "后"], []),
        ("%PDF-1.7", ["前", "后"], ["embedded-objects"]),
    ],
)  # fmt: skip
def test_a_file_in_the_text_is_read_where_it_stands(
    chunk: str, lines: list[str], codes: list[str]
) -> None:
    relation = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="c" Type="http://x/aFChunk" Target="/word/chunk"/></Relationships>'
    )
    files = _files(docx(CHUNK))
    files |= {"word/_rels/document.xml.rels": relation.encode(), "word/chunk": chunk.encode()}
    found = read_docx(package(files), "a.docx")
    assert found.text.splitlines() == lines
    assert [finding.code for finding in found.findings] == codes
    assert all(place.paragraph for place in found.places)


def _files(data: bytes) -> dict[str, bytes]:
    packed = zipfile.ZipFile(io.BytesIO(data))
    return {name: packed.read(name) for name in packed.namelist()}


def test_deleted_and_hidden_rows_are_told() -> None:
    rows = table([["甲", "乙"], ["丙", "丁"], ["戊", "己"]]).split("<w:tr>")
    rows[2] = f"<w:trPr><w:del w:id='1'/></w:trPr>{rows[2]}"
    rows[3] = f"<w:trPr><w:hidden/></w:trPr>{rows[3]}"
    found = read("<w:tr>".join(rows))
    assert found.text == "甲\t乙\n"
    assert [f.code for f in found.findings] == ["tracked-deletions", "hidden-text"]


def test_headings_have_levels() -> None:
    document = python_docx.Document()
    document.add_heading("方案", 1)
    document.add_heading("任务", 3)
    document.add_paragraph("正文")
    data = io.BytesIO()
    document.save(data)
    found = read_docx(data.getvalue(), "a.docx")
    assert [(b.kind, b.level) for b in found.blocks] == [
        (BlockKind.HEADING, 1), (BlockKind.HEADING, 3), (BlockKind.PARAGRAPH, None),
    ]  # fmt: skip


WORDS = st.text(st.sampled_from("甲乙一、（）1. \t\n\u3000&<"), max_size=8)


@settings(max_examples=30)
@given(st.lists(st.tuples(WORDS, st.sampled_from(["p", "n", "t", "b", "d"])), max_size=8))
def test_every_character_has_a_place_and_a_block(parts: list[tuple[str, str]]) -> None:
    body = ""
    for words, kind in parts:
        if kind == "t":
            body += table([[words, "乙"], ["丙", words]])
        elif kind == "b":
            body += paragraph(words, content=BOX.format(paragraph(words)))
        elif kind == "n":
            body += paragraph(words, "<w:numPr><w:numId w:val='1'/></w:numPr>")
        else:
            body += paragraph(words, FOLLOWED if kind == "d" else "")
    found = read(body + paragraph("完"), {"numbering": _DECIMAL})
    placed = {at for place in found.places for at in range(place.start, place.end)}
    assert all(at in placed for at, c in enumerate(found.text) if not c.isspace())
    if not any(kind == "b" for _, kind in parts):  # a red head comes before what it hangs on
        numbers = [place.paragraph or 0 for place in found.places]
        assert numbers == sorted(numbers)
    assert all(before.end <= after.start for before, after in pairwise(found.blocks))
    covered = {at for block in found.blocks for at in range(block.start, block.end)}
    assert all(at in covered for at, c in enumerate(found.text) if not c.isspace())


_DECIMAL = (
    '<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:lvlText w:val="%1."/>'
    '</w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>'
)


def test_twice_the_text_takes_twice_the_work() -> None:
    sentence = "各单位要高度重视，抓好落实，不断提高服务人民的能力和水平，切实加强组织领导。"
    half, whole = (
        docx(paragraph(content=run(sentence) + run(sentence)) * times) for times in (500, 1000)
    )
    once = calls_of(lambda: read_docx(half, "a.docx"))
    assert calls_of(lambda: read_docx(whole, "a.docx")) < 2.2 * once


def nested(open_: str, close: str, times: int) -> str:
    return paragraph("甲") + open_ * times + paragraph("乙") + close * times


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(package({"word/document.xml": "<a"}), id="no XML"),
        pytest.param(package({"other.xml": "<a/>"}), id="no document"),
        pytest.param(package({"word/document.xml": "<a/>"}), id="no body"),
        pytest.param(
            package({"word/document.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}), id="entity"
        ),
        pytest.param(
            package({"word/document.xml": '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'}), id="DTD"
        ),
        pytest.param(docx(nested("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>", 60)), id="tables"),
        pytest.param(docx(nested("<w:sdt><w:sdtContent>", "</w:sdtContent></w:sdt>", 60)), id="sdt"),
        pytest.param(docx(nested("<w:smartTag>", "</w:smartTag>", 400)), id="depth of XML"),
        pytest.param(
            docx(paragraph(content="<w:smartTag>" * 150 + run("甲") + "</w:smartTag>" * 150)),
            id="depth of runs",
        ),
        pytest.param(docx("<w:p/>" * 900_000), id="packed too tightly"),
        pytest.param(docx(paragraph(content="<w:r><w:pict><v:imagedata/></w:pict></w:r>")), id="picture"),
    ],
)  # fmt: skip
def test_hostile_files_are_refused_at_once(data: bytes) -> None:
    def attempt() -> None:
        with pytest.raises(SourceError) as raised:
            read_docx(data, "a.docx")
        assert " / " in raised.value.message

    assert calls_of(attempt) < 10_000


def test_nothing_outside_the_package_is_read() -> None:
    relation = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Type="http://x/header" Target="http://x/h.xml" TargetMode="External"/>'
        '<Relationship Id="r2" Type="http://x/footer" Target="../../../etc/passwd"/></Relationships>'
    )
    files = _files(docx(paragraph("甲")))
    files["word/_rels/document.xml.rels"] = relation.encode()
    assert read_docx(package(files), "a.docx").text == "甲\n"


def test_a_document_named_otherwise_is_read_by_its_content() -> None:
    source = read_bytes(docx(paragraph("某区行动方案")), "a.doc")
    assert source.text == "某区行动方案\n"
    assert source.findings[0].code == "extension-mismatch"
