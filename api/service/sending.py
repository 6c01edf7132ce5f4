"""Bytes to a client: as a download under a name of any script, and again only if they changed."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response

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
    request: Request, data: bytes, media_type: str, *, tag: str = "", name: str = ""
) -> Response:
    """The bytes with an entity tag, or 304 where the client has them (RFC 9110, 13.1.2).

    Args:
        request: whose If-None-Match is looked at.
        data: the bytes.
        media_type: their kind.
        tag: what changes with them; by default their SHA-256.
        name: makes it a download.
    """
    etag = f'"{tag or sha256_hex(data)}"'
    headers = {"ETag": etag, "Cache-Control": _NO_CACHE, "Vary": "Cookie, Authorization"}
    if _has(request.headers.get("If-None-Match", ""), etag):
        return Response(status_code=304, headers=headers)
    if name:
        headers["Content-Disposition"] = disposition(name)
    return Response(data, media_type=media_type, headers=headers)


def _has(printed: str, etag: str) -> bool:
    known = {part.strip().removeprefix("W/") for part in printed.split(",")}
    return "*" in known or etag in known
