"""Which duties of two versions are the same."""

import pytest

from tasks.matching import match_facts, match_versions
from tests.tasks.samples import DANGERS, DRILLS, SCHOOLS, WORDS, plan, read


def titles(before: str, after: str) -> dict[str, str]:
    """Path of each old task's clause → path of the new one's."""
    old, new = read(before)[0], read(after)[0]
    paths = {c.id: c.path.rpartition("/")[2] for e in (old, new) for c in e.clauses}
    found = match_facts(old, new)
    places = {t.id: paths[t.clause_id] for e in (old, new) for t in e.tasks}
    milestones = {m.id: t.id for e in (old, new) for t in e.tasks for m in t.milestones}
    for one, other in found.items():
        if one in milestones:
            assert found[milestones[one]] == milestones[other], "a milestone goes with its task"
    assert len(set(found.values())) == len(found), "one to one"
    return {places[a]: places[b] for a, b in found.items() if a in places}


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ((DANGERS, DRILLS), (DANGERS, DRILLS), {"1": "1", "2": "2"}),
        ((DANGERS, DRILLS), (DRILLS, DANGERS), {"1": "2", "2": "1"}),
        ((DANGERS, DRILLS), (WORDS, DANGERS, DRILLS), {"1": "2", "2": "3"}),
        ((DANGERS, DRILLS), (DANGERS.replace("20", "30"), DRILLS), {"2": "2"}),
        ((DANGERS, DRILLS), (DANGERS.replace("整治", " 整治 "), DRILLS), {"1": "1", "2": "2"}),
        ((DANGERS, DRILLS), (SCHOOLS,), {}),
        # Words that stand twice: what stands beside them decides, never their order or number.
        ((WORDS, WORDS), (DANGERS, WORDS, WORDS), {"1": "2", "2": "3"}),
        ((WORDS, WORDS), (WORDS, DANGERS), {"1": "1"}),
        ((WORDS,), (WORDS, WORDS), {}),
        ((WORDS, WORDS), (WORDS,), {}),
        ((DANGERS, WORDS), (WORDS, DANGERS, WORDS), {"1": "2", "2": "3"}),
        (
            (DANGERS, WORDS, DRILLS, WORDS),
            (DRILLS, WORDS, DANGERS, WORDS),
            {"1": "3", "3": "1"},
        ),
    ],
)
def test_clauses_are_the_same_by_their_words(before, after, same):
    assert titles(plan(*before), plan(*after)) == same


def test_facts_within_the_same_words_go_by_what_they_say():
    old, _ = read(plan(DANGERS))
    task = old.tasks[0]
    first = task.milestones[0].model_copy(update={"id": "milestone-new", "commitment": "另一项"})
    changed = task.model_copy(update={"milestones": (first, task.milestones[0])})
    new = old.model_copy(update={"tasks": (changed,)})
    assert match_facts(old, new)[task.milestones[0].id] == task.milestones[0].id
    assert "milestone-new" not in match_facts(old, new).values()


def test_what_stands_in_the_place_of_a_changed_clause():
    old, new = read(plan(DANGERS, DRILLS))[0], read(plan(DANGERS.replace("20处", "30处")))[0]
    found = match_versions(old, new)
    assert dict(found.near) == {old.tasks[0].id: new.tasks[0].id}
    assert old.tasks[0].id not in found.same, "its words changed"
    assert found.same[old.tasks[0].milestones[0].id] == new.tasks[0].milestones[0].id
