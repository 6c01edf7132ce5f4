"""A document that is for one unit only: that unit gets all of it by every way in, another nothing;
and an answer given while it was open is no longer shown when it is closed."""

import json
import re
from datetime import timedelta

import pytest

from api.service.limits import RateLimit
from ingest.pipeline import extract_bytes
from tasks.authorisation import CONSOLE, PersonRole
from tasks.lifecycle import Command, Step
from tasks.people import Person
from tasks.visibility import Level, Visibility, set_visibility
from tests.api.service.client import TestClient
from tests.api.service.test_mcp import run
from tests.api.service.world import PASSWORD, World, inside, make_world, unfold
from tests.tasks.samples import NOW, TODAY

API = "/api/v1"
TEXT = """栖霞市人民政府办公室关于印发栖霞市长者餐厅建设方案的通知
栖霞府办〔2026〕9号

各区县人民政府，市政府有关部门：
《栖霞市长者餐厅建设方案》已经市政府同意，现印发给你们，请认真贯彻执行。

栖霞市人民政府办公室
2026年1月1日

栖霞市长者餐厅建设方案

一、建设标准
（一）明确补助标准。长者餐厅用餐补助达到每餐6元。（责任单位：市财政局）
二、工作要求
（一）建成长者餐厅。2026年12月20日前建成长者餐厅73家。（市民政局牵头，市财政局配合）
"""
OURS = re.compile(r"长者餐厅|栖霞|73家|2026-12-20|zhengming|市民政局")
"""Words of the document and of the work on it."""
QUESTIONS = (
    "长者餐厅用餐补助是多少？", "长者餐厅什么时候建成？", "建成长者餐厅由哪个单位负责？", "市民政局要干哪些事？",
    "2026年12月到期的任务有哪些？", "有几项任务？", "长者餐厅逾期了吗？", "不是每餐8元吗？", "文件里有没有写送餐？",
    "How many restaurants for the elderly are built?", "Which units are responsible for 长者餐厅?",
    "What does 市民政局 have to do?",
)  # fmt: skip


def wanted(world: World, level: Level) -> None:
    units = ("市民政局",) if level is Level.RESTRICTED else ()
    supervisor = world.service.people.get("supervisor").actor()
    set_visibility(world.service.store, supervisor, world.document, Visibility(level=level, units=units), NOW)  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """With the document, a report on it, and an officer of each of its two units."""
    with make_world(tmp_path_factory.mktemp("permission")) as made:
        service = made.service
        service.ask_limit = RateLimit(100_000, 60)
        extraction = extract_bytes(TEXT.encode(), "m.txt")
        service.store.add(extraction, TEXT.encode(), recorded_at=NOW)
        supervisor = service.people.get("supervisor").actor()
        # So that who may see the document sees just what a supervisor sees.
        set_visibility(service.store, supervisor, made.closed.document.id, Visibility(), NOW)
        made.document, made.extraction = extraction.document.id, extraction
        for login, unit in (("may", "市民政局"), ("may-not", "市财政局")):
            service.people.add(CONSOLE, Person(login=login, name=login, role=PersonRole.UNIT_OFFICER, units=(unit,)), NOW)  # fmt: skip
            now = service.now()
            made.secrets[login], _ = service.access.create_token(
                CONSOLE, login, "test", ("read", "write"), now + timedelta(days=1), now
            )
            headers = {"Authorization": f"Bearer {made.secrets[login]}"}
            made.clients[login] = TestClient(made.app, headers=headers)
        [milestone] = [m.id for t in extraction.tasks for m in t.milestones if "73家" in m.commitment]  # fmt: skip
        [proof] = service.tracker.keep_evidence([("zhengming.pdf", b"%PDF zhengming")])
        officer = service.people.get("may").actor()
        for step in (Step.ACCEPT, Step.REPORT):
            proofs = (proof,) if step is Step.REPORT else ()
            command = Command(step=step, milestone_id=milestone, on=TODAY, text="zhengming", percent=61, evidence=proofs)  # fmt: skip
            service.tracker.perform(officer, command, NOW)
        made.proof, made.milestone = proof.sha256, milestone
        yield made


def ways(world: World) -> list[tuple[str, dict]]:
    """Addresses of the API that lead to the document, its duties and the work on them."""
    document = f"{API}/documents/{world.document}"
    found = [(document, {}), (f"{document}/text", {}), (f"{document}/source", {})]
    for task in world.extraction.tasks:
        found.append((f"{API}/tasks/{task.id}", {}))
        found += [(f"{API}/targets/{t.id}/trace", {}) for t in task.targets]
    found += [(f"{API}/milestones/{world.milestone}/{part}", {}) for part in ("history", "steps")]
    found.append((f"{API}/evidence/{world.proof}", {}))
    for listed in ("tasks", "milestones", "targets", "documents", "units", "review", "graph"):
        found.append((f"{API}/{listed}", {"limit": 200} if listed != "graph" else {}))
    far = {"as_of": "2027-06-01"}
    found += [(f"{API}/overdue", far), (f"{API}/overdue/counts", far | {"by": "unit"})]
    found += [(f"{API}/digests/2026-W50", {"format": f, "as_of": "2026-12-10"}) for f in ("html", "json", "docx")]  # fmt: skip
    found += [(f"{API}/exports", {"format": f}) for f in ("xlsx", "csv", "jsonl", "docx", "ics")]
    return [*found, (f"{API}/exports/calendar.ics", {})]


def test_the_unit_that_may_sees_all_of_it_and_another_nothing(world):
    wanted(world, Level.RESTRICTED)
    shown = 0
    for there, parameters in ways(world):
        may, not_, all_ = (
            world.client(role).get(there, params=parameters) for role in ("may", "may-not", "supervisor")
        )  # fmt: skip
        told = unfold(inside(not_.content)) + str(dict(not_.headers))
        assert not OURS.search(told.replace(world.document, "")), (there, parameters)
        if world.document in there or world.milestone in there or world.proof in there:
            assert not_.status_code == 404, there
        assert may.status_code == all_.status_code == 200, (there, may.text[:200])
        if OURS.search(unfold(inside(all_.content))):
            shown += 1
            ours, theirs = (_words(x) for x in (may, all_))
            assert ours == theirs, (there, parameters)
    assert shown > 20
    for question in QUESTIONS:
        body = {"question": question, "as_of": str(TODAY)}
        said = {
            role: world.client(role).post(f"{API}/ask", json=body).json()
            for role in ("may", "may-not", "supervisor")
        }
        assert said["may"]["answer"] == said["supervisor"]["answer"], question
        kept = {k: v for k, v in said["may-not"].items() if k != "question"}
        told = json.dumps(kept, ensure_ascii=False)
        echo = [w for w in OURS.findall(told) if w not in question]
        assert not echo, (question, told)
        assert not said["may-not"]["citations"] or world.document not in told
    calls = (
        ("tasks_of_unit", {"unit": "市民政局"}), ("overdue", {"as_of": "2027-06-01"}), ("trace", {"words": "73家"}),
        ("target_value", {"text": ""}), ("search", {"query": "长者餐厅"}),
    )  # fmt: skip
    for call, ours, not_ in zip(calls, run(world, "may", *calls), run(world, "may-not", *calls), strict=True):  # fmt: skip
        assert OURS.search(json.dumps(ours.model_dump(mode="json"), ensure_ascii=False)), call
        told = json.dumps(not_.model_dump(mode="json"), ensure_ascii=False)
        asked = json.dumps(call[1], ensure_ascii=False)
        assert not [w for w in OURS.findall(told) if w not in asked], call


def _words(answer):
    """The words of the document in an answer, each as often as it stands there."""
    return sorted(OURS.findall(unfold(inside(answer.content))))


@pytest.mark.parametrize("login", ["reader", "may-not"])
def test_an_answer_from_before_is_not_opened_again(world, login):
    wanted(world, Level.PUBLIC)
    client, kept = world.client(login), None
    for question in QUESTIONS:
        body = {"question": question, "as_of": str(TODAY)} | ({"conversation": kept} if kept else {})  # fmt: skip
        kept = client.post(f"{API}/ask", json=body).json()["conversation"]
    there = f"{API}/conversations/{kept}"
    before = client.get(there).json()
    told = [t for t in before["turns"] if OURS.search(_said(t))]
    assert len(told) >= 8
    wanted(world, Level.RESTRICTED)
    after = client.get(there).json()
    assert [t["question"] for t in after["turns"]] == list(QUESTIONS)
    for turn in after["turns"]:
        assert not [w for w in OURS.findall(_said(turn)) if w not in turn["question"]], turn
        assert world.document not in json.dumps(turn)
    shown = [t["answer"]["answer"] for t in after["turns"]]
    assert sum("不再显示" in words or "no longer open" in words for words in shown) >= len(told)
    # On its page, in what is asked on from it, and in what is said of an answer.
    world.service.access.set_password(CONSOLE, login, PASSWORD, world.service.now())
    world.renew(login)
    browser = TestClient(world.app)
    browser.post(f"{API}/session", json={"login": login, "password": PASSWORD})
    page = browser.get(f"/?c={kept}").text
    for question in QUESTIONS:
        page = page.replace(question, "")
    assert "不再显示" in page
    assert not re.search("6元|73家|2026-12-20|栖霞", page)
    on = client.post(
        f"{API}/ask", json={"question": "那什么时候完成？", "conversation": kept}
    ).json()
    assert not [w for w in OURS.findall(on["answer"]) if w not in "".join(QUESTIONS)]
    judged = client.post(f"{API}/answers/{told[0]['id']}/feedback", json={"verdict": "right"})
    assert not re.search("6元|73家|2026-12-20|栖霞", judged.text)
    # Nothing is lost: opened again, it is all there.
    wanted(world, Level.PUBLIC)
    again = client.get(there).json()["turns"]
    assert [t["answer"] for t in again[: len(QUESTIONS)]] == [t["answer"] for t in before["turns"]]


def _said(turn):
    return json.dumps(turn["answer"] | {"question": ""}, ensure_ascii=False)
