"""Words of roles, what a name says of a body's work, and notes by which the first of a list leads."""

from __future__ import annotations

import pytest

from kb.language.roles import (
    Role,
    RoleWordKind,
    best_role_words,
    find_first_notes,
    find_role_words,
    oversees,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("牵头负责", [("牵头负责", RoleWordKind.ROLE)]),
        ("督导考核", [("督导", RoleWordKind.ROLE), ("考核", RoleWordKind.WORK)]),
        ("责任人", [("责任人", RoleWordKind.PERSON)]),
        ("责任单位", [("责任", RoleWordKind.ROLE), ("单位", RoleWordKind.BEARER)]),
        ("有关要求", [("有关", RoleWordKind.OTHER), ("要求", RoleWordKind.OTHER)]),
    ],
)
def test_words(text: str, expected: list[tuple[str, RoleWordKind]]) -> None:
    found = best_role_words(find_role_words(text))
    assert [(text[t.start : t.end], t.kind) for t in found] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("县审计局", True), ("省政府督查室", True), ("区纪委监委", True), ("区教委", False)],
)
def test_who_supervises_by_name(name: str, expected: bool) -> None:
    assert oversees(name) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("列第一位的为牵头单位,下同", [(Role.RESPONSIBLE, False, True, False)]),
        ("列首位的为牵头单位,其余为配合单位。", [(Role.JOINT, False, False, False)]),
        ("列逗号之前的为牵头单位", [(Role.RESPONSIBLE, True, False, False)]),
        ("(供水科、财审科;第一家为牵头科室)", [(Role.RESPONSIBLE, False, False, True)]),
        ("责任单位(牵头单位列首位)", [(Role.RESPONSIBLE, False, False, False)]),
        ("排在前面的为主办单位", [(Role.RESPONSIBLE, False, False, False)]),
        ("牵头单位要争取在评比中列首位", []),
        ("在全市评比中列第一位。区教委牵头制定办法,各单位要认真抓好落实。", []),
    ],
)
def test_notes_of_the_first(text: str, expected: list[tuple[Role, bool, bool, bool]]) -> None:
    assert [(n.rest, n.by_comma, n.onward, n.local) for n in find_first_notes(text)] == expected
