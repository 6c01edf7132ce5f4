"""Where marks of citations stand in an answer."""

import pytest

from api.service.pages.answers import lines_of, names


def answer(text, citations, units=()):
    return {
        "answer": text,
        "units": [{"unit": u, "role": "lead"} for u in units],
        "citations": [
            {"document_id": "doc-1", "clause_id": "c", "path": path, "span": [n, n + 5], "quote": quote}
            for n, (path, quote) in enumerate(citations)
        ],
    }  # fmt: skip


def told(lines):
    """The lines with marks as [n]."""
    return ["".join(f"[{p.number}]" if p.number else p.text for p in line) for line in lines]


@pytest.mark.parametrize(
    ("line", "path", "expected"),
    [
        ("《计划》10/二/(四)/5 切实", "10/二/(四)/5", True),
        ("《计划》10/二/(四)/51 切实", "10/二/(四)/5", False),  # another clause
        ("《计划》10/二/(四) 切实", "10/二", False),  # a clause below it
        ("《计划》110/二 切实", "10/二", False),
        ("（计划 10/二）", "10/二", True),
        ("10/二/(一) 和 10/二", "10/二", True),  # the second place is it
        ("随便", "", False),  # the head of a document has no path
    ],
)
def test_a_line_names_a_clause_whole(line, path, expected):
    assert names(line, path) is expected


@pytest.mark.parametrize(
    ("text", "citations", "units", "expected"),
    [
        ("甲。\n依据：1/一 乙", [("1/一", "一长段" * 9)], [], ["甲。", "依据：1/一 乙[1]"]),
        ("区教委、区公安局。", [("1/一", "长" * 20), ("1/一", "区公安局")], ["区教委", "区公安局"],
         ["区教委、区公安局[2]。[1]"]),
        ("· 2/一 甲\n· 2/二 乙", [("2/二", "乙" * 20), ("2/一", "甲" * 20)], [],
         ["· 2/一 甲[2]", "· 2/二 乙[1]"]),
        ("什么也没写", [("", "头" * 20)], [], ["什么也没写[1]"]),
        ("", [], [], []),
    ],
)  # fmt: skip
def test_marks_stand_where_the_statement_is(text, citations, units, expected):
    assert told(lines_of(answer(text, citations, units))) == expected


def test_units_and_days_are_links():
    [line] = lines_of(answer("区教委要在 2025-12-31 前", [], ["区教委"]))
    links = {p.text: p.href for p in line if p.href}
    assert links == {
        "区教委": "/units/%E5%8C%BA%E6%95%99%E5%A7%94", "2025-12-31": "/tasks?until=2025-12-31",
    }  # fmt: skip
