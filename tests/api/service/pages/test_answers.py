"""How answers are laid out: marks, what they are called, links."""

from api.service.pages.answers import cited, lines_of

QUOTES = ("区教委", "切实抓好溺水防范，" * 4 + "值", "切实抓好\n溺水防范，" * 4 + "率")


def answer(**more):
    citations = [
        {
            "document_id": "doc-1",
            "clause_id": "c",
            "path": "1/一",
            "span": [n, n + 5],
            "quote": quote,
        }
        for n, quote in enumerate(QUOTES)
    ]
    return {"answer": "甲。\n\n乙。", "units": [], "citations": citations} | more


def piece(text, unit=None, day=None, citations=()):
    return {"text": text, "unit": unit, "day": day, "citations": citations}


def told(lines):
    """The lines with marks as [n]."""
    return ["".join(f"[{p.number}]" if p.number else p.text for p in line) for line in lines]


def test_marks_stand_behind_what_they_prove_and_units_and_days_are_links():
    pieces = [piece("区教委", "区教委", citations=[0]), piece("要在 "), piece("2025-12-31", day="2025-12-31"), piece(" 前。", citations=[1, 2])]  # fmt: skip
    lines = lines_of(answer(statements=[{"text": "", "citations": [0, 1, 2], "pieces": pieces}]))
    assert told(lines) == ["区教委[1]要在 2025-12-31 前。[2][3]"]
    links = {p.text: p.href for p in lines[0] if p.href and not p.number}
    assert links == {
        "区教委": "/units/%E5%8C%BA%E6%95%99%E5%A7%94", "2025-12-31": "/tasks?until=2025-12-31",
    }  # fmt: skip


def test_an_answer_from_before_has_its_marks_in_the_first_line():
    assert told(lines_of(answer())) == ["甲。[1][2][3]", "乙。"]
    assert told(lines_of(answer(answer="", statements=[]))) == []


def test_citations_of_one_clause_are_called_apart():
    labels = [c.label for c in cited(answer()["citations"])]
    assert labels == [
        "区教委",
        "1/一 切实抓好溺水防范……抓好溺水防范，值",
        "1/一 切实抓好溺水防范……抓好溺水防范，率",
    ]
