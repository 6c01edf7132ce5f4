"""One's own account: password and tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Response

from api.service.pages.screen import Screen, SignedIn
from kb.errors import DeniedError, DubanError
from tasks.access import SCOPES
from tasks.passwords import LONGEST, SHORTEST

router = APIRouter()


@router.get("/account")
def account(s: SignedIn) -> Response:
    """Who one is, the form for another password, one's tokens."""
    return _shown(s)


@router.post("/account/password")
def password(
    s: SignedIn,
    present: Annotated[str, Form(max_length=LONGEST)] = "",
    wanted: Annotated[str, Form(alias="password", max_length=LONGEST + 1)] = "",
    again: Annotated[str, Form(max_length=LONGEST + 1)] = "",
    csrf: Annotated[str, Form()] = "",
) -> Response:
    """Set one's own password; the present one must be given. Ends all one's sessions and tokens."""
    s.check(csrf)
    login, access = s.viewer.actor.login, s.service.access
    limit, caller = s.service.sign_in_limit, f"present:{login}"
    limit.begin(caller)

    def act() -> None:
        if wanted != again:
            raise DubanError("两次输入的新密码不同 / the two new passwords differ")
        try:
            access.check_password(login, present)
        except DeniedError:
            raise DubanError("现在的密码不对 / the present password is wrong") from None
        limit.forget(caller)
        access.set_password(s.viewer.actor, login, wanted, s.service.now())

    return s.attempt(act, "/account", s.t("密码已改，请重新登录"))


@router.post("/account/sessions/end")
def end_sessions(s: SignedIn, csrf: Annotated[str, Form()] = "") -> Response:
    """Sign oneself out on every device, this one too."""
    s.check(csrf)
    s.service.access.end_sessions(s.viewer.actor, s.viewer.actor.login, s.service.now())
    return s.go("/sign-in", s.t("已在所有设备上退出"))


@router.post("/account/tokens")
def create_token(
    s: SignedIn,
    name: Annotated[str, Form(max_length=200)] = "",
    scopes: Annotated[list[str] | None, Form()] = None,
    days: Annotated[int, Form(ge=1, le=366)] = 90,
    csrf: Annotated[str, Form()] = "",
) -> Response:
    """Make a token; its secret is on the page that answers, and nowhere again."""
    s.check(csrf)
    now = s.service.now()
    try:
        secret, _ = s.service.access.create_token(
            s.viewer.actor, s.viewer.actor.login, name, scopes or [], now + timedelta(days=days), now
        )  # fmt: skip
    except DubanError as error:
        return s.refused(error, "/account")
    return _shown(s, secret)


@router.post("/account/tokens/{token_id}/revoke")
def revoke_token(token_id: str, s: SignedIn, csrf: Annotated[str, Form()] = "") -> Response:
    """End a token: one's own, or anyone's as an administrator."""
    s.check(csrf)
    s.service.access.revoke_token(s.viewer.actor, token_id, s.service.now())
    back = "/admin/tokens" if "/admin/" in s.request.headers.get("Referer", "") else "/account"
    return s.go(back, s.t("令牌已作废"))


def _shown(s: Screen, secret: str = "") -> Response:
    return s.show(
        "account.html", tokens=s.service.access.tokens(s.viewer.actor.login), secret=secret,
        scopes=SCOPES, shortest=SHORTEST, now=s.service.now(),
        sessions=s.service.access.sessions(s.service.now()).get(s.viewer.actor.login, []),
    )  # fmt: skip
