"""`duban mcp`: the tools for language models over standard input and output."""

from __future__ import annotations

import typer

from api.cli.state import Run

PANEL = "服务 / service"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("mcp", rich_help_panel=PANEL)(mcp)


def mcp(context: typer.Context) -> None:
    """MCP 服务 (标准输入输出), 只读, 以 --as 或控制台的身份 / an MCP server on stdin and stdout.

    Read-only, for the person of --as (DUBAN_AS), else for the console. Over HTTP the same tools
    are at /mcp of duban serve.
    """
    from api.service.stdio import serve_stdio  # noqa: PLC0415

    state: Run = context.obj
    serve_stdio(state.settings, state.login)
