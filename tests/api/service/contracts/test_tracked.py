"""Documents of other governments in the store change no list of duties at any front until a
supervisor takes them up: every route, page, tool and listing command before and after."""

import json
import re
from dataclasses import dataclass, field

import pytest

from api.cli.app import run
from api.service.app import create_app
from tasks.authorisation import CONSOLE
from tasks.digest import DigestFormat
from tasks.store import Store
from tasks.tracking import track_document, untrack_document
from tests.api.service.client import TestClient
from tests.api.service.contracts.test_matrix import API, call
from tests.api.service.contracts.test_matrix import TABLE as ROUTES
from tests.api.service.contracts.test_page_matrix import TABLE as PAGES
from tests.api.service.world import (
    PASSWORD,
    PEOPLE,
    SIGNED_IN,
    inside,
    people_with_tokens,
    settings_in,
    unfold,
)
from tests.tasks.samples import NOW, TODAY, read


def notice(issuer, place, *duties):
    lines = [f"{n}.{duty}" for n, duty in enumerate(duties, 1)]
    head = [issuer, f"关于印发{place}水库安全方案（2024—2026年）的通知", ""]
    return "\n".join([*head, f"{place}水库安全方案（2024—2026年）", "一、主要任务", *lines, ""])


OURS = notice(
    "重庆市万州区人民政府办公室", "万州区",
    "整治隐患。到2025年6月底前，整治隐患点20处以上。（责任单位：区水利局、区应急局）",
    "开展演练。每年6月底前组织演练，参加率不低于95%。（牵头单位：区应急局；配合单位：区教委）",
    "移交校舍。自竣工验收合格起3个月内移交区教委。（责任单位：区住房城乡建委）",
    "加强宣传。加强防汛宣传教育，营造良好氛围。（责任单位：各镇乡街道）",
)  # fmt: skip
OTHERS = {
    "state": notice("国务院办公厅", "全国", "普查鲲鹏坝。到2024年底前，普查鲲鹏坝9000座以上，覆盖率达到99%。（责任单位：水利部、应急管理部）"),
    "city": notice("重庆市人民政府办公厅", "重庆市", "加固鲲鹏坝。到2025年6月底前，加固鲲鹏坝90处。（责任单位：市水利局）"),
    "beside": notice("重庆市开州区人民政府办公室", "开州区", "巡查鲲鹏坝。2025年前巡查鲲鹏坝7次。（责任单位：区教委、区水利局）"),
}  # fmt: skip
MARK = "鲲鹏坝"
"""Stands in every duty of the other governments, and nowhere else."""
DIFFERS = {
    "/healthz", "/readyz", "/metrics", f"{API}/session", f"{API}/tokens", f"{API}/people", "/account",
    f"{API}/documents", "/documents", "/",  # which hold or count documents, not duties
    f"{API}/audit", f"{API}/audit/checkpoint", "/audit", "/audit/export/{form}", "/audit/checkpoint",
}  # fmt: skip
"""What tells of documents, of the log, or of the moment."""
ASKED = (
    "有哪些任务逾期？", "what is overdue?", "区水利局要干哪些事？", "区教委有哪些任务？",
    "一共有多少项任务？", "哪个单位任务最多？", "2025年要完成什么？", "2024年要完成什么？", "区水利局2025年要完成什么？",
)  # fmt: skip
COMMANDS = (
    ["tasks"], ["tasks", "--overdue"], ["targets"], ["units"], ["milestones"], ["overdue", "--inherited"],
    ["overdue", "--by", "unit"], ["due", "--within", "900"], ["review"], ["graph"], ["address", "list"],
    ["digest", "preview"], ["digest", "send", "--dry-run"], ["export", "--out", "{out}.csv"],
    ["export", "--out", "{out}.ics"], ["tasks", "--unit", "区教委"],
)  # fmt: skip


@dataclass
class Office:
    """A running service of 万州区, and how to look at it."""

    settings: object
    app: object
    secrets: dict
    clients: dict = field(default_factory=dict)
    browsers: dict = field(default_factory=dict)
    ids: dict = field(default_factory=dict)
    home: object = None

    @property
    def service(self):
        return self.app.state.service

    def client(self, role):  # as `call` of the matrix takes it
        return self.clients[role]


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    settings = settings_in(tmp_path_factory.mktemp("tracked"))
    with Store.open(settings.store_url) as store:
        home, data = read(OURS, "ours.txt")
        store.add(home, data, recorded_at=NOW)
        secrets = people_with_tokens(store, settings, PEOPLE)
    app = create_app(settings, public_read=True, public_metrics=True, warm=False)
    made = Office(settings, app, secrets, home=home)
    with TestClient(app) as public:
        made.clients = {"public": public} | {
            role: TestClient(app, headers={"Authorization": f"Bearer {secrets[role]}"}) for role in SIGNED_IN
        }  # fmt: skip
        for role in SIGNED_IN:
            made.browsers[role] = TestClient(app, follow_redirects=False)
            made.browsers[role].portal = made.clients[role].portal = public.portal
            made.browsers[role].post("/sign-in", data={"login": role, "password": PASSWORD})
        yield made


def bring(office):
    """Bring the documents of the other governments into the store, once."""
    for name, words in OTHERS.items():
        extraction, data = read(words, f"{name}.txt")
        added = office.service.store.add(extraction, data, recorded_at=office.settings.now())
        office.ids[name] = added.document_id
        assert not added.tracked


@pytest.fixture
def loaded(office):
    bring(office)
    return office


def fronts(office, capsys, folder):
    """What every front shows, by its name. Answers of the assistant without the time they took."""
    first = office.home.tasks[0]
    filled = {
        "task_id": first.id, "target_id": first.targets[0].id, "milestone_id": first.milestones[0].id,
        "unit": "区水利局", "document_id": office.home.document.id, "week": "2026-W02", "login": "reader",
        "language": "zh", "model": "duban",
    }  # fmt: skip
    shown = {}
    for table, clients in ((ROUTES, office.clients), (PAGES, office.browsers)):
        for (method, path), rows in table.items():
            if method != "GET" or path in DIFFERS or path.startswith(("/language", "/sign-in")):
                continue
            names = re.findall(r"\{(\w+)\}", path)
            forms = [{}]
            if "form" in names:
                forms = [{"form": f} for f in (DigestFormat if "digest" in path else ("xlsx", "docx", "ics", "csv"))]  # fmt: skip
            elif path == f"{API}/exports":
                forms = [{"format": f} for f in ("csv", "jsonl", "docx", "ics")]
            if any(n not in filled and n != "form" for n in names):
                continue
            role = next(
                r for r in ("supervisor", "admin", "auditor", "own") if r in rows[0].allowed
            )
            for chosen in forms:
                place = path.format(**filled | chosen)
                query = rows[0].parameters | {k: v for k, v in chosen.items() if k != "form"}
                answer = clients[role].get(place, params=query)
                assert answer.status_code < 500, (place, answer.text)
                said = unfold(inside(answer.content))
                # Of the moment, not of the store.
                said = re.sub(r"<dcterms:\w+[^>]*>[^<]*|DTSTAMP:\S+|nonce-\S+", "", said)
                shown[f"GET {path} {chosen or ''}"] = answer.status_code, said
    for tool, arguments in (
        ("tasks_of_unit", {"unit": "区教委"}), ("tasks_of_unit", {"unit": "水利部"}),
        ("overdue", {"as_of": "2030-01-01", "inherited": True}), ("target_value", {"text": ""}),
    ):  # fmt: skip
        answer = call(office, "supervisor", "tools/call", name=tool, arguments=arguments)
        shown[f"MCP {tool} {arguments}"] = answer.json()["result"]["content"]
    actor = office.service.people.actor("supervisor")
    for question in ASKED:
        answer = office.service.ask(actor, question, TODAY.replace(year=2027))
        shown[f"ask {question}"] = answer.model_dump(mode="json", exclude={"elapsed_ms"})
    environ = {"DUBAN_HOME": str(office.settings.home), "DUBAN_LANG": "zh"}
    for words in COMMANDS:
        capsys.readouterr()
        out = str(folder / "out")
        code = run([w.format(out=out) for w in words], environ, office.settings.home)
        told = capsys.readouterr()
        files = "".join(unfold(inside(p.read_bytes())) for p in folder.iterdir())
        for p in folder.iterdir():
            p.unlink()
        shown[f"duban {' '.join(words)}"] = (
            code,
            told.out,
            told.err,
            re.sub(r"DTSTAMP:\S+", "", files),
        )
    return shown


TELLING = (
    "/api/v1/tasks ", "/api/v1/milestones ", "/api/v1/overdue ", "/api/v1/targets", "/api/v1/graph",
    "/api/v1/exports", "/api/v1/exports/calendar.ics", "/api/v1/digests/{week}", "GET /tasks ",
    "/tasks/export", "/dashboard ", "duban tasks", "duban targets", "duban milestones", "duban overdue --inherited",
    "duban export", "MCP overdue", "MCP target_value", "ask 有哪些任务逾期", "ask 2024年",
)  # fmt: skip
"""Fronts that name a duty of a document once it is taken up."""
NAMING = (
    "/api/v1/units ", "/api/v1/overdue/counts", "GET /units ", "/dashboard/send", "/admin/addresses",
    "duban units", "duban address list", "duban digest send",
)  # fmt: skip
"""Those that name the unit that bears it."""


def test_no_front_changes_until_a_document_is_taken_up(office, capsys, tmp_path):
    before = fronts(office, capsys, tmp_path)
    store, ids = office.service.store, office.ids
    bring(office)
    assert_same(before, fronts(office, capsys, tmp_path))
    track_document(store, CONSOLE, ids["state"], "由区落实", office.settings.now())
    try:
        taken = fronts(office, capsys, tmp_path)
    finally:
        untrack_document(store, CONSOLE, ids["state"], "仅供查阅", office.settings.now())
    for wanted, words in ((TELLING, MARK), (NAMING, "水利部")):
        for front in wanted:
            found = [name for name in taken if front in f"{name} "]
            assert found, front
            assert any(words in str(taken[name]) for name in found), front
    assert_same(before, fronts(office, capsys, tmp_path))


def assert_same(before, after):
    assert before.keys() == after.keys()
    differing = {
        name: (before[name], after[name]) for name in before if before[name] != after[name]
    }
    assert not differing, list(differing)
    assert not any(MARK in str(shown) for shown in after.values())


# ---- what is asked for is shown, and says whose it is


def test_one_document_is_shown_to_whoever_asks_for_it(loaded, capsys):
    key = loaded.ids["state"]
    client, page = loaded.clients["supervisor"], loaded.browsers["supervisor"]
    [task] = client.get(f"{API}/tasks", params={"document": key}).json()["items"]
    assert (task["tracked"], MARK in task["task"]["title"]) == (False, True)
    assert not client.get(f"{API}/tasks/{task['task']['id']}").json()["tracked"]
    for path in ("overdue", "milestones", "overdue/counts"):
        said = client.get(f"{API}/{path}", params={"document": key, "as_of": "2026-01-02"} | ({"by": "unit"} if "/" in path else {}))  # fmt: skip
        assert MARK in said.text or "水利部" in said.text
    detail = client.get(f"{API}/documents/{key}").json()
    assert (detail["tracked"], detail["whose"]) == (False, "other")
    for path in (f"/documents/{key}", f"/tasks?document={key}", f"/tasks/{task['task']['id']}"):
        shown = page.get(path).text
        assert MARK in shown, path
        assert "文件仅供查阅" in shown, path
    assert "只见于仅供查阅的文件" in page.get("/units/水利部").text
    environ = {"DUBAN_HOME": str(loaded.settings.home), "DUBAN_LANG": "zh"}
    for words in (["tasks"], ["milestones"], ["overdue", "--as-of", "2026-01-02"]):
        assert run([*words, "--document", key], environ, loaded.settings.home) == 0
        told = capsys.readouterr().out
        assert MARK in told
        assert "仅供查阅" in told
    assert run(["overdue", "--document", "doc-none"], environ, loaded.settings.home) == 1


def test_no_step_is_taken_and_it_says_what_to_do(loaded):
    key = next(
        m.id for t in loaded.service.store.load(loaded.ids["state"]).tasks for m in t.milestones
    )
    client = loaded.clients["supervisor"]
    steps = client.get(f"{API}/milestones/{key}/steps").json()
    assert not any(s["allowed"] for s in steps)
    assert any("列入督办" in s["reason"] for s in steps)
    said = client.post(f"{API}/milestones/{key}/steps", json={"step": "cancel", "reason": "x"})
    assert said.status_code == 409, said.text
    assert "列入督办" in said.json()["detail"]


@pytest.mark.parametrize(
    ("question", "mark"),
    [
        ("谁负责普查鲲鹏坝？", "（国务院办公厅文件，仅供查阅）"),
        ("普查鲲鹏坝什么时候完成？", "（国务院办公厅文件，仅供查阅）"),
        ("水利部要干哪些事？", "（国务院办公厅文件，仅供查阅）"),
        ("全国水库安全方案有哪些任务？", "（国务院办公厅文件，仅供查阅）"),
        ("开州区教委要干哪些事？", "（重庆市开州区人民政府办公室文件，仅供查阅）"),
        ("开州区有哪些任务逾期？", "0 项。\n所问文件仅供查阅"),
        ("谁负责整治隐患？", ""),
        ("区水利局要干哪些事？", ""),
    ],
)
def test_an_answer_says_whose_a_duty_is(loaded, question, mark):
    actor = loaded.service.people.actor("supervisor")
    answer = loaded.service.ask(actor, question, TODAY)
    assert answer.answerable, answer.answer
    assert ("仅供查阅" in answer.answer) is bool(mark)
    assert mark in answer.answer
    told = [line for line in answer.answer.split("\n") if line.strip()]
    assert [s.text for s in answer.statements] == told
    for s in answer.statements:
        assert "".join(p.text for p in s.pieces) == s.text


def test_in_english_too(loaded):
    actor = loaded.service.people.actor("supervisor")
    answer = loaded.service.ask(actor, "What does 水利部 have to do?", TODAY)
    assert "(document of 国务院办公厅, for reference)" in answer.answer


# ---- the button


def test_a_supervisor_takes_a_document_up_on_its_page(loaded):
    key, page = loaded.ids["city"], loaded.browsers["supervisor"]
    csrf = page.get("/api/v1/session").json()["csrf"]
    assert 'action="/documents/' + key + '/track"' in page.get(f"/documents/{key}").text
    assert "其他机关文件，已列入督办" not in page.get("/documents").text
    done = page.post(f"/documents/{key}/track", data={"csrf": csrf, "reason": "市级下达"})
    assert (done.status_code, done.headers["Location"]) == (303, f"/documents/{key}")
    assert MARK in page.get("/tasks").text
    listed = page.get("/documents").text
    assert "其他机关文件，已列入督办" in listed
    assert f"/documents/{key}#track" in listed
    back = loaded.clients["supervisor"].post(f"{API}/documents/{key}/untrack", json={"reason": "x"})
    assert back.json() == {"document_id": key, "tracked": False, "tasks": 1, "lives": 0}
    assert MARK not in page.get("/tasks").text
    refused = loaded.clients["own"].post(f"{API}/documents/{key}/track", json={"reason": "x"})
    assert refused.status_code == 403


def test_an_upload_says_that_it_is_for_reference(loaded):
    words = OTHERS["state"].replace("9000座", "8000座").replace("全国水库", "全国大型水库").encode()
    client = loaded.clients["supervisor"]
    job = client.post(f"{API}/documents", files={"file": ("large.txt", words)}).json()
    loaded.app.state.jobs._pool.submit(int).result()  # the one worker: it has ended before this
    report = client.get(f"{API}/jobs/{job['id']}").json()["report"]
    assert (report["status"], report["tracked"]) == ("added", False)
    assert "for-reference" in {w["code"] for w in report["warnings"]}


def test_on_the_command_line(loaded, capsys, tmp_path):
    environ = {"DUBAN_HOME": str(loaded.settings.home), "DUBAN_LANG": "zh"}
    key = loaded.ids["beside"]

    def duban(*words, **more):
        capsys.readouterr()
        code = run(list(words), environ | more, loaded.settings.home)
        return code, capsys.readouterr().out

    assert duban("documents", "track", key)[0] == 2  # without a reason
    code, out = duban("documents", "track", key, "--reason", "联合督办", "--json")
    assert (code, json.loads(out)) == (0, {"document_id": key, "tracked": True, "tasks": 1, "lives": 0})  # fmt: skip
    assert "1 项任务退出列表" in duban("documents", "untrack", key, "--reason", "x")[1]
    listed = {
        d["document"]["id"]: d["tracked_since"] for d in json.loads(duban("documents", "--json")[1])
    }
    assert listed[key] is None
    assert listed[loaded.home.document.id]
    file = tmp_path / "state.txt"
    file.write_text(OTHERS["state"].replace("9000座", "7000座"), "utf-8")
    given = {"DUBAN_GOVERNMENT": "国家", "DUBAN_HOME": str(tmp_path / "var")}
    assert duban("ingest", "--no-index", str(file), **given | {"DUBAN_GOVERNMENT": "某某"})[0] != 0
    code, out = duban(
        "ingest", "--no-index", str(file), "--json", **given | {"DUBAN_GOVERNMENT": "万州区"}
    )
    [row] = json.loads(out)["files"]
    assert (row["tracked"], row["warnings"][0]["code"]) == (False, "for-reference")
