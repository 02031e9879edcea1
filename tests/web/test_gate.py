"""Who is let in, and what every answer carries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from made.files import flat
from made.web import Answer, Running, Standins, serving
from qgac.web.gate import Door, is_loopback
from qgac.web.service import Service

TOKEN = "a-token-for-tests"


@pytest.fixture(scope="module")
def guarded() -> Iterator[Running]:
    door = Door(TOKEN, frozenset({"pictures.example"}), frozenset({"https://friend.example"}))
    with serving(Service(Standins(flat), door=door)) as running:
        yield running


@pytest.fixture(scope="module")
def local() -> Iterator[Running]:
    with serving(Service(Standins(flat))) as running:
        yield running


def with_token(running: Running, method: str = "GET", path: str = "/api/models", **headers: str) -> Answer:
    return running.ask(method, path, None, {"Authorization": f"Bearer {TOKEN}", **headers})


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/api/models", "/metrics", "/style.css", "/nothing"])
def test_nothing_is_had_without_the_token(path: str, guarded: Running) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}, {"Cookie": "qgac-token=wrong"}):
        answer = guarded.ask("GET", path, None, headers)
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert TOKEN not in answer.detail
    assert guarded.get(path, token="wrong").status == 401
    assert guarded.get("/healthz").body == b"ok\n"


def test_the_token_opens_as_header_and_as_cookie(guarded: Running) -> None:
    assert with_token(guarded).status == 200
    answer = guarded.get("/", token=TOKEN)
    assert (answer.status, answer.headers["location"]) == (303, "./")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert guarded.ask("GET", "/api/models", None, {"Cookie": cookie.split(";")[0]}).status == 200


@pytest.mark.parametrize(
    "host", ["localhost:99", "127.0.0.1", "[::1]:8000", "192.0.2.9", "pictures.example", "PICTURES.example:443"]
)
def test_names_that_are_allowed_lead_here(host: str, guarded: Running) -> None:
    assert with_token(guarded, Host=host).status == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::1"])
def test_other_names_do_not(host: str, guarded: Running) -> None:
    """Else a page elsewhere might have its own name lead here, and read what it asks for."""
    assert with_token(guarded, Host=host).status == (200 if host == "[::1" else 400)
    assert guarded.ask("GET", f"/?token={TOKEN}", None, {"Host": host}).status in (303, 400)
    if host == "evil.example":
        assert guarded.ask("GET", f"/?token={TOKEN}", None, {"Host": host}).status == 400


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_pages_elsewhere_cannot_send_pictures(origin: str, local: Running) -> None:
    answer = local.ask("POST", "/api/info", b"\xff\xd8", {"Origin": origin})
    assert answer.status == 403
    assert "access-control-allow-origin" not in answer.headers


def test_the_own_page_can(local: Running) -> None:
    answer = local.ask("POST", "/api/info", b"no picture", {"Origin": local.address})
    assert answer.status == 415


def test_pages_that_are_allowed_can(guarded: Running) -> None:
    origin = "https://friend.example"
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    answer = guarded.ask("OPTIONS", "/api/restore", None, asked)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, origin)
    answer = with_token(guarded, "GET", Origin=origin)
    assert answer.headers["access-control-allow-origin"] == origin
    assert "qgac-quality" in answer.headers["access-control-expose-headers"].lower()
    refused = guarded.ask("OPTIONS", "/api/restore", None, {**asked, "Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 200), ("GET", "/healthz", 200), ("POST", "/api/restore", 422), ("GET", "/no/such", 404),
     ("PUT", "/api/restore", 405), ("GET", "/../../etc/passwd", 404), ("GET", "/%2e%2e/app.py", 404)],
)  # fmt: skip
def test_every_answer_carries_what_keeps_browsers_safe(method: str, path: str, status: int, local: Running) -> None:
    answer = local.ask(method, path)
    assert answer.status == status
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy  # no other place
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "server" not in answer.headers
    if status >= 400:
        assert answer.detail
        assert str(status) in local.get("/metrics").body.decode()


@pytest.mark.parametrize("name", ["evil\nheader", "qgac-token=\x00", '"'])
def test_odd_cookies_are_harmless(name: str, guarded: Running) -> None:
    with guarded.raw() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: " + name.encode() + b"\r\n\r\n")
        assert sock.recv(100).startswith((b"HTTP/1.1 401", b"HTTP/1.1 400"))


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("192.168.1.4", False), ("pictures.example", False)],
)  # fmt: skip
def test_what_only_this_machine_reaches(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("origin", ["http://[", "null", "", "http://", "://"])
def test_an_origin_that_is_none_is_refused(origin: str, local: Running) -> None:
    answer = local.ask("POST", "/api/info", b"", {"Origin": origin})
    assert (answer.status, "other origins" in answer.detail) == (403, True)


@pytest.mark.parametrize("part", ["bytes=999999-", "bytes=zz", "bytes=0-3"])
def test_files_of_the_page_come_whole(part: str, local: Running) -> None:
    answer = local.ask("GET", "/app.js", None, {"Range": part})
    assert answer.status == 200
    assert answer.body == local.get("/app.js").body
