"""Finds characters that the extraction of a file lost, and says how they are read.

What is lost is the mark between two numbers, a bracket, or a numeral. Each rule is a form of figures and marks, with
the words of `corpus/lexicon` where it has any; `repairs.jsonl` has their examples. A rule either repairs (a
record with the raw characters and their reading; the text stays raw) or, where the loss cannot be known, only flags.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from ingest.indicators import NameWords
from kb.characters import HAN, any_of
from kb.language.measures import measures
from kb.language.roles import is_role_label
from kb.lexicon import WordEntry, words_of
from kb.models import Fact, Finding, Repair, Span

_YEAR = r"(?:19|20)\d\d"
_YEARS = rf"{_YEAR}[-—–－~～至]{_YEAR}"
_GAP = r"[ \u3000]*"
_LOST = (
    "“{}”一类词后面的数字丢失, 无法得知 / the number after this word was lost and cannot be known"
)


class RepairExample(Fact):
    """`text` holds a place that the rule repairs to `repaired`, or flags; None: it must leave it alone."""

    text: str
    repaired: str | None


class RepairRule(Fact):
    """A rule of this module by its name, and why its places are damaged."""

    rule: str
    why: str
    examples: tuple[RepairExample, ...]


class _Rule(NamedTuple):
    """`pattern` finds damaged lines; its group `raw`, or the whole match, is what was damaged. `read` gives its
    reading, None where it is sound; without one the place is only flagged."""

    name: str
    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], str | None] | None


def _words(*kinds: str) -> str:
    return any_of(words_of("repair_words", WordEntry, *kinds))


def _closed(match: re.Match[str]) -> str | None:
    return f"{match['raw']})" if is_role_label(match["label"]) else None


@lru_cache
def _rules() -> tuple[_Rule, ...]:
    """In the order in which they claim characters."""
    dealt = any_of(words_of("indicator_words", NameWords, "dealt"))
    measure = any_of(sorted(measures(), key=len, reverse=True))
    made: tuple[tuple[str, str, Callable[[re.Match[str]], str | None] | None], ...] = (
        (
            "year-month-run-together",
            rf"(?<![\d.])({_YEAR})(1[0-2]|0?[1-9])(?=月(?!份?额))",
            lambda m: f"{m[1]}年{int(m[2])}",
        ),
        (
            "decimals-run-together",
            r"(?<![\d.])(0\.\d\d?)(0\.\d\d)(?![\d.])",
            lambda m: f"{m[1]:0<4}、{m[2]}",
        ),
        (
            "percents-run-together",
            r"(?<![\d.])\d{1,3}(?:\.\d+)?[%％](?:\d{1,3}(?:\.\d+)?[%％])+",
            lambda m: re.sub(r"([%％])(?=\d)", r"\1、", m[0]),
        ),
        (
            "pair-run-together",
            rf"{dealt}[^,，。;；、\d\n]{{0,12}}?(?P<raw>(\d\d)(\d\d))"
            rf"(?=(?:[%％]|{measure})(?:以[内上下])?(?:[,，;；。]|$))",
            lambda m: f"{m[2]}、{m[3]}",
        ),
        (
            "document-number-bracket",
            rf"[〔﹝\[［]({_YEAR})(\d{{1,4}})(?=号)",
            lambda m: f"〔{m[1]}〕{m[2]}",
        ),
        (
            "document-number-bare",
            rf"^{_GAP}(?P<raw>([{HAN}]{{1,9}}{_words('number-end')})({_YEAR})(\d{{1,3}}))(?=号?{_GAP}$)",
            lambda m: f"{m[2]}〔{m[3]}〕{m[4]}号",
        ),
        ("period-bare", rf"^{_GAP}(?P<raw>{_YEARS}){_GAP}$", lambda m: f"({m['raw']}年)"),
        ("period-unclosed", rf"(?P<raw>[(（]{_YEARS}){_GAP}$", lambda m: f"{m['raw']}年)"),
        (
            "unit-list-unclosed",
            rf"^{_GAP}[(（](?P<label>[{HAN}]{{2,10}})[:：][^()（）\n]*(?P<raw>[^()（）\n。])$",
            _closed,
        ),
        ("lost-numeral", rf"{_words('reach')}(?={_words('level')})", None),
    )
    return tuple(_Rule(name, re.compile(form, re.MULTILINE), read) for name, form, read in made)


def find_repairs(text: str) -> tuple[list[Repair], list[Finding]]:
    """All repairs of `text` (raw, undecorated) and the losses that can only be flagged.

    Repairs do not overlap: where two rules claim the same characters the earlier one wins.
    """
    repairs: list[Repair] = []
    findings: list[Finding] = []
    taken: set[int] = set()
    for rule in _rules():
        for match in rule.pattern.finditer(text):
            start, end = match.span("raw" if "raw" in rule.pattern.groupindex else 0)
            raw, span = text[start:end], Span(start, end)
            if rule.read is None:
                findings.append(Finding(code=rule.name, message=_LOST.format(raw), span=span))
                continue
            repaired = rule.read(match)
            if repaired is not None and taken.isdisjoint(range(start, end)):
                taken.update(range(start, end))
                repairs.append(Repair(span=span, raw=raw, repaired=repaired, rule=rule.name))
    repairs.sort(key=lambda repair: repair.span.start)
    return repairs, findings
