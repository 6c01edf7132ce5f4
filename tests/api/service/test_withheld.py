"""Conversations kept from before a document was closed, and evidence known by its digest alone."""

import pytest

from api.assistant.reply import Answer, AnswerOutcome, UnitRole
from api.service.conversations import Conversations
from api.service.withheld import closed_to
from kb.models import Citation, Span
from tasks.visibility import Level, Visibility, set_visibility
from tests.api.service.client import TestClient
from tests.api.service.contracts.test_matrix import API
from tests.api.service.world import CLOSED_UNIT, OWN, PASSWORD, SECRET, make_world
from tests.tasks.samples import NOW, TODAY


@pytest.fixture
def opened(tmp_path):
    """A world in which the restricted document is public at first."""
    with make_world(tmp_path) as world:
        put(world, Level.PUBLIC)
        yield world


def put(world, level, *units):
    supervisor = world.service.people.get("supervisor").actor()
    seen = Visibility(level=level, units=units)
    service = world.service
    set_visibility(service.store, supervisor, world.closed.document.id, seen, service.now())


def kept(world, login, document, **more):
    """A conversation of one answer; gives its address and the id of the turn."""
    clause = document.clauses[-1]
    citation = Citation(
        document_id=document.document.id, clause_id=clause.id, path=clause.path, span=clause.span,
        quote=clause.span.slice(document.document.text),
    )  # fmt: skip
    said = {"answer": "依据如下。", "citations": (citation,), "tasks": (), "units": ()} | more
    answer = Answer(
        question="什么工程？", language=said.pop("language", "zh"), outcome=AnswerOutcome.CERTAIN, answerable=True,
        as_of=TODAY, **said,
    )  # fmt: skip
    service = world.service
    key, turn = Conversations(service.store).keep(login, None, answer, service.now())
    return f"{API}/conversations/{key}", turn


WAYS = {
    "a citation": lambda w: {},
    "a task": lambda w: {"citations": (), "tasks": (w.closed.tasks[0].id,)},
    "a title": lambda w: {"citations": (), "answer": f"最接近的：{w.closed.document.title}"},
    "a plan": lambda w: {"citations": (), "answer": f"见《{w.closed.plans[0].title}》"},
    "a unit": lambda w: {
        "citations": (), "answer": f"还有{CLOSED_UNIT}。",
        "units": (UnitRole(unit=CLOSED_UNIT, role="responsible"),),
    },
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_goes_with_what_it_rests_on(opened, way):
    place, turn = kept(opened, "reader", opened.closed, **WAYS[way](opened))
    reader = opened.client("reader")
    before = reader.get(place).json()["turns"][0]["answer"]
    assert before["answerable"]
    put(opened, Level.RESTRICTED, OWN)
    judged = reader.post(f"{API}/answers/{turn}/feedback", json={"verdict": "wrong"})
    for told in (reader.get(place), judged):
        assert told.status_code == 200
        for words in (SECRET, CLOSED_UNIT, opened.closed.document.id, opened.closed.tasks[0].id):
            assert words not in told.text, way
    answer = reader.get(place).json()["turns"][0]["answer"]
    assert "不再显示" in answer["answer"]
    assert not answer["answerable"]
    put(opened, Level.PUBLIC)
    assert reader.get(place).json()["turns"][0]["answer"] == before


def test_in_the_language_of_the_answer(opened):
    place, _ = kept(opened, "reader", opened.closed, language="en")
    put(opened, Level.RESTRICTED, OWN)
    answer = opened.client("reader").get(place).json()["turns"][0]["answer"]
    assert "no longer open to you" in answer["answer"]


def test_the_page_shows_no_more_of_it_either(opened):
    place, _ = kept(opened, "reader", opened.closed, answer=f"推进{SECRET}工程。")
    browser = TestClient(opened.app)
    browser.post(f"{API}/session", json={"login": "reader", "password": PASSWORD})
    page = f"/?c={place.rpartition('/')[2]}"
    assert SECRET in browser.get(page).text
    put(opened, Level.RESTRICTED, OWN)
    answer = browser.get(page)
    assert answer.status_code == 200
    assert SECRET not in answer.text
    assert "不再显示" in answer.text


def test_other_answers_and_other_people_keep_theirs(opened):
    open_place, _ = kept(opened, "reader", opened.open)
    own_place, _ = kept(opened, "own", opened.closed)
    put(opened, Level.RESTRICTED, OWN)
    told = opened.client("reader").get(open_place).json()["turns"][0]["answer"]
    assert told["citations"][0]["document_id"] == opened.open.document.id
    assert SECRET in opened.client("own").get(own_place).text


def test_a_span_is_no_way_round(opened):
    """One character cited is cited."""
    one = Citation(
        document_id=opened.closed.document.id, clause_id=None, path="", span=Span(0, 1), quote="某",
    )  # fmt: skip
    place, _ = kept(opened, "reader", opened.closed, citations=(one,))
    put(opened, Level.RESTRICTED, OWN)
    assert opened.client("reader").get(place).json()["turns"][0]["answer"]["citations"] == []


def test_a_digest_alone_opens_no_evidence(tmp_path):
    """An officer who once saw the digest of what proves a closed duty names it in a step of their
    own."""
    with make_world(tmp_path) as world:
        milestone = next(
            m.id
            for t in world.open.tasks
            for m in t.milestones
            if "区教委" in [a.unit for a in t.responsibilities]
        )
        other, steps = world.client("other"), f"{API}/milestones/{milestone}/steps"
        if other.get(steps).json()[0]["allowed"]:
            assert other.post(steps, json={"step": "accept"}).status_code == 200
        told = []
        for digest in (world.closed_evidence, "0" * 64):
            body = {
                "step": "report",
                "text": "x",
                "evidence": [{"name": "a.pdf", "sha256": digest}],
            }
            answer = other.post(steps, json=body)
            assert answer.status_code == 404, answer.text
            told.append(answer.text.replace(digest, ""))
            assert other.get(f"{API}/evidence/{digest}").status_code == 404
        assert told[0] == told[1]
        sent = other.post(f"{API}/evidence", files={"file": ("b.pdf", b"%PDF own")}).json()
        body = {
            "step": "report",
            "text": "x",
            "evidence": [{"name": "b.pdf", "sha256": sent["sha256"]}],
        }
        assert other.post(steps, json=body).status_code == 200
        assert other.get(f"{API}/evidence/{sent['sha256']}").content == b"%PDF own"


def test_what_a_closed_reading_has_in_common_with_the_open_one_is_open(opened):
    store, closed = opened.service.store, opened.closed
    fewer = closed.model_copy(update={"tasks": closed.tasks[1:]})
    store.add(fewer, store.source(closed.document.id), recorded_at=NOW, refresh=True)
    put(opened, Level.RESTRICTED, OWN)  # the former reading alone
    found = closed_to(store, opened.service.people.get("reader").actor())
    assert found.documents == {closed.document.id}
    assert [task.id in found.facts for task in closed.tasks] == [True, False]
