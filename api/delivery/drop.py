"""The file channel: digests laid into a folder, for an office system to pick up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from api.delivery.channel import PermanentError, TemporaryError
from api.delivery.message import Message
from api.files import replace_file
from kb.errors import both
from tasks.addresses import Address


class DropChannel:
    """Writes `<folder>/<week>/<name>.html` and the attachments beside it, each whole or not at all;
    below `<folder>/<sub-folder>` where the unit's address names one."""

    name = "file"
    harmless = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return

    def deliver(self, message: Message, address: Address, announce: Callable[[], None]) -> str:
        """Write the files; the page last, so that where it is, the others are."""
        folder = self._folder / address.target / message.week
        announce()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for attachment in message.attachments:
                write_whole(folder, attachment.name, attachment.data)
            write_whole(folder, message.page, message.html.encode())
        except OSError as error:
            raise TemporaryError(both("写不了", "cannot be written", error), path=folder) from error
        return ""


def write_whole(folder: Path, name: str, data: bytes) -> None:
    """Write a file so that it is there whole or as before, also after a power cut.

    Raises:
        OSError: it cannot be written.
        PermanentError: its name would leave the folder.
    """
    if name in ("", ".", "..") or set(name) & set("/\\\0"):
        raise PermanentError(f"不是文件名: {name!r} / not a file's name", path=folder)
    replace_file(folder / name, data, mode=0o644)
