"""Saved pages: the main text by paragraphs, the header table first, furniture left out."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.header import parse_header
from ingest.readers.html import read_html
from kb.errors import SourceError

BODY = "".join(
    f"<p>　　{marker}各单位要高度重视，抓好落实，不断提高服务人民的能力和水平，切实加强组织领导。</p>"
    for marker in ("（一）", "（二）", "（三）", "（四）", "（五）", "（六）")
)
PAGE = f"""<!DOCTYPE html>
<html><head><title>标题栏</title><meta charset="utf-8"><style>p{{color:red}}</style></head>
<body>
<div class="nav"><a href="/">首页导航</a><a href="/zwgk">政务公开栏目</a></div>
<table class="head"><tr><td>索 引 号：</td><td>000014349/2018-00233</td>
<td>主题分类：</td><td>教育</td></tr>
<tr><td>发文字号：</td><td>某政办发〔2018〕128号</td><td>成文日期：</td><td>2018年12月21日</td></tr></table>
<div id="UCAP-CONTENT"><h1>某区行动方案</h1>
<p>一、总体<b>要求</b></p><p>第一行<br>第二行</p>{BODY}
<p>二、指标<span>说明</span></p>
<table><tr><th>指标</th><th>2025年</th></tr><tr><td><p>学校</p></td><td><p>20所</p></td></tr></table>
</div>
<script>alert("脚本文字")</script><!-- 注释文字 -->
<div class="share">分享到微信</div><div class="footer">版权所有 某区政府</div>
</body></html>"""


def _text(data: bytes, name: str) -> str:
    return read_html(data, name).text


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return _text(PAGE.encode(), "page.html").splitlines()


@pytest.mark.parametrize(
    "line",
    [
        "某区行动方案",
        "一、总体要求",  # inline marks do not break a line
        "第一行",
        "第二行",
        "二、指标说明",
        "指标\t2025年",
        "学校\t20所",
    ],
)
def test_a_paragraph_or_a_row_is_a_line(lines: list[str], line: str) -> None:
    assert line in lines


@pytest.mark.parametrize(
    "words",
    ["首页导航", "政务公开栏目", "脚本文字", "注释文字", "分享到", "版权所有", "标题栏", "color"],
)
def test_furniture_is_left_out(lines: list[str], words: str) -> None:
    assert words not in "\n".join(lines)


def test_the_header_table_comes_first_and_is_read(lines: list[str]) -> None:
    assert lines.index("发文字号：某政办发〔2018〕128号") < lines.index("某区行动方案")
    header = parse_header("\n".join(lines))
    assert header.index_number == "000014349/2018-00233"
    assert header.document_number == "某政办发〔2018〕128号"
    assert header.subject == "教育"
    assert str(header.written_on) == "2018-12-21"


def test_the_order_of_the_page_is_kept(lines: list[str]) -> None:
    order = [
        lines.index(line) for line in ("某区行动方案", "一、总体要求", "二、指标说明", "学校\t20所")
    ]
    assert order == sorted(order)
    markers = [line[:3] for line in lines if line.startswith("（")]
    assert markers == ["（一）", "（二）", "（三）", "（四）", "（五）", "（六）"]


def test_the_largest_part_is_the_main_text_of_an_unknown_page() -> None:
    page = (
        f"<html><body><div class='menu'><a>栏目</a></div><div><div>{BODY}</div></div></body></html>"
    )
    text = _text(page.encode(), "page.html")
    assert text.count("各单位要高度重视") == 6
    assert "栏目" not in text


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-8-sig"])
def test_the_declared_encoding_is_used(encoding: str) -> None:
    charset = encoding.removesuffix("-sig")
    page = f'<html><head><meta charset="{charset}"></head><body><div>{BODY}</div></body></html>'
    assert _text(page.encode(encoding), "page.html").startswith("（一）各单位")


@pytest.mark.parametrize(
    "page",
    ["<html><body></body></html>", "<html><body><script>1</script></body></html>", "<p> </p>"],
)
def test_a_page_without_text_is_refused(page: str) -> None:
    with pytest.raises(SourceError, match="no text") as caught:
        _text(page.encode(), "page.html")
    assert caught.value.path == "page.html"


def test_deep_nesting_is_no_recursion_error() -> None:
    page = "<html><body>" + "<div>" * 600 + BODY + "</div>" * 600 + "</body></html>"
    try:
        text = _text(page.encode(), "deep.html")
    except SourceError:
        return  # lxml may give up on such depth; what matters is that it ends
    assert text


@given(
    st.lists(
        st.sampled_from(["<p>", "</p>", "<div>", "</div>", "<td>", "<tr>", "<table>", "<br>", "甲", "一、",
                         "<b>", "&nbsp;", "&lt;", "<!--", "-->", "\n", "<a href='x'>", "</a>", "\x00", "<"]),
        max_size=30,
    ).map("".join)
)  # fmt: skip
def test_broken_markup_is_read_or_refused(markup: str) -> None:
    try:
        text = _text(f"<html><body>{markup}".encode(), "page.html")
    except SourceError:
        return
    assert text.strip()
    assert text == _text(f"<html><body>{markup}".encode(), "page.html")


CLAUSES = "".join(
    f"<p>{n}.建设学校{n}所，于{2020 + n}年底前完成第{n}批任务。（责任单位：区教委）</p>"
    for n in range(1, 9)
)
OTHERS = "".join(
    f"<p>{n}.培训医护人员{n * 7}名，其中乡镇卫生院占{n}成以上。（责任单位：区卫生健康委）</p>"
    for n in range(1, 9)
)
"""A second text, of the same form."""


def _left(page: str) -> dict[str, str]:
    """Element → words of what is left out; every passage is told once."""
    found: dict[str, str] = {}
    for finding in read_html(page.encode(), "page.html").findings:
        assert finding.code in ("left-out", "text-left-out")
        chinese, _, english = finding.message.partition(" / ")
        assert chinese.splitlines()[1:] == english.splitlines()[1:]
        for line in chinese.splitlines()[1:]:
            element, _, words = line.removeprefix("<").partition("> ")
            assert element not in found
            found[element] = words
    return found


@pytest.mark.parametrize(
    "markup",
    [
        f"<div class='content-print'>{CLAUSES}</div>",
        f"<form id='aspnetForm'>{CLAUSES}</form>",
        f"<nav>{CLAUSES}</nav>",
        f"<div class='nav-tabs'><div class='share'>{CLAUSES}</div></div>",
        f"<div>{CLAUSES}</div>",
        CLAUSES,
        f"<div class='related'>{CLAUSES[:60]}</p></div>{CLAUSES}",
        f"<div style='display:none'>{CLAUSES}</div>",
        f"<table>{CLAUSES.replace('<p>', '<tr><td><a href=x>').replace('</p>', '</a></td></tr>')}</table>",
    ],
)  # fmt: skip
def test_text_is_read_whatever_its_element_is_called(markup: str) -> None:
    text = _text(f"<html><body>{markup}</body></html>".encode(), "page.html")
    lines = text.splitlines()
    for n in range(1, 9):
        assert (
            f"{n}.建设学校{n}所，于{2020 + n}年底前完成第{n}批任务。（责任单位：区教委）" in lines
        )


def test_a_heading_beside_a_paragraph_is_read() -> None:
    page = "<html><body><p>一、任务</p><p>1.建设学校20所。（责任单位：区教委）</p></body></html>"
    assert _text(page.encode(), "page.html").startswith("一、任务\n1.建设")


@pytest.mark.parametrize(
    "second", ["class='TRS_Editor'", "class='appendix'", "style='visibility:visible'"]
)
def test_a_second_part_of_the_text_is_read(second: str) -> None:
    page = (
        f"<html><body><div id='zoom'>{CLAUSES * 2}</div><div {second}>{OTHERS}</div></body></html>"
    )
    text = _text(page.encode(), "page.html")
    assert "培训医护人员56名" in text
    assert text.index("建设学校1所") < text.index("培训医护人员7名")


@pytest.mark.parametrize(
    ("copy", "first"),
    [
        (f"<div class='m' style='display:none'>{CLAUSES}</div>", False),
        (f"<div class='m' style='display:none'>{CLAUSES}</div>", True),
        (f"<div class='m' hidden>{CLAUSES}</div>", True),
        (f"<div class='m' aria-hidden='true'>{CLAUSES.replace('</p><p>', '')}</div>", True),
        (f"<div class='m'>{CLAUSES}</div>", False),  # of two that are shown the first is kept
    ],
)
def test_a_second_copy_of_the_text_is_left_out_and_told(copy: str, first: bool) -> None:
    seen = f"<div class='pc'>{CLAUSES}</div>"
    page = f"<html><body>{copy if first else ''}{seen}{'' if first else copy}</body></html>"
    assert _text(page.encode(), "page.html").count("建设学校3所") == 1
    [(element, words)] = _left(page).items()
    assert element == "div.m"
    assert words.startswith("1.建设学校1所")


def test_what_is_left_out_is_listed_by_element_and_words() -> None:
    assert _left(PAGE) == {
        "title": "标题栏",
        "div.nav": "首页导航 政务公开栏目",
        "div.share": "分享到微信",
        "div.footer": "版权所有 某区政府",
    }


@pytest.mark.parametrize(
    ("attributes", "shown"),
    [
        ("style='display:none'", False),
        ("style='color:red; DISPLAY : none !important'", False),
        ("style='visibility:hidden'", False),
        ("style='font-size:0px'", False),
        ("style='opacity:0.0'", False),
        ("hidden", False),
        ("aria-hidden='true'", False),
        ("aria-hidden='false'", True),
        ("style='opacity:0.5;font-size:0.9em;display:block'", True),
        ("hidden style='display:block'", True),
    ],
)
@pytest.mark.parametrize(
    ("words", "code"),
    [("于2026年底前建设学校900所。", "text-left-out"), ("栏目九百", "left-out")],
)
@pytest.mark.parametrize("tag", ["p", "span", "div"])
def test_hidden_words_are_no_text_and_told(attributes, shown, words, code, tag) -> None:
    hidden = f"<{tag} {attributes} class='x'><b>{words}</b></{tag}>"
    page = f"<html><body><div><p>1.建设学校20所。{hidden}</p>{CLAUSES}</div></body></html>"
    read = read_html(page.encode(), "page.html")
    assert "建设学校20所" in read.text
    assert (words in read.text) == shown
    told = [(f.code, f"<{tag}.x> {words}" in f.message) for f in read.findings]
    assert told == ([] if shown else [(code, True)])


@pytest.mark.parametrize(
    ("style", "own"),
    [("font-size:0", "font-size:16px"), ("visibility:hidden", "visibility:visible")],
)
def test_what_is_shown_in_a_hidden_element_is_text(style: str, own: str) -> None:
    page = f"<body><div style='{style}'>遮住<p style='{own}'>1.建设学校。</p></div></body>"
    assert _text(page.encode(), "page.html") == "1.建设学校。\n"
    assert _left(page) == {"div": "遮住"}


@pytest.mark.parametrize(
    "page",
    [
        f"<body style='opacity:0'>{CLAUSES}</body>",
        f"<html hidden><body>{CLAUSES}</body></html>",
        f"<body><div style='display:none'>{CLAUSES}</div></body>",
        f"<body><nav><a>首页</a></nav><div hidden>{CLAUSES}</div></body>",
    ],
)
def test_a_page_that_is_all_hidden_is_read_and_told(page: str) -> None:
    read = read_html(page.encode(), "page.html")
    assert "8.建设学校8所" in read.text
    assert read.findings[0].code == "hidden-text"


@pytest.mark.parametrize(
    ("markup", "lines"),
    [
        ("<pre>\n一、任务\n　1.建校。\r\n\n2.建<b>院\n3</b>.办学。</pre>", ["一、任务", "1.建校。", "2.建院", "3.办学。"]),
        ("<textarea>一、任务\n1.建校。</textarea>", ["一、任务", "1.建校。"]),
        ("<div style='white-space: pre'><span>1.建校。\n2.建院。</span></div>", ["1.建校。", "2.建院。"]),
        ("<p style='white-space:pre-wrap'>1.建校。\n2.建院。</p>", ["1.建校。", "2.建院。"]),
        ("<p>1.建校。<span style='white-space:pre-line'>区教委\n区财政局</span></p>", ["1.建校。区教委", "区财政局"]),
        ("<pre><p style='white-space:normal'>1.建\n校。</p></pre>", ["1.建 校。"]),
        ("<p style='white-space:nowrap'>1.建\n校。</p>", ["1.建 校。"]),
        ("<table style='white-space:pre-wrap'>\n<tr>\n<td>\n学校。\n</td>\n<td>20所</td></tr></table>", ["学校。\t20所"]),
    ],
)  # fmt: skip
def test_a_kept_line_break_ends_a_line(markup: str, lines: list[str]) -> None:
    assert _text(f"<html><body>{markup}</body></html>".encode(), "a.html").splitlines() == lines


def test_sentences_that_are_left_out_are_a_doubt() -> None:
    note = "<div class='tip'><p>本页内容未经许可不得转载。</p></div>"
    page = f"<html><body><div id='zoom'>{CLAUSES * 2}</div>{note}</body></html>"
    [finding] = read_html(page.encode(), "page.html").findings
    assert finding.code == "text-left-out"
    assert "本页内容未经许可不得转载。" in finding.message


def test_text_behind_a_nul_is_read() -> None:
    page = "<html><body><p>一、任务\x00甲</p><p>1.建设学校。</p></body></html>"
    assert "1.建设学校。" in _text(page.encode(), "page.html")


def test_an_entity_that_is_no_character_is_none() -> None:
    _text(b"<html><body><p>&#xD800;&#55296; x</p></body></html>", "page.html").encode()


WORDS = st.sampled_from(
    [
        "甲",
        "1.建校。",
        "一、任务",
        "责任单位：区教委",
        "首页",
        "分享到",
        "版权所有",
        "https://x.cn",
        "二〇二五年",
    ]
)
TAGS = st.sampled_from(
    [
        "div",
        "p",
        "table",
        "tr",
        "td",
        "nav",
        "footer",
        "form",
        "button",
        "a",
        "span",
        "li",
        "h1",
        "select",
        "section",
    ]
)
NAMES = st.sampled_from(
    ["", " class='nav'", " class='print'", " id='zoom'", " hidden", " style='display:none'", " class='TRS_Editor'", " class='qr share'"]
)  # fmt: skip


@st.composite
def _element(draw: st.DrawFn, depth: int = 3) -> str:
    tag, names = draw(TAGS), draw(NAMES)
    inside = st.one_of(WORDS, _element(depth=depth - 1)) if depth else WORDS
    return f"<{tag}{names}>{''.join(draw(st.lists(inside, max_size=4)))}</{tag}>"


@given(st.lists(_element(), min_size=1, max_size=5).map("".join))
def test_every_word_of_a_page_is_read_or_listed(markup: str) -> None:
    page = f"<html><body>{markup}</body></html>"
    whole = re.sub(r"<[^>]*>", " ", markup)
    try:
        read = read_html(page.encode(), "page.html")
    except SourceError:
        return
    told = read.text + "".join(f.message.partition(" / ")[0] for f in read.findings)
    for word in whole.split():
        assert word in re.sub(r"\s", "", told)
    assert Counter(re.sub(r"\s", "", whole)) <= Counter(told)  # as often as the page says it
