"""Metadata segments: JFIF header, EXIF, XMP, ICC profile, Photoshop/IPTC, comments, and the Adobe marker."""

from __future__ import annotations

import struct

from qgac.jpeg.image import Color, Density, Metadata
from qgac.jpeg.markers import APP0, COM
from qgac.jpeg.xmp import EXTENSION, XMP, ExtendedParts, joined, without_announcements

EXIF = (b"Exif\0\0", b"Exif\0\xff")
ICC = b"ICC_PROFILE\0"
PHOTOSHOP = b"Photoshop 3.0\0"


def photoshop_resources(metadata: Metadata) -> bytes | None:
    """Return the Photoshop resources, the IPTC record among them, without the signature of the JPEG segment."""
    return metadata.iptc.removeprefix(PHOTOSHOP) if metadata.iptc else None


def is_tiff(exif: bytes) -> bool:
    """Say whether EXIF data are a TIFF structure as far as its first directory; formats other than JPEG want that."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None or len(exif) < 8:
        return False
    (position,) = struct.unpack_from(order + "I", exif, 4)
    if not 8 <= position <= len(exif) - 2:
        return False
    (entries,) = struct.unpack_from(order + "H", exif, position)
    return bool(position + 2 + 12 * entries <= len(exif))


class MetadataCollector:
    """Takes in the APPn and COM segments of a file one by one and keeps what is known."""

    def __init__(self) -> None:
        self._exif: bytes | None = None
        self._xmp: bytes | None = None
        self._extended_xmp = ExtendedParts()
        self._photoshop: bytes | None = None
        self._icc_chunks: list[tuple[int, int, bytes]] = []
        self._comments: list[bytes] = []
        self._density: Density | None = None
        self._jfif = False
        self._adobe_transform: int | None = None

    def add(self, marker: int, payload: bytes) -> None:
        """Take in one segment.

        Parameters
        ----------
        marker : int
            Second byte of the marker: 0xE0..0xEF (APPn) or 0xFE (COM).
        payload : bytes
            What follows the segment's length.
        """
        if marker == COM:
            self._comments.append(payload)
        elif marker == APP0 and payload.startswith(b"JFIF\0") and len(payload) >= 12:
            self._add_jfif(payload)
        elif marker == APP0 + 1 and payload.startswith(EXIF):
            self._exif = self._exif or payload[6:]
        elif marker == APP0 + 1 and payload.startswith(XMP):
            self._xmp = self._xmp or payload[len(XMP) :]
        elif marker == APP0 + 1 and payload.startswith(EXTENSION):
            self._extended_xmp.add(payload)
        elif marker == APP0 + 2 and payload.startswith(ICC) and len(payload) >= len(ICC) + 2:
            number, total = payload[len(ICC)], payload[len(ICC) + 1]
            self._icc_chunks.append((number, total, payload[len(ICC) + 2 :]))
        elif marker == APP0 + 13 and payload.startswith(PHOTOSHOP):
            # Long resource blocks continue in further segments, each with the prefix again.
            self._photoshop = payload if self._photoshop is None else self._photoshop + payload[len(PHOTOSHOP) :]
        elif marker == APP0 + 14 and payload.startswith(b"Adobe") and len(payload) >= 12:
            self._adobe_transform = payload[11]

    def color(self, identifiers: tuple[int, ...]) -> Color:
        """Decide the colour space as libjpeg does, from the JFIF and Adobe markers seen so far.

        Parameters
        ----------
        identifiers : tuple of int
            Component identifiers of the frame header; 1, 3 or 4 of them.
        """
        if len(identifiers) == 1:
            return "gray"
        if len(identifiers) == 4:
            return "CMYK" if self._adobe_transform in (None, 0) else "YCCK"
        if self._jfif:
            return "YCbCr"
        if self._adobe_transform is not None:
            return "RGB" if self._adobe_transform == 0 else "YCbCr"
        return "RGB" if bytes(identifiers) == b"RGB" else "YCbCr"

    def finish(self) -> tuple[Metadata, list[str]]:
        """Put everything together; the second value says what had to be left out."""
        notes: list[str] = []
        icc = _assemble_icc(self._icc_chunks)
        if self._icc_chunks and icc is None:
            notes.append("the ICC profile is incomplete and was left out, so colours may look different")
        if self._exif and not is_tiff(self._exif):
            notes.append("the EXIF data are damaged; only JPEG files keep them")
        xmp, extended = self._xmp, self._extended_xmp.whole(self._xmp)
        if self._extended_xmp and extended is None:
            notes.append("the extended XMP is incomplete, or does not belong to the main one, and was left out")
        elif joined(xmp, extended) is None and extended is not None:
            notes.append("the extended XMP does not fit to the main one; only JPEG files keep it")
        if xmp and (kept := without_announcements(xmp)) != xmp:
            notes.append("what the XMP says about further pictures or films in the file was left out with them")
            xmp = kept
        metadata = Metadata(
            exif=self._exif or None,
            icc=icc,
            xmp=xmp or None,
            extended_xmp=extended,
            iptc=self._photoshop,
            comments=tuple(self._comments),
            density=self._density,
        )
        return metadata, notes

    def _add_jfif(self, payload: bytes) -> None:
        # libjpeg wants the two thumbnail bytes before it believes the header; the density is there without them.
        self._jfif = self._jfif or len(payload) >= 14
        unit, x, y = struct.unpack_from(">BHH", payload, 7)
        if unit <= 2 and x > 0 and y > 0:
            self._density = Density(unit, x, y)


def _assemble_icc(chunks: list[tuple[int, int, bytes]]) -> bytes | None:
    """Put an ICC profile together from its (number, total, data), or return None if something is missing.

    Copies of chunks, and numbers from 0, do no harm. Numbers and totals that are wrong do none either if the data are
    as long as the profile's own header says (ICC.1:2022, 7.2.2).
    """
    distinct = list(dict.fromkeys((number, data) for number, _, data in chunks))
    in_order = sorted(distinct)
    numbers = [number for number, _ in in_order]
    whole = {total for _, total, _ in chunks} == {len(distinct)}
    if whole and numbers in (list(range(len(numbers))), list(range(1, len(numbers) + 1))):
        return b"".join(data for _, data in in_order) or None
    for order in (in_order, distinct):
        profile = b"".join(data for _, data in order)
        if len(profile) > 4 and int.from_bytes(profile[:4], "big") == len(profile):
            return profile
    return None
