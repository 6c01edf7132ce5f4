"""Bodies found by the lexicon and by their form, with their exact boundaries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.language.jurisdictions import Jurisdiction, Level
from kb.language.organisations import organisations_for
from kb.language.parties import Form, find_parties

KNOWN = organisations_for(Jurisdiction(place="万州区", level=Level.DISTRICT, parents=("重庆市",)))


def found(text: str) -> list[str]:
    return [text[p.start : p.end] for p in find_parties(text, KNOWN.find(text))]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("由区教委负责。", ["区教委"]),
        ("责任单位:滨江区政府、市数据集团", ["滨江区政府", "市数据集团"]),
        ("镇人民政府(街道办事处)受理。", ["镇人民政府(街道办事处)"]),
        ("区教委(牵头单位)、区财政局落实。", ["区教委", "区财政局"]),
        ("各村(居)民委员会要落实。", ["各村(居)民委员会"]),
        ("天河区委组织部人才工作科汇总。", ["天河区委组织部人才工作科"]),
        ("教育、公安、民政等部门要配合。", ["教育", "公安", "民政"]),
        ("1.区教委负责排查,◆德育处组织。", ["区教委", "德育处"]),
        ("3月区经发局区环土局", ["区经发局", "区环土局"]),
        ("市、区民政部门应当公开。", ["市、区民政部门"]),
        ("各县(市、区)水利局、县(区)财政局落实。", ["各县(市、区)水利局", "县(区)财政局"]),
        ("设区的市人民政府审批。", ["设区的市人民政府"]),
        ("县级以上人民政府及其有关部门公开信息。", ["县级以上人民政府及其有关部门"]),
        ("各乡镇人民政府、街道办事处落实。", ["各乡镇人民政府", "街道办事处"]),
        ("市委金融办(市地方金融管理局)负责。", ["市委金融办(市地方金融管理局)"]),
        ("由村民委员会召开村民代表大会。", ["村民委员会", "村民代表大会"]),
        ("2.教育、公安等部门要配合。", ["教育", "公安"]),  # the number of a clause is none of it
        ("应当会同发展改革、自然资源等部门编制。", ["发展改革", "自然资源"]),
        ("市场监管、公安等部门要配合。", ["市场监管", "公安"]),
        ("自然资源和规划、水务等部门要配合。", ["自然资源和规划", "水务"]),
        ("市教育局、公安和民政等部门要配合。", ["市教育局", "公安", "民政"]),
        (
            '镇"净乡行动"专班、市12345热线办理中心抽查。',
            ['镇"净乡行动"专班', "市12345热线办理中心"],
        ),
        (
            "市委人才工作领导小组办公室、市委人才办汇总。",
            ["市委人才工作领导小组办公室", "市委人才办"],
        ),
        ("须经市人民政府常务会议审议。", ["市人民政府常务会议"]),
        ("市委市政府信访局受理,市委市政府要求整改。", ["市委市政府信访局", "市委", "市政府"]),
        ("市纪委监委驻市水利局纪检监察组监督。", ["市纪委监委驻市水利局纪检监察组"]),
        # Zones, levels that go on, sections and what else only looks like the end of a name.
        (
            "西虹桥商务区管委会、长三角示范区执委会负责。",
            ["西虹桥商务区管委会", "长三角示范区执委会"],
        ),
        ("各市、县、区政府,有关区县政府落实。", ["各市、县、区政府", "有关区县政府"]),
        ("各设区市、县(市、区)人民政府负责。", ["各设区市", "县(市、区)人民政府"]),
        (
            "区委组织部人才办、区机构编制委员会办公室协调。",
            ["区委组织部人才办", "区机构编制委员会办公室"],
        ),
        ("夏阳街道社区党群服务中心受理。", ["夏阳街道社区党群服务中心"]),
        ("市公安局交巡警总队负责。", ["市公安局交巡警总队"]),
        ("牵头单位 配合单位 完成时限", []),  # heads of columns
        ("会办单位须在15日内回复,各配合单位要主动。", ["会办单位", "各配合单位"]),
        ("由市公安局处五千元以上罚款。", ["市公安局"]),
        ("完善管理制度,提升城市管理水平,拓展应用场景。", []),
        ("全部完成整改,社会满意。", []),  # 全部, 社会 are words
        # A name of a town has two characters before its level.
        ("由伍市镇、向家镇负责。", ["伍市镇", "向家镇"]),
        ("向家镇人民政府、于桥乡落实。", ["向家镇人民政府", "于桥乡"]),
        ("向伍市镇通报,向各镇通报。", ["伍市镇", "各镇"]),
        ("在集镇整治,在小镇经营,经三镇会商。", ["三镇"]),
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


def test_a_field_that_stands_for_its_body_is_called_as_printed() -> None:
    text = "公安、应急管理等部门要加强巡查"
    assert [p.name for p in find_parties(text, KNOWN.find(text))] == ["公安", "应急管理"]


def test_the_level_that_opens_a_list_of_fields_is_that_of_all():
    for joined in ("、", "和"):
        text = f"由区公安{joined}应急管理等部门负责"
        names = [p.name for p in find_parties(text, KNOWN.find(text))]
        assert names == ["区公安局", "区应急局"]
    text = "由区教委、公安等部门负责"
    assert [p.name for p in find_parties(text, KNOWN.find(text))] == ["区教委", "公安"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("各镇人民政府(街道办事处)落实。", "各镇人民政府(街道办事处)"),
        ("各街镇落实。", "各街镇"),
        ("各乡镇(街道)落实。", "各镇乡街道"),  # the same three, in another order
    ],
)
def test_a_group_is_called_as_printed(text: str, name: str) -> None:
    assert [p.name for p in find_parties(text, KNOWN.find(text))] == [name]


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


@pytest.mark.parametrize(
    ("text", "names"),
    [
        # What a body is called from here on, or was called before, is no other body.
        (
            "武汉市城乡建设局(以下简称市城建局)、各区住建局要完成。",
            ["武汉市城乡建设局", "各区住建局"],
        ),
        (
            "市优化营商环境工作领导小组办公室(以下简称市营商办,设在市发改委)负责。",
            ["市优化营商环境工作领导小组办公室"],
        ),
        ('县水利和湖泊局(以下简称"县水利局")、县住建局配合。', ["县水利和湖泊局", "县住建局"]),
        ("县机关事务服务中心(原县机关事务管理局)负责。", ["县机关事务服务中心"]),
        ("县教体局、县文旅广体局(原县文旅局)完成。", ["县教体局", "县文旅广体局"]),
        ("市委金融办(市地方金融管理局)负责。", ["市委金融办(市地方金融管理局)"]),
        ("区教委(原址重建)负责。", ["区教委"]),
        # Who heads a body is the body.
        ("县发改局局长刘永红负责牵头。", ["县发改局"]),
        ("各成员单位主要负责人须到岗。", ["各成员单位"]),
        ("成员:王某 市应急管理局局长", ["市应急管理局局长"]),
        ("区教委组织各单位负责人员培训。", ["区教委", "各单位"]),
        ("报区教育局局长办公会审定。", ["区教育局局长办公会"]),
        ("县防指组长由县长担任。", ["县防指组长", "县长"]),
        ("县防指专家组负责会商。", ["县防指专家组"]),
        ("低压小微企业办电时间,群众办证时间。", ["低压小微企业"]),
        # What an enterprise does is part of its name.
        ("燃气经营企业每年开展安检。", ["燃气经营企业"]),
        ("督促经营企业落实。", ["企业"]),
    ],
)
def test_what_stands_after_a_name_is_none_of_it(text: str, names: list[str]) -> None:
    parties = find_parties(text, KNOWN.find(text))
    assert [text[p.start : p.named_to] for p in parties] == names
    assert all(p.name == text[p.start : p.named_to] for p in parties if p.tail)
