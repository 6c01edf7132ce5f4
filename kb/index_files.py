"""The files of an index as they were when it was last closed, so that an altered one is noticed.

Chroma writes its own files anew whenever it is opened (its SQLite file always, small HNSW graphs as
well), so digests are taken after it is closed and compared before it is opened again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from kb.models import Fact

_NAME = "files.json"
_KEPT = ("chroma", "snapshot-*")
"""What of the index's folder is compared."""
UNCLOSED = "（未正常关闭） / (not closed)"
"""Stands for all files where a process ended before it could say what they are."""


class _Closed(Fact):
    """Digests by the path inside the folder; `open` while a process has it."""

    files: dict[str, str]
    open: bool = False


class IndexFiles:
    """The files in one index's folder. All is called by the process that owns the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._note = folder / _NAME

    def altered(self) -> tuple[str, ...]:
        """Files that are not as they were when the index was closed: changed, gone or added."""
        now = self._digests()
        try:
            note = _Closed.model_validate_json(self._note.read_bytes())
        except (OSError, ValueError):
            return (UNCLOSED,) if now else ()
        if note.open:
            return (UNCLOSED,)
        return tuple(
            sorted(k for k in now.keys() | note.files.keys() if now.get(k) != note.files.get(k))
        )

    def opened(self) -> None:
        """From here on the files change."""
        self._write(_Closed(files={}, open=True))

    def closed(self) -> None:
        """They will not change any more."""
        self._write(_Closed(files=self._digests()))

    def remove(self) -> None:
        """Remove them all: an index is made anew from the store."""
        for pattern in _KEPT:
            for path in self._folder.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        self._note.unlink(missing_ok=True)

    def _digests(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for pattern in _KEPT:
            for top in self._folder.glob(pattern):
                for path in sorted(p for p in top.rglob("*") if p.is_file()):
                    with path.open("rb") as file:
                        digest = hashlib.file_digest(file, "sha256").hexdigest()
                    found[str(path.relative_to(self._folder))] = digest
        return found

    def _write(self, note: _Closed) -> None:
        draft = self._note.with_suffix(".tmp")
        draft.write_text(json.dumps(note.model_dump(), indent=1), encoding="utf-8")
        draft.replace(self._note)
