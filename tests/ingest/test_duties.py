"""Owners, deadlines and targets together, as the pipeline gives them for short texts."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.classifier import LinearModel, Models
from ingest.deadlines import find_deadlines, parse_period, read_times
from ingest.pipeline import extract_bytes
from ingest.reading import read_span
from ingest.targets import name_targets, read_quantities
from ingest.unclaimed import find_unclaimed
from kb.models import Period, Span
from tasks.models import Basis, Pace, TaskKind
from tasks.undated import NO_DEADLINE, track_task
from tasks.words import describe_due

ISSUED = date(2022, 3, 1)


def reading(text: str):
    return read_span(text, Span(0, len(text)))


def always(*labels: str) -> LinearModel:
    """A model that takes every mention for the last of `labels`."""
    return LinearModel(labels, tuple(float(place) for place in range(len(labels))), {})


TAKEN = Models(quantity_use=always("other", "target"))


def read_deadlines(text: str, kind: str = "by"):
    """The deadlines of a text all of whose times are taken for one of `kind`."""
    uses = read_times(reading(text), issued=ISSUED, models=Models(time_use=always("other", kind)))
    return find_deadlines(reading(text), uses, issued=ISSUED, period=None)


def read_targets(text: str):
    """The targets of a text all of whose quantities are taken for one."""
    return name_targets(reading(text), read_quantities(reading(text), models=TAKEN))


def deadlines(text: str, kind: str):
    found = read_deadlines(text, kind)
    return [
        (
            f.due.kind.value,
            f.due.rrule or f.due.duration or str(f.due.date),
            text[f.due.span.start : f.due.span.end],
        )
        for f in found
    ]


def test_a_recurrence_keeps_its_stretch_and_its_condition():
    [_, monthly] = read_deadlines("2026年5月至11月,每月25日前报送进展。", "in")
    assert (str(monthly.due.start), str(monthly.due.date)) == ("2026-05-01", "2026-11-30")
    [daily] = read_deadlines("汛期每日8时报送预报。", "recurring")
    assert (daily.due.event, daily.due.rrule) == ("汛期", "FREQ=DAILY;BYHOUR=8")
    [within] = read_deadlines("2026年7月至9月每周开会。", "in")
    assert (within.due.rrule, str(within.due.date)) == ("FREQ=WEEKLY", "2026-09-30")


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("水库除险加固2027年汛前完工。", "2027年汛"),
        ("2026年秋播前完成整地。", "2026年秋播"),
        ("明年主汛期之前完成清淤。", "明年主汛期"),
    ],
)
def test_before_a_season_of_a_year_there_is_no_day(text, event):
    [found] = read_deadlines(text)
    due = found.due
    assert (due.kind.value, due.date, due.event, due.ahead) == ("relative", None, event, True)
    assert describe_due(due, "zh") == f"{event}前"
    assert due.event_span is not None
    assert due.event_span.slice(text) == event


def test_the_end_of_a_validity_is_no_day_of_a_duty():
    assert deadlines("本办法有效期至2031年4月30日。", "by") == [
        ("period", "2031-04-30", "2031年4月30日")
    ]
    assert deadlines("本办法有效期为2026年1月1日至2031年4月30日。", "in")[0][0] == "period"
    assert deadlines("到2031年4月30日完成改造。", "by")[0][0] == "by"


def test_lengths_of_one_sentence_share_the_event_said_first():
    found = read_deadlines("验收合格后1个月内移交，3个月内决算。半年内审计。", "relative")
    assert [(f.due.duration, f.due.event) for f in found] == [
        ("P1M", "验收合格"), ("P3M", "验收合格"), ("P6M", None)
    ]  # fmt: skip
    issued = read_deadlines("本方案印发后1个月内制定细则，3个月内完成摸底。", "relative")
    assert [f.due.date for f in issued] == [date(2022, 4, 1), date(2022, 6, 1)]


@pytest.mark.parametrize(
    ("text", "comparator"),
    [
        ("建成示范校20所。", ">="),
        ("建成示范校20所以内。", "<="),
        ("漏损率9%。", "="),
        ("漏损率由12%变为9%。", "<="),
        ("工期3个月。", "="),
        ("发生事故0起。", "="),
    ],
)
def test_a_plain_number_that_is_to_be_reached_is_the_least(text, comparator):
    assert [t.comparator.value for t in read_targets(text)] == [comparator]


def test_what_passes_on_the_text_asks_nobody_for_anything():
    text = """某市人民政府关于印发养老服务方案的通知
各区人民政府，市政府各部门：为完善养老服务，现就有关事项通知如下。
《养老服务方案》已经市人民政府同意，现印发给你们，请认真贯彻执行。
一、完善设施
市民政局要完善日间照料设施。
"""
    tasks = extract_bytes(text.encode(), "a.txt").tasks
    assert [a.unit for t in tasks for a in t.responsibilities] == ["市民政局"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("到2025年，建成示范校20所。", [("by", "2025-12-31", "到2025年")]),
        ("2027年8月底前完成改造。", [("by", "2027-08-31", "2027年8月底前")]),
        ("2024年第三季度完成验收。", [("in", "2024-09-30", "2024年第三季度")]),
        ("2023年上半年印发方案。", [("in", "2023-06-30", "2023年上半年")]),
        ("“十四五”末，覆盖率达到90%。", [("by", "2025-12-31", "“十四五”末")]),
        ("二〇二五年底前全部建成。", [("by", "2025-12-31", "二〇二五年底前")]),
        ("2023年前，全面建成。", [("by", "2023-12-31", "2023年前")]),
        ("年底前完成整改。", [("by", "2022-12-31", "年底前")]),
        ("2022年开始，控制班额。", [("start", "2022-01-01", "2022年开始")]),
        ("每年6月底前报送总结。", [("recurring", "FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=-1", "每年6月底前")]),
        ("自竣工验收合格起3个月内移交。", [("relative", "P3M", "自竣工验收合格起3个月内")]),
        # Resolved from the document's own date.
        ("本方案印发之日起30日内制定细则。", [("by", "P30D", "本方案印发之日起30日内")]),
    ],
)  # fmt: skip
def test_deadlines(text, expected):
    assert deadlines(text, expected[0][0]) == expected


def test_ambiguous_and_repaired_are_said():
    [found] = read_deadlines("2025年前完成。")
    assert [c.value for c in found.due.certainty] == ["ambiguous"]
    extraction = extract_bytes("一、任务\n1.建校。到20279月，全面建成学校。\n".encode(), "a.txt")
    [milestone] = extraction.tasks[-1].milestones
    assert "repaired" in [c.value for c in milestone.due.certainty]
    assert str(milestone.due.date) == "2027-09-30"


def test_years_in_names_of_documents_are_closed():
    text = "一、任务\n1.落实《某市教育规划（2023—2030年）》和国发〔2025〕3号文件要求，加强管理。\n"
    [task] = extract_bytes(text.encode(), "a.txt").tasks[-1:]
    assert task.milestones == ()


@pytest.mark.parametrize(
    ("title", "years"),
    [
        ("某市交通三年行动计划（2023—2025年）", (2023, 2025)),
        ("某县行动方案\n2022-2027", (2022, 2027)),
        ("某省“十四五”养老规划", (2021, 2025)),
        ("关于加强管理的通知", None),
    ],
)
def test_periods(title, years):
    period = parse_period(reading(title))
    assert (None if period is None else (period.start.year, period.end.year)) == years
    assert period is None or isinstance(period, Period)


def test_the_words_of_a_period_are_whole():
    title = "某市交通行动计划（2023—2025年）"
    period = parse_period(reading(title))
    assert period is not None
    assert period.span.slice(title) == "2023—2025年"


@pytest.mark.parametrize(
    ("text", "metrics"),
    [
        ("设置率不低于98%。", ["设置率"]),
        ("危房改造完成率达到100%。", ["危房改造完成率"]),
        ("受训量超过3000人次。", ["受训量"]),
        ("建成示范校20所。", ["示范校"]),
    ],
)
def test_what_a_target_measures(text, metrics):
    assert [t.metric for t in read_targets(text)] == metrics


def targets(text: str):
    return [(t.scope, t.comparator.value, str(t.value), t.measure) for t in read_targets(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("覆盖率达到95%以上。", [(None, ">=", "95", "%")]),
        ("每班人数不超过50人。", [(None, "<=", "50", "人")]),
        ("农机总动力超过10亿千瓦。", [(None, ">", "1000000000", "千瓦")]),
        ("投入资金不低于2.5万元。", [(None, ">=", "25000", "元")]),
        ("总量稳定在11亿千瓦左右。", [(None, "~", "1100000000", "千瓦")]),
        ("小学、初中差异系数分别不高于0.50、0.45。",
         [("小学", "<=", "0.50", None), ("初中", "<=", "0.45", None)]),
        ("小学、初中办学规模不超过2000人。",
         [("小学", "<=", "2000", "人"), ("初中", "<=", "2000", "人")]),
        ("花生种植、收获机械化率分别达到65%和55%。",
         [("花生种植", ">=", "65", "%"), ("花生收获", ">=", "55", "%")]),
        ("建成示范校20所、特色校15所。", [(None, ">=", "20", "所"), (None, ">=", "15", "所")]),
        ("禁止使用厚度低于0.01毫米的地膜。", [(None, ">=", "0.01", "毫米")]),
        ("五分之一以上的学校达标。", [(None, ">=", "20", "%")]),
        ("至少三成的社区建成。", [(None, ">=", "30", "%")]),
    ],
)  # fmt: skip
def test_targets(text, expected):
    assert targets(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("全市污水处理率达到95%以上。", [("污水处理率", "全市", ">=")]),
        ("到2025年，小学生近视率控制在38%以内。", [("小学生近视率", None, "<=")]),
        ("小学、初中差异系数分别不高于0.50、0.45。",
         [("差异系数", "小学", "<="), ("差异系数", "初中", "<=")]),
        ("校际差异系数小学均不高于0.50、初中均不高于0.45。",
         [("校际差异系数", "小学", "<="), ("校际差异系数", "初中", "<=")]),
        ("仪器设备值达到小学2000元、初中2500元以上。",
         [("仪器设备值", "小学", ">="), ("仪器设备值", "初中", ">=")]),
        ("仪器设备值达到小学2000元、初中2500元。",
         [("仪器设备值", "小学", ">="), ("仪器设备值", "初中", ">=")]),
        ("马铃薯种植、收获机械化率均达到45%。",
         [("机械化率", "马铃薯种植", ">="), ("机械化率", "马铃薯收获", ">=")]),
        # Each of these names says by itself what is measured.
        ("小学入学率、初中巩固率分别达到100%、98%。",
         [("入学率", "小学", ">="), ("巩固率", "初中", ">=")]),
        ("生均用房面积、场馆面积等指标差异系数不高于0.5。",
         [("生均用房面积、场馆面积等指标差异系数", None, "<=")]),
        ("建成市级示范校20所、特色校15所。",
         [("市级示范校", None, ">="), ("特色校", None, ">=")]),
        # What is counted stands after the number.
        ("2023年拟评选200名左右区级骨干教师。", [("区级骨干教师", None, "~")]),
        ("平均每年新增43名以上艺术教师。", [("艺术教师", None, ">=")]),
        ("通过100个课程基地和50个教研工作坊建设，提高质量。",
         [("课程基地", None, ">="), ("教研工作坊", None, ">=")]),
        # A share is named with what it is a share of.
        ("每年实际交流人数不少于符合交流条件人数的10%。",
         [("实际交流人数占符合交流条件人数的比例", None, ">=")]),
        ("学校按照不低于公用经费总额的5%安排教师培训经费。",
         [("教师培训经费占公用经费总额的比例", None, ">=")]),
        ("按超编总人数的40%、30%逐年分流。",
         [("占超编总人数的比例", None, "="), ("占超编总人数的比例", None, "=")]),
    ],
)  # fmt: skip
def test_a_target_says_what_is_measured_and_for_whom(text, expected):
    found = read_targets(text)
    assert [(t.metric, t.scope, t.comparator.value) for t in found] == expected


def test_stretch_and_rate_are_marked():
    [target] = read_targets("力争每年新增20所。")
    assert (target.stretch, target.per) == (True, "年")


DOCUMENT = """某市人民政府办公室关于印发某市养老服务行动方案（2023—2025年）的通知
某政办发〔2023〕5号
各区县人民政府，市政府各部门：
某市养老服务行动方案
（2023—2025年）
一、总体目标
到2025年，护理型床位占比不低于55%。
二、主要任务
（一）扩大供给。新建养老机构30家。（市民政局牵头，市财政局、市自然资源局参与）推进家庭床位建设，每年新增500张。（市民政局负责）
（二）提升质量。加强人员培训。
1.开展培训。每年培训护理员1000人次。
责任单位：市民政局、市人力资源社会保障局
三、保障措施
（一）加强领导。市民政局要会同有关部门加强督促检查。
"""


@pytest.fixture(scope="module")
def extraction():
    return extract_bytes(DOCUMENT.encode(), "plan.txt")


def test_each_bracket_governs_the_text_before_it(extraction):
    clause = next(c for c in extraction.clauses if c.heading == "扩大供给")
    first, second = [t for t in extraction.tasks if t.clause_id == clause.id]
    assert {(a.unit, a.role.value) for a in first.responsibilities} == {
        ("市民政局", "lead"),
        ("市财政局", "joint"),
        ("市自然资源局", "joint"),
    }
    assert [(a.unit, a.role.value) for a in second.responsibilities] == [
        ("市民政局", "responsible")
    ]
    assert [str(t.value) for t in first.targets] == ["30"]
    assert [str(t.value) for t in second.targets] == ["500"]
    assert second.milestones[0].due.kind.value == "recurring"


def test_kinds_and_inherited_dates(extraction):
    kinds = {t.title: t.kind for t in extraction.tasks}
    assert kinds["开展培训"] is TaskKind.ACTION
    assert kinds["加强领导"] is TaskKind.SAFEGUARD
    assert TaskKind.GOAL in kinds.values()
    safeguard = next(t for t in extraction.tasks if t.title == "加强领导")
    [milestone] = safeguard.milestones
    assert (str(milestone.due.date), milestone.due.certainty[0].value) == (
        "2025-12-31",
        "inherited",
    )


def test_the_header_is_read(extraction):
    assert extraction.document.document_number == "某政办发〔2023〕5号"
    assert "养老服务行动方案" in extraction.document.title


def test_a_child_without_owners_inherits_them():
    text = "一、任务\n（一）整治。（责任单位：区公安局）\n1.开展巡查，消除隐患。\n"
    extraction = extract_bytes(text.encode(), "a.txt")
    child = extraction.tasks[-1]
    assert [(a.unit, a.basis) for a in child.responsibilities] == [("区公安局", Basis.INHERITED)]


def test_a_unit_that_nothing_resolves_is_kept_and_told():
    text = "一、任务\n1.整治河道。（责任单位：区水利局、蓝天白云促进会）\n"
    extraction = extract_bytes(text.encode(), "a.txt")
    units = {a.unit: a.unit_id for t in extraction.tasks for a in t.responsibilities}
    assert units["蓝天白云促进会"] is None
    assert units["区水利局"] is not None
    assert "unresolved-unit" in {w.code for w in extraction.warnings}


PIECES = st.sampled_from(
    ["一、任务\n", "1.建设。", "到2025年，", "（责任单位：区教委、区财政局）\n", "不低于95%", "20279月",
     "0.50.45", "小学、初中", "《通知》", "（", "）", "\n", "\r\n", "　", "每年", "。", "〔2022〕3号", "𠮷",
     "(一)", "责任单位：", "20所", "由区政府", "分别", "目录\n", "附件：", "\u200b", "100万元", "第一章"]
)  # fmt: skip


@given(st.lists(PIECES, min_size=1, max_size=40).map("".join).filter(str.strip))
def test_whatever_is_read_quotes_its_source(text):
    """`extract_bytes` checks every quote; spans of clauses lie in order and do not overlap."""
    data = text.encode()
    extraction = extract_bytes(data, "a.txt")
    assert extraction == extract_bytes(data, "a.txt")
    end = 0
    for clause in extraction.clauses:
        assert clause.span.start >= end
        end = clause.span.end
    assert end <= len(extraction.document.text)
    ids = [t.id for t in extraction.tasks]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("opening", "kept"),
    [
        ("为贯彻落实上级部署，加快发展养老服务，结合实际，制定本行动方案。", False),
        ("根据上级要求，推进养老服务，现提出如下意见。", False),
        # A duty, though it speaks of a plan too.
        ("市民政局要制定本部门实施方案。", True),
        ("2024年6月底前制定本方案的配套措施并推进实施。", True),
    ],
)
def test_why_a_plan_was_made_is_no_duty(opening, kept):
    text = DOCUMENT.replace("一、总体目标", f"{opening}\n一、总体目标", 1)
    extraction = extract_bytes(text.encode(), "plan.txt")
    words = {t.span.slice(extraction.document.text).strip() for t in extraction.tasks}
    assert (opening in words) is kept
    unclaimed = {c.span.slice(extraction.document.text).strip() for c in find_unclaimed(extraction)}
    assert opening not in unclaimed


def test_a_commitment_ends_before_what_introduces_the_next():
    text = DOCUMENT.replace("每年新增500张。", "到2024年新增500张，力争到2025年达到800张。")
    extraction = extract_bytes(text.encode(), "plan.txt")
    task = next(t for t in extraction.tasks if "500张" in t.span.slice(extraction.document.text))
    assert task.milestones[0].commitment == "新增500张"
    assert [t.stretch for t in task.targets] == [False, True]


def test_a_number_belongs_to_the_last_date_before_it():
    text = DOCUMENT.replace(
        "每年新增500张。", "每年新增床位不少于500张，力争每年新增床位达到800张。"
    )
    extraction = extract_bytes(text.encode(), "plan.txt")
    task = next(t for t in extraction.tasks if "500张" in t.span.slice(extraction.document.text))
    first, second = task.milestones
    assert [(str(t.value), t.milestone_id) for t in task.targets] == [
        ("500", first.id), ("800", second.id)
    ]  # fmt: skip


def test_what_a_duration_counts_is_said_by_its_unit():
    cases = [
        ("收到申请之日起5个工作日内完成审核。", "P5D", "working_days"),
        ("自本方案印发之日起20个工作日内制定细则。", "P20D", "working_days"),
        ("收到申请之日起5日内完成审核。", "P5D", "days"),
        ("收到申请之日起十五天内完成审核。", "P15D", "days"),
        ("自竣工验收合格起3个月内移交。", "P3M", "days"),
    ]
    for text, duration, counting in cases:
        [found] = read_deadlines(text)
        assert (found.due.duration, found.due.counting.value) == (duration, counting), text


def test_a_year_that_is_not_printed_is_said_to_be_the_documents():
    """Its day is the same as before; that the year was assumed stands beside it."""
    cases = [
        ("6月底前完成整改。", "2022-06-30", "assumed_year"),
        ("年底前完成整改。", "2022-12-31", "assumed_year"),
        ("今年9月底前完成整改。", "2022-09-30", "assumed_year"),
        ("（3月—5月）开展集中整治。", "2022-05-31", "assumed_year"),
        ("今年上半年完成整改。", "2022-06-30", "assumed_year"),
        ("2022年6月底前完成整改。", "2022-06-30", "explicit"),
        ("22年6月底前完成整改。", "2022-06-30", "explicit"),
        ("2022-06-30前完成整改。", "2022-06-30", "explicit"),
        ("2022年3月至5月开展整治。", "2022-05-31", "explicit"),
        ("到“十四五”末，全部建成。", "2025-12-31", "explicit"),
    ]
    for text, day, certainty in cases:
        [found] = read_deadlines(text)
        said = str(found.due.date), [c.value for c in found.due.certainty]
        assert said == (day, [certainty]), text


UNDATED = """某市城市管理局关于开展市容整治的通知

一、主要任务
（一）清理广告。6月底前清理违规广告牌240块。（责任单位：市城市管理局）
（二）修复路面。2026年9月底前修复路面35公里。（责任单位：市住房城乡建委）
（三）分步推进。5月底前完成排查。（责任单位：市城市管理局）
（四）每月报送。每月5日前报送台账。（责任单位：市城市管理局）
"""


def test_without_any_year_there_is_a_finding_and_no_date():
    extraction = extract_bytes(UNDATED.encode(), "a.txt")
    assert extraction.document.written_on is None
    told = [w.span.slice(UNDATED) for w in extraction.warnings if w.code == "no-year"]
    assert told == ["6月底前", "5月底前"]
    dates = {m.due.date for t in extraction.tasks for m in t.milestones if m.due.date}
    assert {str(d) for d in dates} == {"2026-09-30"}
    dated = UNDATED.replace("\n\n一、", "\n\n某市城市管理局\n2026年1月12日\n\n一、", 1)
    again = extract_bytes(dated.encode(), "a.txt")
    assert "no-year" not in {w.code for w in again.warnings}


@pytest.mark.parametrize(
    "printed",
    [
        "5月11日至5月17日",
        "5月12日—14日",
        "3月至10月每月",
        "第二季度",
        "截止6/10",
        "暑假前",
        "6月中旬",
    ],
)
def test_no_date_without_a_year_is_passed_over_in_silence(printed):
    text = f"关于开展节水宣传的通知\n\n一、活动时间\n{printed}\n二、其他\n1.水利站{printed}组织宣传。\n"
    extraction = extract_bytes(text.encode(), "a.txt")
    told = [w.span.slice(text) for w in extraction.warnings if w.code == "no-year"]
    assert told == [printed, printed]
    # In the name of a document it is no time; with a year in the title there is one.
    named = text.replace("组织宣传", f"按《{printed}活动方案》组织宣传")
    assert (
        len([w for w in extract_bytes(named.encode(), "a.txt").warnings if w.code == "no-year"])
        == 2
    )
    dated = extract_bytes(text.replace("关于开展", "关于开展2026年").encode(), "a.txt")
    assert "no-year" not in {w.code for w in dated.warnings}


@pytest.mark.parametrize(
    ("text", "governed"),
    [
        ("改造小区20个。(责任单位:区教委;完成时限:2026年6月底前)", "改造小区20个"),
        ("改造小区20个(2026年6月底前)", "改造小区20个"),
        ("1\t改造小区20个\t区教委\t2026年6月底前", "改造小区20个"),
        ("| 1 | 改造小区20个 | 区教委 | 2026年6月底前 |", "改造小区20个"),
        ("改造小区20个。\n完成时限:2026年6月底前", "改造小区20个"),
    ],
)
def test_a_time_apart_from_the_sentences_governs_what_stands_before_it(text, governed):
    [found] = read_deadlines(text)
    low, high = found.governs
    assert governed in text[low:high]


def test_a_time_in_a_bracket_governs_back_to_the_one_before():
    text = "建校。(完成时限:2026年6月底前)修路。(完成时限:2026年9月底前)"
    first, second = read_deadlines(text)
    assert "建校" in text[slice(*first.governs)]
    assert "建校" not in text[slice(*second.governs)]
    assert "修路" in text[slice(*second.governs)]


def test_a_time_in_a_list_of_owners_is_its_dutys_and_lists_side_by_side_are_one():
    text = """一、任务
1.新增停车泊位2600个。（责任单位：市教育局、市财政局；完成时限：2026年11月底前）
2.建立调度机制，推进任务。
责任单位：市教育局
配合单位：市财政局
完成时限：2026年6月底前
"""
    first, second = extract_bytes(text.encode(), "a.txt").tasks
    assert [str(m.due.date) for m in (*first.milestones, *second.milestones)] == [
        "2026-11-30",
        "2026-06-30",
    ]
    assert first.milestones[0].commitment.endswith("新增停车泊位2600个")
    assert [a.unit for a in second.responsibilities] == ["市教育局", "市财政局"]


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("接报后2小时内到场。", ("PT2H", "接报", "days")),
        ("收到申请后3至5个工作日内答复。", ("P5D", "收到申请", "working_days")),
        ("提前24小时公告。", ("PT24H", None, "days")),
    ],
)
def test_lengths_with_their_events(text, due):
    [found] = read_deadlines(text, "relative")
    assert (found.due.duration, found.due.event, found.due.counting.value) == due
    if found.due.event:
        assert found.due.event_span.slice(text) == found.due.event


@pytest.mark.parametrize(
    ("text", "ahead"),
    [
        ("合同期满前30日内申请。", True),
        ("停水须提前24小时公告。", True),
        ("于会议召开10日前通知。", True),
        ("验收后30日内移交。", False),
    ],
)
def test_lengths_that_end_before_their_event(text, ahead):
    [found] = read_deadlines(text, "relative")
    assert found.due.ahead is ahead
    assert not found.due.duration.startswith("-")


def test_the_day_of_issue_is_a_start_where_it_is_known():
    [found] = read_deadlines("本办法自印发之日起施行。", "start")
    assert (found.due.kind.value, found.due.start) == ("start", ISSUED)
    uses = read_times(
        reading("自印发之日起施行。"), models=Models(time_use=always("other", "start"))
    )
    assert find_deadlines(reading("自印发之日起施行。"), uses, issued=None, period=None) == []


@pytest.mark.parametrize("kind", ["by", "period", "other"])
def test_what_a_deadline_was_before_a_change_is_none(kind):
    text = "水库加固由原定的2026年9月底延期至11月底完工。"
    assert deadlines(text, kind) == [("by", "2026-11-30", "至11月底")]


def test_a_year_of_the_documents_number_is_the_documents():
    text = """督办通知
澄督〔2026〕14号

一、任务
1.优化选址，建成老年食堂26家。责任单位：区民政局。完成时限：7月15日前。
"""
    found = [m.due for t in extract_bytes(text.encode(), "a.txt").tasks for m in t.milestones]
    assert [(str(d.date), d.certainty[0].value) for d in found] == [("2026-07-15", "assumed_year")]


def test_a_duty_that_goes_on_has_no_day_and_does_not_take_its_plans():
    text = """某区发展规划（2026—2030年）
一、任务
1.加强河道巡查。责任单位：区水利局。完成时限：长期坚持。
2.建设学校。责任单位：区教委。
"""
    ongoing, dated = extract_bytes(text.encode(), "a.txt").tasks
    assert (ongoing.pace, ongoing.milestones) == (Pace.ONGOING, ())
    assert (dated.pace, str(dated.milestones[0].due.date)) == (None, "2030-12-31")
    [milestone] = track_task(ongoing, text).milestones
    assert describe_due(milestone.due, "zh") == "持续推进"
    assert describe_due(milestone.due, "en") == "ongoing"
    assert describe_due(NO_DEADLINE, "zh") == "无时限"


def test_a_year_in_a_heading_is_that_of_what_stands_under_it():
    text = """某区2025年工作总结和2026年工作安排
一、2025年主要工作
（一）年底前完成改造小区20个。责任单位：区教委。
二、2026年工作安排
（一）第三季度底前建成学校2所。责任单位：区教委。
"""
    found = [m.due for t in extract_bytes(text.encode(), "a.txt").tasks for m in t.milestones]
    assert [str(d.date) for d in found] == ["2025-12-31", "2026-09-30"]


def test_a_target_says_what_it_was():
    text = "一、目标\n农村自来水普及率由2025年的93%提高到95.5%。\n"
    [found] = read_targets(text)
    start, end, _ = found.was
    assert reading(text).text[start:end] == "93%"


def test_the_ends_of_a_range_are_found_behind_a_number_that_is_told():
    clause = reading("普及率由2025年的93%提高到95.5%，造林20—30亩，补植5亩。")
    model = LinearModel(("other", "target"), (1.0, 0.0), {"end=low": (0.0, 4.0)})
    uses = read_quantities(clause, models=Models(quantity_use=model))
    assert [str(u.mention.value) for u in uses] == ["20", "30"]


@pytest.mark.parametrize("bullet", ["- ", "● ", "• "])
def test_a_line_of_owners_under_bullets_is_of_all_of_them(bullet):
    lines = ["新建收储中心6个；", "培育收储主体20家；", "发放运费补助。"]
    text = (
        "一、任务\n（一）推进收储\n"
        + "".join(f"{bullet}{line}\n" for line in lines)
        + "责任单位：市教育局、市财政局\n"
        + "（二）开展巡查\n"
        + f"{bullet}组建队伍。责任单位：市公安局\n{bullet}市民政局负责通报。\n"
    )
    tasks = extract_bytes(text.encode(), "a.txt").tasks
    bearing = [[(a.unit, a.basis) for a in t.responsibilities] for t in tasks]
    both = ["市教育局", "市财政局"]
    assert bearing[:3] == [
        [(unit, Basis.INHERITED) for unit in both],
        [(unit, Basis.INHERITED) for unit in both],
        [(unit, Basis.LISTED) for unit in both],
    ]
    # A list in the line of an item is that item's; what stands under another heading is not reached.
    assert bearing[3] == [("市公安局", Basis.LISTED)]
    assert ("市公安局", Basis.INHERITED) not in bearing[4]


def test_a_line_of_owners_under_numbers_is_of_the_last():
    text = "一、任务\n1.新建收储中心6个。\n2.发放运费补助。\n责任单位：市财政局\n"
    tasks = extract_bytes(text.encode(), "a.txt").tasks
    assert [len(t.responsibilities) for t in tasks] == [0, 1]


def test_a_document_that_only_records_asks_for_no_number():
    text = """某县2023年水资源公报

一、用水
全县用水总量2.08亿立方米，农业用水占61.5%。年末水库蓄水总量1.36亿立方米。
二、展望
到2027年，农田灌溉水有效利用系数达到0.62。
某县水利局
2024年5月20日
"""

    def values(words):
        tasks = extract_bytes(words.encode(), "a.txt").tasks
        return {str(t.value) for task in tasks for t in task.targets}

    assert values(text) <= {"0.62"}
    assert "208000000" in values(text.replace("公报", "管理方案").replace("总量2", "总量控制在2"))


def test_what_holds_of_a_part_only_governs_no_more():
    [found] = read_deadlines("建成基站60座,其中2026年30座。", "in")
    assert found.governs[0] == found.at


def test_labels_of_people_and_times_after_the_owners_are_of_the_same_duty():
    text = (
        "某区供热工作方案\n2026年8月3日\n一、任务\n1.排查管网\n排查老旧管网120公里，消除隐患。\n"
        "牵头部门：区住建局\n责任领导：李某\n完成时限：2026年9月20日\n"
    )
    [task] = extract_bytes(text.encode(), "案.txt").tasks
    assert [a.unit for a in task.responsibilities] == ["区住建局"]
    assert [m.due.date for m in task.milestones] == [date(2026, 9, 20)]
    assert {t.milestone_id for t in task.targets} == {m.id for m in task.milestones}


def test_each_paragraph_of_a_body_is_a_duty_of_its_own():
    text = (
        "某区预案\n〔2026〕3号\n一、职责\n区教委：负责校舍，2026年4月底前完成排查。\n"
        "区水利局、区气象局：负责监测，2026年5月底前整治9处易涝点。\n区公安局：负责疏导。\n二、保障\n"
    )
    tasks = [t for t in extract_bytes(text.encode(), "plan.txt").tasks if t.responsibilities]
    assert [
        (
            [a.unit for a in t.responsibilities],
            [str(m.due.date) for m in t.milestones if m.due and m.due.date],
        )
        for t in tasks
    ] == [
        (["区教委"], ["2026-04-30"]),
        (["区水利局", "区气象局"], ["2026-05-31"]),
        (["区公安局"], []),
    ]


@pytest.mark.parametrize(
    ("said", "bearers"),
    [
        ("不同意县商务局提出的由县财政局全额垫资的方案。", None),
        ("不同意县商务局提出的方案,由县财政局负责另行研究。", ["县财政局"]),
        ("如不同意县商务局提出的方案,县财政局要书面说明。", ["县财政局"]),
    ],
)
def test_what_is_turned_down_is_no_duty(said: str, bearers: list[str] | None):
    text = f"某县会议纪要\n一、关于园区\n1.{said}\n2.县教育局负责建校。\n"
    first, *others = extract_bytes(text.encode(), "plan.txt").tasks
    if bearers is None:
        assert not others
        assert [a.unit for a in first.responsibilities] == ["县教育局"]
    else:
        assert [a.unit for a in first.responsibilities] == bearers


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("县气象局：负责暴雨监测预报，汛期每日报送。", "负责暴雨监测预报"),
        ("县经信局、国网供电公司：负责电力保障。", "负责电力保障"),
        ("主要目标：县民政局新建养老院5所。", "主要目标：县民政局新建养老院5所"),
        ("县民政局要做好救助。", "县民政局要做好救助"),
    ],
)
def test_a_duty_is_called_by_its_words_not_by_the_bodies_before_a_colon(said: str, title: str):
    [task] = extract_bytes(f"某县方案\n一、任务\n1.{said}\n".encode(), "plan.txt").tasks
    assert task.title == title
