"""The command line on a real store, run as a user runs it."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from api.cli.app import run, take_global
from api.main import main
from kb.lexicon import corpus_path
from tests.api.service.process import ROOT, environ_of, forked
from tests.evaluation.questions import lay_vectors

NOTICE = corpus_path() / "documents" / "wanzhou-fuban-2022-30.txt"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("duban")
    lay_vectors(folder / "var")
    assert run(["ingest", str(NOTICE.parent), "--no-index", "--json"], {}, folder) == 0
    return folder


@pytest.fixture
def duban(home, capsys):
    def call(*arguments: str, folder: Path | None = None, **environ: str):
        capsys.readouterr()
        code = run(arguments, environ, folder or home)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def test_ingest_tells_what_was_read(duban, tmp_path):
    code, out, _ = duban("ingest", "--no-index", str(NOTICE), folder=tmp_path)
    assert code == 0
    assert "已入库" in out
    code, out, _ = duban("ingest", "--no-index", str(NOTICE), "--json", folder=tmp_path)
    [row] = json.loads(out)["files"]
    assert (row["status"], row["plans"]) == ("unchanged", 10)


def test_a_bad_file_is_named_and_the_others_go_in(duban, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad.txt").write_bytes(b"\x00\x01" * 50)
    (tmp_path / "in" / "good.txt").write_text("一、任务\n1.建校。（责任单位：区教委）\n", "utf-8")
    code, out, err = duban("ingest", "--no-index", str(tmp_path / "in"), folder=tmp_path)
    assert code == 1
    assert "good.txt" in out
    assert "bad.txt" in err
    code, out, _ = duban("documents", "--json", folder=tmp_path)
    assert len(json.loads(out)) == 1


def test_what_a_folder_holds_under_a_name_of_no_known_kind_is_named(duban, tmp_path):
    folder, good = tmp_path / "in", "一、任务\n1.建校。（责任单位：区教委）\n"
    (folder / ".git").mkdir(parents=True)
    for name in ("noext", "方案.docx.bak", "通知.2026", ".hidden", "~$方案.tmp", ".git/config"):
        (folder / name).write_text(good, "utf-8")
    names = ("noext", "方案.docx.bak", "通知.2026")
    left = [str(folder / name) for name in names]
    code, _, err = duban("ingest", "--no-index", str(folder), folder=tmp_path)
    assert code == 1
    assert all(words in err for words in (".zip", ".eml", ".msg", *names))
    (folder / "good.txt").write_text(good, "utf-8")
    code, out, _ = duban("ingest", "--no-index", str(folder), "--json", folder=tmp_path)
    assert (code, json.loads(out)["left_out"]) == (0, left)
    for language, words in (("zh", "按路径单独给出"), ("en", "given by its own path")):
        _, out, _ = duban("ingest", "--no-index", str(folder), folder=tmp_path, DUBAN_LANG=language)
        [line] = [line for line in out.splitlines() if words in line]
        assert all(name in line for name in names)
        assert "hidden" not in line
        assert "~$" not in line
    named = [left[0], str(folder)]  # by its path too: it is read
    _, out, _ = duban("ingest", "--no-index", *named, "--json", folder=tmp_path)
    told = json.loads(out)
    assert [row["file"] for row in told["files"]] == [left[0], str(folder / "good.txt")]
    assert told["left_out"] == left[1:]


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_line_that_settles_versions_works_as_it_is_printed(duban, name):
    [line] = [
        line
        for line in (ROOT / name).read_text("utf-8").splitlines()
        if line.startswith("duban ") and "versions" in line and "settle" in line
    ]
    code, _, err = duban(*line.split("  ")[0].split()[1:])
    assert (code, "没有待定的版本关系" in err) == (1, True), err


def test_a_folder_with_two_dated_texts_is_taken_in_the_same_however_often(duban, tmp_path):
    (tmp_path / "in").mkdir()
    for name, day, number in (("a-rev", "2025年8月1日", 30), ("b-orig", "2025年5月6日", 20)):
        (tmp_path / "in" / f"{name}.txt").write_text(
            f"某区防汛工作方案\n某区府办发〔2025〕3号\n一、任务\n1.整治隐患{number}处。（责任单位：区教委）\n\n"
            f"某区人民政府办公室\n{day}\n",
            "utf-8",
        )
    told = []
    for _ in range(3):
        _, out, _ = duban("ingest", "--no-index", str(tmp_path / "in"), "--json", folder=tmp_path)
        told.append([row["status"] for row in json.loads(out)["files"]])
    assert told == [["added"] * 2, ["unchanged"] * 2, ["unchanged"] * 2]
    _, out, _ = duban("versions", "--json", folder=tmp_path)
    [doubt] = json.loads(out)
    _, out, _ = duban("documents", "--json", folder=tmp_path)
    rows = json.loads(out)
    assert len(rows) == 2
    assert doubt["document_id"] in str(rows[0]), "the later one may be the version"


def test_a_path_that_is_not_there_keeps_no_other_out(duban, tmp_path):
    (tmp_path / "b.txt").write_text("一、任务\n1.建校。（责任单位：区教委）\n", "utf-8")
    names = [str(tmp_path / name) for name in ("a.txt", "b.txt", "c.txt")]
    code, out, _ = duban("ingest", "--no-index", *names, "--json", folder=tmp_path)
    rows = json.loads(out)["files"]
    assert (code, [row["status"] for row in rows]) == (1, ["failed", "added", "failed"])


def test_a_file_beyond_its_limits_is_given_up_and_the_others_go_in(duban, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    good = "一、任务\n1.建校。（责任单位：区教委）\n"
    (folder / "a.txt").write_text(good, "utf-8")
    (folder / "b.txt").write_text("一、任务\n" + "1.\n" * 120_000, "utf-8")
    (folder / "c.txt").write_text(good.replace("校", "院"), "utf-8")
    code, out, err = duban("ingest", "--no-index", str(folder), "--json", folder=tmp_path)
    assert (code, err) == (1, "")
    rows = json.loads(out)["files"]
    assert [row["status"] for row in rows] == ["added", "failed", "added"]
    assert "157 MB" in rows[1]["error"]
    assert "停在" in rows[1]["error"]
    code, _, err = duban("extract", str(folder / "b.txt"), "--json")
    assert code == 1
    assert "b.txt: 这份文件读起来超过上限" in err


def test_a_fault_of_the_reader_is_told_and_the_others_go_in(duban, tmp_path, monkeypatch):
    fault = "import sys; from ingest import pipeline, reading_process as process;" \
        "pipeline.read_bytes = lambda data, name, *_: 1 / (b'x' not in data); process.main(sys.argv[1:])"  # fmt: skip
    monkeypatch.setattr("ingest.apart._PROCESS", ("-c", fault))
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("一、任务 x\n1.建校。\n", "utf-8")
    names = [str(tmp_path / name) for name in ("a.txt", "b.txt")]
    code, out, _ = duban("ingest", "--no-index", *names, "--json", folder=tmp_path)
    assert code == 1
    assert ["ZeroDivisionError" in row["error"] for row in json.loads(out)["files"]] == [True, True]


def test_a_name_that_is_no_utf_8_is_escaped_and_all_files_go_in(tmp_path):
    """In a process of its own: what it prints has to be bytes that a program can read."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number, name in enumerate(
        [b"\xd6\xd8\xb5\xe3.txt", b"a\x1b[2J\n.txt", b"good.txt", b"bad\xff.txt"]
    ):
        words = f"一、任务\n1.建校{20 + number}所。（责任单位：区教委）\n"
        data = b"\x00\x01" * 50 if b"bad" in name else words.encode()
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(data)

    environ = environ_of(tmp_path)
    command = [sys.executable, "-m", "api.main", "ingest", "--no-index", "--json", str(folder)]
    made = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, check=False)
    rows = {Path(row["file"]).name: row for row in json.loads(made.stdout.decode())["files"]}
    assert {name: row["status"] for name, row in rows.items()} == {
        r"\xd6\xd8\xb5\xe3.txt": "added", r"a\x1b[2J\x0a.txt": "added", "good.txt": "added", r"bad\xff.txt": "failed",
    }  # fmt: skip
    assert made.returncode == 1
    assert "file-name" in {w["code"] for w in rows[r"\xd6\xd8\xb5\xe3.txt"]["warnings"]}

    def duban(*arguments: str) -> subprocess.CompletedProcess[str]:
        return forked(environ, main, list(arguments))

    shown = duban("ingest", "--no-index", str(folder))
    told = shown.stdout + shown.stderr
    assert r"\xd6\xd8\xb5\xe3.txt" in told
    assert r"bad\xff.txt" in told
    assert "\x1b[2J" not in told
    for command in (["documents", "--json"], ["verify"], ["tasks", "--json"]):
        assert duban(*command).returncode == 0
    names = {row["document"]["name"] for row in json.loads(duban("documents", "--json").stdout)}
    assert names == {r"\xd6\xd8\xb5\xe3.txt", r"a\x1b[2J\x0a.txt", "good.txt"}


def test_a_file_of_which_nothing_comes_says_so(duban, tmp_path):
    empty = tmp_path / "empty.txt"
    empty.write_text("扫一扫在手机打开当前页\n【打印】 【关闭】\n", "utf-8")
    code, out, _ = duban("extract", str(empty), folder=tmp_path)
    assert (code, "没有读出条款" in out) == (0, True)
    code, out, _ = duban("extract", str(empty), "--lang", "en", folder=tmp_path)
    assert "no clause, so no duty" in out
    code, out, _ = duban("ingest", "--no-index", str(empty), folder=tmp_path)
    assert (code, "没有读出条款" in out) == (0, True)
    code, out, _ = duban("extract", str(empty), "--json", folder=tmp_path)
    found = json.loads(out)
    assert (code, found["clauses"]) == (0, [])
    assert [w["code"] for w in found["warnings"]] == ["no-clause", "left-out"]
    assert found["warnings"][1]["span"] == [0, 21]


def test_what_is_left_out_is_listed(duban, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        "<html><body><div id='nav'>首页 公开</div><div><p>一、任务</p><p>1.建校20所。（责任单位：区教委）</p></div></body></html>",
        "utf-8",
    )
    _, out, _ = duban("extract", str(page), folder=tmp_path)
    assert "<div#nav> 首页 公开" in out
    _, out, _ = duban("ingest", "--no-index", str(page), folder=tmp_path)
    assert "1 处未列入条款" in out


def test_a_changed_file_is_a_new_version(duban, tmp_path):
    file = tmp_path / "plan.txt"
    text = "某区建校方案\n某区府办发〔2024〕1号\n一、任务\n1.建校20所。（责任单位：区教委）\n"
    file.write_text(text, "utf-8")
    duban("ingest", "--no-index", str(file), folder=tmp_path)
    file.write_text(text.replace("20所", "30所"), "utf-8")
    _, out, _ = duban("ingest", "--no-index", str(file), "--json", folder=tmp_path)
    assert json.loads(out)["files"][0]["status"] == "new-version"
    _, out, _ = duban("targets", "--json", folder=tmp_path)
    assert [t["value"] for t in json.loads(out)] == ["30"]
    _, out, _ = duban("documents", "--all", "--json", folder=tmp_path)
    assert len(json.loads(out)) == 2


def test_a_file_of_the_same_name_is_another_document_until_somebody_says_so(duban, tmp_path):
    def ingest(words, *options):
        file = tmp_path / "通知.txt"
        file.write_text(f"{words}\n一、任务\n1.建校20所。（责任单位：区教委）\n", "utf-8")
        code, out, err = duban(
            "ingest", "--no-index", str(file), *options, "--json", folder=tmp_path
        )
        return json.loads(out)["files"][0] if code == 0 else err

    first = ingest("关于建校的通知")
    second = ingest("关于演练的通知")
    assert (second["status"], second["superseded"]) == ("added", None)
    assert [v["document_id"] for v in second["possible_versions"]] == [first["document_id"]]
    _, out, _ = duban("ingest", "--no-index", str(tmp_path / "通知.txt"), folder=tmp_path)
    _, out, _ = duban("versions", "--json", folder=tmp_path)
    [doubt] = json.loads(out)
    assert (doubt["document_id"], doubt["other_id"]) == (second["document_id"], first["document_id"])  # fmt: skip
    _, out, _ = duban("review", "--kind", "possible-version", folder=tmp_path)
    assert "关于建校的通知" in out
    code, _, err = duban("versions", "settle", doubt["id"], "--verdict", "version", "--reason", " ", folder=tmp_path)  # fmt: skip
    assert (code, "理由" in err) == (1, True)
    code, out, _ = duban("versions", "settle", doubt["id"], "--verdict", "version", "--reason", "更新", folder=tmp_path)  # fmt: skip
    assert code == 0
    assert f"{second['document_id']} 是 {first['document_id']} 的新版本" in out
    third = ingest("关于测试的通知", "--replaces", second["document_id"])
    assert (third["status"], third["superseded"]) == ("new-version", second["document_id"])
    assert second["document_id"] in ingest("关于别事的通知", "--replaces", second["document_id"])
    assert "doc-none" in ingest("关于别事的通知", "--replaces", "doc-none")


def test_extract_prints_the_contract(duban, tmp_path):
    code, out, _ = duban("extract", str(NOTICE), "--json", "--text-out", str(tmp_path / "t.txt"))
    assert code == 0
    found = json.loads(out)
    assert list(found)[:4] == ["document", "plans", "clauses", "tasks"]
    text = (tmp_path / "t.txt").read_bytes().decode()
    for task in found["tasks"]:
        for fact in (*task["responsibilities"], *task["milestones"], *task["targets"]):
            assert text[fact["span"][0] : fact["span"][1]] == fact["quote"]
    assert found["document"]["document_number"] == "万州府办〔2022〕30号"


def test_explain_says_what_decided(duban, tmp_path):
    words = "某区工作方案\n一、任务\n1.完善机制。（责任单位：区教委）\n"
    file = tmp_path / "plan.txt"
    file.write_text(words, encoding="utf-8")
    at = words.index("区教委")
    code, out, _ = duban("explain", str(file), f"{at}-{at + 3}", "--json")
    [found] = json.loads(out)
    assert (code, found["quote"], found["use"]) == (0, "区教委", "owner")
    assert found["features"]
    code, out, _ = duban("explain", str(file), f"{at}-{at + 3}")
    assert code == 0
    assert "区教委" in out
    assert duban("explain", str(file), "9到3")[0] == 2


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("哪些部门负责防溺水？", "zh"),
        ("which departments are responsible for drowning prevention", "en"),
    ],
)
def test_who_is_responsible_for_drowning_prevention(duban, question, language):
    code, out, _ = duban("ask", question, "--json", "--as-of", "2026-11-24")
    answer = json.loads(out)
    assert code == 0
    assert (answer["answerable"], answer["language"]) == (True, language)
    units = {u["unit"] for u in answer["units"]}
    assert {"区委政法委", "区教委", "区公安局", "区水利局", "各镇乡街道"} <= units
    assert any("防溺水" in c["quote"].replace("\n", "") for c in answer["citations"])


def test_what_the_documents_do_not_say_is_refused(duban):
    code, out, _ = duban("ask", "谁负责火星探测？", "--json")
    answer = json.loads(out)
    assert (code, answer["answerable"], answer["units"], answer["citations"]) == (0, False, [], [])


def test_ask_batch(duban, tmp_path):
    file = tmp_path / "q.jsonl"
    rows = [
        {"id": "a", "question": "区水利局要干哪些事？"},
        {"id": "b", "question": "现在哪些逾期？", "as_of": "2024-01-01"},
    ]
    file.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows), "utf-8")
    code, out, _ = duban("ask", "--batch", str(file))
    answers = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [(a["id"], a["intent"]) for a in answers] == [("a", "tasks-of-unit"), ("b", "overdue")]
    assert answers[1]["as_of"] == "2024-01-01"
    file.write_text("区水利局要干哪些事？\n\n现在哪些逾期？\n", "utf-8")  # words do too
    _, out, _ = duban("ask", "--batch", str(file))
    assert [json.loads(line)["intent"] for line in out.splitlines()] == ["tasks-of-unit", "overdue"]
    for wrong in ('{"question"\n', '["区水利局要干哪些事？"]\n', '{"id": "a"}\n'):
        file.write_text(wrong, "utf-8")
        code, _, err = duban("ask", "--batch", str(file))
        assert code == 1
        assert "第 1 行" in err
        assert "question" in err


def test_overdue_as_of(duban):
    _, out, _ = duban("overdue", "--as-of", "2023-12-31", "--json")
    assert {i["due"] for i in json.loads(out) if i["kind"] in ("by", "in")} == {"2022-12-31"}
    _, out, _ = duban("overdue", "--as-of", "2024-01-01", "--json")
    assert "2023-12-31" in {i["due"] for i in json.loads(out)}
    _, out, _ = duban("overdue", "--as-of", "2028-06-01", "--json")
    explicit = json.loads(out)
    _, out, _ = duban("overdue", "--as-of", "2028-06-01", "--inherited", "--json")
    assert len(json.loads(out)) > len(explicit)


@pytest.mark.parametrize(
    ("command", "language", "said"),
    [
        (["overdue", "--as-of", "2023-12-31"], "zh", "原文未写明单位"),
        (["overdue", "--as-of", "2023-12-31"], "en", "no unit named"),
        (["tasks", "--plan", "党建"], "zh", "原文未写明单位"),
        (["tasks", "--plan", "党建"], "en", "no unit named"),
    ],
)
def test_a_duty_whose_source_names_no_unit_says_so(duban, command, language, said):
    _, out, _ = duban("--lang", language, *command)
    assert said in out.replace("\n", " ")


def test_tasks_by_unit_plan_and_date(duban):
    _, out, _ = duban("tasks", "--unit", "区水利局", "--json")
    found = json.loads(out)
    assert found
    assert all(any(r["unit"] == "区水利局" for r in t["responsibilities"]) for t in found)
    _, out, _ = duban("tasks", "--plan", "安全稳定", "--unit", "区公安局", "--json")
    assert {t["plan"] for t in json.loads(out)} == {"万州区中小学校安全稳定行动计划"}
    _, out, _ = duban(
        "tasks", "--due-before", "2023-12-31", "--overdue", "--as-of", "2025-01-01", "--json"
    )
    assert json.loads(out)


def test_trace_marks_the_exact_characters(duban):
    code, out, _ = duban("trace", "2500元")
    assert code == 0
    assert "【2500元】" in out
    assert "相符" in out
    code, _, err = duban("trace", "没有这几个字")
    assert code == 1
    assert "没有这几个字" in err


@pytest.mark.parametrize("kind", ["json", "graphml", "dot"])
def test_graph_formats(duban, kind, tmp_path):
    file = tmp_path / "graph"
    assert duban("graph", "--format", kind, "--out", str(file), "--unit", "区水利局")[0] == 0
    assert "区水利局" in file.read_text("utf-8")


def test_verify_is_quiet_when_all_is_well(duban):
    code, out, _ = duban("verify", "--json")
    assert code == 0
    assert json.loads(out)["differences"] == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["tasks", "--no-such"], 2),
        (["no-such-command"], 2),
        (["ask"], 2),
        (["graph", "--format", "pdf"], 2),
        (["overdue", "--as-of", "tomorrow"], 2),
        *(
            ([command, "--plan", "登月"], 1)
            for command in ("tasks", "targets", "overdue", "due", "milestones")
        ),
        (["--lang", "fr", "units"], 2),
        (["ingest", "/no/such/file.txt"], 1),
        (["version"], 0),
        (["--help"], 0),
    ],
)
def test_exit_codes(duban, arguments, code):
    assert duban(*arguments)[0] == code


def test_without_a_store_it_says_what_to_do(duban, tmp_path):
    code, _, err = duban("overdue", folder=tmp_path)
    assert code == 1
    assert "duban ingest" in err
    assert not (tmp_path / "var").exists()


def test_english(duban):
    _, out, _ = duban("units", "--lang", "en")
    assert "unit(s)" in out
    code, _, err = duban("trace", "no such words", "--lang", "en")
    assert code == 1
    assert "no id and no text" in err


def test_global_options_stand_anywhere():
    words, taken = take_global(["--lang", "en", "units", "--store=x.db", "--as", "li"])
    assert words == ["units"]
    assert taken == {"--store": "x.db", "--lang": "en", "--as": "li"}
    words, taken = take_global(["ask", "--", "--lang"])
    assert words == ["ask", "--", "--lang"]
    assert set(taken.values()) == {None}


def test_help_does_not_load_heavy_parts():
    script = (
        "import sys\nfrom api.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted(m for m in ('sqlalchemy', 'networkx', 'lxml', 'alembic') if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_index_is_built_checked_and_mended(tmp_path, capsys):
    (tmp_path / "plan.txt").write_text(
        "某区方案\n一、任务\n1.抓消防。（责任单位：区教委）\n", "utf-8"
    )
    assert run(["ingest", str(tmp_path / "plan.txt"), "--json"], {}, tmp_path) == 0
    assert json.loads(capsys.readouterr().out)["indexed"] == 3
    assert run(["index", "verify", "--json"], {}, tmp_path) == 0
    assert json.loads(capsys.readouterr().out)["sound"]
    (tmp_path / "plan.txt").write_text(
        "某区方案\n一、任务\n1.抓交通。（责任单位：区教委）\n", "utf-8"
    )
    run(["ingest", str(tmp_path / "plan.txt"), "--no-index"], {}, tmp_path)
    capsys.readouterr()
    assert run(["index", "status"], {}, tmp_path) == 1
    assert "duban index rebuild" in capsys.readouterr().out
    assert run(["index", "rebuild"], {}, tmp_path) == 0
    assert run(["index", "status"], {}, tmp_path) == 0


def test_retrieval_over_any_corpus(tmp_path, capsys):
    corpus, queries, out = (tmp_path / name for name in ("c.jsonl", "q.jsonl", "run.tsv"))
    corpus.write_text(
        '{"id": "a", "title": "消防法", "text": "发现火灾应当立即报警。"}\n'
        '{"id": "b", "title": "婚姻法", "text": "男女双方自愿离婚的，准予离婚。"}\n',
        "utf-8",
    )
    queries.write_text(
        '{"id": "q1", "text": "想离婚怎么办"}\n{"id": "q2", "text": "着火了"}\n', "utf-8"
    )
    command = ["evaluate", "retrieval", "--corpus", str(corpus), "--queries", str(queries)]
    assert run([*command, "--out", str(out)], {}, tmp_path) == 0
    rows = [line.split("\t") for line in out.read_text("utf-8").splitlines()]
    assert [r for r in rows if r[2] == "1"] == [["q1", "b", "1"], ["q2", "a", "1"]]
    corpus.write_text('{"id": "a"}\n', "utf-8")
    assert run([*command, "--out", str(out)], {}, tmp_path) == 1
    assert "c.jsonl" in capsys.readouterr().err


def test_search_shows_its_parts_and_filters(tmp_path, capsys):
    text = (
        "某区某年行动方案\n一、任务\n1.2025年底前抓好消防。（责任单位：区教委）\n"
        "2.抓好消防演练。（责任单位：区公安局）\n"
    )
    (tmp_path / "plan.txt").write_text(text, "utf-8")
    assert run(["ingest", str(tmp_path / "plan.txt")], {}, tmp_path) == 0

    def found(*options):
        capsys.readouterr()
        run(["search", "消防", "--json", *options], {}, tmp_path)
        return json.loads(capsys.readouterr().out)

    assert len(found()) >= 2
    assert set(found()[0]["parts"]) == {"lexical", "text", "titled", "small"}
    assert [r["path"] for r in found("--unit", "区公安局")] == ["1/一/2"]
    assert [r["path"] for r in found("--year", "2025")] == ["1/一/1"]
    assert found("--plan", "没有") == []
    assert run(["search", "消防", "--validity", "有效"], {}, tmp_path) == 1


def test_a_package_goes_in_member_by_member(duban, tmp_path):
    good = "某区工作方案\n一、任务\n1.建校。（责任单位：区教委）\n"
    with zipfile.ZipFile(tmp_path / "报送.zip", "w") as package:
        package.writestr("某区工作方案.txt", good)
        package.writestr("附件1.密件.txt", "机密★10年\n某区方案\n1.建库。（责任单位：区水利局）\n")
        package.writestr("附件2.坏.txt", b"\x00\x01" * 50)
    code, out, _ = duban("ingest", "--no-index", "--json", str(tmp_path), folder=tmp_path)
    assert code == 1
    rows = json.loads(out)["files"]
    told = [(Path(r["file"]).name, r["status"], r["part"], r["attachment"]) for r in rows]
    assert told == [
        ("某区工作方案.txt", "added", "body", None),
        ("附件1.密件.txt", "failed", "attachment", 1),
        ("附件2.坏.txt", "failed", "attachment", 2),
    ]
    assert {row["delivery"] for row in rows} == {str(tmp_path / "报送.zip")}


@pytest.mark.parametrize("packed", [True, False])
def test_attachments_belong_to_their_document(duban, tmp_path, packed):
    files = {
        "某区工作方案.txt": "某区工作方案\n一、任务\n1.建校。（责任单位：区教委）\n",
        "附件1.任务分解表.txt": "某区任务分解表\n一、任务\n1.建库。（责任单位：区水利局）\n",
    }
    if packed:
        with zipfile.ZipFile(tmp_path / "报送.zip", "w") as package:
            for name, text in files.items():
                package.writestr(name, text)
    else:
        for name, text in files.items():
            (tmp_path / name).write_text(text, "utf-8")
    _, out, _ = duban("ingest", "--no-index", "--json", str(tmp_path), folder=tmp_path)
    body, sheet = json.loads(out)["files"]
    assert (body["attached_to"], sheet["attached_to"]) == (None, body["document_id"])
    _, out, _ = duban("documents", "--json", folder=tmp_path)
    listed = {
        row["document"]["id"]: (row["attached_to"], row["attachment"]) for row in json.loads(out)
    }
    assert listed[sheet["document_id"]] == (body["document_id"], 1)
    _, out, _ = duban("ingest", "--no-index", str(tmp_path), folder=tmp_path)
    assert f"附件, 属于 {body['document_id']}" in out
    if packed:
        return
    code, out, _ = duban("documents", "detach", sheet["document_id"], folder=tmp_path)
    assert (code, "已解除" in out) == (0, True)
    _, out, _ = duban("documents", "--json", folder=tmp_path)
    assert {row["attached_to"] for row in json.loads(out)} == {None}
    code, _, err = duban("documents", "detach", sheet["document_id"], folder=tmp_path)
    assert (code, "不是附件" in err) == (1, True)
    code, _, err = duban("documents", "detach", "doc-none", "--json", folder=tmp_path)
    assert (code, "doc-none" in err) == (1, True)
