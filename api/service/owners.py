"""Which process works on something that several processes of a store can see."""

from __future__ import annotations

import os
import secrets
import socket

from pydantic import BaseModel

_HERE: set[str] = set()
"""The words of those who work in this very process, which may hold several services."""


class Owner(BaseModel):
    """A process that works: its machine, its number there, and a word that only it has."""

    host: str
    process: int
    word: str

    @classmethod
    def here(cls) -> Owner:
        """This process."""
        found = cls(host=socket.gethostname(), process=os.getpid(), word=secrets.token_hex(8))
        _HERE.add(found.word)
        return found

    def leave(self) -> None:
        """Work no more."""
        _HERE.discard(self.word)

    def is_known_gone(self, asking: Owner) -> bool:
        """Whether `asking` can tell that it works no more: it is `asking` itself, of former work; or
        `asking` has its number on the same machine, or nothing there has. Of another machine's
        nothing is known."""
        if self.word == asking.word:
            return True
        if self.host != asking.host or self.word in _HERE:
            return False
        return self.process == asking.process or not is_running(self.process)


def is_running(process: int) -> bool:
    """Whether this machine has a process of that number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
