"""Ids depend on content only."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.identifiers import sha256_hex, stable_id

WORDS = st.one_of(st.text(max_size=12), st.integers())


def test_a_known_digest() -> None:
    """FIPS 180-4, the digest of no bytes and of `abc`."""
    assert sha256_hex(b"").startswith("e3b0c44298fc1c149afbf4c8996fb924")
    assert sha256_hex(b"abc").endswith("b410ff61f20015ad")


@given(st.lists(WORDS, max_size=5))
def test_the_shape_of_an_id(parts: list[object]) -> None:
    assert re.fullmatch(r"task-[0-9a-f]{12}", stable_id("task", *parts))
    assert stable_id("task", *parts) == stable_id("task", *parts)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("ab", "c"), ("a", "bc")),  # where one part ends matters
        (("a",), ("a", "")),
        (("a", "b"), ("b", "a")),
        (("1/一",), ("1/二",)),
    ],
)
def test_other_parts_give_another_id(one: tuple[str, ...], two: tuple[str, ...]) -> None:
    assert stable_id("clause", *one) != stable_id("clause", *two)


def test_ids_are_the_same_in_another_process() -> None:
    """Unlike `hash`, which changes with every start of Python."""
    code = "from kb.identifiers import stable_id; print(stable_id('plan', '文件', 1))"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == stable_id("plan", "文件", 1)
