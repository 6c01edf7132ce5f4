"""The reference of the HTTP API as a page: drawn on the server from the app's own OpenAPI, with no
script and nothing from elsewhere."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel

router = APIRouter(include_in_schema=False)
_HERE = Path(__file__).parent
_METHODS = ("get", "post", "put", "patch", "delete")


class Part(BaseModel):
    """A parameter, or a field of a body: its name, type and what it means."""

    name: str
    where: str
    kind: str
    needed: bool
    told: str


class Operation(BaseModel):
    """One method of one path."""

    id: str
    method: str
    path: str
    summary: str
    told: str
    parts: list[Part]
    body: str
    example: str
    answers: list[tuple[str, str]]


class Model(BaseModel):
    """A named shape of JSON."""

    name: str
    told: str
    fields: list[Part]


@router.get("/docs", response_class=HTMLResponse)
def reference(request: Request) -> HTMLResponse:
    """The page."""
    schema = request.app.openapi()
    page = _environment().get_template("docs.html").render(
        info=schema["info"], groups=operations(schema), models=models(schema),
        schema_url=request.app.openapi_url,
    )  # fmt: skip
    return HTMLResponse(page)


@router.get("/docs.css", response_class=Response)
def style() -> Response:
    """Its style."""
    return Response((_HERE / "docs.css").read_bytes(), media_type="text/css; charset=utf-8")


def operations(schema: dict[str, Any]) -> dict[str, list[Operation]]:
    """All operations by tag, in the order of the app."""
    found: dict[str, list[Operation]] = {}
    for path, item in schema["paths"].items():
        for method in _METHODS:
            if method in item:
                tag = item[method].get("tags", ["other"])[0]
                found.setdefault(tag, []).append(_operation(schema, path, method, item[method]))
    return found


def models(schema: dict[str, Any]) -> list[Model]:
    """All named shapes, by name."""
    found = []
    for name, shape in sorted(schema["components"]["schemas"].items()):
        fields = shape.get("properties") or {}
        needed = set(shape.get("required", ()))
        values = f" {_values(shape)}" if "enum" in shape else ""
        found.append(
            Model(
                name=name,
                told=f"{shape.get('description', '')}{values}".strip(),
                fields=[_part(key, "", f, needed=key in needed) for key, f in fields.items()],
            )
        )
    return found


def _operation(schema: dict[str, Any], path: str, method: str, item: dict[str, Any]) -> Operation:
    content = item.get("requestBody", {}).get("content", {})
    kind = next(iter(content), "")
    shape: dict[str, Any] = content[kind].get("schema", {}) if kind else {}
    name = _name(shape)
    parts = [
        _part(p["name"], p["in"], p.get("schema", {}), needed=p.get("required", False),
              told=p.get("description", ""))
        for p in item.get("parameters", ())
    ]  # fmt: skip
    if not name:
        needed = set(shape.get("required", ()))
        fields = shape.get("properties", {}).items()
        parts += [_part(key, "form", f, needed=key in needed) for key, f in fields]
    examples = schema["components"]["schemas"].get(name, {}).get("examples", [])
    return Operation(
        id=f"{method}{path}".replace("/", "-").replace("{", "").replace("}", ""),
        method=method.upper(), path=path, summary=item.get("summary", ""),
        told=item.get("description", ""), parts=parts, body=name or kind,
        example=json.dumps(examples[0], ensure_ascii=False, indent=1) if examples else "",
        answers=[(s, _answer(a)) for s, a in sorted(item.get("responses", {}).items())],
    )  # fmt: skip


def _answer(answer: dict[str, Any]) -> str:
    told = [_kind(c.get("schema", {})) or mime for mime, c in answer.get("content", {}).items()]
    return " | ".join(dict.fromkeys(told)) or str(answer.get("description", ""))


def _part(name: str, where: str, shape: dict[str, Any], *, needed: bool, told: str = "") -> Part:
    words = told or shape.get("description", "")
    default = shape.get("default")
    if default not in (None, "", [], {}):
        words = f"{words} (= {default})".strip()
    return Part(name=name, where=where, kind=_kind(shape), needed=needed, told=words)


def _kind(shape: dict[str, Any]) -> str:
    if name := _name(shape):
        return name
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in shape:
            return " | ".join(dict.fromkeys(_kind(s) for s in shape[choice]))
    if "enum" in shape:
        return _values(shape)
    kind = str(shape.get("format") or shape.get("type") or "")
    return f"[{_kind(shape['items'])}]" if kind == "array" and "items" in shape else kind


def _values(shape: dict[str, Any]) -> str:
    return " | ".join(str(value) for value in shape["enum"])


def _name(shape: dict[str, Any]) -> str:
    return str(shape.get("$ref", "")).rpartition("/")[2]


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
