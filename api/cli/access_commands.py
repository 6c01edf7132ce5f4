"""How people get in, on the command line: passwords, and tokens for their programs."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.governance_commands import PANEL, Login, people_app
from api.cli.state import JsonOption, Run

token_app = typer.Typer(no_args_is_help=True, help="程序用的令牌 / tokens for programs")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    people_app.command("password")(password)
    app.add_typer(token_app, name="token", rich_help_panel=PANEL)


def password(
    context: typer.Context,
    login: Login,
    from_stdin: Annotated[
        bool, typer.Option("--stdin", help="从标准输入读一行 / read a line of standard input")
    ] = False,
) -> None:
    """设密码, 并结束其登录 / set a person's password and end their sessions.

    It is asked for twice and never stands on the command line, where others could read it.
    """
    from api.cli import access  # noqa: PLC0415

    state: Run = context.obj
    access.set_password(state, login, from_stdin=from_stdin)


@token_app.command("create")
def token_create(
    context: typer.Context,
    login: Login,
    name: Annotated[str, typer.Option("--name", help="用途 / what it is for")] = "token",
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="read | write | admin | calendar, 可多个 / may be repeated"),
    ] = None,
    days: Annotated[
        int, typer.Option("--days", min=1, max=366, help="有效天数 / days it lasts")
    ] = 90,
    as_json: JsonOption = False,
) -> None:
    """发令牌, 只显示一次 / make a token; it is shown once."""
    from api.cli import access  # noqa: PLC0415

    state: Run = context.obj
    access.create_token(state, login, name, scope or ["read"], days, as_json)


@token_app.command("list")
def token_list(
    context: typer.Context,
    login: Annotated[
        str, typer.Argument(help="登录名, 默认全部 / sign-in name, default: all")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """列令牌 (不含密文) / list tokens, without their secrets."""
    from api.cli import access  # noqa: PLC0415

    state: Run = context.obj
    access.tokens(state, login, as_json)


@token_app.command("revoke")
def token_revoke(
    context: typer.Context,
    token: Annotated[str, typer.Argument(help="令牌编号 / a token's id")],
) -> None:
    """吊销令牌 / end a token."""
    from api.cli import access  # noqa: PLC0415

    state: Run = context.obj
    access.revoke_token(state, token)
