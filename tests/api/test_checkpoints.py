"""Checkpoints kept outside the store, by hand and by the schedule; the verification uses them by itself."""

import json
from dataclasses import replace
from datetime import UTC

import pytest
from sqlalchemy import text

from api.checkpoints import keep_checkpoint, read_kept
from api.cli.app import run
from api.scheduler import DigestScheduler
from api.settings import read_settings
from api.verifying import verify_all
from kb.errors import DubanError, SourceError
from tasks import audit, schema
from tasks.audit import Change
from tasks.lifecycle import Step
from tasks.store import Store
from tests.tasks.samples import NOW, add, take


@pytest.fixture
def settings(tmp_path):
    environ = {"DUBAN_CHECKPOINTS": str(tmp_path / "kept" / "points")}
    found = read_settings(environ, tmp_path)
    with Store.open(found.store_url) as store:
        add(store)
    return found


def cut_last(store) -> None:
    """Take the last step back without a trace in the store: its entry, its life, the triggers back."""
    with store.writing() as connection:
        for name in schema.TRIGGERS["sqlite"]:
            connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(text("DELETE FROM audit WHERE seq = 2"))
        connection.execute(text("DELETE FROM life"))
        for statement in schema.TRIGGERS["sqlite"].values():
            connection.execute(text(statement))


def test_a_log_that_lost_what_was_kept_is_a_fault(settings):
    with Store.open(settings.store_url) as store:
        take(store, Step.ACCEPT)
        point = keep_checkpoint(settings, store)
        assert keep_checkpoint(settings, store) == point
        assert read_kept(settings.checkpoints) == [point], "the same is kept once"
        assert verify_all(settings, store).sound
        cut_last(store)
        assert verify_all(replace(settings, checkpoints=None), store).sound, "nothing else shows it"
        found = verify_all(settings, store)
        assert [f.seq for f in found.faults] == [2]
        with pytest.raises(SourceError, match="末尾被删"):
            keep_checkpoint(settings, store)
        assert read_kept(settings.checkpoints) == [point]


def test_a_line_that_was_cut_off_while_written_is_none(settings):
    with Store.open(settings.store_url) as store:
        first = keep_checkpoint(settings, store)
        with settings.checkpoints.open("ab") as file:
            file.write(b'{"count":9')
        assert read_kept(settings.checkpoints) == [first]
        take(store, Step.ACCEPT)
        second = keep_checkpoint(settings, store)
        assert read_kept(settings.checkpoints) == [first, second]
    settings.checkpoints.write_text("no checkpoint\n", encoding="utf-8")
    with pytest.raises(DubanError, match="不是校验点"):
        read_kept(settings.checkpoints)


def test_the_schedule_keeps_one(settings):
    from api.delivery.settings import read_delivery_settings

    scheduler = DigestScheduler(settings, read_delivery_settings({}))
    scheduler.keep()
    with Store.open(settings.store_url) as store, store.reading() as connection:
        assert read_kept(settings.checkpoints) == [audit.last_checkpoint(connection)]
    with scheduler:
        assert [job.func.__name__ for job in scheduler.jobs].count("keep") == 1


def test_by_command(settings, tmp_path, capsys):
    environ = {"DUBAN_CHECKPOINTS": str(settings.checkpoints)}
    assert run(["audit", "checkpoint", "--keep"], environ, tmp_path) == 0
    printed = capsys.readouterr().out
    assert read_kept(settings.checkpoints) == [audit.read_checkpoint(printed)]
    assert run(["audit", "checkpoint", "--keep"], {}, tmp_path) != 0
    assert "DUBAN_CHECKPOINTS" in capsys.readouterr().err
    settings.checkpoints.write_text(
        audit.render_checkpoint(audit.Checkpoint(count=7, head="0" * 64)) + "\n", encoding="utf-8"
    )
    assert run(["verify", "--json"], environ, tmp_path) == 1
    assert [f["seq"] for f in json.loads(capsys.readouterr().out)["faults"]] == [7]


def test_both_commands_are_one_verification(settings, tmp_path, capsys):
    said = []
    for command in (["verify", "--json"], ["audit", "verify", "--json"]):
        assert run(command, {}, tmp_path) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    with Store.open(settings.store_url) as store, store.writing() as connection:
        connection.execute(text("UPDATE milestone SET due = '2031-01-01' WHERE due = '2025-12-31'"))
    for command in (["verify"], ["audit", "verify"]):
        assert run(command, {}, tmp_path) == 1
        told = capsys.readouterr().err
        assert "2031-01-01" in told
        assert "2025-12-31" in told
    with Store.open(settings.store_url) as store, store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert run(["verify"], {}, tmp_path) == 1
    assert "0001" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["日志校验点：12 {}", "Checkpoint of the log: 12 {}", "12 {}"])
def test_the_foot_of_a_digest_is_a_checkpoint(line):
    point = audit.read_checkpoint(line.format("a" * 64))
    assert point == audit.Checkpoint(count=12, head="a" * 64)


def test_a_digest_that_goes_out_carries_the_checkpoint(settings):
    from api.delivery.message import compose
    from tasks.digest import Week, build_digests

    with Store.open(settings.store_url) as store:
        with store.writing() as connection:
            audit.append(connection, NOW, [Change(actor="a", action="b", subject="c")])
            point = audit.last_checkpoint(connection)
        week = Week(year=2026, number=1)
        [digest, *_] = build_digests(store, week, NOW.date(), zone=UTC)
    for language in ("zh", "en"):
        message = compose(digest.model_copy(update={"checkpoint": point}), language)
        for words in (message.text, message.html):
            assert f"{point.count} {point.head}" in words
        assert point.head not in compose(digest, language).html
