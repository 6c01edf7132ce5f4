"""Text files: decoded as they stand, or refused with the place named."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers import decode, detect_media_type, read_bytes, read_file
from ingest.readers.text import read_text
from kb.errors import SourceError

# Long enough for a guess at its encoding, with line ends of both kinds.
TEXT = (
    "某区人民政府办公室关于印发教育工作方案的通知\r\n"
    "一、总体要求\n（一）加强领导。各单位要高度重视，抓好落实，不断提高服务人民的能力和水平。\n"
    "1.到2025年，建成示范校20所。\r\n　　责任单位：区教委、区公安局\n"
)


def _text(data: bytes, name: str) -> str:
    return read_text(data, name).text


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (codecs.BOM_UTF8 + TEXT.encode(), "utf-8 with BOM"),
        (TEXT.encode("gb18030"), "gb18030"),
        (TEXT.encode("gbk"), "gbk"),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "utf-16-le with BOM"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16-be with BOM"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_encoding_gives_the_same_characters(data: bytes, encoding: str) -> None:
    assert _text(data, "plan.txt") == TEXT
    source = read_bytes(data, "plan.txt")
    assert (source.text, source.media_type, source.findings) == (TEXT, "text/plain", ())
    assert decode(data, source.media_type, source.name) == TEXT


def test_line_ends_and_odd_characters_stay() -> None:
    text = "甲\r\n乙\r丙\n丁\u2028戊\u3000\u200b𠮷\x0c\n"
    assert _text(text.encode(), "a.txt") == text


def test_mixed_encodings_are_refused_where_they_begin() -> None:
    head = TEXT.encode()
    with pytest.raises(SourceError) as caught:
        _text(head + TEXT.encode("gb18030"), "mixed.txt")
    message = str(caught.value)
    line = head.count(b"\n") + 1
    assert message.startswith("mixed.txt: ")
    assert f"第 {line} 行" in message
    assert f"line {line} " in message
    assert "UTF-8" in caught.value.hint


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (codecs.BOM_UTF8 + "甲乙".encode() + b"\xff\xfe", 9),
        ("一、任务\n".encode() + b"\xe4\xb8", 13),  # cut inside a character
    ],
)
def test_the_byte_of_the_damage_is_named(data: bytes, offset: int) -> None:
    with pytest.raises(SourceError, match=rf"字节 {offset}\b"):
        _text(data, "cut.txt")


@pytest.mark.parametrize(
    "data", [b"", b"\xef\xbb\xbf", b" \r\n\t", "\u3000\u3000\n".encode()], ids=repr
)
def test_nothing_to_read(data: bytes) -> None:
    with pytest.raises(SourceError, match=r"empty|no text"):
        read_bytes(data, "empty.txt")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"7z\xbc\xaf\x27\x1c", "7Z"),
        (b"Rar!\x1a\x07", "RAR"),
        (b"Founder CEB 3.0", "CEB"),
        (b"SQLite format 3\x00", "SQLite"),
        ("任务".encode() + b"\x00\x01" * 40, "NUL"),
        (bytes(range(1, 32)) * 40, "binary"),
    ],
)
def test_other_kinds_are_refused_by_name(data: bytes, says: str) -> None:
    with pytest.raises(SourceError, match=says) as caught:
        read_bytes(data, "plan.txt")
    assert "plan.txt" in str(caught.value)


def test_a_wrong_extension_is_told_and_read_by_content() -> None:
    source = read_bytes(TEXT.encode(), "plan.html")
    assert source.media_type == "text/plain"
    assert [f.code for f in source.findings] == ["extension-mismatch"]
    page = b"<!DOCTYPE html><html><body><p>\xe4\xbb\xbb\xe5\x8a\xa1</p></body></html>"
    assert read_bytes(page, "plan.txt").media_type == "text/html"


def test_a_text_that_mentions_tags_is_text() -> None:
    assert detect_media_type("说明：标签<p>与<div>的用法".encode(), "a.txt") == "text/plain"


def test_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    path.write_bytes(TEXT.encode())
    with pytest.raises(SourceError, match="limit of 10") as caught:
        read_file(path, limit=10)
    assert str(path) in str(caught.value)
    assert caught.value.hint


def test_a_folder_or_a_missing_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.txt"):
        with pytest.raises(SourceError, match=r"cannot open|no such file"):
            read_file(path)


def test_one_line_of_five_megabytes_is_read_whole() -> None:
    line = "到2025年，建成学校20所，" * 160_000
    assert len(line.encode()) > 5_000_000
    assert read_bytes(line.encode(), "line.txt").text == line
    assert _text(line.encode("gb18030"), "line.txt") == line


# Without zeros: "0\\0" is UTF-16 as well.
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=80))
def test_utf_8_comes_back(text: str) -> None:
    assert _text(text.encode(), "a.txt") == text.removeprefix("\ufeff")


@given(st.binary(max_size=80))
def test_bytes_are_text_or_a_source_error(data: bytes) -> None:
    try:
        text = read_bytes(data, "a.txt").text
    except SourceError as error:
        assert error.path == "a.txt"  # noqa: PT017 - both outcomes are right
    else:
        assert text.strip()
