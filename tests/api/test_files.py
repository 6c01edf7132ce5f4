"""Files are written whole, through links, and a device stays a device."""

import os
import stat
import threading
from pathlib import Path

import pytest

from api.files import replace_file, write_whole
from kb.errors import DubanError


def test_a_file_is_replaced_whole(tmp_path):
    target = tmp_path / "a.txt"
    replace_file(target, b"one")
    replace_file(target, b"two", mode=0o600)
    assert target.read_bytes() == b"two"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_is_followed(tmp_path):
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_bytes(b"old")
    link.symlink_to(real)
    replace_file(link, b"new")
    assert (link.is_symlink(), real.read_bytes()) == (True, b"new")


def test_a_pipe_is_written_to_and_stays_one(tmp_path):
    pipe, data = tmp_path / "pipe", os.urandom(300_000)
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    replace_file(pipe, data)
    reader.join()
    assert got == [data]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="a device of Linux")
def test_a_full_device_is_told(tmp_path):
    link = tmp_path / "full"
    link.symlink_to("/dev/full")
    with pytest.raises(DubanError, match="写不了"):
        write_whole(link, b"x")
    assert Path("/dev/full").is_char_device()
