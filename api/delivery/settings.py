"""Settings of sending, from the environment."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from api.settings import SettingError
from tasks.addresses import CHANNELS

_AT = re.compile(r"(MON|TUE|WED|THU|FRI|SAT|SUN)\s+([01]?\d|2[0-3]):([0-5]\d)", re.IGNORECASE)
_TLS = ("starttls", "tls", "none")


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How digests are sent.

    `smtp_tls` is `starttls` (587), `tls` (465) or `none` (25); `smtp_ca` a file of certificates to
    trust beside the system's; `drop` the folder of the file channel; `preset` addresses from the
    file `DUBAN_ADDRESSES`, by channel and unit; `weekday` and `hour`, `minute` the local time of the
    weekly run; `timeout` seconds; `attempts` how often a delivery is tried in one run.
    """

    smtp_host: str = ""
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    smtp_tls: str = "starttls"
    smtp_from: str = ""
    smtp_ca: str = ""
    drop: Path | None = None
    preset: Mapping[str, Mapping[str, tuple[str, str]]] = field(default_factory=dict)
    weekday: str = "mon"
    hour: int = 8
    minute: int = 30
    within: int = 30
    all_clear: bool = False
    base_url: str = ""
    timeout: float = 20.0
    attempts: int = 4


def read_delivery_settings(environ: Mapping[str, str]) -> DeliverySettings:
    """Settings of sending.

    Args:
        environ: `DUBAN_SMTP_HOST`, `_PORT`, `_USER`, `_PASSWORD`, `_TLS`, `_FROM`, `_CA`;
            `DUBAN_DIGEST_DROP`, `_AT`, `_WITHIN`, `_ALL_CLEAR`; `DUBAN_ADDRESSES`, `DUBAN_BASE_URL`.

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
    drop = environ.get("DUBAN_DIGEST_DROP")
    file = environ.get("DUBAN_ADDRESSES")
    return DeliverySettings(
        smtp_host=host,
        smtp_port=_number(environ, "DUBAN_SMTP_PORT", usual, 65535),
        smtp_user=environ.get("DUBAN_SMTP_USER") or "",
        smtp_password=environ.get("DUBAN_SMTP_PASSWORD") or "",
        smtp_tls=tls,
        smtp_from=sender,
        smtp_ca=environ.get("DUBAN_SMTP_CA") or "",
        drop=Path(drop).expanduser() if drop else None,
        preset=read_address_file(Path(file).expanduser()) if file else {},
        weekday=at[1].lower(),
        hour=int(at[2]),
        minute=int(at[3]),
        within=_number(environ, "DUBAN_DIGEST_WITHIN", 30, 3650),
        all_clear=(environ.get("DUBAN_DIGEST_ALL_CLEAR") or "").lower() in ("1", "yes", "true", "on"),
        base_url=(environ.get("DUBAN_BASE_URL") or "").rstrip("/"),
    )  # fmt: skip


def read_address_file(path: Path) -> dict[str, dict[str, tuple[str, str]]]:
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
            f"DUBAN_ADDRESSES 读不了 / cannot be read: {error}", path=path
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
            if not isinstance(plain, dict) or not isinstance(plain.get("url"), str):
                raise SettingError(f"[{channel}] {unit}: 不是地址 / is no address", path=path)
            secret = str(plain.get("secret", ""))
            found.setdefault(channel, {})[unit] = (plain["url"], secret)
    return found


def _number(environ: Mapping[str, str], name: str, usual: int, most: int) -> int:
    printed = environ.get(name) or str(usual)
    if not printed.isdigit() or not 0 < int(printed) <= most:
        raise SettingError(f"{name} 要是 1 到 {most} 的整数 / must be a whole number, 1 to {most}")
    return int(printed)
