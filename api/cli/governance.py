"""What the commands of corrections, review, people and the audit log do."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import typer

from api.checkpoints import keep_checkpoint
from api.cli.output import Output
from api.cli.progress import VerifyProgress
from api.cli.state import Run, choice
from api.cli.tracking import read_roles
from api.settings import SettingError
from api.verifying import verify_all
from kb.errors import NotFoundError, SourceError, both
from kb.language.quantities import Comparator
from tasks import audit
from tasks.authorisation import ROLE_NAMES, Action, PersonRole, authorise, require
from tasks.corrections import Aspect, Draft, Operation
from tasks.left import hand_life
from tasks.lifecycle import Step
from tasks.listing import read_register
from tasks.models import Counting, Deadline, DueKind
from tasks.people import People, Person
from tasks.review import REVIEW_NAMES, ReviewKind
from tasks.settling import items_named, read_reviews, settle_all, unsettle_all, unsettled
from tasks.tracker import Tracker, bearing_units
from tasks.verify import Verified


def review(run: Run, kind: str, as_json: bool) -> None:
    """List what needs a look in tracked documents."""
    out = run.out(as_json)
    wanted = choice(ReviewKind, kind, "--kind") if kind else None
    with run.acting() as (store, actor):
        require(actor, Action.READ)
        found = unsettled(
            store, read_reviews(store, actor, read_register(store).tracked.extractions)
        )
    found = [item for item in found if wanted in (None, item.kind)]
    if as_json:
        out.json([item.model_dump(mode="json") for item in found])
        return
    side = 1 if out.language == "en" else 0
    out.table(
        [("类别", "kind"), ("条款", "clause"), ("位置", "at"), ("说明", "what"), ("原文", "quote"), ("编号", "id"), ("复核用 key", "key")],
        [
            (REVIEW_NAMES[i.kind][side], i.path, i.span.start if i.span else "",
             out.side(i.message), " ".join(i.quote.split())[:60], i.fact_id, i.key)
            for i in found
        ],
    )  # fmt: skip
    out.say(f"共 {len(found)} 处", f"{len(found)} place(s) to look at")


def settle(run: Run, keys: Sequence[str], reason: str, as_json: bool, *, again: bool) -> None:
    """Note that items may stand as they were read, or (`again`) list them once more."""
    out = run.out(as_json)
    with run.acting() as (store, actor):
        items = read_reviews(store, actor, store.extractions())
        chosen, now = items_named(items, keys), run.settings.now()
        done = [item.key for item in chosen]
        if again:
            unsettle_all(store, actor, done, reason, now)
        else:
            done = settle_all(store, actor, chosen, reason, now)
    if as_json:
        out.json({"keys": done})
        return
    what = ("项重新列入待复核", "listed again") if again else ("项已复核", "settled")
    out.say(f"{len(done)} {what[0]}", f"{len(done)} {what[1]}")


def hand(run: Run, milestone: str, to: str, reason: str, as_json: bool) -> None:
    """Give what was reported on a duty that is no more to the one that is the same."""
    out = run.out(as_json)
    with run.acting() as (store, actor):
        hand_life(store, actor, milestone, to, reason, run.settings.now())
    if as_json:
        out.json({"from": milestone, "to": to})
    else:
        out.say(
            f"{milestone} 的办理记录已转到 {to}", f"reports of {milestone} are now those of {to}"
        )


def may(run: Run, action: str, milestone: str, as_json: bool) -> int:
    """Explain the decision about an action; 1 where it is refused."""
    names = {a.value: a for a in Action} | {s.value: s for s in Step}
    wanted = names.get(action.replace("-", "_"))
    if wanted is None:
        raise typer.BadParameter(f"{action}: {' '.join(names)}")
    out = run.out(as_json)
    with run.acting() as (store, actor):
        bearing = bearing_units(Tracker(store).row(milestone)) if milestone else None
        decision = authorise(actor, wanted, bearing)
    if as_json:
        out.json(decision.model_dump(mode="json"))
    else:
        mark = ("可以", "yes") if decision.allowed else ("不可以", "no")
        out.say(f"{mark[0]}: {decision.zh}", f"{mark[1]}: {decision.en}")
    return 0 if decision.allowed else 1


def correct(
    run: Run,
    task: str,
    aspect: str,
    operation: str,
    as_json: bool,
    *,
    role: str = "",
    new_role: str = "",
    values: dict[str, str] | None = None,
    **fields: Any,
) -> None:
    """Record a correction and say what held before."""
    out = run.out(as_json)
    read: dict[str, Any] = dict(values or {})
    if "comparator" in read:
        read["comparator"] = choice(Comparator, read["comparator"], "--comparator")
    if "value" in read:
        read["value"] = _number(read["value"])
    draft = Draft(
        task_id=task,
        aspect=Aspect(aspect),
        operation=choice(Operation, operation, "--do"),
        role=read_roles([role])[0] if role else None,
        new_role=read_roles([new_role])[0] if new_role else None,
        values=read,
        **fields,
    )
    with run.acting() as (store, actor):
        made = Tracker(store).correct(actor, draft, run.settings.now())
    if as_json:
        out.json(made.model_dump(mode="json"))
        return
    before = made.original or {}
    quote = " ".join(str(before.get("quote", "")).split())
    out.say(f"已更正 {made.id}; 抽取的原文保留: {quote or '（新增）'}",
            f"corrected, {made.id}; what was extracted is kept: {quote or '(added)'}")  # fmt: skip


def deadline_of(day: date | None, event: str, duration: str, counting: str) -> Deadline | None:
    """The deadline that the options name: a day, or a time after an event; None where they name none.

    Raises:
        typer.BadParameter: they name two, or half of one.
    """
    counted = choice(Counting, counting, "--counting")
    if not (event or duration):
        if counted is not Counting.DAYS:
            raise typer.BadParameter("--event --duration", param_hint="--counting")
        return Deadline(kind=DueKind.BY, date=day) if day else None
    if day or not (event and duration):
        raise typer.BadParameter(
            "--date, 或 --event 加 --duration / --date, or --event with --duration",
            param_hint="--date" if day else "--event",
        )
    return Deadline(kind=DueKind.RELATIVE, event=event, duration=duration, counting=counted)


def _number(printed: str) -> Decimal:
    try:
        value = Decimal(printed)
    except ArithmeticError:
        value = Decimal("NaN")
    if not value.is_finite():
        raise typer.BadParameter(f"{printed}: 要是数 / must be a number", param_hint="--value")
    return value


def corrections(run: Run, as_json: bool) -> None:
    """List all corrections."""
    out = run.out(as_json)
    with run.acting() as (store, actor):
        require(actor, Action.READ)
        found = Tracker(store).corrections()
    if as_json:
        out.json([c.model_dump(mode="json") for c in found])
        return
    out.table(
        [("编号", "id"), ("任务", "task"), ("更正", "what"), ("状态", "status"), ("人", "who"),
         ("时间", "at"), ("理由", "why")],
        [
            (c.id, c.task_id, f"{c.aspect} {c.operation} {c.unit or c.fact_id}", c.status,
             c.actor, c.at[:19], c.reason)
            for c in found
        ],
    )  # fmt: skip


def withdraw(run: Run, correction: str, reason: str, as_json: bool) -> None:
    """Take a correction back."""
    out = run.out(as_json)
    with run.acting() as (store, actor):
        taken = Tracker(store).withdraw(actor, correction, reason, run.settings.now())
    if as_json:
        out.json(taken.model_dump(mode="json"))
        return
    out.say(
        f"已撤回 {taken.id}, 抽取的结果恢复",
        f"{taken.id} withdrawn: what was extracted holds again",
    )


def confirm(
    run: Run, correction: str, reason: str, task: str, fact: str, as_json: bool, *, quote: str = ""
) -> None:
    """Let a re-opened correction hold for the text as it reads now."""
    out = run.out(as_json)
    with run.acting() as (store, actor):
        kept = Tracker(store).confirm(
            actor, correction, reason, run.settings.now(), task_id=task, fact_id=fact, quote=quote
        )
    if as_json:
        out.json(kept.model_dump(mode="json"))
        return
    out.say(
        f"{kept.id} 仍然成立, 现用于 {kept.task_id}", f"{kept.id} holds, now for {kept.task_id}"
    )


def people(run: Run, as_json: bool) -> None:
    """List people."""
    out = run.out(as_json)
    with run.acting() as (store, actor):
        require(actor, Action.MANAGE_PEOPLE)
        found = People(store).list()
    if as_json:
        out.json([p.model_dump(mode="json") for p in found])
        return
    side = 1 if out.language == "en" else 0
    out.table(
        [("登录名", "login"), ("姓名", "name"), ("角色", "role"), ("单位", "units"), ("启用", "active")],
        [(p.login, p.name, ROLE_NAMES[p.role][side], shown_units(p, out.language), "✓" if p.active else "") for p in found],
    )  # fmt: skip


def add_person(
    run: Run, login: str, role: str, name: str, units: Sequence[str], as_json: bool
) -> None:
    """Add a person."""
    person = Person(
        login=login, name=name or login, role=choice(PersonRole, role, "--role"),
        units=tuple(units),
    )  # fmt: skip
    out = run.out(as_json)
    with run.acting() as (store, actor):
        person = People(store).add(actor, person, run.settings.now())
    _tell_person(run, person, as_json)
    out.say(f"以其身份行事: --as {login}", f"to act for them: --as {login}")


def change_person(
    run: Run,
    login: str,
    role: str,
    name: str,
    units: Sequence[str] | None,
    active: bool | None,
    as_json: bool,
) -> None:
    """Change what is given; the rest stays."""
    with run.acting() as (store, actor):
        require(actor, Action.MANAGE_PEOPLE)
        found = People(store)
        before = found.get(login)
        changes: dict[str, Any] = {"name": name} if name else {}
        if role:
            changes["role"] = choice(PersonRole, role, "--role")
        if units is not None:
            changes["units"] = tuple(units)
        if active is not None:
            changes["active"] = active
        after = before.model_copy(update=changes)
        after = found.change(actor, after, run.settings.now())
    _tell_person(run, after, as_json)


def _tell_person(run: Run, person: Person, as_json: bool) -> None:
    out = run.out(as_json)
    if as_json:
        out.json(person.model_dump(mode="json"))
        return
    zh, en = ROLE_NAMES[person.role]
    units = shown_units(person, out.language)
    state = ("", "") if person.active else (" 已停用", " inactive")
    out.say(f"{person.login} {person.name}: {zh} {units}{state[0]}",
            f"{person.login} {person.name}: {en} {units}{state[1]}")  # fmt: skip


def shown_units(person: Person, language: str) -> str:
    """Full names of a person's units; of a name that means no one unit, that it gives no rights."""
    mark = " (not settled: gives no rights)" if language == "en" else "（未定，没有权限）"
    return "、".join(
        f"{name}{mark if key in person.unsettled else ''}"
        for key, name in zip(person.units, person.unit_names, strict=True)
    )


def audit_log(run: Run, subject: str, actor_name: str, last: int, as_json: bool) -> None:
    """Print entries, the newest last."""
    out = run.out(as_json)
    with run.acting() as (store, actor):
        require(actor, Action.READ_AUDIT)
        with store.reading() as connection:
            entries = deque(
                (e for e in audit.read(connection, subject=subject) if actor_name in ("", e.actor)),
                maxlen=last,
            )
    if as_json:
        out.json([e.model_dump(mode="json") for e in entries])
        return
    out.table(
        [("序", "no"), ("时间 (UTC)", "at (UTC)"), ("人", "who"), ("事", "action"), ("对象", "subject"),
         ("理由", "why"), ("摘要", "hash")],
        [(e.seq, e.at[:19] + "Z", e.actor, e.action, e.subject, e.reason, e.hash[:12]) for e in entries],
    )  # fmt: skip


def verify(run: Run, files: Sequence[Path], as_json: bool, *, audits: bool = False) -> int:
    """Check the whole store against its log, its sources and the checkpoints kept; 1 where something
    differs. `audits`: asked as an auditor, who must be one."""
    out = run.out(as_json)
    kept = [point for path in files for point in _checkpoints(path)]
    with run.acting(migrate=False) as (store, actor), VerifyProgress(out) as report:
        if audits:
            require(actor, Action.READ_AUDIT)
        found = verify_all(run.settings, store, kept, report)
    if as_json:
        out.json(found.model_dump(mode="json") | {"sound": found.sound})
    else:
        _tell_verified(found, out)
    return 0 if found.sound else 1


def _tell_verified(found: Verified, out: Output) -> None:
    for what in found.checked:
        out.say(f"{out.side(what.what)}: {what.count}", f"{out.side(what.what)}: {what.count}")
    for fault in found.faults:
        out.complain(f"audit {fault.seq}: {out.side(fault.message)}")
    for d in found.differences:
        place = f" [{d.span.start}, {d.span.end})" if d.span else ""
        out.complain(f"{d.table} {d.row}{place}: {out.side(d.message)}")
    for words in found.unknown:
        out.say(f"无从核对: {out.side(words)}", f"cannot be known: {out.side(words)}")
    count = len(found.faults) + len(found.differences)
    if count:
        out.complain(out.pick(f"共 {count} 处不符", f"{count} difference(s)"))
        return
    out.say(
        f"{found.documents} 个文件 {found.facts} 条事实, 日志 {found.count} 条, 链完整, 全部相符; 末条 {found.head}",
        f"{found.documents} document(s), {found.facts} facts, {found.count} entries, the chain is whole: "
        f"nothing differs; its head {found.head}",
    )


def _checkpoints(path: Path) -> list[audit.Checkpoint]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(both("读不了", "cannot be read", error), path=path) from error
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise NotFoundError("没有校验点 / it holds no checkpoint", hint="duban audit checkpoint")
    return [audit.read_checkpoint(line) for line in lines]


def audit_checkpoint(run: Run, *, keep: bool) -> None:
    """Print the head's hash and the count, to keep where nobody of the office can write; `keep`
    appends them to the file that the settings name."""
    with run.acting() as (store, actor):
        require(actor, Action.READ_AUDIT)
        if keep:
            if (kept := keep_checkpoint(run.settings, store)) is None:
                raise SettingError(
                    "没有设留存校验点的文件 / no file that keeps checkpoints is set",
                    hint="DUBAN_CHECKPOINTS=文件 / DUBAN_CHECKPOINTS=FILE",
                )
            print(audit.render_checkpoint(kept))
            return
        with store.reading() as connection:
            found = audit.verify_chain(connection)
    if found.faults:
        raise SourceError(found.faults[0].message, hint="duban audit verify")
    print(audit.render_checkpoint(audit.Checkpoint(count=found.count, head=found.head)))
