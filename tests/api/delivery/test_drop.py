"""The file channel on a real folder."""

import os
from pathlib import Path

import pytest

from api.delivery.channel import PermanentError, TemporaryError
from api.delivery.drop import DropChannel, write_whole
from api.delivery.message import Attachment
from tasks.addresses import Address
from tests.api.delivery.samples import UNIT, message

HERE = Address(unit=UNIT, channel="file", target="")


def files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(("sub", "prefix"), [("", ""), ("水利局", "水利局/")])
def test_the_page_and_what_goes_with_it_exactly(tmp_path, sub, prefix):
    address = HERE.model_copy(update={"target": sub})
    announced = []
    with DropChannel(tmp_path / "new" / "drop") as channel:
        for _ in range(2):  # again changes nothing
            assert channel.deliver(message(), address, lambda: announced.append(1)) == ""
    sent = message()
    assert files(tmp_path / "new" / "drop") == {
        f"{prefix}2026-W48/督办周报-2026-W48-区水利局.html": sent.html.encode(),
        f"{prefix}2026-W48/督办周报-2026-W48-区水利局.docx": bytes(range(256)),
    }
    assert announced == [1, 1]
    for path in (tmp_path / "new").rglob("*.html"):
        assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("name", ["../x", "a/b", "/etc/x", "..", ".", "", "a\\b", "a\0b"])
def test_no_name_leaves_the_folder(tmp_path, name):
    inner = tmp_path / "inner"
    inner.mkdir()
    with pytest.raises(PermanentError):
        write_whole(inner, name, b"x")
    odd = message(attachments=(Attachment(name, "text/plain", b"x"),))
    with pytest.raises(PermanentError), DropChannel(inner) as channel:
        channel.deliver(odd, HERE, lambda: None)
    assert files(tmp_path) == {}


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "drop").write_text("x")
    with pytest.raises(TemporaryError, match="写不了"), DropChannel(tmp_path / "drop") as channel:
        channel.deliver(message(), HERE, lambda: None)


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_what_fails_in_the_middle_leaves_the_former_file_and_no_rest(tmp_path, monkeypatch, fails):
    write_whole(tmp_path, "a", b"former")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(*((os, "fsync") if fails == "fsync" else (Path, "replace")), fail)
    with pytest.raises(OSError, match="disk full"):
        write_whole(tmp_path, "a", b"new")
    assert files(tmp_path) == {"a": b"former"}
