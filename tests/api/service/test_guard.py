"""What stands around every request: limits on bodies, headers, ids; over real sockets where the
way bytes arrive matters."""

import json
import socket
import threading
import time
from contextlib import contextmanager

import pytest
import uvicorn

from api.service.app import LARGEST_UPLOAD, create_app
from api.service.guard import CONTENT_SECURITY_POLICY, LARGEST_BODY
from api.service.routes.documents import LIMIT
from tests.api.service.test_matrix import API


@contextmanager
def serving(settings):
    """The service on a port of the loopback address; gives the port."""
    app = create_app(settings, public_read=True, warm=False)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, log_level="error", timeout_keep_alive=2, server_header=False,
        h11_max_incomplete_event_size=64 * 1024,
    )  # fmt: skip
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
    with serving(world.settings) as port:
        for path, length in ((f"{API}/ask", LARGEST_BODY + 1), (f"{API}/documents", 2 << 30)):
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
            answer = speak(port, head)
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


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_header_without_end_is_cut_off(world):
    with serving(world.settings) as port:
        head = "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: "
        answer = speak(port, head, (b"a" * 65536 for _ in range(40)), wait=5)
    assert answer == "" or " 4" in answer.splitlines()[0]


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
    ("GET", f"{API}/tasks?unit=%27%20OR%201=1--", b"", "", 200),
    ("GET", f"{API}/documents/..%2f..%2fetc%2fpasswd", b"", "", 404),
    ("GET", f"{API}/digests/2026-W99", b"", "", 422),
    ("GET", f"{API}/tasks?unit={{{{7*7}}}}", b"", "", 200),
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
    answer = world.client("public").get(f"{API}/tasks")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "inside" not in answer.text
    assert "/srv" not in answer.text
