"""What a number measures and for whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.indicators import NamePart, NameWords, find_name_words, is_base, name_indicators
from ingest.pipeline import extract_bytes
from kb.language.quantities import find_quantities
from kb.language.times import TimeKind, find_times
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
        # A stretch of time between a name and its verb is none.
        ("老旧小区改造全年完成120个", "|老旧小区改造"),
        ("护理员全年不少于500人次", "|护理员"),
        ("各区全年新建5所学校", "|学校"),
        ("清偿2024年底前形成的欠款2.37亿元", "|欠款"),
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


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("较2025年的45%提高35个百分点", [True, False]),
        ("在现有24个站点基础上新增12个", [True, False]),
        ("在2025年35起的基础上下降20%", [True, False]),
        ("比2020年下降16%", [False]),
        ("市场规模较2025年翻一番", [False]),
        ("收入达3万元以上并在上一年的基础上增长10%", [False, False]),
    ],
)
def test_what_a_number_is_compared_with_or_added_to_is_no_target(text, base):
    times = find_times(text)
    held = [(t.start, t.end) for t in times if t.kind is not TimeKind.DURATION]
    assert [is_base(text, q, times) for q in find_quantities(text, closed=held)] == base


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "老旧管道改造全年完成1200公里，其中武汉市不少于380公里、襄阳市不少于150公里",
            ["老旧管道改造", "武汉市老旧管道改造", "襄阳市老旧管道改造"],
        ),
        ("完成投资100亿元，其中工业投资60亿元", ["完成投资", "工业投资"]),
        ("新改建农村公路180公里，其中9月30日前完成120公里", ["农村公路", "农村公路"]),
        ("新建学校20所，其中新增学位5000个", ["学校", "学位"]),
        ("新建学校20所。其中小学5所", ["学校", "小学数量"]),
    ],
)
def test_a_part_of_a_number_is_of_what_the_whole_measures(text, expected):
    made = f"某市方案\n一、任务\n（一）工作任务。{text}。\n"
    found = [t for task in extract_bytes(made.encode(), "a.txt").tasks for t in task.targets]
    assert [f"{t.scope or ''}{t.metric}" for t in found] == expected
