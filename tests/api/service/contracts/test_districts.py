"""Two districts in one store: each has a 区教委, and neither is taken for the other, whatever the
way in."""

import json

import pytest

from api.cli.app import run
from api.service.app import create_app
from tasks.access import Access
from tasks.authorisation import CONSOLE, PersonRole
from tasks.digest import build_digests, week_of
from tasks.people import People, Person
from tasks.store import Store
from tasks.tracking import track_document
from tasks.visibility import Level, Visibility, set_visibility
from tests.api.service.client import TestClient
from tests.api.service.world import QUICK, settings_in
from tests.tasks.digest_samples import ZONE
from tests.tasks.samples import NOW, TODAY, read

HTML = {"Accept": "text/html"}
API = "/api/v1"
HERE, THERE = "万州区/education", "开州区/education"
PLACES = ("万州区", "开州区")


def notice(place: str) -> str:
    return f"""重庆市{place}人民政府办公室
关于印发{place}校园安全工作方案（2024—2026年）的通知

{place}校园安全工作方案（2024—2026年）
一、主要任务
1.整治{place}周边。到2025年6月底前，整治校园周边隐患10处以上。（责任单位：区教委、区公安局）
2.更新{place}校车。到2026年，更新校车20辆。（牵头单位：区教委）
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """The app, clients by sign-in name, the documents by place."""
    settings = settings_in(tmp_path_factory.mktemp("districts"))
    with Store.open(settings.store_url) as store:
        found = {}
        for place in PLACES:
            extraction, data = read(notice(place), f"{place}.txt")
            store.add(extraction, data, recorded_at=NOW)
            found[place] = extraction
        # The first one's government is home: the other's duties count once they are taken up.
        track_document(store, CONSOLE, found["开州区"].document.id, "两地联合督办", NOW)
        people, access, secrets = People(store), Access(store, QUICK), {}
        for person in (
            Person(login="here", name="甲", role=PersonRole.UNIT_OFFICER, units=("万州区教委",)),
            Person(login="there", name="乙", role=PersonRole.UNIT_OFFICER, units=(THERE,)),
            Person(login="supervisor", name="督", role=PersonRole.SUPERVISOR),
            Person(login="auditor", name="审", role=PersonRole.AUDITOR),
            Person(login="admin", name="管", role=PersonRole.ADMIN),
        ):
            people.add(CONSOLE, person, settings.now())
            access.set_password(CONSOLE, person.login, "correct horse battery", settings.now())
            scopes = ("read", "write", "admin") if person.login != "auditor" else ("read",)
            expires = settings.now().replace(year=settings.now().year + 1, month=1, day=1)
            secrets[person.login], _ = access.create_token(
                CONSOLE, person.login, "t", scopes, expires, settings.now()
            )
        set_visibility(
            store, CONSOLE, found["开州区"].document.id,
            Visibility(level=Level.RESTRICTED, units=("开州区教委",)), NOW,
        )  # fmt: skip
    app = create_app(settings, public_read=True, warm=False)
    with TestClient(app) as client:
        clients = {
            login: TestClient(app, headers={"Authorization": f"Bearer {secret}"})
            for login, secret in secrets.items()
        }
        browsers = {}
        for login in ("supervisor", "admin"):
            browsers[login] = TestClient(app, headers=HTML)
            given = {"login": login, "password": "correct horse battery"}
            assert browsers[login].post(f"{API}/session", json=given).status_code == 200
        yield settings, app, clients, browsers, found, client


def first(extraction) -> str:
    return extraction.tasks[0].milestones[0].id


def test_an_officer_of_one_may_not_act_on_the_others_duty(office):
    _, _, clients, _, found, _ = office
    step = {"step": "accept", "on": TODAY.isoformat()}
    mine, theirs = first(found["万州区"]), first(found["开州区"])
    said = clients["there"].post(f"{API}/milestones/{mine}/steps", json=step)
    assert said.status_code == 403, said.text
    assert "开州区教委" in said.json()["detail"]
    assert "万州区教委" in said.json()["detail"]
    assert clients["there"].post(f"{API}/milestones/{theirs}/steps", json=step).status_code < 300


def test_a_restricted_document_is_seen_by_its_own_unit_only(office):
    _, _, clients, _, found, _ = office
    key = found["开州区"].document.id
    seen = {login: client.get(f"{API}/documents/{key}").status_code for login, client in clients.items()}  # fmt: skip
    assert seen == {"here": 404, "there": 200, "supervisor": 200, "auditor": 200, "admin": 200}
    held = clients["admin"].get(f"{API}/documents/{key}").json()["visibility"]
    assert (held["units"], held["unit_names"], held["unsettled"]) == ([THERE], ["开州区教委"], [])


def documents_of(found, tasks):
    """The places of the documents that tasks are of."""
    return {place for place in PLACES for t in found[place].tasks if t.id in tasks}


@pytest.mark.parametrize(
    ("login", "question", "before", "places"),
    [
        ("supervisor", "区教委要干哪些事？", [], None),  # asked back
        ("supervisor", "区教委有哪些任务逾期？", [], None),
        ("supervisor", "what does the Education Commission have to do?", [], None),
        ("supervisor", "开州区教委要干哪些事？", [], {"开州区"}),
        ("supervisor", "万州教委要干哪些事？", [], {"万州区"}),
        ("supervisor", "有哪些任务逾期？", ["开州区教委要干哪些事？"], {"开州区"}),
        ("supervisor", "区教委要干哪些事？", ["万州区的校车由谁负责？"], {"万州区"}),
        ("supervisor", "开州区谁负责整治校园周边？", [], {"开州区"}),
        ("supervisor", "万州区谁负责整治校园周边？", [], {"万州区"}),
        ("here", "区教委要干哪些事？", [], {"万州区"}),  # sees only that one
        ("supervisor", "有哪些任务逾期？", [], set(PLACES)),
    ],
)
def test_an_answer_is_about_the_place_that_is_named(office, login, question, before, places):
    _, app, _, _, found, _ = office
    service = app.state.service
    actor = service.people.actor(login)
    answer = service.ask(actor, question, TODAY.replace(year=2027), before)
    if places is None:
        assert not answer.answerable
        assert all(f"{place}教委" in answer.answer for place in PLACES)
        assert not answer.tasks
    else:
        assert answer.answerable, answer.answer
        assert documents_of(found, answer.tasks) == places, answer.answer


LISTS = (
    "tasks",
    "milestones",
    "overdue",
    "due",
    "exports",
    "graph",
    "units/区教委",
    "digests/2026-W48",
)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    ("unit", "status"), [("区教委", 409), (HERE, 200), ("万州区教育局", 200), ("区没有局", 404)]
)
def test_filters_by_unit(office, path, unit, status):
    _, _, clients, _, _, _ = office
    if path.startswith("units/"):
        said = clients["supervisor"].get(f"{API}/units/{unit}")
    else:
        said = clients["supervisor"].get(f"{API}/{path}", params={"unit": unit})
    assert said.status_code == status, said.text
    if status == 409:
        body = said.json()
        assert body["code"] == "ambiguous-unit"
        assert body["candidates"] == [
            {"unit_id": HERE, "unit": "万州区教委"}, {"unit_id": THERE, "unit": "开州区教委"}
        ]  # fmt: skip
    elif status == 200 and path in ("tasks", "units/区教委"):
        rows = said.json()["items" if path == "tasks" else "tasks"]
        assert {r["document_title"][:3] for r in rows} == {"万州区"} or all("开州" not in r["plan"] for r in rows)  # fmt: skip
        assert len(rows) == 2


def test_a_name_is_ambiguous_only_to_who_sees_both(office):
    _, _, clients, _, _, _ = office
    said = clients["here"].get(f"{API}/tasks", params={"unit": "区教委"})
    assert (said.status_code, said.json()["total"]) == (200, 2)
    assert [u["label"] for u in clients["here"].get(f"{API}/units").json()["items"]] == ["区教委", "区公安局"]  # fmt: skip
    labels = {u["label"] for u in clients["supervisor"].get(f"{API}/units").json()["items"]}
    assert labels == {"万州区教委", "开州区教委", "万州区公安局", "开州区公安局"}


def test_pages_offer_the_choice_and_lead_to_the_id(office):
    _, _, _, browsers, _, _ = office
    for path in ("/units/区教委", "/tasks?unit=区教委", "/dashboard/digest?unit=区教委"):
        page = browsers["supervisor"].get(path)
        assert page.status_code == 409, path
        assert "请选择是哪一个" in page.text
        assert "万州区教委" in page.text
    page = browsers["supervisor"].get("/units/开州区/education")
    assert page.status_code == 200
    assert "开州区教委" in page.text
    assert "整治万州区周边" not in page.text
    for asked in (THERE, "开州区教委"):
        table = browsers["supervisor"].get("/tasks", params={"unit": asked})
        assert 'name="unit" value="开州区教委"' in table.text
    for path in ("/units", "/tasks", "/dashboard"):
        assert "/units/%E5%BC%80%E5%B7%9E%E5%8C%BA/education" in browsers["supervisor"].get(path).text  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/people", {"login": "x", "role": "unit_officer", "units": ["区教委"]}),
        ("PATCH", "/people/here", {"units": ["区教委"]}),
        ("PUT", "/settings/addresses/区教委/email", {"target": "a@wz.gov.cn"}),
        ("PUT", "/documents/{document}/visibility", {"level": "restricted", "units": ["区教委"]}),
    ],
)
def test_what_is_bound_to_a_unit_is_bound_to_one(office, method, path, body):
    _, _, clients, _, found, _ = office
    path = path.replace("{document}", found["开州区"].document.id)
    said = clients["admin"].request(method, API + path, json=body)
    assert said.status_code == 409, said.text
    assert {c["unit_id"] for c in said.json()["candidates"]} == {HERE, THERE}
    unknown = json.loads(json.dumps(body).replace("\\u533a\\u6559\\u59d4", "\\u533a\\u6ca1\\u6709\\u5c40"))  # fmt: skip
    path = path.replace("区教委", "区没有局")
    assert clients["admin"].request(method, API + path, json=unknown).status_code == 404


def test_an_address_is_of_an_id(office):
    _, _, clients, _, _, _ = office
    path = f"{API}/settings/addresses/{THERE}/email"
    said = clients["admin"].put(path, json={"target": "a@kz.gov.cn"})
    assert said.status_code == 200, said.text
    assert (said.json()["unit"], said.json()["name"]) == (THERE, "开州区教委")
    assert clients["admin"].delete(path).status_code == 204


def test_digests_exports_and_the_graph_are_apart(office):
    settings, _, clients, _, _, _ = office
    with Store.open(settings.store_url) as store:
        made = build_digests(store, week_of(TODAY), TODAY, zone=ZONE, all_clear=True)
    by_id = {d.unit_id: d for d in made}
    assert {HERE, THERE} <= set(by_id)
    assert (by_id[HERE].unit, by_id[THERE].unit) == ("万州区教委", "开州区教委")
    assert by_id[HERE].totals.milestones == by_id[THERE].totals.milestones == 2
    rows = clients["supervisor"].get(f"{API}/exports", params={"format": "jsonl", "unit": THERE})
    assert "整治万州区周边" not in rows.text
    assert "开州区教委" in rows.text
    nodes = clients["supervisor"].get(f"{API}/graph").json()["nodes"]
    assert {n["id"] for n in nodes if n["label"] == "区教委"} == {HERE, THERE}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["tasks", "--unit", "区教委"], 1, "开州区/education 开州区教委"),
        (["overdue", "--unit", "区没有局"], 1, "没有单位"),
        (["milestones", "--unit", "区教委"], 1, "不止一个"),
        (["digest", "preview", "--unit", "区教委"], 1, "不止一个"),
        (["graph", "--unit", "区教委"], 1, "不止一个"),
        (["people", "add", "z", "--role", "unit_officer", "--unit", "区教委"], 1, "不止一个"),
        (["tasks", "--unit", "开州区教育局", "--json"], 0, ""),
    ],
)
def test_the_command_line(office, capsys, arguments, code, told):
    settings = office[0]
    assert run(arguments, {"DUBAN_HOME": str(settings.home), "DUBAN_LANG": "zh"}, settings.home) == code  # fmt: skip
    out = capsys.readouterr()
    assert told in out.err
    if not code:
        assert {t["path"] for t in json.loads(out.out)} == {"1/一/1", "1/一/2"}


# ---- what changes nothing takes no scope to write; a misspelt filter is an error


def test_a_token_that_reads_may_check_the_log(office):
    _, _, clients, _, _, _ = office
    said = clients["auditor"].post(f"{API}/audit/verify", json={})
    assert said.status_code == 200, said.text
    assert said.json()["faults"] == []


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ("?dry_run=true", False),
        ("?dry_run=1&format=csv", False),
        ("", True),
        ("?dry_run=false", True),
        ("?dry_run=true&dry_run=false", True),
        ("?dry_run=yes-and-no", True),
    ],
)
def test_a_token_that_reads_may_only_try_a_sheet(office, query, refused):
    _, app, _, _, _, client = office
    service = app.state.service
    now = service.now()
    secret, _ = service.access.create_token(
        CONSOLE, "here", "r", ("read",), now.replace(year=now.year + 1, month=1, day=1), now
    )
    said = client.post(
        f"{API}/progress{query}", files={"file": ("a.csv", "一,二\n1,2\n")},
        headers={"Authorization": f"Bearer {secret}"},
    )  # fmt: skip
    assert (said.status_code == 403) is refused, said.text
    assert ("write" in said.text) is refused


@pytest.mark.parametrize(
    ("path", "wrong", "known"),
    [
        ("tasks?uint=x", "uint", "unit"),
        ("overdue?unit=万州区教委&planned=x", "planned", "inherited"),
        ("units?offset=3", "offset", "cursor"),
        ("exports?fmt=csv", "fmt", "format"),
        ("audit?who=x", "who", "actor"),
    ],
)
def test_a_parameter_that_there_is_none_of(office, path, wrong, known):
    _, _, clients, _, _, _ = office
    said = clients["auditor"].get(f"{API}/{path}")
    assert said.status_code == 422, said.text
    [error] = said.json()["errors"]
    assert error["at"] == ["query", wrong]
    assert known in error["message"]
