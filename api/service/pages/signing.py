"""Signing in and out by a form; the language switch."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Query, Request, Response

from api.service.identity import COOKIE
from api.service.pages.screen import LANGUAGE_COOKIE, ScreenOf, local_path
from api.service.problems import TooManyError, UnauthenticatedError
from api.service.routes.signing import begin, set_cookie
from api.settings import LANGUAGES
from kb.errors import DeniedError

router = APIRouter()


@router.get("/sign-in")
def sign_in_form(
    s: ScreenOf, to: Annotated[str, Query(alias="next", max_length=2000)] = ""
) -> Response:
    """The form."""
    if s.known:
        return s.go(local_path(to))
    single = s.request.app.state.sign_on is not None
    return s.show("sign-in.html", next=local_path(to), login="", failure="", single=single)


@router.post("/sign-in")
def sign_in(
    request: Request,
    s: ScreenOf,
    login: Annotated[str, Form(max_length=64)] = "",
    password: Annotated[str, Form(max_length=256)] = "",
    to: Annotated[str, Form(alias="next", max_length=2000)] = "",
) -> Response:
    """Begin a session and go on to where the person wanted to go."""
    # Nobody is signed in yet, so there is no CSRF value: a form of another site is told by origin.
    origin = request.headers.get("Origin", "")
    ours = {urlsplit(str(request.base_url)).netloc, urlsplit(s.service.settings.base_url).netloc}
    if origin and urlsplit(origin).netloc not in ours:
        raise DeniedError("请求来自别的网站 / the request comes from another site")
    try:
        _, secret, _ = begin(s.service, request, login.strip(), password)
    except (UnauthenticatedError, TooManyError) as error:
        status = 429 if isinstance(error, TooManyError) else 401
        single = s.request.app.state.sign_on is not None
        return s.show(
            "sign-in.html", status, next=local_path(to), login=login,
            failure=s.told(error.message), single=single,
        )  # fmt: skip
    response = s.go(local_path(to))
    set_cookie(response, request, s.service, secret)
    return response


@router.post("/sign-out")
def sign_out(request: Request, s: ScreenOf, csrf: Annotated[str, Form()] = "") -> Response:
    """End the session."""
    s.check(csrf)
    secret = request.cookies.get(COOKIE)
    if s.known and secret:
        s.service.access.close_session(secret)
    response = s.go("/", s.t("已退出"))
    response.delete_cookie(COOKIE)
    return response


@router.get("/language/{language}")
def language(
    language: str, s: ScreenOf, back: Annotated[str, Query(max_length=4000)] = "/"
) -> Response:
    """Choose the language of the pages."""
    response = s.go(local_path(back))
    if language in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=31_536_000, samesite="lax")
    return response
