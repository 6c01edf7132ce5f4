"""Units in the text of any government: found whole, resolved in the place of the document."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.language.jurisdictions import Jurisdiction, Level, detect_jurisdiction
from kb.language.organisations import (
    FunctionEntry,
    GroupEntry,
    OrganisationEntry,
    Organisations,
    organisations_for,
)
from kb.lexicon import load_lexicon

WANZHOU = "重庆市万州区人民政府办公室"


def of(issuer: str) -> Organisations:
    return organisations_for(detect_jurisdiction(issuer))


def ids(issuer: str, text: str) -> list[tuple[str, str | None]]:
    return [(m.name, m.unit.id if m.unit else None) for m in of(issuer).find(text)]


@pytest.mark.parametrize(
    ("issuer", "text", "expected"),
    [
        ("浙江省人民政府办公厅", "省教育厅、省发展改革委、省建设厅、省委编办、团省委",
         [("省教育厅", "浙江省/education"), ("省发展改革委", "浙江省/development-reform"),
          ("省建设厅", "浙江省/housing"), ("省委编办", "浙江省/staffing"),
          ("团省委", "浙江省/youth-league")]),
        ("成都市人民政府", "市教育局、市住建局、市规划和自然资源局、各区(市)县政府",
         [("市教育局", "成都市/education"), ("市住建局", "成都市/housing"),
          ("市规划和自然资源局", "成都市/planning-resources"),
          ("各区(市)县政府", "成都市/各区(市)县政府")]),
        ("四川省成都市武侯区人民政府", "市教育局、省财政厅",
         [("市教育局", "成都市/education"), ("省财政厅", "四川省/finance")]),
        ("北京市朝阳区人民政府", "区教委、区城市管理委、市教委、各街道(地区)办事处",
         [("区教委", "朝阳区/education"), ("区城市管理委", "朝阳区/urban-management"),
          ("市教委", "北京市/education"), ("各街道(地区)办事处", "朝阳区/各街道(地区)办事处")]),
        ("北京市海淀区人民政府", "区教委、区公安分局、各街镇",
         [("区教委", "海淀区/education"), ("区公安分局", "海淀区/public-security"),
          ("各街镇", "海淀区/各街镇")]),
        ("某县人民政府", "县教育局、县农业农村局、县委宣传部、各乡镇人民政府、县残联",
         [("县教育局", "某县/education"), ("县农业农村局", "某县/agriculture"),
          ("县委宣传部", "某县/publicity"), ("各乡镇人民政府", "某县/各乡镇人民政府"),
          ("县残联", "某县/disabled")]),
        ("内蒙古自治区人民政府", "自治区教育厅、各盟行政公署",
         [("自治区教育厅", "内蒙古自治区/education"),
          ("各盟行政公署", "内蒙古自治区/各盟行政公署")]),
        ("国务院办公厅", "教育部、国家发展改革委、粮食和储备局、中央和国家机关工委、各省级人民政府",
         [("教育部", "国家/education"), ("国家发展改革委", "国家/development-reform"),
          ("粮食和储备局", "国家/food-reserves"),
          ("中央和国家机关工委", "国家/organs-work-committee"),
          ("各省级人民政府", "国家/各省级人民政府")]),
        (WANZHOU, "万州区教委、重庆市教委、区住房城乡建设委、团区委",
         [("区教委", "万州区/education"), ("市教委", "重庆市/education"),
          ("区住房城乡建设委", "万州区/housing"), ("团区委", "万州区/youth-league")]),
    ],
)  # fmt: skip
def test_units_of_a_government(
    issuer: str, text: str, expected: list[tuple[str, str | None]]
) -> None:
    assert ids(issuer, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "全区社区居民、小区、城区、校区",  # 区 that ends another word
        "全市、各县、全省上下",
        "教育部署到位，财政部门配合，公安部队参加",  # 部 that begins another word
        "加强教育、财政保障",
        "水利工程、农业农村现代化、市场监管",
        "",
        "区",
    ],
)
def test_no_unit_is_there(text: str) -> None:
    assert of(WANZHOU).find(text) == []


def test_functions_in_a_list_that_ends_in_other_departments() -> None:
    found = of(WANZHOU).find("区公安、应急管理等部门要加强巡查")
    assert [(m.text, m.name, m.open_ended) for m in found] == [
        ("区公安", "区公安局", True),
        ("应急管理", "区应急局", True),
    ]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        # Before 部门 alone, those before the last, which is a name itself.
        ("教育、公安、应急管理部门要加强宣传", "教育 公安"),
        ("3.公安、交通和水利部门建立机制", "公安 交通"),
        ("公安部门负责", ""),
        ("统计工作、审计部门", ""),
        ("生产、经营部门", ""),
    ],
)
def test_functions_in_a_list_that_ends_in_departments(text, fields):
    assert " ".join(m.text for m in of(WANZHOU).find(text)) == fields


def test_all_fields_of_one_list_are_of_home_offices():
    home = of("重庆市万州区城市管理局")
    found = [home.of_field(word) for word in ("公安", "应急管理", "交通", "住房城乡建设", "医保")]
    assert [unit and unit.id for unit in found] == [
        f"万州区/{function}"
        for function in (
            "public-security",
            "emergency",
            "transport",
            "housing",
            "medical-insurance",
        )
    ]
    assert home.of_field("科研") is None


def test_a_place_before_the_name_is_part_of_the_mention() -> None:
    text = "由重庆市万州区教委负责"
    [mention] = of(WANZHOU).find(text)
    assert (mention.text, mention.name) == ("重庆市万州区教委", "区教委")
    assert text[mention.start : mention.end] == mention.text


def test_the_short_name_of_a_place_is_not_cut() -> None:
    assert [m.text for m in of(WANZHOU).find("由万州教委、州教委、万州区财政局负责")] == ["州教委", "万州区财政局"]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("区教委", "万州区/education"),
        ("万州区教委", "万州区/education"),
        ("重庆市万州区教委", "万州区/education"),
        ("重庆市教委", "重庆市/education"),
        ("市教委", "重庆市/education"),
        ("重庆教委", "重庆市/education"),
        ("万州教委", "万州区/education"),
        ("万州蓝天促进会", None),
        ("教委", "万州区/education"),
        ("我区教委", "万州区/education"),
        ("区里的教委", "万州区/education"),
        ("水务局", "万州区/water"),
        ("编办", "万州区/staffing"),
        ("公安", "万州区/public-security"),
        ("教育部", "国家/education"),
        ("区水利 局", "万州区/water"),
        ("各镇乡街道", "万州区/各镇乡街道"),
        ("各乡镇（街道）", "万州区/各镇乡街道"),  # full-width brackets
        ("蓝天白云促进会", None),
        ("万州", None),
        ("", None),
        ("区", None),
    ],
)
def test_a_name_resolves_or_does_not(name: str, unit: str | None) -> None:
    found = of(WANZHOU).resolve(name)
    assert (found.id if found else None) == unit


@pytest.mark.parametrize(
    ("phrase", "unit"),
    [
        ("health commission", "万州区/health"),
        ("the District Education Commission", "万州区/education"),
        ("finance bureau", "万州区/finance"),
        ("public security", "万州区/public-security"),
        ("drowning", None),
        ("bureau of the", None),
        ("", None),
    ],
)
def test_english_names(phrase: str, unit: str | None) -> None:
    found = of(WANZHOU).resolve_english(phrase)
    assert (found.id if found else None) == unit


def test_a_lay_word_in_a_state_document_is_the_ministry() -> None:
    found = of("国务院办公厅").resolve_english("education")
    assert found is not None
    assert (found.id, found.name) == ("国家/education", "教育部")


LOCAL = [
    (prefix, entry, name)
    for entry in load_lexicon("functions", FunctionEntry)
    for prefix, names in (
        ("省", (*entry.province, *entry.local)),
        ("市", entry.local),
        ("县", (*entry.local, *entry.former)),
    )
    for name in names
]


def test_every_name_of_a_function_is_found_whole(subtests: pytest.Subtests) -> None:
    """A name belongs to one function only, and no shorter name hides it."""
    for prefix, entry, name in LOCAL:
        with subtests.test(prefix=str(prefix), entry=str(entry), name=str(name)):
            here = {
                "省": ("浙江省", Level.PROVINCE),
                "市": ("成都市", Level.CITY),
                "县": ("某县", Level.DISTRICT),
            }
            place, level = here[prefix]
            printed = f"{prefix}{entry.prefix}{name}"
            found = organisations_for(Jurisdiction(place=place, level=level)).find(
                f"由{printed}负责。"
            )
            assert [(m.text, m.unit.id if m.unit else None) for m in found] == [
                (printed, f"{place}/{entry.function}")
            ]


def test_every_form_of_a_central_organ_is_found_whole(subtests: pytest.Subtests) -> None:
    """Whoever the document is of: 教育部 is the same to a district and to the State Council."""
    for entry in load_lexicon("organisations", OrganisationEntry):
        with subtests.test(entry=str(entry)):
            for issuer in ("国务院办公厅", WANZHOU):
                for form in (entry.name, *entry.forms, *entry.former):
                    found = of(issuer).find(f"由{form}负责。")
                    assert [(m.text, m.unit.name if m.unit else None) for m in found] == [
                        (form, entry.name)
                    ]


def test_every_form_of_a_group_is_found_whole(subtests: pytest.Subtests) -> None:
    for entry in load_lexicon("groups", GroupEntry):
        with subtests.test(entry=str(entry)):
            for form in entry.forms:
                [mention] = of(WANZHOU).find(f"由{form}负责。")
                assert mention.text == form
                assert mention.name == (entry.name if entry.forms_are == "variants" else form)


PIECES = st.sampled_from(
    ["区教委", "万州区", "重庆市", "教育部", "、", "等部门", "区", "公安", "各镇乡街道", "\n", "和",
     "国家", "发展改革委", "学校", "𠮷", "（", "部", "门", "省", "团区委", " "]
)  # fmt: skip


@given(st.lists(PIECES, max_size=25).map("".join))
def test_mentions_quote_the_text_in_order_without_overlap(text: str) -> None:
    found = of(WANZHOU).find(text)
    for mention in found:
        assert text[mention.start : mention.end] == mention.text
    for one, two in pairwise(found):
        assert one.end <= two.start
    assert found == of(WANZHOU).find(text)


def test_a_zone_is_named_with_its_place() -> None:
    found = organisations_for(detect_jurisdiction("重庆市万州区人民政府")).find(
        "万州经开区、区教委"
    )
    assert [m.name for m in found] == ["万州经开区", "区教委"]
