"""Clauses → chunks: nothing lost, spans kept."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingest.pipeline import extract_bytes
from kb.chunks import chunk_clauses, flatten, split_span
from kb.models import Span

PLAN = (
    "某区行动方案\n某府〔2024〕1号\n一、任务\n1.抓消防。落实责任。\n(责任单位:区教委)\n2.抓交通。\n"
)


def test_a_clause_is_one_chunk_with_its_line_of_units():
    extraction = extract_bytes(PLAN.encode(), "plan.txt")
    chunks = list(chunk_clauses(extraction.document, extraction.plans, extraction.clauses))
    fire = next(c for c in chunks if "消防" in c.text)
    assert fire.text.endswith("(责任单位:区教委)")
    assert fire.heading == "某区行动方案 任务 抓消防"
    assert fire.span is not None
    assert flatten(fire.span.slice(extraction.document.text)) == fire.text


def test_text_before_the_first_clause_is_found_too():
    extraction = extract_bytes(PLAN.encode(), "plan.txt")
    chunks = list(chunk_clauses(extraction.document, extraction.plans, extraction.clauses))
    assert any("某府〔2024〕1号" in c.text and not c.clause_id for c in chunks)


def test_ids_are_unique_and_the_same_again():
    extraction = extract_bytes((PLAN + "3.很长。" + "做好工作。" * 300).encode(), "plan.txt")
    first = list(chunk_clauses(extraction.document, extraction.plans, extraction.clauses))
    again = list(chunk_clauses(extraction.document, extraction.plans, extraction.clauses))
    assert [c.id for c in first] == [c.id for c in again]
    assert len({c.id for c in first}) == len(first)
    assert any(c.id.endswith("#2") for c in first)


@given(st.text("甲乙。；\n a1", min_size=1, max_size=300), st.integers(3, 40))
def test_parts_of_a_span_cover_it_without_a_gap(text, longest):
    parts = split_span(text, Span(0, len(text)), longest)
    assert parts[0].start == 0
    assert parts[-1].end == len(text)
    assert all(a.end == b.start for a, b in pairwise(parts))
    assert all(p.end - p.start <= 2 * longest for p in parts) or len(parts) == 1


def test_flatten_keeps_spaces_between_latin_words():
    assert flatten("做好\n工作 and then\n go") == "做好工作and then go"
