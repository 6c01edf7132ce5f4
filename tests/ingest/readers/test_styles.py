"""Text that nobody sees on the page, by whatever means, is no text of the document and is told."""

from __future__ import annotations

import pytest

from ingest.readers.colours import alike, is_transparent, read_colour
from ingest.readers.html import read_html

BODY = "".join(
    f"<p>{n}.建设学校{n}所，于{2020 + n}年底前完成第{n}批任务。</p>" for n in range(1, 9)
)
WORDS = "（九）区公安局2026年12月4日前完成。"


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        (f"<p style='color:#fff'>{WORDS}</p>", False),
        (f"<p style='color:#FFFFFF !important'>{WORDS}</p>", False),
        (f"<p style='color:White'>{WORDS}</p>", False),
        (f"<p style='color:rgb(255,255,255)'>{WORDS}</p>", False),
        (f"<p style='color:rgba(255, 255, 255, 1)'>{WORDS}</p>", False),
        (f"<p style='color:hsl(0,0%,100%)'>{WORDS}</p>", False),
        (f"<p style='color:#fdfdfe'>{WORDS}</p>", False),
        (f"<p style='color:transparent'>{WORDS}</p>", False),
        (f"<p style='color:rgba(0,0,0,0.0)'>{WORDS}</p>", False),
        (f"<p><font color=white>{WORDS}</font></p>", False),
        (f"<div style='color:#fff'><p><b>{WORDS}</b></p></div>", False),
        (f"<p style='color:#fff;background:#fff none'>{WORDS}</p>", False),
        (f"<p style='color:#fff;background-image:none'>{WORDS}</p>", False),
        (f"<p style='color:#c00;background-color:#c00'>{WORDS}</p>", False),
        (f"<p style='color:#fff;background-color:transparent'>{WORDS}</p>", False),
        (f"<p style='-webkit-text-fill-color:#fff;color:#000'>{WORDS}</p>", False),
        (f"<p style='text-indent:-9999px'>{WORDS}</p>", False),
        (f"<p style='position:absolute;left:-9999px'>{WORDS}</p>", False),
        (f"<p style='position:absolute;clip:rect(0 0 0 0)'>{WORDS}</p>", False),
        (f"<p style='height:0;overflow:hidden'>{WORDS}</p>", False),
        (f"<template><p>{WORDS}</p></template>", False),
        (f"<template>{WORDS}</template>", False),
        (f"<textarea>{WORDS}</textarea>", False),
        (f"<datalist><p>{WORDS}</p></datalist>", False),
        (f"<dialog><p>{WORDS}</p></dialog>", False),
        (f"<dialog open><p>{WORDS}</p></dialog>", True),
        (f"<p style='color:#333'>{WORDS}</p>", True),
        (f"<p style='color:red'>{WORDS}</p>", True),
        (f"<p style='color:#fff;background:#c00'>{WORDS}</p>", True),
        (f"<p style='color:#fff;background:url(a.png) #fff'>{WORDS}</p>", True),
        (f"<table bgcolor='#003366'><tr><td style='color:#fff'>{WORDS}</td></tr></table>", True),
        (f"<div style='color:#fff'><p style='color:#000'>{WORDS}</p></div>", True),
        (f"<div style='color:#fff'><p style='background:#00f'>{WORDS}</p></div>", True),
        (f"<p style='text-indent:-2em'>{WORDS}</p>", True),
        (f"<p style='position:relative;left:-9999px'>{WORDS}</p>", False),
        (f"<p style='left:-9999px'>{WORDS}</p>", True),  # counts only for what is placed
        (f"<p style='color:windowtext'>{WORDS}</p>", True),
    ],
)
def test_words_that_nobody_sees_are_no_text_and_told(hidden: str, shown: bool) -> None:
    page = f"<html><body><div>{BODY}{hidden}</div></body></html>"
    read = read_html(page.encode(), "page.html")
    assert (WORDS in read.text) == shown
    told = [f.code for f in read.findings if WORDS in f.message]
    assert told == ([] if shown else ["text-left-out"])


def test_a_dark_page_has_white_text() -> None:
    page = f"<html><body bgcolor='#000000' text='#ffffff'><div>{BODY}</div></body></html>"
    read = read_html(page.encode(), "page.html")
    assert "建设学校8所" in read.text
    assert not read.findings


def test_a_white_part_of_a_sentence_is_left_out_alone() -> None:
    page = f"<html><body>{BODY}<p>9.建校<span style='color:#fff'>900所并于</span>完成。</p></body></html>"
    read = read_html(page.encode(), "page.html")
    assert "9.建校完成。" in read.text
    assert "900所并于" in read.findings[0].message


@pytest.mark.parametrize(
    ("words", "colour"),
    [
        ("#fff", (255, 255, 255)),
        ("ffffff", (255, 255, 255)),
        ("#00000080", (0, 0, 0)),
        ("rgb(0 128 255)", (0, 128, 255)),
        ("rgb(100%, 0%, 0%)", (255, 0, 0)),
        ("hsl(120, 50%, 100%)", (255, 255, 255)),
        ("var(--main)", None),
        ("#ff", None),
        ("rgb(1.2.3, 4, 5)", None),
    ],
)
def test_colours(words: str, colour: tuple[int, int, int] | None) -> None:
    assert read_colour(words) == colour


def test_what_is_alike() -> None:
    assert alike((255, 255, 255), (250, 250, 250))
    assert not alike((255, 255, 255), (192, 192, 192))
    assert is_transparent("#FFF0")
    assert not is_transparent("rgba(0,0,0,0.05)")
