"""The words that names of bodies are made of."""

from __future__ import annotations

from collections import Counter

import pytest

from kb.language.party_words import (
    KNOWN,
    WordKind,
    party_words,
    read_words,
    remainders,
    suffix_of,
    words_of,
)

COMPETING = (WordKind.SUFFIX, WordKind.OTHER, WordKind.OPENING, WordKind.FIELD, WordKind.JOIN)


@pytest.mark.parametrize(
    ("name", "class_", "depth"),
    [
        ("县人民政府", "government", 1),
        ("市政府办公室", "office", 5),
        ("工作领导小组", "group", 4),
        ("农业银行", "enterprise", 2),
        ("区人大", "office", 2),  # no suffix at all
    ],
)
def test_a_name_ends_in_its_longest_suffix(name: str, class_: str, depth: int) -> None:
    entry = suffix_of(name)
    assert (entry.class_, entry.depth) == (class_, depth)


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("各县(市、区)水利局", "县(市、区)"),
        ("各市、州人民政府", "市、州"),
        ("各街道、镇", "街道、镇"),
        ("乡(镇)人民政府", "乡(镇)"),
        ("各区、县(市)", "区、县(市)"),
    ],
)
def test_levels_beside_each_other_are_one_word(text: str, token: str) -> None:
    assert token in [text[t.start : t.end] for t in read_words(text, ())]


def test_the_zone_before_a_level_is_no_level() -> None:
    assert "区、镇" not in ["园区、镇"[t.start : t.end] for t in read_words("园区、镇", ())]


def test_a_name_in_quotes_is_one_word_after_a_level_only() -> None:
    text = '镇"净乡行动"专班,推进"净乡行动"专班'
    quoted = [t.start for t in read_words(text, ()) if text[t.start] == '"']
    assert quoted == [1]


def test_an_alternative_stands_in_brackets() -> None:
    text = "党(工)委,工会"
    found = [t for t in read_words(text, ()) if t.kind == WordKind.ALTERNATIVE]
    assert [text[t.start : t.end] for t in found] == ["工"]


def test_no_word_is_two_kinds_that_compete() -> None:
    """The order of the file would decide."""
    kinds = Counter(
        (word, entry.kind)
        for entry in party_words()
        if entry.kind in COMPETING
        for word in entry.words
    )
    words = Counter(word for word, _ in kinds)
    assert [word for word, times in words.items() if times > 1] == []


def test_of_words_of_a_kind_the_longest_come_first() -> None:
    for words in (remainders(), words_of(WordKind.DETERMINER)):
        lengths = [len(word) for word in words]
        assert lengths == sorted(lengths, reverse=True)


def test_no_kind_is_that_of_known_names() -> None:
    assert KNOWN not in set(WordKind)
