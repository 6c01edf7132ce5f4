"""The catalogue has all words of the pages, and no others."""

import re
from pathlib import Path

import pytest

import api.service.pages
from api.service.pages import documents, words

PAGES = Path(api.service.pages.__file__).parent
_WORDS = re.compile(r"""\bt\(\s*(['"])(.*?)\1""")


def used() -> set[str]:
    """All words that templates and routes translate."""
    found = set(documents._KIND_NAMES.values())
    for path in (*PAGES.glob("*.py"), *PAGES.glob("templates/*.html")):
        found |= {match[2] for match in _WORDS.finditer(path.read_text(encoding="utf-8"))}
    return found | {"已保存"}


def test_every_word_has_its_english_and_none_is_left_over():
    assert used() == set(words.ENGLISH)


def test_both_languages_are_filled_in_alike(subtests):
    for chinese in sorted(words.ENGLISH):
        with subtests.test(chinese=str(chinese)):
            fields = re.compile(r"\{(\w+)\}")
            assert set(fields.findall(chinese)) == set(fields.findall(words.ENGLISH[chinese]))
            assert not re.search(r"[\u4e00-\u9fff]", words.ENGLISH[chinese])


def test_templates_hold_no_chinese_of_their_own():
    for path in PAGES.glob("templates/*.html"):
        rest = _WORDS.sub("", path.read_text(encoding="utf-8"))
        rest = re.sub(r"s\.side\(\(.*?\)\)", "", rest)
        # Names of languages, comparators and examples of names stay as they are.
        for kept in ("中文", "约", "区教委、区公安局", "总览", "、", "；"):
            rest = rest.replace(kept, "")
        assert not re.findall(r"[\u4e00-\u9fff]+", rest), path.name


def test_an_unknown_word_is_an_error():
    with pytest.raises(KeyError):
        words.translate("没有的词", "en")
