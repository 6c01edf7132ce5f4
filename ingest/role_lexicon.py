"""The words that give a unit its role, from `corpus/lexicon/role_words.jsonl` and `role_cues.jsonl`."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from pydantic import model_validator

from kb.lexicon import load_lexicon
from kb.models import Fact
from tasks.models import Role


class Use(StrEnum):
    """Where a role word stands."""

    LABEL = "label"  # 责任单位: before a list
    LIST_VERB = "list-verb"  # …、…负责 after the units of a bracket
    DUTY_VERB = "duty-verb"  # the verb of a sentence whose subject is the unit
    NOUN_VERB = "noun-verb"  # the same, but a noun too: counts only after 要, 将, 共同 …
    ADVERB = "adverb"  # may stand between subject and verb
    MODAL = "modal"  # 要, 应当: an adverb that makes a duty of what follows
    JOIN = "join"  # 会同: the units after it are joint


class WordExample(Fact):
    """A text, and what must be found in it: unit name → role (empty: no owner at all)."""

    text: str
    owners: dict[str, Role | list[Role]]


class RoleWord(Fact):
    """Words (regular expressions without groups) of one use; `role` for labels and verbs."""

    use: Use
    words: tuple[str, ...]
    role: Role | None = None
    examples: tuple[WordExample, ...]

    @model_validator(mode="after")
    def _role_where_needed(self) -> RoleWord:
        needs = self.use in (Use.LABEL, Use.LIST_VERB, Use.DUTY_VERB, Use.NOUN_VERB)
        if needs != (self.role is not None):
            raise ValueError(f"{self.use} {'needs a' if needs else 'has no'} role")
        return self


class RoleCue(Fact):
    """A pattern around a group of units in running text: `before` must match at the end of what
    precedes it in the sentence, `after` at the start of what follows. No role: the units there
    bear no duty. `vague` lets it apply to 学校, 党组织 and the like, which are owners only where
    something says so."""

    cue: str
    before: str = ""
    after: str = ""
    role: Role | None = None
    vague: bool = True
    examples: tuple[WordExample, ...]


@lru_cache
def role_words() -> tuple[RoleWord, ...]:
    """All entries of `role_words.jsonl`."""
    return load_lexicon("role_words", RoleWord)


@lru_cache
def word_pattern(use: Use) -> re.Pattern[str]:
    """One pattern for all words of `use`, the longest first; `role_of` reads its matches."""
    words = enumerate(_longest_first(use))
    return re.compile("|".join(f"(?P<r{i}_{n}>{word})" for n, (word, i) in words))


@lru_cache
def presence_pattern(use: Use) -> re.Pattern[str]:
    """As `word_pattern`, for where a word stands only: ten times as quick through a long text,
    since its alternatives are no groups."""
    return re.compile("|".join(f"(?:{word})" for word, _ in _longest_first(use)))


def _longest_first(use: Use) -> list[tuple[str, int]]:
    return sorted(
        ((word, index) for index, e in enumerate(role_words()) if e.use is use for word in e.words),
        key=lambda pair: -len(pair[0]),
    )


def role_of(match: re.Match[str]) -> Role:
    """The role of the entry that a match of a label's or verb's `word_pattern` came from."""
    entry = role_words()[int(str(match.lastgroup)[1:].split("_")[0])]
    return entry.role or Role.RESPONSIBLE


@lru_cache
def role_cues() -> tuple[tuple[re.Pattern[str], re.Pattern[str], RoleCue], ...]:
    """`role_cues.jsonl` compiled: (what stands before, what stands after, the entry)."""
    return tuple(
        (re.compile(f"(?:{cue.before})$"), re.compile(cue.after), cue)
        for cue in load_lexicon("role_cues", RoleCue)
    )
