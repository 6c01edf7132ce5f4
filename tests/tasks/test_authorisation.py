"""Who may do what: every action and step for every role."""

import pytest

from kb.errors import DeniedError
from tasks.authorisation import (
    ACTIONS,
    CONSOLE,
    ROLE_NAMES,
    Action,
    Actor,
    PersonRole,
    authorise,
    require,
    roles_for,
)
from tasks.lifecycle import Step
from tasks.units import title_of

R = PersonRole
MAY = {
    Action.READ: set(R),
    Action.EXPORT: set(R),
    Action.READ_AUDIT: {R.AUDITOR},
    Action.RECORD_EVENT: {R.SUPERVISOR, R.UNIT_OFFICER},
    Action.CORRECT: {R.SUPERVISOR},
    Action.INGEST: {R.SUPERVISOR, R.ADMIN},
    Action.TRACK: {R.SUPERVISOR, R.ADMIN},
    Action.ERASE: {R.ADMIN},
    Action.SEND_DIGEST: {R.SUPERVISOR},
    Action.MANAGE_PEOPLE: {R.ADMIN},
    Action.CHANGE_SETTINGS: {R.ADMIN},
    Step.ACCEPT: {R.UNIT_OFFICER},
    Step.REPORT: {R.UNIT_OFFICER},
    Step.REQUEST_EXTENSION: {R.UNIT_OFFICER},
    Step.SUBMIT: {R.UNIT_OFFICER},
    Step.ALLOW_LATE: {R.SUPERVISOR},
    Step.APPROVE_EXTENSION: {R.SUPERVISOR},
    Step.REFUSE_EXTENSION: {R.SUPERVISOR},
    Step.APPROVE: {R.SUPERVISOR},
    Step.RETURN: {R.SUPERVISOR},
    Step.CLOSE: {R.SUPERVISOR},
    Step.CANCEL: {R.SUPERVISOR},
    Step.REINSTATE: {R.SUPERVISOR},
}
BEARING = ("万州区/water", "万州区/emergency")


def test_the_table_is_whole():
    assert set(MAY) == {*Action, *Step}
    assert set(ACTIONS) == set(Action)


def test_who_may(subtests):
    for action in list(MAY):
        for role in list(R):
            with subtests.test(action=str(action), role=str(role)):
                actor = Actor(login="li", roles=frozenset({role}), units=("万州区/water",))
                decision = authorise(actor, action, BEARING)
                assert decision.allowed == (role in MAY[action])
                assert roles_for(action) == MAY[action]
                zh, en = ROLE_NAMES[role]
                assert zh in decision.zh or "承办单位万州区水利局" in decision.zh
                assert en in decision.en or "officer of 万州区水利局" in decision.en
                if decision.allowed:
                    require(actor, action, BEARING)
                else:
                    assert all(ROLE_NAMES[r][0] in decision.zh for r in MAY[action]), "who could"
                    with pytest.raises(DeniedError, match="没有权限"):
                        require(actor, action, BEARING)


@pytest.mark.parametrize(
    ("units", "bearing", "allowed"),
    [
        (("万州区/water",), BEARING, True),
        (("万州区/education", "万州区/emergency"), BEARING, True),
        (("万州区/education",), BEARING, False),
        (("万州区/education",), (), False),  # nobody bears it
        ((), BEARING, False),
        (("万州区/water",), None, False),  # a step is always about a milestone
        (("万州区/各镇乡街道",), ("万州区/各镇乡街道",), True),  # a group where it is named
        (("万州区/education",), ("开州区/education",), False),  # of another district
        (("万州区/某某办",), ("开州区/某某办",), False),
        (("区水利局",), ("区水利局",), False),  # a bare name means nobody
    ],
)
@pytest.mark.parametrize("action", [Step.ACCEPT, Step.REPORT, Step.SUBMIT, Action.RECORD_EVENT])
def test_officers_are_bound_to_their_units(action, units, bearing, allowed):
    officer = Actor(login="li", roles=frozenset({R.UNIT_OFFICER}), units=units)
    decision = authorise(officer, action, bearing)
    assert decision.allowed is allowed
    if not allowed:
        for unit in (*units, *(bearing or ())):
            assert title_of(unit) in decision.zh, "the reason names both sides"


def test_a_second_role_frees_an_officer_of_the_bond():
    both = Actor(
        login="li", roles=frozenset({R.UNIT_OFFICER, R.SUPERVISOR}), units=("万州区/education",)
    )
    assert authorise(both, Action.RECORD_EVENT, BEARING).allowed
    assert not authorise(both, Step.REPORT, BEARING).allowed


def test_nobody_without_a_role_may_anything():
    nobody = Actor(login="x", roles=frozenset())
    assert not any(authorise(nobody, action, BEARING).allowed for action in MAY)
    assert "无角色" in authorise(nobody, Action.READ).reason


@pytest.mark.parametrize(
    ("action", "role", "zh", "en"),
    [
        (Step.ACCEPT, R.SUPERVISOR, "“签收 (accept)”要单位经办人", "accept takes unit officer"),
        (
            Step.APPROVE_EXTENSION, R.READER, "“同意延期 (approve-extension)”要督办人员",
            "approve the extension (approve-extension) takes supervisor",
        ),
        (
            Action.MANAGE_PEOPLE, R.READER, "“管理用户 (manage-people)”要管理员",
            "manage people (manage-people) takes administrator",
        ),
    ],
)  # fmt: skip
def test_what_is_refused_is_called_as_people_call_it(action, role, zh, en):
    decision = authorise(Actor(login="li", roles=frozenset({role})), action, BEARING)
    assert decision.zh.endswith(zh)
    assert decision.en.endswith(en)


def test_the_console_speaks_for_no_unit():
    assert {a for a in MAY if not authorise(CONSOLE, a, BEARING).allowed} == {
        Step.ACCEPT, Step.REPORT, Step.REQUEST_EXTENSION, Step.SUBMIT
    }  # fmt: skip
