"""Characters by evidence: the same text from every encoding, whatever the file declares."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers import decode, read_bytes
from ingest.readers.encoding import decode_bytes
from ingest.readers.plausibility import plausibility
from kb.errors import SourceError

TEXTS = {
    "simplified": (
        "某区人民政府办公室关于印发教育工作方案的通知\r\n一、总体要求\n（一）加强领导。各单位要高度重视，抓好落实。\n"
        "1.到2025年，建成示范校20所。\r\n责任单位：区教委、区公安局\n"
    ),
    "traditional": "某區人民政府辦公室關於印發教育工作方案的通知\n1.到2025年，建成示範校20所。\n責任單位：區教育局\n",
    "ruled": "┌────────────────────────┐\n一、各单位要高度重视，抓好落实。\n",
    "sentence": "区教委负责。",
    "name": "区教委",
    "two characters": "通知",  # whose GBK bytes are valid UTF-8
}
ENCODINGS = (
    "utf-8", "utf-8-sig", "gbk", "gb18030", "big5", "utf-16", "utf-16-le", "utf-16-be", "utf-32",
    "utf-32-le", "utf-32-be",
)  # fmt: skip
DECLARED = (None, "utf-8", "gb2312", "iso-8859-1", "windows-1252", "big5", "utf-16", "nonsense")
FAMILY = {
    "utf-8": "UTF-8", "gbk": "GB18030", "gb18030": "GB18030", "gb2312": "GB18030", "big5": "Big5",
    "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "utf-16": "UTF-16", "utf-32-le": "UTF-32", "utf-32-be": "UTF-32",
}  # fmt: skip
BYTE_ORDER_MARKS = {"utf-8-sig", "utf-16", "utf-32"}
SHORT_IN_WIDE = {"two characters"}
"""Any four bytes are two characters of UTF-16: not without a mark of order."""


def encoded() -> list[tuple[str, str, str]]:
    """(name of the text, its characters, encoding) for all that the encoding can say."""
    found = []
    for name, text in TEXTS.items():
        for encoding in ENCODINGS:
            try:
                text.encode(encoding)
            except UnicodeEncodeError:
                continue
            if not (name in SHORT_IN_WIDE and encoding[-2:] in ("le", "be")):
                found.append((name, text, encoding))
    return found


def test_a_text_file_gives_its_characters_from_every_encoding() -> None:
    for name, text, encoding in encoded():
        source = read_bytes(text.encode(encoding), "plan.txt")
        assert source.text == text, (name, encoding)
        assert source.findings == (), (name, encoding)


@pytest.mark.parametrize("form", ["html", "xhtml"])
def test_a_page_gives_its_characters_whatever_it_declares(form: str) -> None:
    for name, text, encoding in encoded():
        for declared in DECLARED:
            told = ""
            if declared:
                told = f'<meta charset="{declared}">'
                if form == "xhtml":
                    told = (
                        f'<meta http-equiv="Content-Type" content="text/html; charset={declared}"/>'
                    )
            page = f"<html><head>{told}</head><body>{''.join(f'<p>{x}</p>' for x in text.split())}"
            if form == "xhtml" and declared:
                page = f'<?xml version="1.0" encoding="{declared}"?>\n{page}'
            source = read_bytes(f"{page}</body></html>".encode(encoding), "page.html")
            assert source.text.split() == text.split(), (name, encoding, declared)
            doubts = [f for f in source.findings if f.code == "charset-mismatch"]
            wrong = bool(
                declared
                and encoding not in BYTE_ORDER_MARKS
                and FAMILY.get(declared) != FAMILY[encoding]
            )
            assert bool(doubts) == wrong, (name, encoding, declared)


LONG = "一、总体要求\n（一）加强领导。各单位要高度重视，抓好落实。\n" * 40


@pytest.mark.parametrize(
    ("mark", "encoding", "says"),
    [
        (codecs.BOM_UTF8, "gbk", ("UTF-8", "GB18030")),
        (codecs.BOM_UTF16_LE, "utf-8", ("UTF-16LE", "UTF-8")),
        (codecs.BOM_UTF16_LE, "utf-16-be", ("UTF-16LE", "UTF-16BE")),
        (codecs.BOM_UTF16_BE, "gbk", ("UTF-16BE", "GB18030")),
    ],
)
def test_a_mark_of_order_that_the_bytes_contradict_is_told(mark, encoding, says) -> None:
    source = read_bytes(mark + LONG.encode(encoding), "plan.txt")
    assert source.text == LONG
    [finding] = source.findings
    assert finding.code == "charset-mismatch"
    assert all(word in finding.message for word in says)


GBK, UTF8 = LONG.encode("gbk"), LONG.encode()


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (UTF8 + GBK, 81),
        (GBK + UTF8, 81),
        (GBK + "任务\n".encode() + GBK, 81),
        (GBK + "各单位要高度重视，抓好落实".encode("gbk") + "各单位要高度重视，抓好落实".encode(), 81),
        (GBK[:1001] + b"\xff" + GBK[1001:], GBK[:1001].count(b"\n") + 1),
        (UTF8[:1001] + b"\xff" + UTF8[1002:], UTF8[:1001].count(b"\n") + 1),
        (b"caf\xe9", 1),
    ],
    ids=["utf-8 then gbk", "gbk then utf-8", "one line of utf-8", "inside a line", "a broken byte in gbk",
         "a broken byte in utf-8", "no Chinese encoding"],
)  # fmt: skip
def test_what_is_of_no_one_encoding_is_refused_with_its_line(data: bytes, line: int) -> None:
    for name, whole in (("a.txt", data), ("a.html", b"<html><body>" + data)):
        with pytest.raises(SourceError, match="编码") as caught:
            read_bytes(whole, name)
        assert f"第 {line} 行" in caught.value.message
        assert f"line {line} " in caught.value.message


@pytest.mark.parametrize(
    ("wrong", "right"), [("gb18030", "utf-8"), ("latin-1", "utf-8"), ("latin-1", "gbk")]
)
def test_a_text_garbled_before_it_was_saved_is_refused(wrong: str, right: str) -> None:
    garbled = LONG.encode(right).decode(wrong, "ignore")
    with pytest.raises(SourceError, match="乱码"):
        read_bytes(garbled.encode(), "plan.txt")


@pytest.mark.parametrize(
    "text", ["hôtel sûr où dû", "αβγδ ε", "Москва", "é", "· a · b · c", "ôû", "龘靐齉爩"]
)
def test_other_letters_in_utf_8_are_what_they_are(text: str) -> None:
    assert decode_bytes(text.encode(), "a.txt").text == text


def test_a_western_page_is_read_as_it_declares() -> None:
    page = '<html><meta charset="iso-8859-1"><p>caf\xe9 na\xefve</p></html>'
    assert read_bytes(page.encode("latin-1"), "a.html").text == "café naïve\n"


def test_wrong_characters_weigh_less_than_right_ones() -> None:
    for wrong in ("gb18030", "big5hkscs"):
        other = "utf-8" if wrong == "gb18030" else "gb18030"
        garbled = LONG.encode(other).decode(wrong, "ignore")
        assert plausibility(garbled) < 0.75 < 1.3 < plausibility(LONG)


@given(st.binary(max_size=120))
def test_any_bytes_give_the_same_again_or_are_refused(data: bytes) -> None:
    for name in ("a.txt", "a.html"):
        try:
            source = read_bytes(data, name)
        except SourceError:
            continue
        assert decode(data, source.media_type, name) == source.text
        source.text.encode()  # no lone surrogate
