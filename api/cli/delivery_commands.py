"""`duban digest send|deliveries|resend|schedule` and `duban address`."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.digest_commands import PANEL, WeekOption, digest_app
from api.cli.state import AsOf, JsonOption, Run, Unit

address_app = typer.Typer(no_args_is_help=True, help="各单位的接收地址 / where digests go")

_CHANNELS = "email | file | wecom 企业微信 | dingtalk 钉钉 | feishu 飞书"
Channel = Annotated[str, typer.Option("--channel", help=_CHANNELS)]
Channels = Annotated[
    list[str] | None, typer.Option("--channel", help=f"只用这些渠道 / only these: {_CHANNELS}")
]
UnitName = Annotated[str, typer.Argument(help="单位; 总览即督查室 / unit; 总览 for the overview")]


def register(app: typer.Typer) -> None:
    """Add the group of addresses; the others stand in `duban digest`."""
    app.add_typer(address_app, name="address", rich_help_panel=PANEL)


@digest_app.command()
def send(
    context: typer.Context,
    week: WeekOption = "",
    unit: Unit = None,
    everything: Annotated[
        bool, typer.Option("--all", help="总览和所有单位 (默认) / the overview and all units")
    ] = False,
    channel: Channels = None,
    as_of: AsOf = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只看会发给谁 / show what would go where")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """发送周报; 再运行只发没发出的 / send; a second run sends only what did not go out."""
    from api.cli import deliveries as does  # noqa: PLC0415

    if unit and everything:
        raise typer.BadParameter("--unit 和 --all 只能给一个 / give --unit or --all, not both")
    state: Run = context.obj
    day = as_of
    state.code = does.send(state, week, unit, tuple(channel or ()), day, dry_run, as_json)


@digest_app.command()
def deliveries(
    context: typer.Context,
    week: Annotated[str, typer.Option("--week", help="ISO 周, 默认全部 / default: all")] = "",
    uncertain: Annotated[
        bool, typer.Option("--uncertain", help="只列不确定的 / only uncertain ones")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """列发送记录 / list what was sent to whom."""
    from api.cli import deliveries as does  # noqa: PLC0415

    does.deliveries(context.obj, week, uncertain, as_json)


@digest_app.command()
def resend(
    context: typer.Context,
    unit: Annotated[str, typer.Option("--unit", help="单位 / the unit")],
    week: Annotated[str, typer.Option("--week", help="ISO 周 / the week")],
    channel: Channel,
    reason: Annotated[str, typer.Option("--reason", help="理由, 如 对方说没收到 / why")],
    as_json: JsonOption = False,
) -> None:
    """查实后准许再发一次 / after a look, allow it to go out again."""
    from api.cli import deliveries as does  # noqa: PLC0415

    does.resend(context.obj, unit, week, channel, reason, as_json)


@digest_app.command()
def schedule(context: typer.Context) -> None:
    """按每周定时发送, Ctrl-C 停 / send every week at the set time until Ctrl-C."""
    from api.cli import deliveries as does  # noqa: PLC0415

    does.schedule(context.obj)


@address_app.command("set")
def address_set(
    context: typer.Context,
    unit: UnitName,
    channel: Channel,
    target: Annotated[str, typer.Option("--to", help="邮箱(逗号隔开)或机器人网址 / mail or URL")],
    secret: Annotated[
        str,
        typer.Option("--secret", help="机器人加签密钥 / a robot's secret", envvar="DUBAN_SECRET"),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """设一个地址 / set an address."""
    from api.cli import deliveries as does  # noqa: PLC0415

    does.set_address(context.obj, unit, channel, target, secret, as_json)


@address_app.command("list")
def address_list(context: typer.Context, as_json: JsonOption = False) -> None:
    """列地址和没有地址的单位 / list addresses, and units without one."""
    from api.cli import deliveries as does  # noqa: PLC0415

    does.addresses(context.obj, as_json)


@address_app.command("remove")
def address_remove(
    context: typer.Context, unit: UnitName, channel: Channel, as_json: JsonOption = False
) -> None:
    """删一个地址 / remove an address."""
    from api.cli import deliveries as does  # noqa: PLC0415

    does.remove_address(context.obj, unit, channel, as_json)
