"""What people fill in, checked before it is stored: words, numbers, fields of a fact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from kb.errors import DubanError

_Model = TypeVar("_Model", bound=BaseModel)
LONGEST_NAME = 120
"""Characters of the name of an occasion, as the store keeps it."""
LONGEST_UNIT = 200
"""Characters of a unit's name, as the store keeps it."""


class FieldError(DubanError):
    """A field that a person filled in cannot be used; the message names the field."""


def read_fields(model: type[_Model], values: Mapping[str, Any]) -> _Model:
    """A fact from its fields by name.

    Raises:
        FieldError: a field is unknown, missing or of the wrong kind; the first such one is named.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or model.__name__
        given = "" if first["type"] == "missing" else f" ({first['input']!r})"
        raise FieldError(
            f"字段 {name} 不可用{given} / field {name} cannot be used{given}: {first['msg']}"
        ) from error


def check_words(zh: str, en: str, printed: str, *, longest: int | None = None) -> str:
    """Words that a database can keep, without white space around them.

    Args:
        zh: what they are, in Chinese.
        en: the same in English.
        printed: the words.
        longest: how many characters there may be.

    Raises:
        FieldError: they hold NUL or half a character, which no database keeps, or are too long.
    """
    words = printed.strip()
    if "\x00" in words or any("\ud800" <= c <= "\udfff" for c in words):
        raise FieldError(f"{zh}里有不能保存的字符 / the {en} holds characters that cannot be kept")
    if longest is not None and len(words) > longest:
        raise FieldError(
            f"{zh}有 {len(words)} 字, 最多 {longest} / the {en} has {len(words)} characters, "
            f"{longest} at most"
        )
    return words
