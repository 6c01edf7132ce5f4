"""What a sentence of a language model claims, as its mentions, and whether what it cites has them all.

The readers are those that documents are read with: parties, times, quantities and the words of
roles. A sentence that mentions none of these claims nothing that can be checked, and is not shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from api.assistant.cues import says
from api.assistant.names import find_units, latin_words
from kb.language.comparators import BoundUse, ComparatorEntry
from kb.language.organisations import Organisations
from kb.language.parties import find_parties
from kb.language.quantities import find_quantities
from kb.language.roles import GIVES_ROLE, Role, role_words
from kb.language.times import find_times
from kb.lexicon import load_lexicon

Mention = tuple[object, ...]
_FIGURES = re.compile(r"\d+(?:\.\d+)?")
_ADDRESS = re.compile(r"\w\.[A-Za-z]{2}|@|://|\]\(|<\s*[A-Za-z/!]")
"""An address or markup: also where the document has it, it is what a trap would have people open."""
_TURNED = 2
"""Characters behind 不 that are turned round with it: 不低于 is no 不是."""


@lru_cache
def _denials() -> frozenset[str]:
    entries = load_lexicon("comparators", ComparatorEntry)
    return frozenset(w for e in entries if e.use is BoundUse.NEGATION for w in e.words)


def mentions_in(text: str, organisations: Sequence[Organisations]) -> frozenset[Mention]:
    """The mentions of a text by what they mean: units by their ids, other parties as printed, times by their days, quantities by value, measure and comparator, roles, and figures.

    >>> sorted(kind for kind, *_ in mentions_in("2025年建校20所", ()))
    ['figure', 'figure', 'quantity', 'time']
    """
    units, rest = find_units(text, organisations)
    known = [u for unit in units for o in organisations if (u := o.resolve(unit))]
    found: set[Mention] = {("party", u.id) for u in known}
    for party in find_parties(rest):
        named = next((u for o in organisations if (u := o.resolve(party.name))), None)
        if not party.vague:
            found.add(("party", named.id if named else party.name))
    times = find_times(text)
    for t in times:
        said = (t.first, t.last, t.rrule, t.duration, t.duration_max, t.clock)
        found.add(("time", t.kind, t.working_days, *(said if any(said) else (text[t.start : t.end],))))  # fmt: skip
    closed = [(t.start, t.end) for t in times]
    for q in find_quantities(text, closed=closed):
        found.add(("quantity", q.value, q.measure, q.comparator))
    found |= {("role", role.value) for role in roles_in(text)}
    found |= {("figure", figure) for figure in _FIGURES.findall(text.replace(",", ""))}
    return frozenset(found)


def roles_in(text: str) -> frozenset[Role]:
    """The roles of which a text has a word."""
    giving = (e for e in role_words() if e.role and e.kind in GIVES_ROLE)
    return frozenset(e.role for e in giving if e.role and any(w in text for w in e.words))


def is_borne(
    sentence: str,
    cited: str,
    organisations: Sequence[Organisations],
    known: Iterable[Mention] = (),
) -> bool:
    """Whether what a sentence cites has every mention of it.

    Args:
        sentence: in Chinese or English, without its marks.
        cited: the words that it cites.
        organisations: find the units.
        known: mentions of the facts that were read in what is cited.
    """
    said = mentions_in(sentence, organisations)
    if not any(kind != "role" for kind, *_ in said) or _ADDRESS.search(sentence):
        return False
    if sentence.isascii():
        # The measure of an English number is a word that Chinese text does not have.
        said = frozenset(m for m in said if m[0] != "quantity")
        if says("without", sentence.lower()):
            return False
    elif any(word not in cited for word in latin_words(sentence) if len(word) > 1):
        return False
    for word in _denials():
        for found in re.finditer(re.escape(word), sentence):
            if sentence[found.start() : found.end() + _TURNED] not in cited:
                return False
    return said <= mentions_in(cited, organisations) | set(known)
