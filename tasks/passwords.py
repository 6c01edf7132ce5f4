"""Which passwords are refused: too short or long, or among the first that anyone tries.

NIST SP 800-63B-4, 3.1.1.2: a password is compared with those commonly used, expected or compromised
(words of dictionaries, repeated or sequential characters, the account's own name), and no rules of
composition are laid upon it.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from kb.errors import DubanError

SHORTEST = 10
"""Characters of a password (NIST SP 800-63B asks for at least 8 and no rules of composition)."""
LONGEST = 256
_FEWEST = 5
"""Different characters: `aaaaaaaaaa`, `abababababab` and `123412341234` have fewer."""
_LOOKALIKE = str.maketrans("013457@$!", "oleastasi")
_AROUND = r"[\W\d_]+"
"""What people put around a common word to make it longer: password123, !!admin2026."""
_RUNS = (
    "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "qwertyuiop", "asdfghjkl", "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "qazwsxedcrfvtgbyhnujmikolp",
)  # fmt: skip
"""Rows of the keyboard and the alphabet, of which pieces are tried first, backwards too."""
_PIECE = 4
"""A run of so many characters out of one of these is a piece of it."""
_COMMON = frozenset(Path(__file__).with_name("common_passwords.txt").read_text("utf-8").split())
"""What the lists of leaked passwords have most of, without what stands around it, and words of our
own house."""


def check_new(password: str, login: str = "") -> None:
    """Check a password that somebody is to have.

    Raises:
        DubanError: says why it is refused.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise DubanError(
            f"密码要 {SHORTEST} 到 {LONGEST} 个字 / a password has {SHORTEST} to {LONGEST} characters"
        )
    if why := find_weakness(password, login):
        raise DubanError(
            f"密码太容易猜: {why[0]} / the password is too easy to guess: {why[1]}",
            hint="用几个不相干的词连成一句 / use a phrase of several unrelated words",
        )


def find_weakness(password: str, login: str = "") -> tuple[str, str] | None:
    """Why a password would be among the first that are tried, in Chinese and English."""
    plain = unicodedata.normalize("NFKC", password).casefold()
    packed = "".join(plain.split())
    if not packed:
        return "只有空白", "it is all white space"
    if packed.isdigit():
        return "只有数字", "it is all digits"
    if len(set(packed)) < _FEWEST:
        return f"不同的字符不到 {_FEWEST} 个", f"it has fewer than {_FEWEST} different characters"
    if _is_run(packed):
        return "是键盘或字母表上相连的键", "it is a run of neighbouring keys or letters"
    forms = {re.sub(rf"^{_AROUND}|{_AROUND}$", "", form) for form in (packed, packed.translate(_LOOKALIKE))}  # fmt: skip
    forms |= {form.translate(_LOOKALIKE) for form in forms}
    forms |= {form[: len(form) // n] for form in set(forms) for n in (2, 3) if form and form[: len(form) // n] * n == form}  # fmt: skip
    name = "".join(unicodedata.normalize("NFKC", login).casefold().split())
    if name and name in forms:
        return "是登录名", "it is the sign-in name"
    if not forms.isdisjoint({*_COMMON, ""}):
        return "是很常见的密码", "it is a very common one"
    return None


def _is_run(packed: str) -> bool:
    """Whether it is made of pieces of rows, and digits, and of nothing else."""
    rest = packed
    while rest:
        most = max(
            (n for row in _RUNS for way in (row, row[::-1]) for n in range(_PIECE, len(rest) + 1) if rest[:n] in way),
            default=0,
        )  # fmt: skip
        if not most:
            return rest.isdigit() or not re.search(r"\w", rest)
        rest = rest[most:]
    return True
