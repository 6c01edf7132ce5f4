"""What a document prints about itself, in a form in which two printings of the same agree."""

from __future__ import annotations

import unicodedata

from kb.identifiers import sha256_hex
from kb.models import Document

_BRACKETS = str.maketrans({"〔": "[", "〕": "]", "【": "[", "】": "]", "﹝": "[", "﹞": "]",
                           "〈": "<", "〉": ">", "《": "<", "》": ">"})  # fmt: skip


def title_key(document: Document) -> str | None:
    """A digest of the printed title; None, which agrees with nothing, where none is printed."""
    return _key(document.title) if document.title_printed else None


def number_key(document: Document) -> str | None:
    """Likewise of the printed document number."""
    return _key(document.document_number or "") if document.number_printed else None


def _key(printed: str) -> str | None:
    """White space, width and the forms of brackets aside. A digest, because a title may be longer
    than what a database indexes."""
    plain = "".join(unicodedata.normalize("NFKC", printed).translate(_BRACKETS).split()).casefold()
    return sha256_hex(plain.encode("utf-8", "replace")) if plain else None
