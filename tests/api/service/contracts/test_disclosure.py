"""What those see of the lives of duties who are not signed in: nothing, by any way; and what the
others see. The planted words and the ways in: `lived`."""

import ast
from pathlib import Path

import pytest

import api.service
from tests.api.service.lived import CLOSED, OPEN, correct, freeze, live, read
from tests.api.service.world import make_world


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What everybody reads: `before` the duties lived and after, by role."""
    with make_world(tmp_path_factory.mktemp("lived")) as world:
        freeze(world)
        correct(world)
        before = read(world, "public")
        live(world)
        after = {role: read(world, role) for role in ("public", "anonymous", "supervisor")}
        after |= {role: read(world, role, asks=False) for role in ("other", "own")}
        yield {"before": before} | after


def found(pattern, answers):
    return [asked for asked, answer in answers.items() if pattern.search(answer)]


def test_who_is_not_signed_in_finds_no_word_of_it(told):
    for role in ("public", "anonymous"):
        assert len(told[role]) > 200
        for words in (OPEN, CLOSED):
            for part, pattern in words.items():
                assert not found(pattern, told[role]), (role, part)


def test_nothing_that_they_get_depends_on_it(told):
    """The same bytes, headers and order, whatever was reported, granted, approved, cancelled: what
    is left out or moved would tell as well."""
    assert told["before"].keys() <= told["public"].keys()
    metrics = '["/metrics", {}]'
    for asked, answer in told["before"].items():
        if asked != metrics:
            assert told["public"][asked] == answer, asked


def test_who_may_know_finds_all_of_it(told):
    """Else the tests above could not fail."""
    for words in (OPEN, CLOSED):
        for part, pattern in words.items():
            assert found(pattern, told["supervisor"]), part
    # And by most fronts: in lists, files, digests, answers, tools.
    fronts = {
        "report": ('["/api/v1/milestones"', '["/api/v1/overdue"', '["/api/v1/exports"', '["/api/v1/digests/', '["/dashboard/digest', '["/tasks/task-', '["/tasks/export/', "tool "),
        "percent": ('["/tasks"', '["/api/v1/exports"', '["/api/v1/digests/'),
        "value": ('["/api/v1/targets"', '["/api/v1/tasks/'),
    }  # fmt: skip
    for part, starts in fronts.items():
        asked = found(OPEN[part], told["supervisor"])
        for start in starts:
            assert any(one.startswith(start) for one in asked), (part, start)


def test_other_units_read_of_an_open_document_only(told):
    for part, pattern in CLOSED.items():
        if part != "person":  # whose name stands with their unit, for those signed in
            assert not found(pattern, told["other"]), part
    assert all(found(pattern, told["other"]) for pattern in OPEN.values())


def test_the_unit_that_may_see_it_sees_all_of_it(told):
    for words in (OPEN, CLOSED):
        for part, pattern in words.items():
            assert found(pattern, told["own"]), part


def test_the_service_says_for_whom_it_reads():
    """What reads lives takes who reads them, by default somebody who may know all: no front of the
    service may leave that out."""
    readers = {"list_standings", "export_rows", "build_digests"}
    asked, called = 0, set()
    for place in sorted(Path(api.service.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(place.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in readers:  # fmt: skip
                assert "reader" in {k.arg for k in node.keywords}, (place, node.lineno)
                asked += 1
                called.add(node.func.id)
    assert called == readers
    assert asked >= 5
