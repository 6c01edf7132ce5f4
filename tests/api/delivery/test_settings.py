"""Settings of sending."""

import pytest

from api.delivery.settings import read_delivery_settings
from api.settings import SettingError

MAIL = {"DUBAN_SMTP_HOST": "mail.wz.gov.cn", "DUBAN_SMTP_FROM": "督查室 <duban@wz.gov.cn>"}


def test_what_is_usual():
    found = read_delivery_settings({})
    assert (found.smtp_host, found.drop, found.preset) == ("", None, {})
    assert (found.weekday, found.hour, found.minute, found.within) == ("mon", 8, 30, 30)
    assert found.domain == "duban.invalid"


@pytest.mark.parametrize(
    ("tls", "port"), [("starttls", 587), ("tls", 465), ("none", 25), ("TLS", 465)]
)
def test_the_port_goes_with_the_encryption(tls, port):
    found = read_delivery_settings(MAIL | {"DUBAN_SMTP_TLS": tls})
    assert (found.smtp_port, found.domain) == (port, "wz.gov.cn")
    assert read_delivery_settings(MAIL | {"DUBAN_SMTP_PORT": "2525"}).smtp_port == 2525


@pytest.mark.parametrize(
    ("printed", "at"), [("FRI 17:05", ("fri", 17, 5)), ("sun  0:00", ("sun", 0, 0)), ("", ("mon", 8, 30))]
)  # fmt: skip
def test_the_time_of_the_week(printed, at):
    found = read_delivery_settings({"DUBAN_DIGEST_AT": printed})
    assert (found.weekday, found.hour, found.minute) == at


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"DUBAN_SMTP_TLS": "ssl"}, "DUBAN_SMTP_TLS"),
        ({"DUBAN_SMTP_HOST": "m"}, "DUBAN_SMTP_FROM"),
        (MAIL | {"DUBAN_SMTP_FROM": "x"}, "DUBAN_SMTP_FROM"),
        (MAIL | {"DUBAN_SMTP_FROM": "a@x.cn, b@x.cn"}, "DUBAN_SMTP_FROM"),
        (MAIL | {"DUBAN_SMTP_FROM": "a@x.cn\r\nBcc: b@x.cn"}, "DUBAN_SMTP_FROM"),
        (MAIL | {"DUBAN_SMTP_USER": "u"}, "DUBAN_SMTP_PASSWORD"),
        (MAIL | {"DUBAN_SMTP_USER": "u", "DUBAN_SMTP_PASSWORD": "密码"}, "ASCII"),
        (MAIL | {"DUBAN_SMTP_CA": "/nowhere/ca.pem"}, "DUBAN_SMTP_CA"),
        ({"DUBAN_SMTP_PORT": "²"}, "DUBAN_SMTP_PORT"),
        ({"DUBAN_SMTP_PORT": "0"}, "DUBAN_SMTP_PORT"),
        ({"DUBAN_SMTP_PORT": "65536"}, "DUBAN_SMTP_PORT"),
        ({"DUBAN_DIGEST_AT": "MON 24:00"}, "DUBAN_DIGEST_AT"),
        ({"DUBAN_DIGEST_AT": "ſUN 08:00"}, "DUBAN_DIGEST_AT"),
        ({"DUBAN_DIGEST_AT": "周一 8:30"}, "DUBAN_DIGEST_AT"),
        ({"DUBAN_DIGEST_WITHIN": "-1"}, "DUBAN_DIGEST_WITHIN"),
        ({"DUBAN_DIGEST_WITHIN": "9" * 5000}, "DUBAN_DIGEST_WITHIN"),
        ({"DUBAN_DIGEST_ALL_CLEAR": "maybe"}, "DUBAN_DIGEST_ALL_CLEAR"),
        ({"DUBAN_ADDRESSES": "/nowhere.toml"}, "DUBAN_ADDRESSES"),
    ],
)
def test_a_wrong_setting_is_named(environ, told):
    with pytest.raises(SettingError, match=told):
        read_delivery_settings(environ)


@pytest.mark.parametrize(
    ("printed", "means"),
    [("1", True), ("yes", True), ("ON", True), ("0", False), ("off", False), ("", False)],
)
def test_all_clear(printed, means):
    assert read_delivery_settings({"DUBAN_DIGEST_ALL_CLEAR": printed}).all_clear is means


ADDRESSES = """[email]
"区教委" = "office@wz.gov.cn"
[dingtalk]
"区公安局" = { url = "https://oapi.dingtalk.com/robot/send?access_token=KEY", secret = "SEC" }
[file]
"总览" = ""
"""


def test_addresses_of_a_file_and_no_secret_in_a_repr(tmp_path):
    file = tmp_path / "addresses.toml"
    file.write_text(ADDRESSES, "utf-8")
    found = read_delivery_settings(
        MAIL | {"DUBAN_ADDRESSES": str(file), "DUBAN_SMTP_USER": "u", "DUBAN_SMTP_PASSWORD": "PASS"}
    )
    assert found.preset["dingtalk"]["区公安局"][1] == "SEC"
    assert found.preset["email"] == {"区教委": ("office@wz.gov.cn", "")}
    assert found.preset["file"] == {"总览": ("", "")}
    assert not [word for word in ("PASS", "SEC", "KEY") if word in repr(found)]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("[sms]\n'区教委' = '1'", "sms"),
        ("email = 'x'", "email"),
        ("[email]\n'区教委' = 'nobody'", "区教委"),
        ("[email]\n'区教委' = 3", "区教委"),
        ("[wecom]\n'区教委' = 'http://example.com/'", "区教委"),
        ("[dingtalk]\n'区教委' = { url = 'https://e.com/', secret = 3 }", "区教委"),
        ("[dingtalk]\n'区教委' = { url = 'https://e.com/', scret = 'x' }", "区教委"),
        ("[dingtalk]\n'区教委' = { secret = 'x' }", "区教委"),
        ("[email", "addresses.toml"),
    ],
)
def test_a_wrong_line_of_the_file_is_named(tmp_path, words, told):
    file = tmp_path / "addresses.toml"
    file.write_text(words, "utf-8")
    with pytest.raises(SettingError) as caught:
        read_delivery_settings({"DUBAN_ADDRESSES": str(file)})
    assert told in str(caught.value)


def test_a_file_of_another_encoding(tmp_path):
    file = tmp_path / "addresses.toml"
    file.write_bytes("[email]\n'区教委' = 'x'".encode("gbk"))
    with pytest.raises(SettingError, match="DUBAN_ADDRESSES"):
        read_delivery_settings({"DUBAN_ADDRESSES": str(file)})
