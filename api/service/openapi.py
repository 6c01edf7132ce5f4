"""The OpenAPI description made whole: what each parameter means, and a real answer of each
operation (`examples.json`, written anew by `python -m tests.api.service.examples`)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.service.identity import COOKIE, CSRF_HEADER, TLS_COOKIE, may_be_anyone
from api.service.problems import MEDIA_TYPE, RESPONSE

_METHODS = ("get", "post", "put", "patch", "delete")
_PARAMETERS = {
    "accept": "application/json 或 text/event-stream / either",
    "action": "动作 / an action",
    "actor": "谁, 登录名 / whose, a sign-in name",
    "channel": "email | file | wecom | dingtalk | feishu: 渠道 / the channel",
    "conversation": "对话编号 / a conversation's id",
    "correction_id": "更正编号 / a correction's id",
    "document": "文件编号 / a document's id",
    "document_id": "文件编号 / a document's id",
    "doubt_id": "待确认的版本关系编号 / the id of a possible version",
    "format": "文件的格式 / the format of the file",
    "job_id": "处理任务编号 / a job's id",
    "kind": "类别 / the kind",
    "limit": "条数 / how many",
    "login": "登录名 / a sign-in name",
    "milestone_id": "里程碑编号 / a milestone's id",
    "model": "模型名, duban / the name of a model, `duban`",
    "occurrence": "哪一期(日期)或哪一次 / which occurrence (date) or occasion",
    "sha256": "文件的 SHA-256 / the file's SHA-256",
    "status": "状态 / the state",
    "subject": "对象编号 / the id of what was changed",
    "target_id": "目标编号 / a target's id",
    "task": "任务编号 / a task's id",
    "task_id": "任务编号 / a task's id",
    "token_id": "令牌编号 / a token's id",
    "turn": "一问一答的编号 / the id of a question with its answer",
    "unit": "单位名称或编号 / a unit's name or id",
    "week": "ISO 周, 如 2026-W48 / an ISO week",
}
"""What parameters mean that are told of nowhere else: they mean the same everywhere."""


_LIMITED = frozenset(
    {"/api/v1/ask", "/v1/chat/completions", "/api/v1/session", "/api/v1/people/{login}/password"}
)
"""Posts and puts whose number is limited."""
_CALM = frozenset(
    {"/api/v1/ask", "/v1/chat/completions", "/api/v1/session", "/api/v1/audit/verify"}
)
"""Posts that cannot meet a state that forbids them."""
_ALSO = {
    ("post", "/api/v1/ask"): {404},  # the conversation
    ("post", "/api/v1/session"): {401, 403},
    ("get", "/api/v1/exports/calendar.ics"): {401, 403},
    ("post", "/api/v1/people"): {404},  # one of the units
    ("post", "/api/v1/review/settle"): {404},  # one of the items
    ("post", "/api/v1/review/open"): {404},
    ("get", "/api/v1/audit/checkpoint"): {409},
    ("get", "/metrics"): {401, 403},
}
"""Errors that an operation's form does not tell of."""


def install(app: FastAPI, parts: Iterable[tuple[str, APIRouter]], *, tls: bool) -> None:
    """Have the app describe itself in full.

    Args:
        app: what is described.
        parts: its routers with their prefixes.
        tls: whether people come by TLS, which changes the cookie's name.
    """
    plain = app.openapi
    free = {
        (method.lower(), f"{prefix}{route.path}")
        for prefix, router in parts
        for route in router.routes
        if isinstance(route, APIRoute) and may_be_anyone(_calls(route.dependant))
        for method in route.methods or ()
    }

    def whole() -> dict[str, Any]:
        if app.openapi_schema is None:
            complete(plain(), free, TLS_COOKIE if tls else COOKIE)
        return plain()

    app.openapi = whole  # type: ignore[method-assign]


def _calls(dependant: Dependant) -> Iterator[Any]:
    for below in dependant.dependencies:
        yield below.call
        yield from _calls(below)


def complete(schema: dict[str, Any], free: Collection[tuple[str, str]], cookie: str) -> None:
    """Add what the routes do not say of themselves.

    Args:
        schema: as FastAPI made it; changed in place.
        free: operations (method, path) that need no sign-in where public reading is on.
        cookie: the name of the session's cookie.
    """
    examples = json.loads((Path(__file__).parent / "examples.json").read_text("utf-8"))
    schema["components"]["securitySchemes"] = _schemes(cookie)
    for method, path, operation in operations_in(schema):
        if operation.get("security"):
            operation["security"] = _ways_in(method, anyone=(method, path) in free)
        for parameter in operation.get("parameters", ()):
            if not parameter.get("description") and parameter["name"] in _PARAMETERS:
                parameter["description"] = _PARAMETERS[parameter["name"]]
        _tell_errors(method, path, operation)
        for status, example in examples.get(f"{method.upper()} {path}", {}).items():
            content = operation["responses"].get(status, {}).get("content", {})
            if "application/json" in content:
                content["application/json"]["example"] = example


def _schemes(cookie: str) -> dict[str, Any]:
    return {
        "token": {
            "type": "http", "scheme": "bearer",
            "description": "访问令牌 duban_… / a token (POST /api/v1/tokens, duban token create)",
        },
        "session": {
            "type": "apiKey", "in": "cookie", "name": cookie,
            "description": "登录后的会话 / the session that POST /api/v1/session begins",
        },
        "csrf": {
            "type": "apiKey", "in": "header", "name": CSRF_HEADER,
            "description": "会话的 csrf 值, 写操作要带 / the session's `csrf`, needed on writes",
        },
    }  # fmt: skip


def _ways_in(method: str, *, anyone: bool) -> list[dict[str, list[str]]]:
    """A token, or a session, whose writes carry its CSRF value too; nothing where reading is open."""
    needed = ("session",) if method == "get" else ("session", "csrf")
    by_session: dict[str, list[str]] = {name: [] for name in needed}
    return [{"token": []}, by_session, *([{}] if anyone else [])]


def _tell_errors(method: str, path: str, operation: dict[str, Any]) -> None:
    """Keep of the errors those that can be, and tell of each in the one shape."""
    told = operation["responses"]
    for status in [s for s in told if s >= "400" and MEDIA_TYPE in told[s].get("content", {})]:
        if status != "416":  # told by the route itself
            del told[status]
    for status in sorted(errors_of(method, path, operation)):
        told.setdefault(str(status), RESPONSE | {"description": HTTPStatus(status).phrase})
    # What FastAPI tells of a request that does not fit is told in our shape.
    operation["responses"] = dict(sorted(told.items()))


def errors_of(method: str, path: str, operation: dict[str, Any]) -> set[int]:
    """The errors that an operation can really answer, by its form and what is known of it."""
    found = {400, 421}  # what no request may hold, and hosts that are not ours
    taken = operation.get("requestBody", {}).get("content", {})
    asked = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"}
    if operation["tags"] != ["health"]:
        found |= {500, 503}
    if operation.get("security"):
        found |= {401, 403}
    if "{" in path:
        found |= {404, 405}  # an id with a slash may lead to another address
    if taken:
        found |= {408, 413}
    if taken or operation.get("parameters") or operation.get("security"):
        found |= {422}
    if "multipart/form-data" in taken:
        found |= {415}
    if method != "get" and operation.get("security") and path not in _CALM:
        found |= {409}
    if asked & {"unit", "task"}:
        found |= {404}
    if "unit" in asked or path.endswith("/{unit}"):
        found |= {409}  # a name that several have
    if method != "get" and path in _LIMITED:
        found |= {429}
    return found | _ALSO.get((method, path), set())


def operations_in(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of each operation."""
    for path, item in schema["paths"].items():
        for method in _METHODS:
            if method in item:
                yield method, path, item[method]
