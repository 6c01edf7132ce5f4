"""The nouns of text and evidence: documents, plans, clauses and the exact characters they stand on.

One coordinate system: `Document.text` is the decoded file, never altered. Every `Span` is a
half-open range of code points of that text, carried from the parser and never found again by
searching.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from kb.days import Day
from kb.errors import ProvenanceError


class Fact(BaseModel):
    """Base of all facts: frozen, nothing unknown accepted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def model_post_init(self, _: Any) -> None:
        """Keep the fact small: a document has a hundred thousand."""
        _shrink(self)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As of any model."""
        copied = super().model_copy(update=update, deep=deep)
        _shrink(copied)
        return copied


_FIELDS_SETS: dict[frozenset[str], set[str]] = {}
_SHAPES: dict[type, type] = {}


def _shrink(fact: Fact) -> None:
    """Share with the facts like this one what is the same in all of them: the set of given fields,
    and the names in its dictionary, which Python shares only where attributes were set one by one
    (a span takes 168 bytes for 264, a target 256 for 544)."""
    given = fact.model_fields_set
    shared = _FIELDS_SETS.setdefault(frozenset(given), given)
    object.__setattr__(fact, "__pydantic_fields_set__", shared)
    kind = type(fact)
    if kind not in _SHAPES:
        _SHAPES[kind] = type(kind.__name__, (), {})
    shape = _SHAPES[kind]()
    for name, value in fact.__dict__.items():
        setattr(shape, name, value)
    object.__setattr__(fact, "__dict__", shape.__dict__)


class Span(Fact):
    """Half-open range `[start, end)` of code points; written as `[start, end]` in JSON.

    Raises:
        ValueError: unless 0 <= start < end.
    """

    start: int
    end: int

    if TYPE_CHECKING:

        def __init__(self, start: int, end: int) -> None: ...

    else:

        def __init__(self, start=None, end=None):
            super().__init__(start=start, end=end)

    @model_validator(mode="before")
    @classmethod
    def _from_pair(cls, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            start, end = value
            return {"start": start, "end": end}
        return value

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not 0 <= self.start < self.end:
            raise ValueError(f"a span needs 0 <= start < end, not [{self.start}, {self.end})")
        return self

    @model_serializer
    def _as_pair(self) -> list[int]:
        return [self.start, self.end]

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        # One schema for what is read and what is written: without this a reader is told of an
        # object with `start` and `end`, which is never sent.
        return {
            "type": "array", "title": "Span", "items": {"type": "integer", "minimum": 0},
            "minItems": 2, "maxItems": 2,
            "description": "[start, end): half-open range of code points of the document's text",
        }  # fmt: skip

    def __iter__(self) -> Iterator[int]:  # type: ignore[override]
        return iter((self.start, self.end))

    def __len__(self) -> int:
        return self.end - self.start

    def slice(self, text: str) -> str:
        """The characters of `text` that the span covers."""
        return text[self.start : self.end]

    def overlaps(self, other: Span) -> bool:
        """Whether the two share at least one character."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: Span) -> bool:
        """Whether `other` lies wholly inside this one."""
        return self.start <= other.start and other.end <= self.end

    def union(self, other: Span) -> Span:
        """The smallest span that contains both."""
        return Span(min(self.start, other.start), max(self.end, other.end))


class Period(Fact):
    """The years that a plan covers, first day to last, and where it says so."""

    start: Day
    end: Day
    span: Span


class Plan(Fact):
    """One plan inside a document; a document without plans inside has one, itself.

    `number` is its ordinal among the document's plans (1-based); `span` covers its title to its
    last character.
    """

    id: str
    number: int
    title: str
    period: Period | None
    span: Span


class Clause(Fact):
    """The smallest numbered unit of a plan, or a heading with what stands before its children.

    `span` is the clause's own text: from its marker to the first child, next clause or end of
    plan, a trailing line of responsible units included. `path` joins the markers from the plan
    down without their punctuation, e.g. `10/二/(四)/5`; `level` is 1 for the topmost.
    `marker` is as printed (`5.`, `(四)`, empty for an unnumbered paragraph or a lost one).
    """

    id: str
    plan_id: str
    parent_id: str | None
    level: int
    marker: str
    path: str
    heading: str
    span: Span


BY_PERSON = "person"
"""The rule of a repair that a person made."""


class Repair(Fact):
    """A reading of characters that the extraction of the file lost, or that were recognised otherwise
    than they stand in the picture; the text itself stays raw."""

    span: Span
    raw: str
    repaired: str
    rule: str


class Finding(Fact):
    """Something a person should look at: a warning of the reader, the parser or an extractor.

    `code` is stable and in kebab-case (`unresolved-unit`); `message` is for people.
    """

    code: str
    message: str
    span: Span | None = None


class Citation(Fact):
    """Proof of a statement: the exact characters of a document."""

    document_id: str
    clause_id: str | None
    path: str
    span: Span
    quote: str


class Document(Fact):
    """A source file as read. `text` is the decoded file (or, for other kinds than text, the
    extracted text) and is what all spans of the document refer to. `title_printed`: the title
    stands in the document as a title, and is no file name or first line in its place;
    `number_printed`: the number is the document's own, on a line of its own or labelled, and not
    one that its text cites."""

    id: str
    title: str
    document_number: str | None = None
    index_number: str | None = None
    issuer: str | None = None
    written_on: Day | None = None
    published_on: Day | None = None
    sha256: str
    media_type: str
    subject: str | None = None
    validity: str | None = None
    title_printed: bool = False
    number_printed: bool = False
    name: str = ""
    text: str = ""


class HeaderValue(Fact):
    """What a document says of itself, with its place: `field` is title, document_number,
    index_number, issuer, written_on, published_on, subject, validity, addressee, approval (who
    passed it) or attachment; `value` is as read (dates ISO 8601), `quote` as printed."""

    field: str
    value: str
    span: Span
    quote: str = ""


def verify_quote(text: str, span: Span, quote: str) -> None:
    """Check that `text[start:end] == quote`.

    Raises:
        ProvenanceError: when it does not, naming the span and both strings.
    """
    found = span.slice(text)
    if found != quote:
        raise ProvenanceError(
            f"原文 [{span.start}, {span.end}) 是“{found}”, 不是“{quote}” / "
            f"the source has {found!r} at [{span.start}, {span.end}), not {quote!r}"
        )
