"""People, their tokens, and what goes out to whom, against the log."""

from __future__ import annotations

import json

from sqlalchemy import Connection, select

from kb.identifiers import sha256_hex
from tasks import schema
from tasks.outbox import DeliveryStatus, copy_seal
from tasks.seals import plain, row_sha256
from tasks.verify.ledger import Ledger, person_of
from tasks.verify.report import BODY, LOG, Findings

_UNDER_WAY = {DeliveryStatus.CLAIMED.value, DeliveryStatus.SENDING.value}
"""States that the log does not say: it gets an entry when a delivery ends."""
_AT_REST = {DeliveryStatus.SENT.value, DeliveryStatus.UNCERTAIN.value}
"""States from which no run takes a delivery up again."""


def check_jobs(connection: Connection, found: Findings) -> None:
    """Uploads. Their states are no entries of the log (what comes of one is: its document), so that
    a row is compared with itself and with the documents: a state changed in one place only, a job
    that is done without its document, bytes kept for a job that has ended."""
    j, i = schema.job, schema.job_input.c
    documents = set(connection.scalars(select(schema.document.c.id)))
    rows = {row.id: row for row in connection.execute(select(j).order_by(j.c.id))}
    for key, row in rows.items():
        found.count("上传作业 / uploads")
        try:
            body = json.loads(row.body)
            columns = {name: body[name] for name in ("id", "login", "kind", "status")}
            columns["delivery"] = (body.get("delivered") or {}).get("id")
            stored = (body.get("report") or {}).get("document_id", "")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            found.unreadable("job", key, error)
            continue
        found.compare("job", key, columns, dict(row._mapping), BODY)
        if row.status == "done" and stored not in documents:
            found.differs("job", key, "status", stored or "—", row.status, "文件 / the documents")
    for key in connection.scalars(select(i.job_id)):
        if key not in rows or rows[key].status not in ("queued", "running"):
            found.stray("job_input", key, "未完成的上传 / uploads under way")


def check_people(connection: Connection, ledger: Ledger, found: Findings) -> None:
    """People, their units and passwords; tokens."""
    units: dict[str, list[str]] = {}
    for row in connection.execute(select(schema.person_unit)):
        units.setdefault(row.login, []).append(row.unit)
    rows = {row.login: row for row in connection.execute(select(schema.person))}
    found.count("用户 / people", len(rows))
    for login in sorted(ledger.people.keys() - rows.keys()):
        found.missing("person", login, LOG)
    for login, row in rows.items():
        if login not in ledger.people:
            found.stray("person", login, LOG)
            continue
        now = person_of({**row._mapping, "units": units.get(login, [])})
        expected = dict(ledger.people[login])
        bound = {"units": expected.pop("units")}
        found.compare("person", login, expected, now, LOG)
        found.compare("person_unit", login, bound, now, LOG)
        if row.active not in (0, 1):
            # Read as yes or no it may be what the log says, in a query it is neither.
            wanted = int(expected["active"])
            found.differs("person", login, "active", wanted, row.active, LOG)
        digest = sha256_hex(row.password.encode()) if row.password else None
        if login in ledger.passwords and ledger.passwords[login] != digest:
            found.add(
                "person", login,
                f"{login} 的密码不是日志所记的那一个 / the password of {login} is not the one that the log knows",
                column="password",
            )  # fmt: skip
    tokens = {row.id: row for row in connection.execute(select(schema.token))}
    for key in sorted(ledger.tokens.keys() - tokens.keys() - ledger.ended):
        found.missing("token", key, LOG)
    if unsure := ledger.tokens.keys() & ledger.ended - tokens.keys():
        found.unknown.append(
            f"{len(unsure)} 个令牌在改密码之后不见了，当时的日志没有写明随之作废的令牌 / {len(unsure)} token(s) are gone "
            "since a password was changed, by an entry that does not say which ended with it"
        )
    for row in tokens.values():
        found.count("令牌 / tokens")
        if row.id not in ledger.tokens:
            found.stray("token", row.id, LOG)
        elif row_sha256(dict(row._mapping)) != ledger.tokens[row.id]:
            found.add("token", row.id, "令牌被改动 / the token was altered")


def check_outgoing(connection: Connection, ledger: Ledger, found: Findings) -> None:
    """Addresses of digests, what was sent to them, and the copies that were kept."""
    rows = {f"{r.unit}\0{r.channel}": r for r in connection.execute(select(schema.address))}
    found.count("周报地址 / addresses", len(rows))
    for key in sorted({*rows, *ledger.addresses}):
        shown, expected = key.replace("\0", "/"), ledger.addresses.get(key)
        if key not in rows:
            if expected is not None:
                found.missing("address", shown, LOG)
        elif expected is None:
            found.stray("address", shown, LOG)
        elif row_sha256(dict(rows[key]._mapping)) != expected:
            found.add("address", shown, "地址被改动 / the address was altered")
    deliveries = {
        (r.unit, r.week, r.channel): r for r in connection.execute(select(schema.delivery))
    }
    found.count("周报发送 / deliveries", len(deliveries))
    under_way = bare = 0
    for sent in sorted({*deliveries, *ledger.deliveries}):
        shown, known, row = "/".join(sent), ledger.deliveries.get(sent), deliveries.get(sent)
        if row is None:
            found.missing("delivery", shown, LOG)
            continue
        if known is None:
            if row.status not in _UNDER_WAY:
                found.stray("delivery", shown, LOG)
            else:
                under_way += 1
            continue
        if row.status in _UNDER_WAY and known["status"] not in _AT_REST:
            under_way += 1
            continue
        now = {**row._mapping, "message_sha256": row.sha256}
        columns = ("status", "note", "address", "message_id", "message_sha256")
        before = len(found.differences)
        found.compare("delivery", shown, {c: known[c] for c in columns if c in known}, now, LOG)
        if "row_sha256" not in known:
            bare += 1
        elif (
            len(found.differences) == before
            and row_sha256(dict(row._mapping)) != known["row_sha256"]
        ):
            found.add(
                "delivery", shown,
                "发送记录的时间、次数、经手批次或对方答复被改动 / moment, number of tries, run or answer of the delivery was altered",
            )  # fmt: skip
    if under_way:
        found.unknown.append(
            f"{under_way} 次周报发送还在途中：结束时才入日志，此前的改动无从发现 / {under_way} deliveries are under way: they "
            "enter the log when they end, what is altered before cannot be known"
        )
    if bare:
        found.unknown.append(
            f"{bare} 次周报发送的日志没有整行的摘要：时间、次数、经手批次和对方答复的改动无从发现 / the entries of {bare} "
            "deliveries have no digest of the row: that moment, tries, run or answer was altered cannot be known"
        )
    _check_copies(connection, ledger, found, {r.sha256 for r in deliveries.values()})


def _check_copies(
    connection: Connection, ledger: Ledger, found: Findings, handed: set[str]
) -> None:
    """Copies of digests: each that the log names, with its page; no other, but of a delivery that is
    in hand. `handed` are the messages of the rows of deliveries."""
    bare = 0
    copies = {r.sha256: r for r in connection.execute(select(schema.digest_copy))}
    found.count("周报留存件 / copies of digests", len(copies))
    for message, (page, whole) in sorted(ledger.messages.items()):
        copy = copies.get(message)
        if copy is None:
            found.missing("digest_copy", message, LOG)
        elif (now := sha256_hex(copy.page)) != page:
            found.differs("digest_copy", message, "page", page, now, LOG)
        elif not whole:
            bare += 1
        elif copy_seal(copy)["copy_sha256"] != whole:
            found.add(
                "digest_copy", message,
                "留存件的主题或留存时间被改动 / subject or moment of the kept copy was altered",
            )  # fmt: skip
    if bare:
        found.unknown.append(
            f"{bare} 份周报留存件的日志没有整行的摘要：主题和留存时间的改动无从发现 / the entries of {bare} copies of "
            "digests have no digest of the row: that subject or moment was altered cannot be known"
        )
    older = 0
    for message in sorted(copies.keys() - ledger.messages.keys() - handed):
        if plain(copies[message].kept_at) <= ledger.unsigned_until:
            older += 1
        else:
            found.stray("digest_copy", message, LOG)
    if older:
        found.unknown.append(
            f"{older} 份周报留存件早于日志记录留存件摘要之时：是否发出过无从核对 / {older} copies of digests are older than "
            "the digests of copies in the log: whether they went out cannot be known"
        )
