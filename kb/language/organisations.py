"""Finds organisations in running text and resolves them in the jurisdiction of a document.

The names are data: `functions.jsonl` (bodies that every government has, written with a level or a
place before them: 区教委, 市教委, 万州区教委), `organisations.jsonl` (central organs),
`groups.jsonl` (各镇乡街道, 相关部门, 学校). A name is found whole, longest first.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from kb.characters import any_of
from kb.language.jurisdictions import (
    LEVELS,
    PLACE_ENDS,
    STATE,
    Jurisdiction,
    Level,
    PlaceKind,
    level_of,
    place_words,
)
from kb.lexicon import WordEntry, load_lexicon
from kb.models import Fact


class UnitExample(Fact):
    """A text and the unit found in it; None: no unit is there."""

    text: str
    unit: str | None


class FunctionEntry(Fact):
    """A body that governments have: its names without the level (教委), by level where they
    differ; `prefix` 委 for bodies of the party committee (区委编办); `short`: names that documents of
    its own government print without a level (工委办)."""

    function: str
    english: str
    kind: str
    prefix: str = ""
    local: tuple[str, ...]
    province: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    lay: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    examples: tuple[UnitExample, ...]


class OrganisationEntry(Fact):
    """One organisation by name. `forms` are official full and short names, kept as printed."""

    name: str
    english: str
    function: str | None = None
    level: Level
    kind: str
    forms: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    examples: tuple[UnitExample, ...]


class GroupEntry(Fact):
    """A group of units, or a bearer that is no office (学校); `vague` ones are owners only where
    the sentence says so. `forms_are` variants of one unit, called by `name`; other `names` of one unit,
    called as printed; or `units` of their own."""

    name: str
    forms: tuple[str, ...]
    patterns: tuple[str, ...] = ()
    english: str
    kind: str
    vague: bool = False
    forms_are: Literal["variants", "names", "units"] = "variants"
    open_ended: bool = False
    examples: tuple[UnitExample, ...]


class UnitEdge(WordEntry):
    """A character that a name begins (`first`) or ends with (`last`), and the characters `beside` it,
    before or after the name, that show it to be of another word: 社|区教委, 教育部|署."""

    words: tuple[str, ...] = ()
    character: str
    edge: Literal["first", "last"]
    beside: str


class OrgUnit(Fact):
    """An organisation. `id` is the place and the function or name: `万州区/education`."""

    id: str
    name: str
    level: Level
    kind: str
    function: str | None
    english: str


class UnitMention(Fact):
    """A unit at `[start, end)` of the text searched; `name` is what to call it."""

    start: int
    end: int
    text: str
    name: str
    unit: OrgUnit | None
    vague: bool = False
    open_ended: bool = False


_OFFICE_ENDS = frozenset("局办委院队部会厅署室")
_OF_HOME = re.compile(
    rf"{any_of(place_words(PlaceKind.OWN))}?{any_of(PLACE_ENDS)}{any_of(place_words(PlaceKind.OWN_AFTER))}?"
)
_OFFICES = ("委员会", "局", "委", "厅")
_BARE_END = "部门"


@lru_cache
def _beside(edge: str, character: str) -> str:
    """The characters that show `character` to be of another word, none for most."""
    entries = load_lexicon("unit_edges", UnitEdge)
    return "".join(e.beside for e in entries if (e.edge, e.character) == (edge, character))


class Organisations:
    """The lexicon as seen from one jurisdiction."""

    def __init__(self, jurisdiction: Jurisdiction) -> None:
        self.jurisdiction = jurisdiction
        self._names: dict[str, tuple[OrgUnit, str, bool, bool]] = {}
        self._index: dict[str, list[str]] = defaultdict(list)
        self._lay: dict[str, OrgUnit] = {}
        self._alike: dict[str, list[OrgUnit]] = defaultdict(list)
        self._stems: dict[str, OrgUnit] = {}
        for unit, form, name, vague, open_ended in _entries(jurisdiction):
            self._names.setdefault(form, (unit, name, vague, open_ended))
        for form in sorted(self._names, key=len, reverse=True):
            self._index[form[:2]].append(form)
        self._begins = re.compile(f"[{re.escape(''.join({form[0] for form in self._names}))}]")
        for entry in load_lexicon("functions", FunctionEntry):
            unit = self._local_unit(entry)
            for word in (*entry.lay, *entry.local, *entry.former):
                self._lay.setdefault(word, unit)
                self._alike[word].append(unit)
            for word in entry.lay:
                if not word.endswith(("部门", "机关", "机构")):
                    self._stems.setdefault(word, unit)
        for entry in load_lexicon("functions", FunctionEntry):
            for name in (*entry.local, *entry.province, *entry.former):
                stem = next((name.removesuffix(e) for e in _OFFICES if name.endswith(e)), "")
                if len(stem) >= 2 and stem not in self._names:
                    self._stems.setdefault(stem, self._local_unit(entry))
        offices = (w for w in self._lay if len(w) > 1 and w[-1] in _OFFICE_ENDS)
        self._offices = [(w, self._lay[w]) for w in sorted(offices, key=len, reverse=True)]
        self._places = _own_places(jurisdiction)
        self._bare_places = tuple(
            p[:-1] for p in self._places if len(p) > 2 and p[-1] in PLACE_ENDS
        )

    def words(self) -> list[str]:
        """All names, for a segmenter of Chinese words."""
        return [name for name in self._names if len(name) > 1]

    def resolve(self, name: str) -> OrgUnit | None:
        """The unit that `name` means here: a name of the lexicon, with or without a place or a
        level before it, or a lay word (水务局, 编办); None where nothing says so."""
        name = re.sub(r"\s", "", name).replace("（", "(").replace("）", ")")
        for place in self._places:
            if name.startswith(place) and len(name) > len(place):
                rest = name[len(place) :]
                if place in self.jurisdiction.parents:
                    # 重庆市教委 is 市教委, not the 教委 of our own district.
                    level = next((w for w in LEVELS if place.endswith(w)), place[-1])
                    known = self._names.get(f"{level}{rest}")
                    return known[0] if known else None
                # 万州区委办 is 区委办; 万州区卫健委 is our own, though 卫健委 alone is the State's too.
                if own := self._names.get(f"{place[-1]}{rest}"):
                    return own[0]
                if unit := self._lay.get(rest):
                    return unit
                name = rest
                break
        if name in self._names:
            return self._names[name][0]
        if unit := self._lay.get(name):
            return unit
        for place in self._places:  # 万州教委
            stem = place[:-1]
            if stem in self._bare_places and name.startswith(stem) and name != stem:
                return None if name.startswith(place) else self.resolve(place + name[len(stem) :])
        bare = _OF_HOME.match(name)
        return self._lay.get(name[bare.end() :]) if bare else None

    def meanings(self, name: str) -> tuple[OrgUnit, ...]:
        """All units that a name can mean here, what `resolve` takes first: without a level, a body of
        the State Council and our own are called alike (卫健委), and some of our own are (督查室)."""
        first = self.resolve(name)
        units = (*([first] if first else []), *self._alike.get(name, ()))
        return tuple({unit.id: unit for unit in units}.values())

    def resolve_english(self, phrase: str) -> OrgUnit | None:
        """The unit whose English name has the content words of `phrase` (“health commission”)."""
        wanted = _english_words(phrase)
        if not wanted:
            return None
        best: tuple[float, OrgUnit] | None = None
        for entry in load_lexicon("functions", FunctionEntry):
            have = _english_words(entry.english)
            if wanted <= have or (len(have) > 1 and have <= wanted):
                score = len(wanted & have) / max(len(wanted | have), 1)
                if best is None or score > best[0]:
                    best = (score, self._local_unit(entry))
        return best[1] if best else None

    def local(self, word: str) -> OrgUnit | None:
        """Our own unit of a name that stands without a level (气象局, here 区气象局)."""
        return self._lay.get(word)

    def of_field(self, word: str) -> OrgUnit | None:
        """Our own office of a field that stands for it in a list (公安、住房城乡建设等部门)."""
        return self._stems.get(word) or self.resolve(word)

    def find_lay(self, text: str) -> list[tuple[str, OrgUnit]]:
        """(word, unit) of the everyday names in a question: 水务局, 编办. Longest first; words
        that are no name of an office (教育) are not looked for."""
        found: list[tuple[str, OrgUnit]] = []
        for word, unit in self._offices:
            if word in text:
                found.append((word, unit))
                text = text.replace(word, " ")
        return found

    def find(self, text: str) -> list[UnitMention]:
        """All units in `text`, left to right, without overlap. Linear in its length."""
        found: list[UnitMention] = []
        after = 0
        for begins in self._begins.finditer(text):
            position = begins.start()
            if position < after or text[position : position + 2] not in self._index:
                continue
            form = self._match(text, position)
            if form is None:
                continue
            unit, name, vague, open_ended = self._names[form]
            start = self._with_place(text, position)
            if found and start < found[-1].end:
                start = position
            if text[start:position] in self._bare_places and text[position] not in LEVELS:
                name = text[start : position + len(form)]  # a zone named by its place: 万州经开区
            found.append(
                UnitMention(
                    start=start,
                    end=position + len(form),
                    text=text[start : position + len(form)],
                    name=name,
                    unit=unit,
                    vague=vague,
                    open_ended=open_ended,
                )
            )
            after = position + len(form)
        return self._with_elliptic(text, found)

    def _match(self, text: str, position: int) -> str | None:
        for form in self._index.get(text[position : position + 2], ()):
            if text.startswith(form, position):
                before = text[position - 1] if position else ""
                if before and before in _beside("first", form[0]):
                    continue
                if self._ends_own_place(text, position):
                    continue
                after = text[position + len(form) : position + len(form) + 1]
                if after and after in _beside("last", form[-1]):
                    continue
                return form
        return None

    def _ends_own_place(self, text: str, position: int) -> bool:
        """Whether the character there ends the short name of our own place: 万州|教委 has no 州教委."""
        return any(
            text[position] == stem[-1] and text.startswith(stem, position + 1 - len(stem))
            for stem in self._bare_places
            if position + 1 >= len(stem)
        )

    def _with_place(self, text: str, position: int) -> int:
        for place in self._places:
            stem = place[:-1] if text[position] == place[-1] else place
            if stem and text.startswith(stem, position - len(stem)) and position >= len(stem):
                return position - len(stem)
        for stem in self._bare_places if text[position] not in LEVELS else ():
            if position >= len(stem) and text.startswith(stem, position - len(stem)):
                return position - len(stem)
        return position

    def _with_elliptic(self, text: str, found: list[UnitMention]) -> list[UnitMention]:
        """区公安、应急管理等部门: stems of functions in a list that ends in 等部门; in one that ends in
        部门 those before the last, which is a name itself (公安、交通和|水利部门)."""
        added: list[UnitMention] = []
        starts, ends = [m.start for m in found], [m.end for m in found]
        for end in _elliptic_end().finditer(text):
            cursor = end.start()
            if end[0] == _BARE_END:
                cursor = self._before_last(text, cursor)
            while cursor > 0 and (stem := self._stem_ending_at(text, cursor)):
                start, unit = stem
                # The names found do not overlap: the last that begins before it is the nearest.
                last = bisect_left(starts, cursor) - 1
                if last < 0 or ends[last] <= start:
                    name = unit.name
                    added.append(UnitMention(
                        start=start, end=cursor, text=text[start:cursor], name=name, unit=unit,
                        open_ended=True))  # fmt: skip
                cursor = start
                if cursor and text[cursor - 1] in "、和":
                    cursor -= 1
                else:
                    break
        return sorted([*found, *added], key=lambda m: m.start) if added else found

    def _before_last(self, text: str, end: int) -> int:
        """Where what stands before the last stem of a list ends, 0 where none does."""
        last = self._stem_ending_at(text, end)
        at = last[0] if last else 0
        return at - 1 if at and text[at - 1] in "、和" else 0

    def _stem_ending_at(self, text: str, end: int) -> tuple[int, OrgUnit] | None:
        for length in range(min(7, end), 1, -1):
            word = text[end - length : end]
            bare = word[1:] if word[0] in PLACE_ENDS else word
            before = text[end - length - 1 : end - length]
            if bare in self._stems and (not "一" <= before <= "龥" or before in "和由与区市县省级"):
                return end - length, self._stems[bare]
        return None

    def _local_unit(self, entry: FunctionEntry) -> OrgUnit:
        jurisdiction = self.jurisdiction
        if jurisdiction.level is Level.STATE:
            for state in load_lexicon("organisations", OrganisationEntry):
                if state.function == entry.function:
                    return _state_unit(state)
        return _function_unit(entry, jurisdiction.level, _prefix(jurisdiction), jurisdiction)


@lru_cache
def _elliptic_end() -> re.Pattern[str]:
    from kb.language.party_words import remainders  # noqa: PLC0415 - it reads names found here

    return re.compile(f"等{any_of(remainders())}|{_BARE_END}")


@lru_cache(maxsize=64)
def organisations_for(jurisdiction: Jurisdiction) -> Organisations:
    """The lexicon for `jurisdiction`, built once."""
    return Organisations(jurisdiction)


def _entries(jurisdiction: Jurisdiction) -> Iterator[tuple[OrgUnit, str, str, bool, bool]]:
    """(unit, form to find, name to output, vague, open-ended) of every name."""
    for state in load_lexicon("organisations", OrganisationEntry):
        unit = _state_unit(state)
        for form in (state.name, *state.forms, *state.former):
            yield unit, form, form, False, False
    for group in load_lexicon("groups", GroupEntry):
        unit = OrgUnit(id=f"{jurisdiction.place or '-'}/{group.name}", name=group.name,
                       level=jurisdiction.level, kind=group.kind, function=None, english=group.english)  # fmt: skip
        for form in (group.name, *group.forms):
            own = unit
            if group.forms_are == "units" and form != group.name:
                own = unit.model_copy(
                    update={"id": f"{jurisdiction.place or '-'}/{form}", "name": form}
                )
            name = form if group.forms_are == "names" else own.name
            yield own, form, name, group.vague, group.open_ended
    for entry in load_lexicon("functions", FunctionEntry):
        for prefix, level in LEVELS.items():
            names = (*entry.local, *entry.former)
            if level is Level.PROVINCE:
                names = (*entry.province, *names)
            if prefix == "市" and jurisdiction.at(Level.CITY) is None:
                names = (*names, *entry.province)
            for name in names:
                form = f"{prefix}{entry.prefix}{name}"
                unit = _function_unit(entry, level, prefix, jurisdiction).model_copy(
                    update={"name": _shown(entry, prefix, name)}
                )
                yield unit, form, _shown(entry, prefix, name), False, False
    league = "Committee of the Communist Youth League"
    for prefix, level in LEVELS.items():
        place = _place_for(level, jurisdiction)
        unit = OrgUnit(id=f"{place}/youth-league", name=f"团{prefix}委", level=level, kind="mass",
                       function="youth-league", english=league)  # fmt: skip
        yield unit, f"团{prefix}委", f"团{prefix}委", False, False
    yield from _own_abbreviations(jurisdiction)


def _own_abbreviations(
    jurisdiction: Jurisdiction,
) -> Iterator[tuple[OrgUnit, str, str, bool, bool]]:
    """Short names that need their document: 工委办 for 区委教育工委办公室."""
    for entry in load_lexicon("functions", FunctionEntry):
        unit = _function_unit(entry, jurisdiction.level, _prefix(jurisdiction), jurisdiction)
        for form in entry.short:
            yield unit, form, unit.name, False, False


def _shown(entry: FunctionEntry, prefix: str, name: str) -> str:
    return f"{prefix}{entry.prefix}{name}"


def _state_unit(entry: OrganisationEntry) -> OrgUnit:
    return OrgUnit(id=f"{STATE}/{entry.function or entry.name}", name=entry.name, level=entry.level,
                   kind=entry.kind, function=entry.function, english=entry.english)  # fmt: skip


def _function_unit(
    entry: FunctionEntry, level: Level, prefix: str, jurisdiction: Jurisdiction
) -> OrgUnit:
    place = _place_for(level, jurisdiction)
    return OrgUnit(id=f"{place}/{entry.function}", name=_shown(entry, prefix, entry.local[0]),
                   level=level, kind=entry.kind, function=entry.function, english=entry.english)  # fmt: skip


def _place_for(level: Level, jurisdiction: Jurisdiction) -> str:
    place = jurisdiction.at(level)
    return place or {"province": "省", "city": "市", "district": "区县"}.get(level.value, "-")


def _prefix(jurisdiction: Jurisdiction) -> str:
    place = jurisdiction.place
    return place[-1] if place and place[-1] in PLACE_ENDS else ""


def _own_places(jurisdiction: Jurisdiction) -> tuple[str, ...]:
    places = [p for p in (jurisdiction.place, *jurisdiction.parents) if p and p != STATE]
    joined = ["".join(reversed(places))] if len(places) > 1 else []
    return tuple(dict.fromkeys([*joined, *places]))


def _english_words(phrase: str) -> frozenset[str]:
    words = re.findall(r"[a-z]+", phrase.lower())
    common = {"the", "of", "and", "s", "district", "city", "county", "municipal", "provincial",
              "bureau", "department", "commission", "office", "committee", "local", "a"}  # fmt: skip
    return frozenset(w.removesuffix("s") for w in words if w not in common)


__all__ = [
    "GroupEntry", "OrgUnit", "Organisations", "UnitMention", "level_of", "organisations_for",
]  # fmt: skip
