"""What the service makes before it is asked."""

import pytest

from api.assistant.search import sentences_in
from kb.embedding import load_small_encoder
from kb.embedding.cache import VectorCache
from tests.api.service.world import make_world


class Refusing:
    """The small encoder, of which no passage may be asked."""

    card = load_small_encoder().card

    @staticmethod
    def embed_passages(texts):
        raise AssertionError(texts)


def test_after_the_index_the_sentences_have_their_vectors(tmp_path):
    with make_world(tmp_path) as world:
        whole, home = world.service.register_of_all(), world.service.settings.home
        said = [
            s.text for e in whole.extractions for c in e.clauses
            for s in sentences_in(e.document.text, c.span)
        ]  # fmt: skip
        assert said
        with pytest.raises(AssertionError):
            VectorCache(home / "vectors.db").embed(Refusing, said)
        world.service.update_index(lambda *_: None)
        VectorCache(home / "vectors.db").embed(Refusing, said)
        world.service.warm_up()
        assert world.service.warm.is_set()
