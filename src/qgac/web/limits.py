"""What the service lets itself be asked for, so that it needs no more than it has, whatever is sent."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """Bounds on what clients send and on what is done for them.

    Memory stays below what `workers` restorations and `readers` readings of the largest picture take together; the
    disk holds at most `queue` uploads and `kept_bytes` of results.

    Attributes
    ----------
    max_bytes : int
        Of a file that is sent.
    max_pixels : int
        Of a picture; of one that is no JPEG a quarter, for its past is found in the whole of it.
    seconds : float
        That restoring one picture may take, not counting how long it waits.
    workers : int
        Pictures restored at a time.
    readers : int
        Pictures read, described or written at a time, beside those that are restored.
    queue : int
        Pictures that are sent, wait or are worked on, from all clients.
    per_client : int
        The same of one client, told from others by its address.
    keep_seconds : float
        How long the result of a job is kept for a client that does not ask for it.
    kept_bytes : int
        Of all results together; the oldest go first. As much again may be on its way to clients.
    kept_results : int
        Of all clients; the oldest go first.
    grace_seconds : float
        After which a job is cancelled that nobody follows any more.
    patience_seconds : float
        That a client has for each part of what it sends or takes, so that slow ones do not pile up.
    upload_seconds : float
        That a client has to send a whole file.
    connections : int
        Open at a time; those beyond are closed at once.
    """

    max_bytes: int = 64 << 20
    max_pixels: int = 100_000_000
    seconds: float = 600.0
    workers: int = 1
    readers: int = 2
    queue: int = 64
    per_client: int = 16
    keep_seconds: float = 600.0
    kept_bytes: int = 4 << 30
    kept_results: int = 1000
    grace_seconds: float = 15.0
    patience_seconds: float = 30.0
    upload_seconds: float = 120.0
    connections: int = 512
