"""A question → weights of lexical tokens: what it says, what its words mean in policy text.

Words of asking (谁, 哪些, 负责) weigh little, synonyms (霸凌 → 欺凌), English terms and words that
sound like known ones (肖防 → 消防) are added. All of it is data in `corpus/lexicon`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

from kb.characters import HAN
from kb.lexical import tokenize
from kb.lexicon import load_lexicon
from kb.models import Fact

_SYNONYM = 0.6
_REMEMBERED = 4096
_HEARD = 0.9
_ASKING = 0.1
_TERM = 1.0
_GLOSS = 0.5
"""Of a word that a general dictionary has for an English one: of 119 English questions the evidence stood
among the first three passages for 100 so (names read as Pinyin too), for 80 without."""
_CHINESE = re.compile(rf"[{HAN}]")


class TopicExample(Fact):
    """A question and what is left when the words of asking are taken out."""

    text: str
    topic: str


class QuestionWords(Fact):
    """Words that a question is asked with, not what it is about."""

    words: tuple[str, ...]
    kind: str
    examples: tuple[TopicExample, ...]


class Synonym(Fact):
    """`lay` words of everyday speech for the `official` word of policies and statutes."""

    official: str
    lay: tuple[str, ...]
    examples: tuple[str, ...] = ()


class Term(Fact):
    """An English term of policy text and its Chinese."""

    english: str
    chinese: str
    examples: tuple[str, ...]


@lru_cache
def terms() -> tuple[Term, ...]:
    """The glossary, longest English term first."""
    return tuple(sorted(load_lexicon("terms", Term), key=lambda t: -len(t.english)))


@lru_cache
def _term_patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(rf"\b{re.escape(t.english)}(?:s|es)?\b"), t.chinese) for t in terms())


@lru_cache
def _synonyms() -> Mapping[str, str]:
    return {lay: entry.official for entry in load_lexicon("synonyms", Synonym) for lay in entry.lay}


@lru_cache
def _asking() -> frozenset[str]:
    return frozenset(w for e in load_lexicon("question_words", QuestionWords) for w in e.words)


@lru_cache
def _asking_pattern() -> re.Pattern[str]:
    words = sorted((w for w in _asking() if len(w) > 1), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, words)))


@lru_cache
def _converter() -> Callable[[str], str]:
    from opencc import OpenCC  # noqa: PLC0415

    convert: Callable[[str], str] = OpenCC("t2s").convert
    return convert


def simplify(text: str) -> str:
    """Traditional characters → simplified ones, where there are any."""
    return _converter()(text) if _CHINESE.search(text) else text


@lru_cache
def _dictionary() -> Any:
    """jieba's tokenizer with its own dictionary, which takes half a second to read."""
    import jieba  # noqa: PLC0415

    jieba.setLogLevel(60)
    tokenizer = jieba.Tokenizer()
    tokenizer.initialize()
    return tokenizer


@lru_cache
def _entries() -> bytes:
    """The file of that dictionary: a word, its frequency and its tag a line."""
    with _dictionary().get_dict_file() as file:
        return b"\n" + bytes(file.read())


class Segmenter:
    """Words of Chinese text by jieba, with words of our own (units, lay words)."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        import jieba  # noqa: PLC0415

        known = _dictionary()
        self._tokenizer = jieba.Tokenizer()
        self._tokenizer.FREQ, self._tokenizer.total = dict(known.FREQ), known.total
        self._tokenizer.initialized = True
        for word in {*words, *_synonyms(), *_synonyms().values(), *_asking()}:
            if len(word) > 1:
                self._tokenizer.add_word(word)

    def cut(self, text: str) -> list[str]:
        """The words of `text`, in order."""
        return [str(word) for word in self._tokenizer.cut(text, HMM=False)]


@lru_cache
def plain_segmenter() -> Segmenter:
    """A segmenter without names of units, made once."""
    return Segmenter()


def may_name(stem: str) -> bool:
    """Whether a word may be a proper name: the dictionary has it as one, or not at all."""
    if len(list(_dictionary().cut(stem, HMM=False))) > 1:
        return True
    # A tag is looked up where it stands: a table of all of them took 1.2 s and 120 MB.
    at = _entries().rfind(f"\n{stem} ".encode())
    tag = _entries()[at : at + 99].split()[2] if at >= 0 else b"x"
    return tag.startswith((b"ns", b"nr", b"nz", b"x", b"j"))


@lru_cache
def _tagger() -> Any:
    """jieba's tagger of words, which takes a second and 120 MB to load."""
    import jieba.posseg  # noqa: PLC0415

    return jieba.posseg.POSTokenizer(_dictionary())


def names_person(text: str) -> bool:
    """Whether a word of a text is tagged as a person's name."""
    return any(word.flag == "nr" for word in _tagger().cut(text))


class QueryExpander:
    """Weights of tokens for a question.

    Args:
        units: names of organisations, kept whole by the segmenter.
        headings: texts whose words a mistyped word may be taken for.
    """

    def __init__(self, units: Iterable[str] = (), headings: Sequence[str] = ()) -> None:
        self._segmenter = Segmenter(units)
        self._sounds: dict[tuple[str, str], set[str]] | None = None
        self._english: dict[str, dict[str, tuple[str, ...]]] = {}
        self.attested: Callable[[str], bool] = lambda _word: True
        """Whether a Chinese word stands in what is searched; only such words translate English ones."""
        self._pairs = {
            t for h in headings for t in tokenize(h) if len(t) == 2 and _CHINESE.match(t)
        }

    def __call__(self, query: str) -> Mapping[str, float]:
        """The tokens of `query` and their weights, 0…1."""
        query = simplify(query)
        weights: dict[str, float] = {}
        for token in tokenize(_asking_pattern().sub(" ", query)):
            weights[token] = _ASKING if token in _asking() else 1.0
        for token in tokenize(query):
            weights.setdefault(token, _ASKING)
        for word in self.synonyms_in(query):
            _raise(weights, tokenize(word), _SYNONYM)
        for word in translate(query)[0]:
            _raise(weights, tokenize(word), _TERM)
        for words in self.english(query).values():
            for word in words:
                _raise(weights, tokenize(word), _GLOSS)
        for word in self.heard(query):
            _raise(weights, tokenize(word), _HEARD)
        return weights

    def words(self, query: str) -> list[str]:
        """The words that say what `query` is about, without those of asking."""
        cut = self._segmenter.cut(_asking_pattern().sub(" ", simplify(query)))
        return [w for w in cut if w not in _asking() and re.search(rf"[{HAN}A-Za-z0-9Ⅰ-ↈ]", w)]

    def correct(self, query: str) -> str:
        """`query` with mistyped pairs of characters put right: those that are no word, and sound
        like exactly one pair of the headings (肖防 → 消防)."""
        single = set()
        at = 0
        for word in self._segmenter.cut(query):
            if len(word) == 1:
                single.add(at)
            at += len(word)
        for place in sorted(single):
            pair = query[place : place + 2]
            if place + 1 in single and re.fullmatch(rf"[{HAN}]{{2}}", pair):
                found = [p for p in self.heard(pair) if p != pair]
                if len(found) == 1:
                    query = query[:place] + found[0] + query[place + 2 :]
        return query

    def synonyms_in(self, query: str) -> list[str]:
        """Official words for the lay words of `query`."""
        known = _synonyms()
        return [known[word] for word in self._segmenter.cut(query) if word in known]

    def english(self, query: str) -> Mapping[str, tuple[str, ...]]:
        """The English words of `query` that the glossary does not know, each with the attested Chinese
        words that a general dictionary has for it; a name that it does not have is read as Pinyin."""
        if query not in self._english:
            unknown = translate(simplify(query))[1]
            if len(self._english) > _REMEMBERED:
                self._english.clear()
            self._english[query] = self._in_chinese(unknown) if unknown else {}
        return self._english[query]

    def _in_chinese(self, unknown: Sequence[str]) -> dict[str, tuple[str, ...]]:
        from kb.bilingual import chinese_for, is_english  # noqa: PLC0415

        return {
            word: words or (() if " " in word or is_english(word) else self._named(word))
            for word, words in chinese_for(unknown, self.attested)
        }

    def _named(self, name: str) -> tuple[str, ...]:
        """The pairs of characters of the headings that a name in Pinyin may be written with."""
        from kb.bilingual import syllables  # noqa: PLC0415

        sounds = self._by_sound()
        for reading in syllables(name, self._syllables):
            pairs = [sorted(sounds.get(pair, ())) for pair in pairwise(reading)]
            if all(pairs):
                return tuple(p for found in pairs for p in found)
        return ()

    def heard(self, query: str) -> list[str]:
        """Known pairs of characters that sound like an unknown pair of `query`."""
        runs = re.findall(rf"[{HAN}]+", _asking_pattern().sub(" ", query))
        unknown = [
            pair
            for run in runs
            for pair in (run[i : i + 2] for i in range(len(run) - 1))
            if pair not in self._pairs and not (set(pair) & _asking())
        ]
        if not unknown:
            return []
        sounds = self._by_sound()
        return [p for pair in unknown for p in sorted(sounds.get(_sound(pair), ()))]

    @cached_property
    def _syllables(self) -> frozenset[str]:
        return frozenset(syllable for pair in self._by_sound() for syllable in pair)

    def _by_sound(self) -> dict[tuple[str, str], set[str]]:
        if self._sounds is None:
            self._sounds = {}
            for pair in self._pairs:
                self._sounds.setdefault(_sound(pair), set()).add(pair)
        return self._sounds


def translate(text: str) -> tuple[list[str], list[str]]:
    """English words → (Chinese words that the glossary has for them, words it does not know)."""
    rest = re.sub(r"\b(?:19|20)\d\d(?:-\d\d-\d\d)?\b", " ", text.lower())
    if not re.search(r"[a-z]{2}", rest):
        return [], []
    found: list[str] = []
    for pattern, chinese in _term_patterns():
        if pattern.search(rest):
            found.append(chinese)
            rest = pattern.sub(" ", rest)
    return list(dict.fromkeys(found)), re.findall(r"[a-z][a-z'\-]+", rest)


def _raise(weights: dict[str, float], tokens: Iterable[str], weight: float) -> None:
    for token in tokens:
        weights[token] = max(weights.get(token, 0.0), weight)


@lru_cache(maxsize=65_536)
def _sound(pair: str) -> tuple[str, str]:
    from pypinyin import lazy_pinyin  # noqa: PLC0415

    first, second = lazy_pinyin(pair[0])[0], lazy_pinyin(pair[1])[0]
    return first, second
