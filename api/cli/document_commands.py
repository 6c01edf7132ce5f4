"""Commands about the documents of the store: list, withdraw, put back, take up their duties."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.state import IndexOption, JsonOption, Run

documents_app = typer.Typer(
    invoke_without_command=True,
    help="列库里的文件, 撤回或恢复, 列入督办, 彻底删除 / list documents, withdraw, restore, track, erase",
)
versions_app = typer.Typer(
    invoke_without_command=True,
    help="待确认的版本关系 / documents that may be versions of each other",
)
Document = Annotated[str, typer.Argument(help="文件编号 / a document's id")]
Reason = Annotated[str, typer.Option("--reason", help="理由 / why")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(documents_app, name="documents")
    app.add_typer(versions_app, name="versions")
    app.command("reread")(reread)


@documents_app.callback()
def documents(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="旧版本和撤回的也列 / superseded and withdrawn ones too")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """列库里的文件; 撤回、恢复、列入督办 / list the documents in the store; withdraw, restore, track one."""
    if context.invoked_subcommand is not None:
        return
    from api.cli import actions  # noqa: PLC0415

    actions.documents(context.obj.settings, everything, context.obj.out(as_json))


@documents_app.command("withdraw")
def withdraw(
    context: typer.Context, document: Document, reason: Reason, as_json: JsonOption = False
) -> None:
    """撤回误传的文件: 其任务不再列出, 原件和经过保留 / take a document out; its history stays."""
    from api.cli import documents  # noqa: PLC0415

    documents.withdraw_or_restore(context.obj, document, reason, as_json, withdraw=True)


@documents_app.command("restore")
def restore(
    context: typer.Context, document: Document, reason: Reason, as_json: JsonOption = False
) -> None:
    """恢复撤回的文件 / put a withdrawn document back."""
    from api.cli import documents  # noqa: PLC0415

    documents.withdraw_or_restore(context.obj, document, reason, as_json, withdraw=False)


@documents_app.command("track")
def track(
    context: typer.Context, document: Document, reason: Reason, as_json: JsonOption = False
) -> None:
    """列入督办: 文件的任务进入列表、周报、日历 / its duties stand in lists, digests and calendars."""
    from api.cli import documents  # noqa: PLC0415

    documents.track_or_untrack(context.obj, document, reason, as_json, track=True)


@documents_app.command("untrack")
def untrack(
    context: typer.Context, document: Document, reason: Reason, as_json: JsonOption = False
) -> None:
    """改为仅供查阅: 任务退出列表, 办理经过保留 / for reference only; what was reported is kept."""
    from api.cli import documents  # noqa: PLC0415

    documents.track_or_untrack(context.obj, document, reason, as_json, track=False)


@documents_app.command("erase")
def erase(
    context: typer.Context,
    document: Document,
    reason: Reason,
    versions: Annotated[
        bool, typer.Option("--versions", help="连同其他版本 / its other versions too")
    ] = False,
    index: IndexOption = True,
    as_json: JsonOption = False,
) -> None:
    """彻底删除 (如发现涉密): 正文、原件、事项、办理、向量全部清除, 日志只记何人何故 / erase it wholly; the log keeps who and why."""
    from api.cli import documents  # noqa: PLC0415

    documents.erase(context.obj, document, reason, as_json, versions=versions, index=index)


@documents_app.command("detach")
def detach(context: typer.Context, document: Document, as_json: JsonOption = False) -> None:
    """解除附件关系: 该文件不是同来文件的附件 / it is no attachment of what it came with."""
    from api.cli import documents  # noqa: PLC0415

    documents.detach(context.obj, document, as_json)


@versions_app.callback()
def versions(context: typer.Context, as_json: JsonOption = False) -> None:
    """列出可能是同一文件不同版本的文件; 确认 / list what may be versions of one document; say so."""
    if context.invoked_subcommand is not None:
        return
    from api.cli import documents  # noqa: PLC0415

    documents.versions(context.obj, as_json)


@versions_app.command("settle")
def settle(
    context: typer.Context,
    doubt: Annotated[str, typer.Argument(help="duban versions 列出的编号 / its id")],
    verdict: Annotated[
        str,
        typer.Option(
            "--verdict", help="version 是其新版本 | separate 另一文件 / a new version, another"
        ),
    ],
    reason: Reason,
    as_json: JsonOption = False,
) -> None:
    """确认是其新版本, 还是另一文件 / say which: a new version of it, or another document."""
    from api.cli import documents  # noqa: PLC0415

    documents.settle_versions(context.obj, doubt, verdict, reason, as_json)


def reread(
    context: typer.Context,
    documents: Annotated[
        list[str] | None, typer.Argument(help="文件编号 / ids of documents", show_default=False)
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="全部由旧版读取的文件 / all that an older version read")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只预览变化, 不写入 / show what would change")
    ] = False,
    index: IndexOption = True,
    as_json: JsonOption = False,
) -> None:
    """重新读取由旧版读取的文件; 不带参数时列出 / read documents again that an older version read."""
    from api.cli import rereading  # noqa: PLC0415

    state: Run = context.obj
    if (bool(documents) and everything) or (dry_run and not (documents or everything)):
        raise typer.BadParameter("给出文件编号或 --all / give ids of documents, or --all")
    if not (documents or everything):
        rereading.list_older(state, as_json)
        return
    state.code = rereading.reread(
        state, documents or [], as_json, everything=everything, dry_run=dry_run, index=index
    )
