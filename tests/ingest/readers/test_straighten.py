"""Pages are made ready for recognition, and what is found on them is shown where it stands."""

import numpy as np
import pytest
from PIL import ImageDraw

from ingest.readers.source import Box
from ingest.readers.straighten import fade_seals, find_skew, make_ready
from tests.ingest.readers.drawn import font, page, pixels, sealed

LINES = [(80, 60 + 60 * n, "各单位要按照职责分工抓好落实") for n in range(8)]
SMALL = page(LINES, 700, 600)


@pytest.mark.parametrize("skew", [-3.0, -2.0, -0.5, 0.5, 1.25, 2.0, 3.0])
def test_skew_is_found(skew):
    assert find_skew(pixels(SMALL.rotate(skew, fillcolor="white"))) == pytest.approx(
        -skew, abs=0.25
    )


def test_a_straight_or_empty_page_is_left_as_it_is():
    assert find_skew(pixels(SMALL)) == 0
    assert find_skew(np.full((300, 200, 3), 255, np.uint8)) == 0


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
@pytest.mark.parametrize("side", [900, 2600])
def test_a_point_of_the_ready_page_is_where_it_was(quarters, side):
    shown = np.full((side, side // 2, 3), 255, np.uint8)
    top, left = side // 5, side // 8
    shown[top : top + 40, left : left + 60] = 0
    ready = make_ready(shown, quarters)
    rows, columns = np.nonzero(ready.pixels[:, :, 0] < 128)
    box = ready.back.box(
        Box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)  # as it stands there
    )
    assert tuple(box) == pytest.approx((left, top, left + 60, top + 40), abs=2)


def test_a_seal_is_made_pale_and_the_print_under_it_stays():
    drawn = page([(216, 400 + 78 * n, "区水利局要在年底前完成水库加固") for n in range(5)])
    shown = pixels(sealed(drawn, 500, 560))
    faded, [box] = fade_seals(shown)
    assert tuple(box) == pytest.approx((270, 330, 731, 791), abs=8)
    plain = pixels(drawn)
    paper, ink = plain[:, :, 1] > 250, plain[:, :, 1] < 60
    assert np.percentile(faded[:, :, 1][paper], 1) > 215
    assert np.percentile(faded[:, :, 1][ink], 99) < 90


def test_a_red_head_is_no_seal():
    drawn = page([], height=600)
    pen = ImageDraw.Draw(drawn)
    pen.text((216, 150), "某某市某某区人民政府文件", font=font(100), fill=(215, 20, 25))
    pen.line((216, 330, 1438, 330), fill=(215, 20, 25), width=6)
    shown = pixels(drawn)
    faded, seals = fade_seals(shown)
    assert seals == ()
    assert np.array_equal(faded, shown)
