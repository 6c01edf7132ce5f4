"""The text of a document cut into marked pieces is still the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.service.pages.marks import (
    block_at,
    blocks_of,
    is_intact,
    marked,
    marks_of,
    parts_of,
    span_of_fact,
)
from ingest.pipeline import extract_file
from kb.lexicon import corpus_path
from kb.models import Span
from tests.tasks.samples import read

NOTICE = corpus_path() / "documents" / "wanzhou-fuban-2022-30.txt"


@pytest.fixture(scope="module")
def notice():
    return extract_file(NOTICE)


def test_all_blocks_together_are_the_text(notice):
    extraction, _ = notice
    shown = "".join(p.text for b in blocks_of(extraction) for p in b.pieces)
    assert shown == extraction.document.text


def test_every_fact_is_marked_where_it_stands(notice):
    extraction, _ = notice
    begun = {i for b in blocks_of(extraction) for p in b.pieces for i in p.begins}
    assert {m.id for m in marks_of(extraction)} == begun


@given(st.data())
def test_what_was_asked_for_is_lit_exactly(data):
    extraction, _ = read()
    size = len(extraction.document.text)
    start = data.draw(st.integers(0, size - 2))
    hit = Span(start, data.draw(st.integers(start + 1, size)))
    pieces = [p for b in blocks_of(extraction, hit) for p in b.pieces]
    assert "".join(p.text for p in pieces if p.hit) == hit.slice(extraction.document.text)
    assert "".join(p.text for p in pieces) == extraction.document.text


def test_facts_are_found_by_their_ids(notice):
    extraction, _ = notice
    for task in extraction.tasks:
        assert span_of_fact(extraction, task.id) == task.span
        for target in task.targets:
            span = span_of_fact(extraction, target.id)
            assert span is not None
            assert span.slice(extraction.document.text) == target.quote
    assert span_of_fact(extraction, extraction.clauses[3].id) == extraction.clauses[3].span
    assert span_of_fact(extraction, "target-0") is None


def test_a_citation_brings_its_whole_clause(notice):
    extraction, _ = notice
    task = next(t for t in extraction.tasks if t.targets)
    block = block_at(extraction, task.targets[0].span)
    assert block.clause is not None
    assert block.clause.id == task.clause_id
    assert task in block.tasks


def test_intact_means_the_very_bytes(notice):
    extraction, data = notice
    assert is_intact(extraction, data, lambda _key: None)
    assert not is_intact(
        extraction, data.replace("万州".encode(), "千州".encode(), 1), lambda _key: None
    )


@pytest.mark.parametrize("largest", [400, 3000, 60_000])
def test_parts_together_are_the_text_and_no_clause_is_cut(notice, largest):
    extraction, _ = notice
    parts = parts_of(extraction, largest)
    text = extraction.document.text
    assert "".join(text[p.start : p.end] for p in parts) == text
    longest = max(len(c.span) for c in extraction.clauses)
    assert all(len(p) <= largest for p in parts)
    shown = [b for p in parts for b in blocks_of(extraction, None, p)]
    assert "".join(x.text for b in shown for x in b.pieces) == text
    if largest >= longest:
        whole = [b.clause.id for b in shown if b.clause]
        assert whole == [b.clause.id for b in blocks_of(extraction) if b.clause]


def test_a_part_begins_at_a_plan_where_it_can(notice):
    extraction, _ = notice
    starts = {p.span.start for p in extraction.plans}
    assert [p.start in starts for p in parts_of(extraction, 6000)[1:]].count(True) >= 3


@given(st.data())
def test_marks_within_are_those_that_share_a_character(data):
    extraction, _ = read()
    size = len(extraction.document.text)
    start = data.draw(st.integers(0, size - 1))
    end = data.draw(st.integers(start + 1, size))
    expected = [m for m in marks_of(extraction) if m.start < end and m.end > start]
    assert marked(extraction).within(start, end) == expected
