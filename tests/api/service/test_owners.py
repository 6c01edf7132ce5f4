"""Whose a job is, and whether they are known to be gone."""

import os
import socket

import pytest

from api.service.owners import Owner


@pytest.mark.parametrize(
    ("owner", "gone"),
    [
        ({"word": "mine"}, True),
        ({"host": "another-machine"}, False),
        ({}, True),  # the same number on the same machine: it was there before
        ({"process": os.getppid()}, False),
        ({"process": 2**22 + 1}, True),  # no machine counts so far
    ],
)
def test_who_is_known_to_be_gone(owner, gone):
    here = Owner(host=socket.gethostname(), process=os.getpid(), word="mine")
    asked = here.model_copy(update={"word": "other"} | owner)
    assert asked.is_known_gone(here) is gone
