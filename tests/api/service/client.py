"""A client that speaks to an app in its own loop, without a socket."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote

import httpx2
from starlette import testclient
from starlette.types import Message


class _Whole(testclient._TestClientTransport):
    """Starlette's transport steps into the app's loop seven times for each request, so that answers
    may be read while they are made. Here it is entered once, and whole answers come back: a
    refusal takes half as long. What never ends cannot be asked for."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        body, url = request.read(), request.url
        asked: dict[str, Any] = {
            "type": "http", "http_version": "1.1", "method": request.method,
            "path": unquote(url.path), "raw_path": url.raw_path.partition(b"?")[0],
            "root_path": self.root_path, "scheme": url.scheme, "query_string": url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": self.client, "state": self.app_state.copy(),
            "server": [url.host, url.port or {"http": 80, "https": 443}[url.scheme]],
        }  # fmt: skip
        start: Message | None = None
        parts: list[bytes] = []

        async def answer() -> None:
            unread, ended = True, asyncio.Event()

            async def receive() -> Message:
                nonlocal unread
                if unread:
                    unread = False
                    return {"type": "http.request", "body": body}
                await ended.wait()
                return {"type": "http.disconnect"}

            async def send(message: Message) -> None:
                nonlocal start
                if message["type"] == "http.response.start":
                    assert start is None
                    start = message
                elif message["type"] == "http.response.body":
                    assert start is not None
                    assert not ended.is_set()
                    parts.append(bytes(message.get("body", b"")))
                    if not message.get("more_body", False):
                        ended.set()

            await self.app(asked, receive, send)

        with self.portal_factory() as portal:
            try:
                portal.call(answer)
            except Exception:
                if self.raise_server_exceptions:
                    raise
        if start is None:
            assert not self.raise_server_exceptions, "no answer"
            return httpx2.Response(500, request=request)
        content = b"" if request.method == "HEAD" else b"".join(parts)
        stream = httpx2.ByteStream(content)
        return httpx2.Response(
            start["status"], headers=start["headers"], stream=stream, request=request
        )


class TestClient(testclient.TestClient):
    """Starlette's, of whole answers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        made = self._transport
        assert isinstance(made, testclient._TestClientTransport)
        self._transport = _Whole(
            made.app, made.portal_factory, made.raise_server_exceptions, made.root_path,
            client=made.client, app_state=made.app_state,
        )  # fmt: skip
