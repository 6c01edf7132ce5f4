"""The audit log by HTTP: filtered, verified against checkpoints, altered entries found."""

import json

from sqlalchemy import text

from tests.api.service.contracts.test_matrix import API
from tests.api.service.world import make_world


def log(world, **asked):
    sent = world.client("auditor").get(f"{API}/audit", params={"limit": 500} | asked)
    assert sent.status_code == 200, sent.text
    return sent.json()["items"]


def test_filters(world):
    whole = log(world)
    assert [e["seq"] for e in whole] == sorted((e["seq"] for e in whole), reverse=True)
    key = world.open.tasks[0].milestones[0].id
    assert {e["subject"] for e in log(world, subject=key)} == {key}
    assert {e["actor"] for e in log(world, actor="own")} == {"own"}
    assert {e["action"] for e in log(world, action="milestone")} == {"milestone.step", "milestone.event"}  # fmt: skip
    day = {e["at"][:10] for e in log(world, since="2026-01-02", until="2026-01-02")}
    assert day == {"2026-01-02"}
    assert log(world, until="2020-01-01") == []
    assert log(world, action="%") == []
    assert log(world, subject="' OR 1=1 --") == []


def test_verified_against_a_checkpoint(tmp_path):
    with make_world(tmp_path) as world:
        client = world.client("auditor")
        sent = client.get(f"{API}/audit/checkpoint")
        assert sent.headers["Content-Disposition"].startswith("attachment;")
        point = json.loads(sent.text)
        client.post(f"{API}/tokens", json={"name": "t", "scopes": ["read"]})
        body = {"checkpoints": [point]}
        good = client.post(f"{API}/audit/verify", json=body).json()
        assert (good["faults"], good["count"]) == ([], point["count"] + 1)
        assert (good["sound"], good["differences"]) == (True, [])
        wrong = {"checkpoints": [point | {"head": "f" * 64}]}
        assert client.post(f"{API}/audit/verify", json=wrong).json()["faults"]
        beyond = {"checkpoints": [point | {"count": 10**30}]}
        assert client.post(f"{API}/audit/verify", json=beyond).json()["faults"]
        with world.service.store.writing() as connection:
            connection.execute(text("DROP TRIGGER audit_no_update"))
            connection.execute(text("UPDATE audit SET actor = 'nobody' WHERE seq = 2"))
        bad = client.post(f"{API}/audit/verify", json=body).json()
        assert [f["seq"] for f in bad["faults"]] == [2]
        refused = client.get(f"{API}/audit/checkpoint")
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


def test_what_was_altered_beside_the_log_is_named(tmp_path):
    with make_world(tmp_path) as world:
        with world.service.store.writing() as connection:
            changed = connection.execute(
                text("UPDATE milestone SET due = '2031-12-31' WHERE due IS NOT NULL")
            )
            assert changed.rowcount
        sent = world.client("auditor").post(f"{API}/audit/verify", json={"checkpoints": []})
        found = sent.json()
        assert (found["sound"], found["faults"]) == (False, [])
        assert len(found["differences"]) == changed.rowcount
        assert {(d["table"], d["column"], d["found"]) for d in found["differences"]} == {
            ("milestone", "due", "2031-12-31")
        }


def test_writes_by_http_are_in_it(world):
    sent = world.client("admin").put(
        f"{API}/settings/addresses/区教委/email", json={"target": "jw@example.gov.cn"}
    )
    assert sent.status_code == 200, sent.text
    hook = {"target": "https://hook.example/send?key=verysecretkey", "secret": "signingsecret"}
    sent = world.client("admin").put(f"{API}/settings/addresses/区教委/dingtalk", json=hook)
    assert sent.json() == {
        "unit": "区县/education", "name": "区教委", "settled": True, "channel": "dingtalk",
        "target": "https://hook.example/…", "signed": True,
    }  # fmt: skip
    told = json.dumps(log(world)) + world.client("admin").get(f"{API}/settings/addresses").text
    assert "verysecretkey" not in told
    assert "signingsecret" not in told
    assert log(world, action="address.set")[0]["actor"] == "admin"
    gone = world.client("admin").delete(f"{API}/settings/addresses/区教委/email")
    assert gone.status_code == 204
    bad = world.client("admin").put(f"{API}/settings/addresses/区教委/fax", json={"target": "1"})
    assert bad.status_code == 422


def test_the_last_administrator_stays(world):
    answer = world.client("admin").patch(f"{API}/people/admin", json={"role": "reader"})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    bare = world.client("admin").post(f"{API}/people", json={"login": "z", "role": "unit_officer"})
    assert bare.status_code == 422
    twice = world.client("admin").post(f"{API}/people", json={"login": "own", "role": "reader"})
    assert twice.status_code == 409
