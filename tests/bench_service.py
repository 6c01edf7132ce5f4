"""The part of `make bench` about the service: requests a second and times, against a real process.

The yardstick of asking is a bare FastAPI route that embeds the same question with the same model in
the same kind of process.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from pydantic import BaseModel

ROOT = Path(__file__).resolve().parents[1]
CLIENTS = (1, 8, 32)
SECONDS = 4.0
_SLICES = 4
AS_OF = "2026-11-24"
GOALS = {
    "ask p95 of one client, against a bare route that embeds": 3.0,
    "restart until /readyz, s": 5.0,
}


@dataclass(frozen=True, slots=True)
class Measured:
    """How requests went: how many a second, milliseconds at the middle and at 95 of 100."""

    rate: float
    p50: float
    p95: float


@dataclass(slots=True)
class Load:
    """Milliseconds of each request, and the seconds they took together."""

    times: list[float] = field(default_factory=list)
    seconds: float = 0.0


def measure_service() -> dict[str, Any]:
    """All figures: `rows` for the table, `goals` name to value, `limits` name to the most."""
    rows: list[tuple[str, str]] = []
    with TemporaryDirectory() as folder:
        home = Path(folder)
        secrets = _fill(home)
        with _started(home, "-m", "api.main", "serve", "--port", "0", "--no-schedule"):
            pass  # the first start makes the administrator
        began = time.perf_counter()
        with (
            _started(home, "-m", "api.main", "serve", "--port", "0", "--no-schedule") as address,
        ):
            ready = time.perf_counter() - began
            _wait_for_assistant(address)
            loaded = time.perf_counter() - began
            rows.append(("restart: /readyz, s / assistant loaded, s", f"{ready:.1f} / {loaded:.1f}"))  # fmt: skip
            others = {
                name: {n: _load(address, n, SECONDS, _gets(path, secrets)) for n in CLIENTS}
                for name, path in (
                    ("overdue", f"/api/v1/overdue?as_of={AS_OF}"),
                    ("tasks", "/api/v1/tasks"),
                )
            }
            with _started(home, "-m", "tests.bench_service", "--bare") as yardstick:
                pairs = {n: _in_turn(address, yardstick, n, secrets) for n in CLIENTS}
    ask, bare = ({n: _measured(pair[place]) for n, pair in pairs.items()} for place in (0, 1))
    measured = {name: {n: _measured(x) for n, x in found.items()} for name, found in others.items()}
    for name, found in {"ask": ask, **measured, "bare route that embeds": bare}.items():
        for clients, m in found.items():
            shown = f"{m.rate:.0f}/s, {m.p50:.1f} / {m.p95:.1f}"
            rows.append((f"{name}, {clients} clients: requests, p50 / p95 ms", shown))
    for n in CLIENTS:
        rows.append((f"ask p95 against the bare route, {n} clients", f"{ask[n].p95 / bare[n].p95:.2f}"))  # fmt: skip
    values = (ask[1].p95 / bare[1].p95, ready)
    return {"rows": rows, "goals": dict(zip(GOALS, values, strict=True)), "limits": dict(GOALS)}


# ---- what is served


def _fill(home: Path) -> list[str]:
    """The corpus with its index, and people enough for the questions; gives their tokens."""
    from kb.lexicon import corpus_path

    duban = [sys.executable, "-m", "api.main"]
    subprocess.run(
        [*duban, "ingest", str(corpus_path() / "documents")], cwd=ROOT, env=_environ(home),
        check=True, capture_output=True,
    )  # fmt: skip
    from api.settings import read_settings
    from tasks.access import Access
    from tasks.authorisation import CONSOLE, PersonRole
    from tasks.people import People, Person
    from tasks.store import Store

    now = datetime.now(UTC)
    secrets = []
    with Store.open(read_settings({"DUBAN_HOME": str(home)}, home).store_url) as store:
        access = Access(store)
        for number in range(100):
            login = f"reader{number}"
            People(store).add(
                CONSOLE, Person(login=login, name="读者", role=PersonRole.READER), now
            )
            until = now + timedelta(days=1)
            secrets.append(access.create_token(CONSOLE, login, "bench", ("read",), until, now)[0])
    return secrets


def _environ(home: Path) -> dict[str, str]:
    ours = {k: v for k, v in os.environ.items() if not k.startswith("DUBAN_") or k == "DUBAN_CACHE"}
    threads = {
        "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "PASSIVE",
        "TOKENIZERS_PARALLELISM": "false",
    }
    return ours | threads | {"DUBAN_HOME": str(home), "PYTHONPATH": str(ROOT)}


@contextmanager
def _started(home: Path, *arguments: str) -> Iterator[str]:
    """A server in a process of its own, from when it answers; gives its address."""
    process = subprocess.Popen(
        [sys.executable, "-u", *arguments], cwd=ROOT, env=_environ(home), text=True,
        stdout=subprocess.PIPE, stderr=(home / "log").open("ab"),
    )  # fmt: skip
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                break
        else:
            raise RuntimeError((home / "log").read_text("utf-8", "replace"))
        threading.Thread(target=process.stdout.read, daemon=True).start()
        while not _answers(found.group()):
            time.sleep(0.01)
        yield found.group()
    finally:
        process.terminate()
        process.wait()


def _answers(address: str) -> bool:
    try:
        return _once(address, "GET", "/readyz")[0] == 200
    except OSError:
        return False


def _wait_for_assistant(address: str) -> None:
    while json.loads(_once(address, "GET", "/readyz")[1])["assistant"] != "ready":
        time.sleep(0.02)


def _once(address: str, method: str, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


# ---- the load

Request = tuple[str, str, bytes | None, dict[str, str]]


def _asks(secrets: Sequence[str], path: str = "/api/v1/ask") -> Callable[[], Request]:
    """Gives questions, one after the other, each asked by the next person."""
    from tests.evaluation.questions import OWN, read_questions

    questions = itertools.cycle([r["question"] for r in read_questions(OWN) if not r["context"]])
    people = itertools.cycle(secrets)

    def give() -> Request:
        body = json.dumps({"question": next(questions), "as_of": AS_OF}).encode()
        return "POST", path, body, _bearer(next(people))

    return give


def _gets(path: str, secrets: Sequence[str]) -> Callable[[], Request]:
    """Gives the same list again and again, for one unit after the other and for all."""
    units = itertools.cycle(["", "区教委", "区水利局", "区公安局"])
    people = itertools.cycle(secrets)

    def give() -> Request:
        unit = next(units)
        query = f"{'&' if '?' in path else '?'}{urlencode({'unit': unit}, quote_via=quote)}" if unit else ""  # fmt: skip
        return "GET", path + query, None, _bearer(next(people))

    return give


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}


def _in_turn(address: str, yardstick: str, clients: int, secrets: Sequence[str]) -> tuple[Load, Load]:  # fmt: skip
    """The same questions to the service and to the yardstick, by turns: what else this machine
    does meanwhile slows both."""
    ours, bare = _asks(secrets), _asks(secrets, "/embed")
    whole: tuple[Load, Load] = (Load(), Load())
    for _ in range(_SLICES):
        for load, where, give in ((whole[0], address, ours), (whole[1], yardstick, bare)):
            part = _load(where, clients, SECONDS / 2, give)
            load.times += part.times
            load.seconds += part.seconds
    return whole


def _load(address: str, clients: int, seconds: float, give: Callable[[], Request]) -> Load:
    """So many clients that each send the next request when the last is answered."""
    times: list[float] = []
    lock = threading.Lock()
    failures: list[str] = []
    until = time.perf_counter() + seconds

    def run() -> None:
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        while time.perf_counter() < until:
            with lock:
                method, path, body, headers = give()
            began = time.perf_counter()
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            said = answer.read()
            taken = (time.perf_counter() - began) * 1000
            with lock:
                times.append(taken)
                if answer.status != 200:
                    failures.append(f"{answer.status} {said[:300]!r}")
        connection.close()

    began = time.perf_counter()
    threads = [threading.Thread(target=run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if failures:
        raise RuntimeError(f"{len(failures)} of {len(times)} failed: {failures[0]}")
    return Load(times, took)


def _measured(load: Load) -> Measured:
    cuts = statistics.quantiles(load.times, n=20)
    rate = len(load.times) / load.seconds
    return Measured(rate=rate, p50=statistics.median(load.times), p95=cuts[-1])


# ---- the yardstick


class Asked(BaseModel):
    """What the service is asked too."""

    question: str
    as_of: str


def serve_bare() -> None:
    """A route that embeds a question, and nothing else."""
    import socket

    import uvicorn
    from fastapi import FastAPI

    from api.knowledge import open_index
    from api.settings import read_settings

    embedder = open_index(read_settings(os.environ, Path.cwd())).embedder
    embedder.embed_query("预热")
    app = FastAPI()
    lock = threading.Lock()

    @app.get("/readyz")
    def readyz() -> dict[str, str]:
        return {"assistant": "ready"}

    @app.post("/embed")
    def embed(body: Asked) -> dict[str, int]:
        with lock:
            return {"dimension": len(embedder.embed_query(body.question))}

    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run([listener])


if __name__ == "__main__":
    if sys.argv[1:] == ["--bare"]:
        serve_bare()
    else:
        print(json.dumps(measure_service(), ensure_ascii=False, indent=1))
