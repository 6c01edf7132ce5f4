"""The page of documents: what an older reader read, and who may have it read again."""

from api.service.job_records import JobStatus
from ingest.pipeline import extract_bytes
from tests.api.service.test_jobs import ended

OLDER, AGAIN = "由旧版读取", "重新读取</button>"


class Here:
    """Reads a file in this process."""

    def __init__(self, path, name, _patience):
        self._path, self._name = path, name

    def extract(self):
        return extract_bytes(self._path.read_bytes(), self._name)

    def stop(self):
        pass


def test_documents_of_an_older_reader_are_offered_to_who_may(
    pages_world, browser, csrf, monkeypatch
):
    monkeypatch.setattr("api.service.jobs.Reading", Here)
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
