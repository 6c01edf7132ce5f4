"""What is printed reaches its reader, or it is told why not: terminals of every encoding, pipes whose
reader has gone, a full disk behind a redirection."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from kb.disk import disk_error

RARE = "𠮷"
"""What shows this shows everything: a name may hold it, GBK does not."""


@dataclass
class Fault:
    """How printing failed: the exit code that this makes; None: it did not."""

    code: int | None = None


def shows(text: str) -> bool:
    """Whether standard output can show a text."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeError:
        return False
    return True


@contextmanager
def printing() -> Iterator[Fault]:
    """Within it characters that the terminal cannot show are printed as escapes; what is printed is
    flushed at the end, while there is still somebody to tell that it did not go through."""
    fault = Fault()
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        yield fault
        sys.stdout.flush()
    except BrokenPipeError:  # as click does where it finds out: in silence
        fault.code = 1
        _give_up()
    except OSError as error:
        told = disk_error(error) or error
        fault.code = 1
        with suppress(OSError):
            sys.stderr.write(f"标准输出写不进去 / standard output: {told}\n")
        _give_up()


def _give_up() -> None:
    """Python would try once more at its end, and complain."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
