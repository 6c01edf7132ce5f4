"""Which files that came together are attachments of which document."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.attachments import Member, Part, attach_listed, attachment_number, relate

NOTICE = "某区通知\n附件：1.某区任务分解表\n      2.联系人\n"


def members(*paths: str) -> list[Member]:
    return [Member(p.rpartition("/")[2], p, b"", n) for n, p in enumerate(paths)]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("附件1：名单.xlsx", 1),
        ("附件二.docx", 2),
        ("附件.docx", 0),
        ("2.附表3.xls", 3),
        ("（附件4）汇总表.xls", 4),
        ("方案.txt", None),
    ],
)
def test_the_number_of_an_attachment(name: str, number: int | None) -> None:
    assert attachment_number(name) == number


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        (["通知.txt", "附件1.表.txt"], [None, 0]),
        (["附件1.表.txt", "附件2.txt", "通知.txt"], [2, 2, None]),
        (["通知.txt", "方案.txt", "附件1.表.txt"], [None, None, None]),  # of which of the two?
        (["甲/通知.txt", "乙/附件1.txt"], [None, None]),
        (["甲/通知.txt", "甲/附件1.txt", "乙/通知.txt", "乙/附件1.txt"], [None, 0, None, 2]),
    ],
)
def test_by_the_only_other_document_of_a_folder(paths: list[str], found: list[int | None]) -> None:
    assert [m.belongs_to for m in relate(members(*paths))] == found


@pytest.mark.parametrize(
    ("paths", "texts", "found"),
    [
        (["通知.txt", "任务分解表.txt", "其他名单.txt"], {0: NOTICE}, [None, 0, None]),
        (["通知.txt", "函.txt", "附件1：任务分解表.txt"], {0: NOTICE, 1: "某区函"}, [None, None, 0]),
        (["通知.txt", "函.txt", "附件1：任务分解表.txt"], {0: NOTICE, 1: NOTICE}, [None, None, None]),
        (["通知.txt", "联系人.txt"], {0: NOTICE}, [None, None]),  # too short to be sure
    ],
)  # fmt: skip
def test_by_what_a_text_lists(
    paths: list[str], texts: dict[int, str], found: list[int | None]
) -> None:
    related = attach_listed(relate(members(*paths)), texts)
    assert [m.belongs_to for m in related] == found
    assert [m.part is Part.ATTACHMENT for m in related if m.belongs_to is not None] == [True] * sum(
        order is not None for order in found
    )


@given(
    st.lists(st.sampled_from(["通知.txt", "附件1.txt", "附件.txt", "甲/附件2.txt", "甲/函.txt"]))
)
def test_nothing_belongs_to_itself_or_to_an_attachment(paths: list[str]) -> None:
    for member in (found := relate(members(*paths))):
        if member.belongs_to is not None:
            assert found[member.belongs_to].part is Part.BODY
