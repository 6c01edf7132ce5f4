"""Office files whose bytes are the same for the same content: a zip archive with fixed times."""

from __future__ import annotations

from datetime import date, datetime, time
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first time that a zip archive can hold."""


def moment_of(day: date) -> datetime:
    """The time that a file made for a day says it was made (naive: the formats hold no zone)."""
    return datetime.combine(day, time())


def repack(data: bytes) -> bytes:
    """The same archive with every member's time fixed, members in their order."""
    out = BytesIO()
    with ZipFile(BytesIO(data)) as source, ZipFile(out, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            member = ZipInfo(name, _EARLIEST)
            member.compress_type = ZIP_DEFLATED
            target.writestr(member, source.read(name))
    return out.getvalue()
