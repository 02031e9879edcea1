"""ZIP files with pictures: comics (CBZ), books (EPUB), office documents (DOCX, ODT and the like), and plain ones."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from qgac.containers.container import ContainerError, Exchange, Inner, Limits
from qgac.containers.jpeg_file import jpeg_file
from qgac.containers.zip_layout import (
    LARGEST,
    Member,
    directory_entry,
    end_of_directory,
    local_header,
    members,
)

if TYPE_CHECKING:
    from qgac.jpeg.image import JPEGImage

__all__ = ["ZipArchive"]

_JPEG = b"\xff\xd8\xff"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1  # in the flags of a member
_LARGEST_PICTURE = 1 << 30  # bytes
_SUSPICIOUS = 1 << 20  # bytes of a member from which on its ratio counts
_RATIO = 100  # JPEG data can hardly be compressed
_SIGNATURES = ("meta-inf/documentsignatures.xml", "meta-inf/signatures.xml", "_xmlsignatures/origin.sigs")
_OTHERS = ((b"Rar!", "a RAR archive"), (b"7z\xbc\xaf", "a 7-Zip archive"), (b"\xd0\xcf\x11\xe0", "encrypted or old"))


class ZipArchive:
    """A ZIP file whose members that are JPEG files are its pictures, whatever their names.

    Parameters
    ----------
    path : Path

    Raises
    ------
    ContainerError
        If it is no ZIP file, damaged, or made to harm.
    OSError
        If it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("rb")
        try:
            self._archive = _opened(self._file)
            self._members = members(self._archive, self._file)
            self.notes: list[str] = []
            self._jpegs = [member for member in self._members if self._is_jpeg(member)]
        except BaseException:
            self._file.close()
            raise

    @property
    def pictures(self) -> Sequence[Inner]:
        """The JPEG files, in the order of the directory."""
        return [_inner(self, member) for member in self._jpegs]

    @property
    def signed(self) -> bool:
        """Whether a signature covers the content."""
        return any(member.info.filename.lower() in _SIGNATURES for member in self._members)

    def write(self, path: Path, exchange: Exchange) -> None:
        """Write the archive with other pictures; everything else is copied as it is."""
        with path.open("wb") as output:
            places = dict(self._copied(output, exchange))
            start = output.tell()
            for member in self._members:
                offset, other = places[id(member)]
                output.write(directory_entry(member, offset, other))
            size = output.tell() - start
            if output.tell() > LARGEST:
                raise ContainerError("the result is larger than 4 GB, which is not supported; lower the --quality")
            output.write(end_of_directory(len(self._members), size, start, self._archive.comment))

    def close(self) -> None:
        """Close the file."""
        self._archive.close()
        self._file.close()

    def content(self, member: Member) -> bytes:
        """Return the data of a member.

        Raises
        ------
        JPEGError
            If they are damaged.
        """
        from qgac.jpeg.errors import JPEGError

        try:
            with self._archive.open(member.info) as data:
                return data.read(member.info.file_size)  # with a number, no more is unpacked than the directory says
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise JPEGError(f"its data in the ZIP file are damaged ({error}); get an undamaged copy") from error

    def _copied(
        self, output: BinaryIO, exchange: Exchange
    ) -> Iterator[tuple[int, tuple[int, tuple[int, int, int] | None]]]:
        """Write all members where they lie one after the other; tell the place of each, and the sizes of new data."""
        jpegs = {id(member) for member in self._jpegs}
        position = 0
        # Asked for in the order of the directory, which nearly always is that of the file.
        for member in sorted(self._members, key=lambda member: member.start):
            self._copy(position, member.start, output)
            position = member.end
            picture = exchange(_inner(self, member)) if id(member) in jpegs else None
            offset = output.tell()
            if picture is None:
                self._copy(member.start, member.end, output)
                yield id(member), (offset, None)
                continue
            content = jpeg_file(picture)
            stored = member.info.compress_type == zipfile.ZIP_STORED
            data = content if stored else _deflated(content)
            sizes = (zlib.crc32(content), len(data), len(content))
            output.write(local_header(member, *sizes))
            output.write(data)
            yield id(member), (offset, sizes)

    def _copy(self, start: int, end: int, output: BinaryIO) -> None:
        self._file.seek(start)
        left = end - start
        while left > 0:
            part = self._file.read(min(left, 1 << 20))
            if not part:
                raise ContainerError("the ZIP file is damaged (it ends early); get an undamaged copy")
            output.write(part)
            left -= len(part)

    def _is_jpeg(self, member: Member) -> bool:
        """Say whether a member is a JPEG file that can be exchanged, and refuse what is made to harm."""
        info = member.info
        _check_name(info.filename)
        named = PurePosixPath(info.filename).suffix.lower() in (".jpg", ".jpeg")
        if not info.filename or info.is_dir() or info.file_size < len(_JPEG):
            return False
        if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
            if named:
                why = "encrypted" if info.flag_bits & _ENCRYPTED else "compressed in a way that is not supported"
                self.notes.append(f"{info.filename} is {why} and was left as it is")
            return False
        try:
            with self._archive.open(info) as data:
                if data.read(len(_JPEG)) != _JPEG:
                    return False
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError):
            if named:
                self.notes.append(f"{info.filename} is damaged and was left as it is")
            return False
        inflated = info.file_size > _SUSPICIOUS and info.file_size > _RATIO * info.compress_size
        if inflated or info.file_size > _LARGEST_PICTURE:
            raise ContainerError(
                f"{info.filename} would become {info.file_size / 1e6:.0f} MB, as in files that are made to overwhelm "
                "programs; it is not opened"
            )
        return True


def _opened(file: BinaryIO) -> zipfile.ZipFile:
    beginning = file.read(8)
    for signature, kind in _OTHERS:
        if beginning.startswith(signature):
            raise ContainerError(f"this is {kind}, which is not supported; save it as a ZIP file (CBZ, DOCX) first")
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeDecodeError, EOFError) as error:
        raise ContainerError(f"this is no ZIP file, or a damaged one ({error}); get an undamaged copy") from error


def _check_name(name: str) -> None:
    """Refuse names that would lead out of a folder; nothing is unpacked here, but someone will."""
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or name.startswith(("/", "\\")) or (len(name) > 1 and name[1] == ":"):
        raise ContainerError(
            f"a member is called {name!r}, which leads out of the folder that it is unpacked to; it is not opened"
        )


def _inner(archive: ZipArchive, member: Member) -> Inner:
    def read(limits: Limits) -> JPEGImage:
        from qgac.jpeg.reader import read_jpeg  # loaded when it is needed

        return read_jpeg(archive.content(member), tolerant=limits.tolerant, max_pixels=limits.max_pixels)

    return Inner(member.info.filename, member.info.file_size, read)


def _deflated(content: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(content) + compressor.flush()
