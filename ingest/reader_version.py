"""Which reader this is: a digest of all that decides what is read out of a document's bytes.

The log keeps it with each document, so that its facts can be derived again and compared where the
reader is the same one.
"""

from __future__ import annotations

import hashlib
import platform
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import Distribution, distributions, version
from inspect import getmodulename
from pathlib import Path

from kb.lexicon import corpus_path

_OURS = ("ingest", "kb", "tasks")
"""The packages whose modules a reading may use."""
_IMPORT = re.compile(
    r"^[ \t]*(?:import[ \t]+([^\n]+)|from[ \t]+([\w.]+)[ \t]+import[ \t]+(?:\(([^)]*)\)|([^\n(]+)))",
    re.M,
)
"""Every import, wherever it stands; parsing the files takes longer than all the rest."""
_REMARK = re.compile(r"#.*")


@lru_cache
def reader_version() -> str:
    """16 hexadecimal digits over the files of `ingest` and of the modules that they import, the
    lexicon, and the versions of Python, its Unicode tables and the libraries they import."""
    root = corpus_path().parent
    files, libraries = _closure(root)
    files |= {p for p in (root / "corpus" / "lexicon").rglob("*") if p.is_file()}
    whole = hashlib.sha256()
    for path in sorted(files):
        name = path.relative_to(root).as_posix().encode()
        whole.update(name + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    major, minor, _ = platform.python_version_tuple()
    told = [f"python {major}.{minor}", f"unicode {unicodedata.unidata_version}", *libraries]
    whole.update("\n".join(told).encode())
    return whole.hexdigest()[:16]


def _closure(root: Path) -> tuple[set[Path], list[str]]:
    """The files of `ingest` and every module of ours that they import, also inside functions; the
    libraries among their imports with their versions."""
    files = {p for p in (root / "ingest").rglob("*") if p.is_file() and p.suffix != ".pyc"}
    waiting = [p for p in files if p.suffix == ".py"]
    others: set[str] = set()
    while waiting:
        for name in _imports(waiting.pop()):
            if name.partition(".")[0] not in _OURS:
                others.add(name.partition(".")[0])
                continue
            place = root.joinpath(*name.split("."))
            found = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
            if found.is_file() and found not in files:
                files.add(found)
                waiting.append(found)
    others.add("lxml")  # by name
    found_in = {d.metadata["Name"] for d in distributions() if not others.isdisjoint(_tops(d))}
    return files, sorted(f"{name} {version(name)}" for name in found_in)


def _tops(distribution: Distribution) -> Iterator[str]:
    """The names under which what it brings is imported, as `packages_distributions` finds them: that
    makes a path of each of a hundred thousand files."""
    declared = distribution.read_text("top_level.txt")
    if declared:
        yield from declared.split()
        return
    for line in (distribution.read_text("RECORD") or "").splitlines():
        first, below, _ = line.partition("/")
        yield first if below else getmodulename(first.partition(",")[0]) or ""


def _imports(path: Path) -> Iterator[str]:
    for modules, home, several, parts in _IMPORT.findall(path.read_text("utf-8")):
        yield from _names(modules)
        if home:
            yield home
            yield from (f"{home}.{name}" for name in _names(several or parts))


def _names(listed: str) -> Iterator[str]:
    """`a`, `b` of `a as other, b  # why`."""
    for part in _REMARK.sub("", listed).split(","):
        yield from part.split()[:1]
