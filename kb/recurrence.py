"""Recurrences by the rules of RFC 5545: their parts, and month ends said in the standard's own terms.

RFC 5545 leaves out a month that lacks the day (BYMONTHDAY=31 has no occurrence in April); 每月31日前
means the month's last day there. A rule that says so in the standard's own terms is the last of the
days 28 to 31 (`BYMONTHDAY=28,29,30,31;BYSETPOS=-1`), which every calendar reads alike.
"""

from __future__ import annotations

from collections.abc import Mapping

_SHORTEST = {2: 28, 4: 30, 6: 30, 9: 30, 11: 30}
_LONGEST = {**_SHORTEST, 2: 29}


def parse_rule(rrule: str) -> dict[str, str]:
    """The parts of a rule by name, in order."""
    return dict(part.split("=", 1) for part in rrule.split(";") if "=" in part)


def print_rule(parts: Mapping[str, str]) -> str:
    """The rule of some parts."""
    return ";".join(f"{name}={value}" for name, value in parts.items())


def month_end_rule(rrule: str) -> str:
    """The rule with a day that some of its months lack put on their last day: one occurrence a month,
    on the day or the month's end, whichever comes first. A rule that needs nothing of the kind stays.

    >>> month_end_rule("FREQ=MONTHLY;BYMONTHDAY=30")
    'FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1'
    """
    parts = parse_rule(rrule)
    if parts.get("FREQ") not in ("MONTHLY", "YEARLY") or {"BYSETPOS", "BYDAY"} & parts.keys():
        return rrule
    try:
        days = sorted({int(day) for day in parts.get("BYMONTHDAY", "").split(",")})
        months = [int(month) for month in parts.get("BYMONTH", "").split(",") if month]
    except ValueError:
        return rrule
    months = months or list(range(1, 13))
    shortest = min(_SHORTEST.get(month, 31) for month in months)
    late = [day for day in days if day > shortest]
    if len(late) != 1 or days[0] < 0:
        return rrule  # nothing to mend, or (29,31) nothing that one rule can say
    [day] = late
    early = [str(one) for one in days if one <= shortest]
    if day >= max(_LONGEST.get(month, 31) for month in months):
        return print_rule(parts | {"BYMONTHDAY": ",".join([*early, "-1"])})
    if parts["FREQ"] == "YEARLY" and len(months) > 1:
        if parts.get("INTERVAL", "1") != "1":
            return rrule
        # A position counts within the rule's own period: the month's, not the year's.
        parts = {
            "FREQ": "MONTHLY",
            **{n: v for n, v in parts.items() if n not in ("FREQ", "INTERVAL")},
        }
    ends = [str(one) for one in range(shortest, day + 1) if str(one) not in early]
    places = [str(place) for place in range(1, len(early) + 1)]
    return print_rule(
        parts | {"BYMONTHDAY": ",".join([*early, *ends]), "BYSETPOS": ",".join([*places, "-1"])}
    )
