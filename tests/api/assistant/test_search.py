"""What a question's words weigh in a passage, and what is made before it is asked."""

import pytest

from kb.embedding import load_small_encoder
from kb.embedding.cache import VectorCache
from kb.retrieval import HybridRetriever
from tests.evaluation.questions import assistant

HELD = [
    # (word, text, how much of it the text holds)
    ("防溺水", "多途径开展防溺水宣传教育", 1.0),
    ("霸凌", "做好校园欺凌防范", 1.0),  # the word of policies
    ("Bullying", "campus bullying is prevented", 1.0),
    ("防溺水", "切实抓好溺水防范", 0.9),  # the characters of a heading, turned
    ("防溺水", "切实抓好溺水防范。" + "共同做好学生安全监管" * 4, 0.25),  # one of two pairs
    ("校车", "学校车位", 1.0),
    ("编制", "制定编写方案", 0.4),
    ("编制", "编写方案", 0.2),
    ("school building", "the building of a school, and much more of it", 1.0),
    ("school building", "schools and buildings are other words than those", 0.0),
    ("消防", "校园欺凌", 0.0),
]


@pytest.mark.parametrize(("word", "text", "held"), HELD)
def test_how_much_of_a_word_a_text_holds(word, text, held):
    assert assistant().search.coverage([word], text) == pytest.approx(held)


def test_rare_words_weigh_more():
    search = assistant().search
    rare, often = search.rarity("溺水"), search.rarity("学校")
    assert search.coverage(["溺水", "学校"], "溺水") == pytest.approx(rare / (rare + often))
    assert rare > often


class Refusing:
    """The small encoder, of which no passage may be asked."""

    def __init__(self):
        self.card = load_small_encoder().card

    def embed_passages(self, texts):
        raise AssertionError(texts)


def test_no_question_waits_for_the_vectors_of_sentences(tmp_path):
    made, kept = assistant(), VectorCache(tmp_path / "v.db")
    base = made.search.retriever
    ahead = made.search.within(made.register)
    ahead.retriever = HybridRetriever(
        base.chunks, base.vectors, base.embedder, base.small, lexical=base.lexical, kept=kept
    )
    ahead.chunks = ahead.chunks[:6]
    ahead.read_ahead()
    for chunk in ahead.chunks:
        said = [s.text for s in ahead.sentences_of(chunk)]
        rows = kept.embed(Refusing(), said)
        assert said
        assert ahead.retriever.alike("谁来管", said) == pytest.approx(
            rows @ base.small.embed_query("谁来管"), abs=1e-5
        )
