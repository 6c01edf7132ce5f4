"""What a reader gives."""

from __future__ import annotations

from dataclasses import dataclass

from kb.models import Finding


@dataclass(frozen=True, slots=True)
class Read:
    """The text of a file, and what its reader could not settle or left out."""

    text: str
    findings: tuple[Finding, ...] = ()
