"""Who is let in, and what every answer carries: hosts, origins, the token, and the headers that keep browsers safe."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qgac.web.counters import Counters
from qgac.web.problems import Problem

__all__ = ["Door", "Gate", "is_loopback"]

_COOKIE = "qgac-token"
_OPEN_TO_ALL = frozenset({"/healthz"})
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class Door:
    """Who is let in.

    Attributes
    ----------
    token : str or None
        What every request but one for ``/healthz`` must carry: as ``Authorization: Bearer``, or as a cookie, which
        ``/?token=`` sets. None asks for nothing.
    hosts : frozenset of str
        Names that the service may be called by, besides ``localhost`` and addresses in numbers. A page elsewhere whose
        name is made to lead here (DNS rebinding) is none of them.
    origins : frozenset of str
        Pages elsewhere, ``https://example.org``, whose requests are answered, too.
    """

    token: str | None = None
    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()

    def check(self, method: str, path: str, headers: Headers) -> None:
        """Refuse a request.

        Raises
        ------
        Problem
            400 for its host, 403 for its origin, 401 for its token.
        """
        host = headers.get("host", "")
        name = _name_of(host)
        if not (name == "localhost" or name in self.hosts or _is_address(name)):
            raise Problem(
                400, f"this service is not called {name[:80]!r}; allow the name when it starts (--allow-host)"
            )
        origin = headers.get("origin")
        if origin is not None and method not in ("GET", "HEAD"):
            own = origin.partition("://")[2] == host
            if not own and origin not in self.origins:
                raise Problem(403, "pages of other origins may not use this service; allow them (--allow-origin)")
        if path not in _OPEN_TO_ALL and not self._knows(_given(headers)):
            raise Problem(401, "the token is missing or wrong; end the address with '?token=...' in a browser, or send "
                          "it as 'Authorization: Bearer ...'")  # fmt: skip

    def admits(self, token: str) -> bool:
        """Whether this is the token."""
        return self.token is not None and self._knows([token])

    def _knows(self, tokens: Iterable[str]) -> bool:
        if self.token is None:
            return True
        expected = self.token.encode()
        return any(hmac.compare_digest(token.encode(), expected) for token in tokens)


class Gate:
    """The door around an application; counts answers, adds headers, and leaves clients that take nothing.

    Parameters
    ----------
    app : ASGI application
    door : Door
    counters : Counters
    patience : float
        Seconds that a client has to take a part of an answer.
    """

    def __init__(self, app: ASGIApp, *, door: Door, counters: Counters, patience: float) -> None:
        self._app = app
        self._door = door
        self._counters = counters
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                if not self._door.origins:
                    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
                self._counters.answered(scope["method"], message["status"])
            with anyio.fail_after(self._patience):
                await send(message)

        try:
            await self._answer(scope)(scope, receive, send_safely)
        except TimeoutError:
            return  # the client takes nothing; the server closes the connection of an answer that does not end

    def _answer(self, scope: Scope) -> ASGIApp:
        method, path, headers = scope["method"], scope["path"], Headers(scope=scope)
        tokens = parse_qs(scope["query_string"].decode("latin-1")).get("token", []) if path == "/" else []
        try:
            if tokens:
                Door(hosts=self._door.hosts).check(method, path, headers)  # whatever the token: the name counts
                if self._door.admits(tokens[0]):
                    return _welcome(tokens[0], secure=scope["scheme"] == "https")
            self._door.check(method, path, headers)
        except Problem as problem:
            more = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else {}
            return problem.response({**more, "Connection": "close"})
        return self._app


def is_loopback(host: str) -> bool:
    """Whether an address to listen at is reached from this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _welcome(token: str, *, secure: bool) -> Response:
    """Answer the address that ends with the token: it moves from the address into a cookie."""
    answer = RedirectResponse("./", 303)
    answer.set_cookie(_COOKIE, token, httponly=True, samesite="strict", secure=secure)
    return answer


def _given(headers: Headers) -> list[str]:
    """Return the tokens that a request carries."""
    kind, _, bearer = headers.get("authorization", "").partition(" ")
    found = [bearer.strip()] if kind.lower() == "bearer" else []
    cookie = cookie_parser(headers.get("cookie", "")).get(_COOKIE)
    return found if cookie is None else [*found, cookie]


def _name_of(host: str) -> str:
    """Return the host without its port, in lower case, an IPv6 address without its brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
