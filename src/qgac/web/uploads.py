"""Files that come in: onto the disk as they arrive, within limits of size and time, under a name of our own."""

from __future__ import annotations

from pathlib import Path

import anyio
from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from qgac.web.limits import Limits
from qgac.web.problems import Problem

__all__ = ["receive_file"]

_COPIED = 1 << 20  # bytes at a time
_ENVELOPE = 1 << 16  # bytes around the one file of a form


async def receive_file(request: Request, place: Path, limits: Limits) -> None:
    """Write the file that a request carries, as its whole body or as the first file of a form.

    Parameters
    ----------
    request : Request
    place : Path
    limits : Limits

    Raises
    ------
    Problem
        408 if it comes too slowly, 413 if it is too large, 422 if there is none, 503 if there is no room.
    ClientDisconnect
        If the client goes away.
    """
    form = request.headers.get("content-type", "").startswith("multipart/form-data")
    most = limits.max_bytes + (_ENVELOPE if form else 0)
    length = request.headers.get("content-length")
    if length is not None and length.isdecimal() and int(length) > most:
        raise _too_large(limits)
    bounded = Request(request.scope, _bounded(request.receive, most, limits))
    try:
        with anyio.fail_after(limits.upload_seconds):
            if form:
                await _from_form(bounded, place, limits)
            else:
                async with await anyio.open_file(place, "wb") as file:
                    async for chunk in bounded.stream():
                        await file.write(chunk)
    except TimeoutError as error:  # which is an OSError as well
        raise Problem(
            408,
            f"the file has not come within {limits.upload_seconds:g} seconds; send it again, over a faster connection",
        ) from error
    except OSError as error:
        raise Problem(
            503, f"the file cannot be kept ({error.strerror}); try again when there is room", retry_after=60
        ) from error
    if not form and place.stat().st_size == 0:
        raise Problem(422, "the request carries no file; send one as its body, or as a form with one file")


async def _from_form(request: Request, place: Path, limits: Limits) -> None:
    try:
        form = await request.form(max_files=1, max_fields=16)
    except (HTTPException, ValueError) as error:
        reason = error.detail if isinstance(error, HTTPException) else error
        raise Problem(422, f"the form cannot be read ({reason}); send one file in it") from error
    try:
        upload = next((value for value in form.values() if isinstance(value, UploadFile)), None)
        if upload is None:
            raise Problem(422, "the form carries no file; send one")
        async with await anyio.open_file(place, "wb") as file:
            size = 0
            while chunk := await upload.read(_COPIED):
                size += len(chunk)
                if size > limits.max_bytes:
                    raise _too_large(limits)
                await file.write(chunk)
    finally:
        await form.close()


def _bounded(receive: Receive, most: int, limits: Limits) -> Receive:
    """Return what receives no more than so many bytes, and waits for none of them too long."""
    size = 0

    async def bounded() -> Message:
        nonlocal size
        with anyio.move_on_after(limits.patience_seconds) as scope:
            message = await receive()
        if scope.cancelled_caught:
            raise Problem(
                408, f"nothing of the file has come for {limits.patience_seconds:g} seconds; send it again, in one go"
            )
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        size += len(message.get("body", b""))
        if size > most:
            raise _too_large(limits)
        return message

    return bounded


def _too_large(limits: Limits) -> Problem:
    return Problem(
        413, f"the file has more than {limits.max_bytes / 1e6:.0f} MB, the limit of this service; send a smaller one"
    )
