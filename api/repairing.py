"""A person's correction of recognised text, before the document is read again with it: the same checks for
every front."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.readers.recorded import line_at, read_recorded, repair_recorded, repaired_words
from ingest.secrecy import refuse_revealed
from kb.errors import ConflictError
from kb.models import Span
from tasks.adding import TextRepair
from tasks.authorisation import Action, Actor, require
from tasks.fields import FieldError, check_words
from tasks.models import Recognised
from tasks.rereading import check_current
from tasks.store import Store

_LONGEST_REASON = 5000


@dataclass(frozen=True, slots=True)
class RecognisedLine:
    """A line of recognised text: its place, what was recognised, as what it is read now, its page."""

    span: Span
    recognised: str
    words: str
    page: int | None


def read_line(store: Store, actor: Actor, document_id: str, at: int) -> RecognisedLine:
    """The line at a place of a document that was recognised in pictures.

    Raises:
        DeniedError: the actor may not correct.
        NotFoundError: there is no such document.
        ConflictError: it is not current, or its text was not recognised in pictures.
        FieldError: the text has no such place, or an empty line there.
    """
    name, known = _recognised(store, actor, document_id)
    read = read_recorded(known, name)
    span = line_at(read.text, at)
    if span is None:
        raise FieldError(f"第 {at} 字处没有文字 / there are no characters at {at}")
    page = next((place.page for place in read.places.of(span.start, span.end)), None)
    return RecognisedLine(span, span.slice(read.text), repaired_words(read, span), page)


def check_repair(
    store: Store, actor: Actor, document_id: str, start: int, end: int, words: str, reason: str
) -> tuple[str, TextRepair]:
    """The name of a document's file, and what a person says that its recognised characters from
    `start` to `end` are.

    Raises:
        DeniedError: the actor may not correct.
        NotFoundError: there is no such document.
        ConflictError: it is not current, or its text was not recognised in pictures.
        FieldError: the correction is none, or has no reason.
        SecretError: so corrected its head is marked as secret: the document must be erased.
    """
    name, known = _recognised(store, actor, document_id)
    if not (reason := check_words("理由", "reason", reason, longest=_LONGEST_REASON)):
        raise FieldError("要写明理由 / a reason is needed")
    if not start < end:
        raise FieldError("只能更正一行以内的文字 / only characters of one line can be corrected")
    repair = TextRepair(span=Span(start, end), words=words, reason=reason)
    repaired = read_recorded(repair_recorded(known, repair.span, repair.words), name)
    refuse_revealed(repaired_words(repaired, Span(0, len(repaired.text))), document_id)
    return name, repair


def _recognised(store: Store, actor: Actor, document_id: str) -> tuple[str, Recognised]:
    require(actor, Action.CORRECT)
    name = check_current(store, document_id)
    known = store.recognised(document_id)
    if known is None:
        raise ConflictError(
            "文字不是由图片识别的，不能更正 / its text was not recognised in pictures and is not corrected"
        )
    return name, known
