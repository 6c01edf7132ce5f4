"""Asking: an answer as JSON or as it is written, conversations, what people say of an answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from api.service.answering import Answering, LeftError, event, failure
from api.service.asking import Question, answer_question, pieces
from api.service.conversations import Conversation, ConversationHead, Conversations, Turn
from api.service.fields import Storable
from api.service.identity import Reader, ServiceOf, Viewer
from api.service.paging import Cursor, Limit, Page, newest, read_moment
from api.service.problems import RESPONSES
from api.service.sending import EVENT_STREAM
from api.service.state import Service
from api.service.wire import facts as wire

router = APIRouter(tags=["ask"], responses=RESPONSES)


class AnswerOut(wire.Answer):
    """An answer, and where it is kept (for those signed in)."""

    conversation: str | None = None
    turn: str | None = None


class Feedback(BaseModel):
    """Whether an answer was right, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"verdict": "wrong", "reason": "漏了一个配合单位"}]},
    )

    verdict: Literal["right", "wrong"]
    reason: Annotated[str, Field(max_length=2000), Storable] = ""


@router.post(
    "/ask",
    response_model=AnswerOut,
    responses={200: {"content": EVENT_STREAM}},
    summary="回答一个问题 / answer a question",
)
async def ask(
    body: Question,
    request: Request,
    viewer: Reader,
    service: ServiceOf,
    accept: Annotated[str, Header()] = "application/json",
) -> Any:
    """JSON, or with `Accept: text/event-stream` the events `start`, `part` (pieces of the answer),
    then `citations`, then `done` (the whole answer). An `error` in the stream holds the same object
    as an error without one. While the answer is made, comments show that the stream lives; a client
    that leaves is not worked for any more."""
    service.ask_limit.check(viewer.caller)
    if "text/event-stream" in accept:
        return StreamingResponse(
            _events(service, viewer, body),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )
    try:
        asked = Answering(service, answer_question, service, viewer, body)
        return AnswerOut.of(await asked.for_client(request))
    except LeftError:
        return Response(status_code=503)  # to nobody


async def _events(service: Service, viewer: Viewer, body: Question) -> AsyncIterator[str]:
    yield event("start", {"question": body.question})
    asked = Answering(service, answer_question, service, viewer, body)
    try:
        async for beat in asked.beats():
            yield beat
        answer = await asked.result()
    except Exception as error:
        yield event("error", failure(error))
        return
    finally:
        asked.leave()
    for piece in pieces(answer.answer):
        yield event("part", {"text": piece})
    shown = AnswerOut.of(answer).model_dump(mode="json")
    yield event("citations", shown["citations"])
    yield event("done", shown)


@router.get("/conversations", summary="我的对话 / my conversations")
def conversations(
    viewer: Reader, service: ServiceOf, limit: Limit = 50, cursor: Cursor = ""
) -> Page[ConversationHead]:
    """The conversations of the person signed in, the latest first; empty for others."""
    before = read_moment(cursor)
    if viewer.person is None:
        return Page(items=[], total=0)
    kept = Conversations(service.store)
    found, total = kept.page(viewer.person.login, limit + 1, before)
    return newest(found, limit, total, lambda one: (one.updated_at, one.id))


@router.get("/conversations/{conversation}", summary="一次对话 / a conversation")
def conversation_of(conversation: str, viewer: Reader, service: ServiceOf) -> Conversation:
    """A conversation of one's own, with its turns."""
    return Conversations(service.store).get(viewer.actor, conversation)


@router.delete("/conversations/{conversation}", status_code=204, summary="删除对话 / delete it")
def forget(conversation: str, viewer: Reader, service: ServiceOf) -> None:
    """Delete a conversation of one's own."""
    Conversations(service.store).forget(viewer.actor, conversation)


@router.post("/answers/{turn}/feedback", summary="答得对不对 / say whether it was right")
def feedback(turn: str, body: Feedback, viewer: Reader, service: ServiceOf) -> Turn:
    """Say of an answer to oneself whether it was right, and why."""
    kept = Conversations(service.store)
    return kept.judge(viewer.actor, turn, body.verdict, body.reason)
