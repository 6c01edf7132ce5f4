"""A plan whose duties stand in every section of a digest, and a digest with hostile words."""

from contextlib import contextmanager
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from tasks.authorisation import Actor, PersonRole
from tasks.digest import Week, build_digests, parse_week
from tasks.lifecycle import Command, Step
from tasks.models import Extraction
from tasks.store import Store
from tasks.tracker import Tracker
from tests.stores import passing_store
from tests.tasks.samples import read, unit_of

ZONE = ZoneInfo("Asia/Shanghai")
EARLIER = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
WEEK = parse_week("2026-W48")  # 23 to 29 November 2026
AS_OF = date(2026, 11, 24)
UNITS = (
    "区水利局", "区应急局", "区教委", "区财政局", "区住房城乡建委", "各镇乡街道", "区卫生健康委",
)  # fmt: skip
EVERYONE = Actor(login="all", roles=frozenset(PersonRole), units=tuple(map(unit_of, UNITS)))
PLAN = """某区防汛工作方案（2024—2027年）
某区府办发〔2024〕1号
一、主要任务
1.整治隐患。到2025年，整治隐患点20处以上。（责任单位：区水利局、区应急局）
2.开展演练。每年6月底前组织演练，参加率不低于95%。（牵头单位：区应急局；配合单位：区教委）
3.储备物资。2026年11月30日前，储备编织袋5000条。（牵头单位：区财政局；配合单位：区水利局）
4.移交校舍。自竣工验收合格起3个月内移交区教委。（责任单位：区住房城乡建委）
5.加强宣传。加强防汛宣传教育，营造良好氛围。（责任单位：各镇乡街道）
6.建设泵站。2027年8月底前，建成泵站3座。（责任单位：区水利局）
7.检查食堂。到2025年，检查食堂30家。（责任单位：区卫生健康委；监督单位：区市场监管局）
"""


@contextmanager
def opened(words: str = PLAN, *, recorded_at: datetime = EARLIER, name: str = "plan.txt"):
    """A store in memory that holds one document."""
    with passing_store() as store:
        add(store, words, recorded_at=recorded_at, name=name)
        yield store


def add(store: Store, words: str, *, recorded_at: datetime, name: str = "plan.txt") -> Extraction:
    data = words.encode()
    extraction = read(words, name)[0]
    store.add(extraction, data, recorded_at=recorded_at)
    return extraction


def digests(store: Store, *, week: Week = WEEK, as_of: date = AS_OF, **options):
    """The digests by unit; None is the overview."""
    found = build_digests(store, week, as_of, zone=ZONE, **options)
    return {digest.unit: digest for digest in found}


def milestone(store: Store, words: str) -> str:
    """The id of the milestone whose commitment has these words."""
    found = [
        m.id for e in store.extractions() for t in e.tasks for m in t.milestones
        if words in m.commitment
    ]  # fmt: skip
    assert len(found) == 1, words
    return found[0]


def step(store: Store, words: str, name: Step, on: date, **fields):
    command = Command(step=name, milestone_id=milestone(store, words), on=on, **fields)
    at = datetime(on.year, on.month, on.day, 4, tzinfo=UTC)
    return Tracker(store).perform(EVERYONE, command, at)


def lines(digest, kind, *, joint: bool = False):
    """The commitments of a section; empty where there is no such section."""
    sections = digest.joint if joint else digest.sections
    return [line.item.commitment for s in sections if s.kind == kind for line in s.lines]


def hostile(words: str, unit: str = "区水利局") -> Extraction:
    """The plan with `words` as its first duty, title, unit's neighbour and plan's title: what no
    reader of documents would let through must not get through a renderer either."""
    extraction = read(PLAN)[0]
    task = extraction.tasks[0]
    owner = task.responsibilities[0]
    milestones = tuple(m.model_copy(update={"commitment": words}) for m in task.milestones)
    targets = tuple(t.model_copy(update={"metric": words}) for t in task.targets)
    changed = task.model_copy(
        update={
            "title": words,
            "milestones": milestones,
            "targets": targets,
            "responsibilities": (
                owner.model_copy(
                    update={"unit": unit, "unit_id": owner.unit_id if unit == "区水利局" else None}
                ),
                owner.model_copy(update={"unit": words, "unit_id": None}),
            ),
        }
    )
    plans = tuple(p.model_copy(update={"title": words}) for p in extraction.plans)
    return extraction.model_copy(update={"tasks": (changed, *extraction.tasks[1:]), "plans": plans})
