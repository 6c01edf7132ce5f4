"""The web pages: rendered on the server in Chinese or English, usable without scripts."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from api.service.pages import (
    account,
    admin,
    ask,
    audit,
    dashboard,
    digests,
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
    documents,
    dashboard,
    digests,
    audit,
    admin,
    account,
    signing,
    oidc,
)


def install(app: FastAPI) -> None:
    """Put the pages and what they load into the app; errors become pages for browsers."""
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for area in _AREAS:
        app.include_router(area.router, include_in_schema=False)
    errors.install(app)
