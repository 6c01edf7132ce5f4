"""What every channel does, and how its failures differ."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from api.delivery.message import Message
from kb.errors import DubanError
from tasks.addresses import Address


class AnsweredError(DubanError):
    """A message did not simply go through. `answer` is what the other side said, a status and at
    most 200 characters, for administrators only: whoever chooses an address could else read by it
    what stands behind it."""

    def __init__(
        self,
        message: str,
        *,
        answer: str = "",
        hint: str = "",
        path: Path | str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, path=path)
        self.answer = answer


class DeliveryError(AnsweredError):
    """A message certainly did not arrive."""


class TemporaryError(DeliveryError):
    """It may arrive if it is sent again later."""


class UnreachableError(TemporaryError):
    """The server itself cannot be reached: other messages will not get through either."""


class PermanentError(DeliveryError):
    """Sending the same again would fail the same way."""


class UncertainError(AnsweredError):
    """Nobody can tell whether the message arrived."""


class Channel(Protocol):
    """A way to send. Used as a context manager: what can be shared between messages (a
    connection) is kept until its end."""

    name: str
    harmless: bool
    """Whether sending the same message again changes nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def deliver(self, message: Message, address: Address, announce: Callable[[], None]) -> str:
        """Send a message; `announce` is called just before bytes may reach the recipient.

        Returns:
            A note for the record (recipients that were refused), or nothing.

        Raises:
            TemporaryError, PermanentError: it did not arrive.
            ConflictError: what `announce` raises; nothing was sent.
            UncertainError: it may have.
        """
        ...
