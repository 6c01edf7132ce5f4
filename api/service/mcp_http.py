"""The MCP server over streamable HTTP: `/mcp` of the service, with a bearer token as for the API.

The SDK is read in when the first program asks: it is a fifth of what starting the service takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.service.identity import Viewer, require_for, viewer_of
from api.service.problems import from_duban, problem
from api.service.state import Service
from api.settings import Settings
from kb.errors import DubanError
from tasks.authorisation import Action

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from mcp.server.transport_security import TransportSecuritySettings

PATH = "/mcp"
_VIEWER = "duban.viewer"


def install(app: FastAPI) -> None:
    """Serve the tools at `/mcp` of the app, while `running` is entered."""
    app.router.routes.append(Route(PATH, endpoint=_Endpoint()))


@asynccontextmanager
async def running(app: FastAPI, service: Service) -> AsyncIterator[None]:
    """While the app runs: makes the server when it is first asked for."""
    server = app.state.mcp = _Server(service)
    try:
        yield
    finally:
        await server.stop()


class _Server:
    """The SDK's server and its manager, in a task of their own: the manager has to be left by the
    task that entered it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._task: asyncio.Task[None] | None = None
        self._manager: asyncio.Future[StreamableHTTPSessionManager] | None = None

    async def manager(self) -> StreamableHTTPSessionManager:
        """What handles requests; started now where it is not yet."""
        if self._manager is None:
            self._manager = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._run(self._manager))
        return await asyncio.shield(self._manager)

    async def stop(self) -> None:
        """End what was started."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self, started: asyncio.Future[StreamableHTTPSessionManager]) -> None:
        try:
            manager = await run_in_threadpool(_make, self._service)
        except Exception as error:
            started.set_exception(error)
            self._manager = None  # the next request tries again
            return
        async with manager.run():
            started.set_result(manager)
            await asyncio.Event().wait()


def _make(service: Service) -> StreamableHTTPSessionManager:
    from api.service.mcp import make_server  # noqa: PLC0415

    server = make_server(service, lambda context: _viewer_in(context.request_context.request))
    # No sessions: every request proves by itself who it is from.
    server.streamable_http_app(
        streamable_http_path=PATH, stateless_http=True, json_response=True,
        transport_security=_hosts(service.settings),
    )  # fmt: skip
    return server.session_manager


class _Endpoint:
    """Finds out who asks before the SDK reads anything."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        if request.method != "POST":
            # Without sessions there is nothing to stream and nothing to end (2025-06-18, 2.1): a
            # GET would be held open for ever.
            told = "这里只收 POST / only POST is taken here"
            refusal = problem(405, "method-not-allowed", told)
            refusal.headers["Allow"] = "POST"
            await refusal(scope, receive, send)
            return
        try:
            viewer = await run_in_threadpool(viewer_of, request)
            require_for(viewer, Action.READ)
        except DubanError as error:
            await from_duban(error)(scope, receive, send)
            return
        scope[_VIEWER] = viewer
        manager = await scope["app"].state.mcp.manager()
        await manager.handle_request(scope, receive, send)


def _viewer_in(request: Any) -> Viewer:
    viewer: Viewer = request.scope[_VIEWER]
    return viewer


def _hosts(settings: Settings) -> TransportSecuritySettings:
    """Names under which the service is reached: a page of another site that gave its own name our
    address (DNS rebinding) is refused."""
    from mcp.server.transport_security import TransportSecuritySettings  # noqa: PLC0415

    base_url = settings.base_url
    near = [
        f"{host}{port}"
        for host in ("127.0.0.1", "localhost", "[::1]", *settings.hosts)
        for port in ("", ":*")
    ]
    hosts = [*near, *([urlsplit(base_url).netloc] if base_url else [])]
    origins = [f"http://{host}" for host in near] + ([base_url] if base_url else [])
    return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins)
