"""Scores an extraction against gold rows; every gold row and every prediction is judged by itself.

Owners: a unit of a clause counts once. Deadlines: `by` and `in` count as one kind. Targets: `=`
and `>=` count as one comparator. Optional gold rows count neither way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

Row = dict[str, Any]


@dataclass
class Score:
    """Of one kind of fact: which gold rows were found, which predictions are right."""

    found: dict[str, bool] = field(default_factory=dict)
    right: dict[str, bool] = field(default_factory=dict)
    roles: list[bool] = field(default_factory=list)
    dates: list[bool] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return sum(self.found.values()) / len(self.found) if self.found else 1.0

    @property
    def precision(self) -> float:
        return sum(self.right.values()) / len(self.right) if self.right else 1.0

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def share(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else 1.0


def read_gold(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def shift_gold(rows: Sequence[Row], gold_text: str, text: str) -> list[Row]:
    """Gold rows of one text moved to another reading of the same document (the saved page, the printed
    file).

    The texts are aligned as a whole, white space left out: what stands twice in one of them is not
    taken for the other. A place of characters that the other has not goes to where they would stand.
    """
    there = _aligned(gold_text, text)

    def move(offset: int, quote: str) -> tuple[int, str]:
        start = there[offset]
        end = there[offset + max(len(quote.rstrip()), 1) - 1] + 1
        return start, text[start : max(end, start + 1)]

    moved = []
    for original in rows:
        row = dict(original)
        if "offset" in row:
            row["offset"], row["quote"] = move(row["offset"], row["quote"])
        if row.get("clause_offset") is not None:
            row["clause_offset"] = there[row["clause_offset"]]
        if "mentions" in row:
            row["mentions"] = [[*move(o, q)] for o, q in row["mentions"]]
        moved.append(row)
    return moved


def _aligned(one: str, other: str) -> list[int]:
    """For each place of one text the place of its character, or of the next, in the other."""
    mine = [i for i, c in enumerate(one) if not c.isspace()]
    others = [i for i, c in enumerate(other) if not c.isspace()]
    flat, there = "".join(one[i] for i in mine), "".join(other[i] for i in others)
    found = [len(other) - 1] * len(one)
    matcher = SequenceMatcher(None, flat, there, autojunk=False)
    for _, start, end, first, last in matcher.get_opcodes():
        for place in range(start, end):
            at = min(first + place - start, max(last - 1, first), len(others) - 1)
            found[mine[place]] = others[at]
    for place in range(len(one) - 2, -1, -1):
        if one[place].isspace():
            found[place] = found[place + 1]
    return found


def _overlap(a: Sequence[int], b: Sequence[int], slack: int = 0) -> bool:
    return a[0] < b[1] + slack and b[0] < a[1] + slack


def _unit(name: str) -> str:
    name = name.translate(str.maketrans("", "", "()（）"))
    for place in ("重庆市", "万州"):
        if name.startswith(place + ("区" if place == "万州" else "")):
            return name.removeprefix(place)
    return name


def score_owners(found: Row, gold: Sequence[Row], *, listed_only: bool = False) -> Score:
    """Units by clause; `listed_only` leaves out what running text states."""
    clauses = {clause["id"]: clause["span"] for clause in found["clauses"]}
    units: dict[tuple[str, str], Row] = {}
    for task in found["tasks"]:
        for r in task["responsibilities"]:
            if r["basis"] == "inherited" or (listed_only and r["basis"] != "listed"):
                continue
            key = (_unit(r["unit"]), task["clause_id"])
            entry = units.setdefault(
                key, {"spans": [], "clause": clauses[task["clause_id"]], "roles": set()}
            )
            entry["spans"].append(r["span"])
            entry["roles"].add(r["role"])
    for m in found["members"]:
        entry = {"spans": [m["span"]], "clause": m["span"], "roles": {"member"}}
        units.setdefault((_unit(m["unit"]), "members"), entry)

    def hits(row: Row, key: tuple[str, str], entry: Row) -> bool:
        places = row.get("mentions") or [[row["offset"], row["quote"]]]
        return _unit(row["unit"]) == key[0] and any(
            any(_overlap((o, o + len(q)), span) for span in entry["spans"])
            or entry["clause"][0] <= o < entry["clause"][1]
            for o, q in places
        )

    score = Score()
    for row in gold:
        name = f"{row['clause_offset']}:{row['unit']}"
        if row.get("optional") or name in score.found:
            continue
        matching = [e for k, e in units.items() if hits(row, k, e)]
        score.found[name] = bool(matching)
        if matching:
            roles = set().union(*(e["roles"] for e in matching))
            score.roles.append(bool(set(row.get("roles") or [row["role"]]) & roles))
    for key, entry in units.items():
        name = f"{entry['spans'][0][0]}:{key[0]}"
        score.right[name] = any(hits(row, key, entry) for row in gold)
    return score


def score_deadlines(found: Row, gold: Sequence[Row]) -> Score:
    """Deadlines with their dates; the plans' own periods are among them."""
    predicted: dict[str, Row] = {}
    for plan in found["plans"]:
        if period := plan["period"]:
            row = {"kind": "period", "date": period["end"], "span": period["span"]}
            predicted[f"{period['span'][0]}:period"] = row
    for task in found["tasks"]:
        for m in task["milestones"]:
            due = m["due"]
            if due["kind"] != "period" and "inherited" not in due["certainty"]:
                predicted[f"{due['span'][0]}:{due['kind']}:{due['date']}"] = due
    return _match(predicted, gold, _same_deadline, "kind")


def _same_deadline(row: Row, due: Row) -> bool:
    if not _overlap((row["offset"], row["offset"] + len(row["quote"])), due["span"], 2):
        return False
    kinds = {row["kind"], due["kind"]}
    if len(kinds) > 1 and kinds != {"by", "in"}:
        return False
    if due["kind"] == "start":
        return (row.get("date") or row.get("start")) == (due["start"] or due["date"])
    if due["kind"] == "relative":
        return bool(row.get("duration") == due["duration"])
    if due["kind"] == "recurring":
        mine, theirs = (
            dict(part.split("=") for part in (r or "").split(";") if part)
            for r in (row.get("rrule"), due["rrule"])
        )
        return all(mine.get(key) == theirs.get(key) for key in ("FREQ", "BYMONTH"))
    return bool(row.get("date") == due["date"])


def score_targets(found: Row, gold: Sequence[Row]) -> Score:
    """Targets by value, measure and comparator; `dates` judges the milestone they hang on."""
    predicted: dict[str, Row] = {}
    for task in found["tasks"]:
        dues = {m["id"]: m["due"] for m in task["milestones"]}
        for t in task["targets"]:
            predicted[t["id"]] = t | {"due": dues.get(t["milestone_id"])}
    score = Score(right=dict.fromkeys(predicted, False))
    for row in gold:
        matching = [k for k, t in predicted.items() if _same_target(row, t)]
        fresh = [k for k in matching if not score.right[k]]
        fresh.sort(key=lambda k: (row.get("scope") or "") not in (predicted[k]["scope"] or ""))
        for key in fresh[:1] or matching[:0]:
            score.right[key] = True
        if row.get("optional"):
            continue
        score.found[f"{row['offset']}:{row.get('scope')}:{row['value']}"] = bool(fresh)
        if fresh and row.get("deadline"):
            due = predicted[fresh[0]]["due"] or {}
            score.dates.append(row["deadline"] in (due.get("date"), due.get("start")))
    for key, right in score.right.items():
        if not right:
            score.right[key] = any(_same_target(row, predicted[key]) for row in gold)
    return score


def _same_target(row: Row, t: Row) -> bool:
    if not _overlap((row["offset"], row["offset"] + len(row["quote"])), t["span"], 2):
        return False
    if Decimal(str(row["value"])) != Decimal(t["value"]) or (row["unit"] or "") != (
        t["unit"] or ""
    ):
        return False
    pair = {row["comparator"], t["comparator"]}
    return len(pair) == 1 or pair <= {"=", ">="} or (row["comparator"] == "~" and t["approximate"])


def _match(
    predicted: dict[str, Row], gold: Sequence[Row], same: Callable[[Row, Row], bool], kind: str
) -> Score:
    score = Score()
    for row in gold:
        if not row.get("optional"):
            name = f"{row['offset']}:{row[kind]}:{row.get('date')}"
            score.found[name] = any(same(row, p) for p in predicted.values())
    for name, p in predicted.items():
        score.right[name] = any(same(row, p) for row in gold)
    return score


def bad_spans(found: Row, text: str) -> int:
    """How many facts do not quote the text at their span."""
    facts = [
        fact
        for task in found["tasks"]
        for fact in (*task["responsibilities"], *task["milestones"], *task["targets"])
    ]
    return sum(text[fact["span"][0] : fact["span"][1]] != fact["quote"] for fact in facts)
