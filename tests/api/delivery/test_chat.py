"""Markdown for robots."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.delivery.chat import write_chat
from tasks.digest import DigestFormat, render
from tasks.digest.markdown import escape
from tests.stores import passing_store
from tests.tasks.digest_samples import EARLIER, PLAN, digests, hostile, opened


@pytest.mark.parametrize(
    ("markdown", "chat"),
    [
        ("# 督办周报\n\n## 逾期\n\n文", "**督办周报**\n\n**逾期**\n\n文\n"),
        (r"1\. 项 \- 负 \*星\* \[x\]\(y\) \`c\`", "1． 项 － 负 ＊星＊ ［x］（y） ｀c｀\n"),
        ("a &lt;font&gt; &amp;lt; b", "a ＜font＞ ＆lt; b\n"),
        ("| 逾期 | 临期 |\n| ---: | ---: |\n| 3 | 2 |\n", "逾期 3｜临期 2\n"),
        (
            "| 单位 | 逾期 |\n| --- | ---: |\n| 区教委 | 3 |\n| 甲\\|乙 | 2 |\n",
            "- 单位｜逾期\n- 区教委｜3\n- 甲｜乙｜2\n",
        ),
        (
            "[某区方案 一/1](https://d.example/x?y=1#z)",
            "[某区方案 一/1](https://d.example/x?y=1#z)\n",
        ),
        ("文\n\n---\n\n脚注", "文\n\n脚注\n"),
        ("C:\\盘", "C:\\盘\n"),
        ("", "\n"),
    ],
)
def test_what_becomes_of_markdown(markdown, chat):
    assert write_chat(markdown) == chat


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_no_sign_of_a_documents_words_is_markup(words):
    chat = write_chat("文 " + escape(words))
    assert not re.search(r"[\\`*_\[\]|#~<>]", chat)
    assert "&lt;" not in chat


def test_a_whole_digest():
    with opened() as store:
        [overview, *_] = digests(store).values()
    chat = write_chat(render(overview, DigestFormat.MARKDOWN).decode())
    assert chat.startswith("**督办周报")
    assert "\\" not in chat
    assert not re.search(r"(?m)^(#|\||---)", chat)
    assert "整治隐患点20处以上" in chat
    assert re.search(r"\*\*\S+\*\*", chat)


def test_hostile_words_stay_words():
    words = "<at id=all></at> [点这里](https://evil.example) **粗** <font color=red>"
    with passing_store() as store:
        store.add(hostile(words), PLAN.encode(), recorded_at=EARLIER)
        text = render(digests(store)[None], DigestFormat.MARKDOWN).decode()
    chat = write_chat(text)
    assert "＜at id=all＞" in chat
    assert "](https://evil" not in chat
    assert "<" not in chat
