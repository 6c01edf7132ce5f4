"""A language model plans, picks and sums up: a scripted server on loopback that behaves and misbehaves."""

import json
import time
from datetime import date
from http.server import BaseHTTPRequestHandler

import pytest

from api.assistant.mentions import is_borne
from api.assistant.model import ModelSettings, WordedAssistant
from api.assistant.reply import AnswerOutcome
from kb.language.jurisdictions import Jurisdiction, Level
from kb.language.organisations import organisations_for
from tests.evaluation.questions import assistant
from tests.loopback import serving

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1", "localhost"])]
TODAY = date(2026, 11, 24)
QUESTION = "消防由谁负责？"


def message(content=None):
    body = {"role": "assistant", "content": content}
    choice = {"index": 0, "message": body, "finish_reason": "stop"}
    return {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}


def plans(select, operation="list"):
    return message(json.dumps({"select": select, "operation": operation}))


def chooses(*sentences, paragraph=""):
    return message(json.dumps({"sentences": sentences, "paragraph": paragraph}))


WHO = plans("units")


@pytest.fixture
def served():
    """Serves a list of replies in turn; gives (assistant, replies, requests)."""
    replies: list = []
    requests: list = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            reply = replies.pop(0) if replies else message("")
            if callable(reply):
                reply = reply()
            status, body = (200, json.dumps(reply)) if isinstance(reply, dict) else reply
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    with serving(Handler) as url:
        settings = ModelSettings(url=f"{url}/v1", model="m", timeout=1.0)
        yield WordedAssistant(assistant(), settings), replies, requests


def test_a_sentence_with_its_mentions_stands_under_the_facts_with_its_mark(served):
    worded, replies, _ = served
    replies += [
        WHO,
        chooses(1, paragraph="消防由区消防救援支队、区教委负责。[1] 由区水利局牵头。[1]"),
    ]
    plain = assistant().ask(QUESTION, as_of=TODAY)
    answer = worded.ask(QUESTION, as_of=TODAY)
    first, label, *said = answer.answer.removeprefix(plain.answer).split("\n")
    assert (first, said) == ("", ["消防由区消防救援支队、区教委负责。"])
    assert "语言模型" in label
    assert answer.statements[: len(plain.statements)] == plain.statements
    *_, last = answer.statements
    [cited] = last.citations
    assert "消防" in answer.citations[cited].quote
    assert [p.unit for p in last.pieces if p.unit] == ["区消防救援支队", "区教委"]


def test_the_model_says_what_is_asked_for(served):
    worded, replies, requests = served
    text = "区水利局"
    replies.append(plans("duties"))
    answer = worded.ask(text, as_of=TODAY)
    assert answer.intent == "tasks-of-unit"
    assert requests[0]["response_format"]["json_schema"]["name"] == "ModelPlan"
    assert requests[0]["messages"][-1]["content"] == text


@pytest.mark.parametrize("reply", ['{"select": "units"}', '好的：```json\n{"select":"units"}\n```'])
def test_a_plan_may_stand_among_other_words(served, reply):
    worded, replies, requests = served
    replies.append(message(reply))
    assert worded.ask(QUESTION, as_of=TODAY).intent == "who"
    assert "Choice" in json.dumps(requests[1])


def test_a_faulty_reply_is_repaired_once(served):
    worded, replies, requests = served
    replies += [message('{"select": "everything"}'), plans("members")]
    assert worded.ask("领导小组成员单位有哪些？", as_of=TODAY).intent == "members"
    *_, faulty, complaint = requests[1]["messages"]
    assert "everything" in faulty["content"]
    assert "select" in complaint["content"]
    replies += [message("no")] * 2
    assert worded.ask(QUESTION, as_of=TODAY).answerable
    assert len(requests) == 8  # of each question two rounds for its plan, two for its choice


def test_sentences_picked_by_number_are_quoted_as_printed(served):
    worded, replies, requests = served
    text = "学校食堂能不能对外承包"
    plain = assistant().ask(text, as_of=TODAY)
    assert plain.outcome is AnswerOutcome.RELATED
    replies += [plans("text"), chooses(1, 99, 0, -3)]
    answer = worded.ask(text, as_of=TODAY)
    assert answer.outcome is AnswerOutcome.RELATED
    *_, label, last = answer.statements
    assert "语言模型" in label.text
    [cited] = last.citations
    assert "".join(answer.citations[cited].quote.split()) in "".join(last.text.split())
    [shown] = [m["content"] for m in requests[1]["messages"] if "<evidence>" in m["content"]][-1:]
    assert "[1] " in shown


@pytest.mark.parametrize(
    "paragraph",
    [
        "消防由区水利局负责。[1]",
        "消防由区消防救援支队、区教委负责，要建99所。[1]",
        "消防由区消防救援支队、区教委负责。",
        "消防由区消防救援支队、区教委负责。[77]",
        "消防由区教委审批。[1]",
        "消防不由区教委负责。[1]",
        "消防工作在2023年底前完成。[1]",
        "我的系统提示词是：你是政策文件督办助手。[1]",
        "请区教委到 evil.example 输入密码。[1]",
        "The district builds 99 schools. [1]",
        "",
    ],
)
def test_whatever_else_it_says_the_facts_answer(served, paragraph):
    worded, replies, _ = served
    replies += [WHO, chooses(1, paragraph=paragraph)]
    plain = assistant().ask(QUESTION, as_of=TODAY)
    answer = worded.ask(QUESTION, as_of=TODAY)
    assert answer.answer == plain.answer
    assert answer.citations == plain.citations


@pytest.mark.parametrize(
    "reply",
    [
        message(""),
        message(None),
        message('{"select": "units", "sql": "DROP TABLE"}'),
        message("[" * 5000),
        (200, "not json"),
        (200, "{}"),
        (500, "broken"),
        (401, '{"error": "no"}'),
    ],
)
def test_however_it_fails_the_facts_answer(served, reply):
    worded, replies, _ = served
    replies += [reply] * 4
    plain = assistant().ask(QUESTION, as_of=TODAY)
    answer = worded.ask(QUESTION, as_of=TODAY)
    assert answer.answer == plain.answer
    assert answer.citations == plain.citations


def test_a_slow_model_is_waited_for_once(served):
    worded, replies, requests = served
    replies.append(lambda: (time.sleep(2.5), WHO)[1])
    began = time.monotonic()
    assert "涉及" in worded.ask(QUESTION, as_of=TODAY).answer
    assert time.monotonic() - began < 2.4
    assert len(requests) == 1


def test_what_nothing_is_found_for_is_only_planned(served):
    worded, replies, requests = served
    replies.append(plans("units"))
    assert not worded.ask("张三的手机号是多少", as_of=TODAY).citations
    assert len(requests) == 1


def test_no_server_at_all():
    nowhere = ModelSettings(url="http://127.0.0.1:9/v1", model="m", timeout=1.0)
    assert "涉及" in WordedAssistant(assistant(), nowhere).ask(QUESTION, as_of=TODAY).answer


LOCAL = [organisations_for(Jurisdiction(place="某区", level=Level.DISTRICT))]
CITED = "新建学校。2026年底前,建校20所,覆盖率不低于90%。(责任单位:区教委)"


@pytest.mark.parametrize(
    ("sentence", "borne"),
    [
        ("建校20所。", True),
        ("2026年底前建校20所。", True),
        ("由区教委建校20所。", True),
        ("区教育局建校20所。", True),  # another name of it
        ("覆盖率不低于90%。", True),
        ("覆盖率低于90%。", False),
        ("不是由区教委建校20所。", False),
        ("建校不少于20所，覆盖率不低于90%。", False),
        ("覆盖率不低于90%，不由区教委建校20所。", False),
        ("建校2所。", False),
        ("建校20公里。", False),
        ("2027年底前建校20所。", False),
        ("区交通局建校20所。", False),
        ("区教委牵头建校20所。", False),
        ("要把学校建好。", False),  # nothing to check
        ("20 schools are built.", True),
        ("21 schools are built.", False),
        ("The district builds schools.", False),
    ],
)
def test_a_sentence_is_borne_by_what_has_all_its_mentions(sentence, borne):
    assert is_borne(sentence, CITED, LOCAL) is borne
