"""Names in both languages."""

import pytest

from api.service.pages.names import names_of
from kb.language.roles import Role
from tasks.authorisation import PersonRole
from tasks.due import State
from tasks.lifecycle import Status, Step, Verdict
from tasks.models import Basis, Certainty
from tasks.visibility import Level


@pytest.mark.parametrize(
    ("rule", "zh", "en"),
    [
        ("FREQ=YEARLY", "每年", "every year"),
        ("FREQ=YEARLY;BYMONTH=6", "每年6月", "every year, month 6"),
        ("FREQ=YEARLY;INTERVAL=2", "每2年", "every 2 years"),
        ("FREQ=MONTHLY", "每月", "every month"),
        ("FREQ=MONTHLY;INTERVAL=2", "每2个月", "every 2 months"),
        ("FREQ=MONTHLY;INTERVAL=3", "每季度", "every quarter"),
        ("FREQ=MONTHLY;INTERVAL=6", "每半年", "every half year"),
        ("FREQ=WEEKLY;BYDAY=SU", "每周日", "every week, Sunday"),
        ("X", "X", "X"),  # what cannot be said in words stays as it is
    ],
)
def test_recurrences_in_words(rule, zh, en):
    assert (names_of("zh").recurrence(rule), names_of("en").recurrence(rule)) == (zh, en)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Role, "role"), (State, "state"), (Status, "status"), (Step, "step"), (Verdict, "verdict"),
        (Basis, "basis"), (Certainty, "certainty"), (Level, "level"), (PersonRole, "person_role"),
    ],
)  # fmt: skip
def test_every_value_has_two_names(kind, name):
    for value in kind:
        zh, en = (getattr(names_of(language), name)(value) for language in ("zh", "en"))
        assert zh
        assert en
        assert zh != en
