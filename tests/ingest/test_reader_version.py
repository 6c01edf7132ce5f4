"""The reader's version changes with whatever can change a reading, and with nothing else."""

import ast
import shutil
import subprocess
import sys

from ingest.reader_version import _imports
from kb.lexicon import corpus_path

PRINT = "from ingest.reader_version import reader_version; print(reader_version())"


def version_in(folder) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-c", PRINT], cwd=folder, env={"PYTHONPATH": str(folder)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_code_lexicon_and_what_the_reader_imports_count(tmp_path):
    root = corpus_path().parent
    for name in ("ingest", "kb", "tasks", "corpus/lexicon"):
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    before = version_in(tmp_path)
    assert version_in(tmp_path) == before
    for path, counts in (
        ("ingest/duties.py", True),
        ("ingest/readers/html.py", True),
        ("kb/models.py", True),
        ("kb/language/organisations.py", True),
        ("corpus/lexicon/organisations.jsonl", True),
        ("tasks/store.py", False),
        ("kb/index.py", False),
    ):
        file = tmp_path / path
        held = file.read_bytes()
        file.write_bytes(held + b"\n# more\n")
        assert (version_in(tmp_path) != before) is counts, path
        file.write_bytes(held)
    (tmp_path / "ingest" / "weights.bin").write_bytes(b"1")
    assert version_in(tmp_path) != before


def test_every_import_is_found(tmp_path):
    root = corpus_path().parent
    odd = tmp_path / "odd.py"
    odd.write_text(
        "from a import (  # why, not b\n    c as d,  # e\n    f,\n)\nimport g as h, i\n", "utf-8"
    )
    assert {*_imports(odd)} == {"a", "a.c", "a.f", "g", "i"}
    for path in (
        odd,
        *(p for name in ("ingest", "kb", "tasks") for p in (root / name).rglob("*.py")),
    ):
        imported = set()
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        assert {*_imports(path)} >= imported, path
