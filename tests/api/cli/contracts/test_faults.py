"""Whatever the disk, the terminal or the index does, a command says what is the matter and what to
do, and shows no traceback. Real processes, but where nothing of the process matters (what they must
import is the longest part of each); a full disk and a read-only mount are real ones."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from api.cli import app as command_line
from tests.api.cli.several import NOT_HERE, mount
from tests.api.service.process import ROOT, environ_of, forked
from tests.tasks.samples import PLAN

NOBODY = 12345
"""A person that is not who owns the files, and has no home."""
ASCII = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
DUBAN = [sys.executable, "-m", "api.main"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a store of one document and its index."""
    home = tmp_path_factory.mktemp("made")
    (home / "plan.txt").write_text(PLAN, encoding="utf-8")
    assert here(home, "ingest", str(home / "plan.txt")) == 0
    return home


@pytest.fixture
def home(made, tmp_path):
    """A copy of it, that everybody may read."""
    place = tmp_path / "home"
    shutil.copytree(made, place)
    above = Path(tempfile.gettempdir()).resolve()
    for path in (place, tmp_path, *(p for p in tmp_path.parents if above in p.parents)):
        path.chmod(0o755)
    return place


def run(home: Path, *arguments: str, out=subprocess.PIPE, unset=(), **more: str):
    """One command to its end; its output is bytes read as UTF-8 with what is none escaped."""
    environ = {k: v for k, v in environ_of(home, **more).items() if k not in unset}
    return subprocess.run(
        [*DUBAN, *arguments], cwd=ROOT, env=environ, stdout=out, stderr=subprocess.PIPE,
        encoding="utf-8", errors="backslashreplace", timeout=300, check=False,
    )  # fmt: skip


SEVERAL = (
    "import json, sys; from tests.api.cli.several import several; several(json.loads(sys.argv[1]))"
)


def here(home: Path, *arguments: str, **more: str) -> int:
    """As `run`, in this process, which loads the models once for all commands. A fault that no
    message tells of is raised."""
    return command_line.run(arguments, environ_of(home, **more), ROOT)


def told(done, code: int, *words: str) -> None:
    """It says so on standard error, and how it failed is no accident."""
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


# ---- the terminal


@pytest.mark.parametrize("more", [{"PYTHONIOENCODING": "latin-1"}, ASCII])
def test_a_terminal_that_shows_no_chinese(home, more):
    # What is typed is found, and what is not is told, in whatever the terminal shows.
    commands = json.dumps([(0, "tasks"), (0, "tasks --json"), (0, "trace 整治隐患")])
    words = [sys.executable, "-c", SEVERAL, commands]
    done = subprocess.run(
        words, cwd=ROOT, env=environ_of(home, **more), capture_output=True, encoding="utf-8",
        errors="backslashreplace", check=False,
    )  # fmt: skip
    told(done, 0)
    listed, as_json, _, _ = done.stdout.split("<end>")
    assert r"\u6574\u6cbb\u9690\u60a3" in listed  # 整治隐患
    assert "4 task(s)" in listed, "English, where nobody chose"
    assert "整治隐患" in {task["title"] for task in json.loads(as_json)}
    told(run(home, "trace", "无此", "--lang", "zh", **more), 1)


def test_words_that_are_no_text(home):
    for words in (["trace", b"\xb7\xc0"], ["--store", b"\xb7\xc0.db", "tasks"]):
        told(run(home, *words), 1)


def test_a_reader_that_has_gone(home):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run(home, "tasks", "--json", out=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_output_to_a_full_disk_and_to_nowhere(home):
    with Path("/dev/full").open("w") as full:
        for arguments in (["tasks"], ["tasks", "--json"], ["graph"]):
            told(run(home, *arguments, out=full), 1, "磁盘空间已满")
    shut = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *DUBAN, "tasks"]
    assert subprocess.run(shut, cwd=ROOT, env=environ_of(home), check=False).returncode == 0


# ---- places that are not what they should be


def test_paths_that_are_something_else(home, capsys):
    def told(code: int, words: tuple[str, ...], *said: str, **more: str) -> None:
        capsys.readouterr()
        assert here(home, *words, **more) == code
        error = capsys.readouterr().err
        assert [part for part in said if part not in error] == []

    (home / "file").touch()
    file, database = str(home / "file"), str(home / "duban.db")
    shape = "应是目录的地方是文件"
    plan = str(home / "plan.txt")
    told(1, ("--store", str(home), "tasks"), str(home), "是一个目录", "duban.db")
    told(1, ("--store", f"{database}/x.db", "ingest", "--no-index", plan), shape)
    told(1, ("index", "status"), shape, file, DUBAN_CACHE=file)
    told(1, ("ingest", plan), shape, DUBAN_HOME=file)
    shutil.rmtree(home / "index")
    (home / "index").touch()
    for command in ("verify", "status", "rebuild"):
        told(1, ("index", command), shape, str(home / "index"))


def as_somebody_else(*words: str, environ: dict[str, str]):
    """A command to its end, by a person who owns nothing."""
    other = ["setpriv", "--reuid", str(NOBODY), "--clear-groups"]
    asked = {"cwd": ROOT, "capture_output": True, "text": True, "env": environ}
    if os.getuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can be somebody else")
    able = subprocess.run([*other, sys.executable, "-c", "import api.main"], check=False, **asked)
    if able.returncode != 0:
        pytest.skip("nobody else can run this")
    return subprocess.run([*other, *DUBAN, *words], check=False, **asked)


def test_no_home_folder(home):
    assert run(home, "tasks", unset=("HOME",)).returncode == 0
    unset = ("HOME", "DUBAN_CACHE", "XDG_CACHE_HOME")
    environ = {k: v for k, v in environ_of(home).items() if k not in unset}
    told(as_somebody_else("tasks", environ=environ), 2, "主目录", "DUBAN_CACHE")


def test_a_store_that_may_not_be_read_or_written(home):
    environ = environ_of(home) | {"HOME": "/"}
    plan = str(home / "plan.txt")
    told(as_somebody_else("ingest", "--no-index", plan, environ=environ), 1, "只读", "权限")
    (home / "duban.db").chmod(0o600)
    told(as_somebody_else("tasks", environ=environ), 1, "没有读取库文件的权限")


# ---- disks


def mounted(place: Path, options: str, script: str, home: Path, commands=(), **more: str):
    """A script, then commands, where a file system is mounted at `place` for them alone."""
    place.mkdir(exist_ok=True)
    more |= {"LEFT": LEFT, "PLACE": str(place), "HOME_OF": str(home), "DUBAN": " ".join(DUBAN)}
    done = forked(environ_of(home, **more), mount, options, script, commands)
    if done.returncode == NOT_HERE:
        pytest.skip("nothing can be mounted here")
    return done


FILL = 'dd if=/dev/zero of="$PLACE/fill" bs=4k 2>/dev/null; '


def test_a_full_disk_under_the_store(home):
    script = 'cp "$HOME_OF/duban.db" "$PLACE"; ' + FILL + 'echo >> "$HOME_OF/plan.txt"; ' \
        '$DUBAN --store "$PLACE/duban.db" ingest --no-index "$HOME_OF/plan.txt"'  # fmt: skip
    told(mounted(home / "full", "-o size=700k", script, home), 1, "磁盘空间已满", "清理磁盘")


BOTH = (1, "index rebuild"), (0, "ask 整治隐患由哪些单位负责？")


def test_a_full_disk_under_the_index_and_the_models(home):
    shutil.rmtree(home / "index")
    done = mounted(home / "index", "-o size=64k", FILL + ":", home, BOTH)
    assert "Traceback" not in done.stderr
    assert done.stderr.count("磁盘空间已满") == 2
    assert done.returncode == 0, "told, and answered all the same"
    # An answer needs no index, and is given.
    assert "区水利局" in done.stdout
    script = FILL + 'export DUBAN_CACHE="$PLACE"; $DUBAN index status'
    told(mounted(home / "models", "-o size=64k", script, home), 1, "磁盘空间已满", "models")


def test_a_read_only_mount(home):
    script = 'cp "$HOME_OF"/* "$PLACE" 2>/dev/null; mount -o remount,ro "$PLACE"; ' \
        'export DUBAN_HOME="$PLACE"; $DUBAN ingest --no-index "$HOME_OF/plan.txt"'  # fmt: skip
    told(mounted(home / "fixed", "", script, home), 1, "只读挂载", "重新挂载")


READ = (
    (0, "tasks --json"), (0, "overdue --as-of 2027-01-05"), (0, "trace 整治隐患"), (0, "verify"),
    (0, "ask 整治隐患由哪些单位负责？"),
)  # fmt: skip
WRITE = (
    *READ, (0, "documents"), (0, "review"), (0, "audit log"), (1, "ingest --no-index README.md"),
    (0, "rm fill"), (0, "ingest --no-index README.md"),
)  # fmt: skip


def test_a_store_on_a_read_only_mount_is_read(home):
    """SQLite's log needs files beside the store even for reading."""
    script = 'cp -r "$HOME_OF"/* "$PLACE"; rm -f "$PLACE"/duban.db-*; mount -o remount,ro "$PLACE"'
    place = home / "fixed"
    done = mounted(place, "", script, home, READ, DUBAN_HOME=str(place))
    told(done, 0)
    assert "区水利局" in done.stdout
    assert "整治隐患" in done.stdout


LEFT = """
import os, sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("DELETE FROM known_address")
other.execute("INSERT INTO session VALUES ('h', 'x', 'c', '2026-01-01 00:00:00')")
other.execute("DELETE FROM session")
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("left", [False, True], ids=["", "a log that a killed process left"])
def test_a_store_on_a_full_disk_is_read(home, left):
    """Only what writes fails of it, and does not when there is room again."""
    killed = (
        f'{sys.executable} -c "$LEFT" "$PLACE/duban.db"; rm "$PLACE/duban.db-shm"; ' if left else ""
    )
    script = 'cp "$HOME_OF"/duban.db "$PLACE"; ' + killed + FILL + ":"
    place = home / "full"
    done = mounted(place, "-o size=1500k", script, home, WRITE, DUBAN_HOME=str(place))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("磁盘空间已满, 写不进去\n  请清理") == 1, "by what writes"
    assert "整治隐患" in done.stdout


def test_a_store_in_the_folder_of_somebody_else_is_read(home):
    environ = environ_of(home) | {"HOME": "/"}
    done = as_somebody_else("overdue", "--as-of", "2027-01-05", environ=environ)
    told(done, 0)
    assert "整治隐患" in done.stdout


# ---- the index


def test_a_damaged_index_is_told_and_made_anew(home, capsys):
    """Which damage there is: `tests.kb.test_index`."""
    for file in (home / "index" / "chroma").rglob("*"):
        if file.is_file():
            file.write_bytes(b"\x00garbage" * 4000)
    capsys.readouterr()
    assert here(home, "index", "verify") == 1
    assert "duban index rebuild" in "".join(capsys.readouterr())
    assert here(home, "ask", "整治隐患由哪些单位负责？") == 0
    assert here(home, "index", "rebuild") == 0
    assert here(home, "index", "verify") == 0
