"""The application: the addresses of the service behind its gate, and every failure as a problem."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp

from qgac import __version__
from qgac.web.documentation import DESCRIPTION, PROBLEMS, TAGS
from qgac.web.gate import Gate
from qgac.web.problems import Problem
from qgac.web.routes import api, pages
from qgac.web.service import Service

__all__ = ["create_app"]

_EXPOSED = [
    "QGAC-Width",
    "QGAC-Height",
    "QGAC-Quality",
    "QGAC-Seconds",
    "QGAC-Notes",
    "QGAC-Heat-Map-Top",
    "Retry-After",
]


def create_app(service: Service) -> ASGIApp:
    """Make the application.

    Parameters
    ----------
    service : Service

    Returns
    -------
    ASGI application
        To be run once, by one process.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await service.jobs.close()

    app = FastAPI(
        title="qgac",
        version=__version__,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        lifespan=lifespan,
        docs_url=None,  # those pages load their scripts from elsewhere; ours is in static/
        redoc_url=None,
        responses=PROBLEMS,
    )
    app.state.service = service
    app.include_router(api)
    app.include_router(pages)
    app.add_exception_handler(Problem, _tell_problem)
    app.add_exception_handler(HTTPException, _tell_http)
    app.add_exception_handler(RequestValidationError, _tell_invalid)
    app.add_exception_handler(ClientDisconnect, _tell_nobody)
    app.add_exception_handler(Exception, _tell_fault)
    # Around everything, so that failures that nobody foresaw carry the headers as well.
    gate = Gate(app, door=service.door, counters=service.counters, patience=service.limits.patience_seconds)
    if not service.door.origins:
        return gate
    return CORSMiddleware(
        gate,
        allow_origins=sorted(service.door.origins),
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["Authorization", "Content-Type"],
        expose_headers=_EXPOSED,
    )


async def _tell_problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return problem.response(_closing(request))


async def _tell_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentences = {
        404: "there is nothing of this name; the page is at /, the description of the API at /docs",
        405: f"{request.method} is not for this address; /docs describes what is",
    }
    return Problem(error.status_code, sentences.get(error.status_code, str(error.detail))).response(error.headers)


async def _tell_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    name, given = first["loc"][-1], str(first.get("input"))[:40]
    return Problem(422, f"{name} cannot be {given!r}: {first['msg'].lower()}; correct it").response(_closing(request))


async def _tell_nobody(request: Request, error: Exception) -> Response:
    return Problem(400, "the client went away before its request was complete").response()


async def _tell_fault(request: Request, error: Exception) -> Response:
    return Problem(500, "a fault of this program; see its log, and report it").response()


def _closing(request: Request) -> dict[str, str]:
    """Return the header that ends the connection: a body that was refused may still be coming, and is not read."""
    return {"Connection": "close"} if request.method == "POST" else {}
