"""What was sent to whom: one row for each unit, ISO week and channel, so that nothing goes twice.

A row is `claimed` while a message is prepared, `sending` from the moment at which bytes may reach
the recipient, then `sent` or `failed`. Each move is a transaction of its own, made before what it
announces. One process sends at a time (`api.delivery.lock`), so a row that another holder left
`claimed` was not sent and is taken over; one left `sending` may have arrived: it becomes
`uncertain` and is never sent again by itself. Should two send at once after all (the database lost
the lock's session), only the row's holder can go on: the other's next move is refused.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from kb.errors import ConflictError, NotFoundError, TransitionError
from kb.identifiers import sha256_hex
from kb.models import Fact
from kb.wording import wording
from tasks import audit, schema
from tasks.audit import Change
from tasks.authorisation import Action, Actor, require
from tasks.seals import row_sha256
from tasks.store import Store, as_utc
from tasks.units import title_of


class DeliveryStatus(StrEnum):
    """Where a delivery stands."""

    CLAIMED = "claimed"  # 准备中
    SENDING = "sending"  # 正在发出
    SENT = "sent"  # 已发出
    FAILED = "failed"  # 没有发出, 下次再发
    UNCERTAIN = "uncertain"  # 不知道是否发出, 要人看
    RELEASED = "released"  # 准许再发


DELIVERY_NAMES = wording("tasks", "deliveries", DeliveryStatus)
OVERVIEW = "总览"
"""The unit under which the supervision office's overview is sent."""


class Key(Fact):
    """What goes out at most once: the digest of a unit (its id, or the overview) of a week by a
    channel."""

    unit: str
    week: str
    channel: str


class Delivery(Key):
    """A delivery as it stands. `attempts` counts the tries begun, in all runs; `address` is as
    shown (a webhook's key is masked); `sha256` is of what was handed over; `note` says why it
    failed or what was refused."""

    status: DeliveryStatus
    attempts: int
    at: datetime
    address: str
    message_id: str
    sha256: str
    note: str
    answer: str = ""
    """What a webhook's other side said (a status, 200 characters); only where it was asked for."""

    @property
    def unit_name(self) -> str:
        """The unit's full name."""
        return title_of(self.unit)


class Outbox:
    """The deliveries of a store, for the run `holder` (a name that no other run has)."""

    def __init__(self, store: Store, holder: str) -> None:
        self._store = store
        self._holder = holder

    def claim(
        self, key: Key, *, address: str, message_id: str, sha256: str, at: datetime, harmless: bool
    ) -> bool:
        """Take a delivery in hand; False where it went out already or may have.

        `harmless` says that sending the same again changes nothing (a file written anew).
        """
        with self._store.writing() as connection:
            row = _find(connection, key)
            values = {
                "status": DeliveryStatus.CLAIMED.value, "holder": self._holder, "at": _utc(at),
                "address": address, "message_id": message_id, "sha256": sha256, "note": "", "answer": "",
                "attempts": (row.attempts if row else 0) + 1,
            }  # fmt: skip
            if row is None:
                connection.execute(insert(schema.delivery), key.model_dump() | values)
                return True
            status = DeliveryStatus(row.status)
            if status in (DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN):
                return False
            if status is DeliveryStatus.SENDING and not harmless:
                note = "发送时中断, 可能已收到 / cut off while sending, it may have arrived"
                _write(connection, key, {"status": DeliveryStatus.UNCERTAIN.value, "note": note})
                self._log(connection, key, DeliveryStatus.UNCERTAIN, row, note, "", at)
                return False
            if status in (DeliveryStatus.CLAIMED, DeliveryStatus.SENDING) and row.sha256 != sha256:
                _forget_copy(connection, key, row.sha256)
            _write(connection, key, values)
            return True

    def keep(self, sha256: str, subject: str, page: str, at: datetime) -> None:
        """Keep what a message holds before it goes out: what was sent can be looked at as it was,
        whatever became of the duties since. The same message is kept once.

        Args:
            sha256: of the message, as its delivery has it.
            subject: its subject.
            page: its HTML.
            at: now.
        """
        table = schema.digest_copy
        with self._store.writing() as connection:
            if connection.scalar(select(table.c.sha256).where(table.c.sha256 == sha256)) is None:
                packed = zlib.compress(page.encode("utf-8", "replace"))
                row = {"sha256": sha256, "subject": subject, "page": packed, "kept_at": _utc(at)}
                connection.execute(insert(table), row)

    def copy_of(self, sha256: str) -> tuple[str, bytes] | None:
        """Subject and HTML of a message that went out, if it was kept."""
        table = schema.digest_copy
        with self._store.reading() as connection:
            row = connection.execute(select(table).where(table.c.sha256 == sha256)).first()
        return (row.subject, zlib.decompress(row.page)) if row else None

    def copies(self) -> frozenset[str]:
        """The SHA-256 of all messages that were kept."""
        with self._store.reading() as connection:
            return frozenset(connection.scalars(select(schema.digest_copy.c.sha256)))

    def announce(self, key: Key, at: datetime) -> None:
        """Record that bytes may reach the recipient from now on.

        Raises:
            ConflictError: another run has it in hand; nothing may be sent.
        """
        with self._store.writing() as connection:
            self._mine(connection, key, DeliveryStatus.CLAIMED)
            _write(connection, key, {"status": DeliveryStatus.SENDING.value, "at": _utc(at)})

    def recall(self, key: Key, at: datetime) -> None:
        """Record that a try certainly did not arrive, and that another begins.

        Raises:
            ConflictError: another run has it in hand.
        """
        with self._store.writing() as connection:
            row = self._mine(connection, key)
            values = {"status": DeliveryStatus.CLAIMED.value, "attempts": row.attempts + 1}
            _write(connection, key, values | {"at": _utc(at)})

    def finish(
        self,
        key: Key,
        status: DeliveryStatus,
        note: str,
        actor: str,
        at: datetime,
        *,
        answer: str = "",
    ) -> None:
        """Record how it ended, and an entry in the audit log with it; what the other side said
        (`answer`) stands in the row only.

        Raises:
            ConflictError: another run has it in hand.
        """
        with self._store.writing() as connection:
            row = self._mine(connection, key)
            values = {"status": status.value, "at": _utc(at), "note": note, "answer": answer}
            _write(connection, key, values)
            self._log(connection, key, status, row, note, actor, at)

    def get(self, key: Key) -> Delivery | None:
        """How a delivery stands, if there is one."""
        with self._store.reading() as connection:
            row = _find(connection, key)
        return _delivery(row) if row else None

    def release(self, actor: Actor, key: Key, reason: str, at: datetime) -> Delivery:
        """Allow a delivery to go out again on the next run, after a person looked.

        Raises:
            DeniedError: the actor may not send digests.
            NotFoundError: there is no such delivery.
            TransitionError: no reason is given.
        """
        require(actor, Action.SEND_DIGEST)
        if not reason.strip():
            raise TransitionError("要写明理由 / a reason is needed", hint="--reason")
        with self._store.writing() as connection:
            row = _find(connection, key)
            if row is None:
                raise NotFoundError(
                    f"没有这次发送: {key.unit} {key.week} {key.channel} / no such delivery",
                    hint="duban digest deliveries",
                )
            _write(connection, key, {"status": DeliveryStatus.RELEASED.value, "note": reason})
            self._log(connection, key, DeliveryStatus.RELEASED, row, reason, actor.login, at)
            return _delivery(_found(connection, key))

    def deliveries(
        self, week: str = "", statuses: Sequence[DeliveryStatus] = (), *, answers: bool = False
    ) -> list[Delivery]:
        """All deliveries, of a week or with certain states; `answers`: with what other sides said,
        which is for those who may change addresses."""
        table = schema.delivery
        query = select(table).order_by(table.c.week, table.c.unit, table.c.channel)
        if week:
            query = query.where(table.c.week == week)
        if statuses:
            query = query.where(table.c.status.in_([s.value for s in statuses]))
        with self._store.reading() as connection:
            found = [_delivery(row) for row in connection.execute(query)]
        return found if answers else [one.model_copy(update={"answer": ""}) for one in found]

    def _mine(
        self, connection: Connection, key: Key, status: DeliveryStatus | None = None
    ) -> Row[Any]:
        row = _find(connection, key)
        if row is None or row.holder != self._holder or (status and row.status != status.value):
            raise ConflictError(
                f"另一次发送已接手: {key.unit} {key.week} {key.channel} / another run has it in hand",
                hint="duban digest deliveries",
            )
        return row

    @staticmethod
    def _log(
        connection: Connection,
        key: Key,
        status: DeliveryStatus,
        row: Row[Any],
        note: str,
        actor: str,
        at: datetime,
    ) -> None:
        copies = schema.digest_copy
        copy = connection.execute(select(copies).where(copies.c.sha256 == row.sha256)).first()
        handed = {"message_id": row.message_id, "message_sha256": row.sha256}
        handed |= {"page_sha256": "", "copy_sha256": ""} if copy is None else copy_seal(copy)
        # Its other columns, as they are when this is written.
        handed["row_sha256"] = row_sha256(dict(_found(connection, key)._mapping))
        change = Change(
            actor=actor or "system",
            action=f"digest.{status.value}",
            subject=f"digest:{key.unit}:{key.week}",
            detail=key.model_dump() | {"address": row.address, "note": note} | handed,
        )
        audit.append(connection, at, [change])


def copy_seal(copy: Row[Any]) -> dict[str, str]:
    """Digests of the page of a kept copy, and of its whole row."""
    page = sha256_hex(copy.page)
    return {"page_sha256": page, "copy_sha256": row_sha256({**copy._mapping, "page": page})}


def _where(query: Any, key: Key) -> Any:
    table = schema.delivery
    return query.where(
        table.c.unit == key.unit, table.c.week == key.week, table.c.channel == key.channel
    )


def _find(connection: Connection, key: Key) -> Row[Any] | None:
    found: Row[Any] | None = connection.execute(_where(select(schema.delivery), key)).first()
    return found


def _found(connection: Connection, key: Key) -> Row[Any]:
    row = _find(connection, key)
    assert row is not None  # noqa: S101 - written in the same transaction
    return row


def _write(connection: Connection, key: Key, values: dict[str, Any]) -> None:
    connection.execute(_where(update(schema.delivery), key).values(**values))


def _forget_copy(connection: Connection, key: Key, sha256: str) -> None:
    """Remove what a run that was cut off had kept of a message that another one takes the place of,
    unless it went out elsewhere: a copy of what did not go out is evidence of nothing."""
    d, a, c = schema.delivery.c, schema.audit.c, schema.digest_copy
    others = select(d.unit).where(
        d.sha256 == sha256, (d.unit != key.unit) | (d.week != key.week) | (d.channel != key.channel)
    )
    told = select(a.seq).where(a.action.startswith("digest."), a.detail.contains(sha256))
    if connection.execute(others).first() is None and connection.execute(told).first() is None:
        connection.execute(delete(c).where(c.c.sha256 == sha256))


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


def _delivery(row: Row[Any]) -> Delivery:
    fields = dict(row._mapping)
    fields.pop("holder")
    return Delivery.model_validate(fields | {"at": as_utc(fields["at"])})
