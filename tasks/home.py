"""Whose a document is as seen from the house: the home government's, another issuer's, or unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

from sqlalchemy import Connection, select, update

from kb.characters import HAN, any_of
from kb.language.jurisdictions import (
    STATE,
    Jurisdiction,
    Level,
    PlaceKind,
    detect_jurisdiction,
    level_of,
    place_words,
)
from kb.language.organisations import OrganisationEntry
from kb.lexicon import load_lexicon
from kb.models import Document, Fact, Finding
from tasks import schema

_STATE = Jurisdiction(place=STATE, level=Level.STATE)
_AFTER_BODY = any_of(place_words(PlaceKind.BODY_AFTER))
_TITLE_OF_STATE = re.compile(
    rf"{any_of(place_words(PlaceKind.CENTRAL_TITLE))}"
    rf"|{STATE}[{HAN}]{{2,12}}?{any_of(place_words(PlaceKind.STATE_OFFICE))}{_AFTER_BODY}"
)
"""How a title begins that a central body gave: 国家卫生城市创建方案 is anybody's."""


class Whose(StrEnum):
    """Who issued a document."""

    HOME = "home"
    OTHER = "other"
    UNKNOWN = "unknown"


class Home(Fact):
    """The government whose duties the house supervises. `given`: by the setting; else it is the
    place of the first document that a local government issued. Without a place nothing is another
    issuer's."""

    jurisdiction: Jurisdiction
    given: bool

    @property
    def place(self) -> str:
        """Its full name with the places above it: 重庆市万州区; empty where it is not known."""
        j = self.jurisdiction
        return "".join((*reversed(j.parents), j.place)) if j.place else ""


def read_home(connection: Connection, government: str = "", *, without: str = "") -> Home:
    """The home government.

    Args:
        connection: to the store.
        government: as the setting names it (万州区, 重庆市万州区人民政府); empty for the issuer of the
            first document recorded that says one and is not withdrawn: a local one where there is
            any, for every office has documents of the State Council.
        without: the id of a document that is not looked at.
    """
    if government:
        return Home(jurisdiction=detect_jurisdiction(government), given=True)
    d = schema.document.c
    rows = connection.execute(
        select(d.issuer, d.title)
        .where(d.withdrawn_at.is_(None), d.id != without)
        .order_by(d.recorded_at, d.id)
    )
    found: Jurisdiction | None = None
    for row in rows:
        said = next(iter(issuers_of(*row)), None)
        if said is not None and said.level is not Level.STATE:
            return Home(jurisdiction=said, given=False)
        found = found or said
    unknown = Jurisdiction(place=None, level=Level.OTHER)
    return Home(jurisdiction=found or unknown, given=False)


def whose(home: Home, issuer: str | None, title: str) -> Whose:
    """Whether a document is of the home government.

    Departments of the home place are home; the place above it, the State Council and other places
    of its level are not. Of several issuers one that is home is enough.
    """
    found = issuers_of(issuer, title)
    if not found or home.jurisdiction.place is None:
        return Whose.UNKNOWN
    return Whose.HOME if any(_is_same(home.jurisdiction, j) for j in found) else Whose.OTHER


def issuers_of(issuer: str | None, title: str) -> tuple[Jurisdiction, ...]:
    """The jurisdictions that a document's issuers belong to, by its header, else by its title;
    empty where neither says so.

    >>> [j.place for j in issuers_of("重庆市教育委员会 重庆市财政局", "")]
    ['重庆市', '重庆市']
    """
    if issuer and issuer.strip():
        parts = [part for part in re.split(r"[\s、，,]+", issuer.strip()) if part]
        read = [_jurisdiction(part, title) for part in parts]
        several = tuple(j for j in read if j is not None)
        # A line broken inside one name (重庆市万州区⏎人民政府办公室) is no second issuer.
        if len(several) == len(parts) > 1:
            return several
        if (whole := _jurisdiction("".join(parts), title)) is not None:
            return (whole,)
        if several:
            return several
    named = "".join(title.split())
    found = detect_jurisdiction(None, named)
    if found.level is Level.STATE:
        return (_STATE,) if _TITLE_OF_STATE.match(named) or _is_central(named) else ()
    return (found,) if found.place else ((_STATE,) if _is_central(named) else ())


def _jurisdiction(name: str, title: str) -> Jurisdiction | None:
    if _is_central(name):
        return _STATE
    found = detect_jurisdiction(name)
    if found.place is None:
        return None
    longer = detect_jurisdiction(name, title)  # with the places above it, where the title has them
    return longer if longer.place == found.place else found


def _is_central(name: str) -> bool:
    """Whether a name begins with a central body's (农业农村部办公厅); 财政部门 is none."""
    return _central().match(name) is not None


@lru_cache(maxsize=1)
def _central() -> re.Pattern[str]:
    names = sorted(set(_central_names()), key=len, reverse=True)
    return re.compile(rf"{any_of(names)}(?=$|{_AFTER_BODY}|[^{HAN}])")


def _central_names() -> Iterator[str]:
    for entry in load_lexicon("organisations", OrganisationEntry):
        yield entry.name
        # Of the short forms those that no local body has: 卫生健康委 is every district's too.
        yield from (
            f for f in (*entry.forms, *entry.former)
            if f.startswith(("国家", "国务院", "全国", "中央")) or (f.endswith("部") and len(f) > 2)
        )  # fmt: skip


def _is_same(home: Jurisdiction, other: Jurisdiction) -> bool:
    """Whether two are one place: of one name, and where both say what lies above them, that too
    (there is a 鼓楼区 in Nanjing and one in Xuzhou). The level follows from the name, but for a
    county-level city, which reads as a city where nothing stands above it."""
    if home.place != other.place:
        return False
    above = ((a, b) for a in home.parents for b in other.parents if level_of(a) is level_of(b))
    return all(a == b for a, b in above)


class Taken(Fact):
    """Whether a document's duties are the house's, and what is told of it."""

    tracked: bool
    findings: tuple[Finding, ...] = ()


def take_up(
    connection: Connection, document: Document, government: str, replaced: str | None, at: datetime
) -> Taken:
    """Decide whether the duties of a document, just recorded, are the house's, and write it down.

    A new version is what the version was that it replaces; else a document is tracked unless
    another government issued it. Unknown is not another: such a document is tracked, and told.

    Args:
        connection: to the store, which holds the document already.
        document: it.
        government: as `read_home` takes it.
        replaced: the id of the version that it replaces, if any.
        at: when it was recorded.
    """
    d = schema.document
    home = read_home(connection, government)
    if replaced is not None:
        query = select(d.c.id).where(d.c.id == replaced, schema.TRACKED)
        tracked, found = connection.scalar(query) is not None, Whose.HOME
    else:
        found = whose(home, document.issuer, document.title)
        tracked = found is not Whose.OTHER
    since = at.astimezone(UTC) if tracked else None
    connection.execute(update(d).where(d.c.id == document.id).values(tracked_since=since))
    told = [*_told(home, document, found, tracked=tracked)]
    if found is Whose.HOME and not home.given and home.jurisdiction.level is not Level.STATE:
        former = read_home(connection, without=document.id).jurisdiction
        told += _now_ours(connection, home) if former.level is Level.STATE else ()
    return Taken(tracked=tracked, findings=tuple(told))


def _now_ours(connection: Connection, home: Home) -> Iterator[Finding]:
    """That the house is known only now: documents of central bodies were taken up before."""
    d = schema.document.c
    rows = connection.execute(
        select(d.id, d.issuer, d.title).where(schema.CURRENT, schema.TRACKED).order_by(d.id)
    )
    keys = [row.id for row in rows if whose(home, row.issuer, row.title) is Whose.OTHER]
    if keys:
        shown = " ".join(keys)
        yield Finding(
            code="home-found",
            message=f"按本文件认定本级政府为{home.place}（可用 DUBAN_GOVERNMENT 设定）；此前入库的上级文件仍列入督办，"
            f"仅供查阅的: duban documents untrack {shown} --reason …"
            f" / by this document the home government is {home.place} (set DUBAN_GOVERNMENT for another); "
            f"documents from above that were added before are still tracked; for reference only: "
            f"duban documents untrack {shown} --reason …",
        )


def _told(home: Home, document: Document, found: Whose, *, tracked: bool) -> Iterator[Finding]:
    by = ("由 DUBAN_GOVERNMENT 设定", "by DUBAN_GOVERNMENT") if home.given else ("按首份地方文件", "by the first local document")  # fmt: skip
    if not tracked:
        who = "".join((document.issuer or document.title).split())
        yield Finding(
            code="for-reference",
            message=f"本级政府为{home.place or '未知'}（{by[0]}），该文件由{who}印发，仅供查阅，任务不列入督办；"
            f"要列入: duban documents track {document.id} --reason …"
            f" / the home government is {home.place or 'not known'} ({by[1]}); this document of {who} is "
            f"for reference, its duties are on no list; to take them up: duban documents track "
            f"{document.id} --reason …",
        )
    elif found is Whose.UNKNOWN:
        zh, en = (
            ("看不出由哪级政府印发", "it does not say which government issued it")
            if home.place
            else ("看不出本级政府，请设 DUBAN_GOVERNMENT", "the home government is not known, set DUBAN_GOVERNMENT")
        )  # fmt: skip
        yield Finding(
            code="issuer-unknown",
            message=f"{zh}，任务已列入督办；不属本级的: duban documents untrack {document.id} --reason …"
            f" / {en}; its duties are tracked; if they are not ours: duban documents untrack "
            f"{document.id} --reason …",
        )
