"""Commands that hand duties out to files and take progress in from a sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.state import AsOf, JsonOption, Plan, Roles, Unit

PANEL = "导出和导入 / in and out"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("export", rich_help_panel=PANEL)(export)
    app.command("import", rich_help_panel=PANEL)(import_)


def export(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option("--out", dir_okay=False, help="写到文件 / write to a file")
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="xlsx | csv | jsonl | docx | ics, 默认看文件名 / default: by the file's name",
        ),
    ] = "",
    unit: Unit = None,
    role: Roles = None,
    plan: Plan = "",
    overdue: Annotated[bool, typer.Option("--overdue", help="只列逾期 / overdue only")] = False,
    status: Annotated[
        list[str] | None,
        typer.Option("--status", help="如 accepted、逾期 / e.g. accepted, overdue"),
    ] = None,
    by: Annotated[
        str, typer.Option("--by", help="docx 按 plan 或 unit 分表 / tables by plan or unit")
    ] = "plan",
    base_url: Annotated[
        str,
        typer.Option("--base-url", help="条款链接的网址 / address of links (DUBAN_BASE_URL)"),
    ] = "",
    remind: Annotated[
        int,
        typer.Option("--remind", min=0, help="ics 提前几天提醒, 0 不提醒 / days ahead, 0: none"),
    ] = 7,
    columns: Annotated[
        bool, typer.Option("--columns", help="说明 csv 和 jsonl 的列 / explain the columns")
    ] = False,
    as_of: AsOf = None,
    as_json: JsonOption = False,
) -> None:
    """导出任务分解表、报告、日历、数据 / export duties: sheet, report, calendar, data."""
    from api.cli import exchange  # noqa: PLC0415

    if columns:
        exchange.explain_columns(context.obj.out(as_json))
        return
    if out is None:
        raise typer.BadParameter("要写到哪个文件 / a file is needed", param_hint="--out")
    wanted = exchange.ExportFilter(unit, tuple(role or ()), plan, overdue, tuple(status or ()))
    chosen = exchange.Form(form or out.suffix.lstrip(".").lower(), by, base_url, remind)
    exchange.export(context.obj, out, wanted, chosen, as_of, as_json)


def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="填好的 .xlsx 或 .csv / a filled-in sheet")],
    whole: Annotated[
        bool, typer.Option("--all-or-nothing", help="有一行不行就都不写 / all rows or none")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只检查, 不写 / only check, write nothing")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option("--report", dir_okay=False, help="逐行结果写到 CSV / result by row, as CSV"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """读入填好的任务分解表 / take in a sheet with progress filled in."""
    from api.cli import exchange  # noqa: PLC0415

    exchange.take_in_file(context.obj, file, report, as_json, whole=whole, dry_run=dry_run)
