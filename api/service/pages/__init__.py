"""The web pages: rendered on the server in Chinese or English, usable without scripts."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles

from api.service.pages import (
    account,
    admin,
    ask,
    audit,
    dashboard,
    digests,
    document_acts,
    documents,
    errors,
    fixes,
    oidc,
    review,
    sheets,
    signing,
    task,
    tasks,
    units,
    uploads,
)

STATIC = Path(__file__).resolve().parent.parent / "static"
_AREAS = (
    ask,
    tasks,
    sheets,
    task,
    fixes,
    review,
    units,
    uploads,
    documents,
    document_acts,
    dashboard,
    digests,
    audit,
    admin,
    account,
    signing,
    oidc,
)

_PAGES = APIRouter()
"""All of them, put together once, as the API is."""
for _area in _AREAS:
    _PAGES.include_router(_area.router, include_in_schema=False)


def install(app: FastAPI) -> None:
    """Put the pages and what they load into the app; errors become pages for browsers."""
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.router.routes.extend(_PAGES.routes)
    errors.install(app)
