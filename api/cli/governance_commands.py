"""Commands that people and their work are watched by: corrections, review, people, the audit log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.state import IndexOption, JsonOption, NewDate, Run

PANEL = "督办 / tracking"

review_app = typer.Typer(
    invoke_without_command=True, help="列要人看一看的, 复核 / list what needs a look, settle it"
)
correct_app = typer.Typer(
    no_args_is_help=True, help="更正抽取结果、识别的文字 / correct what was extracted or recognised"
)
people_app = typer.Typer(no_args_is_help=True, help="人员和角色 / people and their roles")
audit_app = typer.Typer(no_args_is_help=True, help="审计日志 / the audit log")

Task = Annotated[str, typer.Argument(help="任务编号 / a task's id")]
Operation = Annotated[
    str, typer.Option("--do", help="change 改 | add 增 | reject 剔除 / what to do")
]
Reason = Annotated[str, typer.Option("--reason", help="理由 / why")]
Keys = Annotated[
    list[str], typer.Argument(help="duban review 列出的 key, 可多个 / keys, may be several")
]
Quote = Annotated[
    str, typer.Option("--quote", help="所依据的原文 / the clause's words that it rests on")
]
Fact = Annotated[
    str, typer.Option("--id", help="里程碑或目标编号 / the milestone's or target's id")
]
Login = Annotated[str, typer.Argument(help="登录名 / sign-in name")]
Units = Annotated[
    list[str] | None, typer.Option("--unit", help="绑定的单位, 可多个 / units, may be repeated")
]
PersonRole = Annotated[
    str, typer.Option("--role", help="reader | unit_officer | supervisor | auditor | admin")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(correct_app, name="correct", rich_help_panel=PANEL)
    app.add_typer(people_app, name="people", rich_help_panel=PANEL)
    app.add_typer(audit_app, name="audit", rich_help_panel=PANEL)
    app.add_typer(review_app, name="review", rich_help_panel=PANEL)
    app.command("may", rich_help_panel=PANEL)(may)


@review_app.callback()
def review(
    context: typer.Context,
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            help="possible-version | left | reopened | warning | ambiguous | uncertain | repaired",
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """列出要人看一看的: 提醒、两解、修复、存疑、待复核 / what needs a look."""
    if context.invoked_subcommand is not None:
        return
    from api.cli import governance  # noqa: PLC0415

    governance.review(context.obj, kind, as_json)


@review_app.command("settle")
def review_settle(
    context: typer.Context, key: Keys, reason: Reason, as_json: JsonOption = False
) -> None:
    """看过, 读法无误: 不再列出 / the readings may stand: listed no more."""
    from api.cli import governance  # noqa: PLC0415

    governance.settle(context.obj, key, reason, as_json, again=False)


@review_app.command("reopen")
def review_reopen(
    context: typer.Context, key: Keys, reason: Reason, as_json: JsonOption = False
) -> None:
    """重新列入待复核 / list settled items again."""
    from api.cli import governance  # noqa: PLC0415

    governance.settle(context.obj, key, reason, as_json, again=True)


@review_app.command("hand")
def review_hand(
    context: typer.Context,
    milestone: Annotated[str, typer.Argument(help="现行版本没有的任务 / which is no more")],
    to: Annotated[
        str, typer.Argument(help="同一任务的现行编号 / the present one that is the same")
    ],
    reason: Reason,
    as_json: JsonOption = False,
) -> None:
    """把无对应任务的办理记录转到同一任务 / give reports without a duty to the one that it is."""
    from api.cli import governance  # noqa: PLC0415

    governance.hand(context.obj, milestone, to, reason, as_json)


def may(
    context: typer.Context,
    action: Annotated[str, typer.Argument(help="如 approve、export / e.g. approve, export")],
    milestone: Annotated[str, typer.Option("--milestone", help="哪个里程碑 / which")] = "",
    as_json: JsonOption = False,
) -> None:
    """能不能做, 为什么 / whether one may do something, and why (--as)."""
    from api.cli import governance  # noqa: PLC0415

    state: Run = context.obj
    state.code = governance.may(state, action, milestone, as_json)


@correct_app.command("owner")
def correct_owner(
    context: typer.Context,
    task: Task,
    unit: Annotated[str, typer.Option("--unit", help="单位 / the unit")],
    reason: Reason,
    operation: Annotated[
        str,
        typer.Option(
            "--do",
            help="add 增 | reject 剔除 | change 改, 默认 add, 有 --new-unit 时 change"
            " / default: add, with --new-unit change",
        ),
    ] = "",
    role: Annotated[str, typer.Option("--role", help="角色, 如 牵头 / e.g. lead")] = "",
    new_unit: Annotated[
        str, typer.Option("--new-unit", help="改为的单位 / the unit in its place")
    ] = "",
    quote: Quote = "",
    as_json: JsonOption = False,
) -> None:
    """增补、剔除或改换责任单位 / add, reject or replace a unit."""
    from api.cli import governance  # noqa: PLC0415

    asked = operation or ("change" if new_unit else "add")
    if new_unit and asked != "change":
        raise typer.BadParameter(f"--do {asked}: --new-unit 只用于 change / is for change only", param_hint="--new-unit")  # fmt: skip
    governance.correct(
        context.obj, task, "owner", asked, as_json, unit=unit, role=role, new_unit=new_unit,
        quote=quote, reason=reason,
    )  # fmt: skip


@correct_app.command("role")
def correct_role(
    context: typer.Context,
    task: Task,
    unit: Annotated[str, typer.Option("--unit", help="单位 / the unit")],
    new_role: Annotated[str, typer.Option("--to", help="改为的角色, 如 牵头 / e.g. lead")],
    reason: Reason,
    role: Annotated[str, typer.Option("--role", help="原来的角色 / its present role")] = "",
    as_json: JsonOption = False,
) -> None:
    """改单位的角色 / change a unit's role."""
    from api.cli import governance  # noqa: PLC0415

    governance.correct(
        context.obj, task, "role", "change", as_json, unit=unit, role=role, new_role=new_role,
        reason=reason,
    )  # fmt: skip


@correct_app.command("date")
def correct_date(
    context: typer.Context,
    task: Task,
    reason: Reason,
    fact: Fact = "",
    day: NewDate = None,
    event: Annotated[
        str, typer.Option("--event", help="从什么事件起算, 如 竣工验收 / the event it runs from")
    ] = "",
    duration: Annotated[
        str,
        typer.Option("--duration", help="事件后多久, 如 P3M、P5D (ISO 8601) / how long after it"),
    ] = "",
    counting: Annotated[
        str, typer.Option("--counting", help="days 日 | working_days 工作日 / what is counted")
    ] = "days",
    operation: Operation = "change",
    quote: Quote = "",
    as_json: JsonOption = False,
) -> None:
    """改、增或剔除时限: --date, 或 --event 加 --duration / change, add or reject a deadline: a --date, or an
    --event with a --duration."""
    from api.cli import governance  # noqa: PLC0415

    deadline = governance.deadline_of(day, event, duration, counting)
    governance.correct(
        context.obj, task, "date", operation, as_json, fact_id=fact, deadline=deadline, quote=quote,
        reason=reason,
    )  # fmt: skip


@correct_app.command("target")
def correct_target(
    context: typer.Context,
    task: Task,
    reason: Reason,
    fact: Fact = "",
    metric: Annotated[str, typer.Option("--metric", help="指标 / the metric")] = "",
    comparator: Annotated[str, typer.Option("--comparator", help=">= | <= | > | < | = | ~")] = "",
    value: Annotated[str, typer.Option("--value", help="目标值 / its value")] = "",
    measure: Annotated[str, typer.Option("--measure", help="计量单位 / measure")] = "",
    milestone: Annotated[str, typer.Option("--milestone", help="所属里程碑 / its milestone")] = "",
    operation: Operation = "change",
    quote: Quote = "",
    as_json: JsonOption = False,
) -> None:
    """改、增或剔除目标值 / change, add or reject a target."""
    from api.cli import governance  # noqa: PLC0415

    fields = {"metric": metric, "comparator": comparator, "value": value, "measure": measure, "milestone_id": milestone}  # fmt: skip
    governance.correct(
        context.obj, task, "target", operation, as_json, fact_id=fact, quote=quote, reason=reason,
        values={key: given for key, given in fields.items() if given},
    )  # fmt: skip


@correct_app.command("text")
def correct_text(
    context: typer.Context,
    document: Annotated[str, typer.Argument(help="文件编号 / a document's id")],
    at: Annotated[
        int,
        typer.Option(
            "--at",
            min=0,
            help="行内任一字的位置, 如 duban review 所列 / the place of any of its characters",
        ),
    ],
    words: Annotated[
        str, typer.Option("--words", help="图片上这一行的文字 / what the line says in the picture")
    ] = "",
    reason: Annotated[str, typer.Option("--reason", help="理由 / why")] = "",
    index: IndexOption = True,
    as_json: JsonOption = False,
) -> None:
    """更正由图片识别的一行文字, 全文随之重新识别; 不带 --words 时列出该行 / correct a line that was recognised
    in a picture: the document is read anew with it. Without --words the line is shown."""
    from api.cli import rereading  # noqa: PLC0415

    if not words:
        if reason:
            raise typer.BadParameter("缺 --words / is missing", param_hint="--words")
        rereading.show_line(context.obj, document, at, as_json)
        return
    rereading.correct_line(context.obj, document, at, words, reason, as_json, index=index)


@correct_app.command("list")
def correct_list(context: typer.Context, as_json: JsonOption = False) -> None:
    """列更正 / list corrections."""
    from api.cli import governance  # noqa: PLC0415

    governance.corrections(context.obj, as_json)


@correct_app.command("withdraw")
def correct_withdraw(
    context: typer.Context,
    correction: Annotated[str, typer.Argument(help="更正编号 / a correction's id")],
    reason: Reason,
    as_json: JsonOption = False,
) -> None:
    """撤回更正, 恢复抽取结果 / take a correction back."""
    from api.cli import governance  # noqa: PLC0415

    governance.withdraw(context.obj, correction, reason, as_json)


@correct_app.command("confirm")
def correct_confirm(
    context: typer.Context,
    correction: Annotated[str, typer.Argument(help="待复核的更正编号 / a re-opened correction")],
    reason: Reason,
    task: Annotated[str, typer.Option("--task", help="现在的任务编号 / the task's id now")] = "",
    fact: Fact = "",
    quote: Quote = "",
    as_json: JsonOption = False,
) -> None:
    """条款文字变了之后, 确认更正仍然成立 / let a re-opened correction hold for the new text."""
    from api.cli import governance  # noqa: PLC0415

    governance.confirm(context.obj, correction, reason, task, fact, as_json, quote=quote)


@people_app.command("list")
def people_list(context: typer.Context, as_json: JsonOption = False) -> None:
    """列人员 / list people."""
    from api.cli import governance  # noqa: PLC0415

    governance.people(context.obj, as_json)


@people_app.command("add")
def people_add(
    context: typer.Context,
    login: Login,
    role: PersonRole,
    name: Annotated[str, typer.Option("--name", help="姓名 / name")] = "",
    unit: Units = None,
    as_json: JsonOption = False,
) -> None:
    """加一个人 / add a person."""
    from api.cli import governance  # noqa: PLC0415

    governance.add_person(context.obj, login, role, name, unit or [], as_json)


@people_app.command("change")
def people_change(
    context: typer.Context,
    login: Login,
    role: PersonRole = "",
    name: Annotated[str, typer.Option("--name", help="姓名 / name")] = "",
    unit: Units = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="启用或停用 / active or not")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """改角色、单位, 停用 / change a role or units, deactivate."""
    from api.cli import governance  # noqa: PLC0415

    governance.change_person(context.obj, login, role, name, unit, active, as_json)


@audit_app.command("log")
def audit_log(
    context: typer.Context,
    subject: Annotated[str, typer.Option("--subject", help="编号 / an id")] = "",
    actor: Annotated[str, typer.Option("--actor", help="谁 / who")] = "",
    last: Annotated[int, typer.Option("--last", min=1, help="最近几条 / the last so many")] = 50,
    as_json: JsonOption = False,
) -> None:
    """看日志 / read the log."""
    from api.cli import governance  # noqa: PLC0415

    governance.audit_log(context.obj, subject, actor, last, as_json)


@audit_app.command("verify")
def audit_verify(
    context: typer.Context,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", exists=True, help="留存的校验点 / checkpoints kept"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """核对日志和整个库, 同 duban verify / check the log and the whole store, as duban verify."""
    from api.cli import governance  # noqa: PLC0415

    state: Run = context.obj
    state.code = governance.verify(state, checkpoint or [], as_json, audits=True)


@audit_app.command("checkpoint")
def audit_checkpoint(
    context: typer.Context,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="并写入 DUBAN_CHECKPOINTS / append it to that file too"),
    ] = False,
) -> None:
    """打印校验点, 另处留存 / print a checkpoint to keep elsewhere."""
    from api.cli import governance  # noqa: PLC0415

    governance.audit_checkpoint(context.obj, keep=keep)
