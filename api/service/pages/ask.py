"""问答: questions and answers, with the clauses that the answers rest on."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Response

from api.service.conversations import Conversations, Turn
from api.service.pages.answers import cited, lines_of
from api.service.pages.screen import Reading, Screen, SignedIn
from api.service.routes.ask import LONGEST_QUESTION, Answered, Question, answer_question
from tasks.models import Basis, TaskKind
from tasks.queries import Register

router = APIRouter()
_OFFICES = ("局", "委", "部", "厅", "办")
_MEASURED = ("率", "值", "数", "比", "比例", "面积")
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
def ask(
    s: Reading,
    question: Annotated[str, Form(max_length=LONGEST_QUESTION)] = "",
    conversation: Annotated[str, Form(max_length=40)] = "",
    csrf: Annotated[str, Form()] = "",
) -> Response:
    """Answer without scripts: in the conversation where one is kept, else on the page itself."""
    s.check(csrf)
    if not question.strip():
        return s.go("/")
    s.service.ask_limit.check(s.viewer.caller)
    body = Question(question=question.strip(), conversation=conversation or None)
    answered = answer_question(s.service, s.viewer, body)
    if answered.conversation:
        return s.go(f"/?c={quote(answered.conversation)}#{answered.turn}")
    return _shown(s, [_unkept(s, answered)], "", "")


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
    return s.show(
        "ask.html", turns=shown, kept=kept, conversation=conversation, question=question,
        suggestions=[] if turns else suggestions(s, register), longest=LONGEST_QUESTION,
        documents=len(register.extractions), ready=s.service.warm.is_set(),
    )  # fmt: skip


def suggestions(s: Screen, register: Register) -> list[str]:
    """Questions that the documents at hand answer."""
    found = []
    # A clause with several owners shows best what the assistant is for; a short name reads best.
    owned = [
        p
        for p in register.tasks()
        if p.task.kind is TaskKind.ACTION and len(p.clause.heading) > 3
        and sum(a.basis is Basis.LISTED for a in p.task.responsibilities) >= 3
    ]  # fmt: skip
    owned.sort(key=lambda p: (len(p.clause.heading), p.task.id))
    found += [s.t("哪些部门负责{what}？", what=p.clause.heading) for p in owned[:1]]
    offices = [u for u in register.units() if u.unit_id and u.unit.endswith(_OFFICES)]
    found += [s.t("{unit}要干哪些事？", unit=u.unit) for u in offices[:1]]
    if register.extractions:
        found.append(s.t("现在有哪些任务逾期？"))
        year = s.service.today().year + 1
        found.append(s.t("{year}年前要完成什么？", year=year))
    values = [
        t for _, t, _ in register.targets() if not t.uncertain and t.metric.endswith(_MEASURED)
    ]
    values.sort(key=lambda t: len(t.metric))
    found += [s.t("{what}的目标是多少？", what=t.metric) for t in values[:1]]
    return found
