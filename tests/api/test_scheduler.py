"""The weekly schedule: set times, catching up, one leader."""

import threading
from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from api.delivery.settings import DeliverySettings, read_delivery_settings
from api.scheduler import DigestScheduler, last_fired, trigger_of, week_reported
from api.settings import read_settings
from kb.errors import NotFoundError
from tasks.addresses import Address, Addresses
from tasks.authorisation import CONSOLE
from tasks.outbox import DeliveryStatus, Outbox
from tasks.store import Store
from tasks.tracker import Tracker
from tests.api.delivery.processes import kill, scheduler, wait_for
from tests.api.delivery.samples import FROM
from tests.api.delivery.servers import Mailbox, MailServer, stay
from tests.tasks.digest_samples import EARLIER, PLAN, add
from tests.tasks.samples import NOW

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


def at(printed: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(printed).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("fired", "week"),
    [
        ("2026-11-23 08:30", "2026-W47"),  # Monday: the week that has ended
        ("2026-11-24 08:30", "2026-W47"),
        ("2026-11-25 08:30", "2026-W47"),
        ("2026-11-26 08:30", "2026-W48"),  # Thursday: the present one
        ("2026-11-29 18:00", "2026-W48"),
        ("2027-01-04 08:30", "2026-W53"),
        ("2025-12-29 08:30", "2025-W52"),
    ],
)
def test_the_week_that_a_run_is_about(fired, week):
    assert str(week_reported(at(fired))) == week


@pytest.mark.parametrize(
    ("weekday", "hour", "minute", "now", "last", "following"),
    [
        ("mon", 8, 30, at("2026-11-23 08:30"), at("2026-11-23 08:30"), at("2026-11-30 08:30")),
        ("mon", 8, 30, at("2026-11-23 08:29:59"), at("2026-11-16 08:30"), at("2026-11-23 08:30")),
        ("mon", 8, 30, at("2026-11-29 23:59"), at("2026-11-23 08:30"), at("2026-11-30 08:30")),
        ("fri", 17, 0, at("2027-01-01 17:00"), at("2027-01-01 17:00"), at("2027-01-08 17:00")),
        # In local time on both sides of a change of the clock (1 November, 14 March).
        ("mon", 8, 30, at("2026-11-02 09:00", NEW_YORK), at("2026-11-02 08:30", NEW_YORK), at("2026-11-09 08:30", NEW_YORK)),
        ("sun", 12, 0, at("2026-03-14 00:00", NEW_YORK), at("2026-03-08 12:00", NEW_YORK), at("2026-03-15 12:00", NEW_YORK)),
        # An hour that comes twice: the second time is the last, of the same week.
        ("sun", 1, 30, at("2026-11-02 00:00", NEW_YORK), at("2026-11-01 01:30", NEW_YORK).replace(fold=1), at("2026-11-08 01:30", NEW_YORK)),
    ],
)  # fmt: skip
def test_set_times(weekday, hour, minute, now, last, following):
    delivery = DeliverySettings(weekday=weekday, hour=hour, minute=minute)
    trigger = trigger_of(delivery, now.tzinfo.key)
    found = last_fired(trigger, now)
    assert found == last
    assert found.utcoffset() == last.utcoffset()
    assert trigger.get_next_fire_time(None, now + timedelta(seconds=1)) == following


def test_an_hour_that_does_not_come_is_made_up_for_on_that_day():
    trigger = trigger_of(DeliverySettings(weekday="sun", hour=2, minute=30), NEW_YORK.key)
    assert last_fired(trigger, at("2026-03-08 23:00", NEW_YORK)).date() == at("2026-03-08").date()


class Clock:
    """The moment that a test says."""

    def __init__(self, printed: str) -> None:
        self.now = at(printed)

    def __call__(self) -> datetime:
        return self.now

    def set(self, printed: str) -> None:
        self.now = at(printed)


class Office:
    """A store with addresses, a mail server, and schedulers that look when a test says so."""

    def __init__(self, url, folder, mailbox, port):
        self.folder, self.mailbox, self.url = folder, mailbox, url
        self.environ = {
            "DUBAN_STORE": url, "DUBAN_HOME": str(folder), "DUBAN_SMTP_HOST": "127.0.0.1",
            "DUBAN_SMTP_PORT": str(port), "DUBAN_SMTP_TLS": "none", "DUBAN_SMTP_FROM": FROM,
        }  # fmt: skip
        self.runs = []

    def scheduler(self, clock, **options):
        settings = read_settings(self.environ, self.folder)
        return DigestScheduler(
            settings, read_delivery_settings(self.environ), clock=clock,
            sent=lambda week, found: self.runs.append((str(week), len(found))), **options,
        )  # fmt: skip

    def started(self):
        """The schedule was first started long ago."""
        first = self.scheduler(Clock("2026-11-17 10:00"))
        first.look()
        assert first.leads
        first.resign()

    def received(self):
        return Counter((m.to[0], str(m.parsed["Message-ID"])[7:15]) for m in self.mailbox.mails)

    def deliveries(self):
        with Store.open(self.url) as store:
            return Outbox(store, "").deliveries()


@pytest.fixture
def office(store_url, tmp_path):
    mailbox = Mailbox()
    with MailServer(mailbox) as server:
        with Store.open(store_url) as store:
            add(store, "".join(PLAN.splitlines(keepends=True)[:4]), recorded_at=EARLIER)
            for number, unit in enumerate(("总览", "区应急局", "区水利局")):
                target = Address(unit=unit, channel="email", target=f"u{number}@wz.gov.cn")
                Addresses(store).set(CONSOLE, target, NOW)
        yield Office(store_url, tmp_path, mailbox, server.port)


def once(week: str):
    return Counter({(f"u{n}@wz.gov.cn", week): 1 for n in range(3)})


def test_a_month_of_set_times_and_downtime(office):
    clock = Clock("2026-11-17 10:00")
    first = office.scheduler(clock)
    first.look()
    assert first.leads
    assert office.runs == []  # a set time before the first start is none
    clock.set("2026-11-23 08:29:59")
    first.look()
    assert office.runs == []
    for now in ("2026-11-23 08:30", "2026-11-23 08:30:01", "2026-11-25 00:00", "2026-11-29 23:59"):
        clock.set(now)
        first.look()
    assert office.runs == [("2026-W47", 3)]
    assert office.received() == once("2026-w47")
    mails = office.mailbox.mails
    assert all("截至2026年11月22日" in m.parsed.get_body(("plain",)).get_content() for m in mails)
    first.resign()
    # Down over two set times; up again on a Friday: the last one is caught up with, once.
    second = office.scheduler(clock)
    clock.set("2026-12-11 16:00")
    for _ in range(3):
        second.look()
    assert office.runs[1:] == [("2026-W49", 3)]
    assert office.received() == once("2026-w47") + once("2026-w49")
    second.resign()
    # Up again once more: nothing is left to send.
    third = office.scheduler(clock)
    third.look()
    assert len(office.mailbox.mails) == 6
    third.resign()


def test_its_hourly_look_removes_evidence_that_nothing_names(office):
    clock = Clock("2026-11-17 10:00")
    with Store.open(office.url) as store:
        [left] = Tracker(store).keep_evidence([("a.jpg", b"a")])
        with office.scheduler(clock) as running:
            [hourly] = [j for j in running.jobs if j.func == running.tidy]
            assert hourly.trigger.interval == timedelta(hours=1)
            for now, kept in (
                ("2026-11-17 10:00", True),
                ("2026-11-18 09:59", True),
                ("2026-11-18 10:00", False),
            ):
                clock.set(now)
                hourly.func()
                assert is_kept(store, left) == kept


def is_kept(store, piece):
    try:
        return bool(Tracker(store).evidence(piece.sha256))
    except NotFoundError:
        return False


def test_while_a_server_is_away_it_is_tried_again_at_growing_distance(office, monkeypatch):
    clock = Clock("2026-11-17 10:00")
    one = office.scheduler(clock)
    monkeypatch.setattr(one, "_pause", lambda _: None)
    one.look()
    office.mailbox.replies["MAIL"] = ["451 later"] * 4 * 3 * 2
    tried = []
    clock.set("2026-11-23 08:30")
    end = at("2026-11-23 12:00")
    while clock.now < end:
        before = len(office.runs)
        one.look()
        if len(office.runs) > before:
            tried.append(f"{clock.now:%H:%M}")
        clock.now += timedelta(minutes=5)
    assert tried == ["08:30", "08:45", "09:15"]
    assert office.received() == once("2026-w47")
    assert {d.attempts for d in office.deliveries()} == {9}
    # A new set time does not wait for the former one's distance.
    office.mailbox.replies["MAIL"] = ["451 later"] * 4 * 3
    clock.set("2026-11-30 08:29")
    one.look()
    clock.set("2026-11-30 08:30")
    one.look()
    assert len(office.runs) == 4
    one.resign()


def test_what_will_never_arrive_is_not_tried_again(office):
    clock = Clock("2026-11-17 10:00")
    one = office.scheduler(clock)
    one.look()
    office.mailbox.refused = {"u1@wz.gov.cn": "550 no"}
    clock.set("2026-11-23 08:30")
    for _ in range(5):
        one.look()
        clock.now += timedelta(hours=5)
    assert len(office.runs) == 1
    one.resign()


def test_a_store_that_is_away_for_a_while(tmp_path):
    settings = read_settings({"DUBAN_STORE": "postgresql://u@/x?host=/nowhere"}, tmp_path)
    one = DigestScheduler(settings, DeliverySettings(), clock=Clock("2026-11-17 10:00"))
    one.look()
    assert not one.leads


def test_it_runs_by_itself_and_hands_the_lead_over(office):
    office.started()
    clock = Clock("2026-11-23 09:00")
    with ExitStack() as running:
        first = running.enter_context(office.scheduler(clock, poll=0.02))
        wait_for(lambda: office.runs)
        with office.scheduler(clock, poll=0.02) as second:
            assert (first.leads, second.leads) == (True, False)
            running.close()
            wait_for(lambda: second.leads)
    assert office.runs[0] == ("2026-W47", 3)
    assert office.received() == once("2026-w47")


def test_the_leader_is_killed_in_the_middle_and_another_goes_on(office):
    office.started()
    reached = threading.Event()

    async def stall():
        reached.set()
        return await stay()

    office.mailbox.replies = {"TEXT": ["250 taken", stall]}
    now = "2026-11-23T09:00:00+08:00"
    first = scheduler(office.environ, office.folder, now)
    assert reached.wait(20)
    second = scheduler(office.environ, office.folder, now)
    sent = {d.status for d in office.deliveries()}
    assert sent == {DeliveryStatus.SENT, DeliveryStatus.SENDING}
    kill(first)
    wait_for((office.folder / f"sent.{second.pid}").exists)
    kill(second)
    assert not (office.folder / f"sent.{first.pid}").exists()
    assert office.received() == once("2026-w47") - Counter({("u1@wz.gov.cn", "2026-w47"): 1})
    assert Counter(d.status for d in office.deliveries()) == {
        DeliveryStatus.SENT: 2, DeliveryStatus.UNCERTAIN: 1,
    }  # fmt: skip


def test_of_two_processes_one_leads(office):
    now = "2026-11-17T10:00:00+08:00"
    both = [scheduler(office.environ, office.folder, now) for _ in range(2)]
    leads = lambda p: (office.folder / f"leads.{p.pid}").exists()  # noqa: E731
    wait_for(lambda: any(leads(p) for p in both))
    leader, other = sorted(both, key=leads, reverse=True)
    assert not leads(other)
    kill(leader)
    wait_for(lambda: leads(other))
    kill(other)
