"""Ids that depend on content only, so that reading a document again gives the same ones."""

from __future__ import annotations

import hashlib


def sha256_hex(data: bytes) -> str:
    """SHA-256 of `data` as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def stable_id(kind: str, *parts: object) -> str:
    """A short id such as `task-3f9a2b1c0d4e`: the kind, a dash and 12 hexadecimal digits.

    Equal parts give equal ids on every machine; 48 bits keep a million ids of one kind apart
    with a chance of collision under 0.2 %, and the store refuses a duplicate.
    """
    joined = "\x1f".join(str(part) for part in parts)
    return f"{kind}-{hashlib.sha256(joined.encode()).hexdigest()[:12]}"
