"""Whether the words of a sentence stand in what it is said to rest on.

Words, not meaning: a sentence that puts the words of its evidence together anew passes, one that
brings in words of its own does not. Of a sentence in another language than its evidence nothing can
be told in this way, so that it passes only where the facts' own answer has its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

ENOUGH = 0.8
"""Share of a sentence's content that its ground must hold: a turn of phrase is no invention."""
_GLUE = tuple(
    sorted(
        [
            "由",
            "负责",
            "牵头",
            "配合",
            "共同",
            "承担",
            "涉及",
            "包括",
            "包含",
            "等",
            "单位",
            "部门",
            "是",
            "的",
            "地",
            "得",
            "和",
            "与",
            "及",
            "以及",
            "其中",
            "共",
            "有",
            "为",
            "在",
            "根据",
            "依据",
            "按照",
            "文件",
            "规定",
            "条款",
            "明确",
            "提出",
            "指出",
            "要求",
            "应",
            "应当",
            "需",
            "需要",
            "须",
            "要",
            "分别",
            "此外",
            "另外",
            "同时",
            "并",
            "并且",
            "将",
            "对",
            "到",
            "至",
            "从",
            "任务",
            "工作",
            "责任",
            "目标",
            "期限",
            "时限",
            "项",
            "个",
            "这",
            "该",
            "此",
            "上述",
            "如下",
            "具体",
            "主要",
            "方面",
            "年",
            "月",
            "日",
            "前",
            "底",
        ],
        key=len,
        reverse=True,
    )
)
"""Words that join others and claim nothing."""
_ENGLISH_GLUE = frozenset(
    [
        "a",
        "an",
        "the",
        "is",
        "are",
        "was",
        "be",
        "been",
        "by",
        "of",
        "for",
        "to",
        "in",
        "on",
        "at",
        "as",
        "and",
        "or",
        "with",
        "from",
        "this",
        "that",
        "these",
        "those",
        "it",
        "its",
        "they",
        "their",
        "which",
        "who",
        "must",
        "should",
        "shall",
        "has",
        "have",
        "had",
        "unit",
        "units",
        "task",
        "tasks",
        "responsible",
        "lead",
        "leads",
        "led",
        "jointly",
        "responsibility",
        "bear",
        "bears",
        "department",
        "departments",
        "clause",
        "document",
        "according",
        "due",
        "date",
        "before",
        "target",
        "one",
        "two",
        "three",
        "four",
        "five",
        "all",
        "each",
        "following",
    ]
)
_DENYING = "不未无没非勿免"
_DENIALS = ("取消", "撤销", "废止", "停止", "作废", "终止")
_ENGLISH_DENIALS = frozenset(
    [
        "no",
        "not",
        "never",
        "none",
        "nobody",
        "nothing",
        "without",
        "cannot",
        "cancelled",
        "canceled",
        "cancel",
        "revoked",
        "void",
    ]
)
_ADDRESS = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://\S+|\S+@\S+|(?:[\w-]+\.)+[A-Za-z]{2,}\b|\]\(|<\s*[A-Za-z/!]"
)


def is_supported(sentence: str, ground: str, units: Sequence[str] = ()) -> bool:
    """Whether a sentence says no more than its ground does.

    Args:
        sentence: without its marks of citations.
        ground: the words that it may use.
        units: names in it that were checked already.
    """
    known = set(re.findall(r"[a-z]{2,}", ground.lower()))
    ground = _plain(ground)
    if _ADDRESS.search(sentence):
        return False  # also where the document has it: it is what a trap would have people open
    words = [word.lower() for word in re.findall(r"[A-Za-z]{2,}", sentence)]
    bare = sentence
    for name in sorted(units, key=len, reverse=True):
        bare = bare.replace(name, " ")
    pieces = list(_pieces(bare))
    if _denies(bare, ground) or any(w in _ENGLISH_DENIALS and w not in known for w in words):
        return False
    parts = [piece[n : n + 2] for piece in pieces for n in range(max(1, len(piece) - 1))]
    said = [word for word in words if word not in _ENGLISH_GLUE]
    held = sum(part in ground for part in parts)
    held += sum(word in known or word.rstrip("s") in known for word in said)
    return held >= ENOUGH * (len(parts) + len(said))


def _pieces(text: str) -> Iterable[str]:
    """Runs of Chinese characters between the words that only join."""
    glue = "|".join(_GLUE)
    for run in re.findall(r"[\u4e00-\u9fff]+", text):
        yield from (piece for piece in re.split(glue, run) if piece)


def _denies(said: str, ground: str) -> bool:
    """Whether it denies what its ground does not deny in the same words."""
    said = _plain(said)
    return any(word in said and word not in ground for word in _DENIALS) or any(
        c in _DENYING and said[at : at + 2] not in ground for at, c in enumerate(said)
    )


def _plain(text: str) -> str:
    return re.sub(r"[\s,，]", "", text).lower()
