"""Several commands in one process, also where a file system is mounted for them alone."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from api.cli.app import run

NOT_HERE = 77
"""The exit code where nothing can be mounted."""
_OWN_MOUNTS = 0x20000  # CLONE_NEWNS
_TOLD_NOBODY = 0x4000 | 0x40000  # MS_REC | MS_PRIVATE


def several(commands: Sequence[tuple[int, str]]) -> None:
    """Run them, what they print ended by `<end>`; words are parted by single spaces. `rm` removes a
    file at `PLACE`. It ends with the first whose exit code is not the one before it."""
    for code, line in commands:
        words = line.split(" ")
        if words[0] == "rm":
            (Path(os.environ["PLACE"]) / words[1]).unlink()
        elif run(words, os.environ, Path.cwd()) != code:
            sys.exit(f"another exit code: {words}")
        print("\n<end>", flush=True)


def mount(options: str, script: str, commands: Sequence[tuple[int, str]]) -> int:
    """Mount a file system at `PLACE` for this process alone and run a script there, then the
    commands, where it went well; gives the script's exit code."""
    system = ctypes.CDLL(None)
    if system.unshare(_OWN_MOUNTS) or system.mount(b"none", b"/", None, _TOLD_NOBODY, None):
        return NOT_HERE
    whole = f'mount -t tmpfs {options} tmpfs "$PLACE" || exit {NOT_HERE}; {script}'
    done = subprocess.run(["/bin/sh", "-c", whole], check=False)
    if not done.returncode:
        several(commands)
    return done.returncode
