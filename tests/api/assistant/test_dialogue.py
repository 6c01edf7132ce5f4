"""Questions that go on from those before them, over the notice (`tests/gold/dialogues.jsonl`)."""

import json
from datetime import date
from pathlib import Path

import pytest

from tests.evaluation.questions import assistant

GOLD = Path(__file__).resolve().parents[2] / "gold" / "dialogues.jsonl"
ROWS = [json.loads(line) for line in GOLD.read_text(encoding="utf-8").splitlines()]
TODAY = date(2026, 11, 24)


def failures(row):
    """What a dialogue's last answer lacks of what is expected of it."""
    *before, last = row["turns"]
    answer, expects = assistant().ask(last, as_of=TODAY, context=before), row["expects"]
    paths = {c.path for c in answer.citations}
    heads = [line for line in answer.answer.split("\n") if "项任务" in line or "task(s)" in line]
    checks = {
        "path": lambda v: v in paths,
        "says": lambda v: all(words in answer.answer for words in v),
        "not": lambda v: not any(words in answer.answer for words in v),
        "intent": lambda v: answer.intent == v,
        "heads": lambda v: all(any(unit in head for head in heads) for unit in v),
        "answerable": lambda v: answer.answerable is v,
        "least": lambda v: len(answer.tasks) >= v,
        "least_units": lambda v: len(answer.units) >= v,
    }
    return [name for name, value in expects.items() if not checks[name](value)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_dialogues(row):
    assert not failures(row)
