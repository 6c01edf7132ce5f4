"""Plans and clauses of documents of every form."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.header import parse_header
from ingest.outline import Outline, heading_of, parse_outline
from ingest.pipeline import extract_bytes


def outline_of(text: str) -> Outline:
    return parse_outline(text, parse_header(text), "doc-1")


def tree(text: str) -> list[tuple[int, str, str]]:
    """(level, path, own text) of each clause."""
    return [(c.level, c.path, c.span.slice(text)) for c in outline_of(text).clauses]


NESTED = (
    "某区行动方案\n一、总体要求\n（一）指导思想。坚持以人为本。\n1.建设学校。\n(1)选址。\n①东区。\n"
    "责任单位：区教委\n——按期建成。\n（二）目标。\n二、任务\n"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            NESTED,
            [
                (1, "1/一", "一、总体要求"),
                (2, "1/一/(一)", "（一）指导思想。坚持以人为本。"),
                (3, "1/一/(一)/1", "1.建设学校。"),
                (4, "1/一/(一)/1/(1)", "(1)选址。"),
                (5, "1/一/(一)/1/(1)/①", "①东区。\n责任单位：区教委"),
                (6, "1/一/(一)/1/(1)/①/——", "——按期建成。"),
                (2, "1/一/(二)", "（二）目标。"),
                (1, "1/二", "二、任务"),
            ],
            id="every level of a text",
        ),
        pytest.param(
            "某区管理办法\n第一章 总则\n第一条 为了管理，制定本办法。\n第二条 本办法适用于：\n（一）学校；\n"
            "（二）医院。\n第二章 附则\n第三条 自发布之日起施行。\n",
            [
                (1, "1/第一章", "第一章 总则"),
                (2, "1/第一章/第一条", "第一条 为了管理，制定本办法。"),
                (2, "1/第一章/第二条", "第二条 本办法适用于："),
                (3, "1/第一章/第二条/(一)", "（一）学校；"),
                (3, "1/第一章/第二条/(二)", "（二）医院。"),
                (1, "1/第二章", "第二章 附则"),
                (2, "1/第二章/第三条", "第三条 自发布之日起施行。"),
            ],
            id="chapters and articles",
        ),
        pytest.param(
            "某区行动方案\n一、任务\n1.一项。\n2.两项。\n（一）又一项。\n二、保障\n",
            [
                (1, "1/一", "一、任务"),
                (2, "1/一/1", "1.一项。"),
                (2, "1/一/2", "2.两项。"),
                (2, "1/一/(一)", "（一）又一项。"),
                (1, "1/二", "二、保障"),
            ],
            id="a level left out",
        ),
        pytest.param(
            "某区行动方案\n一、任务\n1.甲。\n2.乙。\n1.又甲。\n二、再来\n1.丙。\n",
            [
                (1, "1/一", "一、任务"),
                (2, "1/一/1", "1.甲。"),
                (2, "1/一/2", "2.乙。"),
                (2, "1/一/1#2", "1.又甲。"),
                (1, "1/二", "二、再来"),
                (2, "1/二/1", "1.丙。"),
            ],
            id="numbering that restarts",
        ),
        pytest.param(
            "某区要点\n1.开展培训。\n2．建设学校。\n　　责任单位：区教委\n　　配合单位：区财政局\n3、完。\n",
            [
                (1, "1/1", "1.开展培训。"),
                (1, "1/2", "2．建设学校。\n　　责任单位：区教委\n　　配合单位：区财政局"),
                (1, "1/3", "3、完。"),
            ],
            id="trailing lines of units",
        ),
        pytest.param(
            "某区要点\r\n（一）开展培训。\r\n   责任单位：区教委\r\n（二）建校。\r\n",
            [
                (1, "1/(一)", "（一）开展培训。\r\n   责任单位：区教委"),
                (1, "1/(二)", "（二）建校。"),
            ],
            id="line ends of Windows",
        ),
        pytest.param(
            "某区行动方案\n目录\n一、总体要求……1\n二、任务……2\n一、总体要求\n坚持。\n二、任务\n做好。\n",
            [(1, "1/一", "一、总体要求\n坚持。"), (1, "1/二", "二、任务\n做好。")],
            id="a table of contents",
        ),
        pytest.param(
            "某区行动方案\n为做好工作，制定本方案。\n一、任务\n",
            [(1, "1/0", "为做好工作，制定本方案。"), (1, "1/一", "一、任务")],
            id="an intro",
        ),
        pytest.param(
            "某区预案\n一、职责\n区教委：负责学校。\n\n区气象局、国网某区供电公司：做好预警。\n要报告。\n"
            "区城管：负责巡查。\n区发改委（区粮食局）：负责储备。\n二、保障\n",
            [
                (1, "1/一", "一、职责"),
                (2, "1/一/-", "区教委：负责学校。"),
                (2, "1/一/-#2", "区气象局、国网某区供电公司：做好预警。\n要报告。"),
                (2, "1/一/-#3", "区城管：负责巡查。"),  # between such, though no body is known
                (2, "1/一/-#4", "区发改委（区粮食局）：负责储备。"),
                (1, "1/二", "二、保障"),
            ],
            id="paragraphs that begin with bodies and a colon",
        ),
        pytest.param(
            "某区方案\n一、项目\n建设单位：区教委所属学校。\n监理单位：区教委所属公司。\n区教委：负责验收。\n",
            [
                (
                    1,
                    "1/一",
                    "一、项目\n建设单位：区教委所属学校。\n监理单位：区教委所属公司。\n区教委：负责验收。",
                )
            ],
            id="labels, and one such paragraph alone",
        ),
        pytest.param("", [], id="nothing"),
        pytest.param(" \n\r\n", [], id="blank"),
    ],
)
def test_the_tree(text: str, expected: list[tuple[int, str, str]]) -> None:
    assert tree(text) == expected


def test_parents_follow_the_path() -> None:
    clauses = outline_of(NESTED).clauses
    by_id = {c.id: c for c in clauses}
    for clause in clauses:
        if clause.parent_id is None:
            assert clause.level == 1
        else:
            assert clause.path.rpartition("/")[0] == by_id[clause.parent_id].path


def test_lost_ordinals_are_read_from_their_neighbours() -> None:
    text = "某区行动方案\n一、总体要求\n加强领导。\n、主要任务\n（一）建校。\n三、保障\n、附则\n"
    outline = outline_of(text)
    assert [(c.marker, c.path) for c in outline.clauses] == [
        ("一、", "1/一"),
        ("", "1/二"),
        ("（一）", "1/二/(一)"),
        ("三、", "1/三"),
        ("", "1/四"),
    ]
    assert [(r.raw, r.repaired, r.rule) for r in outline.repairs] == [
        ("、", "二、", "lost-ordinal"),
        ("、", "四、", "lost-ordinal"),
    ]
    assert all(r.span.slice(text) == r.raw for r in outline.repairs)
    assert outline.findings == []


def test_a_lost_ordinal_that_fits_nowhere_is_told() -> None:
    text = "某区行动方案\n一、任务\n三、目标\n、主要措施\n六、保障\n"
    [finding] = outline_of(text).findings
    assert finding.code == "ordinal-gap"
    assert finding.span is not None
    assert finding.span.slice(text) == "、"


SEVERAL = (
    "某区关于印发两个方案的通知\n某府办发〔2022〕3号\n各镇乡：\n现印发给你们。\n附件：1.甲方案\n"
    "某区人民政府\n2022年3月1日\n\n某区甲行动方案\n（2022—2025年）\n一、目标\n二、任务\n"
    "某区乙\n行动方案\n一、目标\n1.建校。\n二、任务\n领导小组成员单位\n区教委、区公安局\n区财政局\n"
)


def test_a_document_of_several_plans() -> None:
    outline = outline_of(SEVERAL)
    assert [(p.number, p.title) for p in outline.plans] == [
        (1, "某区甲行动方案"),
        (2, "某区乙行动方案"),  # a title on two lines
    ]
    assert [c.path for c in outline.clauses] == ["1/一", "1/二", "2/一", "2/一/1", "2/二"]
    assert outline.titles[0].slice(SEVERAL) == "某区甲行动方案\n（2022—2025年）"
    for plan in outline.plans:
        for clause in outline.clauses:
            assert plan.span.contains(clause.span) == (clause.plan_id == plan.id)


def test_members_are_no_clause() -> None:
    outline = outline_of(SEVERAL)
    assert [span.slice(SEVERAL) for span in outline.members] == ["区教委、区公安局", "区财政局"]
    assert "区公安局" not in "".join(c.span.slice(SEVERAL) for c in outline.clauses)


def test_the_signature_is_no_part_of_the_last_clause() -> None:
    text = "某区行动方案\n一、任务\n1.建校。\n某区人民政府办公室\n2022年3月1日\n"
    assert outline_of(text).clauses[-1].span.slice(text) == "1.建校。"


def test_a_text_without_numbering() -> None:
    text = "请于2025年底前完成整改。\n\n区公安局要加强巡逻。\n"
    outline = outline_of(text)
    assert [(c.path, c.marker, c.span.slice(text)) for c in outline.clauses] == [
        ("1/1", "", "请于2025年底前完成整改。"),
        ("1/2", "", "区公安局要加强巡逻。"),
    ]
    assert [f.code for f in outline.findings] == ["no-numbering"]


def test_contents_before_the_title() -> None:
    text = "目录\n一、总体要求\n二、任务\n某区行动方案\n一、总体要求\n坚持。\n二、任务\n做好。\n"
    [plan] = outline_of(text).plans
    assert plan.title == "某区行动方案"


def test_the_text_of_an_attachment_is_read_or_told() -> None:
    text = (
        "某区行动方案\n一、任务\n1.甲。\n某区人民政府\n2022年3月1日\n附件2\n任务分工表\n"
        "1.建校20所。责任单位：区教委\n2.修路。责任单位：区交通局\n"
    )
    extraction = extract_bytes(text.encode(), "plan.txt")
    units = {a.unit for t in extraction.tasks for a in t.responsibilities}
    assert "区交通局" in units or extraction.warnings


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("总体要求", "总体要求"),
        ("加强领导。各单位要高度重视。", "加强领导"),
        ("责任分工：", "责任分工"),
        ("第一行\n第二行", "第一行"),
        ("", ""),
        ("各单位要高度重视" * 6 + "，抓好落实。", "各单位要高度重视" * 6),
    ],
)
def test_headings(text: str, heading: str) -> None:
    assert heading_of(text) == heading


PIECES = st.sampled_from(
    ["一、任务\n", "二、目标\n", "、保障措施\n", "（一）加强领导。", "(二)建校\n", "1.开展。", "2．落实\n", "(1)选址", "①东区",
     "——按期", "第一章 总则\n", "第一条 为了", "某区行动方案\n", "（2022—2025年）\n", "目录\n", "附件：\n",
     "附件2\n", "领导小组成员单位\n", "区教委、区公安局\n", "2022年3月1日\n", "责任单位：区教委\n", "\n", "\r\n",
     "　　", "各镇乡：\n", "。", "𠮷", "\ufeff", "抄送：区委。\n", "扫一扫\n"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map("".join))
def test_clauses_lie_apart_in_order_inside_their_plans(text: str) -> None:
    outline = outline_of(text)
    plans = {plan.id: plan for plan in outline.plans}
    assert len(outline.titles) == len(outline.plans)
    for one, two in pairwise(outline.clauses):
        assert one.span.end <= two.span.start
    for clause in outline.clauses:
        assert plans[clause.plan_id].span.contains(clause.span)
        assert clause.span.end <= len(text)
        assert clause.span.slice(text).startswith(clause.marker)
        assert clause.span.slice(text).strip()
    for before, after in pairwise(outline.plans):
        assert before.span.end <= after.span.start
    ids = [c.id for c in outline.clauses]
    assert len(ids) == len(set(ids))
    assert len({c.path for c in outline.clauses}) == len(ids)


@given(st.lists(PIECES, max_size=25).map("".join))
def test_reading_again_gives_the_same(text: str) -> None:
    one, two = outline_of(text), outline_of(text)
    assert (one.plans, one.clauses, one.repairs) == (two.plans, two.clauses, two.repairs)


def test_an_attachment_with_clauses_is_a_plan_of_its_own() -> None:
    text = (
        "某区行动方案\n一、任务\n1.甲。\n某区人民政府\n2022年3月1日\n附件2\n任务分工表\n"
        "1.建校20所。责任单位：区教委\n2.修路。责任单位：区交通局\n"
    )
    outline = outline_of(text)
    assert [p.title for p in outline.plans] == ["某区行动方案", "任务分工表"]
    assert [c.path for c in outline.clauses] == ["1/一", "1/一/1", "2/1", "2/2"]


def test_lines_after_the_signature_that_no_clause_holds_are_told() -> None:
    rest = (
        "区教委 全年完成学校建设二十所并交付使用\n区交通局 全年完成农村公路改造一百公里并通过验收\n"
    )
    text = f"某区行动方案\n一、任务\n1.甲。\n某区人民政府\n2022年3月1日\n{rest}"
    [finding] = outline_of(text).findings
    assert finding.code == "text-left-out"
    assert finding.span is not None
    assert finding.span.slice(text).startswith("区教委")
