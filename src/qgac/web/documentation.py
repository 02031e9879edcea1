"""What the description of the API (OpenAPI) says beyond the types: bodies, examples, problems."""

from __future__ import annotations

from typing import Any

from qgac.web.problems import MEDIA_TYPE
from qgac.web.restoring import MEDIA_TYPES

__all__ = ["DESCRIPTION", "FILE", "PICTURE", "PROBLEMS", "TAGS"]

DESCRIPTION = """\
Restores JPEG pictures from their own coefficients, guided by the quantisation tables every file carries.
Options are those of `qgac restore`, and answers are what it writes, to the bit.

    curl --data-binary @photo.jpg http://127.0.0.1:8000/api/restore -o restored.png
"""

TAGS = [
    {"name": "one request", "description": "A file in, an answer out."},
    {"name": "jobs", "description": "Pictures in the background, with progress, several formats, and cancelling."},
    {"name": "service", "description": "What the service offers, and how it is."},
]

_BINARY = {"schema": {"type": "string", "format": "binary"}}

FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A JPEG, PNG, WebP, BMP or TIFF file: the body itself, of any type, or the one file of a form.",
        "content": {
            **dict.fromkeys(("image/jpeg", "image/png", "image/webp", "image/bmp", "image/tiff"), _BINARY),
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}

PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture.", "content": dict.fromkeys(MEDIA_TYPES.values(), _BINARY)}
}


def _problem(description: str, status: int, title: str, detail: str) -> dict[str, Any]:
    example = {"title": title, "status": status, "detail": detail}
    return {"description": description, "content": {MEDIA_TYPE: {"example": example}}}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    413: _problem(
        "The file or the picture is larger than the limits.",
        413,
        "Request Entity Too Large",
        "the file has more than 67 MB, the limit of this service; send a smaller one",
    ),
    415: _problem(
        "The file is no picture that can be restored.",
        415,
        "Unsupported Media Type",
        "this is a HEIC picture and no JPEG, whatever its name says; give a JPEG file",
    ),
    422: _problem(
        "The file is damaged or of an unsupported kind, or the options contradict each other.",
        422,
        "Unprocessable Entity",
        "a webp file cannot hold depth 16; choose png or tiff (--format)",
    ),
    429: _problem(
        "The client has too many pictures in work; the header Retry-After says how many seconds to wait.",
        429,
        "Too Many Requests",
        "16 of your pictures are being worked on, the limit for one client; wait for them",
    ),
    503: _problem(
        "The service has too much to do; the header Retry-After says how many seconds to wait.",
        503,
        "Service Unavailable",
        "64 pictures are being worked on, the limit of this service; try again",
    ),
}
