"""How people prove who they are: passwords, sessions of a browser, tokens of a program.

The store keeps an argon2id hash of a password, and only SHA-256 digests of the 256-bit secrets of
sessions and tokens: whoever reads the store can use neither.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, delete, insert, select, update

from kb.errors import DeniedError, DubanError, NotFoundError
from kb.identifiers import sha256_hex
from kb.models import Fact
from tasks import audit, schema
from tasks.audit import Change
from tasks.authorisation import Action, Actor, PersonRole, require
from tasks.passwords import LONGEST, check_new
from tasks.people import People, Person
from tasks.seals import row_sha256
from tasks.store import Store, as_utc

ADDRESS_KEPT = timedelta(days=90)
"""How long an address counts as one that a person signs in from."""
_PREFIX = "duban_"
_WRONG = "登录名或密码不对 / wrong sign-in name or password"
_USUAL = PasswordHasher()


@cache
def _hash_of_nobody(hasher: PasswordHasher) -> str:
    """Made once in a process: a hash takes as long as it is meant to."""
    return hasher.hash(secrets.token_hex(16))


class Session(Fact):
    """A signed-in browser; `csrf` is what its forms must send back."""

    login: str
    csrf: str
    expires_at: datetime


class Token(Fact):
    """A program's key, without its secret. `scopes` are names of API areas; `read` alone lets a
    program read what its person may read."""

    id: str
    login: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime


class Access:
    """Signing in over one store. `hasher` is argon2id with the library's present defaults
    (RFC 9106, low-memory profile) unless given."""

    def __init__(self, store: Store, hasher: PasswordHasher | None = None) -> None:
        self._store = store
        self._people = People(store)
        self._hasher = hasher or _USUAL
        # Checked where nobody has the sign-in name, so that the time taken tells nothing.
        self._nobody = _hash_of_nobody(self._hasher)

    # ---- passwords

    def set_password(self, actor: Actor, login: str, password: str, at: datetime) -> None:
        """Set a person's password and end their sessions and tokens, whoever may hold them: one's
        own, or anyone's by an administrator.

        Raises:
            DeniedError: it is somebody else's and the actor is no administrator.
            NotFoundError: there is no such person.
            DubanError: the password is too short, too long or too easy to guess.
        """
        if actor.login != login:
            require(actor, Action.MANAGE_PEOPLE)
        check_new(password, login)
        self._people.get(login)
        hashed = self._hasher.hash(password)
        with self._store.writing() as connection:
            _write_password(connection, login, hashed)
            t = schema.token.c
            ended = list(connection.scalars(select(t.id).where(t.login == login).order_by(t.id)))
            for table in (schema.session, schema.token, schema.known_address):
                connection.execute(delete(table).where(table.c.login == login))
            change = Change(
                actor=actor.login, action="person.password", subject=f"person:{login}",
                detail=_password_seal(hashed) | {"ended_tokens": ended},
            )  # fmt: skip
            audit.append(connection, at, [change])

    def check_password(self, login: str, password: str, at: datetime | None = None) -> Person:
        """The person whose password this is; with `at`, a hash of older parameters is made anew.

        Raises:
            DeniedError: it is not; the message does not say which of the two is wrong.
        """
        with self._store.reading() as connection:
            row = connection.execute(
                select(schema.person.c.password, schema.person.c.active).where(
                    schema.person.c.login == login
                )
            ).first()
        known = row.password if row and row.password and row.active else self._nobody
        try:
            self._hasher.verify(known, password[: LONGEST + 1])
        except (VerificationError, InvalidHashError) as error:
            raise DeniedError(_WRONG) from error
        if known is self._nobody:
            raise DeniedError(_WRONG)
        if at is not None and self._hasher.check_needs_rehash(known):
            hashed = self._hasher.hash(password)
            with self._store.writing() as connection:
                _write_password(connection, login, hashed)
                change = Change(
                    actor=login, action="person.rehashed", subject=f"person:{login}",
                    detail=_password_seal(hashed),
                )  # fmt: skip
                audit.append(connection, at, [change])
        return self._people.get(login)

    def ensure_administrator(self, at: datetime) -> tuple[str, str] | None:
        """On the first start, make `admin` with a random password.

        Returns:
            The sign-in name and the password, to be shown once; None where someone can
            administer already.
        """
        people = self._people.list()
        if any(p.role is PersonRole.ADMIN and p.active for p in people):
            return None
        from tasks.authorisation import CONSOLE  # noqa: PLC0415 - only here does nobody act

        taken = {p.login for p in people}
        login = "admin" if "admin" not in taken else f"admin-{secrets.token_hex(3)}"
        password = secrets.token_urlsafe(15)
        self._people.add(CONSOLE, Person(login=login, name="管理员", role=PersonRole.ADMIN), at)
        self.set_password(CONSOLE, login, password, at)
        return login, password

    def has_administrator(self, *, by_password: bool) -> bool:
        """Whether somebody active can administer; with `by_password`, by a password of theirs."""
        p = schema.person.c
        query = select(p.login).where(p.role == PersonRole.ADMIN.value, p.active == 1)
        if by_password:
            query = query.where(p.password.is_not(None))
        with self._store.reading() as connection:
            return connection.execute(query.limit(1)).first() is not None

    # ---- sessions

    def open_session(self, login: str, at: datetime, hours: float) -> tuple[str, Session]:
        """Begin a session; gives its secret (for the cookie) and the session."""
        secret = secrets.token_urlsafe(32)
        session = Session(
            login=login, csrf=secrets.token_urlsafe(24), expires_at=at + timedelta(hours=hours)
        )
        with self._store.writing() as connection:
            past = schema.session.c.expires_at < at.astimezone(UTC)
            connection.execute(delete(schema.session).where(past))
            row = session.model_dump() | {"hash": sha256_hex(secret.encode())}
            connection.execute(insert(schema.session), _utc(row))
            change = Change(actor=login, action="session.opened", subject=f"person:{login}")
            audit.append(connection, at, [change])
        return secret, session

    def session(self, secret: str, at: datetime) -> tuple[Session, Person] | None:
        """The session of a cookie and its person; None where it ended or the person is inactive."""
        table = schema.session
        with self._store.reading() as connection:
            row = connection.execute(
                select(table.c.login, table.c.csrf, table.c.expires_at).where(
                    table.c.hash == sha256_hex(secret.encode())
                )
            ).first()
        if row is None or as_utc(row.expires_at) <= at:
            return None
        person = self._people.get(row.login)
        if not person.active:
            return None
        found = Session(login=row.login, csrf=row.csrf, expires_at=as_utc(row.expires_at))
        return found, person

    def close_session(self, secret: str) -> None:
        """End a session."""
        key = sha256_hex(secret.encode())
        with self._store.writing() as connection:
            connection.execute(delete(schema.session).where(schema.session.c.hash == key))

    def sessions(self, at: datetime) -> dict[str, list[datetime]]:
        """When the sessions that are open end, by sign-in name, the latest first."""
        table = schema.session
        query = select(table.c.login, table.c.expires_at).where(
            table.c.expires_at > at.astimezone(UTC)
        )
        found: dict[str, list[datetime]] = {}
        with self._store.reading() as connection:
            for row in connection.execute(query.order_by(table.c.expires_at.desc())):
                found.setdefault(row.login, []).append(as_utc(row.expires_at))
        return found

    def end_sessions(self, actor: Actor, login: str, at: datetime) -> int:
        """End all sessions of a person: one's own, or anyone's by an administrator; gives how many
        there were.

        Raises:
            DeniedError: they are somebody else's and the actor is no administrator.
            NotFoundError: there is no such person.
        """
        if actor.login != login:
            require(actor, Action.MANAGE_PEOPLE)
        self._people.get(login)
        with self._store.writing() as connection:
            mine = schema.session.c.login == login
            count = connection.execute(delete(schema.session).where(mine)).rowcount
            change = Change(
                actor=actor.login, action="session.ended", subject=f"person:{login}",
                detail={"count": count},
            )  # fmt: skip
            audit.append(connection, at, [change])
        return count

    # ---- addresses

    def is_known_address(self, login: str, address: str, at: datetime) -> bool:
        """Whether somebody signed in by this name from this address within `ADDRESS_KEPT`."""
        k = schema.known_address.c
        since = at.astimezone(UTC) - ADDRESS_KEPT
        query = select(k.at).where(k.login == login, k.address == address, k.at > since)
        with self._store.reading() as connection:
            return connection.execute(query).first() is not None

    def remember_address(self, login: str, address: str, at: datetime) -> None:
        """Note that a person signed in from an address; what is older than `ADDRESS_KEPT` goes."""
        table = schema.known_address
        moment = at.astimezone(UTC)
        mine = (table.c.login == login) & (table.c.address == address)
        with self._store.writing() as connection:
            connection.execute(delete(table).where(mine | (table.c.at <= moment - ADDRESS_KEPT)))
            connection.execute(insert(table), {"login": login, "address": address, "at": moment})

    # ---- tokens

    def create_token(
        self,
        actor: Actor,
        login: str,
        name: str,
        scopes: Sequence[str],
        expires_at: datetime,
        at: datetime,
    ) -> tuple[str, Token]:
        """Make a token for oneself, or by an administrator for anyone; the secret is given once.

        Raises:
            DeniedError: it is somebody else's and the actor is no administrator.
            DubanError: an unknown scope, or an expiry that is past or over a year away.
        """
        if actor.login != login:
            require(actor, Action.MANAGE_PEOPLE)
        self._people.get(login)
        unknown = set(scopes) - set(SCOPES)
        if unknown or not scopes:
            raise DubanError(f"范围只能是 {' '.join(SCOPES)} / scopes are {' '.join(SCOPES)}")
        if CALENDAR in scopes and len(set(scopes)) > 1:
            raise DubanError(f"{CALENDAR} 只能单独用 / {CALENDAR} stands alone")
        if not at < expires_at <= at + timedelta(days=366):
            raise DubanError("有效期最长一年 / a token lasts a year at the most")
        secret = _PREFIX + secrets.token_urlsafe(32)
        token = Token(
            id=f"token-{secrets.token_hex(6)}", login=login, name=name.strip() or "token",
            scopes=tuple(sorted(set(scopes))), created_at=at, expires_at=expires_at,
        )  # fmt: skip
        with self._store.writing() as connection:
            row = token.model_dump() | {"scopes": " ".join(token.scopes)}
            row = _utc(row | {"hash": sha256_hex(secret.encode())})
            connection.execute(insert(schema.token), row)
            change = Change(
                actor=actor.login, action="token.created", subject=f"person:{login}",
                after={"id": token.id, "name": token.name, "scopes": list(token.scopes)},
                detail={"row_sha256": row_sha256(row)},
            )  # fmt: skip
            audit.append(connection, at, [change])
        return secret, token

    def token(self, secret: str, at: datetime) -> tuple[Token, Person] | None:
        """The token with this secret and its person; None where it is unknown or has expired."""
        key = sha256_hex(secret.encode())
        with self._store.reading() as connection:
            row = connection.execute(select(schema.token).where(schema.token.c.hash == key)).first()
        if row is None or as_utc(row.expires_at) <= at:
            return None
        person = self._people.get(row.login)
        return (_token(row), person) if person.active else None

    def tokens(self, login: str | None = None) -> list[Token]:
        """All tokens, or one person's, the oldest first."""
        query = select(schema.token).order_by(schema.token.c.created_at)
        if login is not None:
            query = query.where(schema.token.c.login == login)
        with self._store.reading() as connection:
            return [_token(row) for row in connection.execute(query)]

    def revoke_token(self, actor: Actor, token_id: str, at: datetime) -> None:
        """End a token: one's own, or anyone's by an administrator.

        Raises:
            NotFoundError: there is none.
        """
        found = next((t for t in self.tokens() if t.id == token_id), None)
        if found is None:
            raise NotFoundError(f"没有令牌 {token_id} / no token {token_id}")
        if actor.login != found.login:
            require(actor, Action.MANAGE_PEOPLE)
        with self._store.writing() as connection:
            connection.execute(delete(schema.token).where(schema.token.c.id == token_id))
            change = Change(
                actor=actor.login, action="token.revoked", subject=f"person:{found.login}",
                before={"id": token_id},
            )  # fmt: skip
            audit.append(connection, at, [change])


CALENDAR = "calendar"
SCOPES = ("read", "write", "admin", CALENDAR)
"""What a token may be used for: to read, to take the steps its person may, to administer.
`calendar` stands alone: such a token opens the calendar feed and nothing else, so that it may
stand in the feed's address, which calendar programs keep and proxies write down."""


def _write_password(connection: Connection, login: str, hashed: str) -> None:
    connection.execute(
        update(schema.person).where(schema.person.c.login == login).values(password=hashed)
    )


def _password_seal(hashed: str) -> dict[str, object]:
    # Of a salted argon2id hash: whoever reads the log can try no password with it.
    return {"password_sha256": sha256_hex(hashed.encode())}


def _utc(row: dict[str, object]) -> dict[str, object]:
    return {k: v.astimezone(UTC) if isinstance(v, datetime) else v for k, v in row.items()}


def _token(row: object) -> Token:
    fields = dict(row._mapping)  # type: ignore[attr-defined]
    fields.pop("hash")
    for name in ("created_at", "expires_at"):
        fields[name] = as_utc(fields[name])
    return Token.model_validate(fields | {"scopes": tuple(fields["scopes"].split())})
