"""Names of roles, states, steps and actions for screens, each from where it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from api.service.job import JobStatus
from kb.language.roles import Role
from tasks.authorisation import ROLE_NAMES, PersonRole
from tasks.deadline_words import ASSUMED_YEAR, describe_arrangements, describe_recurrence
from tasks.due import Colour, DueItem, State
from tasks.exports.words import COLOUR_TITLES, STATE_TITLES
from tasks.lifecycle import STATUS_NAMES, STEP_NAMES, Status, Step, Verdict
from tasks.models import Basis, Certainty
from tasks.visibility import Level
from tasks.words import NOT_TOLD, ROLE_TITLES

_BEHIND = ("滞后", "behind")
_VERDICTS = {
    Verdict.MET: ("已达标", "met"),
    Verdict.SHORT: ("未达标", "short"),
    Verdict.NO_REPORT: ("未报数", "no value reported"),
    Verdict.WITHHELD: NOT_TOLD,
}
_BASES = {
    Basis.LISTED: ("责任单位列出", "listed"),
    Basis.STATED: ("正文写明", "stated in the text"),
    Basis.INHERITED: ("承上文", "from the text above"),
    Basis.MANUAL: ("人工更正", "corrected by a person"),
}
_CERTAINTIES = {
    Certainty.EXPLICIT: ("原文写明", "explicit"),
    Certainty.REPAIRED: ("原文缺字, 修复读出", "read from repaired text"),
    Certainty.AMBIGUOUS: ("有两解", "can be read in two ways"),
    Certainty.ASSUMED_YEAR: ASSUMED_YEAR,
    Certainty.INHERITED: ("计划期限", "the plan's end"),
}
_JOBS = {
    JobStatus.QUEUED: ("排队", "queued"),
    JobStatus.RUNNING: ("处理中", "running"),
    JobStatus.DONE: ("完成", "done"),
    JobStatus.FAILED: ("失败", "failed"),
    JobStatus.INTERRUPTED: ("中断", "interrupted"),
    JobStatus.CANCELLED: ("已取消", "cancelled"),
}
_CHANNELS = {
    "email": ("邮件", "e-mail"),
    "file": ("文件夹", "folder"),
    "wecom": ("企业微信", "WeCom"),
    "dingtalk": ("钉钉", "DingTalk"),
    "feishu": ("飞书", "Feishu"),
}
_LEVELS = {
    Level.PUBLIC: ("公开", "public"),
    Level.INTERNAL: ("内部", "internal"),
    Level.RESTRICTED: ("限定单位", "restricted"),
}


@dataclass(frozen=True, slots=True)
class Names:
    """Names in one language: `side` is 0 for Chinese, 1 for English."""

    side: int

    def role(self, role: Role) -> str:
        """牵头, or lead."""
        return ROLE_TITLES[role][self.side]

    def state(self, state: State) -> str:
        """逾期, or overdue."""
        return STATE_TITLES[state][self.side]

    def status(self, status: Status | None) -> str:
        """签收, or accepted; of what the viewer is not told, that it is not public."""
        return (STATUS_NAMES[status] if status else NOT_TOLD)[self.side]

    def step(self, step: Step) -> str:
        """报进展, or report progress."""
        return STEP_NAMES[step][self.side]

    def verdict(self, verdict: Verdict) -> str:
        """已达标, or met."""
        return _VERDICTS[verdict][self.side]

    def basis(self, basis: Basis) -> str:
        """What an assignment rests on."""
        return _BASES[basis][self.side]

    def certainty(self, certainty: Certainty) -> str:
        """How sure a deadline is."""
        return _CERTAINTIES[certainty][self.side]

    def level(self, level: Level) -> str:
        """公开, or public."""
        return _LEVELS[level][self.side]

    def channel(self, channel: str) -> str:
        """邮件, or e-mail."""
        return _CHANNELS[channel][self.side]

    def job(self, status: JobStatus) -> str:
        """处理中, or running."""
        return _JOBS[status][self.side]

    def person_role(self, role: PersonRole) -> str:
        """督办人员, or supervisor."""
        return ROLE_NAMES[role][self.side]

    def standing(self, item: DueItem) -> str:
        """The colour's name with what it means, so that nothing hangs on the colour: 红 逾期."""
        colour = COLOUR_TITLES[item.colour][self.side]
        what = _BEHIND[self.side] if item.colour is Colour.YELLOW else self.state(item.state)
        return f"{colour} {what}".strip()

    def recurrence(self, rrule: str) -> str:
        """An RFC 5545 rule in words: 每年6月, or every year, month 6."""
        return describe_recurrence(rrule, ("zh", "en")[self.side])

    def assumes_year(self, item: DueItem) -> bool:
        """Whether its year is not printed but the document's."""
        return Certainty.ASSUMED_YEAR in item.certainty

    def holidays(self, item: DueItem) -> str:
        """What a day counted in working days rests on; empty for others."""
        return describe_arrangements(item.arrangements, ("zh", "en")[self.side])

    def distance(self, item: DueItem) -> str:
        """How far its day is; empty where that says nothing."""
        if item.days is None or item.state is State.FINISHED:
            return ""
        if item.days > 0:
            return (f"已过 {item.days} 天", f"{item.days} days ago")[self.side]
        if item.days == 0:
            return ("今天", "today")[self.side]
        return (f"还有 {-item.days} 天", f"in {-item.days} days")[self.side]


@lru_cache(maxsize=2)
def names_of(language: str) -> Names:
    """The names in a language."""
    return Names(1 if language == "en" else 0)
