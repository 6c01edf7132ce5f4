"""Markdown for group robots: the little that 企业微信, 钉钉 and 飞书 all show the same way.

None of them takes backslashes away, knows tables in every version, or (飞书) headings. Bold, links,
and lists are left; words of documents keep their signs as full-width ones, which are no markup.
"""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_ENTITIES = {"&lt;": "＜", "&gt;": "＞", "&amp;": "＆"}
_ENTITY = re.compile("|".join(_ENTITIES))
_HEADING = re.compile(r"#{1,6} (.*)")
_RULE = re.compile(r"\|( -+:? \|)+")
_WIDE = ord("！") - ord("!")


def write_chat(markdown: str) -> str:
    """A digest's Markdown in the robots' own: headings bold, each row of a table a line."""
    out: list[str] = []
    rows: list[list[str]] = []
    for line in [*markdown.splitlines(), ""]:
        if line.startswith("| "):
            if not _RULE.fullmatch(line):
                rows.append(line[2:-2].split(" | "))
            continue
        out += _table(rows)
        rows = []
        heading = _HEADING.fullmatch(line)
        out.append(f"**{heading[1]}**" if heading else "" if line == "---" else line)
    plain = _ESCAPED.sub(lambda found: chr(ord(found[1]) + _WIDE), "\n".join(out))
    plain = _ENTITY.sub(lambda found: _ENTITIES[found[0]], plain)
    return re.sub(r"\n{3,}", "\n\n", plain).strip() + "\n"


def _table(rows: list[list[str]]) -> list[str]:
    if not rows:
        return []
    head, *body = rows
    if len(body) == 1:  # one row of totals: each beside its name
        return ["｜".join(f"{name} {value}" for name, value in zip(head, body[0], strict=False))]
    return [f"- {'｜'.join(row)}" for row in rows]
