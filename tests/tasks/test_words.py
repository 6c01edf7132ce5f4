"""Facts in words."""

from datetime import date

import pytest

from tasks.lifecycle import Life
from tasks.models import Deadline, Target
from tasks.words import describe_distance, describe_due, describe_target

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


@pytest.mark.parametrize(
    ("extended", "said", "left"),
    [
        (None, "2026-10-31 前", "，截至 2026-12-10 已过 40 天，未报告进展"),
        (date(2026, 12, 15), "2026-10-31 前（延期至 2026-12-15）", "，截至 2026-12-10 还有 5 天"),
        # A day by the text that was corrected to a later one holds.
        (date(2026, 10, 1), "2026-10-31 前", "，截至 2026-12-10 已过 40 天，未报告进展"),
    ],
)
def test_the_day_that_a_duty_was_extended_to_is_said(extended, said, left):
    due = Deadline.model_validate({"kind": "by", "date": "2026-10-31", "certainty": ["explicit"]})
    life = Life(milestone_id="m", due=extended)
    assert describe_due(due, "zh", life) == said
    assert describe_distance(due, date(2026, 12, 10), life, "zh") == left
