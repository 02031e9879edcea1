"""The frame as it fills up, scan by scan: where blocks lie, which restart segment holds which MCUs, what is missing.

This is the part of the decoder between the headers (:mod:`qgac.jpeg.markers`) and the bits
(:mod:`qgac.jpeg.entropy`, :mod:`qgac.jpeg.progressive`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from qgac.jpeg import entropy
from qgac.jpeg.errors import DamageError, TooLargeError
from qgac.jpeg.huffman import HuffmanTables
from qgac.jpeg.image import NEVER, Component, ceil_divide
from qgac.jpeg.kernels import Coefficients, Integers, Words
from qgac.jpeg.limits import MAX_BLOCKS_PER_BYTE, MAX_VISITS_PER_BYTE
from qgac.jpeg.markers import NATURAL_ORDER, ComponentHeader, FrameHeader, ScanHeader
from qgac.jpeg.packaging import PassedOver
from qgac.jpeg.segments import EntropyData, assign_mcus
from qgac.jpeg.verdict import Continue, judge

_NOT_SENT = -1


@dataclass(eq=False)
class Plane:
    """The blocks of one component.

    Rows and columns are those the picture needs; the buffer also holds the blocks that fill the last MCUs up
    (ITU-T T.81, A.2.4).
    """

    header: ComponentHeader
    rows: int
    columns: int
    padded_rows: int
    padded_columns: int
    offset: int  # of the first coefficient in the frame's buffer
    table: npt.NDArray[np.uint16] | None = None
    # Bits still to come of each coefficient, in zig-zag order ("Al" of the last scan that brought it).
    precision: npt.NDArray[np.int64] = field(default_factory=lambda: np.full(64, _NOT_SENT, np.int64))
    # Shares of the coefficients that scans were to bring, and that have come, see `Frame.missing`.
    announced: float = 0.0
    arrived: float = 0.0
    # As `precision`, but for refinements that are there in part only.
    certain: npt.NDArray[np.int64] = field(default_factory=lambda: np.full(64, _NOT_SENT, np.int64))

    @property
    def unsent(self) -> npt.NDArray[np.uint8] | None:
        """What the scans leave out, see :class:`qgac.jpeg.image.Component`."""
        if not self.certain.any() or self.certain[0] == _NOT_SENT:  # nothing known, nothing to build upon
            return None
        result = np.empty(64, np.uint8)
        result[NATURAL_ORDER] = np.where(self.certain == _NOT_SENT, NEVER, self.certain)
        return result.reshape(8, 8)


class Frame:
    """The coefficients of a picture while its scans come in.

    Parameters
    ----------
    header : FrameHeader
        The frame header, its height filled in.
    file_size : int
        Bytes of the whole file.
    max_pixels : int
        Largest number of pixels that is accepted.

    Raises
    ------
    JPEGError
        If the picture is too large or cannot be as large as it says; before anything is allocated.
    """

    def __init__(self, header: FrameHeader, file_size: int, max_pixels: int) -> None:
        self.header = header
        self.planes: list[Plane] = []
        self._visits_left = MAX_VISITS_PER_BYTE * file_size
        pixels = header.width * header.height
        if pixels > max_pixels:
            raise TooLargeError(
                f"the picture has {header.width} x {header.height} = {pixels / 1e6:.1f} million pixels, more than the "
                f"limit of {max_pixels / 1e6:g} million; raise the limit (--max-pixels) if it is to be read"
            )
        horizontal_max = max(component.horizontal for component in header.components)
        vertical_max = max(component.vertical for component in header.components)
        self._mcu_columns = ceil_divide(header.width, 8 * horizontal_max)
        self._mcu_rows = ceil_divide(header.height, 8 * vertical_max)
        size = 0
        for component in header.components:
            plane = Plane(
                header=component,
                rows=ceil_divide(ceil_divide(header.height * component.vertical, vertical_max), 8),
                columns=ceil_divide(ceil_divide(header.width * component.horizontal, horizontal_max), 8),
                padded_rows=self._mcu_rows * component.vertical,
                padded_columns=self._mcu_columns * component.horizontal,
                offset=size,
            )
            self.planes.append(plane)
            size += 64 * plane.padded_rows * plane.padded_columns
        if size // 64 > MAX_BLOCKS_PER_BYTE * file_size:
            raise DamageError(
                f"a picture of {header.width} x {header.height} pixels cannot be held by a file of {file_size} bytes"
            )
        self._coefficients = np.zeros(size, np.int16)

    def shares(self) -> tuple[float, float]:
        """Return the share of the coefficients that scans announced but their data did not bring, and the share unsent.

        Both are 0..1. A coefficient that lacks its last n bits, in a progressive picture, counts as 1 / (1 + n) of one
        that has come.
        """
        needed = sum(plane.rows * plane.columns for plane in self.planes)
        announced = sum(plane.announced * plane.rows * plane.columns for plane in self.planes) / needed
        arrived = sum(plane.arrived * plane.rows * plane.columns for plane in self.planes) / needed
        # Without the rounding errors of the sums.
        return max(0.0, round(announced - arrived, 9)), max(0.0, round(1.0 - announced, 9))

    @property
    def begun(self) -> bool:
        """Whether the mean of every block of every component has been announced."""
        return all(plane.precision[0] != _NOT_SENT for plane in self.planes)

    @property
    def complete(self) -> bool:
        """Whether scans have brought all coefficients of all components to full precision."""
        return all((plane.precision == 0).all() for plane in self.planes)

    @property
    def has_zero_steps(self) -> bool:
        """Whether a component's quantisation table holds a step of zero, which libjpeg multiplies levels by."""
        return any(plane.table is not None and not plane.table.all() for plane in self.planes)

    def decode_scan(
        self,
        scan: ScanHeader,
        data: EntropyData,
        huffman: HuffmanTables,
        quantization: dict[int, npt.NDArray[np.uint16]],
        restart_interval: int,
        passed_over: PassedOver,
        *,
        tolerant: bool,
    ) -> list[str]:
        """Decode one scan into the coefficients.

        Parameters
        ----------
        scan : ScanHeader
            Its header.
        data : EntropyData
            Its data.
        huffman : HuffmanTables
            The Huffman tables as they are now.
        quantization : dict of int to ndarray of uint16, shape (8, 8)
            The quantisation tables as they are now; a component keeps the one its first scan finds.
        restart_interval : int
            MCUs between restart markers, 0 for none.
        passed_over : PassedOver
            Takes the needless bytes of the scan.
        tolerant : bool
            Whether to keep what can be decoded of damaged data.

        Returns
        -------
        list of str
            What is worth telling the user.

        Raises
        ------
        DamageError
            If the scan contradicts what came before; also, unless `tolerant`, if its data are damaged.
        """
        planes = self._select_planes(scan)
        self._check_progression(planes, scan)
        for plane in planes:
            _latch_table(plane, quantization)
        layout = self._lay_out(planes, scan, huffman)
        if len(planes) == 1:
            columns, rows = planes[0].columns, planes[0].rows
        else:
            columns, rows = self._mcu_columns, self._mcu_rows
        self._visits_left -= columns * rows * len(layout)
        if self._visits_left < 0:
            raise DamageError("there are more scans than a file of this size can hold")
        intervals = assign_mcus(data.extents, columns * rows, restart_interval, tolerant=tolerant)
        faults = list(intervals.faults)
        if data.needless:
            faults.append("fill bytes within the data of a scan were left out")
        passed_over.add(2 * intervals.needless_markers, "needless", "of restart markers")
        passed_over.add(intervals.needless_bytes, "needless", "after the data of a scan")
        segments = intervals.segments
        outcomes = np.zeros((len(segments), 3), np.int64)
        self._run_kernel(scan, data.words, segments, layout, columns, huffman, self._coefficients, outcomes)
        further = self._further_blocks(scan, layout, huffman)
        notes = judge(data.words, segments, outcomes, columns * rows, faults, further, passed_over, tolerant=tolerant)

        for plane in planes:
            plane.precision[scan.first : scan.last + 1] = scan.low
            gain = 1 / (1 + scan.low) - (1 / (1 + scan.high) if scan.high else 0)
            decoded = int(outcomes[:, 1].sum()) / (columns * rows)
            if decoded == 1 or scan.high == 0:  # a part of a first scan says more than none at all
                plane.certain[scan.first : scan.last + 1] = scan.low
            plane.announced += gain * (scan.last - scan.first + 1) / 64
            plane.arrived += gain * decoded * (scan.last - scan.first + 1) / 64
        return notes

    def components(self, quantization: dict[int, npt.NDArray[np.uint16]]) -> tuple[Component, ...]:
        """Return the components as far as they are decoded.

        Parameters
        ----------
        quantization : dict of int to ndarray of uint16, shape (8, 8)
            The quantisation tables at the end of the file, for components no scan of which was found.

        Raises
        ------
        DamageError
            If the quantisation table of such a component is missing as well.
        """
        components = []
        for plane in self.planes:
            table = _latch_table(plane, quantization)
            size = 64 * plane.padded_rows * plane.padded_columns
            blocks = self._coefficients[plane.offset : plane.offset + size]
            blocks = blocks.reshape(plane.padded_rows, plane.padded_columns, 8, 8)[: plane.rows, : plane.columns]
            if not table.all():  # a level times zero is zero, whatever the level
                blocks *= table != 0
                table = np.maximum(table, 1)
            factors = plane.header.horizontal, plane.header.vertical
            components.append(Component(blocks, table, *factors, plane.unsent))
        return tuple(components)

    def _select_planes(self, scan: ScanHeader) -> list[Plane]:
        """Find the components of a scan, which stand in the order of the frame header (B.2.3)."""
        planes: list[Plane] = []
        candidates = iter(self.planes)
        for identifier, _, _ in scan.selectors:
            plane = next((plane for plane in candidates if plane.header.identifier == identifier), None)
            if plane is None:
                raise DamageError("a scan header (SOS) names components that the frame header does not")
            planes.append(plane)
        if len(planes) > 1 and sum(plane.header.horizontal * plane.header.vertical for plane in planes) > 10:
            raise DamageError("a scan has more than ten blocks in its coding unit")
        return planes

    @staticmethod
    def _check_progression(planes: list[Plane], scan: ScanHeader) -> None:
        """Refuse scans that come twice or refine what is not there (G.1.1.1); it bounds the work as well."""
        for plane in planes:
            expected = scan.high if scan.high else _NOT_SENT
            repeated = (plane.precision[scan.first : scan.last + 1] != expected).any()
            if repeated or (scan.first > 0 and plane.precision[0] == _NOT_SENT):
                raise DamageError("the scans repeat or contradict each other")

    def _lay_out(self, planes: list[Plane], scan: ScanHeader, huffman: HuffmanTables) -> npt.NDArray[np.int64]:
        """Describe the blocks of an MCU for the kernels (A.2.2 and A.2.3)."""
        layout = []
        for component, (plane, (_, dc_slot, ac_slot)) in enumerate(zip(planes, scan.selectors, strict=True)):
            dc_row, ac_row = huffman.row("DC", dc_slot), huffman.row("AC", ac_slot)
            needs_dc = scan.first == 0 and scan.high == 0
            for row in [dc_row] * needs_dc + [ac_row] * (scan.last > 0):
                huffman.check(row)
            interleaved = len(planes) > 1
            across = plane.header.horizontal if interleaved else 1
            down = plane.header.vertical if interleaved else 1
            row_step = 64 * plane.padded_columns
            for y in range(down):
                for x in range(across):
                    start = plane.offset + y * row_step + 64 * x
                    layout.append((component, start, 64 * across, row_step * down, dc_row, ac_row))
        return np.array(layout, np.int64)

    def _run_kernel(
        self,
        scan: ScanHeader,
        words: Words,
        segments: Integers,
        layout: Integers,
        columns: int,
        huffman: HuffmanTables,
        coefficients: Coefficients,
        outcomes: Integers,
    ) -> None:
        shared = (words, segments, layout, columns, huffman.short_codes, huffman.long_codes, coefficients)
        if self.header.process != "progressive":
            entropy.decode_sequential(*shared, np.empty(4, np.int64), outcomes)
            return
        from qgac.jpeg import progressive  # machine code that most files do not need

        if scan.first == 0:
            predictions = np.empty(4, np.int64)
            progressive.decode_progressive_dc(*shared, scan.high > 0, scan.low, predictions, outcomes)
        elif scan.high == 0:
            progressive.decode_progressive_ac_first(*shared, scan.first, scan.last, scan.low, outcomes)
        else:
            progressive.decode_progressive_ac_refine(*shared, scan.first, scan.last, scan.low, outcomes)

    def _further_blocks(self, scan: ScanHeader, layout: Integers, huffman: HuffmanTables) -> Continue:
        """Return what decodes blocks of a scan without end and keeps none of them."""
        in_place = layout.copy()
        in_place[:, 1] = 64 * np.arange(len(layout))
        in_place[:, 2:4] = 0
        scratch = np.zeros(64 * len(layout), np.int16)

        def further(words: Words, segments: Integers, outcomes: Integers) -> None:
            if scan.first == 0 or scan.high == 0:  # how AC is refined depends on the block
                self._run_kernel(scan, words, segments, in_place, 1 << 31, huffman, scratch, outcomes)

        return further


def _latch_table(plane: Plane, quantization: dict[int, npt.NDArray[np.uint16]]) -> npt.NDArray[np.uint16]:
    """Keep the quantisation table that is in force when a component's first scan begins."""
    if plane.table is not None:
        return plane.table
    table = quantization.get(plane.header.table_slot)
    if table is None:
        raise DamageError("a component uses a quantisation table that the file does not hold")
    plane.table = table
    return table
