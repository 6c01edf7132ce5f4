"""The three robots against a real HTTP server on loopback."""

import base64
import hashlib
import hmac
import json
import logging
import re
import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.delivery.channel import (
    PermanentError,
    TemporaryError,
    UncertainError,
    UnreachableError,
)
from api.delivery.webhooks import WebhookChannel, cut_text
from tasks.addresses import Address
from tests.api.delivery.samples import UNIT, message
from tests.api.delivery.servers import Robots

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
NOW = 1_795_000_000.25
NAMES = ("wecom", "dingtalk", "feishu")
PATHS = {
    "wecom": "/cgi-bin/webhook/send?key=KEY+%2B",
    "dingtalk": "/robot/send?access_token=TOKEN",
    "feishu": "/open-apis/bot/v2/hook/KEY",
}


@pytest.fixture
def robots():
    with Robots() as running:
        yield running


def deliver(robots, name, *, secret="", text=None, announce=lambda: None, timeout=5.0, clock=None):
    address = Address(unit=UNIT, channel=name, target=robots.url + PATHS[name], secret=secret)
    clock, hosts = clock or (lambda: NOW), frozenset({"127.0.0.1"})
    with WebhookChannel(name, timeout, clock, hosts=hosts) as channel:
        return channel.deliver(text or message(), address, announce)


def test_wecom(robots):
    assert deliver(robots, "wecom") == ""
    [call] = robots.calls
    assert (call.path, call.query) == ("/cgi-bin/webhook/send", {"key": "KEY +"})
    assert call.body == {
        "msgtype": "markdown",
        "markdown": {"content": "**督办周报**\n\n.以点开头的一行\n..两点\n"},
    }


@pytest.mark.parametrize("secret", ["", "SEC密+/="])
def test_dingtalk_signs_in_the_url_beside_its_token(robots, secret):
    deliver(robots, "dingtalk", secret=secret)
    [call] = robots.calls
    assert call.body["msgtype"] == "markdown"
    assert call.body["markdown"]["title"] == message().subject
    assert call.body["markdown"]["text"].startswith("**督办周报**")
    if not secret:
        assert call.query == {"access_token": "TOKEN"}
        return
    stamp = "1795000000250"
    key = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    signed = base64.b64encode(key).decode()
    assert call.query == {"access_token": "TOKEN", "timestamp": stamp, "sign": signed}


@pytest.mark.parametrize("secret", ["", "密"])
def test_feishu_signs_in_the_body(robots, secret):
    deliver(robots, "feishu", secret=secret)
    [call] = robots.calls
    assert call.body["msg_type"] == "interactive"
    card = call.body["card"]
    assert card["header"]["title"] == {"tag": "plain_text", "content": message().subject}
    [element] = card["elements"]
    assert (element["tag"], element["content"][:8]) == ("markdown", "**督办周报**")
    signed = {k: v for k, v in call.body.items() if k in ("timestamp", "sign")}
    if not secret:
        assert signed == {}
        return
    key = hmac.new(f"1795000000\n{secret}".encode(), b"", hashlib.sha256).digest()
    assert signed == {"timestamp": "1795000000", "sign": base64.b64encode(key).decode()}


ANSWERS = [
    (200, {"errcode": 0, "errmsg": "ok"}, None),
    (200, {"errcode": "0"}, None),
    (200, {"errcode": 93000, "errmsg": "invalid webhook url"}, PermanentError),
    (200, {"errcode": 310000, "errmsg": "sign not match"}, PermanentError),
    (200, {"errcode": -1, "errmsg": "system busy"}, TemporaryError),
    (200, {"errcode": None}, UncertainError),
    (200, {"errcode": True}, PermanentError),
    (200, {}, UncertainError),
    (200, [], UncertainError),
    (200, b"<html>please log in</html>", UncertainError),
    (200, b"\xff\xfe", UncertainError),
    (200, b"[" * 60_000, UncertainError),
    (200, b'{"errcode": 1e999}', UncertainError),
    (204, b"", PermanentError),
    (302, b"", PermanentError),
    (400, b"", PermanentError),
    (404, b"", PermanentError),
    (429, b"", TemporaryError),
    (503, b"", TemporaryError),
    (500, b"", UncertainError),
    (502, b"", UncertainError),
    (504, b"", UncertainError),
]


@pytest.mark.parametrize(("status", "body", "error"), ANSWERS)
@pytest.mark.parametrize("name", ["wecom", "dingtalk"])
def test_what_an_answer_means(robots, name, status, body, error):
    robots.answers = [(status, body)]
    if error is None:
        assert deliver(robots, name) == ""
        return
    with pytest.raises(error) as caught:
        deliver(robots, name)
    assert type(caught.value) is error
    assert caught.value.answer.startswith(f"HTTP {status}")
    assert len(caught.value.answer) <= len("HTTP 200 ") + 200
    # What is told to everybody holds nothing of the other side's.
    assert not re.search(r"\d|errcode|html|log in", str(caught.value))
    assert len(robots.calls) == 1


@pytest.mark.parametrize(
    ("name", "status", "body", "error"),
    [
        ("feishu", 200, {"code": 0, "msg": "success", "data": {}}, None),
        ("feishu", 200, {"StatusCode": 0, "StatusMessage": "success"}, None),
        ("feishu", 200, {"code": 19021, "msg": "sign match fail"}, PermanentError),
        ("feishu", 200, {"code": 19024, "msg": "Key Words Not Found"}, PermanentError),
        ("feishu", 200, {"code": 11232, "msg": "frequency limited"}, TemporaryError),
        ("feishu", 400, {"code": 9499, "msg": "too many request"}, TemporaryError),
        ("feishu", 400, {"code": 19001, "msg": "param invalid"}, PermanentError),
        ("feishu", 200, {"errcode": 0}, UncertainError),
        ("wecom", 200, {"errcode": 45009, "errmsg": "api freq out of limit"}, TemporaryError),
        ("dingtalk", 200, {"errcode": 130101, "errmsg": "send too fast"}, TemporaryError),
        ("dingtalk", 200, {"errcode": 410100}, TemporaryError),
        ("dingtalk", 200, {"code": 0}, UncertainError),
    ],
)
def test_each_robots_own_codes(robots, name, status, body, error):
    robots.answers = [(status, body)]
    if error is None:
        assert deliver(robots, name) == ""
        return
    with pytest.raises(error) as caught:
        deliver(robots, name)
    assert type(caught.value) is error


def test_a_redirect_is_not_followed(robots):
    def redirect(handler):
        handler.send_response(307)
        handler.send_header("location", robots.url + "/elsewhere")
        handler.send_header("content-length", "0")
        handler.end_headers()

    robots.answers = [redirect]
    with pytest.raises(PermanentError) as caught:
        deliver(robots, "wecom")
    assert caught.value.answer == "HTTP 307"
    assert len(robots.calls) == 1


def test_a_proxy_of_the_environment_is_not_used(robots, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    deliver(robots, "wecom")
    assert len(robots.calls) == 1


def hang_up(handler):
    handler.connection.shutdown(socket.SHUT_RDWR)


def half(handler):
    handler.send_response(200)
    handler.send_header("content-length", "100")
    handler.end_headers()
    handler.wfile.write(b'{"errcode"')
    handler.close_connection = True


@pytest.mark.parametrize("how", [hang_up, half])
def test_no_answer_is_uncertain(robots, how):
    robots.answers = [how]
    with pytest.raises(UncertainError, match="没有等到回应"):
        deliver(robots, "feishu")


def test_an_answer_that_takes_too_long_is_uncertain(robots):
    robots.answers = [lambda handler: time.sleep(0.3)]
    with pytest.raises(UncertainError, match="没有等到回应"):
        deliver(robots, "feishu", timeout=0.1)


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b" " * 1024)
            time.sleep(0.001)
    except OSError:
        handler.close_connection = True


def test_an_endless_answer_is_cut_off(robots):
    robots.answers = [endless]
    with pytest.raises(UncertainError, match="不是机器人的回应"):
        deliver(robots, "wecom")


def test_an_answer_in_small_pieces_ends_with_the_timeout(robots):
    robots.answers = [endless]
    moments = iter(range(0, 1000, 2))
    with pytest.raises(UncertainError):
        deliver(robots, "wecom", clock=lambda: next(moments))
    assert next(moments) < 20  # not after 64 KB


def test_nobody_listens():
    with Robots() as gone:
        pass
    announced = []
    with pytest.raises(UnreachableError, match="连不上"):
        deliver(gone, "wecom", announce=lambda: announced.append(1))
    assert announced == [1]


def test_a_name_that_leads_inside_gets_no_byte(robots, monkeypatch):
    """A public name may mean an address of the own network, and another one a moment later: what
    counts is what was connected to. Nothing is sent, not even the beginning of TLS."""
    _, _, port = robots.url.rpartition(":")
    told = socket.getaddrinfo

    def inside(host, *rest, **more):
        assert host in ("robot.example.com", b"robot.example.com")
        return told("127.0.0.1", *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", inside)
    target = f"https://robot.example.com:{port}/hook?key=KEY"
    one = Address(unit=UNIT, channel="wecom", target=target)
    with (
        WebhookChannel("wecom", 5.0, lambda: NOW) as channel,
        pytest.raises(PermanentError, match="内部网络"),
    ):
        channel.deliver(message(), one, lambda: None)
    assert robots.calls == []


@pytest.mark.parametrize("target", ["https://[::1/x?key=KEY", "ftp://127.0.0.1/KEY", "KEY"])
def test_an_address_that_is_no_url_is_refused_without_its_words(target):
    with WebhookChannel("wecom", 1.0, lambda: NOW) as channel:
        with pytest.raises(PermanentError) as caught:
            channel.deliver(
                message(), Address(unit=UNIT, channel="wecom", target=target), lambda: None
            )
        assert "KEY" not in str(caught.value)


def test_keys_do_not_reach_the_log(robots, caplog):
    caplog.set_level(logging.DEBUG)
    deliver(robots, "dingtalk", secret="SECRET")
    assert "HTTP Request: POST http://127.0.0.1/…" in caplog.text
    assert not [word for word in ("TOKEN", "SECRET", "sign=") if word in caplog.text]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("line", ["水\n", "\"'\\\x01\n", "长" * 30_000])
def test_a_long_message_is_cut_to_what_the_robot_takes(robots, name, line):
    deliver(robots, name, text=message(text=line * (60_000 // len(line)), subject="题" * 150))
    [call] = robots.calls
    whole = len(json.dumps(call.body, ensure_ascii=False).encode())
    texts = {
        "wecom": lambda b: b["markdown"]["content"],
        "dingtalk": lambda b: b["markdown"]["text"],
        "feishu": lambda b: b["card"]["elements"][0]["content"],
    }
    text = texts[name](call.body)
    assert text.endswith("……其余见邮件或网页")
    if name == "wecom":
        assert 3500 < len(text.encode()) + text.count("\n") <= 4096 or '"' in text
        assert len(text.encode()) <= 4096
    else:
        assert whole <= 20_000


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(60, 300))
def test_a_cut_text_begins_like_the_whole_and_fits(text, most):
    cut = cut_text(text, most, "\n…")
    assert len(cut.encode()) <= most
    if cut != text:
        assert text.startswith(cut.removesuffix("\n…"))
        assert len(json.dumps(text, ensure_ascii=False).encode()) - 2 > most
