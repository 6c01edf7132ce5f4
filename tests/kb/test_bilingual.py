"""English words in Chinese, by the general dictionary and by Pinyin."""

import pytest

from kb.bilingual import chinese_for, glosses, is_english, lemma, syllables
from kb.expansion import QueryExpander

KNOWN = frozenset({"lin", "ling", "gang", "ang", "qing", "shi", "qiao", "su", "ping"})


def of(words, attested=lambda _: True):
    return dict(chinese_for(words.split(), attested))


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("communities", "社区"),
        ("fire extinguisher", "灭火器"),
        ("phosphorus", "磷"),
        ("subsidies", "补贴"),
    ],
)
def test_words_and_phrases_are_translated(english, chinese):
    assert chinese in of(english)[english]


def test_a_phrase_goes_before_its_words():
    assert list(of("fire extinguisher subsidy")) == ["fire extinguisher", "subsidy"]


def test_only_what_stands_in_the_documents_translates():
    assert of("subsidy", lambda word: word == "补贴") == {"subsidy": ("补贴",)}
    assert of("subsidy", lambda _: False) == {"subsidy": ()}


def test_single_characters_only_where_nothing_is_longer():
    assert all(len(word) > 1 for word in of("fire")["fire"])


def test_endings_are_taken_off():
    assert lemma("communities") == "community"
    assert is_english("applications")
    assert not is_english("lingang")


@pytest.mark.parametrize(
    ("name", "readings"),
    [
        ("lingang", {("lin", "gang"), ("ling", "ang")}),
        ("qingshiqiao", {("qing", "shi", "qiao")}),
        ("change", set()),
        ("su", set()),
    ],
)
def test_names_are_read_as_syllables(name, readings):
    assert set(syllables(name, KNOWN)) == readings


def test_a_long_name_ends_soon():
    assert list(syllables("shi" * 2000, KNOWN)) == []


def test_a_question_finds_names_and_words_of_the_documents():
    expander = QueryExpander((), ["支持临港地区发展的若干意见", "社区养老"])
    expander.attested = lambda word: word in "支持临港地区发展的若干意见社区养老"
    weights = expander("Which bodies support Lingang communities?")
    assert weights["临港"] > 0
    assert weights["社区"] > 0


def test_the_dictionary_is_at_hand():
    assert len(glosses()) > 50_000
