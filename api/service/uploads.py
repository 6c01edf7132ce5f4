"""Files that people send: those of a form, streamed to disk with a limit on the size of each, and looked at
before any of them is stored."""

from __future__ import annotations

import os
import secrets
import time
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Self

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from api.service.owners import is_running
from api.service.problems import MediaTypeError, TooLargeError
from ingest.apart import ReaderFailedError, Reading
from ingest.readers import detect_media_type, read_bytes
from ingest.readers.kinds import CSV, HTML, MARKDOWN, TEXT
from ingest.readers.plausibility import plausibility
from kb.errors import DubanError, SecretError, SourceError

LONGEST_NAME = 120
_CHUNK = 1024 * 1024
_FIELDS = 120
_BEGAN = time.time() - 1.0
"""When this process began to receive files, with a second for the file system's clock."""
_LOOK = 20.0
"""Seconds for a look at a file before it is stored; one that takes longer is looked at by its job, and
where that finds it marked its bytes are erased with the refusal."""
_SHORT = 2_000_000
_TEXTS = frozenset({TEXT, MARKDOWN, CSV, HTML})


class Upload:
    """A file that came in: where it lies, what it is called (never a path), the other fields."""

    def __init__(self, path: Path, name: str, fields: dict[str, list[str]]) -> None:
        self.path, self.name, self.fields = path, name, fields

    def field(self, name: str) -> str:
        """The first value of a field; empty where there is none."""
        return next(iter(self.fields.get(name, [])), "")


PAGE, PLACE = "page", "place"
"""Fields of a picture that is a page of a document, and of its number among the pages, side by side."""
_MOST_PLACES = 10_000


class Sent:
    """All files of one field of a form, those that are numbered pages in their order, and its other
    fields. Leaves no file behind: use it as a context (`with sent:`)."""

    def __init__(self, files: list[tuple[str, Path]], fields: dict[str, list[str]]) -> None:
        self.files, self.fields = files, fields
        self.pages: list[tuple[str, Path]] = []

    def field(self, name: str) -> str:
        """The first value of a field; empty where there is none."""
        return next(iter(self.fields.get(name, [])), "")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for _name, path in (*self.files, *self.pages):
            path.unlink(missing_ok=True)


async def receive_all(request: Request, folder: Path, *, field: str, most: int, files: int) -> Sent:
    """Read a form with up to `files` files (those of `field`, which may be left empty, and `PAGE`) and
    other fields into `folder`. Call it only after the sender was checked.

    Raises:
        DubanError: a file has no usable name, or a page no number.
        TooLargeError: a file has more than `most` bytes.
    """
    async with request.form(max_files=files, max_fields=_FIELDS, max_part_size=64 * 1024) as form:
        sent = Sent([], _texts(form))
        try:
            for value in _filled(form.getlist(field)):
                name = clean_name(value.filename or "")
                path = await run_in_threadpool(_keep, value, folder, most)
                sent.files.append((name, path))
            for value in _in_order(form):
                name = clean_name(value.filename or "")
                path = await run_in_threadpool(_keep, value, folder, most)
                sent.pages.append((name, path))
        except BaseException:
            with sent:
                raise
        return sent


def _filled(values: Iterable[object]) -> list[UploadFile]:
    """The files: a browser sends an empty one without a name for a field that was not filled in."""
    return [value for value in values if isinstance(value, UploadFile) and value.filename]


def _in_order(form: FormData) -> list[UploadFile]:
    """The pages by the numbers beside them; of one number, as they were sent."""
    found: list[tuple[int, UploadFile]] = []
    for value, place in zip(form.getlist(PAGE), form.getlist(PLACE), strict=False):
        for file in _filled([value]):
            if not (isinstance(place, str) and place.isdecimal() and int(place) < _MOST_PLACES):
                raise DubanError("请写明每张图片的页码 / give the number of each page")
            found.append((int(place), file))
    return [file for _, file in sorted(found, key=lambda one: one[0])]


async def receive(request: Request, folder: Path, most: int) -> Upload:
    """Read a form of one file (`file`) and short fields into `folder`. Call it only after the
    sender was checked: nobody else's bytes should reach the disk.

    Raises:
        MediaTypeError: it is no such form.
        DubanError: it holds no file.
        TooLargeError: the file has more than `most` bytes.
    """
    if not request.headers.get("Content-Type", "").lower().startswith("multipart/form-data"):
        raise MediaTypeError("请用 multipart/form-data 上传 / send it as multipart/form-data")
    async with request.form(max_files=1, max_fields=_FIELDS, max_part_size=64 * 1024) as form:
        sent = form.get("file")
        if not isinstance(sent, UploadFile):
            raise DubanError("表单里没有文件 file / the form has no file in the field file")
        name = clean_name(sent.filename or "")
        path = await run_in_threadpool(_keep, sent, folder, most)
        return Upload(path, name, _texts(form))


def clean_name(printed: str) -> str:
    """The last part of a file's name as sent, without anything that is no name.

    Raises:
        DubanError: nothing is left of it, or it is too long.
    """
    printed = _as_meant(printed)
    last = PurePosixPath(printed.replace("\\", "/")).name
    kept = "".join(c for c in unicodedata.normalize("NFC", last) if c.isprintable())
    kept = kept.strip().lstrip(".")
    if not kept or "\ufffd" in kept:
        raise DubanError("文件没有可用的名称 / the file has no usable name")
    if len(kept) > LONGEST_NAME:
        raise DubanError(
            f"文件名最多 {LONGEST_NAME} 字 / a file's name has {LONGEST_NAME} characters at most"
        )
    return kept


def _as_meant(printed: str) -> str:
    """A name as its sender wrote it: what is no UTF-8 arrives byte for byte as Latin-1, and is
    read as what older Chinese systems send, where it then reads as Chinese."""
    try:
        meant = printed.encode("latin-1").decode("gb18030")
    except UnicodeError:
        return printed
    return meant if meant != printed and plausibility(meant) >= 1 else printed


def _keep(sent: UploadFile, folder: Path, most: int) -> Path:
    """Copy the file into the folder under a name of our own, readable by us only. The name tells
    whose it is, so that whoever starts later knows what a dead process left."""
    return _written(_bounded(sent, most), folder)


def keep_bytes(data: bytes, folder: Path) -> Path:
    """Write bytes that are in the store, or a member of a delivery, into the folder, as a file that was
    sent by itself."""
    return _written([data], folder)


def _written(chunks: Iterable[bytes], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{os.getpid()}-{secrets.token_hex(16)}.part"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            for chunk in chunks:
                out.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def remove_left_files(folder: Path) -> None:
    """Remove the files in an upload folder that no running process of this machine received. One
    with our number that is older than we are is of a process that had it before us."""
    for path in folder.glob("*.part") if folder.is_dir() else ():
        process = path.name.partition("-")[0]
        if process == str(os.getpid()):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < _BEGAN:
                    path.unlink(missing_ok=True)
        elif not (process.isdecimal() and is_running(int(process))):
            path.unlink(missing_ok=True)


def look_at(path: Path, name: str) -> None:
    """Look at a file before any of its bytes is in the store; what else is wrong with it its job will
    tell. Short text is looked at here, for which no process is started.

    Raises:
        SecretError: it is marked as secret.
    """
    try:
        data = path.read_bytes()
        if len(data) <= _SHORT and detect_media_type(data, name) in _TEXTS:
            read_bytes(data, name)
        else:
            Reading(path, name, _LOOK).look()
    except SecretError:
        raise
    except (SourceError, ReaderFailedError):
        return


def _bounded(sent: UploadFile, most: int) -> Iterator[bytes]:
    size = 0
    while chunk := sent.file.read(_CHUNK):
        size += len(chunk)
        if size > most:
            raise TooLargeError(
                f"文件最多 {most // _CHUNK} MB / a file may have {most // _CHUNK} MB"
            )
        yield chunk


def _texts(form: FormData) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in form.multi_items():
        if isinstance(value, str):
            found.setdefault(key, []).append(value)
    return found


def form_of(*, name: str = "佐证.pdf", **fields: dict[str, object]) -> dict[str, object]:
    """The OpenAPI description of a form with a file and other `fields`; FastAPI cannot tell it
    from a route that reads the stream itself. `name` is that of a file for the example, which
    holds the fields' own examples."""
    binary = {"type": "string", "format": "binary", "description": "文件 / the file"}
    form = {"type": "object", "required": ["file"], "properties": {"file": binary, **fields}}
    given = {key: shape["example"] for key, shape in fields.items() if "example" in shape}
    shown = {"summary": "一个文件 / one file", "value": {"file": name, **given}}
    content = {"multipart/form-data": {"schema": form, "examples": {"file": shown}}}
    return {"requestBody": {"required": True, "content": content}}
