"""Whose a document is as seen from the house."""

from __future__ import annotations

import pytest

from kb.language.jurisdictions import detect_jurisdiction
from tasks.home import Home, Whose, issuers_of, whose


@pytest.mark.parametrize(
    ("issuer", "title", "places"),
    [
        ("万州区政府办公室", "重庆市万州区人民政府办公室关于印发方案的通知", ["万州区"]),
        # A line broken in the printed header is no second issuer; a space between two names is one.
        ("重庆市万州区\n人民政府办公室", "", ["万州区"]),
        ("重庆市教育委员会 重庆市财政局", "", ["重庆市", "重庆市"]),
        ("万州区教育委员会、万州区财政局", "", ["万州区", "万州区"]),
        # Central bodies that do not begin with 国家 are known by the lexicon.
        ("农业农村部", "", ["国家"]),
        ("人力资源社会保障部办公厅", "", ["国家"]),
        ("交通运输部、教育部", "", ["国家", "国家"]),
        ("中共中央办公厅 国务院办公厅", "", ["国家", "国家"]),
        (None, "国务院办公厅关于印发行动方案的通知", ["国家"]),
        (None, "教育部等九部门关于做好工作的通知", ["国家"]),
        # What only begins like a central body says nothing of who issued it.
        (None, "国家卫生区创建工作方案", []),
        (None, "财政部门预算公开办法", []),
        (None, "中央财政补助资金管理办法", []),
        ("区教委", "国家义务教育质量监测工作方案", []),
        # 卫生健康委 alone is every district's.
        ("卫生健康委", "", []),
        ("", "", []),
        (None, "关于加强管理的通知", []),
    ],
)
def test_a_documents_issuers(issuer, title, places):
    assert [j.place for j in issuers_of(issuer, title)] == places


WANZHOU = "重庆市万州区人民政府"
SAME_NAME = "江苏省南京市鼓楼区人民政府"


@pytest.mark.parametrize(
    ("home", "issuer", "found"),
    [
        (WANZHOU, "万州区政府办公室", Whose.HOME),
        (WANZHOU, "重庆市万州区教育委员会", Whose.HOME),  # a department of the same place
        (WANZHOU, "中共重庆市万州区委办公室", Whose.HOME),
        (WANZHOU, "重庆市教育委员会、万州区教育委员会", Whose.HOME),  # jointly
        (WANZHOU, "重庆市人民政府", Whose.OTHER),  # what is above
        (WANZHOU, "国务院办公厅", Whose.OTHER),
        (WANZHOU, "应急管理部", Whose.OTHER),
        (WANZHOU, "重庆市开州区人民政府", Whose.OTHER),  # what is beside
        (WANZHOU, "浙江省人民政府", Whose.OTHER),
        (WANZHOU, "城市管理委员会", Whose.UNKNOWN),
        (WANZHOU, None, Whose.UNKNOWN),
        (SAME_NAME, "江苏省徐州市鼓楼区人民政府", Whose.OTHER),  # another place of that name
        (SAME_NAME, "鼓楼区人民政府", Whose.HOME),
        ("江苏省苏州市昆山市人民政府", "昆山市教育局", Whose.HOME),  # read as a city by itself
        ("重庆市", "重庆市教育委员会", Whose.HOME),
        ("重庆市", "重庆市万州区人民政府", Whose.OTHER),
        ("不知道", "国务院办公厅", Whose.UNKNOWN),  # no home: nothing is another's
    ],
)
def test_whose_a_document_is(home, issuer, found):
    known = Home(jurisdiction=detect_jurisdiction(home), given=True)
    assert whose(known, issuer, "") is found
