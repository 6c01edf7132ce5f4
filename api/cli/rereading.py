"""Reading documents of the store again: `duban reread`, those that an older reader read; `duban correct
text`, one with what a person says that a line of its pictures is."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.progress import track

from api.cli.extracting import read_apart, reader_of
from api.cli.knowledge import update_index
from api.cli.output import Output
from api.cli.state import Run
from api.repairing import check_repair, read_line
from ingest.apart import Reader
from ingest.reader_version import reader_version
from ingest.readers.recorded import repair_recorded
from kb.errors import ConflictError, NotFoundError, SourceError
from tasks.adding import TextRepair
from tasks.authorisation import Action, Actor, require
from tasks.models import Extraction, Recognised
from tasks.rereading import FactCounts, Reread, find_older, reread_document
from tasks.store import Store, StoredDocument


def list_older(run: Run, as_json: bool) -> None:
    """List the documents that another version of the reader read, and what to do."""
    out = run.out(as_json)
    with run.acting() as (store, actor):
        require(actor, Action.INGEST)
        found = find_older(store, reader_version())
    if as_json:
        out.json({"reader": reader_version(), "documents": [_row(stored) for stored in found]})
        return
    if not found:
        out.say("所有文件均由当前版本读取", "all documents were read by the present version")
        return
    out.table(
        [("编号", "id"), ("标题", "title"), ("读取版本", "read by"), ("入库日期", "recorded")],
        [
            (stored.document.id, stored.document.title,
             stored.reader or out.pick("未记录", "not recorded"), stored.recorded_at.date())
            for stored in found
        ],
    )  # fmt: skip
    out.say(
        f"{len(found)} 份文件由旧版读取。预览变化: duban reread --all --dry-run；"
        "重新读取: duban reread 编号…，或 duban reread --all",
        f"{len(found)} document(s) were read by an older version. To preview: duban reread --all "
        "--dry-run; to read them again: duban reread ID…, or duban reread --all",
    )


def _row(stored: StoredDocument) -> dict[str, Any]:
    return {
        "document_id": stored.document.id, "title": stored.document.title,
        "reader": stored.reader, "recorded_at": stored.recorded_at.isoformat(),
    }  # fmt: skip


def reread(
    run: Run,
    keys: Sequence[str],
    as_json: bool,
    *,
    everything: bool,
    dry_run: bool,
    index: bool,
) -> int:
    """Read documents again, each in a transaction of its own; one that cannot be read is told and
    the others go on. 1 where one failed."""
    out, rows = run.out(as_json), list[dict[str, Any]]()
    done: list[Reread] = []
    with run.acting() as (store, actor), reader_of(run.settings) as reader:
        require(actor, Action.INGEST)
        if not dry_run:
            store.check_writable()
        older = find_older(store, reader_version()) if everything else ()
        wanted = [stored.document.id for stored in older] or list(dict.fromkeys(keys))
        shown = len(wanted) > 1 and sys.stderr.isatty()
        for key in track(wanted, console=out.errors, disable=not shown, transient=True):
            try:
                found = _reread_one(run, store, actor, reader, key, dry_run=dry_run)
            except (ConflictError, NotFoundError, SourceError) as error:
                rows.append({"document_id": key, "status": "failed", "error": error.message, "hint": error.hint})  # fmt: skip
                continue
            done.append(found)
            rows.append(_told(found))
            if not as_json:
                _say(found, out)
    changed = any(found.status == "re-read" for found in done) and not dry_run
    indexed = update_index(run.settings, out) if index and changed else None
    if as_json:
        out.json({"reader": reader_version(), "dry_run": dry_run, "documents": rows, "indexed": indexed})  # fmt: skip
    else:
        _close(rows, indexed, out, dry_run=dry_run)
    return 1 if any(row["status"] == "failed" for row in rows) else 0


def show_line(run: Run, document: str, at: int, as_json: bool) -> None:
    """Print the line of recognised text at a place, as it was recognised and as it is read now."""
    out = run.out(as_json)
    with run.acting() as (store, actor):
        line = read_line(store, actor, document, at)
    if as_json:
        out.json({"span": list(line.span), "page": line.page, "recognised": line.recognised, "words": line.words})  # fmt: skip
        return
    place = f"[{line.span.start}, {line.span.end})"
    page = (f"第 {line.page} 页 ", f"page {line.page} ") if line.page else ("", "")
    out.say(f"{page[0]}{place}", f"{page[1]}{place}")
    out.say(f"识别为: {line.recognised}", f"recognised: {line.recognised}")
    if line.words != line.recognised:
        out.say(f"已更正为: {line.words}", f"corrected to: {line.words}")


def correct_line(
    run: Run, document: str, at: int, words: str, reason: str, as_json: bool, *, index: bool
) -> None:
    """Read a document anew with what a person says that the line at a place is."""
    out = run.out(as_json)
    with run.acting() as (store, actor), reader_of(run.settings) as reader:
        line = read_line(store, actor, document, at)
        _, repair = check_repair(
            store, actor, document, line.span.start, line.span.end, words, reason
        )
        store.check_writable()
        found = _reread_one(run, store, actor, reader, document, repair=repair)
    indexed = update_index(run.settings, out) if index and found.status == "re-read" else None
    if as_json:
        out.json(_told(found) | {"span": list(line.span), "recognised": line.recognised, "indexed": indexed})  # fmt: skip
        return
    if found.status == "unchanged":
        out.say("与现在的文字相同, 没有变化", "it says so already: nothing changed")
        return
    out.say(f"已更正; 识别结果保留: {line.recognised}",
            f"corrected; what was recognised is kept: {line.recognised}")  # fmt: skip
    _say(found, out)
    if indexed is not None:
        out.say(f"索引: {indexed} 个片段", f"index: {indexed} chunks")


def _reread_one(
    run: Run,
    store: Store,
    actor: Actor,
    reader: Reader,
    key: str,
    *,
    dry_run: bool = False,
    repair: TextRepair | None = None,
) -> Reread:
    def read(data: bytes, name: str, known: Recognised | None) -> Extraction:
        if known is not None and repair is not None:
            known = repair_recorded(known, repair.span, repair.words)
        return read_apart(reader, data, Path(name), known)

    return reread_document(
        store, actor, key, read, reader=reader_version(), at=run.settings.now(),
        government=run.settings.government, dry_run=dry_run, repair=repair,
    )  # fmt: skip


def _told(found: Reread) -> dict[str, Any]:
    row = found.model_dump(mode="json")
    return row | {"facts": row["facts"] | {"total": found.total.model_dump()}}


def _say(found: Reread, out: Output) -> None:
    name = f"{found.document_id} {' '.join(found.title.split())}"
    if found.status == "current":
        out.say(f"{name}: 已由当前版本读取，未变", f"{name}: read by the present version already")
        return
    zh, en = _counts(found.total)
    out.say(f"{name}: {zh}", f"{name}: {en}")
    kept, left = found.lives_kept, found.lives_left
    if kept or left:
        out.say(
            f"  办理记录: 保留 {kept} 项，无对应任务 {len(left)} 项",
            f"  reports: {kept} kept, {len(left)} without a duty",
        )
    for one in left:
        due = (f"（时限 {one.due}）", f" (due {one.due})") if one.due else ("", "")
        out.say(f"    {one.milestone_id} {one.commitment}{due[0]}", f"    {one.milestone_id} {one.commitment}{due[1]}")  # fmt: skip
    for other in found.possible_versions:
        name = f"{other.document_id} {other.title}"
        out.say(f"  可能与 {name} 是同一文件的不同版本: duban versions",
                f"  it and {name} may be versions of one document: duban versions")  # fmt: skip
    for change in found.changes:
        told = f"  {change.path} {out.side(change.said)}"
        out.say(told, told)


def _counts(total: FactCounts) -> tuple[str, str]:
    return (
        f"事项保留 {total.kept}，变化 {total.changed}，新增 {total.new}，减少 {total.gone}",
        f"facts: {total.kept} kept, {total.changed} changed, {total.new} new, {total.gone} gone",
    )


def _close(
    rows: Sequence[dict[str, Any]], indexed: int | None, out: Output, *, dry_run: bool
) -> None:
    for row in rows:
        if row["status"] == "failed":
            hint = f" ({out.side(row['hint'])})" if row["hint"] else ""
            out.complain(f"{row['document_id']}: {out.side(row['error'])}{hint}")
    read = [row for row in rows if row["status"] in ("re-read", "unchanged")]
    changed = sum(row["status"] == "re-read" for row in rows)
    failed = sum(row["status"] == "failed" for row in rows)
    if dry_run:
        out.say(
            f"仅预览，未写入: 将重新读取 {len(read)} 份，其中 {changed} 份有变化",
            f"a preview, nothing is written: {len(read)} to be read again, {changed} with changes",
        )
    else:
        out.say(
            f"已重新读取 {len(read)} 份，其中 {changed} 份有变化"
            + ("；请核对: duban review --kind reread" if changed else ""),
            f"{len(read)} read again, {changed} with changes"
            + ("; to look at them: duban review --kind reread" if changed else ""),
        )
    if failed:
        out.complain(out.pick(f"{failed} 份未能读取，原有事项未变", f"{failed} could not be read; their facts are as they were"))  # fmt: skip
    if indexed is not None:
        out.say(f"索引: {indexed} 个片段", f"index: {indexed} chunks")
