"""From marker to marker through a file (ITU-T T.81, Annex B), up to the end of its first picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from qgac.jpeg import markers
from qgac.jpeg.errors import DamageError, JPEGError
from qgac.jpeg.frame import Frame
from qgac.jpeg.huffman import HuffmanTables
from qgac.jpeg.image import Color, JPEGImage
from qgac.jpeg.limits import MAX_SCANS
from qgac.jpeg.markers import FrameHeader
from qgac.jpeg.metadata import MetadataCollector
from qgac.jpeg.segments import EntropyData, split_entropy_data


class Decoder:
    """The state between two markers (B.2.1): tables, restart interval, frame.

    Parameters
    ----------
    content : bytes
        A whole file, beginning with a start-of-image marker.
    tolerant : bool
        Whether to keep what can be decoded of damaged data.
    max_pixels : int
        Largest number of pixels that is accepted.
    """

    def __init__(self, content: bytes, *, tolerant: bool, max_pixels: int) -> None:
        self._content = content
        self._data: npt.NDArray[np.uint8] = np.frombuffer(content, np.uint8)
        self._tolerant = tolerant
        self._max_pixels = max_pixels
        self._position = 2  # behind SOI
        self._metadata = MetadataCollector()
        self._huffman = HuffmanTables()
        self._quantization: dict[int, npt.NDArray[np.uint16]] = {}
        self._restart_interval = 0
        self._header: FrameHeader | None = None
        self._frame: Frame | None = None  # there from the first scan on
        self._color: Color = "gray"
        self._scans = 0
        self._notes: list[str] = []

    def read(self) -> JPEGImage:
        """Read the picture; to be called once.

        Raises
        ------
        JPEGError
            As :func:`qgac.jpeg.reader.read_jpeg` says.
        """
        if not self._tolerant:
            return self._image(self._read_segments())
        try:
            frame = self._read_what_can_be_read()
            if frame.missing >= 1.0:
                raise DamageError("no part of the picture can be decoded")
            return self._image(frame)
        except DamageError as error:
            raise JPEGError(f"the file is damaged beyond repair: {error.cause}; get an undamaged copy") from error

    def _read_what_can_be_read(self) -> Frame:
        try:
            return self._read_segments()
        except JPEGError as error:
            if self._frame is None:
                raise
            cause = error.cause if isinstance(error, DamageError) else str(error)
            self._notes.append(f"reading stopped before the end of the file: {cause}")
            return self._frame

    def _image(self, frame: Frame) -> JPEGImage:
        missing = frame.missing
        if missing > 0.0:
            self._notes.append(f"{missing:.1%} of the picture data are missing")
        metadata, metadata_notes = self._metadata.finish()
        return JPEGImage(
            width=frame.header.width,
            height=frame.header.height,
            color=self._color,
            components=frame.components(self._quantization),
            metadata=metadata,
            process=frame.header.process,
            # Photoshop stores inks inverted, and so does everyone after it (Pillow and ImageMagick do not even ask
            # for its marker).
            inverted=self._color in ("CMYK", "YCCK"),
            missing=missing,
            notes=tuple(dict.fromkeys(self._notes + metadata_notes)),
        )

    def _read_segments(self) -> Frame:
        """Read marker after marker up to the end of the picture."""
        while True:
            marker = self._next_marker()
            if marker is None or marker == markers.EOI:
                return self._end(marker)
            if marker == markers.TEM or markers.RST0 <= marker <= markers.RST7:
                if not self._tolerant:
                    raise DamageError(f"a marker is out of place (FF {marker:02X})")
                continue
            if marker in markers.UNSUPPORTED:
                raise JPEGError(markers.UNSUPPORTED[marker])
            self._read_segment(marker, self._payload())

    def _read_segment(self, marker: int, payload: bytes) -> None:
        if marker == markers.DQT:
            self._quantization.update(markers.parse_quantization_tables(payload))
        elif marker == markers.DHT:
            for specification in markers.parse_huffman_tables(payload):
                self._huffman.define(specification)
        elif marker == markers.DRI:
            self._restart_interval = markers.parse_restart_interval(payload)
        elif marker in markers.FRAMES:
            self._begin_frame(markers.parse_frame_header(payload, markers.FRAMES[marker]))
        elif marker == markers.SOS:
            self._read_scan(payload)
        elif marker == markers.COM or markers.APP0 <= marker <= markers.APP15:
            self._metadata.add(marker, payload)
        elif marker not in (markers.DNL, markers.DAC) and not self._tolerant:
            # A DNL segment that is needed has been read with the first scan; DAC concerns arithmetic coding only.
            raise DamageError(f"a marker is out of place (FF {marker:02X})")

    def _next_marker(self) -> int | None:
        """Go to the next marker, past fill bytes (B.1.1.2), and return its second byte; None at the end."""
        content = self._content
        start = self._position
        position = content.find(b"\xff", start)
        while position >= 0:
            code = content[position + 1 : position + 2]
            if code == b"\xff":
                position += 1
            elif code == b"\0" or (code and self._tolerant and code[0] < 0xC0):
                position = content.find(b"\xff", position + 2)
            else:
                break
        if position < 0 or position + 1 >= len(content):
            self._position = len(content)
            return None
        if content[start:position].strip(b"\xff"):
            if not self._tolerant:
                raise DamageError("there are stray bytes between the segments")
            self._notes.append("stray bytes between the segments were passed over")
        self._position = position + 2
        return content[position + 1]

    def _payload(self) -> bytes:
        """Return what a segment holds, and go behind it."""
        start = self._position
        length = int.from_bytes(self._content[start : start + 2], "big")
        if length < 2 or start + length > len(self._content):
            raise DamageError("a segment is longer than the rest of the file" if length >= 2 else "a segment is empty")
        self._position = start + length
        return self._content[start + 2 : start + length]

    def _begin_frame(self, header: FrameHeader) -> None:
        if self._header is not None:
            raise JPEGError("the file declares two frames, which no ordinary JPEG does; get another copy of it")
        self._header = header
        if header.process != "progressive":
            self._huffman.define_standard()

    def _read_scan(self, payload: bytes) -> None:
        if self._header is None:
            raise DamageError("a scan begins before the frame header")
        self._scans += 1
        if self._scans > MAX_SCANS:
            raise DamageError(f"there are more than {MAX_SCANS} scans")
        progressive = self._header.process == "progressive"
        scan = markers.parse_scan_header(payload, "progressive" if progressive else "sequential")
        data = split_entropy_data(self._data, self._position, tolerant=self._tolerant)
        if self._frame is None:
            self._color = self._metadata.color(tuple(part.identifier for part in self._header.components))
            header = self._header if self._header.height else self._with_late_height(self._header, data)
            self._frame = Frame(header, len(self._content), self._max_pixels)
        self._position = data.end
        self._notes += self._frame.decode_scan(
            scan, data, self._huffman, self._quantization, self._restart_interval, tolerant=self._tolerant
        )

    def _with_late_height(self, header: FrameHeader, data: EntropyData) -> FrameHeader:
        """Look behind the first scan for the DNL segment that gives the height (B.2.5)."""
        segment = self._content[data.end : data.end + 6]
        if segment[:4] != bytes([0xFF, markers.DNL, 0, 4]):
            raise DamageError("the height of the picture is given nowhere")
        return replace(header, height=markers.parse_number_of_lines(segment[4:]))

    def _end(self, marker: int | None) -> Frame:
        """Check at the end of the picture that it is all there, and say what lies behind it."""
        frame = self._frame
        if frame is None:
            raise DamageError("the file ends before the picture begins")
        if not frame.complete:
            raise DamageError("the file ends early" if marker is None else "scans of the picture are missing")
        remainder = len(self._content) - self._position
        if marker is None:
            self._notes.append("the end-of-image marker is missing")
        elif self._content[self._position :].lstrip(b"\0").startswith(b"\xff\xd8\xff"):
            self._notes.append("the file holds further pictures, of which only the first was read")
        elif remainder:
            self._notes.append(f"{remainder} bytes behind the picture were ignored")
        return frame
