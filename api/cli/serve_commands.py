"""`duban serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.state import Run

PANEL = "服务 / service"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve", rich_help_panel=PANEL)(serve)


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option("--host", help="监听地址 / address to bind")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="端口 / port")] = 8000,
    schedule: Annotated[
        bool, typer.Option("--schedule/--no-schedule", help="按周发送周报 / send weekly digests")
    ] = True,
    warm: Annotated[
        bool, typer.Option("--warm/--no-warm", help="启动时载入模型 / load models at the start")
    ] = True,
) -> None:
    """网页和接口, Ctrl-C 停 / the web pages and the API, until Ctrl-C."""
    from api.service.server import serve as run  # noqa: PLC0415

    state: Run = context.obj
    state.code = run(state, host, port, schedule=schedule, warm=warm)
