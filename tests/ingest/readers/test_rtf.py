"""Rich Text Format: what is printed, in whatever encoding its parts are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.pipeline import extract_bytes
from ingest.readers.rtf import read_rtf
from ingest.readers.source import BlockKind, Read
from kb.errors import SourceError
from tests.effort import calls_of
from tests.ingest.readers.facts import agreement, differences
from tests.ingest.readers.plans import PLAN

FONTS = (
    r"{\fonttbl{\f0\froman\fcharset0 Times New Roman;}{\f1\fnil\fcharset134{\*\falt x}SimSun;}"
    r"{\f2\fnil\fcharset2 Wingdings;}{\f3\fnil\fcharset136 MingLiU;}}"
)


def gbk(words: str) -> str:
    """Words as hexadecimal bytes of GBK."""
    return "".join(f"\\'{byte:02x}" for byte in words.encode("gbk"))


def wide(words: str) -> str:
    """Words as numbers of UTF-16, each with a question mark for older readers."""
    units = words.encode("utf-16-le")
    numbers = [
        int.from_bytes(units[n : n + 2], "little", signed=True) for n in range(0, len(units), 2)
    ]
    return "".join(f"\\u{number}?" for number in numbers)


def read(body: str, head: str = r"\ansi\ansicpg936\deff0" + FONTS) -> Read:
    return read_rtf(f"{{\\rtf1{head} {body}}}".encode("latin-1"), "a.rtf")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (gbk("某区方案") + r"\par " + gbk("一、"), "某区方案\n一、\n"),
        (wide("某区2025年😀"), "某区2025年😀\n"),
        (r"\uc2" + r"\u26576\'c4\'b3" + gbk("区"), "某区\n"),
        (r"{\uc0\u26576 }" + r"\u21306?", "某区\n"),
        (r"\f0 " + gbk("区"), "区\n"),  # Chinese bytes in a Latin font
        (r"\f3 \'b0\'cf", "區\n"),
        ("\\'81@", "丂\n"),  # the second byte of a character stands as it is
        (r"{\f2\'fc}" + gbk("是"), "✓是\n"),
        (r"a\line b\tab c\~d\_e\emdash", "a\nb c\u00a0d-e—\n"),
        (r"{\field{\*\fldinst HYPERLINK x}{\fldrslt a}}b", "ab\n"),
        (r"{\pict\pngblip 89504e47}a{\*\unknown b}", "a\n"),
        (r"{\pict\bin5 {{{{{}a", "a\n"),
        (r"{\upr{a}{\*\ud{b}}}", "b\n"),
        (r"{\info{\title x}}{\stylesheet{\s1 y;}}a", "a\n"),
        (r"{\listtext\f1 " + gbk("一、") + r"\tab}" + gbk("总则"), "一、总则\n"),
        (r"{\pntext\f0 2.1\tab}{\*\pn\pnlvlbody}" + gbk("目的"), "2.1 目的\n"),
        (
            r"a{\shp{\*\shpinst{\sp{\sn x}{\sv 1}}{\shptxt box\par}}{\shprslt box}}b\par",
            "box\nab\n",
        ),
        ("a} b", "a\n"),
    ],
)
def test_the_words_of_a_file(body: str, text: str) -> None:
    assert read(body).text == text


def row(*cells: str, edges: str = r"\cellx2000\cellx4000") -> str:
    return r"\trowd" + edges + r"\pard\intbl " + "".join(c + r"\cell " for c in cells) + r"\row "


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (row("a", "b") + row("c", "d") + r"\pard e\par", ["a\tb", "c\td", "e"]),
        (r"\pard x\par " + row(r"a\par b", "c"), ["x", "a b\tc"]),
        (row("a", edges=r"\cellx4000") + row("b", "c"), ["a", "b\tc"]),
        (row("1", gbk("新建学校"), gbk("区教委"), edges=r"\cellx1\cellx2\cellx3"), ["1\t新建学校\t区教委"]),
        (row(gbk("序号"), gbk("工作任务"), gbk("责任单位"), edges=r"\cellx900\cellx1900\cellx2900")
         + row("1", gbk("新建学校"), gbk("区教委"), edges=r"\cellx900\cellx1900\clvmgf\cellx2900")
         + row("2", gbk("招聘教师"), "", edges=r"\cellx900\cellx1900\clvmrg\cellx2900"),
         ["序号\t工作任务\t责任单位", "1\t新建学校\t区教委", "2\t招聘教师\t区教委"]),
        (row("a", "b", edges=r"\cellx1"), ["a\tb"]),  # the definition does not go with the cells
    ],
)  # fmt: skip
def test_a_row_is_a_line(body: str, lines: list[str]) -> None:
    assert read(body).text.splitlines() == lines


def test_blocks_have_levels_and_numbers() -> None:
    found = read(r"\outlinelevel1 a\par\pard{\listtext 1.\tab}b\par{\footnote c}d")
    assert [(b.kind, b.level, b.number) for b in found.blocks] == [
        (BlockKind.HEADING, 2, None), (BlockKind.LIST_ITEM, None, "1."),
        (BlockKind.PARAGRAPH, None, None), (BlockKind.FOOTNOTE, None, None),
    ]  # fmt: skip
    assert found.text.endswith("d\n[1] c\n")


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        (r"{\header h\par}a", "left-out", "h"),
        (r"{\footerr f}a", "left-out", "f"),
        (r"a{\*\annotation c}", "comments", "c"),
        (r"a{\v h}", "hidden-text", "h"),
        (r"a\deleted d\deleted0", "tracked-deletions", "d"),
        (r"a{\pict\bin1 x}", "pictures", "1"),
        (r"a\'ff", "undecoded", "1"),
    ],
)
def test_what_is_left_out_is_told(body: str, code: str, told: str) -> None:
    found = read(body)
    assert found.text.startswith("a")
    (finding,) = found.findings
    assert finding.code == code
    assert all(told in side for side in finding.message.split(" / "))


def test_the_facts_are_those_of_the_text() -> None:
    body = r"\par ".join(gbk(line) for line in PLAN.splitlines())
    data = f"{{\\rtf1\\ansi\\ansicpg936 {body}}}".encode()
    found, expected = extract_bytes(data, "a.rtf"), extract_bytes(PLAN.encode(), "a.txt")
    assert agreement(found, expected) == (1, 1, 1), differences(found, expected)


@given(st.lists(st.sampled_from(
    ["{", "}", r"\par ", r"\cell ", r"\row ", r"\trowd\cellx9 ", r"\intbl ", r"\pard ", r"\u26576?", "a ",
     r"\'d6\'d0", r"{\footnote x}", r"{\shptxt b\par}", r"\v ", r"\plain ", r"{\listtext 1.}", r"\*", "\\",
     r"\line ", r"{\fonttbl{\f1\fcharset134 a;}}", r"\f1 ", r"\uc3 ", r"\bin2 ", r"\ansicpg77777 ",
     r"\clvmrg\cellx5 ", r"\clmrg\cellx7 "]
), max_size=25))  # fmt: skip
def test_whatever_stands_there_is_read_or_refused(parts: list[str]) -> None:
    try:
        found = read("".join(parts))
    except SourceError:
        return
    placed = {at for place in found.places for at in range(place.start, place.end)}
    assert all(at in placed for at, c in enumerate(found.text) if not c.isspace())


@pytest.mark.parametrize(
    "body",
    ["{" * 5000, r"{\field{\*\fldinst{" * 20_000, r"{\fonttbl" + r"\f1 " * 60_000, "\\'" * 100_000,
     r"\u1 " * 60_000, r"\bin999999999 ", row("a") * 6000],
)  # fmt: skip
def test_hostile_files_are_read_or_refused_in_one_pass(body: str) -> None:
    def attempt() -> None:
        try:
            read(body)
        except SourceError as error:
            assert " / " in error.message  # noqa: PT017

    assert calls_of(attempt) < 2_000 + 20 * len(body)
