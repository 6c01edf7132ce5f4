"""Files marked as secret are refused whatever their format; others that speak of secrets are read."""

from __future__ import annotations

import pytest

from ingest.pipeline import extract_bytes
from ingest.progress import Stage
from ingest.readers.images import join_pages
from ingest.recognising import Recognition, recognising
from ingest.secrecy import refuse_revealed
from kb.errors import SecretError
from tests.ingest.readers.drawn import as_bytes, page
from tests.ingest.readers.pdf_files import Sheet, Words, write_pdf
from tests.ingest.readers.word_files import docx, paragraph
from tests.ingest.readers.workbooks import csv_bytes, ods, xlsx

MARK = "机密★10年"
BODY = "某区安全工作方案\n一、主要任务\n（一）区教委2025年底前建设学校5所。\n"
ROWS = [[MARK, "", "特急"], ["某区任务分解表"], ["任务", "责任单位"], ["建设学校5所", "区教委"]]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (f"000012\n{MARK}\n特急\n{BODY}".encode(), "a.txt"),
        (f"{MARK}\t特急\n{BODY}".encode("gb18030"), "a.txt"),
        (f"<html><body><p>{MARK}</p><p>{BODY}</p></body></html>".encode(), "a.html"),
        (xlsx(ROWS), "a.xlsx"),
        (ods(ROWS, {}), "a.ods"),
        (csv_bytes(ROWS), "a.csv"),
        (docx(paragraph(MARK) + paragraph("某区安全工作方案")), "a.docx"),
        (write_pdf([Sheet([Words(MARK, 60, 80), Words("某区安全工作方案", 200, 200)])]), "a.pdf"),
        (as_bytes(page([(60, 60, MARK), (200, 200, "某区安全工作方案")], 900, 500)), "a.png"),
    ],
)
def test_a_marked_file_is_refused_and_its_error_says_nothing_of_it(data: bytes, name: str) -> None:
    with pytest.raises(SecretError) as caught:
        extract_bytes(data, name)
    assert "区教委" not in str(caught.value)
    assert caught.value.hint


def test_a_scan_is_refused_by_its_first_page_and_nothing_of_it_is_kept(tmp_path) -> None:
    pages = [(as_bytes(page([(60, 60, words)], 600, 300)), "a.png") for words in (MARK, "建设学校")]
    told = []
    kept = tmp_path / "kept"
    how = Recognition(keep=kept, tell=lambda *at: told.append(at[1]))
    with recognising(how), pytest.raises(SecretError):
        extract_bytes(join_pages(pages, 9), "a.tiff", lambda *at: told.append(at))
    assert [at for at in told if at[0] is Stage.RECOGNISING] == [(Stage.RECOGNISING, 0, 2)]
    assert list(kept.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        f"关于学习宣传保守国家秘密法的通知\n{BODY}",
        f"{BODY}标有“{MARK}”的文件单独保管。\n",
        BODY + "（二）做好保密工作。\n" * 20 + f"{MARK}\n",  # not in the head
    ],
)
def test_a_file_that_speaks_of_secrets_is_read(text: str) -> None:
    assert extract_bytes(text.encode(), "a.txt").tasks


def test_a_correction_may_reveal_the_marking() -> None:
    with pytest.raises(SecretError, match="彻底删除") as caught:
        refuse_revealed(f"000012\n{MARK}\n{BODY}", "doc-1")
    assert "duban documents erase doc-1" in caught.value.hint
    refuse_revealed(f"关于学习宣传保守国家秘密法的通知\n{BODY}", "doc-1")
