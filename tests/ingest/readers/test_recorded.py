"""What a person says of recognised text: repairs over it, which stays as it was."""

import json
from unicodedata import category

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ingest.doubted import DOUBTFUL_CHARACTERS
from ingest.pipeline import extract_bytes
from ingest.readers.recorded import read_recorded, record, repair_recorded, repaired_words
from ingest.readers.source import Place, Places, Read
from kb.models import BY_PERSON, Finding, Span
from tasks.fields import FieldError
from tasks.models import Certainty, Recognised

TEXT = "某区工作方案\n一、主要任务\n1.建成水库l0座，2O25年6月底前完成。（责任单位：区水刊局）\n责任单位\t\t任务\n"
LINE = Span(TEXT.index("1.建"), TEXT.index("\n责任单位\t"))
RIGHT = "1.建成水库10座，2025年6月底前完成。（责任单位：区水利局）"
PICTURE = b"\x89PNG\r\n\x1a\n a picture"


def recognised(text: str = TEXT, *doubted: Span) -> Recognised:
    findings = [Finding(code=DOUBTFUL_CHARACTERS, message="a / b", span=span) for span in doubted]
    place = Place(0, len(text), 1, confidence=0.5)
    found = record(Read(text, tuple(findings), Places([place]), model="m" * 64))
    assert found is not None
    return found


def read(found: Recognised) -> Read:
    return read_recorded(found, "a.png")


def test_facts_are_read_with_what_a_person_says():
    doubted = Span(LINE.start + 6, LINE.end - 3)
    before = extract_bytes(PICTURE, "a.png", recognised=recognised(TEXT, doubted))
    mended = repair_recorded(recognised(TEXT, doubted), LINE, RIGHT)
    after = extract_bytes(PICTURE, "a.png", recognised=mended)
    assert after.document.text == before.document.text == TEXT == mended.text
    [owner] = after.tasks[0].responsibilities
    assert (owner.unit, owner.quote, owner.unit_id is None) == ("区水利局", "区水刊局", False)
    [target] = after.tasks[0].targets
    assert (target.value, target.quote[-5:], target.uncertain) == (10, "水库l0座", False)
    due = after.tasks[0].milestones[0].due
    assert str(due.date) == "2025-06-30"
    assert Certainty.AMBIGUOUS not in due.certainty
    assert [(r.raw, r.repaired) for r in after.repairs] == [("l", "1"), ("O", "0"), ("刊", "利")]
    assert {r.rule for r in after.repairs} == {BY_PERSON}
    assert all(before.tasks[0].targets[0].uncertain for _ in before.tasks[0].targets)


def test_what_was_looked_at_is_in_doubt_no_more_and_the_rest_is():
    other = Span(0, 4)
    found = recognised(TEXT, other, Span(LINE.start + 2, LINE.start + 5))
    checked = repair_recorded(found, LINE, LINE.slice(TEXT))
    assert [f.span for f in read(checked).findings] == [other]
    assert read(checked).repairs == ()


def test_the_last_word_on_a_line_holds():
    wrong = repair_recorded(recognised(), LINE, RIGHT.replace("10", "11"))
    assert repaired_words(read(wrong), LINE) == RIGHT.replace("10", "11")
    right = repair_recorded(wrong, LINE, RIGHT)
    assert right == repair_recorded(recognised(), LINE, RIGHT)
    none = repair_recorded(right, LINE, LINE.slice(TEXT))
    assert read(none).repairs == ()


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (Span(0, 12), "某区工作方案"),  # over the end of a line
        (Span(0, 10_000), "某"),
        (Span(0, 6), " "),
        (Span(0, 6), "某区\n方案"),
        (Span(0, 6), "字" * 300),
        (Span(0, 6), "\ud800"),
        (Span(TEXT.index("责任单位\t"), len(TEXT) - 1), "责任单位 任务"),  # a cell less
        (
            Span(TEXT.index("责任单位\t"), len(TEXT) - 1),
            "责任单位\t牵头\t任务",
        ),  # where nothing was read
    ],
)
def test_what_is_no_correction_is_refused(span, words):
    with pytest.raises(FieldError):
        repair_recorded(recognised(), span, words)


def test_a_stretch_that_cuts_through_a_former_correction_is_refused():
    first = repair_recorded(recognised("甲乙丙丁戊"), Span(1, 4), "一二三")
    for span in (Span(0, 2), Span(2, 3), Span(3, 5)):
        with pytest.raises(FieldError):
            repair_recorded(first, span, "某")
    assert repaired_words(read(repair_recorded(first, Span(0, 5), "甲乙二丁戊")), Span(0, 5)) == "甲乙二丁戊"  # fmt: skip


WORDS = st.text("区水利局建成0123，。 ", max_size=20)


@given(WORDS, WORDS, WORDS)
def test_the_words_stand_and_the_text_stays(before, raw, words):
    words = words.strip()
    assume(raw and words and not all(category(c) == "Zs" for c in raw))
    text = f"{before}\n{raw}\n"
    span = Span(len(before) + 1, len(text) - 1)
    mended = read(repair_recorded(recognised(text), span, words))
    assert repaired_words(mended, span) == words
    assert mended.text == text
    for repair in mended.repairs:
        assert span.contains(repair.span)
        assert repair.span.slice(text) == repair.raw
    assert json.loads(repair_recorded(recognised(text), span, words).body)["checked"] == [[span.start, span.end]]  # fmt: skip
