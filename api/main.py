"""Entry of the command `duban`. Heavy parts are imported by the command that needs them."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

# Threads that spin on busy cores turn 20 ms into a second; work is shared by processes instead.
_THREADS = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false"}


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 a problem was found or met, 2 wrong usage."""
    for name, value in _THREADS.items():
        os.environ.setdefault(name, value)
    for stream in (sys.stdout, sys.stderr):
        # A name of bytes that are no characters, a terminal that has no Chinese: shown as escapes.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    from api.cli.app import run  # noqa: PLC0415 - so that importing this module costs nothing

    given = sys.argv[1:] if arguments is None else arguments
    raise SystemExit(run(given, os.environ, Path.cwd()))


if __name__ == "__main__":
    main()
