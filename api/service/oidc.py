"""Signing in by OpenID Connect: the authorization code flow with PKCE, state and nonce.

The provider says who somebody is; what they may do is decided here, by an administrator. Whoever
signs in for the first time becomes a reader, whatever the provider says of them, and a role that
was given here holds only while the provider confirms it (where `DUBAN_OIDC_ROLES` is set).
"""

from __future__ import annotations

import hmac
import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.base_client import BaseApp, OAuthError
from authlib.integrations.base_client.sync_app import OAuth2Mixin
from authlib.integrations.base_client.sync_openid import OpenIDMixin
from authlib.integrations.httpx_client import OAuth2Client
from joserfc.errors import JoseError

from api.service.problems import UnauthenticatedError, UnreachableError
from api.settings import SettingError
from kb.errors import NotFoundError
from tasks.authorisation import Actor, PersonRole
from tasks.people import People, Person

log = logging.getLogger("duban.oidc")
OIDC = Actor(login="oidc", roles=frozenset({PersonRole.ADMIN}))
"""In whose name people are recorded who sign in for the first time."""
_RANK: Mapping[PersonRole, int] = MappingProxyType(
    {
        PersonRole.READER: 0,
        PersonRole.UNIT_OFFICER: 1,
        PersonRole.SUPERVISOR: 2,
        PersonRole.AUDITOR: 2,
        PersonRole.ADMIN: 3,
    }
)
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")  # fmt: skip
"""Of signatures by the provider's own key: never `none`, never one made with a shared secret."""
_MINUTES = 10
_WAITING = 2_000
"""Sign-ins begun and not yet ended; the oldest are forgotten first."""
_SECONDS = 10.0
"""To wait for the provider."""


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """The provider and how it is read.

    `issuer` is its address; `client_id` and `client_secret` are what it gave us (no secret: a
    public client, by PKCE alone). `login_claim` holds the sign-in name: it must be one that people
    cannot choose themselves. `role_claim` holds the groups that `roles` maps to roles of duban;
    `unit_claim` the units, which then follow the provider at each sign-in. A claim inside another
    is written with a dot: `realm_access.roles`.
    """

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scopes: str = "openid profile"
    login_claim: str = "preferred_username"
    name_claim: str = "name"
    role_claim: str = "groups"
    roles: Mapping[str, PersonRole] = field(default_factory=dict)
    unit_claim: str = ""


def read_oidc_settings(environ: Mapping[str, str]) -> OidcSettings | None:
    """The provider that the environment names; None where it names none.

    Args:
        environ: `DUBAN_OIDC_ISSUER` (https, or http on this machine), `DUBAN_OIDC_CLIENT_ID`,
            `DUBAN_OIDC_CLIENT_SECRET`, `DUBAN_OIDC_SCOPES`, `DUBAN_OIDC_LOGIN_CLAIM`,
            `DUBAN_OIDC_NAME_CLAIM`, `DUBAN_OIDC_ROLE_CLAIM`, `DUBAN_OIDC_ROLES`
            (`督查室=supervisor,审计处=auditor`) and `DUBAN_OIDC_UNIT_CLAIM` are read of it.

    Raises:
        SettingError: one of them cannot be used.
    """
    issuer = (environ.get("DUBAN_OIDC_ISSUER") or "").strip().rstrip("/")
    if not issuer:
        return None
    if not _is_safe(issuer):
        raise SettingError(
            f"DUBAN_OIDC_ISSUER 要用 https: {issuer} / must be https",
            hint="DUBAN_OIDC_ISSUER=https://…",
        )
    client = (environ.get("DUBAN_OIDC_CLIENT_ID") or "").strip()
    if not client:
        raise SettingError(
            "设了 DUBAN_OIDC_ISSUER, 还缺 DUBAN_OIDC_CLIENT_ID / DUBAN_OIDC_CLIENT_ID is missing",
            hint="DUBAN_OIDC_CLIENT_ID=duban",
        )
    chosen = {
        name: environ[f"DUBAN_OIDC_{name.upper()}"].strip()
        for name in ("scopes", "login_claim", "name_claim", "role_claim", "unit_claim")
        if environ.get(f"DUBAN_OIDC_{name.upper()}")
    }
    if "openid" not in chosen.get("scopes", "openid").split():
        raise SettingError(
            "DUBAN_OIDC_SCOPES 要含 openid / must hold openid", hint="openid profile"
        )
    return OidcSettings(
        issuer=issuer, client_id=client, client_secret=environ.get("DUBAN_OIDC_CLIENT_SECRET") or "",
        roles=_roles(environ.get("DUBAN_OIDC_ROLES") or ""), **chosen,
    )  # fmt: skip


def _roles(printed: str) -> dict[str, PersonRole]:
    found = {}
    for part in filter(None, (p.strip() for p in printed.split(","))):
        group, _, role = (p.strip() for p in part.partition("="))
        if not group or role not in list(PersonRole):
            raise SettingError(
                f"DUBAN_OIDC_ROLES 看不懂: {part} / cannot be read: {part}",
                hint="DUBAN_OIDC_ROLES=督查室=supervisor,审计处=auditor",
            )
        found[group] = PersonRole(role)
    return found


def _is_safe(address: str) -> bool:
    parts = urlsplit(address)
    near = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    return bool(parts.hostname) and (parts.scheme == "https" or near)


class _Provider(OAuth2Mixin, OpenIDMixin, BaseApp):  # type: ignore[misc]
    """authlib's client of one provider, without a web framework."""

    client_cls = OAuth2Client


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in on its way: where the browser goes, and what it must bring back in its cookie."""

    url: str
    browser: str


@dataclass(frozen=True, slots=True)
class _Waiting:
    browser: str
    verifier: str
    nonce: str
    redirect: str
    then: str
    until: datetime


class SignOn:
    """Sign-ins by one provider. Begun ones are kept in memory: a restart asks to begin again."""

    def __init__(self, settings: OidcSettings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, _Waiting] = OrderedDict()
        self._provider = _Provider(
            None, name="oidc", client_id=settings.client_id,
            client_secret=settings.client_secret or None,
            server_metadata_url=f"{settings.issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": settings.scopes, "code_challenge_method": "S256", "timeout": _SECONDS,
                # Made once: authlib has a client for each request, and the authorities take 20 ms.
                "verify": httpx2.create_ssl_context(),
            },
        )  # fmt: skip

    def begin(self, redirect: str, then: str, now: datetime) -> Begun:
        """Begin a sign-in.

        Args:
            redirect: our address that the provider sends the browser back to.
            then: the page to go on to.
            now: the present moment.

        Raises:
            UnreachableError: the provider does not answer, or is not the one that was set.
        """
        self._check_metadata()
        made = self._provider.create_authorization_url(redirect)
        browser = secrets.token_urlsafe(24)
        waiting = _Waiting(
            browser=browser, verifier=made["code_verifier"], nonce=made["nonce"],
            redirect=redirect, then=then, until=now + timedelta(minutes=_MINUTES),
        )  # fmt: skip
        with self._lock:
            self._waiting[made["state"]] = waiting
            while len(self._waiting) > _WAITING:
                self._waiting.popitem(last=False)
        return Begun(url=made["url"], browser=browser)

    def end(self, query: Mapping[str, str], browser: str, now: datetime) -> tuple[dict[str, Any], str]:  # fmt: skip
        """What the provider says of the person, and the page to go on to.

        Args:
            query: what the browser brought from the provider.
            browser: its cookie of `Begun`.
            now: the present moment.

        Raises:
            UnauthenticatedError: it was not begun in this browser, was given up, took too long, or
                what the provider sent does not hold.
            UnreachableError: the provider does not answer.
        """
        with self._lock:
            waiting = self._waiting.pop(query.get("state", ""), None)
        if waiting is None or waiting.until < now or not hmac.compare_digest(waiting.browser.encode(), browser.encode()):  # fmt: skip
            raise UnauthenticatedError(
                "登录已失效, 请重新登录 / the sign-in is no longer valid, begin again"
            )
        if query.get("iss", self.settings.issuer).rstrip("/") != self.settings.issuer:
            raise UnauthenticatedError("回应来自别的登录服务 / the answer is of another provider")
        if "code" not in query:
            log.warning("the provider refused: %.200r", query.get("error", "no code"))
            raise UnauthenticatedError(
                "登录服务没有放行 / the provider did not let the sign-in through"
            )
        try:
            return self._claims(query["code"], waiting), waiting.then
        except (OAuthError, JoseError, ValueError, KeyError) as error:
            log.warning("a sign-in does not hold: %s: %.200s", type(error).__name__, error)
            raise UnauthenticatedError(
                "登录服务的回应核对不上 / what the provider sent does not hold"
            ) from None
        except (httpx2.HTTPError, RuntimeError) as error:
            raise self._unreachable(error) from error

    def _claims(self, code: str, waiting: _Waiting) -> dict[str, Any]:
        self._check_metadata()
        token = self._provider.fetch_access_token(
            redirect_uri=waiting.redirect, code=code, code_verifier=waiting.verifier
        )
        claims = self._provider.parse_id_token(token, nonce=waiting.nonce)
        if claims is None:
            raise ValueError("no id_token")
        wanted = (self.settings.login_claim, self.settings.name_claim, self.settings.role_claim, self.settings.unit_claim)  # fmt: skip
        lacking = any(claim and read_claim(claims, claim) is None for claim in wanted)
        if not lacking or not self._provider.load_server_metadata().get("userinfo_endpoint"):
            return dict(claims)
        more = self._provider.userinfo(token=token)
        if more.get("sub") != claims["sub"]:
            raise ValueError("userinfo of somebody else")
        return {**more, **claims}

    def _check_metadata(self) -> None:
        """Read the provider's description once and hold it to what was set."""
        try:
            known = self._provider.load_server_metadata()
        except (httpx2.HTTPError, ValueError) as error:
            raise self._unreachable(error) from error
        if str(known.get("issuer", "")).rstrip("/") != self.settings.issuer:
            self._provider.server_metadata.clear()
            raise self._unreachable(ValueError(f"issuer is {known.get('issuer')!r}"))
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not _is_safe(str(known.get(name, ""))):
                raise self._unreachable(ValueError(f"{name} is {known.get(name)!r}"))
        offered = known.get("id_token_signing_alg_values_supported") or ["RS256"]
        usable = [a for a in offered if a in _ALGORITHMS]
        if not usable:
            raise self._unreachable(ValueError(f"signatures by {offered!r} only"))
        known["id_token_signing_alg_values_supported"] = usable

    def _unreachable(self, error: Exception) -> UnreachableError:
        log.warning("%s: %s: %.200s", self.settings.issuer, type(error).__name__, error)
        return UnreachableError(
            "登录服务暂时用不了, 可用密码登录 / the sign-in service cannot be used now; a password can"
        )


def read_claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim; None where it is not there. A dot leads into another claim."""
    if name in claims:
        return claims[name]
    outer, dot, inner = name.partition(".")
    held = claims.get(outer)
    return read_claim(held, inner) if dot and isinstance(held, Mapping) else None


def admit(people: People, settings: OidcSettings, claims: Mapping[str, Any], now: datetime) -> Person:  # fmt: skip
    """The person that the claims are of: matched by sign-in name, else recorded as a reader.

    Raises:
        UnauthenticatedError: there is no usable sign-in name, the person is inactive, or the
            provider does not confirm their role.
        FieldError: the sign-in name cannot be used.
    """
    login = read_claim(claims, settings.login_claim)
    if not isinstance(login, str) or not login.strip():
        raise UnauthenticatedError(
            f"登录服务没有给登录名 ({settings.login_claim}) / the provider gives no sign-in name"
        )
    if settings.login_claim == "email" and claims.get("email_verified") is not True:
        raise UnauthenticatedError("邮箱未经验证 / the e-mail address is not verified")
    units = _texts(read_claim(claims, settings.unit_claim)) if settings.unit_claim else None
    groups = _texts(read_claim(claims, settings.role_claim)) if settings.role_claim else ()
    granted = {settings.roles[g] for g in groups if g in settings.roles}
    if settings.roles and not granted:
        raise UnauthenticatedError("登录服务没有授予角色 / the provider grants no role")
    try:
        person = people.get(login)
    except NotFoundError:
        name = read_claim(claims, settings.name_claim)
        shown = name if isinstance(name, str) and name.strip() else login
        new = Person(login=login, name=shown[:200], role=PersonRole.READER, units=units or ())
        return people.add(OIDC, new, now, settle=False)
    if not person.active:
        raise UnauthenticatedError(f"用户 {login} 已停用 / {login} is no longer active")
    if settings.roles and not _confirmed(person.role, granted):
        raise UnauthenticatedError(
            f"登录服务没有确认角色 {person.role.value} / the provider does not confirm this role"
        )
    if units is None or set(people.settled(units, person.units)) == set(person.units):
        return person
    return people.change(OIDC, person.model_copy(update={"units": units}), now, settle=False)


def _confirmed(role: PersonRole, granted: set[PersonRole]) -> bool:
    return role in granted or any(_RANK[other] > _RANK[role] for other in granted)


def _texts(claim: Any) -> tuple[str, ...]:
    held = [claim] if isinstance(claim, str) else claim if isinstance(claim, list) else []
    return tuple(dict.fromkeys(t.strip() for t in held if isinstance(t, str) and t.strip()))
