"""Telling what a file is that claims to be a JPEG and is not."""

from __future__ import annotations

from qgac.jpeg.errors import JPEGError

LONGEST = 32
"""Number of bytes at the beginning of a file that are enough to tell."""

# Beginning of the file, what it is.
_SIGNATURES = [
    (b"\x89PNG", "a PNG file"),
    (b"GIF8", "a GIF file"),
    (b"BM", "a BMP file"),
    (b"II*\0", "a TIFF file (or a camera's raw file)"),
    (b"MM\0*", "a TIFF file (or a camera's raw file)"),
    (b"II\xbc\x01", "a JPEG XR file"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 file"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 file"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL file"),
    (b"\xff\x0a", "a JPEG XL file"),
    (b"8BPS", "a Photoshop file"),
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x1aE\xdf\xa3", "a video (Matroska or WebM)"),
]

_MEDIA_BRANDS = {
    b"heic": "a HEIC picture",
    b"heix": "a HEIC picture",
    b"heim": "a HEIC picture",
    b"hevc": "a HEIC picture",
    b"mif1": "a HEIF picture",
    b"msf1": "a HEIF picture",
    b"avif": "an AVIF picture",
    b"avis": "an AVIF picture",
}

_TEXT_SIGNATURES = [(b"<!doctype html", "an HTML page"), (b"<html", "an HTML page"), (b"<svg", "an SVG drawing")]


def refuse_foreign(head: bytes) -> None:
    """Refuse data that do not begin as a JPEG file does.

    Parameters
    ----------
    head : bytes
        The beginning of the file, at least 32 bytes unless the file is shorter.

    Raises
    ------
    JPEGError
        If the data do not begin with a start-of-image marker; the message says what they are, if that can be told.
    """
    if head[:2] == b"\xff\xd8":
        return
    if not head:
        raise JPEGError("the file is empty; get another copy of it")
    kind = _kind(head)
    if kind is None:
        raise JPEGError("this is not a JPEG file (it does not begin with FF D8); give the name of a JPEG file")
    raise JPEGError(f"this is {kind} and no JPEG, whatever its name says; only JPEG files can be restored")


def _kind(head: bytes) -> str | None:
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head.startswith(b"RIFF"):
        return "a WebP file" if head[8:12] == b"WEBP" else "a RIFF file (audio or video)"
    if head[4:8] == b"ftyp":
        return _MEDIA_BRANDS.get(head[8:12], "a video (MP4 or QuickTime)")
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for signature, kind in _TEXT_SIGNATURES:
        if text.startswith(signature):
            return kind
    if head.startswith(b"<?xml"):
        return "an XML document"
    if not any(head):
        return "filled with zeros (a failed copy or a damaged disk)"
    return None
