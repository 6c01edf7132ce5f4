"""Reading a file in a process of its own, so that it can be stopped: a scanned volume takes minutes,
and a thread cannot be told to end. What goes wrong there leaves the caller's process as it was.

The process is `python -m ingest.apart FILE NAME`: it writes the facts to standard output as JSON, or
with exit code 3 the error.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Lock

from kb.errors import DubanError, SourceError
from tasks.models import Extraction

PATIENCE = 2 * 3600.0
"""Seconds that a file may take: a scanned volume of a thousand pages takes an hour or more."""
_REFUSED = 3
_ROOT = Path(__file__).resolve().parents[1]


class StoppedError(DubanError):
    """The reading was stopped before its end."""


class ReaderFailedError(Exception):
    """The process ended without a word of ours: a fault of the reader, or it was killed."""


class Reading:
    """One file being read. `stop` may be called from any thread, before or while it is read.

    Args:
        path: where the bytes are.
        name: what the file is called; its suffix says how it is read.
        patience: seconds after which it is given up.
    """

    def __init__(self, path: Path, name: str, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._command = [sys.executable, "-P", "-m", "ingest.apart", str(path), name]
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._lock = Lock()

    def extract(self) -> Extraction:
        """Read the file to its end; call it once.

        Raises:
            SourceError: as `pipeline.extract_bytes`, or it took too long.
            StoppedError: `stop` was called.
            ReaderFailedError: the process ended otherwise; holds what it printed on standard error.
        """
        with self._lock:
            if self._stopped:
                raise _stopped()
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, env=_surroundings(),
            )  # fmt: skip
        try:
            told, complained = self._process.communicate(timeout=self._patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            if self._stopped:
                raise _stopped() from None
            raise self._too_long() from None
        if self._stopped:
            raise _stopped()
        if self._process.returncode == _REFUSED:
            error = json.loads(told)
            raise SourceError(error["message"], hint=error["hint"])
        if self._process.returncode != 0:
            words = complained.decode("utf-8", "replace")[-2000:]
            raise ReaderFailedError(f"exit code {self._process.returncode}: {words}")
        return Extraction.model_validate_json(told)

    def _too_long(self) -> SourceError:
        minutes = f"{self._patience / 60:.3g}"
        return SourceError(
            f"读了 {minutes} 分钟还没读完, 已停止 / not read within {minutes} minutes, given up",
            hint="拆成几个文件, 或加长 DUBAN_READ_SECONDS"
            " / cut it into several files, or set DUBAN_READ_SECONDS higher",
        )

    def stop(self) -> None:
        """End it; nothing where it has ended."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.kill()


def _stopped() -> StoppedError:
    return StoppedError("已停止读取 / the reading was stopped")


def _surroundings() -> dict[str, str]:
    """Our own packages are found wherever this process was started."""
    paths = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(p for p in paths if p)}


def main(arguments: list[str]) -> int:
    """The process: reads the file `arguments[0]`, called `arguments[1]`; gives the exit code."""
    from ingest.pipeline import extract_bytes  # noqa: PLC0415 - the caller needs none of it

    path, name = arguments
    try:
        found = extract_bytes(Path(path).read_bytes(), name)
    except DubanError as error:
        told, code = json.dumps({"message": error.message, "hint": error.hint}), _REFUSED
    else:
        told, code = found.model_dump_json(), 0
    sys.stdout.buffer.write(told.encode())
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
