"""What is said of what a text leaves unsaid: only after the whole of it was looked through."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from api.assistant.asked import Asked
from api.assistant.mentions import mentions_in
from api.assistant.search import Found
from kb.chunks import flatten
from kb.language.organisations import Organisations
from kb.language.parties import find_parties
from tasks.models import Assignment

_ETC = "等"
_UNSAID = {
    Asked.MEASURED: ("数值", "a number"),
    Asked.MONEY: ("金额", "an amount of money"),
    Asked.RATIO: ("比例", "a share"),
    Asked.TIME: ("时间", "a time"),
    Asked.COUNT: ("数量", "a count"),
    Asked.PARTY: ("单位", "a unit"),
    Asked.CONTACT: ("联系方式", "contact details"),
}


def related(unsaid: Iterable[Asked], year: int | None, language: str) -> str:
    """What is said above sentences that prove no answer: the kinds of value that they lack, and
    the year asked about where nothing is about it."""
    names = [_UNSAID[kind] for kind in Asked if kind in set(unsaid)]
    if language == "zh":
        lacks = [f"没有写所问的{'、'.join(zh for zh, _ in names)}"] if names else []
        lacks += [f"没有写{year}年"] if year else []
        lack = f"，其中{'，'.join(lacks)}" if lacks else ""
        return f"没有找到能直接回答的条文；以下原文与问题最接近{lack}，请自行判断。"
    lacks = [en for _, en in names] + ([f"anything of {year}"] if year else [])
    lack = f", without {', '.join(lacks)} as asked" if lacks else ""
    return f"No clause answers this directly; these are the nearest passages{lack}. Please judge for yourself."


def text_of(f: Found) -> str:
    """The whole text of a clause, its lists and brackets included, on one line."""
    assert f.clause is not None  # noqa: S101
    return flatten(f.clause.span.slice(f.extraction.document.text))


def unnamed(unit: str, text: str, organisations: Sequence[Organisations], language: str) -> str:
    """What is said of a unit that bears nothing in a clause: whether its text speaks of it, in a
    list, a bracket or a sentence, by any of its names."""
    known = [u for o in organisations if (u := o.resolve(unit))]
    ids = {("party", u.id) for u in known}
    zh, english = language == "zh", f"{unit} ({known[0].english})" if known else unit
    if unit in text or not ids.isdisjoint(mentions_in(text, organisations)):
        return f"这一条提到{unit}，但没有读出它的职责，请看原文。" if zh else f"This clause speaks of {english} without a duty that was read."  # fmt: skip
    return f"这一条没有写{unit}。" if zh else f"This clause does not name {english}."


def nobody(text: str, language: str) -> str:
    """What is said of a clause in which no bearer was read: the parties that it speaks of."""
    zh = language == "zh"
    named = list(dict.fromkeys(p.name for p in find_parties(text) if not p.vague))
    if not named:
        return "这一条没有写责任单位。" if zh else "This clause names no unit."
    return f"这一条没有读出责任单位；条文中提到：{'、'.join(named)}。" if zh else f"No bearer was read in this clause; it speaks of: {', '.join(named)}."  # fmt: skip


def open_end(f: Found, chosen: Sequence[Assignment], language: str) -> str:
    """What is said of a list that does not name all: that it ends in 等, only where it is printed
    there, or which groups of it have no names."""
    text, zh = f.extraction.document.text, language == "zh"
    open_ones = [a for a in chosen if a.open_ended]
    if any(_ETC in text[a.span.end - 1 : a.span.end + 1] for a in open_ones):
        return "（原文以“等”结尾，名单未列完）" if zh else "(the source's list is open-ended)"
    groups = "、".join(dict.fromkeys(a.unit for a in open_ones))
    if not groups:
        return ""
    return (
        f"（其中“{groups}”没有写明是哪些单位）"
        if zh
        else f"(which units “{groups}” are is not said)"
    )
