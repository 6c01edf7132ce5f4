"""Addresses: what a channel can use, who sets them, what is shown of them."""

from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from kb.errors import DeniedError, NotFoundError
from tasks import schema
from tasks.addresses import Address, AddressError, Addresses, check_address, mailboxes
from tasks.authorisation import CONSOLE
from tests.tasks.samples import NOW, OFFICER, READER, SUPERVISOR, unit_of

ROBOT = "https://oapi.dingtalk.com/robot/send?access_token=KEY"


def address(channel: str, target: str, secret: str = "", unit: str = "区教委") -> Address:
    return Address(unit=unit, channel=channel, target=target, secret=secret)


@pytest.mark.parametrize(
    "good",
    [
        address("email", "office@wz.gov.cn"),
        address("email", "李四 <li@wz.gov.cn>, wang@wz.gov.cn"),
        address("email", "a.b+c@x-y.wz.gov.cn,"),
        address("file", ""),
        address("file", "区教委"),
        address("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a-b"),
        address("dingtalk", ROBOT, "SEC1"),
        address("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/x", "s"),
        address("feishu", "https://8.8.8.8/hook"),
        address("feishu", "https://[2606:4700::1111]:8443/hook"),
        address("email", "a@wz.gov.cn", unit="各镇乡/街道"),
    ],
)
def test_what_a_channel_can_use(good):
    assert check_address(good) is good


INSIDE = (
    "127.0.0.1", "[::1]", "localhost", "LOCALHOST.", "10.0.0.7", "172.16.3.4", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1", "[fe80::1%25eth0]", "[fc00::1]",
    "[::ffff:10.0.0.7]", "[64:ff9b::7f00:1]", "[::127.0.0.1]", "[2002:7f00:1::]", "[::]", "127.1", "2130706433", "0x7f000001", "robot",
    "robot.local", "x.localhost", "meta.internal",
)  # fmt: skip


def test_a_webhook_leads_outside_unless_its_host_is_named(subtests):
    for host in INSIDE:
        with subtests.test(host=host):
            one = address("wecom", f"https://{host}:8443/hook")
            with pytest.raises(AddressError):
                check_address(one)
            named = urlsplit(one.target).hostname
            for target in (one.target, one.target.replace("https", "http")):
                allowed = address("wecom", target)
                assert check_address(allowed, frozenset({named})) is allowed
            with pytest.raises(AddressError):
                check_address(one, frozenset({"another.host"}))


@pytest.mark.parametrize(
    "bad",
    [
        address("sms", "1"),
        address("email", ""),
        address("email", "office"),
        address("email", "@wz.gov.cn"),
        address("email", "office@"),
        address("email", "a@x.cn; b@x.cn"),
        address("email", "a@x.cn b@x.cn"),
        address("email", "a@x.cn, b"),
        address("email", "a..b@x.cn"),
        address("email", "教委@x.cn"),
        address("email", "a@教委.cn"),
        address("email", '"a b"@x.cn'),
        address("email", "a@x.cn\r\nBcc: b@x.cn"),
        address("email", "a@x.cn", "secret"),
        address("email", ",".join(["a@wz.gov.cn"] * 200)),
        address("email", "a@x.cn", unit="  "),
        address("email", "a@x.cn", unit="区\n教委"),
        address("file", ".."),
        address("file", "../x"),
        address("file", "/etc"),
        address("file", "a\\b"),
        address("file", "C:"),
        address("file", ".x"),
        address("file", " x"),
        address("file", "x" * 300),
        address("wecom", ""),
        address("wecom", "http://qyapi.weixin.qq.com/x"),
        address("wecom", "ftp://127.0.0.1/"),
        address("wecom", "http://127.0.0.1:8080/hook"),
        address("wecom", "https:///x"),
        address("wecom", "https://u:p@qyapi.weixin.qq.com/x"),
        address("wecom", "https://[::1/x"),
        address("wecom", "https://h:99999/x"),
        address("wecom", "https://h/ x"),
        address("wecom", "https://微信/x"),
        address("wecom", "https://h/x", "secret"),
        address("dingtalk", ROBOT, "a\nb"),
        address("dingtalk", ROBOT, "\ud800"),
    ],
)
def test_what_it_cannot_use(bad):
    with pytest.raises(AddressError):
        check_address(bad)


def test_mailboxes():
    assert mailboxes("李 <a@x.cn>, b@y.cn,") == ["a@x.cn", "b@y.cn"]


@pytest.mark.parametrize(
    ("channel", "target", "shown"),
    [
        ("email", "a@wz.gov.cn", "a@wz.gov.cn"),
        ("file", "区教委", "区教委"),
        ("dingtalk", ROBOT, "https://oapi.dingtalk.com/…"),
        ("feishu", "http://127.0.0.1:80/KEY", "http://127.0.0.1:80/…"),
        ("feishu", "https://user:KEY@h/x", "https://h/…"),
    ],
)
def test_what_is_shown(channel, target, shown):
    one = address(channel, target, "SECRET")
    assert one.shown == shown
    for printed in (repr(one), str(one), f"{[one]}"):
        assert "KEY" not in printed
        assert "SECRET" not in printed
        assert shown in printed


def log(store):
    with store.reading() as connection:
        query = select(schema.audit).where(schema.audit.c.action.like("address.%"))
        return [dict(row._mapping) for row in connection.execute(query.order_by(schema.audit.c.seq))]  # fmt: skip


def test_set_replace_and_remove_over_a_preset(store):
    preset = {"email": {"区教委": ("preset@wz.gov.cn", "")}, "dingtalk": {"总览": (ROBOT, "S")}}
    addresses = Addresses(store, preset)
    key = unit_of("区教委")
    assert list(addresses.all()) == [(key, "email"), ("总览", "dingtalk")]
    first, second = (address("email", to, unit=key) for to in ("a@wz.gov.cn", "b@wz.gov.cn"))
    assert addresses.set(CONSOLE, address("email", "a@wz.gov.cn"), NOW) == first
    assert addresses.all()[key, "email"] == first
    addresses.set(CONSOLE, second, NOW)
    assert Addresses(store).all() == {(key, "email"): second}
    addresses.remove(CONSOLE, "区教委", "email", NOW)
    assert addresses.all()[key, "email"].target == "preset@wz.gov.cn"
    with pytest.raises(NotFoundError, match="区教委"):
        addresses.remove(CONSOLE, "区教委", "email", NOW)
    assert [e["action"] for e in log(store)] == ["address.set", "address.set", "address.removed"]


def test_no_key_stands_in_the_log(store):
    one = address("dingtalk", ROBOT, "SECRET")
    Addresses(store).set(CONSOLE, one, NOW)
    Addresses(store).set(CONSOLE, one.model_copy(update={"secret": ""}), NOW)
    Addresses(store).remove(CONSOLE, "区教委", "dingtalk", NOW)
    printed = str(log(store))
    assert "KEY" not in printed
    assert "SECRET" not in printed
    assert "https://oapi.dingtalk.com/…" in printed
    assert Addresses(store).all() == {}


@pytest.mark.parametrize("actor", [OFFICER, READER, SUPERVISOR])
def test_only_an_administrator_sets_them(store, actor):
    addresses = Addresses(store)
    with pytest.raises(DeniedError):
        addresses.set(actor, address("email", "a@wz.gov.cn"), NOW)
    addresses.set(CONSOLE, address("email", "a@wz.gov.cn"), NOW)
    with pytest.raises(DeniedError):
        addresses.remove(actor, "区教委", "email", NOW)
    assert len(addresses.all()) == 1


def test_an_address_that_cannot_be_used_is_not_stored(store):
    with pytest.raises(AddressError):
        Addresses(store).set(CONSOLE, address("email", "nobody"), NOW)
    assert Addresses(store).all() == {}
    assert log(store) == []
