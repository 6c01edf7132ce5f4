"""Where a unit's digests go: an address for each channel, in the store or in a settings file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import getaddresses
from urllib.parse import urlsplit

from sqlalchemy import delete, insert, select

from kb.errors import DubanError, NotFoundError
from kb.models import Fact
from tasks import audit, schema
from tasks.audit import Change
from tasks.authorisation import Action, Actor, require
from tasks.store import Store

CHANNELS = ("email", "file", "wecom", "dingtalk", "feishu")
"""邮件、文件、企业微信、钉钉、飞书."""
WEBHOOKS = frozenset({"wecom", "dingtalk", "feishu"})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_EMAIL = re.compile(r"[^@\s<>,;:\"\\]{1,64}@[^@\s<>,;:\"\\]{1,255}")


class AddressError(DubanError):
    """An address that a channel cannot use."""


class Address(Fact):
    """Where a unit's digest goes by a channel: e-mail addresses with commas between, a webhook's
    URL, or (file) a sub-folder's name or empty. `secret` signs a webhook's messages."""

    unit: str
    channel: str
    target: str
    secret: str = ""

    @property
    def shown(self) -> str:
        """The target for people and logs: what a webhook's URL keeps secret is masked."""
        if self.channel not in WEBHOOKS:
            return self.target
        parts = urlsplit(self.target)
        return f"{parts.scheme}://{parts.netloc}/…"


def check_address(address: Address) -> Address:
    """The address itself, if its channel can use it.

    Raises:
        AddressError: it cannot; says why.
    """
    channel, target = address.channel, address.target
    if channel not in CHANNELS:
        raise AddressError(f"渠道只有 {' '.join(CHANNELS)} / channels are {' '.join(CHANNELS)}")
    if any(ord(c) < 32 for c in target + address.secret + address.unit) or not address.unit.strip():
        raise AddressError("地址里有控制字符或没有单位 / control characters, or no unit")
    if channel == "email":
        found = [mail for _, mail in getaddresses([target])]
        bad = [mail for mail in found if not _EMAIL.fullmatch(mail)]
        if not found or bad:
            raise AddressError(f"不是邮件地址: {(bad or [target])[0]!r} / not an e-mail address")
    if channel in WEBHOOKS:
        parts = urlsplit(target)
        local = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if not parts.hostname or not (parts.scheme == "https" or local) or parts.username:
            raise AddressError("机器人地址要是 https 网址 / a webhook must be an https URL")
    return address


class Addresses:
    """The addresses of a store, over those of a settings file (the store's win).

    Args:
        store: the store.
        preset: addresses from settings, by channel and unit: a target, or a target and a secret.
    """

    def __init__(
        self, store: Store, preset: Mapping[str, Mapping[str, tuple[str, str]]] | None = None
    ) -> None:
        self._store = store
        self._preset = preset or {}

    def all(self) -> dict[tuple[str, str], Address]:
        """Every address, by unit and channel."""
        found = {
            (unit, channel): check_address(
                Address(unit=unit, channel=channel, target=target, secret=secret)
            )
            for channel, units in self._preset.items()
            for unit, (target, secret) in units.items()
        }
        with self._store.reading() as connection:
            for row in connection.execute(select(schema.address)):
                found[row.unit, row.channel] = Address.model_validate(dict(row._mapping))
        return dict(sorted(found.items()))

    def set(self, actor: Actor, address: Address, at: datetime) -> Address:
        """Record an address in the store.

        Raises:
            DeniedError: the actor may not change settings.
            AddressError: the channel cannot use it.
        """
        require(actor, Action.CHANGE_SETTINGS)
        check_address(address)
        table = schema.address
        with self._store.writing() as connection:
            mine = (table.c.unit == address.unit, table.c.channel == address.channel)
            before = connection.execute(select(table).where(*mine)).first()
            connection.execute(delete(table).where(*mine))
            connection.execute(insert(table), address.model_dump())
            old = Address.model_validate(dict(before._mapping)) if before else None
            self._log(connection, actor, "address.set", old, address, at)
        return address

    def remove(self, actor: Actor, unit: str, channel: str, at: datetime) -> None:
        """Take an address out of the store; one of the settings file then holds again.

        Raises:
            NotFoundError: the store has none.
        """
        require(actor, Action.CHANGE_SETTINGS)
        table = schema.address
        with self._store.writing() as connection:
            mine = (table.c.unit == unit, table.c.channel == channel)
            before = connection.execute(select(table).where(*mine)).first()
            if before is None:
                raise NotFoundError(
                    f"库里没有“{unit}”的 {channel} 地址 / the store has no {channel} address of {unit!r}"
                )
            connection.execute(delete(table).where(*mine))
            old = Address.model_validate(dict(before._mapping))
            self._log(connection, actor, "address.removed", old, None, at)

    @staticmethod
    def _log(
        connection: object,
        actor: Actor,
        action: str,
        before: Address | None,
        after: Address | None,
        at: datetime,
    ) -> None:
        one = after or before
        assert one is not None  # noqa: S101 - one of the two is given
        change = Change(
            actor=actor.login, action=action, subject=f"address:{one.unit}:{one.channel}",
            before={"target": before.shown, "signed": bool(before.secret)} if before else None,
            after={"target": after.shown, "signed": bool(after.secret)} if after else None,
        )  # fmt: skip
        audit.append(connection, at, [change])  # type: ignore[arg-type]
