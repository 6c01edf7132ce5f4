"""Ruling lines of a table in a picture, and nothing else that is long."""

import pytest
from PIL import ImageDraw

from ingest.readers.page_content import GlyphRun
from ingest.readers.pictures import finish
from ingest.readers.recognised_pages import RecognisedPage
from ingest.readers.rulings import find_rulings
from ingest.readers.source import BlockKind, Box, PageSize
from tests.ingest.readers.drawn import font, page, pixels, scanned

ACROSS, DOWN = (100, 400, 900), (100, 200, 300, 400)


def table(width: int, words: str = "水利局"):
    drawn = page([], 1000, 500)
    pen = ImageDraw.Draw(drawn)
    for x in ACROSS:
        pen.line((x, DOWN[0], x, DOWN[-1]), fill="black", width=width)
    for y in DOWN:
        pen.line((ACROSS[0], y, ACROSS[-1], y), fill="black", width=width)
        pen.text((ACROSS[0] + 40, y + 30), words, font=font(), fill="black")
    return drawn


def parts(boxes):
    level = sorted(round(b.top) for b in boxes if b.right - b.left > b.bottom - b.top)
    upright = sorted(round(b.left) for b in boxes if b.right - b.left < b.bottom - b.top)
    return level, upright


@pytest.mark.parametrize("width", [1, 2, 3, 5, 8])
def test_the_lines_of_a_table_are_found(width):
    level, upright = parts(find_rulings(pixels(table(width)), 44))
    assert level == pytest.approx(list(DOWN), abs=3)
    assert upright == pytest.approx(list(ACROSS), abs=3)


def test_those_of_a_noisy_scan_too():
    level, upright = parts(find_rulings(pixels(scanned(table(3), skew=0.2)), 44))
    assert (len(level), len(upright)) == (4, 3)


def test_strokes_of_characters_and_dashes_are_none():
    drawn = page(
        [(60, 60, "一二三——十丨王田田田〇一一"), (60, 160, "｜工｜口｜日｜目｜")], 1000, 300
    )
    pen = ImageDraw.Draw(drawn)
    pen.text((60, 220), "深圳市坪山区", font=font(66), fill="black")
    pen.line((60, 290, 900, 290), fill="red", width=6)
    assert find_rulings(pixels(drawn), 44) == ()


def test_characters_in_the_cells_become_a_table():
    runs = [
        GlyphRun(words, Box(x + 10, y + 10, x + 10 + 16 * len(words), y + 26), 16.0, confidence=0.99)
        for y, row in zip(DOWN, (("任务", "责任单位"), ("建水库", "区水利局"), ("修路", "区交通局")), strict=False)
        for x, words in zip(ACROSS, row, strict=False)
    ]  # fmt: skip
    size = PageSize(1000, 500)
    rulings = find_rulings(pixels(table(2)), 44)
    shown = RecognisedPage(1, size, size, (1, 0, 0, 0, 1, 0), tuple(runs), rulings, (), (), 0, 0.0)
    read = finish([shown])
    assert read.text.splitlines() == ["任务\t责任单位", "建水库\t区水利局", "修路\t区交通局"]
    assert [block.kind for block in read.blocks] == [BlockKind.TABLE]
