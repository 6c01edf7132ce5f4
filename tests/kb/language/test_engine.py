"""The chart parser: productions over neighbours, competition by score, linear work."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kb.language.engine import MOST, Grammar, Made, Token, best


def sums() -> Grammar:
    """Digits joined by + into sums; ++ is a word of its own that competes."""
    grammar = Grammar()
    for digit in "0123456789":
        grammar.word(digit, "number", int(digit))
    grammar.word("+", "plus")
    grammar.word("++", "increment")

    @grammar.rule("number", "plus", "number")
    def _sum(left: Token, _plus: Token, right: Token) -> Made:
        return Made("number", left.value + right.value)

    @grammar.rule("minus?", "number", "bang")
    def _shout(minus: Token | None, number: Token, _bang: Token) -> Made | None:
        return None if minus else Made("loud", number.value)

    grammar.word("!", "bang")
    grammar.word("-", "minus")
    return grammar


def readings(text: str, *kinds: str) -> list[tuple[str, object]]:
    chosen = best(sums().parse(text), frozenset(kinds))
    return [(text[t.start : t.end], t.value) for t in chosen]


def test_neighbours_are_joined_as_far_as_they_reach() -> None:
    assert readings("1+2+3", "number") == [("1+2+3", 6)]
    assert readings("1 + 2,3", "number") == [("1 + 2", 3), ("3", 3)]
    assert readings("1\n+2", "number") == [("1", 1), ("2", 2)]  # no neighbours across paragraphs


def test_an_argument_that_is_missing_is_none_and_a_refusal_makes_nothing() -> None:
    assert readings("7!", "loud") == [("7!", 7)]
    assert readings("-7!", "loud") == [("7!", 7)]


def test_the_better_explanation_wins_whatever_was_written_first() -> None:
    assert readings("1++2", "number", "increment") == [("1", 1), ("++", None), ("2", 2)]


def test_a_token_knows_what_it_was_made_of() -> None:
    (token,) = best(sums().parse("1+2"), frozenset({"number"}))
    assert [part.kind for part in token.parts] == ["number", "plus", "number"]
    assert token.rule == "sum"


@given(st.text("0123+!- \n", max_size=120))
def test_what_is_chosen_does_not_overlap_and_lies_in_the_text(text: str) -> None:
    chosen = best(sums().parse(text), frozenset({"number", "loud", "increment"}))
    ends = [0, *(t.end for t in chosen)]
    assert all(
        0 <= before <= t.start < t.end <= len(text) for before, t in zip(ends, chosen, strict=False)
    )


def test_no_place_holds_more_tokens_than_the_bound() -> None:
    tokens = sums().parse("1+" * 400 + "1")
    starts = [t.start for t in tokens]
    assert max(map(starts.count, set(starts))) <= MOST
