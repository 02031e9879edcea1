"""Answers that say why there is no other: one sentence each, as ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi.responses import JSONResponse

__all__ = ["MEDIA_TYPE", "Problem"]

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818  (the standard's name for it)
    """What was asked for is not done.

    Parameters
    ----------
    status : int
        Of the answer, 400..599.
    detail : str
        What is wrong, why, and what to do about it, in one sentence; the command's own where it has one.
    retry_after : float, optional
        Seconds after which the same may succeed.
    """

    def __init__(self, status: int, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.retry_after = retry_after

    def again(self) -> Problem:
        """Return the same without its traceback, whose frames would keep the picture in memory with the job."""
        return Problem(self.status, self.detail, retry_after=self.retry_after)

    def to_json(self) -> dict[str, str | int]:
        """Return the members ``title``, ``status`` and ``detail``; the type is the default, ``about:blank``."""
        return {"title": HTTPStatus(self.status).phrase, "status": self.status, "detail": self.detail}

    def response(self, headers: Mapping[str, str] | None = None) -> JSONResponse:
        """Return the answer, with further headers."""
        own = {} if self.retry_after is None else {"Retry-After": str(max(1, round(self.retry_after)))}
        return JSONResponse(self.to_json(), self.status, {**(headers or {}), **own}, MEDIA_TYPE)
