"""`duban digest` on a real store, run as a user runs it."""

import json

import pytest

from api.cli.app import run

PLAN = """某区防汛工作方案（2024—2026年）
一、主要任务
1.整治隐患。到2025年，整治隐患点20处以上。（责任单位：区水利局、区应急局）
2.加强宣传。2026年12月底前，印发手册。（责任单位：各镇乡街道）
"""
TIME = ("--week", "2026-W47", "--as-of", "2026-11-20")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("duban")
    (folder / "plan.txt").write_text(PLAN, "utf-8")
    assert run(["ingest", str(folder / "plan.txt"), "--no-index", "--json"], {}, folder) == 0
    return folder


@pytest.fixture
def duban(home, capsys):
    def call(*arguments: str, **environ: str):
        capsys.readouterr()
        code = run(arguments, environ, home)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [("html", "html"), ("markdown", "md"), ("docx", "docx"), ("xlsx", "xlsx"), ("json", "json")],
)
def test_all_units_and_the_overview_are_written(duban, tmp_path, kind, suffix):
    code, out, _ = duban("digest", *TIME, "--all", "--format", kind, "--out", str(tmp_path / "a"))
    assert code == 0
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    wanted = ("区应急局", "区水利局", "总览")
    assert names == [f"督办周报-2026-W47-{name}.{suffix}" for name in wanted]
    assert all(name in out for name in names)
    assert "共 3 份" in out


def test_one_unit_as_json(duban, tmp_path):
    code, out, _ = duban(
        "digest", *TIME, "--unit", "区水利局", "--out", str(tmp_path), "--json", "--lang", "en"
    )
    assert code == 0
    value = json.loads(out)
    [row] = value["files"]
    assert (value["week"], row["unit"]) == ("2026-W47", "区水利局")
    assert row["subject"] == "Weekly digest 2026-W47 区水利局: 1 overdue"
    assert [path.name for path in tmp_path.iterdir()] == ["digest-2026-W47-区水利局.html"]


def test_a_unit_with_nothing(duban, tmp_path):
    arguments = ("digest", *TIME, "--unit", "各镇乡街道", "--out", str(tmp_path))
    code, out, _ = duban(*arguments)
    assert (code, list(tmp_path.iterdir())) == (0, [])
    assert "没有写出" in out
    code, out, _ = duban(*arguments, "--all-clear")
    [file] = tmp_path.iterdir()
    assert "本周无逾期" in file.read_text("utf-8")
    code, out, _ = duban(*arguments, "--within", "60")
    assert "60日内到期1项" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--week", "2026-48"), "2026-W48"),
        (("--week", "2025-W53"), "52"),
        (("--format", "pdf"), "html | markdown"),
        (("--unit", "区水利局", "--all"), "--all"),
        (("--within", "-1"), "--within"),
    ],
)
def test_wrong_usage(duban, tmp_path, arguments, said):
    code, _, err = duban("digest", *arguments, "--out", str(tmp_path / "x"))
    assert code == 2
    assert said in err
    assert not (tmp_path / "x").exists()


def test_an_unknown_unit_and_an_unknown_person(duban, tmp_path):
    code, _, err = duban("digest", *TIME, "--unit", "区气象局", "--out", str(tmp_path))
    assert code == 1
    assert "区气象局" in err
    code, _, err = duban("--as", "nobody", "digest", *TIME, "--out", str(tmp_path))
    assert code == 1
    assert "nobody" in err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written(duban, tmp_path):
    (tmp_path / "file").write_text("x")
    code, _, err = duban("digest", *TIME, "--out", str(tmp_path / "file" / "sub"))
    assert code == 1
    assert "写不了" in err


def test_the_default_folder_is_at_home(duban, home):
    code, _, _ = duban("digest", *TIME, "--unit", "区水利局")
    assert code == 0
    assert (home / "var" / "digests" / "督办周报-2026-W47-区水利局.html").exists()


def test_links(duban, tmp_path):
    duban("digest", *TIME, "--unit", "区水利局", "--base-url", "https://duban.example", "--out", str(tmp_path))  # fmt: skip
    [file] = tmp_path.iterdir()
    assert 'href="https://duban.example/documents/' in file.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), ("总览", "逾期最久的1项", "区水利局")),
        (("--unit", "区水利局"), ("区水利局", "逾期（红） 1项", "逾期324天", "未报告进展")),
        (("--unit", "各镇乡街道"), ("本周无逾期",)),
        (("--unit", "区水利局", "--lang", "en"), ("Overdue (red): 1", "no progress reported")),
    ],
)
def test_preview(duban, arguments, said):
    code, out, _ = duban("digest", "preview", *TIME, *arguments)
    assert code == 0
    assert all(words in out for words in said)
