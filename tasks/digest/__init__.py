"""The weekly digest: built from the store, rendered for people and programs; sending is elsewhere."""

from tasks.digest.build import build_digests
from tasks.digest.models import Digest, Line, Section, SectionKind
from tasks.digest.render import FORMATS, MEDIA_TYPES, DigestFormat, file_name, render
from tasks.digest.weeks import Week, parse_week, week_of
from tasks.digest.words import subject

__all__ = [
    "FORMATS", "MEDIA_TYPES", "Digest", "DigestFormat", "Line", "Section", "SectionKind", "Week",
    "build_digests", "file_name", "parse_week", "render", "subject", "week_of",
]  # fmt: skip
