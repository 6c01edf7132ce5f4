"""What the commands of passwords and tokens do."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Sequence
from datetime import timedelta

from api.cli.state import Run
from kb.errors import DubanError
from tasks.access import Access
from tasks.authorisation import Action, require


def set_password(run: Run, login: str, *, from_stdin: bool) -> None:
    """Ask for a password and set it.

    Raises:
        DubanError: the two differ, or it is too short or too long.
    """
    out = run.out(as_json=False)
    with run.acting() as (store, actor):
        if from_stdin or not sys.stdin.isatty():
            given = sys.stdin.readline().rstrip("\r\n")
        else:
            given = getpass.getpass(out.pick("新密码: ", "new password: "))
            if given != getpass.getpass(out.pick("再输一次: ", "again: ")):
                raise DubanError("两次输入不同 / the two differ")
        Access(store).set_password(actor, login, given, run.settings.now())
    out.say(f"{login} 的密码已改, 原有登录已结束", f"the password of {login} is set; their sessions have ended")  # fmt: skip


def create_token(
    run: Run, login: str, name: str, scopes: Sequence[str], days: int, as_json: bool
) -> None:
    """Make a token and show its secret, this once."""
    out = run.out(as_json)
    now = run.settings.now()
    with run.acting() as (store, actor):
        expires = now + timedelta(days=days)
        secret, token = Access(store).create_token(actor, login, name, scopes, expires, now)
    if as_json:
        out.json(token.model_dump(mode="json") | {"secret": secret})
        return
    out.say(f"令牌 (只显示这一次): {secret}", f"token (shown only now): {secret}")
    out.say(
        f"{token.id}  {login}  {' '.join(token.scopes)}  到 {token.expires_at:%Y-%m-%d}",
        f"{token.id}  {login}  {' '.join(token.scopes)}  until {token.expires_at:%Y-%m-%d}",
    )


def tokens(run: Run, login: str, as_json: bool) -> None:
    """List one's own tokens; anybody's where one may manage people."""
    out = run.out(as_json)
    with run.acting() as (store, actor):
        if not login or login != actor.login:
            require(actor, Action.MANAGE_PEOPLE)
        found = Access(store).tokens(login or None)
    if as_json:
        out.json([t.model_dump(mode="json") for t in found])
        return
    now = run.settings.now()
    out.table(
        [("编号", "id"), ("登录名", "login"), ("用途", "for"), ("范围", "scopes"), ("到期", "expires")],
        [
            (t.id, t.login, t.name, " ".join(t.scopes),
             f"{t.expires_at:%Y-%m-%d}" + ("" if t.expires_at > now else out.pick(" 已过期", " expired")))
            for t in found
        ],
    )  # fmt: skip


def revoke_token(run: Run, token: str) -> None:
    """End a token."""
    with run.acting() as (store, actor):
        Access(store).revoke_token(actor, token, run.settings.now())
    out = run.out(as_json=False)
    out.say(f"令牌 {token} 已吊销", f"token {token} has ended")
