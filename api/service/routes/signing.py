"""Signing in and out by the API, and who one is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.service.identity import (
    ServiceOf,
    ViewerOf,
    check_origin,
    session_cookie,
)
from api.service.problems import RESPONSES
from api.service.sign_in import begin, remove_cookie, set_cookie
from tasks.authorisation import PersonRole

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
