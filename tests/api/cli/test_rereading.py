"""Documents are read again: those of an older reader, once; those of which a person corrects a line."""

import json

import pytest

from api.cli import rereading
from api.cli.app import run
from api.settings import read_settings
from ingest.pipeline import extract_bytes
from ingest.reader_version import reader_version
from ingest.readers.recorded import record
from ingest.readers.source import Place, Places, Read
from tasks.fact_ids import identify
from tasks.lifecycle import Step
from tasks.store import Store
from tests.tasks.samples import DANGERS, NOW, SCHOOLS, milestone_of, plan, take


@pytest.fixture
def duban(tmp_path, capsys, monkeypatch):
    # In this process: that files are read in one of their own is tested where they are.
    monkeypatch.setattr(
        rereading, "read_apart", lambda _, data, path, known: extract_bytes(data, str(path))
    )

    def call(*arguments: str):
        code = run(["reread", *arguments], {}, tmp_path)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


@pytest.fixture
def older(tmp_path):
    """Two documents in which an older reader found one duty less and one more; gives their ids."""
    keys = []
    with Store.open(read_settings({}, tmp_path).store_url) as store:
        for number, tasks in ((1, slice(1, None)), (2, slice(None))):
            data = plan(DANGERS, SCHOOLS).replace("〕1号", f"〕{number}号").encode()
            whole = extract_bytes(data, "plan.txt")
            kept = identify(whole.model_copy(update={"tasks": whole.tasks[tasks]}))
            keys.append(store.add(kept, data, recorded_at=NOW, reader="older").document_id)
        take(store, Step.ACCEPT)
    return keys


def test_what_an_older_reader_read_is_read_again_once(duban, older, tmp_path):
    code, out, _ = duban("--json")
    assert (code, [row["document_id"] for row in json.loads(out)["documents"]]) == (0, older)
    _, out, _ = duban()
    assert "2 份文件由旧版读取" in out
    assert "duban reread --all" in out
    _, out, _ = duban("--all", "--dry-run")
    assert "仅预览，未写入" in out
    assert "重新读取后新增的任务：整治隐患" in out
    _, told, _ = duban("--all", "--dry-run", "--json")
    # One at a time, as after a run that was killed: what is done is not done again.
    code, first, err = duban(older[0], "doc-none", "--no-index", "--json")
    assert (code, err) == (1, "")
    [done, failed] = json.loads(first)["documents"]
    assert (done["status"], failed["status"]) == ("re-read", "failed")
    code, rest, _ = duban("--all", "--no-index", "--json")
    [second] = json.loads(rest)["documents"]
    assert (code, second["status"], second["document_id"]) == (0, "unchanged", older[1])
    foretold = json.loads(told)["documents"]
    differs = {"document_id": older[0], "dry_run": True}
    assert foretold == [done | differs, second | {"dry_run": True}]
    assert done["facts"]["tasks"] == {"kept": 1, "changed": 0, "new": 1, "gone": 0}
    assert (second["lives_kept"], second["lives_left"]) == (1, [])
    code, out, _ = duban("--all", "--no-index", "--lang", "en")
    assert (code, "0 read again" in out) == (0, True)
    assert run(["verify"], {}, tmp_path) == 0
    _, out, _ = duban()
    assert "均由当前版本读取" in out
    with Store.open(read_settings({}, tmp_path).store_url) as store:
        assert {d.reader for d in store.documents()} == {reader_version()}
        assert milestone_of(store, "整治隐患")


@pytest.mark.parametrize("arguments", [("--dry-run",), ("doc-1", "--all")])
def test_which_documents_must_be_said(duban, older, arguments):
    assert duban(*arguments)[0] == 2


@pytest.fixture
def scan(tmp_path, monkeypatch):
    """A scan of which two lines were badly recognised; gives its id."""
    monkeypatch.setattr(
        rereading,
        "read_apart",
        lambda _, data, path, known: extract_bytes(data, str(path), recognised=known),
    )
    text = plan(DANGERS).replace("1号", "l号").replace("20处", "2O处")
    places = Places([Place(0, len(text), 1, confidence=0.6)])
    found = record(Read(text, places=places, model="m" * 64))
    data = b"\x89PNG\r\n\x1a\n a picture"
    with Store.open(read_settings({}, tmp_path).store_url) as store:
        extraction = extract_bytes(data, "scan.png", recognised=found)
        return store.add(extraction, data, recorded_at=NOW).document_id


def test_a_line_of_a_scan_is_corrected(scan, tmp_path, capsys):
    def duban(*arguments):
        code = run(["correct", "text", *arguments, "--json"], {}, tmp_path)
        printed = capsys.readouterr()
        return code, json.loads(printed.out) if printed.out else printed.err

    number = "某区府办发〔2024〕1号"
    code, line = duban(scan, "--at", "22")
    assert (code, line["recognised"], line["page"]) == (0, "某区府办发〔2024〕l号", 1)
    said = ["--words", number, "--reason", "与图片核对", "--no-index"]
    code, done = duban(scan, "--at", "22", *said)
    assert (code, done["status"], done["recognised"]) == (0, "re-read", line["recognised"])
    again = done["document_id"]
    code, line = duban(again, "--at", "22")
    assert (line["words"], line["recognised"]) == (number, "某区府办发〔2024〕l号")
    assert duban(again, "--at", "22", *said)[1]["status"] == "unchanged"
    assert run(["correct", "text", again, "--at", "22", *said], {}, tmp_path) == 0
    assert "没有变化" in capsys.readouterr().out
    with Store.open(read_settings({}, tmp_path).store_url) as store:
        assert store.load(again).document.document_number == number
    assert run(["verify"], {}, tmp_path) == 0
    capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--at", "22", "--words", "某"], 1, "理由"),
        (["--at", "22", "--reason", "某"], 2, "--words"),
        (["--at", "99999", "--words", "某", "--reason", "某"], 1, "99999"),
        (["--at", "22", "--words", "一\t二", "--reason", "某"], 1, "单元格"),
        (["--words", "某", "--reason", "某"], 2, "--at"),
    ],
)
def test_what_is_no_correction_of_a_line_is_refused(scan, tmp_path, capsys, arguments, code, told):
    assert run(["correct", "text", scan, *arguments], {}, tmp_path) == code
    assert told in capsys.readouterr().err


def test_a_correction_that_reveals_a_marking_of_secrecy_is_refused(scan, tmp_path, capsys):
    """The head was recognised as 秘宓★10年: what a person says of it makes it a marked file."""
    said = ["--words", "秘密★10年", "--reason", "与图片核对"]
    assert run(["correct", "text", scan, "--at", "22", *said], {}, tmp_path) == 1
    told = capsys.readouterr().err
    assert "禁止存储" in told
    assert f"duban documents erase {scan}" in told
    with Store.open(read_settings({}, tmp_path).store_url) as store:
        assert [d.document.id for d in store.documents(superseded=True)] == [scan]
        assert "秘密" not in store.recognised(scan).body
    assert b"\xe7\xa7\x98\xe5\xaf\x86" not in (tmp_path / "var" / "duban.db").read_bytes()


def test_text_that_was_not_recognised_is_not_corrected(older, tmp_path, capsys):
    assert run(["correct", "text", older[0], "--at", "3"], {}, tmp_path) == 1
    assert "不是由图片识别" in capsys.readouterr().err
