"""What a job is: what was asked, how far it is, how it ended and what came of it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel

from api.service.owners import Owner
from api.service.wire.facts import Finding, PossibleVersion
from ingest.attachments import Member, Part
from kb.errors import joined
from kb.models import Fact
from tasks.adding import Added, TextRepair
from tasks.authorisation import Actor
from tasks.models import Extraction
from tasks.rereading import Reread
from tasks.visibility import Visibility

_CUT_OFF = "服务在处理时停止, 请重新上传 / the service stopped meanwhile, please send it again"
_SPLIT = "检查文件, 或拆成几个再上传 / check the file, or cut it into several and send those"


class JobStatus(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"  # 排队
    RUNNING = "running"  # 处理中
    DONE = "done"  # 完成
    FAILED = "failed"  # 失败
    INTERRUPTED = "interrupted"  # 中断
    CANCELLED = "cancelled"  # 已取消


class RereadReport(BaseModel):
    """What reading a document again did to its facts (tasks, milestones, targets, clauses):
    `kept` say what they said, `changed` something else; `changes` counts the duties that the list of
    what needs a look has; `lives_kept` milestones with something reported on them that are still
    there, `lives_left` those without a successor."""

    kept: int
    changed: int
    new: int
    gone: int
    changes: int
    lives_kept: int
    lives_left: int


class IngestReport(BaseModel):
    """What was read. `status` and what follows it as in `tasks.adding.Added`; `tracked`: its duties
    are the house's, else it is for reference; `kept_visibility`: who may see the document was not
    changed by the upload, because its bytes were there already. `indexed` counts the passages of
    the index afterwards; null where the index is brought in step by the next question. `reread`: of
    a document that was read again."""

    document_id: str
    status: Literal["added", "unchanged", "new-version", "re-read", "superseded", "withdrawn"]
    superseded: str | None
    tracked: bool = True
    replaced_by: str | None = None
    possible_versions: list[PossibleVersion] = []
    kept_visibility: bool = False
    title: str
    plans: int
    clauses: int
    tasks: int
    milestones: int
    targets: int
    repairs: int
    warnings: list[Finding]
    indexed: int | None = None
    reread: RereadReport | None = None


class Job(BaseModel):
    """A job: whose, of which file (that was uploaded, or is read again), how far (`done` of `total` in its `stage`), how it ended."""

    id: str
    login: str
    kind: Literal["ingest", "reread"] = "ingest"
    name: str
    status: JobStatus
    at: datetime
    stage: Literal["queued", "reading", "storing", "indexing", "finished"] = "queued"
    done: int = 0
    total: int = 0
    report: IngestReport | None = None
    error: str | None = None
    hint: str | None = None


class Delivered(Fact):
    """Which of the files that came together it is, by the fields of `ingest.attachments.Member`; `id`
    names what it came in."""

    id: str
    order: int
    name: str
    path: str
    part: Part
    number: int | None
    belongs_to: int | None

    @property
    def member(self) -> Member:
        """As it came, without its bytes."""
        return Member(
            self.name, self.path, b"", self.order, self.part, self.number, self.belongs_to
        )


def delivered(members: Sequence[Member], key: str = "") -> list[Delivered]:
    """What each of the members of one delivery is; `key` names that, where it has a name."""
    key = key or f"delivery-{secrets.token_hex(8)}"
    return [
        Delivered(
            id=key, order=m.order, name=m.name, path=m.path, part=m.part,
            number=m.number, belongs_to=m.belongs_to,
        )
        for m in members
    ]  # fmt: skip


class Order(Fact):
    """What is asked of an uploaded file or a stored document (`reread`: its id), kept with its bytes until its job ends: who brought it,
    what it is called, who may see the document (None: nothing is said of it), the document whose
    new version it is (None: that is for the document to say), with what it came (None: alone), what of
    its recognised text a person corrected (`repair`)."""

    actor: Actor
    name: str
    seen: Visibility | None = None
    replaces: str | None = None
    reread: str | None = None
    delivered: Delivered | None = None
    repair: TextRepair | None = None


class KeptJob(Job):
    """A job as the store has it: who works on it (None: whoever starts next may), when that one
    last gave a sign, who wants it stopped, how often it was begun, the document that came of it,
    the one that it reads again, with what it came."""

    owner: Owner | None = None
    alive_at: datetime | None = None
    unwanted_by: str | None = None
    attempts: int = 0
    stored: str | None = None
    rereads: str | None = None
    delivered: Delivered | None = None

    def told(self) -> Job:
        """What is told of it."""
        return Job(**self.model_dump(include=set(Job.model_fields)))


OPEN = (JobStatus.QUEUED, JobStatus.RUNNING)
"""States of a job that somebody works on or will."""


def interrupted(job: KeptJob) -> KeptJob:
    """Cut off, of a time when the bytes were not kept: it cannot be taken up again."""
    return job.model_copy(update={"status": JobStatus.INTERRUPTED, "error": _CUT_OFF})


def cancelled(job: KeptJob, login: str) -> KeptJob:
    """Stopped by somebody."""
    told = f"{login} 取消了, 库没有变动 / cancelled by {login}; the store is as it was"
    changes = {"status": JobStatus.CANCELLED, "stage": "finished", "error": told}
    return job.model_copy(update=changes)


def failed(job: KeptJob, message: str, hint: str) -> KeptJob:
    """Ended by an error."""
    changes = {"status": JobStatus.FAILED, "stage": "finished", "error": message}
    return job.model_copy(update=changes | {"hint": hint or None})


def given_up(job: KeptJob, why: str = "") -> KeptJob:
    """Ended since its reading was cut off again and again: whatever the file does, it would do it
    once more."""
    left = (
        ("原有事项未变", "its facts are as they were")
        if job.kind == "reread"
        else ("未入库", "it is not in the store")
    )
    told = (
        f"读取这份文件时 {job.attempts} 次中断, {left[0]}"
        f" / reading this file was cut off {job.attempts} times; {left[1]}"
    )
    return failed(job, joined(told, why) if why else told, _SPLIT)


def added_of(found: Reread) -> Added:
    """What reading a document again did, as adding one says it."""
    changed = found.status == "re-read"
    return Added(
        document_id=found.document_id, status="re-read" if changed else "unchanged",
        superseded=found.former_id, possible_versions=found.possible_versions,
    )  # fmt: skip


def reread_of(found: Reread) -> RereadReport:
    """The numbers of what reading a document again did."""
    return RereadReport(
        **found.total.model_dump(), changes=len(found.changes), lives_kept=found.lives_kept,
        lives_left=len(found.lives_left),
    )  # fmt: skip


def report_of(extraction: Extraction, added: Added, *, kept_visibility: bool) -> IngestReport:
    """What was read of a document."""
    tasks = extraction.tasks
    return IngestReport(
        document_id=added.document_id, status=added.status, superseded=added.superseded,
        tracked=added.tracked,
        replaced_by=added.replaced_by, kept_visibility=kept_visibility,
        possible_versions=[PossibleVersion.of(v) for v in added.possible_versions],
        title=extraction.document.title, plans=len(extraction.plans),
        clauses=len(extraction.clauses), tasks=len(tasks),
        milestones=sum(len(t.milestones) for t in tasks),
        targets=sum(len(t.targets) for t in tasks), repairs=len(extraction.repairs),
        warnings=[Finding.of(warning) for warning in (*added.findings, *extraction.warnings)],
    )  # fmt: skip
