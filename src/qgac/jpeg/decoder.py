"""From marker to marker through a file (ITU-T T.81, Annex B), up to the end of its first picture."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from qgac.jpeg import markers
from qgac.jpeg.errors import DamageError, JPEGError
from qgac.jpeg.frame import Frame
from qgac.jpeg.huffman import HuffmanTables
from qgac.jpeg.image import Color, JPEGImage
from qgac.jpeg.limits import MAX_SCANS
from qgac.jpeg.markers import FrameHeader, ScanHeader
from qgac.jpeg.metadata import MetadataCollector
from qgac.jpeg.packaging import MarkerWalk, PassedOver
from qgac.jpeg.segments import EntropyData, split_entropy_data

_SHORTEST_SCAN = 11  # bytes
_SEEN = 1 << 20  # bytes behind the picture that are looked through for another one


class Decoder:
    """The state between two markers (B.2.1): tables, restart interval, frame.

    Parameters
    ----------
    content : bytes
        A file from its start-of-image marker on.
    tolerant : bool
        Whether to keep what can be decoded of damaged data.
    max_pixels : int
        Largest number of pixels that is accepted.
    skipped : int
        Bytes of the file before `content`.
    """

    def __init__(self, content: bytes, *, tolerant: bool, max_pixels: int, skipped: int = 0) -> None:
        self._content = content
        self._data: npt.NDArray[np.uint8] = np.frombuffer(content, np.uint8)
        self._tolerant = tolerant
        self._max_pixels = max_pixels
        self._passed_over = PassedOver()
        self._passed_over.add(skipped, "needless", "before the picture")
        self._walk = MarkerWalk(content, self._passed_over)
        self._metadata = MetadataCollector()
        self._huffman = HuffmanTables()
        self._quantization: dict[int, npt.NDArray[np.uint16]] = {}
        self._restart_interval = 0
        self._header: FrameHeader | None = None
        self._frame: Frame | None = None  # there from the first scan on
        self._color: Color = "gray"
        self._scans = 0
        self._ended = False  # properly
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
            if sum(frame.shares()) >= 1.0:
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
        missing, unsent = frame.shares()
        if not self._ended:
            missing, unsent = missing + unsent, 0.0
        if frame.has_zero_steps:
            self._notes.append("a quantisation step is zero, and so are its coefficients, as other programs show them")
        self._notes += self._passed_over.notes()
        if unsent > 0.0:
            self._notes.append(f"the scans of the file leave {unsent:.1%} of the refinement out")
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
        try:
            return self._read_up_to_the_end()
        except DamageError:
            if self._header is None:
                self._refuse_unsupported()
            raise

    def _read_up_to_the_end(self) -> Frame:
        walk = self._walk
        while True:
            complete = self._frame is not None and self._frame.complete
            walk.strict = not (complete or self._tolerant)
            marker = walk.next_marker()
            if marker is None or marker == markers.EOI:
                return self._end(marker)
            if complete:
                if marker == markers.SOI and walk.another_marker_follows:
                    return self._end(marker)
                self._read_behind_the_picture(marker)
            elif marker == markers.SOI:
                if self._header is not None:
                    raise DamageError("another picture begins before the first one is complete")
                self._passed_over.add(2, "stray", "between the segments")
            elif marker in markers.UNSUPPORTED:
                raise JPEGError(markers.UNSUPPORTED[marker])
            else:
                self._read_segment(marker, walk.payload(marker))

    def _read_behind_the_picture(self, marker: int) -> None:
        """Read a segment when nothing is missing any more, unless what looks like one is a part of stray bytes."""
        position = self._walk.position
        if not self._walk.at_segment() or marker in markers.UNSUPPORTED:
            self._walk.return_to(position)
            return
        payload = self._walk.payload(marker)
        try:
            if marker == markers.SOS:
                markers.parse_scan_header(payload, self._scan_kind())
            elif marker in markers.FRAMES:
                markers.parse_frame_header(payload, markers.FRAMES[marker])
            elif marker != markers.COM and not markers.APP0 <= marker <= markers.APP15:
                return  # tables that nothing uses any more
        except JPEGError:
            self._walk.return_to(position)
            return
        self._read_segment(marker, payload)

    def _refuse_unsupported(self) -> None:
        """Look ahead for the frame header, and say so if it is of a kind that is not supported.

        Tables of such files may be wrong for those that are.
        """
        walk = self._look_ahead(self._walk.position)
        try:
            while (marker := walk.next_marker()) not in (None, markers.SOS, markers.EOI):
                assert marker is not None
                if marker in markers.UNSUPPORTED:
                    raise JPEGError(markers.UNSUPPORTED[marker])
                payload = walk.payload(marker)
                if marker in markers.FRAMES:
                    markers.parse_frame_header(payload, markers.FRAMES[marker])
        except DamageError:
            return

    def _look_ahead(self, position: int) -> MarkerWalk:
        walk = MarkerWalk(self._content, PassedOver())
        walk.position = position
        walk.strict = False
        return walk

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
        # A DNL segment that is needed has been read with the first scan, DAC concerns arithmetic coding only, and the
        # remaining markers are reserved.

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
        scan = markers.parse_scan_header(payload, self._scan_kind())
        data = split_entropy_data(self._data, self._walk.position, tolerant=self._tolerant)
        if self._frame is None:
            self._color = self._metadata.color(tuple(part.identifier for part in self._header.components))
            self._decode_first_scan(scan, data)
        else:
            self._decode_scan(self._frame, scan, data, tolerant=self._tolerant)
        self._walk.position = data.end

    def _scan_kind(self) -> Literal["sequential", "progressive"]:
        progressive = self._header is not None and self._header.process == "progressive"
        return "progressive" if progressive else "sequential"

    def _decode_scan(self, frame: Frame, scan: ScanHeader, data: EntropyData, *, tolerant: bool) -> None:
        passed_over = PassedOver()
        tables = self._huffman, self._quantization
        notes = frame.decode_scan(scan, data, *tables, self._restart_interval, passed_over, tolerant=tolerant)
        self._notes += notes
        self._passed_over.take(passed_over)

    def _decode_first_scan(self, scan: ScanHeader, data: EntropyData) -> None:
        """Decode the first scan, for which the height must be known, be it from a DNL segment behind it (B.2.5).

        There are scanners that write the largest height into the frame header and the true one into a DNL segment. The
        data decide: they must hold the blocks of one of the two, and nothing else.
        """
        assert self._header is not None
        declared, late = self._header.height, self._late_height(data.end)
        heights = [height for height in dict.fromkeys((late, declared)) if height]
        if not heights:
            raise DamageError("the height of the picture is given nowhere")
        for height in heights if len(heights) == 2 else []:
            try:
                frame = self._new_frame(height)
                self._decode_scan(frame, scan, data, tolerant=False)
            except JPEGError:
                continue
            self._frame = frame
            if height != declared:
                self._notes.append(
                    f"a segment behind the data gives the height; the frame header says {declared} lines"
                )
            return
        self._frame = self._new_frame(heights[0])
        self._decode_scan(self._frame, scan, data, tolerant=self._tolerant)

    def _new_frame(self, height: int) -> Frame:
        assert self._header is not None
        return Frame(replace(self._header, height=height), len(self._content), self._max_pixels)

    def _late_height(self, position: int) -> int | None:
        """Return the height that a DNL segment behind the first scan gives, if there is one."""
        walk = self._look_ahead(position)
        if walk.next_marker() != markers.DNL:
            return None
        try:
            return markers.parse_number_of_lines(walk.payload(markers.DNL))
        except DamageError:
            if self._header is not None and self._header.height == 0:
                raise
            return None

    def _end(self, marker: int | None) -> Frame:
        """Check at the end of the picture that it is all there, and say what lies behind it."""
        frame = self._frame
        if frame is None:
            raise DamageError("the file ends before the picture begins")
        if not frame.complete:
            if marker is None:
                raise DamageError("the file ends early")
            # Scans that were never sent leave no bytes behind.
            valid = frame.header.process == "progressive" and frame.begun
            if not valid or self._passed_over.total >= _SHORTEST_SCAN:
                raise DamageError("scans of the picture are missing")
        self._ended = True
        position = self._walk.position
        if marker == markers.SOI:
            position -= 2
        if marker != markers.EOI:
            self._notes.append("the end-of-image marker is missing")
        behind = memoryview(self._content)[position:]
        if bytes(behind[:_SEEN]).lstrip(b"\0").startswith(b"\xff\xd8\xff"):
            self._notes.append("the file holds further pictures, of which only the first was read")
        elif behind:
            self._notes.append(f"{len(behind)} bytes behind the picture were ignored")
        return frame
