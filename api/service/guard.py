"""Around every request: an id, the host it may be for, security headers, limits on the size and
the time of its body, metrics."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress

from prometheus_client import Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
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
SLOWEST = 4096
"""Bytes a second that a body comes at; below, its sender holds a place that others need."""
_BEGINNING = 30.0
"""Seconds for which a body may be slower."""
_HSTS = "max-age=31536000"
"""A year (RFC 6797); the subdomains are not ours to decide on."""
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
_FORM_CODING = re.compile(r"(?i)^\s*multipart/.*;\s*charset\s*=\s*(?![\"']?utf-?8[\"']?\s*(;|$))")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
REQUESTS = Counter("duban_requests_total", "Requests", ["method", "route", "status"])
SECONDS = Histogram("duban_request_seconds", "Time to the end of the answer", ["method", "route"])


class Guard:
    """ASGI middleware.

    Args:
        app: what is guarded.
        largest_upload: the limit, in bytes, of a body sent to `UPLOADS`.
        hosts: the names under which the service is reached, beside addresses and `localhost`;
            None: any. A page of another site that gives its own name our address (DNS rebinding)
            or a link made with another name must lead nowhere.
        tls: whether all that reaches us came by TLS to a proxy.
        beginning: seconds for which a body may be slower than `SLOWEST`.
    """

    def __init__(
        self,
        app: ASGIApp,
        largest_upload: int,
        hosts: frozenset[str] | None = None,
        *,
        tls: bool = False,
        beginning: float = _BEGINNING,
    ) -> None:
        self._app = app
        self._largest_upload = largest_upload
        self._hosts, self._tls, self._beginning = hosts, tls, beginning

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
                if self._tls or scope["scheme"] == "https":
                    out.setdefault("Strict-Transport-Security", _HSTS)
                if not scope["path"].startswith("/static/"):
                    out.setdefault("Cache-Control", "no-store")
                if over:
                    out["Connection"] = "close"  # or the rest of the body would be read
                    await _let_by(receive)
            await send(message)

        host = headers.get("host", "")
        if host and host_name(host) is None:
            told = "Host 不是主机名 / the Host is no host's name"
            await problem(400, "malformed", told)(scope, receive, guarded)
            return
        if self._hosts is not None and not is_ours(host, self._hosts):
            told = "这里没有这个网站 / there is no such site here"
            hint = "DUBAN_BASE_URL=https://…  DUBAN_HOSTS=…"
            await problem(421, "misdirected", told, hint=hint)(scope, receive, guarded)
            return
        if "transfer-encoding" in headers and "content-length" in headers:
            # Two readers of it may see two requests where there is one (RFC 9112, 6.1).
            over = True
            told = "请求的长度写了两次 / the request gives its length in two ways"
            await problem(400, "malformed", told)(scope, receive, guarded)
            return
        if _FORM_CODING.search(headers.get("content-type", "")):
            # Of a page of ours none ever is; Python knows codings that make half characters.
            told = "表单要用 UTF-8 / forms are in UTF-8"
            await problem(400, "malformed", told)(scope, receive, guarded)
            return
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
        read, ended, since = 0, False, asyncio.get_running_loop().time()

        async def bounded() -> Message:
            nonlocal read, over, ended
            if ended:  # now only the client's leaving can come
                return await receive()
            try:
                async with asyncio.timeout_at(since + self._beginning + read / SLOWEST):
                    message = await receive()
            except TimeoutError:
                over = True
                raise _BodyError(408) from None
            read += len(message.get("body", b""))
            ended = not message.get("more_body", False)
            if read > most:
                over = True
                raise _BodyError(413)
            return message

        try:
            await self._app(scope, bounded, guarded)
        except _BodyError as error:
            if not started:
                answer = too_large(most) if error.status_code == 413 else too_slow()
                await answer(scope, receive, guarded)
        except ClientDisconnect:
            status = 499  # nobody is there to be told
        except Exception as error:
            # Here and not further out, so that what is told has the headers too.
            if started:
                raise
            answer = await scope["app"].exception_handlers[Exception](Request(scope), error)
            await answer(scope, receive, guarded)
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


class _BodyError(HTTPException):
    """A body went on past its limit, or hardly went on; as an HTTP error, so that no reader of
    bodies takes it for a fault of its own."""


_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{0,5})?", re.ASCII)


def host_name(host: str) -> str | None:
    """The name or address in a `Host`, without its port, in lower case; None where it is no host
    (RFC 9110, 7.2: a host and a port, no user part, no path).

    >>> host_name("Duban.example:8000"), host_name("me@duban.example"), host_name("a/b")
    ('duban.example', None, None)
    """
    match = _HOST.fullmatch(host)
    return (match[1] or match[2]).rstrip(".").lower() if match else None


def is_ours(host: str, names: frozenset[str]) -> bool:
    """Whether a request's Host is an address, `localhost` or one of `names`; no Host (HTTP/1.0
    health checks) is nobody else's."""
    if not host:
        return True
    if (name := host_name(host)) is None:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost" or name in names
    return True


def too_large(most: int) -> ASGIApp:
    """The answer to a body of more than `most` bytes."""
    shown = f"{most // (1024 * 1024)} MB"
    return problem(413, "too-large", f"内容过大, 最多 {shown} / the body may have {shown}")


def too_slow() -> ASGIApp:
    """The answer to a body that hardly comes."""
    return problem(408, "too-slow", "内容来得太慢 / the body comes too slowly")
