"""Whose document it is: the place and the level of the government that issued it. The words that places
are named with are data (`place_words.jsonl`)."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from kb.characters import HAN, any_of
from kb.lexicon import WordEntry, words_of
from kb.models import Fact


class Level(StrEnum):
    """Levels of government."""

    STATE = "state"
    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"
    TOWNSHIP = "township"
    OTHER = "other"


class PlaceKind(StrEnum):
    """What a word is to the names of places."""

    PROVINCE = "province"
    REGION = "region"
    REGION_NAME = "region-name"
    MUNICIPALITY = "municipality"
    CITY = "city"
    PREFECTURE = "prefecture"
    AREA = "area"
    AUTONOMOUS_PREFECTURE = "autonomous-prefecture"
    ZONE = "zone"
    DISTRICT = "district"
    TOWNSHIP = "township"
    NO_PLACE = "no-place"  # ends as a place's name does, and is none
    AFTER = "after"  # stands after a place in the name of a body or a title
    OFFICE = "office"  # a body of a place may end in it
    PARTY = "party"  # stands before a place
    CENTRAL = "central"  # how the name of a central body begins
    CENTRAL_OFFICE = "central-office"  # what it ends in
    CENTRAL_TITLE = "central-title"  # how titles begin that central bodies gave
    STATE_OFFICE = "state-office"  # what the name of a body ends in that begins with 国家
    BODY_AFTER = "body-after"  # what stands after a central body in a title
    OWN = "own"  # says before a level that it is the speaker's
    OWN_AFTER = "own-after"  # what stands between that level and a body: 我区|里的|教委


class PlaceWords(WordEntry):
    """Words of one kind; names of issuers and titles that say a place of it, and that do not."""

    kind: PlaceKind


def place_words(*kinds: PlaceKind) -> tuple[str, ...]:
    """The words of these kinds, in the order of the kinds."""
    return words_of("place_words", PlaceWords, *kinds)


def _any(*kinds: PlaceKind) -> str:
    return any_of(place_words(*kinds))


_K = PlaceKind
STATE = "国家"
"""The place of central bodies."""
_MUNICIPALITIES = place_words(_K.MUNICIPALITY)
_LEVEL_ENDS = {
    Level.PROVINCE: place_words(_K.PROVINCE, _K.REGION),
    Level.CITY: place_words(_K.CITY, _K.PREFECTURE, _K.AREA),
    Level.DISTRICT: place_words(_K.DISTRICT),
    Level.TOWNSHIP: place_words(_K.TOWNSHIP),
}
_NO_PREFIX = place_words(_K.AREA, _K.TOWNSHIP)
LEVELS = {w: level for level, ends in _LEVEL_ENDS.items() for w in ends if w not in _NO_PREFIX}
"""What stands for a place in the names of its bodies (区教委), with its level."""
PLACE_ENDS = frozenset(word for word in LEVELS if len(word) == 1)
_PLACE = re.compile(
    rf"(?P<province>(?:[{HAN}]{{2,3}}{_any(_K.PROVINCE)}|{_any(_K.REGION_NAME)}))?"
    rf"(?P<city>[{HAN}]{{2,12}}?{_any(_K.AUTONOMOUS_PREFECTURE)}|(?!{_any(_K.NO_PLACE)})(?:(?!{any_of(_LEVEL_ENDS[Level.DISTRICT])})[{HAN}]){{2,5}}?{any_of(_LEVEL_ENDS[Level.CITY])})?"
    rf"(?P<district>(?!{_any(_K.NO_PLACE)})[{HAN}]{{1,9}}?{_any(_K.ZONE, _K.DISTRICT, _K.CITY)})?"
    rf"(?={_any(_K.AFTER)}|$|[{HAN}]{{0,8}}{_any(_K.OFFICE)})"
)
_BARE_PLACE = re.compile(
    rf"(?!{_any(_K.NO_PLACE)})[{HAN}]{{2,4}}?(?:{_any(_K.DISTRICT, _K.CITY)}|{_any(_K.PREFECTURE)})"
)
"""A place at the beginning of a title, whatever follows it."""
_CENTRAL = re.compile(rf"{_any(_K.CENTRAL)}|[{HAN}]{{2,8}}{_any(_K.CENTRAL_OFFICE)}$")
_PARTY = re.compile(_any(_K.PARTY))
_TWO_CITIES = re.compile(rf"([{HAN}]{{2,4}}?{_any(_K.CITY)})([{HAN}]{{2,5}}{_any(_K.CITY)})$")


class Jurisdiction(Fact):
    """`place` is the full name of the issuer's own place (万州区); `parents` the places above it,
    nearest first (重庆市). An unknown issuer has no place and the level `other`."""

    place: str | None
    level: Level
    parents: tuple[str, ...] = ()

    def at(self, level: Level) -> str | None:
        """The name of this place or of a parent at `level`."""
        if level is self.level:
            return self.place
        for parent in self.parents:
            if level_of(parent) is level or (parent in _MUNICIPALITIES and level is Level.CITY):
                return parent
        return None


def place_stem(place: str) -> str:
    """A place's name without the word for what it is, which a short one keeps.

    >>> place_stem("万州区"), place_stem("开县")
    ('万州', '开县')
    """
    return (
        place[:-1]
        if place[-1] in (*PLACE_ENDS, *_LEVEL_ENDS[Level.TOWNSHIP]) and len(place) > 2
        else place
    )


def level_of(place: str) -> Level:
    """The level that a place's name shows: 重庆市 is a province, 万州区 a district."""
    if place in _MUNICIPALITIES:
        return Level.PROVINCE
    shown = (level for level, ends in _LEVEL_ENDS.items() if place.endswith(ends))
    return next(shown, Level.OTHER)


def detect_jurisdiction(
    issuer: str | None, title: str = "", number: str | None = None
) -> Jurisdiction:
    """Read the jurisdiction from the issuer's name, else from the document's title.

    Args:
        issuer: who issued the document.
        title: its title.
        number: its number, which shows that the title begins with a place: 罗政办发〔2026〕11号.

    >>> detect_jurisdiction("重庆市万州区人民政府办公室").place
    '万州区'
    >>> detect_jurisdiction(None, "罗田县防汛抗旱应急预案", "罗政办发〔2026〕11号").place
    '罗田县'
    """
    for printed in (issuer or "", title):
        name = re.sub(r"\s", "", printed)
        if _CENTRAL.match(name):
            return Jurisdiction(place=STATE, level=Level.STATE)
        if found := _read_place(name):
            # The issuer may be short (万州区政府办公室) where the title has the parent too.
            longer = _read_place(re.sub(r"\s", "", title)) if name != title else None
            if longer and longer.place == found.place and longer.parents:
                return longer
            return found
    place = _BARE_PLACE.match(re.sub(r"\s", "", title)) if not issuer else None
    if place and ((number or "")[:1] == place[0][0] or _is_listed(place[0])):
        return Jurisdiction(place=place[0], level=level_of(place[0]))
    return Jurisdiction(place=None, level=Level.OTHER)


@lru_cache(maxsize=4096)
def _is_listed(place: str) -> bool:
    """Whether jieba's dictionary has it as a place. Many a 区 is one there that is a part of any town
    (老城区): of those also the name without 区 is to be one."""
    entry = r"^{} \d+ ns\r?$".format
    names = (place, place_stem(place)) if place.endswith("区") else (place,)
    spec = find_spec("jieba")
    folder = next(iter(spec.submodule_search_locations or []), "") if spec else ""
    known = (Path(folder) / "dict.txt").read_bytes()
    return all(re.search(entry(name).encode(), known, re.MULTILINE) for name in names)


def _read_place(name: str) -> Jurisdiction | None:
    party = _PARTY.match(name)
    match = _PLACE.match(name[party.end() :] if party else name)
    if match is None or not match.group():
        return None
    province, city, district = match.group("province", "city", "district")
    alone = province is None and not district and city not in _MUNICIPALITIES
    if city and alone and (inner := _TWO_CITIES.match(city)):
        city, district = inner.groups()
    places = [p for p in (province, city, district) if p]
    if any(PLACE_ENDS.issuperset(p) for p in places):
        return None  # 区市场监管局 is of no place called 区市
    own = places[-1]
    level = Level.DISTRICT if district else level_of(own)
    return Jurisdiction(place=own, level=level, parents=tuple(reversed(places[:-1])))
