"""How requests come in over the wire: heads of a bounded size in a bounded time, and connections
whose other end reads nothing given up."""

from __future__ import annotations

import asyncio
import resource
import socket
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

LARGEST_HEAD = 64 * 1024
"""Bytes of a request's line and headers."""
HEAD_SECONDS = 30.0
"""For a head to come whole."""
CONNECTIONS = 1000
"""At once; whoever comes beyond them is told 503."""
_UNREAD_SECONDS = 60
_FILES = 4 * CONNECTIONS


class Http(H11Protocol):
    """HTTP/1.1 whose heads must come whole in `head_seconds`.

    h11 and no quicker parser: that one takes heads without end, and keeps them.
    """

    head_seconds = HEAD_SECONDS
    _head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what came; a head that is whole is no longer waited for."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next head."""
        super().on_response_complete()
        self._stop()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._stop()
        elif self._head is None:
            self._head = self.loop.call_later(self.head_seconds, self.transport.close)

    def _stop(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None


def uvicorn_options() -> dict[str, Any]:
    """How uvicorn speaks with clients."""
    return {
        "http": Http, "ws": "none", "h11_max_incomplete_event_size": LARGEST_HEAD,
        "limit_concurrency": CONNECTIONS, "timeout_keep_alive": 20, "server_header": False,
        "date_header": True,
    }  # fmt: skip


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections; one whose other end acknowledges nothing for a minute is
    given up by the system, with what waits to be sent.

    Raises:
        OSError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=512)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_SECONDS * 1000)
    return listener


def allow_files() -> None:
    """Let the process hold as many open files as its connections need, as far as it may: at the
    usual 1024 it could take no further one, not even to say so."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
