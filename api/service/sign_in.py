"""Beginning a session by password, and the cookie that holds it."""

from __future__ import annotations

from fastapi import Request, Response

from api.service.identity import (
    COOKIE,
    TLS_COOKIE,
    address_of,
    over_tls,
    session_cookie,
)
from api.service.problems import UnauthenticatedError
from api.service.state import Service
from kb.errors import DeniedError
from tasks.access import Session
from tasks.people import Person


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
        person = service.access.check_password(login, password, service.now())
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
