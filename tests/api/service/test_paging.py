"""Lists in pages: every item once, whatever the size of a page."""

import time

import pytest

from api.service.paging import page_of, write_cursor
from ingest.pipeline import extract_bytes
from kb.errors import DubanError
from tasks.lifecycle import Command, Step
from tests.api.service.contracts.test_matrix import API
from tests.api.service.world import make_world
from tests.tasks.samples import PLAN

LISTS = [
    ("reader", "tasks", {}),
    ("reader", "milestones", {"as_of": "2026-01-02"}),
    ("reader", "overdue", {"as_of": "2031-01-01", "inherited": "true"}),
    ("reader", "due", {"as_of": "2025-06-01", "within": "3650", "inherited": "true"}),
    ("supervisor", "targets", {}),
    ("supervisor", "units", {}),
    ("supervisor", "documents", {}),
    ("supervisor", "review", {}),
    ("supervisor", "corrections", {}),
    ("auditor", "audit", {}),
    ("supervisor", "jobs", {}),
    ("reader", "conversations", {}),
]


@pytest.fixture(scope="module", autouse=True)
def _some_of_each(world):
    """Jobs and conversations, of which there would be none."""
    sent = {"file": ("方案.txt", PLAN.encode())}
    for _ in range(4):
        assert world.client("supervisor").post(f"{API}/documents", files=sent).status_code == 202
    for question in ("整治隐患由谁负责？", "区水利局要干哪些事？"):
        asked = world.client("reader").post(f"{API}/ask", json={"question": question})
        assert asked.status_code == 200
    deadline = time.monotonic() + 60
    while any(j["status"] in ("queued", "running") for j in world.client("supervisor").get(f"{API}/jobs").json()["items"]):  # fmt: skip
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(("role", "name", "asked"), LISTS)
@pytest.mark.parametrize("limit", [1, 3])
def test_pages_together_are_the_list(world, role, name, asked, limit):
    client = world.client(role)
    whole = client.get(f"{API}/{name}", params=asked | {"limit": 500}).json()
    assert whole["next"] is None
    assert whole["total"] == len(whole["items"])
    found, cursor = [], ""
    while cursor is not None:
        page = client.get(f"{API}/{name}", params=asked | {"limit": limit, "cursor": cursor})
        assert page.status_code == 200, page.text
        assert page.json()["total"] == whole["total"]
        assert len(page.json()["items"]) <= limit
        found += page.json()["items"]
        cursor = page.json()["next"]
        assert len(found) <= whole["total"]
    assert found == whole["items"]


@pytest.mark.parametrize("cursor", ["x", "!!!!", "bnVsbA", "WzFd", "W10", "e30", "/" * 400])
def test_cursors_that_are_none(world, cursor):
    for role, name in (("public", "tasks"), ("auditor", "audit"), ("supervisor", "jobs"), ("reader", "conversations")):  # fmt: skip
        answer = world.client(role).get(f"{API}/{name}", params={"cursor": cursor})
        known = name == "audit" and cursor == "WzFd"  # [1]: before the first entry
        assert answer.status_code == (200 if known else 422)


def pages(lists, limit):
    """Reads page after page while the list changes: the n-th page is of the n-th list."""
    found, cursor = [], ""
    for items in lists:
        shown, cursor = page_of(items, limit, cursor, lambda i: [i])
        found.append(shown)
        if cursor is None:
            break
    return found


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        (["abcdef", "abcdef", "abcdef"], ["ab", "cd", "ef"]),
        (["bcdef", "abcdef", "abcdef"], ["bc", "de", "f"]),  # one came before
        (["abcdef", "abbcdef"], ["ab", "bc"]),  # one came at the place itself
        (["abdef", "abcdef"], ["ab", "cd"]),  # one came behind
        (["abcdef", "acdef"], ["ab", "cd"]),  # the item named went
        (["abcdef", "ef"], ["ab", "ef"]),  # all that was seen went, and more
        (["abcdef", "ab", ""], ["ab", ""]),  # nothing is left behind it
        (["aaaab", "aaaab", "aaaab"], ["aa", "aa", "b"]),  # places that are the same
        (["aaaab", "ab"], ["aa", "b"]),
        (["fedcba", "fedcba", "abcdef"], ["ab", "cd", "ef"]),  # however it is sorted
    ],
)
def test_items_that_come_and_go_neither_repeat_nor_hide_others(lists, expected):
    assert ["".join(page) for page in pages(lists, 2)] == expected


def test_a_cursor_of_another_list_is_refused():
    for items, key in (([1, 2], lambda i: [i]), ([("a", 1)], list)):
        with pytest.raises(DubanError):
            page_of(items, 1, write_cursor(["a", 1]), key)
    for strange in ([], ["a"], ["a", 0], ["a", -1], ["a", True], ["a", "1"], [["a"], 1]):
        with pytest.raises(DubanError):
            page_of(["a"], 1, write_cursor(strange), lambda i: [i])


def test_paging_goes_on_while_documents_and_days_change(tmp_path):
    """Between two pages a document comes in, another is replaced, a deadline is extended."""
    with make_world(tmp_path) as world:
        client = world.client("admin")
        asked = {"as_of": "2030-01-01", "limit": 2}

        def key(item):
            return item["milestone_id"], item["occurrence"]

        whole = client.get(f"{API}/overdue", params=asked | {"limit": 500}).json()["items"]
        first = client.get(f"{API}/overdue", params=asked).json()
        tasks = client.get(f"{API}/tasks", params={"limit": 2}).json()
        all_tasks = [i["task"]["id"] for i in client.get(f"{API}/tasks").json()["items"]]
        # The last item shown leaves the list; the cursor's place stays.
        left = first["items"][-1]
        supervisor = world.service.people.get("supervisor").actor()
        cancelled = Command(step=Step.CANCEL, milestone_id=left["milestone_id"], occurrence=left["occurrence"], on=world.service.today(), reason="撤")  # fmt: skip
        world.service.tracker.perform(supervisor, cancelled, world.service.now())
        data = PLAN.replace("防汛", "防火").encode()
        world.service.store.add(
            extract_bytes(data, "新.txt"), data, recorded_at=world.service.now()
        )
        rest, cursor = [], first["next"]
        while cursor:
            page = client.get(f"{API}/overdue", params=asked | {"cursor": cursor})
            assert page.status_code == 200, page.text
            rest += page.json()["items"]
            cursor = page.json()["next"]
        seen = [key(i) for i in [*first["items"], *rest]]
        assert len(seen) == len(set(seen))
        assert {key(i) for i in whole} <= set(seen)
        more = client.get(f"{API}/tasks", params={"limit": 500, "cursor": tasks["next"]}).json()
        shown = [i["task"]["id"] for i in [*tasks["items"], *more["items"]]]
        assert shown[: len(all_tasks)] == all_tasks
        assert len(shown) == len(all_tasks) + 4


def test_a_huge_number_in_a_cursor(world):
    cursor = write_cursor([10**400])
    assert world.client("auditor").get(f"{API}/audit", params={"cursor": cursor}).status_code == 422
