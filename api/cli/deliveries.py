"""What the commands of sending do."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import date

import typer
from rich.progress import Progress

from api.cli.output import Output
from api.cli.state import Run
from api.delivery.run import Sending, send_digests
from api.delivery.sender import Outcome
from api.delivery.settings import read_delivery_settings
from api.scheduler import DigestScheduler, last_fired, trigger_of
from kb.errors import DubanError
from tasks.addresses import CHANNELS, Address, Addresses
from tasks.authorisation import Action, Actor, authorise, require
from tasks.digest import Week, parse_week, week_of
from tasks.outbox import DELIVERY_NAMES, OVERVIEW, DeliveryStatus, Key, Outbox
from tasks.store import Store
from tasks.units import read_units, title_of

_RESULTS = {
    "sent": ("已发出", "sent"),
    "failed": ("未发出", "failed"),
    "uncertain": ("不确定, 请查实", "uncertain, please look"),
    "already": ("此前已发", "sent before"),
    "no-address": ("没有地址", "no address"),
    "would-send": ("将发出", "would be sent"),
}


def send(
    run: Run,
    printed_week: str,
    unit: str | None,
    channels: tuple[str, ...],
    as_of: date | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Send and say what went where; 1 where something did not go out."""
    if strange := [c for c in channels if c not in CHANNELS]:
        raise typer.BadParameter(f"{strange[0]}: {' '.join(CHANNELS)}", param_hint="--channel")
    out, delivery = run.out(as_json), read_delivery_settings(run.environ)
    week = _week(printed_week) if printed_week else week_of(run.settings.today())
    wanted = Sending(
        week=week,
        as_of=as_of or week.nearest(run.settings.today()),
        units=None if unit is None else (unit,),
        channels=channels or CHANNELS,
        dry_run=dry_run,
    )
    bar = Progress(console=out.errors, transient=True, disable=not out.errors.is_terminal)
    with run.acting() as (store, actor), bar:
        task = bar.add_task(out.pick("发送", "sending"), total=None)
        outcomes = send_digests(
            run.settings, delivery, store, actor, wanted, report=lambda _: bar.advance(task)
        )
    if as_json:
        out.json({"week": str(week), "deliveries": [asdict(o) for o in outcomes]})
    else:
        _show(outcomes, out)
    return 1 if any(o.result in ("failed", "uncertain", "no-address") for o in outcomes) else 0


def _show(outcomes: Sequence[Outcome], out: Output) -> None:
    side = 1 if out.language == "en" else 0
    out.table(
        [("单位", "unit"), ("渠道", "channel"), ("结果", "result"), ("地址", "address"), ("说明", "note")],
        [(title_of(o.unit), o.channel, _RESULTS[o.result][side], o.address, out.side(o.note)) for o in outcomes],
    )  # fmt: skip
    counts = {name: sum(o.result == name for o in outcomes) for name in _RESULTS}
    said = [f"{_RESULTS[name][side]} {n}" for name, n in counts.items() if n]
    text = "；".join(said) or out.pick("没有要发的", "nothing to send")
    out.say(text, text.replace("；", "; "))
    if counts["no-address"]:
        out.say("设地址: duban address set 单位 --channel email --to 邮箱",
                "to set one: duban address set UNIT --channel email --to MAIL")  # fmt: skip
    if counts["uncertain"]:
        out.say("查实没有收到后: duban digest resend --unit … --week … --channel … --reason …",
                "if it did not arrive: duban digest resend --unit … --week … --channel … --reason …")  # fmt: skip


def deliveries(run: Run, week: str, uncertain: bool, as_json: bool) -> None:
    """List deliveries."""
    out = run.out(as_json)
    printed = str(_week(week)) if week else ""
    statuses = (DeliveryStatus.UNCERTAIN, DeliveryStatus.SENDING) if uncertain else ()
    with run.acting() as (store, actor):
        _may_look(actor)
        answers = authorise(actor, Action.CHANGE_SETTINGS).allowed
        found = Outbox(store, holder="").deliveries(printed, statuses, answers=answers)
    if as_json:
        out.json([d.model_dump(mode="json") for d in found])
        return
    side = 1 if out.language == "en" else 0
    out.table(
        [("周", "week"), ("单位", "unit"), ("渠道", "channel"), ("状态", "status"), ("次数", "tries"),
         ("时间", "at"), ("地址", "address"), ("说明", "note")],
        [
            (d.week, d.unit_name, d.channel, DELIVERY_NAMES[d.status][side], d.attempts,
             d.at.astimezone(run.settings.now().tzinfo).strftime("%Y-%m-%d %H:%M"), d.address,
             out.side(d.note))
            for d in found
        ],
    )  # fmt: skip


def resend(run: Run, unit: str, week: str, channel: str, reason: str, as_json: bool) -> None:
    """Allow a delivery to go out again."""
    out = run.out(as_json)
    key = Key(unit=unit, week=str(_week(week)), channel=channel)
    with run.acting() as (store, actor):
        found = Outbox(store, holder="").release(
            actor, _addressed(store, key), reason, run.settings.now()
        )
    if as_json:
        out.json(found.model_dump(mode="json"))
        return
    out.say("下次 duban digest send 时再发", "it goes out with the next duban digest send")


def _addressed(store: Store, key: Key) -> Key:
    """The same with the unit's id: a delivery that is there under the words given, else of the
    unit that they mean."""
    if key.unit == OVERVIEW or Outbox(store, holder="").get(key) is not None:
        return key
    with store.reading() as connection:
        return key.model_copy(update={"unit": read_units(connection).bind(key.unit)})


def schedule(run: Run) -> None:
    """Run the weekly schedule in the foreground."""
    out, delivery = run.out(as_json=False), read_delivery_settings(run.environ)
    with run.acting() as (_, actor):
        require(actor, Action.SEND_DIGEST)
    stop = threading.Event()
    trigger = trigger_of(delivery, run.settings.timezone)
    ahead = trigger.get_next_fire_time(None, run.settings.now())
    before = last_fired(trigger, run.settings.now())
    out.say(f"每周定时发送: 下次 {ahead:%Y-%m-%d %H:%M}, 上次应在 {before:%Y-%m-%d %H:%M}; Ctrl-C 停",
            f"weekly: next {ahead:%Y-%m-%d %H:%M}, last due {before:%Y-%m-%d %H:%M}; Ctrl-C stops")  # fmt: skip

    def told(week: Week, outcomes: list[Outcome]) -> None:
        out.say(str(week), str(week))
        _show(outcomes, out)

    former = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        with DigestScheduler(run.settings, delivery, sent=told), suppress(KeyboardInterrupt):
            stop.wait()
    finally:
        signal.signal(signal.SIGTERM, former)
    out.say("已停", "stopped")


def set_address(run: Run, unit: str, channel: str, target: str, secret: str, as_json: bool) -> None:
    """Record an address."""
    out = run.out(as_json)
    given = Address(unit=unit, channel=channel, target=target, secret=secret)
    hosts = read_delivery_settings(run.environ).webhook_hosts
    with run.acting() as (store, actor):
        made = Addresses(store, hosts=hosts).set(actor, given, run.settings.now())
    if as_json:
        out.json({"unit": made.unit, "channel": made.channel, "target": made.shown})
        return
    told = f"{made.unit_name} {made.channel}: {made.shown}"
    out.say(told, told)


def addresses(run: Run, as_json: bool) -> None:
    """List addresses and the units without one."""
    out, delivery = run.out(as_json), read_delivery_settings(run.environ)
    with run.acting() as (store, actor):
        _may_look(actor)
        found = Addresses(store, delivery.preset, delivery.webhook_hosts).all()
        with store.reading() as connection:
            known = read_units(connection)
    without = [known.label(u) for u in (OVERVIEW, *(u.id for u in known.all())) if not any(u == unit for unit, _ in found)]  # fmt: skip
    if as_json:
        rows = [
            {"unit": a.unit, "name": a.unit_name, "channel": a.channel, "target": a.shown}
            for a in found.values()
        ]
        out.json({"addresses": rows, "without": without})
        return
    out.table(
        [("单位", "unit"), ("渠道", "channel"), ("地址", "address"), ("加签", "signed")],
        [
            (
                a.unit_name
                + (
                    ""
                    if a.settled
                    else out.pick("（未定，不发送）", " (not settled: gets nothing)")
                ),
                a.channel,
                a.shown,
                "✓" if a.secret else "",
            )
            for a in found.values()
        ],
    )
    out.say(
        f"没有地址: {'、'.join(without) or '无'}", f"without one: {', '.join(without) or 'none'}"
    )


def remove_address(run: Run, unit: str, channel: str, as_json: bool) -> None:
    """Take an address out of the store."""
    out = run.out(as_json)
    with run.acting() as (store, actor):
        Addresses(store).remove(actor, unit, channel, run.settings.now())
    if as_json:
        out.json({"unit": unit, "channel": channel})
        return
    out.say(f"已删 {unit} {channel}", f"{unit} {channel} removed")


def _may_look(actor: Actor) -> None:
    """Raise for whoever neither sends, nor sets addresses, nor audits."""
    if not any(authorise(actor, a).allowed for a in (Action.CHANGE_SETTINGS, Action.READ_AUDIT)):
        require(actor, Action.SEND_DIGEST)


def _week(printed: str) -> Week:
    try:
        return parse_week(printed)
    except DubanError as error:
        raise typer.BadParameter(error.message, param_hint="--week") from error
