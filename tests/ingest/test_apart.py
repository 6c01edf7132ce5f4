"""A process that reads files gives what this one would."""

import subprocess
import sys

import pytest

from ingest import apart
from ingest.apart import Reader, ReaderFailedError, Reading, StoppedError
from ingest.pipeline import extract_bytes
from kb.errors import SourceError
from tests.tasks.samples import PLAN


@pytest.fixture(autouse=True)
def started(monkeypatch) -> None:
    """Each process is started as ever, not forked from another."""
    monkeypatch.setattr(apart, "subprocess", subprocess)


def test_it_reads_as_in_this_process(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(PLAN.encode())
    assert Reading(path, "方案.txt").extract() == extract_bytes(PLAN.encode(), "方案.txt")


def test_what_cannot_be_read_is_told_as_in_this_process(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(SourceError) as apart:
        Reading(path, "方案.txt").extract()
    with pytest.raises(SourceError) as here:
        extract_bytes(path.read_bytes(), "方案.txt")
    assert (apart.value.message, apart.value.hint) == (here.value.message, here.value.hint)


def test_what_is_stopped_before_it_begins_never_begins(tmp_path):
    reading = Reading(tmp_path / "missing", "方案.txt")
    reading.stop()
    with pytest.raises(StoppedError):
        reading.extract()


def test_it_is_found_wherever_the_service_was_started(tmp_path):
    """Another folder as the present one, which has a package of the same name."""
    (tmp_path / "ingest").mkdir()
    (tmp_path / "ingest" / "__init__.py").write_text("raise SystemExit(9)")
    (tmp_path / "x").write_bytes(PLAN.encode())
    words = "import sys; from pathlib import Path; from ingest.apart import Reading; import os;" \
        "os.chdir(sys.argv[1]); print(len(Reading(Path('x'), 'a.txt').extract().tasks))"  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", words, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "4"


def test_a_file_given_up_says_nothing_of_the_next() -> None:
    with Reader(patience=0.0) as reader:
        with pytest.raises(SourceError):
            reader.extract(PLAN.encode(), "方案.txt")
        reader._patience = 60.0
        reader.start()
        assert reader._process is not None
        reader._process.kill()
        with pytest.raises(ReaderFailedError):
            reader.extract(PLAN.encode(), "方案.txt")
