"""A store in which everything has happened that leaves a row: what verification is tried on."""

from __future__ import annotations

import json
from datetime import date, timedelta
from functools import lru_cache

from argon2 import PasswordHasher
from sqlalchemy import insert

from ingest.pipeline import decode_source, extract_bytes
from ingest.reader_version import reader_version
from kb.language.roles import Role
from tasks import schema
from tasks.access import Access
from tasks.addresses import Address, Addresses
from tasks.authorisation import CONSOLE, PersonRole
from tasks.corrections import Aspect, Draft, Operation
from tasks.lifecycle import Step
from tasks.models import Deadline, DueKind, Recognised
from tasks.outbox import DeliveryStatus, Key, Outbox
from tasks.people import People, Person
from tasks.review import ReviewKind
from tasks.settling import read_reviews, settle_all
from tasks.store import Store
from tasks.tracker import Tracker
from tasks.verify import Reader, Verified, verify_store
from tasks.visibility import Level, Visibility, set_visibility
from tasks.withdrawal import withdraw_document
from tests.tasks.samples import (
    DANGERS,
    DRILLS,
    NOW,
    SCHOOLS,
    SUPERVISOR,
    WORDS,
    milestone_of,
    plan,
    take,
    tasks_of,
    unit_of,
)

VERSION = reader_version()
_extract = lru_cache(extract_bytes)  # the same few files, a hundred times over
FIRST = plan(DANGERS, DRILLS, SCHOOLS, WORDS) + "领导小组成员单位\n区教委、区公安局\n"
SECOND = FIRST.replace("20处", "30处")
OTHER = plan("修渠。20279月前修好水渠，受益4550人。（责任单位：区水利局）").replace("1号", "2号")
"""The same title under another number: perhaps a version, which a person is to say."""


def bring(store: Store, text: str, name: str) -> str:
    """Bring a document in by the reader that is installed."""
    data = text.encode()
    added = store.add(_extract(data, name), data, recorded_at=NOW, reader=VERSION)
    return added.document_id


def bring_picture(store: Store) -> str:
    """Bring a picture in whose text a model read."""
    words = {"text": "关于巡查的通知\n一、每月巡查。\n", "model": "m" * 64, "pages": [[595, 842]], "places": [], "blocks": [], "findings": []}  # fmt: skip
    data, read = b"\x89PNG\r\n\x1a\n picture", Recognised(model="m" * 64, body=json.dumps(words))
    added = store.add(
        extract_bytes(data, "scan.png", recognised=read), data, recorded_at=NOW, reader=VERSION
    )
    return added.document_id


def verify(store: Store, *checkpoints, reader: str = VERSION) -> Verified:
    """Verify with the reader that is installed."""
    how = Reader(version=reader, extract=_extract)
    return verify_store(store, decode_source, reader=how, checkpoints=checkpoints)


def prepare(url: str, *, pictures: bool = True) -> None:
    """Make the store; `pictures`: with a document whose text a model read."""
    with Store.open(url) as store:
        tracker, people = Tracker(store), People(store)
        first = bring(store, FIRST, "plan.txt")
        if pictures:
            bring_picture(store)
        take(store, Step.ACCEPT)
        [proof] = tracker.keep_evidence([("照片.jpg", b"photo")])
        target = tasks_of(store)["整治隐患"].targets[0].id
        take(store, Step.REPORT, percent=40, values={target: "9"}, evidence=(proof,))
        tracker.record_event(
            SUPERVISOR, milestone_of(store, "移交校舍"), "一小", date(2025, 11, 3), NOW
        )
        take(store, Step.ACCEPT, "移交校舍")
        tasks = tasks_of(store)
        drill, words = tasks["开展演练"], tasks["加强宣传"]
        for draft in (
            Draft(task_id=drill.id, aspect=Aspect.OWNER, operation=Operation.ADD, unit="区水利局", role=Role.JOINT, reason="漏列"),
            Draft(task_id=drill.id, aspect=Aspect.TARGET, operation=Operation.CHANGE, fact_id=drill.targets[0].id, values={"value": "96"}, reason="勘误"),
            Draft(task_id=words.id, aspect=Aspect.DATE, operation=Operation.ADD, deadline=Deadline(kind=DueKind.BY, date=date(2026, 6, 30)), reason="补时限"),
        ):  # fmt: skip
            tracker.correct(SUPERVISOR, draft, NOW)
        wrong = tracker.correct(
            SUPERVISOR,
            Draft(task_id=drill.id, aspect=Aspect.ROLE, operation=Operation.CHANGE, unit="区教委", new_role=Role.LEAD, reason="错改"),
            NOW,
        )  # fmt: skip
        tracker.withdraw(SUPERVISOR, wrong.id, "改错了", NOW)
        take(store, Step.ACCEPT, "加强宣传")
        set_visibility(
            store, CONSOLE, first,
            Visibility(level=Level.RESTRICTED, units=(unit_of("区水利局"),)), NOW,
        )  # fmt: skip
        bring(store, SECOND, "plan.txt")
        take(store, Step.ACCEPT, "开展演练")
        withdrawn = bring(store, OTHER, "other.txt")
        items = read_reviews(store, CONSOLE, store.extractions())
        doubt = next(item for item in items if item.kind is not ReviewKind.VERSION)
        settle_all(store, SUPERVISOR, [doubt], "看过", NOW)
        withdraw_document(store, CONSOLE, withdrawn, "误传", NOW)
        tracker.keep_evidence([("未用.txt", b"unnamed")])
        access = Access(store, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        officer = Person(
            login="sun", name="孙", role=PersonRole.UNIT_OFFICER, units=(unit_of("区教委"),)
        )
        people.add(CONSOLE, officer, NOW)
        access.set_password(CONSOLE, "sun", "三只白鹭过江去也不回头", NOW)
        people.change(CONSOLE, officer.model_copy(update={"name": "孙一"}), NOW)
        people.add(CONSOLE, Person(login="qian", name="钱", role=PersonRole.AUDITOR), NOW)
        access.create_token(CONSOLE, "sun", "表", ["read"], NOW + timedelta(days=30), NOW)
        access.open_session("sun", NOW, 1)
        unit = unit_of("区水利局")
        Addresses(store).set(
            CONSOLE,
            Address(unit=unit, channel="wecom", target="https://qy.example.cn/x?key=1"),
            NOW,
        )
        outbox, key = Outbox(store, "run"), Key(unit=unit, week="2026-W01", channel="wecom")
        outbox.claim(
            key,
            address="https://qy.example.cn/…",
            message_id="<1@d>",
            sha256="a" * 64,
            at=NOW,
            harmless=False,
        )
        outbox.keep("a" * 64, "周报", "<p>…</p>", NOW)
        outbox.announce(key, NOW)
        outbox.finish(key, DeliveryStatus.SENT, "", "system", NOW)
        with store.writing() as connection:
            for name, status, document in (("job-1", "done", first), ("job-2", "failed", None)):
                row = {"id": name, "login": "sun", "kind": "ingest", "status": status}
                report = {"document_id": document} if document else None
                body = json.dumps(row | {"report": report})
                connection.execute(insert(schema.job), row | {"at": NOW, "body": body})
