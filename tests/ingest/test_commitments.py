from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.columns import NO_CELLS
from ingest.commitments import find_commitment, words_of
from ingest.deadlines import FoundDeadline
from ingest.pipeline import extract_bytes
from ingest.reading import normalize_characters
from ingest.time_events import Before
from kb.language.quantities import find_quantities
from kb.language.times import find_times
from tasks.models import Deadline, DueKind

NOTICE = """关于做好城市运行保障工作的通知

各有关单位：

一、重点任务
{}

某市人民政府
2026年3月2日
"""


def pieces_of(text):
    """What each time of a text would govern as a deadline, with its place."""
    found = []
    for time in find_times(text, reference=date(2026, 3, 2)):
        before = Before(text, time.start)
        event = before.event() if time.duration else None
        at = event.opens if event else before.lead()
        found.append(FoundDeadline(at, time.end, Deadline(kind=DueKind.BY), (0, len(text))))
    bounds = {q.from_ for q in find_quantities(text) if q.from_ < q.start}
    dates = [item.at for item in found]
    return [
        (
            item,
            find_commitment(text, (0, len(text)), item, dates=dates, bounds=bounds, cells=NO_CELLS),
        )
        for item in found
    ]


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        # The date opens its part: what follows says all, with what is aimed at before it.
        ("到2027年，建成口袋公园60个。", ["建成口袋公园60个"]),
        ("市水务局疏浚河道，力争2026年底前新建泵站12座。", ["力争新建泵站12座"]),
        # Words stand before it in its part: no word is taken out.
        ("市文旅局要于2026年6月底前公布首批名单。", ["市文旅局要于2026年6月底前公布首批名单"]),
        ("按每年编制空缺和岗位需求，补充医护人员。", ["按每年编制空缺和岗位需求,补充医护人员"]),
        ("本市每年的用水计划由市水务局下达，并公布。", ["本市每年的用水计划由市水务局下达,并公布"]),
        # Too little is left: the parts before belong to it, and the date stays.
        ("更换老旧电梯80部，2026年10月底前完成。", ["更换老旧电梯80部,2026年10月底前完成"]),
        ("供热管网漏损率降低，2027年底前不高于8%。", ["供热管网漏损率降低,2027年底前不高于8%"]),
        ("2026年、2027年分别建成泵站3座和5座。", ["2026年、2027年分别建成泵站3座和5座"] * 2),
        # A list in brackets is no place to cut, nor are the dates in it.
        (
            "各区要在每季度末（分别在3月、6月，9月）报送台账，市城管局汇总。",
            ["各区要在每季度末(分别在3月、6月,9月)报送台账,市城管局汇总"] * 4,
        ),
        # What another date governs begins with its part, and the condition before that.
        (
            "受理申请后3个工作日内，窗口出具回执，材料不全的，15日内通知补正。",
            ["窗口出具回执", "材料不全的,15日内通知补正"],
        ),
    ],
)
def test_a_commitment_is_a_sentence_of_the_source(sentence, said):
    text = normalize_characters(sentence)
    assert [words_of(text, pieces) for _, pieces in pieces_of(text)] == said


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        # Beside a label: the sentence that it is said of, or where it is no label of time, its line.
        ("1.整治易涝点9处；清淤管渠30公里。（完成时限：2026年5月底）", "整治易涝点9处"),
        ("1.编制年度计划\n网上申报：2026年4月1日至4月20日", "网上申报:2026年4月1日至4月20日"),
        ("第一阶段：摸底排查（2026年3月—5月）。", "摸底排查"),
        # Its heading alone says nothing.
        ("1.护林防火\n各地要排查隐患，加强巡护。\n完成时限：年底前", "各地要排查隐患,加强巡护"),
    ],
)
def test_what_stands_apart_from_sentences_is_said_of_one(lines, said):
    tasks = extract_bytes(NOTICE.format(lines).encode(), "a.txt").tasks
    assert [m.commitment for t in tasks for m in t.milestones] == [said]


def test_the_commitment_of_a_row_is_its_duty():
    table = "序号\t任务\t具体内容\t责任单位\t完成时限\n1\t护林防火\t新建瞭望塔3座，配备防火车5辆\t市林业局\t6月底前\n"
    text = NOTICE.format(table)
    tasks = extract_bytes(text.encode(), "a.txt").tasks
    assert [m.commitment for t in tasks for m in t.milestones] == ["新建瞭望塔3座,配备防火车5辆"]


_PARTS = st.lists(
    st.sampled_from(
        [
            "市民政局牵头", "新建养老床位200张", "到2027年建成示范点5个", "2026年底前", "完成",
            "每年更新台账", "材料（甲、乙，丙）齐全的", "力争2028年前达到90%以上",
            "各区应当在30日内报送方案", "其中农村不少于30%", "自印发之日起施行",
        ]
    ),
    min_size=1,
    max_size=6,
)  # fmt: skip


@given(st.lists(_PARTS, min_size=1, max_size=3), st.sampled_from("。;"))
def test_a_commitment_is_whole_parts_of_its_sentence_without_more_than_the_date(sentences, stop):
    text = normalize_characters(stop.join("，".join(parts) for parts in sentences) + stop)
    edges = {p for p, character in enumerate(text) if character in ",。;"}
    for item, pieces in pieces_of(text):
        (start, end) = pieces[0][0], pieces[-1][1]
        assert start < end
        opened = text[max(0, item.at - 1) : item.at] in ("", ",", stop)
        assert start == 0 or start - 1 in edges or (opened and start >= item.to)
        assert end in edges
        assert text[start:end].count("(") == text[start:end].count(")")
        for (_, left), (right, _) in pairwise(pieces):
            assert left <= item.at < item.to <= right
            assert not set(text[item.to : right]) - {","}
            assert text[left : item.at] in ("", "在", "于")
