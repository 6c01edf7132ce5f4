"""What the renderers do with words: none of it is markup, code or a formula; nothing is lost."""

import json
import re
from datetime import date, datetime
from html.parser import HTMLParser
from io import BytesIO
from zipfile import ZipFile

import pytest
from docx import Document
from docx.oxml.ns import qn
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from PIL import Image
from rich.console import Console

from tasks.digest import FORMATS, DigestFormat, file_name, parse_week, render, subject
from tasks.digest.chart import draw_chart, render_png
from tasks.digest.markdown import escape
from tasks.digest.models import Bar, Digest, Totals
from tasks.digest.terminal import render_terminal
from tasks.digest.words import duty_words
from tasks.exports.cells import decode_cell
from tasks.lifecycle import Step
from tests.stores import passing_store
from tests.tasks.digest_samples import (
    AS_OF,
    EARLIER,
    PLAN,
    WEEK,
    digests,
    hostile,
    opened,
    step,
)

HOSTILE = "=HYPERLINK(\"http://x.invalid\",\"a\")<script>alert(1)</script><img src=x onerror=alert(1)>|[a](javascript:x) `c` *b* _i_ # h & \x07\x0b"  # fmt: skip


@pytest.fixture(scope="module")
def found():
    with opened() as store:
        yield digests(store, all_clear=True)


@pytest.fixture(scope="module")
def attacked():
    """The digest of a unit whose duty, title, plan, neighbour and target have hostile words."""
    with passing_store() as store:
        store.add(hostile(HOSTILE), PLAN.encode(), recorded_at=EARLIER)
        yield digests(store)


def shown(digest: Digest, kind: DigestFormat, language: str = "zh") -> str:
    """The words that a reader sees."""
    data = render(digest, kind, language)
    match kind:
        case DigestFormat.DOCX:
            document = Document(BytesIO(data))
            cells = [c.text for t in document.tables for r in t.rows for c in r.cells]
            return "\n".join([*(p.text for p in document.paragraphs), *cells])
        case DigestFormat.XLSX:
            rows = (row for sheet in load_workbook(BytesIO(data)) for row in sheet.iter_rows())
            return "\n".join(str(c.value) for row in rows for c in row if c.value is not None)
        case _:
            return data.decode()


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_format_has_the_duty_its_day_its_quote_and_its_clause(found, kind, language):
    words = shown(found["区水利局"], kind, language)
    assert "整治隐患点20处以上" in words
    assert "2025-12-31" in words
    assert "到2025年" in words
    assert "某区防汛工作方案" in words
    assert "区应急局" in words
    assert "328" in words  # days overdue


@pytest.mark.parametrize("kind", [k for k in FORMATS if k is not DigestFormat.JSON])
def test_a_duty_without_a_report_is_never_called_undone(found, kind):
    for digest in found.values():
        words = shown(digest, kind)
        assert "未完成" not in words
        assert ("未报告进展" in words) or digest.all_clear
        assert not re.search(r"\bundone|not done|incomplete|unfinished", shown(digest, kind, "en"))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_equal_digests_give_equal_bytes(found, kind, language):
    with opened() as store:
        again = digests(store, all_clear=True)
    for unit, digest in found.items():
        assert render(digest, kind, language) == render(again[unit], kind, language)


@pytest.mark.parametrize("kind", [DigestFormat.DOCX, DigestFormat.XLSX])
def test_office_files_hold_no_time_but_the_digests(found, kind):
    with ZipFile(BytesIO(render(found[None], kind))) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = archive.read("docProps/core.xml").decode()
    assert set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+", core)) == {"2026-11-24T00:00:00"}


class _Page(HTMLParser):
    """The elements, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.words += data


def test_no_word_of_a_document_is_html(attacked, found):
    clean = {tag for d in found.values() for tag in _Page(shown(d, DigestFormat.HTML)).tags}
    for digest in attacked.values():
        page = _Page(shown(digest, DigestFormat.HTML))
        assert set(page.tags) <= clean
        assert not {"script", "img", "iframe", "object"} & set(page.tags)
        assert not [name for name, _ in page.attributes if name.startswith("on")]
    page = _Page(shown(attacked["区水利局"], DigestFormat.HTML))
    assert "<script>alert(1)</script>" in page.words


def test_a_page_needs_nothing_from_elsewhere(found):
    for digest in found.values():
        page = shown(digest, DigestFormat.HTML)
        assert not re.findall(r"(?:src|href)=|url\(|@import", page)
        assert re.findall(r"https?://[^\"]+", page) in ([], ["http://www.w3.org/2000/svg"])


def test_the_page_has_a_picture_with_words_for_those_who_do_not_see_it(found):
    page = shown(found["区水利局"], DigestFormat.HTML)
    svg = page[page.index("<svg") : page.index("</svg>")]
    assert svg.count("<rect") == 3
    assert 'role="img"' in svg
    assert "<desc" in svg
    # and the same numbers outside, for mail programs that drop the picture
    assert "区应急局2项、区卫生健康委1项、区水利局1项" in page.replace(svg, "")


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("https://duban.example/", True),
        ("http://10.0.0.1:8000/app", True),
        ("", False),
        ("javascript:alert(1)//", False),
        ("//elsewhere.example", False),
    ],
)
def test_clauses_link_to_their_page(found, base, expected):
    digest = found["区水利局"]
    line = next(digest.lines())
    address = f"{base.rstrip('/')}/documents/{line.detail.source.document_id}#{line.item.clause_id}"
    page = render(digest, DigestFormat.HTML, base_url=base).decode()
    assert (f'href="{address}"' in page) is expected
    assert ("href" in page) is expected
    assert (f"]({address})" in render(digest, DigestFormat.MARKDOWN, base_url=base).decode()) is expected  # fmt: skip
    book = load_workbook(BytesIO(render(digest, DigestFormat.XLSX, base_url=base)))
    links = [c.hyperlink.target for r in book["清单"].iter_rows() for c in r if c.hyperlink]
    assert bool(links) is expected
    document = Document(BytesIO(render(digest, DigestFormat.DOCX, base_url=base)))
    external = [r.target_ref for r in document.part.rels.values() if r.is_external]
    assert bool(external) is expected


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t=", "\r=", " =", "＝", "'="])
def test_no_cell_is_a_formula(first):
    words = f"{first}1+cmd|'/c calc'!A0"
    with passing_store() as store:
        store.add(hostile(words, unit=f"{first}单位"), PLAN.encode(), recorded_at=EARLIER)
        for digest in digests(store).values():
            data = render(digest, DigestFormat.XLSX)
            cells = [c for s in load_workbook(BytesIO(data)) for r in s.iter_rows() for c in r]
            assert not [c for c in cells if c.data_type == "f"]
            text = [c for c in cells if isinstance(c.value, str)]
            assert all(c.quotePrefix for c in text)
            with ZipFile(BytesIO(data)) as archive:
                sheets = [n for n in archive.namelist() if n.startswith("xl/worksheets/sheet")]
                assert not [n for n in sheets if b"<f>" in archive.read(n)]
        assert words.strip() in {decode_cell(str(c.value)).strip() for c in cells}


def test_the_sheet_of_lines_can_be_filtered_and_keeps_its_head(found):
    sheet = load_workbook(BytesIO(render(found["区水利局"], DigestFormat.XLSX)))["清单"]
    assert sheet.freeze_panes == "D2"
    assert sheet.auto_filter.ref == f"A1:U{sheet.max_row}"
    rows = [[c.value for c in row] for row in sheet.iter_rows(min_row=2)]
    assert [row[0] for row in rows] == ["逾期（红）", "配合事项：30日内到期（蓝）"]
    assert rows[0][7] == datetime(2025, 12, 31)  # noqa: DTZ001 - a day, as Excel holds it
    assert rows[0][10] == 328


def test_word_names_chinese_fonts_repeats_heads_and_has_the_picture(found):
    document = Document(BytesIO(render(found["区水利局"], DigestFormat.DOCX)))
    page = document.sections[0]
    assert (round(page.page_width.cm, 1), round(page.page_height.cm, 1)) == (21.0, 29.7)
    for name, font in (("Normal", "仿宋"), ("Heading 1", "黑体"), ("Title", "黑体")):
        fonts = document.styles[name].element.rPr.rFonts
        assert fonts.get(qn("w:eastAsia")) == font
        assert fonts.get(qn("w:eastAsiaTheme")) is None  # it would win over the font
    heads = [t for t in document.tables if t._tbl.findall(f".//{qn('w:tblHeader')}")]
    assert [[c.text for c in t.rows[0].cells][1] for t in heads] == ["事项与出处"] * 2
    [picture] = document.inline_shapes
    assert "区应急局2项" in picture._inline.docPr.get("descr")
    assert [p.text for p in document.paragraphs if p.style.name == "Heading 1"] == [
        "逾期（红） 1项",
        "配合事项（本单位配合，由其他单位牵头或负责）",
    ]


@pytest.mark.parametrize("kind", FORMATS)
def test_characters_that_files_cannot_hold_break_no_format(attacked, kind):
    assert "HYPERLINK" in shown(attacked["区水利局"], kind)


def test_a_units_name_adds_no_column_to_a_table():
    with passing_store() as store:
        store.add(hostile("整治", unit="甲|乙"), PLAN.encode(), recorded_at=EARLIER)
        page = render(digests(store)[None], DigestFormat.MARKDOWN).decode()
    [row] = [line for line in page.splitlines() if line.startswith("| 甲")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 8


_ANYTHING = st.text(min_size=1, max_size=40)


@given(_ANYTHING)
def test_escaped_words_are_text_on_one_line(words):
    escaped = escape(words)
    assert "\n" not in escaped
    assert "\r" not in escaped
    bare = re.sub(r"\\.|&amp;|&lt;|&gt;", "", escaped)
    assert not set(bare) & set("`*_[]|#~<>$!&")
    assert not re.match(r"[-+=]|\d+[.)]", escaped)


@pytest.mark.parametrize(
    ("words", "escaped"),
    [
        ("建成*20*处", "建成\\*20\\*处"),
        ("1. 建校", "1\\. 建校"),
        ("- 建校", "\\- 建校"),
        ("# 建校", "\\# 建校"),
        ("<b>&lt;", "&lt;b&gt;&amp;lt;"),
        ("一\n二\r\n三\u2028四", "一 二 三 四"),
        ("[a](b)", "\\[a\\](b)"),
        ("甲|乙", "甲\\|乙"),
    ],
)
def test_escape(words, escaped):
    assert escape(words) == escaped


@given(_ANYTHING)
def test_a_file_name_is_one_component_whatever_the_unit(words):
    name = file_name(Digest(week=WEEK, as_of=AS_OF, within=30, unit=words, totals=Totals()), DigestFormat.DOCX)  # fmt: skip
    assert not set(name) & set('/\\\0:*?"<>|\r\n')
    assert ".." not in name
    assert name.startswith("督办周报-2026-W48-")
    assert name.endswith(".docx")
    assert len(name.encode()) < 255


@pytest.mark.parametrize(
    ("unit", "name"),
    [
        ("区教委", "督办周报-2026-W48-区教委.html"),
        (None, "督办周报-2026-W48-总览.html"),
    ],
)
def test_plain_names_stay(unit, name):
    digest = Digest(week=WEEK, as_of=AS_OF, within=30, unit=unit, totals=Totals())
    assert file_name(digest, DigestFormat.HTML) == name


def test_different_units_never_share_a_file():
    units = [None, "总览", "a/b", "a\\b", "a_b", "a b", "../a", "区" * 100, "区" * 101]
    made = [Digest(week=WEEK, as_of=AS_OF, within=30, unit=u, totals=Totals()) for u in units]
    names = {file_name(digest, DigestFormat.JSON) for digest in made}
    assert len(names) == len(units)


@pytest.mark.parametrize(
    ("unit", "zh", "en"),
    [
        ("区水利局", "区水利局：逾期1项、配合事项", "区水利局: 1 overdue"),
        ("区财政局", "区财政局：30日内到期1项", "区财政局: 1 due within 30 days"),
        ("区教委", "区教委：配合事项逾期1项", "区教委: 1 joint ones overdue"),
        ("各镇乡街道", "各镇乡街道：本周无事项", "各镇乡街道: nothing to report"),
        (None, "总览：逾期3项、30日内到期1项", "Overview: 3 overdue, 1 due within 30 days"),
    ],
)
def test_the_subject_says_the_numbers(found, unit, zh, en):
    said = subject(found[unit])
    assert said.startswith(f"督办周报 2026年第48周 {zh.split('、配合')[0]}")
    assert subject(found[unit], "en").startswith(f"Weekly digest 2026-W48 {en}")


def test_the_numbers_in_words(found):
    words = shown(found["区水利局"], DigestFormat.MARKDOWN)
    assert "逾期1项，其中1项未报告进展。" in words
    assert "另有配合事项30日内到期1项，列于文末。" in words
    with opened() as store:
        step(store, "整治隐患点20处以上", Step.ACCEPT, date(2026, 2, 1))
        step(store, "整治隐患点20处以上", Step.REPORT, date(2026, 2, 2), text="12 处")
        reported = shown(digests(store)["区水利局"], DigestFormat.MARKDOWN)
    assert "逾期1项，均已报告进展。" in reported
    assert "未报告进展" not in reported.split("## 配合")[0]


def test_a_subject_is_one_line():
    digest = Digest(week=WEEK, as_of=AS_OF, within=30, unit="区\r\nBcc: x\n教委", totals=Totals())
    assert "\n" not in subject(digest)
    assert "\r" not in subject(digest)


def test_json_has_all_facts(found):
    value = json.loads(render(found["区水利局"], DigestFormat.JSON))
    assert value["week"] == "2026-W48"
    assert value["subject"] == subject(found["区水利局"])
    [section] = value["sections"]
    assert (section["kind"], len(section["lines"])) == ("overdue", 1)
    line = section["lines"][0]
    assert (line["item"]["due"], line["detail"]["printed"]) == ("2025-12-31", "到2025年")
    assert line["detail"]["goals"][0]["target"]["value"] == "20"
    assert value["joint"][0]["kind"] == "due"


def test_the_last_report_and_a_refused_extension_are_told():
    with opened() as store:
        bags = "储备编织袋5000条"
        step(store, bags, Step.ACCEPT, date(2026, 2, 1))
        step(store, bags, Step.REPORT, date(2026, 3, 2), text="已储备 4000 条", percent=99)
        step(store, bags, Step.REQUEST_EXTENSION, date(2026, 3, 3), reason="缺货", new_date=date(2027, 1, 31))  # fmt: skip
        asked = shown(digests(store)["区财政局"], DigestFormat.MARKDOWN)
        assert "已申请延至2027-01-31，待批" in asked
        step(store, bags, Step.REFUSE_EXTENSION, date(2026, 3, 4), reason="可以外购")
        refused = shown(digests(store)["区财政局"], DigestFormat.MARKDOWN)
        assert "滞后（黄） 1项" in refused
        assert "延期申请未获同意" in refused
        assert "承办 99%；2026-03-02报告：已储备 4000 条" in refused
        step(store, bags, Step.REQUEST_EXTENSION, date(2026, 3, 5), reason="缺货", new_date=date(2026, 12, 10))  # fmt: skip
        step(store, bags, Step.APPROVE_EXTENSION, date(2026, 3, 6))
        moved = shown(digests(store)["区财政局"], DigestFormat.MARKDOWN)
        assert "2026-12-10；还有16天" in moved
        assert "已同意延期，原定2026-11-30" in moved


def test_the_clauses_number_is_not_said_twice(found):
    item = next(found["区水利局"].lines()).item
    for path, commitment, words in (
        ("1/一/3", "3.规范处置", "规范处置"),
        ("1/二/(三)", "(三)落实经费", "落实经费"),
        ("1/一/2", "2.5公里堤防", "2.5公里堤防"),
        ("1/一/2", "200名教师", "200名教师"),
        ("1/一", "一校一策", "一校一策"),
        ("1/一/3", "3.", "3."),
    ):
        changed = item.model_copy(update={"path": path, "commitment": commitment})
        assert duty_words(changed) == words


def test_labels_of_the_picture_are_drawn_not_boxes():
    """A font without a character draws the same box for each: different names must differ."""

    def label(name: str) -> bytes:
        chart = draw_chart([Bar(unit=name, overdue=1)], "zh", own=None)
        assert chart is not None
        image = Image.open(BytesIO(render_png(chart)))
        return image.crop((0, 100, 500, image.height)).tobytes()

    names = ["教", "委", "厅", "镇", "垚", "㐂"]
    assert len({label(name) for name in names}) == len(names)


def test_a_long_name_is_shortened_in_the_picture_not_in_its_words():
    name = "某某某某某某某某某某某某某某某某某某某领导小组办公室"
    chart = draw_chart([Bar(unit=name, overdue=1)], "zh", own=None)
    assert chart is not None
    assert chart.rows[0].label.endswith("…")
    assert name in chart.description


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_terminal_shows_every_digest_without_markup(attacked, found, language):
    for digest in (*found.values(), *attacked.values()):
        console = Console(width=120, record=True, file=None, quiet=False)
        with console.capture() as captured:
            console.print(render_terminal(digest, language))
        words = captured.get()
        assert (digest.unit or {"zh": "总览", "en": "Overview"}[language])[:4] in words


def test_weeks_around_the_new_year_say_both_years(found):
    digest = found["区水利局"].model_copy(update={"week": parse_week("2026-W53"), "as_of": date(2027, 1, 2)})  # fmt: skip
    assert "2026年第53周（2026年12月28日—2027年1月3日）" in shown(digest, DigestFormat.HTML)
