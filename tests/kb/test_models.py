"""Spans, quotes and the JSON shape of facts."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kb.errors import DubanError, ProvenanceError, SourceError
from kb.models import Citation, Clause, Repair, Span, verify_quote


def spans(limit: int = 60) -> st.SearchStrategy[Span]:
    return st.tuples(st.integers(0, limit - 1), st.integers(1, limit)).filter(
        lambda pair: pair[0] < pair[1]
    ).map(lambda pair: Span(*pair))  # fmt: skip


@pytest.mark.parametrize(("start", "end"), [(1, 1), (2, 1), (-1, 3), (-3, -1)])
def test_a_span_has_at_least_one_character(start: int, end: int) -> None:
    with pytest.raises(ValidationError, match="a span needs"):
        Span(start, end)


@pytest.mark.parametrize(
    "value",
    [
        "[1, 2, 3]",
        "[1]",
        "[1.5, 2]",
        '["a", 2]',
        "7",
        '{"start": 1}',
    ],
)
def test_what_is_no_span_is_refused(value: str) -> None:
    with pytest.raises((ValidationError, ValueError)):
        Span.model_validate(json.loads(value))


def test_a_span_counts_code_points() -> None:
    text = "甲𠮷乙"  # 𠮷 is two units of UTF-16, four bytes of UTF-8
    assert Span(1, 2).slice(text) == "𠮷"
    assert Span(2, 3).slice(text) == "乙"


@given(spans())
def test_a_span_is_a_pair_in_json(span: Span) -> None:
    assert json.loads(span.model_dump_json()) == [span.start, span.end]
    assert Span.model_validate_json(span.model_dump_json()) == span
    assert tuple(span) == (span.start, span.end)
    assert len(span) == span.end - span.start


@given(spans(), spans())
def test_unions_contain_both(one: Span, two: Span) -> None:
    union = one.union(two)
    assert union.contains(one)
    assert union.contains(two)
    assert union == two.union(one)
    assert len(union) <= max(one.end, two.end)


@given(spans(), spans())
def test_overlap_is_sharing_a_character(one: Span, two: Span) -> None:
    shared = set(range(*one)) & set(range(*two))
    assert one.overlaps(two) is two.overlaps(one) is bool(shared)
    assert one.contains(two) is set(range(*two)).issubset(range(*one))


@given(st.text(min_size=1, max_size=60), st.data())
def test_a_slice_equals_its_quote(text: str, data: st.DataObject) -> None:
    span = data.draw(spans(len(text)))
    verify_quote(text, span, text[span.start : span.end])


@pytest.mark.parametrize(
    ("span", "quote"),
    [(Span(0, 2), "甲丙"), (Span(1, 9), "丙"), (Span(8, 9), "甲"), (Span(0, 1), "")],
)
def test_a_false_quote_is_an_error_that_shows_both(span: Span, quote: str) -> None:
    with pytest.raises(ProvenanceError) as caught:
        verify_quote("甲乙", span, quote)
    assert f"[{span.start}, {span.end})" in str(caught.value)
    assert " / " in str(caught.value)


def test_facts_are_frozen_and_take_nothing_unknown() -> None:
    repair = Repair(span=Span(0, 1), raw="、", repaired="二、", rule="lost-ordinal")
    with pytest.raises(ValidationError, match="frozen"):
        repair.raw = "x"
    with pytest.raises(ValidationError, match="Extra inputs"):
        Repair.model_validate(repair.model_dump() | {"note": "x"})
    assert Repair.model_validate_json(repair.model_dump_json()) == repair


def test_citations_and_clauses_come_back_from_json() -> None:
    clause = Clause(id="clause-1", plan_id="plan-1", parent_id=None, level=1, marker="", path="1/0",
                    heading="", span=Span(3, 9))  # fmt: skip
    assert Clause.model_validate_json(clause.model_dump_json()) == clause
    citation = Citation(
        document_id="doc-1", clause_id=None, path="1", span=Span(0, 2), quote="甲乙"
    )
    assert json.loads(citation.model_dump_json())["span"] == [0, 2]


def test_an_error_names_the_file_and_says_what_to_do() -> None:
    error = SourceError("打不开 / cannot open", hint="请重试 / try again", path="a.txt")
    assert isinstance(error, DubanError)
    assert str(error) == "a.txt: 打不开 / cannot open (请重试 / try again)"
    assert str(SourceError("打不开 / cannot open")) == "打不开 / cannot open"


def test_facts_of_a_kind_share_the_names_of_their_fields() -> None:
    spans = [Span(n, n + 1) for n in range(50)]
    repairs = [Repair(span=s, raw="甲", repaired="乙", rule="x") for s in spans]
    copies = [r.model_copy(update={"raw": "丙"}) for r in repairs]
    for facts in (spans, repairs, copies):
        own = facts[-1].__dict__
        assert sys.getsizeof(own) < sys.getsizeof(dict(own))
    assert copies[3] == Repair(span=Span(3, 4), raw="丙", repaired="乙", rule="x")
    assert len({*spans, *(Span(n, n + 1) for n in range(50))}) == 50
