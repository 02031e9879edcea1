"""ZIP files: what is exchanged, what stays to the byte, what is refused, and that other programs open the result."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from made.containers import Refiner, pixels, restored, zip_file, zip_members
from made.pictures import compressed, photo
from qgac.batch.jobs import Done, Failed, Finished
from qgac.containers.archives import ZipArchive
from qgac.containers.container import ContainerError, Limits

PHOTO = compressed(photo(48, 64), 30)
PROGRESSIVE = compressed(photo(40, 40, 3), 20, progressive=True)
COVER = compressed(photo(80, 60, 5), 25)
PNG = io.BytesIO()
Image.new("RGB", (4, 4)).save(PNG, "PNG")


def directory(path: Path) -> list[tuple[object, ...]]:
    with zipfile.ZipFile(path) as archive:
        return [
            (info.orig_filename, info.date_time, info.external_attr, info.compress_type, info.extra, info.comment)
            for info in archive.infolist()
        ]


def raw_data(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(name)
    content = path.read_bytes()
    names, extras = struct.unpack_from("<HH", content, info.header_offset + 26)
    return content[info.header_offset : info.header_offset + 30 + names + extras + info.compress_size]


def test_jpegs_are_exchanged_and_everything_else_stays_to_the_byte(tmp_path: Path) -> None:
    members = {
        "a/1.jpg": PHOTO,
        "ComicInfo.xml": b"<ComicInfo/>" * 30,
        "page.png": PNG.getvalue(),
        "ünicode.jpeg": PROGRESSIVE,
        "picture-without-suffix": COVER,
        "not-one.jpg": b"hello",
        "empty.jpg": b"",
    }
    source = zip_file(tmp_path / "x.cbz", members)
    before = source.read_bytes()
    outcome = restored(source, Refiner(20))
    assert isinstance(outcome, Finished)
    assert source.read_bytes() == before
    target = tmp_path / "x.restored.cbz"
    after = zip_members(target)
    assert list(after) == list(members)
    assert directory(target) == directory(source)
    for name, content in members.items():
        if content[:2] == b"\xff\xd8":
            difference = pixels(after[name]).astype(int) - pixels(content)
            assert difference.shape == pixels(content).shape
            assert 15 < difference.mean() < 21, name
        else:
            assert raw_data(target, name) == raw_data(source, name)
    assert [picture.name for picture in outcome.pictures] == ["a/1.jpg", "ünicode.jpeg", "picture-without-suffix"]
    assert [picture.quality for picture in outcome.pictures] == [30, 20, 25]
    assert {picture.reason for picture in outcome.pictures} == {None}


def test_the_mimetype_of_a_book_stays_first_and_stored(tmp_path: Path) -> None:
    source = zip_file(tmp_path / "x.epub", {"mimetype": b"application/epub+zip", "cover.jpg": COVER})
    restored(source)
    content = (tmp_path / "x.restored.epub").read_bytes()
    assert content[30:58] == b"mimetypeapplication/epub+zip"  # where readers look for it


def test_names_in_another_encoding_keep_their_bytes(tmp_path: Path) -> None:
    source = zip_file(tmp_path / "x.cbz", {"xx.jpg": PHOTO})
    source.write_bytes(source.read_bytes().replace(b"xx.jpg", b"\x93\xfa.jpg"))  # Shift JIS, without a flag
    restored(source)
    content = (tmp_path / "x.restored.cbz").read_bytes()
    assert content.count(b"\x93\xfa.jpg") == 2


def test_sizes_behind_the_data_padding_and_a_prefix_are_no_matter(tmp_path: Path) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    stream = Pipe()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = b"a comment"
        for name, content in {"1.jpg": PHOTO, "notes.txt": b"hello" * 99, "2.jpg": COVER}.items():
            archive.writestr(name, content)
    source = tmp_path / "x.zip"
    source.write_bytes(b"#!/bin/sh\nexit\n" + stream.getvalue())
    assert isinstance(restored(source), Finished)
    target = tmp_path / "x.restored.zip"
    after = zip_members(target)
    assert after["notes.txt"] == b"hello" * 99
    assert (pixels(after["2.jpg"]) == pixels(COVER)).all()
    assert target.read_bytes().startswith(b"#!/bin/sh\nexit\n")
    with zipfile.ZipFile(target) as archive:
        assert archive.comment == b"a comment"


def test_a_damaged_picture_stays_and_is_told(tmp_path: Path) -> None:
    source = zip_file(tmp_path / "x.cbz", {"1.jpg": PHOTO, "2.jpg": COVER[:-100]})
    outcome = restored(source)
    assert isinstance(outcome, Finished)
    assert zip_members(tmp_path / "x.restored.cbz")["2.jpg"] == COVER[:-100]
    first, second = outcome.pictures
    assert first.reason is None
    assert second.reason is not None
    assert "damaged" in second.reason
    relaxed = restored(source, overwrite=True, tolerant=True)
    assert isinstance(relaxed, Finished)
    assert [picture.reason for picture in relaxed.pictures] == [None, None]


def test_nothing_is_written_if_no_picture_can_be_restored(tmp_path: Path) -> None:
    outcome = restored(zip_file(tmp_path / "x.cbz", {"2.jpg": COVER[:-100]}))
    assert isinstance(outcome, Failed)
    assert outcome.message.startswith("none of its pictures could be restored; 2.jpg: the JPEG data are damaged")
    assert [path.name for path in tmp_path.iterdir()] == ["x.cbz"]


@pytest.mark.parametrize(
    "name", ["../evil.jpg", "a/../../evil", "/etc/passwd", "C:\\evil.jpg", "..\\evil", "\\\\host\\x"]
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    outcome = restored(zip_file(tmp_path / "x.zip", {"1.jpg": PHOTO, name: b"x"}))
    assert isinstance(outcome, Failed)
    assert "leads out of the folder" in outcome.message


def test_bombs_are_refused(tmp_path: Path) -> None:
    outcome = restored(zip_file(tmp_path / "x.zip", {"1.jpg": PHOTO + bytes(5_000_000)}))
    assert isinstance(outcome, Failed)
    assert "made to overwhelm" in outcome.message


@pytest.mark.parametrize("flag", [0x20, 0x40], ids=["patched data", "strong encryption"])
def test_a_member_that_nobody_can_unpack_is_left_as_it_is(tmp_path: Path, flag: int) -> None:
    source = zip_file(tmp_path / "x.cbz", {"1.jpg": PHOTO, "2.jpg": COVER})
    content = bytearray(source.read_bytes())
    entry = content.rindex(b"PK\x01\x02")  # of the second, in the directory
    content[entry + 8] |= flag
    source.write_bytes(content)
    outcome = restored(source)
    assert isinstance(outcome, Finished)
    assert "2.jpg is damaged and was left as it is" in outcome.notes
    assert len(outcome.pictures) == 1


def test_a_member_that_lies_about_its_size_is_not_unpacked(tmp_path: Path) -> None:
    source = zip_file(tmp_path / "x.zip", {"1.jpg": PHOTO, "2.jpg": PHOTO[:-2] + bytes(5_000_000)})
    content = source.read_bytes().replace(struct.pack("<I", len(PHOTO) - 2 + 5_000_000), struct.pack("<I", 1000))
    source.write_bytes(content)
    outcome = restored(source)
    assert isinstance(outcome, Finished)
    assert "2.jpg is damaged and was left as it is" in outcome.notes
    assert len(outcome.pictures) == 1


def test_members_that_overlap_are_refused(tmp_path: Path) -> None:
    """As in bombs that use the same data many times (Fifield, 2019)."""
    source = zip_file(tmp_path / "x.zip", {"1.jpg": PHOTO, "2.jpg": PHOTO})
    content = bytearray(source.read_bytes())
    second = content.rfind(b"PK\1\2")
    content[second + 42 : second + 46] = bytes(4)  # where the first one is
    source.write_bytes(content)
    outcome = restored(source)
    assert isinstance(outcome, Failed)
    assert "overlap" in outcome.message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Rar!\x1a\x07\x01\0" + bytes(60), "a RAR archive, which is not supported"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(60), "a 7-Zip archive, which is not supported"),
        (b"", "no ZIP file"),
        (b"hello" * 30, "no ZIP file"),
    ],
)
def test_other_archives_are_called_so(tmp_path: Path, content: bytes, message: str) -> None:
    for suffix in (".cbr", ".cb7", ".cbz"):
        path = tmp_path / f"x{suffix}"
        path.write_bytes(content)
        outcome = restored(path)
        assert isinstance(outcome, Failed)
        assert message in outcome.message


def test_a_comic_named_for_another_archive_is_what_it_is(tmp_path: Path) -> None:
    assert isinstance(restored(zip_file(tmp_path / "x.cbr", {"1.jpg": PHOTO})), Finished)
    assert zip_members(tmp_path / "x.restored.cbr")


def test_nothing_inside_is_a_failure_only_where_it_was_named(tmp_path: Path) -> None:
    source = zip_file(tmp_path / "x.docx", {"word/document.xml": b"<w/>"})
    named, found = restored(source), restored(source, inputs=[str(tmp_path)])
    assert isinstance(named, Failed)
    assert isinstance(found, Failed)
    assert (named.harmless, found.harmless) == (False, True)
    assert "holds no JPEG picture" in named.message


def test_encrypted_members_stay_and_are_told(tmp_path: Path) -> None:
    source = zip_file(tmp_path / "x.zip", {"1.jpg": PHOTO, "2.jpg": COVER})
    content = bytearray(source.read_bytes())
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.rfind(signature) + flags] |= 1
    source.write_bytes(content)
    outcome = restored(source)
    assert isinstance(outcome, Finished)
    assert "2.jpg is encrypted and was left as it is" in outcome.notes
    assert len(outcome.pictures) == 1


@pytest.mark.parametrize("name", ["META-INF/documentsignatures.xml", "_xmlsignatures/origin.sigs"])
def test_signed_documents_are_broken_only_when_asked(tmp_path: Path, name: str) -> None:
    source = zip_file(tmp_path / "x.odt", {"mimetype": b"application/x", "Pictures/1.jpg": PHOTO, name: b"<x/>"})
    outcome = restored(source)
    assert isinstance(outcome, Failed)
    assert "(--break-signatures)" in outcome.message
    outcome = restored(source, break_signatures=True)
    assert isinstance(outcome, Finished)
    assert "the signature is broken, as was asked for" in outcome.notes


def test_large_members_are_read_one_at_a_time(tmp_path: Path) -> None:
    """The container keeps no content: what it hands out is read when it is asked for."""
    archive = ZipArchive(zip_file(tmp_path / "x.cbz", {"1.jpg": PHOTO, "2.jpg": COVER}))
    first, second = archive.pictures
    image = second.read(Limits(False, 10_000))
    assert (image.width, image.height) == (60, 80)
    assert first.size == len(PHOTO)
    archive.close()
    with pytest.raises(ValueError, match="closed"):
        first.read(Limits(False, 10_000))


def test_progress_counts_bytes(tmp_path: Path) -> None:
    told: list[Done] = []
    restored(zip_file(tmp_path / "x.cbz", {"1.jpg": PHOTO, "2.jpg": COVER}), progress=lambda _, done: told.append(done))
    half = len(PHOTO) / (len(PHOTO) + len(COVER))
    assert [done.share for done in told] == pytest.approx([half / 2, half, (half + 1) / 2, 1])
    assert [done.inside for done in told] == 2 * ["picture 1 of 2"] + 2 * ["picture 2 of 2"]


# --- other programs ---

CONTENT = """<?xml version="1.0"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"
 xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"
 xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.2"><office:body><office:text><text:p>Before
<draw:frame text:anchor-type="as-char" svg:width="6cm" svg:height="8cm"><draw:image xlink:href="Pictures/1.jpg"/>
</draw:frame></text:p></office:text></office:body></office:document-content>"""
MANIFEST = """<?xml version="1.0"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">
<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.text"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>
<manifest:file-entry manifest:full-path="Pictures/1.jpg" manifest:media-type="image/jpeg"/></manifest:manifest>"""


def office(folder: Path, target: str, *files: Path) -> None:
    program = shutil.which("soffice") or pytest.skip("LibreOffice is not installed")
    line = [program, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", target]
    subprocess.run([*line, "--outdir", str(folder / target), *map(str, files)], check=True, capture_output=True)


@pytest.mark.slow
def test_office_documents_open_in_libreoffice(tmp_path: Path) -> None:
    """A text of ours becomes Word's by LibreOffice; both are restored, and LibreOffice makes pages of all of them."""
    rendering = pytest.importorskip("pypdfium2")
    members = {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": CONTENT}
    files = {name: text.encode() for name, text in members.items()}
    text = zip_file(tmp_path / "x.odt", files | {"Pictures/1.jpg": COVER, "META-INF/manifest.xml": MANIFEST.encode()})
    office(tmp_path, "docx", text)
    word = shutil.move(tmp_path / "docx" / "x.docx", tmp_path / "word.docx")
    for source in (text, word):
        assert isinstance(restored(source, Refiner(20)), Finished)
    office(tmp_path, "pdf", text, word, tmp_path / "x.restored.odt", tmp_path / "word.restored.docx")
    for name in ("x", "word"):
        before, after = (
            rendering.PdfDocument(tmp_path / "pdf" / f"{name}{mark}.pdf")[0].render().to_numpy().astype(int)
            for mark in ("", ".restored")
        )
        changed = (before != after).any(-1)
        assert 0.02 < changed.mean() < 0.2
        rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
        picture = (after - before)[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert 10 < picture.mean() < 21  # the picture, all of it, and lighter


PACKAGE = """<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id"><metadata
 xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">urn:uuid:12345678-1234-4234-8234-123456789abc
</dc:identifier><dc:title>Title</dc:title><dc:language>en</dc:language>
<meta property="dcterms:modified">2020-01-01T00:00:00Z</meta></metadata><manifest>
<item id="page" href="page.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="cover" href="cover.jpg" media-type="image/jpeg" properties="cover-image"/>
</manifest><spine><itemref idref="page"/></spine></package>"""
PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title>Title</title></head>
<body><nav epub:type="toc"><ol><li><a href="page.xhtml">Page</a></li></ol></nav><p><img src="cover.jpg" alt=""/></p>
</body></html>"""
BOX = """<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""


@pytest.mark.slow
def test_books_stay_valid(tmp_path: Path) -> None:
    program, java = shutil.which("epubcheck"), shutil.which("java")
    if program is None or java is None:
        pytest.skip("epubcheck is not installed")
    command = [java, "-jar", program] if zipfile.is_zipfile(program) else [program]
    texts = {"mimetype": "application/epub+zip", "META-INF/container.xml": BOX, "book.opf": PACKAGE, "page.xhtml": PAGE}
    source = zip_file(tmp_path / "x.epub", {name: text.encode() for name, text in texts.items()} | {"cover.jpg": COVER})
    assert isinstance(restored(source), Finished)
    target = str(tmp_path / "x.restored.epub")
    result = subprocess.run([*command, target], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert zip_members(tmp_path / "x.restored.epub")["cover.jpg"] != COVER


def test_what_is_no_archive_is_refused_by_the_container_itself(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"nothing")
    with pytest.raises(ContainerError, match="no ZIP file"):
        ZipArchive(tmp_path / "x.zip")
