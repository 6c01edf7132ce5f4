"""The sentences that are quoted for a question, and when they count as its answer."""

from datetime import date
from types import SimpleNamespace

import pytest

from api.assistant.answer import Assistant
from api.assistant.evidence import (
    QUOTED,
    Linear,
    Named,
    SentenceFeatures,
    evidence_model,
    find_evidence,
    in_force_first,
)
from api.assistant.reply import AnswerOutcome
from api.assistant.understand import understand
from tests.evaluation.questions import assistant

TODAY = date(2026, 11, 24)
QUESTIONS = [
    "学生午休时间学校门口谁来值守，多长时间换一次岗",
    "What share of classrooms has to be multimedia by 2027?",
    "初中一个班最多几个学生",
    "教师被分流以后怎么安排",
]


def evidence(text: str):
    made = assistant()
    assert isinstance(made, Assistant)
    q = understand(text, made.organisations, as_of=TODAY)
    return find_evidence(q, made.search)


@pytest.mark.parametrize("text", QUESTIONS)
def test_what_is_quoted_is_short_and_stands_in_its_document(text):
    found = evidence(text)
    assert found is not None
    assert 0 < found.probability < 1
    quoted = sum(len(c.sentence.text) for c in found.quoted)
    assert quoted <= max(QUOTED, *(len(c.sentence.text) for c in found.quoted))
    for c in found.quoted:
        printed = c.sentence.span.slice(c.found.extraction.document.text)
        assert printed.strip() == printed
        assert all(0 <= feature <= 1.5 for feature in c.features)


def test_a_year_that_nothing_is_about_is_told():
    answer = assistant().ask("2035年初中一个班最多几个学生", as_of=TODAY)
    assert answer.outcome is not AnswerOutcome.CERTAIN
    assert "2035" in answer.answer or answer.outcome is AnswerOutcome.NONE


def test_sentences_that_prove_nothing_are_shown_and_cited_as_related():
    answer = assistant().ask("普通高中学费标准是多少元？", as_of=TODAY)
    assert answer.outcome is AnswerOutcome.RELATED
    assert not answer.answerable
    assert answer.citations
    assert "没有找到能直接回答的条文" in answer.answer


def test_the_weights_fit_their_features():
    model = evidence_model()
    assert len(model.sentence.weights) == len(SentenceFeatures._fields)
    made = {name for text in QUESTIONS for name in evidence(text).features}
    assert made <= set(model.answer.weights)
    assert 0 < model.related < model.certain < 1


def test_a_weight_raises_or_lowers():
    up = Linear(bias=0.0, weights=(2.0, -1.0))
    assert up.probability((0, 0)) == 0.5
    assert up.probability((1, 0)) > 0.5 > up.probability((0, 1))
    named = Named(bias=0.0, weights={"lead": 2.0})
    assert (
        named.probability({"lead": 1.0, "unheard of": 9.0})
        > 0.5
        > named.probability({"lead": -1.0})
    )
    assert 0 < up.probability((-1e9, 0)) < up.probability((1e9, 0)) <= 1


@pytest.mark.parametrize(
    ("abolished", "order"),
    [
        (set(), ["旧", "新", "另"]),
        ({"旧"}, ["新", "另", "旧"]),
        ({"旧", "新", "另"}, ["旧", "新", "另"]),
    ],
)
def test_what_is_abolished_never_leads(abolished, order):
    made = [
        SimpleNamespace(found=SimpleNamespace(extraction=SimpleNamespace(document=SimpleNamespace(id=key))))
        for key in ("旧", "新", "另")
    ]  # fmt: skip
    found, probabilities = in_force_first(made, [0.9, 0.5, 0.4], abolished)
    assert [c.found.extraction.document.id for c in found] == order
    assert probabilities == sorted(probabilities, reverse=True)
