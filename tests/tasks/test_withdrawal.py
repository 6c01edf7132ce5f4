"""A document that should not be there is taken out with its duties, and put back whole."""

import pytest

from kb.errors import ConflictError, DeniedError, NotFoundError, TransitionError
from tasks import audit
from tasks.authorisation import CONSOLE, PersonRole
from tasks.lifecycle import Status, Step
from tasks.listed import list_standings
from tasks.people import Person
from tasks.visibility import visible_documents
from tasks.withdrawal import restore_document, withdraw_document
from tests.tasks.samples import (  # fmt: skip
    DANGERS,
    DRILLS,
    NOW,
    READER,
    SUPERVISOR,
    TODAY,
    add,
    milestone_of,
    plan,
    read,
    take,
)

AUDITOR = Person(login="audit", name="审", role=PersonRole.AUDITOR).actor()
ADMIN = Person(login="admin", name="管", role=PersonRole.ADMIN).actor()


@pytest.fixture
def wrong(store):
    """A store with one document, on which somebody reported."""
    add(store)
    take(store, Step.ACCEPT)
    return store, read()[0].document.id


@pytest.mark.parametrize("actor", [SUPERVISOR, ADMIN, CONSOLE])
def test_it_leaves_the_lists_and_comes_back_with_its_reports(wrong, actor):
    store, key = wrong
    milestone = milestone_of(store, "整治隐患")
    withdraw_document(store, actor, key, " 误传 ", NOW)
    assert (store.documents(), store.extractions(), list_standings(store, TODAY)) == ((), (), [])
    [kept] = store.documents(superseded=True)
    assert (kept.document.id, kept.withdrawn_at) == (key, NOW)
    assert store.source(key) == read()[1]
    with pytest.raises(NotFoundError, match="撤回"):
        take_on(store, milestone)
    restore_document(store, actor, key, "核对后确是正式件", NOW)
    [item] = [i for i in list_standings(store, TODAY) if i.milestone_id == milestone]
    assert item.status is Status.ACCEPTED
    with store.reading() as connection:
        entries = [e for e in audit.read(connection, subject=key) if e.reason]
        assert not audit.verify_chain(connection).faults
    assert [(e.action, e.actor, e.reason) for e in entries] == [
        ("document.withdrawn", actor.login, "误传"),
        ("document.restored", actor.login, "核对后确是正式件"),
    ]


def take_on(store, milestone):
    from tasks.lifecycle import Command
    from tasks.tracker import Tracker

    command = Command(step=Step.REPORT, milestone_id=milestone, on=TODAY, text="已做")
    return Tracker(store).perform(CONSOLE, command, NOW)


@pytest.mark.parametrize(
    ("actor", "seen"), [(READER, False), (SUPERVISOR, True), (AUDITOR, True), (ADMIN, True)]
)
def test_only_those_who_see_all_find_it(wrong, actor, seen):
    store, key = wrong
    assert visible_documents(store, actor, [key])
    withdraw_document(store, ADMIN, key, "误传", NOW)
    assert bool(visible_documents(store, actor, [key])) is seen


@pytest.mark.parametrize("actor", [READER, AUDITOR])
def test_who_may_not_ingest_may_not_withdraw(wrong, actor):
    store, key = wrong
    for act in (withdraw_document, restore_document):
        with pytest.raises(DeniedError):
            act(store, actor, key, "误传", NOW)


def test_what_is_refused(wrong):
    store, key = wrong
    with pytest.raises(NotFoundError):
        withdraw_document(store, ADMIN, "doc-none", "误传", NOW)
    with pytest.raises(TransitionError, match="理由"):
        withdraw_document(store, ADMIN, key, " ", NOW)
    with pytest.raises(ConflictError, match="没有撤回"):
        restore_document(store, ADMIN, key, "x", NOW)
    withdraw_document(store, ADMIN, key, "误传", NOW)
    with pytest.raises(ConflictError, match="已撤回"):
        withdraw_document(store, ADMIN, key, "误传", NOW)


def test_the_same_bytes_again_do_not_put_it_back(wrong):
    store, key = wrong
    withdraw_document(store, ADMIN, key, "误传", NOW)
    assert (add(store).status, add(store, refresh=True).status) == ("withdrawn", "withdrawn")
    assert store.documents() == ()


def test_the_right_file_of_that_name_takes_its_place(wrong):
    store, key = wrong
    withdraw_document(store, ADMIN, key, "误传", NOW)
    added = add(store, plan(DANGERS, DRILLS))
    assert (added.status, added.superseded) == ("new-version", key)
    assert [i.status for i in list_standings(store, TODAY) if i.title == "整治隐患"] == [Status.ACCEPTED]  # fmt: skip
    with pytest.raises(ConflictError, match="新版本"):
        restore_document(store, ADMIN, key, "x", NOW)
    assert not visible_documents(store, READER, [key])
    # The very bytes again change nothing; where a person says so they are current once more, and no
    # longer withdrawn.
    assert add(store).status == "superseded"
    assert add(store, replaces=added.document_id).status == "new-version"
    assert [d.document.id for d in store.documents()] == [key]
