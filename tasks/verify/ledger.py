"""What the audit log says that the store should hold: the fold of all its entries, once through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kb.errors import DubanError
from tasks import audit
from tasks.adding import CONFIRMED
from tasks.audit import Entry
from tasks.lifecycle import Command, Life
from tasks.recognition import DIGEST
from tasks.replay import advance, brief, rename
from tasks.seals import SEALED, STORE_SEALED
from tasks.tracking import TRACKED, UNTRACKED
from tasks.verify.report import Findings
from tasks.version_doubts import doubt_id


@dataclass(slots=True)
class Reading:
    """A document as it was last read: digests, and by which reader (None: sealed afterwards)."""

    seq: int
    text: str
    facts: str
    reader: str | None


@dataclass(slots=True)
class Ledger:
    """What the log says. Where two entries do not agree, so that something was changed between
    them, `findings` are told.

    `made` are the corrections with their numbers. `owners` are the tasks of milestones and `homes` the documents of tasks, as they are now.
    `messages` are all that were handed over with the digests of their kept copies (of the page, and of
    the whole row where the entry has it), `unsigned_until` when the last was whose entry does not say
    which it was; `tokens` are those that there may be, `ended` those that may be gone too: an entry of
    a new password that does not say which tokens ended with it was written when tokens outlived it; `named` are milestones of former
    versions and those that people added.
    """

    findings: Findings
    owners: Mapping[str, str]
    homes: Mapping[str, str]
    sealed_from: int = 0
    readings: dict[str, Reading] = field(default_factory=dict)
    standings: dict[str, dict[str, Any]] = field(default_factory=dict)
    duties: dict[str, tuple[int, str]] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    corrections: dict[str, tuple[int, str]] = field(default_factory=dict)
    lives: dict[tuple[str, str], Life] = field(default_factory=dict)
    occasions: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    proofs: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    passwords: dict[str, str | None] = field(default_factory=dict)
    addresses: dict[str, str | None] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    owned: dict[str, str] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    deliveries: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    messages: dict[str, tuple[str, str]] = field(default_factory=dict)
    unsigned_until: str = ""
    doubts: dict[str, str] = field(default_factory=dict)
    recognised: dict[str, tuple[int, str]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)

    def read(self, entries: Iterable[Entry]) -> None:
        """Fold all entries in; one that cannot be understood is told and passed over."""
        for entry in entries:
            kind = entry.action.partition(".")[0]
            fold = getattr(self, f"_{kind}", None)
            try:
                for key, changed in entry.detail.get("standings", {}).items():
                    self.standings.setdefault(key, {}).update(changed)
                if fold is not None:
                    fold(entry)
            except (DubanError, ValueError, KeyError, TypeError, AttributeError) as error:
                self.findings.unreadable("audit", str(entry.seq), error)

    def _between(self, entry: Entry, since: int, zh: str, en: str) -> None:
        self.findings.add(
            "audit", str(entry.seq),
            f"第 {since} 条与第 {entry.seq} 条之间，{zh}被改动 / {en} was altered between entry {since} "
            f"and entry {entry.seq}",
        )  # fmt: skip

    # ---- documents

    def _document(self, entry: Entry) -> None:
        detail = entry.detail
        if entry.action == audit.ERASED:
            self._erase(detail)
            return
        if entry.action in (TRACKED, UNTRACKED) and "standings" not in detail:
            # Of before such entries said it: the act made it the entry's own moment, or none.
            since = entry.at if entry.action == TRACKED else None
            self.standings.setdefault(entry.subject, {})["tracked_since"] = since
        for other in detail.get("possible_versions", ()):
            self.doubts[doubt_id(entry.subject, other)] = "open"
        for other in detail.get("possible_successors", ()):
            self.doubts[doubt_id(other, entry.subject)] = "open"
        if DIGEST in detail:
            self.recognised[entry.subject] = (entry.seq, detail[DIGEST])
        if "facts_sha256" in detail:
            self._witness(entry, entry.subject)
        for key, digest in detail.get("corrections", {}).items():
            self.corrections[key] = (entry.seq, digest)
        if entry.action == audit.CARRIED:
            advance(self.lives, entry)
            self.named.update(detail["milestones"], detail["milestones"].values())
            self.occasions = rename(self.occasions, detail["milestones"])
            for task, digest in detail.get("duties", {}).items():
                self.duties[task] = (entry.seq, digest)

    def _erase(self, detail: Mapping[str, Any]) -> None:
        """Of what was erased nothing should be there; of what it was about, nothing else goes."""
        for key in detail["documents"]:
            for known in (self.readings, self.standings, self.recognised):
                known.pop(key, None)
        for key in detail["corrections"]:
            self.made.pop(key, None)
            self.corrections.pop(key, None)
        for key in detail["version_doubts"]:
            self.doubts.pop(key, None)
        for key in detail["digest_copies"]:
            self.messages.pop(key, None)
        gone = set(detail["milestones"])
        self.lives = {key: life for key, life in self.lives.items() if key[0] not in gone}
        self.occasions = {key: days for key, days in self.occasions.items() if key[0] not in gone}

    def _witness(self, entry: Entry, document_id: str) -> None:
        """A document's digests in an entry: new ones of a reading, else those known."""
        self.sealed_from = self.sealed_from or entry.seq
        detail, known = entry.detail, self.readings.get(document_id)
        now = Reading(
            entry.seq, detail["text_sha256"], detail["facts_sha256"], detail.get("reader")
        )
        if entry.action == CONFIRMED and known is not None:
            if (known.text, known.facts) == (now.text, now.facts):
                self.readings[document_id] = now
                return
        elif "reader" in detail or entry.action == SEALED:
            self.readings[document_id] = now
            for task in [t for t in self.duties if self.homes.get(t) == document_id]:
                del self.duties[task]
            return
        if known is not None and (known.text, known.facts) != (now.text, now.facts):
            self._between(
                entry,
                known.seq,
                f"文件 {document_id} 的正文或事项",
                f"text or facts of {document_id}",
            )

    def _version(self, entry: Entry) -> None:
        self.doubts[entry.detail["id"]] = entry.detail["verdict"]

    def _review(self, entry: Entry) -> None:
        if "facts_sha256" in entry.detail:
            self._witness(entry, entry.detail["document_id"])

    # ---- duties

    def _milestone(self, entry: Entry) -> None:
        detail = entry.detail
        self.named.add(entry.subject.partition("@")[0])
        if entry.action == audit.STEPPED:
            command = Command.model_validate(detail)
            key = command.milestone_id, command.occurrence
            advance(self.lives, entry)
            after = brief(self.lives[key])
            if entry.after is not None and entry.after != after:
                self.findings.add(
                    "audit", str(entry.seq),
                    f"第 {entry.seq} 条所记的办理结果与前面各条不符：办理前进度被改动 / entry {entry.seq} does "
                    "not follow from the steps before it: the progress was altered",
                )  # fmt: skip
            for piece in command.evidence:
                self.proofs[piece.sha256, entry.seq] = (piece.name, piece.size)
        elif entry.action == "milestone.event":
            key = detail["milestone_id"], detail["label"]
            known = self.occasions.get(key)
            if entry.before != known:
                self.findings.add(
                    "audit", str(entry.seq),
                    f"第 {entry.seq} 条之前，事件“{key[1]}”的日期被改动 / the day of {key[1]!r} was altered "
                    f"before entry {entry.seq}",
                )  # fmt: skip
            self.occasions[key] = {"happened_on": detail["happened_on"], "due": detail["due"]}
        digest = detail.get("duty_sha256")
        task = self.owners.get(detail.get("milestone_id", ""))
        if not digest or task is None:
            return
        since, known_digest = self.duties.get(task, (0, digest))
        if known_digest != digest:
            self._between(entry, since, f"任务 {task} 的内容", f"the facts of {task}")
        self.duties[task] = (entry.seq, digest)

    def _number(self, correction: str) -> None:
        last = next(reversed(self.made.values()), 0)  # in order: it is the highest
        self.made[correction] = last + 1

    def _entry(self, entry: Entry) -> None:
        if entry.detail["action"] == audit.CORRECTED:  # which had its number until it was erased
            self._number(entry.detail["id"])

    def _correction(self, entry: Entry) -> None:
        detail, key = entry.detail, entry.detail["id"]
        if entry.action == audit.CORRECTED:
            self._number(key)
        if digest := detail.get("correction_sha256"):
            since, known = self.corrections.get(key, (0, ""))
            if known and detail.get("before_sha256") != known:
                self._between(entry, since, f"更正 {key}", f"the correction {key}")
            self.corrections[key] = (entry.seq, digest)
        former = (entry.before or {}).get("task_id", "")
        for task in (former, entry.subject):
            self.duties.pop(task, None)
        if digest := detail.get("duty_sha256"):
            self.duties[entry.subject] = (entry.seq, digest)

    # ---- people and what goes out

    def _person(self, entry: Entry) -> None:
        login = entry.subject.removeprefix("person:")
        if "password_sha256" in entry.detail:
            self.passwords[login] = entry.detail["password_sha256"]
        if entry.action == "person.password":
            if "ended_tokens" in entry.detail:
                for key in entry.detail["ended_tokens"]:
                    self.tokens.pop(key, None)
            else:
                # Of those that a migration sealed it is not known whose they are.
                self.ended |= {k for k in self.tokens if self.owned.get(k, login) == login}
        if entry.action in ("person.added", "person.changed") and entry.after is not None:
            known = self.people.get(login)
            if known is not None and entry.before and person_of(entry.before) != known:
                self.findings.add(
                    "audit", str(entry.seq),
                    f"第 {entry.seq} 条之前，用户 {login} 被改动 / {login} was altered before entry {entry.seq}",
                )  # fmt: skip
            if entry.action == "person.added":
                self.passwords[login] = None
            self.people[login] = person_of(entry.after)

    def _units(self, entry: Entry) -> None:
        # Names became ids by a migration; what people are bound to since is sealed by another.
        self.people.pop(entry.subject.removeprefix("person:"), None)

    def _store(self, entry: Entry) -> None:
        if entry.action != STORE_SEALED:
            return
        for login, person in entry.detail["person"].items():
            self.people[login] = person_of(person)
            self.passwords[login] = person["password_sha256"]
        for key, digest in entry.detail["address"].items():
            self.addresses[key] = digest
        self.tokens.update(entry.detail["token"])
        self.doubts.update(entry.detail.get("version_doubt", {}))

    def _token(self, entry: Entry) -> None:
        if "row_sha256" in entry.detail and entry.after:
            self.tokens[entry.after["id"]] = entry.detail["row_sha256"]
            self.owned[entry.after["id"]] = entry.subject.removeprefix("person:")
        elif entry.action == "token.revoked" and entry.before:
            self.tokens.pop(entry.before["id"], None)

    def _address(self, entry: Entry) -> None:
        unit, _, channel = entry.subject.removeprefix("address:").rpartition(":")
        key = f"{unit}\0{channel}"
        if "row_sha256" not in entry.detail:
            self.addresses.pop(key, None)
            return
        known = self.addresses.get(key)
        if key in self.addresses and entry.detail["before_sha256"] != known:
            self.findings.add(
                "audit", str(entry.seq),
                f"第 {entry.seq} 条之前，{unit} 的 {channel} 地址被改动 / the {channel} address of {unit} was "
                f"altered before entry {entry.seq}",
            )  # fmt: skip
        self.addresses[key] = entry.detail["row_sha256"]

    def _digest(self, entry: Entry) -> None:
        d = entry.detail
        key = d["unit"], d["week"], d["channel"]
        self.deliveries[key] = {**d, "status": entry.action.partition(".")[2]}
        if "message_sha256" not in d:
            self.unsigned_until = entry.at
        elif d["page_sha256"]:
            self.messages[d["message_sha256"]] = d["page_sha256"], d.get("copy_sha256", "")


def person_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A person's columns as they are compared."""
    return {
        "name": fields["name"], "role": fields["role"], "active": bool(fields["active"]),
        "units": sorted(fields["units"]),
    }  # fmt: skip
