"""HEAD wherever GET is (RFC 9110, 9.3.2): the same answer without its body."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.service.mcp_http import PATH


class Head:
    """ASGI middleware that answers HEAD as GET and keeps the body back.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or scope["path"] == PATH:
            await self._app(scope, receive, send)
            return

        async def bare(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        # The very scope, so that the guard around it knows the route that was found.
        scope["method"] = "GET"
        try:
            await self._app(scope, receive, bare)
        finally:
            scope["method"] = "HEAD"
