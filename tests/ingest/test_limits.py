"""What a file may take: worst cases are read within their budget, what exceeds it is given up."""

import os
import re
import select
import signal
import subprocess
import sys

import pytest

from ingest import apart
from ingest.apart import Reader, ReaderFailedError, Reading
from ingest.limits import budget_of
from ingest.pipeline import extract_bytes
from ingest.reading_process import _as_json
from kb.errors import SourceError
from tests.ingest.readers.drawn import as_bytes, page

PLAN = "某区工作方案\n一、加强管理\n1.2025年底前建成学校20所。（责任单位：区教委）\n"
HEAD = "某区工作方案\n一、加强管理\n1.做好各项工作"
CELL = "<td><p>文</p></td>"

# One of each kind that was looked at again from every place, or again for every part of it: some
# took hours. Each takes an eighth of its budget or less: where other work
# shares the core, processor time was seen to grow three times and a half.
WORST = {
    "percents run together.txt": HEAD + "10%" * 1_500,
    "leader dots.txt": f"{HEAD}\n{'…' * 40_000}完\n",
    "contents.txt": f"目录\n{'.' * 40_000}x\n{HEAD}\n",
    "row.html": f"<html><body><table><tr>{CELL * 4_000}</tr></table></body></html>",
    "tables in tables.html": f"<html><body>{'<table><tr><td>文</td><td>' * 80}{'文' * 30_000}</body></html>",
    "cells beside rows.html": f"<html><body><table><tr><td>任务<td>责任单位{'<tr><td rowspan=1000>文<td rowspan=1000>区教委' * 1_000}</table></body></html>",
    "scripts.html": f"<html><body>{'<p>文</p><script>x</script>' * 4_000}</body></html>",
    "nested.html": f"<html><body>{('<div>文' * 200 + '</div>' * 200) * 20}</body></html>",
    "spaces.txt": f"{HEAD}{' ' * 60_000}前\n",
    "title.txt": f"某区{' ' * 60_000}工作方案\n{HEAD}\n",
    "year and spaces.txt": f"{HEAD}2025年{' ' * 60_000}区\n",
    "standard and spaces.txt": f"{HEAD}GB{' ' * 60_000}区\n",
    "attachment and spaces.txt": f"{HEAD}\n附件{' ' * 60_000}区\n",
    "owners and spaces.txt": f"{HEAD}\n（责任单位：区教委{' ' * 60_000}）\n",
    "comma and spaces.txt": f"{HEAD}。区教委,{' ' * 60_000}区公安局要加强\n",
    "denominators.txt": HEAD + "一1" * 4_000,
    "lost ordinals.txt": f"{HEAD}\n" + "、主要任务\n" * 800,
    "lost numbers.txt": "一、管理\n" + "1.学业水平达到级以上20所。\n" * 800,
    "dates.txt": HEAD + "2025年6月至8月，" * 800,
    "milestones.txt": HEAD + "2025年6月底前完成20%。" * 800,
    "recurring.txt": HEAD + "。2025年6月底前完成。\n" + "每年6月底前新增3所，" * 600,
    "stems.txt": HEAD + "区公安、应急管理等部门，" * 1_200,
    "working days.txt": HEAD + "。自竣工之日起2000000个工作日内，" * 400,
}


@pytest.fixture(autouse=True)
def started(monkeypatch) -> None:
    """Each process is started as ever, not forked from another."""
    monkeypatch.setattr(apart, "subprocess", subprocess)


def test_what_is_made_to_be_read_for_ever_is_read():
    with Reader() as reader:
        for name, text in WORST.items():
            assert reader.extract(text.encode(), name).clauses, name


def _limited(seconds: float, per_mb: float) -> tuple[str, str]:
    """The process that reads, with other limits of time."""
    return (
        "-c",
        "import sys; from ingest import limits, reading_process;"
        f"limits.SECONDS, limits.SECONDS_PER_MB = {seconds}, {per_mb}; reading_process.main(sys.argv[1:])",
    )


def test_what_one_file_takes_is_not_the_next_ones(monkeypatch):
    # The long one takes about a second of its seven, twice what the short ones may.
    monkeypatch.setattr(apart, "_PROCESS", _limited(0.5, 100))
    with Reader() as reader:
        for text in (PLAN, PLAN * 600, PLAN):
            assert reader.extract(text.encode(), "方案.txt").tasks


def test_a_text_of_nothing_but_duties_leaves_room():
    """One of 1 MB with 8,000 duties took all of its budget. What it takes is a line through two
    shorter ones: to read it itself takes seconds."""
    read = """if True:
        import sys
        from ingest.limits import _forget_peak, memory_peak
        from ingest.pipeline import extract_bytes
        from ingest.reading_process import _as_json
        for text in sys.stdin.read().split(chr(0)):
            _forget_peak()
            found = extract_bytes(text.encode(), "duties.txt")
            told = [*_as_json(found)]
            print(len(found.tasks), memory_peak())
            del found, told
        """
    few, many, most = (_duties(count) for count in (500, 1_000, 8_000))
    data = f"{few}\0{many}".encode()
    ran = subprocess.run([sys.executable, "-c", read], input=data, capture_output=True, check=True)
    tasks, least, more, peak = map(int, ran.stdout.split())
    assert (tasks >= 500, more >= 1_000) == (True, True)
    assert peak + 14 * (peak - least) <= 0.9 * budget_of(len(most.encode())).memory


def _duties(count: int) -> str:
    duties = "".join(
        f"{n}.区教委要在2026年{n % 12 + 1}月底前完成第{n}项工作，达到{n % 100}%以上。（责任单位：区教委、区财政局）\n"
        for n in range(3, count + 3)
    )
    return f"{PLAN}2.自印发之日起5个工作日内报送方案。（责任单位：区教委）\n{duties}"


@pytest.mark.parametrize(
    "text", [PLAN, "各位：", f"{PLAN}2.达到级以上20所。《某办法》〔2020〕1号\n附件：表"]
)
def test_facts_told_in_parts_are_the_json_of_the_whole(text):
    found = extract_bytes(text.encode(), "plan.txt")
    assert b"".join(_as_json(found)) == found.model_dump_json().encode()


def test_what_takes_too_much_memory_is_given_up_with_its_reason_and_its_place():
    text = "一、管理\n" + "1.\n" * 120_000  # each three bytes are a fact of a kilobyte
    with Reader() as reader:
        with pytest.raises(SourceError) as caught:
            reader.extract(text.encode(), "大.txt")
        told = caught.value
        assert "内存 157 MB" in told.message
        assert "157 MB of memory" in told.message
        assert "停在: " in told.message
        assert told.path == "大.txt"
        assert told.hint
        assert reader.extract(PLAN.encode(), "方案.txt").tasks, "the next is read"


def test_pages_that_are_recognised_have_a_budget_of_their_own():
    # A small file: with what its bytes allow it could not even load the model.
    lines = ["一、加强管理", "1.区教委2025年底前建设学校5所。"]
    scan = as_bytes(page([(40, 40 + 90 * n, line) for n, line in enumerate(lines)], 900, 300))
    with Reader() as reader:
        assert "学校5所" in reader.extract(scan, "扫描.png").document.text
        reader.look(scan, "扫描.png")
        assert reader.extract(PLAN.encode(), "方案.txt").tasks, "the next is read"


def test_what_takes_too_much_time_is_given_up_with_its_reason_and_its_place(monkeypatch):
    # It comes to its clauses in 0.2 s, and is in them for ten.
    monkeypatch.setattr(apart, "_PROCESS", _limited(1.2, 0))
    text = "一、管理\n" + f"1.建成{'20%、' * 400}\n" * 50
    with Reader() as reader, pytest.raises(SourceError) as caught:
        reader.extract(text.encode(), "大.txt")
    assert "(处理器时间 1.2 秒)" in caught.value.message
    assert "1.2 s of the processor" in caught.value.message
    assert re.search(r"停在: 读条款和任务, 第 \d+/51 条", caught.value.message)


WATCHED = """
import os, re, sys
from ingest import limits
limits._SPARE_SECONDS = 1
def exceeded(limit, _budget):
    os.write(1, limit.encode())
    os._exit(0)
with limits.watched(limits.Budget(0.2, 100_000_000), exceeded):
    {act}
print("done")
"""


@pytest.mark.parametrize(
    ("act", "code", "says"),
    [
        ("pass", 0, b"done\n"),
        ("while True: pass", 0, b"time"),
        ("re.match('(a+)+b', 'a' * 60)", 0, b"time"),  # within one match
        ("held = [bytearray(1_000_000) for _ in range(150)]\n    while True: pass", 0, b"memory"),
        ("held = bytearray(150_000_000)", 0, b"memory"),  # at once, seen at the end
        # Hears no signal for minutes: the system ends it.
        ("__import__('hashlib').pbkdf2_hmac('sha256', b'', b'', 10**9)", -signal.SIGXCPU, b""),
    ],
)
def test_what_is_watched(act, code, says):
    done = subprocess.run(
        [sys.executable, "-c", WATCHED.format(act=act)], stdout=subprocess.PIPE, check=False
    )
    assert (done.returncode, done.stdout) == (code, says)


def test_the_budget_is_what_was_promised():
    assert (budget_of(0).seconds, budget_of(0).memory) == (2.0, 150_000_000)
    assert (budget_of(3_000_000).seconds, budget_of(3_000_000).memory) == (32.0, 210_000_000)


def test_a_reader_that_dies_says_what_it_printed(monkeypatch):
    words = "import sys; sys.stderr.write('out of order'); sys.exit(5)"
    monkeypatch.setattr(apart, "_PROCESS", ("-c", words))
    with Reader() as reader, pytest.raises(ReaderFailedError, match="exit code 5: out of order"):
        reader.extract(PLAN.encode() * 10_000, "方案.txt")


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SourceError, match=r"none\.txt"):
        Reading(tmp_path / "none.txt", "方案.txt").extract()


PARENT = """
import os, signal, sys
from ingest import apart
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
if sys.argv[1] == "pipe":  # as where the system kills no children
    apart._PROCESS = ("-c", "import sys; from ingest import reading_process as process;"
                            "process.end_with = lambda _: None; process.main(sys.argv[1:])")
reader = apart.Reader()
reader.start()
print(reader._process.pid, flush=True)
if sys.argv[2] == "reading":
    reader.extract(("一、管理\\n" + "1.2025年建成学校20所。\\n" * 60_000).encode(), "大.txt")
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="waits for a process that is no child of ours")
@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("doing", ["reading", "waiting"])
@pytest.mark.parametrize("by", ["system", "pipe"])
def test_no_reader_outlives_its_parent(by, doing, way):
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, by, doing],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as parent:  # fmt: skip
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        try:
            parent.send_signal(way)
            parent.wait()
            ended, _, _ = select.select([child], [], [], 60)
            assert ended, "it goes on without its parent"
        finally:
            if not ended:
                signal.pidfd_send_signal(child, signal.SIGKILL)
            os.close(child)
