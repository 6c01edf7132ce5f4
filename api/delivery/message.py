"""A digest as a message that every channel can send."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from tasks.digest import Digest, DigestFormat, file_name, render, subject
from tasks.digest.chart import render_png
from tasks.digest.render import MEDIA_TYPES
from tasks.digest.view import view_of
from tasks.outbox import OVERVIEW


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message. Its name holds no path."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """What one unit gets for one week: Markdown for chats, HTML and Word for mail and files.

    `page` is the HTML's name as a file; `picture` the chart in it as PNG, where it has one;
    `domain` what message ids end with.
    """

    unit: str
    week: str
    subject: str
    text: str
    html: str
    page: str
    attachments: tuple[Attachment, ...] = ()
    picture: bytes = b""
    domain: str = "duban.invalid"

    @property
    def sha256(self) -> str:
        """The digest of all that is handed over."""
        whole = hashlib.sha256()
        for part in (self.subject, self.text, self.html):
            whole.update(part.encode() + b"\0")
        for attachment in self.attachments:
            whole.update(attachment.data)
        return whole.hexdigest()

    @property
    def message_id(self) -> str:
        """The same for a unit and week, whenever it is sent: a mailbox that gets it twice after
        all can tell."""
        key = hashlib.sha256(f"{self.unit}\0{self.week}".encode("utf-8", "replace")).hexdigest()[
            :24
        ]
        return f"<duban.{self.week.lower()}.{key}@{self.domain}>"


def addressed_to(digest: Digest) -> str:
    """The id of the unit under which a digest's addresses and deliveries stand."""
    return digest.unit_id or OVERVIEW


def compose(
    digest: Digest, language: str, base_url: str = "", domain: str = "duban.invalid"
) -> Message:
    """The message of a digest. What no encoding holds (half of a surrogate pair) or no header
    takes (the end of a line) is replaced."""
    chart = view_of(digest, language, base_url).chart
    kinds = (DigestFormat.DOCX,)
    return Message(
        unit=addressed_to(digest),
        week=str(digest.week),
        subject=" ".join(_writable(subject(digest, language)).split()),
        text=render(digest, DigestFormat.MARKDOWN, language, base_url=base_url).decode(),
        html=render(digest, DigestFormat.HTML, language, base_url=base_url).decode(),
        page=file_name(digest, DigestFormat.HTML, language),
        attachments=tuple(
            Attachment(
                file_name(digest, kind, language),
                MEDIA_TYPES[kind],
                render(digest, kind, language, base_url=base_url),
            )
            for kind in kinds
        ),
        picture=render_png(chart) if chart else b"",
        domain=domain,
    )


def _writable(text: str) -> str:
    whole = text.encode("utf-8", "replace").decode()
    return "".join(c if c.isprintable() else " " for c in whole)
