"""The people who act, their roles and the units they are bound to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from kb.errors import ConflictError, NotFoundError
from kb.models import Fact
from tasks import audit, schema
from tasks.audit import Change
from tasks.authorisation import CONSOLE, Action, Actor, PersonRole, require
from tasks.fields import LONGEST_UNIT, FieldError, check_words
from tasks.store import Store
from tasks.units import is_unit_id, read_units, title_of


class Person(Fact):
    """Someone with a sign-in name. Those no longer there are inactive, never deleted: the audit
    log names them. `units` are ids, as kept; given to `People` they may be names (区教委). A name
    that is kept (see `tasks.units.unsettled_name`) gives no rights."""

    login: str
    name: str
    role: PersonRole
    units: tuple[str, ...] = ()
    active: bool = True

    @property
    def unit_names(self) -> tuple[str, ...]:
        """Full names of the units."""
        return tuple(title_of(unit) for unit in self.units)

    @property
    def unsettled(self) -> tuple[str, ...]:
        """Names of which nobody has said yet whom they mean."""
        return tuple(unit for unit in self.units if not is_unit_id(unit))

    def actor(self) -> Actor:
        """The person as one who acts."""
        return Actor(login=self.login, roles=frozenset({self.role}), units=self.units)


RESERVED = frozenset({CONSOLE.login, "scheduler", "system", "oidc"})
"""Names under which duban itself stands in the audit log: nobody signs in as one of them."""


class People:
    """The people of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, actor: Actor, person: Person, at: datetime, *, settle: bool = True) -> Person:
        """Record a new person; gives them with the ids of their units.

        Args:
            actor: who asks.
            person: whose units are ids or names.
            at: when.
            settle: refuse a unit that is none or several; else its name is kept, and gives no
                rights until somebody settles it.

        Raises:
            DeniedError: the actor is no administrator.
            ConflictError: the sign-in name is taken.
            FieldError: a unit officer without a unit, or a name that cannot be used.
            UnknownUnitError: there is no such unit.
            AmbiguousUnitError: several units have the name.
        """
        require(actor, Action.MANAGE_PEOPLE)
        _check(person)
        with self._store.writing() as connection:
            person = _bound(connection, person, (), settle=settle)
            if _find(connection, person.login) is not None:
                raise ConflictError(
                    f"已有用户 {person.login} / there is a person {person.login} already"
                )
            row = person.model_dump(mode="json", exclude={"units"}) | {"active": int(person.active)}
            connection.execute(insert(schema.person), row)
            self._bind(connection, person)
            self._log(connection, actor, "person.added", None, person, at)
        return person

    def change(self, actor: Actor, person: Person, at: datetime, *, settle: bool = True) -> Person:
        """Change a person's name, role, units or whether they are active; units as in `add`, but
        what they were bound to before may stay.

        Raises:
            UnknownUnitError: there is no such unit.
            AmbiguousUnitError: several units have the name.
            DeniedError: the actor is no administrator.
            NotFoundError: there is none with this sign-in name.
            ConflictError: it would leave no active administrator but the console.
            FieldError: a unit officer without a unit, or a name that cannot be used.
        """
        require(actor, Action.MANAGE_PEOPLE)
        _check(person)
        with self._store.writing() as connection:
            before = _find(connection, person.login)
            if before is None:
                raise _unknown(person.login)
            person = _bound(connection, person, before.units, settle=settle)
            if actor.login != CONSOLE.login and _rules(before) and not _rules(person):
                self._refuse_last(connection, person.login)
            values = person.model_dump(mode="json", exclude={"units", "login"})
            connection.execute(
                update(schema.person)
                .where(schema.person.c.login == person.login)
                .values(**(values | {"active": int(person.active)}))
            )
            connection.execute(
                delete(schema.person_unit).where(schema.person_unit.c.login == person.login)
            )
            self._bind(connection, person)
            if not person.active:  # coming back, they sign in anew
                connection.execute(
                    delete(schema.session).where(schema.session.c.login == person.login)
                )
            self._log(connection, actor, "person.changed", before, person, at)
        return person

    def settled(self, units: Sequence[str], held: Sequence[str] = ()) -> tuple[str, ...]:
        """What `add` and `change` make of names without refusing any: ids, and the names of none or
        several units as they are."""
        with self._store.reading() as connection:
            known = read_units(connection)
        return tuple(dict.fromkeys(known.settle(unit, held) for unit in units))

    def list(self) -> list[Person]:
        """All, by sign-in name."""
        with self._store.reading() as connection:
            logins = connection.scalars(select(schema.person.c.login).order_by("login")).all()
            found = [_find(connection, login) for login in logins]
        return [person for person in found if person is not None]

    def get(self, login: str) -> Person:
        """One person.

        Raises:
            NotFoundError: there is none.
        """
        with self._store.reading() as connection:
            found = _find(connection, login)
        if found is None:
            raise _unknown(login)
        return found

    def actor(self, login: str) -> Actor:
        """Who acts under a sign-in name; the console where it is empty.

        Raises:
            NotFoundError: there is none, or they are no longer active.
        """
        if not login:
            return CONSOLE
        person = self.get(login)
        if not person.active:
            raise NotFoundError(f"用户 {login} 已停用 / {login} is no longer active")
        return person.actor()

    @staticmethod
    def _refuse_last(connection: Connection, login: str) -> None:
        """Refuse to take the last administrator's powers; only who holds the store may."""
        p = schema.person.c
        others = (p.role == PersonRole.ADMIN.value, p.active == 1, p.login != login)
        if not connection.scalar(select(func.count()).where(*others)):
            raise ConflictError(
                f"{login} 是最后一个管理员, 先另设一个 / {login} is the last administrator: name "
                "another first"
            )

    @staticmethod
    def _bind(connection: Connection, person: Person) -> None:
        if person.units:
            rows = [{"login": person.login, "unit": unit} for unit in dict.fromkeys(person.units)]
            connection.execute(insert(schema.person_unit), rows)

    @staticmethod
    def _log(
        connection: Connection,
        actor: Actor,
        action: str,
        before: Person | None,
        after: Person,
        at: datetime,
    ) -> None:
        change = Change(
            actor=actor.login,
            action=action,
            subject=f"person:{after.login}",
            before=before.model_dump(mode="json") if before else None,
            after=after.model_dump(mode="json"),
        )
        audit.append(connection, at, [change])


def _bound(connection: Connection, person: Person, held: Sequence[str], *, settle: bool) -> Person:
    """The person with the ids of their units."""
    if not person.units:
        return person
    known = read_units(connection)
    if settle:
        found = known.bind_all(person.units, held)
    else:
        found = tuple(dict.fromkeys(known.settle(unit, held) for unit in person.units))
    bound = person.model_copy(update={"units": found})
    _check(bound)
    return bound


def _rules(person: Person) -> bool:
    return person.role is PersonRole.ADMIN and person.active


def _check(person: Person) -> None:
    login = check_words("登录名", "sign-in name", person.login, longest=64)
    shown = login.isprintable() and not any(c.isspace() for c in person.login)
    if not login or not shown or login.casefold() in RESERVED:
        raise FieldError(
            f"登录名不可用: {person.login!r} / not usable as a sign-in name: {person.login!r}"
        )
    check_words("姓名", "name", person.name)
    for unit in person.units:
        if not check_words("单位", "unit", unit, longest=LONGEST_UNIT):
            raise FieldError("单位不能为空 / a unit needs a name")
    if person.role is PersonRole.UNIT_OFFICER and not person.units:
        raise FieldError(
            "单位经办人要绑定单位 / a unit officer must be bound to a unit", hint="--unit"
        )


def _find(connection: Connection, login: str) -> Person | None:
    row = connection.execute(select(schema.person).where(schema.person.c.login == login)).first()
    if row is None:
        return None
    units: Sequence[str] = connection.scalars(
        select(schema.person_unit.c.unit)
        .where(schema.person_unit.c.login == login)
        .order_by("unit")
    ).all()
    return Person(
        login=row.login, name=row.name, role=row.role, units=tuple(units), active=bool(row.active)
    )


def _unknown(login: str) -> NotFoundError:
    return NotFoundError(f"没有用户 {login} / there is no person {login}", hint="duban people list")
