"""What people type into cells: a status, a percentage, measured values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal

from kb.errors import TransitionError
from tasks.exports.keys import NOT_REPORTED, same_text
from tasks.exports.sheet import status_step
from tasks.lifecycle import Status, Step
from tasks.models import Target
from tasks.words import describe_number

_LEADS_TO = {
    Step.ACCEPT: Status.ACCEPTED,
    Step.REPORT: Status.IN_PROGRESS,
    Step.SUBMIT: Status.REPORTED,
}


def read_status(printed: str, shown: str) -> Step | None:
    """The step that a status cell asks for; None where it says what it said when handed out.

    Raises:
        TransitionError: it asks for what a unit cannot do, or for nothing known.
    """
    if not printed:
        return None
    found = status_step(printed)
    if found is None:
        raise TransitionError(
            f"不认得状态“{printed}”, 可填: 签收、承办、报送办结"
            f" / unknown status {printed!r}; one of: accepted, in progress, submit as completed"
        )
    showed = Status(shown) if shown in Status.__members__.values() else None
    if showed is not None and (_LEADS_TO[found] if isinstance(found, Step) else found) is showed:
        return None
    if isinstance(found, Status):
        if found is Status.REPORTED:
            return Step.SUBMIT
        raise TransitionError(
            f"状态不能填成“{printed}”: 单位只填签收、承办、报送办结, 其余由督办部门办理"
            f" / the status cannot be set to {printed!r}: units set accepted, in progress or submit "
            "as completed; the supervisor does the rest"
        )
    return found


def read_percent(printed: str) -> int | None:
    """0 to 100 from a cell; None where it is empty.

    Raises:
        TransitionError: it holds something else.
    """
    text = unicodedata.normalize("NFKC", printed).strip().removesuffix("%").strip()
    if not text:
        return None
    if not re.fullmatch(r"\d{1,3}(?:\.0+)?", text) or float(text) > 100:
        raise TransitionError(
            f"进展“{printed}”不是 0 到 100 的整数 / progress {printed!r} is no whole number from 0 to 100"
        )
    return int(float(text))


def read_values(printed: str, targets: Sequence[Target]) -> dict[str, Decimal]:
    """Measured values by target from a cell with a line for each, in order.

    Raises:
        TransitionError: there are more lines than targets, or one is no number.
    """
    lines = [line.strip() for line in re.split(r"[\n；;]", same_text(printed))]
    while lines and lines[-1] in ("", NOT_REPORTED):
        lines.pop()
    if len(lines) > len(targets):
        raise TransitionError(
            f"实际值有 {len(lines)} 个, 目标只有 {len(targets)} 个, 每行填一个"
            f" / {len(lines)} actual values for {len(targets)} target(s); one a line"
        )
    found: dict[str, Decimal] = {}
    for line, target in zip(lines, targets, strict=False):
        if line not in ("", NOT_REPORTED):
            found[target.id] = _value(line, target)
    return found


_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")


def _value(printed: str, target: Target) -> Decimal:
    measure = unicodedata.normalize("NFKC", target.measure or "").strip()
    text = unicodedata.normalize("NFKC", printed).strip()
    if measure:
        text = text.removesuffix(measure).strip()
    if not _NUMBER.fullmatch(text):
        raise TransitionError(
            f"实际值“{printed}”不是数 (单位: {target.measure or '无'})"
            f" / the actual value {printed!r} is no number (measured in: {target.measure or 'nothing'})"
        )
    value = Decimal(text.replace(",", ""))
    if len(describe_number(value)) > 40:
        raise TransitionError(f"实际值“{printed}”太长 / the actual value {printed!r} is too long")
    return value
