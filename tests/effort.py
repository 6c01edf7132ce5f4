"""How much something does, the same on a busy machine as on an idle one."""

import sys
from collections.abc import Callable
from types import FrameType


def calls_of(act: Callable[[], object]) -> int:
    """How many functions are called until it ends, of Python and of C."""
    count = 0

    def see(_frame: FrameType, event: str, _of: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    former = sys.getprofile()
    sys.setprofile(see)
    try:
        act()
    finally:
        sys.setprofile(former)
    return count
