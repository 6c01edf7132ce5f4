"""Units and those that they share tasks with."""

from itertools import pairwise
from urllib.parse import quote

import pytest

from api.service.pages.neighbours import MOST, Neighbour, neighbours_of, picture_of
from kb.language.roles import Role
from tasks.queries import Register
from tests.api.service.world import OTHER, OWN
from tests.tasks.samples import unit_of


def test_a_role_narrows_the_neighbours_and_their_tasks(pages_world):
    register = Register([pages_world.open])
    joint = neighbours_of(register, unit_of("区应急局"), Role.JOINT)
    assert [n.unit for n in joint] == [OTHER]
    assert all(Role.JOINT in n.roles for n in joint)
    responsible = {n.unit for n in neighbours_of(register, unit_of("区应急局"), Role.RESPONSIBLE)}
    assert OTHER not in responsible
    assert responsible < {n.unit for n in neighbours_of(register, unit_of("区应急局"))}


@pytest.mark.parametrize("count", [1, 2, 3, 13, MOST, MOST + 20])
def test_every_label_has_a_line_of_its_own(pages_world, count):
    placed = tuple(Register([pages_world.open]).tasks())
    shown = picture_of(
        "中", [Neighbour(f"万州区/{n}", f"单位{n}", placed[:1], (Role.LEAD,)) for n in range(count)]
    )
    assert shown is not None
    assert len(shown.nodes) == min(count, MOST)
    for side in ("start", "end"):
        lines = sorted(n.label_y for n in shown.nodes if n.anchor == side)
        assert all(b - a >= 30 for a, b in pairwise(lines))
    for node in shown.nodes:
        assert node.radius < node.y < shown.height - node.radius
        assert 9 * 14 < node.label_x < shown.width - 9 * 14  # nine characters find room


def test_nobody_makes_no_picture():
    assert picture_of("中", []) is None


def test_the_page_shows_only_the_role_asked_for(browser):
    path = f"/units/{quote('区应急局')}"
    whole = browser("public").get(path).text
    assert f'<tr data-unit="{unit_of(OTHER)}">' in whole
    some = browser("public").get(f"{path}?role=lead").text
    assert f'<tr data-unit="{unit_of(OTHER)}">' not in some
    assert 'value="lead" selected' in some
    assert (
        f'<tr data-unit="{unit_of(OTHER)}">' in browser("public").get(f"{path}?role=nonsense").text
    )


@pytest.mark.parametrize("words", ["水利", "Water", "water resources"])
def test_units_are_found_by_other_names(browser, words):
    page = browser("public").get("/units", params={"q": words}).text
    assert f"/units/{quote(unit_of(OWN))}" in page
    assert f"/units/{quote(unit_of(OTHER))}" not in page
