"""Signing in and out by the API, and who one is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.service.identity import (
    COOKIE,
    TLS_COOKIE,
    ServiceOf,
    ViewerOf,
    address_of,
    check_origin,
    over_tls,
    session_cookie,
)
from api.service.problems import RESPONSES, UnauthenticatedError
from api.service.state import Service
from kb.errors import DeniedError
from tasks.access import Session
from tasks.authorisation import PersonRole
from tasks.people import Person

router = APIRouter(tags=["sign-in"], responses=RESPONSES)


class Credentials(BaseModel):
    """A sign-in name and its password."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"login": "li", "password": "correct horse battery"}]},
    )

    login: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[str, Field(min_length=1, max_length=256)]


class Me(BaseModel):
    """Who is asking; `units` are ids. `csrf` goes into `X-CSRF-Token` of every write by cookie."""

    login: str
    name: str
    role: PersonRole | None
    units: tuple[str, ...]
    csrf: str


@router.post("/session", summary="登录 / sign in")
def sign_in(body: Credentials, request: Request, response: Response, service: ServiceOf) -> Me:
    """Begin a session; the cookie is HttpOnly and SameSite=Lax."""
    check_origin(request)
    person, secret, session = begin(service, request, body.login, body.password)
    set_cookie(response, request, service, secret)
    return Me(login=person.login, name=person.name, role=person.role, units=person.units, csrf=session.csrf)  # fmt: skip


@router.get("/session", summary="我是谁 / who am I")
def who(viewer: ViewerOf) -> Me:
    """Who the request comes from; empty for nobody."""
    p = viewer.person
    return Me(
        login=p.login if p else "", name=p.name if p else "", role=p.role if p else None,
        units=p.units if p else (), csrf=viewer.csrf,
    )  # fmt: skip


@router.delete("/session", status_code=204, summary="退出 / sign out")
def sign_out(request: Request, response: Response, viewer: ViewerOf, service: ServiceOf) -> None:
    """End the session."""
    if viewer.session:
        service.access.close_session(session_cookie(request))
    remove_cookie(response, request)


def begin(
    service: Service, request: Request, login: str, password: str
) -> tuple[Person, str, Session]:
    """Check a password and begin a session, always a new one: a secret that somebody put into the
    browser before is worth nothing, and the session that the browser had ends. Slowed down after
    many tries.

    Raises:
        UnauthenticatedError: the name or the password is wrong.
        TooManyError: too many tries from this address or for this name.
    """
    address = address_of(request)
    for caller in (f"address:{address}", f"login:{login}"):
        service.sign_in_limit.check(caller)
    try:
        person = service.access.check_password(login, password)
    except DeniedError as error:
        raise UnauthenticatedError(error.message) from None
    service.sign_in_limit.forget(f"login:{login}")
    # A whole office may sign in from one address; one who knows a password clears no guesses.
    service.sign_in_limit.take_back(f"address:{address}")
    if former := session_cookie(request):
        service.access.close_session(former)
    secret, session = service.access.open_session(
        login, service.now(), service.settings.session_hours
    )
    return person, secret, session


def set_cookie(response: Response, request: Request, service: Service, secret: str) -> None:
    """Put a session's secret into a cookie, `Secure` and bound to this host wherever TLS is in
    use."""
    secure = over_tls(request)
    response.set_cookie(
        TLS_COOKIE if secure else COOKIE, secret, max_age=int(service.settings.session_hours * 3600),
        httponly=True, samesite="lax", secure=secure, path="/",
    )  # fmt: skip


def remove_cookie(response: Response, request: Request) -> None:
    """Take the session's cookie out of the browser."""
    secure = over_tls(request)
    response.delete_cookie(
        TLS_COOKIE if secure else COOKIE, httponly=True, samesite="lax", secure=secure, path="/"
    )
