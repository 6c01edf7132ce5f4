"""Every rule of the lexicon repairs or flags its own examples, and leaves sound text alone."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.repairs import RepairRule, find_repairs
from kb.lexicon import WordEntry, load_lexicon

CASES = [
    (rule.rule, rule.rule == "lost-numeral", example.text, example.repaired)
    for rule in load_lexicon("repairs", RepairRule)
    for example in rule.examples
]


@pytest.mark.parametrize(("rule", "flags", "text", "repaired"), CASES)
def test_examples_of_the_lexicon(rule: str, flags: bool, text: str, repaired: str | None) -> None:
    repairs, findings = find_repairs(text)
    if flags:
        found = [f.span.slice(text) for f in findings if f.code == rule and f.span]
        assert found == ([repaired] if repaired is not None else [])
    elif repaired is None:
        assert rule not in {repair.rule for repair in repairs}
    else:
        assert [r.repaired for r in repairs if r.rule == rule] == [repaired]


def test_words_beside_which_characters_were_lost(subtests) -> None:
    for entry in load_lexicon("repair_words", WordEntry):
        for text, holds in [*((x, True) for x in entry.holds), *((x, False) for x in entry.not_)]:
            with subtests.test(text=text):
                assert any(find_repairs(text)) is holds


@given(st.text(alphabet="0123456789.%年月号〔〕()分别在人,。\n发", max_size=60))
def test_repairs_quote_the_text_and_never_overlap(text: str) -> None:
    repairs, _ = find_repairs(text)
    for repair in repairs:
        assert repair.span.slice(text) == repair.raw
    for one, two in pairwise(repairs):
        assert one.span.end <= two.span.start
