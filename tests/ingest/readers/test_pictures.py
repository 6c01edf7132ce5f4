"""Pictures of pages become text with places, and what is doubtful or was not read is told."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.doubted import DOUBTFUL_CHARACTERS, INK_NOT_READ
from ingest.progress import Stage
from ingest.readers import ocr, pictures, read_bytes, recognised_pages
from ingest.readers.images import Pixels
from ingest.readers.page_content import GlyphRun
from ingest.readers.pictures import finish, read_picture, read_pictures
from ingest.readers.recognised_pages import RecognisedPage, recognise_page
from ingest.readers.recorded import read_recorded, record
from ingest.readers.source import Box, PageSize
from ingest.recognising import Recognition, recognising
from kb.errors import SourceError
from tests.ingest.readers.drawn import as_bytes, page, pixels, scanned

SHOWN = PageSize(600, 840)


def a_page(
    *lines: tuple[str, float], number: int = 1, unread=(), back=(1, 0, 0, 0, 1, 0), quarters=0
) -> RecognisedPage:
    """Lines (words, confidence) below one another."""
    runs = [
        GlyphRun(words, Box(100, 100 + 30 * n, 100 + 16 * len(words), 116 + 30 * n), 16.0, confidence=c)
        for n, (words, c) in enumerate(lines)
    ]  # fmt: skip
    return RecognisedPage(number, SHOWN, SHOWN, back, tuple(runs), (), unread, (), quarters, 0.0)


def codes(read) -> list[str]:
    return [finding.code for finding in read.findings]


# ---- recognition itself, on pictures of a few lines


@pytest.fixture(scope="module")
def short() -> Pixels:
    return pixels(page([(60, 60, "区水利局2025年6月底前建成水库10座。")], 900, 700))


def test_a_line_is_recognised_with_its_places(short):
    [line] = ocr.recognise(short).lines
    assert normalize("NFKC", line.text) == "区水利局2025年6月底前建成水库10座。"
    assert min(c.confidence for c in line.characters if c.word.isalnum()) > 0.9
    lefts = [c.box.left for c in line.characters]
    assert lefts == sorted(lefts)
    for place, character in enumerate(line.characters[:4]):
        assert (character.box.left + character.box.right) / 2 == pytest.approx(
            82 + 44 * place, abs=16
        )


def test_nothing_is_fetched_and_one_model_reads(short):
    assert all(path.is_file() for path in ocr._model_paths())
    assert ocr.model_digest() == ocr.model_digest()
    assert len(ocr.model_digest()) == 64


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_page_on_its_side_or_head_is_turned(quarters):
    drawn = page([(60, 60 + 80 * n, "各单位要按照职责分工抓好落实") for n in range(3)], 800, 500)
    shown = drawn.rotate(90 * quarters, expand=True)
    read = read_picture(as_bytes(shown), "a.png")
    assert "各单位要按照职责分工" in read.text
    assert "page-turned" in codes(read)
    width, height = read.pages[0]
    assert (width > height) == (shown.width > shown.height)
    for place in read.places:
        assert place.box is not None
        assert -1 <= place.box.left < place.box.right <= width + 1
        assert -1 <= place.box.top < place.box.bottom <= height + 1


def test_a_scan_with_skew_and_noise_is_read(short):
    drawn = page([(60, 60 + 70 * n, "区水利局2025年6月底前建成水库") for n in range(3)], 900, 400)
    read = read_picture(as_bytes(scanned(drawn)), "a.png")
    assert normalize("NFKC", read.text).count("区水利局2025年6月底前建成水库") == 3


def test_an_empty_picture_has_no_text():
    read = read_picture(as_bytes(page([], 300, 200)), "a.png")
    assert read.text.strip() == ""
    assert "no-text-on-page" in codes(read)
    with pytest.raises(SourceError, match="no text"):
        read_bytes(as_bytes(page([], 300, 200)), "a.png")


def test_the_same_bytes_give_the_same_reading(short, tmp_path):
    data = as_bytes(page([(60, 60, "区水利局建成水库")], 500, 400))
    assert record(read_picture(data, "a.png")) == record(read_picture(data, "b.png"))


# ---- pages one by one


def test_pages_are_told_of_kept_and_not_recognised_twice(tmp_path, monkeypatch):
    seen, told = [], []
    real = recognised_pages._recognise

    def count(pixels, number, shown):
        seen.append(number)
        return real(pixels, number, shown)

    monkeypatch.setattr(recognised_pages, "_recognise", count)
    files = [
        (as_bytes(page([(60, 60, words)], 400, 400)), "a.png") for words in ("第一页", "第二页")
    ]
    how = Recognition(tell=lambda *at: told.append(at), keep=tmp_path / "kept", allow=told.append)
    with recognising(how):
        first = read_pictures(files)
        again = read_pictures(files)
    assert seen == [1, 2]
    assert record(first) == record(again)
    assert told[:3] == [2, (Stage.RECOGNISING, 0, 2), (Stage.RECOGNISING, 1, 2)]
    for kept in (tmp_path / "kept").iterdir():
        kept.write_text("damaged")
    with recognising(how):
        assert record(read_pictures(files)) == record(first)
    assert seen == [1, 2, 1, 2]


def test_more_pages_than_are_recognised_unasked_are_refused():
    data = as_bytes(page([], 40, 40))
    with recognising(Recognition(most=2)), pytest.raises(SourceError, match="over 2") as raised:
        read_pictures([(data, "a.png")] * 3)
    assert "DUBAN_RECOGNISED_PAGES" in raised.value.hint


def test_a_page_with_too_many_lines_is_refused(monkeypatch):
    def refuse(*_):
        raise ocr.TooMuchError(2000)

    monkeypatch.setattr(pictures, "recognise_page", refuse)
    with pytest.raises(SourceError, match="page 1 has 2000 lines"):
        read_picture(as_bytes(page([], 40, 40)), "a.png")


# ---- what is told of pages


def test_doubtful_characters_are_told_at_their_line():
    read = finish([a_page(("区水利局2025", 0.99), ("建成水库10座", 0.6), ("（）", 0.4))])
    [found] = [f for f in read.findings if f.code == DOUBTFUL_CHARACTERS]
    assert found.span is not None
    assert found.span.slice(read.text) == "建成水库10座"
    assert "60%" in found.message


@pytest.mark.parametrize(("top", "where"), [(103, "区水利局"), (700, None)])
def test_ink_that_was_not_read_is_told_beside_its_line(top, where):
    read = finish([a_page(("区水利局", 0.99), unread=((Box(400, top, 450, top + 12), False),))])
    [found] = [f for f in read.findings if f.code == INK_NOT_READ]
    assert (found.span.slice(read.text) if found.span else None) == where


def test_ink_that_the_lines_leave_out_is_found(short):
    from ingest.readers.unread import find_unread

    whole = ocr.recognise(pixels(page([(60, 60, "区水利局"), (60, 200, "建成水库")], 500, 320)))
    assert find_unread(whole) == ()
    lost = whole._replace(lines=whole.lines[:1])
    [found] = find_unread(lost)
    assert (found.box.top > 180, found.inside) == (True, None)
    [first, *_] = whole.lines
    part = first._replace(characters=first.characters[:2])
    [found] = find_unread(whole._replace(lines=(part, *whole.lines[1:])))
    assert found.inside == 0


# ---- properties

WORDS = st.text("区水利局建成库年月底前0123456789", min_size=1, max_size=30)
LINES = st.lists(st.tuples(WORDS, st.floats(0, 1)), min_size=1, max_size=6)


@given(st.lists(LINES, min_size=1, max_size=3))
def test_every_character_has_its_place_and_the_record_is_exact(pages):
    read = finish([a_page(*lines, number=n) for n, lines in enumerate(pages, start=1)])
    placed = {at for place in read.places for at in range(place.start, place.end)}
    assert all(at in placed for at, c in enumerate(read.text) if not c.isspace())
    recorded = record(read)
    assert recorded is not None
    back = read_recorded(recorded, "a.png")
    assert (back.text, back.findings, back.blocks, back.pages, back.model) == (
        read.text, read.findings, read.blocks, read.pages, read.model,
    )  # fmt: skip
    assert tuple(back.places) == tuple(read.places)
    assert record(back) == recorded


def test_kept_pages_are_as_recognised(short, tmp_path):
    first = recognise_page(short, 1, SHOWN, tmp_path)
    assert recognise_page(short, 1, SHOWN, tmp_path) == first
