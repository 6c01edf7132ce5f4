from collections.abc import Iterator

import pytest

from tests.api.service.world import World, make_world


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[World]:
    """A service with two documents and six people, for the tests of one module."""
    with make_world(tmp_path_factory.mktemp("service")) as made:
        yield made
