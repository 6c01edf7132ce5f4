"""A real `duban serve` in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

import httpx
from argon2 import PasswordHasher

from api.main import main
from tasks import access
from tests.api.delivery.processes import FORK

ROOT = Path(__file__).resolve().parents[3]
QUICKLY = "TESTS_HASH_QUICKLY"
"""Set for a forked service in which many passwords are tried: they are hashed in no time."""


def environ_of(home: Path, **more: str) -> dict[str, str]:
    """The surroundings of a process whose store is in `home`, without settings of our own."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("DUBAN_") or k == "DUBAN_CACHE"}
    threads = {
        "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "PASSIVE",
        "TOKENIZERS_PARALLELISM": "false",
    }
    return ours | threads | {"DUBAN_HOME": str(home), "PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1"} | more  # fmt: skip


def _as_a_shell_would(environ: dict[str, str], out: int, log: str) -> None:
    """Give this process its surroundings and its output."""
    os.dup2(out, 1)
    with Path(log).open("ab") as file:
        os.dup2(file.fileno(), 2)
    sys.stdout, sys.stderr = (os.fdopen(n, "w", 1, encoding="utf-8", closefd=False) for n in (1, 2))
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(ROOT)


def _serve(arguments: list[str], environ: dict[str, str], out: Connection, log: str) -> None:
    """The command, in a process that has imported the most of it."""
    _as_a_shell_would(environ, out.fileno(), log)
    if environ.get(QUICKLY):
        access._USUAL = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    main(arguments)


def _run(what: Callable[..., object], arguments: tuple[Any, ...], environ: dict[str, str], out: str, log: str) -> None:  # fmt: skip
    with Path(out).open("ab") as file:
        _as_a_shell_would(environ, file.fileno(), log)
    raise SystemExit(what(*arguments))


def forked(environ: dict[str, str], what: Callable[..., object], *arguments: Any) -> subprocess.CompletedProcess[str]:  # fmt: skip
    """A function that gives (or ends with) an exit code, to its end in a process that has imported
    what it needs: where how a process starts is not what a test is about."""
    with tempfile.TemporaryDirectory() as folder:
        out, log = Path(folder, "out"), Path(folder, "log")
        given = (what, arguments, environ, str(out), str(log))
        process = FORK.Process(target=_run, args=given)
        process.start()
        process.join(300)
        assert process.exitcode is not None
        said = [path.read_text("utf-8", "backslashreplace") for path in (out, log)]
    return subprocess.CompletedProcess(arguments, process.exitcode, *said)


class Forked:
    """The same, forked from a process that has imported what it needs, so that it starts at once.
    As much of `Popen` as is asked for here."""

    def __init__(self, arguments: list[str], environ: dict[str, str], log: Path) -> None:
        reads, writes = os.pipe()
        out = Connection(writes, readable=False)
        self._process = FORK.Process(target=_serve, args=(arguments, environ, out, str(log)))
        self._process.start()
        out.close()
        self.stdout = os.fdopen(reads, encoding="utf-8")
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self, timeout: float) -> int:
        self._process.join(timeout)
        assert self._process.exitcode is not None
        return self._process.exitcode


@dataclass
class Serving:
    """`duban serve` on a free port; a context manager. `said` is what it printed; with `forked` it
    starts at once, where how it is started is not what a test is about."""

    home: Path
    options: tuple[str, ...] = ("--no-schedule", "--no-warm")
    surroundings: dict[str, str] = field(default_factory=dict)
    forked: bool = False
    said: str = ""
    address: str = ""
    seconds: float = 0.0
    _reader: threading.Thread | None = None

    def __enter__(self) -> Self:
        began = time.perf_counter()
        self._log = (self.home / "serve.log").open("ab")
        arguments = ["serve", "--port", "0", *self.options]
        environ = environ_of(self.home, **self.surroundings)
        self.process: subprocess.Popen[str] | Forked
        if self.forked:
            self.process = Forked(arguments, environ, self.home / "serve.log")
        else:
            self.process = subprocess.Popen(
                [sys.executable, "-u", "-m", "api.main", *arguments],
                cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=self._log, text=True,
            )  # fmt: skip
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if found := re.search(r"http://[^\s]+:\d+", line):
                self.address = found.group()
                break
        else:
            self.stop()
            raise AssertionError(self.log)
        # The pipe is read on, or a full one would stop the process.
        self._reader = threading.Thread(target=self.process.stdout.read)
        self._reader.start()
        while True:
            try:
                if httpx.get(f"{self.address}/readyz", timeout=60).status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.02)
        self.seconds = time.perf_counter() - began
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def log(self) -> str:
        """What it wrote on standard error."""
        return (self.home / "serve.log").read_text(encoding="utf-8", errors="replace")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; gives the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        if self._reader is not None:
            self._reader.join()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._log.close()
        return code

    def wait_for_assistant(self, seconds: float = 120) -> float:
        """Until the models and the index are loaded; gives the seconds that took."""
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            if httpx.get(f"{self.address}/readyz", timeout=60).json()["assistant"] == "ready":
                return time.perf_counter() - began
            time.sleep(0.05)
        raise AssertionError(self.log)
