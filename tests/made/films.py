"""Films of JPEG frames made by PyAV of Pillow's pictures, and what is in a film."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from made.pictures import compressed, photo

HEIGHT, WIDTH = 32, 48


def pictures(number: int, height: int = HEIGHT, width: int = WIDTH) -> list[np.ndarray]:
    """A picture that grows brighter from frame to frame, so that their order shows."""
    first = photo(height, width).astype(int) // 2
    return [(first + 100 * index // max(1, number)).astype(np.uint8) for index in range(number)]


def jpegs(number: int, quality: int = 40, **options: Any) -> list[bytes]:
    return [compressed(picture, quality, **options) for picture in pictures(number)]


def film(
    path: Path,
    frames: Sequence[bytes],
    *,
    rate: Fraction = Fraction(25, 2),
    sound: str | None = "pcm_s16le",
    turned: int = 0,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    shape: Fraction | None = None,
    format: str | None = None,  # noqa: A002
) -> Path:
    """Put frames into a file, with a tone beside them."""
    import av

    output: Any
    with av.open(str(path), "w", format=format) as output:
        stream = output.add_stream("mjpeg", rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p"
        stream.codec_context.color_range = 2
        if shape:
            stream.codec_context.sample_aspect_ratio = shape
        if turned:
            stream.set_display_rotation(turned)
        tone = None
        if sound:
            tone = output.add_stream(sound, rate=8000)
            tone.layout = "mono"
        output.start_encoding()
        for number, content in enumerate(frames):
            packet = av.Packet(content)
            packet.stream, packet.time_base = stream, 1 / rate
            packet.pts = packet.dts = number
            packet.duration = 1
            packet.is_keyframe = True
            output.mux(packet)
        if tone is not None:
            seconds = len(frames) / rate
            samples = (8000 * np.sin(np.arange(int(8000 * seconds)) / 3)).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 8000, 0, Fraction(1, 8000)
            output.mux(tone.encode(frame))
            output.mux(tone.encode())
    return path


def shown(path: Path) -> list[tuple[Fraction, np.ndarray]]:
    """Times from the first one, and frames of a film."""
    import av

    container: Any
    with av.open(str(path)) as container:
        found = [(frame.pts * frame.time_base, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    return [(time - found[0][0], picture.astype(int)) for time, picture in found]


def sound_of(path: Path) -> bytes:
    """The samples of a film's sound."""
    import av

    with av.open(str(path)) as container:
        return b"".join(frame.to_ndarray().tobytes() for frame in container.decode(audio=0))


def streams_of(path: Path) -> list[str]:
    import av

    with av.open(str(path)) as container:
        return [stream.codec_context.name for stream in container.streams]


def decoded(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)
