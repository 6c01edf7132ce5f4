"""Reading files in a process of its own, so that it can be stopped and held to a budget: a thread
cannot be told to end, and some files are made to be read for ever. What goes wrong there leaves
the caller's process as it was. That process is `ingest.reading_process`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import Lock, Timer
from typing import IO, Any, Self

from ingest.files import load_file
from ingest.recognising import MOST_PAGES
from kb.errors import DubanError, SecretError, SourceError
from tasks.models import Extraction, Recognised

PATIENCE = 2 * 3600.0
"""Seconds that a file may take by the clock, whatever it takes of the processor."""
_ROOT = Path(__file__).resolve().parents[1]
_PROCESS = ("-P", "-m", "ingest.reading_process")


class StoppedError(DubanError):
    """The reading was stopped before its end."""


class ReaderFailedError(Exception):
    """The process ended without a word of ours: a fault of the reader, or it was killed."""


class Reader:
    """Reads files one after another in one process, which is started where there is none.
    `stop` may be called from any thread; the rest only from one.

    Args:
        patience: seconds by the clock after which a file is given up.
        most, keep: as `ingest.recognising.Recognition` has them.
    """

    def __init__(
        self, patience: float = PATIENCE, *, most: int = MOST_PAGES, keep: Path | None = None
    ) -> None:
        self._patience, self._most, self._keep = patience, most, keep
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints: IO[bytes] | None = None
        self._stopped = self._overdue = False
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the process, where it does not run: what follows may be done meanwhile.

        Raises:
            StoppedError: `stop` was called.
        """
        with self._lock:
            if self._stopped:
                raise _stopped()
            if self._process is None:
                self._overdue = False
                self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
                self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                    [sys.executable, *_PROCESS, str(os.getpid())],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints,
                    env=_surroundings(),
                )  # fmt: skip

    def extract(self, data: bytes, name: str, recognised: Recognised | None = None) -> Extraction:
        """Read one file.

        Args:
            data: its bytes.
            name: what it is called; its suffix says how it is read.
            recognised: what a model read in its pictures when it was brought.

        Raises:
            SourceError: as `pipeline.extract_bytes`, or it took too much time or memory.
            StoppedError: `stop` was called.
            ReaderFailedError: the process ended otherwise; holds what it printed on standard error.
        """
        told = self._read(data, name, self._asked(recognised, look=False))
        return Extraction.model_validate_json(told)

    def look(self, data: bytes, name: str) -> None:
        """Read the text of a file only, of one of pictures that of its first page, to see whether it
        may be kept; raises as `extract`."""
        self._read(data, name, self._asked(None, look=True))

    def _asked(self, recognised: Recognised | None, *, look: bool) -> dict[str, Any]:
        return {
            "recognised": recognised.model_dump() if recognised else None,
            "keep": str(self._keep) if self._keep else None,
            "most": self._most,
            "look": look,
        }

    def _read(self, data: bytes, name: str, more: dict[str, Any]) -> bytes:
        self.start()
        timer = Timer(self._patience, self._expire)
        timer.daemon = True
        timer.start()
        answer: dict[str, Any] | None = None
        try:
            answer, told = self._ask(data, name, more)
        finally:
            timer.cancel()
            if answer is None or answer["last"]:
                self.close()
        if answer["outcome"] == "read":
            return told
        kind = SecretError if answer["outcome"] == "secret" else SourceError
        raise kind(answer["message"], hint=answer["hint"], path=name)

    def _ask(self, data: bytes, name: str, more: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise _stopped()
        with contextlib.suppress(BrokenPipeError):  # it has ended: why is seen below
            asked = {"name": name, "size": len(data)} | more
            process.stdin.write(json.dumps(asked).encode() + b"\n")
            process.stdin.write(data)
            process.stdin.flush()
        head = process.stdout.readline()
        if head.endswith(b"\n"):
            answer: dict[str, Any] = json.loads(head)
            told = process.stdout.read(answer["size"])
            if len(told) == answer["size"]:
                return answer, told
        code = process.wait()
        if self._stopped:
            raise _stopped()
        if self._overdue:
            raise self._too_long()
        if code == -signal.SIGXCPU:
            from ingest.limits import budget_of, given_up  # noqa: PLC0415 - Unix only

            raise given_up("time", budget_of(len(data)), None)
        raise ReaderFailedError(f"exit code {code}: {self._complained()}")

    def _expire(self) -> None:
        with self._lock:
            self._overdue = True
            if self._process is not None:
                self._process.kill()

    def _complained(self) -> str:
        if self._complaints is None:
            return ""
        self._complaints.seek(0)
        return self._complaints.read().decode("utf-8", "replace")[-2000:]

    def _too_long(self) -> SourceError:
        minutes = f"{self._patience / 60:.3g}"
        return SourceError(
            f"读了 {minutes} 分钟还没读完, 已停止 / not read within {minutes} minutes, given up",
            hint="拆成几个文件, 或加长 DUBAN_READ_SECONDS"
            " / cut it into several files, or set DUBAN_READ_SECONDS higher",
        )

    def stop(self) -> None:
        """End the process and read nothing more; nothing where it has ended."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.kill()

    def close(self) -> None:
        """End the process; another is started for a further file."""
        with self._lock:
            process, self._process = self._process, None
            complaints, self._complaints = self._complaints, None
        if process is not None:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    if pipe is not None:
                        pipe.close()
            process.wait()
        if complaints is not None:
            complaints.close()


class Reading:
    """One file being read. `stop` may be called from any thread, before or while it is read.

    Args:
        path: where the bytes are.
        name: what the file is called; its suffix says how it is read.
        patience, most, keep: as `Reader` has them.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        patience: float = PATIENCE,
        *,
        most: int = MOST_PAGES,
        keep: Path | None = None,
    ) -> None:
        self._path, self._name = path, name
        self._reader = Reader(patience, most=most, keep=keep)

    def extract(self, recognised: Recognised | None = None) -> Extraction:
        """Read the file to its end; as `Reader.extract`."""
        with self._reader as reader:
            reader.start()
            return reader.extract(load_file(self._path), self._name, recognised)

    def look(self) -> None:
        """Read its text only, to see whether it may be kept; raises as `Reader.extract`."""
        with self._reader as reader:
            reader.start()
            reader.look(load_file(self._path), self._name)

    def stop(self) -> None:
        """End it; nothing where it has ended."""
        self._reader.stop()


def _stopped() -> StoppedError:
    return StoppedError("已停止读取 / the reading was stopped")


def _surroundings() -> dict[str, str]:
    """Our own packages are found wherever this process was started."""
    paths = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(p for p in paths if p)}
