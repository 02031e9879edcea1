"""What PDF/A (ISO 19005) asks for and restoring could break, in documents of other programs."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

pikepdf = pytest.importorskip("pikepdf")
img2pdf = pytest.importorskip("img2pdf")

from made import pdfs
from made.containers import Refiner, restored
from made.pictures import compressed, photo
from qgac.batch.jobs import Finished

INTENT = """%%!
[/_objdef {icc} /type /stream /OBJ pdfmark
[{icc} << /N 3 >> /PUT pdfmark
[{icc} (%s) (r) file /PUT pdfmark
[/_objdef {intent} /type /dict /OBJ pdfmark
[{intent} << /Type /OutputIntent /S /GTS_PDFA1 /DestOutputProfile {icc}
  /OutputConditionIdentifier (sRGB) >> /PUT pdfmark
[{Catalog} << /OutputIntents [{intent}] >> /PUT pdfmark
"""
PICTURE = compressed(photo(160, 120, 5), 25)


def of_img2pdf(folder: Path) -> Path:
    profile = folder / "srgb.icc"
    profile.write_bytes(pdfs.SRGB)
    path = folder / "x.pdf"
    path.write_bytes(img2pdf.convert([PICTURE, compressed(photo(90, 60)[..., 0], 30)], pdfa=str(profile)))
    return path


def of_ghostscript(folder: Path) -> Path:
    program = shutil.which("gs") or pytest.skip("Ghostscript is not installed")
    (folder / "in.pdf").write_bytes(pdfs.one_picture(PICTURE))
    (folder / "srgb.icc").write_bytes(pdfs.SRGB)
    (folder / "intent.ps").write_text(INTENT % (folder / "srgb.icc"), encoding="ascii")
    path = folder / "x.pdf"
    line = [program, "-q", "-dNOPAUSE", "-dBATCH", "-dPDFA=1", "-sDEVICE=pdfwrite", "-sColorConversionStrategy=RGB"]
    line += [f"--permit-file-read={folder / 'srgb.icc'}", f"-sOutputFile={path}"]
    line += [str(folder / "intent.ps"), str(folder / "in.pdf")]
    subprocess.run(line, check=True, capture_output=True)
    return path


def colors(document: Any) -> set[str]:
    """The colour spaces of all pictures."""
    return {repr(obj.get("/ColorSpace")) for obj in document.objects if is_image(obj)}


def is_image(obj: Any) -> bool:
    return isinstance(obj, pikepdf.Stream) and obj.get("/Subtype") == "/Image"


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("make", [of_img2pdf, of_ghostscript])
def test_an_archival_document_stays_one(make: Any, lossless: bool, tmp_path: Path) -> None:
    source = make(tmp_path)
    outcome = restored(source, Refiner(20), lossless=lossless)
    assert isinstance(outcome, Finished), outcome
    assert all(picture.reason is None for picture in outcome.pictures)
    assert outcome.destination is not None
    content = outcome.destination.read_bytes()
    # ISO 19005-1, 6.1.2 to 6.1.4: header and comment, identifier, no encryption, a plain table of references.
    assert re.match(rb"%PDF-1\.\d\r?\n%[\x80-\xff]{4}", content)
    assert (b"\nxref" in content) == (b"\nxref" in source.read_bytes())
    assert b"/ObjStm" not in content or b"/ObjStm" in source.read_bytes()
    with pikepdf.open(source) as before, pikepdf.open(outcome.destination) as after:
        assert after.pdf_version == before.pdf_version
        assert not after.is_encrypted
        assert after.trailer.ID[0] == before.trailer.ID[0]
        # 6.7.2, 6.7.3, 6.2.2: what the document says about itself, in a stream that is not compressed, and its colours.
        assert after.open_metadata().pdfa_status == before.open_metadata().pdfa_status != ""
        assert after.Root.Metadata.read_raw_bytes() == before.Root.Metadata.read_raw_bytes()
        assert "/Filter" not in after.Root.Metadata
        assert repr(dict(after.docinfo)) == repr(dict(before.docinfo))
        profiles = [document.Root.OutputIntents[0].DestOutputProfile.read_bytes() for document in (before, after)]
        assert profiles[0] == profiles[1]
        assert colors(after) == colors(before)
        # 6.1.10, 6.2.4, 6.4: filters, interpolation and transparency.
        for obj in after.objects:
            if isinstance(obj, pikepdf.Stream):
                assert not {"/LZWDecode", "/JPXDecode", "/Crypt"} & set(re.findall(r"/\w+", repr(obj.get("/Filter"))))
                assert "/F" not in obj
            if is_image(obj):
                assert str(obj.Filter) in ("/FlateDecode" if lossless else "/DCTDecode", "/FlateDecode")
                assert not {"/SMask", "/Alternates", "/OPI"} & set(obj.keys())
                assert not obj.get("/Interpolate", False)
        # 6.1.7: lengths are those of the data, which reading without repair shows.
        assert not after.check_pdf_syntax()
