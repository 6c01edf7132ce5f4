"""Around every request: an id, security headers, a limit on bodies, metrics."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress

from prometheus_client import Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.service.problems import problem

LARGEST_BODY = 1 * 1024 * 1024
"""Bytes of a request that is no upload."""
UPLOADS = frozenset({"/api/v1/documents", "/documents", "/api/v1/evidence", "/api/v1/progress"})
"""Paths that take files."""
_FORMS_WITH_FILES = re.compile(r"/tasks/(?:import|[^/]+/steps)")
"""Forms of pages that take files."""
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; manifest-src 'self'"
)
_LET_BY = 8 * 1024 * 1024
_PATIENCE = 2.0
"""Bytes and seconds for which a body over its limit is read on, to no use."""
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
REQUESTS = Counter("duban_requests_total", "Requests", ["method", "route", "status"])
SECONDS = Histogram("duban_request_seconds", "Time to the end of the answer", ["method", "route"])


class Guard:
    """ASGI middleware. `largest_upload` is the limit, in bytes, of a body sent to `UPLOADS`."""

    def __init__(self, app: ASGIApp, largest_upload: int) -> None:
        self._app = app
        self._largest_upload = largest_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        given = headers.get("x-request-id", "")
        identifier = given if _ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = identifier
        began, status, started, over = time.perf_counter(), 500, False, False
        most = self._largest_upload if takes_files(scope["path"], headers) else LARGEST_BODY

        async def guarded(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                out = MutableHeaders(scope=message)
                out["X-Request-ID"] = identifier
                for name, value in _HEADERS.items():
                    out.setdefault(name, value)
                if not scope["path"].startswith("/static/"):
                    out.setdefault("Cache-Control", "no-store")
                if over:
                    out["Connection"] = "close"  # or the rest of the body would be read
                    await _let_by(receive)
            await send(message)

        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > most:
            over = True
            await too_large(most)(scope, receive, guarded)
            return
        if "\x00" in scope["path"] or b"%00" in scope.get("query_string", b""):
            # No id and no name holds NUL, and some databases cannot even be asked for it.
            told = "地址里有不能用的字符 / the address holds a character that cannot be used"
            await problem(400, "malformed", told)(scope, receive, guarded)
            return
        read = 0

        async def bounded() -> Message:
            nonlocal read, over
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                over = True
                raise _OverError
            return message

        try:
            await self._app(scope, bounded, guarded)
        except _OverError:
            if not started:
                await too_large(most)(scope, receive, guarded)
        finally:
            route = _route_of(scope)
            method = scope["method"] if scope["method"] in _METHODS else "other"
            REQUESTS.labels(method, route, str(status)).inc()
            SECONDS.labels(method, route).observe(time.perf_counter() - began)


def takes_files(path: str, headers: Mapping[str, str]) -> bool:
    """Whether a body sent there may be as large as a file. Only multipart bodies are streamed to
    disk; others are read into memory."""
    if path in UPLOADS:
        return True
    streamed = headers.get("content-type", "").lower().startswith("multipart/form-data")
    return streamed and _FORMS_WITH_FILES.fullmatch(path) is not None


def _route_of(scope: Scope) -> str:
    """The pattern of the address, with the prefix under which its router stands (which FastAPI
    keeps apart from the route)."""
    placed = scope.get("fastapi", {}).get("effective_route_context")
    found = getattr(placed, "path", None) or getattr(scope.get("route"), "path", None)
    return str(found or "other")


async def _let_by(receive: Receive) -> None:
    """Read on a little: whoever is cut off while still sending often never sees the answer."""
    read = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            while read < _LET_BY:
                message = await receive()
                read += len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return


class _OverError(HTTPException):
    """A body went on past its limit; as an HTTP error, so that no reader of bodies takes it for a
    fault of its own."""

    def __init__(self) -> None:
        super().__init__(413)


def too_large(most: int) -> ASGIApp:
    """The answer to a body of more than `most` bytes."""
    shown = f"{most // (1024 * 1024)} MB"
    return problem(413, "too-large", f"内容过大, 最多 {shown} / the body may have {shown}")
