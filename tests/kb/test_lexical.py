"""BM25 over characters."""

import pytest

from kb.lexical import LexicalIndex, tokenize

TEXTS = ["切实抓好溺水防范", "加强交通安全管理", "做好校园欺凌防范", ""]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("溺水", ["溺", "溺水", "水"]),
        ("到2025年", ["到", "2025", "年"]),
        ("AI教育", ["ai", "教", "教育", "育"]),
        ("0.5个", ["0.5", "个"]),
        ("Ⅲ级", ["Ⅲ".lower(), "级"]),
        ("，。", []),
    ],
)
def test_tokens(text, tokens):
    assert tokenize(text) == tokens


@pytest.mark.parametrize(
    ("query", "best"), [("溺水", 0), ("交通", 1), ("校园欺凌", 2), ("防范溺水", 0)]
)
def test_the_best_text_comes_first(query, best):
    scores = LexicalIndex(TEXTS).scores(query)
    assert scores.argmax() == best
    assert scores[3] == 0


def test_unknown_words_score_nothing():
    assert not LexicalIndex(TEXTS).scores("火星").any()
    assert not LexicalIndex([]).scores("火星").any()


def test_a_rare_token_weighs_more_and_weights_count():
    index = LexicalIndex(TEXTS)
    assert index.rarity("溺水") > index.rarity("防范")
    assert index.scores({"溺水": 0.5})[0] == pytest.approx(index.scores({"溺水": 1.0})[0] / 2)
