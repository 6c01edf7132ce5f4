"""One entry for every format of a digest."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tasks.digest import words
from tasks.digest.models import Digest
from tasks.digest.view import link_to


class DigestFormat(StrEnum):
    """What a digest can be rendered as."""

    HTML = "html"
    MARKDOWN = "markdown"
    DOCX = "docx"
    XLSX = "xlsx"
    JSON = "json"


FORMATS = tuple(DigestFormat)
MEDIA_TYPES: Mapping[DigestFormat, str] = MappingProxyType(
    {
        DigestFormat.HTML: "text/html; charset=utf-8",
        DigestFormat.MARKDOWN: "text/markdown; charset=utf-8",
        DigestFormat.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        DigestFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        DigestFormat.JSON: "application/json",
    }
)
_SUFFIXES = {DigestFormat.MARKDOWN: "md"}
_LONGEST_NAME = 120
"""UTF-8 bytes of a unit's name in a file's name: file systems allow 255 for the whole."""


def render(
    digest: Digest, kind: DigestFormat, language: str = "zh", *, base_url: str = ""
) -> bytes:
    """The digest in a format.

    Args:
        digest: what to show.
        kind: the format.
        language: `zh` or `en`; words from documents stay as they are.
        base_url: where the service's pages are; clauses then are links to them.
    """
    # Each renderer brings a library of its own: only the one asked for is imported.
    match kind:
        case DigestFormat.HTML:
            from tasks.digest.page import render_html  # noqa: PLC0415

            return render_html(digest, language, base_url)
        case DigestFormat.MARKDOWN:
            from tasks.digest.markdown import render_markdown  # noqa: PLC0415

            return render_markdown(digest, language, base_url)
        case DigestFormat.DOCX:
            from tasks.digest.word import render_docx  # noqa: PLC0415

            return render_docx(digest, language, base_url)
        case DigestFormat.XLSX:
            from tasks.digest.workbook import render_xlsx  # noqa: PLC0415

            return render_xlsx(digest, language, base_url)
        case DigestFormat.JSON:
            return _render_json(digest, language, base_url)


def file_name(digest: Digest, kind: DigestFormat, language: str = "zh") -> str:
    """A name for the file: one path component whatever the unit is called, another for another
    unit. 督办周报-2026-W48-区教委.html."""
    first = "督办周报" if language == "zh" else "digest"
    suffix = _SUFFIXES.get(kind, kind.value)
    return f"{first}-{digest.week}-{_safe(digest, language)}.{suffix}"


def _safe(digest: Digest, language: str) -> str:
    overview = words.unit_title(None, language)
    if digest.unit is None:
        return overview
    kept = re.sub(r"[^\w()（）-]+", "_", digest.unit)
    kept = kept.encode("utf-8", "ignore")[:_LONGEST_NAME].decode("utf-8", "ignore")
    if kept == digest.unit and kept.casefold() != overview.casefold():
        return kept
    # Two names that are cut or altered to the same must not be one file.
    return f"{kept}-{hashlib.sha256(digest.unit.encode('utf-8', 'replace')).hexdigest()[:8]}"


def _render_json(digest: Digest, language: str, base_url: str) -> bytes:
    """All facts of the digest with its subject; each clause's address where there is a base."""
    found = {"subject": words.subject(digest, language), **digest.model_dump(mode="json")}
    found["week"] = str(digest.week)
    links = {
        line.detail.source.clause_id: link for line in digest.lines() if (link := link_to(line, base_url))
    }  # fmt: skip
    if links:
        found["links"] = links
    return json.dumps(found, ensure_ascii=False, indent=1).encode("utf-8", "replace")
