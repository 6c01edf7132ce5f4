"""Facts of the header: from labelled lines, and from the body where there are none."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.contract import to_contract
from ingest.header import Header, parse_header
from ingest.metadata import normalize_date, normalize_document_number
from ingest.pipeline import extract_bytes

LABELLED = """[ 索引号 ]  11500101008647123A/2022-00123
[ 发文字号 ] 某府办发〔2022〕30号
[ 主题分类 ] 教育
[ 发布机构 ] 某市某区人民政府办公室
[ 成文日期 ] 2022-12-16
[ 发布日期 ] 2022-12-30
[ 有效性 ] 有效
[ 标题 ] 某区人民政府办公室关于印发教育工作方案的通知

一、总体要求
"""

PAGE = """索引号：000014349/2018-00233
发文机关：国务院办公厅
成文日期：2018年12月21日
标　　题：国务院办公厅关于加快工作的通知
发文字号：国办发〔2018〕128号
发布日期：2018年12月29日

国务院办公厅关于加快工作的通知
一、总体要求
"""

BARE = """某县人民政府文件
某政发〔2023〕5号

某县人民政府
关于印发某县养老服务三年行动方案的通知

各乡镇人民政府，县政府各部门：
现将方案印发给你们，请认真执行。

某县人民政府
2023年6月1日

某县养老服务三年行动方案
一、总体要求
"""


def test_bracketed_labels() -> None:
    header = parse_header(LABELLED)
    assert header.model_dump(exclude={"spans", "values"}) == {
        "title": "某区人民政府办公室关于印发教育工作方案的通知",
        "title_printed": True,
        "number_printed": True,
        "document_number": "某府办发〔2022〕30号",
        "index_number": "11500101008647123A/2022-00123",
        "issuer": "某市某区人民政府办公室",
        "written_on": date(2022, 12, 16),
        "published_on": date(2022, 12, 30),
        "month": None,
        "signed": (),
        "subject": "教育",
        "validity": "有效",
        "findings": (),
    }


def test_labels_with_a_colon() -> None:
    header = parse_header(PAGE)
    assert header.title == "国务院办公厅关于加快工作的通知"
    assert header.document_number == "国办发〔2018〕128号"
    assert header.index_number == "000014349/2018-00233"
    assert header.issuer == "国务院办公厅"
    assert (header.written_on, header.published_on) == (date(2018, 12, 21), date(2018, 12, 29))


@pytest.mark.parametrize(
    ("published", "written"),
    [
        ("2021-03-23", None),
        ("2021年3月23日", None),
        ("2021-03-25", date(2021, 3, 23)),
        ("", date(2021, 3, 23)),
    ],
)
def test_a_page_that_was_generated_when_published_was_not_written_then(published, written) -> None:
    text = f"索引号：1234567/2021-18\n生成日期：2021-03-23\n公开日期：{published}\n"
    assert parse_header(text).written_on == written


def test_a_body_without_labels() -> None:
    header = parse_header(BARE)
    assert header.document_number == "某政发〔2023〕5号"
    assert header.issuer == "某县人民政府"
    assert header.written_on == date(2023, 6, 1)
    assert header.title is not None
    assert "养老服务三年行动方案" in header.title
    assert header.published_on is None


@pytest.mark.parametrize(
    "over",
    [
        "某市某区教育委员会文件\n某教委发〔2025〕21号\n",
        "特急\n某市某区教育委员会文件\n某教委发〔2025〕21号　　签发人：某某\n",
        "某市某区教育委员会文件\n某教委发〔2025〕21号\n★机密\n签 发 人：某某\n",
        "",
    ],
)
@pytest.mark.parametrize("mark", ["", "# ", "## "])
def test_what_stands_over_a_title_is_none_of_it(over: str, mark: str) -> None:
    title = "某市某区教育委员会关于开展校园周边整治的通知"
    header = parse_header(f"{over}{mark}{title}\n\n各学校：\n现将要求通知如下。\n一、加强巡查\n")
    assert header.title == title
    assert header.issuer == "某市某区教育委员会"
    assert header.document_number == ("某教委发〔2025〕21号" if over else None)


def test_a_title_of_two_lines_may_end_the_first_one_like_a_red_head() -> None:
    header = parse_header(
        "某市教育委员会文件\n某教委发〔2025〕2号\n\n某市教育委员会关于公布继续有效的规范性文件\n清单的通知\n\n各学校：\n"
    )
    assert header.title == "某市教育委员会关于公布继续有效的规范性文件清单的通知"


@pytest.mark.parametrize(
    "newline",
    [
        "\n",
        "\r\n",
    ],
)
def test_line_ends_do_not_matter(newline: str) -> None:
    header = parse_header(LABELLED.replace("\n", newline))
    assert header.document_number == "某府办发〔2022〕30号"
    assert header.issuer == "某市某区人民政府办公室"
    assert header.validity == "有效"


@pytest.mark.parametrize("text", ["", "\n\n", "一句话。", "[ 索引号 ]\n[ 发文字号 ]\n"])
def test_what_is_not_there_is_none(text: str) -> None:
    header = parse_header(text)
    assert (header.document_number, header.index_number, header.issuer) == (None, None, None)
    assert (header.written_on, header.published_on) == (None, None)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("国发〔2018〕42号", "国发〔2018〕42号"),
        ("国发[2018]42号", "国发〔2018〕42号"),
        ("国发［2018］42号", "国发〔2018〕42号"),
        ("浙政办发﹝2021﹞7号", "浙政办发〔2021〕7号"),
        ("万州府办发〔2022〕第30号", "万州府办发〔2022〕30号"),
        ("教基（厅）〔2020〕6号", "教基（厅）〔2020〕6号"),
        ("京政发 2018 42号", None),
        ("2018年42号", None),
        ("", None),
    ],
)
def test_document_numbers(text: str, number: str | None) -> None:
    assert normalize_document_number(text) == number


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2022-12-16", date(2022, 12, 16)),
        ("2022/1/6", date(2022, 1, 6)),
        ("2022.01.06", date(2022, 1, 6)),
        ("2018年12月21日", date(2018, 12, 21)),
        ("2018 年 2 月 1 日", date(2018, 2, 1)),
        ("二〇一八年十二月二十一日", date(2018, 12, 21)),
        ("二○一八年十月三十日", date(2018, 10, 30)),
        ("二〇二六年九月二五日", date(2026, 9, 25)),  # digit by digit
        ("二〇二六年九月三〇日", date(2026, 9, 30)),
        ("二〇二六年十三十月五日", None),
        ("20221216", date(2022, 12, 16)),
        ("2024年2月29日", date(2024, 2, 29)),
        ("2023年2月29日", None),  # no such day
        ("2022-13-01", None),
        ("2022年12月", None),
        ("某年某月某日", None),
        ("", None),
    ],
)
def test_dates(text: str, day: date | None) -> None:
    assert normalize_date(text) == day


@given(st.dates(min_value=date(1980, 1, 1), max_value=date(2099, 12, 31)))
def test_dates_come_back(day: date) -> None:
    assert normalize_date(day.isoformat()) == day
    assert normalize_date(f"{day.year}年{day.month}月{day.day}日") == day
    if day.year >= 2000:  # eight digits of the century before are more likely something else
        assert normalize_date(f"{day:%Y%m%d}") == day


@given(
    st.text(alphabet="[]〔〕索引号发文字标题成日期：: \n\r2022年1月8日一、通知关于国", max_size=200)
)
def test_never_raises_and_ends_inside(text: str) -> None:
    header = parse_header(text)
    assert isinstance(header, Header)
    assert all(span.end <= len(text) for span in header.spans)


@pytest.mark.parametrize(
    ("text", "title", "number"),
    [
        ("关于做好防汛工作的通知\n某府发〔2024〕3号\n各单位：\n", True, True),
        ("某府发〔2024〕3号　　签发人：李某\n关于做好防汛工作的通知\n", True, True),
        ("关于做好防汛工作的通知\n（某府发〔2024〕3号）\n", True, True),
        ("关于做好防汛工作的通知\n根据某府发〔2024〕3号，请做好工作。\n", True, False),
        ("文号：某府发〔2024〕3号\n各单位：\n请做好工作。\n", False, True),
        ("某县任务分解表\n（某府发〔2024〕3号附件2）\n一、好。\n", True, True),
        ("某府发〔2024〕3号　　2024年2月20日\n某县任务分解表\n一、好。\n", True, True),
        ("各单位：\n请做好工作。\n", False, False),
    ],
)
def test_what_is_printed_as_title_and_number(text, title, number):
    header = parse_header(text)
    assert (header.title_printed, header.number_printed) == (title, number)


PRINTED = (
    "某区教育委员会\n关于印发教育工作方案的通知\n某教发〔2024〕3号\n\n各学校：\n现印发给你们。\n\n"
    "某区教育委员会\n2024年3月1日\n"
)


@pytest.mark.parametrize(
    ("label", "conflicts"),
    [
        ("发文字号：某教发〔2023〕9号", ("某教发〔2023〕9号", "某教发〔2024〕3号")),
        ("发文字号：某教发[2024]3号", None),
        ("成文日期：2023-01-02", ("2023-01-02", "2024-03-01")),
        ("成文日期：2024-03-01", None),
        ("发文机关：某区卫生健康局", ("某区卫生健康局", "某区教育委员会")),
        ("发文机关：区教委", None),
        ("标题：某区医疗改革规划", ("某区医疗改革规划", "某区教育委员会关于印发教育工作方案的通知")),
        ("标题：关于印发教育工作方案的通知", None),
        ("标题：某区教育工作方案", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("at_end", [False, True])
def test_what_is_printed_is_believed_before_a_label(label, conflicts, at_end) -> None:
    labels = f"索引号：1234567/2024-18\n{label}\n"
    header = parse_header(f"{PRINTED}\n{labels}" if at_end else f"{labels}\n{PRINTED}")
    assert header.document_number == "某教发〔2024〕3号"
    assert header.written_on == date(2024, 3, 1)
    assert [f.code for f in header.findings] == ["header-conflict"] * bool(conflicts)
    if conflicts:
        assert all(value in header.findings[0].message for value in conflicts)
        assert conflicts[1] in (
            header.title,
            header.issuer,
            header.document_number,
            str(header.written_on),
        )


def test_a_number_that_the_text_cites_contradicts_no_label() -> None:
    header = parse_header("发文字号：某府发〔2024〕3号\n\n各单位：\n某发〔2020〕1号\n已废止。\n")
    assert header.document_number == "某府发〔2024〕3号"
    assert "header-conflict" not in [f.code for f in header.findings]


LETTER = (
    "云川市人民政府文件\n云府发〔2026〕3号　　签发人：某某\n云川市人民政府\n关于印发《养老服务方案》的通知\n"
    "（2026年2月1日市政府第9次常务会议通过）\n各区县人民政府，市政府有关部门：\n"
    "根据国发〔2019〕5号文件，现印发给你们。\n一、请执行。\n附件：1.分工表\n2.名单\n云川市人民政府\n2026年3月10日\n"
)


def test_every_value_has_its_place() -> None:
    header = parse_header(LETTER)
    assert [(v.field, v.value, v.span.slice(LETTER)) for v in header.values] == [
        ("document_number", "云府发〔2026〕3号", "云府发〔2026〕3号"),
        (
            "title",
            "云川市人民政府关于印发《养老服务方案》的通知",
            "云川市人民政府\n关于印发《养老服务方案》的通知",
        ),
        ("approval", *["2026年2月1日市政府第9次常务会议通过"] * 2),
        ("addressee", *["各区县人民政府，市政府有关部门"] * 2),
        ("attachment", "分工表", "分工表"),
        ("attachment", "名单", "名单"),
        ("issuer", "云川市人民政府", "云川市人民政府"),
        ("written_on", "2026-03-10", "2026年3月10日"),
    ]


@pytest.mark.parametrize(
    ("text", "title", "issuer"),
    [
        # menus of a page stand before the title
        ("登录\n市民网页\n首页 > 公开\n某市某局关于开展检查的通知\n各单位：\n一、好。\n", "某市某局关于开展检查的通知", "某市某局"),
        ("某区司法局　2025年1月\n某区普法责任清单\n一、好。\n", "某区普法责任清单", None),
        ("某县行政审批服务局\n取水许可办事指南\n一、好。\n", "取水许可办事指南", "某县行政审批服务局"),
        ("某县应急管理局\n督办通知\n一、好。\n", "某县应急管理局督办通知", "某县应急管理局"),
        ("某矿责任清单\n（2024年版）\n一、好。\n", "某矿责任清单（2024年版）", None),
        # cells of a table are no signature
        ("某矿责任清单\n完成14项\n某矿安全部\n2024-04-15\n投用识别闸机\n某矿信息部\n2024年5月31日\n轮训\n", "某矿责任清单", None),
    ],
)  # fmt: skip
def test_who_issues_and_what_it_is_called(text: str, title: str, issuer: str | None) -> None:
    header = parse_header(text)
    assert (header.title, header.issuer) == (title, issuer)


@pytest.mark.parametrize(
    ("text", "day", "month"),
    [
        ("某通知\n一、好。\n2026年5月14日\n", date(2026, 5, 14), None),
        ("某区司法局　2025年1月\n某区普法责任清单\n一、好。\n", None, date(2025, 1, 1)),
        ("某清单\n一、好。\n某区司法局\n2025年1月\n", None, date(2025, 1, 1)),
        ("某清单\n建校\n2027年6月\n", None, None),
        (f"某纪要\n某县政府办公室{' ' * 36}2026年5月18日\n一、好。\n", date(2026, 5, 18), None),
        # The day on which a form was filled in, where nothing else says one; of two forms none.
        ("某表\n填报单位：某局\t填报日期：2026年4月8日\n一、好。\n", date(2026, 4, 8), None),
        (
            "某通知\n一、好。\n某区司法局\n2026年3月1日\n附件\n填报日期：2026年4月8日\n",
            date(2026, 3, 1),
            None,
        ),
        ("某表\n填报日期：2026-04-08\n一、好。\n某表\n填报日期：2026-05-08\n", None, None),
    ],
)
def test_the_day_without_a_signature(text: str, day: date | None, month: date | None) -> None:
    header = parse_header(text)
    assert (header.written_on, header.month) == (day, month)


def test_a_line_that_stands_for_a_title_is_told() -> None:
    text = "各单位：\n请做好工作。\n"
    [finding] = parse_header(text).findings
    assert finding.code == "no-title"
    assert finding.span is not None
    assert finding.span.slice(text) == "请做好工作。"


def test_the_contract_gives_each_value_with_its_quote() -> None:
    document = to_contract(extract_bytes(LETTER.encode(), "letter.txt"))["document"]
    assert {v["field"] for v in document["header"]} > {"title", "issuer", "addressee", "attachment"}
    for value in document["header"]:
        start, end = value["span"]
        assert LETTER[start:end] == value["quote"]
