"""Characters that are printed like others: radicals and compatibility forms in place of Chinese
characters, ligatures in place of letters.

Fonts share one glyph between 民 and the radical ⺠, and programs that write PDF name it by the wrong
one. What is read is the character; the printed form stays in a finding.
"""

from __future__ import annotations

import unicodedata
from collections import Counter

from kb.models import Finding, Span

_RADICALS = dict(
    zip(
        "⺁⺅⺇⺈⺉⺋⺌⺍⺎⺏⺐⺓⺕⺖⺗⺘⺙⺛⺝⺞⺟⺠⺡⺢⺣⺤⺥⺦⺨⺩⺪⺫⺬⺭⺮⺯⺰⺱⺲⺳⺹⺺⺻⺼⺽⺾⺿⻀⻁⻂⻃⻄⻅⻆⻇⻈⻉⻊⻋⻌⻍⻎⻏⻐⻑⻒⻓⻔⻕⻖⻗⻘⻙⻚⻛⻜⻝⻞⻟⻠⻡⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲⻳",
        "厂亻几刀刂㔾小小尢尢尣幺彐忄心扌攵无月歺母民氵氺灬爫爪丬犭王疋目示礻竹糸纟罓罒网老聿聿月臼艹艹艹虎衤西西见角角讠贝足车辶辶辶邑钅長长长门阜阝雨青韦页风飞食食食饣首马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龟龟龟",
        strict=True,
    )
)
"""CJK Radicals Supplement that NFKC leaves as they are (Unicode, EquivalentUnifiedIdeograph.txt)."""
_BLOCKS = (
    (0x2E80, 0x2FDF),  # radicals
    (0xF900, 0xFAFF),  # compatibility ideographs
    (0x2F800, 0x2FA1F),
    (0xFB00, 0xFB06),  # ligatures of Latin letters
)
_PRIVATE = ((0xE000, 0xF8FF), (0xF0000, 0x10FFFD))
UNREADABLE = "\ufffd"
"""What stands for a character whose font does not say which it is."""
_MOST_TOLD = 30
_MOST_SPANS = 50


def ordinary(character: str) -> str:
    """The character or characters that one is printed for; itself where it is ordinary.

    >>> ordinary("⺠"), ordinary("⼀"), ordinary("ﬁ"), ordinary("民")
    ('民', '一', 'fi', '民')
    """
    if character < "\u2e80":
        return character
    code = ord(character)
    if not any(first <= code <= last for first, last in _BLOCKS):
        return character
    return _RADICALS.get(character) or unicodedata.normalize("NFKC", character)


def read_as(words: str) -> str:
    """The words in ordinary characters."""
    if words.isascii() or max(words) < "\u2e80":
        return words
    return "".join(map(ordinary, words))


def is_unreadable(character: str) -> bool:
    """Whether a character says nothing: its font gives none, or one of its own."""
    if character < "\ue000":
        return False
    code = ord(character)
    return character == UNREADABLE or any(first <= code <= last for first, last in _PRIVATE)


class PrintedForms:
    """Normalises words while a text is written, and keeps what was printed."""

    def __init__(self) -> None:
        self._replaced: Counter[tuple[str, str]] = Counter()
        self._unreadable: list[Span] = []
        self._more = 0

    def normalized(self, words: str, start: int) -> str:
        """The words in ordinary characters; `start` is where they will stand in the text."""
        shown = read_as(words)
        if shown != words:
            self._replaced.update(
                (character, ordinary(character))
                for character in words
                if ordinary(character) != character
            )
        for place, character in enumerate(shown):
            if is_unreadable(character):
                if len(self._unreadable) < _MOST_SPANS:
                    self._unreadable.append(Span(start=start + place, end=start + place + 1))
                else:
                    self._more += 1
        return shown

    def findings(self) -> list[Finding]:
        """What was replaced, with the printed forms, and what cannot be read, each with its span."""
        found: list[Finding] = []
        if self._replaced:
            listed = "、".join(
                f"{printed}→{read}" + (f"×{times}" if times > 1 else "")
                for (printed, read), times in self._replaced.most_common(_MOST_TOLD)
            )
            found.append(
                Finding(
                    code="printed-form",
                    message=f"部首或兼容字形按通用字读取: {listed} / radicals and compatibility forms "
                    f"are read as the characters that they are printed for: {listed}",
                )
            )
        found += [
            Finding(
                code="unreadable-character",
                message="字体没有说明这是什么字 / the font does not say which character this is",
                span=span,
            )
            for span in self._unreadable
        ]
        if self._more:
            found.append(
                Finding(
                    code="unreadable-character",
                    message=f"另有 {self._more} 个字符字体没有说明是什么字 / {self._more} more "
                    "characters of which the font does not say which they are",
                )
            )
        return found
