"""Whole runs of sending over a real store: real mail server, real processes, kill -9."""

import asyncio
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace

import pytest

from api.checkpoints import read_kept
from api.delivery.lock import only_one
from api.delivery.run import Sending, send_digests
from api.delivery.settings import read_delivery_settings
from api.settings import read_settings
from kb.errors import ConflictError, DeniedError
from tasks import audit
from tasks.addresses import Address, Addresses
from tasks.authorisation import CONSOLE, Actor, PersonRole
from tasks.outbox import DeliveryStatus, Outbox
from tasks.store import Store
from tasks.units import title_of
from tests.api.delivery.processes import duban, kill, wait_for
from tests.api.delivery.samples import FROM
from tests.api.delivery.servers import Mailbox, MailServer, Robots, stay
from tests.stores import new_store
from tests.tasks.digest_samples import AS_OF, EARLIER, PLAN, WEEK, add, digests
from tests.tasks.samples import NOW, OFFICER

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
SEND = ["digest", "send", "--week", "2026-W48", "--as-of", "2026-11-24"]
WANTED = Sending(week=WEEK, as_of=AS_OF)
S = DeliveryStatus
SHORT = "".join(PLAN.splitlines(keepends=True)[:5])
"""Four digests: the overview's and those of three units."""


class Office:
    """A store with addresses, a mail server, and what is needed to send."""

    def __init__(self, url, folder, mailbox, server, store):
        self.folder, self.mailbox, self.store = folder, mailbox, store
        self.environ = {
            "DUBAN_STORE": url, "DUBAN_HOME": str(folder), "DUBAN_SMTP_HOST": "127.0.0.1",
            "DUBAN_SMTP_PORT": str(server.port), "DUBAN_SMTP_TLS": "none", "DUBAN_SMTP_FROM": FROM,
        }  # fmt: skip
        self.settings = read_settings(self.environ, folder)
        self.units = [digest.unit_id or "总览" for digest in digests(store).values()]
        for number, unit in enumerate(self.units):
            address = Address(unit=unit, channel="email", target=f"u{number}@wz.gov.cn")
            Addresses(store).set(CONSOLE, address, NOW)

    def send(self, wanted=WANTED, **options):
        delivery = read_delivery_settings(self.environ)
        options = {"sleep": lambda _: None} | options
        found = send_digests(self.settings, delivery, self.store, CONSOLE, wanted, **options)
        return {(o.unit, o.channel): o.result for o in found}

    def start(self):
        return duban(SEND, self.environ, self.folder)

    def received(self):
        return Counter(mail.to[0] for mail in self.mailbox.mails)

    def statuses(self):
        return Counter(d.status for d in Outbox(self.store, "").deliveries())


@contextmanager
def opened(url, folder):
    mailbox = Mailbox()
    with Store.open(url) as store, MailServer(mailbox) as server:
        add(store, SHORT, recorded_at=EARLIER)
        yield Office(url, folder, mailbox, server, store)


@pytest.fixture
def office(tmp_path):
    with opened(new_store(tmp_path), tmp_path) as found:
        yield found


@pytest.fixture
def either(store_url, tmp_path):
    """The office once on each kind of database."""
    with opened(store_url, tmp_path) as found:
        yield found


def test_each_unit_gets_its_own_once(either):
    assert set(either.send().values()) == {"sent"}
    for number, unit in enumerate(either.units):
        [mail] = [m for m in either.mailbox.mails if m.to == [f"u{number}@wz.gov.cn"]]
        assert title_of(unit) in mail.parsed["Subject"]
        assert f"{title_of(unit)}.docx" in next(mail.parsed.iter_attachments()).get_filename()
        [row] = [d for d in Outbox(either.store, "").deliveries() if d.unit == unit]
        assert (row.status, row.attempts, row.message_id) == (S.SENT, 1, mail.parsed["Message-ID"])
    assert [title_of(unit) for unit in either.units] == ["总览", "区应急局", "区教委", "区水利局"]
    before = len(either.mailbox.commands)
    assert set(either.send().values()) == {"already"}
    assert len(either.mailbox.commands) == before  # not even a connection


def test_a_checkpoint_is_kept_after_a_digest_that_was_sent_by_hand(office, caplog):
    kept = office.folder / "kept" / "points"
    office.environ["DUBAN_CHECKPOINTS"] = str(kept)
    office.settings = read_settings(office.environ, office.folder)
    office.send(replace(WANTED, dry_run=True))
    assert not kept.exists()
    office.send()
    with office.store.reading() as connection:
        assert read_kept(kept) == [audit.last_checkpoint(connection)]
    kept.write_text("no checkpoint\n")  # what went out is told all the same
    assert set(office.send().values()) == {"already"}
    assert "不是校验点" in caplog.text


def test_a_server_that_is_busy_and_one_that_refuses(office):
    office.mailbox.replies = {"MAIL": ["451 later"] * 2, "TEXT": ["452 full"]}
    office.mailbox.refused = {"u2@wz.gov.cn": "550 no such mailbox"}
    waits = []
    found = office.send(sleep=waits.append)
    assert Counter(found.values()) == {"sent": len(office.units) - 1, "failed": 1}
    assert len(waits) == 3
    assert set(office.received().values()) == {1}
    [first, *_] = Outbox(office.store, "").deliveries(statuses=[S.FAILED])
    assert "550 no such mailbox" in first.note
    tries = {d.unit: d.attempts for d in Outbox(office.store, "").deliveries()}
    assert tries[office.units[0]] == 4
    office.mailbox.refused = {}
    assert Counter(office.send().values()) == {"already": len(office.units) - 1, "sent": 1}
    assert set(office.received().values()) == {1}


def test_one_that_may_have_arrived_is_not_sent_again_until_a_person_says_so(office):
    office.mailbox.replies = {"TEXT": ["250 taken", "cut"]}
    found = office.send()
    assert Counter(found.values()) == {"sent": len(office.units) - 1, "uncertain": 1}
    assert office.send()[office.units[1], "email"] == "uncertain"
    outbox = Outbox(office.store, "")
    [row] = outbox.deliveries(statuses=[S.UNCERTAIN])
    outbox.release(CONSOLE, row, "打电话问过, 没收到", NOW)
    assert office.send()[office.units[1], "email"] == "sent"
    assert set(office.received().values()) == {1}


def test_a_server_that_is_away_costs_one_row_of_tries(office):
    office.environ["DUBAN_SMTP_PORT"] = "1"
    waits = []
    assert set(office.send(sleep=waits.append).values()) == {"failed"}
    assert len(waits) == 3  # of the first unit; the others are tried once
    assert set(office.statuses()) == {S.FAILED}


def test_a_dry_run_sends_and_records_nothing(office):
    wanted = Sending(week=WEEK, as_of=AS_OF, dry_run=True)
    assert set(office.send(wanted).values()) == {"would-send"}
    assert (office.mailbox.mails, office.statuses()) == ([], Counter())
    office.send(Sending(week=WEEK, as_of=AS_OF, units=(office.units[1],)))
    found = office.send(wanted)
    assert (found[office.units[1], "email"], found["总览", "email"]) == ("already", "would-send")


def test_units_channels_and_weeks_are_apart(office):
    one = office.units[1]
    assert office.send(Sending(week=WEEK, as_of=AS_OF, units=(one,))) == {(one, "email"): "sent"}
    found = office.send(Sending(week=WEEK, as_of=AS_OF, channels=("file",)))
    assert set(found.values()) == {"no-address"}
    office.environ["DUBAN_DIGEST_DROP"] = str(office.folder / "drop")
    assert Counter(office.send().values())["sent"] == 2 * len(office.units) - 1
    files = sorted(p.name for p in (office.folder / "drop" / "2026-W48").iterdir())
    assert len(files) == 2 * len(office.units)
    assert "督办周报-2026-W48-总览.html" in files


def test_who_may_not_send(office):
    delivery = read_delivery_settings(office.environ)
    auditor = Actor(login="sun", roles=frozenset({PersonRole.AUDITOR}))
    for actor in (OFFICER, auditor):
        with pytest.raises(DeniedError):
            send_digests(office.settings, delivery, office.store, actor, WANTED)
    assert office.mailbox.commands == []


def test_while_one_sends_another_does_not(either):
    with only_one(either.settings, "sender") as mine:
        assert mine
        with pytest.raises(ConflictError, match="正在发送"):
            either.send()
    assert set(either.send().values()) == {"sent"}


@contextmanager
def stopped(office, command, which):
    """A process that sends, stopped for good where the server would answer."""
    reached = threading.Event()

    async def stall():
        reached.set()
        return await stay()

    usual = {"MAIL": "250 OK", "DATA": "354", "TEXT": "250 taken"}
    office.mailbox.replies = {command: [usual[command]] * which + [stall]}
    process = office.start()
    assert reached.wait(20)
    yield process
    kill(process)
    office.mailbox.replies = {}


@pytest.mark.parametrize(
    ("command", "left"),
    [("MAIL", S.CLAIMED), ("DATA", S.CLAIMED), ("TEXT", S.SENDING)],
)
def test_killed_while_it_sends(either, command, left):
    with stopped(either, command, 2):
        assert either.statuses() == {S.SENT: 2, left: 1}
    assert either.statuses() == {S.SENT: 2, left: 1}
    found = either.send()
    many = len(either.units)
    if left is S.CLAIMED:
        assert Counter(found.values()) == {"already": 2, "sent": many - 2}
        assert either.received() == Counter({f"u{n}@wz.gov.cn": 1 for n in range(many)})
    else:
        assert Counter(found.values()) == {"already": 2, "uncertain": 1, "sent": many - 3}
        assert set(either.received().values()) == {1}
        assert either.send()[either.units[2], "email"] == "uncertain"
        assert len(either.mailbox.mails) == many - 1


def test_killed_before_the_first_claim(either):
    # Whoever writes waits, so the process stands at its first claim.
    with either.store.writing():
        kill(_begun(either))
    assert either.statuses() == Counter()
    assert set(either.send().values()) == {"sent"}
    assert set(either.received().values()) == {1}


def test_killed_after_the_server_took_it_and_before_that_was_recorded(either):
    reached, go = threading.Event(), threading.Event()

    async def pause():
        reached.set()
        await asyncio.to_thread(go.wait, 20)
        return "250 taken"

    either.mailbox.replies = {"TEXT": ["250 taken", pause]}
    process = either.start()
    assert reached.wait(20)
    with either.store.writing():  # so the process stands before it records the arrival
        go.set()
        wait_for(lambda: len(either.mailbox.mails) == 2)
        kill(process)
    assert either.statuses() == {S.SENT: 1, S.SENDING: 1}
    found = either.send()
    assert Counter(found.values()) == {"already": 1, "uncertain": 1, "sent": len(either.units) - 2}
    assert either.received() == Counter({f"u{n}@wz.gov.cn": 1 for n in range(len(either.units))})


def _begun(office):
    """A process that has the right to send. Asking takes that for a moment, in which a process may
    find it taken and give up: then another is started."""
    process = office.start()

    def holds():
        nonlocal process
        if not process.is_alive():
            process = office.start()
        return not _free(office)

    wait_for(holds)
    return process


def _free(office):
    with only_one(office.settings, "sender") as mine:
        return mine


def test_a_file_is_written_anew_after_a_kill(office):
    office.environ["DUBAN_DIGEST_DROP"] = str(office.folder / "drop")
    outbox = Outbox(office.store, "killed")
    office.send(Sending(week=WEEK, as_of=AS_OF, units=(office.units[1],), channels=("file",)))
    [row] = outbox.deliveries()
    other = row.model_copy(update={"unit": office.units[2]})
    outbox.claim(other, address="", message_id="", sha256="", at=NOW, harmless=True)
    outbox.announce(other, NOW)
    found = office.send(Sending(week=WEEK, as_of=AS_OF, channels=("file",)))
    assert (found[office.units[1], "file"], found[office.units[2], "file"]) == ("already", "sent")
    assert len(list((office.folder / "drop").rglob("*.html"))) == len(office.units)


def test_two_processes_at_once_send_each_once(either):
    processes = [either.start() for _ in range(2)]
    for process in processes:
        process.join(30)
    assert {process.exitcode for process in processes} <= {0, 1}
    assert 0 in {process.exitcode for process in processes}
    assert either.received() == Counter({f"u{n}@wz.gov.cn": 1 for n in range(len(either.units))})
    assert either.statuses() == {S.SENT: len(either.units)}


def test_chat_robots_get_theirs_beside_the_mail(office):
    office.environ["DUBAN_WEBHOOK_HOSTS"] = "127.0.0.1"
    with Robots() as robots:
        address = Address(unit="总览", channel="dingtalk", target=f"{robots.url}/robot/send?access_token=T", secret="S")  # fmt: skip
        Addresses(office.store, hosts=frozenset({"127.0.0.1"})).set(CONSOLE, address, NOW)
        robots.answers = [(200, {"errcode": 130101}), (200, {"errcode": 0})]
        assert office.send()["总览", "dingtalk"] == "sent"
        office.send()
    assert [call.query["access_token"] for call in robots.calls] == ["T", "T"]
    [row] = [d for d in Outbox(office.store, "").deliveries() if d.channel == "dingtalk"]
    assert (row.attempts, row.address) == (2, f"{robots.url}/…")
