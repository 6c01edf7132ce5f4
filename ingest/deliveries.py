"""Deliveries: a packed folder (ZIP) or a mail (EML, MSG) → its members, each a document of its own.

Nothing is written to disk, so that no name of a member leads anywhere. Members that cannot be taken
out are told with the reason and do not lose the others. What systems put into packages beside the
files (`__MACOSX`, hidden files, lock files of an office program) is left out and told.
"""

from __future__ import annotations

import email
import io
import zipfile
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.errors import CloseBoundaryNotFoundDefect, InvalidBase64LengthDefect, MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime

from ingest.attachments import Member, Part, relate
from ingest.files import LIMIT
from ingest.readers.kinds import DELIVERIES, EML, ZIP, detect_media_type
from ingest.readers.packages import DAMAGE, encrypted
from kb.errors import SourceError, both
from kb.printable import printable

MB = 1_000_000
MOST_MEMBERS = 500
MOST_UNPACKED = 256 * MB
MOST_RATIO = 200
_RATIO_FROM = 16 * MB
DEEPEST = 3
_MOST_PARTS = 1000
"""Parts of a mail, by its boundaries: each line of a mail is compared with all that are open."""
_CUT_OFF = (CloseBoundaryNotFoundDefect, InvalidBase64LengthDefect)
"""What is wrong with a mail of which the end is missing: its last part would be read as if whole."""
_UTF8_NAME = 0x800
"""APPNOTE.TXT 4.4.4, bit 11: the name is UTF-8; else it is in whatever the sender's system has."""
_LEFT_OUT = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
_LOCKED = ("~$", ".~")


@dataclass(frozen=True, slots=True)
class Refused:
    """A member that could not be taken out, and why."""

    path: str
    error: SourceError


@dataclass(frozen=True)
class Delivery:
    """What came as one. `left_out`: names of what is no document; of a mail its subject, who sent it
    and when."""

    name: str
    members: tuple[Member, ...]
    refused: tuple[Refused, ...] = ()
    left_out: tuple[str, ...] = ()
    subject: str = ""
    sender: str = ""
    sent: datetime | None = None


def is_delivery(data: bytes, name: str) -> bool:
    """Whether bytes are a package or a mail that holds documents, by their content."""
    try:
        return detect_media_type(data, name) in DELIVERIES
    except SourceError:
        return False


def open_delivery(data: bytes, name: str) -> Delivery:
    """The members of a package or mail, those of packages in it too.

    Raises:
        SourceError: it is damaged, over a limit, or holds nothing that can be read.
    """
    opened = _Opened(name)
    head = opened.open(data, "", detect_media_type(data, name), 1)
    members = relate(opened.members)
    if not members and opened.refused:
        raise opened.refused[0].error
    if not members:
        raise SourceError(
            "里面没有文件 / it holds no file",
            hint="请核对后重新打包 / check it and pack it anew",
            path=name,
        )
    return replace(
        head,
        members=tuple(members),
        refused=tuple(opened.refused),
        left_out=tuple(opened.left_out),
    )


@dataclass
class _Opened:
    """What was taken out of a delivery so far."""

    name: str
    members: list[Member] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    unpacked: int = 0
    seen: int = 0

    def open(self, data: bytes, inside: str, media_type: str, depth: int) -> Delivery:
        """Take out all members of one package."""
        if media_type == ZIP:
            self._open_zip(data, inside, depth)
            return Delivery(self.name, ())
        return (self._open_mail if media_type == EML else self._open_msg)(data, inside, depth)

    def _count(self, size: int) -> None:
        self.seen += 1
        self.unpacked += size
        if self.seen > MOST_MEMBERS or self.unpacked > MOST_UNPACKED:
            raise SourceError(
                f"里面的文件超过 {MOST_MEMBERS} 个或 {MOST_UNPACKED // MB} MB / it holds over {MOST_MEMBERS} "
                f"files or {MOST_UNPACKED // MB} MB",
                hint="请分几次打包 / pack it in several",
                path=self.name,
            )

    def _take(self, path: str, data: bytes, depth: int, part: Part = Part.DOCUMENT) -> None:
        """Keep a member, or open it where it is a package itself."""
        name = path.rpartition("/")[2]
        if is_delivery(data, name):
            if depth >= DEEPEST:
                self._refuse(path, "嵌套的压缩包或邮件过深", "packages are nested too deep")
                return
            try:
                self.open(data, f"{path}/", detect_media_type(data, name), depth + 1)
            except SourceError as error:
                if error.path == self.name and self._is_full:
                    raise
                self.refused.append(Refused(path, error))
            return
        self.members.append(Member(name, path, data, len(self.members), part))

    @property
    def _is_full(self) -> bool:
        return self.seen > MOST_MEMBERS or self.unpacked > MOST_UNPACKED

    def _refuse(self, path: str, chinese: str, english: str) -> None:
        hint = "请取出后单独导入 / take it out and send it by itself"
        error = SourceError(f"{chinese} / {english}", hint=hint, path=path)
        self.refused.append(Refused(path, error))

    # --- packages

    def _open_zip(self, data: bytes, inside: str, depth: int) -> None:
        try:
            package = zipfile.ZipFile(io.BytesIO(data))
        except DAMAGE as error:
            raise self._damaged(error) from error
        for item in package.infolist():
            if item.is_dir():
                continue
            path = inside + _clean_path(_zip_name(item))
            self._count(0)
            if _is_left_out(path):
                self.left_out.append(path)
            elif item.flag_bits & 1:
                self.refused.append(Refused(path, encrypted(path)))
            elif item.file_size > LIMIT:
                self._refuse(path, "超过单个文件的上限", "over the limit of a file")
            elif item.file_size > max(_RATIO_FROM, MOST_RATIO * item.compress_size):
                self._refuse(
                    path, "压缩比过大, 可能是恶意文件", "packed too tightly, it may do harm"
                )
            else:
                self.seen -= 1
                self._count(item.file_size)
                try:
                    found = package.read(item)
                except DAMAGE as error:
                    self.refused.append(Refused(path, self._damaged(error, path)))
                    continue
                self._take(path, found, depth)

    def _damaged(self, error: object, path: str = "") -> SourceError:
        return SourceError(
            both("压缩包或邮件损坏或不完整", "the package or mail is damaged or incomplete", error),
            hint="请重新取得文件 / get the file anew",
            path=path or self.name,
        )

    # --- mails

    def _open_mail(self, data: bytes, inside: str, depth: int) -> Delivery:
        if data.count(b"boundary=") > _MOST_PARTS:
            raise self._damaged("boundary")
        try:
            mail = email.message_from_bytes(data)
            subject = _decoded(_raw(mail, "subject"))
            self._take_parts(mail, inside, depth, subject)
            cut = [type(d) for part in mail.walk() for d in part.defects if isinstance(d, _CUT_OFF)]
        except (RecursionError, LookupError, ValueError, AttributeError, TypeError) as error:
            raise self._damaged(type(error).__name__) from error
        if cut:
            raise self._damaged(cut[0].__name__)
        try:
            sent = parsedate_to_datetime(str(mail.get("date") or ""))
        except (ValueError, TypeError, IndexError, OverflowError):
            sent = None
        return Delivery(
            self.name, (), subject=subject, sender=_decoded(_raw(mail, "from")), sent=sent
        )

    def _take_parts(self, mail: Message, inside: str, depth: int, subject: str) -> None:
        texts: dict[str, Message] = {}
        attached: list[Message] = []
        waiting = deque([mail])
        while waiting:
            part = waiting.popleft()
            kind = part.get_content_type()
            named = _file_name(part) is not None or part.get_content_disposition() == "attachment"
            if kind == "message/rfc822":
                attached.append(part)
            elif part.is_multipart():
                inner = part.get_payload()
                waiting.extendleft([p for p in inner if isinstance(p, Message)][::-1])
            elif kind in ("text/plain", "text/html") and not named:
                texts.setdefault(kind, part)
            elif part.get_content_disposition() == "inline" and part.get("content-id"):
                self.left_out.append(inside + _clean_path(_decoded(_file_name(part)) or "inline"))
            else:
                attached.append(part)
        for kind, suffix in (("text/plain", "txt"), ("text/html", "html")):
            body = texts.get(kind)
            words = body.get_payload(decode=True) if body is not None else None
            if isinstance(words, bytes) and words.strip():
                self._count(len(words))
                path = f"{inside}{_clean_path(subject.replace('/', '_')) or 'mail'}.{suffix}"
                self.members.append(Member(path.rpartition("/")[2], path, words, len(self.members), Part.MESSAGE))  # fmt: skip
                break
        for number, part in enumerate(attached, start=1):
            name = _clean_path(_decoded(_file_name(part)).replace("/", "_"))
            if part.get_content_type() == "message/rfc822":
                inner = part.get_payload()
                first = inner[0] if isinstance(inner, list) and inner else None
                found = first.as_bytes() if isinstance(first, Message) else b""
                name = name or f"{number}.eml"
            else:
                payload = part.get_payload(decode=True)
                found = payload if isinstance(payload, bytes) else b""
            self._keep(inside + (name or f"attachment-{number}"), found, depth)

    def _keep(self, path: str, data: bytes, depth: int) -> None:
        self._count(len(data))
        if _is_left_out(path):
            self.left_out.append(path)
        elif len(data) > LIMIT:
            self._refuse(path, "超过单个文件的上限", "over the limit of a file")
        else:
            self._take(path, data, depth)

    def _open_msg(self, data: bytes, inside: str, depth: int) -> Delivery:
        import oxmsg  # noqa: PLC0415 - no other kind needs it

        try:
            mail = oxmsg.Message.load(data)
            subject, sender, sent = mail.subject or "", mail.sender or "", mail.sent_date
            text, page = mail.body, mail.html_body
            attached = [(a.file_name or "", a.file_bytes) for a in mail.attachments]
        except Exception as error:  # the library raises what its parts raise
            raise self._damaged(type(error).__name__) from error
        words, suffix = (text, "txt") if text and text.strip() else (page, "html")
        if words and words.strip():
            path = f"{inside}{_clean_path(subject.replace('/', '_')) or 'mail'}.{suffix}"
            said = words.encode("utf-8", "replace")
            self._count(len(said))
            self.members.append(Member(path.rpartition("/")[2], path, said, len(self.members), Part.MESSAGE))  # fmt: skip
        for number, (name, found) in enumerate(attached, start=1):
            path = inside + (_clean_path(name.replace("/", "_")) or f"attachment-{number}")
            if found is None:  # another mail, kept as a folder of the file
                self._refuse(
                    path, "附件是另一封 Outlook 邮件", "the attachment is another Outlook mail"
                )
            else:
                self._keep(path, found, depth)
        return Delivery(self.name, (), subject=subject, sender=sender, sent=sent)


# --- names


def _zip_name(item: zipfile.ZipInfo) -> str:
    """A member's name: UTF-8 where it says so, else by its bytes UTF-8 or what Chinese systems have."""
    if item.flag_bits & _UTF8_NAME:
        return item.filename
    try:
        raw = item.orig_filename.encode("cp437")
    except UnicodeEncodeError:
        return item.filename
    return _by_bytes(raw)


def _by_bytes(raw: bytes) -> str:
    for codec in ("utf-8", "gb18030"):
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            continue
    return raw.decode("gb18030", "replace")


def _raw(part: Message, name: str) -> str:
    """A header as it stands, its bytes read as what they are (RFC 5322 has ASCII only, many do not)."""
    words = next((str(v) for k, v in part.raw_items() if k.lower() == name), "")
    try:
        return _by_bytes(words.encode("ascii", "surrogateescape"))
    except UnicodeEncodeError:
        return words.encode("utf-8", "replace").decode()


def _file_name(part: Message) -> str | None:
    """The name of a part by its headers (RFC 2183, RFC 2231)."""
    probe = Message()
    for name in ("content-disposition", "content-type"):
        if words := _raw(part, name):
            probe[name] = words
    return probe.get_filename()


def _decoded(words: str | None) -> str:
    """Words of a header without their encoding (RFC 2047)."""
    words = words or ""
    if "=?" in words:
        try:
            # Some programs put encoded words into quotation marks or leave no gap between them.
            words = str(make_header(decode_header(words.replace("?==?", "?= =?"))))
        except (LookupError, ValueError, MessageError):
            return words
    return " ".join(words.split())


def _clean_path(printed: str) -> str:
    """A path without what leads out of it: `..`, drives, the root."""
    parts = printed.replace("\\", "/").split("/")
    kept = ["".join(c for c in part if c.isprintable()).strip() for part in parts]
    return printable("/".join(p for p in kept if p not in ("", ".", "..") and not p.endswith(":")))


def _is_left_out(path: str) -> bool:
    parts = path.lower().split("/")
    return any(part in _LEFT_OUT or part.startswith(".") for part in parts) or parts[-1].startswith(
        _LOCKED
    )
