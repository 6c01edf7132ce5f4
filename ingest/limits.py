"""What the reading of a file may take, in the process that reads it, and that process's end.

Processor time is asked of the system every twentieth of a second of it, by a signal that also
comes while a pattern is matched; memory is asked then too. Behind both stand limits of the system
itself, a little wider, for what hears no signal (a library that reads a whole page in one call).
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from kb.errors import SourceError

MB = 1_000_000
SECONDS, SECONDS_PER_MB = 2.0, 10.0
"""Real documents take 2 s per MB where this was measured, those full of numbers 8."""
MEMORY, MEMORY_PER_BYTE = 150 * MB, 20
"""Of the whole process, which has 40 MB before it reads; the notice takes 18 times its bytes."""
SECONDS_PER_PAGE, MEMORY_OF_PAGES = 15.0, 1500 * MB
"""Of pages that are recognised: one takes 2 to 6 s and, whatever their number, 1.1 GB."""
_PULSE = 0.05
_KINDS = (resource.RLIMIT_CPU, resource.RLIMIT_DATA, resource.RLIMIT_CORE)
_SPARE_SECONDS, _SPARE_MEMORY = 5, 256 * MB


@dataclass(frozen=True, slots=True)
class Budget:
    """`seconds` of the processor, `memory` in bytes that the process may hold."""

    seconds: float
    memory: int


def budget_of(size: int) -> Budget:
    """What the reading of a file of `size` bytes may take."""
    return Budget(SECONDS + SECONDS_PER_MB * size / MB, MEMORY + MEMORY_PER_BYTE * size)


class Watch:
    """A budget that is watched, and may become wider once it is known what a file is."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.began = time.process_time()
        self.outside = {kind: resource.getrlimit(kind) for kind in _KINDS}

    def limit(self) -> None:
        """Set the system's own limits to it."""
        for kind, wanted in (
            (resource.RLIMIT_CPU, int(self.began + self.budget.seconds) + _SPARE_SECONDS),
            (resource.RLIMIT_DATA, self.budget.memory + _SPARE_MEMORY),
            (resource.RLIMIT_CORE, 0),
        ):
            # Never wider than it was from outside; the soft one only: the next file has another.
            soft, hard = self.outside[kind]
            given = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
            resource.setrlimit(kind, (min([wanted, *given]), hard))

    def allow_pages(self, pages: int) -> None:
        """Add what the recognition of so many pages may take."""
        self.budget = Budget(
            self.budget.seconds + SECONDS_PER_PAGE * pages,
            max(self.budget.memory, MEMORY_OF_PAGES),
        )
        self.limit()


@contextlib.contextmanager
def watched(budget: Budget, exceeded: Callable[[str, Budget], None]) -> Iterator[Watch]:
    """Call `exceeded` with `time` or `memory` and the budget where what is done inside takes more than
    that; it may end the process. Only in the main thread."""
    watch = Watch(budget)

    def look(_: int = 0, __: FrameType | None = None) -> None:
        if time.process_time() - watch.began > watch.budget.seconds:
            exceeded("time", watch.budget)
        elif memory_peak() > watch.budget.memory:
            exceeded("memory", watch.budget)

    _forget_peak()
    former = signal.signal(signal.SIGPROF, look)
    watch.limit()
    signal.setitimer(signal.ITIMER_PROF, _PULSE, _PULSE)
    try:
        yield watch
        look()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, former)
        for kind, limit in watch.outside.items():
            resource.setrlimit(kind, limit)


def memory_peak() -> int:
    """The most that this process has held since `_forget_peak`, in bytes."""
    if sys.platform == "linux":
        # The peak in `getrusage` begins at that of the process by which this one was started.
        status = Path("/proc/self/status").read_bytes()
        return int(status.partition(b"VmHWM:")[2].split(None, 1)[0]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _forget_peak() -> None:
    with contextlib.suppress(OSError):  # Linux only; elsewhere a process reads one file
        Path("/proc/self/clear_refs").write_text("5")


def end_with(parent: int) -> None:
    """Have this process killed when the process `parent`, which started it, ends. Where the system
    cannot (only Linux can), whoever reads what `parent` writes to it notices the end of that."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415

        pr_set_pdeathsig = 1  # linux/prctl.h
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before
            os._exit(1)


def given_up(limit: str, budget: Budget, stage: tuple[str, str] | None) -> SourceError:
    """The error of a file that took too much of `limit` (`time` or `memory`); `stage` in Chinese and
    English, None of what was ended before it could say more."""
    most = {
        "time": (f"处理器时间 {budget.seconds:.1f} 秒", f"{budget.seconds:.1f} s of the processor"),
        "memory": (f"内存 {budget.memory // MB} MB", f"{budget.memory // MB} MB of memory"),
    }[limit]
    at = stage or ("读取", "reading")
    return SourceError(
        f"这份文件读起来超过上限 ({most[0]}), 已放弃, 停在: {at[0]}"
        f" / reading it takes more than the limit ({most[1]}); given up while {at[1]}",
        hint="拆成几个文件再导入 / cut it into several files",
    )
