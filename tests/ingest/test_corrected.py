"""A recognised document that a person corrected is read as its corrected words say, on the characters
that were recognised."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.corrected import Corrected
from ingest.pipeline import extract_bytes
from ingest.readers import Source
from ingest.readers.recorded import record, repair_recorded
from ingest.readers.source import Block, BlockKind, Read
from kb.models import Finding, Repair, Span
from tasks.models import Extraction

PICTURE = b"\x89PNG\r\n\x1a\n a picture"
RIGHT = """某区人民政府文件
某政发〔2025〕7号
某区人民政府关于印发排水防涝工作方案的通知
各镇人民政府，区政府各部门：
一、主要任务
（一）工程建设
1.建成水库10座，2025年6月底前完成。（责任单位：区水利局）
二、保障措施
加强领导，区财政局落实经费300万元。
某区人民政府
2025年3月8日
"""


def corrected(damaged: str, right: str) -> Extraction:
    """The reading of recognised text after its lines were corrected to those of another."""
    found = record(Read(damaged, model="m" * 64))
    assert found is not None
    at = 0
    for raw, words in zip(damaged.split("\n"), right.split("\n"), strict=True):
        if raw != words:
            found = repair_recorded(found, Span(at, at + len(raw)), words)
        at += len(raw) + 1
    return extract_bytes(PICTURE, "a.png", recognised=found)


def said(found: Extraction) -> dict[str, object]:
    """What a document says, whatever it prints."""
    return {
        "head": [(v.field, v.value, v.span) for v in found.header],
        "plans": [(p.title, p.span, p.period) for p in found.plans],
        "clauses": [(c.path, c.marker, c.heading, c.span) for c in found.clauses],
        "owners": [(a.unit, a.role, a.span) for t in found.tasks for a in t.responsibilities],
        "days": [(m.due.date, m.due.span) for t in found.tasks for m in t.milestones],
        "targets": [(x.value, x.measure, x.span) for t in found.tasks for x in t.targets],
    }


@pytest.mark.parametrize(
    ("field", "raw", "words"),
    [
        ("title", "某区人民政府关于卬发排水防涝工作方案的通扣", "某区人民政府关于印发排水防涝工作方案的通知"),
        ("document_number", "某政发〔2O25〕了号", "某政发〔2025〕7号"),
        ("written_on", "2025年3月B日", "2025年3月8日"),
        ("addressee", "各镇人民政府，区政府各部门.", "各镇人民政府，区政府各部门："),
    ],
)  # fmt: skip
def test_the_head_is_read_anew(field, raw, words):
    damaged = RIGHT.replace(words, raw)
    right = said(corrected(RIGHT, RIGHT))
    assert said(corrected(damaged, damaged)) != right
    after = corrected(damaged, RIGHT)
    assert said(after) == right
    assert after.document.text == damaged
    [value] = [v for v in after.header if v.field == field]
    assert value.quote == value.span.slice(damaged)
    assert value.quote in raw


def test_the_outline_follows_a_heading_whose_number_was_lost():
    damaged = RIGHT.replace("二、保障措施", "保降措施").replace("（一）工程", "（－）工程")
    before, after, right = (
        [(c.path, c.marker, c.heading, c.span.slice(damaged)[:4]) for c in found.clauses]
        for found in (corrected(damaged, damaged), corrected(damaged, RIGHT), corrected(RIGHT, RIGHT))
    )  # fmt: skip
    assert [clause[:3] for clause in before] != [clause[:3] for clause in right]
    assert [clause[:3] for clause in after] == [clause[:3] for clause in right]
    assert after[3] == ("1/二", "二、", "保障措施", "保降措施")
    repairs = [(r.raw, r.repaired) for r in corrected(damaged, RIGHT).repairs]
    assert repairs == [("－", "一"), ("保", "二、保"), ("降", "障")]


@given(
    st.lists(st.integers(0, len(RIGHT) - 2), max_size=12, unique=True),
    st.sampled_from("囗口O丶"),
)
@settings(max_examples=15, deadline=None)
def test_a_text_that_is_wholly_corrected_says_what_the_right_one_says(places, wrong):
    damaged = "".join(wrong if i in places and c != "\n" else c for i, c in enumerate(RIGHT))
    after = corrected(damaged, RIGHT)
    assert said(after) == said(corrected(RIGHT, RIGHT))
    assert after.document.text == damaged


WORDS = st.text("甲乙丙丁", min_size=1, max_size=4)


@given(st.lists(st.tuples(WORDS, st.one_of(st.none(), st.just(""), WORDS)), min_size=1, max_size=6))
def test_places_go_there_andback(parts):
    raw, fair, repairs = "", "", []
    for printed, words in parts:
        if words is not None:
            repairs.append(Repair(span=Span(len(raw), len(raw) + len(printed)), raw=printed, repaired=words, rule="person"))  # fmt: skip
        raw, fair = raw + printed, fair + (printed if words is None else words)
    if not fair:
        return
    whole = Span(0, len(raw))
    block = Block(BlockKind.PARAGRAPH, *whole)
    finding = Finding(code="a", message="b", span=whole)
    source = Source(name="a", sha256="b", media_type="c", text=raw, repairs=tuple(repairs), blocks=(block,), findings=(finding,))  # fmt: skip
    read = Corrected(source)
    assert read.source.text == fair
    assert (read.source.blocks[0].start, read.source.blocks[0].end) == (0, len(fair))
    assert read.source.findings[0].span == Span(0, len(fair))
    for at, character in enumerate(fair):
        span = read.back(Span(at, at + 1))
        assert 0 <= span.start < span.end <= len(raw)
        here = [r for r in repairs if r.span.overlaps(span)]
        assert here or span.slice(raw) == character
