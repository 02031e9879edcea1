"""What requests say in their addresses, as the routes take it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from qgac.restoration.hints import Hints, read_hints
from qgac.web.choice import Choice, Output, output_of
from qgac.web.problems import Problem
from qgac.web.service import Service

__all__ = ["ChoiceOf", "HintsOf", "OutputOf", "ServiceOf", "Tolerant"]


def _service(request: Request) -> Service:
    service = request.app.state.service
    assert isinstance(service, Service)
    return service


ServiceOf = Annotated[Service, Depends(_service)]
Tolerant = Annotated[bool, Query(description="Restore what can be read of a damaged file.")]


def _choice(
    service: ServiceOf,
    model: Annotated[str | None, Query(description="One of `/api/models`; by default the first.")] = None,
    best: Annotated[bool, Query(description="Average over eight views: somewhat better, eight times as long.")] = False,
    strength: Annotated[float, Query(description="0..1: from the decoded picture to the restored one.")] = 1.0,
    blend: Annotated[float, Query(description="0..1: how much of the GAN's weights to mix in.")] = 0.0,
    projection: Annotated[bool, Query(description="Keep to what the file says (advised).")] = True,
) -> Choice:
    return Choice(service.restorers.default if model is None else model, best, strength, blend, projection)


def _hints(
    earlier: Annotated[
        str,
        Query(
            description="Of JPEG files: `auto` restores one that was saved twice as it was before, if that "
            "is beyond doubt; 1..100 by an earlier quality that you know; `off` keeps to the file.",
            examples=["auto", "30", "off"],
        ),
    ] = "auto",
    grid: Annotated[
        str | None,
        Query(description="Of other files: column and row, 0..7, where the first block begins.", examples=["3,5"]),
    ] = None,
    quality_was: Annotated[
        int | None, Query(description="Of other files: 1..100, quality of the JPEG that they were.", examples=[30])
    ] = None,
    rescaled: Annotated[
        str,
        Query(
            description="Of other files without a grid: `auto` takes out artifacts of a JPEG that was scaled since, if "
            "they are beyond doubt; 1..100 as strong as those of a quality; `off` leaves them.",
            examples=["auto", "30", "off"],
        ),
    ] = "auto",
) -> Hints:
    try:
        return read_hints(grid=grid, quality=quality_was, earlier=earlier, rescaled=rescaled)
    except ValueError as error:
        raise Problem(422, str(error)) from error


def _output(
    service: ServiceOf,
    format: Annotated[  # noqa: A002
        str | None, Query(description="png, webp, tiff or jpeg; by default png, or tiff for CMYK.")
    ] = None,
    depth: Annotated[str, Query(description="8, 16 (png, tiff) or float (tiff) bits a sample.")] = "8",
    quality: Annotated[int | None, Query(description="1..100, of jpeg outputs; by default 95.")] = None,
    consistent: Annotated[bool, Query(description="A jpeg of the restored coefficients themselves.")] = False,
    srgb: Annotated[bool, Query(description="Convert the colours to sRGB by their ICC profile.")] = False,
    strip: Annotated[bool, Query(description="No metadata but ICC profile and orientation.")] = False,
    tolerant: Tolerant = False,
) -> Output:
    return output_of(
        format=format,
        depth=depth,
        quality=quality,
        consistent=consistent,
        srgb=srgb,
        strip=strip,
        tolerant=tolerant,
        max_pixels=service.limits.max_pixels,
    )


ChoiceOf = Annotated[Choice, Depends(_choice)]
HintsOf = Annotated[Hints, Depends(_hints)]
OutputOf = Annotated[Output, Depends(_output)]
