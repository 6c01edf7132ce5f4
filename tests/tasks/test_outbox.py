"""Deliveries: each at most once, whoever tries, on both databases."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import ConflictError, DeniedError, NotFoundError, TransitionError
from tasks.audit import verify_chain
from tasks.authorisation import CONSOLE, Actor, PersonRole
from tasks.outbox import DELIVERY_NAMES, DeliveryStatus, Key, Outbox
from tasks.store import Store
from tests.stores import passing_store
from tests.tasks.samples import NOW, OFFICER, READER, SUPERVISOR

KEY = Key(unit="区水利局", week="2026-W48", channel="email")
AUDITOR = Actor(login="sun", roles=frozenset({PersonRole.AUDITOR}))
ADMIN = Actor(login="root", roles=frozenset({PersonRole.ADMIN}))
S = DeliveryStatus


def claim(outbox: Outbox, key: Key = KEY, *, harmless: bool = False, at: datetime = NOW) -> bool:
    return outbox.claim(
        key, address="a@wz.gov.cn", message_id="<1@x>", sha256="0" * 64, at=at, harmless=harmless
    )


def bring(store: Store, status: DeliveryStatus, key: Key = KEY) -> None:
    """A delivery that an earlier run left in this state."""
    outbox = Outbox(store, "earlier")
    assert claim(outbox, key)
    if status is not S.CLAIMED:
        outbox.announce(key, NOW)
    if status is S.RELEASED:
        outbox.finish(key, S.UNCERTAIN, "断", "wang", NOW)
        outbox.release(SUPERVISOR, key, "没收到", NOW)
    elif status not in (S.CLAIMED, S.SENDING):
        outbox.finish(key, status, "注", "wang", NOW)


def entries(store: Store) -> list[str]:
    from sqlalchemy import select

    from tasks import schema

    with store.reading() as connection:
        query = select(schema.audit.c.action).order_by(schema.audit.c.seq)
        return [a for a in connection.scalars(query) if a.startswith("digest.")]


def test_a_delivery_from_the_claim_to_its_end(store):
    outbox = Outbox(store, "run")
    assert outbox.get(KEY) is None
    at = datetime(2026, 11, 23, 8, 30, tzinfo=timezone(timedelta(hours=8)))
    assert claim(outbox, at=at)
    assert (outbox.get(KEY).status, outbox.get(KEY).attempts) == (S.CLAIMED, 1)
    outbox.announce(KEY, at)
    assert outbox.get(KEY).status is S.SENDING
    outbox.recall(KEY, at)
    assert (outbox.get(KEY).status, outbox.get(KEY).attempts) == (S.CLAIMED, 2)
    outbox.announce(KEY, at)
    outbox.finish(KEY, S.SENT, "拒收: b", "wang", at)
    [row] = outbox.deliveries()
    assert (row.status, row.note, row.address, row.message_id, row.attempts) == (S.SENT, "拒收: b", "a@wz.gov.cn", "<1@x>", 2)  # fmt: skip
    assert row.at == at.astimezone(UTC)
    assert row.at.utcoffset() == timedelta(0)
    assert entries(store) == ["digest.sent"]
    with store.reading() as connection:
        assert verify_chain(connection).faults == ()


def test_of_what_a_run_kept_that_was_cut_off_nothing_stays_but_what_went_out_elsewhere(store):
    """Else verification would find copies of digests that nobody sent."""
    other = KEY.model_copy(update={"channel": "file"})
    for key in (KEY, other):
        bring(store, S.CLAIMED, key)
    Outbox(store, "earlier").keep("0" * 64, "周报", "<p>…</p>", NOW)
    for key in (KEY, other):
        assert Outbox(store, "").copies() == {"0" * 64}
        given = {"address": "a@wz.gov.cn", "message_id": "<2@x>", "at": NOW, "harmless": False}
        assert Outbox(store, "now").claim(key, sha256="1" * 64, **given)
    assert Outbox(store, "").copies() == frozenset()


@pytest.mark.parametrize(
    ("left", "harmless", "taken", "then"),
    [
        (S.CLAIMED, False, True, S.CLAIMED),  # nothing had gone out
        (S.CLAIMED, True, True, S.CLAIMED),
        (S.SENDING, False, False, S.UNCERTAIN),
        (S.SENDING, True, True, S.CLAIMED),  # a file is written anew
        (S.SENT, False, False, S.SENT),
        (S.SENT, True, False, S.SENT),
        (S.FAILED, False, True, S.CLAIMED),
        (S.UNCERTAIN, False, False, S.UNCERTAIN),
        (S.RELEASED, False, True, S.CLAIMED),
    ],
)
def test_what_a_run_does_with_what_another_left(store, left, harmless, taken, then):
    bring(store, left)
    outbox = Outbox(store, "later")
    assert claim(outbox, harmless=harmless) is taken
    row = outbox.get(KEY)
    assert row.status is then
    assert row.attempts == (2 if taken else 1)
    if left is S.SENDING and not taken:
        assert "可能已收到" in row.note
        assert entries(store) == ["digest.uncertain"]
        assert not claim(outbox)
        assert entries(store) == ["digest.uncertain"]  # once
    if taken:
        assert row.note == ""


def test_only_the_holder_goes_on(store):
    first, second = Outbox(store, "first"), Outbox(store, "second")
    claim(first)
    assert claim(second)  # the first is thought to be gone
    for move in (
        lambda: first.announce(KEY, NOW),
        lambda: first.recall(KEY, NOW),
        lambda: first.finish(KEY, S.SENT, "", "x", NOW),
    ):
        with pytest.raises(ConflictError, match="区水利局"):
            move()
    second.announce(KEY, NOW)
    with pytest.raises(ConflictError):
        second.announce(KEY, NOW)  # twice is one too many
    second.finish(KEY, S.SENT, "", "x", NOW)
    assert second.get(KEY).status is S.SENT
    with pytest.raises(ConflictError):
        Outbox(store, "third").announce(KEY.model_copy(update={"unit": "区教委"}), NOW)


def test_a_unit_week_or_channel_of_its_own_is_a_delivery_of_its_own(store):
    bring(store, S.SENT)
    outbox = Outbox(store, "later")
    for change in ({"unit": "区应急局"}, {"week": "2026-W49"}, {"channel": "wecom"}):
        assert claim(outbox, KEY.model_copy(update=change))
    assert not claim(outbox)


def test_of_many_at_once_one_announces(store_url):
    claimed, refused, ready = [], [], threading.Barrier(8)

    def work(number: int) -> None:
        with Store.open(store_url) as mine:
            outbox = Outbox(mine, f"run{number}")
            ready.wait()
            try:
                claim(outbox)
                outbox.announce(KEY, NOW)
                claimed.append(number)
            except ConflictError:
                refused.append(number)

    Store.open(store_url).close()
    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(claimed), len(refused)) == (1, 7)


@pytest.mark.parametrize("left", [S.SENT, S.UNCERTAIN, S.FAILED, S.SENDING])
def test_release_lets_it_go_out_again(store, left):
    bring(store, left)
    row = Outbox(store, "").release(SUPERVISOR, KEY, "对方说没收到", NOW)
    assert (row.status, row.note) == (S.RELEASED, "对方说没收到")
    assert entries(store)[-1] == "digest.released"
    assert claim(Outbox(store, "later"))


@pytest.mark.parametrize(
    ("actor", "key", "reason", "error"),
    [
        (OFFICER, KEY, "没收到", DeniedError),
        (READER, KEY, "没收到", DeniedError),
        (AUDITOR, KEY, "没收到", DeniedError),
        (ADMIN, KEY, "没收到", DeniedError),
        (SUPERVISOR, KEY, "  ", TransitionError),
        (CONSOLE, KEY.model_copy(update={"channel": "wecom"}), "没收到", NotFoundError),
    ],
)
def test_a_release_that_is_refused_changes_nothing(store, actor, key, reason, error):
    bring(store, S.SENT)
    before = entries(store)
    with pytest.raises(error):
        Outbox(store, "").release(actor, key, reason, NOW)
    assert Outbox(store, "").get(KEY).status is S.SENT
    assert entries(store) == before


def test_lists(store):
    bring(store, S.SENT)
    bring(store, S.UNCERTAIN, KEY.model_copy(update={"unit": "总览"}))
    bring(store, S.FAILED, KEY.model_copy(update={"week": "2026-W47"}))
    outbox = Outbox(store, "")
    assert [(d.week, d.unit) for d in outbox.deliveries()] == [
        ("2026-W47", "区水利局"), ("2026-W48", "区水利局"), ("2026-W48", "总览"),
    ]  # fmt: skip
    assert len(outbox.deliveries("2026-W48")) == 2
    assert [d.unit for d in outbox.deliveries(statuses=[S.UNCERTAIN])] == ["总览"]
    assert DELIVERY_NAMES.keys() == set(S)


def test_a_long_name_of_a_unit(store):
    key = KEY.model_copy(update={"unit": "区" * 300})
    bring(store, S.SENT, key)
    assert Outbox(store, "").get(key).unit == "区" * 300


MOVES = st.lists(st.sampled_from(["claim", "announce", "recall", "sent", "failed", "uncertain", "crash"]), max_size=25)  # fmt: skip


@given(MOVES)
@settings(deadline=None, max_examples=60)
def test_whatever_happens_it_goes_out_at_most_once(moves):
    """Each `announce` may be an arrival unless a recall or a failure, certain ones, follow it."""
    with passing_store() as store:
        run, arrived, open_ = 0, 0, False
        outbox = Outbox(store, "run0")
        for move in moves:
            try:
                if move == "claim":
                    claim(outbox)
                elif move == "announce":
                    outbox.announce(KEY, NOW)
                    open_ = True
                elif move == "recall":
                    if open_:
                        outbox.recall(KEY, NOW)
                        open_ = False
                elif move == "crash":
                    run += 1
                    arrived, open_ = arrived + open_, False
                    outbox = Outbox(store, f"run{run}")
                elif open_:
                    outbox.finish(KEY, S(move), "", "x", NOW)
                    arrived, open_ = arrived + (move != "failed"), False
            except ConflictError:
                continue
        assert arrived + open_ <= 1
