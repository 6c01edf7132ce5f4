"""Facts of two readings are compared by clause, unit, day and value."""

from __future__ import annotations

import pytest

from ingest.pipeline import extract_bytes
from tests.ingest.readers.facts import agreement, differences, facts_of
from tests.ingest.readers.plans import PLAN


def test_the_same_text_has_the_same_facts() -> None:
    plan = extract_bytes(PLAN.encode(), "a.txt")
    wide = extract_bytes(PLAN.replace("（", "(").replace("）", ")").encode(), "b.txt")
    assert facts_of(plan).owners.total() == 3
    assert agreement(wide, plan) == (1, 1, 1)
    assert not differences(wide, plan)


@pytest.mark.parametrize(
    ("before", "after", "part"),
    [
        ("、区财政局", "", "owners"),
        ("2026年底", "2027年底", "deadlines"),
        ("300人", "200人", "targets"),
    ],
)
def test_what_differs_is_counted_and_told(before: str, after: str, part: str) -> None:
    plan = extract_bytes(PLAN.encode(), "a.txt")
    other = extract_bytes(PLAN.replace(before, after).encode(), "b.txt")
    found = agreement(other, plan)._asdict()
    assert found.pop(part) < 1
    assert set(found.values()) == {1}
    assert differences(other, plan)
