"""Every character of a document is in a clause, a title, a list of members, a value of the header,
or is told as left out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.header import parse_header
from ingest.layout import LineKind, find_lines
from ingest.lines import plain_breaks
from ingest.metadata import find_metadata
from ingest.outline import parse_outline
from ingest.pipeline import extract_bytes
from kb.models import Span
from kb.ranges import Ranges

HEAD = (
    "云川市人民政府办公室关于印发云川市养老服务提升行动方案的通知\n云川府办〔2026〕18号\n\n"
    "各区县（自治县）人民政府，市政府有关部门：\n《云川市养老服务提升行动方案》已经市政府同意，现印发给你们，"
    "请认真贯彻执行。\n\n云川市人民政府办公室\n2026年3月10日\n\n"
)
PLAN = "云川市养老服务提升行动方案\n\n一、主要任务\n（一）重点事项。\n{clause}\n（二）强化宣传。各区县要广泛宣传。\n"
METADATA = (
    "索引号：11500000/2026-00018\n主题分类：民政\n发文机关：云川市人民政府办公室\n成文日期：2026-03-10\n"
    "标题：云川市人民政府办公室关于印发云川市养老服务提升行动方案的通知\n发文字号：云川府办〔2026〕18号\n"
    "发布日期：2026-03-15\n有效性：有效\n"
)


def left_over(text: str) -> list[str]:
    """The words of a text that nothing holds and nothing tells of."""
    header = parse_header(text)
    outline = parse_outline(text, header, "doc-1")
    told = [f.span for f in outline.findings if f.span and "left-out" in f.code]
    spans = [
        *(c.span for c in outline.clauses),
        *outline.members,
        *outline.held,
        *header.spans,
        *header.signed,
        *told,
    ]
    spans += [
        Span(x.start, x.end)
        for x in find_lines(text)
        if x.kind in (LineKind.METADATA, LineKind.ROW_HEAD)
    ]
    free = [True] * len(text)
    for span in spans:
        free[span.start : span.end] = [False] * len(span)
    rest = "".join(c if stays else "\n" for c, stays in zip(text, free, strict=True))
    marks = re.compile(
        r"^[ \t\u3000\ufeff]*(?:#{1,6}|>+)[ \u3000\t]|[\ufeff\u200b\ue000\ue004\ue5e5]|\*{1,3}",
        re.M,
    )
    return marks.sub("", rest).split()


PIECES = st.sampled_from(
    ["一、任务\n", "二、目标\n", "（一）加强领导。", "1.公交车加装语音播报设备500台。\n", "2．落实\n", "第一条 为了\n",
     "某区行动方案\n", "某区关于印发方案的通知\n", "某府办发〔2022〕3号\n", "（2022—2025年）\n", "目录\n", "一、任务……1\n",
     "附件：1.清单\n", "附件2\n", "领导小组成员单位\n", "区教委、区公安局\n", "2022年3月1日\n", "完成时限：2026年6月30日\n",
     "责任单位：各成员单位\n", "\n", "\r\n", "　　", "各镇乡：\n", "现将有关事项通知如下：\n", "抄送：区委。\n", "扫一扫\n",
     "首页 政务公开\n", "来源：某局\n", "无障碍\n", "- 3 -\n", "4\n", "5\n", "索引号：\n", "发文字号\n", "发文机关：某局 成文日期：2022-03-01\n",
     "## 一、标题\n", "交办事项1：建校\n", "批示要求：加快\n", "- **牵头单位**：区教委\n", "1\\. 建校\n", "▍概况\n", "2.1 总则\n",
     "备注：略\n", "会议要求：\n", "\ufeff", "推进道路、管网等建设……\n", "某区人民政府\n", "版权所有\n"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
def test_every_character_is_held_or_told(text: str) -> None:
    assert left_over(text) == []


@pytest.mark.parametrize(
    "clause",
    [
        "1.公交车加装语音播报设备500台。（责任单位：市残联）",
        "1.完成困难家庭无障碍改造1200户。（责任单位：市残联）",
        "1.拓宽资金来源：2026年底前争取上级资金3亿元。（责任单位：市残联）",
        "1.在办事大厅设置扫一扫自助终端30台。（责任单位：市残联）",
        "1.统一标牌字体：采用国家标准黑体。（责任单位：市残联）",
        "1.核查转载内容的版权所有情况。（责任单位：市残联）",
        "1.在首页 显著位置公布电话。（责任单位：市残联）",
        "1.编制一图读懂200份。（责任单位：市残联）",
        "1.推进道路、桥梁、管网等建设……\n责任单位：市残联",
        "1.编制名录。\n完成时限：2026年6月30日\n责任单位：市残联",
        "1.编制名录。\n责任单位：市残联、领导小组各成员单位",
        "1.编制名录。\n2026年6月30日前完成。\n责任单位：市残联",
    ],
)
def test_a_clause_stays_whatever_words_it_has(clause: str) -> None:
    extraction = extract_bytes((HEAD + PLAN.format(clause=clause)).encode(), "plan.txt")
    text = extraction.document.text
    by_path = {c.path: c.span.slice(text) for c in extraction.clauses}
    assert by_path["1/一/(一)/1"] == clause
    assert "1/一/(二)" in by_path
    assert "市残联" in {a.unit for t in extraction.tasks for a in t.responsibilities}


def one_a_line(metadata: str) -> str:
    return metadata.replace("：", "\n")


def as_cells(metadata: str) -> str:
    rows = [line.split("：", 1) for line in metadata.splitlines()]
    return "".join(
        f"{a}\t{b}\t{c}\t{d}\n" for (a, b), (c, d) in zip(rows[::2], rows[1::2], strict=True)
    )


def run_together(metadata: str) -> str:
    return metadata.replace("\n", "", 2).replace("有效性：有效\n", "有效性：有效\n")


@pytest.mark.parametrize("form", [str, one_a_line, as_cells, run_together])
@pytest.mark.parametrize("place", ["head", "tail", "middle", "inside"])
def test_metadata_is_read_wherever_it_stands(form, place) -> None:
    clause = "1.2027年底前建设养老院20所。（责任单位：市民政局）"
    body = HEAD + PLAN.format(clause=clause)
    metadata = form(METADATA)
    half = body.index("（责任单位") if place == "inside" else body.index("（二）")
    text = {
        "head": metadata + "\n" + body, "tail": body + "\n" + metadata,
        "middle": body[:half] + metadata + body[half:],
        "inside": body[:half] + "\n" + metadata + body[half:],
    }[place]  # fmt: skip
    with_it, without = (extract_bytes(t.encode(), "plan.txt") for t in (text, body))
    document = with_it.document
    assert document.title == "云川市人民政府办公室关于印发云川市养老服务提升行动方案的通知"
    assert document.document_number == "云川府办〔2026〕18号"
    assert document.issuer == "云川市人民政府办公室"
    assert document.index_number == "11500000/2026-00018"
    assert (str(document.written_on), str(document.published_on)) == ("2026-03-10", "2026-03-15")
    assert (document.subject, document.validity) == ("民政", "有效")
    assert [c.path for c in with_it.clauses] == [c.path for c in without.clauses]
    assert [t.title for t in with_it.tasks] == [t.title for t in without.tasks]
    assert [
        [m.due.model_copy(update={"span": None}) for m in t.milestones] for t in with_it.tasks
    ] == [[m.due.model_copy(update={"span": None}) for m in t.milestones] for t in without.tasks]
    assert left_over(text) == []


@pytest.mark.parametrize(
    "words",
    [
        "标题：一个词\n一、任务\n1.名称：某项目。\n",
        "一、任务\n1.建设。\n名称\t数量\n学校\t20\n",
        "信息公开情况：良好。\n",
    ],
)
def test_words_of_other_texts_are_no_metadata_of_a_page(words: str) -> None:
    text = f"一、总则。\n{words}"
    assert find_metadata(text).lines == set()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("扫一扫在手机打开当前页\n【打印】 【关闭】\n", "no-clause"),
        (METADATA, "no-clause"),
        ("某区行动方案\n一、总体要求\n二、工作目标\n三、保障措施\n", "no-duty"),
        ("某区行动方案\n", "no-clause"),
    ],
)
def test_a_document_of_which_nothing_comes_says_why(text: str, code: str) -> None:
    extraction = extract_bytes(text.encode(), "plan.txt")
    first = extraction.warnings[0]
    assert first.code == code
    assert re.search(r"全文 \d+ 行", first.message)
    assert " / " in first.message


def test_what_was_left_out_is_told_with_its_place() -> None:
    text = HEAD + PLAN.format(clause="1.建设养老院20所。") + "\n扫一扫在手机打开当前页\n"
    extraction = extract_bytes(text.encode(), "plan.txt")
    words = [f.span.slice(text) for f in extraction.left_out if f.span]
    assert any("现印发给你们" in w for w in words)
    assert words[-1] == "扫一扫在手机打开当前页"
    assert extraction.doubts == tuple(w for w in extraction.warnings if w.code != "left-out")


@pytest.mark.parametrize(
    ("letter", "duty"),
    [
        ("现将《方案》印发给你们，请认真贯彻执行。执行中遇到问题，请径向市民政局反映。", False),
        (
            "现将《方案》印发给你们，请认真贯彻执行。请各区县于2026年5月底前报送实施细则，由市民政局负责汇总。",
            True,
        ),
    ],
)
def test_a_duty_in_the_letter_before_the_plan_is_a_clause(letter: str, duty: bool) -> None:
    text = f"某市关于印发某市行动方案的通知\n各区县：\n{letter}\n某市人民政府\n2026年3月10日\n某市行动方案\n一、任务\n1.建校。\n"
    extraction = extract_bytes(text.encode(), "plan.txt")
    assert [c.path for c in extraction.clauses] == ["1/0"] * duty + ["1/一", "1/一/1"]
    told = [w.span.slice(text) for w in extraction.left_out if w.span]
    assert any(letter in words for words in told) is not duty


def test_a_preamble_that_ends_with_a_colon_is_text() -> None:
    text = "各镇乡：\n为加强管理，落实各方责任，现将有关事项通知如下：\n一、加强巡查。区教委负责。\n二、加强宣传。\n"
    clauses = extract_bytes(text.encode(), "letter.txt").clauses
    assert [c.path for c in clauses] == ["1/0", "1/一", "1/二"]
    assert clauses[0].span.slice(text).startswith("为加强管理")


OWN = Path(__file__).parents[2] / "evaluation" / "texts"


def annotated_places(slug: str) -> list[int]:
    """Where the required rows of a text stand."""
    rows = [
        json.loads(line)
        for kind in ("owners", "deadlines", "targets")
        for line in (OWN / f"{slug}.{kind}.jsonl").read_text("utf-8").splitlines()
        if line.strip()
    ]
    required = [row for row in rows if not row.get("optional")]
    return [place for row in required for place, _ in row.get("mentions") or [(row["offset"], "")]]


@pytest.mark.parametrize("path", sorted(OWN.glob("*.txt")), ids=lambda path: path.stem)
def test_what_a_reader_found_stands_in_a_clause(path: Path) -> None:
    text = plain_breaks(path.read_bytes().decode("utf-8"))
    outline = parse_outline(text, parse_header(text), "doc-1")
    clauses = Ranges((c.span.start, c.span.end) for c in outline.clauses)
    outside = [x for x in annotated_places(path.stem) if not clauses.overlap(x, x + 1)]
    assert outside == []
    assert left_over(text) == []


BLOCKS = (
    "云川区督查室\n督办通知\n云督〔2026〕第4号　　　　签发：某某\n区发改局、区财政局，各街道：\n"
    "经区政府同意，现将有关事项交办如下，请对照办理。\n\n{first}：供水水压不足\n批示要求：更换水泵4台。\n承办单位：区住建局\n"
    "协办单位：某街道\n办结时限：6月底前\n\n{second}：停车难\n批示要求：新建泊位180个。\n承办单位：区城管局\n"
    "办结时限：8月底前\n\n有关要求：\n一、各单位要报送联络员名单。\n二、每周更新进度。\n\n2026年5月14日\n"
)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("交办事项1", "交办事项2"),
        ("任务一", "任务二"),
        ("第一项工作", "第二项工作"),
        ("措施3", "措施4"),
    ],
)
def test_a_block_with_its_labels_is_one_clause(first: str, second: str) -> None:
    text = BLOCKS.format(first=first, second=second)
    outline = parse_outline(text, parse_header(text), "doc-1")
    found = {c.path: c.span.slice(text) for c in outline.clauses}
    assert list(found) == ["1/0", f"1/{first}", f"1/{second}", "1/0#2", "1/0#2/一", "1/0#2/二"]
    assert found[f"1/{first}"].endswith("办结时限：6月底前")
    assert found["1/0#2"] == "有关要求："
    assert found["1/0"].startswith("经区政府同意")


LABELS = "某区重点工作\n{0}道路改造\n牵头部门：区交通局\n目标任务：改造20公里\n完成时限：6月底\n{1}学校建设\n牵头部门：区教委\n目标任务：新建3所\n完成时限：年底\n"


@pytest.mark.parametrize(
    ("first", "second"),
    [("", ""), ("1.", "2."), ("（一）", "（二）"), ("⒈", "⒉"), ("▍", "▍"), ("2.1 ", "2.2 "), ("工程一：", "工程二："), ("**（一）", "**（二）")],
)  # fmt: skip
def test_lines_with_labels_belong_to_the_measure_above(first: str, second: str) -> None:
    stars = "**" if first.startswith("**") else ""
    text = LABELS.format(first, second).replace("改造\n牵", f"改造{stars}\n牵")
    text = text.replace("建设\n牵", f"建设{stars}\n牵")
    clauses = [c.span.slice(text) for c in parse_outline(text, parse_header(text), "d").clauses]
    assert len(clauses) == 2
    assert [c.splitlines()[-1] for c in clauses] == ["完成时限：6月底", "完成时限：年底"]


def test_text_after_what_only_looked_like_the_end() -> None:
    text = "某区任务清单\n一、建校3所\n2025-03-31\n区教委\n区财政局\n二、修路5公里\n2025-12-31\n区交通局\n三、植树\n"
    clauses = [c.span.slice(text) for c in parse_outline(text, parse_header(text), "d").clauses]
    assert clauses[0] == "一、建校3所\n2025-03-31\n区教委\n区财政局"
    assert clauses[1].endswith("区交通局")


def test_a_plan_after_the_signature_of_another() -> None:
    text = (
        "某县土地出让公告\n一、地块。\n二、时间。\n某县自然资源局\n2024年3月24日\n某县土地出让说明\n根据规定，县局决定出让。\n"
        "一、由县交易中心实施。\n二、公开。\n"
    )
    outline = parse_outline(text, parse_header(text), "d")
    assert [p.title for p in outline.plans] == ["某县土地出让公告", "某县土地出让说明"]
    assert [c.path for c in outline.clauses] == ["1/一", "1/二", "2/0", "2/一", "2/二"]


def test_an_attachment_without_numbering_is_read() -> None:
    text = (
        "某市工作要点\n一、改革。\n某市人民政府\n2026年2月10日\n附件\n某市重点项目表\n"
        "市水利局要在年底前完成水库加固10座。\n市交通局要新建公路100公里。\n"
    )
    outline = parse_outline(text, parse_header(text), "d")
    assert [c.path for c in outline.clauses] == ["1/一", "2/1", "2/2"]


def test_a_note_belongs_to_no_item_above_it() -> None:
    text = "某区清单\n一、建校。责任单位：区教委\n说明：1.列首位的为牵头单位；\n2.每月报送进展。\n"
    outline = parse_outline(text, parse_header(text), "d")
    parents = {c.path: c.parent_id for c in outline.clauses}
    assert list(parents) == ["1/一", "1/0", "1/0/2"]
    assert parents["1/0"] is None
