"""Group robots of 企业微信, 钉钉 and 飞书: their message formats, signatures and answers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import httpx

from api.delivery.channel import DeliveryError, PermanentError, TemporaryError, UncertainError
from api.delivery.message import Message
from tasks.addresses import Address

_LARGEST_ANSWER = 64 * 1024
_LIMITS = {"wecom": 4096, "dingtalk": 20_000, "feishu": 20_000}
"""Bytes of a message's text: wecom's documented limit; the others' whole body, with room left."""
_BUSY = {"wecom": {-1, 45009}, "dingtalk": {-1, 410100, 130101, 130102}, "feishu": {9499, 11232}}
"""Codes for "too fast" or "try again"."""
_MORE = {"zh": "\n\n……其余见邮件或网页", "en": "\n\n… the rest is in the mail or on the page"}


class WebhookChannel:
    """One of the three robots.

    Args:
        name: `wecom`, `dingtalk` or `feishu`.
        timeout: seconds.
        clock: seconds since the epoch, for signatures.
        language: of the note where a text is cut.
    """

    harmless = False

    def __init__(
        self, name: str, timeout: float, clock: Callable[[], float], language: str = "zh"
    ) -> None:
        self.name = name
        self._clock = clock
        self._language = language
        # No proxy and no redirect: the address that an administrator set is where it goes.
        self._client = httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def deliver(self, message: Message, address: Address, announce: Callable[[], None]) -> str:
        """Post the message and read the robot's answer."""
        text = cut_text(message.text, _LIMITS[self.name], _MORE[self._language])
        body, query = write_body(self.name, message.subject, text, address.secret, self._clock())
        announce()
        try:
            with self._client.stream("POST", address.target, json=body, params=query) as response:
                answer = b""
                for piece in response.iter_bytes():
                    answer += piece
                    if len(answer) > _LARGEST_ANSWER:
                        break
                status = response.status_code
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise TemporaryError(f"连不上 / cannot be reached: {error}") from error
        except httpx.HTTPError as error:
            raise UncertainError(f"没有等到回应 / no answer came: {error}") from error
        refused = read_answer(self.name, status, answer)
        if refused is not None:
            raise refused
        return ""


def write_body(
    name: str, title: str, text: str, secret: str, now: float
) -> tuple[dict[str, Any], dict[str, str] | None]:
    """The JSON body and what is added to the URL, as each robot's documentation asks.

    `now` is in seconds since the epoch. 钉钉 signs "milliseconds\\nsecret" with the secret as key, in
    the URL; 飞书 signs nothing with "seconds\\nsecret" as key, in the body.
    """
    if name == "wecom":
        return {"msgtype": "markdown", "markdown": {"content": text}}, None
    if name == "dingtalk":
        body = {"msgtype": "markdown", "markdown": {"title": title, "text": text}}
        if not secret:
            return body, None
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
    return card, None


def read_answer(name: str, status: int, answer: bytes) -> DeliveryError | None:
    """Why a robot refused a message; None where it took it. HTTP 200 alone says nothing: the code
    in the body decides (`errcode`; 飞书: `code` or `StatusCode`)."""
    told = answer[:200].decode(errors="replace")
    if status == 429 or status >= 500:
        return TemporaryError(f"暂时拒收 / refused for now: HTTP {status} {told}")
    if status != 200:
        return PermanentError(f"拒收 / refused: HTTP {status} {told}")
    try:
        plain = json.loads(answer)
        key = "errcode" if name in ("wecom", "dingtalk") else "code" if "code" in plain else "StatusCode"  # fmt: skip
        code = int(plain[key])
    except (ValueError, KeyError, TypeError):
        return PermanentError(f"不是机器人的回应 / not a robot's answer: {told}")
    if code == 0:
        return None
    kind = TemporaryError if code in _BUSY[name] else PermanentError
    return kind(f"机器人拒收 / the robot refused: {code} {told}")


def cut_text(text: str, most: int, note: str) -> str:
    """The text in at most `most` bytes of UTF-8, cut after a line, with a note that it was."""
    if len(text.encode()) <= most:
        return text
    kept, used = [], len(note.encode())
    for line in text.splitlines(keepends=True):
        used += len(line.encode())
        if used > most:
            break
        kept.append(line)
    if not kept:  # one line longer than the whole
        room = most - len(note.encode())
        kept = [text.encode()[:room].decode(errors="ignore")]
    return "".join(kept).rstrip() + note
