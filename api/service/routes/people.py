"""People, their passwords and tokens; where digests go."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from api.service.fields import Line
from api.service.identity import ServiceOf, SignedIn, Viewer, needs
from api.service.problems import RESPONSES
from api.service.wire.governance import Person, Token
from kb.errors import DeniedError
from tasks.addresses import Address, Addresses
from tasks.authorisation import Action, PersonRole, require
from tasks.passwords import LONGEST, SHORTEST, check_new
from tasks.people import Person as Known

router = APIRouter(tags=["administration"], responses=RESPONSES)
Administrator = Annotated[Viewer, Depends(needs(Action.MANAGE_PEOPLE))]
Setter = Annotated[Viewer, Depends(needs(Action.CHANGE_SETTINGS))]
_Login = Annotated[str, Field(min_length=1, max_length=64)]
_Units = Annotated[tuple[Line, ...], Field(max_length=50)]
Password = Annotated[SecretStr, Field(min_length=SHORTEST, max_length=LONGEST)]
Scope = Literal["read", "write", "admin", "calendar"]


class PersonIn(BaseModel):
    """A new person. An officer needs units; a password may be set now or later."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"login": "li", "name": "李敏", "role": "unit_officer", "units": ["区教委"]}]
        },
    )  # fmt: skip

    login: _Login
    name: Line = ""
    role: PersonRole
    units: _Units = ()
    password: Password | None = None


class PersonChange(BaseModel):
    """What to change of a person; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"units": ["区教委"]}, {"active": False}]}
    )

    name: Line | None = None
    role: PersonRole | None = None
    units: _Units | None = None
    active: bool | None = None


class PasswordIn(BaseModel):
    """A new password; for one's own, with the `present` one."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"password": "correct horse battery", "present": "staple of batteries"}]
        },
    )

    password: Password
    present: Annotated[SecretStr, Field(max_length=LONGEST)] = SecretStr("")


class TokenIn(BaseModel):
    """A token for a program: `read`; `write` for the steps that its person may take; `admin` for
    people, settings and tokens; `calendar`, alone, for the address of the calendar feed."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "日历", "scopes": ["calendar"], "days": 180}]},
    )

    name: Annotated[Line, Field(min_length=1)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=4)]
    days: Annotated[int, Field(ge=1, le=366)] = 90


class TokenMade(Token):
    """A token with its secret, which is shown this once."""

    secret: str


class AddressOut(BaseModel):
    """Where a unit's digest goes; what a webhook's address keeps secret is masked. `unit` is the
    unit's id, or a name that means no one unit (`settled` is then false, and nothing is sent)."""

    unit: str
    name: str
    settled: bool
    channel: str
    target: str
    signed: bool


class AddressIn(BaseModel):
    """E-mail addresses with commas between, a webhook's URL (`secret` signs its messages), or for
    files a folder's name."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"target": "duban@example.gov.cn"}]}
    )

    target: Annotated[Line, Field(max_length=2000)]
    secret: Annotated[SecretStr, Field(max_length=200)] = SecretStr("")


# ---- people


@router.get("/people", summary="用户 / people")
def people(viewer: Administrator, service: ServiceOf) -> list[Person]:
    """All, also those no longer active, by sign-in name."""
    return [Person.of(p) for p in service.people.list()]


@router.post("/people", status_code=201, summary="添加用户 / add a person")
def add(body: PersonIn, viewer: Administrator, service: ServiceOf) -> Person:
    """Add a person, with a password if one is given."""
    if body.password is not None:
        check_new(body.password.get_secret_value(), body.login)
    made = service.people.add(
        viewer.actor,
        Known(login=body.login, name=body.name or body.login, role=body.role, units=body.units),
        service.now(),
    )
    if body.password is not None:
        secret = body.password.get_secret_value()
        service.access.set_password(viewer.actor, made.login, secret, service.now())
    return Person.of(made)


@router.patch("/people/{login}", summary="修改用户 / change a person")
def change(login: str, body: PersonChange, viewer: Administrator, service: ServiceOf) -> Person:
    """Change a name, role, units or whether they are active."""
    changes = {k: v for k, v in body.model_dump(exclude_unset=True).items() if v is not None}
    after = service.people.get(login).model_copy(update=changes)
    return Person.of(service.people.change(viewer.actor, after, service.now()))


@router.put("/people/{login}/password", status_code=204, summary="设密码 / set a password")
def set_password(
    login: str, body: PasswordIn, request: Request, viewer: SignedIn, service: ServiceOf
) -> None:
    """Set one's own password (the present one must be given), or anyone's as an administrator;
    ends that person's sessions and tokens."""
    if viewer.actor.login != login:
        require(viewer.actor, Action.MANAGE_PEOPLE)
    else:
        caller = f"present:{login}"
        service.sign_in_limit.begin(caller)
        try:
            service.access.check_password(login, body.present.get_secret_value())
        except DeniedError:
            raise DeniedError("现在的密码不对 / the present password is wrong") from None
        service.sign_in_limit.forget(caller)
    secret = body.password.get_secret_value()
    service.access.set_password(viewer.actor, login, secret, service.now())


# ---- tokens


@router.get("/tokens", summary="令牌 / tokens")
def tokens(
    viewer: SignedIn,
    service: ServiceOf,
    everyone: Annotated[
        bool, Query(description="所有人的 (管理员) / everybody's (administrators)")
    ] = False,
) -> list[Token]:
    """One's own tokens, without their secrets; everybody's for an administrator who asks."""  # fmt: skip
    if everyone:
        require(viewer.actor, Action.MANAGE_PEOPLE)
    found = service.access.tokens(None if everyone else viewer.actor.login)
    return [Token.of(t) for t in found]


@router.post("/tokens", status_code=201, summary="新令牌 / a new token")
def create_token(body: TokenIn, viewer: SignedIn, service: ServiceOf) -> TokenMade:
    """Make a token for oneself; the secret is in this answer only."""
    now = service.now()
    secret, token = service.access.create_token(
        viewer.actor, viewer.actor.login, body.name, body.scopes, now + timedelta(days=body.days), now
    )  # fmt: skip
    return TokenMade(**dict(token), secret=secret)


@router.delete("/tokens/{token_id}", status_code=204, summary="作废令牌 / revoke a token")
def revoke_token(token_id: str, viewer: SignedIn, service: ServiceOf) -> None:
    """End a token: one's own, or anyone's as an administrator."""
    service.access.revoke_token(viewer.actor, token_id, service.now())


# ---- where digests go


@router.get("/settings/addresses", summary="周报地址 / where digests go")
def addresses(viewer: Setter, service: ServiceOf) -> list[AddressOut]:
    """The addresses in the store, by unit and channel."""
    return [_shown(a) for a in Addresses(service.store).all().values()]


@router.put("/settings/addresses/{unit:path}/{channel}", summary="设地址 / set an address")
def set_address(
    unit: str, channel: str, body: AddressIn, viewer: Setter, service: ServiceOf, request: Request
) -> AddressOut:
    """Set where a unit's digest goes by a channel (email, file, wecom, dingtalk, feishu)."""
    address = Address(
        unit=unit, channel=channel, target=body.target, secret=body.secret.get_secret_value()
    )
    hosts = request.app.state.delivery.webhook_hosts
    made = Addresses(service.store, hosts=hosts).set(viewer.actor, address, service.now())
    return _shown(made)


@router.delete(
    "/settings/addresses/{unit:path}/{channel}",
    status_code=204,
    summary="删地址 / remove an address",
)
def remove_address(unit: str, channel: str, viewer: Setter, service: ServiceOf) -> None:
    """Remove an address of the store; one of the settings file then holds again."""
    Addresses(service.store).remove(viewer.actor, unit, channel, service.now())


def _shown(address: Address) -> AddressOut:
    return AddressOut(
        unit=address.unit, name=address.unit_name, settled=address.settled, channel=address.channel, target=address.shown,
        signed=bool(address.secret),
    )  # fmt: skip
