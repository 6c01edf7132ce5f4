"""People, their tokens, and what goes out to whom, against the log."""

from __future__ import annotations

from sqlalchemy import Connection, select

from kb.identifiers import sha256_hex
from tasks import schema
from tasks.outbox import DeliveryStatus
from tasks.seals import row_sha256
from tasks.verify.ledger import Ledger, person_of
from tasks.verify.report import Findings

_LOG = "日志 / the log"
_UNDER_WAY = {DeliveryStatus.CLAIMED.value, DeliveryStatus.SENDING.value}
"""States that the log does not say: it gets an entry when a delivery ends."""
_AT_REST = {DeliveryStatus.SENT.value, DeliveryStatus.UNCERTAIN.value}
"""States from which no run takes a delivery up again."""


def check_people(connection: Connection, ledger: Ledger, found: Findings) -> None:
    """People, their units and passwords; tokens."""
    units: dict[str, list[str]] = {}
    for row in connection.execute(select(schema.person_unit)):
        units.setdefault(row.login, []).append(row.unit)
    rows = {row.login: row for row in connection.execute(select(schema.person))}
    found.count("用户 / people", len(rows))
    for login in sorted(ledger.people.keys() - rows.keys()):
        found.missing("person", login, _LOG)
    for login, row in rows.items():
        if login not in ledger.people:
            found.stray("person", login, _LOG)
            continue
        now = person_of({**row._mapping, "units": units.get(login, [])})
        expected = dict(ledger.people[login])
        bound = {"units": expected.pop("units")}
        found.compare("person", login, expected, now, _LOG)
        found.compare("person_unit", login, bound, now, _LOG)
        digest = sha256_hex(row.password.encode()) if row.password else None
        if login in ledger.passwords and ledger.passwords[login] != digest:
            found.add(
                "person", login,
                f"{login} 的密码不是日志所记的那一个 / the password of {login} is not the one that the log knows",
                column="password",
            )  # fmt: skip
    for row in connection.execute(select(schema.token)):
        found.count("令牌 / tokens")
        if row.id not in ledger.tokens:
            found.stray("token", row.id, _LOG)
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
                found.missing("address", shown, _LOG)
        elif expected is None:
            found.stray("address", shown, _LOG)
        elif row_sha256(dict(rows[key]._mapping)) != expected:
            found.add("address", shown, "地址被改动 / the address was altered")
    deliveries = {
        (r.unit, r.week, r.channel): r for r in connection.execute(select(schema.delivery))
    }
    copies = {r.sha256: r for r in connection.execute(select(schema.digest_copy))}
    found.count("周报发送 / deliveries", len(deliveries))
    for sent in sorted({*deliveries, *ledger.deliveries}):
        shown, known, row = "/".join(sent), ledger.deliveries.get(sent), deliveries.get(sent)
        if row is None:
            found.missing("delivery", shown, _LOG)
            continue
        if known is None:
            if row.status not in _UNDER_WAY:
                found.stray("delivery", shown, _LOG)
            continue
        if row.status in _UNDER_WAY and known["status"] not in _AT_REST:
            continue
        now = {**row._mapping, "message_sha256": row.sha256}
        columns = ("status", "note", "address", "message_id", "message_sha256")
        found.compare("delivery", shown, {c: known[c] for c in columns if c in known}, now, _LOG)
        if page := known.get("page_sha256"):
            copy = copies.get(known["message_sha256"])
            if copy is None:
                found.missing("digest_copy", known["message_sha256"], _LOG)
            elif sha256_hex(copy.page) != page:
                found.differs("digest_copy", copy.sha256, "page", page, sha256_hex(copy.page), _LOG)
