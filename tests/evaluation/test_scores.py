import pytest

from tests.evaluation.cases import SHARED, cases, measure, measure_numbers, measure_times


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
