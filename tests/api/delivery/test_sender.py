"""The sender over channels that fail in every way."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from api.delivery.channel import (
    PermanentError,
    TemporaryError,
    UncertainError,
    UnreachableError,
)
from api.delivery.sender import Sender, plan_deliveries
from kb.errors import ConflictError
from tasks.addresses import Address
from tasks.outbox import Key, Outbox
from tests.api.delivery.samples import message
from tests.stores import passing_store

AT = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
UNITS = ("甲局", "乙局", "丙局")


class Scripted:
    """A channel that does in turn what a test says: an error before or after it announced."""

    name = "email"

    def __init__(self, *script: tuple[str, Exception] | None, harmless: bool = False) -> None:
        self.script = list(script)
        self.harmless = harmless
        self.tried: list[str] = []
        self.sent: list[str] = []
        self.open = 0

    def __enter__(self):
        self.open += 1
        return self

    def __exit__(self, *_: object) -> None:
        self.open -= 1

    def deliver(self, message, address: Address, announce: Callable[[], None]) -> str:
        self.tried.append(message.unit)
        when, error = (self.script.pop(0) if self.script else None) or ("", None)
        if when == "before":
            raise error
        announce()
        if error:
            raise error
        self.sent.append(message.unit)
        return ""


def address(unit: str, channel: str = "email") -> Address:
    return Address(unit=unit, channel=channel, target="a@x.cn")


@pytest.fixture
def store():
    with passing_store() as opened:
        yield opened


def send(store, channel, units=UNITS, *, attempts=3, compose=None, waits=None):
    sender = Sender(
        store=store, week="2026-W48", compose=compose or (lambda unit: message(unit=unit)),
        channels={"email": channel}, clock=lambda: AT, actor="wang", attempts=attempts,
        sleep=(waits if waits is not None else []).append,
    )  # fmt: skip
    found = sender.send([(unit, address(unit)) for unit in units])
    assert channel.open == 0
    return found


def result(found):
    return [(o.result, o.again) for o in found]


def test_each_goes_once(store):
    channel = Scripted()
    assert result(send(store, channel)) == [("sent", False)] * 3
    assert result(send(store, channel)) == [("already", False)] * 3
    assert channel.sent == list(UNITS)


@pytest.mark.parametrize(
    ("script", "outcome", "tries", "then"),
    [
        ([("before", TemporaryError("x"))] * 2, ("sent", False), 3, "already"),
        ([("after", TemporaryError("x"))] * 2, ("sent", False), 3, "already"),
        ([("before", TemporaryError("x"))] * 3, ("failed", True), 3, "sent"),
        ([("after", PermanentError("x"))], ("failed", False), 1, "sent"),
        ([("after", UncertainError("x"))], ("uncertain", False), 1, "uncertain"),
        ([("before", ValueError("x"))], ("failed", False), 1, "sent"),
        ([("after", ValueError("x"))], ("uncertain", False), 1, "uncertain"),
        ([("after", TemporaryError("x")), ("after", KeyError("x"))], ("uncertain", False), 2, "uncertain"),
        ([("after", TemporaryError("x")), ("before", KeyError("x"))], ("failed", False), 2, "sent"),
    ],
)  # fmt: skip
def test_how_a_failure_ends(store, script, outcome, tries, then):
    channel = Scripted(*script)
    first, *others = result(send(store, channel))
    assert first == outcome
    assert others == [("sent", False)] * 2  # no fault of one keeps the others back
    row = Outbox(store, "").get(Key(unit="甲局", week="2026-W48", channel="email"))
    assert (row.status.value, row.attempts) == (outcome[0], tries)
    assert result(send(store, channel))[0][0] == then


def test_an_error_of_ours_is_told_by_its_kind_and_logged(store, caplog):
    caplog.set_level(logging.ERROR)
    [outcome] = send(store, Scripted(("before", ValueError("KEY"))), UNITS[:1])
    assert outcome.note == "程序错误: ValueError / internal error: ValueError"
    assert "甲局" in caplog.text


def test_a_digest_that_cannot_be_written_keeps_no_other_back(store):
    def compose(unit):
        if unit == "乙局":
            raise ValueError("x")
        return message(unit=unit)

    channel = Scripted()
    assert [o.result for o in send(store, channel, compose=compose)] == ["sent", "failed", "sent"]
    assert [o.result for o in send(store, channel)] == ["already", "sent", "already"]


def test_nothing_is_composed_that_went_out_before(store):
    channel, composed = Scripted(), []

    def compose(unit):
        composed.append(unit)
        return message(unit=unit)

    send(store, channel, UNITS[:2], compose=compose)
    send(store, channel, compose=compose)
    assert composed == list(UNITS)


def test_waits_grow_and_have_an_end(store):
    waits = []
    send(store, Scripted(*[("before", TemporaryError("x"))] * 20), UNITS[:1], attempts=12, waits=waits)  # fmt: skip
    assert len(waits) == 11
    assert all(0 <= wait <= 60 for wait in waits)
    assert max(waits[5:]) > 4  # by chance alone below once in 10 million runs


def test_a_server_that_is_away_is_not_waited_for_by_each(store):
    away = ("before", UnreachableError("x"))
    channel = Scripted(away, away, away, away, None, away)
    found = send(store, channel, ("甲", "乙", "丙", "丁"))
    assert [o.result for o in found] == ["failed", "failed", "sent", "sent"]
    # Three tries, then one; once it answered again, as many as at first.
    assert channel.tried == ["甲"] * 3 + ["乙", "丙", "丁", "丁"]


def test_another_run_that_took_over_ends_this_one(store):
    class Slow(Scripted):
        def deliver(self, message, address, announce):
            other = Outbox(store, "other")
            other.claim(
                Key(unit=message.unit, week="2026-W48", channel="email"),
                address="", message_id="", sha256="", at=AT, harmless=False,
            )  # fmt: skip
            return super().deliver(message, address, announce)

    channel = Slow()
    with pytest.raises(ConflictError):
        send(store, channel)
    assert (channel.sent, channel.open) == ([], 0)


def test_an_interruption_leaves_what_a_crash_would(store):
    with pytest.raises(KeyboardInterrupt):
        send(store, Scripted(("after", KeyboardInterrupt())))
    channel = Scripted()
    assert [o.result for o in send(store, channel)] == ["uncertain", "sent", "sent"]
    assert channel.sent == ["乙局", "丙局"]


def test_a_plan():
    addresses = {(u, c): address(u, c) for u, c in (("甲", "wecom"), ("甲", "email"), ("乙", "file"))}  # fmt: skip
    planned = plan_deliveries(["甲", "乙", "丙"], addresses, ("email", "wecom"))
    assert [(u, a.channel if a else None) for u, a in planned] == [
        ("甲", "email"), ("甲", "wecom"), ("乙", None), ("丙", None),
    ]  # fmt: skip


def test_a_channel_that_is_not_set_up_and_no_address(store):
    sender = Sender(
        store=store, week="2026-W48", compose=lambda unit: message(unit=unit), channels={},
        clock=lambda: AT, actor="wang", attempts=1, sleep=lambda _: None,
    )  # fmt: skip
    found = sender.send([("甲", address("甲")), ("乙", None)])
    assert [(o.result, o.channel) for o in found] == [("failed", "email"), ("no-address", "")]
    assert Outbox(store, "").deliveries() == []
