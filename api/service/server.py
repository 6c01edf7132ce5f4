"""Starts the service: checks the settings, makes the first administrator, serves until told to stop."""

from __future__ import annotations

import ipaddress
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NoReturn

import uvicorn

from api.cli.state import Run
from api.delivery.settings import read_delivery_settings
from api.scheduler import DigestScheduler
from api.service.app import create_app
from api.service.oidc import read_oidc_settings
from api.settings import SettingError, Settings
from kb.errors import DubanError
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
    """Refuse to serve an address that others reach without TLS in front.

    Raises:
        SettingError: saying what to set.
    """
    if is_loopback(host):
        return
    if not settings.behind_tls or not settings.base_url.startswith("https://"):
        raise SettingError(
            f"{host} 不是本机地址: 前面要有 TLS 代理, 口令才不会明文传输"
            f" / {host} is reached by others: a proxy with TLS must stand in front, or passwords travel in the clear",
            hint="DUBAN_BEHIND_TLS=yes DUBAN_BASE_URL=https://…",
        )


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
        made = Access(store).ensure_administrator(settings.now())
    if made is not None:
        login, password = made
        out.say(f"第一次启动, 管理员 {login} 的密码 (只显示这一次): {password}",
                f"first start; the password of {login} (shown only now): {password}")  # fmt: skip
    public = settings.public_read if settings.public_read is not None else is_loopback(host)
    given = frozenset(name for name, value in run.environ.items() if name.startswith("DUBAN_") and value)  # fmt: skip
    app = create_app(settings, public_read=public, warm=warm, oidc=oidc, delivery=delivery, given=given)  # fmt: skip
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)  # fmt: skip
    except OSError as error:
        raise DubanError(
            f"{host}:{port} 用不了: {error} / cannot be used: {error}",
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
            app, log_level="warning", access_log=False, server_header=False, date_header=True,
            timeout_keep_alive=20, h11_max_incomplete_event_size=64 * 1024, proxy_headers=settings.behind_tls,
            timeout_graceful_shutdown=_PATIENCE,
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
