"""Turns are given in the order they were asked for, one at a time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import anyio
import pytest

from api.service.turns import Turns


def _apart(run):
    """Run a coroutine in a thread: a browser test before may have left a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, run).result()


def test_whoever_waited_longest_is_next():
    turns, order, threads = Turns(), [], []

    def take(number):
        with turns:
            order.append(number)

    with turns:
        for number in range(20):
            threads.append(threading.Thread(target=take, args=(number,)))
            threads[-1].start()
            while len(turns._waiting) <= number:
                time.sleep(0.001)
        assert not order
    for thread in threads:
        thread.join()
    assert order == list(range(20))


def test_one_at_a_time_and_a_failure_lets_go():
    turns, inside, most = Turns(), [], []

    def take():
        for turn in range(50):
            with suppress(ZeroDivisionError), turns:
                inside.append(1)
                most.append(len(inside))
                inside.pop()
                assert 1 / (turn % 7)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert len(most) == 8 * 50


def test_those_that_wait_hold_no_thread_of_the_others():
    """A hundred questions wait; something else still finds a thread at once."""
    turns, release = Turns(), threading.Event()

    def slow():
        with turns:
            assert release.wait(30)

    async def run():
        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(turns.run, slow)
            await anyio.sleep(0.05)
            with anyio.fail_after(5):
                assert await anyio.to_thread.run_sync(lambda: "free") == "free"
            release.set()

    _apart(run)


def test_results_and_errors_come_through():
    turns = Turns()

    def fail():
        raise KeyError("x")

    async def run():
        assert await turns.run(lambda a, b: a + b, 1, b=2) == 3
        with pytest.raises(KeyError):
            await turns.run(fail)

    _apart(run)
