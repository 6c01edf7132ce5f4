"""Facts in words."""

import pytest

from tasks.models import Target
from tasks.words import describe_target

FIELDS = {
    "id": "t", "milestone_id": None, "metric": "覆盖率", "comparator": ">=", "value": "85",
    "unit": "%", "span": {"start": 0, "end": 9}, "quote": "x",
}  # fmt: skip
WAS = {"value": "60", "span": {"start": 2, "end": 5}, "quote": "60%"}


@pytest.mark.parametrize(
    ("more", "chinese", "english"),
    [
        ({}, "覆盖率 ≥ 85%", "覆盖率 ≥ 85%"),
        ({"per": "人·月"}, "覆盖率 ≥ 85%/人·月", "覆盖率 ≥ 85%/人·月"),
        ({"per": "year"}, "覆盖率 ≥ 85%/年", "覆盖率 ≥ 85%/年"),  # as versions before wrote it
        ({"baseline": WAS}, "覆盖率 ≥ 85%（原为60%）", "覆盖率 ≥ 85% (was 60%)"),
        ({"class": "condition", "baseline": WAS}, "覆盖率 ≥ 85%（适用条件，原为60%）",
         "覆盖率 ≥ 85% (a condition; was 60%)"),
    ],
)  # fmt: skip
def test_a_target_in_a_line(more, chinese, english):
    target = Target.model_validate(FIELDS | more)
    assert (describe_target(target), describe_target(target, "en")) == (chinese, english)
