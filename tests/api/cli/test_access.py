"""Passwords and tokens on the command line."""

import json

import pytest

from api.cli.app import run
from api.settings import read_settings
from tasks import audit
from tasks.access import Access
from tasks.authorisation import CONSOLE, PersonRole
from tasks.people import People, Person
from tasks.store import Store
from tests.stores import new_store

PASSWORD = "correct horse battery"


@pytest.fixture
def duban(tmp_path, monkeypatch, capsys):
    """Runs a command over a store with two people; gives the code and what was said."""
    environ = {"DUBAN_HOME": str(tmp_path)}
    settings = read_settings(environ, tmp_path)
    new_store(tmp_path)
    with Store.open(settings.store_url) as store:
        for login, role in (("li", PersonRole.READER), ("root", PersonRole.ADMIN)):
            People(store).add(CONSOLE, Person(login=login, name=login, role=role), settings.now())

    def command(*words, typed=""):
        monkeypatch.setattr("sys.stdin", _Typed(typed))
        code = run(list(words), environ, tmp_path)
        said = capsys.readouterr()
        return code, said.out, said.err

    command.settings = settings
    return command


class _Typed:
    """Standard input from a pipe."""

    def __init__(self, text):
        self._text = text

    def readline(self):
        return self._text

    def isatty(self):
        return False


def access(duban):
    return Store.open(duban.settings.store_url)


def test_a_password_is_set_from_standard_input(duban):
    code, said, _ = duban("people", "password", "li", typed=PASSWORD + "\n")
    assert code == 0
    assert PASSWORD not in said
    with access(duban) as store:
        assert Access(store).check_password("li", PASSWORD).login == "li"
        with store.reading() as connection:
            last = list(audit.read(connection))[-1]
    assert (last.actor, last.action, last.subject) == ("console", "person.password", "person:li")
    assert PASSWORD not in last.model_dump_json()


@pytest.mark.parametrize(
    ("words", "typed", "told"),
    [
        (("li",), "short", "10"),
        (("nobody",), PASSWORD, "没有用户 nobody"),
        (("root", "--as", "li"), PASSWORD, "没有权限"),
    ],
)
def test_a_password_that_may_not_be_set_is_told(duban, words, typed, told):
    code, _, error = duban("people", "password", *words, typed=typed)
    assert code == 1
    assert told in error


def test_one_may_set_ones_own(duban):
    assert duban("people", "password", "li", "--as", "li", typed=PASSWORD)[0] == 0


def test_a_token_is_shown_once_listed_without_its_secret_and_revoked(duban):
    made = duban("token", "create", "li", "--name", "日历", "--scope", "calendar", "--days", "5", "--json")  # fmt: skip
    assert made[0] == 0
    token = json.loads(made[1])
    assert token["secret"].startswith("duban_")
    assert token["scopes"] == ["calendar"]
    with access(duban) as store:
        known = Access(store).token(token["secret"], duban.settings.now())
        assert known is not None
        assert known[1].login == "li"
    code, listed, _ = duban("token", "list", "--json")
    assert code == 0
    assert [t["id"] for t in json.loads(listed)] == [token["id"]]
    assert token["secret"] not in listed
    assert "日历" in duban("token", "list", "li", "--as", "li")[1]
    assert duban("token", "revoke", token["id"])[0] == 0
    with access(duban) as store:
        assert Access(store).token(token["secret"], duban.settings.now()) is None
    assert json.loads(duban("token", "list", "--json")[1]) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("create", "root", "--as", "li"), "没有权限"),
        (("create", "li", "--scope", "everything"), "范围"),
        (("create", "nobody"), "没有用户 nobody"),
        (("list", "--as", "li"), "没有权限"),
        (("list", "root", "--as", "li"), "没有权限"),
        (("revoke", "token-0"), "没有令牌 token-0"),
    ],
)
def test_what_may_not_be_done_with_tokens_is_told(duban, words, told):
    code, _, error = duban("token", *words)
    assert code == 1
    assert told in error
