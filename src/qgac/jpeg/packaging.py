"""What lies around the segments of a file: bytes that no reader needs, and lengths that are wrong.

None of it costs a coefficient, so it is passed over and counted. There is an error only where a segment that decoding
needs cannot be made out.
"""

from __future__ import annotations

from collections.abc import Callable

from qgac.jpeg import markers
from qgac.jpeg.errors import DamageError, JPEGError

_SEGMENTS = frozenset({*range(0xC0, 0xD0), *range(0xDA, 0xE0), *range(0xE0, 0xF0), markers.COM})
_UNKNOWN = frozenset({0xC8, 0xDF, *range(0xF0, 0xFE)})
_FREE = frozenset({*range(0xE0, 0xF0), markers.COM}) | _UNKNOWN  # decoding does not need what they hold
_CREDIT = 8  # bytes by which a free segment may claim too much


class PassedOver:
    """Counts of bytes that were passed over, by what they are."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}

    def add(self, number: int, kind: str, place: str) -> None:
        """Count bytes.

        Parameters
        ----------
        number : int
            Of bytes; 0 is no matter.
        kind, place : str
            How a note names them: "`number` `kind` bytes `place` were passed over".
        """
        if number:
            self._counts[kind, place] = self._counts.get((kind, place), 0) + number

    @property
    def total(self) -> int:
        """All bytes that were counted."""
        return sum(self._counts.values())

    def take(self, other: PassedOver) -> None:
        """Add the counts of another one."""
        for (kind, place), number in other._counts.items():
            self.add(number, kind, place)

    def notes(self) -> list[str]:
        """Say what was passed over, in the order in which it was met."""
        notes = []
        for (kind, place), number in self._counts.items():
            noun, verb = ("byte", "was") if number == 1 else ("bytes", "were")
            notes.append(f"{number} {kind} {noun} {place} {verb} passed over")
        return notes


class MarkerWalk:
    """From marker to marker through a file, past everything that is no part of a segment.

    Parameters
    ----------
    content : bytes
        A whole file, beginning with a start-of-image marker.
    passed_over : PassedOver
        Takes the counts.

    Attributes
    ----------
    position : int
        Where the next marker is looked for, or the payload that belongs to the last one begins.
    strict : bool
        Whether any segment may matter.
    """

    def __init__(self, content: bytes, passed_over: PassedOver) -> None:
        self.position = 2  # behind SOI
        self.strict = True
        self._content = content
        self._passed_over = passed_over

    def next_marker(self) -> int | None:
        """Go to the next marker and return its second byte; None at the end of the file.

        Fill bytes (B.1.1.2) are no matter. Restart markers, TEM and reserved codes below 0xC0 mean nothing between
        segments and are passed over like any other bytes.

        Raises
        ------
        DamageError
            If these bytes are a segment whose marker is damaged, while `strict`.
        """
        content, start = self._content, self.position
        position = content.find(b"\xff", start)
        while 0 <= position < len(content) - 1:
            code = content[position + 1]
            if code == 0xFF:
                position += 1
            elif code < 0xC0 or markers.RST0 <= code <= markers.RST7:
                position = content.find(b"\xff", position + 2)
            else:
                break
        if not 0 <= position < len(content) - 1:
            self._count(start, len(content))
            self.position = len(content)
            return None
        self._count(start, position)
        self.position = position + 2
        return content[position + 1]

    def payload(self, marker: int) -> bytes:
        """Return what the segment of the last marker holds, and go behind it.

        A length of 0 or 1, which does not even cover itself, is passed over. Of a segment that decoding does not need,
        and whose end is amidst the marker of another one, the bytes that it claims too much are not taken.

        Raises
        ------
        DamageError
            If it is longer than the rest of the file.
        """
        content, start = self._content, self.position
        length = int.from_bytes(content[start : start + 2], "big")
        if length < 2:
            self._passed_over.add(min(4, len(content) - start + 2), "needless", "of segments without a length")
            self.position = min(start + 2, len(content))
            return b""
        end = start + length
        if end > len(content):
            raise DamageError("a segment is longer than the rest of the file")
        if marker in _FREE and content[end : end + 1] != b"\xff":
            for nearer in range(end - 1, max(end - 1 - _CREDIT, start + 1), -1):
                if begins_segment(content, nearer):
                    self._passed_over.add(end - nearer, "surplus", "of a segment's declared length")
                    end = nearer
                    break
        self.position = end
        if marker in _UNKNOWN:
            self._passed_over.add(end - start + 2, "needless", "of unknown segments")
        return content[start + 2 : end]

    def return_to(self, position: int) -> None:
        """Go back behind a marker that was none, and take it for needless bytes."""
        self._passed_over.add(2, *_STRAY)
        self.position = position

    @property
    def another_marker_follows(self) -> bool:
        """Whether a marker follows the last one at once."""
        return self._content[self.position : self.position + 1] == b"\xff"

    def at_segment(self) -> bool:
        """Say whether what follows the last marker looks like the segment it announces."""
        return begins_segment(self._content, self.position - 2)

    def _count(self, start: int, end: int) -> None:
        gap = self._content[start:end]
        if self.strict and _may_matter(gap):
            raise DamageError("the marker of a segment is damaged")
        self._passed_over.add(len(gap.rstrip(b"\xff")), *_STRAY)


_STRAY = ("stray", "between the segments")


def _may_matter(gap: bytes) -> bool:
    """Say whether bytes between segments are one that decoding needs, but for the marker that it begins with."""
    payload = gap[4:]
    if len(payload) < 2 or int.from_bytes(gap[2:4], "big") != len(payload) + 2:
        return False
    if gap[0] != 0xFF and gap[1] in _FREE:  # the second byte tells what it was
        return False
    parsers: list[Callable[[bytes], object]] = [
        markers.parse_quantization_tables,
        markers.parse_huffman_tables,
        markers.parse_restart_interval,
        lambda payload: markers.parse_frame_header(payload, "baseline"),
        lambda payload: markers.parse_scan_header(payload, "sequential"),
    ]
    for parse in parsers:
        try:
            parse(payload)
        except JPEGError:
            continue
        return True
    return False


def begins_segment(content: bytes, position: int) -> bool:
    """Say whether there is a marker whose length leads to another marker, or to the end of the file."""
    if content[position : position + 1] != b"\xff" or content[position + 1 : position + 2] not in _BYTES:
        return False
    length = int.from_bytes(content[position + 2 : position + 4], "big")
    end = position + 2 + length
    if length < 2 or end > len(content):
        return False
    return content[position + 1] == markers.SOS or content[end : end + 1] in (b"\xff", b"")


_BYTES = frozenset(bytes([code]) for code in _SEGMENTS)
