"""Two services over one store, as real processes: what one has done the other answers from at once."""

import signal

import httpx
import pytest

from ingest.pipeline import extract_bytes
from tasks.store import Store
from tests.api.service.contracts.test_matrix import API
from tests.api.service.process import Serving
from tests.api.service.test_jobs import until
from tests.api.service.world import CLOSED, PEOPLE, people_with_tokens, settings_in
from tests.tasks.samples import DANGERS, NOW, OFFICER, PLAN, plan

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
NEW = "某区河道清淤工作方案（2024—2026年）\n一、主要任务\n1.清淤河道。到2026年，清淤河道30处以上。（责任单位：区水利局）\n"


class Speaking:
    """One of the services, spoken to as somebody."""

    def __init__(self, served: Serving, secret: str) -> None:
        headers = {"Authorization": f"Bearer {secret}"}
        self.client = httpx.Client(base_url=f"{served.address}{API}", headers=headers, timeout=120)

    def get(self, path: str, **query: str):
        found = self.client.get(path, params=query)
        assert found.status_code == 200, found.text
        return found.json()

    def send(self, method: str, path: str, **body):
        found = self.client.request(method, path, json=body)
        assert found.status_code < 300, found.text
        return found.json()

    def upload(self, name: str, words: str):
        found = self.client.post("/documents", files={"file": (name, words.encode())})
        assert found.status_code == 202, found.text
        key = found.json()["id"]
        until(lambda: self.get(f"/jobs/{key}")["status"] not in ("queued", "running"))
        assert self.get(f"/jobs/{key}")["status"] == "done"
        return self.get(f"/jobs/{key}")["report"]["document_id"]

    def told(self) -> list[object]:
        """What it answers to all that can be asked of the present state."""
        asked = [
            ("/documents", {"superseded": "true"}), ("/tasks", {}), ("/units", {}), ("/targets", {}),
            ("/overdue", {"as_of": "2030-01-01"}), ("/milestones", {"as_of": "2030-01-01"}), ("/corrections", {}),
            ("/review", {}), ("/graph", {}),
        ]  # fmt: skip
        return [self.get(path, **query) for path, query in asked]


@pytest.fixture
def speaking():
    """Makes clients, which are closed at the end."""
    made = []

    def make(served: Serving, secret: str) -> Speaking:
        made.append(Speaking(served, secret))
        return made[-1]

    yield make
    for one in made:
        one.client.close()


def test_two_services_answer_from_one_state(tmp_path, store_url, speaking):
    settings = settings_in(tmp_path, store_url)
    with Store.open(settings.store_url) as store:
        extraction = extract_bytes(PLAN.encode(), "plan.txt")
        store.add(extraction, PLAN.encode(), recorded_at=NOW)
        secrets = people_with_tokens(store, settings, [p for p in PEOPLE if not p.units])
    task, document = extraction.tasks[0], extraction.document.id
    milestone = task.milestones[0].id
    more = {"surroundings": {"DUBAN_STORE": store_url}, "forked": True}
    with Serving(tmp_path, **more) as one, Serving(tmp_path, **more) as two:
        here, there = (speaking(served, secrets["supervisor"]) for served in (one, two))
        before = here.told()
        assert before == there.told()  # both hold what they read

        def agree(changed: bool = True) -> None:
            nonlocal before
            # The other first: it has nothing but the store to know by.
            now = there.told()
            assert now == here.told()
            assert (now != before) is changed
            before = now

        def tag(each: Speaking, key: str) -> str:
            return each.client.get(f"/documents/{key}").headers["ETag"]

        uploaded = here.upload("清淤.txt", NEW)
        agree()
        assert uploaded in {d["id"] for d in there.get("/documents")["items"]}
        stale = tag(there, uploaded)
        for step in ("accept", "report", "submit", "approve", "close"):
            # By turns: each goes on from where the other was.
            by = here if step == "close" else there
            if step in ("approve", "close"):
                by.send("POST", f"/milestones/{milestone}/steps", step=step)
            else:
                officer(tmp_path, store_url, milestone, step)
            agree()
        agree(changed=False)
        fix = {"aspect": "owner", "operation": "add", "unit": "区财政局", "role": "joint", "reason": "三定"}  # fmt: skip
        made = here.send("POST", f"/tasks/{task.id}/corrections", **fix)
        agree()
        there.send("POST", f"/corrections/{made['id']}/withdraw", reason="误改")
        agree()
        here.send("PUT", f"/documents/{uploaded}/visibility", level="internal")
        agree()
        assert tag(there, uploaded) == tag(here, uploaded) != stale
        outside = [httpx.get(f"{s.address}{API}/documents/{uploaded}") for s in (one, two)]
        assert {answer.status_code for answer in outside} == {404}
        there.send("POST", f"/documents/{uploaded}/withdraw", reason="误传")
        agree()
        here.send("POST", f"/documents/{uploaded}/restore", reason="核对无误")
        agree()
        assert here.get(f"/documents/{document}") == there.get(f"/documents/{document}")
        admin = speaking(two, secrets["admin"])
        admin.send("PATCH", "/people/supervisor", active=False)
        for each in (here, there):
            assert each.client.get("/review").status_code == 401


def officer(folder, store_url, milestone, step):
    """A step of the unit's, by a third process: the command line's part."""
    from tasks.lifecycle import Command, Step
    from tasks.tracker import Tracker

    settings = settings_in(folder, store_url)
    with Store.open(settings.store_url) as store:
        command = Command(step=Step(step), milestone_id=milestone, on=settings.today(), text="做了")
        Tracker(store).perform(OFFICER, command, settings.now())


def test_two_uploads_at_once_both_end_well_with_the_index_in_step(tmp_path, speaking):
    settings = settings_in(tmp_path)
    with Store.open(settings.store_url) as store:
        secrets = people_with_tokens(store, settings, [p for p in PEOPLE if not p.units])
    warm = {"options": ("--no-schedule",), "forked": True}
    with Serving(tmp_path, **warm) as one, Serving(tmp_path, **warm) as two:
        both = [speaking(served, secrets["supervisor"]) for served in (one, two)]
        texts = [PLAN, NEW, CLOSED, plan(DANGERS.replace("20处", "31处")).replace("1号", "9号")]
        keys = []
        for n, words in enumerate(texts):
            sent = both[n % 2].client.post("/documents", files={"file": (f"{n}.txt", words.encode())})  # fmt: skip
            assert sent.status_code == 202
            keys.append((both[n % 2], sent.json()["id"]))
        for by, key in keys:
            until(lambda by=by, key=key: by.get(f"/jobs/{key}")["status"] not in ("queued", "running"), 240)  # fmt: skip
            job = by.get(f"/jobs/{key}")
            assert (job["status"], job["hint"]) == ("done", None)
            assert job["report"]["indexed"]
        # Each answers from what the other brought, and no more once the other took it out.
        asked = {"question": "清淤河道由哪个单位负责？"}
        assert all(each.send("POST", "/ask", **asked)["answerable"] for each in both)
        [gone] = [d["id"] for d in both[0].get("/documents")["items"] if "清淤" in d["title"]]
        for n, act in enumerate(("withdraw", "restore")):
            both[n].send("POST", f"/documents/{gone}/{act}", reason="核对")
            told = both[1 - n].send("POST", "/ask", **asked)
            assert told["answerable"] is (act == "restore"), act
        one.stop(signal.SIGTERM)
        two.stop(signal.SIGTERM)
    from api.knowledge import open_index, stored_chunks

    chunks = stored_chunks(settings)
    assert len({c.document_id for c in chunks}) == 4
    assert open_index(settings).status(chunks, deep=True).sound
