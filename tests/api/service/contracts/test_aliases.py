"""One unit by any of its names: the same duties on the command line, over HTTP, of tools and in exports."""

import csv
import io
import json

import pytest

from api.cli.app import run
from tests.api.service.contracts.test_filters import by_command, over_http
from tests.api.service.contracts.test_matrix import API
from tests.api.service.test_mcp import run as by_tool
from tests.api.service.world import OWN

DAY = {"as-of": "2030-03-01"}


def ids(rows):
    return sorted(r.get("task", r)["id"] for r in rows)


def exported(text):
    return list(csv.reader(io.StringIO(text)))[1:]


def of_every_front(world, capsys, unit):
    """What each front gives for a unit, by front; each alike for all names of one unit."""
    home = world.settings.home
    file = home / "alias.csv"
    words = [
        "export",
        "--out",
        str(file),
        "--format",
        "csv",
        "--unit",
        unit,
        "--as-of",
        DAY["as-of"],
    ]
    assert run(words, {"DUBAN_HOME": str(home)}, home) == 0
    told = world.client("supervisor").get(f"{API}/exports", params={"format": "csv", "unit": unit, "as_of": DAY["as-of"]})  # fmt: skip
    [tool] = by_tool(world, "supervisor", ("tasks_of_unit", {"unit": unit}))
    late = by_command(world, capsys, "overdue", DAY | {"unit": unit})
    sent = over_http(world, f"{API}/overdue", DAY | {"unit": unit}, {})["items"]
    assert sorted(r["milestone_id"] for r in late) == sorted(r["milestone_id"] for r in sent)
    by_line = ids(by_command(world, capsys, "tasks", {"unit": unit}))
    assert ids(over_http(world, f"{API}/tasks", {"unit": unit}, {})["items"]) == by_line
    assert (
        ids(over_http(world, f"{API}/units/{unit.replace('/', '%2F')}", {}, {})["tasks"]) == by_line
    )
    out = json.dumps(tool.structured_content, ensure_ascii=False, sort_keys=True)
    assert by_line
    assert all(key in out for key in by_line)
    rows = exported(file.read_text("utf-8-sig"))
    assert exported(told.content.decode("utf-8-sig")) == rows
    return {"tasks": by_line, "overdue": sorted(r["milestone_id"] for r in late), "tool": out, "rows": rows}  # fmt: skip


@pytest.mark.parametrize("alias", ["区水务局", " 区 水利局"])
def test_any_name_gives_what_the_printed_one_gives(world, capsys, alias):
    assert of_every_front(world, capsys, alias) == of_every_front(world, capsys, OWN)


def test_a_name_that_is_none_is_refused_with_the_nearest(world, capsys):
    home = world.settings.home
    assert run(["tasks", "--unit", "区水利周"], {"DUBAN_HOME": str(home)}, home) != 0
    assert OWN in capsys.readouterr().err
    told = world.client("supervisor").get(f"{API}/tasks", params={"unit": "区水利周"})
    assert told.status_code == 404
    assert OWN in told.text
