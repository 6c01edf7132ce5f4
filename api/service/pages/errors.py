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
from api.service.pages.screen import Screen, language_of
from api.service.problems import UnauthenticatedError, status_of, told_of
from kb.errors import DubanError
from tasks.visibility import NOBODY

Handler = Callable[[Request, Any], Response | Awaitable[Response]]


def install(app: FastAPI) -> None:
    """Show errors as pages to browsers that ask for a page; leave the rest as it was."""
    for kind in (DubanError, RequestValidationError, HTTPException, Exception):
        app.exception_handlers[kind] = _shown(app.exception_handlers[kind])


def _shown(plain: Handler) -> Handler:
    async def handle(request: Request, error: Exception) -> Response:
        told = plain(request, error)
        response = await told if inspect.isawaitable(told) else told
        return _page(request, error, response.status_code) if _wants_page(request) else response

    return handle


def _wants_page(request: Request) -> bool:
    ours = not request.url.path.startswith(("/api/", "/v1/", "/static/", "/metrics", "/healthz"))
    return ours and "text/html" in request.headers.get("Accept", "")


def _page(request: Request, error: Exception, status: int) -> Response:
    if isinstance(error, UnauthenticatedError) and request.method == "GET":
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?next={quote(path, safe='')}", 303)
    message = ""
    if isinstance(error, DubanError):
        (message, _), (status, _) = told_of(error), status_of(error)
    screen = _screen(request)
    return screen.show("error.html", status, status=status, message=screen.told(message))


def _screen(request: Request) -> Screen:
    service = request.app.state.service
    try:
        viewer = viewer_of(request)
    except DubanError:
        viewer = Viewer(NOBODY)  # the error may be just that: nobody can be made out
    return Screen(request, service, viewer, language_of(request, service.settings.language))
