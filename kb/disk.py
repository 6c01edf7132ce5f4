"""What the disk has to do with an error: full, mounted read-only, closed to us, or a path that is not
what it should be. Told with what to do, whichever library met it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from kb.errors import DiskError
from kb.wording import in_both, wording

_KINDS = ("full", "read_only", "denied", "shape")
_SAID = wording("kb", "disk_faults", _KINDS)
_REMEDIES = wording("kb", "disk_remedies", _KINDS)
_FULL, _READ_ONLY, _DENIED, _SHAPE = ((in_both(_SAID[k]), in_both(_REMEDIES[k])) for k in _KINDS)
_BY_NUMBER = {
    errno.ENOSPC: _FULL, errno.EDQUOT: _FULL, errno.EFBIG: _FULL, errno.EROFS: _READ_ONLY,
    errno.EACCES: _DENIED, errno.EPERM: _DENIED, errno.ENOTDIR: _SHAPE, errno.EISDIR: _SHAPE,
    errno.EEXIST: _SHAPE,
}  # fmt: skip
_BY_WORDS = (
    ("no space left on device", _FULL),
    ("disk is full", _FULL),  # SQLite
    ("disk quota exceeded", _FULL),
    ("file too large", _FULL),
    ("read-only file system", _READ_ONLY),
    ("permission denied", _DENIED),
    ("not a directory", _SHAPE),
    ("is a directory", _SHAPE),
)
"""What libraries that are not Python (Chroma, safetensors) say of the same errors."""
_ROOM = 1 << 20
"""Bytes: with less left a database cannot keep its journal, and says whatever it stumbled over."""


def disk_fault(error: BaseException, path: Path | str | None = None) -> tuple[str, str] | None:
    """What the disk has to do with an error, and what to do, each in Chinese, ` / `, English; None
    where it has nothing to do with it.

    Args:
        error: what was raised; what it came from is looked at too.
        path: where it happened: a library that only says that something failed is asked no
            further, the disk is.
    """
    for one in _chain(error):
        if isinstance(one, OSError) and one.errno in _BY_NUMBER:
            return _BY_NUMBER[one.errno]
        said = str(one).lower()
        for words, fault in _BY_WORDS:
            if words in said:
                return fault
    return _state_of_disk(Path(path)) if path is not None else None


def is_full(error: BaseException, path: Path | str | None = None) -> bool:
    """Whether an error comes of a full disk; arguments as in `disk_fault`."""
    return disk_fault(error, path) == _FULL


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__


def _state_of_disk(path: Path) -> tuple[str, str] | None:
    place = next((p for p in (path, *path.parents) if p.exists()), None)
    if place is None:
        return None
    if place != path and not place.is_dir():
        return _SHAPE
    found = os.statvfs(place)
    if found.f_flag & os.ST_RDONLY:
        return _READ_ONLY
    return _FULL if found.f_bavail * found.f_frsize < _ROOM else None


def disk_error(error: BaseException, path: Path | str | None = None) -> DiskError | None:
    """The error of ours for one that the disk made; None where it did not."""
    if isinstance(error, OSError) and isinstance(error.filename, (str, os.PathLike)):
        path = str(error.filename)
    fault = disk_fault(error, path)
    return DiskError(fault[0], hint=fault[1], path=path) if fault else None
