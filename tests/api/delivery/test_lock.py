"""The right to send, on both databases."""

import threading

import pytest
from sqlalchemy.exc import OperationalError

from api.delivery.lock import only_one
from kb.errors import StoreError
from tests.api.delivery.samples import settings


def hold(over, name="sender"):
    with only_one(over, name) as mine:
        return mine


def test_one_has_it_until_it_ends(store_url, tmp_path):
    over = settings(store_url, tmp_path)
    with only_one(over, "sender") as mine:
        assert mine
        assert not hold(over)
        assert hold(over, "schedule")  # another right
    assert hold(over)


def test_what_is_raised_inside_comes_out_as_it_is_and_gives_it_back(store_url, tmp_path):
    over = settings(store_url, tmp_path)
    for error in (KeyError("x"), OperationalError("x", {}, Exception())):
        with pytest.raises(type(error)), only_one(over, "sender"):
            raise error
        assert hold(over)


def test_taken_in_one_thread_and_given_back_in_another(store_url, tmp_path):
    over = settings(store_url, tmp_path)
    held = only_one(over, "schedule")
    thread = threading.Thread(target=held.__enter__)
    thread.start()
    thread.join()
    assert not hold(over, "schedule")
    held.__exit__(None, None, None)
    assert hold(over, "schedule")


def test_two_stores_are_two_rights(tmp_path):
    first, second = (settings(f"sqlite:///{tmp_path / n}", tmp_path) for n in ("a.db", "b.db"))
    with only_one(first, "sender"):
        assert hold(second)


def test_the_short_name_of_postgresql(postgres, tmp_path):
    url = postgres.new_database().replace("postgresql+psycopg:", "postgresql:")
    assert hold(settings(url, tmp_path))


@pytest.mark.parametrize(
    "url", ["sqlite:////dev/null/duban.db", "postgresql://u@/x?host=/nowhere", "mysql+none://h/x"]
)
def test_a_store_that_is_not_there(url, tmp_path):
    with pytest.raises(StoreError):
        hold(settings(url, tmp_path))


def test_a_server_that_is_gone_when_it_is_given_back(postgres, tmp_path):
    url = postgres.new_database()
    over = settings(url, tmp_path)
    with only_one(over, "sender") as mine:
        assert mine
        postgres.drop(url)  # ends the session
