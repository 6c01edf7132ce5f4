"""The kinds of value that questions ask for, and that sentences hold."""

import pytest

from api.assistant.asked import Asked, asked_kinds, kinds_in, share_held

QUESTIONS = [
    ("镇里几个工作日内要把材料报上来", {Asked.TIME}),
    ("孩子一天要锻炼几个钟头", {Asked.TIME}),
    ("几个部门一起办", {Asked.COUNT}),
    ("几百万元", {Asked.MONEY}),
    ("一共要建多少所幼儿园", {Asked.COUNT}),
    ("补助多少万元", {Asked.MONEY}),
    ("提高几个百分点", {Asked.RATIO}),
    ("由谁牵头、什么时候完成", {Asked.PARTY, Asked.TIME}),
    ("县公安局局长现在是谁", {Asked.PERSON}),
    ("责任领导叫什么名字", {Asked.PERSON}),
    ("这三个中心分别叫什么名字", set()),
    ("管消防的是谁", {Asked.PARTY}),
    ("办事大厅的电话是多少", {Asked.CONTACT}),
    ("增长多少", {Asked.MEASURED}),
    ("申请要满足什么条件", set()),
    ("补贴要满足哪几个条件", set()),
    ("哪几个部门参加", {Asked.PARTY}),
    ("一共几个学校，哪几样要先办", {Asked.COUNT}),
    ("Which departments are responsible, and by which year?", {Asked.PARTY, Asked.TIME}),
    ("How much does a household get?", {Asked.MONEY}),
    ("The whole wholesale market", set()),
]
SENTENCES = [
    ("对符合条件的企业给予最高300万元补助。", Asked.MONEY, Asked.TIME),
    ("审核应当在5个工作日内完成。", Asked.TIME, Asked.MONEY),
    ("学生每天锻炼不少于2小时。", Asked.TIME, Asked.MONEY),
    ("责任领导：谢文涛", Asked.PERSON, Asked.MONEY),
    ("由县教育局牵头组织实施。", Asked.PARTY, Asked.PERSON),
    ("普及率达到95%以上。", Asked.RATIO, Asked.CONTACT),
    ("由县教育局牵头组织实施。", Asked.PARTY, Asked.MONEY),
    ("咨询电话：0591-83512345。", Asked.CONTACT, Asked.MONEY),
]


@pytest.mark.parametrize(("question", "kinds"), QUESTIONS)
def test_a_question_asks_for_kinds(question, kinds):
    assert asked_kinds(question) == kinds


@pytest.mark.parametrize(("sentence", "held", "lacking"), SENTENCES)
def test_a_sentence_holds_kinds(sentence, held, lacking):
    assert held in kinds_in(sentence)
    assert lacking not in kinds_in(sentence)
    assert kinds_in(sentence, frozenset({held, lacking})) == {held}


def test_the_share_of_kinds_held():
    asked = frozenset([Asked.MONEY, Asked.TIME])
    assert share_held(asked, "给予最高300万元补助") == 0.5
    assert share_held(frozenset(), "给予最高300万元补助") == 0.0
