"""Bytes to a client: as a download under a name of any script, and again only if they changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response

from api.service.problems import MEDIA_TYPE, problem
from kb.identifiers import sha256_hex

EVENT_STREAM: dict[str, Any] = {
    "text/event-stream": {
        "schema": {
            "type": "object",
            "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
        }
    }
}
"""How a stream of Server-Sent Events is documented: the shape of each event."""
TAGGED: dict[int | str, dict[str, Any]] = {
    206: {"description": "一部分 / a part (Range)"},
    304: {"description": "没有变 / not modified"},
    416: {
        "description": "没有这一部分 / no such part",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    },
}
"""What `tagged` may answer beside the whole."""
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_NO_CACHE = "private, no-cache"
"""May be kept by the person's own browser, and must be asked about each time."""


def disposition(name: str, kind: str = "attachment") -> str:
    """The value of Content-Disposition (RFC 6266): an ASCII name for old programs, the exact one
    in UTF-8 for all others."""
    plain = re.sub(r"[^A-Za-z0-9._() -]", "_", name.encode("ascii", "replace").decode())
    exact = quote(name.encode("utf-8", "replace"), safe="")
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{exact}"


def download(data: bytes, name: str, media_type: str) -> Response:
    """A file to keep."""
    return Response(data, media_type=media_type, headers={"Content-Disposition": disposition(name)})


def tagged(
    request: Request,
    data: bytes | Callable[[], bytes],
    media_type: str,
    *,
    tag: str = "",
    name: str = "",
) -> Response:
    """The bytes with an entity tag, a part of them where one is asked for, or 304 where the client
    has them (RFC 9110, 13.1.2).

    Args:
        request: whose If-None-Match is looked at.
        data: the bytes, or what makes them, which with a `tag` is called only where they are sent.
        media_type: their kind.
        tag: what changes with them; by default their SHA-256.
        name: makes it a download.
    """
    if callable(data) and not tag:
        data = data()
    etag = f'"{tag or sha256_hex(data)}"' if not callable(data) else f'"{tag}"'
    headers = {"ETag": etag, "Cache-Control": _NO_CACHE, "Vary": "Cookie, Authorization"}
    if _has(request.headers.get("If-None-Match", ""), etag):
        return Response(status_code=304, headers=headers)
    data = data() if callable(data) else data
    if name:
        headers["Content-Disposition"] = disposition(name)
    headers["Accept-Ranges"] = "bytes"
    asked = request.headers.get("Range", "")
    # A part of what is there no more would not fit the parts that the client has.
    if not asked or request.headers.get("If-Range", etag) != etag:
        return Response(data, media_type=media_type, headers=headers)
    return _part(data, asked, media_type, headers)


def _part(data: bytes, asked: str, media_type: str, headers: dict[str, str]) -> Response:
    """One range of the bytes (RFC 9110, 14); all of them where several or none that is one are
    asked for, which a server may answer so."""
    found = _RANGE.fullmatch(asked.strip())
    if found is None or not any(found.groups()):
        return Response(data, media_type=media_type, headers=headers)
    first, last = found.groups()
    if first:
        start, end = int(first), min(int(last), len(data) - 1) if last else len(data) - 1
        if last and int(last) < start:
            return Response(data, media_type=media_type, headers=headers)
    else:
        start, end = max(0, len(data) - int(last)), len(data) - 1
    if start > end:
        told = problem(416, "range", f"文件只有 {len(data)} 字节 / the file has {len(data)} bytes")
        told.headers["Content-Range"] = f"bytes */{len(data)}"
        return told
    headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
    return Response(data[start : end + 1], 206, headers, media_type)


def _has(printed: str, etag: str) -> bool:
    known = {part.strip().removeprefix("W/") for part in printed.split(",")}
    return "*" in known or etag in known
