"""Errors that the disk made, as whoever meets them says so."""

import sqlite3

import pytest

from kb.disk import disk_error, disk_fault


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device"), "磁盘空间已满"),
        (OSError(122, "Disk quota exceeded"), "磁盘空间已满"),
        (OSError(30, "Read-only file system"), "只读挂载"),
        (PermissionError(13, "Permission denied"), "没有读写权限"),
        (NotADirectoryError(20, "Not a directory"), "应是目录"),
        (sqlite3.OperationalError("database or disk is full"), "磁盘空间已满"),
        (RuntimeError("Error: No space left on device (os error 28)"), "磁盘空间已满"),
        (RuntimeError("something else"), None),
    ],
)
def test_what_the_disk_has_to_do_with_an_error(error, words):
    told_of = disk_fault(error)
    assert (told_of is None) is (words is None)
    if told_of is not None:
        assert words in told_of[0]
        assert all(" / " in part for part in told_of)
        outer = ValueError("wrapped")
        outer.__cause__ = error
        assert disk_fault(outer) == told_of


@pytest.mark.parametrize(("place", "words"), [("file/inside", "应是目录"), ("folder", None)])
def test_where_a_library_says_nothing_the_disk_is_asked(tmp_path, place, words):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    found = disk_fault(RuntimeError("unable to open database file"), tmp_path / place)
    assert (found is None) is (words is None)
    assert words is None or words in found[0]


def test_the_file_that_an_error_names_is_named(tmp_path):
    with pytest.raises(IsADirectoryError) as caught:
        tmp_path.open()
    found = disk_error(caught.value)
    assert found is not None
    assert found.path == str(tmp_path)
