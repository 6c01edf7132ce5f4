"""Lines of minutes on who was there and who gets them, at the head and the end of a document only."""

from __future__ import annotations

import pytest

from ingest.layout import LineKind, find_lines
from ingest.pipeline import extract_bytes

MINUTES = """某区人民政府专题会议纪要
〔2026〕12号

2026年3月5日，区长张某主持召开专题会议，研究供水保障工作。现纪要如下：

地点：区政府301会议室
主持：张某（区长）
列席：郑某（区委督查室）、王某（区审计局）
参会人员：区发展改革委、区财政局

一、关于供水保障。区水利局于2026年6月底前完成管网改造20公里。
二、关于资金。区财政局于2026年4月底前拨付补助资金300万元。

出席：李某（区住建委）、赵某（区水利局）
请假：钱某（区财政局）
发：区水利局，区财政局。
抄送：区委办公室。
"""


def test_who_was_at_a_meeting_bears_no_duty_by_it():
    extraction = extract_bytes(MINUTES.encode(), "a.txt")
    owners = [[r.unit for r in t.responsibilities] for t in extraction.tasks]
    assert [o for o in owners if o] == [["区水利局"], ["区财政局"]]
    text = extraction.document.text
    told = [f.span.slice(text) for f in extraction.warnings if f.span and f.code == "left-out"]
    assert any("列席：郑某" in t for t in told)
    assert any(t.startswith("出席：李某") and "发：区水利局" in t for t in told)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("主持：张某\n出席：李某\n一、建校。\n", ["主持：张某", "出席：李某"]),
        ("一、建校。\n发：区水利局。\n2026年3月5日\n", ["发：区水利局。"]),
        ("某区会议纪要\n参会人员：区教委\n一、建校。\n", ["参会人员：区教委"]),
        # Before who gets a copy and how many were printed.
        ("一、建校。\n列席：李某（区教委）\n分送：区委办。\n共印60份\n", ["列席：李某（区教委）"]),
        # In a clause, and where it is asked who is to come.
        ("一、建校。\n记录：专人负责。\n二、验收。\n", []),
        ("一、分发。\n发：区水利局。\n二、验收。\n", []),
        ("关于开会的通知\n一、请按时到会。\n参会人员：区教委\n", []),
        ("一、建校。区教委要发：书籍。\n", []),
    ],
)
def test_lines_of_attendance(text: str, expected: list[str]) -> None:
    assert [x.text for x in find_lines(text) if x.kind is LineKind.PRESENT] == expected
