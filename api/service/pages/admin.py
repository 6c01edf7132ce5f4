"""管理: people, organisations with their aliases, settings, addresses, jobs, tokens."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Response

from api.service.fields import Line
from api.service.jobs import JobsOf
from api.service.pages.configuration import settings_shown
from api.service.pages.screen import Screen, allowed
from kb.language.organisations import (
    FunctionEntry,
    GroupEntry,
    OrganisationEntry,
    OrgUnit,
    organisations_for,
)
from kb.lexicon import load_lexicon
from kb.models import Span
from tasks.addresses import CHANNELS, Address, Addresses
from tasks.authorisation import Action, PersonRole
from tasks.outbox import OVERVIEW
from tasks.passwords import LONGEST, SHORTEST, check_new
from tasks.people import Person
from tasks.queries import Register
from tasks.units import jurisdiction_of, unit_key

router = APIRouter()
Managing = Annotated[Screen, Depends(allowed(Action.MANAGE_PEOPLE))]
Setting = Annotated[Screen, Depends(allowed(Action.CHANGE_SETTINGS))]
Name = Annotated[Line, Form()]
Csrf = Annotated[str, Form()]
_DONE = "已保存"
_KINDS = {
    "government": ("政府部门", "government"), "party": ("党委机构", "party"),
    "group": ("一类单位", "group"), "mass": ("群团组织", "mass organisation"),
    "public-institution": ("事业单位", "public institution"), "enterprise": ("企业", "enterprise"),
    "court": ("法院", "court"), "procuratorate": ("检察院", "procuratorate"), "other": ("其他", "other"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Organisation:
    """An entry of the lexicon: its name and the other names that mean the same."""

    name: str
    english: str
    kind: str
    aliases: tuple[str, ...]


@router.get("/admin")
def people(
    s: Managing,
    q: Annotated[str, Query(max_length=100)] = "",
    role: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The people, found by name, sign-in name, unit or role."""
    words = q.strip().casefold()
    every = s.service.people.list()
    found = [
        p
        for p in every
        if role in ("", p.role.value)
        and words in " ".join((p.login, p.name, *p.units, *p.unit_names)).casefold()
    ]
    return s.show(
        "people.html", people=found, total=len(every), roles=list(PersonRole), shortest=SHORTEST,
        units=s.unit_choices(), q=q, role=role, sessions=s.service.access.sessions(s.service.now()),
        tokens=Counter(t.login for t in s.service.access.tokens()),
    )  # fmt: skip


@router.post("/admin/people")
def add_person(
    s: Managing,
    login: Name = "",
    name: Name = "",
    role: Annotated[PersonRole, Form()] = PersonRole.READER,
    units: Annotated[str, Form(max_length=2000)] = "",
    password: Annotated[str, Form(max_length=LONGEST + 1)] = "",
    csrf: Csrf = "",
) -> Response:
    """Add a person, with a password if one is given."""
    s.check(csrf)

    def act() -> None:
        person = Person(login=login.strip(), name=name.strip() or login.strip(), role=role, units=split(units))  # fmt: skip
        if password:
            check_new(password, person.login)
        s.service.people.add(s.viewer.actor, person, s.service.now())
        if password:
            s.service.access.set_password(s.viewer.actor, person.login, password, s.service.now())

    return s.attempt(act, "/admin", s.t("已添加 {name}", name=name or login))


@router.get("/admin/people/{login}")
def person(login: str, s: Managing) -> Response:
    """One person's form."""
    return s.show(
        "person.html", p=s.service.people.get(login), roles=list(PersonRole), shortest=SHORTEST,
        units=s.unit_choices(), now=s.service.now(), tokens=s.service.access.tokens(login),
        sessions=s.service.access.sessions(s.service.now()).get(login, []),
    )  # fmt: skip


@router.post("/admin/people/{login}")
def change_person(
    login: str,
    s: Managing,
    name: Name = "",
    role: Annotated[PersonRole, Form()] = PersonRole.READER,
    units: Annotated[str, Form(max_length=2000)] = "",
    active: Annotated[str, Form(max_length=5)] = "",
    csrf: Csrf = "",
) -> Response:
    """Change a person."""
    s.check(csrf)
    after = Person(login=login, name=name.strip(), role=role, units=split(units), active=bool(active))  # fmt: skip
    return s.attempt(
        lambda: s.service.people.change(s.viewer.actor, after, s.service.now()),
        f"/admin/people/{quote(login)}", s.t(_DONE),
    )  # fmt: skip


@router.post("/admin/people/{login}/password")
def set_password(
    login: str,
    s: Managing,
    password: Annotated[str, Form(max_length=LONGEST + 1)] = "",
    csrf: Csrf = "",
) -> Response:
    """Set anyone's password; ends their sessions."""
    s.check(csrf)
    return s.attempt(
        lambda: s.service.access.set_password(s.viewer.actor, login, password, s.service.now()),
        f"/admin/people/{quote(login)}", s.t("密码已设，其登录已全部退出"),
    )  # fmt: skip


@router.post("/admin/people/{login}/sessions/end")
def end_sessions(login: str, s: Managing, csrf: Csrf = "") -> Response:
    """Sign a person out everywhere."""
    s.check(csrf)
    return s.attempt(
        lambda: s.service.access.end_sessions(s.viewer.actor, login, s.service.now()),
        f"/admin/people/{quote(login)}", s.t("其登录已全部退出"),
    )  # fmt: skip


@router.get("/admin/organisations")
def organisations(s: Managing, q: Annotated[str, Query(max_length=100)] = "") -> Response:
    """The organisations of the lexicon, and the names of the documents that no entry resolves."""
    words = q.strip().casefold()
    register = s.service.register(s.viewer.actor)
    found = [o for o in all_organisations() if words in " ".join((o.name, o.english, *o.aliases)).casefold()]  # fmt: skip
    return s.show(
        "organisations.html", organisations=found, q=q, strange=unresolved(register.tracked),
        read=_read_as(register, q.strip()), kinds=_KINDS,
    )  # fmt: skip


@router.get("/admin/settings")
def settings(s: Setting) -> Response:
    """The settings of the running service; keys and passwords are never shown."""
    state = s.request.app.state
    groups = settings_shown(
        s.service.settings, state.delivery, state.oidc, state.given,
        public_read=s.service.public_read,
    )  # fmt: skip
    return s.show("settings.html", groups=list(groups))


@router.get("/admin/addresses")
def addresses(s: Setting) -> Response:
    """Where the digests go."""
    own = Addresses(s.service.store).all()
    delivery = s.request.app.state.delivery
    found = Addresses(s.service.store, delivery.preset, delivery.webhook_hosts).all()
    units = s.unit_choices()
    without = [label for key, label in [(OVERVIEW, OVERVIEW), *units] if not any(key == unit for unit, _ in found)]  # fmt: skip
    return s.show(
        "addresses.html", addresses=list(found.values()), own=own, channels=CHANNELS, units=units,
        without=without, overview=OVERVIEW, drop=delivery.drop,
    )  # fmt: skip


@router.post("/admin/addresses")
def set_address(
    s: Setting,
    unit: Name = "",
    channel: Annotated[str, Form(max_length=20)] = "",
    target: Annotated[str, Form(max_length=2000)] = "",
    secret: Annotated[str, Form(max_length=200)] = "",
    csrf: Csrf = "",
) -> Response:
    """Set where a unit's digest goes."""
    s.check(csrf)
    address = Address(unit=unit.strip(), channel=channel, target=target.strip(), secret=secret)
    hosts = s.request.app.state.delivery.webhook_hosts
    return s.attempt(
        lambda: Addresses(s.service.store, hosts=hosts).set(
            s.viewer.actor, address, s.service.now()
        ),
        "/admin/addresses", s.t(_DONE),
    )  # fmt: skip


@router.post("/admin/addresses/remove")
def remove_address(
    s: Setting, unit: Name = "", channel: Annotated[str, Form(max_length=20)] = "", csrf: Csrf = ""
) -> Response:
    """Remove an address."""
    s.check(csrf)
    Addresses(s.service.store).remove(s.viewer.actor, unit, channel, s.service.now())
    return s.go("/admin/addresses", s.t("地址已删除"))


@router.get("/admin/tokens")
def tokens(s: Managing) -> Response:
    """Everybody's tokens."""
    return s.show(
        "all-tokens.html", tokens=s.service.access.tokens(), now=s.service.now()
    )  # fmt: skip


@router.get("/admin/jobs")
def jobs(s: Managing, jobs: JobsOf) -> Response:
    """The last uploads and how they went."""
    return s.show("jobs.html", jobs=jobs.list(100))


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A name of the documents that no entry resolves, and the id of it: how many tasks name it, and the places where
    it stands (id of the document, path of the clause, span)."""

    key: str
    unit: str
    tasks: int
    places: tuple[tuple[str, str, Span], ...]


def unresolved(register: Register) -> list[Unresolved]:
    """The names that no entry of the lexicon resolves, those that most tasks name first."""
    places: dict[str, dict[Span, tuple[str, str, Span]]] = {}
    tasks: dict[str, set[str]] = {}
    for placed in register.tasks():
        for a in placed.task.responsibilities:
            if a.unit_id is None:
                key = unit_key(jurisdiction_of(placed.document).place, a.unit, None)
                where = (placed.document.id, placed.clause.path, a.span)
                places.setdefault(key, {}).setdefault(a.span, where)
                tasks.setdefault(key, set()).add(placed.task.id)
    found = [
        Unresolved(u, register.known.label(u), len(tasks[u]), tuple(places[u].values()))
        for u in places
    ]
    return sorted(found, key=lambda x: (-x.tasks, x.unit))


def _read_as(register: Register, name: str) -> list[OrgUnit]:
    """What a name means where the documents come from."""
    if not name:
        return []
    places = {str(j): j for j in (jurisdiction_of(e.document) for e in register.extractions)}
    found = (organisations_for(place).resolve(name) for place in places.values())
    return list({unit.id: unit for unit in found if unit is not None}.values())


def all_organisations() -> list[Organisation]:
    """The entries of the lexicon: bodies that every government has, central organs, groups."""
    found = [
        Organisation(e.local[0], e.english, e.kind, tuple(dict.fromkeys((*e.local[1:], *e.province, *e.former, *e.lay))))
        for e in load_lexicon("functions", FunctionEntry)
    ]  # fmt: skip
    found += [
        Organisation(e.name, e.english, e.kind, (*e.forms, *e.former))
        for e in load_lexicon("organisations", OrganisationEntry)
    ]
    found += [
        Organisation(e.name, e.english, e.kind, tuple(f for f in e.forms if f != e.name))
        for e in load_lexicon("groups", GroupEntry)
    ]
    return found


def split(units: str) -> tuple[str, ...]:
    """Names of units with 、 or commas between."""
    parts = units.replace("，", "、").replace(",", "、").split("、")
    return tuple(p.strip() for p in parts if p.strip())
