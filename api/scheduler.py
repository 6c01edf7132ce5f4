"""Sends the digests every week at a set local time, by one process of those that run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from apscheduler.job import Job
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import func, select

from api.checkpoints import keep_checkpoint
from api.delivery.lock import only_one
from api.delivery.run import Sending, send_digests
from api.delivery.sender import Outcome
from api.delivery.settings import DeliverySettings
from api.settings import Settings
from kb.errors import DubanError
from tasks import audit, schema
from tasks.audit import Change
from tasks.authorisation import Actor, PersonRole
from tasks.digest import Week, week_of
from tasks.proofs import clear_unnamed
from tasks.store import Store

log = logging.getLogger("duban.scheduler")
SCHEDULER = Actor(login="scheduler", roles=frozenset({PersonRole.SUPERVISOR}))
"""On whose behalf the weekly run sends."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=15), timedelta(hours=4)
"""Between runs for the same week while a server is away; doubled from the first to the longest."""
_STARTED = "schedule.started"


def trigger_of(delivery: DeliverySettings, timezone: str) -> CronTrigger:
    """The set time of every week, in local time through changes of the clock."""
    return CronTrigger(
        day_of_week=delivery.weekday, hour=delivery.hour, minute=delivery.minute,
        timezone=ZoneInfo(timezone),
    )  # fmt: skip


def week_reported(fired: datetime) -> Week:
    """The week that a run is about: in its first half the week that has just ended, from Thursday
    on the present one."""
    return week_of(fired.date() - timedelta(days=3))


def last_fired(trigger: CronTrigger, now: datetime) -> datetime | None:
    """The last set time that is not after `now`, within eight days."""
    # In UTC: within one zone Python compares and adds by the wall clock, and an hour that comes
    # twice would come for ever.
    found, end = None, now.astimezone(UTC)
    at = trigger.get_next_fire_time(None, end - timedelta(days=8))
    while at is not None and at.astimezone(UTC) <= end:
        found = at
        at = trigger.get_next_fire_time(None, at.astimezone(UTC) + timedelta(seconds=1))
    return found


class DigestScheduler:
    """The weekly run, in the background of the process that starts it. A context manager.

    Of several processes over one store the one that holds the lock leads; the others look every
    `poll` seconds whether it is gone. As often the leader looks what is due: it sends what the last set time since the schedule
    was first started has left unsent: at that time, after downtime, and again after a while where
    a server was away. A digest of an earlier set time is not sent any more.

    Args:
        settings, delivery: of the run.
        poll: seconds between looks at the lock and at what is due.
        clock: the present moment.
        sent: told what each run did.
    """

    def __init__(
        self,
        settings: Settings,
        delivery: DeliverySettings,
        *,
        poll: float = 30.0,
        clock: Callable[[], datetime] | None = None,
        sent: Callable[[Week, list[Outcome]], None] = lambda *_: None,
    ) -> None:
        self._settings = settings
        self._delivery = delivery
        self._poll = poll
        self._zone = ZoneInfo(settings.timezone)
        self._clock = clock or settings.now
        self._sent = sent
        self._trigger = trigger_of(delivery, settings.timezone)
        self._scheduler = BackgroundScheduler(timezone=self._zone)
        self._lead = ExitStack()
        self._lock = threading.Lock()
        self._started: datetime | None = None
        self._fired: datetime | None = None  # the set time that was last acted on
        self._done = False
        self._wait = FIRST_WAIT
        self._not_before: datetime | None = None
        self._stop = threading.Event()
        self.leads = False

    def __enter__(self) -> Self:
        usual = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler.add_job(
            self.look, "interval", seconds=self._poll, next_run_time=datetime.now(UTC), **usual
        )
        self._scheduler.add_job(self.tidy, "interval", hours=1, **usual)
        if self._settings.checkpoints is not None:
            self._scheduler.add_job(
                self.keep, "interval", days=1, next_run_time=datetime.now(UTC), **usual
            )
        self._scheduler.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()  # whoever waits between tries waits no longer
        self._scheduler.shutdown(wait=True)
        self.resign()

    @property
    def jobs(self) -> list[Job]:
        """What runs in the background, and how often."""
        return list[Job](self._scheduler.get_jobs())

    def resign(self) -> None:
        """Give the lead to another process."""
        with self._lock:
            self._lead.close()
            self.leads = False

    def look(self) -> None:
        """Take the lead if nobody has it; as the leader, send what is due and not sent yet."""
        with self._lock:
            try:
                if not self.leads:
                    self._take_lead()
                if self.leads:
                    self._send_due()
            except DubanError:
                log.exception("the weekly schedule cannot look at its store")

    def tidy(self) -> None:
        """Remove evidence that no step has named within a day."""
        try:
            with Store.open(self._settings.store_url) as store:
                clear_unnamed(store, self._clock())
        except DubanError:
            log.exception("evidence that nothing names could not be removed")

    def keep(self) -> None:
        """Keep a checkpoint of the log outside the store, where the settings say where."""
        try:
            with Store.open(self._settings.store_url) as store:
                keep_checkpoint(self._settings, store)
        except DubanError:
            log.exception("no checkpoint of the log could be kept")

    def _take_lead(self) -> None:
        with ExitStack() as attempt:
            if not attempt.enter_context(only_one(self._settings, "schedule")):
                return
            with Store.open(self._settings.store_url) as store:
                self._started = _first_start(store, self._clock())
            self._lead = attempt.pop_all()
        self.leads, self._fired = True, None
        log.info("this process leads the weekly schedule")

    def _send_due(self) -> None:
        now = self._clock().astimezone(self._zone)
        fired = last_fired(self._trigger, now)
        if fired is None or self._started is None or fired <= self._started:
            return  # nothing was due before the schedule was first started
        if fired != self._fired:
            self._fired, self._done = fired, False
            self._wait, self._not_before = FIRST_WAIT, None
        if self._done or (self._not_before is not None and now < self._not_before):
            return
        self._done = self._run(fired, now)
        if not self._done:
            self._not_before = now + self._wait
            self._wait = min(2 * self._wait, LONGEST_WAIT)

    def _run(self, fired: datetime, now: datetime) -> bool:
        """Send; False where another run may get more out."""
        week = week_reported(fired.astimezone(self._zone))
        try:
            with Store.open(self._settings.store_url) as store:
                wanted = Sending(week=week, as_of=week.nearest(now.date()))
                outcomes = send_digests(
                    self._settings, self._delivery, store, SCHEDULER, wanted, sleep=self._pause
                )
        except Exception:
            log.exception("the digests of %s could not be sent; they are tried again", week)
            return False
        log.info("digests of %s: %d deliveries", week, len(outcomes))
        self._sent(week, outcomes)
        return not any(outcome.again for outcome in outcomes)

    def _pause(self, seconds: float) -> None:
        self._stop.wait(seconds)


def _first_start(store: Store, now: datetime) -> datetime:
    """When the schedule was first started: nothing was due before. Recorded in the log then."""
    table = schema.audit
    with store.writing() as connection:
        known = connection.scalar(select(func.min(table.c.seq)).where(table.c.action == _STARTED))
        if known is None:
            change = Change(actor=SCHEDULER.login, action=_STARTED, subject="schedule")
            audit.append(connection, now, [change])
            return now
        stamp = connection.scalar(select(table.c.at).where(table.c.seq == known))
    return datetime.fromisoformat(str(stamp))
