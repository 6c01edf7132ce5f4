"""A small plan with one duty of each kind of deadline, and its export on a day."""

import io
import re
import zipfile
from datetime import UTC, date, datetime

from tasks.authorisation import Actor
from tasks.exports.rows import ExportRow, export_rows
from tasks.exports.workbook import Heading
from tasks.lifecycle import Command, Life, Step
from tasks.store import Store
from tasks.tracker import Tracker
from tests.tasks.samples import milestones, officer, read

NOW = datetime(2026, 3, 2, 3, 4, tzinfo=UTC)
TODAY = NOW.date()
DANGERS = "整治隐患。到2025年，整治隐患点20处以上。（责任单位：区水利局、区应急局）"
DRILLS = "开展演练。每年6月底前组织演练，参加率不低于95%。（牵头单位：区应急局；配合单位：区教委）"
SCHOOLS = "移交校舍。自竣工验收合格起3个月内移交区教委。（责任单位：区住房城乡建委）"
RATES = "缩小差异。到2026年，小学、初中差异系数分别不高于0.50和0.45。（责任单位：区教委）"
WORDS = "加强宣传。加强防汛宣传教育，营造良好氛围。（责任单位：区教委、各镇乡街道）"
HEADING = Heading(TODAY, "某区")


def plan(*duties: str) -> str:
    lines = [f"{number}.{duty}" for number, duty in enumerate(duties, 1)]
    head = ["某区防汛工作方案（2024—2026年）", "某区府办发〔2024〕1号", "一、主要任务"]
    return "\n".join([*head, *lines, ""])


PLAN = plan(DANGERS, DRILLS, SCHOOLS, RATES, WORDS)


def put(
    store: Store,
    words: str = PLAN,
    at: datetime = NOW,
    *,
    refresh: bool = False,
    replaces: str | None = None,
) -> str:
    extraction, data = read(words)
    added = store.add(extraction, data, recorded_at=at, refresh=refresh, replaces=replaces)
    return added.document_id


EVERYBODY = officer("区水利局", "区应急局", "区住房城乡建委", "区教委", "各镇乡街道")


def rows_of(store: Store, as_of: date = TODAY, **wanted: object) -> list[ExportRow]:
    return export_rows(store, as_of, milestones(**wanted))


def row_of(store: Store, title: str, as_of: date = TODAY, occurrence: str = "") -> ExportRow:
    return next(
        r
        for r in rows_of(store, as_of)
        if title in r.title and (not occurrence or r.occurrence == occurrence)
    )


def take(store: Store, row: ExportRow, step: Step, actor: Actor = EVERYBODY, **fields) -> Life:
    command = Command(
        step=step, milestone_id=row.milestone_id, occurrence=row.occurrence,
        **({"on": TODAY, "text": "已做", "reason": "有因"} | fields),
    )  # fmt: skip
    return Tracker(store).perform(actor, command, NOW)


def with_shared_strings(data: bytes, declared: bytes = b"") -> bytes:
    """A workbook of ours as Excel saves it: texts in a table of their own."""
    strings: list[bytes] = []

    def share(match: re.Match[bytes]) -> bytes:
        strings.append(match.group(2))
        return b'%s t="s"><v>%d</v></c>' % (match.group(1), len(strings) - 1)

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name.startswith("xl/worksheets/"):
                part = re.sub(rb'(<c [^>]*?) t="inlineStr"><is>(.*?)</is></c>', share, part, flags=re.S)  # fmt: skip
            elif name == "[Content_Types].xml":
                kind = (
                    b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
                )
                entry = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s"/></Types>' % kind  # fmt: skip
                part = part.replace(b"</Types>", entry)
            new.writestr(name, part)
        body = b"".join(b"<si>%s</si>" % one for one in strings)
        space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        new.writestr("xl/sharedStrings.xml", declared + b'<sst xmlns="%s">%s</sst>' % (space, body))
    return out.getvalue()
