"""Figures and duties that stand in tables, as offices write them: what is to be reached, by when, by
whom, whatever sets the cells apart. Every mention is taken for something: what is nothing all the
same is so by its place in the table."""

from __future__ import annotations

import pytest

from ingest.classifier import LinearModel, Models
from ingest.pipeline import extract_source
from ingest.readers import read_bytes
from tasks.models import Extraction


def _always(*labels: str) -> LinearModel:
    return LinearModel(labels, tuple(float(place) for place in range(len(labels))), {})


TAKEN = Models(_always("other", "owner"), _always("other", "target"), _always("other", "by"))


def extract(text: str) -> Extraction:
    name = "a.html" if text.startswith("<html>") else "a.txt"
    return extract_source(read_bytes(text.encode(), name), models=TAKEN)


def facts_of(text: str) -> set[str]:
    """`metric of scope comparator value measure by day (unit role, …)` of each target that a table
    gives."""
    found = set()
    for task in extract(text).tasks:
        days = {m.id: m.due.date for m in task.milestones}
        units = [f"{r.unit} {r.role}" for r in task.responsibilities]
        for t in task.targets:
            of = f" of {t.scope}" if t.scope else ""
            day = f" by {days[t.milestone_id]}" if days.get(t.milestone_id or "") else ""
            value = f"{t.value.normalize():f}"
            who = f" ({', '.join(units)})" if units else ""
            found.add(f"{t.metric}{of} {t.comparator} {value} {t.measure or '-'}{day}{who}")
    return found


CASES = {
    "indicators, their group merged": (
        "某市规划\n指标\n类别\t序号\t指标\t单位\t2025年基期值\t2030年目标值\t属性\n"
        "粮食安全\t1\t粮食产能\t万吨\t58.3\t60\t约束性\n"
        "\t2\t高标准农田面积\t万亩\t86\t112\t约束性\n"
        "农民生活\t3\t卫生厕所普及率\t%\t88.4\t≥95\t预期性\n"
        "\t4\t5级以上堤防达标率\t%\t—\t〔120〕\t预期性\n",
        "粮食产能 >= 600000 吨 by 2030-12-31",
        "高标准农田面积 >= 1120000 亩 by 2030-12-31",
        "卫生厕所普及率 >= 95 % by 2030-12-31",
        "5级以上堤防达标率 = 120 % by 2030-12-31",
    ),
    "two rows of heads": (
        "某区2026年任务表\n| 序号 | 目标任务 | 进度安排 |  | 牵头单位 |\n|---|---|---|---|---|\n"
        "|  |  | 上半年 | 全年 |  |\n| 1 | 改造老旧小区 | 20个 | 48个 | 区住房城乡建设局 |\n"
        "| 2 | 新增托位 | 300个 | 800个 | 区卫生健康局 |\n",
        "改造老旧小区 >= 20 个 by 2026-06-30 (区住房城乡建设局 lead)",
        "改造老旧小区 >= 48 个 by 2026-12-31 (区住房城乡建设局 lead)",
        "新增托位 >= 300 个 by 2026-06-30 (区卫生健康局 lead)",
        "新增托位 >= 800 个 by 2026-12-31 (区卫生健康局 lead)",
    ),
    "dealt out to towns, a measure over the table": (
        "造林任务分配表（单位：亩）\n乡镇\t人工造林\t合计\n石桥乡\t1,200\t4200\n白鹿乡\t\t2600\n"
        "合计\t2050\t6800\n",
        "人工造林 of 石桥乡 >= 1200 亩 (石桥乡 responsible)",
        "合计 of 石桥乡 >= 4200 亩 (石桥乡 responsible)",
        "合计 of 白鹿乡 >= 2600 亩 (白鹿乡 responsible)",
        "人工造林 of 合计 >= 2050 亩",
        "合计 of 合计 >= 6800 亩",
    ),
    "years as columns, what is measured over the table": (
        "各镇年度疫木除治任务（单位：万株）\n\n| 镇 | 2026年 | 2027年 |\n|---|---|---|\n"
        "| 茅坪镇 | 1.2 | **0.8** |\n| 高桥镇 | 0.9 | ≤0.5 |\n",
        "各镇年度疫木除治任务 of 茅坪镇 >= 12000 株 by 2026-12-31 (茅坪镇 responsible)",
        "各镇年度疫木除治任务 of 茅坪镇 >= 8000 株 by 2027-12-31 (茅坪镇 responsible)",
        "各镇年度疫木除治任务 of 高桥镇 >= 9000 株 by 2026-12-31 (高桥镇 responsible)",
        "各镇年度疫木除治任务 of 高桥镇 <= 5000 株 by 2027-12-31 (高桥镇 responsible)",
    ),
    "one cell a line": (
        "指标名称\n单位\n2025年现状值\n2028年\n2030年\n万元GDP用水量\n立方米\n46.2\n42\n≤40\n"
        "灌溉水有效利用系数\n—\n0.565\n0.575\n0.58\n管网漏损率\n%\n9.8\n9\n8.5以内\n",
        "万元GDP用水量 <= 42 立方米 by 2028-12-31",
        "万元GDP用水量 <= 40 立方米 by 2030-12-31",
        "灌溉水有效利用系数 >= 0.575 - by 2028-12-31",
        "灌溉水有效利用系数 >= 0.58 - by 2030-12-31",
        "管网漏损率 <= 9 % by 2028-12-31",
        "管网漏损率 <= 8.5 % by 2030-12-31",
    ),
    "one cell a line, rows named like bodies": (
        "某市2026年投资计划表\n（单位：万元）\n项目名称\n上半年\n全年\n牵头单位\n"
        "云河大桥\n8000\n22000\n市交通局\n城北水厂\n2500\n6000\n市水务局\n",
        "云河大桥 >= 80000000 元 by 2026-06-30 (市交通局 lead)",
        "云河大桥 >= 220000000 元 by 2026-12-31 (市交通局 lead)",
        "城北水厂 >= 25000000 元 by 2026-06-30 (市水务局 lead)",
        "城北水厂 >= 60000000 元 by 2026-12-31 (市水务局 lead)",
    ),
    "the head again on the next page, wide gaps": (
        "某区2026年任务表\n\n序号    工作任务            责任单位      完成时限\n"
        "1       新建食堂12家        区民政局      9月底\n\n                - 3 -\n\n"
        "序号    工作任务            责任单位      完成时限\n"
        "4       更新电梯60部        区房管局      12月底\n",
        "食堂 >= 12 家 by 2026-09-30 (区民政局 responsible)",
        "电梯 >= 60 部 by 2026-12-31 (区房管局 responsible)",
    ),
    "a row over the break of a page": (
        "某县2026年清单\n序号\t项目名称\t任务\t责任单位\t完成时限\n"
        "1\t公厕建设\t新建公厕40座，\t县建设局\t8月底\n\n— 2 —\n\n\t\t维修公厕25座\t\t\n"
        "2\t适老化\t改造住房300户以上\t县民政局\t11月底\n",
        "公厕 >= 40 座 by 2026-08-31 (县建设局 responsible)",
        "维修公厕 >= 25 座 by 2026-08-31 (县建设局 responsible)",
        "住房 >= 300 户 by 2026-11-30 (县民政局 responsible)",
    ),
    "a page with merged cells": (
        "<html><body><div><p>各单位要认真落实下列考核指标。</p><table>"
        "<tr><th rowspan=2>指标</th><th rowspan=2>单位</th><th colspan=2>2025年</th>"
        "<th rowspan=2>2026年目标</th><th rowspan=2>责任单位</th></tr>"
        "<tr><th>目标</th><th>实际</th></tr>"
        "<tr><td>优良天数比例</td><td>%</td><td>82</td><td>83.1</td><td>≥84</td>"
        "<td rowspan=2>区生态局</td></tr>"
        "<tr><td>清扫率</td><td>%</td><td>90</td><td>91</td><td>95以上</td></tr>"
        "</table></div></body></html>",
        "优良天数比例 >= 84 % by 2026-12-31 (区生态局 responsible)",
        "清扫率 >= 95 % by 2026-12-31 (区生态局 responsible)",
    ),
    "half filled": (
        "指标\t计量单位\t上年完成\t2026年目标\t责任部门\n投资\t万元\t5200\t6000\t乡经济办\n"
        "旅游人次\t万人次\t31\t待定\t乡文旅站\n产值\t亿元\t\t1.8以上\t乡经济办\n",
        "投资 >= 60000000 元 by 2026-12-31 (乡经济办 responsible)",
        "产值 >= 180000000 元 by 2026-12-31 (乡经济办 responsible)",
    ),
    "what is said above": (
        "序号 | 物资 | 数量 | 计量单位 | 责任单位 | 完成时限\n"
        "1 | 编织袋 | 20000 | 条 | 街道应急办 | 2026年4月30日前\n"
        "2 | 应急灯 | 80以上 | 〃 | 同上 | 同上\n3 | 铁锹 | 50 | | 街道城建办 | 2026年5月\n",
        "编织袋 >= 20000 条 by 2026-04-30 (街道应急办 responsible)",
        "应急灯 >= 80 条 by 2026-04-30 (街道应急办 responsible)",
        "铁锹 >= 50 条 by 2026-05-31 (街道城建办 responsible)",
    ),
    "wide gaps, a cell missing": (
        "培训任务分解\n\n    单位              培训人数（人）    新增岗位（个）    帮扶（户）\n"
        "    城东街道办事处    420               150               60\n"
        "    城西街道办事处    380                                 45\n",
        "培训人数 of 城东街道办事处 >= 420 人 (城东街道办事处 responsible)",
        "新增岗位 of 城东街道办事处 >= 150 个 (城东街道办事处 responsible)",
        "帮扶 of 城东街道办事处 >= 60 户 (城东街道办事处 responsible)",
        "培训人数 of 城西街道办事处 >= 380 人 (城西街道办事处 responsible)",
        "帮扶 of 城西街道办事处 >= 45 户 (城西街道办事处 responsible)",
    ),
    "what was aimed at and reached": (
        "实施情况和目标\n指标\t单位\t“十四五”目标\t2025年完成情况\t2030年目标\n"
        "森林覆盖率\t%\t45\t45.6\t47\n",
        "森林覆盖率 >= 47 % by 2030-12-31",
    ),
    "what is to be reached in the year, and by when all is done": (
        "某市2026年项目清单\n项目\t建设内容\t年度目标\t责任单位\t完成时限\n"
        "公路改建\t改建公路28公里\t完成路基工程70%\t市交通局\t2028年6月\n"
        "食堂提升\t改造食堂16个\t改造食堂10个\t市教育局\t2026年8月底\n",
        "公路 >= 28 公里 by 2028-06-30 (市交通局 responsible)",
        "路基工程 >= 70 % by 2026-12-31 (市交通局 responsible)",
        "食堂 >= 16 个 by 2026-08-31 (市教育局 responsible)",
        "食堂 >= 10 个 by 2026-08-31 (市教育局 responsible)",
    ),
    "two tables without a gap": (
        "目标\n指标\t单位\t2028年\n普及率\t%\t80\n指标\t单位\t2030年\n达标率\t%\t90\n",
        "普及率 = 80 % by 2028-12-31",
        "达标率 = 90 % by 2030-12-31",
    ),
    "towns as columns": (
        "任务分解\n指标\t计量单位\t全县目标\t城关镇\t白沙镇\n改厕\t户\t900\t300\t600\n",
        "改厕 >= 900 户",
        "改厕 of 城关镇 >= 300 户",
        "改厕 of 白沙镇 >= 600 户",
    ),
    "a head with a measure of its own": (
        "指标\t单位\t2030年\t年均增长（%）\n产业增加值\t亿元\t260\t16.7\n",
        "产业增加值 >= 26000000000 元 by 2030-12-31",
        "年均增长 of 产业增加值 = 16.7 %",
    ),
    "roles in a cell": (
        "任务\t目标\t责任单位\n推进办事\t覆盖率98%以上\t牵头：区审批局；配合：区数据中心\n",
        "覆盖率 >= 98 % (区审批局 lead, 区数据中心 joint)",
    ),
    "what was alone": (
        "完成情况\n指标\t单位\t1-6月完成\t同比增长（%）\t完成率（%）\n"
        "地区生产总值\t亿元\t312.6\t6.2\t48.9\n实际利用外资\t万美元\t4300\t-2.1\t43\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"), [(c[0], set(c[1:])) for c in CASES.values()], ids=[*CASES]
)
def test_a_table_gives_its_targets(text: str, expected: set[str]) -> None:
    assert facts_of(text) == expected


ROWS = [
    ["序号", "指标", "单位", "2025年现状", "2030年目标", "责任单位"],
    ["1", "管网漏损率", "%", "9.8", "8.5以内", "市水务局"],
    ["2", "新增蓄水能力", "万立方米", "36", "2000", "市水务局"],
    ["3", "再生水厂", "座", "2", "5", "市城管局"],
]


def _page(rows: list[list[str]]) -> str:
    cells = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    table = "".join(f"<tr>{row}</tr>" for row in cells)
    return f"<html><body><div><p>各单位要认真落实。</p><table>{table}</table></div></body></html>"


def _marked(rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|---|:-:|---|---|---|---|", *lines[1:], ""])


@pytest.mark.parametrize(
    "text",
    [
        _page(ROWS),
        _marked(ROWS),
        *("\n".join(between.join(row) for row in ROWS) + "\n" for between in ("\t", "｜", "    ")),
        "\n".join(cell for row in ROWS for cell in row) + "\n",
        "\n\n".join("\n".join(row) for row in ROWS) + "\n",
    ],
    ids=["page", "markdown", "tabs", "full width", "wide gaps", "lines", "lines apart"],
)
def test_the_same_cells_whatever_sets_them_apart(text: str) -> None:
    assert facts_of(text) == {
        "管网漏损率 <= 8.5 % by 2030-12-31 (市水务局 responsible)",
        "新增蓄水能力 >= 20000000 立方米 by 2030-12-31 (市水务局 responsible)",
        "再生水厂 >= 5 座 by 2030-12-31 (市城管局 responsible)",
    }


@pytest.mark.parametrize(
    "text",
    [
        "联络员名单\n单位\t姓名\t电话\n区教育局\t张伟\t13800001111\n区民政局\t李娜\t13800002222\n",
        "基本情况\n学校\t学生数\t教师数\n第一中学\t1200\t96\n第二中学\t900\t70\n",
    ],
    ids=["contacts", "facts"],
)
def test_a_table_that_asks_for_nothing_has_no_owners(text: str) -> None:
    assert not [r for task in extract(text).tasks for r in task.responsibilities]


def test_labels_with_their_values_are_no_table() -> None:
    text = "项目名称\t湿地修复\t建设单位\t县林业局\n总投资\t1200万元\t工期\t18个月\n"
    assert facts_of(text) & {"总投资 >= 12000000 元", "工期 = 18 个月"}


def test_what_was_is_kept_beside_what_is_to_be() -> None:
    text = "指标\t单位\t2025年实际\t2030年目标\n集中收集率\t%\t64\t75\n"
    [target] = [t for task in extract(text).tasks for t in task.targets]
    assert target.baseline is not None
    assert (target.baseline.value, target.baseline.quote) == (64, "64")


def test_the_day_of_a_target_is_that_of_the_head_of_its_column() -> None:
    text = "指标\t单位\t2025年实际\t2030年目标\n集中收集率\t%\t64\t75\n"
    [milestone] = [m for task in extract(text).tasks for m in task.milestones]
    assert milestone.due.span.slice(text) == "2030年"
    assert milestone.commitment == "集中收集率"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("1\t植树\t县林业局\t2026年3月底前", "植树"),
        ("1\t春季植树造林\t县林业局\t2026年3月底前", "春季植树造林"),
    ],
)
def test_what_is_due_in_a_row_is_what_the_row_is_about(row: str, words: str) -> None:
    head = "序号\t任务\t责任单位\t完成时限\n"
    [milestone] = [m for task in extract(head + row).tasks for m in task.milestones]
    assert (str(milestone.due.date), milestone.commitment) == ("2026-03-31", words)


def test_of_a_document_that_only_records_a_column_of_a_year_to_come_asks() -> None:
    text = "2023年水资源公报\n指标\t单位\t数量\t2027年目标\n水库\t座\t12\t15\n2024年5月20日\n"
    assert facts_of(f"某县{text}") == {"水库 >= 15 座 by 2027-12-31"}
    other = text.replace("公报", "方案")
    assert facts_of(f"某县{other}") == {"水库 >= 15 座 by 2027-12-31", "水库 >= 12 座"}


def test_a_year_that_had_passed_heads_what_was() -> None:
    text = "指标\t2025年\t2027年\n里程\t198\t260\n"
    assert facts_of(f"某市2026年交通工作要点\n{text}") == {"里程 >= 260 - by 2027-12-31"}
    assert len(facts_of(text)) == 2


def test_what_stands_for_another_cell_is_repaired() -> None:
    text = CASES["what is said above"][0]
    found = {(r.raw, r.repaired) for r in extract(text).repairs if r.rule == "said-above"}
    assert found == {("〃", "条"), ("同上", "街道应急办"), ("同上", "2026年4月30日前")}


def test_a_row_with_more_cells_than_its_table_has_columns_is_told() -> None:
    head, row = "项目\t年度目标\t牵头单位\t完成时间\n", "护栏\t45公里\t县交通局\t2026年11月"
    for words, told in ((row, False), (f"{row}\t县公路局\t另行通知", True)):
        codes = {w.code for w in extract(f"{head}{row}\n{words}\n").warnings}
        assert ("row-not-placed" in codes) is told
