"""Signing in and out by a form; the language switch."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from api.service.identity import check_origin, over_tls, session_cookie
from api.service.pages.screen import LANGUAGE_COOKIE, ScreenOf, local_path
from api.service.problems import TooManyError, UnauthenticatedError
from api.service.sign_in import begin, remove_cookie, set_cookie
from api.settings import LANGUAGES

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
    check_origin(request)
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
    if s.known:
        s.service.access.close_session(session_cookie(request))
    response = s.go("/", s.t("已退出"))
    remove_cookie(response, request)
    return response


@router.get("/language/{language}")
def language(
    language: str, s: ScreenOf, back: Annotated[str, Query(max_length=4000)] = "/"
) -> Response:
    """Choose the language of the pages."""
    response = s.go(local_path(back))
    if language in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE, language, max_age=31_536_000, httponly=True, samesite="lax",
            secure=over_tls(s.request),
        )  # fmt: skip
    return response
