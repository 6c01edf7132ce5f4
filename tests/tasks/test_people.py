"""People: who may record them, what is refused, that nobody locks the office out."""

import pytest

from kb.errors import ConflictError, DeniedError, DubanError, NotFoundError
from tasks import audit
from tasks.authorisation import CONSOLE, PersonRole
from tasks.people import People, Person
from tasks.store import Store
from tests.tasks.samples import NOW, READER, SUPERVISOR

R = PersonRole
LI = Person(login="li", name="李", role=R.UNIT_OFFICER, units=("万州区/education", "万州区/water"))
ADMIN = Person(login="root", name="管", role=R.ADMIN)


@pytest.fixture
def people(store_url):
    with Store.open(store_url) as store:
        yield People(store)


def log(people):
    with people._store.reading() as connection:
        return list(audit.read(connection))


def test_a_person_is_added_changed_and_no_longer_there(people):
    assert people.add(CONSOLE, LI, NOW) == LI
    assert people.get("li") == LI
    assert people.actor("li") == LI.actor()
    moved = LI.model_copy(update={"units": ("万州区/finance",), "name": "李四"})
    people.change(CONSOLE, moved, NOW)
    assert people.list() == [moved]
    people.change(CONSOLE, moved.model_copy(update={"active": False}), NOW)
    with pytest.raises(NotFoundError, match="停用"):
        people.actor("li")
    assert people.get("li").name == "李四", "the log still names them"
    entries = log(people)
    assert [e.action for e in entries] == ["person.added", "person.changed", "person.changed"]
    assert entries[1].before["units"] == ["万州区/education", "万州区/water"]
    assert entries[1].after["units"] == ["万州区/finance"]
    assert {e.subject for e in entries} == {"person:li"}


def test_nobody_is_the_console(people):
    assert people.actor("") == CONSOLE
    with pytest.raises(NotFoundError):
        people.actor("ghost")
    with pytest.raises(NotFoundError):
        people.change(CONSOLE, LI, NOW)


def test_a_sign_in_name_is_taken_once(people):
    people.add(CONSOLE, LI, NOW)
    with pytest.raises(ConflictError):
        people.add(CONSOLE, ADMIN.model_copy(update={"login": "li"}), NOW)
    assert people.list() == [LI]


@pytest.mark.parametrize("actor", [READER, SUPERVISOR, LI.actor()])
def test_only_administrators_manage_people(people, actor):
    with pytest.raises(DeniedError, match="管理员"):
        people.add(actor, LI, NOW)
    people.add(CONSOLE, LI, NOW)
    with pytest.raises(DeniedError):
        people.change(actor, LI, NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"login": ""},
        {"login": "  "},
        {"login": "console"},
        {"login": "Console"},
        {"login": "scheduler"},
        {"login": "oidc"},
        {"login": "李 四"},
        {"login": "li\n"},
        {"login": "x" * 65},
        {"login": "a\x00"},
        {"login": "\udcff"},
        {"units": ()},
        {"units": ("万州区/education", " ")},
        {"units": ("区教委",)},  # of which district?
        {"units": ("万州区/nonsense",)},
        {"units": ("长" * 201,)},
        {"name": "李\x00"},
    ],
)
def test_people_that_are_refused(people, changes):
    with pytest.raises(DubanError, match=" / "):
        people.add(CONSOLE, LI.model_copy(update=changes), NOW)
    assert people.list() == []
    assert log(people) == []


@pytest.mark.parametrize("change", [{"active": False}, {"role": R.READER}])
def test_the_last_administrator_stays(people, change):
    people.add(CONSOLE, ADMIN, NOW)
    less = ADMIN.model_copy(update=change)
    with pytest.raises(ConflictError, match="最后一个管理员"):
        people.change(ADMIN.actor(), less, NOW)
    other = ADMIN.model_copy(update={"login": "other"})
    people.add(ADMIN.actor(), other.model_copy(update={"active": False}), NOW)
    with pytest.raises(ConflictError):
        people.change(ADMIN.actor(), less, NOW)
    people.change(ADMIN.actor(), other, NOW)
    people.change(ADMIN.actor(), less, NOW)
    people.change(CONSOLE, other.model_copy(update=change), NOW)


def test_units_are_bound_once(people):
    people.add(CONSOLE, LI.model_copy(update={"units": ("万州区教委", "万州区/education")}), NOW)
    assert people.get("li").units == ("万州区/education",)
