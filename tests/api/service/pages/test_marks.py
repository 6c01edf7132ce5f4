"""The text of a document cut into marked pieces is still the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.service.pages.marks import block_at, blocks_of, is_intact, marks_of, span_of_fact
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
    assert is_intact(extraction, data)
    assert not is_intact(extraction, data.replace("万州".encode(), "千州".encode(), 1))
