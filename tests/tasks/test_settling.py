"""What somebody looked at is off the list until the clause reads otherwise; the log says who and why."""

import pytest

from kb.errors import DeniedError, NotFoundError, TransitionError
from tasks import audit
from tasks.authorisation import PersonRole
from tasks.people import Person
from tasks.settling import (
    items_named,
    read_reviews,
    read_settled,
    settle_all,
    unsettle_all,
    unsettled,
)
from tests.tasks.samples import NOW, add, plan

SUPERVISOR = Person(login="supervisor", name="督办", role=PersonRole.SUPERVISOR).actor()
READER = Person(login="reader", name="读者", role=PersonRole.READER).actor()
DOUBT = "整治隐患。2025年前整治隐患点20处以上。（责任单位：区水利局）"
OTHER = "开展演练。2026年前开展演练3次以上。（责任单位：区教委）"
MORE = "开展演练。2026年前开展演练5次以上。（责任单位：区教委）"


@pytest.fixture
def looked(store):
    """A store whose document has two dates with two readings each."""
    add(store, plan(DOUBT, OTHER))
    return store


def open_items(store):
    return unsettled(store, read_reviews(store, SUPERVISOR, store.extractions()))


def test_a_settled_item_is_off_the_list_and_the_log_says_why(looked):
    first, second = open_items(looked)
    settle_all(looked, SUPERVISOR, [first], " 已核对原件 ", NOW)
    assert open_items(looked) == [second]
    with looked.reading() as connection:
        [entry] = audit.read(connection, action="review.settled")
        assert not audit.verify_chain(connection).faults
        kept = read_settled(connection)[first.key]
    assert (entry.actor, entry.reason, entry.detail["quote"]) == (
        "supervisor",
        "已核对原件",
        first.quote,
    )
    assert (kept.actor, kept.reason) == ("supervisor", "已核对原件")
    assert settle_all(looked, SUPERVISOR, [first, second], "再来", NOW) == [second.key]


def test_it_can_be_put_back(looked):
    first, second = open_items(looked)
    settle_all(looked, SUPERVISOR, [first], "已核对", NOW)
    unsettle_all(looked, SUPERVISOR, [first.key], "看错了", NOW)
    assert open_items(looked) == [first, second]
    settle_all(looked, SUPERVISOR, [second], "已核对", NOW)
    with pytest.raises(NotFoundError):
        unsettle_all(looked, SUPERVISOR, [second.key, first.key], "看错了", NOW)
    assert open_items(looked) == [first]  # all or none


def test_a_new_version_opens_those_alone_whose_clause_changed(looked):
    for item in open_items(looked):
        settle_all(looked, SUPERVISOR, [item], "已核对", NOW)
    add(looked, plan(DOUBT, MORE))
    [again] = open_items(looked)
    assert "2026" in again.message


def test_who_may_not_correct_may_not_settle_and_a_reason_is_needed(looked):
    [first, _] = open_items(looked)
    with pytest.raises(DeniedError):
        settle_all(looked, READER, [first], "已核对", NOW)
    with pytest.raises(DeniedError):
        unsettle_all(looked, READER, [first.key], "x", NOW)
    with pytest.raises(TransitionError, match="理由"):
        settle_all(looked, SUPERVISOR, [first], " ", NOW)
    with pytest.raises(TransitionError, match="没有选中"):
        settle_all(looked, SUPERVISOR, [], "已核对", NOW)
    with pytest.raises(NotFoundError):
        items_named([first], [first.key, "settle-none"])
    assert len(open_items(looked)) == 2
