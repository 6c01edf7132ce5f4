"""`duban extract`: a file as JSON without the store's and the assistant's libraries."""

from __future__ import annotations

from pathlib import Path

from api.cli.output import Output
from ingest.apart import Reader, ReaderFailedError
from ingest.contract import to_contract
from ingest.files import load_file
from kb.errors import SourceError, both
from tasks.models import Extraction


def read_apart(reader: Reader, data: bytes, path: Path) -> Extraction:
    """The facts in the bytes of the file at `path`.

    Raises:
        SourceError: it cannot be read, or the reader has a fault that it shows.
    """
    try:
        return reader.extract(data, str(path))
    except ReaderFailedError as error:
        words = str(error).strip().splitlines()[-1]
        raise SourceError(
            both("读这份文件时程序出错", "the reader has a fault that this file shows", words),
            hint="请把这份文件报给开发者 / send the file to the developers",
            path=path,
        ) from error


def extract(path: Path, out: Output, text_out: Path | None, patience: float) -> None:
    """Read one file and print what was found in it."""
    with Reader(patience) as reader:
        reader.start()
        extraction = read_apart(reader, load_file(path), path)
    if text_out is not None:
        text_out.write_bytes(extraction.document.text.encode())
    if out.as_json:
        out.json(to_contract(extraction))
        return
    from api.cli.actions import show_extraction  # noqa: PLC0415 - half a second of libraries

    show_extraction(extraction, out)
