"""PDF documents by hand: one page of squares, each with a JPEG picture in another of the ways that PDF has for them."""

from __future__ import annotations

import base64
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
from pikepdf import Array, Dictionary, Name
from PIL import Image, ImageCms

from made.pictures import compressed, photo

SQUARE = 100  # points
ACROSS = 4
SIDE = 64  # pixels
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def jpeg(mode: str = "RGB", seed: int = 1, quality: int = 40, **options: Any) -> bytes:
    file = io.BytesIO()
    picture = Image.fromarray(photo(SIDE, SIDE, seed)).convert(mode)
    picture.save(file, "JPEG", quality=quality, **options)
    return file.getvalue()


def without_markers(content: bytes) -> bytes:
    """Drop the JFIF or Adobe marker at the beginning of one of Pillow's files."""
    position = 2
    while content[position + 1] in (0xE0, 0xEE):
        position += 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    return content[:2] + content[position:]


@dataclass(frozen=True)
class Square:
    """A square of the page; `restored` says whether its picture is to be exchanged."""

    name: str
    restored: bool = True


SQUARES = (
    Square("plain"),
    Square("progressive"),
    Square("flate"),
    Square("ascii"),
    Square("form"),
    Square("softmasked"),
    Square("inks"),
    Square("bare inks"),
    Square("raw rgb"),
    Square("profile"),
    Square("key"),
    Square("stencilled"),
    Square("indexed", restored=False),
    Square("inline", restored=False),
    Square("damaged", restored=False),
    Square("lossless", restored=False),
)


def page_of_squares(**options: Any) -> bytes:
    """A document with one page, on which `SQUARES` stand row by row from the top left, and a text across."""
    pdf = pikepdf.new()
    images: dict[str, Any] = {}

    def image(data: bytes, space: Any = Name.DeviceRGB, filters: Any = Name.DCTDecode, **more: Any) -> Any:
        stream = pdf.make_stream(
            data, Type=Name.XObject, Subtype=Name.Image, Width=SIDE, Height=SIDE, BitsPerComponent=8, ColorSpace=space
        )
        stream.write(data, filter=filters, type_check=False)
        for key, value in more.items():
            stream[f"/{key}"] = value
        return stream

    images["plain"] = image(jpeg())
    images["progressive"] = image(jpeg(progressive=True, subsampling="4:4:4"))
    images["flate"] = image(zlib.compress(jpeg("L")), Name.DeviceGray, Array([Name.FlateDecode, Name.DCTDecode]))
    ascii85 = base64.a85encode(jpeg("L"), wrapcol=70) + b"~>"
    images["ascii"] = image(ascii85, Name.DeviceGray, Array([Name.ASCII85Decode, Name.DCTDecode]))
    form = pdf.make_stream(b"q 1 0 0 1 0 0 cm /Inner Do Q", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 1, 1])
    form.Resources = Dictionary(XObject=Dictionary(Inner=image(jpeg("L", 7), Name.DeviceGray)))
    images["form"] = form
    mask = image(jpeg("L", 9), Name.DeviceGray)
    images["softmasked"] = image(jpeg(seed=3), SMask=mask)
    # Pillow inverts inks and says so by an Adobe marker, as Photoshop does; documents then have a Decode array.
    images["inks"] = image(jpeg("CMYK", 4), Name.DeviceCMYK, Decode=[1, 0] * 4)
    images["bare inks"] = image(without_markers(jpeg("CMYK", 4)), Name.DeviceCMYK)
    three = jpeg("RGB", 5, subsampling="4:4:4")
    images["raw rgb"] = image(without_markers(three), DecodeParms=Dictionary(ColorTransform=0))
    profile = pdf.make_stream(SRGB, N=3)
    images["profile"] = image(jpeg(seed=6), Array([Name.ICCBased, profile]), Decode=[0.1, 0.9] * 3)
    images["key"] = image(jpeg("L", 8), Name.DeviceGray, Mask=[120, 200])
    stencil = pdf.make_stream(
        np.packbits(np.eye(SIDE, dtype=bool)).tobytes(), Subtype=Name.Image, ImageMask=True, Width=SIDE, Height=SIDE
    )
    images["stencilled"] = image(jpeg(seed=2), Mask=stencil)
    palette = Array([Name.Indexed, Name.DeviceRGB, 255, bytes(range(256)) * 3])
    images["indexed"] = image(jpeg("L", 5), palette)
    images["damaged"] = image(jpeg(seed=3)[:-200])
    images["lossless"] = image(zlib.compress(photo(SIDE, SIDE, 12).tobytes()), filters=Name.FlateDecode)

    operators = [b"BT /F1 20 Tf 10 395 Td (Text above all of it, which stays) Tj ET"]
    for number, square in enumerate(SQUARES):
        left, bottom = number % ACROSS * SQUARE + 10, (ACROSS - 1 - number // ACROSS) * SQUARE + 10
        place = f"q {SQUARE - 20} 0 0 {SQUARE - 20} {left} {bottom} cm ".encode()
        if square.name == "inline":
            data = base64.a85encode(jpeg("L", 10)) + b"~>"
            drawn = f"BI /W {SIDE} /H {SIDE} /CS /G /BPC 8 /F [/A85 /DCT] ID ".encode() + data + b"\nEI"
        else:
            drawn = f"/{square.name.replace(' ', '')} Do".encode()
        operators.append(place + drawn + b" Q")
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    resources = Dictionary(Font=Dictionary(F1=pdf.make_indirect(font)), XObject=Dictionary())
    for name, stream in images.items():
        resources.XObject[f"/{name.replace(' ', '')}"] = stream
    side = ACROSS * SQUARE
    page = Dictionary(
        Type=Name.Page,
        MediaBox=[0, 0, side, side + 20],
        Resources=resources,
        Contents=pdf.make_stream(b"\n".join(operators)),
    )
    page.Thumb = image(jpeg("RGB", 1))
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    file = io.BytesIO()
    pdf.save(file, **options)
    return file.getvalue()


def rendered(path: Path) -> list[np.ndarray]:
    """The pages of a document as PDFium shows them, two pixels a point, RGB."""
    import pypdfium2

    with pypdfium2.PdfDocument(path) as document:
        return [page.render(scale=2, rev_byteorder=True).to_numpy()[..., :3].astype(int) for page in document]


def square_of(page: np.ndarray, number: int) -> np.ndarray:
    """Cut a square out of a rendered page of squares."""
    top, left = 40 + number // ACROSS * SQUARE * 2, number % ACROSS * SQUARE * 2
    return page[top : top + 2 * SQUARE, left : left + 2 * SQUARE]


def one_picture(content: bytes | None = None) -> bytes:
    """A small document: one page with one picture."""
    import img2pdf

    converted: bytes = img2pdf.convert([content or compressed(photo(32, 48), 30)])
    return converted
