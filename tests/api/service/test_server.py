"""A real `duban serve`: how it starts, what it refuses, how it ends, what it keeps when killed."""

import itertools
import json
import os
import re
import signal
import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from api.cli.app import run
from api.main import main
from api.service.oidc import read_oidc_settings
from api.service.server import (
    check_binding,
    check_secrets,
    hosts_of,
    is_loopback,
    reads_publicly,
    shows_metrics,
)
from api.settings import SettingError, read_settings
from ingest.pipeline import extract_bytes
from tasks import audit
from tasks.access import Access
from tasks.authorisation import CONSOLE, PersonRole
from tasks.people import People, Person
from tasks.store import Store
from tests.api.service.process import QUICKLY, Serving, environ_of, forked
from tests.tasks.samples import PLAN

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
OFFICERS = 4
EVERYWHERE = "0.0.0.0"  # noqa: S104 - it is refused, nothing is bound
TLS = {"DUBAN_BEHIND_TLS": "yes", "DUBAN_BASE_URL": "https://duban.example"}


def store_of(home):
    return Store.open(read_settings({"DUBAN_HOME": str(home)}, home).store_url)


@pytest.fixture
def filled(tmp_path):
    """A home whose store has the plan and officers of its units; their tokens."""
    with store_of(tmp_path) as store:
        return tmp_path, fill(store)


def fill(store):
    """Put in the plan and officers of its units; gives their tokens."""
    now = datetime.now(UTC)
    data = PLAN.encode()
    with store:
        store.add(
            extract_bytes(data, "plan.txt"), data, recorded_at=datetime(2026, 1, 2, tzinfo=UTC)
        )
        secrets = []
        for number in range(OFFICERS):
            person = Person(
                login=f"officer{number}", name="经办", role=PersonRole.UNIT_OFFICER,
                units=("区水利局", "区应急局", "区教委", "区住房城乡建委", "各镇乡街道"),
            )  # fmt: skip
            People(store).add(CONSOLE, person, now)
            made = Access(store).create_token(
                CONSOLE, person.login, "test", ("read", "write"), now + timedelta(days=1), now
            )
            secrets.append(made[0])
    return secrets


# ---- starting


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "192.0.2.7", "duban.example"])
@pytest.mark.parametrize(
    "more", [{}, {"DUBAN_BEHIND_TLS": "yes"}, {"DUBAN_BEHIND_TLS": "yes", "DUBAN_BASE_URL": "http://a.cn"}]
)  # fmt: skip
def test_an_address_that_others_reach_is_refused_without_tls(tmp_path, host, more):
    with pytest.raises(SettingError, match="TLS"):
        check_binding(host, read_settings(more, tmp_path))


@pytest.mark.parametrize(
    ("host", "near"),
    [
        ("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("localhost", True),
        (EVERYWHERE, False), ("localhost.example", False), ("", False), ("10.0.0.1", False),
    ],
)  # fmt: skip
def test_which_addresses_are_of_this_machine(host, near):
    assert is_loopback(host) is near


def test_behind_tls_it_may_be_reached_by_others(tmp_path):
    given = {"DUBAN_BEHIND_TLS": "yes", "DUBAN_BASE_URL": "https://duban.example"}
    check_binding(EVERYWHERE, read_settings(given, tmp_path))


@pytest.mark.parametrize("address", ["", "http://duban.example"])
def test_tls_in_front_takes_the_address_that_people_see(tmp_path, address):
    given = {"DUBAN_BEHIND_TLS": "yes", "DUBAN_BASE_URL": address}
    with pytest.raises(SettingError, match="DUBAN_BASE_URL"):
        check_binding("127.0.0.1", read_settings(given, tmp_path))


@pytest.mark.parametrize(
    ("host", "given", "public"),
    [
        ("127.0.0.1", {}, True), ("::1", {}, True), (EVERYWHERE, {}, False),
        ("127.0.0.1", TLS, False), (EVERYWHERE, TLS, False),
        ("127.0.0.1", {"DUBAN_PUBLIC_READ": "no"}, False),
        (EVERYWHERE, TLS | {"DUBAN_PUBLIC_READ": "yes"}, True),
        ("127.0.0.1", TLS | {"DUBAN_PUBLIC_READ": "yes"}, True),
    ],
)  # fmt: skip
def test_where_public_documents_are_read_without_signing_in(tmp_path, host, given, public):
    assert reads_publicly(host, read_settings(given, tmp_path)) is public
    alike = {k.replace("PUBLIC_READ", "PUBLIC_METRICS"): v for k, v in given.items()}
    assert shows_metrics(host, read_settings(alike, tmp_path)) is public


def test_the_names_under_which_it_is_reached(tmp_path):
    given = {"DUBAN_BASE_URL": "https://Duban.example:8443", "DUBAN_HOSTS": "duban, Inner.example"}
    named = hosts_of(read_settings(given, tmp_path))
    assert named == {"duban.example", "duban", "inner.example"}
    assert hosts_of(read_settings({}, tmp_path)) == frozenset()


@pytest.mark.parametrize("proxies", ["*", "0.0.0.0/0", "::/0", "proxy.example", "10.0.0.1/8"])
def test_proxies_are_named_one_by_one(tmp_path, proxies):
    with pytest.raises(SettingError, match="DUBAN_PROXIES"):
        read_settings({"DUBAN_PROXIES": proxies}, tmp_path)


def test_an_address_that_others_reach_takes_an_administrator_with_a_password(tmp_path):
    """One that is shown at the first start stays in the log of whatever starts the service."""
    done = forked(environ_of(tmp_path, **TLS), main, ["serve", "--host", EVERYWHERE, "--port", "0"])
    assert done.returncode == 2
    assert "duban people password" in done.stderr
    now = datetime.now(UTC)
    sign_on = read_oidc_settings(
        {"DUBAN_OIDC_ISSUER": "https://a.example", "DUBAN_OIDC_CLIENT_ID": "a"}
    )
    with store_of(tmp_path) as store:
        access, people = Access(store), People(store)
        assert people.list() == []
        for role in (PersonRole.SUPERVISOR, PersonRole.ADMIN):
            with pytest.raises(SettingError):
                check_secrets(EVERYWHERE, access, sign_on)
            people.add(CONSOLE, Person(login=role.value, name="a", role=role), now)
        check_secrets(EVERYWHERE, access, sign_on)
        with pytest.raises(SettingError):  # an administrator, who cannot sign in
            check_secrets(EVERYWHERE, access, None)
        access.set_password(CONSOLE, "admin", "correct horse battery", now)
        check_secrets(EVERYWHERE, access, None)
        check_secrets("127.0.0.1", access, None)


def guess(served, login, **headers):
    """A wrong password; gives the status."""
    body = {"login": login, "password": "guess guess"}
    return httpx.post(f"{served.address}/api/v1/session", json=body, headers=headers).status_code


def test_who_a_proxy_says_is_asking_counts_where_there_is_one(tmp_path):
    with Serving(tmp_path, surroundings=TLS | {QUICKLY: "yes"}, forked=True) as served:
        for number in range(12):  # each from their own address
            assert guess(served, f"a{number}", **{"X-Forwarded-For": f"203.0.113.{number}"}) == 401
        codes = [  # what stands before the last is what the client says of itself
            guess(served, f"b{number}", **{"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.99"})
            for number in range(31)
        ]
        assert codes == [401] * 30 + [429]
        name = "Strict-Transport-Security"
        assert (
            name
            in httpx.get(f"{served.address}/healthz", headers={"Host": "duban.example"}).headers
        )
        other = httpx.get(f"{served.address}/healthz", headers={"Host": "evil.example"})
        assert other.status_code == 421
        assert httpx.get(f"{served.address}/api/v1/tasks").status_code == 401


def test_without_a_proxy_nobody_says_who_is_asking(tmp_path):
    with Serving(tmp_path, surroundings={QUICKLY: "yes"}, forked=True) as served:
        codes = [
            guess(served, f"a{number}", **{"X-Forwarded-For": f"203.0.113.{number}"})
            for number in range(31)
        ]
        assert codes == [401] * 30 + [429]
        assert httpx.get(f"{served.address}/api/v1/tasks").status_code == 200


def test_the_command_refuses_with_the_reason_and_makes_nothing(tmp_path):
    done = forked(environ_of(tmp_path), main, ["serve", "--host", EVERYWHERE, "--port", "0"])
    assert done.returncode == 2
    assert "TLS" in done.stderr
    assert "DUBAN_BEHIND_TLS=yes DUBAN_BASE_URL=https://" in done.stderr
    assert not (tmp_path / "duban.db").exists()
    assert "密码" not in done.stdout


def test_a_wrong_setting_is_told_before_anything_is_made(tmp_path):
    environ = environ_of(tmp_path, DUBAN_OIDC_ISSUER="http://login.example")
    done = forked(environ, main, ["serve", "--port", "0"])
    assert done.returncode == 2
    assert "DUBAN_OIDC_ISSUER" in done.stderr
    assert not (tmp_path / "duban.db").exists()


def test_the_first_start_shows_a_password_once_and_it_works(tmp_path):
    with Serving(tmp_path) as first:
        found = re.search(r"管理员 (\S+) 的密码 \(只显示这一次\): (\S+)", first.said)
        assert found, first.said
        login, password = found.groups()
        assert len(password) >= 16
        answer = httpx.post(
            f"{first.address}/api/v1/session", json={"login": login, "password": password}
        )
        assert answer.json()["role"] == "admin"
        assert first.address in first.said
    with Serving(tmp_path, forked=True) as again:
        assert "密码" not in again.said
        assert password not in again.said + again.log
    assert password.encode() not in b"".join(p.read_bytes() for p in tmp_path.glob("duban.db*"))


def test_a_port_that_is_taken_is_told_with_what_to_do(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = forked(environ_of(tmp_path), main, ["serve", "--port", port])
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


# ---- ending


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_ends_in_order_and_leaves_no_process_behind(filled, number):
    home, secrets = filled
    with Serving(home, forked=number == signal.SIGINT) as served:
        mine = {"Authorization": f"Bearer {secrets[0]}"}
        assert httpx.get(f"{served.address}/api/v1/tasks", headers=mine).status_code == 200
        process = served.process.pid
        assert served.stop(number) == 0
        assert "Traceback" not in served.log
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{served.address}/healthz")


def test_a_client_that_dribbles_holds_neither_the_others_nor_the_end(filled):
    home, secrets = filled
    with Serving(home, forked=True) as served:
        port = int(served.address.rpartition(":")[2])
        slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(60)]
        head = b"POST /api/v1/ask HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 900\r\n"
        stop = threading.Event()

        def dribble():
            for place in itertools.count():
                if stop.wait(0.05):
                    return
                for number, one in enumerate(slow):
                    # Half of them never end their head, half never their body.
                    text = head if number % 2 else head + b"\r\n" + b"{" * 900
                    try:
                        one.send(text[: len(head) + 2] if not place else text[len(head) + 1 + place :][:1] or b"x")  # fmt: skip
                    except OSError:
                        return

        thread = threading.Thread(target=dribble)
        thread.start()
        try:
            mine = {"Authorization": f"Bearer {secrets[0]}"}
            with httpx.Client(base_url=served.address, headers=mine, timeout=10) as client:
                for _ in range(20):
                    began = time.perf_counter()
                    assert client.get("/api/v1/overdue").status_code == 200
                    assert time.perf_counter() - began < 5
            began = time.perf_counter()
            assert served.stop(signal.SIGTERM) == 0
            assert time.perf_counter() - began < 30
        finally:
            stop.set()
            thread.join()
            for one in slow:
                one.close()


# ---- killed


def work(address, secret, milestones, acknowledged, number, asks):
    """Report again and again, each time in other words; note what was acknowledged. With `asks`
    there are questions between, for which the service is still loading its models when it is
    killed."""
    mine = {"Authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=address, headers=mine, timeout=30) as client:
        for turn in itertools.count():
            words = f"第{number}人第{turn}次"
            url = f"/api/v1/milestones/{milestones[turn % len(milestones)]}/steps"
            try:
                answer = client.post(url, json={"step": "report", "text": words, "percent": 5})
                if answer.status_code == 200:
                    acknowledged.append(words)
                elif answer.status_code != 409:
                    acknowledged.append(f"{answer.status_code} {answer.text}")
                client.get("/api/v1/overdue", params={"as_of": "2030-01-01"}).raise_for_status()
                if asks:
                    client.post("/api/v1/ask", json={"question": "区水利局要干哪些事？"})
            except httpx.TransportError:
                return


def test_killed_under_load_it_loses_nothing_acknowledged(store_url, tmp_path):
    home, there = tmp_path, {"DUBAN_STORE": store_url}
    secrets = fill(Store.open(store_url))
    with Store.open(store_url) as store:
        [extraction] = store.extractions()
    milestones = [t.milestones[0].id for t in extraction.tasks if t.milestones[0].due.kind == "by"]
    milestones += [
        t.milestones[0].id for t in extraction.tasks if t.milestones[0].due.kind == "period"
    ]
    assert milestones
    acknowledged: list[str] = []
    for kill in range(3):
        with Serving(home, surroundings=there, forked=True) as served:
            if not kill:
                mine = {"Authorization": f"Bearer {secrets[0]}"}
                for key in milestones:
                    url = f"{served.address}/api/v1/milestones/{key}/steps"
                    taken = httpx.post(url, json={"step": "accept"}, headers=mine)
                    assert taken.status_code == 200, taken.text
            before = len(acknowledged)
            threads = [
                threading.Thread(
                    target=work,
                    args=(
                        served.address,
                        secret,
                        milestones,
                        acknowledged,
                        f"{kill}-{number}",
                        (kill, number) == (0, 0) and "sqlite" in store_url,
                    ),
                )
                for number, secret in enumerate(secrets)
            ]
            for thread in threads:
                thread.start()
            until = time.monotonic() + 300
            while len(acknowledged) < before + 25 and time.monotonic() < until:
                time.sleep(0.02)
            assert served.stop(signal.SIGKILL) == -signal.SIGKILL
            for thread in threads:
                thread.join()
            assert len(acknowledged) >= before + 25, served.log
    with Store.open(store_url) as store, store.reading() as connection:
        found = audit.verify_chain(connection)
        entries = list(audit.read(connection))
    assert not found.faults
    said = json.dumps([e.model_dump(mode="json") for e in entries], ensure_ascii=False)
    lost = [words for words in acknowledged if f'"{words}"' not in said]
    assert not lost
    with Serving(home, surroundings=there, forked=True) as served:
        mine = {"Authorization": f"Bearer {secrets[0]}"}
        stands = httpx.get(f"{served.address}/api/v1/milestones", headers=mine).json()["items"]
        assert {i["life"]["status"] for i in stands if i["milestone_id"] in milestones} == {
            "in_progress"
        }


# ---- the command line beside it


def test_commands_beside_the_service_read_and_write_without_harm(filled):
    home, secrets = filled
    with Serving(home, forked=True) as served:
        mine = {"Authorization": f"Bearer {secrets[0]}"}
        sheet = home / "other.txt"
        sheet.write_text(PLAN.replace("防汛", "防火"), encoding="utf-8")
        environ = environ_of(home)
        done = forked(environ, main, ["ingest", str(sheet), "--no-index"])
        assert done.returncode == 0, done.stderr
        titles = {
            t["document_title"]
            for t in httpx.get(f"{served.address}/api/v1/tasks", headers=mine).json()["items"]
        }
        assert {t[2:4] for t in titles} == {"防汛", "防火"}
        assert forked(environ, main, ["audit", "verify"]).returncode == 0


def test_documents_read_in_beside_the_service_harm_neither_index_nor_answers(filled, capsys):
    """The service asks and answers all the while; the real model, in both processes: the commands
    run in this one, which loads it once for all of them."""
    home, secrets = filled

    def beside(*arguments):
        return run(arguments, {"DUBAN_HOME": str(home)}, home)

    sheet = home / "other.txt"
    sheet.write_text(PLAN.replace("隐患", "火患"), encoding="utf-8")
    stop, answers, arrived = threading.Event(), [], threading.Semaphore(0)

    def ask(address):
        with httpx.Client(base_url=address, timeout=120) as client:
            for number in itertools.count():
                mine = {"Authorization": f"Bearer {secrets[number % len(secrets)]}"}
                body = {"question": "哪些部门负责开展演练？"}
                answer = client.post("/api/v1/ask", json=body, headers=mine)
                answers.append((answer.status_code, answer.text))
                arrived.release()
                if stop.wait(0.2):
                    return

    def answered_twice():
        """The second answer from here on was also asked from here on."""
        while arrived.acquire(blocking=False):
            pass
        return arrived.acquire(timeout=120) and arrived.acquire(timeout=120)

    with Serving(home, options=("--no-schedule",), forked=True) as served:
        served.wait_for_assistant()
        thread = threading.Thread(target=ask, args=(served.address,))
        thread.start()
        try:
            goes_on = [answered_twice()]
            done = [beside("ingest", str(sheet))]
            goes_on.append(answered_twice())
            done.append(beside("index", "rebuild"))
            goes_on.append(answered_twice())
            capsys.readouterr()
            done.append(beside("ask", "哪些部门负责整治火患？"))
            asked = capsys.readouterr().out
        finally:
            stop.set()
            thread.join()
        mine = {"Authorization": f"Bearer {secrets[0]}"}
        body = {"question": "哪些部门负责整治火患？"}
        after = httpx.post(f"{served.address}/api/v1/ask", json=body, headers=mine, timeout=60)
    assert done == [0, 0, 0]
    assert goes_on == [True, True, True]
    assert {status for status, _ in answers} == {200}, answers[-1]
    assert "区水利局" in asked
    assert "区水利局" in after.json()["answer"]
    assert beside("index", "verify") == 0
