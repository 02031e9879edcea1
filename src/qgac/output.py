"""Picture files with the metadata of their source, written whole or not at all.

What each format holds of the metadata:

====================  ====  =====  =====  =====
metadata              PNG   WebP   TIFF   JPEG
====================  ====  =====  =====  =====
EXIF, ICC, XMP        yes   yes    yes    yes
pixel density         yes   no     yes    yes
comments              yes   no     first  yes
IPTC                  no    no     yes    yes
CMYK pictures         no    no     yes    yes
====================  ====  =====  =====  =====

The orientation in EXIF stays as it is and pixels are not turned. The thumbnail in EXIF is dropped: it shows the picture
before. PNG and WebP take an ICC profile only if it is made for the colour the picture has there.
"""

from __future__ import annotations

import io
import os
import secrets
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, get_args

from qgac.exif import without_thumbnail
from qgac.jpeg.image import Density, JPEGImage, Metadata
from qgac.tiff import encode_tiff

if TYPE_CHECKING:
    from PIL import Image

    from qgac.restorer import Restored

__all__ = [
    "FORMATS",
    "SUFFIXES",
    "Format",
    "OutputError",
    "check_destination",
    "format_of",
    "natural_format",
    "write_picture",
]

Format = Literal["png", "webp", "tiff", "jpeg"]
FORMATS: tuple[Format, ...] = get_args(Format)
SUFFIXES: dict[Format, str] = {"png": ".png", "webp": ".webp", "tiff": ".tiff", "jpeg": ".jpg"}

_FORMAT_OF_SUFFIX: dict[str, Format] = {
    ".png": "png",
    ".webp": "webp",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".jpe": "jpeg",
    ".jfif": "jpeg",
}
_WEBP_LIMIT = 16383
_PHOTOSHOP = b"Photoshop 3.0\0"
_SEGMENT = 65533  # bytes that a JPEG segment holds
_COM, _APP13 = 0xFE, 0xED
_METRES_PER_INCH = 0.0254


class OutputError(ValueError):
    """A picture cannot be written: the destination or the format does not allow it."""


def format_of(path: Path) -> Format | None:
    """Return the format that the suffix of a file name stands for, or None if it stands for none."""
    return _FORMAT_OF_SUFFIX.get(path.suffix.lower())


def natural_format(image: JPEGImage) -> Format:
    """Return the format for a picture when none was asked for: PNG, but TIFF for CMYK."""
    return "tiff" if image.color in ("CMYK", "YCCK") else "png"


def check_destination(destination: Path, *, overwrite: bool) -> None:
    """Check before any work that a file can be put somewhere.

    Raises
    ------
    OutputError
        If there is something already that must stay, or no folder to put it into.
    """
    if destination.is_symlink() or destination.exists():
        if not overwrite:
            raise OutputError(f"{destination} exists already; choose another name or overwrite it (--overwrite)")
        if not destination.is_file():
            raise OutputError(f"{destination} is not a regular file; choose another name")
    if not destination.parent.is_dir():
        raise OutputError(f"the folder {destination.parent} does not exist; make it first")


def write_picture(
    restored: Restored,
    destination: str | os.PathLike[str] | BinaryIO,
    *,
    format: Format,  # noqa: A002
    overwrite: bool = False,
) -> None:
    """Write a restored picture with the metadata of its source.

    A file appears under its name only when it is complete and on the disk: it is written beside it and renamed.

    Parameters
    ----------
    restored : Restored
    destination : path or binary file
        Where to write. A binary file is written to from where it stands, and left open.
    format : {"png", "webp", "tiff", "jpeg"}
        All are lossless but JPEG, which is written at quality 95 without chroma subsampling.
    overwrite : bool
        Whether to replace an existing file.

    Raises
    ------
    OutputError
        If the format cannot hold the picture, the file exists already, or it cannot be written.
    """
    if not isinstance(destination, (str, os.PathLike)):
        content = _encode(restored, format)
        try:
            destination.write(content)
            destination.flush()
        except BrokenPipeError:
            raise  # nobody listens any more, which is no fault of the picture
        except OSError as error:
            raise OutputError(
                f"the output cannot be written ({error.strerror or error}); check its free space"
            ) from error
        return
    path = Path(destination)
    check_destination(path, overwrite=overwrite)
    content = _encode(restored, format)
    try:
        _write_whole(content, path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"{path} cannot be written ({reason}); check the folder's permissions and free space"
        ) from error


def _write_whole(content: bytes, path: Path) -> None:
    partial = path.with_name(f".qgac-{secrets.token_hex(8)}.partial")
    # Not the tempfile module: its files are private, while the picture should get the usual permissions.
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:  # Ctrl-C as well must leave nothing behind
        partial.unlink(missing_ok=True)
        raise


def _encode(restored: Restored, kind: Format) -> bytes:
    image = restored.image
    if kind in ("png", "webp") and image.color in ("CMYK", "YCCK"):
        raise OutputError(f"a {kind} file cannot hold CMYK; choose tiff or jpeg (--format)")
    if kind == "webp" and max(image.width, image.height) > _WEBP_LIMIT:
        raise OutputError(f"a webp file holds at most {_WEBP_LIMIT} pixels a side; choose png or tiff (--format)")
    if kind == "tiff":
        metadata = image.metadata
        return encode_tiff(
            restored.to_uint8(),
            exif=_exif(metadata),
            icc=metadata.icc,
            xmp=metadata.xmp,
            photoshop=metadata.iptc.removeprefix(_PHOTOSHOP) if metadata.iptc else None,
            comment=metadata.comments[0] if metadata.comments else None,
            density=metadata.density,
        )
    picture = restored.to_pil()
    encode = {"png": _encode_png, "webp": _encode_webp, "jpeg": _encode_jpeg}[kind]
    return encode(picture, image.metadata)


def _exif(metadata: Metadata) -> bytes | None:
    return without_thumbnail(metadata.exif) if metadata.exif else None


def _profile(metadata: Metadata, space: bytes) -> bytes | None:
    """Return the ICC profile if it is made for a colour space (bytes 16 to 20 of its header)."""
    return metadata.icc if metadata.icc and metadata.icc[16:20] == space else None


def _encode_png(picture: Image.Image, metadata: Metadata) -> bytes:
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    xmp = _text(metadata.xmp or b"")
    if xmp:
        texts.add_itxt("XML:com.adobe.xmp", xmp)
    for comment in metadata.comments:
        texts.add_text("Comment", _text(comment))
    content = _save(
        picture,
        "PNG",
        pnginfo=texts,
        exif=_exif(metadata) or b"",
        icc_profile=_profile(metadata, b"GRAY" if picture.mode == "L" else b"RGB "),
    )
    density = _png_density(metadata.density)
    header = 8 + 25  # signature and IHDR
    return content[:header] + density + content[header:]


def _png_density(density: Density | None) -> bytes:
    """Return a pHYs chunk; Pillow's own cannot say that only the aspect ratio is known."""
    if density is None or (density.unit == 0 and density.x == density.y):
        return b""
    scale = {0: 1.0, 1: 1 / _METRES_PER_INCH, 2: 100.0}[density.unit]
    chunk = b"pHYs" + struct.pack(">IIB", round(density.x * scale), round(density.y * scale), density.unit > 0)
    return struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))


def _encode_webp(picture: Image.Image, metadata: Metadata) -> bytes:
    return _save(
        picture,
        "WEBP",
        lossless=True,
        exact=True,
        exif=_exif(metadata) or b"",
        xmp=metadata.xmp or b"",
        icc_profile=_profile(metadata, b"RGB "),  # WebP knows no gray
    )


def _encode_jpeg(picture: Image.Image, metadata: Metadata) -> bytes:
    exif = _exif(metadata)
    resources = metadata.iptc.removeprefix(_PHOTOSHOP) if metadata.iptc else b""
    room = _SEGMENT - len(_PHOTOSHOP)
    segments = [_segment(_COM, comment) for comment in metadata.comments]
    segments += [
        _segment(_APP13, _PHOTOSHOP + resources[start : start + room]) for start in range(0, len(resources), room)
    ]
    content = bytearray(
        _save(
            picture,
            "JPEG",
            quality=95,
            subsampling="4:4:4",
            extra=b"".join(segments),
            exif=b"Exif\0\0" + exif if exif else b"",
            xmp=metadata.xmp or b"",
            icc_profile=metadata.icc,
        )
    )
    density = metadata.density
    if density is not None and content[6:11] == b"JFIF\0":
        struct.pack_into(">BHH", content, 13, density.unit, density.x, density.y)
    return bytes(content)


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def _save(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def _text(data: bytes) -> str:
    """Decode text of unknown encoding: UTF-8 if it is that, else Latin-1, which everything is."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.strip("\0").replace("\0", " ")
