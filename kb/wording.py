"""What people are shown: the catalogue of each package, `wording.json` beside its code. A table of it
has words by key, each in Chinese and in English."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from kb.errors import LexiconError, both
from kb.lexicon import corpus_path

Names = tuple[str, str]
"""Chinese and English."""
Key = TypeVar("Key", bound=str)


@lru_cache
def load_wording(package: str) -> Mapping[str, Mapping[str, Names]]:
    """The tables of a package (`tasks`) by name.

    Raises:
        LexiconError: the file is missing, or is no table of words in two languages.
    """
    path = corpus_path().parent / package / "wording.json"
    try:
        return TypeAdapter(dict[str, dict[str, Names]]).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise LexiconError(
            both("文字表读不出", "cannot read the wording", error), path=path
        ) from error


def wording(package: str, table: str, keys: Iterable[Key]) -> Mapping[Key, Names]:
    """A table of a package's words for the keys that it is used for: members of an enumeration, or
    names. The table has each of them and no other.

    Raises:
        KeyError: names what it lacks or has beside them.
    """
    words, wanted = load_wording(package)[table], tuple(keys)
    if differing := words.keys() ^ set(wanted):
        raise KeyError(f"{package}/wording.json: {table}: {', '.join(sorted(differing))}")
    return MappingProxyType({key: words[key] for key in wanted})


def phrase(package: str, key: str) -> Names:
    """A word or sentence that is of no table: those of the table `phrases`."""
    return load_wording(package)["phrases"][key]


def in_both(names: Names) -> str:
    """`中文 / English`, as errors and reports have it."""
    return " / ".join(names)
