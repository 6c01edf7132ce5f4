"""Signing in by the organisation's own sign-in service (OpenID Connect), where one is set."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from api.service.identity import over_tls
from api.service.oidc import SignOn, admit
from api.service.pages.screen import ScreenOf, local_path
from api.service.problems import UnauthenticatedError, UnreachableError
from api.service.sign_in import set_cookie
from kb.errors import NotFoundError
from tasks.fields import FieldError

router = APIRouter()
_COOKIE = "duban_oidc"
_HERE = "/sign-in/oidc"
_BACK = f"{_HERE}/callback"


@router.get(_HERE)
def begin(
    request: Request, s: ScreenOf, to: Annotated[str, Query(alias="next", max_length=2000)] = ""
) -> Response:
    """On to the provider."""
    then = local_path(to)
    base = s.service.settings.base_url or str(request.base_url).rstrip("/")
    try:
        begun = _sign_on(request).begin(f"{base}{_BACK}", then, s.service.now())
    except UnreachableError as error:
        return s.go(f"/sign-in?{urlencode({'next': then})}", s.told(error.message), failed=True)
    response = s.go(begun.url)
    # Lax: the browser must bring it when the provider sends it back.
    response.set_cookie(
        _COOKIE, begun.browser, max_age=600, httponly=True, samesite="lax",
        secure=over_tls(request), path=_HERE,
    )  # fmt: skip
    return response


@router.get(_BACK)
def end(request: Request, s: ScreenOf) -> Response:
    """Back from the provider: a session, or the form with the reason why not."""
    sign_on, now = _sign_on(request), s.service.now()
    query = {key: value[:4000] for key, value in request.query_params.items()}
    try:
        claims, then = sign_on.end(query, request.cookies.get(_COOKIE, ""), now)
        person = admit(s.service.people, sign_on.settings, claims, now)
    except (UnauthenticatedError, UnreachableError, FieldError) as error:
        response = s.go("/sign-in", s.told(error.message), failed=True)
    else:
        hours = s.service.settings.session_hours
        secret, _ = s.service.access.open_session(person.login, now, hours)
        response = s.go(then)
        set_cookie(response, request, s.service, secret)
    response.delete_cookie(_COOKIE, path=_HERE)
    return response


def _sign_on(request: Request) -> SignOn:
    found: SignOn | None = request.app.state.sign_on
    if found is None:
        raise NotFoundError("没有设统一登录 / no sign-in service is set", hint="DUBAN_OIDC_ISSUER")
    return found
