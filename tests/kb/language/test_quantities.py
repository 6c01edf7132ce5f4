"""Quantities as policy text prints them: each kind of number, measure, bound and range once."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.language.quantities import Quantity, QuantityForm, find_quantities


def short(q: Quantity) -> str:
    """`>= 3000 元/人·月` and so on."""
    sign = f"{q.comparator.value} " if q.comparator else ""
    per = f"/{q.per}" if q.per else ""
    return f"{sign}{q.value} {q.measure or '-'}{per}"


def read(text: str) -> list[str]:
    return [short(q) for q in find_quantities(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Measures: known ones, in Latin letters, and unknown ones where a measure stands.
        ("建成示范校20所", ["20 所"]),
        ("农机总动力超过10亿千瓦", ["> 1000000000 千瓦"]),  # 亿 counts, 千 belongs to the measure
        ("重2.3千克，长3千米", ["2.3 千克", "3 公里"]),
        ("全市智算规模达17000PFLOPS", [">= 17000 PFLOPS"]),
        ("用电3.5kWh", ["3.5 kWh"]),
        ("储能100MW/200MWh", ["100 MW", "200 MWh"]),
        ("新植桑园500埯，", ["500 埯"]),
        ("１２个百分点", ["12 个百分点"]),
        ("参加2人(次)", ["2 人次"]),
        ("人民币50元", ["50 元"]),
        ("64元3角", ["64.3 元"]),
        ("一吨半", ["1.5 吨"]),
        ("有效期五年", ["5 年"]),
        ("5个工作日以内", ["<= 5 工作日"]),
        # Numerals.
        ("13万2千人", ["132000 人"]),
        ("12.5万亩", ["125000 亩"]),
        ("伍仟元", ["5000 元"]),
        ("两千四百五", ["2450 -"]),
        ("百个应用场景", ["100 个"]),
        ("差异系数不高于0.50", ["<= 0.50 -"]),
        # Shares.
        ("百分之三点五", ["3.5 %"]),
        ("差错率控制在千分之五以内", ["<= 0.5 %"]),
        ("万分之五", ["0.05 %"]),
        ("不超过5‰", ["<= 5 ‰"]),
        ("三分之一", ["33.33 %"]),
        ("15.三分之二以上的村", [">= 66.67 %"]),  # behind the number of a clause
        ("12.五成以上的站点", [">= 50 %"]),
        ("不少于3/4", [">= 75 %"]),
        ("一半以上", [">= 50 %"]),
        ("超过半数", ["> 50 %"]),
        ("近三成", ["~ 30 %"]),
        ("三成半", ["35 %"]),
        ("产值翻一番", ["100 %"]),
        ("比2020年翻两番", ["300 %"]),
        ("配比达到1∶4", [">= 0.25 -"]),
        ("师生比不低于1:15", [">= 0.0667 -"]),
        # Bounds.
        ("参培率不得低于95%", [">= 95 %"]),
        ("禁止生均面积低于5平方米", [">= 5 平方米/生"]),
        ("人数大于或者等于20人", [">= 20 人"]),
        ("企业超700家", ["> 700 家"]),
        ("给予最高补助500万元", ["<= 5000000 元"]),
        ("最高可提升至200万元", ["<= 2000000 元"]),
        ("最低不少于20万元", [">= 200000 元"]),
        ("50万元（含）以下", ["<= 500000 元"]),
        ("连续2年（含2年）以上", [">= 2 年"]),
        ("10千伏及以上", [">= 10 千伏"]),
        ("不足3年", ["< 3 年"]),
        ("力争达到60%左右", ["~ 60 %"]),
        ("近700万元", ["~ 7000000 元"]),
        ("近两年", ["2 年"]),  # the two years before: not about two
        ("10万多户", ["~ 100000 户"]),
        ("三十多万亿元", ["~ 30000000000000 元"]),
        ("上百人", ["~ 100 人"]),
        ("覆盖率提高到90%", [">= 90 %"]),
        ("能耗下降到0.5吨", ["<= 0.5 吨"]),
        ("年排名前5的", ["<= 5 名"]),
        ("补贴上限为50万元", ["<= 500000 元"]),
        ("提升至2025年的50%", [">= 50 %"]),
        ("达到小学2000元", [">= 2000 元"]),
        ("其中2024年不低于2000户", [">= 2000 户"]),
        # For each.
        ("提高到每人每月100元", [">= 100 元/人·月"]),
        ("每人每月不超过100元", ["<= 100 元/人·月"]),
        ("3000元/平方米", ["3000 元/平方米"]),
        ("32.5元/平方米/月", ["32.5 元/平方米·月"]),
        ("3人/万人", ["3 人/万人"]),
        ("不能低于人均13平方米", [">= 13 平方米/人"]),
        ("每千人拥有指导员3.3名", ["3.3 名/千人"]),
        ("给予每个园区每年100万元", ["1000000 元/园区·年"]),
        # Ranges are two.
        ("20万元—100万元", [">= 200000 元", "<= 1000000 元"]),
        ("占比在5%—20%之间", [">= 5 %", "<= 20 %"]),
        ("16—24岁", [">= 16 岁", "<= 24 岁"]),
        ("2-3 所", [">= 2 所", "<= 3 所"]),
        ("2——3万港币", [">= 20000 港元", "<= 30000 港元"]),
        ("一千到两千万元", [">= 10000000 元", "<= 20000000 元"]),
        ("8500到3万港元", [">= 8500 港元", "<= 30000 港元"]),
        ("10000与20000之间", [">= 10000 -", "<= 20000 -"]),
        ("四五千块钱", [">= 4000 元", "<= 5000 元"]),
        ("18至45周岁（含本数）", [">= 18 周岁", "<= 45 周岁"]),
        ("5000万元（含5000万元）至1亿元", [">= 50000000 元", "<= 100000000 元"]),
        ("二万元以上五万元以下", [">= 20000 元", "<= 50000 元"]),
    ],
)  # fmt: skip
def test_what_is_read(text: str, expected: list[str]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("第三名、第二百五十", []),
        ("一切为了学生，一批项目，统一部署", []),
        ("四川、万州、五台山", []),
        ("十足的把握十分重要", []),
        ("2024年9月15日前", []),
        ("2022-2027年，2023年度", []),
        ("国办发〔2025〕11号", []),
        ("GB/T 39116-2020，DB50/T 543-2014", []),
        ("咨询电话：020-308622165、87768003", []),
        ("系统1.0版", []),
        ("1.2.3节", []),
        ("18:00前到校", []),
        ("5G、A4纸、L4级", []),
        ("新建服务站l5个", []),  # a letter for a figure: nothing rather than 5
        ("“1+3”平台", []),
        ("数千人次，几十万块", []),
        ("小学三年级", []),
        ("9部门印发", ["9 -"]),
        ("单位：万元", []),
        ("建设4/5G基站200座", ["200 座"]),
        ("1.培训100人", ["100 人"]),
        ("一、培训100人", ["100 人"]),
        ("三个课堂", ["3 个"]),  # read; whether it is a name is decided by who uses it
    ],
)
def test_what_competes(text: str, expected: list[str]) -> None:
    assert read(text) == expected


def test_where_a_quantity_stands_and_what_binds_it() -> None:
    text = "全市产值突破１００亿元，占比不低于 95% 以上"
    first, second = find_quantities(text)
    assert text[first.start : first.end] == "１００亿元"
    assert text[first.from_ : first.until] == "突破１００亿元"
    assert text[second.start : second.end] == "95%"
    assert text[second.from_ : second.until] == "不低于 95% 以上"
    assert [q.end for q in find_quantities("用电3.5kWh")] == [8]  # also where the text ends
    assert (first.form, second.form) == (QuantityForm.MONEY, QuantityForm.PERCENT)


@pytest.mark.parametrize(
    ("text", "of"),
    [
        ("不超过合同实际发生金额的30%", "合同实际发生金额的"),
        ("不超过研发成本30%", "研发成本"),
        ("达到全市平均水平的1.5倍以上", "全市平均水平的"),
        ("不少于总人数的三分之二", "总人数的"),
    ],
)
def test_what_it_is_a_share_of(text: str, of: str) -> None:
    (quantity,) = find_quantities(text)
    assert quantity.of is not None
    assert text[slice(*quantity.of)] == of


@pytest.mark.parametrize(
    ("text", "growth"),
    [("提高5个百分点", True), ("增长10%", True), ("翻一番", True), ("提高到90%", False)],
)
def test_growth(text: str, growth: bool) -> None:
    (quantity,) = find_quantities(text)
    assert quantity.growth is growth


def test_the_ends_of_a_range_know_each_other() -> None:
    low, high = find_quantities("奖励20万元—100万元")
    assert (low.role, high.role) == ("low", "high")
    assert find_quantities("3个")[0].role is None


def test_nothing_is_looked_for_where_it_is_closed() -> None:
    text = "3年内建成20所"
    assert [q.value for q in find_quantities(text, closed=[(0, 3)])] == [20]


def test_whether_a_measure_is_known() -> None:
    assert [q.measured for q in find_quantities("共20人，编号30")] == [True, False]
    assert [q.chinese for q in find_quantities("三个课堂，3个课堂")] == [True, False]


PIECES = [
    "10", "3.5", "三", "百", "万", "亿", "十", "%", "个", "元", "人", "平方米", "年", "月", "分之", "成",
    "一半", "不低于", "超过", "最高", "以上", "以下", "左右", "约", "近", "余", "多", "几", "—", "-", "至",
    "每", "/", "（含）", "(含", ")", "第", "翻", "番", "提高", "到", "的", "，", "。", " ", "\n", "kWh",
    "A", ":", "学校",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=24).map("".join) | st.text(max_size=60))
def test_quantities_lie_in_the_text_in_order_and_apart(text: str) -> None:
    found = find_quantities(text)
    for q in found:
        assert 0 <= q.from_ <= q.start < q.end <= q.until <= len(text)
        assert q.value >= 0
    for former, later in pairwise(found):
        assert former.end <= later.start
    lows = [n for n, q in enumerate(found) if q.role == "low"]
    assert all(found[n + 1].role == "high" and found[n].value < found[n + 1].value for n in lows)


@given(
    st.decimals(min_value=1, max_value=10**6, places=1), st.sampled_from(["元", "所", "%", "km"])
)
def test_printed_figures_are_exact(value: Decimal, measure: str) -> None:
    (quantity,) = find_quantities(f"共{value}{measure}")
    assert (quantity.value, quantity.measure) == (value, measure)


@pytest.mark.parametrize(
    ("text", "was", "now"),
    [
        ("普及率由2025年的93%提高到95.5%", "93%", "95.5%"),
        ("企业从14家整合至6家以内", "14家", "6家"),
        ("津贴由每月400元提高到600元", "400元", "600元"),
        ("在60%的基础上提高到85%", "60%", "85%"),
        ("非居民用水由3.10元调整为3.56元", "3.10元", "3.56元"),
    ],
)
def test_what_was_before_a_change_is_told_apart(text, was, now):
    before, after = find_quantities(text)
    assert (before.role, after.role) == ("before", "after")
    assert (text[before.start : before.end], text[after.start : after.end]) == (was, now)
    assert after.was == (before.start, before.end, before.value)


@pytest.mark.parametrize(
    "text",
    [
        "由区教委建成20所、改造30所",
        "由3家单位组成，经费提高到50万元",
        "覆盖率达到90%，提高5个百分点",
    ],
)
def test_two_numbers_are_no_change_by_themselves(text):
    assert all(q.was is None and q.role is None for q in find_quantities(text))


@pytest.mark.parametrize(
    ("text", "comparator"),
    [
        ("主要负责人三年内不得提拔", None),
        ("应当在三年内完成", "<="),
        ("租赁期限3年", None),
        ("每户限1台", "<="),
        ("单站运行费封顶2.5万元", "<="),
        ("可以放宽到120户", "<="),
    ],
)  # fmt: skip
def test_limits_of_a_length_and_of_what_is_given(text, comparator):
    q = find_quantities(text)[-1]
    assert (q.comparator.value if q.comparator else None) == comparator


@pytest.mark.parametrize(
    ("text", "comparator"),
    [
        ("不得因施工停水超过24小时", "<="),
        ("不得因检修、施工停水超过24小时", "<="),
        ("县公安局不得让群众等候超过30分钟", "<="),
        ("不得擅自组织学生集中超过50人", "<="),
        ("不允许单笔支出超过5万元", "<="),
        ("不能一次停电超过2小时", "<="),
        ("不得一次停电超2小时", "<="),
        ("避免群众等候超过30分钟", "<="),
        ("不得让合格率低于80%", ">="),
        ("不得出现人均面积不足5平方米", ">="),
        ("不得有班额超过55人的学校", "<="),
        ("不得使用厚度低于0.01毫米的地膜", ">="),
        # The prohibition is of another part, or is none.
        ("未经批准不得外出，超过3天的报区委", ">"),
        ("不得擅自外出；离岗超过3天须报告", ">"),
        ("不得不停电超过2小时", ">"),
        ("因不可抗力停工超过30天", ">"),
        # The number says of whom it is.
        ("不得向年收入超过5万元的家庭发放补贴", ">"),
        ("不能自理的老年人超过200人", ">"),
        ("因故不能到会超过3次者", ">"),
        ("不得缺席会议超过3次的，取消资格", ">"),
        ("不得将超过5万元的支出拆分", ">"),
        # It is turned once.
        ("不能低于80%", ">="),
        ("不得少于5人", ">="),
        ("不得安排不少于5人的班次", ">="),
    ],
)
def test_what_is_forbidden_at_a_distance(text: str, comparator: str) -> None:
    assert find_quantities(text)[-1].comparator == comparator
