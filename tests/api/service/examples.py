"""Writes `api/service/examples.json`: real answers of the service over the sample documents.

python -m tests.api.service.examples
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from api.service import app as service_app
from api.service.openapi import operations_in
from ingest.pipeline import extract_bytes
from ingest.readers.recorded import record
from ingest.readers.source import Read
from tasks.attachments import Attachment, attach
from tests.api.service.contracts.test_matrix import API, TABLE
from tests.api.service.world import PASSWORD, ROLES, SECRET, World, make_world
from tests.tasks.samples import NOW

PLACE = Path(service_app.__file__).parent / "examples.json"
BODIES: dict[str, dict[str, Any]] = {
    f"POST {API}/session": {"login": "reader", "password": PASSWORD},
    f"POST {API}/query": {"select": "duties", "states": ["overdue"], "as_of": "2030-01-01"},
    f"POST {API}/ask": {"question": "整治隐患由哪些单位负责？", "as_of": "2026-01-02"},
    "POST /v1/chat/completions": {
        "messages": [{"role": "user", "content": "整治隐患由哪些单位负责？"}], "as_of": "2026-01-02",
    },
    f"POST {API}/answers/{{turn}}/feedback": {"verdict": "right", "reason": "与原文一致"},
    f"POST {API}/people": {"login": "li", "name": "李敏", "role": "unit_officer", "units": ["区教委"]},
    f"PATCH {API}/people/{{login}}": {"name": "李敏之"},
    f"POST {API}/tokens": {"name": "日历", "scopes": ["calendar"]},
    f"PUT {API}/documents/{{document_id}}/visibility": {"level": "public"},
    f"POST {API}/milestones/{{milestone_id}}/steps": {"step": "report", "text": "已整治隐患点12处", "percent": 60},
    f"POST {API}/milestones/{{milestone_id}}/events": {"occasion": "甲校竣工验收", "on": "2026-01-02"},
    f"POST {API}/tasks/{{task_id}}/corrections": {
        "aspect": "owner", "operation": "add", "unit": "区财政局", "role": "joint", "reason": "三定规定",
    },
    f"POST {API}/corrections/{{correction_id}}/withdraw": {"reason": "误改"},
    f"POST {API}/corrections/{{correction_id}}/confirm": {"reason": "仍然成立"},
    f"POST {API}/documents/{{document_id}}/recognised": {
        "span": [0, 6], "text": "某区疏浚方案", "reason": "与图片核对",
    },
    f"POST {API}/documents/{{document_id}}/withdraw": {"reason": "上传有误"},
    f"POST {API}/documents/{{document_id}}/restore": {"reason": "核对无误"},
    f"POST {API}/documents/{{document_id}}/erase": {"reason": "发现密级标志, 误传"},
    f"POST {API}/documents/{{document_id}}/track": {"reason": "市级下达, 由本区落实"},
    f"POST {API}/documents/{{document_id}}/untrack": {"reason": "仅供查阅"},
    f"PUT {API}/settings/addresses/{{unit}}/{{channel}}": {"target": "duban@example.gov.cn"},
    f"POST {API}/versions/{{doubt_id}}": {"verdict": "separate", "reason": "两份不同的通知"},
    f"POST {API}/audit/verify": {"checkpoints": []},
}  # fmt: skip
QUERIES: dict[str, dict[str, Any]] = {
    f"GET {API}/overdue": {"as_of": "2030-01-01"},
    f"GET {API}/overdue/counts": {"as_of": "2030-01-01", "by": "unit"},
    f"GET {API}/due": {"as_of": "2025-12-20"},
    f"GET {API}/due/counts": {"as_of": "2025-12-20", "by": "unit"},
    f"GET {API}/digests/{{week}}": {"format": "json", "unit": "区水利局"},
    f"GET {API}/graph": {"unit": "区水利局"},
}
"""Where an answer without any would be empty."""
LAST = (
    f"DELETE {API}/session", f"POST {API}/corrections/{{correction_id}}/withdraw",
    f"POST {API}/documents/{{document_id}}/restore", f"POST {API}/documents/{{document_id}}/withdraw",
    f"POST {API}/documents/{{document_id}}/reread", f"POST {API}/documents/{{document_id}}/detach",
    f"POST {API}/documents/{{document_id}}/recognised", f"POST {API}/documents/{{document_id}}/erase",
    f"POST {API}/documents/{{document_id}}/track", f"POST {API}/documents/{{document_id}}/untrack",
)  # fmt: skip
DOUBTFUL = "某区清淤方案（2024—2026年）\n一、主要任务\n1.清淤。2025年前清淤10处。（责任单位：区水利局）\n".encode()
"""A document with something to review: 2025年前."""
BEFORE = {
    f"POST {API}/documents/{{document_id}}/restore": f"{API}/documents/{{document_id}}/withdraw",
    f"POST {API}/documents/{{document_id}}/track": f"{API}/documents/{{document_id}}/untrack",
    f"POST {API}/review/open": f"{API}/review/settle",
}
"""What must have been done for an operation to have something to undo; it takes the same body."""


def shortened(value: Any) -> Any:
    """A list of objects with its first, long text cut."""
    if isinstance(value, dict):
        return {k: shortened(v) for k, v in value.items()}
    if isinstance(value, list):
        kept = value if all(isinstance(v, (int, float)) for v in value) else value[:1]
        return [shortened(v) for v in kept]
    if isinstance(value, str) and value.startswith("duban_"):
        return "duban_…"
    return value.replace(SECRET, "") if isinstance(value, str) else value


def record_all(world: World) -> dict[str, dict[str, Any]]:
    """The first success of each operation that answers in JSON, as the role that may most."""
    first, admin = world.open.tasks[0], world.client("supervisor")
    asked = admin.post(f"{API}/ask", json=BODIES[f"POST {API}/ask"]).json()
    job = admin.post(f"{API}/documents", files={"file": ("方案.txt", b"\xff" * 9)}).json()
    names = {
        "task_id": first.id, "target_id": first.targets[0].id, "milestone_id": first.milestones[0].id,
        "unit": "区水利局", "document_id": world.open.document.id, "job_id": job["id"],
        "correction_id": world.correction, "login": "li", "channel": "email",
        "conversation": asked["conversation"], "turn": asked["turn"], "token_id": "token-0",
        "week": "2026-W02", "sha256": world.evidence, "model": "duban",
    }  # fmt: skip
    world.service.store.add(extract_bytes(DOUBTFUL, "清淤.txt"), DOUBTFUL, recorded_at=NOW)
    other = DOUBTFUL.replace("清淤方案".encode(), "疏浚方案".encode())
    added = world.service.store.add(extract_bytes(other, "清淤.txt"), other, recorded_at=NOW)
    names["doubt_id"] = world.client("supervisor").get(f"{API}/versions").json()[0]["id"]
    assert added.possible_versions
    looks = [world.client("supervisor").get(f"{API}/review").json()["items"][-1]["key"]]
    relative = world.closed.tasks[1].milestones[0].id
    found: dict[str, dict[str, Any]] = {}
    keys = [f"{m.upper()} {p}" for m, p, _ in operations_in(world.app.openapi())]
    for key in sorted(keys, key=lambda k: (k in LAST, k.startswith("DELETE"))):
        method, path = key.split(" ")
        places = names | ({"milestone_id": relative} if path.endswith("/events") else {})
        allowed = TABLE[method, path][0].allowed
        role = max(allowed - {"anonymous"}, key=ROLES.index)
        role = "supervisor" if role == "admin" and "supervisor" in allowed else role
        sent: dict[str, Any] = {"params": QUERIES.get(key, {})}
        if key in BODIES:
            sent["json"] = BODIES[key]
        elif path.endswith(("/documents", "/evidence", "/progress")) and method == "POST":
            sent["files"] = {"file": ("方案.txt", "某区工作方案\n一、做好工作。".encode())}
            if path.endswith("/progress"):
                sheet = world.client(role).get(f"{API}/exports", params={"format": "csv"})
                sent["files"] = {"file": ("进展.csv", sheet.content)}
        if path.endswith("/cancel"):
            jobs = [admin.post(f"{API}/documents", files={"file": ("大.txt", b"x" * 99)}).json() for _ in "ab"]  # fmt: skip
            places = places | {"job_id": jobs[-1]["id"]}
        if path in (f"{API}/review/settle", f"{API}/review/open"):
            sent["json"] = {"keys": looks, "reason": "已核对纸质原件"}
        if path.endswith("/recognised"):
            data = b"\x89PNG\r\n\x1a\n a picture"
            seen = record(Read("某区疏竣方案\n一、做好工作。\n", model="m"))
            scan = extract_bytes(data, "疏浚.png", recognised=seen)
            kept = world.service.store.add(scan, data, recorded_at=NOW)
            places = places | {"document_id": kept.document_id}
        if path.endswith("/erase"):
            third = DOUBTFUL.replace("清淤方案".encode(), "封存方案".encode())
            kept = world.service.store.add(extract_bytes(third, "封存.txt"), third, recorded_at=NOW)
            places = places | {"document_id": kept.document_id}
        if path.endswith("/detach"):
            one = Attachment(document_id=names["document_id"], body_id=added.document_id, number=1)
            with world.service.store.writing() as connection:
                attach(connection, "li", [one], NOW)
        if key in BEFORE:
            world.client(role).post(BEFORE[key].format(**places), **sent)
        answer = world.client(role).request(method, path.format(**places), **sent)
        kind = answer.headers.get("Content-Type", "")
        if answer.status_code in (200, 201, 202) and kind == "application/json":
            found[key] = {str(answer.status_code): shortened(answer.json())}
    # Only a new version of a document re-opens one; it looks as it did when it was made.
    made = found[f"POST {API}/tasks/{{task_id}}/corrections"]["201"]
    found[f"POST {API}/corrections/{{correction_id}}/confirm"] = {"200": made}
    # Nor can anything be handed over before one took a duty away.
    handed = {"milestone_id": "milestone-0123456789ab", "to": first.milestones[0].id}
    found[f"POST {API}/review/hand/{{milestone_id}}"] = {"200": handed}
    return dict(sorted(found.items()))


def main() -> None:
    """Write the file."""
    with tempfile.TemporaryDirectory() as folder, make_world(Path(folder)) as world:
        found = record_all(world)
    PLACE.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
