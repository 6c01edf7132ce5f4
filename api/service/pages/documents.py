"""文件: the documents, and their text with every fact marked."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from api.service.documents import UPLOADED, attachments_seen, seen_document
from api.service.jobs import JobsOf
from api.service.pages.changes import changes_between, duties_between
from api.service.pages.fixes import said_due
from api.service.pages.marks import (
    KINDS,
    block_at,
    block_of,
    blocks_of,
    is_intact,
    marked,
    parts_of,
    span_of_fact,
)
from api.service.pages.places import grids_of, mending_of, page_of, reading_of, said_place
from api.service.pages.screen import Reading, Screen
from api.service.sending import download, tagged
from ingest.reader_version import reader_version
from ingest.readers.pages import has_pictures, page_picture
from kb.errors import NotFoundError
from kb.models import Clause, Document, Plan, Span
from tasks.authorisation import Action
from tasks.home import Whose, read_home, whose
from tasks.models import Extraction
from tasks.store import StoredDocument
from tasks.visibility import (
    Level,
    Visibility,
    read_visibility,
    visible_documents,
)
from tasks.words import describe_target

router = APIRouter()
MOST_LISTED = 60
"""Warnings, repairs and unclaimed clauses listed above the text; the rest are on the review page."""
MOST_SHOWN = 200
"""Characters of a passage that is in no clause; the text itself shows all of it."""
MOST_CHANGES = 400
"""Changed clauses that one page shows."""
_RECENT = 5
_PAGES = 12
"""Fields for pages of a document that the form has without a script."""
_SCALE = 1.6
"""Pixels a point of a page beside its text: an A4 page is 950 wide."""
_KIND_NAMES = {
    "owner": "单位", "due": "时限", "target": "目标值", "policy": "引用文件", "member": "成员单位",
    "plan": "计划",
    "repair": "缺字修复", "warning": "存疑",
}  # fmt: skip


@router.get("/documents")
def documents(s: Reading, jobs: JobsOf) -> Response:
    """The documents that the viewer may see; the form for a new one for those who may add it."""
    register = s.service.register(s.viewer.actor)
    stored = {d.document.id: d for d in s.service.store.documents()}
    rows = [(e, stored.get(e.document.id)) for e in register.extractions]
    rows.sort(key=lambda row: row[1].recorded_at.isoformat() if row[1] else "", reverse=True)
    gone = [d for d in s.service.store.documents(superseded=True) if d.withdrawn_at and not d.superseded_by]  # fmt: skip
    known = visible_documents(s.service.store, s.viewer.actor, [d.document.id for d in gone])
    owners = _whose(s, (e.document for e in register.extractions))
    recent = jobs.list(_RECENT) if s.may(Action.INGEST) else []
    return s.show(
        "documents.html", rows=rows, units=s.unit_choices() if s.may(Action.INGEST) else [], seen=_visibility(s), levels=list(Level), recent=recent,
        withdrawn=[d for d in gone if d.document.id in known], reference=register.reference, abolished=register.abolished,
        foreign=[e.document for e in register.tracked.extractions if owners[e.document.id] is Whose.OTHER],
        reader=reader_version(), kinds=" ".join(sorted(UPLOADED)), pages=_PAGES, accept=",".join(sorted(UPLOADED)),
    )  # fmt: skip


@router.get("/documents/{document_id}")
def document(
    document_id: str,
    s: Reading,
    fact: Annotated[str, Query(max_length=100)] = "",
    start: Annotated[int | None, Query(alias="from", ge=0)] = None,
    end: Annotated[int | None, Query(alias="to", ge=0)] = None,
    part: Annotated[int, Query(ge=1, le=100_000)] = 1,
    page: Annotated[int | None, Query(ge=1, le=100_000)] = None,
) -> Response:
    """A document's text with its facts marked; `fact`, or `from` and `to`, are highlighted. A long
    one is shown in parts: the one that holds what is asked for, else the `part`. Beside it stands the
    picture of the `page` asked for, else of that which holds what is highlighted; of a workbook its
    sheets."""
    extraction = document_seen(s, document_id)
    hit = span_of_fact(extraction, fact) if fact else _span(extraction, start, end)
    if fact and hit is None:
        raise NotFoundError(f"文件里没有 {fact} / the document has no {fact}")
    source = s.service.store.source(document_id)
    family = versions_of(s, document_id)
    stored = next(d for d in family if d.document.id == document_id)
    body = _body_of(s, stored)
    whole, parts = marked(extraction), parts_of(extraction)
    starts = [p.start for p in parts]
    number = bisect_right(starts, hit.start) if hit else min(part, len(parts))
    shown = parts[number - 1]
    read = reading_of(s.service.store, extraction.document)
    page_shown = page_of(read, hit, page) if read else None
    mending = None
    if read and hit and page_shown and s.may(Action.CORRECT) and stored.is_current:
        mending = mending_of(read, hit, page_shown.number)
    return s.show(
        "document.html", page=page_shown, mending=mending,
        pictured=page_shown and has_pictures(extraction.document.media_type, recognised=page_shown.recognised),
        grids=list(grids_of(read, shown, hit)) if read else [], where=said_place(read, hit), d=extraction.document, e=extraction, stored=stored, hit=hit,
        blocks=list(blocks_of(extraction, hit, shown)), outline=_outline(extraction, starts, number),
        part=number, parts=len(parts), family=family, current=family[0],
        unclaimed=whole.unclaimed, unclaimed_ids={c.id for c in whole.unclaimed},
        left_out=list(left_out_of(extraction)), counts=whole.counts, legend=legend(s), kinds=KINDS, most=MOST_LISTED,
        intact=is_intact(extraction, source, s.service.store.recognised), reader=reader_version(), size=len(source), said_due=said_due,
        describe_target=describe_target, units=s.unit_choices() if s.may(Action.INGEST) else [],
        body=body, attachments=attachments_seen(s.service, s.viewer.actor, document_id),
        seen=_visibility(s).get(document_id, Visibility()), whose=_whose(s, [extraction.document])[document_id],
        targets=sum(len(task.targets) for task in extraction.tasks), levels=list(Level),
        ended=s.service.register(s.viewer.actor).abolished.get(document_id),
    )  # fmt: skip


@router.get("/documents/{document_id}/changes")
def changes(document_id: str, s: Reading, since: Annotated[str, Query(max_length=60)]) -> Response:
    """What a version of a document changed of an earlier one."""
    family = {d.document.id: d for d in versions_of(s, document_id)}
    if since not in family or document_id not in family:
        raise NotFoundError(
            f"不是同一份文件的版本 {since} / {since} is no version of this document"
        )
    old, new = document_seen(s, since), document_seen(s, document_id)
    found = changes_between(old, new)
    return s.show(
        "changes.html", d=new.document, old=family[since], new=family[document_id],
        changes=[c for c in found if c.kind != "same"][:MOST_CHANGES],
        counts=Counter(c.kind for c in found), duties=duties_between(old, new),
        most=MOST_CHANGES, family=list(family.values()), said_due=said_due,
    )  # fmt: skip


@router.get("/documents/{document_id}/clause")
def clause(
    document_id: str,
    s: Reading,
    start: Annotated[int, Query(alias="from", ge=0)],
    end: Annotated[int, Query(alias="to", ge=0)],
) -> Response:
    """The clause that holds the characters, with these highlighted: a part of a page."""
    extraction = document_seen(s, document_id)
    hit = _span(extraction, start, end)
    if hit is None:
        raise NotFoundError("文件里没有这些字 / the document has no such characters")
    block = block_at(extraction, hit)
    if block.clause is not None and len(hit) == len(block.clause.span):
        block = block_of(extraction, block.clause)  # lighting all of it would show nothing
    plan = next((p for p in extraction.plans if block.clause and p.id == block.clause.plan_id), None)  # fmt: skip
    return s.show(
        "clause.html", where=said_place(reading_of(s.service.store, extraction.document), hit),
        d=extraction.document, block=block, plan=plan, hit=hit, legend=legend(s),
        intact=is_intact(extraction, s.service.store.source(document_id), s.service.store.recognised),
        line=extraction.document.text.count("\n", 0, hit.start) + 1,
    )  # fmt: skip


@router.get("/documents/{document_id}/pages/{page}.png")
def page_image(
    request: Request, document_id: str, page: Annotated[int, Path(ge=1, le=100_000)], s: Reading
) -> Response:
    """A page as a picture."""
    found = document_seen(s, document_id).document
    if not has_pictures(found.media_type, recognised=True):
        raise NotFoundError(
            "这种文件没有页面图 / no pictures of pages are made of this kind of file"
        )
    return tagged(
        request,
        lambda: page_picture(s.service.store.source(document_id), found.media_type, page, _SCALE),
        "image/png",
        tag=f"{found.sha256}-{page}",
    )


@router.get("/documents/{document_id}/text")
def text(document_id: str, s: Reading, marks: bool = False) -> Response:
    """The text that was read, for keeping; with `marks` each fact in its sort of brackets' place."""
    extraction = document_seen(s, document_id)
    stem = (extraction.document.name or document_id).rsplit(".", 1)[0]
    if not marks:
        return download(
            extraction.document.text.encode(), f"{stem}.txt", "text/plain; charset=utf-8"
        )
    told = s.show("marked.html", d=extraction.document, blocks=list(blocks_of(extraction)), legend=legend(s), kinds=KINDS)  # fmt: skip
    return download(bytes(told.body), f"{stem}.html", "text/html; charset=utf-8")


@router.get("/documents/{document_id}/source")
def source(document_id: str, s: Reading) -> Response:
    """The original bytes, for keeping: never opened in place, whatever they claim to be."""
    extraction = document_seen(s, document_id)
    name = extraction.document.name or document_id
    return download(s.service.store.source(document_id), name, "application/octet-stream")


def legend(s: Screen) -> dict[str, Any]:
    """Names of the kinds of facts, and which ids the page has already."""
    return {"names": {kind: s.t(name) for kind, name in _KIND_NAMES.items()}, "seen": {}}


def left_out_of(extraction: Extraction) -> Iterator[tuple[str, str, Span | None]]:
    """What is in no clause, one passage or element each: (message, its words, its span)."""
    text = extraction.document.text
    for found in extraction.left_out:
        if found.span is not None:
            yield found.message, found.span.slice(text)[:MOST_SHOWN], found.span
            continue
        chinese, _, english = found.message.partition(" / ")
        parts = zip(chinese.splitlines(), english.splitlines(), strict=False)
        for one, other in parts:
            yield f"{one} / {other}", "", None


def document_seen(s: Screen, document_id: str) -> Extraction:
    """A document that the viewer may see, current or a former version, with facts as corrected.

    Raises:
        NotFoundError: there is none, or they may not see it.
    """
    try:
        return s.service.register(s.viewer.actor).document_of(document_id)
    except KeyError:
        seen_document(s.service, s.viewer, document_id)
        return s.service.store.load(document_id, corrected=True)


def versions_of(s: Screen, document_id: str) -> list[StoredDocument]:
    """All versions of a document that the viewer may see, the newest first."""
    stored = {d.document.id: d for d in s.service.store.documents(superseded=True)}
    last = document_id
    while last in stored and (after := stored[last].superseded_by) in stored and after:
        last = after
    found = [last]
    for key in found:
        found += [d.document.id for d in stored.values() if d.superseded_by == key]
    seen = visible_documents(s.service.store, s.viewer.actor, found)
    kept = [stored[key] for key in found if key in seen and key in stored]
    # A former version that came back is the current one, whatever its number.
    return sorted(kept, key=lambda d: (not d.superseded_by, d.version), reverse=True)


def _body_of(s: Screen, stored: StoredDocument) -> StoredDocument | None:
    """The document whose attachment one is, where the viewer may see it."""
    key = stored.attached_to
    if key is None or not visible_documents(s.service.store, s.viewer.actor, [key]):
        return None
    return next(iter(s.service.store.documents(superseded=True, document_id=key)), None)


def _span(extraction: Extraction, start: int | None, end: int | None) -> Span | None:
    if start is None or end is None or not start < end <= len(extraction.document.text):
        return None
    return Span(start, end)


def _outline(
    extraction: Extraction, starts: list[int], number: int
) -> list[tuple[Plan, str, list[tuple[Clause, str]]]]:
    """Each plan with its clauses of the upper two levels, and where they are; of a document in
    parts the clauses of the part shown only."""
    below: dict[str, list[Clause]] = {}
    for c in extraction.clauses:
        if c.level <= 2 and c.marker:
            below.setdefault(c.plan_id, []).append(c)

    def place(span: Span, key: str) -> tuple[int, str]:
        at = bisect_right(starts, span.start)
        return at, f"#{key}" if at == number else f"?part={at}#{key}"

    found = []
    for plan in extraction.plans:
        clauses = [(c, *place(c.span, c.id)) for c in below.get(plan.id, ())]
        here = [(c, href) for c, at, href in clauses if at == number]
        found.append((plan, place(plan.span, plan.id)[1], here))
    return found


def _whose(s: Screen, documents: Iterable[Document]) -> dict[str, Whose]:
    """Of each document whether the home government issued it."""
    with s.service.store.reading() as connection:
        home = read_home(connection, s.service.settings.government)
    return {d.id: whose(home, d.issuer, d.title) for d in documents}


def _visibility(s: Screen) -> dict[str, Visibility]:
    with s.service.store.reading() as connection:
        return read_visibility(connection)
