"""Commands of the cycle: one for each step of a milestone, events, and what happened so far."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from api.cli.state import AsOf, Document, JsonOption, NewDate, On, Plan, Roles, Unit

PANEL = "督办 / tracking"

Key = Annotated[str, typer.Argument(help="里程碑编号或其开头 / a milestone's id or its beginning")]
Occurrence = Annotated[
    str, typer.Option("--occurrence", help="哪一期(日期)或哪一次 / which occurrence (date) or occasion")
]  # fmt: skip
Text = Annotated[str, typer.Option("--text", help="情况 / what was done")]
Reason = Annotated[str, typer.Option("--reason", help="理由 / why")]
Percent = Annotated[
    int | None, typer.Option("--percent", min=0, max=100, help="完成百分比 / per cent done")
]
Values = Annotated[
    list[str] | None,
    typer.Option("--value", help="目标编号=实际值 / TARGET=VALUE, may be repeated"),
]
Files = Annotated[
    list[Path] | None,
    typer.Option("--evidence", exists=True, dir_okay=False, help="佐证文件 / evidence files"),
]


_TOLD = {
    "report": "报进展 / report progress.",
    "submit": "报送办结 / submit as completed, for review.",
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for name, function in (
        ("milestones", milestones),
        ("accept", accept),
        ("report", _telling("report")),
        ("request-extension", request_extension),
        ("submit", _telling("submit")),
        ("event", event),
        ("history", history),
        ("evidence", evidence),
    ):
        app.command(name, rich_help_panel=PANEL, help=_TOLD.get(name))(function)
    for name, (zh, en, needs_date) in _SUPERVISED.items():
        app.command(name, rich_help_panel=PANEL, help=f"{zh} / {en}")(_supervise(name, needs_date))


def milestones(
    context: typer.Context,
    unit: Unit = None,
    role: Roles = None,
    plan: Plan = "",
    status: Annotated[
        str, typer.Option("--status", help="如 accepted、逾期 / e.g. accepted, overdue")
    ] = "",
    document: Document = "",
    as_of: AsOf = None,
    as_json: JsonOption = False,
) -> None:
    """列里程碑和进展 / list milestones with their progress."""
    from api.cli import tracking  # noqa: PLC0415

    tracking.milestones(context.obj, unit, role or [], plan, status, as_of, as_json, document)


def accept(
    context: typer.Context,
    key: Key,
    occurrence: Occurrence = "",
    on: On = None,
    as_json: JsonOption = False,
) -> None:
    """签收 / accept what was assigned."""
    from api.cli import tracking  # noqa: PLC0415

    tracking.step(context.obj, "accept", key, as_json, occurrence=occurrence, on=on)


def _telling(name: str) -> Callable[..., None]:
    """The two steps that tell what was done take the same options."""

    def tell(
        context: typer.Context,
        key: Key,
        text: Text,
        percent: Percent = None,
        value: Values = None,
        evidence: Files = None,
        occurrence: Occurrence = "",
        on: On = None,
        as_json: JsonOption = False,
    ) -> None:
        from api.cli import tracking  # noqa: PLC0415

        tracking.step(
            context.obj, name, key, as_json, occurrence=occurrence, on=on, text=text,
            percent=percent, values=value or [], evidence=evidence or [],
        )  # fmt: skip

    return tell


def request_extension(
    context: typer.Context,
    key: Key,
    new_date: NewDate,
    reason: Reason,
    occurrence: Occurrence = "",
    on: On = None,
    as_json: JsonOption = False,
) -> None:
    """申请延期 / ask for a later date."""
    from api.cli import tracking  # noqa: PLC0415

    tracking.step(
        context.obj, "request_extension", key, as_json, occurrence=occurrence, on=on,
        reason=reason, new_date=new_date,
    )  # fmt: skip


_SUPERVISED = {
    "allow-late": ("准许逾期后申请延期", "allow an extension to be asked for late", False),
    "approve-extension": ("同意延期", "approve an extension", True),
    "refuse-extension": ("不同意延期", "refuse an extension", False),
    "approve": ("审核通过, 办结", "approve as completed", False),
    "return": ("退回", "return for more work", False),
    "close": ("销号", "close", False),
    "cancel": ("撤销", "cancel", False),
    "reinstate": ("恢复已撤销的", "take a cancellation back", False),
}


def _supervise(name: str, dated: bool) -> Callable[..., None]:
    def plain(
        context: typer.Context,
        key: Key,
        reason: Reason = "",
        occurrence: Occurrence = "",
        on: On = None,
        as_json: JsonOption = False,
    ) -> None:
        from api.cli import tracking  # noqa: PLC0415

        tracking.step(
            context.obj, name.replace("-", "_"), key, as_json,
            occurrence=occurrence, on=on, reason=reason,
        )  # fmt: skip

    def with_date(
        context: typer.Context,
        key: Key,
        new_date: NewDate = None,
        reason: Reason = "",
        occurrence: Occurrence = "",
        on: On = None,
        as_json: JsonOption = False,
    ) -> None:
        from api.cli import tracking  # noqa: PLC0415

        tracking.step(
            context.obj, name.replace("-", "_"), key, as_json,
            occurrence=occurrence, on=on, reason=reason, new_date=new_date,
        )  # fmt: skip

    return with_date if dated else plain


def event(
    context: typer.Context,
    key: Key,
    occasion: Annotated[
        str, typer.Option("--occasion", help="哪一次, 如 某校竣工验收 / which occasion")
    ],
    on: On = None,
    as_json: JsonOption = False,
) -> None:
    """记录时限起算的事件 / record the event that a deadline runs from."""
    from api.cli import tracking  # noqa: PLC0415

    tracking.event(context.obj, key, occasion, on, as_json)


def history(context: typer.Context, key: Key, as_json: JsonOption = False) -> None:
    """一个里程碑的经过 / what happened to a milestone."""
    from api.cli import tracking  # noqa: PLC0415

    tracking.history(context.obj, key, as_json)


def evidence(
    context: typer.Context,
    sha256: Annotated[str, typer.Argument(help="佐证文件的 sha256 / its digest")],
    out: Annotated[Path, typer.Option("--out", help="写到文件 / write to a file")],
) -> None:
    """取出佐证文件, 核对摘要 / write out a piece of evidence, its digest checked."""
    from api.cli import tracking  # noqa: PLC0415

    tracking.evidence(context.obj, sha256, out)
