"""What `duban ingest` does: files, folders, packages and mails into the store, told row by row."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from rich.progress import track

from api.cli.extracting import read_apart, reader_of
from api.cli.knowledge import update_index
from api.cli.output import Output
from api.relating import relate_stored
from api.settings import Settings
from ingest.apart import Reader
from ingest.attachments import Member, relate
from ingest.deliveries import MOST_MEMBERS, is_delivery, open_delivery
from ingest.files import load_file
from ingest.reader_version import reader_version
from ingest.readers.kinds import TAKEN_SUFFIXES
from kb.errors import DubanError, SourceError
from kb.models import Finding
from kb.printable import printable
from tasks.attachments import read_attachments
from tasks.authorisation import CONSOLE
from tasks.models import LEFT_OUT
from tasks.store import Store
from tasks.version_doubts import EVIDENCE_NAMES, Likeness, Order

_NAMED = 20
"""Files left out that are named one by one; `--json` has them all."""


class Sources(NamedTuple):
    """What is read, and what stood in the folders beside it under names of no known kind."""

    files: list[Path]
    left_out: list[Path]


def find_sources(paths: Sequence[Path]) -> Sources:
    """The files named, and those of a kind that is read inside the folders named.

    Raises:
        SourceError: a folder holds nothing to read.
    """
    found: list[Path] = []
    left: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file())
            read = [p for p in inside if _is_taken(p)]
            rest = [p for p in inside if not (_is_taken(p) or _is_hidden(p.relative_to(path)))]
            if not read:
                kinds = " ".join(sorted(TAKEN_SUFFIXES))
                zh, en = (f"; {words}" if rest else "" for words in _told(rest))
                raise SourceError(
                    "目录里没有能读的文件 / the folder holds no file that is read",
                    hint=f"能读: {kinds}{zh} / read: {kinds}{en}",
                    path=path,
                )
            found.extend(read)
            left.extend(rest)
        else:
            found.append(path)  # one that is not there is told when it is read
    files = list(dict.fromkeys(found))
    return Sources(files, sorted({*left} - {*files}))


def _is_taken(path: Path) -> bool:
    return path.suffix.lower() in TAKEN_SUFFIXES


def _is_hidden(path: Path) -> bool:
    """What systems and programs put beside files of people: .DS_Store, ~$方案.docx."""
    return any(part.startswith((".", "~$")) for part in path.parts)


def _told(left: Sequence[Path]) -> tuple[str, str]:
    shown = [printable(path.name) for path in left[:_NAMED]]
    more = len(left) > _NAMED
    return (
        f"{len(left)} 个文件的扩展名不在能读之列, 未读: {'、'.join(shown)}"
        f"{'等 (--json 全部列出)' if more else ''}; 按路径单独给出时, 按内容识别",
        f"{len(left)} file(s) left out, as their suffixes are not those of files that are read: "
        f"{', '.join(shown)}{' and more (--json lists all)' if more else ''}; one that is given by its "
        "own path is read by its content",
    )


def ingest(
    settings: Settings,
    paths: Sequence[Path],
    out: Output,
    *,
    refresh: bool = False,
    replaces: str = "",
    index: bool = True,
) -> int:
    """Read files into the store; a bad one is told and the others still go in.

    Raises:
        DubanError: `replaces` names no current document, or several files are to replace it.
    """
    sources, left = find_sources(paths)
    if replaces and len(sources) != 1:
        raise DubanError(
            f"--replaces 一次只能用于一个文件, 这里有 {len(sources)} 个 / --replaces is for one file, "
            f"not {len(sources)}"
        )
    rows: list[dict[str, Any]] = []
    with reader_of(settings) as reader, Store.open(settings.store_url) as store:
        store.check_writable()
        shown = len(sources) > 1 and sys.stderr.isatty()
        for path in track(sources, console=out.errors, disable=not shown, transient=True):
            rows += _ingest_path(store, reader, path, settings, refresh, replaces)
        _relate_alone(store, rows, settings)
    read = any(row["status"] != "failed" for row in rows)
    indexed = update_index(settings, out) if index and read else None
    if out.as_json:
        names = [printable(str(path)) for path in left]
        out.json({"store": settings.store, "files": rows, "left_out": names, "indexed": indexed})
    else:
        _report(rows, out)
        if left:
            out.say(*_told(left))
        if indexed is not None:
            out.say(f"索引: {indexed} 个片段", f"index: {indexed} chunks")
    return 1 if any(row["status"] == "failed" for row in rows) else 0


def _ingest_path(
    store: Store, reader: Reader, path: Path, settings: Settings, refresh: bool, replaces: str
) -> list[dict[str, Any]]:
    """A row for a file; of a package or a mail one for each of its members, whatever becomes of the
    others."""
    try:
        data = load_file(path)
        delivery = open_delivery(data, str(path)) if is_delivery(data, str(path)) else None
    except SourceError as error:
        return [_failed(path, error)]
    if delivery is None:
        return [_ingest_one(store, reader, path, data, settings, refresh, replaces)]
    if replaces:
        message = (
            "--replaces 不能用于压缩包或邮件 / --replaces is for a document, not a package or mail"
        )
        hint = "请取出文件后单独导入 / take the file out and send it by itself"
        return [_failed(path, SourceError(message, hint=hint))]
    rows = [
        _ingest_one(store, reader, path / m.path, m.data, settings, refresh, replaces)
        | {"part": m.part, "attachment": m.number}
        for m in delivery.members
    ]
    _relate(store, delivery.members, rows, settings)
    rows += [_failed(path / refused.path, refused.error) for refused in delivery.refused]
    return [row | {"delivery": printable(str(path))} for row in rows]


def _relate_alone(store: Store, rows: Sequence[dict[str, Any]], settings: Settings) -> None:
    """Files that were named together are one delivery, those of packages and mails apart."""
    alone = [row for row in rows if "delivery" not in row]
    if 1 < len(alone) <= MOST_MEMBERS:
        paths = [PurePath(row["file"]) for row in alone]
        members = [Member(p.name, p.as_posix(), b"", n) for n, p in enumerate(paths)]
        _relate(store, relate(members), alone, settings)


def _relate(
    store: Store, members: Sequence[Member], rows: Sequence[dict[str, Any]], settings: Settings
) -> None:
    """Record which of the documents are attachments of which, and say so in their rows."""
    stored = {n: row["document_id"] for n, row in enumerate(rows) if row["status"] != "failed"}
    if len(stored) < 2:
        return
    with store.writing() as connection:
        relate_stored(connection, members, stored, CONSOLE.login, settings.now())
        bodies = {one.document_id: one.body_id for one in read_attachments(connection)}
    for n, key in stored.items():
        rows[n]["attached_to"] = bodies.get(key)


def _failed(path: Path, error: SourceError) -> dict[str, Any]:
    shown = printable(str(path))
    return {"file": shown, "status": "failed", "error": error.message, "hint": error.hint}


def _ingest_one(
    store: Store,
    reader: Reader,
    path: Path,
    data: bytes,
    settings: Settings,
    refresh: bool,
    replaces: str,
) -> dict[str, Any]:
    try:
        extraction = read_apart(reader, data, path)
        added = store.add(
            extraction,
            data,
            recorded_at=settings.now().astimezone(UTC),
            refresh=refresh,
            replaces=replaces or None,
            government=settings.government,
            reader=reader_version(),
        )
    except SourceError as error:
        return _failed(path, error)
    return {
        "file": printable(str(path)),
        "status": added.status,
        "document_id": added.document_id,
        "superseded": added.superseded,
        "tracked": added.tracked,
        "replaced_by": added.replaced_by,
        "possible_versions": [v.model_dump(mode="json") for v in added.possible_versions],
        "title": extraction.document.title,
        "plans": len(extraction.plans),
        "clauses": len(extraction.clauses),
        "tasks": len(extraction.tasks),
        "targets": sum(len(t.targets) for t in extraction.tasks),
        "repairs": len(extraction.repairs),
        "warnings": [w.model_dump(mode="json") for w in (*added.findings, *extraction.warnings)],
    }


_STATUS = {
    "added": ("已入库", "added"),
    "unchanged": ("未变", "unchanged"),
    "new-version": ("新版本", "new version"),
    "re-read": ("重新读取", "read anew"),
    "superseded": ("是旧版本, 未变", "a former version, unchanged"),
    "withdrawn": ("已撤回, 未恢复", "withdrawn, not restored"),
    "failed": ("失败", "failed"),
}


def _report(rows: Sequence[dict[str, Any]], out: Output) -> None:
    read = [row for row in rows if row["status"] != "failed"]
    if read:
        out.table(
            [("文件", "file"), ("状态", "status"), ("计划", "plans"), ("条款", "clauses"),
             ("任务", "tasks"), ("目标", "targets"), ("修复", "repairs"), ("提醒", "warnings")],
            [
                (Path(r["file"]).name, out.pick(*_STATUS[r["status"]]), r["plans"], r["clauses"],
                 r["tasks"], r["targets"], r["repairs"],
                 sum(w["code"] != LEFT_OUT for w in r["warnings"]))
                for r in read
            ],
        )  # fmt: skip
    for row in read:
        if row.get("attached_to"):
            body = next((r["title"] for r in read if r["document_id"] == row["attached_to"]), "")
            out.say(
                f"  {Path(row['file']).name}: 附件, 属于 {row['attached_to']} {body}",
                f"  {Path(row['file']).name}: an attachment of {row['attached_to']} {body}",
            )
    for row in read:
        found = [Finding.model_validate(warning) for warning in row["warnings"]]
        show_findings(found, Path(row["file"]).name, out)
        for other in row["possible_versions"]:
            zh, en = _evidence_of(other)
            if other["order"] == Order.EARLIER:
                out.say(
                    f"  日期早于 {other['document_id']} {_called(other)}, 后者可能是它的新版本 ({zh}); "
                    f"确认: duban versions settle",
                    f"  its day is before that of {other['document_id']} {_called(other)}, which may "
                    f"be its new version ({en}); to say so or not: duban versions settle",
                )
                continue
            out.say(
                f"  可能是 {other['document_id']} {_called(other)}的新版本 ({zh}); "
                f"确认: duban versions settle",
                f"  may be a new version of {other['document_id']} {_called(other)} ({en}); "
                "to say so or not: duban versions settle",
            )
        if row["replaced_by"]:
            out.say(
                f"  现行版本是 {row['replaced_by']}; 要恢复此版本: duban ingest --replaces {row['replaced_by']}",
                f"  the current version is {row['replaced_by']}; to make this one current: "
                f"duban ingest --replaces {row['replaced_by']}",
            )
    for row in rows:
        if row["status"] == "failed":
            hint = f" ({out.side(row['hint'])})" if row["hint"] else ""
            out.complain(f"{row['file']}: {out.side(row['error'])}{hint}")


def show_findings(findings: Sequence[Finding], name: str, out: Output) -> None:
    """What a person should look at in a file, a line each, and how much was left out of it."""
    for warning in findings:
        if warning.code == LEFT_OUT:
            continue
        where = f"[{warning.span.start}]" if warning.span else ""
        told = out.side(warning.message)
        out.say(f"  提醒 {name}{where}: {told}", f"  warning {name}{where}: {told}")
    if aside := [f for f in findings if f.code == LEFT_OUT]:
        out.say(
            f"  {name}: 另有 {len(aside)} 处未列入条款 (页面文字、落款、附件名称等), 用 --json 逐处列出",
            f"  {name}: {len(aside)} passage(s) in no clause (words of the page, signatures, names of "
            "attachments); --json lists each",
        )


def _evidence_of(other: dict[str, Any]) -> tuple[str, str]:
    names = [EVIDENCE_NAMES[Likeness(e)] for e in other["evidence"]]
    return "、".join(n[0] for n in names), ", ".join(n[1] for n in names)


def _called(other: dict[str, Any]) -> str:
    return f"《{other['title']}》{other['document_number'] or ''}"
