"""Text in cells: formulas cannot be smuggled in, and any text comes back as it went out."""

import csv
import io

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.exports.cells import (
    CELL_LIMIT,
    decode_cell,
    encode_cell,
    guard,
    is_risky,
    plain,
    unguard,
)

ANY = st.text(max_size=60)
TROUBLE = st.text(st.sampled_from("=+-@\t\r\n' ＝A_x0041\x00\x0b\ufffe😀"), max_size=30)


@pytest.mark.parametrize(
    ("text", "guarded"),
    [
        ("=1+1", "'=1+1"),
        ("+86 23", "'+86 23"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\n=x", "'\n=x"),
        ("  =cmd|' /C calc'!A0", "'  =cmd|' /C calc'!A0"),
        ("＝1", "'＝1"),
        ("'=1", "''=1"),
        ("'普通", "'普通"),
        ("a=1", "a=1"),
        ("建校", "建校"),
        ("", ""),
    ],
)
def test_guard(text, guarded):
    assert guard(text) == guarded
    assert unguard(guarded) == text


@given(ANY | TROUBLE)
def test_a_guarded_text_is_no_formula_and_comes_back(text):
    assert unguard(guard(text)) == text
    assert guard(text)[:1] not in {*"=+-@\t\r\n＝＋－＠"}
    assert not guard(text).lstrip().startswith(("=", "+", "-", "@"))


@given(st.lists(ANY.filter(lambda t: "\x00" not in t) | st.just("=1\r\n\"'"), max_size=4))
def test_csv_keeps_guarded_text(texts):
    out = io.StringIO(newline="")
    csv.writer(out).writerow([guard(t) for t in [*texts, "end"]])
    [cells] = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert [unguard(c) for c in cells] == [*texts, "end"]


@given(ANY | TROUBLE)
def test_a_cell_holds_any_text(text):
    written = encode_cell(text)
    assert decode_cell(written) == text
    sheet = openpyxl.Workbook().active
    sheet["A1"] = written  # raises on a character that XML cannot hold


@pytest.mark.parametrize("text", ["字" * 40_000, "\x01" * 9_000, "😀" * 20_000, "_x0041_" * 5000])
def test_long_text_is_cut_to_what_a_cell_holds(text):
    written = encode_cell(text)
    assert len(written.encode("utf-16-le")) // 2 <= CELL_LIMIT
    assert len(written) > CELL_LIMIT // 3
    shown = decode_cell(written)
    assert shown[-1] == "…"
    assert text.startswith(shown[:-1])
    assert encode_cell(shown) == written, "what was cut once stays as it is"


def test_plain_text_has_only_what_xml_and_calendars_hold():
    assert plain("一\x00二\x0b三\r\n四\r五\ud800") == "一\ufffd二\ufffd三\n四\n五\ufffd"
    assert not is_risky("1=1")
