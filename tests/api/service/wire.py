"""The names and types of everything that the API takes and sends, kept in `wire.json`: a change of
the wire is then a change of a file that somebody looks at.

    python -m tests.api.service.wire
"""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from api.service.app import create_app
from api.service.openapi import operations_in
from tests.api.service.world import settings_in

PLACE = Path(__file__).parent / "wire.json"


@cache
def described() -> dict[str, Any]:
    """The app's description, which is the same for all who ask."""
    with tempfile.TemporaryDirectory() as folder:
        return create_app(settings_in(Path(folder)), warm=False).openapi()


def wire_of(schema: dict[str, Any]) -> dict[str, Any]:
    """Operations with what they take and send, models with their fields; without any prose."""
    return {
        "operations": {f"{m.upper()} {p}": _operation(o) for m, p, o in operations_in(schema)},
        "models": {n: _model(s) for n, s in sorted(schema["components"]["schemas"].items())},
    }


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    taken = {
        f"{p['in']} {p['name']}": _kind(p["schema"]) + ("" if p.get("required") else "?")
        for p in operation.get("parameters", ())
    }
    body = operation.get("requestBody", {}).get("content", {})
    sent = {
        status: {mime: _kind(c.get("schema", {})) for mime, c in answer.get("content", {}).items()}
        for status, answer in operation["responses"].items()
        if status < "400"
    }
    return {
        "takes": taken | {mime: _kind(c["schema"]) for mime, c in body.items()},
        "sends": sent,
        "errors": [s for s in operation["responses"] if s >= "400"],
    }


def _model(shape: dict[str, Any]) -> Any:
    if "properties" not in shape:
        return _kind(shape)
    needed = shape.get("required", ())
    return {n: _kind(f) + ("" if n in needed else "?") for n, f in shape["properties"].items()}


def _kind(shape: dict[str, Any]) -> str:
    if "$ref" in shape:
        return str(shape["$ref"]).rpartition("/")[2]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in shape:
            return " | ".join(_kind(s) for s in shape[choice])
    if "enum" in shape:
        return " ".join(map(repr, shape["enum"]))
    if "const" in shape:
        return repr(shape["const"])
    kind = str(shape.get("format") or shape.get("type") or "any")
    if kind == "array":
        parts = shape.get("prefixItems") or [shape.get("items", {})]
        return f"[{', '.join(_kind(p) for p in parts)}]"
    if kind == "object" and shape.get("properties"):
        return "{" + ", ".join(f"{n}: {_kind(s)}" for n, s in shape["properties"].items()) + "}"
    if kind == "object" and isinstance(shape.get("additionalProperties"), dict):
        return f"{{*: {_kind(shape['additionalProperties'])}}}"
    return kind


def main() -> None:
    """Write the file."""
    told = json.dumps(wire_of(described()), ensure_ascii=False, indent=1)
    PLACE.write_text(f"{told}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
