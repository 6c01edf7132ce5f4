"""What stands around every request: limits on bodies, headers, ids; over real sockets where the
way bytes arrive matters."""

import asyncio
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import Response

from api.service.app import LARGEST_UPLOAD, create_app
from api.service.connections import LARGEST_HEAD, Http, listen, uvicorn_options
from api.service.guard import CONTENT_SECURITY_POLICY, LARGEST_BODY, SLOWEST, Guard, is_ours
from ingest.files import LIMIT
from kb.errors import StoreError
from tests.api.service.client import TestClient
from tests.api.service.contracts.test_matrix import API


@contextmanager
def serving(settings, **more):
    """The service on a port of the loopback address; gives the port."""
    app = create_app(settings, public_read=True, warm=False)
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(app, log_level="critical", **(uvicorn_options() | more))
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        for _ in range(500):
            if server.started:
                break
            time.sleep(0.02)
        assert server.started
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


def speak(port, head, chunks=(), wait=10.0):
    """Send a request byte by byte as given; gives all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as connection:
        connection.sendall(head.encode())
        try:
            for chunk in chunks:
                connection.sendall(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it had enough
        found = b""
        try:
            while part := connection.recv(65536):
                found += part
                if b"0\r\n\r\n" in found or (b"}" in found and b"content-length" in found.lower()):
                    break
        except (ConnectionResetError, TimeoutError):
            pass
    return found.decode("utf-8", "replace")


def chunked(size, piece=65536):
    """A body of `size` bytes in chunks, without a length told before."""
    for _ in range(size // piece):
        yield f"{piece:x}\r\n".encode() + b"a" * piece + b"\r\n"
    yield b"0\r\n\r\n"


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_bodies_without_end_are_cut_off(world):
    """A chunked body over the limit gets 413, at once, whoever reads it."""
    token = world.secrets["supervisor"]
    with serving(world.settings) as port:
        for path, kind, size in (
            (f"{API}/ask", "application/json", LARGEST_BODY * 3),
            (f"{API}/session", "application/json", LARGEST_BODY * 3),
            (f"{API}/tokens", "application/json", LARGEST_BODY * 3),
        ):
            head = (
                f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
                f"Content-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            answer = speak(port, head, chunked(size))
            assert " 413 " in answer.splitlines()[0], answer
            assert '"code":"too-large"' in answer


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_an_upload_without_end_is_cut_off_and_leaves_nothing(world):
    """As of a stream of 2 GB: reading stops a little after the limit."""
    token = world.secrets["supervisor"]
    boundary = "b" * 20
    with serving(world.settings) as port:
        head = (
            f"POST {API}/documents HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: multipart/form-data; boundary={boundary}\r\n"
            "Transfer-Encoding: chunked\r\n\r\n"
        )
        first = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        )
        sent = 0

        def endless():
            nonlocal sent
            yield f"{len(first):x}\r\n{first}\r\n".encode()
            for chunk in chunked(LARGEST_UPLOAD * 32, 1 << 20):
                sent += len(chunk)
                yield chunk

        answer = speak(port, head, endless(), wait=60)
    assert sent < LARGEST_UPLOAD * 2
    assert not answer or " 413 " in answer.splitlines()[0], answer[:200]
    assert not list((world.settings.home / "uploads").glob("*"))


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_declared_length_over_the_limit_is_refused_unread(world):
    heads = [
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        for path, length in ((f"{API}/ask", LARGEST_BODY + 1), (f"{API}/documents", 2 << 30))
    ]
    # At once: each waits for what is sent all the same.
    with serving(world.settings) as port, ThreadPoolExecutor(len(heads)) as pool:
        for answer in pool.map(lambda head: speak(port, head), heads):
            assert " 413 " in answer.splitlines()[0], answer


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_slow_client_holds_up_nobody(world):
    """Twenty that send a byte now and then, and others are answered meanwhile."""
    with serving(world.settings) as port:
        slow = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(20)]
        try:
            for one in slow:
                one.sendall(
                    f"POST {API}/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{{".encode()
                )
            began = time.monotonic()
            for _ in range(5):
                answer = speak(
                    port, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                )
                assert '{"status":"ok"}' in answer
                for one in slow:
                    one.sendall(b" ")
            assert time.monotonic() - began < 5
        finally:
            for one in slow:
                one.close()


def test_the_limits_agree():
    assert LARGEST_UPLOAD == LIMIT


HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/healthz"), ("GET", f"{API}/tasks"), ("GET", f"{API}/nowhere"), ("PUT", f"{API}/tasks"),
     ("POST", f"{API}/session")],
)  # fmt: skip
def test_every_answer_has_the_headers(world, method, path):
    answer = world.client("public").request(method, path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert "script-src 'self'" in CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY


def test_request_ids(world):
    client = world.client("public")
    assert client.get("/healthz", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"  # fmt: skip
    for bad in ("a b", "x" * 65, "a<b", ""):
        found = client.get("/healthz", headers={"X-Request-ID": bad}).headers["X-Request-ID"]
        assert found != bad
        assert len(found) == 16


@pytest.mark.parametrize(
    ("role", "status"), [("anonymous", 401), ("reader", 403), ("auditor", 403), ("admin", 200)]
)
def test_metrics_that_are_not_open_are_an_administrators(world, role, status):
    secret = world.secrets.get(role)
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    answer = world.client("anonymous").get("/metrics", headers=headers)
    assert answer.status_code == status
    assert ("duban_requests_total" in answer.text) is (status == 200)


def test_metrics_by_route_not_by_address(world):
    client = world.client("public")
    client.get(f"{API}/tasks/task-of-nobody")
    client.request("BREW", "/healthz")
    told = client.get("/metrics").text
    assert 'route="/api/v1/tasks/{task_id}"' in told
    assert "task-of-nobody" not in told
    assert "BREW" not in told


MALFORMED = [
    ("POST", f"{API}/session", b"{", "application/json", 422),
    ("POST", f"{API}/session", b"\xff\xfe", "application/json", (400, 422)),
    ("POST", f"{API}/session", b'{"login":"\\ud800","password":"x"}', "application/json", 422),
    ("POST", f"{API}/session", b'{"\\ud800":1}', "application/json", 422),
    ("POST", f"{API}/session", b"[" * 100_000, "application/json", (400, 422)),
    ("POST", f"{API}/session", b'{"a":' * 50_000, "application/json", (400, 422)),
    ("POST", f"{API}/session", b"9" * 100_000, "application/json", (400, 422)),
    ("POST", f"{API}/session", b"login=a&password=b", "application/x-www-form-urlencoded", 422),
    ("GET", f"{API}/tasks?q=%00", b"", "", 400),
    ("GET", f"{API}/tasks/%00", b"", "", 400),
    ("GET", f"{API}/tasks?limit=99999999999999999999", b"", "", 422),
    ("GET", f"{API}/tasks?cursor=%ff%fe", b"", "", 422),
    ("GET", f"{API}/tasks?unit=%27%20OR%201=1--", b"", "", 404),
    ("GET", f"{API}/documents/..%2f..%2fetc%2fpasswd", b"", "", 404),
    ("GET", f"{API}/digests/2026-W99", b"", "", 422),
    ("GET", f"{API}/tasks?unit={{{{7*7}}}}", b"", "", 404),
    ("TRACE", f"{API}/tasks", b"", "", 405),
]


@pytest.mark.parametrize(("method", "path", "body", "kind", "status"), MALFORMED)
def test_errors_are_problems_without_traces(world, method, path, body, kind, status):
    headers = {"Content-Type": kind} if kind else {}
    answer = world.client("public").request(method, path, content=body, headers=headers)
    assert answer.status_code in (status if isinstance(status, tuple) else (status,)), answer.text
    assert "Traceback" not in answer.text
    assert "49" not in answer.text or "7*7" not in path
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        told = json.loads(answer.text)
        assert told["status"] == answer.status_code
        assert " / " in told["detail"]


def test_a_fault_of_ours_tells_nothing(world, monkeypatch):
    def broken(*_):
        raise RuntimeError("the inside of it, with a path /srv/duban")

    monkeypatch.setattr(world.service, "register", broken)
    client = world.client("public")
    answer = client.get(f"{API}/tasks")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    page = client.get("/tasks", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["Content-Type"]) == (500, "text/html; charset=utf-8")
    for told in (answer, page):
        assert "inside" not in told.text
        assert "/srv" not in told.text
        assert "X-Request-ID" in told.headers
        for name, value in HEADERS.items():
            assert told.headers[name] == value
    assert 'route="/tasks",status="500"' in client.get("/metrics").text


def test_a_database_tells_the_log_alone(world, monkeypatch, caplog):
    def broken(*_):
        raise StoreError(
            "库打不开 / cannot use the store: user duban at 10.0.0.5", path="/srv/x.db"
        )

    monkeypatch.setattr(world.service.store, "reading", broken)
    client = world.client("public")
    for path in (f"{API}/tasks", "/readyz"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert "10.0.0.5" not in answer.text
        assert "/srv" not in answer.text
    assert "10.0.0.5" in caplog.text


# ---- hosts and TLS


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("duban.example", True), ("DUBAN.example:443", True), ("duban.example.", True),
        ("127.0.0.1:8000", True), ("[::1]:8000", True), ("10.1.2.3", True), ("localhost:1", True),
        ("", True), ("evil.example", False), ("duban.example.evil.example", False),
        ("evil.example:8000", False), ("duban.example@evil.example", False), ("[evil", False),
        ("localhost.evil.example", False), ("a b", False), ("/", False), ("@", False),
    ],
)  # fmt: skip
def test_which_hosts_are_ours(host, ours):
    assert is_ours(host, frozenset({"duban.example"})) is ours


@pytest.mark.parametrize(
    "host",
    ["me@127.0.0.1", "me:pass@duban.example", "127.0.0.1/path", "duban.example/", "duban.example?q",
     "duban.example#f", "duban.example:80:80", "[::1", "[::1]x", "a b", "duban.example:port", "@", "/", ":"],
)  # fmt: skip
def test_a_host_with_more_than_a_host_and_a_port_is_refused(world, host):
    """Whatever names are taken: what stands before an @ or after a / may reach a link or a check."""
    assert not is_ours(host, frozenset({"duban.example", "me", "a"}))
    answer = world.client("public").get("/healthz", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


def test_another_host_is_answered_by_no_page(world):
    """DNS rebinding, and links made with a name of somebody else's."""
    app = create_app(
        world.settings, public_read=True, warm=False, hosts=frozenset({"duban.example"})
    )
    with TestClient(app, base_url="http://duban.example") as client:
        for path in ("/dashboard/digest", f"{API}/tasks", "/mcp", "/static/duban.css", "/metrics"):
            # /mcp knows the hosts of the settings, which are not this test's.
            assert client.get(path).status_code != 421 or path == "/mcp"
            answer = client.get(path, headers={"Host": "evil.example"})
            assert (answer.status_code, answer.json()["code"]) == (421, "misdirected")
            assert "evil.example" not in answer.text
            assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert client.get("/healthz", headers={"Host": "10.0.0.7:8000"}).status_code == 200


def test_under_tls_browsers_are_told_to_stay_there(world):
    name, value = "Strict-Transport-Security", "max-age=31536000"
    assert name not in world.client("public").get("/healthz").headers
    tls = TestClient(world.app, base_url="https://testserver")
    for path in ("/healthz", f"{API}/nowhere", "/static/duban.css", "/sign-in"):
        assert tls.get(path).headers[name] == value
    behind = replace(world.settings, behind_tls=True, base_url="https://duban.example")
    with TestClient(create_app(behind, public_read=True, warm=False)) as client:
        assert client.get("/healthz").headers[name] == value


# ---- how bytes come in


def test_a_body_that_hardly_comes_is_given_up(world):
    """It holds a place for a while, and no longer however long it goes on."""

    async def app(scope, receive, send):
        await Request(scope, receive).body()
        raise AssertionError("there is no end of it")

    async def drop_by_drop():
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"a", "more_body": True}

    told = []

    async def send(message):
        told.append(message)

    headers = [(b"host", b"a")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": headers,
        "scheme": "http",
    }
    asyncio.run(Guard(app, 1 << 20, beginning=0.2)(scope, drop_by_drop, send))
    assert told[0]["status"] == 408
    assert (b"connection", b"close") in told[0]["headers"]
    assert json.loads(told[1]["body"])["code"] == "too-slow"


def test_a_body_as_quick_as_a_poor_line_is_waited_for():
    async def app(scope, receive, send):
        assert len(await Request(scope, receive).body()) == 20 * SLOWEST
        await Response()(scope, receive, send)

    left = iter(range(19, -1, -1))

    async def piece():
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"a" * SLOWEST, "more_body": bool(next(left))}

    told = []

    async def send(message):
        told.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": [],
        "scheme": "http",
    }
    asyncio.run(Guard(app, 1 << 20, beginning=0.2)(scope, piece, send))
    assert told[0]["status"] == 200


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_head_that_never_ends_is_given_up(world):
    class Hurried(Http):
        head_seconds = 0.3

    with serving(world.settings, http=Hurried) as port:
        whole = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
        for begun in (b"", b"GET /heal", whole[:-2], whole + whole[:-2]):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(begun)
                answer = b""
                while part := connection.recv(65536):
                    answer += part
                assert answer.count(b"HTTP/1.1 200") == begun.count(b"\r\n\r\n")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            for _ in range(3):  # whoever goes on asking in time is kept
                connection.sendall(whole)
                assert b"200 OK" in connection.recv(65536)
                time.sleep(0.2)


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize(
    "line", [b"X-A: " + b"a" * 9000, b"".join(b"X-%d: a\r\n" % n for n in range(900))]
)
def test_a_head_without_end_is_cut_off(world, line):
    with serving(world.settings) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + line)
            sent = 0
            with suppress(OSError):
                for _ in range(4096):
                    connection.sendall(line.removeprefix(b"X-A: "))
                    sent += len(line)
            assert sent < 64 * LARGEST_HEAD + (8 << 20)  # what the system holds on the way
        assert '{"status":"ok"}' in speak(
            port, "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        )


SMUGGLED = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
AMBIGUOUS = {
    "both lengths": f"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}",
    "two lengths": f"Content-Length: 0\r\nContent-Length: {len(SMUGGLED)}\r\n\r\n{SMUGGLED}",
    "no number": f"Content-Length: +0\r\n\r\n{SMUGGLED}",
    "an unknown coding": f"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{SMUGGLED}",
    "two codings": f"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{SMUGGLED}",
    "a space before the colon": f"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{SMUGGLED}",
    "a folded line": f"X-A: a\r\n Transfer-Encoding: chunked\r\nContent-Length: x\r\n\r\n{SMUGGLED}",
    "two hosts": f"Host: b\r\nContent-Length: 0\r\n\r\n{SMUGGLED}",
    "a chunk of no number": f"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n{SMUGGLED}",
    "a chunk without end": f"Transfer-Encoding: chunked\r\n\r\n{'f' * 30}\r\n{SMUGGLED}",
}


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_request_that_can_be_read_in_two_ways_is_not_answered_twice(world):
    with serving(world.settings) as port:
        for name, rest in AMBIGUOUS.items():
            head = f"POST {API}/session HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            with socket.create_connection(("127.0.0.1", port), timeout=3) as connection:
                connection.sendall((head + rest).encode())
                connection.shutdown(socket.SHUT_WR)
                answer = b""
                with suppress(OSError):
                    while part := connection.recv(65536):
                        answer += part
            assert b'{"status":"ok"}' not in answer, name
            assert answer.startswith(b"HTTP/1.1 4"), (name, answer)


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_whoever_reads_nothing_holds_up_nobody(world):
    """Forty that ask for a stream and never read it."""
    token = world.secrets["supervisor"]
    body = json.dumps({"question": "区水利局要干哪些事？"}).encode()
    head = (
        f"POST {API}/ask HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    lists = f"GET {API}/tasks HTTP/1.1\r\nHost: a\r\n\r\n".encode() * 20
    with serving(world.settings) as port:
        idle = []
        try:
            for number in range(40):
                one = socket.socket()
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                one.connect(("127.0.0.1", port))
                one.sendall(lists if number else head + body)
                idle.append(one)
            for _ in range(3):
                answer = speak(
                    port, "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", wait=30
                )
                assert '{"status":"ok"}' in answer
        finally:
            for one in idle:
                one.close()
