"""`duban extract`: a file as JSON without the store's and the assistant's libraries."""

from __future__ import annotations

from pathlib import Path

import typer

from api.cli.output import Output
from api.settings import Settings
from ingest.apart import Reader, ReaderFailedError
from ingest.contract import to_contract
from ingest.files import load_file
from ingest.ledger import explain_mentions, read_ledger
from ingest.readers import read_bytes
from kb.errors import SourceError, both
from tasks.models import Extraction, Recognised


def reader_of(settings: Settings) -> Reader:
    """The reader of files in a process of its own, as it is set."""
    return Reader(settings.read_seconds, most=settings.recognised_pages, keep=settings.kept_pages)


def read_apart(
    reader: Reader, data: bytes, path: Path, recognised: Recognised | None = None
) -> Extraction:
    """The facts in the bytes of the file at `path`; `recognised` is what was read in its pictures
    when it was brought.

    Raises:
        SourceError: it cannot be read, or the reader has a fault that it shows.
    """
    try:
        return reader.extract(data, str(path), recognised)
    except ReaderFailedError as error:
        words = str(error).strip().splitlines()[-1]
        raise SourceError(
            both("读这份文件时程序出错", "the reader has a fault that this file shows", words),
            hint="请把这份文件报给开发者 / send the file to the developers",
            path=path,
        ) from error


def extract(path: Path, out: Output, text_out: Path | None, settings: Settings) -> None:
    """Read one file and print what was found in it."""
    with reader_of(settings) as reader:
        reader.start()
        data = load_file(path)
        extraction = read_apart(reader, data, path)
    if text_out is not None:
        text_out.write_bytes(extraction.document.text.encode())
    if out.as_json:
        source = read_bytes(data, str(path), extraction.recognised)
        ledger = read_ledger(extraction, source).model_dump(mode="json")
        out.json(to_contract(extraction) | ledger)
        return
    from api.cli.actions import show_extraction  # noqa: PLC0415 - half a second of libraries

    show_extraction(extraction, out)


def explain(path: Path, span: str, out: Output, settings: Settings) -> None:
    """Print what was decided of the mentions at `span` (START-END) of one file, and why."""
    start, _, end = span.partition("-")
    if not (start.isdigit() and end.isdigit() and int(start) < int(end)):
        raise typer.BadParameter(
            both("位置要写成 起-止, 如 120-140", "a place is written START-END, like 120-140", span)
        )
    with reader_of(settings) as reader:
        reader.start()
        data = load_file(path)
        extraction = read_apart(reader, data, path)
    source = read_bytes(data, str(path), extraction.recognised)
    found = explain_mentions(source, int(start), int(end))
    if out.as_json:
        out.json(found)
        return
    if not found:
        out.say("这里没有读到单位、时间或数量", "no body, time or quantity is read there")
    for mention in found:
        line = f"{mention['quote']}  {mention['type']} → {mention['use']}  {mention['probability']}"
        reasons = [f"    {weight:+.2f}  {feature}" for feature, weight in mention["features"]]
        words = "\n".join([line, *reasons])
        out.say(words, words)
