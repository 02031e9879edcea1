"""Documents as scanners and their programs write them, made by hand."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pikepdf = pytest.importorskip("pikepdf")

from made.containers import Refiner, pixels, restored
from made.pdfs import SRGB
from made.pictures import compressed, photo
from qgac.batch.jobs import Finished
from qgac.jpeg.reader import read_jpeg

Name, Array, Dictionary = pikepdf.Name, pikepdf.Array, pikepdf.Dictionary


class Scan:
    """A document that grows picture by picture."""

    def __init__(self) -> None:
        self.pdf = pikepdf.new()
        self.profile = self.pdf.make_indirect(Array([Name.ICCBased, self.pdf.make_stream(SRGB, N=3)]))

    def image(self, content: bytes, **more: Any) -> Any:
        """A picture with the profile that all share; `more` replaces what its dictionary says."""
        height, width = pixels(content).shape[:2] if content.startswith(b"\xff\xd8") else (8, 8)
        data = more.pop("data", content)
        filters = more.pop("Filter", Name.DCTDecode)
        parameters = more.pop("DecodeParms", None)
        stream = self.pdf.make_stream(data, Type=Name.XObject, Subtype=Name.Image)
        stream.write(data, filter=filters, decode_parms=parameters, type_check=False)
        about = {"Width": width, "Height": height, "BitsPerComponent": 8, "ColorSpace": self.profile}
        for key, value in (about | more).items():
            stream[f"/{key}"] = value
        return stream

    def page(self, *images: Any) -> None:
        """A page on which pictures lie one below the other."""
        names = {f"/Im{number}": image for number, image in enumerate(images)}
        height = 100 // len(images)
        drawn = "\n".join(
            f"q 100 0 0 {height} 0 {100 - height * (number + 1)} cm {name} Do Q" for number, name in enumerate(names)
        )
        page = Dictionary(
            Type=Name.Page,
            MediaBox=[0, 0, 100, 100],
            Resources=Dictionary(XObject=Dictionary(names)),
            Contents=self.pdf.make_stream(drawn.encode()),
        )
        self.pdf.pages.append(pikepdf.Page(self.pdf.make_indirect(page)))

    def save(self, path: Path, **options: Any) -> Path:
        self.pdf.save(path, **options)
        return path


def finished(path: Path, restorer: Refiner | None = None, **settings: Any) -> tuple[Finished, Any]:
    """Restore a document; return the outcome and the new document."""
    outcome = restored(path, restorer or Refiner(20), overwrite=True, **settings)
    assert isinstance(outcome, Finished), outcome
    assert outcome.destination is not None
    document = pikepdf.open(outcome.destination)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "pikepdf is missing some specialized decoders")  # of JBIG2
        assert not document.check_pdf_syntax()
    return outcome, document


def lighter(before: bytes, after: bytes) -> bool:
    """Whether a picture has become lighter by about 20, and is the same but for that."""
    old, new = pixels(before).astype(int), pixels(after).astype(int)
    assert old.shape == new.shape
    return bool(10 < (new - old).mean() < 21)


def test_strips_that_share_a_profile(tmp_path: Path) -> None:
    """Every strip stays where it was, and the profile is written once, as it was."""
    scan = Scan()
    whole = photo(121, 83)  # the last strip is of an odd height
    strips = [compressed(whole[top : top + 48], 30) for top in (0, 48, 96)]
    scan.page(*map(scan.image, strips))
    outcome, document = finished(scan.save(tmp_path / "x.pdf"))
    assert [(picture.name, picture.height) for picture in outcome.pictures] == [
        ("page 1, Im0", 48), ("page 1, Im1", 48), ("page 1, Im2", 25)
    ]  # fmt: skip
    images = document.pages[0].Resources.XObject
    assert len({image.ColorSpace[1].objgen for image in images.values()}) == 1
    assert images.Im0.ColorSpace[1].read_bytes() == SRGB
    for image, strip in zip(images.values(), strips, strict=True):
        assert lighter(strip, image.read_raw_bytes())


@pytest.mark.parametrize(
    "parameters",
    [None, Array([None, None]), Array([Dictionary(), None]), Array([Dictionary(Predictor=1), None])],
    ids=["none", "null", "empty", "no predictor"],
)
def test_jpeg_behind_flate(tmp_path: Path, parameters: Any) -> None:
    scan = Scan()
    content = compressed(photo(61, 47), 30)
    both = Array([Name.FlateDecode, Name.DCTDecode])
    scan.page(scan.image(content, data=zlib.compress(content), Filter=both, DecodeParms=parameters))
    outcome, document = finished(scan.save(tmp_path / "x.pdf"))
    assert [picture.reason for picture in outcome.pictures] == [None]
    image = document.pages[0].Resources.XObject.Im0
    assert (image.Filter, image.get("/DecodeParms")) == ("/DCTDecode", None)
    assert lighter(content, image.read_raw_bytes())


def test_a_picture_behind_a_predictor_is_left_and_told(tmp_path: Path) -> None:
    scan = Scan()
    content, spare = compressed(photo(16, 16), 30), compressed(photo(24, 24), 30)
    both = Array([Name.FlateDecode, Name.DCTDecode])
    odd = Array([Dictionary(Predictor=12, Columns=len(content)), None])  # one row, which nothing precedes
    data = zlib.compress(b"\0" + content)
    scan.page(scan.image(spare), scan.image(content, data=data, Filter=both, DecodeParms=odd))
    outcome, _ = finished(scan.save(tmp_path / "x.pdf"))
    assert [picture.reason for picture in outcome.pictures] == [
        None, "it is compressed in an unusual way; convert the document first"
    ]  # fmt: skip


def test_mixed_raster_content(tmp_path: Path) -> None:
    """A coarse background, and a foreground behind a JBIG2 mask: both pictures change, the mask does not."""
    scan = Scan()
    background, foreground = compressed(photo(60, 45), 20), compressed(photo(20, 15, 2), 20)
    symbols = scan.pdf.make_stream(b"symbols")
    mask = scan.image(
        b"mask", Filter=Name.JBIG2Decode, DecodeParms=Dictionary(JBIG2Globals=symbols), ImageMask=True,
        BitsPerComponent=1, Width=240, Height=180, ColorSpace=Name.DeviceGray,
    )  # fmt: skip
    del mask.ColorSpace
    scan.page(scan.image(background), scan.image(foreground, Mask=mask))
    outcome, document = finished(scan.save(tmp_path / "x.pdf"))
    assert [picture.name for picture in outcome.pictures] == ["page 1, Im0", "page 1, Im1"]
    new = document.pages[0].Resources.XObject
    assert lighter(background, new.Im0.read_raw_bytes())
    assert lighter(foreground, new.Im1.read_raw_bytes())
    kept = new.Im1.Mask
    assert (kept.read_raw_bytes(), kept.Filter, int(kept.Width)) == (b"mask", "/JBIG2Decode", 240)
    assert kept.DecodeParms.JBIG2Globals.read_bytes() == b"symbols"


def test_one_picture_on_several_pages_is_restored_once(tmp_path: Path) -> None:
    scan = Scan()
    letterhead = scan.image(compressed(photo(32, 48), 30))
    for seed in (3, 4):
        scan.page(letterhead, scan.image(compressed(photo(24, 32, seed), 30)))
    outcome, document = finished(scan.save(tmp_path / "x.pdf"))
    assert [picture.name for picture in outcome.pictures] == ["page 1, Im0", "page 1, Im1", "page 2, Im1"]
    assert len({page.Resources.XObject.Im0.objgen for page in document.pages}) == 1


def test_object_streams_and_filters_elsewhere(tmp_path: Path) -> None:
    """What a picture's dictionary names may lie in a compressed stream of objects."""
    scan = Scan()
    content = compressed(photo(33, 50), 30)
    image = scan.image(content)
    image.Filter = scan.pdf.make_indirect(Array([Name.DCTDecode]))
    scan.page(image)
    path = scan.save(tmp_path / "x.pdf", object_stream_mode=pikepdf.ObjectStreamMode.generate)
    outcome, document = finished(path)
    assert [picture.reason for picture in outcome.pictures] == [None]
    assert lighter(content, document.pages[0].Resources.XObject.Im0.read_raw_bytes())
    assert b"/ObjStm" in (tmp_path / "x.restored.pdf").read_bytes()


def updated(content: bytes, number: int, dictionary: bytes, data: bytes) -> bytes:
    """Append a new version of an object, with a table of references of its own (ISO 32000-1, 7.5.6)."""
    place = len(content)
    trailer = content[content.rindex(b"trailer") + 7 : content.rindex(b"startxref")]
    previous = int(content[content.rindex(b"startxref") + 9 :].split()[0])
    content += b"%d 0 obj\n" % number + dictionary + b"\nstream\n" + data + b"\nendstream\nendobj\n"
    start = len(content)
    content += b"xref\n%d 1\n%010d 00000 n \n" % (number, place)
    more = trailer.strip().removesuffix(b">>") + b" /Prev %d >>" % previous
    return content + b"trailer " + more + b"\nstartxref\n%d\n%%%%EOF\n" % start


def test_of_incremental_updates_the_last_one_counts(tmp_path: Path) -> None:
    scan = Scan()
    scan.page(scan.image(compressed(photo(32, 48), 30)))
    path = scan.save(tmp_path / "x.pdf", object_stream_mode=pikepdf.ObjectStreamMode.disable)
    with pikepdf.open(path) as document:
        number = document.pages[0].Resources.XObject.Im0.objgen[0]
    newer = compressed(photo(40, 56, 5), 60)
    about = b"<< /Type /XObject /Subtype /Image /Width 56 /Height 40 /BitsPerComponent 8 /ColorSpace /DeviceRGB"
    about += b" /Filter /DCTDecode /Length %d >>" % len(newer)
    path.write_bytes(updated(path.read_bytes(), number, about, newer))
    outcome, document = finished(path)
    assert [(picture.width, picture.height, picture.quality) for picture in outcome.pictures] == [(56, 40, 60)]
    assert lighter(newer, document.pages[0].Resources.XObject.Im0.read_raw_bytes())


def with_wide_tables(content: bytes) -> bytes:
    """Write the quantisation tables of a JPEG file in 16 bits (T.81, B.2.4.1)."""
    out, position = content[:2], 2
    while content[position + 1] != 0xDA:
        end = position + 2 + int.from_bytes(content[position + 2 : position + 4], "big")
        segment = content[position:end]
        if segment[1] == 0xDB:
            tables = [segment[at : at + 65] for at in range(4, len(segment), 65)]
            wide = b"".join(bytes([16 | t[0]]) + struct.pack(">64H", *t[1:]) for t in tables)
            segment = b"\xff\xdb" + struct.pack(">H", 2 + len(wide)) + wide
        out, position = out + segment, end
    return out + content[position:]


def test_tables_of_16_bits_and_odd_sizes(tmp_path: Path) -> None:
    scan = Scan()
    content = with_wide_tables(compressed(photo(61, 47), 8))
    assert np.array_equal(pixels(content), pixels(compressed(photo(61, 47), 8)))
    scan.page(scan.image(content))
    outcome, document = finished(scan.save(tmp_path / "x.pdf"), Refiner(0))
    assert [(picture.width, picture.height, picture.quality) for picture in outcome.pictures] == [(47, 61, 8)]
    assert np.array_equal(pixels(document.pages[0].Resources.XObject.Im0.read_raw_bytes()), pixels(content))


@pytest.mark.parametrize("lossless", [False, True])
def test_a_picture_of_another_size_than_its_dictionary_says(tmp_path: Path, lossless: bool) -> None:
    """The JPEG file knows its size, which most viewers believe; samples have only the dictionary."""
    scan = Scan()
    content = compressed(photo(40, 56), 30)
    scan.page(scan.image(content, Width=50, Height=44, BitsPerComponent=1))
    outcome, document = finished(scan.save(tmp_path / "x.pdf"), Refiner(0), lossless=lossless)
    assert [picture.reason for picture in outcome.pictures] == [None]
    image = document.pages[0].Resources.XObject.Im0
    if lossless:
        assert (int(image.Width), int(image.Height), int(image.BitsPerComponent)) == (56, 40, 8)
        shown = np.frombuffer(image.read_bytes(), np.uint8).reshape(40, 56, 3)
        assert np.array_equal(shown, pixels(content))
    else:
        assert (int(image.Width), int(image.Height)) == (50, 44)
        assert read_jpeg(io.BytesIO(image.read_raw_bytes())).width == 56
