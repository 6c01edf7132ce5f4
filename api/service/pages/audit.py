"""审计: the log with its filters, the check of its chain, the checkpoint to keep elsewhere, the
log as a file that anybody can check."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi.responses import StreamingResponse

from api.service.pages.entries import ACTIONS, KINDS, action_name, changes_of
from api.service.pages.screen import Screen, allowed, read_day
from api.service.sending import disposition, download
from api.verifying import verify_all
from kb.errors import NotFoundError, SourceError
from tasks import audit as chain
from tasks.audit import Checkpoint
from tasks.audit_search import AuditFilter, read_matching, search_audit
from tasks.authorisation import Action
from tasks.exports.cells import guard
from tasks.exports.delimited import BOM
from tasks.store import Store
from tasks.verify import Verified

router = APIRouter()
Auditing = Annotated[Screen, Depends(allowed(Action.READ_AUDIT))]
PAGE = 50
_COLUMNS = ("seq", "at", "actor", "action", "subject", "reason", "detail", "before", "after",
            "previous", "hash")  # fmt: skip
CHECK = """\
import hashlib, json, sys

entries = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
redacted = {
    (int(number), *both)
    for entry in entries if entry["action"] == "document.erased"
    for number, both in entry["detail"]["redactions"].items()
}
previous = "0" * 64
for entry in entries:
    kept = entry.pop("hash")
    text = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    now = hashlib.sha256(text.encode()).hexdigest()
    assert now == kept or (entry["seq"], kept, now) in redacted, f"altered: {entry['seq']}"
    assert entry["previous"] == previous, f"does not follow: {entry['seq']}"
    previous = kept
print(entry["seq"], previous)
"""
"""Checks a whole log that was exported as JSON Lines, with nothing but Python; prints what the
checkpoint holds."""


class Asked(AuditFilter):
    """The filters as they stand in the form: days of the office, not of UTC."""

    def in_utc(self, zone: ZoneInfo) -> AuditFilter:
        """The same with moments in UTC: from the first second of a day to the last of another."""
        first, last = read_day(self.since), read_day(self.until)
        begin = _utc(first, zone) if first else None
        end = _utc(last, zone, timedelta(days=1, seconds=-1)) if last else None
        return AuditFilter(
            actor=self.actor.strip(), action=self.action.strip(), subject=self.subject.strip(),
            since=begin.isoformat(timespec="seconds") if begin else "",
            until=end.isoformat(timespec="seconds") if end else "",
        )  # fmt: skip


def _utc(day: date, zone: ZoneInfo, later: timedelta = timedelta()) -> datetime | None:
    """The beginning of a day, or so much later, in UTC without saying so; None at the ends of the
    calendar, where no entry of the log can be."""
    try:
        moment = datetime.combine(day, time(), zone) + later
        return moment.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        return None


def asked(
    actor: Annotated[str, Query(max_length=64)] = "",
    action: Annotated[str, Query(max_length=40)] = "",
    subject: Annotated[str, Query(max_length=300)] = "",
    since: Annotated[str, Query(max_length=20)] = "",
    until: Annotated[str, Query(max_length=20)] = "",
) -> Asked:
    """The filters of a request."""
    return Asked(actor=actor, action=action, subject=subject, since=since, until=until)


AskedOf = Annotated[Asked, Depends(asked)]


@router.get("/audit")
def log(
    s: Auditing, f: AskedOf, before: Annotated[int | None, Query(ge=1, lt=2**63)] = None
) -> Response:
    """The log, the newest first."""
    return _shown(s, f, before, None)


@router.get("/audit/export/{form}")
def export(form: str, s: Auditing, f: AskedOf) -> Response:
    """The entries of the filters in their order: JSON Lines, each line the whole entry that its
    hash is over, or CSV for reading."""
    if form not in ("jsonl", "csv"):
        raise NotFoundError(f"没有格式 {form} / no format {form}")
    wanted = f.in_utc(ZoneInfo(s.service.settings.timezone))
    lines = (_json_lines if form == "jsonl" else _csv_lines)(s.service.store, wanted)
    name = f"{s.t('审计日志')}-{s.service.now():%Y%m%d-%H%M}.{form}"
    kind = "application/jsonl" if form == "jsonl" else "text/csv"
    headers = {"Content-Disposition": disposition(name)}
    return StreamingResponse(lines, media_type=f"{kind}; charset=utf-8", headers=headers)


@router.post("/audit")
def verify(
    s: Auditing,
    csrf: Annotated[str, Form()] = "",
    checkpoint: Annotated[str, Form(max_length=100_000)] = "",
) -> Response:
    """Check the whole store and its log, and that it still holds the checkpoints given and those
    that the service keeps. Changes nothing, so that the page itself may answer the form."""
    s.check(csrf)
    kept = [chain.read_checkpoint(line) for line in checkpoint.splitlines() if line.strip()]
    found = verify_all(s.service.settings, s.service.store, kept)
    return _shown(s, Asked(), None, found, len(kept))


@router.get("/audit/checkpoint")
def checkpoint(s: Auditing) -> Response:
    """The chain's length and head, to keep where nobody of the office can write.

    Raises:
        SourceError: the chain is broken; a checkpoint of it would bless what was altered.
    """
    with s.service.store.reading() as connection:
        found = chain.verify_chain(connection)
    if found.faults:
        raise SourceError(found.faults[0].message)
    line = chain.render_checkpoint(Checkpoint(count=found.count, head=found.head))
    name = f"duban-checkpoint-{s.service.now():%Y%m%d-%H%M}.json"
    return download(f"{line}\n".encode(), name, "application/json")


def _json_lines(store: Store, wanted: AuditFilter) -> Iterator[str]:
    with store.reading() as connection:
        for entry in read_matching(connection, wanted):
            yield f"{chain.canonical(entry.model_dump(mode='json')).decode()}\n"


def _csv_lines(store: Store, wanted: AuditFilter) -> Iterator[str]:
    yield f"{BOM}{_row(_COLUMNS)}"
    with store.reading() as connection:
        for entry in read_matching(connection, wanted):
            plain = entry.model_dump(mode="json")
            yield _row([_cell(plain[name]) for name in _COLUMNS])


def _row(cells: Iterable[str]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()


def _cell(value: object) -> str:
    if value is None or isinstance(value, int):
        return "" if value is None else str(value)
    return guard(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _shown(
    s: Screen, f: Asked, before: int | None, verified: Verified | None, kept: int = 0
) -> Response:
    wanted = f.in_utc(ZoneInfo(s.service.settings.timezone))
    with s.service.store.reading() as connection:
        entries, total = search_audit(connection, wanted, PAGE + 1, before)
    more = len(entries) > PAGE
    entries = entries[:PAGE]
    shown = [
        (entry, list(changes_of(entry)), json.dumps(entry.model_dump(), ensure_ascii=False, indent=1))
        for entry in entries
    ]  # fmt: skip
    return s.show(
        "audit.html", f=f, entries=shown, total=total, verified=verified, kept=kept,
        next=entries[-1].seq if more else None, before=before, actions=ACTIONS, kinds=KINDS,
        action_name=action_name, check=CHECK, people=[p.login for p in s.service.people.list()],
        exported={k: v for k, v in f.model_dump().items() if v},
    )  # fmt: skip
