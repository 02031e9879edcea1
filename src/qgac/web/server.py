"""The server that runs the application, and finishes what it began before it ends."""

from __future__ import annotations

import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from qgac.web.app import create_app
from qgac.web.connections import protocol_of
from qgac.web.service import Service

__all__ = ["Server", "listen"]


class Server(uvicorn.Server):
    """Serves until a signal comes, then finishes the pictures that are being restored.

    A second signal has them end after their current tiles.

    Parameters
    ----------
    service : Service
    ready : callable, optional
        Called when requests are answered.
    """

    def __init__(self, service: Service, ready: Callable[[], None] | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(service),
                http=protocol_of(service.limits),
                ws="none",
                lifespan="on",
                log_level="warning",
                access_log=False,  # addresses may hold the token
                server_header=False,
            )
        )
        self._service = service
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        if self._ready is not None:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end, or end sooner."""
        if self.should_exit:
            self._service.jobs.hurry()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End: what runs is finished, what waits is refused."""
        self._service.jobs.stop_accepting()
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """Open a port.

    Parameters
    ----------
    host : str
        Name or address; IPv6 without brackets.
    port : int
        0 for any that is free.

    Returns
    -------
    socket

    Raises
    ------
    OSError
        If the port is taken, or the address is none of this machine's.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
    except OSError:
        opened.close()
        raise
    return opened
