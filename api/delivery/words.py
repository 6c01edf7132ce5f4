"""Messages in both languages about what a server or the system said."""

from __future__ import annotations


def both(chinese: str, english: str, detail: object) -> str:
    """`中文: detail / English: detail`: whoever reads one side only must see the detail too."""
    told = str(detail).replace(" / ", "/")
    return f"{chinese}: {told} / {english}: {told}"
