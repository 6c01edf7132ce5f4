"""What a new version changed, and that former versions stay readable for those who may see them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.service.pages.changes import changes_between, duties_between
from ingest.pipeline import extract_bytes
from tasks.visibility import Level, Visibility, set_visibility
from tests.tasks.samples import DANGERS, DRILLS, NOW, PLAN, SCHOOLS, SUPERVISOR, WORDS, plan, read


def text_of(runs, *kinds) -> str:
    return "".join(run.text for run in runs if run.kind in kinds)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (PLAN, {}),
        (plan(DANGERS.replace("20处", "30处"), DRILLS, SCHOOLS, WORDS), {"changed": 1}),
        (plan(DANGERS, DRILLS, SCHOOLS), {"removed": 1}),
        (plan(DANGERS, DRILLS, SCHOOLS, WORDS, "增设警示牌。增设警示牌50块以上。（责任单位：区水利局）"), {"added": 1}),
    ],
    ids=["nothing", "a number", "a clause gone", "a clause more"],
)  # fmt: skip
def test_each_clause_once(after, expected):
    old, _ = read()
    new, _ = read(after)
    found = changes_between(old, new)
    kinds = [c.kind for c in found if c.kind != "same"]
    assert {kind: kinds.count(kind) for kind in kinds} == expected
    assert [c.new.id for c in found if c.new] == [
        c.id for c in sorted(new.clauses, key=lambda c: c.span.start)
    ]
    assert {c.old.id for c in found if c.old} == {c.id for c in old.clauses}


def test_a_changed_number_is_shown_by_its_characters():
    old, _ = read()
    new, _ = read(plan(DANGERS.replace("20处", "35处"), DRILLS, SCHOOLS, WORDS))
    [change] = [c for c in changes_between(old, new) if c.kind == "changed"]
    assert text_of(change.runs, "old") == "20"
    assert text_of(change.runs, "new") == "35"
    duties = duties_between(old, new)
    assert ([t.title for t in duties.added], [t.title for t in duties.removed]) == (
        ["整治隐患"],
        ["整治隐患"],
    )
    assert duties.same == 3


def test_a_renumbered_clause_is_the_same():
    old, _ = read(plan(DANGERS, DRILLS))
    new, _ = read(plan(WORDS, DANGERS, DRILLS))
    kinds = [c.kind for c in changes_between(old, new) if c.kind != "same"]
    assert kinds.count("added") == 1
    assert "changed" not in kinds


@settings(deadline=None, max_examples=60)
@given(st.permutations([DANGERS, DRILLS, SCHOOLS, WORDS]), st.integers(1, 4))
def test_the_runs_of_a_change_are_both_texts(duties, kept):
    old, _ = read()
    new, _ = read(plan(*duties[:kept]))
    for change in changes_between(old, new):
        for clause, extraction, kind in ((change.old, old, "old"), (change.new, new, "new")):
            if clause is not None and change.kind != "same":
                whole = clause.span.slice(extraction.document.text).strip()
                assert text_of(change.runs, "same", kind) == whole


def test_the_page_of_changes_and_the_former_version(pages_world, browser):
    name, words = "versions.txt", PLAN.replace("防汛", "抗旱")
    store = pages_world.service.store
    found = []
    fewer = plan(DANGERS, DRILLS, SCHOOLS).replace("防汛", "抗旱")
    for text in (words, fewer.replace("20处", "30处")):
        data = text.encode()
        found.append(extract_bytes(data, name))
        store.add(found[-1], data, recorded_at=NOW)
    old, new = (e.document.id for e in found)
    client = browser("public")
    page = client.get(f"/documents/{old}").text
    assert "这是旧版本" in page
    assert f"/documents/{new}/changes?since={old}" in page
    assert client.get(f"/documents/{old}/source").content == words.encode()
    page = client.get(f"/documents/{new}").text
    assert "共 2 版" in page
    page = client.get(f"/documents/{new}/changes?since={old}").text
    assert "<del>20</del><ins>30</ins>" in page
    assert "新增的任务" in page
    assert (
        client.get(f"/documents/{new}/changes?since={pages_world.open.document.id}").status_code
        == 404
    )
    # A task's former address leads to the same task or the one in its place, else to its words.
    for number, there in (
        (1, f"/tasks/{found[1].tasks[1].id}"),
        (0, f"/tasks/{found[1].tasks[0].id}"),
        (3, f"/documents/{old}?fact={found[0].tasks[3].id}#here"),
    ):
        answer = client.get(f"/tasks/{found[0].tasks[number].id}")
        assert (answer.status_code, answer.headers["Location"]) == (303, there)
    # Closing the document closes what it was before, too.
    set_visibility(
        store, SUPERVISOR, new, Visibility(level=Level.RESTRICTED, units=("区教委",)), NOW
    )
    for path in (
        f"/documents/{old}",
        f"/documents/{old}/source",
        f"/documents/{new}/changes?since={old}",
    ):
        assert client.get(path).status_code in (303, 404), path
