"""Facts in words, as `tasks.words` says them: the assistant's names for them."""

from tasks.words import (
    ROLE_ZH,
    describe_distance,
    describe_due,
    describe_item,
    describe_number,
    describe_progress,
    describe_target,
    name_units,
    role_name,
    with_note,
)

__all__ = [
    "ROLE_ZH",
    "describe_distance",
    "describe_due",
    "describe_item",
    "describe_number",
    "describe_progress",
    "describe_target",
    "name_units",
    "role_name",
    "with_note",
]
