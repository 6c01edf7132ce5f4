"""A digest as a message that every channel can send."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from tasks.digest import Digest, DigestFormat, file_name, render, subject
from tasks.digest.render import MEDIA_TYPES
from tasks.outbox import OVERVIEW


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """What one unit gets for one week: Markdown for chats, HTML and Word for mail and files."""

    unit: str
    week: str
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()

    @property
    def sha256(self) -> str:
        """The digest of all that is handed over."""
        whole = hashlib.sha256()
        for part in (self.subject, self.text, self.html):
            whole.update(part.encode("utf-8", "replace") + b"\0")
        for attachment in self.attachments:
            whole.update(attachment.data)
        return whole.hexdigest()

    def message_id(self, domain: str) -> str:
        """The same for a unit and week, whenever it is sent: a mailbox that gets it twice after
        all can tell."""
        key = hashlib.sha256(f"{self.unit}\0{self.week}".encode()).hexdigest()[:24]
        return f"<duban.{self.week.lower()}.{key}@{domain}>"


def compose(digest: Digest, language: str, base_url: str = "") -> Message:
    """The message of a digest."""
    kinds = (DigestFormat.DOCX,)
    return Message(
        unit=digest.unit or OVERVIEW,
        week=str(digest.week),
        subject=subject(digest, language),
        text=render(digest, DigestFormat.MARKDOWN, language, base_url=base_url).decode(),
        html=render(digest, DigestFormat.HTML, language, base_url=base_url).decode(),
        attachments=tuple(
            Attachment(
                file_name(digest, kind, language),
                MEDIA_TYPES[kind],
                render(digest, kind, language, base_url=base_url),
            )
            for kind in kinds
        ),
    )
