"""No fact of a clause is sure whose characters are in doubt."""

import pytest

from ingest.doubted import DOUBTFUL_CHARACTERS, INK_NOT_READ
from ingest.pipeline import extract_source
from ingest.readers import Source
from kb.models import Finding, Span
from tasks.models import Certainty

TEXT = (
    "某市水利工作方案\n一、主要任务\n1.建设水库。2025年6月底前建成水库10座。责任单位：市水利局\n"
    "2.修好水渠。2026年6月底前修好水渠30公里。责任单位：市农业农村局\n"
)


def read(*findings: Finding):
    source = Source(
        name="a.png", sha256="0" * 64, media_type="image/png", text=TEXT, findings=findings
    )
    tasks = extract_source(source).tasks
    return {
        task.title[:4]: (
            [certainty for m in task.milestones for certainty in m.due.certainty],
            [target.uncertain for target in task.targets],
        )
        for task in tasks
        if task.targets
    }


SURE = ([Certainty.EXPLICIT], [False])
UNSURE = ([Certainty.AMBIGUOUS], [True])


@pytest.mark.parametrize("code", [DOUBTFUL_CHARACTERS, INK_NOT_READ])
@pytest.mark.parametrize("words", ["2026", "水渠30", "农业", "2.", "30"])
def test_doubt_holds_for_all_facts_of_its_clause_only(code, words):
    at = TEXT.index(words)
    found = read(Finding(code=code, message="", span=Span(at, at + len(words))))
    assert found == {"建设水库": SURE, "修好水渠": UNSURE}


def test_without_doubt_all_is_sure():
    other = Finding(code="printed-form", message="", span=Span(20, len(TEXT)))
    nowhere = Finding(code=INK_NOT_READ, message="")
    assert read() == read(other, nowhere) == {"建设水库": SURE, "修好水渠": SURE}


def test_doubts_beside_one_another():
    spans = [Span(n, n + 1) for n in range(len(TEXT)) if TEXT[n].isdigit()]
    found = read(*(Finding(code=DOUBTFUL_CHARACTERS, message="", span=span) for span in spans))
    assert found == {"建设水库": UNSURE, "修好水渠": UNSURE}
