"""Lists in pages: every item once, whatever the size of a page."""

import pytest

from api.service.paging import page_of, read_cursor, write_cursor
from kb.errors import DubanError
from tests.api.service.test_matrix import API

LISTS = [
    ("reader", "tasks", {}),
    ("reader", "milestones", {"as_of": "2026-01-02"}),
    ("reader", "overdue", {"as_of": "2031-01-01", "inherited": "true"}),
    ("supervisor", "targets", {}),
    ("supervisor", "units", {}),
    ("supervisor", "documents", {}),
    ("supervisor", "review", {}),
    ("supervisor", "corrections", {}),
    ("auditor", "audit", {}),
]


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
    for role, name in (("public", "tasks"), ("auditor", "audit")):
        answer = world.client(role).get(f"{API}/{name}", params={"cursor": cursor})
        known = name == "audit" and cursor == "WzFd"  # [1]: before the first entry
        assert answer.status_code == (200 if known else 422)


def test_reading_goes_on_after_the_item_named():
    items = ["a", "b", "c", "d"]
    first, cursor = page_of(items, 2, "", lambda i: [i])
    assert (first, read_cursor(cursor)) == (["a", "b"], ["b"])
    rest, end = page_of(["new", *items], 10, cursor, lambda i: [i])
    assert (rest, end) == (["c", "d"], None)
    with pytest.raises(DubanError):
        page_of(["a"], 2, write_cursor(["gone"]), lambda i: [i])


def test_a_huge_number_in_a_cursor(world):
    cursor = write_cursor([10**400])
    assert world.client("auditor").get(f"{API}/audit", params={"cursor": cursor}).status_code == 422
