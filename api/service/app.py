"""The service: FastAPI over the store, in one process."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Literal

from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from sqlalchemy import select

from api.delivery.settings import DeliverySettings
from api.service import chat_completions, mcp_http, openapi, pages, problems
from api.service.guard import Guard
from api.service.head import Head
from api.service.identity import ServiceOf, ViewerOf, require_for
from api.service.jobs import Jobs
from api.service.oidc import OidcSettings, SignOn
from api.service.routes import (
    ask,
    audit,
    deadlines,
    docs,
    documents,
    duties,
    graph,
    jobs,
    outputs,
    people,
    progress,
    query,
    review,
    signing,
    tracker,
    versions,
)
from api.service.routes.parameters import refuse_unknown
from api.service.state import Service
from api.settings import Settings
from kb.errors import StoreError
from tasks import schema
from tasks.authorisation import Action
from tasks.proofs import clear_unnamed
from tasks.store import Store

LARGEST_UPLOAD = 64 * 1024 * 1024
"""Bytes of an uploaded document."""
DESCRIPTION = """政策文件的知识库和督办 / a knowledge base over policy documents and a tracker of their duties.

Errors are RFC 9457 problem details. Lists are read on with `cursor` = the `next` of the page before.
Where signing in is needed it is by a bearer token, or by `POST /api/v1/session`: a cookie, and its
`csrf` as `X-CSRF-Token` on writes. `HEAD` is answered wherever `GET` is. Times are in UTC (`Z`), days
(`as_of`, `due`) are the calendar's."""

_PARTS = (
    ask,
    duties,
    deadlines,
    query,
    documents,
    versions,
    jobs,
    tracker,
    review,
    graph,
    outputs,
    progress,
    audit,
    people,
    signing,
    docs,
)
_ROUTERS = [*(("/api/v1", part.router) for part in _PARTS), ("/v1", chat_completions.router)]
_API = APIRouter()
"""The API under its prefixes, put together once: wherever a router is included, FastAPI works out
anew what each route takes, a quarter of a second for all of them."""
for _prefix, _router in _ROUTERS:
    _API.include_router(_router, prefix=_prefix, dependencies=[Depends(refuse_unknown)])


class Ready(BaseModel):
    """Whether it can serve, and why not."""

    status: Literal["ready", "not ready"]
    store: str
    assistant: Literal["ready", "loading", "unknown"]


def create_app(
    settings: Settings,
    *,
    public_read: bool = False,
    public_metrics: bool = False,
    warm: bool = True,
    oidc: OidcSettings | None = None,
    hosts: frozenset[str] | None = None,
    delivery: DeliverySettings | None = None,
    given: frozenset[str] = frozenset(),
) -> FastAPI:
    """The app over the store that the settings name.

    Args:
        settings: of the run.
        public_read: whether public documents are read without signing in.
        public_metrics: whether the metrics are; else by an administrator.
        warm: load models and index in the background at the start, and bring the index in step
            after each upload; else the first question does both.
        oidc: the provider that people may sign in by.
        hosts: names under which the service is reached, beside addresses; None: any.
        delivery: how digests are sent from the pages.
        given: names of the environment variables that set something, for the page of settings.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        store = Store.open(settings.store_url)
        service = app.state.service = Service(settings, store, public_read=public_read, beside=warm)
        folder = settings.home / "uploads"
        index = service.update_index if warm else None
        jobs = Jobs(
            store,
            folder,
            service.now,
            index,
            patience=settings.read_seconds,
            pages=settings.recognised_pages,
            kept_pages=settings.kept_pages,
            government=settings.government,
        )
        jobs.recover()
        clear_unnamed(store, service.now())
        app.state.jobs = jobs
        if warm:
            threading.Thread(target=service.warm_up, daemon=True).start()
        try:
            async with mcp_http.running(app, service):
                yield
        finally:
            jobs.close()
            service.rendering.close()
            store.close()

    app = FastAPI(
        title="duban 督办", version=version("duban"), description=DESCRIPTION, lifespan=lifespan,
        docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json",
        servers=[{"url": settings.base_url or "/", "description": "本服务 / this service"}],
    )  # fmt: skip
    app.state.delivery = delivery or DeliverySettings()
    app.state.given = given
    app.state.oidc = oidc
    app.state.sign_on = SignOn(oidc) if oidc else None
    problems.install(app)
    app.router.routes.extend(_API.routes)
    mcp_http.install(app)
    _health(app, public_metrics=public_metrics)
    pages.install(app)
    openapi.install(app, _ROUTERS, tls=settings.behind_tls)
    app.add_middleware(Head)
    app.add_middleware(Guard, largest_upload=LARGEST_UPLOAD, hosts=hosts, tls=settings.behind_tls)
    return app


def _health(app: FastAPI, *, public_metrics: bool) -> None:
    @app.get("/healthz", tags=["health"], summary="进程在 / the process is there")
    def healthz() -> dict[str, str]:
        """That requests are answered, whatever becomes of the store."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["health"], summary="可以服务 / it can serve", response_model=Ready,
             responses={503: {"model": Ready, "description": "Service Unavailable"}})  # fmt: skip
    def readyz(service: ServiceOf) -> JSONResponse:
        """Whether the store can be read, and whether the models of the assistant are loaded: the
        first question waits for them."""
        try:
            with service.store.reading() as connection:
                connection.execute(select(schema.document.c.id).limit(1))
        except StoreError as error:
            told = problems.told_of(error)[0]
            return JSONResponse({"status": "not ready", "store": told, "assistant": "unknown"}, 503)
        assistant = "ready" if service.warm.is_set() else "loading"
        return JSONResponse({"status": "ready", "store": "ok", "assistant": assistant})

    @app.get(
        "/metrics", tags=["health"], summary="Prometheus 指标 / Prometheus metrics", response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )  # fmt: skip
    def metrics(viewer: ViewerOf) -> Response:
        """Requests by route and status, seconds they took, and the process, in Prometheus' format.
        On a loopback address anybody's, elsewhere an administrator's (a token of scope `read`);
        `DUBAN_PUBLIC_METRICS` says otherwise."""
        if not public_metrics:
            require_for(viewer, Action.MANAGE_PEOPLE)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
