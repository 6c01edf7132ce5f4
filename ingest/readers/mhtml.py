"""Pages saved as one file (MHTML, RFC 2557): which of its parts is the page."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import CloseBoundaryNotFoundDefect
from email.message import Message
from email.policy import compat32

from kb.errors import SourceError
from kb.models import Finding
from tasks.models import LEFT_OUT

_MOST_PARTS = 5000
_DEEPEST = 50
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030"}
"""Encodings that files name for what has more characters."""
_PAGE = "text/html"


def unpack_page(data: bytes, name: str) -> tuple[bytes, tuple[Finding, ...]]:
    """The page of an MHTML file as the bytes of an HTML file, and a finding of what else it holds
    that is text.

    Raises:
        SourceError: it holds no page, or its parts are nested or numbered beyond all measure.
    """
    try:
        message = message_from_bytes(data, policy=compat32)
        parts = [*_parts(message, 0, name)]
    except RecursionError as error:
        raise _over(name) from error
    if any(isinstance(defect, CloseBoundaryNotFoundDefect) for defect in message.defects):
        raise SourceError(
            "网页归档文件不完整 / the web archive is incomplete",
            hint="请重新取得文件 / get the file anew",
            path=name,
        )
    pages = [part for part in parts if part.get_content_type() == _PAGE]
    if not pages:
        raise SourceError(
            "网页归档文件里没有网页 / the web archive holds no page",
            hint="请在浏览器中打开并另存为 HTML 再导入 / open it in a browser and save it as HTML",
            path=name,
        )
    start = message.get_param("start")
    page = next((part for part in pages if start and part.get("Content-ID") == start), pages[0])
    others = [_location(part) for part in pages if part is not page]
    findings: tuple[Finding, ...] = ()
    if others:
        told = "\n".join(others).replace(" / ", "/")
        count = len(others)
        message_ = f"网页中的框架未读入 ({count} 个):\n{told} / frames of the page were not read ({count}):\n{told}"
        findings = (Finding(code=LEFT_OUT, message=message_),)
    return _as_page(page), findings


def _parts(message: Message, depth: int, name: str) -> Iterator[Message]:
    if depth > _DEEPEST:
        raise _over(name)
    parts = message.get_payload() if message.is_multipart() else None
    if not isinstance(parts, list):
        yield message
        return
    if len(parts) > _MOST_PARTS:
        raise _over(name)
    for part in parts:
        if isinstance(part, Message):
            yield from _parts(part, depth + 1, name)


def _as_page(part: Message) -> bytes:
    """The bytes of the page, in UTF-8 with its mark where the part names its encoding truly: what
    the page itself says of it is older."""
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    charset = str(part.get_content_charset() or "")
    try:
        text = data.decode(_WIDER.get(charset, charset))
    except (LookupError, ValueError):
        return data
    return codecs.BOM_UTF8 + text.removeprefix("\ufeff").encode("utf-8", "replace")


def _location(part: Message) -> str:
    return str(part.get("Content-Location") or part.get("Content-ID") or _PAGE)


def _over(name: str) -> SourceError:
    return SourceError(
        "网页归档文件的部分过多或嵌套过深 / the web archive has too many parts, or nests them too deep",
        hint="请在浏览器中打开并另存为 HTML 再导入 / open it in a browser and save it as HTML",
        path=name,
    )
