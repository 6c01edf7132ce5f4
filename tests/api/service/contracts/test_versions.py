"""Two files of one name by HTTP and on the pages: nothing is mixed up, opened or told by it."""

import re
import time

import pytest

from tasks.authorisation import CONSOLE
from tasks.visibility import Level, Visibility, set_visibility
from tests.api.service.client import TestClient
from tests.api.service.contracts.test_matrix import API
from tests.api.service.world import OWN, PASSWORD, make_world
from tests.tasks.samples import DANGERS, WORDS, plan

FIRST = "关于保密检查的通知\n一、主要任务\n1.检查甲库。2026年6月底前，检查甲库2次。（责任单位：区水利局）\n"
SECOND = "关于开学典礼的通知\n一、主要任务\n1.布置会场。2026年8月底前，布置会场1处。（责任单位：区教委）\n"
NAME = "通知.txt"


@pytest.fixture
def made(tmp_path):
    with make_world(tmp_path) as world:
        yield world


def upload(world, words, name=NAME, role="supervisor", **fields):
    """The report of an upload, or the problem it came to."""
    sent = world.client(role).post(
        f"{API}/documents", files={"file": (name, words.encode())}, data=fields
    )
    if sent.status_code != 202:
        return sent.json()
    for _ in range(600):
        job = world.client("admin").get(sent.headers["Location"]).json()
        if job["status"] not in ("queued", "running"):
            return job["report"] or job
        time.sleep(0.02)
    raise AssertionError(job)


def level(world, key):
    return world.client("supervisor").get(f"{API}/documents/{key}").json()["visibility"]["level"]


def status(world, role, key):
    return world.client(role).get(f"{API}/documents/{key}").status_code


def test_another_file_of_the_name_neither_supersedes_nor_opens_the_first(made):
    first = upload(made, FIRST, level="restricted", units=[OWN])
    second = upload(made, SECOND, level="public")
    assert (first["status"], second["status"]) == ("added", "added")
    [other] = second["possible_versions"]
    assert (other["document_id"], other["evidence"]) == (first["document_id"], ["name"])
    assert level(made, first["document_id"]) == "restricted"
    assert [status(made, "reader", r["document_id"]) for r in (first, second)] == [404, 200]
    # Who may not see the first learns nothing of it through the doubt.
    for role in ("reader", "other"):
        assert made.client(role).get(f"{API}/versions").json() == []
        listed = made.client(role).get(f"{API}/review", params={"limit": 200}).text
        assert "possible-version" not in listed
        assert first["document_id"] not in listed
        assert "保密检查" not in listed
    [doubt] = made.client("supervisor").get(f"{API}/versions").json()
    assert (doubt["document_id"], doubt["other_id"]) == (second["document_id"], first["document_id"])  # fmt: skip
    listed = made.client("supervisor").get(f"{API}/review", params={"kind": "possible-version"})
    [item] = listed.json()["items"]
    assert (item["fact_id"], item["other_id"]) == (doubt["id"], first["document_id"])
    # The new version is seen by those only who may see both.
    sent = {"verdict": "version", "reason": "确是更新"}
    assert made.client("own").post(f"{API}/versions/{doubt['id']}", json=sent).status_code == 403
    settled = made.client("supervisor").post(f"{API}/versions/{doubt['id']}", json=sent)
    assert settled.status_code == 200, settled.text
    assert level(made, second["document_id"]) == "restricted"
    again = made.client("supervisor").post(f"{API}/versions/{doubt['id']}", json=sent)
    assert again.status_code == 404


def test_an_upload_says_what_it_replaces(made):
    first = upload(made, FIRST)
    for role, key, code in (("supervisor", "doc-none", 404),):
        sent = made.client(role).post(
            f"{API}/documents", files={"file": (NAME, SECOND.encode())}, data={"replaces": key}
        )
        assert sent.status_code == code, sent.text
    second = upload(made, SECOND, replaces=first["document_id"])
    assert (second["status"], second["superseded"]) == ("new-version", first["document_id"])
    refused = made.client("supervisor").post(
        f"{API}/documents", files={"file": (NAME, b"x")}, data={"replaces": first["document_id"]}
    )
    assert (refused.status_code, second["document_id"] in refused.text) == (409, True)


def test_the_same_bytes_change_nothing_of_who_may_see_them(made):
    first = upload(made, FIRST, level="restricted", units=[OWN])
    again = upload(made, FIRST, name="改名.txt", level="public")
    assert (again["status"], again["kept_visibility"]) == ("unchanged", True)
    assert level(made, first["document_id"]) == "restricted"
    newer = plan(DANGERS, WORDS)
    then = upload(made, newer, level="internal")
    opened = upload(made, plan(DANGERS), level="public")
    assert (opened["status"], opened["superseded"]) == ("new-version", then["document_id"])
    assert [level(made, r["document_id"]) for r in (then, opened)] == ["internal", "public"]
    assert status(made, "public", then["document_id"]) == 404, "opened is that one version"


def test_an_older_text_takes_no_newer_ones_place(made):
    def dated(words, day):
        words = words.replace("〔2024〕1号", "〔2024〕7号").replace("防汛", "防旱")
        return f"{words}\n某区人民政府办公室\n{day}\n"

    newer = upload(made, dated(plan(DANGERS, WORDS), "2025年8月1日"), level="internal")
    older = upload(made, dated(plan(DANGERS), "2025年5月6日"), level="internal")
    assert (older["status"], older["possible_versions"][0]["order"]) == ("added", "earlier")
    [doubt] = made.client("supervisor").get(f"{API}/versions").json()
    assert (doubt["document_id"], doubt["other_id"]) == (newer["document_id"], older["document_id"])
    sent = {"verdict": "version", "reason": "先后两稿"}
    made.client("supervisor").post(f"{API}/versions/{doubt['id']}", json=sent)
    again = upload(made, dated(plan(DANGERS), "2025年5月6日"), level="public")
    assert (again["status"], again["replaced_by"]) == ("superseded", newer["document_id"])
    assert (again["document_id"], again["kept_visibility"]) == (older["document_id"], True)
    assert [level(made, r["document_id"]) for r in (newer, older)] == ["internal", "internal"]
    current = made.client("supervisor").get(f"{API}/documents", params={"limit": 50}).text
    assert (newer["document_id"] in current, older["document_id"] in current) == (True, False)


ROLES = ("reader", "other", "own", "supervisor", "auditor", "admin")


def told(world, role, key, evidence):
    """Whether somebody is shown what was reported on a milestone, and given its evidence; what they are
    not shown is not there."""
    client = world.client(role)
    answers = [
        client.get(f"{API}/milestones/{key}/history"),
        client.get(f"{API}/evidence/{evidence}"),
    ]
    assert {answer.status_code for answer in answers} <= {200, 404}, (role, answers)
    shown, had = (answer.status_code == 200 for answer in answers)
    assert had == (shown and evidence in answers[0].text), role
    return had


def test_evidence_is_for_those_who_may_see_what_was_reported_with_it(made):
    """Another unit's officer and a reader have it where the report is open to them, and only there,
    whichever version of the document it was reported on."""
    first, store = made.open, made.service.store
    key, proof = first.tasks[0].milestones[0].id, made.evidence
    levels = {"public": ROLES, "internal": ROLES, "restricted": ("own", *ROLES[3:])}
    for name, seeing in levels.items():
        units = (OWN,) if name == "restricted" else ()
        seen = Visibility(level=Level(name), units=units)
        set_visibility(store, CONSOLE, first.document.id, seen, made.service.now())
        assert [r for r in ROLES if told(made, r, key, proof)] == [r for r in ROLES if r in seeing]
        assert made.client("public").get(f"{API}/evidence/{proof}").status_code == 401
    words = first.document.text + "3.总结。（责任单位：区水利局）\n"
    newer = upload(made, words, level="public")
    assert newer["status"] == "new-version"
    after = store.load(newer["document_id"]).tasks[0].milestones[0].id
    # It is among what is told of the newer version, which was opened.
    assert [r for r in ROLES if told(made, r, after, proof)] == list(ROLES)
    closed = Visibility(level=Level.RESTRICTED, units=(OWN,))
    set_visibility(store, CONSOLE, newer["document_id"], closed, made.service.now())
    assert [r for r in ROLES if told(made, r, after, proof)] == ["own", *ROLES[3:]]


def test_the_pages_tell_and_settle_it(made):
    upload(made, FIRST)
    second = upload(made, SECOND)
    client = TestClient(made.app, headers={"Accept": "text/html"}, follow_redirects=False)
    client.post("/sign-in", data={"login": "supervisor", "password": PASSWORD, "next": "/"})
    csrf = client.get("/api/v1/session").json()["csrf"]
    jobs = made.client("supervisor").get(f"{API}/jobs").json()["items"]
    page = client.get(f"/documents/jobs/{jobs[0]['id']}").text
    assert "可能是以下文件的新版本" in page
    assert "关于保密检查的通知" in page
    assert 'name="replaces"' in client.get("/documents").text
    page = client.get("/review?kind=possible-version").text
    [act] = set(re.findall(r'formaction="(/review/versions/[^"]+)"', page))
    answer = client.post(
        act, data={"csrf": csrf, "verdict": "separate", "reason": "两份", "item": []}
    )
    assert answer.status_code == 303
    assert "/review/versions/" not in client.get("/review?kind=possible-version").text
    assert status(made, "public", second["document_id"]) == 200


def test_reports_without_a_duty_are_handed_over_on_the_page(made):
    client = TestClient(made.app, headers={"Accept": "text/html"}, follow_redirects=False)
    client.post("/sign-in", data={"login": "supervisor", "password": PASSWORD, "next": "/"})
    csrf = client.get("/api/v1/session").json()["csrf"]
    before = made.open.tasks[0].milestones[0].id
    made_anew = upload(made, plan(DANGERS.replace("2025年", "2027年"), WORDS), name="plan.txt")
    assert made_anew["status"] == "new-version"
    page = client.get("/review?kind=left").text
    assert f"/review/hand/{before}" in page
    assert made.client("reader").get(f"{API}/review", params={"kind": "left"}).json()["total"] == 1
    found = made.client("supervisor").get(f"{API}/documents/{made_anew['document_id']}").json()
    to = found["tasks"][0]["milestones"][0]["id"]
    form = {"csrf": csrf, f"to-{before}": to, "reason": "时限顺延", "back": "/review"}
    assert client.post(f"/review/hand/{before}", data={**form, f"to-{before}": "x"}).status_code >= 303  # fmt: skip
    assert client.post(f"/review/hand/{before}", data=form).status_code == 303
    assert f"/review/hand/{before}" not in client.get("/review?kind=left").text
    assert made.service.tracker.life(to).reports == 1
