"""The ledger: every mention with its use, and why."""

from __future__ import annotations

import pytest

from ingest import ledger
from ingest.ledger import explain_mentions, read_ledger
from ingest.pipeline import extract_bytes, extract_source
from ingest.readers import read_bytes
from ingest.readers.source import Block, BlockKind

TEXT = """某县养老服务工作方案
一、任务
1.到2027年底，新建养老服务中心12所，护理型床位占比达到60%以上。（牵头单位：县民政局；配合单位：县财政局）
2.贯彻《某省养老服务条例》，每季度开展一次检查。（责任单位：县民政局）
"""


@pytest.fixture(scope="module")
def extraction():
    return extract_bytes(TEXT.encode(), "plan.txt")


def test_every_mention_stands_in_it_with_its_use_and_its_fact(extraction):
    ledger = read_ledger(extraction)
    uses = {TEXT[m.span.start : m.span.end]: m for m in ledger.mentions}
    assert uses["县财政局"].use == "owner(joint)"
    assert uses["12所"].use == "target"
    assert uses["《某省养老服务条例》"].use == "document"
    assert uses["每季度"].use == "recurring"
    facts = {t.id for t in extraction.tasks} | {
        fact.id for t in extraction.tasks for fact in (*t.targets, *t.milestones)
    }
    for quote in ("县财政局", "12所", "每季度"):
        assert uses[quote].fact_id in facts
    assert ledger.coverage == 1.0


def test_what_is_in_no_mention_lowers_the_coverage(extraction, monkeypatch):
    monkeypatch.setattr(ledger, "_mentions", lambda *_: iter(()))
    assert read_ledger(extraction).coverage == 0.0


def test_numerals_that_count_nothing_are_told_by_their_kind(extraction):
    text = TEXT.replace("12所", "第9，拨打0571-8812345，一次性办结，IPv6，在3左右")
    document = extraction.document.model_copy(update={"text": text})
    found = read_ledger(extraction.model_copy(update={"document": document}))
    uses = {m.reading: m.use for m in found.mentions if m.type == "number"}
    assert uses["第9"] == "ordinal"
    assert {uses["0571-8812345"], uses["一次性"], uses["IPv6"]} == {"name"}
    assert found.coverage == 1.0


def test_a_decision_is_explained_by_its_features():
    source = read_bytes(TEXT.encode(), "plan.txt")
    at = TEXT.index("12所")
    [found] = explain_mentions(source, at, at + 2)
    assert (found["quote"], found["use"]) == ("12所", "target")
    assert 0.5 < found["probability"] <= 1
    assert all(isinstance(name, str) and weight for name, weight in found["features"])
    assert explain_mentions(source, 0, 2) == []


def test_what_stands_in_a_note_is_read_neither_time():
    noted = read_bytes(TEXT.encode(), "plan.txt")
    at = TEXT.index("2.贯彻")
    noted = noted.model_copy(update={"blocks": (Block(BlockKind.FOOTNOTE, at, len(TEXT)),)})
    extraction = extract_source(noted)
    assert len(extraction.tasks) == 1
    assert not any(m.span.start >= at for m in read_ledger(extraction, noted).mentions)


def test_the_length_of_a_range_is_told_by_both_its_ends():
    text = TEXT.replace("每季度开展", "受理后3至5个工作日内开展")
    found = {m.reading for m in read_ledger(extract_bytes(text.encode(), "a.txt")).mentions}
    assert "P3D..P5D" in found


def test_the_name_of_a_document_may_run_over_lines():
    name = "《养老服务发展行动计划\n（2025—2027年）\n》"
    text = TEXT.replace("《某省养老服务条例》", name)
    extraction = extract_bytes(text.encode(), "a.txt")
    found = {
        text[m.span.start : m.span.end]
        for m in read_ledger(extraction).mentions
        if m.type == "title"
    }
    assert name in found
    spans = [m.due.span for t in extraction.tasks for m in t.milestones if m.due.span]
    assert not any("2025" in text[s.start : s.end] for s in spans)


def test_bodies_whose_place_says_that_they_bear_nothing_stand_in_it():
    text = """某市人民政府关于印发养老服务方案的通知
各区人民政府，市政府各部门：为完善养老服务，现就有关事项通知如下。
《养老服务方案》已经市人民政府同意，现印发给你们，请认真贯彻执行。
一、完善设施
1.市民政局要完善设施。县级养老服务中心，是指由县民政局开办的机构。
"""
    found = read_ledger(extract_bytes(text.encode(), "plan.txt"))
    uses = {m.reading: m.use for m in found.mentions}
    assert uses["市人民政府"] == uses["县级养老服务中心"] == "other"
    assert found.coverage == 1.0
