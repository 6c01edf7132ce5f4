"""Which organisation is meant: its id, what it is called, and whom the words of a person name.

Two districts have a 区教委 each. What compares organisations (rights, who may see a document,
digests, filters) compares ids; a name is only shown, or looked up once and refused where several
units have it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

from sqlalchemy import Connection, func, or_, select

from kb.errors import ConflictError, NotFoundError
from kb.language.jurisdictions import (
    PLACE_ENDS,
    STATE,
    Jurisdiction,
    Level,
    detect_jurisdiction,
    level_of,
)
from kb.language.organisations import (
    FunctionEntry,
    GroupEntry,
    OrganisationEntry,
    organisations_for,
)
from kb.lexicon import load_lexicon
from kb.models import Document, Fact
from tasks import schema

_PREFIXES = {"-": "", "省": "省", "市": "市", "区县": "区"}
"""What stands for the place in an id where a document does not say which, and how the names of
such units begin."""
_SHOWN = 12
"""Candidates that a message lists."""
_NEAREST = 3
"""Names like one that is not known that a message offers."""


class Unit(Fact):
    """An organisation of the documents at hand. `name` is what they call it most often, `label`
    the same with its place where another unit has that name too; no two have one label.
    `resolved`: the lexicon knows it."""

    id: str
    name: str
    label: str
    resolved: bool = True


class UnknownUnitError(NotFoundError):
    """No unit has the name or id that was given."""


class AmbiguousUnitError(ConflictError):
    """Several units have the name that was given; `candidates` are pairs of id and full name."""

    def __init__(self, words: str, candidates: Iterable[str]) -> None:
        self.candidates = tuple((key, title_of(key)) for key in sorted(candidates))
        shown = "、".join(f"{key} {title}" for key, title in self.candidates[:_SHOWN])
        more = "……" if len(self.candidates) > _SHOWN else ""
        super().__init__(
            f"“{words}”不止一个: {shown}{more} / several units are called {words!r}: {shown}{more}",
            hint="写编号或全称 / give the id or the full name",
        )


def jurisdiction_of(document: Document) -> Jurisdiction:
    """Whose document it is, by its issuer, else by its title."""
    return detect_jurisdiction(document.issuer, document.title, document.document_number)


def unit_key(place: str | None, unit: str, unit_id: str | None) -> str:
    """The id under which a unit of a document is compared: the resolved one, and where nothing
    resolves it the document's place with the name as printed. An id without a place of its own
    (市教委 where the document does not say which city) counts only beside its document's place.

    Args:
        place: of the document's issuer; None where it is not known.
        unit: the name.
        unit_id: what the lexicon says, or None.

    >>> unit_key("万州区", "区教委", "万州区/education"), unit_key("万州区", "某某办", None)
    ('万州区/education', '万州区/某某办')
    """
    if unit_id is None:
        return f"{place or '-'}/{''.join(unit.split())}"
    if place and unit_id.partition("/")[0] in _PREFIXES:
        return f"{place}/{unit_id}"
    return unit_id


def is_unit_id(words: str) -> bool:
    """Whether these are an id (`万州区/education`) and no bare name."""
    return "/" in words


def unsettled_name(words: str) -> str:
    """A name to be kept until an administrator says which unit is meant: it is equal to no id."""
    return words.replace("/", "／")


def name_of(unit_id: str) -> str:
    """What a unit is called at home: 区教委 of `万州区/education`; of an id that no entry of the
    lexicon made, the name in it."""
    place, _, rest = unit_id.partition("/")
    if place == STATE:
        return _state_names().get(unit_id, rest)
    level, mark, function = rest.partition("/")
    if mark and level in _PREFIXES:
        prefix = _PREFIXES[level]
    else:
        function = rest
        prefix = _PREFIXES.get(place, place[-1:] if place[-1:] in PLACE_ENDS else "")
    if function == "youth-league":
        return f"团{prefix}委"
    entry = _functions().get(function)
    return f"{prefix}{entry.prefix}{entry.local[0]}" if entry else function


def title_of(unit_id: str, printed: str = "") -> str:
    """A unit's full name, with its place: 万州区教委; a bare name (see `unsettled_name`) as it is. With
    the name as documents print it, where that is known and no body of the State's: 石门县住建局.

    >>> title_of("万州区/education"), title_of("万州区/youth-league"), title_of("万州区/某某办")
    ('万州区教委', '团万州区委', '万州区某某办')
    """
    if not is_unit_id(unit_id):
        return unit_id
    place, _, rest = unit_id.partition("/")
    name = printed if printed and place != STATE else name_of(unit_id)
    if place == STATE or place in _PREFIXES or name.startswith(place[:-1]):
        return name
    if rest.partition("/")[0] in _PREFIXES:
        return (
            f"{name}（{place}）"  # 市教委 as a document of 万州区 has it, without saying of where
        )
    if name[0] == place[-1]:
        return f"{place}{name[1:]}"
    return f"团{place}{name[2:]}" if name[:2] == f"团{place[-1]}" else f"{place}{name}"


@lru_cache(maxsize=4096)
def local_name(jurisdiction: Jurisdiction, name: str) -> str:
    """The one name, among those that a document of `jurisdiction` prints of a unit, by which the
    lexicon finds it there: 区教委 of 万州区教委, 相关部门 of 各相关部门; any other as it is."""
    mentions = organisations_for(jurisdiction).find(name)
    whole = len(mentions) == 1 and (mentions[0].start, mentions[0].end) == (0, len(name))
    if not whole:
        return name
    unit = mentions[0].unit
    return unit.name if unit is not None and unit.name in _groups() else mentions[0].name


class Units:
    """The units of some documents, to be found by id or by any name that people use.

    Args:
        mentions: a unit's id (see `unit_key`), its name as printed, how often it stands so.
        jurisdictions: whose the documents are; the lexicon is read as seen from each.
    """

    def __init__(
        self, mentions: Iterable[tuple[str, str, int]], jurisdictions: Iterable[Jurisdiction]
    ) -> None:
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for key, name, count in mentions:
            counts[key][name] += count
        self._jurisdictions = tuple(dict.fromkeys(jurisdictions))
        self._names: dict[str, set[str]] = defaultdict(set)
        for key, names in counts.items():
            for name in (*names, name_of(key), title_of(key)):
                self._names["".join(name.split())].add(key)
            # 市/education, as the facts have it, is 开州区/市/education here.
            rest = key.partition("/")[2]
            if rest.partition("/")[0] in _PREFIXES and "/" in rest:
                self._names[rest].add(key)
        called = {key: max(names, key=lambda n: (names[n], n)) for key, names in counts.items()}
        labels = {k: title_of(k, n) if self._shared(n) else n for k, n in called.items()}
        for key, label in labels.items():
            self._names["".join(label.split())].add(key)
        twice = {label for label, count in Counter(labels.values()).items() if count > 1}
        self._units = {
            key: Unit(
                id=key, name=name, resolved=_is_known(key),
                label=f"{labels[key]}（{key}）" if labels[key] in twice else labels[key],
            )
            for key, name in called.items()
        }  # fmt: skip

    def all(self) -> tuple[Unit, ...]:
        """Every unit."""
        return tuple(self._units.values())

    def label(self, unit_id: str) -> str:
        """What to call a unit where others are named beside it."""
        known = self._units.get(unit_id)
        return known.label if known else title_of(unit_id)

    def printed(self, unit_id: str, name: str) -> str:
        """A name as a document prints it; the full one where another unit has that name too."""
        return self.label(unit_id) if self._shared(name) else name

    def _shared(self, name: str) -> bool:
        return len(self._names.get("".join(name.split()), ())) > 1

    def find(self, words: str) -> list[Unit]:
        """The units that an id, a name as printed, a full name, or another or former name of the
        lexicon means; ordered by id."""
        given = "".join(words.split())
        if given in self._units:
            return [self._units[given]]
        found = set(self._names.get(given, ()))
        for jurisdiction in self._jurisdictions:
            # 卫健委 is our own or the State's: which of them bears a duty here decides.
            known = organisations_for(jurisdiction).meanings(given)
            found |= {unit_key(jurisdiction.place, unit.name, unit.id) for unit in known}
        return [self._units[key] for key in sorted(found & self._units.keys())]

    def one(self, words: str) -> Unit:
        """The unit that is meant.

        Raises:
            UnknownUnitError: no duty in these documents names such a unit.
            AmbiguousUnitError: several do.
        """
        found = self.find(words)
        if not found:
            near = self._nearest(words)
            zh, en = (f"; 相近的: {near}", f"; nearest: {near}") if near else ("", "")
            raise UnknownUnitError(
                f"没有单位“{words}”{zh} / no unit {words!r}{en}",
                hint="单位见 duban units 或单位页 / units are in duban units and on the page of units",
            )
        if len(found) > 1:
            raise AmbiguousUnitError(words, (u.id for u in found))
        return found[0]

    def _nearest(self, words: str) -> str:
        """What to call the units whose names are most like `words`, none where none is."""
        near = get_close_matches("".join(words.split()), self._names, n=_NEAREST)
        labels = dict.fromkeys(self.label(k) for n in near for k in sorted(self._names[n]))
        return "、".join(list(labels)[:_NEAREST])

    def bind(self, words: str) -> str:
        """The id of the unit that somebody is bound to, or something is kept for: one of the
        documents, or one that the lexicon knows by its place (万州区教委, `万州区/education`), for
        people come before the first document.

        Raises:
            UnknownUnitError: there is none, or a bare name (区教委) does not say of which place.
            AmbiguousUnitError: several have the name.
        """
        found = self.find(words)
        if not found and (known := _by_place("".join(words.split()))) is not None:
            return known
        if not found:
            raise UnknownUnitError(
                f"没有单位“{words}”: 文件里没有, 也不是带地名的全称或编号 / no unit {words!r}: no "
                "document names it, and it is neither a full name with its place nor an id",
                hint="单位见 duban units; 文件入库前写全称或编号, 如 万州区教委、万州区/education / "
                "units are in duban units; before any document, a full name or an id: 万州区教委, "
                "万州区/education",
            )
        return self.one(words).id

    def bind_all(self, given: Iterable[str], held: Iterable[str] = ()) -> tuple[str, ...]:
        """Ids of several, each once. What was `held` before may stay as it is: also a name that
        nobody has settled, and a unit that no document names any more.

        Raises:
            UnknownUnitError: one of the others is none.
            AmbiguousUnitError: one of the others is several.
        """
        before = frozenset(held)
        return tuple(dict.fromkeys(w if w in before else self.bind(w) for w in given))

    def settle(self, words: str, held: Iterable[str] = ()) -> str:
        """As `bind`, but a name that means no one unit is kept as a name, which is equal to no id;
        one of the units `held` before stays where it is among those that are meant."""
        try:
            return self.bind(words)
        except UnknownUnitError:
            return unsettled_name(words)
        except AmbiguousUnitError as error:
            meant = [key for key, _ in error.candidates if key in held]
            return meant[0] if len(meant) == 1 else unsettled_name(words)


def read_units(
    connection: Connection, documents: frozenset[str] | None = None, *, named: str = ""
) -> Units:
    """The units of the current documents of a store whose duties are tracked (of these only, where
    given), and of one for reference that is `named`."""
    a, d = schema.assignment.c, schema.document.c
    whose = {
        row.id: detect_jurisdiction(row.issuer, row.title, row.document_number)
        for row in connection.execute(
            select(d.id, d.issuer, d.title, d.document_number).where(
                schema.CURRENT, or_(schema.TRACKED, d.id == named)
            )
        )
        if documents is None or row.id in documents
    }
    rows = connection.execute(
        select(a.document_id, a.unit_id, a.unit, func.count())
        .group_by(a.document_id, a.unit_id, a.unit)
        .order_by(a.document_id, a.unit_id, a.unit)
    )
    mentions = [(row[1], row[2], row[3]) for row in rows if row[0] in whose]
    return Units(mentions, whose.values())


def _by_place(given: str) -> str | None:
    """The id of a unit by its full name or its id, whether or not a document names it."""
    place, mark, rest = given.partition("/")
    if mark:
        if place == STATE:
            return given if given in _state_names() else None
        known = rest == "youth-league" or rest in _functions() or rest in _groups()
        return given if known and level_of(place) is not Level.OTHER and len(place) > 1 else None
    for group in _groups():
        place = given.removesuffix(group)
        if len(given) > len(place) > 1 and level_of(place) is not Level.OTHER:
            return f"{place}/{group}"
    jurisdiction = detect_jurisdiction(given)
    if (place := jurisdiction.place or "") == "":
        return None
    # 浙江省教育厅 is known as 省教育厅 there.
    forms = (given, f"{place[-1]}{given.partition(place)[2]}")
    found = (organisations_for(jurisdiction).resolve(form) for form in forms)
    return next((u.id for u in found if u and u.id.partition("/")[0] == place), None)


def _is_known(key: str) -> bool:
    rest = key.partition("/")[2]
    function = rest.partition("/")[2] or rest
    return (
        key in _state_names()
        or function == "youth-league"
        or function in _functions()
        or function in _groups()
    )


@lru_cache(maxsize=1)
def _functions() -> dict[str, FunctionEntry]:
    return {entry.function: entry for entry in load_lexicon("functions", FunctionEntry)}


@lru_cache(maxsize=1)
def _groups() -> frozenset[str]:
    return frozenset(
        name for g in load_lexicon("groups", GroupEntry) for name in (g.name, *(g.forms if g.forms_are == "units" else ()))
    )  # fmt: skip


@lru_cache(maxsize=1)
def _state_names() -> dict[str, str]:
    return {
        f"{STATE}/{entry.function or entry.name}": entry.name
        for entry in load_lexicon("organisations", OrganisationEntry)
    }
