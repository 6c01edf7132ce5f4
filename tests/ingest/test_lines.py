"""Whatever ends a line ends it for every reader; the text and all offsets stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.lines import find_raw_lines, line_number, plain_breaks, split_lines
from ingest.pipeline import extract_bytes
from kb.errors import SourceError

BREAKS = ["\r\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
NOTICE = (
    "某区人民政府办公室\n关于印发校园食品安全工作方案的通知\n\n某府办〔2025〕12号\n\n各镇乡人民政府：\n"
    "《校园食品安全工作方案》已经区政府同意，现印发给你们，请认真贯彻执行。\n\n某区人民政府办公室\n"
    "2025年5月6日\n\n校园食品安全工作方案\n\n一、工作目标\n到2026年底，学校食堂明厨亮灶覆盖率达到100%。\n"
    "二、主要任务\n（一）完善设施。2026年9月30日前完成120所学校\n食堂改造。\n责任单位：区教委、区财政局\n"
    "（二）加强监管。2026年10月底前开展1次专项检查。\n附件：1.任务清单\n"
)


def _facts(text: str) -> dict[str, object]:
    found = extract_bytes(text.encode(), "notice.txt")
    document = found.document
    assert document.text == text
    return {
        "header": (document.title, document.document_number, document.issuer, document.written_on),
        "clauses": [(c.path, c.heading) for c in found.clauses],
        "owners": [[(r.unit, r.role) for r in t.responsibilities] for t in found.tasks],
        "dates": [[m.due.date for m in t.milestones] for t in found.tasks],
        "codes": sorted(f.code for f in found.warnings),
    }


@pytest.mark.parametrize("end", BREAKS, ids=ascii)
def test_a_document_is_the_same_whatever_ends_its_lines(end: str) -> None:
    assert _facts(NOTICE.replace("\n", end)) == _facts(NOTICE)


@pytest.mark.parametrize("end", BREAKS, ids=ascii)
def test_a_kept_line_break_of_a_page_is_any_of_them(end: str) -> None:
    page = f"<html><body><pre>{NOTICE.replace(chr(10), end)}</pre></body></html>"
    found = extract_bytes(page.encode(), "notice.html")
    assert found.document.document_number == "某府办〔2025〕12号"
    assert [c.path for c in found.clauses][-2:] == ["1/二/(一)", "1/二/(二)"]


def test_a_form_feed_in_a_paragraph_of_a_page_is_white_space() -> None:
    page = "<html><body><p>一、完成120所学校\f食堂改造。</p></body></html>"
    found = extract_bytes(page.encode(), "notice.html")
    assert found.document.text == "一、完成120所学校 食堂改造。\n"


def test_the_line_of_what_is_refused_is_counted_alike() -> None:
    with pytest.raises(SourceError, match="第 3 行"):
        extract_bytes(("标题\r一、任务\r" + "1" * 400).encode(), "notice.txt")
    with pytest.raises(SourceError, match="第 3 行"):
        extract_bytes("标题\r一、任务要求\r".encode() + b"\xff\xfe\xff" * 9, "notice.txt")


@given(st.text(alphabet="".join(BREAKS) + "\n一二 "))
def test_lines_are_those_of_the_language(text: str) -> None:
    lines = list(find_raw_lines(text))
    assert [line for _, line in lines] == [line for line in text.splitlines() if line]
    assert all(text[start:].startswith(line) for start, line in lines)
    assert [*split_lines(f"{text}|")] == f"{text}|".splitlines()
    plain = plain_breaks(text)
    assert len(plain) == len(text)
    assert plain.splitlines() == text.splitlines()
    assert line_number(text, len(text)) == len(split_lines(text))
