"""Finds characters that the extraction of a file lost, and says how they are read.

The rules are data (`corpus/lexicon/repairs.jsonl`). A rule either repairs (a record with the raw
characters and their reading; the text stays raw) or, where the loss cannot be known, only flags.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Self

from pydantic import model_validator

from kb.lexicon import load_lexicon
from kb.models import Fact, Finding, Repair, Span


class RepairExample(Fact):
    """`text` holds a place that the rule repairs to `repaired`; None: it must leave it alone."""

    text: str
    repaired: str | None


class RepairRule(Fact):
    """`find` is a regular expression over raw lines; its group `raw` (or the whole match) is what
    was damaged, and `change` the substitutions that give its reading. A rule with `flag` only
    says that something is missing there."""

    rule: str
    find: str
    change: tuple[tuple[str, str], ...] = ()
    flag: str | None = None
    why: str
    examples: tuple[RepairExample, ...]

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if bool(self.change) == (self.flag is not None):
            raise ValueError("a repair rule has either `change` or `flag`")
        return self


@lru_cache
def _rules() -> tuple[tuple[RepairRule, re.Pattern[str]], ...]:
    return tuple(
        (rule, re.compile(rule.find, re.MULTILINE)) for rule in load_lexicon("repairs", RepairRule)
    )


def find_repairs(text: str) -> tuple[list[Repair], list[Finding]]:
    """All repairs of `text` (raw, undecorated) and the losses that can only be flagged.

    Repairs do not overlap: where two rules claim the same characters the earlier rule in the
    lexicon wins.
    """
    repairs: list[Repair] = []
    findings: list[Finding] = []
    taken: set[int] = set()
    for rule, pattern in _rules():
        for match in pattern.finditer(text):
            group = "raw" if "raw" in pattern.groupindex else 0
            start, end = match.span(group)
            if rule.flag is not None:
                findings.append(Finding(code=rule.rule, message=rule.flag, span=Span(start, end)))
                continue
            raw = repaired = match.group(group)
            for expression, template in rule.change:
                repaired = re.sub(expression, template, repaired)
            if repaired != raw and taken.isdisjoint(range(start, end)):
                taken.update(range(start, end))
                repairs.append(
                    Repair(span=Span(start, end), raw=raw, repaired=repaired, rule=rule.rule)
                )
    repairs.sort(key=lambda repair: repair.span.start)
    return repairs, findings
