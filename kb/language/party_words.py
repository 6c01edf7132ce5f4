"""The words that names of bodies are made of, and a text read as such words.

Words are data (`party_words.jsonl`). What holds marks and is part of a name all the same is known by
its form: levels beside each other (县(市、区), 市、州), a name in quotes or a number after a level
(镇"净乡行动"专班, 市12345热线办理中心).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache

from kb import lexicon
from kb.characters import HAN, any_of
from kb.language.engine import Grammar, Token, best
from kb.language.organisations import UnitMention
from kb.lexicon import WordEntry, load_lexicon

LEVELS = frozenset("省市州县区镇乡村")
KNOWN = "known"
"""The kind of a token that the lexicon of organisations knows; its value is a `UnitMention`."""


class WordKind(StrEnum):
    """What a word is to the names of bodies."""

    SUFFIX = "suffix"  # a body may end in it
    OTHER = "other"  # looks like one, and is another word
    OPENING = "opening"  # a name may begin after it, and none goes on through it
    FIELD = "field"  # a verb that also names what a body does: 管理, 服务
    JOIN = "join"  # between two names, or inside one: 林业|和|茶业局
    DETERMINER = "determiner"  # opens a name and belongs to it
    LEVEL = "level"  # levels beside each other are one: 县(市、区)
    ALTERNATIVE = "alternative"  # stands in brackets inside names: 村(居)民委员会
    SEAT = "seat"  # what the office of a post is called: 县河长|办
    STATION = "station"  # between a body and where a group of it is stationed: 纪委监委|驻|市水利局纪检监察组
    REMAINDER = "remainder"  # what 等 stands for: 等|有关部门; no word of the names' own grammar
    DEFINER = "definer"  # says what a term means, which stands before it: 示范园区|是指
    EXEMPTION = "exemption"  # says that the body before it need not: 区教委|不再, 区财政局|除外
    CALLED = "called"  # opens a bracket with the short name of the body before it
    FORMER = "former"  # opens one with its former name
    HEAD = "head"  # who heads the body before it: 区教委|主任
    ELLIPSIS = "ellipsis"  # closes a list of fields whose bodies are meant: 教育、公安等部门


class PartyWords(WordEntry):
    """Words of one kind and class; sentences in which they are that, and in which they are not.

    Of suffixes, `depth` says how deep in a name in tiers it stands (0 a place, 1 its government, 2 a
    company or college, 3 an office, 4 a group, 5 a section, 6 a post, 7 what a post heads); `noun`:
    it is a common noun too, so that a verb before it governs it (督促|学校); `label`: it heads lists
    too, and is a name only after a determiner or 由, or before what it does (各配合单位; 会办单位|须在
    15日内).
    """

    kind: WordKind
    class_: str = ""
    depth: int = 3
    noun: bool = False
    label: bool = False


_NO_SUFFIX = PartyWords(kind=WordKind.SUFFIX, words=(), holds=(), class_="office", depth=2)
"""What a known name without a suffix ends in: 区人大|办公室."""
_OFFICE = PartyWords(kind=WordKind.SUFFIX, words=(), holds=(), class_="office", depth=5)
"""The office of a post."""
_LONGEST_SUFFIX = 10
_RUN, _MARKED = 1.0, 3.0
"""Scores of levels beside each other, above a known name that begins at the last of them (市、|州人民
政府), and of a name in quotes or a number, above all words inside."""
_QUOTED = re.compile(r'"[^"\n]{1,12}"(?=[一-龥])')
_HOTLINE = re.compile(rf"(?<=[{HAN}])\d{{5}}(?=[{HAN}])")
_NO_TOKENS = frozenset(
    {
        WordKind.SUFFIX,
        WordKind.SEAT,
        WordKind.REMAINDER,
        WordKind.LEVEL,
        WordKind.DEFINER,
        WordKind.EXEMPTION,
        WordKind.CALLED,
        WordKind.FORMER,
        WordKind.HEAD,
    }
)
"""Kinds that are no tokens by themselves, or are put in with what is made of them."""
_KINDS = frozenset({*WordKind, KNOWN})


def party_words() -> tuple[PartyWords, ...]:
    """All entries."""
    return load_lexicon("party_words", PartyWords)


def words_of(kind: WordKind) -> tuple[str, ...]:
    """The words of one kind, the longest first."""
    return lexicon.words_of("party_words", PartyWords, kind)


def remainders() -> tuple[str, ...]:
    """What may follow the 等 of a list of bodies, the longest first."""
    return words_of(WordKind.REMAINDER)


@lru_cache
def _definition() -> re.Pattern[str]:
    return re.compile(rf"[\"'”’」』)）】\]]*+\s*+[:：,，]?\s*+{any_of(words_of(WordKind.DEFINER))}")


def is_defined(text: str, end: int) -> bool:
    """Whether the name that ends there is a term that is defined, and nobody who does anything.

    >>> is_defined("示范园区：是指利用新技术的区域。", 4), is_defined("示范园区负责实施。", 4)
    (True, False)
    """
    return _definition().match(text, end) is not None


def is_exempt(text: str, end: int) -> bool:
    """Whether what is said of the body whose name ends there is that it need not do what follows.

    >>> is_exempt("区教委无需报送", 3), is_exempt("区教委不得乱收费", 3)
    (True, False)
    """
    return text.startswith(words_of(WordKind.EXEMPTION), end)


@lru_cache
def _suffixes() -> dict[str, PartyWords]:
    found = {w: e for e in party_words() if e.kind is WordKind.SUFFIX for w in e.words}
    posts = [word for word, entry in found.items() if entry.class_ == "post"]
    return found | {post + seat: _OFFICE for post in posts for seat in words_of(WordKind.SEAT)}


def suffix_of(name: str) -> PartyWords:
    """The entry of the longest suffix that `name` ends in."""
    for length in range(min(len(name), _LONGEST_SUFFIX), 0, -1):
        if entry := _suffixes().get(name[-length:]):
            return entry
    return _NO_SUFFIX


def place_of(name: str) -> str:
    """The place whose government a name is, or is used for.

    >>> place_of("伍市镇人民政府"), place_of("伍市镇"), place_of("县政府")
    ('伍市镇', '伍市镇', '县')
    """
    entry = suffix_of(name)
    ends = entry.words if (entry.class_, entry.depth) == ("government", 1) else ()
    longest = max((len(word) for word in ends if name.endswith(word)), default=0)
    return name[: len(name) - longest]


def is_suffix(name: str) -> bool:
    """Whether a name is nothing but a suffix: 区管委会."""
    return name in _suffixes()


def read_words(text: str, known: Sequence[UnitMention]) -> list[Token]:
    """The words of names in `text` that together explain it best, in order, without overlap; the
    value of a token is its `PartyWords`, of a known name its mention."""
    words = (
        token
        for token in _grammar().words_in(text)
        if token.kind != WordKind.ALTERNATIVE or _in_brackets(text, token)
    )
    runs = [m.span() for m in _level_runs().finditer(text)]
    names = (Token(m.start, m.end, KNOWN, m, score=1.5) for m in known if not _breaks_off(m, runs))
    return best([*words, *_inside_names(text, runs), *names], _KINDS)


def _breaks_off(mention: UnitMention, runs: Sequence[tuple[int, int]]) -> bool:
    """Whether a known name ends inside levels that go on: 各市、县|、区政府, 各区、县|(市)人民政府."""
    return any(mention.start <= start < mention.end < end for start, end in runs)


@lru_cache
def _grammar() -> Grammar:
    grammar = Grammar()
    for word, entry in _suffixes().items():
        grammar.word(word, WordKind.SUFFIX.value, entry)
    for entry in party_words():
        if entry.kind not in _NO_TOKENS:
            for word in entry.words:
                grammar.word(word, entry.kind.value, entry)
    return grammar


def _in_brackets(text: str, token: Token) -> bool:
    return text[token.start - 1 : token.start] == "(" and text[token.end : token.end + 1] == ")"


@lru_cache
def _level_runs() -> re.Pattern[str]:
    level = "|".join(words_of(WordKind.LEVEL))
    inside = "|".join((*words_of(WordKind.LEVEL), *words_of(WordKind.ALTERNATIVE)))
    bracket = rf"\((?:{inside})(?:、(?:{inside}))*\)"
    return re.compile(rf"(?:{level})(?:、(?:{level})|{bracket}|(?<=\))(?:{level}))+")


@lru_cache
def zones() -> tuple[str, ...]:
    """Suffixes that end as a level does and are more: 园区."""
    return tuple(w for w in _suffixes() if w[-1] in LEVELS and len(w) > 1)


def _inside_names(text: str, runs: Sequence[tuple[int, int]]) -> Iterator[Token]:
    for start, end in runs:
        if not text.endswith(zones(), 0, start + 1):  # 园区、镇
            yield Token(start, end, WordKind.SUFFIX, suffix_of(text[start]), score=_RUN)
    for pattern in (_QUOTED, _HOTLINE):
        for match in pattern.finditer(text):
            if text[match.start() - 1 : match.start()] in LEVELS:
                yield Token(*match.span(), WordKind.OTHER, score=_MARKED)
