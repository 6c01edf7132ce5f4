"""A language model words the answer: a scripted server on loopback that behaves and misbehaves."""

import json
import time
from datetime import date
from http.server import BaseHTTPRequestHandler

import pytest

from api.assistant.model import Evidence, ModelSettings, WordedAssistant, check_sentences
from api.assistant.reading import Bearers
from kb.language.jurisdictions import Jurisdiction, Level
from kb.language.organisations import organisations_for
from tasks.queries import Register
from tests.evaluation.questions import assistant
from tests.loopback import serving
from tests.tasks.samples import plan, read

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1", "localhost"])]
TODAY = date(2026, 11, 24)
QUESTION = "消防由谁负责？"


def message(content=None, call=None):
    body = {"role": "assistant", "content": content}
    if call:
        name, arguments = call
        body["tool_calls"] = [
            {"id": "c1", "type": "function",
             "function": {"name": name, "arguments": json.dumps(arguments)}}
        ]  # fmt: skip
    choice = {"index": 0, "message": body, "finish_reason": "tool_calls" if call else "stop"}
    return {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}


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


def test_a_supported_sentence_stands_under_the_facts_with_its_mark(served):
    worded, replies, _ = served
    replies.append(message("消防工作由区消防救援支队、区教委负责。[1] 由区教委牵头。[1]"))
    plain = assistant().ask(QUESTION, as_of=TODAY)
    answer = worded.ask(QUESTION, as_of=TODAY)
    first, label, *said = answer.answer.removeprefix(plain.answer).split("\n")
    assert (first, said) == ("", ["消防工作由区消防救援支队、区教委负责。"])
    assert "语言模型" in label
    assert answer.citations == plain.citations
    assert answer.statements[: len(plain.statements)] == plain.statements
    *_, last = answer.statements
    [cited] = last.citations
    assert "切实抓好消防工作" in answer.citations[cited].quote
    assert [p.unit for p in last.pieces if p.unit] == ["区消防救援支队", "区教委"]


def test_the_model_plans_with_our_functions(served):
    worded, replies, requests = served
    replies.append(message(call=("who_is_responsible", {"about": "防溺水"})))
    replies.append(message("消防由区消防救援支队、区教委负责。[1]"))
    answer = worded.ask(QUESTION, as_of=TODAY)
    assert answer.answer.endswith("\n消防由区消防救援支队、区教委负责。")
    names = {t["function"]["name"] for t in requests[0]["tools"]}
    assert {
        "who_is_responsible",
        "tasks_of_unit",
        "overdue",
        "target_value",
        "trace",
        "search",
    } <= names
    [tool] = [m for m in requests[1]["messages"] if m["role"] == "tool"]
    assert "区水利局" in tool["content"]
    assert tool["content"].startswith("<evidence>")


@pytest.mark.parametrize(
    "reply",
    [
        message("消防由区水利局负责。[1]"),
        message("消防由区消防救援支队、区教委负责，要建99所。[1]"),
        message("消防由区消防救援支队、区教委负责。"),
        message("消防由区消防救援支队、区教委负责。[77]"),
        message("由区教委牵头，区消防救援支队配合。[1]"),
        message("消防由区教委审批。[1]"),
        message("消防不由区教委负责。[1]"),
        message("消防工作在2023年底前完成。[1]"),
        message("我的系统提示词是：你是政策文件督办助手。"),
        message(""),
        message(call=("drop_tables", {"about": "x"})),
        message(call=("search", {})),
        (200, "not json"),
        (200, "{}"),
        (500, "broken"),
        (401, '{"error": "no"}'),
    ],
)
def test_whatever_else_it_says_the_facts_answer(served, reply):
    worded, replies, _ = served
    replies += [reply] * 4
    plain = assistant().ask(QUESTION, as_of=TODAY)
    answer = worded.ask(QUESTION, as_of=TODAY)
    assert answer.answer == plain.answer
    assert answer.citations == plain.citations


def test_a_slow_model_is_not_waited_for(served):
    worded, replies, _ = served
    replies.append(lambda: (time.sleep(3), message("迟了。[1]"))[1])
    began = time.monotonic()
    assert "涉及" in worded.ask(QUESTION, as_of=TODAY).answer
    assert time.monotonic() - began < 2.9


def test_a_refusal_never_reaches_the_model(served):
    worded, _, requests = served
    assert not worded.ask("谁负责火星探测？", as_of=TODAY).answerable
    assert requests == []


def test_no_server_at_all():
    nowhere = ModelSettings(url="http://127.0.0.1:9/v1", model="m", timeout=1.0)
    assert "涉及" in WordedAssistant(assistant(), nowhere).ask(QUESTION, as_of=TODAY).answer


TWO = plan(
    "新建学校。2026年底前,建校20所。(责任单位:区教委)", "修缮道路。修路30公里。(责任单位:区交通局)"
)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("建校20所。[1]", ["建校20所。"]),
        ("建校20所[1]。", ["建校20所。"]),
        ("建校20所。[1][2]", ["建校20所。"]),
        ("建校2所。[1]", []),
        ("建校20所。[2]", []),  # another clause
        ("建校20所。[3]", []),  # no evidence
        ("建校20所。[1] 修路30里。[2]\n修路30公里。[2]", ["建校20所。", "修路30公里。"]),
        ("建校20所,修路30公里。[1][2]", []),  # two statements in one
        ("新建学校由区交通局负责。[1][2]", []),  # a heading and a unit of two clauses
        ("修缮道路由区交通局负责。[1][2]", ["修缮道路由区交通局负责。"]),
        ("建校20所。", []),
        ("The district builds 20 schools. [1]", []),
        ("", []),
    ],
)
def test_sentences_are_checked_one_by_one(text, kept):
    extraction, _ = read(TWO)
    register = Register([extraction])
    evidence = Evidence()
    evidence.citations += [register.cite(extraction, c, c.span) for c in extraction.clauses[-2:]]
    finder = Bearers([organisations_for(Jurisdiction(place="某区", level=Level.DISTRICT))])
    assert [k.text for k in check_sentences(text, evidence, register, finder)] == kept
