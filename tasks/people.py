"""The people who act, their roles and the units they are bound to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from kb.errors import ConflictError, DubanError, NotFoundError
from kb.models import Fact
from tasks import audit, schema
from tasks.audit import Change
from tasks.authorisation import CONSOLE, Action, Actor, PersonRole, require
from tasks.store import Store


class Person(Fact):
    """Someone with a sign-in name. Those no longer there are inactive, never deleted: the audit
    log names them."""

    login: str
    name: str
    role: PersonRole
    units: tuple[str, ...] = ()
    active: bool = True

    def actor(self) -> Actor:
        """The person as one who acts."""
        return Actor(login=self.login, roles=frozenset({self.role}), units=self.units)


class People:
    """The people of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, actor: Actor, person: Person, at: datetime) -> Person:
        """Record a new person.

        Raises:
            DeniedError: the actor is no administrator.
            ConflictError: the sign-in name is taken.
            DubanError: a unit officer without a unit, or an empty name.
        """
        require(actor, Action.MANAGE_PEOPLE)
        _check(person)
        with self._store.writing() as connection:
            if _find(connection, person.login) is not None:
                raise ConflictError(
                    f"已有用户 {person.login} / there is a person {person.login} already"
                )
            row = person.model_dump(mode="json", exclude={"units"}) | {"active": 1}
            connection.execute(insert(schema.person), row)
            self._bind(connection, person)
            self._log(connection, actor, "person.added", None, person, at)
        return person

    def change(self, actor: Actor, person: Person, at: datetime) -> Person:
        """Change a person's name, role, units or whether they are active.

        Raises:
            NotFoundError: there is none with this sign-in name.
        """
        require(actor, Action.MANAGE_PEOPLE)
        _check(person)
        with self._store.writing() as connection:
            before = _find(connection, person.login)
            if before is None:
                raise _unknown(person.login)
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
            self._log(connection, actor, "person.changed", before, person, at)
        return person

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


def _check(person: Person) -> None:
    if not person.login.strip() or person.login == CONSOLE.login or len(person.login) > 64:
        raise DubanError(f"登录名不可用: {person.login!r} / not usable as a sign-in name")
    if person.role is PersonRole.UNIT_OFFICER and not person.units:
        raise DubanError(
            "单位经办人要绑定单位 (--unit) / a unit officer must be bound to a unit (--unit)"
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
