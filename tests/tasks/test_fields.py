import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.authorisation import Actor
from tasks.fields import FieldError, check_words, read_fields
from tasks.models import Deadline


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"login": "li"}, "roles"),  # missing
        ({"login": "li", "roles": ["king"]}, "roles.0"),
        ({"login": "li", "roles": [], "age": 3}, "age"),  # unknown
    ],
)
def test_the_field_that_is_wrong_is_named(values, named):
    with pytest.raises(FieldError, match=rf"字段 {named} .* / field {named} "):
        read_fields(Actor, values)


def test_right_fields_are_read():
    assert read_fields(Deadline, {"kind": "by", "date": "2025-12-31"}).date.year == 2025


@pytest.mark.parametrize("printed", ["a\x00b", "\udcff", "好\ud800"])
def test_what_no_database_keeps_is_refused(printed):
    with pytest.raises(FieldError, match=r"理由.*the reason"):
        check_words("理由", "reason", printed)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_all_else_is_kept(printed):
    assert check_words("理由", "reason", printed) == printed.strip()


def test_length_is_counted_without_the_space_around():
    assert check_words("名", "name", " 一二 ", longest=2) == "一二"
    with pytest.raises(FieldError, match="最多 2"):
        check_words("名", "name", "一二三", longest=2)
