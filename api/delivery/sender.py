"""Sends messages by their channels, each at most once."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from tenacity import (  # fmt: skip
    RetryError,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from api.delivery.channel import (
    Channel,
    PermanentError,
    TemporaryError,
    UncertainError,
    UnreachableError,
)
from api.delivery.message import Message
from kb.errors import ConflictError, StoreError, both
from tasks.addresses import Address
from tasks.outbox import Delivery, DeliveryStatus, Key, Outbox
from tasks.store import Store

log = logging.getLogger("duban.delivery")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message by one channel: `sent`, `failed`, `uncertain`, `already` (sent
    before), `no-address` or `would-send` (a dry run). `again`: it failed for now, and may go out
    when it is tried again."""

    unit: str
    channel: str
    result: str
    address: str = ""
    note: str = ""
    again: bool = False


def plan_deliveries(
    units: Iterable[str],
    addresses: Mapping[tuple[str, str], Address],
    channels: Sequence[str],
) -> list[tuple[str, Address | None]]:
    """Each unit with each of its addresses; with None where it has none at all."""
    found: list[tuple[str, Address | None]] = []
    for unit in units:
        mine = [addresses[unit, c] for c in channels if (unit, c) in addresses]
        found.extend((unit, address) for address in mine)
        if not mine:
            found.append((unit, None))
    return found


def _as_before(row: Delivery) -> Outcome:
    result = "already" if row.status is DeliveryStatus.SENT else "uncertain"
    return Outcome(row.unit, row.channel, result, row.address, row.note)


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends a week's digests over one store.

    Args:
        store: where deliveries are recorded.
        week: the ISO week.
        compose: makes a unit's message; asked only for what is still to be sent.
        channels: by name, not yet entered.
        clock: the present moment.
        actor: the sign-in name on whose behalf it is done.
        attempts: how often a delivery is tried in this run.
        sleep: waits so many seconds between tries.
    """

    store: Store
    week: str
    compose: Callable[[str], Message]
    channels: Mapping[str, Channel]
    clock: Callable[[], datetime]
    actor: str
    attempts: int
    sleep: Callable[[float], None]

    def send(
        self,
        planned: Sequence[tuple[str, Address | None]],
        report: Callable[[Outcome], None] = lambda _: None,
    ) -> list[Outcome]:
        """Send all; one that fails does not keep the others back.

        Raises:
            ConflictError: another run took over; it sends what is left.
            StoreError: deliveries cannot be recorded any more, so nothing may be sent.
        """
        outbox = Outbox(self.store, holder=secrets.token_hex(8))
        found: list[Outcome] = []
        down: set[str] = set()
        with ExitStack() as stack:
            open_channels: dict[str, Channel] = {}
            for unit, address in planned:
                if address is None:
                    outcome = Outcome(unit, "", "no-address")
                elif address.channel not in self.channels:
                    outcome = Outcome(unit, address.channel, "failed", address.shown,
                                      "渠道没有设置 / the channel is not set up")  # fmt: skip
                else:
                    if address.channel not in open_channels:
                        channel = self.channels[address.channel]
                        open_channels[address.channel] = stack.enter_context(channel)
                    opened = open_channels[address.channel]
                    outcome = self._one(outbox, opened, address, down)
                report(outcome)
                found.append(outcome)
        return found

    def _one(
        self,
        outbox: Outbox,
        channel: Channel,
        address: Address,
        down: set[str],
    ) -> Outcome:
        """Send one; `down` holds the channels whose server could not be reached to the last try:
        there each further message gets one try, or a run over many units would take hours."""
        key = Key(unit=address.unit, week=self.week, channel=channel.name)
        row = outbox.get(key)
        if row and row.status in (DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN):
            return _as_before(row)
        try:
            message = self.compose(key.unit)
        except Exception as error:
            log.exception("the digest of %s for %s", key.unit, key.week)
            note = both("程序错误", "internal error", type(error).__name__)
            return Outcome(key.unit, key.channel, "failed", address.shown, note)
        claimed = outbox.claim(
            key, address=address.shown, message_id=message.message_id,
            sha256=message.sha256, at=self.clock(), harmless=channel.harmless,
        )  # fmt: skip
        if not claimed:
            row = outbox.get(key)
            assert row is not None  # noqa: S101 - what cannot be claimed is there
            return _as_before(row)
        outbox.keep(message.sha256, message.subject, message.html, self.clock())
        status, note, again, answer = DeliveryStatus.SENT, "", False, ""
        attempts = 1 if channel.name in down else self.attempts
        try:
            note = self._try(outbox, channel, key, message, address, attempts)
            down.discard(channel.name)
        except (TemporaryError, PermanentError) as error:
            status, note, answer = DeliveryStatus.FAILED, error.message, error.answer
            again = isinstance(error, TemporaryError)
            (down.add if isinstance(error, UnreachableError) else down.discard)(channel.name)
        except UncertainError as error:
            status, note, answer = DeliveryStatus.UNCERTAIN, error.message, error.answer
        except (ConflictError, StoreError):
            raise
        except Exception as error:
            # A fault of ours in one message: what the row says of it is what may have happened.
            log.exception("%s of %s by %s", key.unit, key.week, key.channel)
            row = outbox.get(key)
            sending = row is not None and row.status is DeliveryStatus.SENDING
            status = DeliveryStatus.UNCERTAIN if sending else DeliveryStatus.FAILED
            note = both("程序错误", "internal error", type(error).__name__)
        outbox.finish(key, status, note, self.actor, self.clock(), answer=answer)
        return Outcome(key.unit, key.channel, status.value, address.shown, note, again)

    def _try(
        self,
        outbox: Outbox,
        channel: Channel,
        key: Key,
        message: Message,
        address: Address,
        attempts: int,
    ) -> str:
        tries = Retrying(
            retry=retry_if_exception_type(TemporaryError),
            stop=stop_after_attempt(attempts),
            wait=wait_random_exponential(multiplier=1, max=60),
            sleep=self.sleep,
            before_sleep=lambda _: outbox.recall(key, self.clock()),
        )
        try:
            return tries(
                channel.deliver, message, address, lambda: outbox.announce(key, self.clock())
            )
        except RetryError as error:
            last = error.last_attempt.exception()
            assert last is not None  # noqa: S101 - it ended with one
            raise last from error
