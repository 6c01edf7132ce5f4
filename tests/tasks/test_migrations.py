"""Migrations are frozen: what an old store becomes does not change with the code of today."""

import ast
import sys
from pathlib import Path

from tasks import migrations

FOLDER = Path(migrations.__file__).parent
KNOWN = {*sys.stdlib_module_names, "alembic", "sqlalchemy"}


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." if node.level else (node.module or "").partition(".")[0])
    return found


def test_migrations_import_nothing_of_the_project():
    files = sorted([*FOLDER.glob("versions/*.py"), FOLDER / "env.py"])
    assert len(files) > 7
    assert {path.name: imported(path) - KNOWN for path in files if imported(path) - KNOWN} == {}
