"""Automatic numbers of Word files, by ECMA-376 part 1, 17.9."""

from __future__ import annotations

import pytest

from ingest.readers.docx import read_docx
from tests.ingest.readers.word_files import docx, numbered, paragraph


def level(at: int, text: str, format_: str = "decimal", more: str = "", *, start: int = 1) -> str:
    return (
        f'<w:lvl w:ilvl="{at}"><w:start w:val="{start}"/><w:numFmt w:val="{format_}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def lists(levels: str, instances: str = "", head: str = "") -> dict[str, str]:
    """One definition, its first instance, and others."""
    return {
        "numbering": f'<w:abstractNum w:abstractNumId="1">{head}{levels}</w:abstractNum>'
        f'<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>{instances}'
    }


def instance(list_: int, overrides: str = "", of: int = 1) -> str:
    return f'<w:num w:numId="{list_}"><w:abstractNumId w:val="{of}"/>{overrides}</w:num>'


def start_at(at: int, start: int) -> str:
    return f'<w:lvlOverride w:ilvl="{at}"><w:startOverride w:val="{start}"/></w:lvlOverride>'


def lines(body: str, parts: dict[str, str]) -> list[str]:
    return read_docx(docx(body, parts), "a.docx").text.splitlines()


CHINESE = (
    level(0, "%1、", "chineseCountingThousand")
    + level(1, "（%2）", "chineseCountingThousand")
    + level(2, "%3.")
    + level(3, "%4", "decimalEnclosedCircleChinese")
)


def test_levels_count_and_begin_anew_under_each_above_them() -> None:
    depths = [0, 1, 2, 2, 3, 3, 1, 2, 0, 1]
    body = "".join(numbered("甲", 1, depth) for depth in depths)
    assert lines(body, lists(CHINESE)) == [
        "一、甲", "（一）甲", "1.甲", "2.甲", "①甲", "②甲", "（二）甲", "1.甲", "二、甲", "（一）甲",
    ]  # fmt: skip


def test_paragraphs_between_do_not_count() -> None:
    body = numbered("甲") + paragraph("文字") + numbered("乙")
    assert lines(body, lists(CHINESE)) == ["一、甲", "文字", "二、乙"]


def test_a_level_prints_those_above_it() -> None:
    levels = level(0, "第%1章", "chineseCountingThousand") + level(1, "%1.%2", more="<w:isLgl/>")
    body = numbered("总则") + numbered("目的", 1, 1) + numbered("附则") + numbered("施行", 1, 1)
    found = lines(body, lists(levels))
    assert found == ["第一章 总则", "1.1 目的", "第二章 附则", "2.1 施行"]


def test_without_legal_numbers_each_keeps_its_format() -> None:
    levels = level(0, "%1、", "chineseCounting") + level(1, "%1.%2")
    assert lines(numbered("甲") + numbered("乙", 1, 1), lists(levels)) == ["一、甲", "一.1 乙"]


@pytest.mark.parametrize(
    ("restart", "expected"),
    [
        (None, ["1.", "1.", "2.", "1."]),
        (0, ["1.", "1.", "2.", "3."]),
        (1, ["1.", "1.", "2.", "1."]),
    ],
)
def test_after_which_level_one_begins_anew(restart: int | None, expected: list[str]) -> None:
    more = f'<w:lvlRestart w:val="{restart}"/>' if restart is not None else ""
    levels = level(0, "%1.") + level(1, "%2.", more=more)
    body = "".join(numbered("", 1, depth) for depth in (0, 1, 1, 0, 1))
    found = lines(body, lists(levels))
    assert [found[place] for place in (0, 1, 2, 4)] == expected


def test_instances_of_one_list_count_on_together_unless_one_begins_anew() -> None:
    body = numbered("甲", 1) + numbered("乙", 2) + numbered("丙", 3) + numbered("丁", 3)
    more = instance(2) + instance(3, start_at(0, 5))
    assert lines(body, lists(CHINESE, more)) == ["一、甲", "二、乙", "五、丙", "六、丁"]


def test_an_instance_may_have_a_level_of_its_own() -> None:
    own = f'<w:lvlOverride w:ilvl="0">{level(0, "（%1）")}</w:lvlOverride>'
    assert lines(numbered("甲", 2), lists(CHINESE, instance(2, own))) == ["（1）甲"]


@pytest.mark.parametrize(
    ("suffix", "text", "expected"),
    [
        ("tab", "%1", "1 甲"),
        ("space", "%1、", "1、 甲"),
        ("nothing", "第%1条", "第1条甲"),
        ("tab", "%1.", "1.甲"),
    ],
)
def test_what_parts_a_number_from_its_words(suffix: str, text: str, expected: str) -> None:
    levels = level(0, text, more=f'<w:suff w:val="{suffix}"/>')
    assert lines(numbered("甲"), lists(levels)) == [expected]


STYLES = """<w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/><w:pPr>
<w:numPr><w:numId w:val="1"/></w:numPr><w:outlineLvl w:val="0"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="H2"><w:name w:val="heading 2"/><w:basedOn w:val="H1"/>
<w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Own"><w:name w:val="own"/><w:basedOn w:val="H2"/></w:style>"""


def test_numbers_through_styles_and_what_they_are_based_on() -> None:
    levels = level(0, "%1、", "chineseCounting", '<w:pStyle w:val="H1"/>') + level(
        1, "（%2）", "chineseCounting", '<w:pStyle w:val="H2"/>'
    )
    body = (
        paragraph("甲", '<w:pStyle w:val="H1"/>')
        + paragraph("乙", '<w:pStyle w:val="H2"/>')
        + paragraph("丙", '<w:pStyle w:val="H2"/><w:numPr><w:numId w:val="0"/></w:numPr>')
        + paragraph("丁", '<w:pStyle w:val="H1"/>')
    )
    read = read_docx(docx(body, {**lists(levels), "styles": STYLES}), "a.docx")
    assert read.text.splitlines() == ["一、甲", "（一）乙", "丙", "二、丁"]
    assert [(b.level, b.number) for b in read.blocks] == [
        (1, "一、"), (2, "（一）"), (2, None), (1, "二、"),
    ]  # fmt: skip


def test_a_definition_may_only_name_the_style_that_another_defines() -> None:
    parts = lists(CHINESE, instance(2, of=2), '<w:styleLink w:val="L"/>')
    parts["numbering"] = (
        '<w:abstractNum w:abstractNumId="2"><w:numStyleLink w:val="L"/></w:abstractNum>'
        + parts["numbering"]
    )
    assert lines(numbered("甲", 2), parts) == ["一、甲"]


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (level(0, "", "none"), "甲"),
        (level(0, "%1、", more="<w:rPr><w:vanish/></w:rPr>"), "甲"),
        (level(0, "\uf06c", "bullet", '<w:rPr><w:rFonts w:ascii="Wingdings"/></w:rPr>'), "● 甲"),
        (level(0, "\uf0b7", "bullet", '<w:rPr><w:rFonts w:ascii="Symbol"/></w:rPr>'), "• 甲"),
        (level(0, "%1、", start=3), "3、甲"),
        ('<w:lvl w:ilvl="0"><w:start w:val="7"/><w:numFmt w:val="custom" w:format="001, 002, ..."/>'
         '<w:lvlText w:val="%1."/></w:lvl>', "007.甲"),
        ('<w:lvl w:ilvl="x"/>', "甲"),
        (level(0, "%1、", start=-4), "0、甲"),
    ],
)  # fmt: skip
def test_a_level_may_print_nothing_or_no_figure(definition: str, expected: str) -> None:
    assert lines(numbered("甲"), lists(definition)) == [expected]


def test_a_list_that_is_not_there_has_no_numbers() -> None:
    assert lines(numbered("甲", 7), lists(CHINESE)) == ["甲"]
    assert lines(numbered("甲"), {}) == ["甲"]


def test_a_column_of_numbers_without_words_is_read() -> None:
    from tests.ingest.readers.word_files import cell, table

    rows = [[cell(numbered("")), "新建学校"], [cell(numbered("")), "招聘教师"]]
    found = lines(table(rows) + paragraph("完"), lists(level(0, "%1")))
    assert found == ["1\t新建学校", "2\t招聘教师", "完"]
