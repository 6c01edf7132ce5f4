"""One run of sending: builds the digests, finds where they go, sends them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from email.utils import format_datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from api.checkpoints import keep_checkpoint
from api.delivery.channel import Channel
from api.delivery.drop import DropChannel
from api.delivery.lock import only_one
from api.delivery.mail import MailChannel
from api.delivery.message import Message, addressed_to, compose
from api.delivery.sender import Outcome, Sender, plan_deliveries
from api.delivery.settings import DeliverySettings
from api.delivery.webhooks import WebhookChannel
from api.settings import Settings
from kb.errors import ConflictError, DubanError
from tasks import audit
from tasks.addresses import CHANNELS, WEBHOOKS, Address, Addresses
from tasks.authorisation import Action, Actor, require
from tasks.digest import Week, build_digests
from tasks.outbox import Outbox
from tasks.store import Store

log = logging.getLogger("duban.delivery")


@dataclass(frozen=True, slots=True)
class Sending:
    """What is to be sent: a week's digests of all units (None) or of some, by which channels."""

    week: Week
    as_of: date
    units: tuple[str, ...] | None = None
    channels: tuple[str, ...] = CHANNELS
    dry_run: bool = False


def send_digests(
    settings: Settings,
    delivery: DeliverySettings,
    store: Store,
    actor: Actor,
    wanted: Sending,
    *,
    report: Callable[[Outcome], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Outcome]:
    """Send; a second run for the same week sends only what did not go out. Afterwards a checkpoint
    of the log, in which every delivery stands, is kept where `DUBAN_CHECKPOINTS` says.

    Raises:
        DeniedError: the actor may not send digests.
        ConflictError: another process is sending just now.
    """
    require(actor, Action.SEND_DIGEST)
    digests = build_digests(
        store, wanted.week, wanted.as_of, zone=ZoneInfo(settings.timezone), within=delivery.within,
        units=wanted.units, overview=wanted.units is None, all_clear=delivery.all_clear,
    )  # fmt: skip
    with store.reading() as connection:
        point = audit.last_checkpoint(connection)
    by_unit = {
        addressed_to(digest): digest.model_copy(update={"checkpoint": point}) for digest in digests
    }
    addresses = Addresses(store, delivery.preset, delivery.webhook_hosts).all()
    if delivery.drop is not None:  # the folder takes every unit's: no address is needed for it
        for unit in by_unit:
            own = Address(unit=unit, channel="file", target="")
            addresses.setdefault((unit, "file"), own)
    planned = plan_deliveries(by_unit, addresses, wanted.channels)
    if wanted.dry_run:
        return _foretell(store, str(wanted.week), planned)

    @lru_cache(maxsize=1)  # a unit's channels follow one another
    def write(unit: str) -> Message:
        return compose(by_unit[unit], settings.language, delivery.base_url, delivery.domain)

    with only_one(settings, "sender") as mine:
        if not mine:
            raise ConflictError(
                "另一个进程正在发送 / another process is sending",
                hint="等它结束再试 / wait for it to end",
            )
        sender = Sender(
            store=store, week=str(wanted.week), compose=write,
            channels=open_channels(settings, delivery), clock=settings.now, actor=actor.login,
            attempts=delivery.attempts, sleep=sleep,
        )  # fmt: skip
        outcomes = sender.send(planned, report)
    try:
        keep_checkpoint(settings, store)
    except DubanError as error:  # what went out is out, and must be told
        log.warning("没有留存校验点 / no checkpoint was kept: %s", error.message)
    return outcomes


def open_channels(settings: Settings, delivery: DeliverySettings) -> dict[str, Channel]:
    """The channels that the settings make possible."""
    found: dict[str, Channel] = {
        name: WebhookChannel(
            name, delivery.timeout, time.time, settings.language, delivery.webhook_hosts
        )
        for name in sorted(WEBHOOKS)
    }
    if delivery.smtp_host:
        found["email"] = MailChannel(delivery, format_datetime(settings.now()))
    if delivery.drop is not None:
        found["file"] = DropChannel(delivery.drop)
    return found


def _foretell(
    store: Store, week: str, planned: Sequence[tuple[str, Address | None]]
) -> list[Outcome]:
    done = {(d.unit, d.channel): d for d in Outbox(store, holder="").deliveries(week)}
    found: list[Outcome] = []
    for unit, address in planned:
        if address is None:
            found.append(Outcome(unit, "", "no-address"))
            continue
        row = done.get((unit, address.channel))
        result = {"sent": "already", "uncertain": "uncertain", "sending": "uncertain"}.get(
            row.status.value if row else "", "would-send"
        )
        note = row.note if row else ""
        found.append(Outcome(unit, address.channel, result, address.shown, note))
    return found
