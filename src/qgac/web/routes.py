"""The addresses of the service, and what each takes and answers."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse

from qgac.web.documentation import FILE, PICTURE
from qgac.web.job import Job
from qgac.web.pixels import KeptPixels
from qgac.web.problems import Problem
from qgac.web.queries import ChoiceOf, HintsOf, OutputOf, ServiceOf, Tolerant
from qgac.web.region import view_of
from qgac.web.restoring import describe_file, heat_map
from qgac.web.sending import EventAnswer, FileAnswer
from qgac.web.service import REGION, Service, facts_of

__all__ = ["api", "pages"]

_STATIC = Path(str(resources.files("qgac") / "web" / "static"))
_PAGES = {"": "index.html", "docs": "docs.html"}
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HEARTBEAT = 5.0  # seconds between signs of life to whoever waits; what a client that went away is noticed by

api = APIRouter()
pages = APIRouter(include_in_schema=False)


@api.post("/api/restore", tags=["one request"], response_class=Response, responses=PICTURE, openapi_extra=FILE)
async def restore(request: Request, service: ServiceOf, choice: ChoiceOf, hints: HintsOf, output: OutputOf) -> Response:
    """Restore a picture: send a file, as the body or in a form, and get the restored one.

    The headers `QGAC-Width`, `QGAC-Height`, `QGAC-Quality` (that of the libjpeg table, or `custom`), `QGAC-Seconds`
    and `QGAC-Notes` (a JSON list) say what was found. Closing the connection ends the work.
    """
    if output.settings.encoding.consistent and not choice.project:
        raise Problem(422, "--consistent and --no-projection exclude one another; leave one out")
    if output.settings.encoding.consistent and not isinstance(hints.earlier, str):
        raise Problem(422, "--consistent keeps to the file, --earlier goes back behind it; leave one out")
    output = replace(output, settings=replace(output.settings, hints=hints))
    job, written = await service.restore(request, choice, output)
    headers = {**facts_of(written.outcome), "Content-Disposition": f'attachment; filename="{written.path.name}"'}
    return FileAnswer(written.path, written.media_type, headers, lambda: service.jobs.discard(job))


@api.post("/api/info", tags=["one request"], openapi_extra=FILE)
async def info(request: Request, service: ServiceOf, tolerant: Tolerant = False) -> dict[str, Any]:
    """Describe a file as `qgac info --json` does: of a JPEG size, sampling, tables, metadata and expected error.

    Of another picture its `past`: the grid, sampling and tables of the JPEG that it was, with a confidence for each.
    """
    async with service.upload(request) as job:
        limit = service.limits.max_pixels
        return await service.read(request, lambda: describe_file(job.source, tolerant=tolerant, max_pixels=limit))


@api.post(
    "/api/heat-map",
    tags=["one request"],
    response_class=Response,
    responses={200: {"description": "One pixel for each block of 8 x 8.", "content": {"image/png": {}}}},
    openapi_extra=FILE,
)
async def draw_heat_map(request: Request, service: ServiceOf, tolerant: Tolerant = False) -> Response:
    """Draw where a picture is uncertain: the expected error of each block, from dark (none) to yellow.

    The header `QGAC-Heat-Map-Top` says which error, in levels of 0..255, the last colour stands for.
    """
    async with service.upload(request) as job:
        limit = service.limits.max_pixels
        content, top = await service.read(request, lambda: heat_map(job.source, tolerant=tolerant, max_pixels=limit))
    return Response(content, media_type="image/png", headers={"QGAC-Heat-Map-Top": f"{top:g}"})


@api.post("/api/jobs", tags=["jobs"], status_code=202, openapi_extra=FILE)
async def begin_job(
    request: Request,
    service: ServiceOf,
    choice: ChoiceOf,
    hints: HintsOf,
    tolerant: Tolerant = False,
    view: Annotated[str | None, Query(description="left,top,width,height in pixels: restored first.")] = None,
) -> dict[str, Any]:
    """Restore a picture in the background: send a file, follow the job, take the result in any format."""
    first = None if view is None else view_of(view)
    job = await service.begin(request, choice, hints=hints, tolerant=tolerant, view=first)
    return _state(service, job)


@api.get("/api/jobs/{identity}", tags=["jobs"])
async def job_state(identity: str, service: ServiceOf) -> dict[str, Any]:
    """Tell how far a job is: `state` is waiting, running, done, failed or cancelled, `position` its place in line.

    Of one that is done, `notes` tell what was taken for the past of the picture.
    """
    return _state(service, service.jobs.find(identity))


@api.get(
    "/api/jobs/{identity}/events",
    tags=["jobs"],
    response_class=Response,
    responses={
        200: {
            "description": "Events `state` with what `/api/jobs/{identity}` tells.",
            "content": {"text/event-stream": {}},
        }
    },
)
async def job_events(identity: str, service: ServiceOf) -> Response:
    """Tell how far a job is as it goes on (server-sent events), until it ends.

    A job that was followed and is followed by nobody any more is cancelled after some seconds.
    """
    return EventAnswer(_events(service, service.jobs.find(identity)))


@api.get("/api/jobs/{identity}/region", tags=["jobs"], response_class=Response, responses=PICTURE)
async def job_region(request: Request, identity: str, service: ServiceOf) -> Response:
    """Show the part of the picture that was asked for as `view`, as soon as its events tell of a `region`."""
    job = service.jobs.find(identity)
    if "region" not in job.extra:
        raise Problem(404, "the job has no region; wait for its event, or ask for a smaller view")
    try:
        content = await service.read(request, (job.folder / REGION).read_bytes)
    except FileNotFoundError as error:
        raise Problem(404, "the job has ended; take its result") from error
    return Response(content, media_type="image/png")


@api.get("/api/jobs/{identity}/result", tags=["jobs"], response_class=Response, responses=PICTURE)
async def job_result(request: Request, identity: str, service: ServiceOf, output: OutputOf) -> Response:
    """Take the result of a job, as often and in as many formats as wanted; the network does not run again for it."""
    job = service.jobs.find(identity)
    written, remove = await service.result(request, job, output)
    headers = {**facts_of(written.outcome), "Content-Disposition": f'attachment; filename="{written.path.name}"'}
    return FileAnswer(written.path, written.media_type, headers, remove)


@api.delete("/api/jobs/{identity}", tags=["jobs"], status_code=204, response_class=Response)
async def end_job(identity: str, service: ServiceOf) -> Response:
    """Cancel a job, or forget one that is done; nothing of the picture is left."""
    service.jobs.discard(service.jobs.find(identity))
    return Response(status_code=204)


@api.get("/api/models", tags=["service"])
async def models(service: ServiceOf) -> list[dict[str, Any]]:
    """List the models, the default first, and whether `blend` can mix in a GAN's weights."""
    names = service.restorers.names()
    return [{"name": name, "blend": service.restorers.can_blend(name)} for name in names]


@api.get("/api/limits", tags=["service"])
async def limits(service: ServiceOf) -> dict[str, float]:
    """Tell the limits: bytes and pixels of a picture, seconds for restoring it, pictures of one client at a time."""
    own = service.limits
    return {
        "max_bytes": own.max_bytes,
        "max_pixels": own.max_pixels,
        "seconds": own.seconds,
        "per_client": own.per_client,
    }


@api.get("/healthz", tags=["service"], response_class=PlainTextResponse)
async def health() -> str:
    """Answer `ok` while the service runs; needs no token."""
    return "ok\n"


@api.get("/metrics", tags=["service"], response_class=PlainTextResponse)
async def metrics(service: ServiceOf) -> Response:
    """Tell figures in the text format of Prometheus."""
    text = service.counters.text(service.jobs.states())
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


@pages.get("/{name:path}")
async def page(name: str) -> Response:
    """Answer a file of the page."""
    file = _STATIC / _PAGES.get(name, name)
    if file not in set(_STATIC.iterdir()):  # a name is looked up, never made a path of
        raise Problem(404, "there is nothing of this name; the page is at /, the description of the API at /docs")
    content = file.read_bytes()  # whole: no part of so small a file is asked for
    return Response(content, media_type=_TYPES[file.suffix], headers={"Cache-Control": "no-cache"})


def _state(service: Service, job: Job[Any]) -> dict[str, Any]:
    done, tiles = job.tiles
    return {
        "id": job.identity,
        "state": job.state,
        "position": service.jobs.position(job),
        "done": done,
        "tiles": tiles,
        "region": job.extra.get("region"),
        "notes": list(job.result.notes) if isinstance(job.result, KeptPixels) else [],
        "problem": None if job.problem is None else job.problem.to_json(),
    }


async def _events(service: Service, job: Job[Any]) -> AsyncGenerator[bytes, None]:
    async with aclosing(service.jobs.follow(job, _HEARTBEAT)) as changes:
        async for changed in changes:
            yield f"event: state\ndata: {json.dumps(_state(service, job))}\n\n".encode() if changed else b":\n\n"
