"""Bodies found by the lexicon and by their form, with their exact boundaries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.language.jurisdictions import Jurisdiction, Level
from kb.language.organisations import organisations_for
from kb.language.parties import Form, find_parties, remainders

KNOWN = organisations_for(Jurisdiction(place="万州区", level=Level.DISTRICT, parents=("重庆市",)))


def found(text: str) -> list[str]:
    return [text[p.start : p.end] for p in find_parties(text, KNOWN.find(text))]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("由区教委负责。", ["区教委"]),
        ("责任单位:滨江区政府、市数据集团", ["责任单位", "滨江区政府", "市数据集团"]),
        ("镇人民政府(街道办事处)受理。", ["镇人民政府(街道办事处)"]),
        ("各村(居)民委员会要落实。", ["各村(居)民委员会"]),
        ("天河区委组织部人才工作科汇总。", ["天河区委组织部人才工作科"]),
        ("教育、公安、民政等部门要配合。", ["教育", "公安", "民政"]),
        ("1.区教委负责排查,◆德育处组织。", ["区教委", "德育处"]),
        ("3月区经发局区环土局", ["区经发局", "区环土局"]),
        ("市、区民政部门应当公开。", ["市、区民政部门"]),
        ("全部完成整改,社会满意。", []),  # 全部, 社会 are words
    ],
)
def test_names_are_found_whole(text: str, names: list[str]) -> None:
    assert found(text) == names


def test_what_stands_before_a_name_is_said() -> None:
    [agent] = find_parties("由县水务局负责。")
    assert (agent.opener, agent.opened_at, agent.form) == ("agent", 0, Form.SUFFIX)
    [group] = find_parties("各有关部门要配合。")
    assert group.determined


def test_a_body_of_the_lexicon_keeps_its_entry_and_the_place_that_is_printed() -> None:
    text = "万州区教委负责。"
    [party] = find_parties(text, KNOWN.find(text))
    assert party.form is Form.KNOWN
    assert party.unit is not None
    assert (party.name, party.unit.id) == ("万州区教委", "万州区/education")


def test_the_longest_remainder_is_taken_first() -> None:
    lengths = [len(word) for word in remainders()]
    assert lengths == sorted(lengths, reverse=True)


PIECES = st.sampled_from(
    ["区教委", "市", "局", "、", "(", ")", "等部门", "由", "会同", "各", "有关部门", "教育", "\n", "。", " ",
     "公司", "1.", "《", "社会", "街道", "和", "𠮷"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map("".join))
def test_names_lie_in_order_and_do_not_overlap(text: str) -> None:
    ends = 0
    for party in find_parties(text, KNOWN.find(text)):
        assert ends <= party.start < party.end <= len(text)
        ends = party.end
