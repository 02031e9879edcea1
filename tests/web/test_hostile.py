"""Whatever is sent, however slowly, the service goes on answering others."""

from __future__ import annotations

import io
import random
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from made.pictures import compressed, photo
from made.web import Running, serving
from qgac.web.limits import Limits
from qgac.web.restorers import Restorers
from qgac.web.service import Service

BROKEN = (BrokenPipeError, ConnectionResetError)
LIMITS = Limits(
    max_bytes=40_000, max_pixels=10_000, patience_seconds=0.4, upload_seconds=1.0, connections=20, per_client=30
)


@pytest.fixture(scope="module")
def small(weights: Path) -> Iterator[Running]:
    """A service with low limits."""
    with serving(Service(Restorers(str(weights)), LIMITS)) as running:
        yield running


@pytest.fixture(autouse=True)
def goes_on(small: Running, jpeg: bytes) -> Iterator[None]:
    yield
    assert small.post("/api/restore", jpeg).status == 200
    assert small.leaves_nothing()


def head(length: int | str, *more: str) -> bytes:
    lines = ["POST /api/restore HTTP/1.1", "Host: localhost", f"Content-Length: {length}", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def answer_of(sock: socket.socket) -> bytes:
    """What comes until the connection ends."""
    found = b""
    with sock:
        while part := sock.recv(4096):
            found += part
    return found


def test_a_file_that_says_it_is_too_large_is_refused_before_it_comes(small: Running) -> None:
    sock = small.raw()
    sock.sendall(head(10**12))
    assert answer_of(sock).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("form", [False, True])
def test_a_file_that_does_not_say_so_is_refused_when_it_is_too_large(form: bool, small: Running) -> None:
    sock = small.raw()
    kind = "multipart/form-data; boundary=X" if form else "image/jpeg"
    request = (
        f"POST /api/info HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Type: {kind}\r\n\r\n"
    )
    sock.sendall(request.encode())
    chunk = b'--X\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'.ljust(8192, b"x")
    with sock, suppress(*BROKEN):
        for _ in range(200):
            sock.sendall(b"2000\r\n" + chunk + b"\r\n")
            chunk = b"x" * 8192
        assert answer_of(sock).startswith(b"HTTP/1.1 413")


def test_a_form_just_above_the_limit_is_refused(small: Running) -> None:
    form = b'--X\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n' + bytes(40_001) + b"\r\n--X--\r\n"
    answer = small.ask("POST", "/api/info", form, {"Content-Type": "multipart/form-data; boundary=X"})
    assert answer.status == 413


@pytest.mark.parametrize(
    "form", [b"", b"--X--\r\n", b"no form", b'--X\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--X--\r\n']
)
def test_a_form_without_a_file_is_refused(form: bytes, small: Running) -> None:
    answer = small.ask("POST", "/api/info", form, {"Content-Type": "multipart/form-data; boundary=X"})
    assert answer.status == 422
    assert answer.detail


def test_a_form_without_a_boundary_is_refused(small: Running) -> None:
    assert small.ask("POST", "/api/info", b"x", {"Content-Type": "multipart/form-data"}).status == 422


@pytest.mark.parametrize("path", ["/api/restore", "/api/jobs", "/api/info", "/api/heat-map"])
def test_bombs_are_refused_before_they_go_off(path: str, small: Running) -> None:
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, "JPEG")
    content = bytearray(buffer.getvalue())
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", 65500, 65500)
    answer = small.post(path, bytes(content))
    assert answer.status == 413
    assert "4290.2 million pixels" in answer.detail


def test_a_picture_above_the_limit_is_refused(small: Running) -> None:
    assert small.post("/api/restore", compressed(photo(101, 100), 5)).status == 413


def test_damaged_files_are_refused_or_restored(small: Running) -> None:
    """Bytes of a good file changed at random: an answer in time, and never a fault of the service."""
    generator = random.Random(5)
    good = compressed(photo(40, 40), 40)
    for _ in range(60):
        content = bytearray(good)
        for _ in range(generator.randint(1, 6)):
            content[generator.randrange(len(content))] = generator.randrange(256)
        answer = small.post("/api/restore", bytes(content), tolerant=generator.random() < 0.5)
        assert answer.status in (200, 413, 415, 422), answer.body


def test_a_client_that_sends_nothing_more_is_left(small: Running, jpeg: bytes) -> None:
    sock = small.raw()
    sock.sendall(head(len(jpeg)) + jpeg[:100])
    answer = answer_of(sock)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"nothing of the file has come for 0.4 seconds" in answer


def test_a_client_that_sends_drop_by_drop_is_left(small: Running, jpeg: bytes) -> None:
    began = time.monotonic()
    with small.raw() as sock, suppress(*BROKEN):
        sock.sendall(head(len(jpeg)))
        for byte in jpeg:
            sock.sendall(bytes([byte]))
            time.sleep(0.05)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "])
def test_a_connection_without_a_request_is_closed(sent: bytes, small: Running) -> None:
    sock = small.raw()
    sock.sendall(sent)
    began = time.monotonic()
    assert answer_of(sock) == b""
    assert 0.2 < time.monotonic() - began < 5


def test_a_connection_that_goes_on_is_left_open(small: Running) -> None:
    """The clock stands while a request is answered, and starts anew with the next one."""
    with small.raw() as sock:
        for _ in range(4):
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            found = b""
            while not found.endswith(b"ok\n"):
                found += sock.recv(4096)
                assert found
            time.sleep(0.2)


def test_half_closed_clients_and_garbage_do_no_harm(small: Running, jpeg: bytes) -> None:
    for content in (head(len(jpeg)) + jpeg[:50], head(len(jpeg)) + jpeg, b"\x16\x03\x01" + bytes(200), head("many")):
        sock = small.raw()
        sock.sendall(content)
        sock.shutdown(socket.SHUT_WR)
        answer_of(sock)


def test_more_connections_than_allowed_are_closed(small: Running) -> None:
    held = [small.raw() for _ in range(LIMITS.connections)]
    time.sleep(0.1)
    with small.raw() as extra, suppress(*BROKEN):
        assert extra.recv(10) == b""
    for sock in held:
        sock.close()
    time.sleep(0.1)


def test_a_client_that_takes_nothing_is_left(small: Running) -> None:
    """Its answer waits for room in its connection, and is given up."""
    content = compressed(photo(100, 100), 90)
    identity = small.post("/api/jobs", content).json()["id"]
    small.finished(identity)
    held = []
    for _ in range(4):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        sock.connect(("127.0.0.1", small.port))
        sock.sendall(
            (
                f"GET /api/jobs/{identity}/result?format=tiff&depth=float HTTP/1.1\r\nHost: localhost\r\n\r\n" * 40
            ).encode()
        )
        held.append(sock)
    time.sleep(1.5)
    assert small.ask("DELETE", f"/api/jobs/{identity}").status == 204
    for sock in held:
        sock.close()


def test_addresses_and_headers_of_any_length_are_refused(small: Running) -> None:
    for request in (b"GET /" + b"x" * 300_000, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 300_000):
        with small.raw() as sock, suppress(*BROKEN):
            sock.sendall(request)
            assert b" 200 " not in answer_of(sock)


def test_pictures_of_every_kind_of_the_corpus_get_an_answer(running: Running) -> None:
    corpus = Path(__file__).parents[1] / "jpeg" / "corpus"
    for path in sorted(corpus.glob("*.jpg"))[::6]:
        assert running.post("/api/restore", path.read_bytes()).status == 200, path
