"""The role of an owner: by a note after its name, by what its sentence or list says, by its column or
label, by what is declared of the first of a list, by its name."""

from __future__ import annotations

import pytest

from ingest.classifier import LinearModel, Models
from ingest.owners import OWNER
from ingest.pipeline import extract_bytes, extract_source
from ingest.readers import read_bytes
from kb.language.roles import FirstNote, Role
from tests.ingest.test_owners import roles


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # what the sentence says
        ("由区教委会同区财政局、区公安局制定办法。", "lead joint joint"),
        ("区教委应当会同区财政局制定办法。", "responsible joint"),
        ("区教委、区财政局按职责分工负责。", "responsible responsible"),
        ("区教委牵头,区财政局、区公安局配合。", "lead joint joint"),
        ("区教委牵头,会同区财政局制定办法。", "lead joint"),
        ("区教委牵头,区财政局、区公安局到场核查。", "lead joint joint"),
        ("区教委牵头,区财政局负责监督检查。", "lead supervise"),
        ("区教委牵头。区财政局落实经费。", "lead responsible"),
        ("区教委牵头建立台账,区财政局落实经费。", "lead responsible"),
        ("区教委负责监督检查。", "supervise"),
        ("区教委(简称甲方)负责审批结果。", "approve"),
        ("区教委对落实情况开展督查,区财政局落实经费。", "supervise responsible"),
        ("区教委督促按期复工。", "responsible"),
        ("区教委考核,区财政局核定。", "responsible responsible"),
        ("方案报区教委备案。", "approve"),
        ("调整须经区教委同意。", "approve"),
        ("由区教委审核。", "approve"),
        ("区教委为牵头单位,区财政局、区公安局为成员单位。", "lead member member"),
        ("区教委组织对申报材料进行审核认定。", "approve"),
        ("区教委不予批准其申请。", "approve"),
        ("区教委按期完善项目名单审批。", "responsible"),
        ("区教委对落实情况开展督导检查。", "supervise"),
        ("区教委要加强监督工作,区财政局落实经费。", "supervise responsible"),
        ("由区教委会同区财政局进行督查。", "supervise joint"),
        ("区教委负责受理,区财政局做好配合工作,区公安局给予协助。", "responsible joint joint"),
        ("区财政局参与方案论证。", "joint"),
        ("区教委加强统筹,牵头建立台账。", "lead"),
        ("区教委要发挥牵头作用。", "lead"),
        ("区教委加强统筹,区财政局牵头建立台账。", "responsible lead"),
        ("区教委加强统筹,服从牵头方调度。", "responsible"),
        ("区教委:牵头制定办法。", "lead"),
        ("区财政局:协助做好验收。", "joint"),
        ("区财政局:指导开展验收。", "responsible"),
        ("区教委作为牵头部门,区财政局作为配合部门。", "lead joint"),
        # lists
        ("完善机制。(区教委牵头,区财政局参与,区公安局监管)", "lead joint supervise"),
        ("完善机制。(区教委、区财政局)", "responsible responsible"),
        ("完善机制。【区教委 区财政局】", "responsible responsible"),
        ("完善机制。——区教委、区财政局", "responsible responsible"),
        ("责任单位:区教委(牵头)、区财政局", "lead responsible"),
        ("责任单位:区教委牵头,区财政局配合", "lead joint"),
        ("责任单位:区教委 配合单位 区财政局", "responsible joint"),
        ("【牵头单位:区教委;责任单位:区财政局】", "lead responsible"),
        ("考核单位:区教委", "supervise"),
        ("责任单位:区教委(牵头单位)、区财政局", "lead responsible"),
        ("责任单位:区教委(牵头),区财政局、区公安局(配合)", "lead joint joint"),
        ("牵头单位:区教委  责任单位:区财政局  完成时限:6月", "lead responsible"),
        ("牵头单位:区教委配合单位:区财政局、区公安局", "lead joint joint"),
        ("责任单位:区教委、区财政局配合单位:区公安局", "responsible responsible joint"),
        ("主办:区教委 协办:区财政局", "lead joint"),
        ("【牵头单位】区教委【配合单位】区财政局", "lead joint"),
        ("责任单位:(牵头)区教委,(配合)区财政局、区公安局", "lead joint joint"),
        ("牵头单位——区教委;配合单位——区财政局", "lead joint"),
        ("牵头(责任)单位:区教委", "lead"),
        ("责任单位(牵头):区教委", "lead"),
        ("责任单位(部门):区教委", "responsible"),
        ("配合责任单位:区教委", "joint"),
        ("牵头单位及责任领导:区教委", "lead"),
        ("成 员:区教委、区财政局", "member member"),
        ("成员单位有区教委、区财政局、区公安局。", "member member member"),
        ("牵头单位为区教委,配合单位为区财政局。", "lead joint"),
        ("组长单位:区教委;副组长单位:区财政局;成员单位:区公安局", "lead responsible member"),
        ("召集人单位:区教委", "lead"),
        ("区教委为组长单位,区财政局为副组长单位。", "lead responsible"),
        # names
        ("区审计局对专项债使用情况逐年过问。", "supervise"),
        ("区审计局牵头制定办法。", "lead"),
    ],
)
def test_roles(text: str, expected: str) -> None:
    assert " ".join(role for _, role in roles(text)) == expected


NOTE = FirstNote(0, 8)


@pytest.mark.parametrize(
    ("text", "first", "expected"),
    [
        ("完善机制。(责任单位:区教委、区财政局)", NOTE, "lead responsible"),
        ("完善机制。(区教委、区财政局)", NOTE, "lead joint"),
        ("完善机制。(区教委)", NOTE, "lead"),
        ("责任单位:区教委、区财政局", NOTE._replace(rest=Role.JOINT), "lead joint"),
        (
            "责任单位:区教委、区财政局,区公安局",
            NOTE._replace(by_comma=True),
            "lead lead responsible",
        ),
        # a list that says who does what
        ("完善机制。(区教委、区财政局负责)", NOTE, "responsible responsible"),
        ("完善机制。(区财政局配合,区教委牵头)", NOTE, "joint lead"),
        ("责任单位:区教委、区财政局(牵头)", NOTE, "responsible lead"),
        ("配合单位:区教委、区财政局", NOTE, "joint joint"),
        ("区教委、区财政局制定办法。", NOTE, "responsible responsible"),
        ("责任单位(排第一位的牵头):区教委、区财政局", None, "lead responsible"),
        # one that says it of itself
        ("完善机制。(区教委、区财政局;第一家为牵头单位)", None, "lead joint"),
    ],
)
def test_the_first_of_a_list(text: str, first: FirstNote | None, expected: str) -> None:
    assert " ".join(role for _, role in roles(text, first=first)) == expected


EVERY = Models(party_use=LinearModel(("other", OWNER), (0.0, 1.0), {}))


def _listed(text: str) -> list[str]:
    found = extract_source(read_bytes(text.encode(), "plan.txt"), models=EVERY)
    return [a.role.value for task in found.tasks for a in task.responsibilities if a.unit != "单位"]


PLAN = "某区食堂工作方案\n一、主要任务\n1.改造食堂5批。（{}）\n2.扩建食堂3批。（区教委、区财政局）\n{}\n"


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("区教委、区公安局", "", "responsible responsible responsible responsible"),
        ("区教委、区公安局。列第一位者为牵头单位，下同", "", "lead joint lead joint"),
        ("区教委、区公安局；第一家为牵头科室", "", "lead joint responsible responsible"),
        ("区教委、区公安局", "3.本方案各项任务列首位的为牵头单位。", "lead joint lead joint"),
    ],
    ids=["nothing declared", "from here on", "of this list", "of all lists, at the end"],
)
def test_where_a_declaration_holds(first: str, last: str, expected: str) -> None:
    assert " ".join(_listed(PLAN.format(first, last))) == expected


def test_a_row_is_one_duty_with_the_roles_of_its_columns() -> None:
    text = "序号\n任务\n牵头单位\n配合单位\n时限\n" + "".join(
        f"{n}\n改造第{n}批食堂\n区教委\n区财政局、区公安局\n2026年{n}月底\n" for n in (1, 2, 3)
    )
    found = extract_bytes(text.encode(), "plan.txt")
    assert [
        [(a.unit, a.role.value, a.basis.value) for a in task.responsibilities]
        for task in found.tasks
    ] == [
        [
            ("区教委", "lead", "listed"),
            ("区财政局", "joint", "listed"),
            ("区公安局", "joint", "listed"),
        ]
    ] * 3
