"""A process with the jobs of a store that stops at a place of its work, to be killed there."""

from __future__ import annotations

import threading
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

from api.service.job import Order
from api.service.job_records import JobRecords
from api.service.job_work import Worker
from api.service.jobs import Jobs
from ingest.apart import Reading
from tasks.authorisation import CONSOLE
from tasks.store import Store
from tasks.visibility import Level, Visibility
from tests.api.delivery.processes import FORK
from tests.tasks.samples import NOW, PLAN

REACHED = "reached"


def _work(url: str, folder: str, place: str, known: str, told: Connection) -> None:
    def die(*_a: object, **_k: object) -> NoReturn:
        told.send(REACHED)
        while True:
            threading.Event().wait(60)

    owner, _, name = place.rpartition(".")
    setattr({"Worker": Worker, "Reading": Reading, "JobRecords": JobRecords}[owner], name, die)
    jobs = Jobs(Store.open(url), Path(folder), lambda: NOW, lambda _: 0)
    if known:
        jobs.recover()
    else:
        path = Path(folder, "sent")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(PLAN.encode())
        seen = Visibility(level=Level.INTERNAL)
        told.send(jobs.ingest(path, Order(actor=CONSOLE, name="plan.txt", seen=seen)).id)
    threading.Event().wait(60)


class Killed:
    """That process; `job` is the one it began, or the one that is `known`, which it took up."""

    def __init__(self, url: str, folder: Path, place: str, known: str = "") -> None:
        hears, told = FORK.Pipe(duplex=False)
        self._process = FORK.Process(
            target=_work, args=(url, str(folder), place, known, told), daemon=True
        )
        self._process.start()
        told.close()
        with hears:
            said = [hears.recv() for _ in range(1 if known else 2)]
        assert REACHED in said
        self.job = next((words for words in said if words != REACHED), known)

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.join()
