"""Where a unit's digests go: an address for each channel, in the store or in a settings file."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address as MailAddress
from email.utils import getaddresses
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, insert, select

from kb.errors import DubanError, NotFoundError
from kb.models import Fact
from tasks import audit, schema
from tasks.audit import Change
from tasks.authorisation import Action, Actor, require
from tasks.outbox import OVERVIEW
from tasks.seals import row_sha256
from tasks.store import Store
from tasks.units import is_unit_id, read_units, title_of

CHANNELS = ("email", "file", "wecom", "dingtalk", "feishu")
"""邮件、文件、企业微信、钉钉、飞书."""
WEBHOOKS = frozenset({"wecom", "dingtalk", "feishu"})
_LONGEST = {"email": 2000, "file": 60}
"""Characters of an address: a folder's name may have 255 bytes."""


_EMBEDDING = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))
"""Networks whose addresses stand for an IPv4 address: NAT64 (RFC 6052), IPv4-compatible (RFC 4291)."""


class AddressError(DubanError):
    """An address that a channel cannot use."""


class Address(Fact):
    """Where the digest of a unit (its id; given to `Addresses`, also its name) or the overview
    goes by a channel: e-mail addresses with commas between, a webhook's
    URL, or (file) a sub-folder's name or empty. `secret` signs a webhook's messages."""

    unit: str
    channel: str
    target: str
    secret: str = ""

    @property
    def unit_name(self) -> str:
        """The unit's full name."""
        return title_of(self.unit)

    @property
    def settled(self) -> bool:
        """Whether the unit is one; an address kept by a bare name gets nothing."""
        return self.unit == OVERVIEW or is_unit_id(self.unit)

    @property
    def shown(self) -> str:
        """The target for people and logs: what a webhook's URL keeps secret is masked."""
        if self.channel not in WEBHOOKS:
            return self.target
        parts = urlsplit(self.target)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"

    def __repr_args__(self) -> Iterator[tuple[str | None, object]]:
        yield from (("unit", self.unit), ("channel", self.channel), ("target", self.shown))


def check_address(address: Address, hosts: frozenset[str] = frozenset()) -> Address:
    """The address itself, if its channel can use it; `hosts` as for `check_robot`.

    Raises:
        AddressError: it cannot; says why.
    """
    channel, target = address.channel, address.target
    if channel not in CHANNELS:
        raise AddressError(f"渠道只有 {' '.join(CHANNELS)} / channels are {' '.join(CHANNELS)}")
    if not address.unit.strip() or not (address.unit + target + address.secret).isprintable():
        raise AddressError("地址里有控制字符或没有单位 / control characters, or no unit")
    if len(target) > _LONGEST.get(channel, 1000):
        raise AddressError("地址太长 / the address is too long")
    if channel == "email":
        mailboxes(target)
    elif channel == "file":
        if target.strip() != target or set(target) & set("/\\:") or target.strip(".") != target:
            raise AddressError(f"不是子目录名: {target!r} / not the name of a sub-folder")
    else:
        check_robot(target, hosts)
    if address.secret and channel not in ("dingtalk", "feishu"):
        raise AddressError(f"{channel} 没有加签 / {channel} signs nothing")
    return address


def mailboxes(printed: str) -> list[str]:
    """The e-mail addresses in a list with commas between, without the names: ASCII, as servers
    without SMTPUTF8 (RFC 6531) take them.

    Raises:
        AddressError: one of them is none.
    """
    found = [mail for _, mail in getaddresses([printed]) if mail]
    for mail in found:
        try:
            parsed = MailAddress(addr_spec=mail)
        except (MessageError, ValueError, IndexError):
            break
        if parsed.addr_spec != mail or not parsed.domain or not mail.isascii() or " " in mail:
            break
    else:
        # Each comma ends one: what the lenient parser skips or joins must not be lost in silence.
        if found and len(found) == len([part for part in printed.split(",") if part.strip()]):
            return found
    raise AddressError(
        f"不是邮件地址: {printed!r} / not an e-mail address",
        hint="几个地址用英文逗号隔开 / commas between several",
    )


def check_robot(printed: str, hosts: frozenset[str] = frozenset()) -> None:
    """Check a webhook's URL: https, to a host outside. One of `hosts`, which only whoever runs the
    service can name, may be inside and may speak plain http. A name that leads inside is found
    when it is connected to (`api.delivery.webhooks`).

    Raises:
        AddressError: it is no such URL; says why.
    """
    try:
        parts = urlsplit(printed)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    plain = printed.isascii() and not set(printed) & set(' "<>\\^`{|}')
    if host and plain and "@" not in parts.netloc:
        if host in hosts and parts.scheme in ("https", "http"):
            return
        if parts.scheme == "https":
            if is_outside(host):
                return
            raise AddressError(
                f"网址指向内部网络: {host} / the URL leads into the own network: {host}",
                hint=f"DUBAN_WEBHOOK_HOSTS={host}",
            )
    raise AddressError("机器人地址要是 https 网址 / a webhook must be an https URL")


def is_outside(host: str) -> bool:
    """Whether an address is one of the public internet; of a name only whether it plainly says
    that it is none (RFC 6761 `localhost`, RFC 6762 `local`, a name without a dot).

    >>> is_outside("qyapi.weixin.qq.com"), is_outside("10.0.0.7"), is_outside("::ffff:127.0.0.1")
    (True, False, False)
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        name = host.rstrip(".").lower()
        last = name.rpartition(".")[2]
        # 127.1, 0x7f000001 and 2130706433 are addresses to a resolver.
        numeric = last.isdigit() or last.startswith("0x")
        return "." in name and last not in ("localhost", "local", "internal") and not numeric
    if isinstance(address, ipaddress.IPv6Address):
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        embeds = any(address in network for network in _EMBEDDING)
        address = address.ipv4_mapped or address.sixtofour or (inner if embeds else address)
    return address.is_global and not address.is_multicast


class Addresses:
    """The addresses of a store, over those of a settings file (the store's win).

    Args:
        store: the store.
        preset: addresses from settings, by channel and unit: a target, or a target and a secret.
        hosts: of webhooks, those that may be in the own network.
    """

    def __init__(
        self,
        store: Store,
        preset: Mapping[str, Mapping[str, tuple[str, str]]] | None = None,
        hosts: frozenset[str] = frozenset(),
    ) -> None:
        self._store = store
        self._preset = preset or {}
        self._hosts = hosts

    def all(self) -> dict[tuple[str, str], Address]:
        """Every address, by unit and channel. A unit of the settings file that is none or several
        stands there by its name, and gets nothing."""
        found: dict[tuple[str, str], Address] = {}
        with self._store.reading() as connection:
            known = read_units(connection) if self._preset else None
            for channel, units in self._preset.items():
                for name, (target, secret) in units.items():
                    unit = name if name == OVERVIEW or known is None else known.settle(name)
                    given = Address(unit=unit, channel=channel, target=target, secret=secret)
                    found[unit, channel] = check_address(given, self._hosts)
            for row in connection.execute(select(schema.address)):
                found[row.unit, row.channel] = Address.model_validate(dict(row._mapping))
        return dict(sorted(found.items()))

    def set(self, actor: Actor, address: Address, at: datetime) -> Address:
        """Record an address in the store; gives it with the id of its unit.

        Raises:
            DeniedError: the actor may not change settings.
            AddressError: the channel cannot use it.
            UnknownUnitError: there is no such unit.
            AmbiguousUnitError: several units have the name.
        """
        require(actor, Action.CHANGE_SETTINGS)
        check_address(address, self._hosts)
        table = schema.address
        with self._store.writing() as connection:
            if address.unit != OVERVIEW:
                bound = read_units(connection).bind(address.unit)
                address = address.model_copy(update={"unit": bound})
            mine = (table.c.unit == address.unit, table.c.channel == address.channel)
            before = connection.execute(select(table).where(*mine)).first()
            connection.execute(delete(table).where(*mine))
            connection.execute(insert(table), address.model_dump())
            old = Address.model_validate(dict(before._mapping)) if before else None
            self._log(connection, actor, "address.set", old, address, at)
        return address

    def remove(self, actor: Actor, unit: str, channel: str, at: datetime) -> None:
        """Take an address out of the store; one of the settings file then holds again.

        `unit` may be one that is kept by its name only.

        Raises:
            NotFoundError: the store has none.
            AmbiguousUnitError: several units have the name.
        """
        require(actor, Action.CHANGE_SETTINGS)
        table = schema.address
        with self._store.writing() as connection:
            kept = select(table.c.unit).where(table.c.unit == unit, table.c.channel == channel)
            if connection.scalar(kept) is None:
                unit = read_units(connection).bind(unit)
            mine = (table.c.unit == unit, table.c.channel == channel)
            before = connection.execute(select(table).where(*mine)).first()
            if before is None:
                raise NotFoundError(
                    f"库里没有“{title_of(unit)}”的 {channel} 地址 / the store has no {channel} "
                    f"address of {title_of(unit)!r}"
                )
            connection.execute(delete(table).where(*mine))
            old = Address.model_validate(dict(before._mapping))
            self._log(connection, actor, "address.removed", old, None, at)

    @staticmethod
    def _log(
        connection: Connection,
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
            detail={
                "before_sha256": row_sha256(before.model_dump()) if before else None,
                "row_sha256": row_sha256(after.model_dump()) if after else None,
            },
        )  # fmt: skip
        audit.append(connection, at, [change])
