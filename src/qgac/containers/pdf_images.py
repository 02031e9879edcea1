"""The JPEG images of a PDF document (ISO 32000-1, 7.4.8 and 8.9): where they are, and what stands around their data."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pikepdf

from qgac.containers.color_key import transparent
from qgac.containers.jpeg_file import has_adobe_marker
from qgac.jpeg.errors import JPEGError
from qgac.jpeg.image import JPEGImage

__all__ = ["FAULTS", "Image", "find_images", "inline_jpegs"]

FAULTS = (pikepdf.PdfError, RuntimeError, ValueError, TypeError, KeyError, AttributeError, OverflowError, zlib.error)
"""What comes of objects that are not what they should be."""

_JPEG = ("/DCTDecode", "/DCT")
_END = b"\xff\xd9"
_BEFORE = ("/FlateDecode", "/Fl", "/ASCII85Decode", "/A85", "/ASCIIHexDecode", "/AHx", "/LZWDecode", "/LZW")
_LARGEST = 1 << 30  # bytes of a picture
_LARGEST_CONTENT = 1 << 26  # bytes of a page's operators that are looked through
_INLINE = re.compile(rb"(?:^|\s)BI\s(?:(?!\sID\s).){0,1000}?/DCT", re.DOTALL)
_COMPONENTS = {"/DeviceGray": 1, "/CalGray": 1, "/G": 1, "/DeviceRGB": 3, "/CalRGB": 3, "/RGB": 3, "/Lab": 3}
_COMPONENTS |= {"/DeviceCMYK": 4, "/CMYK": 4, "/Separation": 1}


@dataclass
class Image:
    """An image whose data are a JPEG file.

    Attributes
    ----------
    pdf : pikepdf.Pdf
    stream : pikepdf.Stream
    name : str
        By page and resource, or by its number.
    filters : list of str
        Those before the last, which is DCTDecode.
    parameters : list
        Dictionaries of all filters, or None.
    """

    pdf: pikepdf.Pdf
    stream: Any
    name: str
    filters: list[str]
    parameters: list[Any] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of the data."""
        return len(self.stream.read_raw_bytes())

    @property
    def color_transform(self) -> dict[str, Any] | None:
        """The parameters of the JPEG filter as they are, or None."""
        last = self.parameters[-1] if self.parameters else None
        return dict(last.items()) if isinstance(last, pikepdf.Dictionary) and len(last) else None

    def content(self) -> bytes:
        """Return the JPEG file.

        Raises
        ------
        JPEGError
            If filters before the last one cannot be undone.
        """
        data = self.stream.read_raw_bytes()
        for number, name in enumerate(self.filters):
            if number < len(self.parameters) and not _as_usual(self.parameters[number]):
                raise JPEGError("it is compressed in an unusual way; convert the document first")
            data = _undone(name, data)
        trimmed = bytes(data).rstrip(b"\r\n\0")  # streams end with a line, and Ghostscript ends pictures twice
        while trimmed.endswith(2 * _END):
            trimmed = trimmed.removesuffix(_END)
        return trimmed if trimmed.endswith(_END) else bytes(data)

    def read(self, *, tolerant: bool, max_pixels: int) -> JPEGImage:
        """Return the picture as viewers understand it.

        Raises
        ------
        JPEGError
            If it cannot be read, or must stay as it is.
        """
        try:
            return self._read(tolerant=tolerant, max_pixels=max_pixels)
        except FAULTS as error:
            if isinstance(error, JPEGError):
                raise
            raise JPEGError(f"what the document says about it is damaged ({error}); get an undamaged copy") from error

    def _read(self, *, tolerant: bool, max_pixels: int) -> JPEGImage:
        from qgac.jpeg.reader import read_jpeg  # loaded when it is needed

        reason = _reason_to_leave(self.stream)
        if reason is not None:
            raise JPEGError(reason)
        content = self.content()
        if isinstance(self.stream.get("/Mask"), pikepdf.Array):
            transparent(content, [int(bound) for bound in self.stream.Mask])  # which put() will need
        image = read_jpeg(content, tolerant=tolerant, max_pixels=max_pixels)
        expected = _components(self.stream.get("/ColorSpace"))
        if expected is not None and expected != len(image.components):
            raise JPEGError("its colour space has another number of components; get an undamaged copy")
        transform = (self.color_transform or {}).get("/ColorTransform")
        if transform is not None and not has_adobe_marker(content):  # which would prevail (Table 13)
            if len(image.components) == 3:
                image = replace(image, color="YCbCr" if int(transform) else "RGB")
            elif len(image.components) == 4:
                image = replace(image, color="YCCK" if int(transform) else "CMYK")
        return image

    def put(self, data: bytes, filter_name: str, parameters: dict[str, Any] | None) -> None:
        """Exchange the data; a colour key, which is about the old ones, becomes a mask."""
        key = self.stream.get("/Mask")
        if isinstance(key, pikepdf.Array):
            stencil = transparent(self.content(), [int(bound) for bound in key])
            mask = self.pdf.make_stream(
                zlib.compress(np.packbits(stencil, axis=1).tobytes()),
                Type=pikepdf.Name.XObject,
                Subtype=pikepdf.Name.Image,
                ImageMask=True,
                BitsPerComponent=1,
                Width=stencil.shape[1],
                Height=stencil.shape[0],
                Filter=pikepdf.Name.FlateDecode,
            )
            self.stream.Mask = mask
        decode_parms = None if parameters is None else pikepdf.Dictionary(parameters)
        self.stream.write(data, filter=pikepdf.Name(filter_name), decode_parms=decode_parms)


def find_images(pdf: pikepdf.Pdf) -> list[Image]:
    """Find all JPEG images, in the order of the pages, then those that no page names."""
    named = list(_named(pdf))
    names = dict(reversed(named))  # where one is named several times, the first name counts
    order = {number: place for place, number in enumerate(dict(named))}
    images = []
    for obj in pdf.objects:
        if not isinstance(obj, pikepdf.Stream):
            continue
        filters = [str(name) for name in _listed(obj.get("/Filter"))]
        if not filters or filters[-1] not in _JPEG:
            continue
        parameters = _listed(obj.get("/DecodeParms", obj.get("/DP")))
        name = names.get(obj.objgen, f"object {obj.objgen[0]}")
        images.append(Image(pdf, obj, name, filters[:-1], parameters))
    return sorted(images, key=lambda image: order.get(image.stream.objgen, len(order)))


def inline_jpegs(pdf: pikepdf.Pdf) -> int:
    """Count the JPEG images within the operators of pages and forms."""
    number = 0
    for obj in _contents(pdf):
        try:
            data = obj.read_raw_bytes()
            filters = [str(name) for name in _listed(obj.get("/Filter"))]
            for name in filters:
                data = _undone(name, data, _LARGEST_CONTENT)
        except FAULTS:
            continue  # no picture of ours; what shows pages will tell
        number += len(_INLINE.findall(data))
    return number


def _contents(pdf: pikepdf.Pdf) -> Iterator[Any]:
    """Yield the streams that hold operators."""
    for page in pdf.pages:
        for stream in _listed(page.obj.get("/Contents")):
            if isinstance(stream, pikepdf.Stream):
                yield stream
    for obj in pdf.objects:
        if isinstance(obj, pikepdf.Stream) and obj.get("/Subtype") == "/Form":
            yield obj


def _named(pdf: pikepdf.Pdf) -> Iterator[tuple[tuple[int, int], str]]:
    """Yield numbers and names of all streams that pages lead to."""
    for number, page in enumerate(pdf.pages, 1):
        seen: set[tuple[int, int]] = set()
        thumbnail = page.obj.get("/Thumb")
        yield from _below(page.obj.get("/Resources"), f"page {number}, ", seen)
        if isinstance(thumbnail, pikepdf.Stream):
            yield thumbnail.objgen, f"page {number}, thumbnail"


def _below(resources: Any, prefix: str, seen: set[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], str]]:
    if not isinstance(resources, pikepdf.Dictionary) or not isinstance(resources.get("/XObject"), pikepdf.Dictionary):
        return
    for key, obj in resources["/XObject"].items():
        if not isinstance(obj, pikepdf.Stream) or obj.objgen in seen:
            continue
        seen.add(obj.objgen)
        name = prefix + str(key).removeprefix("/")
        yield obj.objgen, name
        mask = obj.get("/SMask")
        if isinstance(mask, pikepdf.Stream):
            yield mask.objgen, f"{name}, soft mask"
        yield from _below(obj.get("/Resources"), f"{name}, ", seen)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, pikepdf.Array) else [value]


def _as_usual(parameters: Any) -> bool:
    """Whether the parameters of a filter say no more than that there are none."""
    return parameters is None or all(key == "/Predictor" and value == 1 for key, value in parameters.items())


def _undone(name: str, data: bytes, limit: int = _LARGEST) -> bytes:
    """Undo one filter; what would become larger than `limit` is cut off there."""
    if name in ("/FlateDecode", "/Fl"):
        return zlib.decompressobj().decompress(data, limit)
    if name not in _BEFORE:
        raise JPEGError("it is compressed in an unusual way; convert the document first")
    with pikepdf.new() as other:
        return bytes(pikepdf.Stream(other, data, Filter=pikepdf.Name(name)).read_bytes())


def _reason_to_leave(stream: Any) -> str | None:
    """Say why an image has to stay as it is, if it has."""
    space = stream.get("/ColorSpace")
    if isinstance(space, pikepdf.Array) and len(space) and space[0] in ("/Indexed", "/I"):
        return "its samples are numbers of colours, which have nothing between them; it stays as it is"
    if "/F" in stream:
        return "its data are in another file; restore that file"
    return None


def _components(space: Any) -> int | None:
    """Return how many components a colour space has; None where that is not simple to tell."""
    if isinstance(space, pikepdf.Name):
        return _COMPONENTS.get(str(space))
    if not isinstance(space, pikepdf.Array) or not len(space):
        return None
    if space[0] == "/ICCBased" and len(space) > 1 and isinstance(space[1], pikepdf.Stream):
        number = space[1].get("/N")
        return int(number) if number is not None else None
    if space[0] == "/DeviceN" and len(space) > 1:
        return len(space[1])
    return _COMPONENTS.get(str(space[0]))
