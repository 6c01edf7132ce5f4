"""Settings of sending, from the environment."""

from __future__ import annotations

import re
import ssl
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path

from api.settings import SettingError
from kb.errors import both
from tasks.addresses import CHANNELS, Address, AddressError, check_address, mailboxes

_AT = re.compile(
    r"(MON|TUE|WED|THU|FRI|SAT|SUN)\s+([01]?\d|2[0-3]):([0-5]\d)", re.IGNORECASE | re.ASCII
)
_YES, _NO = ("1", "yes", "true", "on"), ("", "0", "no", "false", "off")
_TLS = ("starttls", "tls", "none")


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How digests are sent.

    `smtp_tls` is `starttls` (587), `tls` (465) or `none` (25); `smtp_ca` a file of certificates to
    trust beside the system's; `drop` the folder of the file channel; `preset` addresses from the
    file `DUBAN_ADDRESSES`, by channel and unit; `weekday` and `hour`, `minute` the local time of the
    weekly run; `webhook_hosts` hosts of webhooks that may be in the own network and may speak plain
    http; `timeout` seconds; `attempts` how often a delivery is tried in one run.
    """

    smtp_host: str = ""
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    smtp_tls: str = "starttls"
    smtp_from: str = ""
    smtp_ca: str = ""
    drop: Path | None = None
    preset: Mapping[str, Mapping[str, tuple[str, str]]] = field(default_factory=dict, repr=False)
    weekday: str = "mon"
    hour: int = 8
    minute: int = 30
    within: int = 30
    all_clear: bool = False
    base_url: str = ""
    webhook_hosts: frozenset[str] = frozenset()
    timeout: float = 20.0
    attempts: int = 4

    @property
    def domain(self) -> str:
        """What message ids end with: the sender's domain, else one that is nobody's (RFC 2606)."""
        return parseaddr(self.smtp_from)[1].rpartition("@")[2] or "duban.invalid"

    def trust(self) -> ssl.SSLContext:
        """Checks servers by the system's certificates and `smtp_ca`.

        Raises:
            SettingError: `smtp_ca` holds no certificates.
        """
        found = ssl.create_default_context()
        if self.smtp_ca:
            try:
                found.load_verify_locations(self.smtp_ca)
            except OSError as error:
                raise SettingError(
                    both("DUBAN_SMTP_CA 读不了", "cannot be read", error), path=self.smtp_ca
                ) from error
        return found


def read_delivery_settings(environ: Mapping[str, str]) -> DeliverySettings:
    """Settings of sending.

    Args:
        environ: `DUBAN_SMTP_HOST`, `_PORT`, `_USER`, `_PASSWORD`, `_TLS`, `_FROM`, `_CA`;
            `DUBAN_DIGEST_DROP`, `_AT`, `_WITHIN`, `_ALL_CLEAR`; `DUBAN_ADDRESSES`, `DUBAN_WEBHOOK_HOSTS`,
            `DUBAN_BASE_URL`.

    Raises:
        SettingError: one of them cannot be used; names it.
    """
    tls = (environ.get("DUBAN_SMTP_TLS") or "starttls").lower()
    if tls not in _TLS:
        raise SettingError(f"DUBAN_SMTP_TLS 只能是 {' '.join(_TLS)} / one of {' '.join(_TLS)}")
    usual = {"starttls": 587, "tls": 465, "none": 25}[tls]
    printed = environ.get("DUBAN_DIGEST_AT") or "MON 08:30"
    at = _AT.fullmatch(printed.strip())
    if at is None:
        raise SettingError(
            f"DUBAN_DIGEST_AT 要写作 MON 08:30, 不是 {printed} / is written MON 08:30",
            hint="MON TUE WED THU FRI SAT SUN",
        )
    host, sender = environ.get("DUBAN_SMTP_HOST") or "", environ.get("DUBAN_SMTP_FROM") or ""
    if host and not sender:
        raise SettingError("缺 DUBAN_SMTP_FROM / DUBAN_SMTP_FROM is missing")
    _check_sender(sender)
    user, password = environ.get("DUBAN_SMTP_USER") or "", environ.get("DUBAN_SMTP_PASSWORD") or ""
    if user and not password:
        raise SettingError("缺 DUBAN_SMTP_PASSWORD / DUBAN_SMTP_PASSWORD is missing")
    if not (user + password).isascii():
        raise SettingError(
            "DUBAN_SMTP_USER 和 DUBAN_SMTP_PASSWORD 只能用 ASCII 字符 / only ASCII characters"
        )
    drop = environ.get("DUBAN_DIGEST_DROP")
    file = environ.get("DUBAN_ADDRESSES")
    hosts = frozenset((environ.get("DUBAN_WEBHOOK_HOSTS") or "").lower().replace(",", " ").split())
    found = DeliverySettings(
        smtp_host=host,
        smtp_port=_number(environ, "DUBAN_SMTP_PORT", usual, 65535),
        smtp_user=user,
        smtp_password=password,
        smtp_tls=tls,
        smtp_from=sender,
        smtp_ca=environ.get("DUBAN_SMTP_CA") or "",
        drop=Path(drop).expanduser() if drop else None,
        preset=read_address_file(Path(file).expanduser(), hosts) if file else {},
        webhook_hosts=hosts,
        weekday=at[1].lower(),
        hour=int(at[2]),
        minute=int(at[3]),
        within=_number(environ, "DUBAN_DIGEST_WITHIN", 30, 3650),
        all_clear=_yes(environ, "DUBAN_DIGEST_ALL_CLEAR"),
        base_url=(environ.get("DUBAN_BASE_URL") or "").rstrip("/"),
    )
    if host and tls != "none":
        found.trust()  # a wrong file is told now, not on the day of sending
    return found


def read_address_file(
    path: Path, hosts: frozenset[str] = frozenset()
) -> dict[str, dict[str, tuple[str, str]]]:
    """Addresses by channel and unit from a TOML file:

        [email]
        "区教委" = "office@example.gov.cn"
        [dingtalk]
        "区公安局" = { url = "https://…", secret = "SEC…" }

    Raises:
        SettingError: the file cannot be read, or a line is not an address; names it.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingError(
            both("DUBAN_ADDRESSES 读不了", "cannot be read", error), path=path
        ) from error
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for channel, units in tables.items():
        if channel not in CHANNELS or not isinstance(units, dict):
            raise SettingError(
                f"[{channel}]: 渠道只有 {' '.join(CHANNELS)} / channels are {' '.join(CHANNELS)}",
                path=path,
            )
        for unit, value in units.items():
            plain = {"url": value} if isinstance(value, str) else value
            if not isinstance(plain, dict) or not plain.keys() <= {"url", "secret"}:
                raise SettingError(f"[{channel}] {unit}: 不是地址 / is no address", path=path)
            target, secret = plain.get("url"), plain.get("secret", "")
            if not isinstance(target, str) or not isinstance(secret, str):
                raise SettingError(f"[{channel}] {unit}: 不是地址 / is no address", path=path)
            try:
                given = Address(unit=unit, channel=channel, target=target, secret=secret)
                check_address(given, hosts)
            except AddressError as error:
                raise SettingError(f"[{channel}] {unit}: {error.message}", path=path) from error
            found.setdefault(channel, {})[unit] = (target, secret)
    return found


def _check_sender(printed: str) -> None:
    if not printed:
        return
    try:
        found = mailboxes(printed)
    except AddressError:
        found = []
    if len(found) != 1 or not printed.isprintable():
        raise SettingError(
            f"DUBAN_SMTP_FROM 要是一个邮件地址, 不是 {printed!r} / must be one e-mail address",
            hint="督查室 <duban@example.gov.cn>",
        )


def _yes(environ: Mapping[str, str], name: str) -> bool:
    printed = (environ.get(name) or "").strip().lower()
    if printed not in _YES + _NO:
        raise SettingError(f"{name} 只能是 1 或 0 / must be 1 or 0")
    return printed in _YES


def _number(environ: Mapping[str, str], name: str, usual: int, most: int) -> int:
    printed = environ.get(name) or str(usual)
    if not printed.isdecimal() or len(printed) > 9 or not 0 < int(printed) <= most:
        raise SettingError(f"{name} 要是 1 到 {most} 的整数 / must be a whole number, 1 to {most}")
    return int(printed)
