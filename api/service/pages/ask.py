"""问答: questions and answers, with the clauses that the answers rest on."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Response
from starlette.concurrency import run_in_threadpool

from api.service.asking import LONGEST_QUESTION, Answered, Question, answer_question
from api.service.conversations import Conversations, Turn
from api.service.pages.answers import cited, lines_of
from api.service.pages.following import follow_ups, plans_held, suggestions
from api.service.pages.screen import Reading, Screen, SignedIn
from tasks.due import State
from tasks.queries import Register

router = APIRouter()
_KEPT = 30
"""Conversations listed beside the chat."""


@router.get("/")
def chat(
    s: Reading,
    conversation: Annotated[str, Query(alias="c", max_length=40)] = "",
    q: Annotated[str, Query(max_length=LONGEST_QUESTION)] = "",
) -> Response:
    """The chat: a conversation of one's own, or a new one."""
    turns: list[Turn] = []
    if conversation:
        turns = Conversations(s.service.store).get(s.viewer.actor, conversation).turns
    return _shown(s, turns, conversation, q)


@router.post("/")
async def ask(
    s: Reading,
    question: Annotated[str, Form(max_length=LONGEST_QUESTION)] = "",
    conversation: Annotated[str, Form(max_length=40)] = "",
    csrf: Annotated[str, Form()] = "",
) -> Response:
    """Answer without scripts: in the conversation where one is kept, else on the page itself.
    Whoever waits for their turn holds no thread meanwhile."""
    s.check(csrf)
    if not question.strip():
        return s.go("/")
    s.service.ask_limit.check(s.viewer.caller)
    body = Question(question=question.strip(), conversation=conversation or None)
    answered = await s.service.turns.run(answer_question, s.service, s.viewer, body)
    if answered.conversation:
        return s.go(f"/?c={quote(answered.conversation)}#{answered.turn}")
    return await run_in_threadpool(_shown, s, [_unkept(s, answered)], "", "")


@router.get("/follow")
def follow(
    s: Reading,
    select: Annotated[str, Query(max_length=40)] = "",
    late: Annotated[bool, Query()] = False,
    tasks: Annotated[list[str] | None, Query(alias="task", max_length=20)] = None,
    units: Annotated[list[str] | None, Query(alias="unit", max_length=20)] = None,
    asked: Annotated[list[str] | None, Query(max_length=20)] = None,
    silent: Annotated[bool, Query()] = False,
) -> Response:
    """What may be asked after an answer, a part of the chat; after a refusal what the documents
    are about."""
    register = s.service.register(s.viewer.actor)
    questions = follow_ups(s, register, select, tasks or [], units or [], asked or [], late=late)
    return s.show(
        "follow.html", questions=suggestions(s, register) if silent else questions,
        held=plans_held(register) if silent else [], conversation="",
    )  # fmt: skip


@router.post("/answers/{turn}/feedback")
def feedback(
    turn: str,
    s: SignedIn,
    verdict: Annotated[str, Form(pattern="^(right|wrong)$")],
    reason: Annotated[str, Form(max_length=2000)] = "",
    conversation: Annotated[str, Form(max_length=40)] = "",
    csrf: Annotated[str, Form()] = "",
) -> Response:
    """Say of an answer to oneself whether it was right."""
    s.check(csrf)
    Conversations(s.service.store).judge(s.viewer.actor, turn, verdict, reason)
    back = f"/?c={quote(conversation)}#{quote(turn)}" if conversation else "/"
    return s.go(back, s.t("已记下您的评价"))


@router.post("/conversations/{conversation}/forget")
def forget(conversation: str, s: SignedIn, csrf: Annotated[str, Form()] = "") -> Response:
    """Delete a conversation of one's own."""
    s.check(csrf)
    Conversations(s.service.store).forget(s.viewer.actor, conversation)
    return s.go("/", s.t("对话已删除"))


def _unkept(s: Screen, answered: Answered) -> Turn:
    return Turn(
        id="answer", at=s.service.now(), question=answered.question,
        answer=answered.model_dump(mode="json"),
    )  # fmt: skip


def _shown(s: Screen, turns: list[Turn], conversation: str, question: str) -> Response:
    login = s.viewer.actor.login
    kept = Conversations(s.service.store).of(login, _KEPT) if s.known else []
    register = s.service.register(s.viewer.actor)
    shown = [(turn, lines_of(turn.answer), cited(turn.answer["citations"])) for turn in turns]
    questions, held = _next(s, register, turns)
    return s.show(
        "ask.html", turns=shown, kept=kept, conversation=conversation, question=question,
        questions=questions, held=held,
        suggestions=[] if turns else suggestions(s, register), longest=LONGEST_QUESTION,
        documents=len(register.extractions), ready=s.service.warm.is_set(),
    )  # fmt: skip


def _next(s: Screen, register: Register, turns: list[Turn]) -> tuple[list[str], list[Any]]:
    """Questions to go on with, and what the documents hold where the last answer was a refusal."""
    if not turns:
        return [], []
    last = turns[-1].answer
    if not last["answerable"]:
        return suggestions(s, register), plans_held(register)
    units = [u["unit"] for u in last["units"]]
    asked = [turn.question for turn in turns]
    query = last.get("query") or {"select": ""}
    late = State.OVERDUE in query.get("states", ())
    return follow_ups(s, register, query["select"], last["tasks"], units, asked, late=late), []
