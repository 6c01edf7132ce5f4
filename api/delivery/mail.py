"""E-mail by SMTP (RFC 5321), with STARTTLS or TLS and a login where the settings say so."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from email.headerregistry import Address as MailAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses, parseaddr
from types import TracebackType
from typing import Self

from api.delivery.channel import PermanentError, TemporaryError, UncertainError
from api.delivery.message import Message
from api.delivery.settings import DeliverySettings
from tasks.addresses import Address


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
        """Send one message; recipients that the server refuses are noted, as long as one is left."""
        recipients = [mail for _, mail in getaddresses([address.target])]
        data = write_mail(message, self._settings.smtp_from, recipients, self._date)
        try:
            server = self._connection()
            _accept(*server.mail(parseaddr(self._settings.smtp_from)[1]))
            refused: list[str] = []
            last = (250, b"")
            for recipient in recipients:
                code, answer = server.rcpt(recipient)
                if code not in (250, 251):
                    refused.append(f"{recipient}: {code} {answer.decode(errors='replace')}")
                    last = (code, answer)
            if len(refused) == len(recipients):
                _accept(*last)
        except (TemporaryError, PermanentError):
            self._reset()
            raise
        except smtplib.SMTPAuthenticationError as error:
            self._close()
            raise PermanentError(
                f"SMTP 登录被拒 / SMTP login refused: {error.smtp_code}"
            ) from error
        except ssl.SSLCertVerificationError as error:
            self._close()
            raise PermanentError(
                f"SMTP 证书不可信 / certificate not trusted: {error.verify_message}"
            ) from error
        except (smtplib.SMTPException, OSError) as error:
            self._close()
            raise TemporaryError(f"SMTP 连不上 / SMTP cannot be reached: {error}") from error
        announce()
        try:
            code, answer = server.data(data)
        except smtplib.SMTPDataError as error:  # refused before a byte of the message went out
            self._reset()
            _accept(error.smtp_code, error.smtp_error)
            raise
        except (smtplib.SMTPException, OSError) as error:
            self._close()
            raise UncertainError(f"发送时断开 / cut off while sending: {error}") from error
        if code != 250:
            self._reset()
            _accept(code, answer)
        return f"拒收 / refused: {'; '.join(refused)}" if refused else ""

    def _connection(self) -> smtplib.SMTP:
        if self._open is not None:
            try:
                if self._open.noop()[0] == 250:
                    return self._open
            except smtplib.SMTPException:
                pass
            self._close()
        s = self._settings
        trust = ssl.create_default_context()
        if s.smtp_ca:
            trust.load_verify_locations(s.smtp_ca)
        if s.smtp_tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(s.smtp_host, s.smtp_port, timeout=s.timeout, context=trust)  # fmt: skip
        else:
            server = smtplib.SMTP(s.smtp_host, s.smtp_port, timeout=s.timeout)
        self._open = server
        server.ehlo()
        if s.smtp_tls == "starttls":
            server.starttls(context=trust)
            server.ehlo()
        if s.smtp_user:
            server.login(s.smtp_user, s.smtp_password)
        return server

    def _reset(self) -> None:
        if self._open is not None:
            try:
                self._open.rset()
            except (smtplib.SMTPException, OSError):
                self._close()

    def _close(self) -> None:
        if self._open is not None:
            try:
                self._open.quit()
            except (smtplib.SMTPException, OSError):
                self._open.close()
            self._open = None


def _accept(code: int, answer: bytes | str) -> None:
    told = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    if 400 <= code < 500:
        raise TemporaryError(f"SMTP 暂时拒收 / refused for now: {code} {told}")
    if code >= 500 or code < 200:
        raise PermanentError(f"SMTP 拒收 / refused: {code} {told}")


def write_mail(message: Message, sender: str, recipients: list[str], date: str) -> bytes:
    """The message as RFC 5322 bytes: text, HTML beside it, files after them."""
    mail = EmailMessage(policy=SMTP)
    name, plain = parseaddr(sender)
    mail["From"] = MailAddress(name, addr_spec=plain)
    mail["To"] = tuple(MailAddress(addr_spec=one) for one in recipients)
    mail["Subject"] = message.subject
    mail["Date"] = date
    mail["Message-ID"] = message.message_id(plain.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
    mail.set_content(message.text, charset="utf-8", cte="base64")
    mail.add_alternative(message.html, subtype="html", charset="utf-8", cte="base64")
    for attachment in message.attachments:
        main, _, sub = attachment.media_type.partition(";")[0].partition("/")
        mail.add_attachment(attachment.data, maintype=main, subtype=sub, filename=attachment.name)
    return mail.as_bytes()


__all__ = ["MailChannel", "format_datetime", "write_mail"]
