"""The page of documents: what an older reader read, and who may have it read again; several files at
once; the pages of a file beside its text, its sheets as grids."""

import io
import re

import pytest
from PIL import Image

from api.service.job import JobStatus
from ingest.doubted import DOUBTFUL_CHARACTERS
from ingest.pipeline import extract_bytes
from ingest.reader_version import reader_version
from ingest.readers.recorded import record
from ingest.readers.source import Box, PageSize, Place, Places, Read
from kb.models import Finding, Span
from tests.api.service.test_jobs import ended
from tests.ingest.readers.pdf_files import Sheet, Words, write_pdf
from tests.ingest.readers.workbooks import xlsx
from tests.tasks.samples import NOW

OLDER, AGAIN = "由旧版读取", "重新读取</button>"


class Here:
    """Reads a file in this process."""

    def __init__(self, path, name, *_, **__):
        self._path, self._name = path, name

    def extract(self, recognised=None):
        return extract_bytes(self._path.read_bytes(), self._name, recognised=recognised)

    def look(self):
        pass

    def stop(self):
        pass


def test_documents_of_an_older_reader_are_offered_to_who_may(
    pages_world, browser, csrf, monkeypatch
):
    monkeypatch.setattr("api.service.job_work.Reading", Here)
    key = pages_world.open.document.id
    for role, told, offered in (
        ("public", False, False),
        ("reader", True, False),
        ("supervisor", True, True),
        ("admin", True, True),
    ):
        for path in ("/documents", f"/documents/{key}"):
            page = browser(role).get(path).text
            assert ((OLDER in page), (AGAIN in page)) == (told, offered), (role, path)
    sent = {"csrf": csrf("supervisor")}
    answer = browser("supervisor").post(f"/documents/{key}/reread", data=sent)
    job = answer.headers["Location"].rpartition("/")[2]
    assert ended(pages_world.app.state.jobs, job).status is JobStatus.DONE
    page = browser("supervisor").get(f"/documents/jobs/{job}").text
    assert "已重新读取，没有变化" in page
    assert OLDER not in browser("reader").get(f"/documents/{key}").text
    answer = browser("supervisor").post("/documents/reread", data=sent)
    assert answer.headers["Location"].startswith("/documents")
    assert "已安排重新读取 1 份文件" in browser("supervisor").get(answer.headers["Location"]).text
    for job in pages_world.app.state.jobs.list(9):
        ended(pages_world.app.state.jobs, job.id)
    assert OLDER not in browser("supervisor").get("/documents").text


ROWS = [
    ["序号", "重点任务", "牵头单位", "完成时限"],
    ["1", "新建校舍30所，覆盖率达到95%", "区教委", "2026年6月底前"],
    ["2", "改造操场12个", "区财政局", "2026年9月底前"],
]
TITLE = "关于做好校园建设工作的通知"


def send(browser, csrf, files, **fields):
    data = {"csrf": csrf("supervisor"), "level": "public"} | fields
    sent = [("file", (name, content)) for name, content in files]
    return browser("supervisor").post("/documents", data=data, files=sent)


def jobs_of(answer, world):
    found = re.findall(r"job-[0-9a-f]+", answer.headers["Location"])
    return [ended(world.app.state.jobs, job) for job in found]


@pytest.fixture(scope="module")
def read_here():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.service.job_work.Reading", Here)
        yield


@pytest.fixture(scope="module")
def pictured(pages_world, browser, read_here):
    """A PDF with a page whose owner has a box."""
    token = browser("supervisor").get("/api/v1/session").json()["csrf"]
    lines = [
        TITLE,
        "一、新建校舍。区教委负责，2026年6月底前新建30所。",
        "二、改造操场。区财政局负责。",
    ]
    words = [Words(line, 80, 100 + 40 * at) for at, line in enumerate(lines)]
    answer = send(browser, lambda _: token, [("校园.pdf", write_pdf([Sheet(words)]))])
    (job,) = jobs_of(answer, pages_world)
    assert job.status is JobStatus.DONE, job.error
    return job.report.document_id


def test_a_page_stands_beside_its_text_with_what_is_asked_for_lit(pictured, browser):
    client = browser("reader")
    text = client.get(f"/api/v1/documents/{pictured}/text").text
    at = text.index("区教委")
    page = client.get(f"/documents/{pictured}?from={at}&to={at + 3}").text
    assert f"/documents/{pictured}/pages/1.png" in page
    (lit,) = re.findall(r'<rect class="lit" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', page)
    assert 180 < float(lit[0]) < 230  # after seven characters of sixteen points from 80
    assert 40 < float(lit[2]) < 56
    whole = client.get(f"/documents/{pictured}").text
    assert 'class="lit"' not in whole
    assert "第 1 页，共 1 页" in whole
    part = client.get(f"/documents/{pictured}/clause?from={at}&to={at + 3}").text
    assert "第 1 页" in part


def test_a_page_is_a_picture_that_is_kept_by_the_browser(pictured, browser):
    answer = browser("reader").get(f"/documents/{pictured}/pages/1.png")
    assert answer.headers["Content-Type"] == "image/png"
    assert Image.open(io.BytesIO(answer.content)).size == (952, 1348)
    headers = {"If-None-Match": answer.headers["ETag"]}
    again = browser("reader").get(f"/documents/{pictured}/pages/1.png", headers=headers)
    assert again.status_code == 304
    assert browser("reader").get(f"/documents/{pictured}/pages/2.png").status_code == 422


def test_documents_of_text_have_no_pictures(pages_world, browser):
    key = pages_world.open.document.id
    assert browser("reader").get(f"/documents/{key}/pages/1.png").status_code == 404
    assert "facsimile" not in browser("reader").get(f"/documents/{key}").text


def test_several_files_are_sent_at_once_and_none_keeps_the_others_out(
    pages_world, browser, csrf, read_here
):
    files = [("表.xlsx", xlsx(ROWS)), ("坏.xlsx", b"PK\x03\x04"), ("程序.exe", b"MZ\x00\x00")]
    answer = send(browser, csrf, files)
    good, bad = jobs_of(answer, pages_world)
    assert (good.status, bad.status) == (JobStatus.DONE, JobStatus.FAILED)
    page = browser("supervisor").get(answer.headers["Location"]).text
    assert "程序.exe" in page  # told that it is refused
    assert "坏.xlsx" in page
    shown = browser("reader").get(f"/documents/{good.report.document_id}").text
    assert 'class="grid"' in shown
    assert 'title="C2">区教委<' in shown


def test_attachments_sent_together_are_shown_with_their_document(
    pages_world, browser, csrf, read_here
):
    text = "某区校舍方案\n一、任务\n1.建校。（责任单位：区教委）\n"
    files = [("附件1.表.xlsx", xlsx([["某区校舍表"], *ROWS])), ("校舍方案.txt", text.encode())]
    sheet, body = jobs_of(send(browser, csrf, files), pages_world)
    sheet, body = sheet.report.document_id, body.report.document_id
    assert f'href="/documents/{sheet}"' in browser("reader").get(f"/documents/{body}").text
    shown = browser("reader").get(f"/documents/{sheet}").text
    assert "附件 1，属于" in shown
    assert f'href="/documents/{body}"' in shown
    assert "/detach" not in shown
    page = browser("supervisor")
    assert f'action="/documents/{sheet}/detach"' in page.get(f"/documents/{sheet}").text
    assert (
        page.post(f"/documents/{sheet}/detach", data={"csrf": csrf("supervisor")}).status_code
        == 303
    )
    assert f'href="/documents/{body}"' not in page.get(f"/documents/{sheet}").text


def test_pictures_sent_together_are_pages_of_one_document(pages_world, browser, csrf, monkeypatch):
    seen = []

    class Counting(Here):
        def extract(self, recognised=None):
            with Image.open(self._path) as picture:
                seen.append((self._name, picture.n_frames, picture.size))
            return extract_bytes(TITLE.encode(), "a.txt")

    monkeypatch.setattr("api.service.job_work.Reading", Counting)
    files = [(f"第{n}页.png", drawn(100 + n)) for n in (10, 2)]
    answer = send(browser, csrf, files, together="1")
    jobs_of(answer, pages_world)
    assert seen == [("第2页-2.tiff", 2, (102, 100))]
    mixed = [*files, ("说明.txt", b"text")]
    answer = send(browser, csrf, mixed, together="1")
    assert "说明.txt" in answer.text
    jobs_of(send(browser, csrf, files, together="1", ordered="1"), pages_world)
    assert seen[-1] == ("第10页-2.tiff", 2, (110, 100))  # as they were put by who sent them


def test_pages_are_in_the_order_of_the_numbers_beside_them(pages_world, browser, csrf, monkeypatch):
    seen = []

    class Counting(Here):
        def extract(self, recognised=None):
            with Image.open(self._path) as picture:
                for number in range(picture.n_frames):
                    picture.seek(number)
                    seen.append(picture.size)
            return extract_bytes(TITLE.encode(), "a.txt")

    monkeypatch.setattr("api.service.job_work.Reading", Counting)
    form = browser("supervisor").get("/documents").text
    assert form.count('name="page"') == form.count('name="place"') == 12
    turned = Image.Exif()
    turned[0x0112] = 6  # stands on its side
    out = io.BytesIO()
    Image.new("RGB", (100, 300), "white").save(out, "JPEG", exif=turned)
    empty = ("page", ("", b""))
    pictures = [("甲.jpg", out.getvalue()), ("乙.png", drawn(201)), ("丙.png", drawn(202))]
    sent = [("page", picture) for picture in pictures]
    sent.insert(1, empty)
    data = {"csrf": csrf("supervisor"), "level": "public", "place": ["3", "1", "2", "1"]}
    answer = browser("supervisor").post("/documents", data=data, files=sent)
    (job,) = jobs_of(answer, pages_world)
    assert job.name == "丙-3.tiff"
    assert seen == [(202, 100), (201, 100), (300, 100)]
    answer = browser("supervisor").post("/documents", data=data | {"place": "x"}, files=sent)
    assert "请写明每张图片的页码" in answer.text
    assert not list(pages_world.app.state.jobs.folder.glob("*.part"))


def test_files_sent_one_by_one_belong_together(pages_world, browser, csrf, read_here):
    text = "某区操场方案\n一、任务\n1.建操场。（责任单位：区教委）\n"
    names = "报送/操场方案.txt\n报送/附件3.操场表.xlsx"
    fields = {"delivery": "1-2-3", "names": names}
    rows = [["某区操场表"], *ROWS]
    first = send(browser, csrf, [("操场方案.txt", text.encode())], at="0", **fields)
    second = send(browser, csrf, [("附件3.操场表.xlsx", xlsx(rows))], at="1", **fields)
    (body,), (sheet,) = jobs_of(first, pages_world), jobs_of(second, pages_world)
    found = browser("reader").get(f"/api/v1/documents/{sheet.report.document_id}").json()
    assert (found["attached_to"], found["attachment"]) == (body.report.document_id, 3)
    wrong = send(browser, csrf, [("别的.txt", f"{text}改\n".encode())], at="1", **fields)
    (other,) = jobs_of(wrong, pages_world)
    found = browser("reader").get(f"/api/v1/documents/{other.report.document_id}").json()
    assert found["attached_to"] is None


def drawn(width):
    out = io.BytesIO()
    Image.new("RGB", (width, 100), "white").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def scan(pages_world, read_here):
    """A scan with a line that was recognised wrongly, and not surely."""
    lines = ["某区渠道方案", "一、主要任务", "1.疏浚渠道1O条。（责任单位：区水刊局）"]
    text = "\n".join([*lines, ""])
    starts = [text.index(line) for line in lines]
    places = [
        Place(start, start + len(line), 1, Box(80, 100 + 40 * n, 400, 116 + 40 * n), confidence=0.6)
        for n, (start, line) in enumerate(zip(starts, lines, strict=True))
    ]
    doubt = Finding(
        code=DOUBTFUL_CHARACTERS, message="字 / characters", span=Span(starts[2], len(text) - 1)
    )
    known = record(Read(text, (doubt,), Places(places), pages=(PageSize(595, 842),), model="m"))
    data = drawn(595)
    store = pages_world.service.store
    found = extract_bytes(data, "渠道.png", recognised=known)
    return store.add(found, data, recorded_at=NOW, reader=reader_version()).document_id, text


def test_a_line_of_a_scan_is_corrected_beside_its_picture(pages_world, scan, browser, csrf):
    key, text = scan
    at = text.index("1.疏浚")
    place = f"/documents/{key}?from={at + 3}&to={at + 5}"
    assert 'id="mend"' not in browser("reader").get(place).text
    supervisor = browser("supervisor")
    page = supervisor.get(place).text
    assert 'viewBox="74.0 174.0 332.0 28.0"' in page  # the picture of the line
    assert ">1.疏浚渠道1O条。（责任单位：区水刊局）</textarea>" in page
    sent = {"csrf": csrf("supervisor"), "start": at, "end": len(text) - 1, "reason": "与图片核对"}
    path = f"/documents/{key}/recognised"
    refused = supervisor.post(path, data=sent | {"words": "1.疏浚\n渠道"})
    assert "须为一行" in refused.text
    right = "1.疏浚渠道10条。（责任单位：区水利局）"
    answer = supervisor.post(path, data=sent | {"words": right})
    (job,) = jobs_of(answer, pages_world)
    assert job.status is JobStatus.DONE, job.error
    new = job.report.document_id
    found = browser("reader").get(f"/api/v1/documents/{new}").json()
    [task] = found["tasks"]
    assert [a["unit"] for a in task["responsibilities"]] == ["区水利局"]
    assert [t["value"] for t in task["targets"]] == ["10"]
    assert browser("reader").get(f"/api/v1/documents/{new}/text").text == text
    page = supervisor.get(f"/documents/{new}?from={at}&to={at + 3}").text
    assert f">{right}</textarea>" in page
    assert "与原件一致" in page
    late = supervisor.post(path, data=sent | {"words": right})  # of the former reading
    assert "不是现行版本" in supervisor.get(late.headers["Location"]).text
    plain = f"/documents/{pages_world.open.document.id}/recognised"
    answer = supervisor.post(plain, data=sent | {"start": 0, "end": 3, "words": "某"})
    assert "不是由图片识别" in supervisor.get(answer.headers["Location"]).text


def test_a_correction_that_reveals_a_secret_is_refused_and_the_document_erased(
    pages_world, scan, browser, csrf
):
    key, _ = scan
    jobs = pages_world.app.state.jobs.page(1)[1]
    sent = {
        "csrf": csrf("supervisor"),
        "start": 0,
        "end": 6,
        "reason": "与图片核对",
        "words": "机密★10年",
    }
    supervisor, admin = browser("supervisor"), browser("admin")
    assert (
        "禁止存储、处理国家秘密" in supervisor.post(f"/documents/{key}/recognised", data=sent).text
    )
    body = {"span": [0, 6], "text": "机密★10年", "reason": "与图片核对"}
    refused = supervisor.post(
        f"/api/v1/documents/{key}/recognised",
        json=body,
        headers={"X-CSRF-Token": csrf("supervisor")},
    )
    assert refused.status_code == 422
    assert "必须从本系统彻底删除" in refused.json()["detail"]
    assert pages_world.app.state.jobs.page(1)[1] == jobs
    assert 'id="erase"' not in supervisor.get(f"/documents/{key}").text
    assert 'id="erase"' in admin.get(f"/documents/{key}").text
    path, form = f"/documents/{key}/erase", {"csrf": csrf("admin"), "reason": "发现涉密"}
    assert supervisor.post(path, data=form | {"csrf": csrf("supervisor")}).status_code == 403
    done = admin.post(path, data=form)
    assert "文件已彻底删除" in admin.get(done.headers["Location"]).text
    assert admin.get(f"/documents/{key}").status_code == 404
    log = browser("auditor").get("/audit", params={"subject": key}).text
    assert "彻底删除文件" in log
    assert "随文件删除内容的记录" in log


def test_the_text_is_kept_plain_or_with_its_marks(pages_world, browser):
    document = pages_world.open.document
    plain = browser("reader").get(f"/documents/{document.id}/text")
    assert plain.content.decode() == document.text
    marked = browser("reader").get(f"/documents/{document.id}/text?marks=true").text
    assert '<mark class="owner"' in marked
    assert re.sub(r"<[^>]+>", "", marked.split("<pre>")[1].split("</pre>")[0])[:20] in document.text
