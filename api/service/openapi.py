"""The OpenAPI description made whole: what each parameter means, and a real answer of each
operation (`examples.json`, written anew by `python -m tests.api.service.examples`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from api.service.problems import MEDIA_TYPE

_METHODS = ("get", "post", "put", "patch", "delete")
_PARAMETERS = {
    "accept": "application/json 或 text/event-stream / either",
    "action": "动作 / an action",
    "actor": "谁, 登录名 / whose, a sign-in name",
    "channel": "email | file | wecom | dingtalk | feishu: 渠道 / the channel",
    "conversation": "对话编号 / a conversation's id",
    "correction_id": "更正编号 / a correction's id",
    "document": "文件编号 / a document's id",
    "document_id": "文件编号 / a document's id",
    "format": "文件的格式 / the format of the file",
    "job_id": "处理任务编号 / a job's id",
    "kind": "类别 / the kind",
    "limit": "条数 / how many",
    "login": "登录名 / a sign-in name",
    "milestone_id": "里程碑编号 / a milestone's id",
    "model": "模型名, duban / the name of a model, `duban`",
    "occurrence": "哪一期(日期)或哪一次 / which occurrence (date) or occasion",
    "sha256": "文件的 SHA-256 / the file's SHA-256",
    "status": "状态 / the state",
    "subject": "对象编号 / the id of what was changed",
    "target_id": "目标编号 / a target's id",
    "task": "任务编号 / a task's id",
    "task_id": "任务编号 / a task's id",
    "token_id": "令牌编号 / a token's id",
    "turn": "一问一答的编号 / the id of a question with its answer",
    "unit": "单位名称或编号 / a unit's name or id",
    "week": "ISO 周, 如 2026-W48 / an ISO week",
}
"""What parameters mean that are told of nowhere else: they mean the same everywhere."""


def install(app: FastAPI) -> None:
    """Have the app describe itself in full."""
    plain = app.openapi

    def whole() -> dict[str, Any]:
        if app.openapi_schema is None:
            complete(plain())
        return plain()

    app.openapi = whole  # type: ignore[method-assign]


def complete(schema: dict[str, Any]) -> None:
    """Add what the routes do not say of themselves."""
    examples = json.loads((Path(__file__).parent / "examples.json").read_text("utf-8"))
    for method, path, operation in operations_in(schema):
        for parameter in operation.get("parameters", ()):
            if not parameter.get("description") and parameter["name"] in _PARAMETERS:
                parameter["description"] = _PARAMETERS[parameter["name"]]
        for status, answer in operation["responses"].items():
            if status >= "400" and MEDIA_TYPE in answer.get("content", {}):
                # FastAPI puts the model under its own type, too.
                answer["content"].pop("application/json", None)
        for status, example in examples.get(f"{method.upper()} {path}", {}).items():
            content = operation["responses"].get(status, {}).get("content", {})
            if "application/json" in content:
                content["application/json"]["example"] = example


def operations_in(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of each operation."""
    for path, item in schema["paths"].items():
        for method in _METHODS:
            if method in item:
                yield method, path, item[method]
