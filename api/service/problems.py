"""Errors of the service in one shape: RFC 9457 problem details, no traces."""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kb.disk import disk_error
from kb.errors import (
    ConflictError,
    DeniedError,
    DiskError,
    DubanError,
    IndexStateError,
    ModelError,
    NotFoundError,
    SourceError,
    StoreError,
    TransitionError,
)
from tasks.units import AmbiguousUnitError

MEDIA_TYPE = "application/problem+json"
log = logging.getLogger("duban.service")


_MOST = 20
"""Faults of one request that are told."""


def _shown(part: object) -> str:
    """A place or message without half characters, which no answer can carry."""
    return str(part).encode("utf-8", "replace").decode()[:300]


class Candidate(BaseModel):
    """One of several units that a name means."""

    unit_id: str
    unit: str


class Problem(BaseModel):
    """What is told of an error. `detail` and `hint` hold Chinese, ` / `, English; `candidates` are
    the units among which to choose by id, where a name means several."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"type": "about:blank", "title": "Not Found", "status": 404,
                 "detail": "没有任务 task-0 / no task task-0", "code": "not-found"}
            ]
        }
    )  # fmt: skip

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    hint: str | None = None
    errors: list[dict[str, Any]] | None = None
    candidates: list[Candidate] | None = None


_STATUS: tuple[tuple[type[DubanError], int, str], ...] = (
    (NotFoundError, 404, "not-found"),
    (DeniedError, 403, "denied"),
    (AmbiguousUnitError, 409, "ambiguous-unit"),
    (ConflictError, 409, "conflict"),
    (TransitionError, 409, "transition"),
    (SourceError, 422, "unreadable-source"),
    (StoreError, 503, "store"),
    (DiskError, 507, "disk"),
    (IndexStateError, 503, "index"),
    (ModelError, 503, "model"),
    (DubanError, 422, "refused"),
)


class UnauthenticatedError(DubanError):
    """Nobody is signed in, or the token is not known."""


class TooManyError(DubanError):
    """Too many requests; `seconds` says when to try again."""

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


class TooLargeError(DubanError):
    """A body over the limit."""


class MediaTypeError(DubanError):
    """A body of a kind that is not taken."""


class UnreachableError(DubanError):
    """Another service that is needed does not answer."""


def status_of(error: DubanError) -> tuple[int, str]:
    """The HTTP status and the stable code of an error of ours."""
    if isinstance(error, UnauthenticatedError):
        return 401, "unauthenticated"
    if isinstance(error, TooManyError):
        return 429, "too-many-requests"
    if isinstance(error, TooLargeError):
        return 413, "too-large"
    if isinstance(error, MediaTypeError):
        return 415, "media-type"
    if isinstance(error, UnreachableError):
        return 503, "unreachable"
    return next((status, code) for kind, status, code in _STATUS if isinstance(error, kind))


def problem(status: int, code: str, detail: str, **more: Any) -> JSONResponse:
    """A response that tells of an error."""
    return _answer(_problem(status, code, detail, **more))


def problem_of(error: Exception) -> Problem:
    """What is told of an error: of one that nobody foresaw, only that it is in the log."""
    if isinstance(error, DubanError):
        status, code = status_of(error)
        message, hint = told_of(error)
        units = error.candidates if isinstance(error, AmbiguousUnitError) else ()
        found = [Candidate(unit_id=key, unit=title) for key, title in units]
        return _problem(status, code, message, hint=hint, candidates=found or None)
    return _problem(500, "internal", "服务出错, 已记入日志 / the service failed; it is in the log")


def _problem(status: int, code: str, detail: str, **more: Any) -> Problem:
    title = HTTPStatus(status).phrase
    return Problem(title=title, status=status, detail=detail, code=code, **more)


def _answer(body: Problem) -> JSONResponse:
    headers = {"WWW-Authenticate": "Bearer"} if body.status == 401 else None
    told = body.model_dump(exclude_none=True)
    return JSONResponse(told, body.status, headers, media_type=MEDIA_TYPE)


_OF_COMMANDS = re.compile(r"\bduban [a-z]|(?:^|[\s(])--[a-z]")
"""In a hint: commands and their options, which help nobody who comes by a page or over HTTP."""


def told_of(error: DubanError) -> tuple[str, str | None]:
    """What a client is told of an error of ours, and what to do. What a database says of itself
    (its address, its user) is for the log."""
    if isinstance(error, StoreError):
        log.error("%s", error.message)
        return "库暂时用不了, 原因在日志里 / the store cannot be used now; the log says why", None
    return error.message, None if _OF_COMMANDS.search(error.hint) else error.hint or None


def from_duban(error: DubanError) -> JSONResponse:
    """The response for an error of ours."""
    response = _answer(problem_of(error))
    if isinstance(error, TooManyError):
        response.headers["Retry-After"] = str(error.seconds)
    return response


_HTTP = {
    400: ("malformed", "请求读不出 / the request cannot be read"),
    404: ("not-found", "没有这个地址 / there is no such address"),
    405: ("method-not-allowed", "这个地址不能这样用 / the method is not allowed here"),
    408: ("too-slow", "内容来得太慢 / the body comes too slowly"),
    413: ("too-large", "内容过大 / the body is too large"),
}


def install(app: FastAPI) -> None:
    """Make the app tell every error in this shape."""

    @app.exception_handler(DubanError)
    async def _duban(_: Request, error: DubanError) -> Response:
        return from_duban(error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> Response:
        told = [
            {"at": [_shown(p) for p in e["loc"]], "message": _shown(e["msg"])}
            for e in error.errors()[:_MOST]
        ]
        return problem(422, "invalid", "请求不合要求 / the request is not valid", errors=told)

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> Response:
        code, told = _HTTP.get(error.status_code, ("http", str(error.detail)))
        answer = problem(error.status_code, code, told)
        for name, value in (error.headers or {}).items():
            answer.headers[name] = value
        return answer

    @app.exception_handler(OSError)
    async def _disk(request: Request, error: OSError) -> Response:
        fault = disk_error(error)
        return from_duban(fault) if fault else await _unforeseen(request, error)

    @app.exception_handler(Exception)
    async def _unforeseen(request: Request, error: Exception) -> Response:
        key = request.scope.get("state", {}).get("request_id", "")
        log.error("%s %s, request %s", request.method, request.url.path, key, exc_info=error)
        return _answer(problem_of(error))


RESPONSE: dict[str, Any] = {
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
}
"""How an error is told of in the description."""
RESPONSES: dict[int | str, dict[str, Any]] = {
    422: {"model": Problem, "description": HTTPStatus(422).phrase, **RESPONSE}
}
"""For every router: that errors have this shape. Which each operation may answer is worked out
from its form (`openapi.errors_of`)."""
