"""The part of `make bench` about worst cases: does reading take time in proportion to what is read?

Texts and pages are generated that make a reader look at the same characters again and again: runs
of one token, alternations of two, runs one after another, long lines and many short ones, brackets,
rows, near misses of dates, lists and headings. A case fails where twice of it takes more than 2.2
times as long; the function that grows most is named. `python -m tests.bench_limits NAME` measures
the cases whose names hold NAME.
"""

from __future__ import annotations

import cProfile
import itertools
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

from ingest.limits import budget_of
from ingest.pipeline import extract_bytes
from kb.errors import DubanError

MOST = 2.2
GOAL = "worst cases: twice the input, times as long"
_FLOOR = 0.05
"""Seconds; less is not judged: what is done once a file outweighs it."""
_LARGEST = 400_000
_CAP = 20.0
_TRIES = 5

HEAD = "某区工作方案\n一、加强管理\n1.做好各项工作"
LISTED = f"{HEAD}。（责任单位：区教委、"
PAGE = "<html><body><div>"

# Each stands for its kind: what a pattern of ours repeats, or begins with.
TOKENS = [
    "1", "10%", "%", "、", "，", "。", "：", "（", "）", "(", "《", "》", "“", "年", "月", "日", "2025年",
    "6月", "2025年6月底前", "前", "第", "到", "至", "从", "每", "每年", "个", "元", "20所", "百分之", "分之",
    "一", "十", "万", "亿", "半", "点", "成", "…", ".", "-", "—", " ", "\u3000", "\t", "\n", "\r\n", "１", "％",
    "GB", "附件", "目录", "等部门", "、区公安", "区教委", "责任单位：", "牵头", "配合", "由", "要", "按照", "学校",
    "不低于", "分别", "约", "最高", "每人", "3-", "1,", "10元/", "小学", "率", "①", "（一）", "第一条", "〔2022〕3号", "工作日", "30日内", "之日起", "十四五",
]  # fmt: skip
PAIRED = [
    "1", "10%", "、", "，", "。", "（", "）", "《", "年", "月", "2025年", "到", "每年", "20所", "分之", "一", "万", "点",
    "…", ".", "-", " ", "\n", "GB", "附件", "等部门", "区教委", "责任单位：", "要", "不低于", "分别",
]  # fmt: skip
TAGS = [
    "<b>", "<p>", "<div>", "<br>", "<td>", "<tr>", "<table>", "</div>", "<!--", "<a href=x>文</a>",
    "<script>x</script>", "<!--x-->文", "<p>文<script>x</script>", "<li>文", "<span>文", "&amp;", "<p>索引号：",
    "<input>文", "<td>文", "<tr><td><p>文</p>",
]  # fmt: skip
NEAR = {
    "almost a date": "2025年13月32 ", "almost a range": "2025年6月至区 ", "almost a percent": "12.5 ％ 1 ",
    "almost a list": "（责任单位 区教委、", "almost a heading": "\n一1、", "almost a standard": "GB/T 区",
    "almost a number": "教发〔2022 3号", "almost a repair": "（责任单位：区教委  )", "almost a period": "（2022-2027",
    "almost a title": "关于加强 ", "lost marks": "\n、主要任务", "a contents line": "\n附件1……12",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """`make` gives about that many characters; the suffix of `file` says how they are read."""

    name: str
    make: Callable[[int], str]
    file: str = "case.txt"

    def data(self, size: int) -> bytes:
        """The bytes of about `size` characters."""
        return self.make(size).encode()


def cases() -> Iterator[Case]:
    """All cases."""
    for token in TOKENS:
        told = ascii(token)
        yield Case(f"run of {told}", _run("", token))
        yield Case(f"run of {told} in a clause", _run(HEAD, token))
        yield Case(f"run of {told} in a list of owners", _run(LISTED, token))
        yield Case(f"lines of {told}", _run("", token + "\n"))
        yield Case(f"run of {told}, page", _run(PAGE, token), "case.html")
    for first, second in itertools.combinations(PAIRED, 2):
        told = f"{first!a} and {second!a}"
        yield Case(f"{told} in turn", _run(HEAD, first + second))
    for first, second in itertools.permutations(PAIRED[::2], 2):
        yield Case(f"{first!a}, then {second!a}", _halves(HEAD, first, second))
    for tag in TAGS:
        yield Case(f"run of {tag}", _run(PAGE, tag), "case.html")
    for name, text in NEAR.items():
        yield Case(name, _run(HEAD, text))
    yield from _shapes()


def _shapes() -> Iterator[Case]:
    row = "<table><tr>" + "<td><p>文</p></td>"
    yield Case("a wide row", _run(PAGE + row, "<td><p>文</p></td>"), "case.html")
    yield Case("wide rows", _run(PAGE + "<table>", f"<tr>{'<td>文</td>' * 200}</tr>"), "case.html")
    nest = "<div>文" * 120 + "</div>" * 120
    yield Case("nested elements", _run(PAGE, nest), "case.html")
    spans = "<span>文" * 100 + "</span>" * 100
    yield Case("nested cells of a header", _run(PAGE, f"<p>{spans}</p>"), "case.html")
    yield Case("nested brackets", lambda n: f"{HEAD}{'（' * (n // 2)}{'）' * (n // 2)}")
    yield Case("nested titles", lambda n: f"{HEAD}{'《' * (n // 2)}{'》' * (n // 2)}")
    yield Case("a tabbed row", _run(HEAD, "责任单位\t区教委\t20所\t"))
    heads = ("序号", "任务", "牵头单位", "配合单位", "时限")
    cells = ("1", "建成学校20所", "区教委", "区财政局、区公安局", "2026年6月底前")
    for name, mark, end in (("tabs", "\t", "\n"), ("strokes", "|", "\n"), ("lines", "\n", "\n\n")):
        row, head = mark.join(cells) + end, mark.join(heads) + end
        yield Case(f"a table of text, {name} between its cells", _run(f"工作方案\n{head}", row))
    yield Case("one long line", _run(HEAD, "到2025年，建成学校20所（责任单位：区教委），"))
    yield Case("one clause of many lists", _run(HEAD, "到2025年，建成学校20所（区教委牵头）。"))
    yield Case("one clause of many dates", _run(HEAD, "2025年6月底前完成20%。每年新增3所，"))
    yield Case("many clauses", _run("一、加强管理\n", "1.到2025年建成学校20所。\n"))
    yield Case("many clauses of three characters", _run("一、加强管理\n", "1.建成学\n"))
    yield Case("many plans", _run("", "某区工作方案\n一、加强管理\n1.做好工作。\n附件1\n"))
    yield Case("many attachments", _run(f"{HEAD}\n", "附件1：清单\n附件2\n分工表\n1.做好工作。\n"))
    yield Case("many losses", _run("一、加强管理\n", "1.学业水平达到级以上20所。\n"))
    yield Case("a title of spaces", lambda n: f"某区{' ' * n}工作方案\n一、加强管理\n1.做好。")
    yield Case("spaces, then a word", lambda n: f"{HEAD}2025年{' ' * n}前。")
    yield Case("a list of spaces", lambda n: f"{HEAD}。\n（责任单位：区教委{' ' * n}）")
    yield Case("a contents of dots", lambda n: f"目录\n一、任务{'.' * n}x\n{HEAD}")
    yield Case("units named by stems", _run(HEAD, "区公安、应急管理等部门，"))
    yield Case("working days beyond the calendar", _run(HEAD, "自印发之日起99999999个工作日内，"))


def _run(head: str, token: str) -> Callable[[int], str]:
    return lambda size: head + token * max(1, size // len(token))


def _halves(head: str, first: str, second: str) -> Callable[[int], str]:
    return lambda size: (
        head + first * (size // 2 // len(first)) + second * (size // 2 // len(second))
    )


@dataclass(frozen=True, slots=True)
class Growth:
    """How a case grows: `times` as long for twice the input of `size` bytes, which took `seconds`;
    `stage` is what grew most, where it is too much."""

    case: str
    times: float
    seconds: float
    size: int
    stage: str = ""


def measure_case(case: Case) -> Growth | None:
    """The growth of a case at the smallest size worth judging; None where it never takes long."""
    size = 2_000
    taken = _seconds(case, size)
    while taken < _FLOOR and size < _LARGEST:
        size *= 2
        taken = _seconds(case, size)
    if taken < _FLOOR:
        return None
    twice = _seconds(case, 2 * size)
    for _ in range(_TRIES):  # the shortest of several: what else runs only adds
        if twice <= MOST * taken or twice >= _CAP:
            break
        taken, twice = min(taken, _seconds(case, size)), min(twice, _seconds(case, 2 * size))
    times = twice / taken
    stage = _grown(case, size) if times > MOST else ""
    return Growth(case.name, times, taken, len(case.data(size)), stage)


class _LongError(BaseException):
    """A case has taken longer than is waited for."""


def _read(data: bytes, name: str) -> None:
    def ring(_: int, __: FrameType | None) -> None:
        raise _LongError

    former = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, _CAP)
    try:
        extract_bytes(data, name)
    except (DubanError, _LongError):
        pass  # what is refused is refused in time
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, former)


def _seconds(case: Case, size: int) -> float:
    data = case.data(size)
    began = time.process_time()
    _read(data, case.file)
    return time.process_time() - began


def _grown(case: Case, size: int) -> str:
    """The function whose own time is furthest beyond twice of what it was for half the input."""
    once, twice = _own_times(case, size), _own_times(case, 2 * size)
    return max(twice, key=lambda name: twice[name] - 2 * once.get(name, 0.0), default="")


def _own_times(case: Case, size: int) -> dict[str, float]:
    profile = cProfile.Profile(builtins=False)  # a pattern's time is its caller's
    data = case.data(size)
    profile.enable()
    _read(data, case.file)
    profile.disable()
    times: dict[str, float] = {}
    for entry in profile.getstats():
        if not isinstance(entry.code, str):
            place = "/".join(entry.code.co_filename.split("/")[-2:])
            name = f"{place}:{entry.code.co_qualname}"
            times[name] = times.get(name, 0.0) + entry.inlinetime
    return times


def measure_limits(named: str = "") -> dict[str, Any]:
    """All figures: `rows` for the table, `goals` name to value, `limits` name to the most."""
    for case in (Case("", _run(HEAD, "1")), Case("", _run(PAGE, "<p>1"), "case.html")):
        _read(case.data(10), case.file)  # the lexicon is loaded once a process
    found = [growth for case in cases() if named in case.name and (growth := measure_case(case))]
    found.sort(key=lambda growth: -growth.times)
    heavy = max(found, key=lambda g: g.seconds / budget_of(g.size).seconds, default=None)
    rows = [
        (
            f"{growth.case} ({growth.size:,} bytes in {growth.seconds:.2f} s)",
            f"twice takes {growth.times:.2f} times {growth.stage}",
        )
        for growth in found
        if growth.times > MOST or growth in found[:3]
    ]
    rows.append(("worst cases judged", f"{len(found)} of {sum(1 for _ in cases())}"))
    if heavy is not None:
        rate = heavy.seconds / heavy.size * 1_000_000
        rows.append((f"nearest to its budget: {heavy.case}", f"{rate:.1f} s/MB"))
    goals = {GOAL: found[0].times if found else 0.0}
    return {"rows": rows, "goals": goals, "limits": {GOAL: MOST}}


if __name__ == "__main__":
    print(json.dumps(measure_limits(*sys.argv[1:2]), ensure_ascii=False, indent=1))
