from collections.abc import Iterator

import pytest

from tasks.store import Store
from tests.tasks.samples import add


@pytest.fixture
def store(store_url) -> Iterator[Store]:
    """A store with the sample plan, once on each kind of database."""
    with Store.open(store_url) as opened:
        add(opened)
        yield opened
