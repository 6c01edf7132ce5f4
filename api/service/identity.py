"""Who asks: a session's cookie, a bearer token, or nobody; and what their request may do."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.service.problems import UnauthenticatedError
from api.service.state import Service
from kb.errors import DeniedError
from tasks.access import CALENDAR, Session, Token
from tasks.authorisation import Action, Actor, require
from tasks.disclosure import Part, may_know
from tasks.people import Person
from tasks.visibility import ANONYMOUS, NOBODY

COOKIE = "duban_session"
TLS_COOKIE = f"__Host-{COOKIE}"
"""The name under TLS: no other host of the domain, and nobody on the way without TLS, can set it
(RFC 6265bis, 4.1.3.2)."""
CSRF_HEADER = "X-CSRF-Token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_API = ("/api/", "/v1/", "/mcp", "/metrics")
"""Where programs ask; the other addresses are pages, for people with a browser."""
_ASKING = frozenset(
    {"/api/v1/ask", "/v1/chat/completions", "/mcp", "/api/v1/audit/verify", "/api/v1/query"}
)
"""Posts that write nothing."""
_TRYING = "/api/v1/progress"
"""A post that writes nothing when it says so."""
_YES = frozenset({"true", "1"})
_ADMINISTERING = tuple(f"/api/v1/{part}" for part in ("people", "settings", "tokens"))
_bearer = HTTPBearer(auto_error=False, description="duban_…")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who a request comes from."""

    actor: Actor
    person: Person | None = None
    session: Session | None = None
    token: Token | None = None
    address: str = ""

    @property
    def caller(self) -> str:
        """Whose requests are counted together: a person's, or an address's where nobody is signed
        in, so that one who has not signed in does not use up what the others may ask."""
        return self.actor.login or f"address:{self.address}"

    @property
    def csrf(self) -> str:
        """What forms must send back; empty where nobody is signed in."""
        return self.session.csrf if self.session else ""


def service_of(request: Request) -> Service:
    """The running service."""
    found: Service = request.app.state.service
    return found


def viewer_of(
    request: Request,
    _bearer_given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)] = None,
) -> Viewer:
    """Who asks. A write by a cookie must come from our own pages: it carries the session's CSRF
    value in a header (forms: a field, see `check_form`) and, where the browser tells, our origin.

    Raises:
        UnauthenticatedError: the token is unknown or has expired.
        DeniedError: the token's scope does not cover the request, or the CSRF value is missing.
    """
    service = service_of(request)
    now = service.now()
    address = address_of(request)
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        known = service.access.token(secret.strip(), now)
        if known is None:
            raise UnauthenticatedError("令牌不对或已过期 / the token is unknown or has expired")
        token, person = known
        _check_scope(token, request)
        return Viewer(person.actor(), person, token=token, address=address)
    cookie = session_cookie(request)
    found = service.access.session(cookie, now) if cookie else None
    if found is None:
        return Viewer(ANONYMOUS if service.public_read else NOBODY, address=address)
    session, person = found
    if request.method not in _SAFE and not _is_form(request):
        _check_csrf(request, session, request.headers.get(CSRF_HEADER, ""))
    return Viewer(person.actor(), person, session=session, address=address)


def check_form(request: Request, viewer: Viewer, given: str) -> None:
    """Check the CSRF field of a form.

    Raises:
        DeniedError: it is not the session's.
    """
    if viewer.session is not None:
        _check_csrf(request, viewer.session, given)


def over_tls(request: Request) -> bool:
    """Whether the browser came by TLS, to us or to the proxy in front."""
    return request.url.scheme == "https" or service_of(request).settings.behind_tls


def session_cookie(request: Request) -> str:
    """The secret of the session that a browser brings; empty where it brings none. Under TLS only
    the name counts that nobody else can set."""
    return request.cookies.get(TLS_COOKIE if over_tls(request) else COOKIE, "")


def address_of(request: Request) -> str:
    """Whose requests are counted together where nobody is signed in. Of IPv6 the first 64 bits:
    one subscriber has all addresses below them."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if not isinstance(address, ipaddress.IPv6Address):
        return host
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


def check_origin(request: Request) -> None:
    """Refuse what a page of another site sends, as far as the browser tells.

    Raises:
        DeniedError: it comes from another site.
    """
    origin = request.headers.get("Origin")
    addresses = str(request.base_url), service_of(request).settings.base_url
    # `null`, which a sandboxed page sends, has no host, as an address that is not set has none.
    ours = {urlsplit(address).netloc for address in addresses} - {""}
    elsewhere = urlsplit(origin).netloc not in ours if origin else False
    if elsewhere or request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise DeniedError("请求来自别的网站 / the request comes from another site")


def _check_scope(token: Token, request: Request) -> None:
    path = request.url.path
    if not path.startswith(_API):
        # The forms of pages do more than any one scope allows: make people, make tokens.
        raise DeniedError(
            "令牌只用于接口, 网页请登录 / a token is for the API, pages take a sign-in",
            hint="/api/v1/docs",
        )
    reads = request.method in _SAFE or path in _ASKING or _only_tries(request)
    wanted = "read" if reads else "write"
    if wanted == "write" and path.startswith(_ADMINISTERING):
        wanted = "admin"
    if CALENDAR in token.scopes:
        raise DeniedError("该令牌只用于日历 / this token is for the calendar feed only")
    if wanted not in token.scopes and not (wanted == "read" and token.scopes):
        raise DeniedError(f"令牌的范围没有 {wanted} / the token's scopes lack {wanted}")


def _only_tries(request: Request) -> bool:
    """Whether a sheet is only to be checked: every `dry_run` of the query says so, for which of
    several counts is not to be argued about."""
    said = request.query_params.getlist("dry_run")
    return request.url.path == _TRYING and bool(said) and set(said) <= _YES


def _is_form(request: Request) -> bool:
    kind = request.headers.get("Content-Type", "")
    form = kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data"))
    return form and not request.url.path.startswith(_API)


def _check_csrf(request: Request, session: Session, given: str) -> None:
    check_origin(request)
    if not hmac.compare_digest(given.encode("utf-8", "replace"), session.csrf.encode()):
        raise DeniedError(
            "页面已过期, 请刷新后再试 / the page has expired, reload it and try again",
            hint=f"{CSRF_HEADER}",
        )


ServiceOf = Annotated[Service, Depends(service_of)]
ViewerOf = Annotated[Viewer, Depends(viewer_of)]


def needs(action: Action) -> Callable[[Viewer], Viewer]:
    """A dependency that lets only those through who may take `action`.

    Raises:
        UnauthenticatedError: nobody is signed in, and signing in could help.
        DeniedError: the person may not.
    """

    def check(viewer: ViewerOf) -> Viewer:
        require_for(viewer, action)
        return viewer

    _needed[check] = action
    return check


_needed: dict[Callable[..., Viewer], Action] = {}


def may_be_anyone(calls: Iterable[Any]) -> bool:
    """Whether an operation that depends on these needs nobody to be signed in, where public
    documents are read so."""
    return all(
        call is not _signed_in and _needed.get(call, Action.READ) is Action.READ for call in calls
    )


def require_for(viewer: Viewer, action: Action) -> None:
    """Raise where the viewer may not take an action; asks them to sign in where nobody is."""
    try:
        require(viewer.actor, action)
    except DeniedError:
        if viewer.person is None:
            raise UnauthenticatedError("请先登录 / sign in first") from None
        raise


Reader = Annotated[Viewer, Depends(needs(Action.READ))]


def _signed_in(viewer: Reader) -> Viewer:
    if viewer.person is None:
        raise UnauthenticatedError("请先登录 / sign in first")
    return viewer


SignedIn = Annotated[Viewer, Depends(_signed_in)]
"""Someone known."""


def knows(part: Part) -> Callable[[Viewer], Viewer]:
    """A dependency that lets only those through who may know this part of the lives of duties.

    Raises:
        UnauthenticatedError: nobody is signed in.
        DeniedError: the person may not.
    """

    def check(viewer: SignedIn) -> Viewer:
        if not may_know(viewer.actor, part):
            raise DeniedError("没有权限查看 / not for your role")
        return viewer

    return check
