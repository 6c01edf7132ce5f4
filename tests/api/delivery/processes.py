"""Processes of their own that run duban, to be killed at any moment.

They are forked from a server process that has imported what they need, so that each starts at once.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from datetime import datetime
from multiprocessing.context import ForkServerProcess
from pathlib import Path

FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload([
    "tests.api.delivery.processes", "tests.api.service.killed", "tests.api.service.process", "api.cli.app",
    "api.cli.deliveries", "api.service.server", "tasks.digest.word", "tasks.digest.page",
    "chromadb", "llama_index.vector_stores.chroma",  # seconds of each process that writes an index
    "tests.api.service.loaded",
])  # fmt: skip


def _run(arguments: list[str], environ: dict[str, str], folder: str) -> None:
    from api.cli.app import run

    with Path(folder, f"{os.getpid()}.out").open("w") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
        raise SystemExit(run(arguments, environ, Path(folder)))


def _schedule(environ: dict[str, str], folder: str, now: str) -> None:
    from api.delivery.settings import read_delivery_settings
    from api.scheduler import DigestScheduler
    from api.settings import read_settings

    settings = read_settings(environ, Path(folder))
    scheduler = DigestScheduler(
        settings, read_delivery_settings(environ), poll=0.05,
        clock=lambda: datetime.fromisoformat(now),
        sent=lambda week, found: Path(folder, f"sent.{os.getpid()}").write_text(f"{week} {len(found)}"),
    )  # fmt: skip
    with scheduler:
        while True:
            if scheduler.leads:
                Path(folder, f"leads.{os.getpid()}").touch()
            time.sleep(0.01)


def duban(arguments: list[str], environ: dict[str, str], folder: Path) -> ForkServerProcess:
    """A started process that runs a command line."""
    process = FORK.Process(target=_run, args=(arguments, environ, str(folder)), daemon=True)
    process.start()
    return process


def scheduler(environ: dict[str, str], folder: Path, now: str) -> ForkServerProcess:
    """A started process with the weekly schedule, for which it is always `now`."""
    process = FORK.Process(target=_schedule, args=(environ, str(folder), now), daemon=True)
    process.start()
    return process


def kill(process: ForkServerProcess) -> None:
    """kill -9."""
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(10)
    assert process.exitcode == -signal.SIGKILL


def wait_for(what: Callable[[], object], seconds: float = 20.0) -> None:
    """Until it is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to it"
        time.sleep(0.005)
