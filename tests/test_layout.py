"""The tests mirror the packages, so that whoever changes a module finds its tests."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("kb", "ingest", "tasks", "api")
ACROSS = "contracts"
"""Folders of suites that hold many modules to one contract (every route, every page, every role)."""


def test_a_test_module_stands_where_its_module_does():
    astray = []
    for test in sorted((ROOT / "tests").rglob("test_*.py")):
        place = test.relative_to(ROOT / "tests")
        if place.parts[0] not in PACKAGES or ACROSS in place.parts:
            continue
        module = ROOT / place.parent / place.name.removeprefix("test_")
        whole = (module.with_suffix("") / "__init__.py", ROOT / place.parent / "__init__.py")
        of_package = whole[0].exists() or (whole[1].exists() and module.stem == place.parent.name)
        if not module.exists() and not of_package:
            astray.append(str(place))
    assert astray == []
