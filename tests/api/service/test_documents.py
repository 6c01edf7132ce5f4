"""Documents by HTTP: outline, ETags, downloads, uploads and what hostile ones come to."""

import gzip
import io
import time
import zipfile

import pytest

from api.service.sending import disposition
from api.service.uploads import clean_name
from kb.errors import DubanError
from tests.api.service.contracts.test_matrix import API
from tests.api.service.world import make_world
from tests.tasks.samples import PLAN


def finished(world, sent):
    """The job of an upload when it has ended."""
    assert sent.status_code == 202, sent.text
    for _ in range(400):
        job = world.client("admin").get(sent.headers["Location"]).json()
        if job["status"] not in ("queued", "running"):
            return job
        time.sleep(0.02)
    raise AssertionError(job)


def upload(world, name, data, **fields):
    return world.client("supervisor").post(
        f"{API}/documents", files={"file": (name, data)}, data=fields
    )


def test_a_document_with_its_outline_and_facts(world):
    found = world.client("public").get(f"{API}/documents/{world.open.document.id}").json()
    [plan] = found["outline"]
    [head] = plan["clauses"]
    assert [c["marker"] for c in head["children"]] == ["1.", "2.", "3.", "4."]
    assert [t["clause_id"] for t in found["tasks"]] == [c["id"] for c in head["children"]]
    assert all(len(c["task_ids"]) == 1 for c in head["children"])
    assert found["intact"] is True
    assert found["characters"] == len(PLAN)
    assert found["unclaimed"] == []
    assert found["visibility"] == {
        "level": "public",
        "units": [],
        "unit_names": [],
        "unsettled": [],
    }


def test_text_and_source_are_what_was_read(world):
    client, key = world.client("public"), world.open.document.id
    text = client.get(f"{API}/documents/{key}/text")
    assert text.text == world.open.document.text
    source = client.get(f"{API}/documents/{key}/source")
    assert source.content == PLAN.encode()
    assert source.headers["Content-Type"] == "application/octet-stream"
    assert source.headers["Content-Disposition"].startswith("attachment;")


def test_a_page_of_html_is_never_shown_as_one(world):
    page = b"<html><body><script>alert(1)</script><p>" + "一、加强管理。".encode() * 3 + b"</p>"
    job = finished(world, upload(world, "page.html", page))
    assert job["status"] == "done", job
    source = world.client("public").get(f"{API}/documents/{job['report']['document_id']}/source")
    assert source.content == page
    assert source.headers["Content-Type"] == "application/octet-stream"
    assert source.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("part", ["", "/text", "/source"])
def test_etags(world, part):
    client, path = world.client("public"), f"{API}/documents/{world.open.document.id}{part}"
    first = client.get(path)
    tag = first.headers["ETag"]
    for printed in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get(path, headers={"If-None-Match": printed})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=10-", 206, slice(10, None)),
        ("bytes=-7", 206, slice(-7, None)),
        ("bytes=5-99999999", 206, slice(5, None)),
        ("bytes=-99999999", 206, slice(None)),
        ("bytes=99999999-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=9-3", 200, slice(None)),
        ("bytes=0-1,3-4", 200, slice(None)),
        ("bytes=-", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
    ],
)
def test_a_part_of_the_source(world, asked, status, part):
    whole, path = PLAN.encode(), f"{API}/documents/{world.open.document.id}/source"
    told = world.client("public").get(path, headers={"Range": asked})
    assert told.status_code == status
    if status == 416:
        assert told.headers["Content-Range"] == f"bytes */{len(whole)}"
        assert told.json()["code"] == "range"
        return
    assert told.content == whole[part]
    assert told.headers["Accept-Ranges"] == "bytes"
    if status == 206:
        start = whole.index(whole[part])
        assert told.headers["Content-Range"] == f"bytes {start}-{start + len(whole[part]) - 1}/{len(whole)}"  # fmt: skip


def test_a_part_of_what_has_changed_is_the_whole(world):
    client, path = world.client("public"), f"{API}/documents/{world.open.document.id}/source"
    tag = client.get(path).headers["ETag"]
    for printed, status in ((tag, 206), ('"other"', 200)):
        headers = {"Range": "bytes=0-1", "If-Range": printed}
        assert client.get(path, headers=headers).status_code == status


def test_a_chinese_name_in_a_download(world):
    job = finished(world, upload(world, "防溺水方案.txt", PLAN.replace("防汛", "防溺").encode()))
    path = f"{API}/documents/{job['report']['document_id']}/source"
    name = world.client("public").get(path).headers["Content-Disposition"]
    exact = "%E9%98%B2%E6%BA%BA%E6%B0%B4%E6%96%B9%E6%A1%88.txt"
    assert name == f"attachment; filename=\"_____.txt\"; filename*=UTF-8''{exact}"


def test_the_tag_changes_with_the_facts(tmp_path):
    with make_world(tmp_path) as world:
        path = f"{API}/documents/{world.open.document.id}"
        tag = world.client("public").get(path).headers["ETag"]
        task = world.open.tasks[0]
        body = {"aspect": "target", "operation": "change", "fact_id": task.targets[0].id,
                "values": {"value": "21"}, "reason": "文件有误"}  # fmt: skip
        made = world.client("supervisor").post(f"{API}/tasks/{task.id}/corrections", json=body)
        assert made.status_code == 201, made.text
        after = world.client("public").get(path, headers={"If-None-Match": tag})
        assert after.status_code == 200
        assert after.json()["tasks"][0]["targets"][0]["value"] == "21"


def test_an_upload_is_read_in_the_background(world):
    job = finished(world, upload(world, "新方案.txt", PLAN.replace("防汛", "防火").encode()))
    assert (job["status"], job["stage"], job["name"]) == ("done", "finished", "新方案.txt")
    assert job["report"]["tasks"] == 4
    assert job["login"] == "supervisor"
    listed = world.client("public").get(f"{API}/documents", params={"q": "防火"}).json()
    assert [d["id"] for d in listed["items"]] == [job["report"]["document_id"]]
    again = finished(world, upload(world, "新方案.txt", PLAN.replace("防汛", "防火").encode()))
    assert again["report"]["status"] == "unchanged"


def test_an_upload_may_be_closed_from_the_start(world):
    words = PLAN.replace("防汛", "防疫")
    job = finished(world, upload(world, "closed.txt", words.encode(), level="restricted", units="区教委"))  # fmt: skip
    path = f"{API}/documents/{job['report']['document_id']}"
    assert world.client("reader").get(path).status_code == 404
    assert world.client("other").get(path).status_code == 200


ZIP = io.BytesIO()
with zipfile.ZipFile(ZIP, "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("word/document.xml", b"0" * 30_000_000)
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
ENTITIES = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "哈">{LAUGHS}]><html><body><p>&l9;</p>'
FILE_ENTITY = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><html><body><p>一、做好&f;工作。</p>'  # fmt: skip
HOSTILE = {
    "a zip bomb called a text": ("bomb.txt", ZIP.getvalue(), "failed"),
    "a gzip bomb": ("bomb.html", gzip.compress(b"0" * 30_000_000), "failed"),
    "nothing": ("empty.txt", b"", "failed"),
    "white space": ("blank.txt", b" \n\t ", "failed"),
    "no text": ("binary.txt", bytes(range(256)) * 40, "failed"),
    "a wrong encoding": ("odd.txt", "督办".encode("utf-16-le") + b"\xff\xfe\xd8\x00" * 9, "failed"),
    "half a character": ("half.txt", "一、做好工作。".encode()[:-1], "failed"),
    "entities that grow": ("laughs.html", ENTITIES.encode(), None),
    "an entity of a file": ("file.html", FILE_ENTITY.encode(), None),
    "deep nesting": ("deep.html", b"<div>" * 15_000 + "一、做好工作。".encode(), "failed"),
    "many elements": ("wide.html", b"<div>a</div>" * 5_000, None),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_files_end_with_a_message(world, what):
    name, data, status = HOSTILE[what]
    job = finished(world, upload(world, name, data))
    assert job["status"] == (status or job["status"])
    if job["status"] == "failed":
        assert " / " in job["error"]
        assert "Traceback" not in job["error"]
    else:
        text = world.client("admin").get(f"{API}/documents/{job['report']['document_id']}/text").text  # fmt: skip
        assert "root:" not in text
        assert len(text) < 100_000
    assert not list((world.settings.home / "uploads").glob("*"))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/cron.d/方案.txt", "方案.txt"),
        ("C:\\Users\\li\\方案.txt", "方案.txt"),
        ("/absolute.txt", "absolute.txt"),
        (".hidden.txt", "hidden.txt"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
        ("a\x00b.txt", "ab.txt"),
        ("\u202egpj.txt", "gpj.txt"),
        ("通知.txt".encode("gbk").decode("latin-1"), "通知.txt"),  # as an older browser sends it
        ("café.txt", "café.txt"),
        ("a\udcff.txt", "a.txt"),
    ],
)
def test_names_are_never_paths(sent, kept):
    assert clean_name(sent) == kept


@pytest.mark.parametrize("sent", ["", "..", "/", "\\", "\n", "长" * 130 + ".txt"])
def test_names_that_cannot_be_used(sent):
    with pytest.raises(DubanError):
        clean_name(sent)


def test_a_name_in_a_header_is_one_value():
    printed = disposition('督"办\r\n.txt')
    assert printed == "attachment; filename=\"_____.txt\"; filename*=UTF-8''%E7%9D%A3%22%E5%8A%9E%0D%0A.txt"  # fmt: skip


@pytest.mark.parametrize(
    ("name", "fields", "detail"),
    [
        ("a.exe", {}, "不读 .exe"),
        ("a", {}, "没有扩展名"),
        ("a.txt", {"level": "secret"}, "level"),
        ("a.txt", {"level": "restricted"}, "单位"),
        ("a.txt", {"units": "区教委"}, "level"),
    ],
)
def test_uploads_that_are_refused_at_once(world, name, fields, detail):
    answer = upload(world, name, b"x", **fields)
    assert answer.status_code == 422
    assert detail in answer.json()["detail"]
    assert not list((world.settings.home / "uploads").glob("*"))


def test_an_upload_without_a_form(world):
    client = world.client("supervisor")
    for sent in ({"json": {}}, {"data": {"file": "text"}}, {"content": b"x"}):
        assert client.post(f"{API}/documents", **sent).status_code == 415
    headers = {"Content-Type": "multipart/form-data"}
    assert client.post(f"{API}/documents", content=b"x", headers=headers).status_code in (400, 422)


def test_script_in_a_title_is_text(world):
    title = "<script>alert(1)</script>{{7*7}}'; DROP TABLE document;--"
    words = f"{title}工作方案\n一、主要任务\n1.做好{title}工作。（责任单位：区教委）\n"
    job = finished(world, upload(world, "script.txt", words.encode()))
    assert job["status"] == "done"
    found = world.client("public").get(f"{API}/documents/{job['report']['document_id']}").json()
    assert title in found["tasks"][0]["title"] + found["title"] + str(found)
    digest = world.client("public").get(f"{API}/digests/2026-W02", params={"unit": "区教委"})
    assert "<script" not in digest.text
    assert digest.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


def test_a_package_is_a_job_for_each_of_its_members(world):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("某区报送方案.txt", PLAN)
        package.writestr("附件1.密件.txt", "机密★10年\n某区方案\n1.建库。（责任单位：区水利局）\n")
    job = finished(world, upload(world, "报送.zip", out.getvalue()))
    assert (job["name"], job["status"]) == ("某区报送方案.txt", "done")
    last = world.client("admin").get(f"{API}/jobs").json()["items"]
    [refused] = [other for other in last if other["name"] == "附件1.密件.txt"]
    assert refused["status"] == "failed"
    assert "密级" in refused["error"]
    assert not list((world.settings.home / "uploads").glob("*"))


def test_attachments_of_a_package_belong_to_its_document(world):
    out = io.BytesIO()
    sheet = PLAN.replace("防汛工作方案", "防汛任务分解表").replace("1号", "7号")
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("某区附件方案.txt", PLAN.replace("1号", "8号").replace("20处", "21处"))
        package.writestr("附件2.分解表.txt", sheet)
    sent = upload(world, "报送二.zip", out.getvalue())
    finished(world, sent)
    first, second = (part.split(">")[0].strip("< ") for part in sent.headers["Link"].split(", "))
    for _ in range(400):
        jobs = [world.client("admin").get(path).json() for path in (first, second)]
        if all(job["status"] == "done" for job in jobs):
            break
        time.sleep(0.02)
    body, sheet = (job["report"]["document_id"] for job in jobs)
    client = world.client("supervisor")
    found = client.get(f"{API}/documents/{body}").json()
    assert [(a["document_id"], a["number"]) for a in found["attachments"]] == [(sheet, 2)]
    one = client.get(f"{API}/documents/{sheet}").json()
    assert (one["attached_to"], one["attachment"], one["attachments"]) == (body, 2, [])
    closed = {"level": "restricted", "units": ["区应急局"]}
    assert client.put(f"{API}/documents/{body}/visibility", json=closed).status_code == 200
    assert world.client("public").get(f"{API}/documents/{sheet}").json()["attached_to"] is None
    assert client.post(f"{API}/documents/{sheet}/detach").json()["attached_to"] is None
    assert client.post(f"{API}/documents/{sheet}/detach").status_code == 409


def test_a_document_is_erased_by_administrators(world):
    words = PLAN.replace("防汛工作方案", "防雷工作方案").replace("1号", "17号")
    key = finished(world, upload(world, "防雷.txt", words.encode()))["report"]["document_id"]
    path, body = f"{API}/documents/{key}/erase", {"reason": "发现密级标志"}
    assert world.client("supervisor").post(path, json=body).status_code == 403
    admin = world.client("admin")
    assert admin.post(path, json={"reason": ""}).status_code == 422
    done = admin.post(path, json=body).json()
    assert (list(done["documents"]), done["uploads"], done["before"]) == ([key], 1, False)
    assert admin.get(f"{API}/documents/{key}").status_code == 404
    assert admin.post(path, json=body).json()["before"] is True
    assert admin.post(f"{API}/documents/doc-none/erase", json=body).status_code == 404
    again = finished(world, upload(world, "别名.txt", words.encode()))
    assert again["status"] == "failed"
    assert "彻底删除" in again["error"]
    checked = world.client("auditor").post(f"{API}/audit/verify", json={"checkpoints": []}).json()
    assert checked["faults"] == []
