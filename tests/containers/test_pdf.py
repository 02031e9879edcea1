"""PDF documents: pages differ only inside their JPEG pictures, and what surrounds these stays in force."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pikepdf = pytest.importorskip("pikepdf")

from made import pdfs
from made.containers import Refiner, restored, zip_file
from made.pictures import compressed, photo
from qgac.batch.jobs import Failed, Finished, Outcome
from qgac.containers.container import ContainerError
from qgac.containers.pdf import PDFDocument

COVER = compressed(photo(160, 120, 5), 25)


def finished(outcome: Outcome) -> Finished:
    assert isinstance(outcome, Finished), outcome
    return outcome


def message(outcome: Outcome) -> str:
    assert isinstance(outcome, Failed), outcome
    return outcome.message


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("squares") / "x.pdf"
    path.write_bytes(pdfs.page_of_squares())
    return path


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "x.pdf"
    path.write_bytes(pdfs.one_picture(COVER))
    return path


def save(path: Path, **options: Any) -> Path:
    with pikepdf.open(path, allow_overwriting_input=True) as document:
        document.save(path, **options)
    return path


def test_coefficients_of_the_same_value_show_the_same_page(squares: Path) -> None:
    """Restored by nothing, every kind of picture is what it was: its colours, masks and Decode arrays are right."""
    pytest.importorskip("pypdfium2")
    finished(restored(squares, overwrite=True))
    (before,), (after,) = pdfs.rendered(squares), pdfs.rendered(squares.with_name("x.restored.pdf"))
    for number, square in enumerate(pdfs.SQUARES):
        difference = np.abs(pdfs.square_of(after, number) - pdfs.square_of(before, number))
        if square.name == "key":  # the mask that it has become is cut at the same pixels, by other rounding
            assert (difference > 0).mean() < 0.05
            assert difference.max() < 64
        else:
            assert difference.max() == 0, square.name
    assert (before[:38] == after[:38]).all()


def test_pages_differ_only_inside_the_pictures(squares: Path) -> None:
    pytest.importorskip("pypdfium2")
    outcome = finished(restored(squares, Refiner(20), overwrite=True))
    (before,), (after,) = pdfs.rendered(squares), pdfs.rendered(squares.with_name("x.restored.pdf"))
    assert (before[:38] == after[:38]).all()  # the text
    for number, square in enumerate(pdfs.SQUARES):
        difference = (pdfs.square_of(after, number) - pdfs.square_of(before, number)).mean(-1)
        border = np.ones(difference.shape, bool)
        border[20:-20, 20:-20] = False
        assert not difference[border].any(), square.name
        inside = difference[~border]
        if not square.restored:
            assert not inside.any(), square.name
        elif square.name in ("bare inks", "softmasked"):  # more ink; a mask that lets more through
            assert (inside != 0).mean() > 0.2, square.name
        else:
            assert (inside > 0).mean() > 0.3, square.name
            assert 3 < inside[inside != 0].mean() < 27, square.name
    by_name = {picture.name.removeprefix("page 1, "): picture for picture in outcome.pictures}
    assert {name for name, picture in by_name.items() if picture.reason} == {"indexed", "damaged"}
    assert {"form, Inner", "softmasked, soft mask", "thumbnail"} <= set(by_name)
    assert "1 inline JPEG picture was left as they were" in outcome.notes


def test_poppler_sees_the_same_difference(squares: Path, tmp_path: Path) -> None:
    program = shutil.which("pdftoppm") or pytest.skip("pdftoppm is not installed")
    from PIL import Image

    finished(restored(squares, overwrite=True))
    pages = []
    for name in ("x", "x.restored"):
        line = [
            program,
            "-r",
            "144",
            "-png",
            "-singlefile",
            str(squares.with_name(f"{name}.pdf")),
            str(tmp_path / name),
        ]
        subprocess.run(line, check=True, capture_output=True)
        with Image.open(tmp_path / f"{name}.png") as picture:
            pages.append(np.asarray(picture.convert("RGB")).astype(int))
    before, after = pages
    for number, square in enumerate(pdfs.SQUARES):
        difference = np.abs(pdfs.square_of(after, number) - pdfs.square_of(before, number))
        assert difference.mean() < 0.2 if square.name == "key" else difference.max() == 0, square.name


def test_lossless_pictures_are_their_samples(squares: Path) -> None:
    """What PDFium shows of the samples is what it shows of the JPEG pictures, but for its own way to enlarge chroma."""
    pytest.importorskip("pypdfium2")
    finished(restored(squares, overwrite=True, lossless=True))
    target = squares.with_name("x.restored.pdf")
    (before,), (after,) = pdfs.rendered(squares), pdfs.rendered(target)
    for number, square in enumerate(pdfs.SQUARES):
        difference = np.abs(pdfs.square_of(after, number) - pdfs.square_of(before, number))
        assert difference.mean() < 0.7, square.name
    with pikepdf.open(target) as document:
        filters = {str(obj.get("/Filter")) for obj in document.objects if isinstance(obj, pikepdf.Stream)}
        pictures = document.pages[0].Resources.XObject
        assert pictures["/inks"].Filter == "/FlateDecode"
        assert len(pictures["/inks"].read_bytes()) == 4 * 64 * 64
    assert any("DCT" in name for name in filters)  # the damaged one and the numbers of colours


def test_everything_but_the_pictures_stays(squares: Path) -> None:
    finished(restored(squares, overwrite=True))
    with pikepdf.open(squares) as before, pikepdf.open(squares.with_name("x.restored.pdf")) as after:
        assert before.pdf_version == after.pdf_version
        first, second = before.pages[0], after.pages[0]
        assert first.Contents.read_raw_bytes() == second.Contents.read_raw_bytes()
        for name in ("/indexed", "/damaged", "/lossless"):
            old, new = first.Resources.XObject[name], second.Resources.XObject[name]
            assert old.read_raw_bytes() == new.read_raw_bytes()
        for name, old in first.Resources.XObject.items():
            new = second.Resources.XObject[name]
            for key in ("/ColorSpace", "/Decode", "/Width", "/Height"):
                assert repr(old.get(key)) == repr(new.get(key))


def test_an_encrypted_document_stays_encrypted(document: Path) -> None:
    allowed = pikepdf.Permissions(modify_other=True, extract=False)
    save(document, encryption=pikepdf.Encryption(owner="owner", user="", R=6, allow=allowed))
    outcome = finished(restored(document, Refiner(20)))
    assert "the document is encrypted, and stays so" in outcome.notes
    with pikepdf.open(document) as before, pikepdf.open(document.with_name("x.restored.pdf")) as after:
        assert after.is_encrypted
        assert after.allow == before.allow
        assert after.encryption.R == 6
    with pikepdf.open(document.with_name("x.restored.pdf"), password="owner") as again:
        assert again.owner_password_matched


def test_documents_that_forbid_changes_are_refused(document: Path) -> None:
    save(document, encryption=pikepdf.Encryption(owner="x", user="", allow=pikepdf.Permissions(modify_other=False)))
    assert "forbids changes" in message(restored(document))


def test_a_password_is_told(document: Path) -> None:
    save(document, encryption=pikepdf.Encryption(owner="x", user="secret"))
    assert "locked by a password" in message(restored(document))


def test_a_signed_document_is_broken_only_when_asked(document: Path) -> None:
    with pikepdf.open(document, allow_overwriting_input=True) as pdf:
        signature = pikepdf.Dictionary(Type=pikepdf.Name.Sig, ByteRange=[0, 10, 20, 30], Contents=b"x")
        pdf.Root.AcroForm = pikepdf.Dictionary(
            SigFlags=3, Fields=[pikepdf.Dictionary(FT=pikepdf.Name.Sig, V=signature)]
        )
        pdf.save(document)
    assert "--break-signatures" in message(restored(document))
    outcome = finished(restored(document, break_signatures=True))
    assert "the signature is broken, as was asked for" in outcome.notes


@pytest.mark.parametrize("linear", [True, False])
def test_linearisation_and_object_streams_stay(document: Path, linear: bool) -> None:
    save(document, linearize=linear, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    finished(restored(document, Refiner(20)))
    with pikepdf.open(document.with_name("x.restored.pdf")) as after:
        assert after.is_linearized is linear
        assert not after.check_pdf_syntax()
    assert b"/ObjStm" in document.with_name("x.restored.pdf").read_bytes()


def test_a_damaged_document_is_repaired_only_when_asked(document: Path) -> None:
    content = document.read_bytes()
    document.write_bytes(content[: content.rfind(b"xref")])
    assert "or a damaged one" in message(restored(document))
    assert [path.name for path in document.parent.iterdir()] == ["x.pdf"]
    outcome = finished(restored(document, tolerant=True))
    assert any("has faults" in note for note in outcome.notes)


@pytest.mark.parametrize("content", [b"", b"hello", b"%PDF-1.7\n" + bytes(100), COVER])
def test_what_is_no_document_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.pdf").write_bytes(content)
    assert "no PDF document, or a damaged one" in message(restored(tmp_path / "x.pdf"))


def test_without_the_library_one_sentence_tells_which_extra_is_missing(
    document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pikepdf", None)
    monkeypatch.delitem(sys.modules, "qgac.containers.pdf_images", raising=False)
    assert message(restored(document)).endswith("install it: pip install 'qgac[containers]'")
    found = restored(document, inputs=[str(document.parent)])
    assert isinstance(found, Failed)
    assert found.harmless  # somebody who restores a folder of photographs may not care for the papers in it


def test_a_page_named_by_many_names_each_picture_once(tmp_path: Path) -> None:
    """Of pictures that several pages show, the first one counts; of those that none shows, the number."""
    img2pdf = pytest.importorskip("img2pdf")
    path = tmp_path / "x.pdf"
    path.write_bytes(img2pdf.convert([COVER, compressed(photo(64, 64), 40)]))
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[1].Resources.XObject.Again = pdf.pages[0].Resources.XObject.Im0
        spare = pdf.make_stream(
            compressed(photo(16, 16), 40), Subtype=pikepdf.Name.Image, ColorSpace=pikepdf.Name.DeviceRGB
        )
        spare.write(spare.read_bytes(), filter=pikepdf.Name.DCTDecode, type_check=False)
        pdf.Root.PieceInfo = pikepdf.Dictionary(Mine=spare)
        pdf.save(path)
    first, second, third = PDFDocument(path, tolerant=False).pictures
    assert (first.name, second.name) == ("page 1, Im0", "page 2, Im0")
    assert third.name.startswith("object ")


# --- files of other programs ---


def same_but_for_pictures(source: Path, least: float) -> Finished:
    """Restore to lighter pictures, and check that of every page only a rectangle or so is lighter, or nothing."""
    pytest.importorskip("pypdfium2")
    outcome = finished(restored(source, Refiner(20)))
    target = source.with_name(f"{source.stem}.restored.pdf")
    lighter = 0.0
    for before, after in zip(pdfs.rendered(source), pdfs.rendered(target), strict=True):
        difference = (after - before).mean(-1)
        assert difference.min() >= -1
        rows, columns = np.flatnonzero(difference.any(1)), np.flatnonzero(difference.any(0))
        if len(rows):
            picture = difference[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            assert (picture > 0).mean() > 0.8
            lighter += (difference > 0).mean()
    assert lighter > least
    return outcome


def test_scans_of_img2pdf(tmp_path: Path) -> None:
    img2pdf = pytest.importorskip("img2pdf")
    pages = [
        compressed(photo(220, 160, seed), 30, **options) for seed, options in enumerate([{}, {"progressive": True}])
    ]
    source = tmp_path / "scan.pdf"
    source.write_bytes(img2pdf.convert([*pages, compressed(photo(220, 160, 3)[..., 0], 30)]))
    outcome = same_but_for_pictures(source, 2.5)
    assert [picture.name for picture in outcome.pictures] == ["page 1, Im0", "page 2, Im0", "page 3, Im0"]


def test_documents_of_ghostscript(tmp_path: Path) -> None:
    program = shutil.which("gs") or pytest.skip("Ghostscript is not installed")
    (tmp_path / "in.pdf").write_bytes(pdfs.one_picture(compressed(photo(400, 300), 90)))
    line = [
        program,
        "-q",
        "-dNOPAUSE",
        "-dBATCH",
        "-sDEVICE=pdfwrite",
        "-dPDFSETTINGS=/ebook",
        "-dAutoFilterColorImages=false",
    ]
    line += ["-dColorImageFilter=/DCTEncode", f"-sOutputFile={tmp_path / 'gs.pdf'}", str(tmp_path / "in.pdf")]
    subprocess.run(line, check=True, capture_output=True)
    outcome = same_but_for_pictures(tmp_path / "gs.pdf", 0.9)
    assert [picture.notes for picture in outcome.pictures] == [()]  # that its data end twice is no matter


@pytest.mark.slow
@pytest.mark.parametrize("archival", [False, True])
def test_documents_of_libreoffice(tmp_path: Path, archival: bool) -> None:
    """PDF/A-1 forbids streams of objects and encryption, and wants its metadata where and as they are."""
    program = shutil.which("soffice") or pytest.skip("LibreOffice is not installed")
    from test_archives import CONTENT, MANIFEST

    texts = {
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": CONTENT,
        "META-INF/manifest.xml": MANIFEST,
    }
    text = zip_file(
        tmp_path / "x.odt", {name: text.encode() for name, text in texts.items()} | {"Pictures/1.jpg": COVER}
    )
    target = 'pdf:writer_pdf_Export:{"SelectPdfVersion":{"type":"long","value":"1"}}' if archival else "pdf"
    line = [program, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", target]
    subprocess.run([*line, "--outdir", str(tmp_path), str(text)], check=True, capture_output=True)
    source = tmp_path / "x.pdf"
    same_but_for_pictures(source, 0.03)
    content = (tmp_path / "x.restored.pdf").read_bytes()
    with pikepdf.open(source) as before, pikepdf.open(tmp_path / "x.restored.pdf") as after:
        assert before.open_metadata().pdfa_status == after.open_metadata().pdfa_status
        assert before.open_metadata().pdfa_status.startswith("1") is archival
        if archival:
            assert b"/ObjStm" not in content
            assert before.Root.Metadata.read_bytes() == after.Root.Metadata.read_bytes()
            assert repr(before.Root.OutputIntents) == repr(after.Root.OutputIntents)
            assert after.pdf_version == before.pdf_version == "1.4"
            assert content.splitlines()[1].startswith(b"%")
            assert min(content.splitlines()[1][1:5]) >= 128
            assert "/ID" in after.trailer


def test_opening_alone_refuses(tmp_path: Path) -> None:
    (tmp_path / "x.pdf").write_bytes(b"nothing")
    with pytest.raises(ContainerError, match="no PDF document"):
        PDFDocument(tmp_path / "x.pdf", tolerant=False)
