"""Files written whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from kb.errors import DubanError


def replace_file(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Write a file beside its place and move it there, so that it is there whole or as before,
    also after a power cut. `mode` are its permissions, by default those of the process. A link is
    followed; a device or a pipe is written to, never replaced.

    Raises:
        OSError: it cannot be written; what was there before still is.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        with path.open("wb", buffering=0) as out:
            written = 0
            while written < len(data):
                written += out.write(data[written:]) or 0
        return
    beside = path.with_name(f".duban-{secrets.token_hex(8)}.tmp")
    try:
        with beside.open("xb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        if mode is not None:
            beside.chmod(mode)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    entries = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(entries)
    finally:
        os.close(entries)


def write_whole(target: Path, data: bytes) -> None:
    """`replace_file` for a command: what goes wrong is told with the file's name.

    Raises:
        DubanError: it cannot be written; what was there before still is.
    """
    try:
        replace_file(target, data)
    except OSError as error:
        raise DubanError(f"写不了 / cannot be written: {error.strerror}", path=target) from error
