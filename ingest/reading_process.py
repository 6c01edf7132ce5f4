"""The process that reads files for another one (`ingest.apart`): `python -m ingest.reading_process PARENT`,
where PARENT is the number of the process that started it.

It reads requests from standard input (a line of JSON, then the bytes of the file) and answers each on
standard output (a line of JSON, then the facts as JSON). It ends with its parent, at the end of its
input, or once it has grown.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any, NoReturn

from ingest.limits import Budget, budget_of, end_with, given_up, memory_peak, watched
from ingest.progress import STAGE_NAMES, Stage
from ingest.recognising import Recognition, recognising
from kb.errors import DubanError, SecretError
from tasks.models import Extraction, Recognised


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
    from ingest.pipeline import extract_bytes  # noqa: PLC0415 - see `_serve`
    from ingest.readers import read_bytes  # noqa: PLC0415

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
            error = given_up(limit, budget, progress.words())
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
