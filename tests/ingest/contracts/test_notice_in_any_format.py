"""The shipped notice says the same whatever the format in which it comes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from functools import cache
from unicodedata import normalize

import pytest
from PIL import Image

from ingest.pipeline import extract_bytes
from kb.lexicon import corpus_path
from tasks.models import Extraction
from tests.ingest.readers.drawn import as_bytes, page, scanned, sealed, wrapped
from tests.ingest.readers.facts import agreement, differences, facts_of
from tests.ingest.readers.printed import CHROMIUM, print_pdf
from tests.ingest.readers.word97_files import word97
from tests.ingest.readers.word_files import numbered_docx
from tests.ingest.readers.workbooks import xlsx

NOTICE = (corpus_path() / "documents" / "wanzhou-fuban-2022-30.txt").read_bytes()


@cache
def of_the_text() -> Extraction:
    """What the text of the notice says."""
    return extract_bytes(NOTICE, "notice.txt")


def as_xlsx(text: str) -> bytes:
    """A paragraph a row, as those who use a workbook for everything send it."""
    return xlsx([[line] for line in text.splitlines()])


@pytest.mark.parametrize(
    ("suffix", "write"),
    [
        ("docx", numbered_docx),
        ("doc", word97),
        ("xlsx", as_xlsx),
        pytest.param(
            "pdf",
            print_pdf,
            marks=pytest.mark.skipif(not CHROMIUM.exists(), reason="no browser that prints"),
        ),
    ],
    ids=["docx", "doc", "xlsx", "pdf"],
)
def test_the_facts_are_those_of_the_text(suffix: str, write: Callable[[str], bytes]) -> None:
    found = extract_bytes(write(NOTICE.decode()), f"notice.{suffix}")
    assert min(agreement(found, of_the_text())) >= 0.97, differences(found, of_the_text())


def test_the_numbers_of_the_word_file_are_automatic() -> None:
    with zipfile.ZipFile(io.BytesIO(numbered_docx(NOTICE.decode()))) as package:
        assert "一、总体要求".encode() not in package.read("word/document.xml")


# --- a page of it as a picture


def drawn() -> tuple[str, Image.Image]:
    """A page of the notice, as text and as drawn."""
    text = NOTICE.decode()
    shown, lines, below = list[str](), list[tuple[int, int, str]](), 200
    for words in text[text.index("2.优化岗位设置动态管理机制") :].splitlines():
        paragraph = wrapped(words.strip(), top=below)
        if paragraph[-1][1] > 2150:
            break
        if words.strip():
            shown.append(words.strip())
            lines += paragraph
            below = paragraph[-1][1] + 78
    return "\n".join(shown), page(lines)


def error_rate(read: str, printed: str) -> float:
    """Characters that were added, left out or taken for others, of those printed, after NFKC."""
    found, expected = ("".join(normalize("NFKC", side).split()) for side in (read, printed))
    before = [*range(len(expected) + 1)]
    for row, mine in enumerate(found, start=1):
        after = [row]
        for column, theirs in enumerate(expected):
            after.append(
                min(before[column + 1] + 1, after[-1] + 1, before[column] + (mine != theirs))
            )
        before = after
    return before[-1] / len(expected)


def test_a_clean_scan_has_the_characters_of_the_page() -> None:
    text, picture = drawn()
    assert error_rate(extract_bytes(as_bytes(picture), "a.png").document.text, text) <= 0.01


def test_a_skewed_scan_with_noise_and_a_seal_has_the_facts_of_the_page() -> None:
    text, picture = drawn()
    scan = scanned(sealed(picture, 1100, 1500))
    found, expected = extract_bytes(as_bytes(scan), "a.png"), extract_bytes(text.encode(), "a.txt")
    assert min(agreement(found, expected)) >= 0.88, differences(found, expected)
    assert all(facts_of(expected))
