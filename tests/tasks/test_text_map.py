"""Which characters of a text are which of another."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.models import Span
from tasks.text_map import TextMap


def mapped(old: str, new: str, words: str, *, number: int = 1) -> str | None:
    """What the `number`th of these words of the old text is in the new one, with two characters of
    what stands before it there."""
    at = -1
    for _ in range(number):
        at = old.index(words, at + 1)
    found = TextMap(old, new)
    place = found.range(Span(at, at + len(words)))
    if place is None:
        return None
    solid = [i for i, c in enumerate(new)]
    starts = [i for i in solid if found.place(Span(i, i + 1)) == (place[0], place[0] + 1)]
    ends = [i for i in solid if found.place(Span(i, i + 1)) == (place[1] - 1, place[1])]
    return new[max(0, starts[0] - 2) : ends[0] + 1]


A = "到2026年6月底，整治隐患点20处。"
B = "到2026年6月底，建成泵站3座。"
C = "每年6月底前组织演练。"


@pytest.mark.parametrize(
    ("old", "new", "words", "number", "found"),
    [
        (A, A, "2026年6月底", 1, "到2026年6月底"),
        (A, f"前言。\n{A}", "2026年6月底", 1, "\n到2026年6月底"),
        (A, A.replace("2026", " 2026 "), "2026年6月底", 1, " 2026 年6月底"),
        (A, A.replace("20处", "30处"), "2026年6月底", 1, "到2026年6月底"),
        (A, A.replace("2026", "2027"), "2026年6月底", 1, None),
        (A, "", "2026年6月底", 1, None),
        # What stands beside equal words decides; where it decides nothing, they are none.
        (f"1.{A}\n2.{B}", f"1.{B}\n2.{A}", "2026年6月底", 1, "到2026年6月底"),
        (f"1.{A}\n2.{B}", f"1.{C}\n2.{B}", "2026年6月底", 2, "到2026年6月底"),
        (f"1.{A}\n2.{B}", f"1.{C}\n2.{B}", "2026年6月底", 1, None),
        (f"{A}\n{A}", A, "2026年6月底", 1, None),
        (A, f"{A}\n{A}", "2026年6月底", 1, None),
        (f"{A}\n{A}\n{B}", f"{B}\n{A}\n{A}", "2026年6月底", 1, None),
        ("2025年3月底前、2026年6月底前完成。", "2026年6月底前完成。", "2026年6月底前", 1, "2026年6月底前"),
        ("2025年3月底前、2026年6月底前完成。", "2026年6月底前完成。", "2025年3月底前", 1, None),
        ("2026年3月底前、2026年6月底前完成。", "2026年6月底前完成。", "2026年6月底前", 1, "2026年6月底前"),
        # A number at the head of a line is none of its words, a date there is.
        ("2026.6.30前完成。", "2027.6.30前完成。", "2026.6.30", 1, None),
        ("3.整治。\n4.演练。", "13.整治。\n14.演练。", "整治", 1, "3.整治"),
    ],
)  # fmt: skip
def test_where_words_went(old, new, words, number, found):
    got = mapped(old, new, words, number=number)
    assert got is None if found is None else (got or "").endswith(found), got


LINES = st.lists(
    st.sampled_from([A, B, C, "（责任单位：区教委）", "加强宣传。", "2026年底前完成。"]), max_size=9
)


@settings(max_examples=200, deadline=None)
@given(LINES, LINES, st.data())
def test_what_is_mapped_is_equal_and_one_to_one(before, after, data):
    old, new = "\n".join(before), "\n".join(after)
    found = TextMap(old, new)
    taken: list[int] = []
    for at, character in enumerate(old):
        place = found.range(Span(at, at + 1))
        if place is None:
            continue
        [there] = [i for i in range(len(new)) if found.place(Span(i, i + 1)) == place and not new[i].isspace()][:1]  # fmt: skip
        assert new[there] == character
        taken.append(place[0])
    assert len(set(taken)) == len(taken)


def test_the_same_text_is_wholly_mapped():
    text = "\n".join(f"{n}.{x}" for n, x in enumerate([A, A, B, C, A] * 3))
    found = TextMap(text, text.replace("\n", "\n\n  "))
    assert found.range(Span(0, len(text))) == found.place(Span(0, 10**6))


def steps_of(old: str, new: str) -> int:
    """How many lines of Python were run: the measure of work that no load of the machine moves."""
    import sys

    count = 0

    def trace(frame, event, arg):
        nonlocal count
        count += 1
        return trace

    sys.settrace(trace)
    try:
        TextMap(old, new)
    finally:
        sys.settrace(None)
    return count


@pytest.mark.parametrize(
    "pair",
    [
        lambda n: (A * n, A * n + B),  # one line of equal sentences
        lambda n: (f"{A}\n" * n, f"{A}\n" * (n + 1)),  # equal lines
        lambda n: ("甲" * 20 * n, "乙" * 20 * n),  # nothing in common
        lambda n: ("甲乙" * 10 * n, "乙甲丙" * 7 * n),  # runs that repeat
        lambda n: (
            "\n".join(f"第{k}项{A}" for k in range(n)),
            "\n".join(f"第{k}项{A}" for k in reversed(range(n))),
        ),
    ],
)
def test_twice_the_text_is_twice_the_work(pair):
    once, twice = steps_of(*pair(60)), steps_of(*pair(120))
    assert twice < 2.2 * once
