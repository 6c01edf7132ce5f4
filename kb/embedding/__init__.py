"""Texts → vectors. One interface, `Embedder`; heavy libraries are imported when it is first used."""

from kb.embedding.encoders import Embedder, ModelCard, load_embedder, load_small_encoder

__all__ = ["Embedder", "ModelCard", "load_embedder", "load_small_encoder"]
