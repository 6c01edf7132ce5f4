"""What a list is narrowed by on the command line and over HTTP: the same names, the same rows."""

import json

import pytest
import typer

from api.cli.app import app as commands
from api.cli.app import run
from tests.api.service.contracts.test_matrix import API
from tests.api.service.wire import described
from tests.api.service.world import OTHER, OWN

SHOWN = {"json": "HTTP answers in JSON", "out": "HTTP answers with the file"}
LISTS = {
    "tasks": (f"{API}/tasks", {}),
    "milestones": (f"{API}/milestones", {}),
    "overdue": (f"{API}/overdue", {"by": f"{API}/overdue/counts"}),
    "due": (f"{API}/due", {"by": f"{API}/due/counts"}),
    "targets": (f"{API}/targets", {}),
    "units": (f"{API}/units", {}),
    "documents": (f"{API}/documents", {"all": "superseded"}),
    "graph": (f"{API}/graph", {}),
    "review": (f"{API}/review", {}),
    "correct list": (f"{API}/corrections", {}),
    "audit log": (f"{API}/audit", {"last": "limit"}),
    "people list": (f"{API}/people", {}),
    "import": (f"{API}/progress", {"report": "format", "file": "the form's"}),
    "export": (f"{API}/exports", {"base-url": "a setting", "columns": "the description of the columns"}),
    "digest": (
        f"{API}/digests/{{week}}",
        {"all": "one digest an answer", "all-clear": "whoever asks for a unit gets its digest", "base-url": "a setting"},
    ),
}  # fmt: skip
"""Each list command: its address, and the options that are something else over HTTP."""


def options(name):
    """An option's or argument's name without dashes, of a command."""
    command = typer.main.get_command(commands)
    for part in name.split():
        command = command.commands[part]
    for parameter in command.params:
        named = [o for o in parameter.opts if o.startswith("--")] or [parameter.name]
        yield named[0].lstrip("-")


@pytest.mark.parametrize("name", LISTS)
def test_every_option_is_a_parameter_of_the_same_name(name):
    path, others = LISTS[name]
    item = described()["paths"][path]
    taken = {p["name"] for operation in item.values() for p in operation.get("parameters", ())}
    for option in options(name):
        if option in SHOWN or option in others or option == "help":
            continue
        assert option.replace("-", "_") in taken, option
    for option, other in others.items():
        assert option in set(options(name)), "no such option any more"
        if other.isidentifier():
            assert other in taken


DAY = {"as-of": "2026-03-01"}
CASES = [
    ("tasks", {}), ("tasks", {"unit": OWN}), ("tasks", {"plan": "方案"}),
    ("tasks", {"due-before": "2025-12-31"}), ("tasks", {"due-before": "2020-01-01"}),
    ("tasks", {"undated": True}), ("tasks", {"overdue": True} | DAY), ("tasks", {"overdue": True, "unit": OTHER} | DAY),
    ("milestones", DAY), ("milestones", {"unit": OWN, "role": "lead"} | DAY),
    ("milestones", {"role": ["joint", "lead"]} | DAY), ("milestones", {"status": "in_progress"} | DAY),
    ("milestones", {"status": "overdue", "plan": "方案"} | DAY),
    ("overdue", DAY), ("overdue", {"days": "61"} | DAY), ("overdue", {"inherited": True, "as-of": "2031-01-01"}),
    ("overdue", {"unit": OWN, "role": "lead"} | DAY),
    ("due", {"as-of": "2025-12-20"}), ("due", {"within": "3", "as-of": "2025-12-20"}),
    ("due", {"within": "365", "inherited": True, "unit": OTHER, "as-of": "2026-02-01"}),
    ("targets", {}), ("targets", {"text": "整治"}), ("targets", {"plan": "专项", "year": "2025"}),
    ("units", {}), ("documents", {}), ("documents", {"all": True}),
    ("review", {}), ("review", {"kind": "warning"}), ("correct list", {}),
]  # fmt: skip
KEYS = {
    "tasks": lambda r: r.get("task", r)["id"],
    "milestones": lambda r: (r["milestone_id"], r["occurrence"], r["state"]),
    "overdue": lambda r: (r["milestone_id"], r["occurrence"], r["days"]),
    "due": lambda r: (r["milestone_id"], r["occurrence"], r["days"]),
    "targets": lambda r: r.get("target", r)["id"],
    "units": lambda r: (r["unit"], r["tasks"]),
    "documents": lambda r: r.get("document", r)["id"],
    "review": lambda r: (r["id"], r["kind"]),
    "correct list": lambda r: r["id"],
}


def by_command(world, capsys, name, given):
    words = []
    for option, value in given.items():
        if option == "text":
            words.append(value)
            continue
        for one in value if isinstance(value, list) else [value]:
            words += [f"--{option}"] if one is True else [f"--{option}", one]
    capsys.readouterr()
    code = run([*name.split(), *words, "--json"], {"DUBAN_HOME": str(world.settings.home)}, world.settings.home)  # fmt: skip
    printed = capsys.readouterr()
    assert code == 0, printed.err
    return json.loads(printed.out)


def over_http(world, path, given, names):
    asked = {
        names.get(k, k).replace("-", "_"): "true" if v is True else v for k, v in given.items()
    }
    told = world.client("supervisor").get(path, params=asked)
    assert told.status_code == 200, told.text
    return told.json()


@pytest.mark.parametrize(("name", "given"), CASES)
def test_the_same_rows(world, capsys, name, given):
    path, names = LISTS[name]
    printed = by_command(world, capsys, name, given)
    sent = over_http(world, path, given | {"limit": 500}, names)
    assert sent["total"] == len(sent["items"])
    key = KEYS[name]
    assert sorted(map(key, sent["items"])) == sorted(map(key, printed))
    # Nothing of the samples needs a look.
    assert printed or name == "review" or {"due-before", "within", "undated"} & set(given)


@pytest.mark.parametrize("by", ["unit", "plan", "role", "days"])
@pytest.mark.parametrize("name", ["overdue", "due"])
def test_the_same_counts(world, capsys, name, by):
    given = {"as-of": "2026-01-20" if name == "overdue" else "2025-12-20", "by": by, "lang": "en"}
    printed = by_command(world, capsys, name, given)
    sent = over_http(
        world, f"{API}/{name}/counts", {k: v for k, v in given.items() if k != "lang"}, {}
    )
    sent = sent["items"] if name == "due" else sent
    assert [[r["name"], r["milestones"]] for r in sent] == [list(r.values()) for r in printed]
    assert sent
