"""Who may do what: one function decides for every path, and says why."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType

from kb.errors import DeniedError
from kb.models import Fact
from kb.wording import wording
from tasks.lifecycle import STEP_NAMES, STEPS, Party, Step
from tasks.units import is_unit_id, title_of


class PersonRole(StrEnum):
    """What a person is in the system."""

    READER = "reader"  # 读者
    UNIT_OFFICER = "unit_officer"  # 单位经办人
    SUPERVISOR = "supervisor"  # 督办人员
    AUDITOR = "auditor"  # 审计人员
    ADMIN = "admin"  # 管理员


ROLE_NAMES = wording("tasks", "person_roles", PersonRole)


class Action(StrEnum):
    """What can be asked for, beside the steps of a milestone (`tasks.lifecycle.Step`)."""

    READ = "read"
    READ_AUDIT = "read_audit"
    EXPORT = "export"
    RECORD_EVENT = "record_event"
    CORRECT = "correct"
    INGEST = "ingest"
    TRACK = "track"
    ERASE = "erase"
    SEND_DIGEST = "send_digest"
    MANAGE_PEOPLE = "manage_people"
    CHANGE_SETTINGS = "change_settings"


ACTION_NAMES = wording("tasks", "actions", Action)

_ALL = frozenset(PersonRole)
ACTIONS: Mapping[Action, frozenset[PersonRole]] = MappingProxyType(
    {
        Action.READ: _ALL,
        Action.EXPORT: _ALL,
        Action.READ_AUDIT: frozenset({PersonRole.AUDITOR}),
        Action.RECORD_EVENT: frozenset({PersonRole.SUPERVISOR, PersonRole.UNIT_OFFICER}),
        Action.CORRECT: frozenset({PersonRole.SUPERVISOR}),
        Action.INGEST: frozenset({PersonRole.SUPERVISOR, PersonRole.ADMIN}),
        Action.TRACK: frozenset({PersonRole.SUPERVISOR, PersonRole.ADMIN}),
        Action.ERASE: frozenset({PersonRole.ADMIN}),
        Action.SEND_DIGEST: frozenset({PersonRole.SUPERVISOR}),
        Action.MANAGE_PEOPLE: frozenset({PersonRole.ADMIN}),
        Action.CHANGE_SETTINGS: frozenset({PersonRole.ADMIN}),
    }
)
"""The roles that may take an action. A unit officer's also depends on the units (`_BOUND`)."""

_BOUND: frozenset[Action | Step] = frozenset(
    {Action.RECORD_EVENT, *(s for s, rule in STEPS.items() if rule.party is Party.UNIT)}
)
_PARTY = {Party.UNIT: PersonRole.UNIT_OFFICER, Party.SUPERVISOR: PersonRole.SUPERVISOR}


class Actor(Fact):
    """Someone acting. `units` are the ids (`万州区/education`) of the organisations that a unit
    officer is bound to; a group such as 各镇乡街道 is one of them where it is named."""

    login: str
    roles: frozenset[PersonRole]
    units: tuple[str, ...] = ()


CONSOLE = Actor(
    login="console",
    roles=frozenset({PersonRole.ADMIN, PersonRole.SUPERVISOR, PersonRole.AUDITOR}),
)
"""Who runs the command line without saying for whom: someone who holds the store's file."""


class Decision(Fact):
    """Whether an action is allowed, and why, in Chinese and English."""

    allowed: bool
    zh: str
    en: str

    @property
    def reason(self) -> str:
        """Both languages in the form of all messages."""
        return f"{self.zh} / {self.en}"


def roles_for(action: Action | Step) -> frozenset[PersonRole]:
    """The roles that may ever take an action."""
    if isinstance(action, Step):
        return frozenset({_PARTY[STEPS[action].party]})
    return ACTIONS[action]


def authorise(
    actor: Actor, action: Action | Step, bearing: Collection[str] | None = None
) -> Decision:
    """Decide whether `actor` may take `action`.

    Args:
        actor: who asks.
        action: a step of a milestone or another action.
        bearing: ids of the units that bear the milestone concerned; None where no milestone is.
    """
    wanted = roles_for(action)
    held = actor.roles & wanted
    names = [ROLE_NAMES[role] for role in PersonRole if role in wanted]
    if not held:
        mine = [ROLE_NAMES[role] for role in PersonRole if role in actor.roles]
        zh, en = _called(action)
        return Decision(
            allowed=False,
            zh=f"{actor.login} 是{'、'.join(n[0] for n in mine) or '无角色'}, "
            f"“{zh}”要{'或'.join(n[0] for n in names)}",
            en=f"{actor.login} is {', '.join(n[1] for n in mine) or 'without a role'}; "
            f"{en} takes {' or '.join(n[1] for n in names)}",
        )
    if action in _BOUND and held == {PersonRole.UNIT_OFFICER}:
        shared = [unit for unit in actor.units if is_unit_id(unit) and unit in (bearing or ())]
        if not shared:
            own, theirs = _told(actor.units), _told(bearing or ())
            return Decision(
                allowed=False,
                zh=f"{actor.login} 属于{'、'.join(own) or '(未定单位)'}, "
                f"该项由{'、'.join(theirs) or '(未定单位)'}承办",
                en=f"{actor.login} belongs to {', '.join(own) or 'no unit'}; this is "
                f"borne by {', '.join(theirs) or 'no unit'}",
            )
        return Decision(
            allowed=True,
            zh=f"{actor.login} 是承办单位{title_of(shared[0])}的经办人",
            en=f"{actor.login} is an officer of {title_of(shared[0])}, which bears it",
        )
    role = ROLE_NAMES[min(held, key=list(PersonRole).index)]
    return Decision(allowed=True, zh=f"{actor.login} 是{role[0]}", en=f"{actor.login} is {role[1]}")


def _called(action: Action | Step) -> tuple[str, str]:
    """As pages call it, with the name by which `duban` takes it: 同意延期 (approve-extension)."""
    name = action.value.replace("_", "-")
    zh, en = STEP_NAMES[action] if isinstance(action, Step) else ACTION_NAMES[action]
    return f"{zh} ({name})", en if en == name else f"{en} ({name})"


def _told(units: Collection[str]) -> list[str]:
    # A bare name is nobody's until an administrator says whose.
    return [title_of(u) if is_unit_id(u) else f"{u}(未定 unsettled)" for u in units]


def require(actor: Actor, action: Action | Step, bearing: Collection[str] | None = None) -> None:
    """Raise where `authorise` refuses.

    Raises:
        DeniedError: with the reason.
    """
    decision = authorise(actor, action, bearing)
    if not decision.allowed:
        raise DeniedError(f"没有权限: {decision.zh} / not allowed: {decision.en}")
