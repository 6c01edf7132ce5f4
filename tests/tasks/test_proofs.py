"""Evidence that steps name is found and stays; what nothing names goes after a day."""

from datetime import timedelta

import pytest

from kb.errors import NotFoundError
from tasks.lifecycle import Step
from tasks.proofs import KEPT_UNNAMED, clear_unnamed, steps_naming
from tasks.store import Store
from tasks.tracker import Tracker
from tests.tasks.samples import NOW, add, milestone_of, set_back, take

HOUR = timedelta(hours=1)


@pytest.fixture
def tracker(store):
    return Tracker(store)


def naming(store, sha256):
    with store.reading() as connection:
        return [(key, c.step) for key, c in steps_naming(connection, sha256)]


def test_what_no_step_names_goes_a_day_after_it_was_first_seen_so(store, tracker):
    [named, left] = tracker.keep_evidence([("a.jpg", b"a"), ("b.jpg", b"b")])
    take(store, Step.ACCEPT)
    take(store, Step.REPORT, evidence=(named, named))
    assert naming(store, named.sha256) == [(milestone_of(store, "整治隐患"), Step.REPORT)]
    assert naming(store, left.sha256) == []
    for at, gone in ((NOW, 0), (NOW + KEPT_UNNAMED - HOUR, 0), (NOW + KEPT_UNNAMED, 1)):
        assert tracker.evidence(left.sha256) == b"b"
        assert clear_unnamed(store, at) == gone
    with pytest.raises(NotFoundError):
        tracker.evidence(left.sha256)
    assert tracker.evidence(named.sha256) == b"a"
    assert clear_unnamed(store, NOW + 9 * KEPT_UNNAMED) == 0


def test_sent_again_it_has_a_day_again(store, tracker):
    [left] = tracker.keep_evidence([("b.jpg", b"b")])
    clear_unnamed(store, NOW)
    tracker.keep_evidence([("b.jpg", b"b")])
    later = NOW + KEPT_UNNAMED
    assert clear_unnamed(store, later) == 0
    take(store, Step.ACCEPT)
    take(store, Step.REPORT, evidence=(left,))
    assert clear_unnamed(store, later + 2 * KEPT_UNNAMED) == 0
    assert tracker.evidence(left.sha256) == b"b"


def test_a_store_of_before_knows_its_proofs(store_url):
    with Store.open(store_url) as store:
        add(store)
        [named] = Tracker(store).keep_evidence([("a.jpg", b"a")])
        take(store, Step.ACCEPT)
        take(store, Step.REPORT, evidence=(named,))
        before = naming(store, named.sha256)
        with store.writing() as connection:
            set_back(connection, "0004")
    with Store.open(store_url) as store:
        assert len(before) == 1
        assert naming(store, named.sha256) == before
        assert clear_unnamed(store, NOW) == clear_unnamed(store, NOW + KEPT_UNNAMED) == 0
