"""A milestone in other versions of its document, both ways, whether or not anything was reported."""

import pytest

from tasks.authorisation import CONSOLE
from tasks.lifecycle import Step
from tasks.store import Store
from tasks.succession import former_milestone, read_replacements
from tasks.tracker import Tracker
from tasks.visibility import Level, Visibility, set_visibility
from tests.tasks.samples import (
    DANGERS,
    DRILLS,
    NOW,
    READER,
    WORDS,
    add,
    milestone_of,
    plan,
    take,
    unit_of,
)

FIRST = plan(DANGERS, DRILLS, WORDS)
SECOND = plan(WORDS, DANGERS.replace("20处", "30处"), DRILLS)
THIRD = plan(DRILLS, DANGERS.replace("2025年", "2026年").replace("20处", "30处"), WORDS)


def ways(store: Store, key: str, actor=CONSOLE) -> list[tuple[str, str]]:
    """(which way, the other's id, or its task's) in order."""
    replacements = read_replacements(store, actor, key)
    assert [t.seq for t in replacements] == sorted(t.seq for t in replacements)
    return [("after" if t.successor else "before", t.kin.milestone_id or t.kin.task_id) for t in replacements]  # fmt: skip


@pytest.mark.parametrize("reported", [True, False])
def test_both_ways_through_all_versions(store_url, reported):
    with Store.open(store_url) as store:
        documents = {add(store, FIRST).document_id}
        first = milestone_of(store, "整治隐患")
        if reported:
            take(store, Step.ACCEPT)
        documents.add(add(store, SECOND).document_id)
        second = milestone_of(store, "整治隐患")
        add(store, THIRD)
        third = milestone_of(store, "整治隐患")
        assert len({first, second, third}) == 3
        [task] = [t.id for e in store.extractions() for t in e.tasks if t.title == "整治隐患"]
        # The third's date is another: it is the duty that stands in the former's place.
        assert ways(store, first) == [("after", second), ("after", task)]
        assert ways(store, second)[0] == ("before", first)
        assert ways(store, second)[1:] == [("after", task)]
        assert [way for way, _ in ways(store, third)] == ["before", "before"]
        assert {t.kin.document_id for t in read_replacements(store, CONSOLE, third)} == documents
        [replacement, *_] = read_replacements(store, CONSOLE, first)
        assert (replacement.kin.title, replacement.subject) == (
            "整治隐患",
            replacement.kin.document_id,
        )
        assert (replacement.action, replacement.actor) == ("document.added", "console")
        assert former_milestone(store, CONSOLE, first[:-2]) == first
        assert former_milestone(store, CONSOLE, third) == former_milestone(store, CONSOLE, "") == ""


def test_what_one_may_not_see_is_not_named(store_url):
    with Store.open(store_url) as store:
        closed = add(store, FIRST)
        first = milestone_of(store, "整治隐患")
        add(store, SECOND)
        second = milestone_of(store, "整治隐患")
        assert ways(store, second, READER) == [("before", first)]
        level = Visibility(level=Level.RESTRICTED, units=(unit_of("区水利局"),))
        set_visibility(store, CONSOLE, closed.document_id, level, NOW)
        assert ways(store, second, READER) == []
        assert [former_milestone(store, who, first) for who in (CONSOLE, READER)] == [first, ""]


def test_of_what_never_was_there_is_nothing(store):
    assert read_replacements(store, CONSOLE, "milestone-none") == []
    assert read_replacements(store, CONSOLE, milestone_of(store, "整治隐患")) == []
    assert Tracker(store).history("milestone-none") == []
