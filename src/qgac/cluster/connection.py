"""The Ray cluster that a command works on."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

import ray

from qgac.processors import processors

__all__ = ["LOCAL", "ClusterError", "connected"]

LOCAL = "local"
"""The address that means this machine."""


class ClusterError(ValueError):
    """There is no cluster, or it cannot do the work; the message is one sentence with cause and remedy."""


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Connect to a cluster for the length of a block of code.

    Parameters
    ----------
    address : str
        As Ray has it: ``ray://head:10001``, ``head:6379``, ``auto``; ``local`` starts Ray on this machine.

    Raises
    ------
    ClusterError
        If there is none, or it runs another version of Ray or Python.
    """
    try:
        _knock(address)
        if address == LOCAL:
            ray.init(
                LOCAL, num_cpus=processors(), include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR
            )
        elif address.startswith("ray://"):
            ray.init(address, log_to_driver=False)
        else:
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # Ray has many kinds, some of them bare
        raise ClusterError(_reason(address, error)) from error
    try:
        with redirect_stdout(sys.stderr):  # where Ray tells of workers that died, whatever it was asked
            yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Try whether anything listens, which Ray itself does for minutes, and leaves traces if not."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


def _reason(address: str, error: Exception) -> str:
    said = " ".join(str(error).split()) or type(error).__name__
    if "ersion" in said:
        return (
            f"the cluster {address} runs other versions of Ray or Python than this machine; "
            f"install the same here and there ({said.rstrip('.')})"
        )
    if address == LOCAL:
        return f"Ray does not start on this machine ({said.rstrip('.')}); try again when it has less to do"
    return (
        f"there is no Ray cluster at {address} ({said.partition('. ')[0].rstrip('.')}); "
        "check the address and that Ray runs there (ray status), or use --cluster local"
    )
