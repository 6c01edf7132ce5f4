"""Real servers on loopback that do as a test tells them: one for mail, one for robots."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from tests.loopback import serving


@dataclass
class Mail:
    """A message as the server took it."""

    to: list[str]
    raw: bytes
    login: str

    @property
    def parsed(self) -> EmailMessage:
        found = message_from_bytes(self.raw, policy=default)
        assert isinstance(found, EmailMessage)
        return found


@dataclass
class Mailbox:
    """A mail server's handler. `replies` holds what it answers to a command, one after another,
    then as usual: a line, `cut` (the connection ends) or a coroutine function that gives a line.
    """

    mails: list[Mail] = field(default_factory=list)
    replies: dict[str, list[str | Callable[[], Awaitable[str]]]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    connected: list[SMTP] = field(default_factory=list)
    password: str = ""
    connections: int = 0

    async def answer(self, server: SMTP, command: str, usual: str) -> str:
        self.commands.append(command)
        planned = self.replies.get(command, [])
        reply = planned.pop(0) if planned else usual
        if callable(reply):
            reply = await reply()
        if reply == "cut":
            server.transport.abort()
        return reply

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's names
        reply = await self.answer(server, "MAIL", "250 OK")
        if reply.startswith("250"):
            envelope.mail_from = address
        return reply

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's names
        reply = await self.answer(server, "RCPT", self.refused.get(address, "250 OK"))
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's names
        data = getattr(session, "auth_data", None)
        login = data.login.decode() if data else ""
        mail = Mail(list(envelope.rcpt_tos), envelope.original_content, login)
        reply = await self.answer(server, "TEXT", "250 taken")
        if reply.startswith("250"):
            self.mails.append(mail)
        return reply

    async def handle_RSET(self, server, session, envelope):  # noqa: N802 - aiosmtpd's names
        return await self.answer(server, "RSET", "250 OK")

    def authenticate(self, server, session, envelope, mechanism, data):
        taken = data.password.decode() == self.password
        return AuthResult(success=taken, handled=False, auth_data=data)


class _Protocol(SMTP):
    """Answers DATA as told, before the text, or ends the connection in the middle of it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._original_transport is None:
            self.event_handler.connections += 1
            self.event_handler.connected.append(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.event_handler.connected = [p for p in self.event_handler.connected if p is not self]
        super().connection_lost(error)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's names
        handler: Mailbox = self.event_handler
        reply = await handler.answer(self, "DATA", "354")
        if reply == "middle":
            await self.push("354 go on")
            await self._reader.readline()
            self.transport.abort()
        elif reply.startswith("354"):
            await super().smtp_DATA(arg)
        elif reply != "cut":
            await self.push(reply)


class MailServer(Controller):
    """A server on a free port of 127.0.0.1; a context manager."""

    def __init__(self, mailbox: Mailbox, **options: Any) -> None:
        super().__init__(mailbox, hostname="127.0.0.1", port=0, **options)

    def factory(self) -> SMTP:
        return _Protocol(self.handler, **self.SMTP_kwargs)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()

    def __enter__(self) -> MailServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(5)
        self.stop()

    async def _hang_up(self) -> None:
        self.server.close()
        for protocol in self.handler.connected:
            (protocol._original_transport or protocol.transport).abort()
        for _ in range(100):
            if len(asyncio.all_tasks()) == 1:
                break
            await asyncio.sleep(0.01)


async def stay() -> str:
    """Never answers; ends with the connection."""
    await asyncio.Event().wait()
    return "250"


@dataclass
class Call:
    """A request that a robot got."""

    path: str
    query: dict[str, str]
    body: dict[str, Any]
    headers: dict[str, str]


class Robots:
    """A server for robots on a free port of 127.0.0.1; a context manager. `answers` holds
    (status, body) or what is to be done with the handler, one after another; then it takes all.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answers: list[tuple[int, object] | Callable[[BaseHTTPRequestHandler], None]] = []
        robots = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["content-length"])
                parts = urlsplit(self.path)
                body = json.loads(self.rfile.read(size))
                robots.calls.append(
                    Call(parts.path, dict(parse_qsl(parts.query)), body, dict(self.headers))
                )
                answer = robots.answers.pop(0) if robots.answers else (200, {"errcode": 0, "code": 0})  # fmt: skip
                if callable(answer):
                    answer(self)
                    return
                status, told = answer
                data = told if isinstance(told, bytes) else json.dumps(told).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                return

        self._serving = serving(Handler)

    def __enter__(self) -> Robots:
        self.url = self._serving.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._serving.__exit__(None, None, None)
