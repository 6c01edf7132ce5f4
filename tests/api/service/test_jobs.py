"""Uploads read in the background: stopped, cut off by a killed process, shared by two services."""

import json
import os
import signal
import time
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import delete, func, select

from api.service.job import JobStatus, KeptJob, Order
from api.service.job_records import JobRecords
from api.service.jobs import Jobs
from api.service.owners import Owner
from ingest import apart
from ingest.apart import ReaderFailedError, Reading, StoppedError
from ingest.pipeline import extract_bytes
from ingest.reader_version import reader_version
from kb.errors import (
    ConflictError,
    DeniedError,
    IndexStateError,
    NotFoundError,
    SecretError,
    SourceError,
)
from tasks import audit, schema
from tasks.authorisation import CONSOLE, PersonRole
from tasks.people import Person
from tasks.store import Store
from tests.api.service.contracts.test_matrix import API
from tests.api.service.killed import Killed
from tests.api.service.process import Serving
from tests.api.service.world import PEOPLE, make_world, people_with_tokens, settings_in
from tests.ingest.readers.drawn import as_bytes, page
from tests.ingest.readers.pdf_files import Sheet, Words, write_pdf
from tests.ingest.readers.word_files import docx, paragraph
from tests.ingest.readers.workbooks import xlsx
from tests.stores import new_store
from tests.tasks.samples import NOW, PLAN

LONG = "".join(
    f"{n}.整治隐患。到2025年，整治{n}处以上。（责任单位：区水利局、区应急局）\n"
    for n in range(1, 6000)
)
"""Takes many seconds to read."""
LONGER = f"某区工作方案（2024—2026年）\n一、主要任务\n{LONG[:15000]}".encode()
"""Takes about a second."""
BIG = f"某区工作方案（2024—2026年）\n一、主要任务\n{LONG}".encode()


@pytest.fixture
def store(tmp_path):
    with Store.open(new_store(tmp_path)) as opened:
        yield opened


@pytest.fixture
def shared(store_url, tmp_path):
    """Makes services' jobs over one store, each with its own connections to it, on each kind of
    database."""
    made, stores = [], []

    def make(owner=None, now=lambda: NOW, **more):
        stores.append(Store.open(store_url))
        made.append(Jobs(stores[-1], tmp_path / "uploads", now, owner=owner, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()
    for one in stores:
        one.close()


@pytest.fixture
def jobs_in(store, tmp_path):
    """Makes services' jobs over one store, each of an owner of its own."""
    made = []

    def make(owner=None, now=lambda: NOW, **more):
        made.append(Jobs(store, tmp_path / "uploads", now, owner=owner, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def unhurried(monkeypatch):
    """Files may take as much of the processor as they will: how fast it is is not the matter."""
    words = "import sys; from ingest import limits, reading_process;" \
        "limits.SECONDS = 300; reading_process.main(sys.argv[1:])"  # fmt: skip
    monkeypatch.setattr(apart, "_PROCESS", ("-c", words))


def put(jobs, name, data):
    jobs.folder.mkdir(exist_ok=True)
    path = jobs.folder / f"{os.getpid()}-{name}.part"
    path.write_bytes(data)
    return jobs.ingest(path, Order(actor=CONSOLE, name=name))


def until(check, seconds=60.0):
    """The first true value of `check`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(0.02)
    raise AssertionError("it never came")


def ended(jobs, key):
    def look():
        job = jobs.get(key)
        return job if job.status not in (JobStatus.QUEUED, JobStatus.RUNNING) else None

    return until(look)


def test_a_job_that_is_being_read_is_stopped_at_once(jobs_in, store):
    jobs = jobs_in()
    job = put(jobs, "大.txt", BIG)
    until(lambda: jobs.get(job.id).stage == "reading")
    began = time.monotonic()
    jobs.cancel(CONSOLE, job.id)
    found = ended(jobs, job.id)
    assert time.monotonic() - began < 5
    assert found.status is JobStatus.CANCELLED
    assert "console" in found.error
    assert store.documents() == ()
    assert list(jobs.folder.iterdir()) == []
    # The next one is read as ever, and the row says the same as the process did.
    assert ended(jobs, put(jobs, "小.txt", PLAN.encode()).id).status is JobStatus.DONE
    assert jobs_in().get(job.id).status is JobStatus.CANCELLED


def test_a_job_that_waits_is_cancelled_without_being_read(jobs_in, store):
    jobs = jobs_in()
    first, second = put(jobs, "大.txt", BIG), put(jobs, "小.txt", PLAN.encode())
    assert jobs.cancel(CONSOLE, second.id).status is JobStatus.CANCELLED
    jobs.cancel(CONSOLE, first.id)
    assert ended(jobs, first.id).status is JobStatus.CANCELLED
    until(lambda: not list(jobs.folder.iterdir()))
    assert jobs.get(second.id).status is JobStatus.CANCELLED
    assert store.documents() == ()


def test_what_has_ended_or_is_in_the_store_is_not_cancelled(jobs_in, store):
    held = []

    def index(report):
        held.append(job.id)
        with pytest.raises(ConflictError):
            jobs.cancel(CONSOLE, job.id)
        return 0

    jobs = jobs_in(index=index)
    job = put(jobs, "小.txt", PLAN.encode())
    assert ended(jobs, job.id).status is JobStatus.DONE
    assert held == [job.id]
    with pytest.raises(ConflictError):
        jobs.cancel(CONSOLE, job.id)
    assert len(store.documents()) == 1


def test_only_who_may_bring_documents_may_stop_one(jobs_in):
    jobs = jobs_in()
    job = put(jobs, "小.txt", PLAN.encode())
    reader = Person(login="reader", name="读", role=PersonRole.READER).actor()
    with pytest.raises(DeniedError):
        jobs.cancel(reader, job.id)
    assert ended(jobs, job.id).status is JobStatus.DONE


def bring_older(store):
    """A document in which an older reader found one duty less; gives its id."""
    whole, data = extract_bytes(PLAN.encode(), "plan.txt"), PLAN.encode()
    fewer = whole.model_copy(update={"tasks": whole.tasks[1:]})
    return store.add(fewer, data, recorded_at=NOW, reader="older").document_id


def test_a_document_of_an_older_reader_is_read_again_by_a_job(jobs_in, store):
    key, jobs = bring_older(store), jobs_in()
    reader = Person(login="reader", name="读", role=PersonRole.READER).actor()
    with pytest.raises(DeniedError):
        jobs.reread(reader, key)
    first, second = put(jobs, "大.txt", BIG), jobs.reread(CONSOLE, key)
    assert jobs.reread(CONSOLE, key).id == second.id, "it waits already"
    jobs.cancel(CONSOLE, first.id)
    found = ended(jobs, second.id)
    assert (found.status, found.kind, found.report.status) == (JobStatus.DONE, "reread", "re-read")
    counts = found.report.reread
    assert (counts.gone, counts.changes, counts.lives_left) == (0, 1, 0)
    [stored] = store.documents()
    assert (stored.document.id, stored.reader) == (found.report.document_id, reader_version())
    for wrong in (key, stored.document.id):
        with pytest.raises(ConflictError):
            jobs.reread(CONSOLE, wrong)


def test_a_reading_again_that_was_cut_off_after_it_was_stored_is_told_as_such(jobs_in, store):
    key = bring_older(store)
    whole = extract_bytes(PLAN.encode(), "plan.txt")
    now = store.add(whole, PLAN.encode(), recorded_at=NOW, reader=reader_version(), refresh=True)
    job = row_of(JobStatus.RUNNING, kind="reread", rereads=key, stored=now.document_id, attempts=1)
    order = Order(actor=CONSOLE, name="plan.txt", reread=key)
    JobRecords(store, lambda: NOW).add(job.model_copy(update={"owner": None}), order, PLAN.encode())
    jobs = jobs_in()
    jobs.recover()
    report = ended(jobs, job.id).report
    assert (report.status, report.superseded) == ("re-read", key)


def far(word):
    return Owner(host=f"another-machine-{word}", process=1, word=word)


def test_another_service_s_job_is_left_to_it_and_stopped_through_it(shared):
    """Two services on one store: starting the second takes nothing from the first."""
    here, there = shared(far("a"), beat=0.05), shared(Owner.here())
    job = put(here, "大.txt", BIG)
    until(lambda: there.get(job.id).stage == "reading")
    there.recover()
    assert there.get(job.id).status is JobStatus.RUNNING
    assert here.get(job.id).status is JobStatus.RUNNING
    assert there.cancel(CONSOLE, job.id).status is JobStatus.RUNNING
    found = ended(here, job.id)
    assert (found.status, there.get(job.id).status) == (JobStatus.CANCELLED, JobStatus.CANCELLED)
    assert here._store.documents() == ()


def test_two_services_bring_documents_into_one_store(shared):
    here, there = shared(far("a"), beat=0.05), shared(far("b"), beat=0.05)
    pairs = [(jobs, put(jobs, f"{n}.txt", PLAN.replace("〕1号", f"〕{n}号").encode()))
             for n, jobs in enumerate((here, there, here, there), start=2)]  # fmt: skip
    for jobs, job in pairs:
        assert ended(jobs, job.id).status is JobStatus.DONE
        for other in (here, there):
            assert other.get(job.id) == jobs.get(job.id)
    assert len(here._store.documents()) == 4
    assert [j.id for j in here.list(9)] == [j.id for j in there.list(9)]


def row_of(status, **more):
    return KeptJob(id="job-1", login="li", name="a.txt", status=status, at=NOW, owner=far("a"), alive_at=NOW, **more)  # fmt: skip


ORDER = Order(actor=CONSOLE, name="a.txt")


def late_cancel(records, read):
    records.unwant(read.id, "wang", gone=False)


def late_step(records, read):
    records.step(read.model_copy(update={"stage": "storing"}))


def late_take(records, read):
    assert records.take_up(read, far("b"), NOW) is None


def late_sign(records, read):
    assert records.sign(read.id, far("a"), NOW) is None


def late_release(records, read):
    records.release(read)


def late_end(records, read):
    records.end(read.model_copy(update={"status": JobStatus.DONE}))


@pytest.mark.parametrize(
    ("ended_as", "late", "status"),
    [
        (JobStatus.DONE, late_cancel, JobStatus.DONE),
        (JobStatus.FAILED, late_cancel, JobStatus.FAILED),
        (JobStatus.CANCELLED, late_cancel, JobStatus.CANCELLED),
        (JobStatus.DONE, late_step, JobStatus.DONE),
        (JobStatus.DONE, late_take, JobStatus.DONE),
        (JobStatus.DONE, late_sign, JobStatus.DONE),
        (JobStatus.DONE, late_release, JobStatus.DONE),
        (JobStatus.CANCELLED, late_end, JobStatus.CANCELLED),
        (JobStatus.CANCELLED, late_take, JobStatus.CANCELLED),
    ],
)
def test_what_has_ended_stays_so_whoever_comes_late(store_url, ended_as, late, status):
    """`late` acts on a row that it read while the job still ran."""
    with Store.open(store_url) as one, Store.open(store_url) as two:
        here, there = JobRecords(one, lambda: NOW), JobRecords(two, lambda: NOW)
        here.add(row_of(JobStatus.RUNNING), ORDER, b"x")
        read = there.get("job-1")
        here.end(row_of(ended_as))
        with pytest.raises(NotFoundError):
            here.needs("job-1")  # the bytes went with its end
        before = there.get("job-1")
        if late is late_cancel:
            with pytest.raises(ConflictError):
                late(there, read)
        else:
            late(there, read)
        found = here.get("job-1")
        assert found.status is status
        if status is ended_as:
            assert found == before


def test_a_sign_of_life_since_keeps_a_job(store_url):
    with Store.open(store_url) as one:
        records = JobRecords(one, lambda: NOW)
        records.add(row_of(JobStatus.RUNNING), ORDER, b"x")
        read = records.get("job-1")
        assert records.sign("job-1", far("a"), NOW + timedelta(seconds=5))
        assert records.take_up(read, far("b"), NOW) is None
        taken = records.take_up(records.get("job-1"), far("b"), NOW)
        assert taken.owner == far("b")
        # It is one process's at a time: whoever was silent goes no further.
        records.step(read.model_copy(update={"stage": "storing"}))
        records.end(read.model_copy(update={"status": JobStatus.DONE}))
        records.release(read)
        assert records.sign("job-1", far("a"), NOW) is None
        with one.writing() as connection, pytest.raises(StoppedError):
            records.settle(connection, read)
        assert records.get("job-1") == taken
        assert records.needs("job-1") == (ORDER, b"x")


def test_a_job_of_before_the_bytes_were_kept_is_told_as_cut_off(store_url):
    with Store.open(store_url) as one:
        records = JobRecords(one, lambda: NOW)
        records.add(row_of(JobStatus.RUNNING), ORDER, b"x")
        with one.writing() as connection:
            connection.execute(delete(schema.job_input))
        assert records.take_up(records.get("job-1"), far("b"), NOW) is None
        found = records.get("job-1")
        assert found.status is JobStatus.INTERRUPTED
        assert "重新上传" in found.error


def test_an_order_to_stop_outlives_the_steps_of_the_owner(store_url):
    with Store.open(store_url) as one:
        records = JobRecords(one, lambda: NOW)
        records.add(row_of(JobStatus.RUNNING), ORDER, b"x")
        mine = records.get("job-1")
        records.unwant("job-1", "wang", gone=False)
        records.unwant("job-1", "zhao", gone=False)
        records.step(mine.model_copy(update={"stage": "storing"}))
        found = records.get("job-1")
        assert (found.stage, found.unwanted_by) == ("storing", "wang")
        # Nothing is stored that is not wanted, and whoever goes on with it only ends it.
        with one.writing() as connection, pytest.raises(StoppedError):
            records.settle(connection, mine)
        assert records.take_up(found, far("b"), NOW) is None
        assert records.get("job-1").status is JobStatus.CANCELLED


def test_jobs_are_paged_without_gaps(store_url):
    with Store.open(store_url) as one:
        records = JobRecords(one, lambda: NOW)
        for n in range(7):  # three at one moment
            at = NOW + timedelta(seconds=max(n, 2))
            records.add(
                row_of(JobStatus.DONE).model_copy(update={"id": f"job-{n}", "at": at}), ORDER, b""
            )
        whole, total = records.page(99, None)
        assert total == len(whole) == 7
        seen, before = [], None
        while part := records.page(2, before)[0]:
            seen += part
            before = part[-1].at, part[-1].id
        assert [j.id for j in seen] == [j.id for j in whole]


def test_a_file_that_takes_too_long_is_given_up(jobs_in, store):
    jobs = jobs_in(patience=0.2)
    found = ended(jobs, put(jobs, "大.txt", BIG).id)
    assert found.status is JobStatus.FAILED
    assert "还没读完" in found.error
    assert "not read within" in found.error
    assert "DUBAN_READ_SECONDS" in found.hint
    assert store.documents() == ()
    assert list(jobs.folder.iterdir()) == []


def test_the_jobs_of_a_silent_service_are_another_s(shared):
    clock = [NOW]
    here = shared(far("a"), lambda: NOW, beat=999)
    there = shared(Owner.here(), lambda: clock[0], beat=0.05)
    job = put(here, "大.txt", BIG)
    until(lambda: there.get(job.id).stage == "reading")
    clock[0] += timedelta(seconds=59)
    there.recover()
    assert there._records.get(job.id).owner == far("a")
    clock[0] += timedelta(seconds=2)
    until(lambda: there._records.get(job.id).owner != far("a"))
    there.cancel(CONSOLE, job.id)
    assert ended(there, job.id).status is JobStatus.CANCELLED
    # Whoever was silent finds that it lost the job, and stores nothing.
    here._sign_one(job.id)
    until(lambda: not here._live)
    assert there._records.get(job.id).status is JobStatus.CANCELLED
    assert here._store.documents() == ()


def test_what_a_service_that_ends_leaves_is_done_by_the_next(shared, unhurried):
    jobs = shared()
    first, second = put(jobs, "大.txt", LONGER), put(jobs, "小.txt", PLAN.encode())
    until(lambda: jobs.get(first.id).stage == "reading")
    jobs.close()
    assert {jobs.get(j.id).status for j in (first, second)} == {JobStatus.QUEUED}
    assert list(jobs.folder.iterdir()) == []
    assert jobs._store.documents() == ()
    later = shared()
    later.recover()
    assert {ended(later, j.id).status for j in (first, second)} == {JobStatus.DONE}
    assert len(later._store.documents()) == 2


@pytest.mark.parametrize(
    "place",
    [
        "Worker.run",  # accepted, not begun
        "Reading.extract",  # while it is read
        "Worker._add",  # read, not stored
        "Worker._bring_in_step",  # stored, not in the index
        "JobRecords.end",  # all done but told
    ],
)
def test_killed_anywhere_a_job_is_done_by_whoever_starts_next(shared, store_url, tmp_path, place):
    killed = Killed(store_url, tmp_path / "uploads", place)
    indexed = []
    jobs = shared(index=lambda _: indexed.append(1) or 7)
    jobs.recover()
    assert jobs.get(killed.job).status in (JobStatus.QUEUED, JobStatus.RUNNING)
    assert jobs._live == {}  # it lives: it is left to it
    killed.kill()
    jobs.recover()
    found = ended(jobs, killed.job)
    assert (found.status, found.error, found.report.indexed) == (JobStatus.DONE, None, 7)
    assert (found.report.status, found.report.tasks) == ("added", 4)
    assert len(indexed) == 1
    [stored] = jobs._store.documents()
    with jobs._store.reading() as connection:
        # Done once, whatever was done before: who may see it was written with it.
        log = [e.action for e in audit.read(connection) if e.subject == stored.document.id]
        assert log == ["document.added", "document.visibility"]
        assert connection.scalar(select(func.count()).select_from(schema.job_input)) == 0
    assert list(jobs.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("places", "status"),
    [
        (["Reading.extract"] * 2, JobStatus.FAILED),
        (["Worker.run"] * 3, JobStatus.DONE),  # never begun: the file has done nothing
        (["Worker._bring_in_step"] * 2, JobStatus.DONE),  # stored: the index can wait
    ],
)
def test_a_job_is_not_begun_again_for_ever(shared, store_url, tmp_path, places, status):
    killed = Killed(store_url, tmp_path / "uploads", places[0])
    key = killed.job
    killed.kill()
    for place in places[1:]:
        Killed(store_url, tmp_path / "uploads", place, key).kill()
    jobs = shared()
    jobs.recover()
    found = ended(jobs, key)
    assert found.status is status
    if status is JobStatus.FAILED:
        assert "2 次中断" in found.error
        assert "cut off 2 times" in found.error
        assert jobs._store.documents() == ()
    else:
        assert found.report.tasks == 4


def test_a_file_that_ends_its_reader_twice_fails_with_the_reason(jobs_in, store, monkeypatch):
    def killed(_, known):
        tried.append(1)
        raise ReaderFailedError("exit code -9: …")

    tried = []
    monkeypatch.setattr(Reading, "extract", killed)
    jobs = jobs_in()
    found = ended(jobs, put(jobs, "小.txt", PLAN.encode()).id)
    assert (found.status, len(tried)) == (JobStatus.FAILED, 2)
    assert "exit code -9" in found.error
    assert store.documents() == ()
    monkeypatch.undo()
    assert ended(jobs, put(jobs, "又.txt", PLAN.encode()).id).status is JobStatus.DONE


def test_what_was_cancelled_is_not_taken_up(shared, store_url, tmp_path):
    for place, asked in (("Worker.run", "here"), ("Reading.extract", "later")):
        killed = Killed(store_url, tmp_path / "uploads", place)
        jobs = shared()
        if asked == "here":  # asked of another process, which the owner did not hear any more
            assert jobs.cancel(CONSOLE, killed.job).status in (JobStatus.QUEUED, JobStatus.RUNNING)
        killed.kill()
        if asked == "later":
            assert jobs.cancel(CONSOLE, killed.job).status is JobStatus.CANCELLED
        jobs.recover()
        assert jobs.get(killed.job).status is JobStatus.CANCELLED
        assert jobs._live == {}
        assert jobs._store.documents() == ()


def test_an_index_that_is_not_brought_in_step_does_not_undo_the_job(jobs_in, store):
    def broken(_):
        raise IndexStateError("索引已损坏 / the index is damaged")

    jobs = jobs_in(index=broken)
    found = ended(jobs, put(jobs, "小.txt", PLAN.encode()).id)
    assert (found.status, found.report.indexed, found.error) == (JobStatus.DONE, None, None)
    assert "文件已入库, 索引未更新: 索引已损坏 / " in found.hint
    assert len(store.documents()) == 1


def test_two_services_of_one_process_leave_each_other_their_jobs(jobs_in, unhurried):
    here, there = jobs_in(beat=0.02), jobs_in(beat=0.02)
    job = put(here, "大.txt", LONGER)
    until(lambda: here.get(job.id).stage == "reading")
    there.recover()
    assert there._live == {}
    assert ended(here, job.id).status is JobStatus.DONE
    assert here._records.get(job.id).owner == here._owner


# ---- by HTTP


def test_cancelling_by_http(tmp_path):
    with make_world(tmp_path) as world:
        client = world.client("supervisor")
        sent = client.post(f"{API}/documents", files={"file": ("大.txt", BIG)}).json()
        for role, status in (("public", 401), ("reader", 403), ("own", 403), ("auditor", 403)):
            asked = world.client(role).post(f"{API}/jobs/{sent['id']}/cancel")
            assert asked.status_code == status
        told = client.post(f"{API}/jobs/{sent['id']}/cancel")
        assert told.status_code == 202, told.text
        found = until(
            lambda: (
                (j := client.get(f"{API}/jobs/{sent['id']}").json())["status"] == "cancelled" and j
            )
        )
        assert found["stage"] == "finished"
        assert "owner" not in json.dumps(found)
        assert client.post(f"{API}/jobs/{sent['id']}/cancel").status_code == 409
        assert client.post(f"{API}/jobs/job-0/cancel").status_code == 404
        titles = [d["title"] for d in client.get(f"{API}/documents").json()["items"]]
        assert len(titles) == 2
        page = world.browser("supervisor").get(f"/documents/jobs/{sent['id']}")
        assert "已取消" in page.text


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_an_upload_that_was_accepted_is_done_after_a_crash(tmp_path):
    settings = settings_in(tmp_path)
    new_store(tmp_path)
    with Store.open(settings.store_url) as store:
        secrets = people_with_tokens(store, settings, [p for p in PEOPLE if not p.units])
    mine = {"Authorization": f"Bearer {secrets['supervisor']}"}
    with Serving(tmp_path, forked=True) as served:
        url = f"{served.address}{API}"
        sent = [
            httpx.post(f"{url}/documents", files={"file": (name, data)}, headers=mine)
            for name, data in (("大.txt", LONGER), ("小.txt", PLAN.encode()))
        ]
        assert {answer.status_code for answer in sent} == {202}
        served.stop(signal.SIGKILL)
    keys = [answer.json()["id"] for answer in sent]
    with Serving(tmp_path, forked=True) as served:
        url = f"{served.address}{API}"
        until(lambda: {httpx.get(f"{url}/jobs/{key}", headers=mine).json()["status"] for key in keys} == {"done"})  # fmt: skip
        assert httpx.get(f"{url}/documents", headers=mine).json()["total"] == 2
    assert not list((tmp_path / "uploads").iterdir())


SECRET = ["机密★10年", "某区安全工作方案", "区教委2025年底前建设学校5所"]
MARKED = {
    "txt": lambda: "\n".join(SECRET).encode(),
    "xlsx": lambda: xlsx([[words] for words in SECRET]),
    "docx": lambda: docx("".join(map(paragraph, SECRET))),
    "pdf": lambda: write_pdf([Sheet([Words(w, 60, 80 + 60 * n) for n, w in enumerate(SECRET)])]),
    "png": lambda: as_bytes(page([(40, 40 + 90 * n, w) for n, w in enumerate(SECRET)], 900, 400)),
}


def kept_in(tmp_path):
    return b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", MARKED)
def test_nothing_of_a_file_marked_as_secret_is_kept(jobs_in, store, tmp_path, caplog, kind):
    jobs, data = jobs_in(), MARKED[kind]()
    with pytest.raises(SecretError):
        put(jobs, f"a.{kind}", data)
    assert jobs.list(5) == []
    assert store.documents() == ()
    assert list(jobs.folder.iterdir()) == []
    kept = kept_in(tmp_path)
    assert data[-200:] not in kept
    for words in (SECRET[0], "建设学校"):
        assert words.encode() not in kept
        assert words not in caplog.text


@pytest.mark.parametrize("kind", ["docx", "pdf", "png"])
def test_nothing_is_kept_where_the_marking_is_found_late(
    jobs_in, store, tmp_path, caplog, kind, monkeypatch
):
    def too_long(_):
        raise SourceError("读了 20 秒还没读完 / not read within 20 s")

    monkeypatch.setattr("api.service.uploads.Reading.look", too_long)
    jobs, data = jobs_in(kept_pages=tmp_path / "pages"), MARKED[kind]()
    job = put(jobs, f"a.{kind}", data)
    found = ended(jobs, job.id)
    assert found.status is JobStatus.FAILED
    assert "密级" in found.error
    until(lambda: data[-200:] not in kept_in(tmp_path), 5)
    assert data[len(data) // 2 :][:200] not in kept_in(tmp_path)
    assert store.documents() == ()
    assert not list(jobs.folder.iterdir())
    assert not list((tmp_path / "pages").rglob("*"))
    assert "建设学校" not in caplog.text
