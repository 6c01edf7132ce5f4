"""E-mail by SMTP (RFC 5321), with STARTTLS or TLS and a login where the settings say so."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from email.headerregistry import Address as MailAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from types import TracebackType
from typing import Self

from api.delivery.channel import (
    DeliveryError,
    PermanentError,
    TemporaryError,
    UncertainError,
    UnreachableError,
)
from api.delivery.message import Message
from api.delivery.settings import DeliverySettings
from kb.errors import both
from tasks.addresses import Address, mailboxes

_DRAWING = re.compile("<svg.*</svg>", re.DOTALL)


class MailChannel:
    """One SMTP connection for many messages, opened again where the server closed it.

    Args:
        settings: server, login, TLS.
        date: of the messages, RFC 5322 as `format_datetime` gives it.
    """

    name = "email"
    harmless = False

    def __init__(self, settings: DeliverySettings, date: str) -> None:
        self._settings = settings
        self._date = date
        self._open: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def deliver(self, message: Message, address: Address, announce: Callable[[], None]) -> str:
        """Send one message; recipients that the server refuses are noted, as long as one is left.

        Nothing can have arrived before the server asked for the text (354): what fails until then
        is certain, what is cut off afterwards is not.
        """
        recipients = mailboxes(address.target)
        data = write_mail(message, self._settings.smtp_from, recipients, self._date)
        try:
            server = self._connection()
            refused = self._name_recipients(server, recipients)
            _expect(server.docmd("DATA"), 354, 355)
        except DeliveryError:
            self._reset()
            raise
        except smtplib.SMTPResponseException as error:
            self._close()
            raise _refusal(error.smtp_code, error.smtp_error) from error
        except ssl.SSLCertVerificationError as error:
            self._close()
            raise PermanentError(
                both("SMTP 证书不可信", "certificate not trusted", error.verify_message)
            ) from error
        except (smtplib.SMTPException, OSError) as error:
            self._close()
            raise UnreachableError(both("SMTP 连不上", "SMTP cannot be reached", error)) from error
        try:
            announce()
        except BaseException:
            self._drop()  # a QUIT would now be taken for the message's text
            raise
        try:
            server.send(re.sub(rb"(?m)^\.", b"..", data) + b".\r\n")
            code, answer = server.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise UncertainError(both("发送时断开", "cut off while sending", error)) from error
        if not 200 <= code < 300:
            self._reset()
            if not 400 <= code < 600:
                raise UncertainError(both("看不懂的回应", "an answer that means nothing", code))
            raise _refusal(code, answer)
        return both("拒收", "refused", "; ".join(refused)) if refused else ""

    def _name_recipients(self, server: smtplib.SMTP, recipients: list[str]) -> list[str]:
        """Name the sender and the recipients; gives those that were refused and why."""
        _expect(server.mail(parseaddr(self._settings.smtp_from)[1]), 200, 300)
        refused: list[str] = []
        worst = (0, b"")
        for recipient in recipients:
            code, answer = server.rcpt(recipient)
            if not 200 <= code < 300:
                refused.append(f"{recipient}: {code} {_told(answer)}")
                # One that is refused for now may be taken later, so all are tried again.
                worst = worst if 400 <= worst[0] < 500 else (code, answer)
        if len(refused) == len(recipients):
            raise _refusal(*worst)
        return refused

    def _connection(self) -> smtplib.SMTP:
        if self._open is not None:
            try:
                if self._open.noop()[0] == 250:
                    return self._open
            except (smtplib.SMTPException, OSError):
                pass
            self._close()
        server = _connect(self._settings)
        try:
            _prepare(server, self._settings)
        except BaseException:
            # Kept, it would serve the next message without the login or the encryption.
            server.close()
            raise
        self._open = server
        return server

    def _reset(self) -> None:
        if self._open is not None:
            try:
                if self._open.rset()[0] == 250:
                    return
            except (smtplib.SMTPException, OSError):
                pass
            self._close()

    def _close(self) -> None:
        if self._open is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._open.quit()
            self._drop()

    def _drop(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


def _connect(settings: DeliverySettings) -> smtplib.SMTP:
    host, port, timeout = settings.smtp_host, settings.smtp_port, settings.timeout
    if settings.smtp_tls == "tls":
        return smtplib.SMTP_SSL(host, port, timeout=timeout, context=settings.trust())
    return smtplib.SMTP(host, port, timeout=timeout)


def _prepare(server: smtplib.SMTP, settings: DeliverySettings) -> None:
    """Greet, encrypt and log in, as the settings say."""
    server.ehlo_or_helo_if_needed()
    if settings.smtp_tls == "starttls":
        if not server.has_extn("starttls"):
            # Never on without it: the login and the digests would go in the clear.
            raise PermanentError(
                "SMTP 服务器不支持 STARTTLS / the server offers no STARTTLS",
                hint="DUBAN_SMTP_TLS=tls",
            )
        server.starttls(context=settings.trust())
        server.ehlo_or_helo_if_needed()
    if settings.smtp_user:
        _log_in(server, settings.smtp_user, settings.smtp_password)


def _log_in(server: smtplib.SMTP, user: str, password: str) -> None:
    try:
        server.login(user, password)
    except smtplib.SMTPServerDisconnected:
        raise
    except smtplib.SMTPResponseException as error:
        # Without the server's words: some repeat what they were given.
        kind = TemporaryError if 400 <= error.smtp_code < 500 else PermanentError
        raise kind(both("SMTP 登录被拒", "SMTP login refused", error.smtp_code)) from None
    except smtplib.SMTPException as error:
        raise PermanentError(
            "SMTP 服务器没有可用的登录方式 / the server offers no way to log in"
        ) from error


def _expect(reply: tuple[int, bytes], least: int, below: int) -> None:
    if not least <= reply[0] < below:
        raise _refusal(*reply)


def _refusal(code: int, answer: bytes | str) -> DeliveryError:
    if 400 <= code < 500:
        return TemporaryError(both("SMTP 暂时拒收", "refused for now", f"{code} {_told(answer)}"))
    return PermanentError(both("SMTP 拒收", "refused", f"{code} {_told(answer)}"))


def _told(answer: bytes | str) -> str:
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return " ".join(text.split())[:300]


def write_mail(message: Message, sender: str, recipients: list[str], date: str) -> bytes:
    """The message as RFC 5322 bytes: text, HTML beside it with its picture, files after them.

    The page's drawing is put in as a picture: programs for mail take SVG out.
    """
    mail = EmailMessage(policy=SMTP)
    name, plain = parseaddr(sender)
    mail["From"] = MailAddress(name, addr_spec=plain)
    mail["To"] = tuple(MailAddress(addr_spec=one) for one in recipients)
    mail["Subject"] = message.subject
    mail["Date"] = date
    mail["Message-ID"] = message.message_id
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
    mail.set_content(message.text, charset="utf-8", cte="base64")
    shown, html = f"picture.{message.message_id[1:-1]}", message.html
    if message.picture:
        html = _DRAWING.sub(f'<img src="cid:{shown}" alt="" style="max-width:100%">', html)
    mail.add_alternative(html, subtype="html", charset="utf-8", cte="base64")
    if message.picture:
        page = mail.get_payload(1)
        assert isinstance(page, EmailMessage)  # noqa: S101 - added in the line above
        page.add_related(message.picture, "image", "png", cid=f"<{shown}>", disposition="inline")
    for attachment in message.attachments:
        main, _, sub = attachment.media_type.partition(";")[0].partition("/")
        mail.add_attachment(attachment.data, maintype=main, subtype=sub, filename=attachment.name)
    return mail.as_bytes()
