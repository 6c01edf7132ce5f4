"""Errors as pages for browsers; programs go on getting problem details."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.service.identity import Viewer, viewer_of
from api.service.pages.screen import Screen, language_of, unit_path
from api.service.problems import UnauthenticatedError, status_of, told_of
from kb.errors import DubanError
from tasks.units import AmbiguousUnitError
from tasks.visibility import NOBODY

_FIELDS = 8
"""Fields of a form that are named as wrong."""
Handler = Callable[[Request, Any], Response | Awaitable[Response]]


def install(app: FastAPI) -> None:
    """Show errors as pages to browsers that ask for a page; leave the rest as it was."""
    for kind in (DubanError, RequestValidationError, HTTPException, Exception):
        app.exception_handlers[kind] = _shown(app.exception_handlers[kind])


def _shown(plain: Handler) -> Handler:
    async def handle(request: Request, error: Exception) -> Response:
        told = plain(request, error)
        response = await told if inspect.isawaitable(told) else told
        return _page(request, error, response) if _wants_page(request) else response

    return handle


def _wants_page(request: Request) -> bool:
    ours = not request.url.path.startswith(("/api/", "/v1/", "/static/", "/metrics", "/healthz"))
    return ours and "text/html" in request.headers.get("Accept", "")


def _page(request: Request, error: Exception, plain: Response) -> Response:
    if isinstance(error, UnauthenticatedError) and request.method == "GET":
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?next={quote(path, safe='')}", 303)
    message, status = "", plain.status_code
    if isinstance(error, DubanError):
        (message, _), (status, _) = told_of(error), status_of(error)
    fields: tuple[str, ...] = ()
    if isinstance(error, RequestValidationError):
        fields = tuple(dict.fromkeys(str(e["loc"][-1])[:60] for e in error.errors()[:_FIELDS]))
    screen = _screen(request)
    choices = []
    if isinstance(error, AmbiguousUnitError) and request.method == "GET":
        page = request.url.path.startswith("/units/")
        choices = [
            (unit_path(key) if page else screen.link(unit=key), key, title)
            for key, title in error.candidates
        ]
    response = screen.show(
        "error.html", status, status=status, message=screen.told(message), fields=fields,
        choices=choices,
        number=getattr(request.state, "request_id", ""),
        again=request.method == "GET" and status in (429, 500, 503),
    )  # fmt: skip
    for name in ("Retry-After", "Allow"):  # what programs are told, browsers are told too
        if name in plain.headers:
            response.headers[name] = plain.headers[name]
    return response


def _screen(request: Request) -> Screen:
    service = request.app.state.service
    try:
        viewer = viewer_of(request)
    except DubanError:
        viewer = Viewer(NOBODY)  # the error may be just that: nobody can be made out
    return Screen(request, service, viewer, language_of(request, service.settings.language))
