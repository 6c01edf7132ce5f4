"""Tables of duties: which lines are heads, which lines are rows and in which column each cell stands,
however the cells are set apart; what a row asks for; the rows are clauses wherever the table stands."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.columns import Cell, duty_of, read_column
from ingest.lines import find_raw_lines
from ingest.pipeline import extract_bytes
from ingest.tables import Table, find_tables, is_head
from tasks.models import Extraction

HEAD = "序号\t任务\t责任单位\t完成时限"
ROWS = "".join(f"{n}\t完成第{n}批食堂改造\t区教委\t2026年{n}月20日前\n" for n in range(1, 6))
PLAN = (
    "某区食堂改造工作方案\n一、工作目标\n改造食堂5批。\n二、主要任务\n"
    "（一）完善设施。区教委2026年9月30日前完成120所学校食堂改造。\n"
)


@pytest.mark.parametrize(
    ("line", "head"),
    [
        (HEAD, True),
        ("任务\t责任单位", True),
        ("牵头单位\t配合单位\t工作内容（含目标）", True),
        ("序号\t 目标任务 \t2025年目标\t责任　单位\t备注", True),
        ("责任单位：区教委", False),
        ("责任单位\t区教委", False),  # a label and its value
        ("责任单位\t区教委\t完成时限\t2026年6月底前", False),
        ("牵头单位\t区教委\t配合单位\t区财政局", False),
        ("1\t做好试点\t区教委", False),
        ("一、任务\t20所\t责任单位和完成时限见附件。", False),
    ],
)
def test_the_head_of_a_table(line: str, head: bool) -> None:
    assert is_head(line) == head


def tables_of(text: str) -> list[Table]:
    lines = [(at + raw.index(raw.strip()), raw.strip()) for at, raw in find_raw_lines(text)]
    return find_tables(text, [line for line in lines if line[1]])


def rows_of(text: str) -> list[list[tuple[str, str]]]:
    """Of each row its cells: what the column holds (of units their role), and the words."""
    return [
        [
            (c.column.role.value if c.column.role else c.column.kind.value, text[c.start : c.end])
            for c in row.cells
        ]
        for table in tables_of(text)
        for row in table.rows
    ]


FULL = [
    [
        ("ordinal", str(n)),
        ("task", f"改造第{n}批管网，漏损率低于9%"),
        ("lead", "区水务局"),
        ("joint", "区教委、区财政局"),
        ("time", f"{n}月底前"),
    ]
    for n in (1, 2, 3)
]
HEADS = ["序号", "重点任务", "牵头单位", "配合单位", "完成时限"]


def written(between: str, *, edges: str = "", rows: str = "\n", rule: str = "") -> str:
    lines = [HEADS, *([words for _, words in row] for row in FULL)]
    texts = [edges + between.join(line) + edges[::-1] for line in lines]
    return texts[0] + rows + rule + rows.join(texts[1:]) + rows


@pytest.mark.parametrize(
    "text",
    [
        written("\t"),
        written(" | ", edges="| ", rule="| --- | --- | --- | --- | :-: |\n"),
        written("｜"),
        written("    "),
        written(" "),
        written("\n", rows="\n\n"),
        written("\n"),
        written(" |\n", rows=" |\n"),
    ],
    ids=[
        "tabs",
        "markdown",
        "full width",
        "wide",
        "narrow",
        "blank lines",
        "lines",
        "lines with |",
    ],
)
def test_cells_stand_in_their_columns_however_they_are_set_apart(text: str) -> None:
    assert rows_of(text) == FULL


def test_cells_on_lines_may_be_missing_or_several() -> None:
    text = (
        "牵头部门\n协同部门\n建设任务\n交付时间\n"
        "区教委\n区财政局\n区公安局\n统一身份认证，接入业务系统96个\n2024年底\n"
        "区水务局\n存量档案数字化，每年完成18万卷\n2026年10月\n"
        "说明：1.牵头部门负责召集；\n2.系统立项前须经评审。\n"
    )
    assert rows_of(text) == [
        [
            ("lead", "区教委"),
            ("joint", "区财政局"),
            ("joint", "区公安局"),
            ("task", "统一身份认证，接入业务系统96个"),
            ("time", "2024年底"),
        ],
        [("lead", "区水务局"), ("task", "存量档案数字化，每年完成18万卷"), ("time", "2026年10月")],
    ]


def test_a_row_with_fewer_cells_than_the_head() -> None:
    """A cell that stands beside several rows is written in the first of them."""
    text = (
        "类别\t序号\t任务\t时限\t责任单位\t备注\n"
        "校舍\t1\t扩建食堂，增加餐位200个\t6月底\t区教委\t新建\n2\t改造校门，设置护栏\t7月底\t区住房城乡建委\t\n"
    )
    [first, second] = rows_of(text)
    assert ("responsible", "区教委") in first
    assert second == [
        ("ordinal", "2"),
        ("task", "改造校门，设置护栏"),
        ("time", "7月底"),
        ("responsible", "区住房城乡建委"),
    ]


def test_a_table_in_a_text_without_line_breaks() -> None:
    rows = " ".join(" ".join(words for _, words in row) for row in FULL)
    text = f"某区工作方案 任务分解表 {' '.join(HEADS)} {rows} 备注 1.资金由区财政局安排，逐级下达，专款专用。"
    assert rows_of(text) == FULL
    found = extract_bytes(text.encode(), "plan.txt")
    clauses = _clauses(found)
    assert all(any(c.startswith(f"{n} 改造第{n}批") for c in clauses) for n in (1, 2, 3))
    assert not any(HEADS[1] in clause for clause in clauses)


def test_columns_of_figures() -> None:
    text = (
        "指标名称\n计量单位\n2025年完成数\n2026年任务数\n责任部门\n"
        "城镇新增就业\n人\n8230\n8500以上\n区教委\n单位能耗降低\n%\n2.9\n不低于3.2\n区水务局\n"
    )
    kinds = ["task", "measure", "baseline", "target", "responsible"]
    assert [[kind for kind, _ in row] for row in rows_of(text)] == [kinds, kinds]


def test_rows_end_where_lines_have_no_cells() -> None:
    text = f"指标\t20\n{HEAD}\n1\t建校\t区教委\n2\t扩建\t区教委\n注：下同\n3\t其他\n"
    [table] = tables_of(text)
    assert (table.first, table.last, [row.first for row in table.rows]) == (1, 1, [2, 3])


def test_the_title_of_a_part_of_a_table_is_no_row() -> None:
    text = f"{HEAD}\n1\t建校\t区教委\t3月\n二、扩建类\n2\t扩建\t区教委\t4月\n"
    [table] = tables_of(text)
    assert [row.first for row in table.rows] == [1, 3]


@pytest.mark.parametrize(
    "text",
    [
        "责任单位：区教委\n完成时限：3月\n",
        "责任单位\n区教委\n配合单位\n区财政局\n",
        "各责任单位 要按照 重点任务 抓好落实。\n区教委 负责 建校 3月\n",
    ],
)
def test_labels_and_sentences_are_no_tables(text: str) -> None:
    assert tables_of(text) == []


@given(st.lists(st.sampled_from([*HEADS, "区教委", "1", "3月", "", "改造管网", "—"]), max_size=30))
def test_cells_are_stretches_of_the_text_in_order(lines: list[str]) -> None:
    text = "\n".join(lines)
    cells = [c for table in tables_of(text) for row in table.rows for c in row.cells]
    places = [place for c in cells for place in (c.start, c.end)]
    assert places == sorted(places)
    assert all(text[c.start : c.end].strip() == text[c.start : c.end] != "" for c in cells)


@given(st.text(alphabet="指标年2|\t \n。1—单位", max_size=60))
def test_rows_of_any_text_are_in_it(text: str) -> None:
    for table in tables_of(text):
        for row in table.rows:
            assert table.last < row.first <= row.last
            starts = [cell.start for cell in row.cells]
            assert starts == sorted(starts)
            assert all("\n" not in text[c.start : c.end].strip("\n") for c in row.cells)


def test_a_row_asks_for_its_first_words() -> None:
    text = "1\t（责任单位：区教委）\t完成食堂改造\t3月"
    columns = [read_column(head) for head in ("序号", "责任单位", "任务", "时限")]
    cells = [Cell(0, 1, column) for column in columns if column]
    assert duty_of(text, cells) == "完成食堂改造"


def _clauses(found: Extraction) -> list[str]:
    return [clause.span.slice(found.document.text) for clause in found.clauses]


@pytest.mark.parametrize(
    "text",
    [
        f"{PLAN}三、任务分解\n{HEAD}\n{ROWS}",
        f"{PLAN}附件：任务分解表\n{HEAD}\n{ROWS}",
        f"{PLAN}某区人民政府\n2026年1月5日\n{HEAD}\n{ROWS}",
        f"{HEAD}\n{ROWS}{PLAN}",
        f"{HEAD}\n{ROWS}",
    ],
    ids=["in a clause", "attached", "after the signature", "before the plan", "alone"],
)
def test_each_row_is_a_clause_wherever_its_table_stands(text: str) -> None:
    found = extract_bytes(text.encode(), "plan.txt")
    clauses = _clauses(found)
    for row in ROWS.splitlines():
        assert clauses.count(row) == 1
    assert not any(HEAD in clause for clause in clauses)
    assert found.document.title != HEAD
    if PLAN in text:
        assert found.document.title == "某区食堂改造工作方案"
    duties = {task.title: task for task in found.tasks}
    for n in range(1, 6):
        [milestone] = duties[f"完成第{n}批食堂改造"].milestones
        assert str(milestone.due.date) == f"2026-0{n}-20"
    assert "text-left-out" not in {finding.code for finding in found.warnings}


@pytest.mark.parametrize(
    ("head", "owners"),
    [
        ("镇街\t任务", ["赵集镇", "石板镇", "临河镇"]),
        ("位置\t规划要求", []),
        ("建设地点\t任务", []),
    ],
)
def test_bodies_in_a_column_bear_its_rows_unless_it_says_where(
    head: str, owners: list[str]
) -> None:
    rows = "".join(f"{n}\t{name}\t2026年改造{n}0公里\n" for n, name in enumerate(("赵集镇", "石板镇", "临河镇"), 1))  # fmt: skip
    text = f"某县道路改造任务分解表\n序号\t{head}\n{rows}"
    found = extract_bytes(text.encode(), "表.txt")
    assert [a.unit for t in found.tasks for a in t.responsibilities] == owners


def test_what_follows_a_table_is_no_part_of_its_last_row() -> None:
    text = f"{PLAN}三、任务分解\n{HEAD}\n{ROWS}各单位要在每月底前报送进度，逾期的通报批评。\n"
    clauses = _clauses(extract_bytes(text.encode(), "plan.txt"))
    assert clauses[-1] == "各单位要在每月底前报送进度，逾期的通报批评。"


def test_a_table_in_a_box_is_read_by_its_cells():
    text = """某区创建任务清单
2026年2月1日
┌────┬────────┬────────┬────────┐
│序号│措施    │责任单位│时限    │
├────┼────────┼────────┼────────┤
│1   │清理广告│区城管局│6月底前 │
├────┼────────┼────────┼────────┤
│2   │增设标牌│区教委  │9月底前 │
│    │200处   │、各镇  │        │
└────┴────────┴────────┴────────┘
"""
    found = extract_bytes(text.encode(), "表.txt")
    assert [[a.unit for a in t.responsibilities] for t in found.tasks] == [
        ["区城管局"],
        ["区教委", "各镇"],
    ]
    assert [str(t.milestones[0].due.date) for t in found.tasks] == ["2026-06-30", "2026-09-30"]


def test_a_measure_in_the_name_of_a_row_is_that_of_its_numbers():
    text = (
        "某市养老发展指标表\n2026年2月1日\n序号\t指标\t2028年\t2030年\n"
        "1\t护理型床位占比（%）\t70\t75\n2\t每千名老年人床位数（张）\t32\t40\n"
    )
    found = [t for task in extract_bytes(text.encode(), "表.txt").tasks for t in task.targets]
    assert [(t.metric, t.measure) for t in found] == [
        ("护理型床位占比", "%"),
        ("护理型床位占比", "%"),
        ("每千名老年人床位数", "张"),
        ("每千名老年人床位数", "张"),
    ]


@pytest.mark.parametrize(
    "over",
    [
        "填报单位：某局\t填报日期：2026年4月8日\t单位：万元",
        "\t填报日期：2026年4月8日\t单位：万元",
        "填报单位（盖章）：　　填报日期：　年　月　日　　单位：万元",
    ],
)
def test_what_a_form_says_of_itself_is_no_duty(over: str) -> None:
    text = f"某县项目表\n{over}\n序号\t项目\t2026年目标\t责任单位\n1\t建桥\t300\t县教委\n"
    extraction = extract_bytes(text.encode(), "a.txt")
    [task] = extraction.tasks
    assert [str(m.due.date) for m in task.milestones] == ["2026-12-31"]
    assert [(t.value, t.measure) for t in task.targets] == [(Decimal(3000000), "元")]


def rows_due(head: str, *rows: str) -> list[list[tuple[str, str | None]]]:
    """Kind and day of the deadlines of each row."""
    text = "某县2026年工作表\n填报日期：2026年4月8日\n" + "\n".join([head, *rows]) + "\n"
    return [
        [(m.due.kind.value, str(m.due.date)) for m in task.milestones]
        for task in extract_bytes(text.encode(), "a.txt").tasks
    ]


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026.5", "2026-05-31"),
        ("2026-05", "2026-05-31"),
        ("202605", "2026-05-31"),
        ("20260531", "2026-05-31"),
        ("6.30", "2026-06-30"),
    ],
)
def test_figures_in_a_column_of_times(cell: str, day: str) -> None:
    rows = [f"{n}\t完成第{n}批改造\t县教委\t{cell}" for n in (1, 2)]
    assert rows_due("序号\t任务\t责任单位\t完成时限", *rows) == [[("by", day)]] * 2


@pytest.mark.parametrize("cell", ["择机", "第五批", "2025.5", "另行通知"])
def test_what_is_not_read_in_a_column_of_times_is_told(cell: str) -> None:
    text = f"序号\t任务\t责任单位\t完成时限\n1\t完成改造\t县教委\t{cell}\n2\t建桥\t县教委\t长期\n3\t修路\t县教委\t—\n"
    text = f"某县工作表\n填报日期：2026年4月8日\n{text}"
    told = [w for w in extract_bytes(text.encode(), "a.txt").warnings if w.code == "time-not-read"]
    assert [w.span.slice(text) for w in told if w.span] == [cell]


def test_an_event_in_a_column_of_times() -> None:
    """Of a year, whatever its name: no day of a calendar is that before it."""
    head = "序号\t任务\t责任单位\t完成时限"
    rows = ("1\t加固水库\t县水利局\t2027年汛前", "2\t建成园区\t县商务局\t2027年园博会开幕前")
    assert rows_due(head, *rows) == [[("relative", "None")]] * 2


def test_start_and_finish_of_a_row() -> None:
    head = "序号\t项目\t总投资（万元）\t开工时间\t竣工时间\t责任单位"
    rows = (
        "1\t扩建水厂\t18600\t2026年3月\t2027年6月\t县水利局",
        "2\t改造管网\t400\t已开工\t2026-12-25\t县住建局",
        "合计\t\t19000\t\t\t",
    )
    assert rows_due(head, *rows) == [
        [("start", "2026-03-01"), ("by", "2027-06-30")],
        [("by", "2026-12-25")],
    ]
    text = "\n".join([head, *rows])
    [task, _] = extract_bytes(text.encode(), "a.txt").tasks
    assert [t.milestone_id for t in task.targets] == [task.milestones[1].id]
    assert "time-not-read" not in {w.code for w in extract_bytes(text.encode(), "a.txt").warnings}


def test_start_and_finish_after_labels() -> None:
    text = "某县工作表\n填报日期：2026年4月8日\n一、扩建水厂，总投资18600万元。\n开工时间：2026年5月\n竣工时间：2027年6月\n责任单位：县水利局\n"
    [task] = extract_bytes(text.encode(), "a.txt").tasks
    assert [(m.due.kind.value, str(m.due.date)) for m in task.milestones] == [
        ("start", "2026-05-01"),
        ("by", "2027-06-30"),
    ]


def test_a_note_under_a_table_is_a_clause_of_its_own() -> None:
    head = "序号\t项目\t责任单位\t完成时限"
    note = "备注：第1项完成时限延期至2027年3月底，原责任人调整为邹某。"
    text = f"某县重点工作安排表\n填报日期：2026年4月8日\n{head}\n1\t建桥\t县教委\t2026年5月\n{note}\n改革事项\n{head}\n1\t修路\t县住建局\t2026年9月\n"
    extraction = extract_bytes(text.encode(), "a.txt")
    clauses = {c.id: c for c in extraction.clauses}
    said = [clauses[t.clause_id].span.slice(text) for t in extraction.tasks]
    assert said == ["1\t建桥\t县教委\t2026年5月", note, "1\t修路\t县住建局\t2026年9月"]
    assert {c.parent_id for c in extraction.clauses} == {None}
    dues = [str(m.due.date) for t in extraction.tasks for m in t.milestones]
    assert dues == ["2026-05-31", "2027-03-31", "2026-09-30"]


def test_a_number_with_a_compound_measure_fills_its_cell() -> None:
    head = "序号\t任务\t2026年目标\t责任单位"
    rows = "1\t降低细颗粒物平均浓度\t30微克/立方米\t县环保局\n2\t提高供水能力\t不低于5万吨/日\t县水利局\n"
    text = f"某县工作表\n填报日期：2026年4月8日\n{head}\n{rows}"
    targets = [t for task in extract_bytes(text.encode(), "a.txt").tasks for t in task.targets]
    assert [(t.metric, t.value, t.measure, t.per, t.class_.value) for t in targets] == [
        ("降低细颗粒物平均浓度", Decimal(30), "微克", "立方米", "target"),
        ("提高供水能力", Decimal(50000), "吨", "日", "target"),
    ]


@pytest.mark.parametrize("cell", ["示例：某市", "例：某市", "某市（示例）", "填写示例"])
def test_a_row_that_shows_how_to_fill_in_a_form_is_no_duty(cell: str) -> None:
    head = "市州\t排查企业数（家）\t发现隐患数（处）\t整改率（%）\t责任单位"
    text = f"某县统计表\n{head}\n{cell}\t52\t318\t97.5\t某局\n城关镇\t5\t8\t100\t县城管局\n"
    rows = [t.span.slice(text) for t in extract_bytes(text.encode(), "a.txt").tasks]
    assert not any(cell in row for row in rows)
    assert any("城关镇" in row for row in rows)
