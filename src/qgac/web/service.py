"""The service without its addresses: what it has and may do, and how a picture goes through it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import anyio
from anyio import to_thread
from fastapi import Request
from starlette.requests import ClientDisconnect

from qgac.batch.jobs import Finished
from qgac.restoration.hints import Hints
from qgac.web.choice import Choice, Output
from qgac.web.counters import Counters
from qgac.web.gate import Door
from qgac.web.job import Job, Watch
from qgac.web.jobs import Jobs
from qgac.web.limits import Limits
from qgac.web.pixels import KeptPixels
from qgac.web.problems import Problem
from qgac.web.reading import read
from qgac.web.region import View
from qgac.web.restorers import Restorers
from qgac.web.restoring import Written, keep, restore_view, write
from qgac.web.sending import gone, has_gone
from qgac.web.uploads import receive_file

__all__ = ["REGION", "Service", "facts_of"]

_T = TypeVar("_T")
REGION = "region.png"
"""Name of the file that holds the part of a picture that was asked for first."""


class Service:
    """What all requests share.

    Parameters
    ----------
    restorers : Restorers
    limits : Limits
    door : Door
    """

    def __init__(self, restorers: Restorers, limits: Limits | None = None, door: Door | None = None) -> None:
        self.restorers = restorers
        self.limits = limits or Limits()
        self.door = door or Door()
        self.counters = Counters()
        self.jobs = Jobs(self.limits, self.counters)
        self._readers = anyio.CapacityLimiter(self.limits.readers)

    @asynccontextmanager
    async def upload(self, request: Request) -> AsyncIterator[Job[object]]:
        """Give what a request carries a place, until the end of the block."""
        job = self.jobs.admit(_client(request))
        try:
            await receive_file(request, job.source, self.limits)
            yield job
        finally:
            self.jobs.discard(job)

    async def read(self, request: Request, work: Callable[[], _T]) -> _T:
        """Do something that reads or writes a picture and needs no network, in a thread.

        Raises
        ------
        ClientDisconnect
            If the client of the request has gone away when it is its turn.
        """
        async with self._readers:
            if await has_gone(request.receive):
                raise ClientDisconnect
            return await to_thread.run_sync(work)

    async def restore(self, request: Request, choice: Choice, output: Output) -> tuple[Job[object], Written]:
        """Restore what a request carries while its client waits; a client that goes away ends it.

        Returns
        -------
        job : Job
            To be discarded when the file is sent.
        written : Written

        Raises
        ------
        Problem
            Why there is no picture.
        """
        self.restorers.check(choice)
        job = self.jobs.admit(_client(request))
        try:
            await receive_file(request, job.source, self.limits)

            def work(watch: Watch) -> Written:
                restorer = self.restorers.get(choice)
                return write(
                    job.source, job.folder, restorer, output, lambda share: watch.progress(int(1000 * share), 1000)
                )

            self.jobs.start(job, work)
            async with anyio.create_task_group() as group:

                async def leave() -> None:
                    await gone(request.receive)
                    self.jobs.cancel(job)

                group.start_soon(leave)
                await job.finished()
                group.cancel_scope.cancel()
            if job.problem is not None:
                raise job.problem.again()
            if not isinstance(job.result, Written):
                raise Problem(503, "the client went away; nothing was restored", retry_after=1)
        except BaseException:
            self.jobs.discard(job)
            raise
        return job, job.result

    async def begin(
        self, request: Request, choice: Choice, *, hints: Hints, tolerant: bool, view: View | None
    ) -> Job[KeptPixels]:
        """Receive a picture, and have it restored when it is its turn, the part in view first.

        Returns
        -------
        Job
            Its result are the pixels, from which :meth:`result` makes files.
        """
        self.restorers.check(choice)
        job: Job[KeptPixels] = self.jobs.admit(_client(request))
        job.extra["tolerant"] = tolerant

        def work(watch: Watch) -> KeptPixels:
            restorer = self.restorers.get(choice)
            image = read(job.source, tolerant=tolerant, max_pixels=self.limits.max_pixels)
            if view is not None:
                part = restore_view(image, view, restorer, job.folder / REGION, watch.check)
                if part is not None:
                    job.extra["region"] = [part.left, part.top, part.width, part.height]
            watch.check()
            watch.progress(0, 0)
            return keep(image, restorer, hints, job.folder / "pixels", watch.progress)

        try:
            await receive_file(request, job.source, self.limits)
            # What is no picture is refused at once, not when it is its turn.
            await self.read(request, lambda: read(job.source, tolerant=tolerant, max_pixels=self.limits.max_pixels))
            if await has_gone(request.receive):  # and would never know of it
                raise ClientDisconnect
            self.jobs.start(job, work)
        except BaseException:
            self.jobs.discard(job)
            raise
        return job

    async def result(
        self, request: Request, job: Job[KeptPixels], output: Output
    ) -> tuple[Written, Callable[[], None]]:
        """Write the result of a job in a format.

        Returns
        -------
        written : Written
        remove : callable
            To be called when the file is sent.
        """
        if output.settings.encoding.consistent:
            raise Problem(
                422, "a job keeps pixels, no coefficients; for a consistent JPEG, send the picture to /api/restore"
            )
        if job.problem is not None:
            raise job.problem.again()
        if not isinstance(job.result, KeptPixels):
            raise Problem(409, f"the job is {job.state}, not done; wait for it")
        pixels = job.result
        settings = replace(output.settings, tolerant=bool(job.extra["tolerant"]))
        output = replace(output, settings=settings)
        with ExitStack() as stack:
            stack.enter_context(self.jobs.taking(job))
            folder = Path(tempfile.mkdtemp(dir=job.folder))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            written = await self.read(request, lambda: write(job.source, folder, pixels, output))
            job.taken += written.path.stat().st_size
            told = replace(written.outcome, notes=(*written.outcome.notes, *pixels.notes))
            return replace(written, outcome=told), stack.pop_all().close


def facts_of(outcome: Finished) -> dict[str, str]:
    """Return what is worth telling about a restored picture, as headers."""
    return {
        "QGAC-Width": str(outcome.width),
        "QGAC-Height": str(outcome.height),
        "QGAC-Quality": "custom" if outcome.quality is None else str(outcome.quality),
        "QGAC-Seconds": f"{outcome.seconds:.3f}",
        "QGAC-Notes": json.dumps(list(outcome.notes)),
    }


def _client(request: Request) -> str:
    return request.client.host if request.client is not None else ""
