"""What the decision on visibility denies never appears: every GET route, asked by everyone about
everything there is; one phrase stands in all of the restricted document and in all work on it."""

import itertools
import json

import pytest

from tasks.units import unit_key
from tests.api.service.contracts.test_matrix import API, TABLE
from tests.api.service.world import CLOSED_UNIT, OTHER, OWN, SECRET, inside, unfold

BLIND = ("public", "reader", "other")
"""Those who may not see the restricted document."""
SEEING = ("own", "supervisor", "auditor", "admin")
VARIANTS = {
    f"{API}/tasks": [{}, {"unit": OWN}, {"unit": CLOSED_UNIT}, {"q": "工程"}],
    f"{API}/milestones": [{}, {"unit": OWN}, {"plan": "方案"}, {"as_of": "2030-01-01"}],
    f"{API}/overdue": [{"as_of": "2030-01-01"}, {"as_of": "2030-01-01", "inherited": "true"}],
    f"{API}/targets": [{}, {"text": "覆盖率"}],
    f"{API}/documents": [{}, {"superseded": "true"}],
    f"{API}/graph": [{}, {"format": "graphml"}, {"unit": OWN, "radius": 4}],
    f"{API}/digests/{{week}}": [
        {"format": kind} | unit
        for kind in ("html", "markdown", "docx", "xlsx", "json")
        for unit in ({}, {"unit": OWN})
    ],
    f"{API}/exports": [
        {"format": kind} | more
        for kind in ("xlsx", "csv", "jsonl", "docx", "ics")
        for more in ({}, {"unit": OWN}, {"by": "unit"})
    ],
    f"{API}/review": [{}, {"kind": "repaired"}],
}


@pytest.fixture(scope="module")
def known(world):
    """Every id of the restricted document and of the work on it, by the parameter that takes it."""
    tasks = world.closed.tasks
    register = world.service.register(world.service.people.get("supervisor").actor())
    assert any(p.document.id == world.closed.document.id for p in register.tasks())
    return {
        "document_id": [world.closed.document.id],
        "task_id": [t.id for t in tasks],
        "milestone_id": [m.id for t in tasks for m in t.milestones],
        "target_id": [t.id for task in tasks for t in task.targets],
        "unit": [CLOSED_UNIT, unit_key(None, CLOSED_UNIT, None)],
        "sha256": [world.closed_evidence],
        "week": ["2026-W01", "2026-W02", "2030-W05"],
    }


def requests(known):
    """(path, parameters, whether the path names something restricted)."""
    for method, path in TABLE:
        if method != "GET":
            continue
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        if any(name not in known for name in names):
            continue
        for chosen in itertools.product(*(known[name] for name in names)):
            filled = path.format(**dict(zip(names, chosen, strict=True)))
            for parameters in VARIANTS.get(path, [{}]):
                yield filled, parameters, bool(set(names) - {"week"})


def test_the_requests_are_worth_asking(world, known):
    """Someone who may see the document finds it by nearly all of them."""
    found = [
        path
        for path, parameters, _ in requests(known)
        if SECRET in say(world.client("supervisor").get(path, params=parameters))
    ]
    assert len(set(found)) > 20, sorted(set(found))


@pytest.mark.parametrize("role", ["anonymous", *BLIND])
def test_nothing_of_it_is_told(world, known, role):
    asked = 0
    for path, parameters, named in requests(known):
        answer = world.client(role).get(path, params=parameters)
        told = say(answer)
        assert SECRET not in told, (path, parameters)
        for key in (world.closed.document.id, world.closed_evidence, world.closed_correction):
            assert key not in told or key in path, (path, parameters)
        if named:
            assert answer.status_code in (401, 403, 404), (path, answer.status_code)
        asked += 1
    assert asked > 60


@pytest.mark.parametrize("role", SEEING)
def test_those_who_may_see_it_do(world, role):
    client = world.client(role)
    key = world.closed.document.id
    assert SECRET in client.get(f"{API}/documents/{key}").text
    assert SECRET in client.get(f"{API}/documents/{key}/text").text
    evidence = client.get(f"{API}/evidence/{world.closed_evidence}")
    assert SECRET in evidence.content.decode()


def test_a_denied_id_and_an_unknown_one_get_the_same_answer(world, known):
    client = world.client("reader")
    for path, parameter in (
        ("documents/{}", "document_id"), ("documents/{}/source", "document_id"),
        ("tasks/{}", "task_id"), ("milestones/{}/history", "milestone_id"),
        ("targets/{}/trace", "target_id"),
    ):  # fmt: skip
        key = known[parameter][0]
        denied = client.get(f"{API}/{path.format(key)}")
        unknown = client.get(f"{API}/{path.format('x' * len(key))}")
        assert denied.status_code == unknown.status_code == 404
        assert denied.text.replace(key, "") == unknown.text.replace("x" * len(key), "")


def test_writes_on_what_one_may_not_see_find_nothing(world, known):
    """An officer whose unit bears a duty in a document that is not open to that unit."""
    for path, body in (
        (f"milestones/{known['milestone_id'][0]}/steps", {"step": "accept"}),
        (f"milestones/{known['milestone_id'][-1]}/events", {"occasion": "一期"}),
    ):
        answer = world.client("other").post(f"{API}/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_a_new_version_is_as_closed_as_the_former(world):
    """Also when somebody uploads it without saying for whom it is."""
    from tests.api.service.test_documents import finished

    name = world.closed.document.name
    words = world.closed.document.text + f"3.总结{SECRET}。（责任单位：区水利局）\n"
    sent = world.client("supervisor").post(
        f"{API}/documents", files={"file": (name, words.encode())}
    )
    job = finished(world, sent)
    assert job["report"]["status"] == "new-version"
    fresh = job["report"]["document_id"]
    for role in BLIND:
        listed = world.client(role).get(f"{API}/documents", params={"superseded": "true"})
        assert SECRET not in listed.text
        assert world.client(role).get(f"{API}/documents/{fresh}").status_code == 404
    assert world.client("own").get(f"{API}/documents/{fresh}").status_code == 200


def test_closing_a_document_closes_its_former_versions(world):
    client = world.client("supervisor")
    current = next(
        d for d in client.get(f"{API}/documents").json()["items"] if SECRET in d["title"]
    )
    client.put(f"{API}/documents/{current['id']}/visibility", json={"level": "public"})
    # What opens this version opens no other: the former may say what it leaves out.
    for key, status in ((current["id"], 200), (world.closed.document.id, 404)):
        assert world.client("reader").get(f"{API}/documents/{key}").status_code == status
    client.put(f"{API}/documents/{current['id']}/visibility", json={"level": "restricted", "units": [OTHER]})  # fmt: skip
    # Of two restrictions what both allow: the former was for other units.
    for key, status in ((current["id"], 200), (world.closed.document.id, 404)):
        assert world.client("reader").get(f"{API}/documents/{key}").status_code == 404
        assert world.client("own").get(f"{API}/documents/{key}").status_code == 404
        assert world.client("other").get(f"{API}/documents/{key}").status_code == status
        assert client.get(f"{API}/documents/{key}").status_code == 200


def say(answer) -> str:
    """Everything that an answer tells, its headers too."""
    text = unfold(inside(answer.content))
    if answer.headers["Content-Type"] in ("application/json", "application/problem+json"):
        text += json.dumps(answer.json(), ensure_ascii=False)
    return text + str(dict(answer.headers))
