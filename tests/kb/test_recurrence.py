"""Rules of recurrence: their parts, and month ends in the standard's own terms."""

from kb.recurrence import month_end_rule, parse_rule, print_rule


def test_a_rule_is_its_parts():
    rule = "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=-1"
    assert parse_rule(rule) == {"FREQ": "MONTHLY", "INTERVAL": "3", "BYMONTHDAY": "-1"}
    assert print_rule(parse_rule(rule)) == rule


def test_days_that_some_months_lack_are_put_on_their_last():
    cases = [
        ("FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=MONTHLY;BYMONTHDAY=-1"),
        ("FREQ=MONTHLY;BYMONTHDAY=30", "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1"),
        ("FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=30", "FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=30"),
    ]
    assert [(rule, month_end_rule(rule)) for rule, _ in cases] == cases


def test_what_one_rule_cannot_say_stays_as_it_is():
    for rule in (
        "FREQ=MONTHLY;BYMONTHDAY=29,31", "FREQ=MONTHLY;BYMONTHDAY=-2", "FREQ=WEEKLY;BYDAY=TU,TH", "FREQ=DAILY",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1",
        "FREQ=YEARLY;INTERVAL=2;BYMONTH=1,2;BYMONTHDAY=30", "FREQ=MONTHLY;BYMONTHDAY=x", "nonsense",
    ):  # fmt: skip
        assert month_end_rule(rule) == rule
