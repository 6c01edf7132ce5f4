"""Sends the digests every week at a set local time, by one process of those that run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import func, select

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
from tasks.store import Store

log = logging.getLogger("duban.scheduler")
SCHEDULER = Actor(login="scheduler", roles=frozenset({PersonRole.SUPERVISOR}))
"""On whose behalf the weekly run sends."""
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
    found = None
    at = trigger.get_next_fire_time(None, now - timedelta(days=8))
    while at is not None and at <= now:
        found = at
        at = trigger.get_next_fire_time(at, at + timedelta(microseconds=1))
    return found


class DigestScheduler:
    """The weekly run, in the background of the process that starts it. A context manager.

    Of several processes over one store the one that holds the lock leads; the others look every
    `poll` seconds whether it is gone. Who begins to lead first sends what a set time since the
    schedule was first started has left unsent.

    Args:
        settings, delivery: of the run.
        poll: seconds between looks at the lock.
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
        self._clock = clock or settings.now
        self._sent = sent
        self._trigger = trigger_of(delivery, settings.timezone)
        self._scheduler = BackgroundScheduler(timezone=ZoneInfo(settings.timezone))
        self._lead = ExitStack()
        self._lock = threading.Lock()
        self.leads = False

    def __enter__(self) -> Self:
        self._scheduler.add_job(
            self._look, "interval", seconds=self._poll, next_run_time=datetime.now(ZoneInfo("UTC")),
            coalesce=True, max_instances=1,
        )  # fmt: skip
        self._scheduler.add_job(
            self._weekly, self._trigger, coalesce=True, max_instances=1, misfire_grace_time=None
        )
        self._scheduler.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._scheduler.shutdown(wait=True)
        with self._lock:
            self._lead.close()
            self.leads = False

    def _look(self) -> None:
        with self._lock:
            if self.leads:
                return
            attempt = ExitStack()
            try:
                self.leads = attempt.enter_context(only_one(self._settings, "schedule"))
            except DubanError:
                log.exception("the lock of the schedule cannot be asked for")
                return
            if not self.leads:
                attempt.close()
                return
            self._lead = attempt
        log.info("this process leads the weekly schedule")
        self._catch_up()

    def _weekly(self) -> None:
        if self.leads:
            self._run(self._clock())

    def _catch_up(self) -> None:
        """Send what a set time has left unsent while no process ran."""
        now = self._clock()
        with Store.open(self._settings.store_url) as store:
            started = _first_start(store, now)
        fired = last_fired(self._trigger, now)
        if fired is not None and fired > started:
            self._run(fired)

    def _run(self, fired: datetime) -> None:
        week = week_reported(fired.astimezone(ZoneInfo(self._settings.timezone)))
        as_of = week.nearest(self._clock().date())
        try:
            with Store.open(self._settings.store_url) as store:
                wanted = Sending(week=week, as_of=as_of)
                outcomes = send_digests(self._settings, self._delivery, store, SCHEDULER, wanted)
        except Exception:
            log.exception("the digests of %s could not be sent; the next run tries again", week)
            return
        log.info("digests of %s: %d deliveries", week, len(outcomes))
        self._sent(week, outcomes)


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
