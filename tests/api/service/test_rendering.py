"""Few files are made at the same time, however many are asked for, and so many of one caller."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.service.problems import TooManyError
from api.service.rendering import WAITING, WORKERS, Rendering
from tests.api.service.contracts.test_matrix import API


def test_few_at_a_time_and_a_queue_that_ends():
    rendering = Rendering(most=1000)
    go, busy, most = threading.Event(), [], []

    def work():
        busy.append(1)
        most.append(len(busy))
        go.wait(30)
        busy.pop()
        return threading.current_thread().name

    asked = WORKERS + WAITING
    with ThreadPoolExecutor(asked) as callers:
        waiting = [callers.submit(rendering.make, f"caller {n}", work) for n in range(asked)]
        while len(most) < WORKERS or rendering._places._value:
            pass
        with pytest.raises(TooManyError, match="导出繁忙"):
            rendering.make("one more", work)
        go.set()
        threads = {one.result() for one in waiting}
    assert max(most) == WORKERS
    assert len(threads) <= WORKERS
    assert rendering.make("after", lambda: 1) == 1
    rendering.close()


def test_a_failure_is_the_callers_and_frees_its_place():
    rendering = Rendering(most=1000)
    for _ in range(WORKERS + WAITING + 1):
        with pytest.raises(ZeroDivisionError):
            rendering.make("a", lambda: 1 // 0)
    rendering.close()


PLACES = (
    f"{API}/exports?format=docx", f"{API}/exports?format=ics", f"{API}/exports/calendar.ics",
    f"{API}/digests/2026-W02?format=json", "/tasks/export/csv", "/dashboard/digest/json?week=2026-W02",
)  # fmt: skip


def test_every_place_that_makes_files_counts_them(world, monkeypatch, subtests):
    for path in PLACES:
        with subtests.test(path=path):
            monkeypatch.setattr(world.service, "rendering", Rendering(most=1))
            client = (
                world.browser("supervisor") if not path.startswith(API) else world.client("own")
            )
            assert client.get(path).status_code == 200
            answer = client.get(path, headers={"Accept": "application/json"})
            assert answer.status_code == 429
            assert int(answer.headers["Retry-After"]) > 0
