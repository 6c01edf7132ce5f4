"""Whether a labelled fact of a page contradicts what the document itself prints.

A label is of the portal; it may be of another document. A part of a name, its short form or the
name of a plan in that of the notice that issues it is no contradiction.
"""

from __future__ import annotations

import re
from functools import lru_cache

from kb.characters import any_of
from kb.lexicon import WordEntry, words_of
from kb.models import Finding, Span


def title_words(*kinds: str) -> str:
    """A pattern for the words of titles of these kinds (`about`, `issues`, `passes-on`)."""
    return any_of(words_of("title_words", WordEntry, *kinds))


@lru_cache
def _passed_on() -> re.Pattern[str]:
    about, done = title_words("about"), title_words("issues", "passes-on")
    return re.compile(rf"{about}{done}?(.+?)(?:的\w{{2,4}})?$")


def titles_differ(labelled: str, printed: str) -> bool:
    """Whether two titles are of different documents."""
    return not any(
        a in b or b in a
        for a in (labelled, *named_in(labelled))
        for b in (printed, *named_in(printed))
    )


def names_differ(labelled: str, printed: str) -> bool:
    """Whether two names are of different bodies: 区教委 is (a form of) 某区教育委员会."""
    return not (_abbreviates(labelled, printed) or _abbreviates(printed, labelled))


def conflict(what: tuple[str, str], labelled: str, printed: str, span: Span) -> Finding:
    """A finding with both values; `what` they are of, in Chinese and English."""
    return Finding(
        code="header-conflict",
        message=f"{what[0]}与文件所印不一致, 以所印为准, 请核对: 标注为 {labelled}, 所印为 {printed} / "
        f"{what[1]}: the label says {labelled}, the document prints {printed}, which is taken; "
        "check it",
        span=span,
    )


def letters(text: str) -> str:
    """A text without spaces, quotes and other marks."""
    return re.sub(r"[\W_]+", "", text)


def named_in(title: str) -> tuple[str, ...]:
    """What a title is about, without the body, what is done with it and the kind of the document;
    nothing where it does not say so.

    >>> named_in("关于印发某区校车安全方案的通知")
    ('某区校车安全方案',)
    """
    match = _passed_on().search(title)
    return (match.group(1),) if match else ()


def _abbreviates(short: str, long: str) -> bool:
    rest = iter(long)
    return all(c in rest for c in short)
