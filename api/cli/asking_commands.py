"""Commands that ask the store: questions, lists, queries, where words stand, the graph."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.state import AsOf, Document, DueBefore, JsonOption, Plan, Roles, Run, Unit


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (ask, who, tasks, overdue, due, targets, units, query, trace, graph):
        app.command(command.__name__)(command)


def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="问题 / a question")] = "",
    batch: Annotated[
        Path | None,
        typer.Option(
            "--batch",
            help="问题文件, 每行一个问题, 或一个 JSON 对象 (question, id, as_of, context) / a file of questions, one a line, or JSON objects",
        ),
    ] = None,
    as_of: AsOf = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="先说明怎样理解 / say how it was understood")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """问: 谁负责、何时到期、目标多少、出自哪里 / ask who, when, how much, where from."""
    from api.cli import actions  # noqa: PLC0415

    state: Run = context.obj
    if bool(question) == bool(batch):
        raise typer.BadParameter("给一个问题或 --batch 文件 / give a question or --batch FILE")
    if batch:
        actions.ask_batch(state.settings, batch, state.day(as_of), state.out(as_json=True))
    else:
        state.code = actions.ask(
            state.settings, question, state.day(as_of), state.out(as_json), explain=explain
        )


def who(
    context: typer.Context,
    topic: Annotated[str, typer.Argument(help="事项, 如 防溺水 / a topic")],
    as_json: JsonOption = False,
) -> None:
    """谁负责某事 / who is responsible for a topic."""
    from api.cli import actions  # noqa: PLC0415

    state: Run = context.obj
    chinese = any("一" <= c <= "龥" for c in topic)
    question = f"哪些部门负责{topic}？" if chinese else f"Who is responsible for {topic}?"
    state.code = actions.ask(state.settings, question, state.day(None), state.out(as_json))


def tasks(
    context: typer.Context,
    unit: Unit = None,
    plan: Plan = "",
    due_before: DueBefore = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="只列逾期 / overdue only")] = False,
    undated: Annotated[
        bool, typer.Option("--undated", help="只列无时限的 / those without a deadline only")
    ] = False,
    document: Document = "",
    as_of: AsOf = None,
    as_json: JsonOption = False,
) -> None:
    """列任务 / list tasks."""
    from api.cli import actions  # noqa: PLC0415

    wanted = actions.TaskFilter(unit, plan, due_before, overdue, undated, document)
    actions.tasks(context.obj, wanted, as_of, as_json)


By = Annotated[
    str,
    typer.Option("--by", help="按 unit、plan、role、days 计数 / count by unit, plan, role, days"),
]

Inherited = Annotated[
    bool, typer.Option("--inherited", help="也列只有计划期限的 / those due by their plan's end too")
]


def overdue(
    context: typer.Context,
    unit: Unit = None,
    role: Roles = None,
    plan: Plan = "",
    least: Annotated[
        int, typer.Option("--days", min=1, help="至少逾期几天 / at least so many")
    ] = 1,
    by: By = "",
    inherited: Inherited = False,
    document: Document = "",
    as_of: AsOf = None,
    as_json: JsonOption = False,
) -> None:
    """列逾期 / list what is overdue."""
    from api.cli import due as lists  # noqa: PLC0415

    wanted = lists.DueFilter(
        unit, tuple(role or ()), plan, inherited, least=least, by=by, document=document
    )
    lists.due(context.obj, wanted, as_of, as_json)


def due(
    context: typer.Context,
    within: Annotated[
        int,
        typer.Option(
            "--within", min=1, help="多少天内, 从当天算起 / so many days, today the first"
        ),
    ] = 30,
    unit: Unit = None,
    role: Roles = None,
    plan: Plan = "",
    by: By = "",
    inherited: Inherited = False,
    document: Document = "",
    as_of: AsOf = None,
    as_json: JsonOption = False,
) -> None:
    """列快到期的 / list what is due soon."""
    from api.cli import due as lists  # noqa: PLC0415

    wanted = lists.DueFilter(
        unit, tuple(role or ()), plan, inherited, within=within, by=by, document=document
    )
    lists.due(context.obj, wanted, as_of, as_json)


def targets(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="指标中的字 / words of the target")] = "",
    plan: Plan = "",
    year: Annotated[int | None, typer.Option("--year", help="哪年到期 / year due")] = None,
    as_json: JsonOption = False,
) -> None:
    """列目标值 / list numeric targets."""
    from api.cli import actions  # noqa: PLC0415

    actions.targets(context.obj, text, plan, year, as_json)


def units(context: typer.Context, as_json: JsonOption = False) -> None:
    """列单位和任务数 / list units and how many tasks they bear."""
    from api.cli import actions  # noqa: PLC0415

    actions.units(context.obj, as_json)


def query(
    context: typer.Context,
    asked: Annotated[
        str,
        typer.Option(
            "--query", metavar="JSON", help='如 {"select":"duties","states":["overdue"]} / a query'
        ),
    ],
    as_of: AsOf = None,
) -> None:
    """按查询列出、计数、分组、比较, 输出 JSON / run a query as it is, print JSON."""
    from api.cli import actions  # noqa: PLC0415

    actions.query(context.obj, asked, as_of)


def trace(
    context: typer.Context,
    words: Annotated[str, typer.Argument(help="编号或原文 / an id or a phrase")],
    as_json: JsonOption = False,
) -> None:
    """追溯到原文的字 / trace to the exact characters of the source."""
    from api.cli import actions  # noqa: PLC0415

    state: Run = context.obj
    state.code = actions.trace(state.settings, words, state.out(as_json))


def graph(
    context: typer.Context,
    kind: Annotated[str, typer.Option("--format", help="json | graphml | dot")] = "json",
    out: Annotated[Path | None, typer.Option("--out", help="写到文件 / write to a file")] = None,
    unit: Unit = None,
    radius: Annotated[int, typer.Option("--radius", min=1, help="几步之内 / steps")] = 1,
) -> None:
    """输出责任图 / export the responsibility graph."""
    from api.cli import actions  # noqa: PLC0415

    if kind not in ("json", "graphml", "dot"):
        raise typer.BadParameter(f"{kind}: json | graphml | dot", param_hint="--format")
    actions.graph(context.obj.settings, kind, out, unit, radius)
