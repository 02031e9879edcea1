"""Writing films: frames into FFV1 or H.264, with the sound and the tags of another film."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from qgac.containers.container import ContainerError
from qgac.containers.film import Film, Frame, av_library, opened

__all__ = ["read_part", "write_film", "write_part"]

Pixels = npt.NDArray[np.uint8]

_FORMATS = {".mkv": "matroska", ".mp4": "mp4"}
_JPEG_RANGE, _BT601 = 2, 5  # of ITU-T H.273: full range; the matrix of JFIF


def write_part(path: Path, frames: Iterable[Pixels]) -> None:
    """Write frames to a file of their own, without loss.

    Parameters
    ----------
    path : Path
    frames : iterable of ndarray of uint8, shape (H, W, 3)
        RGB, all of one size.
    """
    av = av_library()
    with av.open(str(path), "w", format="nut") as output:
        stream = None
        for number, pixels in enumerate(frames):
            frame = _lossless(pixels)
            if stream is None:
                stream = _video(output, "ffv1", frame, 25, {"level": "3", "slicecrc": "1", "g": "1"})
            frame.pts = number
            output.mux(stream.encode(frame))
        if stream is not None:
            output.mux(stream.encode())


def read_part(path: Path) -> Iterator[Pixels]:
    """Yield the frames of a part.

    Raises
    ------
    ContainerError
        If it is damaged.
    """
    with opened(path) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def write_film(path: Path, suffix: str, film: Film, frames: Iterator[Pixels], crf: int | None) -> None:
    """Write a film with other frames; times, sound, subtitles, and tags are those of the film.

    Parameters
    ----------
    path : Path
        An empty file.
    suffix : {".mkv", ".mp4"}
        What kind of file it is.
    film : Film
    frames : iterator of ndarray of uint8, shape (H, W, 3)
        RGB, as many as the film has, upright.
    crf : int or None
        Quality of H.264, 0 (best) to 51; None for FFV1, which is lossless.

    Raises
    ------
    ContainerError
        If the kind of file cannot hold it.
    """
    av = av_library()
    codec = "ffv1" if crf is None else "libx264"
    options = {"level": "3", "slicecrc": "1", "g": "1"} if crf is None else {"crf": str(crf), "preset": "medium"}
    try:
        with opened(film.path) as source, av.open(str(path), "w", format=_FORMATS[suffix]) as output:
            first = next(frames)
            convert = _lossless if crf is None else _for_h264
            stream = _video(output, codec, convert(first), film.rate, options)
            stream.codec_context.time_base = film.time_base
            _copy_tags(film, source, stream)
            output.metadata.update(source.metadata)
            copies = {
                other.index: output.add_stream_from_template(other)
                for other in source.streams
                if other.type in ("audio", "subtitle")
            }
            waiting: Pixels | None = first
            for packet in film.packets(source):
                if not isinstance(packet, Frame):
                    if packet.dts is not None:
                        packet.stream = copies[packet.stream.index]
                        output.mux(packet)
                    continue
                frame = convert(next(frames) if waiting is None else waiting)
                waiting = None
                frame.pts, frame.time_base = packet.pts, film.time_base
                output.mux(stream.encode(frame))
            output.mux(stream.encode())
    except (av.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ContainerError(f"a {suffix} file cannot hold this film ({reason}); choose .mkv, without --crf") from error


def _video(output: Any, codec: str, frame: Any, rate: Any, options: dict[str, str]) -> Any:
    stream = output.add_stream(codec, rate=rate, options=options)
    stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, frame.format.name
    return stream


def _copy_tags(film: Film, source: Any, stream: Any) -> None:
    """Say of the new film what the old one says about colours and the shape of pixels."""
    old, new = film.stream(source).codec_context, stream.codec_context
    new.color_primaries, new.color_trc = old.color_primaries, old.color_trc
    if stream.pix_fmt.startswith("yuv"):
        new.color_range, new.colorspace = _JPEG_RANGE, _BT601
    new.sample_aspect_ratio = film.shape if film.turned % 2 == 0 else 1 / film.shape


def _lossless(pixels: Pixels) -> Any:
    av = av_library()
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24").reformat(format="bgr0")


def _for_h264(pixels: Pixels) -> Any:
    """Convert to the samples that most players want: 4:2:0, as JFIF converts colours."""
    av = av_library()
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    return frame.reformat(format="yuv420p", dst_colorspace="ITU601", dst_color_range="JPEG")
