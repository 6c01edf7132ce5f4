"""Owners of a clause: what closes a list, what a label or a verb makes of its parties."""

from __future__ import annotations

import pytest

from ingest.classifier import LinearModel, Models
from ingest.owners import OWNER, read_owners
from ingest.reading import read_span
from kb.language.jurisdictions import Jurisdiction, Level
from kb.language.organisations import organisations_for
from kb.language.times import find_times
from kb.models import Span

DISTRICT = organisations_for(
    Jurisdiction(place="万州区", level=Level.DISTRICT, parents=("重庆市",))
)
ALL = Models(party_use=LinearModel(("other", OWNER), (0.0, 1.0), {}))
"""Every party an owner."""


def read(text: str, **more):
    return read_owners(read_span(text, Span(0, len(text))), DISTRICT, models=ALL, **more)


def roles(text: str, **more) -> list[tuple[str, str]]:
    owners = read(text, **more)
    listed = [a for found in owners.lists for a in found.assignments]
    return [(a.unit, a.role.value) for a in (*listed, *owners.stated)]


def fitted(text: str) -> list[str]:
    """The owners that the installed weights tell."""
    owners = read_owners(read_span(text, Span(0, len(text))), DISTRICT, times=find_times(text))
    return [u.mention.name for u in owners.uses if u.decision.label == OWNER]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(责任单位:区教委、区公安局)", [("区教委", "responsible"), ("区公安局", "responsible")]),
        ("(牵头单位:区教委;配合单位:区公安局)", [("区教委", "lead"), ("区公安局", "joint")]),
        (
            "责任单位:区教委\n监督单位:区财政局",
            [("区教委", "responsible"), ("区财政局", "supervise")],
        ),
        ("完善机制。(区教委牵头,区财政局参与)", [("区教委", "lead"), ("区财政局", "joint")]),
        (
            "开展试点。(区教委指导,区公安局负责)",
            [("区教委", "supervise"), ("区公安局", "responsible")],
        ),
        # A label of persons heads no bodies and is none.
        ("牵头单位:区教委;责任领导:王某", [("区教委", "lead")]),
        ("区教委会同区财政局制定办法。", [("区教委", "lead"), ("区财政局", "joint")]),
        ("(责任单位:区“双减”工作专班)", [("区“双减”工作专班", "responsible")]),
    ],
)
def test_roles_by_label_verb_and_companion(text: str, expected: list[tuple[str, str]]) -> None:
    assert roles(text) == expected


def test_a_list_reaches_from_its_bracket_to_its_bracket() -> None:
    text = "完善机制。(责任单位:区教委)"
    [found] = read(text).lists
    assert text[found.start : found.end] == "(责任单位:区教委)"


def test_nobody_is_an_owner_inside_the_name_of_a_document() -> None:
    text = "落实《区教委工作规定》。"
    assert read(text, closed=[(2, 11)]).stated == ()


def test_a_name_that_only_its_place_shows_is_kept_in_a_labelled_list() -> None:
    assert ("蓝天志愿者", "responsible") in roles("责任单位:区教委、蓝天志愿者")


@pytest.mark.parametrize(
    ("text", "feature", "there"),
    [
        # What a body does describes a noun, and is no duty.
        ("区教委认定的幼儿园要公示收费。", "qualifies=yes", True),
        ("经区政府批准的项目列入清单。", "qualifies=yes", True),
        ("根据各村提出的名单公示。", "qualifies=yes", True),
        ("区教委的职责是管理。", "qualifies=yes", False),  # right after it: its own attribute
        ("区教委制定办法,落实批准的项目。", "qualifies=yes", False),  # of another part
        ("区教委要把名单报送上来的。", "qualifies=yes", False),
        ("区教委不予安排学位。", "next=negation", True),
        ("区教委将不再安排学位。", "next=modal-negation", True),
        ("区教委不得收费。", "next=negation", False),
        ("区教委曾于2023年约谈。", "next=past", True),
        # The number of an item is no word that governs it.
        ("明确分工:一是区教委负责布点。", "left=colon", True),
        ("分工是区教委负责布点。", "open=source", True),
    ],
)
def test_what_shows_that_a_body_bears_nothing(text: str, feature: str, there: bool) -> None:
    why = Models(party_use=ALL.party_use, why=True)
    use = read_owners(read_span(text, Span(0, len(text))), DISTRICT, models=why).uses[0]
    assert (feature in use.features) is there


@pytest.mark.parametrize(
    ("text", "name", "bears"),
    [
        ("6.数字化示范园区:是指利用新技术的区域。", "数字化示范园区", False),
        ("所称用人单位,是指依法注册的企业。", "用人单位", False),
        ("用人单位要指定专人。", "用人单位", True),
        ("用人单位:要指定专人。", "用人单位", True),
    ],
)
def test_what_is_defined_bears_nothing(text: str, name: str, bears: bool) -> None:
    assert (name in [unit for unit, _ in roles(text)]) is bears


@pytest.mark.parametrize(
    ("text", "bearers"),
    [
        ("除区财政局、区审计局外,区教委上报整改方案。", ["区教委"]),
        ("区财政局除外,区教委报送台账。", ["区教委"]),
        ("由区公安局而不是区教委负责监管。", ["区公安局"]),
        ("区水利局不再负责补贴发放,改由区教委负责。", ["区教委"]),
        ("区民政局无需报送报表。", []),
        ("区民政局不得乱收费。", ["区民政局"]),
        ("扣除区财政局垫付的部分。", ["区财政局"]),
        # Who bore it until now; what a body is said to be.
        ("原由区公安局承担的审批职责,划转至区教委。", ["区教委"]),
        ("原由区公安局承担的工作,调整由区教委承担。", ["区教委"]),
        ("由区公安局承担审批职责。", ["区公安局"]),
        ("由区教委作为业主单位组织实施。", ["区教委"]),
    ],
)
def test_what_is_left_out_bears_nothing(text, bearers):
    assert [name for name, _ in roles(text)] == bearers


@pytest.mark.parametrize(
    ("text", "following"),
    [
        ("区水利局5月20日前排查水库8座。", "duty"),
        ("区教委每月5日前要报送进度。", "modal"),
        ("区教委排查隐患。", "duty"),
    ],
)
def test_what_follows_a_body_is_looked_for_past_a_time(text, following):
    times = find_times(text)
    why = Models(party_use=ALL.party_use, why=True)
    owners = read_owners(read_span(text, Span(0, len(text))), DISTRICT, times=times, models=why)
    features = owners.uses[0].features
    assert any(f.startswith(f"next={following}") for f in features)
    assert ("dated" in features) == bool(times)
    assert "right=word" in features


@pytest.mark.parametrize(
    ("text", "bearers"),
    [
        ("由伍市镇、向家镇负责,6月底前新增泊位2000个。", ["伍市镇", "向家镇"]),
        ("伍市镇要于7月底前完成补植。", ["伍市镇"]),
        (
            "业州镇、高坪镇、红岩寺镇人民政府承担属地责任,每周巡河不少于2次。",
            ["业州镇", "高坪镇", "红岩寺镇人民政府"],
        ),
        (
            "(一)瓮江镇、三阳乡、汉昌街道办事处承担属地责任,每月检查不少于2次。",
            ["瓮江镇", "三阳乡", "汉昌街道办事处"],
        ),
        (
            "由花坪镇、景阳镇负责在6月10日前完成征拆,区自然资源局做好报批。",
            ["花坪镇", "景阳镇", "区自然资源局"],
        ),
        ("原由区公安局承担的审批职责,划转至区教委,8月底前完成。", ["区教委"]),
        ("燃气经营企业每年至少开展1次入户安检。", ["燃气经营企业"]),
        ("泊位2000个,其中汉昌街道800个、天岳街道700个、三阳乡500个。", []),
        ("花坪镇至景阳镇公路改造工程进展缓慢。", []),
    ],
)
def test_who_bears_by_the_weights_that_are_installed(text: str, bearers: list[str]) -> None:
    assert fitted(text) == bearers


@pytest.mark.parametrize(
    ("text", "bearers"),
    [
        ("县发改局局长刘永红负责牵头争取投资。", [("县发改局", "lead")]),
        ("各成员单位主要负责人须在10月15日前到岗述职。", [("各成员单位", "responsible")]),
        (
            "县机关事务服务中心(原县机关事务管理局)负责办公用房调整。",
            [("县机关事务服务中心", "responsible")],
        ),
        (
            "武汉市城乡建设局(以下简称市城建局)、各区住建局要完成改造。",
            [("武汉市城乡建设局", "responsible"), ("各区住建局", "responsible")],
        ),
    ],
)
def test_a_body_bears_by_its_own_name(text: str, bearers: list[tuple[str, str]]) -> None:
    owners = read_owners(read_span(text, Span(0, len(text))), DISTRICT, times=find_times(text))
    assert [(a.unit, a.role.value) for a in owners.stated] == bearers
    assert [a.span.slice(text) for a in owners.stated] == [name for name, _ in bearers]


def test_the_name_after_a_post_is_passed_over() -> None:
    text = "区教委主任张伟5月底前完成方案。"
    why = Models(party_use=ALL.party_use, why=True)
    use = read_owners(
        read_span(text, Span(0, len(text))), DISTRICT, models=why, times=find_times(text)
    ).uses[0]
    assert {"headed", "next=role"} <= {*use.features}
