"""What the commands about documents of the store do: withdraw, track, detach, say what is a version of what."""

from __future__ import annotations

from api.cli.knowledge import update_index
from api.cli.state import Run, choice
from api.erasing import erase_everywhere
from tasks.attachments import detach_document
from tasks.authorisation import Action, require
from tasks.tracking import track_document, untrack_document
from tasks.version_doubts import (
    EVIDENCE_NAMES,
    DoubtKind,
    VersionVerdict,
    doubts_seen_by,
    settle_doubt,
)
from tasks.withdrawal import restore_document, withdraw_document


def versions(run: Run, as_json: bool) -> None:
    """List documents that may be versions of each other."""
    out = run.out(as_json)
    with run.acting() as (store, actor):
        require(actor, Action.READ)
        with store.reading() as connection:
            found = doubts_seen_by(connection, actor)
    if as_json:
        out.json([doubt.model_dump(mode="json") for doubt in found])
        return
    side = 1 if out.language == "en" else 0
    out.table(
        [("编号", "id"), ("文件", "document"), ("可能是其新版本", "may be a new version of"), ("依据", "evidence"), ("现在", "now")],
        [
            (d.id, f"{d.document_id} {d.title} {d.document_number or ''}",
             f"{d.other_id} {d.other_title} {d.other_number or ''}",
             ", ".join(EVIDENCE_NAMES[e][side] for e in d.evidence),
             out.pick("两份文件", "two documents") if d.kind is DoubtKind.VERSION else out.pick("同一文件", "one document"))
            for d in found
        ],
    )  # fmt: skip
    out.say(f"共 {len(found)} 处待确认", f"{len(found)} to settle")


def settle_versions(run: Run, doubt: str, verdict: str, reason: str, as_json: bool) -> None:
    """Say whether one document is a new version of another."""
    out = run.out(as_json)
    chosen = choice(VersionVerdict, verdict, "--verdict")
    with run.acting() as (store, actor):
        found = settle_doubt(store, actor, doubt, chosen, reason, run.settings.now())
    if as_json:
        out.json({"id": found.id, "document_id": found.document_id, "other_id": found.other_id, "verdict": chosen})  # fmt: skip
    elif chosen is VersionVerdict.VERSION:
        out.say(f"{found.document_id} 是 {found.other_id} 的新版本", f"{found.document_id} is a new version of {found.other_id}")  # fmt: skip
    else:
        out.say(f"{found.document_id} 与 {found.other_id} 是两份文件", f"{found.document_id} and {found.other_id} are two documents")  # fmt: skip


def withdraw_or_restore(
    run: Run, document: str, reason: str, as_json: bool, *, withdraw: bool
) -> None:
    """Take a document out, or put it back."""
    out = run.out(as_json)
    act = withdraw_document if withdraw else restore_document
    with run.acting() as (store, actor):
        act(store, actor, document, reason, run.settings.now())
    if as_json:
        out.json({"document_id": document, "withdrawn": withdraw})
    elif withdraw:
        out.say(f"已撤回 {document}; 恢复: duban documents restore {document} --reason …",
                f"{document} withdrawn; to put it back: duban documents restore {document} --reason …")  # fmt: skip
    else:
        out.say(f"已恢复 {document}", f"{document} is back")


def track_or_untrack(run: Run, document: str, reason: str, as_json: bool, *, track: bool) -> None:
    """Make the duties of a document the house's own, or keep it for reference."""
    out = run.out(as_json)
    act = track_document if track else untrack_document
    with run.acting() as (store, actor):
        done = act(store, actor, document, reason, run.settings.now())
    if as_json:
        out.json(done.model_dump(mode="json"))
    elif track:
        out.say(f"已列入督办 {document}: {done.tasks} 项任务, 其中 {done.lives} 项已有办理经过",
                f"{document} is tracked: {done.tasks} task(s), {done.lives} with a history")  # fmt: skip
    else:
        out.say(f"已改为仅供查阅 {document}: {done.tasks} 项任务退出列表, {done.lives} 项办理经过保留",
                f"{document} is for reference: {done.tasks} task(s) leave the lists, the history of {done.lives} is kept")  # fmt: skip


def erase(
    run: Run, document: str, reason: str, as_json: bool, *, versions: bool, index: bool
) -> None:
    """Erase a document wholly; its space in the index and the database too."""
    out = run.out(as_json)
    with run.acting() as (store, actor):
        done = erase_everywhere(run.settings, store, actor, document, reason, versions=versions)
    indexed = update_index(run.settings, out) if index else None
    if as_json:
        out.json(done.model_dump(mode="json") | {"indexed": indexed})
        return
    if done.before:
        out.say(f"{document} 此前已彻底删除; 索引和库文件已再次清理",
                f"{document} was erased before; the index and the store's file were cleared again")  # fmt: skip
        return
    names = "、".join(done.documents)
    out.say(f"已彻底删除 {names}, 不可恢复; 同一文件不再收入", f"{names} erased for good; the same file is not taken in again")  # fmt: skip
    out.say(f"  办理 {done.milestones} 项、更正 {done.corrections} 处、证明材料 {done.evidence} 份、对话 {done.conversations} 个、"
            f"上传记录 {done.uploads} 条、周报留存件 {done.digest_copies} 份随之删除; 日志 {done.entries} 条只留摘要",
            f"  with it {done.milestones} milestone(s), {done.corrections} correction(s), {done.evidence} piece(s) of evidence, "
            f"{done.conversations} conversation(s), {done.uploads} upload(s), {done.digest_copies} digest(s) kept; "
            f"{done.entries} entries of the log hold digests only")  # fmt: skip
    for key in done.detached:
        out.say(f"  {key} 原是其附件, 仍在库中", f"  {key} was its attachment and is still there")
    for one in done.sent:
        where = f"{one.unit} {one.week} {one.channel}"
        out.say(
            f"  周报已发出, 须另行收回: {where}", f"  a digest went out, to be recalled: {where}"
        )
    out.say("备份、导出件和邮件里的须另行清除", "backups, exports and mail are to be cleared apart")


def detach(run: Run, document: str, as_json: bool) -> None:
    """Say that a document is no attachment of the one that it came with."""
    out = run.out(as_json)
    with run.acting() as (store, actor):
        detach_document(store, actor, document, run.settings.now())
    if as_json:
        out.json({"document_id": document, "attached_to": None})
    else:
        out.say(f"已解除 {document} 的附件关系", f"{document} is no attachment any more")
