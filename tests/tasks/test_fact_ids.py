"""Ids come from where facts stand: unique in every document, and none moves with its neighbours."""

from pathlib import Path

import pytest

from ingest.pipeline import extract_bytes
from ingest.readers import SUFFIXES
from kb.errors import SourceError
from tasks.fact_ids import document_id_of, identify, same_facts
from tasks.models import Extraction
from tasks.undated import track_undated
from tests.tasks.samples import DANGERS, DRILLS, WORDS, plan, read

ROOT = Path(__file__).resolve().parents[2]
OPEN = ROOT.parent / "shared" / "gold" / "documents" / "open"


def ids_of(extraction: Extraction) -> list[str]:
    tasks = extraction.tasks
    return [
        *(p.id for p in extraction.plans), *(c.id for c in extraction.clauses),
        *(t.id for t in tasks), *(m.id for t in tasks for m in t.milestones),
        *(x.id for t in tasks for x in t.targets),
    ]  # fmt: skip


@pytest.mark.parametrize("folder", [ROOT / "corpus" / "documents", OPEN], ids=["corpus", "gold"])
def test_ids_are_unique_in_every_document(folder):
    files = [p for p in sorted(folder.rglob("*")) if p.suffix.lower() in SUFFIXES]
    if not files:
        pytest.skip(f"no documents in {folder}")
    repeated = []
    for path in files:
        try:
            extraction = extract_bytes(path.read_bytes(), path.name)
        except SourceError:
            continue  # what cannot be read has no ids
        found = ids_of(track_undated(extraction))
        if len(set(found)) != len(found):
            repeated.append(path.name)
    assert repeated == []


def test_ids_do_not_depend_on_what_else_there_is():
    whole, _ = read(plan(DANGERS, DRILLS, WORDS))
    fewer = whole.model_copy(update={"tasks": whole.tasks[1:]})
    assert identify(fewer).tasks == whole.tasks[1:]
    assert set(ids_of(whole)) == set(ids_of(identify(whole)))


def test_facts_in_one_place_are_told_apart_by_what_they_say():
    extraction, _ = read(plan(DANGERS))
    [task] = extraction.tasks
    [target] = task.targets
    twin = target.model_copy(update={"id": "target-twin", "metric": "另一指标"})

    def named(*targets):
        new = task.model_copy(update={"targets": targets})
        [found] = identify(extraction.model_copy(update={"tasks": (new,)})).tasks
        return {t.metric: t.id for t in found.targets}

    assert named(target, twin) == named(twin, target)
    assert len(set(named(target, twin).values())) == 2


def test_readings_of_one_text_have_one_id_for_one_fact():
    first = read()[0]
    second = identify(first, 2, text_of=1)
    assert second.document.id == document_id_of(first.document.sha256, 2)
    assert ids_of(second) == ids_of(first)
    assert same_facts(first, second)


def test_readings_of_other_texts_have_ids_of_their_own():
    first, data = read()
    second = extract_bytes(data, "plan.txt", reading=2)
    assert second == identify(first, 2)
    assert second.document.id == document_id_of(first.document.sha256, 2)
    assert not set(ids_of(first)) & set(ids_of(second))
    assert same_facts(first, second)
    assert same_facts(first, track_undated(extract_bytes(data, "other.txt")))
    assert not same_facts(first, first.model_copy(update={"tasks": first.tasks[1:]}))
