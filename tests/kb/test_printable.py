"""Names of files that are no text."""

import json
import os

from hypothesis import given
from hypothesis import strategies as st

from kb.printable import printable


def test_names_are_shown() -> None:
    for name, shown in (
        (b"plan.txt", "plan.txt"),
        ("文件/通知 1.txt".encode(), "文件/通知 1.txt"),
        ("文件/".encode() + "重点.txt".encode("gbk"), r"文件/\xd6\xd8\xb5\xe3.txt"),
        (b"a\xff\n\x1b[2J", r"a\xff\x0a\x1b[2J"),
        ("a\u202egpj.txt".encode(), r"a\u202egpj.txt"),
    ):
        assert printable(os.fsdecode(name)) == shown


@given(st.binary(max_size=60).map(os.fsdecode) | st.text(st.characters(), max_size=20))
def test_what_is_shown_can_be_stored_and_printed(name: str) -> None:
    shown = printable(name)
    shown.encode()
    assert json.loads(json.dumps(shown, ensure_ascii=False)) == shown
    assert "\n" not in shown
    assert "\x1b" not in shown
    assert printable(shown) == shown
