"""The one tree of errors. What a person sees names the file, the place and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kb.printable import printable


def both(chinese: str, english: str, detail: object) -> str:
    """`中文: detail / English: detail`: whoever reads one side only must see the detail too."""
    told = str(detail).replace(" / ", "/")
    return f"{chinese}: {told} / {english}: {told}"


def joined(message: str, detail: str) -> str:
    """A message in both languages with what belongs to it: each side gets its side of the detail,
    or the whole where it has no sides."""
    (zh, _, en), (zh_more, sides, en_more) = message.partition(" / "), detail.partition(" / ")
    return f"{zh}: {zh_more} / {en}: {en_more if sides else zh_more}"


class DubanError(Exception):
    """Base of every error that duban raises on purpose.

    Args:
        message: what happened, in Chinese, then " / " and the same in English.
        hint: what the person can do about it, in the same two languages.
        path: the file concerned, where there is one.
    """

    def __init__(self, message: str, *, hint: str = "", path: Path | str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.path = printable(str(path)) if path is not None else None

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}{self.message}{hint}"


class SourceError(DubanError):
    """A source file cannot be read: empty, binary, of a wrong encoding, unsupported, too large."""


class SecretError(SourceError):
    """A source file is marked as secret, or was erased: nothing of it may be kept."""


class LexiconError(DubanError):
    """A line of corpus/lexicon is not what its file promises; names the file and the line."""


class ProvenanceError(DubanError):
    """A fact does not quote its source: `text[start:end] != quote`."""


class DiskError(DubanError):
    """The disk is full or mounted read-only, or a path is not what it should be; names it."""


class StoreError(DubanError):
    """The store cannot be opened, is corrupt, read-only or of another version."""


class NotFoundError(DubanError):
    """Nothing has the id or the words that were asked for."""


class ModelError(DubanError):
    """An embedding model is missing, damaged or not the one that an index was made with."""


@contextmanager
def opening(chinese: str, english: str, hint: str) -> Iterator[None]:
    """What a library raises when it opens a model's files, as ours.

    Raises:
        ModelError: the files are missing or not what they should be.
    """
    try:
        yield
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(both(chinese, english, error), hint=hint) from error


class IndexStateError(DubanError):
    """The index is missing, out of step with the store, or held by another process."""


class IndexDamagedError(IndexStateError):
    """The files of the index cannot be read; it can be made anew from the store."""


class IndexDiskError(IndexStateError):
    """The disk does not let the index be written or read; names what is the matter with it."""


class IndexBusyError(IndexStateError):
    """Another process writes the index."""


class TransitionError(DubanError):
    """A milestone cannot take a step: its state, a missing field or a date forbids it."""


class DeniedError(DubanError):
    """The person may not do this; the message says why."""


class ConflictError(DubanError):
    """Something with this name is there already, or changed in the meantime."""
