"""What waits for the supervisor is counted and listed, though its day has passed meanwhile."""

import re
from datetime import date

import pytest

from api.service.pages.tasks import Filters
from tasks.authorisation import CONSOLE, Actor, PersonRole
from tasks.due import State
from tasks.lifecycle import Command, Status, Step
from tests.api.service.client import TestClient
from tests.api.service.world import OTHER, OWN, PASSWORD, make_world
from tests.tasks.samples import unit_of

HTML = {"Accept": "text/html"}
OFFICER = Actor(
    login="own",
    roles=frozenset({PersonRole.UNIT_OFFICER}),
    units=tuple(map(unit_of, (OWN, OTHER, "各镇乡街道"))),
)


@pytest.fixture
def queue(tmp_path):
    """A world in which one duty was submitted, one asks for more time; both long overdue."""
    with make_world(tmp_path) as world:
        service = world.service
        dated = [m for t in world.open.tasks for m in t.milestones if m.due.date]
        submitted, asking = dated[0], dated[1]
        day = service.today()
        for milestone, step, more in (
            (submitted, Step.SUBMIT, {"text": "已办"}),
            (asking, Step.REQUEST_EXTENSION, {"reason": "雨季", "new_date": date(2099, 1, 1)}),
        ):
            steps = [Command(step=step, milestone_id=milestone.id, on=day, **more)]
            if service.tracker.life(milestone.id, "").status is Status.ASSIGNED:
                steps.insert(0, Command(step=Step.ACCEPT, milestone_id=milestone.id, on=day))
            for command in steps:
                service.tracker.perform(OFFICER, command, service.now())
        client = TestClient(world.app, headers=HTML)
        client.post("/sign-in", data={"login": "supervisor", "password": PASSWORD, "next": "/"})
        yield world, client


def tile(page, name):
    return int(re.search(rf"<b>(\d+)</b> {name}", page).group(1))


def test_the_dashboard_and_the_list_show_what_waits(queue):
    _, client = queue
    late = "as_of=2098-01-01"  # whatever the day is now, theirs has passed
    page = client.get(f"/dashboard?{late}").text
    assert (tile(page, "待审核"), tile(page, "待批延期")) == (1, 1)
    assert "1 项" in client.get(f"/tasks?state=review&{late}").text
    assert "1 项" in client.get(f"/tasks?status=extension_requested&{late}").text


def test_what_is_submitted_is_found_as_such_whatever_its_day(queue):
    world, _ = queue
    items = world.service.standings(CONSOLE, world.service.today().replace(year=2098))
    found = [i for i in items if i.status is Status.REPORTED]
    assert [i.state for i in found] == [State.OVERDUE]
    assert Filters(state="review").stands(found[0])
