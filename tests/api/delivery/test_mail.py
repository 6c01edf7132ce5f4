"""The mail channel against a real SMTP server on loopback."""

import ssl

import pytest
import trustme

from api.delivery.channel import (
    PermanentError,
    TemporaryError,
    UncertainError,
    UnreachableError,
)
from api.delivery.mail import MailChannel, write_mail
from kb.errors import ConflictError
from tasks.addresses import Address
from tests.api.delivery.samples import DATE, FROM, UNIT, mail_settings, message
from tests.api.delivery.servers import Mailbox, MailServer

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
ONE = Address(unit=UNIT, channel="email", target="office@wz.gov.cn")
TWO = Address(unit=UNIT, channel="email", target="水利局 <a@wz.gov.cn>, b@wz.gov.cn")


@pytest.fixture
def mailbox():
    return Mailbox()


@pytest.fixture
def server(mailbox):
    with MailServer(mailbox) as running:
        yield running


class Announced:
    """Counts what was announced, and what the server had been told by then."""

    def __init__(self, mailbox):
        self.mailbox, self.times, self.before = mailbox, 0, []

    def __call__(self):
        self.times += 1
        self.before = list(self.mailbox.commands)


def deliver(server, address=ONE, announce=None, text=None, **fields):
    with MailChannel(mail_settings(server.port, **fields), DATE) as channel:
        return channel.deliver(text or message(), address, announce or (lambda: None))


def plain_text(mail):
    return mail.get_body(("plain",)).get_content().replace("\r\n", "\n")


def test_a_message_arrives_whole(server, mailbox):
    announced = Announced(mailbox)
    assert deliver(server, TWO, announced) == ""
    [mail] = mailbox.mails
    assert mail.to == ["a@wz.gov.cn", "b@wz.gov.cn"]
    parsed, sent = mail.parsed, message()
    assert parsed["Subject"] == sent.subject
    assert parsed["From"] == FROM
    assert parsed["To"] == "a@wz.gov.cn, b@wz.gov.cn"
    assert parsed["Message-ID"] == sent.message_id
    assert parsed["Message-ID"].endswith("@wz.gov.cn>")
    assert parsed["Date"] == DATE
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert plain_text(parsed) == sent.text
    assert parsed.get_body(("html",)).get_content().strip() == sent.html
    [file] = parsed.iter_attachments()
    assert file.get_filename() == "督办周报-2026-W48-区水利局.docx"
    assert file.get_content() == bytes(range(256))
    # Announced once, when the server had asked for the text and had none of it.
    assert (announced.times, announced.before) == (1, ["MAIL", "RCPT", "RCPT", "DATA"])


def test_every_byte_on_the_wire_is_ascii_in_short_lines_that_a_dot_does_not_end(server, mailbox):
    long = "防汛" * 400
    text = message(subject=long, text=".\r\n.\r\n" + long, html="." * 3000)
    assert deliver(server, text=text) == ""
    [mail] = mailbox.mails
    assert mail.raw.isascii()
    assert max(len(line) for line in mail.raw.split(b"\r\n")) <= 998
    assert mail.parsed["Subject"] == long
    assert mail.parsed.get_body(("html",)).get_content().strip() == "." * 3000


def test_lines_that_begin_with_a_dot_are_stuffed(server, mailbox, monkeypatch):
    monkeypatch.setattr(
        "api.delivery.mail.write_mail", lambda *_: b"Subject: x\r\n\r\n.a\r\n.\r\n..b\r\n"
    )
    deliver(server)
    assert mailbox.mails[0].raw == b"Subject: x\r\n\r\n.a\r\n.\r\n..b\r\n"


def test_the_drawing_goes_as_a_picture(server, mailbox):
    html = "<p>前</p><svg viewBox='0 0 1 1'>\n<text>区教委</text></svg><p>后</p>"
    deliver(server, text=message(html=html, picture=b"\x89PNG bytes"))
    body = mailbox.mails[0].parsed.get_body(("related", "html"))
    page, picture = body.iter_parts()
    assert "<svg" not in page.get_content()
    assert '<p>前</p><img src="cid:' in page.get_content()
    shown = page.get_content().partition("cid:")[2].partition('"')[0]
    assert picture["Content-ID"] == f"<{shown}>"
    assert (picture.get_content_type(), picture.get_content()) == ("image/png", b"\x89PNG bytes")
    assert plain_text(mailbox.mails[0].parsed) == message().text


def test_two_messages_take_one_connection_and_a_lost_one_is_opened_again(server, mailbox):
    before = mailbox.connections
    with MailChannel(mail_settings(server.port), DATE) as channel:
        channel.deliver(message(), ONE, lambda: None)
        channel.deliver(message(week="2026-W49"), ONE, lambda: None)
        assert mailbox.connections == before + 1
        mailbox.replies["MAIL"] = ["cut"]
        with pytest.raises(UnreachableError):
            channel.deliver(message(week="2026-W50"), ONE, lambda: None)
        channel.deliver(message(week="2026-W50"), ONE, lambda: None)
        assert mailbox.connections == before + 2
    assert len(mailbox.mails) == 3


@pytest.mark.parametrize(
    ("command", "reply", "error", "announced"),
    [
        ("MAIL", "451 later", TemporaryError, 0),
        ("MAIL", "421 closing", TemporaryError, 0),
        ("MAIL", "550 no", PermanentError, 0),
        ("MAIL", "354 what", PermanentError, 0),
        ("MAIL", "cut", UnreachableError, 0),
        ("RCPT", "450 greylisted", TemporaryError, 0),
        ("RCPT", "550 unknown", PermanentError, 0),
        ("RCPT", "cut", UnreachableError, 0),
        ("DATA", "452 full", TemporaryError, 0),
        ("DATA", "554 no", PermanentError, 0),
        ("DATA", "250 what", PermanentError, 0),
        ("DATA", "cut", UnreachableError, 0),
        ("DATA", "middle", UncertainError, 1),
        ("TEXT", "cut", UncertainError, 1),
        ("TEXT", "452 full", TemporaryError, 1),
        ("TEXT", "554 spam", PermanentError, 1),
        ("TEXT", "354 what", UncertainError, 1),
        ("TEXT", "not a reply", UncertainError, 1),
    ],
)
def test_what_a_reply_means(server, mailbox, command, reply, error, announced):
    mailbox.replies[command] = [reply]
    told = Announced(mailbox)
    with MailChannel(mail_settings(server.port), DATE) as channel:
        with pytest.raises(error) as caught:
            channel.deliver(message(), ONE, told)
        assert type(caught.value) is error
        assert told.times == announced
        assert mailbox.mails == []
        # Whatever it was, the next message is not harmed by it.
        assert channel.deliver(message(), ONE, told) == ""
    assert len(mailbox.mails) == 1


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        ({"a@wz.gov.cn": "550 no such"}, None),
        ({"b@wz.gov.cn": "450 later"}, None),
        ({"a@wz.gov.cn": "450 later", "b@wz.gov.cn": "550 no such"}, TemporaryError),
        ({"a@wz.gov.cn": "550 no such", "b@wz.gov.cn": "450 later"}, TemporaryError),
        ({"a@wz.gov.cn": "550 no such", "b@wz.gov.cn": "551 gone"}, PermanentError),
    ],
)
def test_refused_recipients(server, mailbox, refused, error):
    mailbox.refused = refused
    if error:
        with pytest.raises(error):
            deliver(server, TWO)
        assert mailbox.mails == []
        return
    note = deliver(server, TWO)
    [(who, why)] = refused.items()
    assert note == f"拒收: {who}: {why} / refused: {who}: {why}"
    assert [mail.to for mail in mailbox.mails] == [[m for m in ("a@wz.gov.cn", "b@wz.gov.cn") if m != who]]  # fmt: skip


def test_nothing_is_sent_that_could_not_be_announced(server, mailbox):
    def refuse():
        raise ConflictError("x / x")

    with MailChannel(mail_settings(server.port), DATE) as channel:
        with pytest.raises(ConflictError):
            channel.deliver(message(), ONE, refuse)
        channel.deliver(message(week="2026-W49"), ONE, lambda: None)
    assert [m.parsed["Message-ID"] for m in mailbox.mails] == [message(week="2026-W49").message_id]


def test_nobody_listens(mailbox):
    with MailServer(mailbox) as server:
        pass
    with pytest.raises(UnreachableError, match="连不上"):
        deliver(server)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def certificate(authority):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusted(authority, tmp_path):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_encrypted_and_logged_in(mailbox, certificate, trusted, tls):
    mailbox.password = "p=+/ word"
    how = (
        {"tls_context": certificate, "require_starttls": True}
        if tls == "starttls"
        else {"ssl_context": certificate, "auth_require_tls": False}
    )
    with MailServer(mailbox, authenticator=mailbox.authenticate, **how) as server:
        common = {"smtp_tls": tls, "smtp_user": "duban"}
        given = common | {"smtp_ca": trusted, "smtp_password": mailbox.password}
        assert deliver(server, **given) == ""
        with pytest.raises(PermanentError, match=r"登录被拒.*535") as caught:
            deliver(server, **given | {"smtp_password": "wrong"})
        assert "wrong" not in str(caught.value)
        with pytest.raises(PermanentError, match="证书不可信"):
            deliver(server, **common, smtp_password=mailbox.password)
    assert [mail.login for mail in mailbox.mails] == ["duban"]


def test_a_certificate_of_another_host_is_not_trusted(mailbox, authority, trusted):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("mail.example").configure_cert(context)
    with (
        MailServer(mailbox, tls_context=context) as server,
        pytest.raises(PermanentError, match="证书不可信"),
    ):
        deliver(server, smtp_tls="starttls", smtp_ca=trusted)
    assert mailbox.mails == []


def test_without_starttls_nothing_goes_in_the_clear(server, mailbox):
    settings = mail_settings(server.port, smtp_tls="starttls", smtp_user="u", smtp_password="p")
    with MailChannel(settings, DATE) as channel:
        for _ in range(2):  # nor by a connection kept from the first time
            with pytest.raises(PermanentError, match="STARTTLS"):
                channel.deliver(message(), ONE, lambda: None)
    assert mailbox.commands == []


def test_a_login_that_the_server_does_not_know(server, mailbox):
    settings = mail_settings(server.port, smtp_user="duban", smtp_password="secret")
    with MailChannel(settings, DATE) as channel:
        for _ in range(2):
            with pytest.raises(PermanentError, match="登录方式"):
                channel.deliver(message(), ONE, lambda: None)
    assert mailbox.mails == []


def test_a_login_refused_for_now(mailbox):
    async def busy(*_):
        return "454 4.7.0 Temporary authentication failure for secret"

    mailbox.handle_AUTH = lambda *_: busy()
    mailbox.auth_PLAIN = lambda *_: busy()
    options = {"auth_require_tls": False, "authenticator": mailbox.authenticate}
    with MailServer(mailbox, **options) as server, pytest.raises(TemporaryError) as caught:
        deliver(server, smtp_user="duban", smtp_password="secret")
    assert "secret" not in str(caught.value)


def test_equal_messages_have_equal_bytes_but_for_the_boundary():
    def lines():
        data = write_mail(message(), FROM, ["a@wz.gov.cn"], DATE)
        return [line for line in data.splitlines() if b"====" not in line]

    assert lines() == lines()
