"""Entries of the audit log for people: what was done, which fields changed from what to what."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from tasks.attachments import ATTACHED, DETACHED
from tasks.audit import CARRIED, ERASED, LEFT, REDACTED, REDACTIONS, STEPPED, Entry
from tasks.tracking import TRACKED, UNTRACKED

ACTIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "document.added": ("文件入库", "document added"),
        "document.unchanged": ("文件未变", "document unchanged"),
        "document.new-version": ("文件新版本", "new version of a document"),
        "document.refreshed": ("文件重新读取", "document read anew"),
        "document.confirmed": ("文件重新读取，内容未变", "document read anew, the same facts"),
        "document.withdrawn": ("撤回文件", "document withdrawn"),
        "document.restored": ("恢复文件", "document restored"),
        ERASED: ("彻底删除文件", "document erased"),
        REDACTED: ("随文件删除内容的记录", "entry redacted with a document"),
        "document.sealed": ("文件补记摘要", "digests of a document"),
        "store.sealed": ("用户、地址、令牌补记摘要", "digests of people, addresses and tokens"),
        "person.rehashed": ("密码换用新的摘要参数", "password hashed anew"),
        "document.visibility": ("改可见范围", "visibility changed"),
        TRACKED: ("列入督办", "document tracked"),
        ATTACHED: ("记为附件", "document attached"),
        DETACHED: ("解除附件关系", "document no longer an attachment"),
        UNTRACKED: ("改为仅供查阅", "document kept for reference"),
        CARRIED: ("任务转到新版本", "duties carried to a new version"),
        STEPPED: ("办理任务", "step of a duty"),
        "milestone.event": ("记录事件", "event recorded"),
        "correction.made": ("更正", "correction made"),
        "correction.confirmed": ("确认更正", "correction confirmed"),
        "correction.withdrawn": ("撤回更正", "correction withdrawn"),
        "correction.carried": ("更正转到新版本", "correction carried to a new version"),
        "correction.reopened": ("更正待复核", "correction re-opened"),
        "review.settled": ("复核无误", "doubt settled"),
        "review.opened": ("重新待复核", "doubt opened again"),
        "version.settled": ("确认版本关系", "possible version settled"),
        LEFT: ("办理记录无对应任务", "reports left without a duty"),
        "person.added": ("添加用户", "person added"),
        "person.changed": ("修改用户", "person changed"),
        "person.password": ("设密码", "password set"),
        "session.opened": ("登录", "signed in"),
        "session.ended": ("结束登录", "sessions ended"),
        "token.created": ("生成令牌", "token made"),
        "token.revoked": ("作废令牌", "token revoked"),
        "address.set": ("设周报地址", "address of digests set"),
        "address.removed": ("删周报地址", "address of digests removed"),
        "digest.sent": ("周报已发出", "digest sent"),
        "digest.failed": ("周报未发出", "digest failed"),
        "digest.uncertain": ("周报不确定是否发出", "digest uncertain"),
        "digest.released": ("准许周报再发", "digest released"),
        "schedule.started": ("定时发送启动", "schedule started"),
    }
)
"""What the log's actions are called; one that is missing shows as it is written."""
KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "document": ("文件", "documents"), "milestone": ("任务", "duties"),
        "version": ("版本关系", "possible versions"), "correction": ("更正", "corrections"), "review": ("复核", "reviews"), "person": ("用户", "people"),
        "session": ("登录", "sign-ins"), "token": ("令牌", "tokens"),
        "address": ("周报地址", "addresses"), "digest": ("周报", "digests"),
    }
)  # fmt: skip
"""Actions that begin alike, to filter by."""
_FIELDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "active": ("在用", "active"), "address": ("地址", "address"), "channel": ("渠道", "channel"),
        "due": ("时限", "due"), "id": ("编号", "id"), "level": ("可见范围", "visibility"),
        "login": ("登录名", "sign-in name"), "milestone_id": ("时限编号", "milestone"),
        "name": ("名称", "name"), "note": ("说明", "note"), "on": ("日期", "day"),
        "percent": ("完成百分比", "per cent"), "reason": ("理由", "reason"), "role": ("角色", "role"),
        "scopes": ("范围", "scopes"), "sha256": ("文件指纹", "SHA-256"), "signed": ("加签", "signed"),
        "tracked": ("列入督办", "tracked"), "tasks": ("任务数", "tasks"), "lives": ("办理经过数", "histories"),
        "status": ("状态", "state"), "step": ("环节", "step"), "target": ("地址", "target"),
        "text": ("情况", "text"), "unit": ("单位", "unit"), "units": ("单位", "units"),
        "week": ("周", "week"), "document_id": ("文件编号", "document"),
        "occurrence": ("哪一次", "occurrence"), "reports": ("报告次数", "reports"),
        "asked": ("申请延期至", "extension asked for"), "new_date": ("新的时限", "new date"),
        "values": ("报告值", "values"), "evidence": ("证明材料", "evidence"), "kind": ("种类", "kind"),
        "message": ("说明", "message"), "path": ("条款", "clause"), "quote": ("原文", "quote"),
    }
)  # fmt: skip
_SEALS = frozenset(
    {"before_sha256", "correction_sha256", "corrections", "duties", "duty_sha256", "facts_sha256",
     "message_sha256", "page_sha256", "password_sha256", "reader", "row_sha256", "standings",
     "text_sha256", REDACTIONS}
)  # fmt: skip
"""What an entry holds for verification, not for people; its whole JSON shows it."""
_LONGEST = 300
"""Characters of a value that are shown; the whole is in the entry's JSON."""


class Changed(NamedTuple):
    """A field of an entry: its name in both languages, its value before (None: was not there) and
    after (None: is not there any more)."""

    names: tuple[str, str]
    before: str | None
    after: str | None


def changes_of(entry: Entry) -> Iterator[Changed]:
    """What an entry changed, field by field; for one without a before and after, what it tells."""
    before, after = entry.before or {}, entry.after or {}
    for key in dict.fromkeys([*before, *after]):
        if before.get(key) != after.get(key) or key not in before:
            yield Changed(field_name(key), _said(before, key), _said(after, key))
    for key in entry.detail:
        if key not in before and key not in after and key not in _SEALS:
            yield Changed(field_name(key), None, _said(entry.detail, key))


def action_name(action: str) -> tuple[str, str]:
    """An action in both languages."""
    return ACTIONS.get(action, (action, action))


def field_name(key: str) -> tuple[str, str]:
    """A field in both languages."""
    return _FIELDS.get(key, (key, key))


def _said(values: Mapping[str, Any], key: str) -> str | None:
    if key not in values:
        return None
    value = values[key]
    if value is None or value in ("", []):
        return "—"
    if isinstance(value, bool):
        return "✓" if value else "✗"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        text = "、".join(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
