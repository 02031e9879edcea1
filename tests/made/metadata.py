"""Metadata by hand, and restored pictures of noise that carry them."""

from __future__ import annotations

import io
import struct
from dataclasses import replace

import numpy as np
from PIL import ImageCms

from qgac.jpeg.image import Component, Density, JPEGImage, Metadata
from qgac.pictures.bands import PictureInBands
from qgac.pictures.formats import Encoding
from qgac.pictures.writer import write_picture
from qgac.restoration.picture import Restored

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GRAY = SRGB[:16] + b"GRAY" + SRGB[20:]  # all that is looked at is the colour space in the header
XMP = b'<?xpacket begin="\xef\xbb\xbf"?><x:xmpmeta xmlns:x="adobe:ns:meta/">\xc3\xa9</x:xmpmeta>'
THUMBNAIL = b"\xff\xd8" + b"the picture as it was" * 20 + b"\xff\xd9"
RESOURCES = b"8BIM\x04\x04\0\0\0\0\0\x02ok"


def exif_data(order: str = "<") -> bytes:
    """EXIF of a camera by hand: orientation 6, a maker's note inside the EXIF directory, and a thumbnail at the end."""

    def entry(tag: int, kind: int, count: int, value: int) -> bytes:
        packed = struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value)
        return struct.pack(order + "HHI", tag, kind, count) + packed

    camera, note = b"Camera of mine\0\0", b"maker's own note"
    main = 8 + 2 + 3 * 12 + 4
    details = main + len(camera)
    note_at = details + 2 + 12 + 4
    small = note_at + len(note)
    thumbnail_at = small + 2 + 2 * 12 + 4
    parts = [
        {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8),
        struct.pack(order + "H", 3),
        entry(271, 2, 15, main),
        entry(274, 3, 1, 6),
        entry(34665, 4, 1, details),
        struct.pack(order + "I", small),
        camera,
        struct.pack(order + "H", 1) + entry(37500, 7, len(note), note_at) + bytes(4),
        note,
        struct.pack(order + "H", 2),
        entry(513, 4, 1, thumbnail_at),
        entry(514, 4, 1, len(THUMBNAIL)),
        bytes(4),
        THUMBNAIL,
    ]
    return b"".join(parts)


METADATA = Metadata(
    exif=exif_data(),
    icc=SRGB,
    xmp=XMP,
    iptc=b"Photoshop 3.0\0" + RESOURCES,
    comments=("naïve".encode(), b"second"),
    density=Density(1, 300, 150),
)


def restored(shape: tuple[int, ...] = (30, 41, 3), metadata: Metadata = METADATA) -> Restored:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    channels = 1 if len(shape) == 2 else shape[2]
    component = Component(np.zeros((4, 6, 8, 8), np.int16), np.ones((8, 8), np.uint16), 1, 1)
    image = JPEGImage(
        width=shape[1],
        height=shape[0],
        color={1: "gray", 3: "YCbCr", 4: "CMYK"}[channels],  # type: ignore[arg-type]
        components=(component,) * channels,
        metadata=metadata,
        process="baseline",
    )
    return Restored(pixels, image)


def written(picture: Restored | PictureInBands | JPEGImage, kind: str, encoding: Encoding | None = None) -> bytes:
    buffer = io.BytesIO()
    write_picture(picture, buffer, format=kind, encoding=encoding)  # type: ignore[arg-type]
    return buffer.getvalue()


def floats(shape: tuple[int, ...]) -> Restored:
    """Samples between whole numbers, as the networks make them."""
    pixels = np.random.default_rng(1).uniform(0, 255, shape).astype(np.float32)
    return replace(restored(shape), pixels=pixels)
