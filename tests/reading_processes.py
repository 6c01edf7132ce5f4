"""Processes that read a file (`ingest.reading_process`), each forked from one that has imported what
they need and has read a file: to start one takes two thirds of a second of the processor, and hundreds
are started. What they do is what they ever do; only how they come to be is another.

Processes that are forked from one that imported this share it: each request is one message.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from ingest import apart

_KIND = (sys.executable, "-P", "-m", "ingest.reading_process")
_LARGEST = 1 << 17
"""Bytes of a request: the surroundings of a process."""
_SAMPLE = "某区工作方案\n一、任务\n1.2025年底前建成学校20所。（责任单位：区教委）\n"


class Forked:
    """As much of `Popen` as `apart.Reader` asks for."""

    def __init__(self, server: socket.socket, environ: dict[str, str], complaints: int) -> None:
        hears, asks = os.pipe()
        answers, tells = os.pipe()
        status, state = os.pipe()
        request = json.dumps({"environ": environ, "folder": str(Path.cwd())}).encode()
        socket.send_fds(server, [request], [hears, tells, complaints, state])
        for end in (hears, tells, state):
            os.close(end)
        self.stdin: BinaryIO = os.fdopen(asks, "wb")
        self.stdout: BinaryIO = os.fdopen(answers, "rb")
        self._status: BinaryIO = os.fdopen(status, "rb")
        self.pid = int(self._status.readline())
        self.returncode: int | None = None

    def kill(self) -> None:
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(int(self._status.readline()))
            self._status.close()
        return self.returncode


class Forking:
    """In place of the module `subprocess` where readers are started; other commands are started as
    ever. The process that they are forked from is started for the first of them."""

    PIPE = subprocess.PIPE

    def __init__(self) -> None:
        self._server: socket.socket | None = None
        self._lock = Lock()

    def begin(self) -> socket.socket:
        """Start the process that they are forked from, where it does not run."""
        with self._lock:
            self._server = self._server or _start()
            return self._server

    def Popen(self, command: list[str], **how: Any) -> Any:  # noqa: N802 - the name that is called
        if tuple(command[:-1]) != _KIND:
            return subprocess.Popen(command, **how)
        return Forked(self.begin(), how["env"], how["stderr"].fileno())


def _start() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        started = subprocess.Popen(
            [sys.executable, "-m", "tests.reading_processes", str(theirs.fileno())],
            pass_fds=[theirs.fileno()], env=apart._surroundings(), cwd=apart._ROOT,
        )  # fmt: skip
    atexit.register(_end, ours, started)
    return ours


def _end(server: socket.socket, started: subprocess.Popen[bytes]) -> None:
    server.close()
    started.wait()


def _serve(server: socket.socket) -> None:
    from ingest.pipeline import extract_bytes

    extract_bytes(_SAMPLE.encode(), "a.txt")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait below
    gc.freeze()
    while True:
        request, ends, *_ = socket.recv_fds(server, _LARGEST, 4)
        if not request:
            return
        if os.fork() == 0:
            _wait_for(server, json.loads(request), ends)
        for end in ends:
            os.close(end)


def _wait_for(server: socket.socket, request: dict[str, Any], ends: list[int]) -> None:
    """The process between: it tells the number of the one that reads, and how that ended."""
    server.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    above = os.getpid()
    reads = os.fork()
    if reads == 0:
        for number, end in enumerate(ends[:3]):
            os.dup2(end, number)
        for end in ends:
            os.close(end)
        os.environ.clear()
        os.environ.update(request["environ"])
        os.chdir(request["folder"])
        from ingest import reading_process

        reading_process.main([str(above)])
    for end in ends[:3]:
        os.close(end)
    with os.fdopen(ends[3], "w", 1) as state:
        print(reads, file=state)
        _, code = os.waitpid(reads, 0)
        with contextlib.suppress(BrokenPipeError):
            print(code, file=state)
    os._exit(0)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
