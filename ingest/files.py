"""Files as bytes, before anything knows what they are."""

from __future__ import annotations

from pathlib import Path

from kb.errors import SourceError

LIMIT = 64 * 1024 * 1024
"""Largest file that is read, in bytes."""


def load_file(path: Path, *, limit: int = LIMIT) -> bytes:
    """The bytes of the file at `path`.

    Raises:
        SourceError: it cannot be opened or is too large; names the file.
    """
    try:
        size = path.stat().st_size
        if size > limit:
            raise SourceError(
                f"文件有 {size} 字节, 超过上限 {limit} / {size} bytes is over the limit of {limit}",
                hint="请拆分后再导入 / split it and try again",
                path=path,
            )
        return path.read_bytes()
    except FileNotFoundError as error:
        raise SourceError("没有这个文件 / no such file", path=path) from error
    except OSError as error:
        raise SourceError(
            f"打不开文件 / cannot open the file: {error.strerror}", path=path
        ) from error
