"""Starts the service: checks the settings, makes the first administrator, serves until told to stop."""

from __future__ import annotations

import ipaddress
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NoReturn
from urllib.parse import urlsplit

import uvicorn

from api.cli.state import Run
from api.delivery.settings import read_delivery_settings
from api.scheduler import DigestScheduler
from api.service.app import create_app
from api.service.connections import allow_files, listen, uvicorn_options
from api.service.oidc import OidcSettings, read_oidc_settings
from api.settings import SettingError, Settings
from kb.errors import DubanError, both
from tasks.access import Access
from tasks.store import Store

_PATIENCE = 10
"""Seconds that requests have to end in when the service is told to stop: a client that sends or
reads byte by byte must not hold it."""


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_binding(host: str, settings: Settings) -> None:
    """Refuse to serve an address that others reach without TLS in front, and TLS without an address.

    Raises:
        SettingError: saying what to set.
    """
    https = settings.base_url.startswith("https://")
    if not is_loopback(host) and not (settings.behind_tls and https):
        raise SettingError(
            f"{host} 不是本机地址: 前面要有 TLS 代理, 口令才不会明文传输"
            f" / {host} is reached by others: a proxy with TLS must stand in front, or passwords travel in the clear",
            hint="DUBAN_BEHIND_TLS=yes DUBAN_BASE_URL=https://…",
        )
    if settings.behind_tls and not https:
        raise SettingError(
            "DUBAN_BEHIND_TLS 要和 DUBAN_BASE_URL 一起设: 不知道网址, 就认不出别的网站发来的请求"
            " / DUBAN_BEHIND_TLS goes with DUBAN_BASE_URL: without its own address the service cannot tell requests of other sites",
            hint="DUBAN_BASE_URL=https://…",
        )


def check_secrets(host: str, access: Access, oidc: OidcSettings | None) -> None:
    """Refuse to serve an address that others reach before an administrator can sign in with a
    secret of their own: one that is printed at the first start stays in the log of whatever
    starts the service.

    Raises:
        SettingError: saying what to set.
    """
    if not is_loopback(host) and not access.has_administrator(by_password=oidc is None):
        raise SettingError(
            f"{host} 不是本机地址: 先给管理员设口令, 再对外服务"
            f" / {host} is reached by others: set an administrator's password first",
            hint="duban people add LOGIN --role admin; duban people password LOGIN",
        )


def reads_publicly(host: str, settings: Settings) -> bool:
    """Whether public documents are read without signing in: as set, else only where nobody but
    this machine can ask, which a proxy in front changes."""
    return _open(settings.public_read, host, settings)


def shows_metrics(host: str, settings: Settings) -> bool:
    """Whether the metrics are read without signing in, by the same rule."""
    return _open(settings.public_metrics, host, settings)


def _open(chosen: bool | None, host: str, settings: Settings) -> bool:
    if chosen is not None:
        return chosen
    return is_loopback(host) and not settings.behind_tls


def hosts_of(settings: Settings) -> frozenset[str]:
    """The names under which the service is reached, beside addresses."""
    named = urlsplit(settings.base_url).hostname if settings.base_url else None
    return frozenset({*settings.hosts, *([named] if named else [])})


def serve(run: Run, host: str, port: int, *, schedule: bool, warm: bool) -> int:
    """Serve until a signal; gives the exit code.

    Raises:
        SettingError: the address or a setting cannot be used.
        DubanError: the port is taken.
    """
    settings, out = run.settings, run.out(as_json=False)
    check_binding(host, settings)
    delivery, oidc = read_delivery_settings(run.environ), read_oidc_settings(run.environ)
    with Store.open(settings.store_url) as store:
        store.check_writable()
        access = Access(store)
        check_secrets(host, access, oidc)
        made = access.ensure_administrator(settings.now())
    if made is not None:
        login, password = made
        out.say(f"第一次启动, 管理员 {login} 的密码 (只显示这一次): {password}",
                f"first start; the password of {login} (shown only now): {password}")  # fmt: skip
    given = frozenset(name for name, value in run.environ.items() if name.startswith("DUBAN_") and value)  # fmt: skip
    app = create_app(
        settings, public_read=reads_publicly(host, settings),
        public_metrics=shows_metrics(host, settings), warm=warm, oidc=oidc,
        hosts=hosts_of(settings), delivery=delivery, given=given,
    )  # fmt: skip
    allow_files()
    try:
        listener = listen(host, port)
    except OSError as error:
        raise DubanError(
            both(f"{host}:{port} 用不了", f"{host}:{port} cannot be used", error),
            hint="换个端口: --port 8001 / another port: --port 8001",
        ) from error
    address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    out.say(f"网页: {address}  接口: {address}/api/v1/docs  Ctrl-C 停",
            f"pages: {address}  API: {address}/api/v1/docs  Ctrl-C stops")  # fmt: skip
    with ExitStack() as stack:
        stack.enter_context(listener)
        stack.enter_context(_ended_by_signals())
        if schedule:
            stack.enter_context(DigestScheduler(settings, delivery))
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, proxy_headers=settings.behind_tls,
            forwarded_allow_ips=list(settings.proxies), timeout_graceful_shutdown=_PATIENCE,
            **uvicorn_options(),
        )  # fmt: skip
        uvicorn.Server(config).run(sockets=[listener])
    return 0


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Being told to stop is no failure: the code is 0 and what was begun is ended in order. Without
    this uvicorn, once it has shut down, lets the signal end the process on the spot."""

    def leave(*_: object) -> NoReturn:
        raise SystemExit(0)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
