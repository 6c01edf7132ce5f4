"""Group robots of 企业微信, 钉钉 and 飞书: their message formats, signatures and answers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from api.delivery.channel import (
    DeliveryError,
    PermanentError,
    TemporaryError,
    UncertainError,
    UnreachableError,
)
from api.delivery.chat import write_chat
from api.delivery.message import Message
from kb.errors import both
from tasks.addresses import Address, AddressError, check_robot, is_outside

_LARGEST_ANSWER = 64 * 1024
_LIMITS = {"wecom": 4096, "dingtalk": 18_000, "feishu": 18_000}
"""Bytes of a message's text as JSON: wecom takes 4,096 bytes of text; the others 20,000 bytes as
the whole body, with room left for the title and the rest."""
_BUSY = {"wecom": {-1, 45009}, "dingtalk": {-1, 130101, 410100}, "feishu": {9499, 11232}}
"""Codes for "too fast" (wecom and dingtalk: 20 a minute; feishu: 100) or "busy, try again"."""
_REFUSED_BEFORE_WORK = frozenset({408, 429, 503})
_MORE = {"zh": "\n\n……其余见邮件或网页", "en": "\n\n… the rest is in the mail or on the page"}


class WebhookChannel:
    """One of the three robots.

    Args:
        name: `wecom`, `dingtalk` or `feishu`.
        timeout: seconds.
        clock: seconds since the epoch, for signatures.
        language: of the note where a text is cut.
        hosts: names and addresses that may be in the own network (`DUBAN_WEBHOOK_HOSTS`).
    """

    harmless = False

    def __init__(
        self,
        name: str,
        timeout: float,
        clock: Callable[[], float],
        language: str = "zh",
        hosts: frozenset[str] = frozenset(),
    ) -> None:
        self.name = name
        self._timeout = timeout
        self._clock = clock
        self._language = language
        self._hosts = hosts
        self._open: httpx.Client | None = None

    def __enter__(self) -> Self:
        # No proxy and no redirect: the address that an administrator set is where it goes.
        self._open = httpx.Client(
            timeout=self._timeout, follow_redirects=False, trust_env=False,
            headers={"accept-encoding": "identity"},
        )  # fmt: skip
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def deliver(self, message: Message, address: Address, announce: Callable[[], None]) -> str:
        """Post the message and read the robot's answer."""
        if self._open is None:
            raise RuntimeError("a channel is used as a context manager")
        text = cut_text(write_chat(message.text), _LIMITS[self.name], _MORE[self._language])
        body, query = write_body(self.name, message.subject, text, address.secret, self._clock())
        try:
            url = httpx.URL(address.target).copy_merge_params(query)
        except httpx.InvalidURL:
            raise PermanentError("不是网址 / not a URL") from None  # its words hold the key
        try:
            check_robot(address.target, self._hosts)
        except AddressError as error:
            raise PermanentError(error.message) from None
        announce()
        guard = {} if url.host in self._hosts else {"trace": _refuse_inside}
        try:
            with self._open.stream("POST", url, json=body, extensions=guard) as response:
                answer = self._read(response)
                status = response.status_code
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise UnreachableError(both("连不上", "cannot be reached", error)) from error
        except httpx.UnsupportedProtocol:
            raise PermanentError("不是网址 / not a URL") from None
        except httpx.HTTPError as error:
            told = str(error) or type(error).__name__
            raise UncertainError(both("没有等到回应", "no answer came", told)) from error
        refused = read_answer(self.name, status, answer)
        if refused is not None:
            raise refused
        return ""

    def _read(self, response: httpx.Response) -> bytes:
        """The answer, as far as a robot's goes and no longer than the timeout: httpx alone would
        wait so long for each piece."""
        end = self._clock() + self._timeout
        answer = b""
        for piece in response.iter_bytes():
            answer += piece
            if len(answer) > _LARGEST_ANSWER or self._clock() > end:
                break
        return answer


def write_body(
    name: str, title: str, text: str, secret: str, now: float
) -> tuple[dict[str, Any], dict[str, str]]:
    """The JSON body and what is added to the URL, as each robot's documentation asks.

    `now` is in seconds since the epoch. 钉钉 signs "milliseconds\\nsecret" with the secret as key, in
    the URL; 飞书 signs nothing with "seconds\\nsecret" as key, in the body.
    """
    if name == "wecom":
        return {"msgtype": "markdown", "markdown": {"content": text}}, {}
    if name == "dingtalk":
        body = {"msgtype": "markdown", "markdown": {"title": title, "text": text}}
        if not secret:
            return body, {}
        stamp = str(round(now * 1000))
        signed = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
        return body, {"timestamp": stamp, "sign": base64.b64encode(signed).decode()}
    card: dict[str, Any] = {
        "msg_type": "interactive",
        "card": {
            "header": {"title": {"tag": "plain_text", "content": title}},
            "elements": [{"tag": "markdown", "content": text}],
        },
    }
    if secret:
        stamp = str(int(now))
        signed = hmac.new(f"{stamp}\n{secret}".encode(), b"", hashlib.sha256).digest()
        card |= {"timestamp": stamp, "sign": base64.b64encode(signed).decode()}
    return card, {}


def read_answer(name: str, status: int, answer: bytes) -> DeliveryError | UncertainError | None:
    """Why a robot did not take a message; None where it did. HTTP 200 alone says nothing: the code
    in the body decides (`errcode`; 飞书: `code` or `StatusCode`). A server that failed at its work,
    or answered 200 with something else, may have passed the message on."""
    told = f"HTTP {status} {' '.join(answer.decode(errors='replace').split())[:200]}".strip()
    code = _code(name, answer)
    if code is not None and code in _BUSY[name]:
        return TemporaryError("机器人暂时拒收 / the robot refused for now", answer=told)
    if status in _REFUSED_BEFORE_WORK:
        return TemporaryError("暂时拒收 / refused for now", answer=told)
    if status >= 500:
        return UncertainError("服务器出错 / the server failed", answer=told)
    if status != 200:
        return PermanentError("拒收 / refused", answer=told)
    if code is None:
        return UncertainError("不是机器人的回应 / not a robot's answer", answer=told)
    if code == 0:
        return None
    return PermanentError("机器人拒收 / the robot refused", answer=told)


def _code(name: str, answer: bytes) -> int | None:
    try:
        plain = json.loads(answer)
        keys = ("code", "StatusCode") if name == "feishu" else ("errcode",)
        found = next(plain[key] for key in keys if key in plain)
        return int(found) if isinstance(found, int | str) else None
    except (ValueError, TypeError, StopIteration, RecursionError):
        return None


def cut_text(text: str, most: int, note: str) -> str:
    """The text in at most `most` bytes as JSON carries it, cut after a line, with a note that it
    was."""
    if _weight(text) <= most:
        return text
    room = most - _weight(note)
    kept, used = "", 0
    for line in text.splitlines(keepends=True):
        used += _weight(line)
        if used > room:
            break
        kept += line
    if not kept:  # one line longer than the whole
        for character in text:
            used = _weight(kept + character)
            if used > room:
                break
            kept += character
    return kept.rstrip() + note


def _weight(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode()) - 2


def _refuse_inside(event: str, info: Mapping[str, Any]) -> None:
    """Called by the connection as it goes on: end it before a byte is sent where the name led into
    the own network. What counts is the address that was connected to, not what the name meant a
    moment before."""
    if event != "connection.connect_tcp.complete":
        return
    stream = info["return_value"]
    if not is_outside(stream.get_extra_info("server_addr")[0]):
        stream.close()
        raise PermanentError(
            "网址指向内部网络 / the URL leads into the own network: DUBAN_WEBHOOK_HOSTS"
        )


class _Masked(logging.Filter):
    """Keeps robots' keys out of the log: httpx writes each request's whole URL to it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                f"{one.scheme}://{one.host}/…" if isinstance(one, httpx.URL) else one
                for one in record.args
            )
        return True


logging.getLogger("httpx").addFilter(_Masked())
