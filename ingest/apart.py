"""Reading files in a process of its own, so that it can be stopped and held to a budget: a thread
cannot be told to end, and some files are made to be read for ever. What goes wrong there leaves
the caller's process as it was.

The process is `python -m ingest.apart PARENT`, where PARENT is the number of the process that
started it. It reads requests from standard input (a line of JSON, then the bytes of the file) and
answers each on standard output (a line of JSON, then the facts as JSON). It ends with its parent,
at the end of its input, or once it has grown.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Lock, Timer
from typing import IO, TYPE_CHECKING, Any, NoReturn, Self

from ingest.files import load_file
from ingest.progress import STAGE_NAMES, Stage
from ingest.recognising import MOST_PAGES
from kb.errors import DubanError, SecretError, SourceError
from tasks.models import Extraction, Recognised

if TYPE_CHECKING:
    from ingest.limits import Budget

PATIENCE = 2 * 3600.0
"""Seconds that a file may take by the clock, whatever it takes of the processor."""
_ROOT = Path(__file__).resolve().parents[1]
_PROCESS = ("-P", "-m", "ingest.apart")
_HINT = "拆成几个文件再导入 / cut it into several files"


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
            from ingest.limits import budget_of  # noqa: PLC0415 - Unix only

            raise _given_up("time", budget_of(len(data)), None)
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


def _given_up(limit: str, budget: Budget, stage: tuple[str, str] | None) -> SourceError:
    """The error of a file that took too much of `limit` (`time` or `memory`)."""
    from ingest.limits import MB  # noqa: PLC0415 - Unix only; the caller needs none of it

    most = {
        "time": (f"处理器时间 {budget.seconds:.1f} 秒", f"{budget.seconds:.1f} s of the processor"),
        "memory": (f"内存 {budget.memory // MB} MB", f"{budget.memory // MB} MB of memory"),
    }[limit]
    at = stage or ("读取", "reading")  # it was ended before it could say more
    return SourceError(
        f"这份文件读起来超过上限 ({most[0]}), 已放弃, 停在: {at[0]}"
        f" / reading it takes more than the limit ({most[1]}); given up while {at[1]}",
        hint=_HINT,
    )


def _surroundings() -> dict[str, str]:
    """Our own packages are found wherever this process was started."""
    paths = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(p for p in paths if p)}


# ---- the process


class _Progress:
    """Where the reading is."""

    def __init__(self) -> None:
        self._at: tuple[Stage, int, int] | None = None

    def tell(self, stage: Stage, done: int, total: int) -> None:
        self._at = stage, done, total

    def words(self) -> tuple[str, str] | None:
        if self._at is None:
            return None
        stage, done, total = self._at
        chinese, english = STAGE_NAMES[stage]
        if not total:
            return chinese, english
        part = "页" if stage is Stage.RECOGNISING else "条"
        return f"{chinese}, 第 {done + 1}/{total} {part}", f"{english}, {done + 1} of {total}"


def _answer(out: int, outcome: str, told: Sequence[bytes] = (), *, last: bool, **more: str) -> None:
    size = sum(map(len, told))
    head = json.dumps({"outcome": outcome, "size": size, "last": last, **more}) + "\n"
    with open(out, "wb", closefd=False) as pipe:
        pipe.write(head.encode())
        pipe.writelines(told)


def _requests(source: IO[bytes]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The files to read, in order. Its end is the parent's, whatever is being done then."""
    from queue import SimpleQueue  # noqa: PLC0415 - the caller needs none of it
    from threading import Thread  # noqa: PLC0415

    waiting: SimpleQueue[tuple[dict[str, Any], bytes]] = SimpleQueue()

    def listen() -> None:
        while head := source.readline():
            request = json.loads(head)
            data = source.read(request["size"])
            if len(data) < request["size"]:
                break
            waiting.put((request, data))
        os._exit(0)

    Thread(target=listen, daemon=True).start()
    while True:
        yield waiting.get()


def main(arguments: list[str]) -> NoReturn:
    """The process that `arguments[0]` started."""
    code = 1
    try:
        _serve(int(arguments[0]))
        code = 0
    except Exception:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        # At once: the thread that listens holds standard input, which an orderly end waits for.
        os._exit(code)


def _read(
    data: bytes, asked: dict[str, Any], progress: _Progress, allow: Callable[[int], None]
) -> tuple[str, list[bytes], dict[str, str]]:
    """The outcome, the facts as JSON, in parts (none where it was only looked at), or why there are
    none; nothing else is kept of it."""
    from ingest.pipeline import extract_bytes  # noqa: PLC0415 - the caller needs none of it
    from ingest.readers import read_bytes  # noqa: PLC0415
    from ingest.recognising import Recognition, recognising  # noqa: PLC0415

    stored = Recognised.model_validate(asked["recognised"]) if asked["recognised"] else None
    keep = Path(asked["keep"]) if asked["keep"] else None
    how = Recognition(keep=keep, most=asked["most"], allow=allow, glance=asked["look"])
    try:
        with recognising(how):
            if asked["look"]:
                read_bytes(data, asked["name"])
                return "read", [], {}
            found = extract_bytes(data, asked["name"], progress.tell, recognised=stored)
    except DubanError as error:
        outcome = "secret" if isinstance(error, SecretError) else "refused"
        return outcome, [], {"message": error.message, "hint": error.hint}
    return "read", [*_as_json(found)], {}


def _as_json(found: Extraction) -> Iterator[bytes]:
    """What the model's own JSON is, fact by fact: in one piece it takes up to three times its
    length while it is made."""
    opening = b"{"
    for name in Extraction.model_fields:
        yield opening + json.dumps(name).encode() + b":"
        opening = b","
        value = getattr(found, name)
        if value is None:
            yield b"null"
            continue
        if not isinstance(value, tuple):
            yield value.__pydantic_serializer__.to_json(value)
            continue
        before = b"["
        for fact in value:
            yield before + fact.__pydantic_serializer__.to_json(fact)
            before = b","
        yield b"]" if value else b"[]"
    yield b"}"


def _serve(parent: int) -> None:
    from ingest.limits import budget_of, end_with, memory_peak, watched  # noqa: PLC0415

    end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, who ends this one
    out = os.dup(1)
    os.dup2(2, 1)  # nothing but answers is written there
    requests = _requests(sys.stdin.buffer)

    import ingest.pipeline  # noqa: F401, PLC0415 - its import is not the first file's cost

    grown = memory_peak() + 50_000_000
    for asked, data in requests:
        progress = _Progress()

        def exceeded(limit: str, budget: Budget, progress: _Progress = progress) -> NoReturn:
            error = _given_up(limit, budget, progress.words())
            _answer(out, "given-up", last=True, message=error.message, hint=error.hint)
            os._exit(0)

        with watched(budget_of(len(data)), exceeded) as watch:
            try:
                outcome, told, refused = _read(data, asked, progress, watch.allow_pages)
            except MemoryError:
                exceeded("memory", watch.budget)
        last = memory_peak() > grown  # what one file took is not the next one's
        _answer(out, outcome, told, last=last, **refused)
        if last:
            return


if __name__ == "__main__":
    main(sys.argv[1:])
