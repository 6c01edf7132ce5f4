"""Files marked as state secrets are refused: nothing of them may be kept in a system that is not
meant for them.

The marking stands in the head of the first page (GB/T 9704-2012, 7.2.2): 机密★10年, alone on its line or
with the number of the copy before it and the urgency after it. A mention in a sentence or a title
(保守国家秘密法) is none. A person's correction of recognised text may reveal it in a document that is
stored. What a file is refused with says nothing of its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice

from ingest.lines import find_raw_lines
from kb.errors import SecretError
from kb.lexicon import WordEntry, words_of

_HEAD_LINES = 15
"""Lines with words in which the marking is looked for: the head of a document has up to eight, a page
saved from the web a few lines of metadata before them."""
_LONGEST_LINE = 200
_ERASE = "duban documents erase"
_PARTS = re.compile(r"\t+| {3,}|\u3000{3,}")


@lru_cache
def _marking() -> re.Pattern[str]:
    def either(kind: str) -> str:
        words = words_of("secrecy_words", WordEntry, kind)
        return "|".join(r"[ \u3000]*".join(map(re.escape, word)) for word in words)

    gap, star = r"[ \u3000]*", "[★☆*＊]"
    copy = rf"(?:(?:No\.?|№)?{gap}\d{{4,8}}{gap})?"
    label = rf"(?:(?:{either('label')}){gap}[:：]{gap})?"
    period = rf"(?:\d+{gap}[年月日]|\d+{gap}个月|{either('period')})"
    # After the star anything may say how long; without one the line ends with the level or a time.
    return re.compile(
        rf"{label}{copy}{label}(?:{star}{gap})?(?:{either('level')}){gap}(?:{star}.*|(?:{period}{gap})?)",
        re.IGNORECASE | re.DOTALL,
    )


def is_secrecy_marking(line: str) -> bool:
    """Whether a line, or a part of it that tabs or wide gaps set apart, is a marking of secrecy."""
    parts = [line, *_PARTS.split(line)] if len(line) <= _LONGEST_LINE else [line]
    return any(_marking().fullmatch(part.strip()) is not None for part in parts)


def bears_secrecy(text: str, beside: Iterable[str] = ()) -> bool:
    """Whether the head of a text, or of what its reader left out of it (heads of pages, text boxes), is
    marked.

    Args:
        text: the text of a file.
        beside: messages of findings, which quote what was left out, a line each.
    """
    return any(_is_head_marked(lines) for lines in (text, *beside))


def _is_head_marked(lines: str) -> bool:
    words = (line for _, line in find_raw_lines(lines) if line.strip())
    return any(is_secrecy_marking(line) for line in islice(words, _HEAD_LINES))


def refuse_secret(text: str, beside: Iterable[str], name: str) -> None:
    """Check a file that is brought, as `bears_secrecy`.

    Args:
        text, beside: as there.
        name: of the file.

    Raises:
        SecretError: it is marked.
    """
    if bears_secrecy(text, beside):
        raise SecretError(
            "文件首部标有密级, 不得上传, 未保存任何内容 / the head of the file bears a marking of "
            "secrecy: it may not be brought here, and nothing of it was kept",
            hint="请按保密规定处理; 已解密的, 请用去掉密级标志的文本 / handle it as the rules of secrecy "
            "say; if it is no longer secret, use a text without the marking",
            path=name,
        )


def refuse_revealed(text: str, document_id: str) -> None:
    """Check the text of a stored document as a person corrected it.

    Raises:
        SecretError: so it is marked: the document may not stay.
    """
    if bears_secrecy(text):
        raise SecretError(
            "按此更正, 文件首部标有密级: 本系统禁止存储、处理国家秘密, 更正未保存, 该文件必须从本系统彻底删除 / so corrected, "
            "the head of the file bears a marking of secrecy: state secrets may not be kept here; the "
            "correction was not kept, and the document must be erased from this system",
            hint=f"由管理员执行 {_ERASE} {document_id} --reason … / by an administrator: {_ERASE} {document_id} "
            "--reason …",
        )
