"""Whose document it is, for governments of every level."""

from __future__ import annotations

import pytest

from kb.language.jurisdictions import Jurisdiction, Level, detect_jurisdiction, level_of


@pytest.mark.parametrize(
    ("issuer", "place", "level", "parents"),
    [
        ("国务院办公厅", "国家", Level.STATE, ()),
        ("中共中央办公厅", "国家", Level.STATE, ()),
        ("教育部", "国家", Level.STATE, ()),
        ("国家发展改革委", "国家", Level.STATE, ()),
        ("浙江省人民政府办公厅", "浙江省", Level.PROVINCE, ()),
        ("浙江省教育厅", "浙江省", Level.PROVINCE, ()),
        ("新疆维吾尔自治区人民政府", "新疆维吾尔自治区", Level.PROVINCE, ()),
        ("成都市人民政府", "成都市", Level.CITY, ()),
        ("万州区城市管理局", "万州区", Level.DISTRICT, ()),  # no city of the name 万州区城市
        ("盐城市城市管理局", "盐城市", Level.CITY, ()),
        ("阿里地区教育局", "阿里地区", Level.CITY, ()),
        ("吉林省吉林市人民政府", "吉林市", Level.CITY, ("吉林省",)),
        ("内蒙古自治区呼和浩特市人民政府", "呼和浩特市", Level.CITY, ("内蒙古自治区",)),
        ("北京市朝阳区人民政府", "朝阳区", Level.DISTRICT, ("北京市",)),
        ("北京市海淀区教育委员会", "海淀区", Level.DISTRICT, ("北京市",)),
        ("朝阳区人民政府", "朝阳区", Level.DISTRICT, ()),
        ("广东省深圳市南山区人民政府", "南山区", Level.DISTRICT, ("深圳市", "广东省")),
        ("江苏省苏州市昆山市人民政府", "昆山市", Level.DISTRICT, ("苏州市", "江苏省")),
        ("上海市浦东新区人民政府", "浦东新区", Level.DISTRICT, ("上海市",)),
        ("云南省昆明市石林彝族自治县人民政府", "石林彝族自治县", Level.DISTRICT, ("昆明市", "云南省")),
        ("石柱土家族自治县人民政府", "石柱土家族自治县", Level.DISTRICT, ()),
        ("某县人民政府", "某县", Level.DISTRICT, ()),
        ("重庆市万州区人民政府办公室", "万州区", Level.DISTRICT, ("重庆市",)),
        ("中共重庆市万州区委办公室", "万州区", Level.DISTRICT, ("重庆市",)),
        # A line broken in the printed header.
        ("重庆市万州区\n人民政府办公室", "万州区", Level.DISTRICT, ("重庆市",)),
        ("恩施土家族苗族自治州人民政府", "恩施土家族苗族自治州", Level.CITY, ()),
        ("锡林郭勒盟行政公署", "锡林郭勒盟", Level.CITY, ()),
        ("市场监管总局", "国家", Level.STATE, ()),
        ("城市管理委员会", None, Level.OTHER, ()),
    ],
)  # fmt: skip
def test_an_issuer_names_its_place(
    issuer: str, place: str | None, level: Level, parents: tuple[str, ...]
) -> None:
    assert detect_jurisdiction(issuer) == Jurisdiction(place=place, level=level, parents=parents)


@pytest.mark.parametrize(
    ("issuer", "title", "place", "parents"),
    [
        # Without an issuer the title says it; an issuer in short is completed by the title.
        (None, "成都市人民政府办公厅关于印发行动方案的通知", "成都市", ()),
        (None, "某县教育局关于做好工作的通知", "某县", ()),
        ("万州区政府办公室", "重庆市万州区人民政府办公室关于印发方案的通知", "万州区", ("重庆市",)),
        # The issuer decides where the title names another place.
        ("万州区人民政府", "浙江省人民政府关于工作的通知", "万州区", ()),
        (None, "关于加强管理的通知", None, ()),
        ("", "", None, ()),
        (None, "", None, ()),
    ],
)
def test_the_title_helps(
    issuer: str | None, title: str, place: str | None, parents: tuple[str, ...]
) -> None:
    found = detect_jurisdiction(issuer, title)
    assert (found.place, found.parents) == (place, parents)


@pytest.mark.parametrize(
    ("place", "level"),
    [
        ("重庆市", Level.PROVINCE),
        ("北京市", Level.PROVINCE),
        ("浙江省", Level.PROVINCE),
        ("西藏自治区", Level.PROVINCE),
        ("成都市", Level.CITY),
        ("甘孜藏族自治州", Level.CITY),
        ("大兴安岭地区", Level.CITY),
        ("锡林郭勒盟", Level.CITY),
        ("万州区", Level.DISTRICT),
        ("石柱土家族自治县", Level.DISTRICT),
        ("龙驹镇", Level.TOWNSHIP),
        ("高笋塘街道", Level.TOWNSHIP),
        ("总公司", Level.OTHER),
    ],
)
def test_the_level_that_a_name_shows(place: str, level: Level) -> None:
    assert level_of(place) is level


def test_the_place_at_a_level() -> None:
    district = detect_jurisdiction("广东省深圳市南山区人民政府")
    assert [district.at(level) for level in (Level.DISTRICT, Level.CITY, Level.PROVINCE)] == [
        "南山区",
        "深圳市",
        "广东省",
    ]
    # 市教委 of a document of 万州区 is that of 重庆市, a province by rank.
    assert detect_jurisdiction("重庆市万州区人民政府").at(Level.CITY) == "重庆市"
    assert detect_jurisdiction("某县人民政府").at(Level.CITY) is None


@pytest.mark.parametrize(
    "name", ["区市场监管局", "县市场监管局", "市市政园林局", "区县级政府办公室"]
)
def test_words_for_what_a_place_is_are_no_place(name: str) -> None:
    assert detect_jurisdiction(name).place is None


@pytest.mark.parametrize(
    ("title", "number", "place"),
    [
        ("罗田县防汛抗旱应急预案", None, "罗田县"),
        ("永修县“十五五”重点任务分解表", None, "永修县"),
        ("云江县防汛应急预案", "云政办发〔2026〕11号", "云江县"),
        ("云江市 城市更新 方案", "云府发〔2026〕1号", "云江市"),
        ("云江县防汛应急预案", None, None),  # nothing says that there is such a county
        ("老城区改造三年行动方案", None, None),
        ("示范区建设方案", "市政办发〔2026〕1号", None),
        ("县级领导分工方案", "县政办〔2026〕2号", None),
        ("城市更新方案", "城建发〔2026〕2号", None),
    ],
)
def test_a_title_that_begins_with_a_place(
    title: str, number: str | None, place: str | None
) -> None:
    assert detect_jurisdiction(None, title, number).place == place
