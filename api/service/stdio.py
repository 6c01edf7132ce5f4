"""The MCP server on standard input and output, for the program that starts it."""

from __future__ import annotations

import logging
import sys

from api.cli.state import need_store
from api.service.identity import Viewer
from api.service.mcp import make_server
from api.service.state import Service
from api.settings import Settings
from tasks.people import People
from tasks.store import Store


def serve_stdio(settings: Settings, login: str) -> None:
    """Serve until standard input ends. What is not of the protocol goes to standard error.

    Args:
        settings: of the run.
        login: the person it acts for; the console where it is empty.

    Raises:
        StoreError: there is no store yet.
        NotFoundError: nobody active has that sign-in name.
    """
    need_store(settings)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    with Store.open(settings.store_url) as store:
        people = People(store)
        people.actor(login)
        service = Service(settings, store, public_read=False)
        # Asked at every call: someone may be deactivated while this runs.
        make_server(service, lambda _: Viewer(people.actor(login))).run("stdio")
