"""What a number measures and for whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.indicators import NamePart, NameWords, find_name_words, name_indicators
from kb.language.quantities import find_quantities
from kb.lexicon import load_lexicon


def names(text: str) -> list[str]:
    found = []
    for q in find_quantities(text):
        found += [f"{i.scope or ''}|{i.metric}" for i in name_indicators(text, 0, q, [])]
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # What it was before is no part of the name.
        ("巩固率由2024年的93%提高到95.5%", "|巩固率"),
        # Nor is the time with which it is compared, or what it is given for.
        ("客流量比2025年增长15%", "|客流量"),
        ("护林员补贴每人每月600元", "|护林员补贴"),
        # Those it is for, and what is given or taken.
        ("对个人处二千元罚款", "个人|罚款"),
        ("最高补助500万元", "|补助"),
        # Who does it is none either.
        ("市教育局新建学校20所", "|学校"),
        ("编制5个村落保护规划", "|村落保护规划"),
        # Of a share, what it is spent on, not who spends it.
        ("区财政局年初预算按工资总额的1.5%计提职工教育经费", "|职工教育经费占工资总额的比例"),
        ("企业按不低于销售收入的3%提取研发费用", "|研发费用占销售收入的比例"),
        # A list that is too long for a name keeps its last members whole.
        (
            "生均教学及辅助用房面积、生均体育运动场馆面积等指标校际差异系数不高于0.5",
            "|生均体育运动场馆面积等指标校际差异系数",
        ),
        ("工作人员不少于服务人口的3‰", "|工作人员占服务人口的比例"),
        # The number of an item, and who does it by when, are none.
        ("第四条 树龄三百年", "|树龄"),
        ("二是增开夜班公交线路12条", "|增开夜班公交线路"),
        ("区商务局会同供电单位于7月10日前上门服务不少于2000户次", "|上门服务"),
        # Where no name is printed, the kind of measure has one.
        ("满18周岁", "|年龄"),
    ],
)
def test_a_name_is_understood_without_the_sentence(text, expected):
    assert names(text)[-1] == expected


def test_words_of_names(subtests):
    for entry in load_lexicon("indicator_words", NameWords):
        for text, holds in [(t, True) for t in entry.holds] + [(t, False) for t in entry.not_]:
            with subtests.test(kind=entry.kind, text=text):
                found = {NamePart(t.kind) for t in find_name_words(text, entry.kind)}
                assert (entry.kind in found) is holds


@given(st.text(alphabet="新建学校对给予达到由的、，。5万%人率\n每", max_size=40))
def test_every_number_has_a_name_of_bounded_length(text):
    for q in find_quantities(text):
        for found in name_indicators(text, 0, q, []):
            assert len(found.metric) <= 60
