"""Which passwords are refused, and that long ones of several words are not."""

import pytest

from kb.errors import DubanError
from tasks.access import Access
from tasks.authorisation import CONSOLE, PersonRole
from tasks.passwords import check_new
from tasks.people import People, Person
from tests.tasks.samples import NOW


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "10"),
        ("x" * 257, "256"),
        (" " * 10, "空白"),
        ("\u3000" * 12, "空白"),
        ("1234567890", "数字"),
        ("1357924680", "数字"),
        ("２０２６１１２７０１", "数字"),
        ("aaaaaaaaaa", "不同的字符"),
        ("ababababab", "不同的字符"),
        ("qwertyuiop", "相连"),
        ("1qaz2wsx3edc", "相连"),
        ("abcdefghij", "相连"),
        ("qwerty12345", "相连"),
        ("password123", "常见"),
        ("Password2026!", "常见"),
        ("P@ssw0rd12", "常见"),
        ("passwordpassword", "常见"),
        ("admin123456", "常见"),
        ("woaini1314520", "常见"),
        ("我的密码我的密码1234", "常见"),
        ("lihua20261127", "登录名"),
        ("correct horse battery", None),
        ("三只白鹭过江去也不回头", None),
        ("ten or more", None),
        ("K7#pq-Zr2!mX", None),
        ("passwordless ferries", None),
    ],
)
def test_what_anyone_would_try_first_is_refused_and_says_why(password, why):
    if why is None:
        check_new(password, "lihua")
        return
    with pytest.raises(DubanError, match=why) as refused:
        check_new(password, "lihua")
    assert " / " in refused.value.message


def test_it_is_refused_by_whoever_sets_it_and_nothing_is_changed(store):
    People(store).add(CONSOLE, Person(login="sun", name="孙", role=PersonRole.READER), NOW)
    access = Access(store)
    access.set_password(CONSOLE, "sun", "三只白鹭过江去也不回头", NOW)
    for weak in (" " * 10, "1234567890", "aaaaaaaaaa", "password123"):
        with pytest.raises(DubanError, match="容易猜"):
            access.set_password(CONSOLE, "sun", weak, NOW)
    assert access.check_password("sun", "三只白鹭过江去也不回头").login == "sun"
