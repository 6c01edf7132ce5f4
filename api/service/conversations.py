"""Conversations with the assistant, kept for each person."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Row, and_, delete, func, insert, or_, select, update

from api.assistant.reply import Answer
from api.assistant.understand import REMEMBERED
from api.service.withheld import closed_to, withheld
from kb.errors import NotFoundError
from kb.identifiers import stable_id
from tasks import schema
from tasks.authorisation import Actor
from tasks.store import Store, as_utc


class Turn(BaseModel):
    """A question with its answer, and what the person said of it."""

    id: str
    at: datetime
    question: str
    answer: dict[str, Any]
    verdict: str | None = None
    reason: str | None = None


class Conversation(BaseModel):
    """Questions that belong together; `turns` only where one conversation is read."""

    id: str
    title: str
    updated_at: datetime
    turns: list[Turn] = []


class ConversationHead(BaseModel):
    """A conversation in a list: how many questions it holds, without them."""

    id: str
    title: str
    updated_at: datetime
    questions: int


class Conversations:
    """The conversations of a store. Everybody reads and changes only their own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, login: str, limit: int) -> list[Conversation]:
        """A person's conversations, the latest first, without their turns."""
        table = schema.conversation
        query = select(table).where(table.c.login == login).order_by(table.c.updated_at.desc())
        with self._store.reading() as connection:
            return [_conversation(row) for row in connection.execute(query.limit(limit))]

    def page(
        self, login: str, limit: int, before: tuple[datetime, str] | None
    ) -> tuple[list[ConversationHead], int]:
        """A person's conversations behind a moment and an id, the latest first, and how many they
        have in all."""
        c, t = schema.conversation, schema.turn
        mine = c.c.login == login
        asked = select(func.count()).where(t.c.conversation_id == c.c.id).scalar_subquery()
        query = select(c, asked.label("questions")).where(mine)
        query = query.order_by(c.c.updated_at.desc(), c.c.id).limit(limit)
        if before is not None:
            at, key = before
            behind = and_(c.c.updated_at == at, c.c.id > key)
            query = query.where(or_(c.c.updated_at < at, behind))
        with self._store.reading() as connection:
            found = [
                ConversationHead(
                    id=row.id, title=row.title, updated_at=as_utc(row.updated_at),
                    questions=row.questions,
                )
                for row in connection.execute(query)
            ]  # fmt: skip
            total = connection.scalar(select(func.count()).select_from(c).where(mine))
        return found, total or 0

    def get(self, actor: Actor, key: str) -> Conversation:
        """One of a person's conversations with its turns, as far as they may still see what the
        answers rest on.

        Raises:
            NotFoundError: they have none of this id.
        """
        table, turn = schema.conversation, schema.turn
        with self._store.reading() as connection:
            row = connection.execute(
                select(table).where(table.c.id == key).where(table.c.login == actor.login)
            ).first()
            if row is None:
                raise NotFoundError(f"没有对话 {key} / no conversation {key}")
            turns = connection.execute(
                select(turn).where(turn.c.conversation_id == key).order_by(turn.c.ordinal)
            )
            found = _conversation(row).model_copy(update={"turns": [_turn(t) for t in turns]})
        return found.model_copy(update={"turns": self._open(actor, found.turns)})

    def questions(self, actor: Actor, key: str, last: int = REMEMBERED) -> list[str]:
        """The last questions of one of a person's conversations, oldest first.

        Raises:
            NotFoundError: they have none of this id.
        """
        table, turn = schema.conversation, schema.turn
        mine = select(table.c.id).where(table.c.id == key).where(table.c.login == actor.login)
        asked = select(turn.c.question).where(turn.c.conversation_id == key)
        with self._store.reading() as connection:
            if connection.scalar(mine) is None:
                raise NotFoundError(f"没有对话 {key} / no conversation {key}")
            latest = connection.scalars(asked.order_by(turn.c.ordinal.desc()).limit(last))
            return list(latest)[::-1]

    def keep(self, login: str, key: str | None, answer: Answer, at: datetime) -> tuple[str, str]:
        """Keep a question and its answer, in a conversation or a new one; gives both ids."""
        stamp = at.astimezone(UTC)
        table, turn = schema.conversation, schema.turn
        with self._store.writing() as connection:
            if key is None:
                key = stable_id("talk", login, stamp.isoformat(), answer.question)
                row = {"id": key, "login": login, "title": answer.question[:60]}
                connection.execute(insert(table), row | {"updated_at": stamp})
            else:
                connection.execute(update(table).where(table.c.id == key).values(updated_at=stamp))
            ordinal = connection.scalar(
                select(func.count()).select_from(turn).where(turn.c.conversation_id == key)
            )
            turn_id = stable_id("turn", key, ordinal)
            connection.execute(
                insert(turn),
                {"id": turn_id, "conversation_id": key, "ordinal": ordinal, "at": stamp,
                 "question": answer.question, "answer": answer.model_dump_json()},
            )  # fmt: skip
        return key, turn_id

    def _open(self, actor: Actor, turns: list[Turn]) -> list[Turn]:
        closed = closed_to(self._store, actor)
        if closed is None:
            return turns
        return [
            turn.model_copy(update={"answer": withheld(turn.answer)})
            if closed.told_by(turn.answer)
            else turn
            for turn in turns
        ]

    def forget(self, actor: Actor, key: str) -> None:
        """Delete a conversation with its turns.

        Raises:
            NotFoundError: they have none of this id.
        """
        self.get(actor, key)
        with self._store.writing() as connection:
            connection.execute(delete(schema.turn).where(schema.turn.c.conversation_id == key))
            connection.execute(delete(schema.conversation).where(schema.conversation.c.id == key))

    def judge(self, actor: Actor, turn_id: str, verdict: str, reason: str) -> Turn:
        """Record what a person says of an answer that they were given.

        Raises:
            NotFoundError: they were given no such answer.
        """
        turn, table = schema.turn, schema.conversation
        mine = select(table.c.id).where(table.c.login == actor.login)
        with self._store.writing() as connection:
            done = connection.execute(
                update(turn)
                .where(turn.c.id == turn_id)
                .where(turn.c.conversation_id.in_(mine))
                .values(verdict=verdict, reason=reason)
            )
            if not done.rowcount:
                raise NotFoundError(f"没有回答 {turn_id} / no answer {turn_id}")
            row = connection.execute(select(turn).where(turn.c.id == turn_id)).one()
        [found] = self._open(actor, [_turn(row)])
        return found


def _conversation(row: Row[Any]) -> Conversation:
    return Conversation(id=row.id, title=row.title, updated_at=as_utc(row.updated_at))


def _turn(row: Row[Any]) -> Turn:
    return Turn(
        id=row.id, at=as_utc(row.at), question=row.question, answer=json.loads(row.answer),
        verdict=row.verdict, reason=row.reason,
    )  # fmt: skip
