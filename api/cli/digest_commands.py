"""`duban digest`: the weekly digests written as files or shown in the terminal."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.state import AsOf, JsonOption, Unit

if TYPE_CHECKING:
    from api.cli.digests import Request

PANEL = "督办 / tracking"
FORMAT_NAMES = ("html", "markdown", "docx", "xlsx", "json")

digest_app = typer.Typer(
    invoke_without_command=True,
    help="督办周报: 逾期、滞后、临期、新增、办结、待审核 / the weekly digests",
)

WeekOption = Annotated[
    str, typer.Option("--week", help="ISO 周, 如 2026-W48, 默认本周 / ISO week, default: this one")
]
Within = Annotated[
    int, typer.Option("--within", min=1, max=3650, help="多少天内算临期 / so many days are near")
]
AllClear = Annotated[
    bool, typer.Option("--all-clear", help="无事项的单位也出一行 / also units with nothing to report")
]  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(digest_app, name="digest", rich_help_panel=PANEL)


@digest_app.callback()
def digest(
    context: typer.Context,
    week: WeekOption = "",
    unit: Unit = None,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="总览和每个单位各一份 (默认) / the overview and every unit (default)"
        ),
    ] = False,
    kind: Annotated[str, typer.Option("--format", help=" | ".join(FORMAT_NAMES))] = "html",
    out: Annotated[
        Path | None,
        typer.Option("--out", file_okay=False, help="写到哪个目录 / folder to write to"),
    ] = None,
    as_of: AsOf = None,
    within: Within = 30,
    all_clear: AllClear = False,
    base_url: Annotated[
        str,
        typer.Option(
            "--base-url", help="网页地址, 条款做成链接 / the service's address, for links"
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """写出周报 / write the digests."""  # fmt: skip
    if context.invoked_subcommand is not None:
        return
    from api.cli import digests  # noqa: PLC0415

    if kind not in FORMAT_NAMES:
        raise typer.BadParameter(f"{kind}: {' | '.join(FORMAT_NAMES)}", param_hint="--format")
    if unit and everything:
        raise typer.BadParameter("--unit 和 --all 只能给一个 / give --unit or --all, not both")
    digests.write(
        context.obj,
        _request(week, unit, as_of, within, all_clear),
        kind,
        out,
        base_url=base_url,
        as_json=as_json,
    )


@digest_app.command()
def preview(
    context: typer.Context,
    week: WeekOption = "",
    unit: Unit = None,
    as_of: AsOf = None,
    within: Within = 30,
) -> None:
    """在终端里看一份, 默认总览 / look at one in the terminal, the overview by default."""
    from api.cli import digests  # noqa: PLC0415

    digests.preview(context.obj, _request(week, unit, as_of, within, all_clear=True))


def _request(
    week: str, unit: str | None, as_of: date | None, within: int, all_clear: bool
) -> Request:
    from api.cli import digests  # noqa: PLC0415

    return digests.Request(week, unit, as_of, within, all_clear)
