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
from api.service.problems import TooManyError, UnauthenticatedError
from api.service.state import Service
from kb.errors import DeniedError
from kb.identifiers import sha256_hex
from tasks.access import Session
from tasks.people import Person


def begin(
    service: Service, request: Request, login: str, password: str
) -> tuple[Person, str, Session]:
    """Check a password and begin a session, always a new one: a secret that somebody put into the
    browser before is worth nothing, and the session that the browser had ends.

    Wrong passwords cost growing delays, counted for an account and an address together and for an
    address over all accounts, never for an account alone: who does not know the password could
    lock its owner out. Where the account's owner has been before (an open session in this
    browser, an address they signed in from), the right password is let in through all delays: it
    is checked, but after the free tries only at a bounded pace (`Service.home_pace`), and a wrong
    one is told the delay. So guesses there are as few as the pace, and the owner waits for a turn.

    Raises:
        UnauthenticatedError: the name or the password is wrong.
        TooManyError: the wait after wrong ones from this address is not over.
    """
    address, now = address_of(request), service.now()
    former = session_cookie(request)
    open_here = service.access.session(former, now) if former else None
    if open_here is not None and open_here[1].login == login:
        person = _at_home(service, f"{login}\x1f{sha256_hex(former.encode())}", login, password)
    elif service.access.is_known_address(login, address, now):
        person = _at_home(service, f"{login}\x1f{address}", login, password)
    else:
        person = _elsewhere(service, address, login, password)
    service.access.remember_address(login, address, now)
    if former:
        service.access.close_session(former)
    secret, session = service.access.open_session(
        login, service.now(), service.settings.session_hours
    )
    return person, secret, session


def _at_home(service: Service, place: str, login: str, password: str) -> Person:
    limit = service.sign_in_limit
    over = limit.count(place)
    if over is None:
        person = _check(service, login, password)
    else:
        try:
            with service.home_pace.turn(place):
                person = _check(service, login, password)
        except UnauthenticatedError:
            raise over from None
        except TooManyError:  # it was not checked
            limit.take_back(place)
            raise
    limit.forget(place)
    return person


def _elsewhere(service: Service, address: str, login: str, password: str) -> Person:
    limit, pair, everyone = service.sign_in_limit, f"{login}\x1f{address}", f"address:{address}"
    service.address_limit.begin(everyone)
    try:
        limit.begin(pair)
    except TooManyError:
        service.address_limit.take_back(everyone)
        raise
    person = _check(service, login, password)
    limit.forget(pair)
    # A whole office may sign in from one address; one who knows a password clears no guesses.
    service.address_limit.take_back(everyone)
    return person


def _check(service: Service, login: str, password: str) -> Person:
    try:
        return service.access.check_password(login, password, service.now())
    except DeniedError as error:
        raise UnauthenticatedError(error.message) from None


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
