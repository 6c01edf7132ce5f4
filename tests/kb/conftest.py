"""A tiny real sentence-transformers model, made once."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    """A folder with a randomly initialised model of 32 dimensions, its prompts included."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules as models
    from tokenizers import Tokenizer, pre_tokenizers
    from tokenizers.models import WordLevel
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    letters = "防溺水消交通安全管理由谁负责抓好任务区教委公局条款内容甲乙丙丁queryasge:0123456789"
    words = ["<pad>", "<unk>", *dict.fromkeys(letters)]
    tokenizer = Tokenizer(WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=256, pad_token_id=0,
    )  # fmt: skip
    plain = folder / "plain"
    BertModel(config).save_pretrained(plain)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", model_max_length=256
    ).save_pretrained(plain)
    transformer = models.Transformer(str(plain))
    pooling = models.Pooling(32)
    model = SentenceTransformer(
        modules=[transformer, pooling, models.Normalize()],
        prompts={"query": "query: ", "passage": "passage: "},
        device="cpu",
    )
    target = folder / "model"
    model.save(str(target))
    return target


@pytest.fixture(scope="session")
def tiny_reranker(tiny_model, tmp_path_factory) -> Path:
    """A folder with a randomly initialised cross-encoder over the same letters."""
    import torch
    from transformers import AutoConfig, AutoTokenizer, BertForSequenceClassification

    torch.manual_seed(7)
    folder = tmp_path_factory.mktemp("reranker")
    config = AutoConfig.from_pretrained(tiny_model)
    config.num_labels = 1
    BertForSequenceClassification(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(folder)
    return folder
