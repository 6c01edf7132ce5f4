import pytest

from tests.evaluation.cases import SHARED, cases, measure, measure_numbers, measure_times
from tests.evaluation.scoring import shift_gold


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.name)
def test_every_figure_is_reached(case):
    figures = measure(case)
    assert {f.name: round(f.value, 4) for f in figures if f.value < f.least} == {}


def test_state_council_documents_are_scored():
    if not (SHARED / "state-council").is_dir():
        pytest.skip("../shared/gold/state-council is absent")
    assert len(list(cases())) == 5


def test_times_of_public_projects():
    if not (SHARED / "time_peer.jsonl").exists():
        pytest.skip("../shared/gold/time_peer.jsonl is absent")
    figure = measure_times()
    assert figure.value >= figure.least, [row for row, right in figure.rows.items() if not right]


def test_numbers_of_public_projects():
    if not (SHARED / "number_peer.jsonl").exists():
        pytest.skip("../shared/gold/number_peer.jsonl is absent")
    figure = measure_numbers()
    assert figure.value >= figure.least, [row for row, right in figure.rows.items() if not right]


def test_gold_goes_to_the_same_place_of_another_reading():
    """In the text a heading stands twice and a line is broken; the printed file has each once."""
    gold = "（一）建库。\n（一）建库。（区教委负责）\n（二）修渠。\n（二）修渠。（区教委、区水\n利局负责）\n"
    text = "（一）建库。（区教委负责）\n（二）修渠。（区教委、区水利局负责）\n"
    school, water = gold.rindex("区教委"), gold.rindex("区水")
    first = {
        "offset": gold.index("区教委"),
        "quote": "区教委",
        "clause_offset": gold.index("（一）建库。（"),
    }
    second = {"offset": water, "quote": "区水\n利局", "clause_offset": gold.index("（二）修渠。（"), "mentions": [[school, "区教委"]]}  # fmt: skip
    moved = shift_gold([first, second], gold, text)
    assert [row["quote"] for row in moved] == ["区教委", "区水利局"]
    assert [row["offset"] for row in moved] == [text.index("区教委"), text.index("区水利局")]
    # Of a heading that stands twice either is the one that the other reading has.
    assert text.index("（二）") <= moved[1]["clause_offset"] <= text.rindex("（区教委")
    assert moved[1]["mentions"] == [[text.rindex("区教委"), "区教委"]]
