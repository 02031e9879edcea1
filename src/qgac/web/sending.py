"""Answers in pieces, of which an end comes to be known whatever becomes of the client: files, and events."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from pathlib import Path

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

__all__ = ["EventAnswer", "FileAnswer", "gone", "has_gone"]

_SENT = 1 << 18  # bytes at a time


class FileAnswer(Response):
    """A file as an answer.

    Parameters
    ----------
    path : Path
    media_type : str
    headers : mapping of str to str
        Further ones.
    afterwards : callable
        Called when the file is sent, or cannot be.
    """

    def __init__(self, path: Path, media_type: str, headers: Mapping[str, str], afterwards: Callable[[], None]) -> None:
        length = {"content-length": str(path.stat().st_size)}
        super().__init__(None, 200, {**headers, **length}, media_type)
        self._path = path
        self._afterwards = afterwards

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async with await anyio.open_file(self._path, "rb") as file:
                while chunk := await file.read(_SENT):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._afterwards()


class EventAnswer(Response):
    """Server-sent events.

    Parameters
    ----------
    events : async generator of bytes
        Closed when the client goes away.
    """

    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        super().__init__(None, 200, {"X-Accel-Buffering": "no"}, "text/event-stream")
        del self.headers["content-length"]
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send them as they come."""
        async with aclosing(self._events) as events, anyio.create_task_group() as group:

            async def leave() -> None:
                await gone(receive)
                group.cancel_scope.cancel()

            group.start_soon(leave)
            with suppress(TimeoutError):  # the client takes nothing; the server closes what does not end
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                async for event in events:
                    await send({"type": "http.response.body", "body": event, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
            group.cancel_scope.cancel()


async def gone(receive: Receive) -> None:
    """Wait until the client of a request, whose body has been read, goes away."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def has_gone(receive: Receive) -> bool:
    """Whether the client of a request, whose body has been read, has gone away by now."""
    with anyio.CancelScope() as scope:
        scope.cancel()  # what would wait ends at once
        await gone(receive)
        return True
    return False
