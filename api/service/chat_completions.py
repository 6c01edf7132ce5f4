"""The assistant for programs that speak OpenAI's chat completions: point them at `/v1`.

The last message of the user is the question, the user's messages before it are the context. System
and assistant messages, tools and sampling settings change nothing: the answer is the one that
`POST /api/v1/ask` gives, from the documents that the caller may see.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from api.assistant.reply import Answer
from api.service.answering import Answering, LeftError, failure
from api.service.asking import LONGEST_QUESTION, pieces
from api.service.fields import Storable
from api.service.identity import Reader, ServiceOf, Viewer
from api.service.problems import RESPONSES
from api.service.sending import EVENT_STREAM
from api.service.state import Service
from api.service.wire.base import Span
from kb.chunks import flatten
from kb.days import Day
from kb.errors import DubanError, NotFoundError
from kb.models import Citation

router = APIRouter(tags=["openai"], responses=RESPONSES)
MODEL = "duban"
_TOKEN = re.compile(r"[A-Za-z0-9]{1,4}|\S")
_CONTEXT = 20
_QUOTED = 80
"""Characters of a citation that are printed under the answer; the field has them all."""


class Part(BaseModel):
    """A part of a message; only text is read."""

    type: str
    text: str = ""


class Message(BaseModel):
    """A message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[str, Storable] | list[Part] | None = None

    def words(self) -> str:
        """The text of the message."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class StreamOptions(BaseModel):
    """With `include_usage` a last chunk without choices tells the usage."""

    include_usage: bool = False


class Completion(BaseModel):
    """What is asked for. Fields of OpenAI's that are not here are accepted and change nothing;
    `as_of` is ours: the day that overdue and due soon are counted from."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"model": MODEL, "messages": [{"role": "user", "content": "哪些部门负责防溺水？"}]}
            ]
        }
    )

    model: Annotated[str, Field(max_length=200)] = MODEL
    messages: Annotated[list[Message], Field(min_length=1, max_length=2000)]
    stream: bool = False
    stream_options: StreamOptions | None = None
    as_of: Day | None = None


class UrlCitation(BaseModel):
    """Where the citation's mark `[n]` stands in the content, behind what it proves, and the page
    that shows its characters (an absolute address)."""

    start_index: int
    end_index: int
    title: str
    url: str


class Annotation(BaseModel):
    """A mark of a citation: OpenAI's `url_citation`, and the document, clause and characters. A
    citation that proves several lines is marked in each."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation
    document_id: str
    clause_id: str | None
    path: str
    span: Span
    quote: str


class Said(BaseModel):
    """The assistant's message."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: list[Annotation] = []


class Choice(BaseModel):
    """The one choice."""

    index: int = 0
    message: Said
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None


class Usage(BaseModel):
    """The size of messages and answer. No model of OpenAI's is asked, so the tokens are counted by
    a rule: one for each Chinese character, for each started four letters or digits of a word, and
    for each other sign but space."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Completed(BaseModel):
    """The answer as one object."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str = MODEL
    choices: list[Choice]
    usage: Usage


class Model(BaseModel):
    """A model that can be asked."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "duban"


class Models(BaseModel):
    """The models: there is one."""

    object: Literal["list"] = "list"
    data: list[Model]


@router.get("/models", summary="OpenAI 兼容: 模型 / OpenAI-compatible: models")
def models(viewer: Reader) -> Models:
    """The one model, `duban`."""
    return Models(data=[Model(id=MODEL)])


@router.get("/models/{model}", summary="OpenAI 兼容: 一个模型 / OpenAI-compatible: a model")
def model(model: str, viewer: Reader) -> Model:
    """The model of this name: `duban` is there, no other."""
    if model != MODEL:
        raise NotFoundError(f"没有模型 {model} / no model {model}", hint=f"{MODEL}")
    return Model(id=MODEL)


@router.post(
    "/chat/completions",
    response_model=Completed,
    responses={200: {"content": EVENT_STREAM}},
    summary="OpenAI 兼容: 问答 / OpenAI-compatible: chat",
)
async def chat_completions(
    body: Completion, request: Request, viewer: Reader, service: ServiceOf
) -> Any:
    """An answer as one object, or with `"stream": true` as chunks. `[n]` stands behind what
    citation n proves, the citations are listed under the answer, and each mark is in `annotations`
    (of the last chunk); `usage` is counted by a rule of our
    own. While the answer is made, comments show that the stream lives; an error that comes after
    the stream began is a last chunk `{"error": …}`."""
    service.ask_limit.check(viewer.caller)
    question, context = conversation_of(body.messages)
    head = _Head(f"chatcmpl-{uuid.uuid4().hex}", int(service.now().timestamp()))
    base = service.settings.base_url or str(request.base_url).rstrip("/")
    asked = Answering(service, _answer, service, viewer, question, context, body.as_of, base)
    if not body.stream:
        try:
            said = await asked.for_client(request)
        except LeftError:
            return Response(status_code=503)  # to nobody
        return Completed(
            id=head.key, created=head.created, choices=[Choice(message=said)],
            usage=usage_of(body.messages, said),
        )  # fmt: skip
    # An answer or a failure that is there at once is told with its own status.
    if await asked.is_done(service.heartbeat):
        await asked.result()
    return StreamingResponse(
        _stream(asked, head, body), media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )  # fmt: skip


def conversation_of(messages: list[Message]) -> tuple[str, list[str]]:
    """The question and the questions before it.

    Raises:
        DubanError: the user says nothing, or too much.
    """
    said = [words for m in messages if m.role == "user" and (words := m.words().strip())]
    if not said or messages[-1].role == "assistant":
        raise DubanError(
            "最后要有一条用户的问题 / the last message must be a question of the user",
            hint='{"role": "user", "content": "…"}',
        )
    if len(said[-1]) > LONGEST_QUESTION:
        raise DubanError(
            f"问题最长 {LONGEST_QUESTION} 个字 / a question has {LONGEST_QUESTION} characters at most"
        )
    return said[-1], [words[:LONGEST_QUESTION] for words in said[-1 - _CONTEXT : -1]]


def _answer(
    service: Service,
    viewer: Viewer,
    question: str,
    context: list[str],
    as_of: date | None,
    base_url: str,
) -> Said:
    answer = service.ask(viewer.actor, question, as_of or service.today(), context)
    register = service.register(viewer.actor)
    titles = {e.document.id: e.document.title for e in register.extractions}
    return said_with_citations(answer, titles, base_url)


def said_with_citations(answer: Answer, titles: dict[str, str], base_url: str) -> Said:
    """The answer with a mark behind what each citation proves, the citations as numbered lines
    under it; each mark is annotated."""
    content = ""
    annotations: list[Annotation] = []
    for statement in answer.statements:
        content += "\n" if content else ""
        for piece in statement.pieces:
            content += piece.text
            for place in piece.citations:
                start = len(content)
                content += f"[{place + 1}]"
                cited = answer.citations[place]
                title = titles.get(cited.document_id, "")
                at = UrlCitation(
                    start_index=start, end_index=len(content), title=title, url=_page(cited, base_url)
                )  # fmt: skip
                annotations.append(_annotation(cited, at))
    if answer.citations:
        content += "\n\n" + ("引文：" if answer.language == "zh" else "Citations:")
    for number, citation in enumerate(answer.citations, start=1):
        content += f"\n[{number}] {_line(citation, titles)}"
    return Said(content=content, annotations=annotations)


def _annotation(c: Citation, at: UrlCitation) -> Annotation:
    return Annotation(
        url_citation=at, document_id=c.document_id, clause_id=c.clause_id, path=c.path,
        span=(c.span.start, c.span.end), quote=c.quote,
    )  # fmt: skip


def _line(citation: Citation, titles: dict[str, str]) -> str:
    words = flatten(citation.quote)
    shown = words if len(words) <= _QUOTED else f"{words[:_QUOTED]}……"
    where = " ".join(p for p in (f"《{titles.get(citation.document_id, '')}》", citation.path) if p)
    return f"{where}：{shown}"


def _page(citation: Citation, base_url: str) -> str:
    start, end = citation.span
    return f"{base_url}/documents/{quote(citation.document_id)}?from={start}&to={end}#here"


@dataclass(frozen=True, slots=True)
class _Head:
    """What all chunks of an answer have in common."""

    key: str
    created: int

    def chunk(self, choices: list[dict[str, Any]], **more: Any) -> str:
        body = {
            "id": self.key, "object": "chat.completion.chunk", "created": self.created,
            "model": MODEL, "choices": choices,
        }  # fmt: skip
        return _data(body | more)


def _data(body: dict[str, Any]) -> str:
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"


async def _stream(asked: Answering[Said], head: _Head, body: Completion) -> AsyncIterator[str]:
    try:
        async for beat in asked.beats():
            yield beat
        said = await asked.result()
    except Exception as error:
        told = failure(error)
        yield _data({"error": {"message": told["detail"], "type": told["code"], "code": told["code"]} | told})  # fmt: skip
        return
    finally:
        asked.leave()
    counted = bool(body.stream_options and body.stream_options.include_usage)
    for chunk in _chunks(head, said, {"usage": None} if counted else {}):
        yield chunk
    if counted:
        yield head.chunk([], usage=usage_of(body.messages, said).model_dump())
    yield "data: [DONE]\n\n"


def _chunks(head: _Head, said: Said, more: dict[str, Any]) -> Iterator[str]:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return head.chunk([choice], **more)

    yield chunk({"role": "assistant", "content": ""})
    for piece in pieces(said.content):
        yield chunk({"content": piece})
    annotations = [a.model_dump(mode="json") for a in said.annotations]
    yield chunk({"annotations": annotations}, "stop")


def usage_of(messages: list[Message], said: Said) -> Usage:
    """The tokens of all messages, those that change nothing too, and of what was said."""
    asked, answered = sum(count_tokens(m.words()) for m in messages), count_tokens(said.content)
    return Usage(
        prompt_tokens=asked, completion_tokens=answered, total_tokens=asked + answered
    )  # fmt: skip


def count_tokens(text: str) -> int:
    """How many tokens a text counts as, by the rule of `Usage`."""
    return len(_TOKEN.findall(text))
