"""People, tokens, the audit log, who may see a document, as it is sent."""

from __future__ import annotations

from typing import Any

from api.service.wire.base import Moment, Wire
from tasks.authorisation import PersonRole
from tasks.visibility import Level


class Person(Wire):
    """Someone with a sign-in name. Those no longer there are inactive, never deleted. `units` are
    ids; `unsettled` those of them that are bare names which mean no one unit, and give no rights."""

    login: str
    name: str
    role: PersonRole
    units: tuple[str, ...]
    unit_names: tuple[str, ...]
    unsettled: tuple[str, ...]
    active: bool


class Token(Wire):
    """A program's key, without its secret."""

    id: str
    login: str
    name: str
    scopes: tuple[str, ...]
    created_at: Moment
    expires_at: Moment


class Visibility(Wire):
    """A document's level; `units` are the ids of those that see a restricted one; `unsettled` are
    bare names among them which mean no one unit, and open it to nobody."""

    level: Level
    units: tuple[str, ...]
    unit_names: tuple[str, ...]
    unsettled: tuple[str, ...]


class HistoryEntry(Wire):
    """One change as the audit log has it: who, when (UTC), what, before, after, why."""

    seq: int
    at: str
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str


class Kin(Wire):
    """A duty of another version of a document; `milestone_id` is empty where a duty stands in the
    place of another whose date is not the same."""

    milestone_id: str
    task_id: str
    document_id: str
    title: str
    commitment: str


class Told(HistoryEntry):
    """A change to a milestone; or that a new version of its document took the place of another, with
    what the milestone is in that (`successor`) or was before (`predecessor`): `action` and
    `subject` are then of the document, the rest of the entry is left out."""

    successor: Kin | None = None
    predecessor: Kin | None = None


class Entry(HistoryEntry):
    """An entry of the audit log: `hash` is over all of it and the `previous` entry's."""

    previous: str
    hash: str


class Fault(Wire):
    """An entry that is not as it was written."""

    seq: int
    message: str


class Difference(Wire):
    """A row that is not what its source, the log or the facts say; `row` is its key."""

    table: str
    row: str
    column: str
    expected: str
    found: str
    message: str


class Checked(Wire):
    """A kind of thing that was checked, and how many of it."""

    what: str
    count: int


class Audited(Wire):
    """A verification of the whole store: `count` entries of the log up to `head`; `faults` where its
    chain is broken, `differences` between the store and the log; `unknown` is what no check of this
    store can know. Sound: neither fault nor difference."""

    sound: bool
    count: int
    head: str
    documents: int
    facts: int
    checked: tuple[Checked, ...]
    faults: tuple[Fault, ...]
    differences: tuple[Difference, ...]
    unknown: tuple[str, ...]


class Checkpoint(Wire):
    """The log's length and last hash, to keep elsewhere."""

    count: int
    head: str


class SentOut(Wire):
    """A digest that quoted the document and may have arrived: to be recalled by hand."""

    unit: str
    week: str
    channel: str
    status: str


class ErasedOut(Wire):
    """What erasing did: versions and readings with the digests of their bytes, attachments that stay,
    how many rows went with them and entries of the log were redacted. `before`: it was erased before."""

    documents: dict[str, str]
    detached: tuple[str, ...]
    milestones: int
    corrections: int
    evidence: int
    conversations: int
    uploads: int
    digest_copies: int
    entries: int
    sent: tuple[SentOut, ...]
    before: bool


class MarkedOut(Wire):
    """What marking a document did: how many tasks it has, and on how many milestones a step was
    taken (`lives`)."""

    document_id: str
    tracked: bool
    tasks: int
    lives: int
