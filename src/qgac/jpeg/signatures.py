"""Telling what a file is that claims to be a JPEG and is not."""

from __future__ import annotations

from qgac.jpeg.errors import JPEGError

LONGEST = 4096
"""Number of bytes at the beginning of a file within which the picture must begin."""

_TELLING = 32  # bytes that tell other kinds of files

# Second bytes of the markers that a header may have: SOF0 to SOF2, DHT, DQT, DRI, APPn, COM.
_HEADER = frozenset({0xC0, 0xC1, 0xC2, 0xC4, 0xDB, 0xDD, *range(0xE0, 0xF0), 0xFE})

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
    (b"ID3", "an MP3 file"),
    (b"fLaC", "a FLAC file"),
    (b"FUJIFILM", "a camera's raw file"),
    (b"FOVb", "a camera's raw file"),
    (b"IIRO", "a camera's raw file"),
    (b"IIRS", "a camera's raw file"),
    (b"MMOR", "a camera's raw file"),
    (b"IIU\0", "a camera's raw file"),
    (b"II\x1a\0", "a camera's raw file"),
    (b"\0MRM", "a camera's raw file"),
    (b"\xd0\xcf\x11\xe0", "an office document or a thumbnail cache of Windows"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript document"),
    (b"CMMM", "a thumbnail cache of Windows"),
    (b"SQLite format", "a database"),
    (b"7z\xbc\xaf", "an archive"),
    (b"Rar!", "an archive"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
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


def find_start(head: bytes) -> int:
    """Find the start-of-image marker, and refuse data that are none of a JPEG file.

    Parameters
    ----------
    head : bytes
        The beginning of the file, of the length `LONGEST` unless the file is shorter.

    Returns
    -------
    int
        Position of the marker; before it there may be bytes that other programs have put there, but no header of
        another kind of file, whose preview the JPEG would be.

    Raises
    ------
    JPEGError
        If there is no such marker; the message says what the data are, if that can be told.
    """
    if head[:2] == b"\xff\xd8":
        return 0
    if not head:
        raise JPEGError("the file is empty; get another copy of it")
    kind = _kind(head[:_TELLING])
    if kind is not None:
        raise JPEGError(f"this is {kind} and no JPEG, whatever its name says; give a JPEG file")
    start = head.find(b"\xff\xd8\xff")
    while start >= 0 and not _goes_on(head, start):
        start = head.find(b"\xff\xd8\xff", start + 1)
    if start >= 0:
        return start
    if not any(head[:_TELLING]):
        raise JPEGError(
            "this is filled with zeros (a failed copy or a damaged disk) and no JPEG, whatever its name says; "
            "get another copy of it"
        )
    raise JPEGError("this is not a JPEG file (it does not begin with FF D8); give the name of a JPEG file")


def _goes_on(head: bytes, start: int) -> bool:
    """Say whether the segments of a header follow a start-of-image marker, as far as `head` goes."""
    position = start + 2
    for _ in range(3):
        if position + 4 > len(head):
            return True
        if head[position] != 0xFF or head[position + 1] not in _HEADER:
            return False
        length = int.from_bytes(head[position + 2 : position + 4], "big")
        if length < 2:
            return False
        position += 2 + length
    return True


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
    return None
