"""复核: what needs a look in the documents, most urgent kind first; settled, corrected, confirmed or
taken back from here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.service.pages.fixes import Correcting
from api.service.pages.screen import Screen, SignedIn, allowed, local_path
from api.service.pages.tasks import plan_titles
from kb.errors import DubanError
from tasks.authorisation import Action
from tasks.corrections import Correction
from tasks.left import hand_life
from tasks.models import Extraction, Task
from tasks.review import REVIEW_NAMES, ReviewItem, ReviewKind
from tasks.settling import (
    Settled,
    items_named,
    read_reviews,
    read_settled,
    settle_all,
    unsettle_all,
)
from tasks.version_doubts import VersionVerdict, settle_doubt

router = APIRouter()
Ingesting = Annotated[Screen, Depends(allowed(Action.INGEST))]
PAGE = 50
_AROUND = 24
"""Characters shown on either side of the words in question."""
COLOURS = {
    ReviewKind.VERSION: "red",
    ReviewKind.LEFT: "red",
    ReviewKind.REOPENED: "red",
    ReviewKind.REREAD: "yellow",
    ReviewKind.WARNING: "yellow",
    ReviewKind.AMBIGUOUS: "yellow",
    ReviewKind.UNCERTAIN: "yellow",
    ReviewKind.REPAIRED: "none",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the form above the list asks for."""

    kind: ReviewKind | None
    document: str
    plan: str
    state: Literal["open", "settled"]

    def takes(self, item: ReviewItem, plan: str) -> bool:
        """Whether an item is asked for, whatever its kind."""
        return self.document in ("", item.document_id) and self.plan in ("", plan)


@dataclass(frozen=True, slots=True)
class Look:
    """An item as it is shown: the words before and after the place, the tasks that it bears on, who
    settled it."""

    item: ReviewItem
    title: str
    plan: str
    before: str
    after: str
    tasks: tuple[Task, ...]
    settled: Settled | None
    correction: Correction | None

    @property
    def href(self) -> str:
        """The address of the exact characters; of the document where the item has none, of the
        former version where that had the duty."""
        span = self.item.span
        if self.item.kind is ReviewKind.LEFT:
            return f"/documents/{self.item.other_id}"
        if self.item.kind is ReviewKind.REREAD and self.item.other_id:
            return f"/documents/{self.item.other_id}?{urlencode({'fact': self.item.fact_id})}#here"
        at = f"?{urlencode({'from': span.start, 'to': span.end})}#here" if span else ""
        return f"/documents/{self.item.document_id}{at}"


def wanted_of(
    kind: Annotated[str, Query(max_length=20)] = "",
    document: Annotated[str, Query(max_length=60)] = "",
    plan: Annotated[str, Query(max_length=60)] = "",
    state: Annotated[str, Query(max_length=20)] = "open",
) -> Wanted:
    """The filters of a request.

    Raises:
        DubanError: a kind or state that there is none of.
    """
    try:
        chosen = ReviewKind(kind) if kind else None
    except ValueError as error:
        raise DubanError(f"没有这个筛选值: {kind} / no such filter: {kind}") from error
    if state not in ("", "open", "settled"):
        raise DubanError(f"没有这个筛选值: {state} / no such filter: {state}")
    return Wanted(chosen, document, plan, "settled" if state == "settled" else "open")


@router.get("/review")
def review(
    s: SignedIn,
    f: Annotated[Wanted, Depends(wanted_of)],
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """The list."""
    register = s.service.register(s.viewer.actor).asked_for(f.document)
    extractions = {e.document.id: e for e in register.extractions}
    plans = {(e.document.id, c.path): c.plan_id for e in register.extractions for c in e.clauses}
    titles = plan_titles(register)
    settled = _settled(s)
    found = [
        item
        for item in _items(s)
        if item.document_id in extractions
        and f.takes(item, plans.get((item.document_id, item.path), ""))
    ]
    states = Counter("settled" if item.key in settled else "open" for item in found)
    found = [item for item in found if (item.key in settled) == (f.state == "settled")]
    counts = Counter(item.kind for item in found)
    found = [item for item in found if f.kind in (None, item.kind)]
    pages = max(1, -(-len(found) // PAGE))
    page = min(page, pages)
    corrections = {c.id: c for c in s.service.tracker.corrections()}
    looks = [
        _look(
            item,
            extractions[item.document_id],
            titles.get(plans.get((item.document_id, item.path), ""), ""),
            settled.get(item.key),
            corrections,
        )
        for item in found[(page - 1) * PAGE : page * PAGE]
    ]
    bereft = dict.fromkeys(x.item.document_id for x in looks if x.item.kind is ReviewKind.LEFT)
    documents = [e.document for e in register.extractions]
    chosen = [e for e in register.extractions if f.document in ("", e.document.id)]
    return s.show(
        "review.html", f=f, looks=looks, total=len(found), counts=counts, states=states, page=page,
        pages=pages, first=(page - 1) * PAGE, documents=documents, kinds=list(ReviewKind),
        kind_names={k: v[s.names.side] for k, v in REVIEW_NAMES.items()}, colours=COLOURS,
        plans=[p for e in chosen for p in e.plans], may_fix=s.may(Action.CORRECT), may_bring=s.may(Action.INGEST), here=s.link(),
        duties=_duties(extractions[key] for key in bereft) if s.may(Action.INGEST) else [],
        people={p.login: p.name for p in s.service.people.list()},
    )  # fmt: skip


@router.post("/review/settle")
def settle_items(
    s: Correcting,
    item: Annotated[list[str] | None, Form(max_length=PAGE)] = None,
    reason: Annotated[str, Form(max_length=5000)] = "",
    back: Annotated[str, Form(max_length=1000)] = "/review",
    csrf: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Note that items were looked at and may stand as they were read."""
    s.check(csrf)

    def act() -> None:
        chosen = items_named(_items(s), item or ())
        settle_all(s.service.store, s.viewer.actor, chosen, reason, s.service.now())

    told = s.t("已复核，记入审计日志")
    return s.attempt(act, local_path(back, "/review"), told)


@router.post("/review/open")
def open_items(
    s: Correcting,
    item: Annotated[list[str] | None, Form(max_length=PAGE)] = None,
    reason: Annotated[str, Form(max_length=5000)] = "",
    back: Annotated[str, Form(max_length=1000)] = "/review",
    csrf: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Put settled items on the list again."""
    s.check(csrf)

    def act() -> None:
        chosen = [i.key for i in items_named(_items(s), item or ())]
        unsettle_all(s.service.store, s.viewer.actor, chosen, reason, s.service.now())

    return s.attempt(act, local_path(back, "/review"), s.t("已重新列入待复核"))


@router.post("/review/versions/{doubt_id}")
def settle_versions(
    doubt_id: str,
    s: Ingesting,
    verdict: Annotated[str, Form(pattern="^(version|separate)$")],
    reason: Annotated[str, Form(max_length=5000)] = "",
    back: Annotated[str, Form(max_length=1000)] = "/review",
    csrf: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Say whether a document is a new version of another."""
    s.check(csrf)
    return s.attempt(
        lambda: settle_doubt(s.service.store, s.viewer.actor, doubt_id, VersionVerdict(verdict), reason, s.service.now()),
        local_path(back, "/review"), s.t("已确认，记入审计日志"),
    )  # fmt: skip


@router.post("/review/hand/{milestone_id}")
async def hand(milestone_id: str, request: Request, s: Ingesting) -> Response:
    """Give what was reported on a duty that is no more to the one that is the same. The list is
    one form: each of its items has a field of its own for the other duty."""
    form = await request.form()
    csrf, to, reason, back = (
        str(form.get(name) or "")[:5000]
        for name in ("csrf", f"to-{milestone_id}", "reason", "back")
    )
    s.check(csrf)
    return await run_in_threadpool(
        s.attempt,
        lambda: hand_life(s.service.store, s.viewer.actor, milestone_id, to.strip(), reason, s.service.now()),
        local_path(back, "/review"), s.t("办理记录已转移"),
    )  # fmt: skip


def _items(s: Screen) -> list[ReviewItem]:
    """What needs a look in what the viewer may see; the same words with the same doubt once."""
    extractions = s.service.register(s.viewer.actor).extractions
    known = {e.document.id for e in extractions}
    found: dict[tuple[str, str], ReviewItem] = {}
    for item in read_reviews(s.service.store, s.viewer.actor, extractions):
        if item.document_id not in known:
            continue  # of a document that was withdrawn, or that is known from the log only
        found.setdefault((item.key, item.fact_id if item.kind is ReviewKind.REOPENED else ""), item)
    return list(found.values())


def _duties(extractions: Iterable[Extraction]) -> list[tuple[str, str]]:
    """The milestones to which reports may be handed: id and what it says."""
    return [
        (m.id, f"{m.due.date or ''} {m.commitment}".strip())
        for e in extractions
        for task in e.tasks
        for m in task.milestones
    ]


def _settled(s: Screen) -> dict[str, Settled]:
    with s.service.store.reading() as connection:
        return dict(read_settled(connection))


def _look(
    item: ReviewItem,
    extraction: Extraction,
    plan: str,
    settled: Settled | None,
    corrections: dict[str, Correction],
) -> Look:
    before = after = ""
    if item.span is not None:
        text = extraction.document.text
        before = text[max(0, item.span.start - _AROUND) : item.span.start].rpartition("\n")[2]
        after = text[item.span.end : item.span.end + _AROUND].partition("\n")[0]
        if len(item.quote) > 160:
            after, item = "", _cut(item)
    correction = corrections.get(item.fact_id) if item.kind is ReviewKind.REOPENED else None
    tasks = tuple(_concerned(item, extraction, correction))
    return Look(item, extraction.document.title, plan, before, after, tasks, settled, correction)


def _cut(item: ReviewItem) -> ReviewItem:
    """A long quote, cut for a list."""
    return item.model_copy(update={"quote": f"{item.quote[:159]}…"})


def _concerned(
    item: ReviewItem, extraction: Extraction, correction: Correction | None
) -> Iterable[Task]:
    """The tasks that a doubt bears on: the one whose fact it is, else those of its clause."""
    if correction is not None:
        return [t for t in extraction.tasks if t.id == correction.task_id]
    if item.fact_id:
        facts = (
            (t, {m.id for m in t.milestones} | {x.id for x in t.targets}) for t in extraction.tasks
        )
        return [t for t, ids in facts if item.fact_id in ids]
    held = [t for t in extraction.tasks if item.span and t.span.contains(item.span)]
    return held[:3]
