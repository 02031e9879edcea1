"""Connections that cost nothing: a client is left that sends no head of a request, or takes nothing of an answer."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from qgac.web.limits import Limits

__all__ = ["protocol_of"]


def protocol_of(limits: Limits) -> type[H11Protocol]:
    """Return the protocol of connections under some limits, which uvicorn makes one of for each connection."""

    class PatientProtocol(H11Protocol):
        """HTTP/1.1 with a limit on how long clients may keep still, and on how many connections there are."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self._head: asyncio.TimerHandle | None = None
            self._taking: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            if len(self.connections) >= limits.connections:
                transport.abort()
                return
            super().connection_made(transport)
            self._await_head()

        def data_received(self, data: bytes) -> None:
            if self.transport is None:
                return
            super().data_received(data)
            self._await_head()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._await_head()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._taking = self.loop.call_later(limits.patience_seconds, self._leave)

        def resume_writing(self) -> None:
            super().resume_writing()
            if self._taking is not None:
                self._taking.cancel()

        def connection_lost(self, exc: Exception | None) -> None:
            for timer in (self._head, self._taking):
                if timer is not None:
                    timer.cancel()
            if self.transport is not None:
                super().connection_lost(exc)

        def _await_head(self) -> None:
            """Start the clock when no request is being answered, and stop it when one is."""
            idle = self.cycle is None or self.cycle.response_complete
            if idle and self._head is None:
                self._head = self.loop.call_later(limits.patience_seconds, self._leave)
            elif not idle and self._head is not None:
                self._head.cancel()
                self._head = None

        def _leave(self) -> None:
            """Close the connection; where the client does not take what is left of an answer, by force."""
            self.transport.close()  # once that is taken
            self._taking = self.loop.call_later(limits.patience_seconds, self.transport.abort)

    return PatientProtocol
