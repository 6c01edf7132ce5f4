"""A small plan with one duty of each kind, and people to work on it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from ingest.pipeline import extract_bytes
from kb.language.organisations import organisations_for
from kb.language.roles import Role
from tasks import migrations
from tasks.adding import Added
from tasks.authorisation import CONSOLE, Actor, PersonRole
from tasks.lifecycle import Command, Life, Step
from tasks.models import Extraction
from tasks.query import Query, Select, borne_by
from tasks.store import Store
from tasks.tracker import Tracker
from tasks.units import jurisdiction_of, unit_key

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
TODAY = date(2026, 1, 2)
DANGERS = "整治隐患。到2025年，整治隐患点20处以上。（责任单位：区水利局、区应急局）"
DRILLS = "开展演练。每年6月底前组织演练，参加率不低于95%。（牵头单位：区应急局；配合单位：区教委）"
SCHOOLS = "移交校舍。自竣工验收合格起3个月内移交区教委。（责任单位：区住房城乡建委）"
WORDS = "加强宣传。加强防汛宣传教育，营造良好氛围。（责任单位：各镇乡街道）"


def plan(*duties: str) -> str:
    """The text of a plan of these duties."""
    lines = [f"{number}.{duty}" for number, duty in enumerate(duties, 1)]
    head = ["某区防汛工作方案（2024—2026年）", "某区府办发〔2024〕1号", "一、主要任务"]
    return "\n".join([*head, *lines, ""])


PLAN = plan(DANGERS, DRILLS, SCHOOLS, WORDS)


@lru_cache(64)
def read(words: str = PLAN, name: str = "plan.txt") -> tuple[Extraction, bytes]:
    """A document's extraction, which nobody can change, and its bytes."""
    data = words.encode()
    return extract_bytes(data, name), data


def add(
    store: Store, words: str = PLAN, *, refresh: bool = False, replaces: str | None = None
) -> Added:
    """Bring a plan into the store."""
    extraction, data = read(words)
    return store.add(extraction, data, recorded_at=NOW, refresh=refresh, replaces=replaces)


def unit_of(name: str, words: str = PLAN) -> str:
    """The id of a unit of a plan by its name."""
    jurisdiction = jurisdiction_of(read(words)[0].document)
    found = organisations_for(jurisdiction).resolve(name)
    return unit_key(jurisdiction.place, name, found.id if found else None)


def officer(*names: str) -> Actor:
    """An officer of these units of the plan."""
    units = tuple(unit_of(name) for name in names)
    return Actor(login="li", roles=frozenset({PersonRole.UNIT_OFFICER}), units=units)


def milestones(unit: str | None = None, roles: Iterable[Role] = (), **asked: object) -> Query:
    """A query of milestones."""
    return Query(select=Select.MILESTONES, units=borne_by(unit, roles), **asked)


OFFICER = officer("区水利局", "区应急局", "区住房城乡建委", "各镇乡街道")
SUPERVISOR = Actor(login="wang", roles=frozenset({PersonRole.SUPERVISOR}))
READER = Actor(login="zhao", roles=frozenset({PersonRole.READER}))


def tasks_of(store: Store) -> dict[str, object]:
    """The tasks of the current documents, as corrected, by title."""
    return {t.title: t for e in store.extractions() for t in e.tasks}


def milestone_of(store: Store, title: str) -> str:
    """The id of the first milestone of the task with this title."""
    return next(
        t.milestones[0].id for e in store.extractions() for t in e.tasks if t.title == title
    )


def take(
    store: Store, step: Step, title: str = "整治隐患", actor: Actor | None = None, **fields
) -> Life:
    """Take a step of the task's first milestone, by an actor who may, today."""
    unit_steps = {Step.ACCEPT, Step.REPORT, Step.REQUEST_EXTENSION, Step.SUBMIT}
    filled = {"on": TODAY, "text": "已做", "reason": "有因"} | fields
    command = Command(step=step, milestone_id=milestone_of(store, title), **filled)
    return Tracker(store).perform(
        actor or (OFFICER if step in unit_steps else CONSOLE), command, NOW
    )


def set_back(connection: Connection, revision: str) -> None:
    """Make the tables of a store those of an earlier revision."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.downgrade(config, revision)
