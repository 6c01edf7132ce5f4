"""A question and its answer, kept for those signed in: the same for the API, the pages and chat clients."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.assistant.reply import Answer
from api.service.conversations import Conversations
from api.service.fields import Storable
from api.service.identity import Viewer
from api.service.state import Service
from kb.days import Day

LONGEST_QUESTION = 2000


class Question(BaseModel):
    """A question. `context` holds the questions before it; with `conversation` they are the ones
    kept there, and this one is kept too (for those signed in)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"question": "哪些部门负责防溺水？", "as_of": "2026-11-24"}]
        },
    )

    question: Annotated[str, Field(min_length=1, max_length=LONGEST_QUESTION), Storable]
    as_of: Day | None = None
    context: list[Annotated[str, Field(max_length=LONGEST_QUESTION)]] = Field(
        default_factory=list, max_length=20
    )
    conversation: Annotated[str, Field(min_length=1, max_length=40)] | None = None


class Answered(Answer):
    """An answer, and where it is kept, for our own pages."""

    conversation: str | None = None
    turn: str | None = None


def answer_question(service: Service, viewer: Viewer, body: Question) -> Answered:
    """Answer, and keep question and answer where the person is signed in."""
    kept = Conversations(service.store)
    context = list(body.context)
    person = viewer.person
    if body.conversation and person:
        context = kept.questions(viewer.actor, body.conversation)
    as_of = body.as_of or service.today()
    answer = service.ask(viewer.actor, body.question, as_of, context)
    if person is None:
        return Answered(**dict(answer))
    conversation, turn = kept.keep(person.login, body.conversation, answer, service.now())
    return Answered(**dict(answer) | {"id": turn}, conversation=conversation, turn=turn)


def pieces(text: str) -> Iterator[str]:
    """An answer cut after each sentence and line."""
    yield from (m.group() for m in re.finditer(r"[^。；！？\n]*[。；！？\n]?", text) if m.group())
