"""Word 97–2003 files: read as a Word package, with what the conversion lost; files that only have
their suffix are read by their content."""

from __future__ import annotations

import pytest

from ingest.pipeline import extract_bytes
from ingest.readers import read_bytes
from ingest.readers.doc import read_doc
from kb.errors import SourceError
from tests.ingest.readers.facts import agreement, differences
from tests.ingest.readers.plans import PLAN
from tests.ingest.readers.word97_files import ENCRYPTED, compound, word97
from tests.ingest.readers.word_files import docx, paragraph

WPS = bytes.fromhex("00020900 0000 0000 c000 000000000046")
"""The class that WPS Writer names in the header, where the standard has zeros."""


@pytest.mark.parametrize("clsid", [bytes(16), WPS])
@pytest.mark.parametrize("name", ["a.doc", "a.wps"])
def test_paragraphs_are_lines(clsid: bytes, name: str) -> None:
    source = read_bytes(word97("某区行动方案\n\n一、新建学校20所。", clsid=clsid), name)
    assert source.text == "某区行动方案\n一、新建学校20所。\n"
    assert source.media_type == "application/msword"
    assert [place.paragraph for place in source.places] == [1, 3]


def test_the_facts_are_those_of_the_text() -> None:
    found, expected = extract_bytes(word97(PLAN), "a.doc"), extract_bytes(PLAN.encode(), "a.txt")
    assert agreement(found, expected) == (1, 1, 1), differences(found, expected)


def test_the_same_bytes_give_the_same_text() -> None:
    data = word97(PLAN)
    first, second = read_doc(data, "a.doc"), read_doc(data, "b.doc")
    assert (first.text, [*first.places]) == (second.text, [*second.places])


def test_what_the_conversion_reports_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import doc2docx

    convert = doc2docx.convert

    def reporting(*args: object, **options: object) -> object:
        result = convert(*args, **options)
        result.report.warning("SHAPE_DEFERRED", "a shape was left out")
        return result

    monkeypatch.setattr(doc2docx, "convert", reporting)
    (finding,) = read_doc(word97("甲"), "a.doc").findings
    assert finding.code == "conversion"
    assert all("shape-deferred: a shape" in side for side in finding.message.split(" / "))


def test_an_encrypted_file_says_so() -> None:
    with pytest.raises(SourceError, match="加了密码") as raised:
        read_bytes(word97("甲", flags=ENCRYPTED), "a.doc")
    assert raised.value.hint


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (docx(paragraph("某区行动方案")), "wordprocessingml"),
        (
            b"{\\rtf1\\ansi\\ansicpg936 \\'c4\\'b3\\'c7\\'f8\\'d0\\'d0\\'b6\\'af\\'b7\\'bd\\'b0\\'b8}",
            "rtf",
        ),
        ("<html><body><p>某区行动方案</p></body></html>".encode(), "text/html"),
        (
            b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=X\n\n--X\n"
            b"Content-Type: text/html; charset=utf-8\n\n<p>"
            + "某区行动方案".encode()
            + b"</p>\n--X--\n",
            "multipart/related",
        ),
        ("某区行动方案".encode(), "text/plain"),
    ],
)
def test_what_only_has_the_suffix_is_read_by_its_content(data: bytes, media_type: str) -> None:
    source = read_bytes(data, "a.doc")
    assert source.text.strip() == "某区行动方案"
    assert media_type in source.media_type
    assert source.findings[0].code == "extension-mismatch"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(compound({"WordDocument": b"", "1Table": b""}), id="empty streams"),
        pytest.param(compound({"WordDocument": b"\xec\xa5" * 3000}), id="no table stream"),
        pytest.param(word97("甲")[:512] + b"\xff" * 9000, id="no sectors"),
    ],
)
def test_damaged_files_are_refused(data: bytes) -> None:
    with pytest.raises(SourceError) as raised:
        read_doc(data, "a.doc")
    assert "/tmp" not in str(raised.value)  # noqa: S108


def test_no_byte_that_is_wrong_lets_an_error_of_the_library_escape() -> None:
    whole = bytearray(word97("各单位要高度重视，抓好落实。\n"))
    for place in [*range(512, 1412, 9), *range(len(whole) - 1024, len(whole), 17)]:
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        try:
            read_doc(bytes(damaged), "a.doc")
        except SourceError:
            continue
