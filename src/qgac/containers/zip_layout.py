"""The bytes of a ZIP file (APPNOTE.TXT, 4.3): where each member lies, and headers for one that is exchanged.

Members that stay are copied as they are, byte by byte: so names in any encoding, times, permissions, comments, extra
fields, padding, and even compression methods that nobody here knows are kept.
"""

from __future__ import annotations

import struct
import zipfile
from dataclasses import dataclass
from typing import BinaryIO

from qgac.containers.container import ContainerError

__all__ = ["LARGEST", "Member", "directory_entry", "end_of_directory", "local_header", "members"]

LARGEST = 0xFFFFFFFF
"""Sizes and offsets of files that do without the extension to 64 bits, which is not supported."""

_LOCAL = struct.Struct("<4s5H3I2H")  # 4.3.7
_ENTRY = struct.Struct("<4s6H3I5H2I")  # 4.3.12
_END = struct.Struct("<4s4H2IH")  # 4.3.16
_SIZES_FOLLOW = 1 << 3  # in a descriptor behind the data
_LONG_SIZES = 1  # identifier of the extra field that holds sizes of 64 bits
_DAMAGED = "the ZIP file is damaged ({}); get an undamaged copy"


@dataclass(frozen=True)
class Member:
    """A member of a ZIP file.

    Attributes
    ----------
    info : ZipInfo
        What the directory says, as Python reads it.
    entry : bytes
        The raw entry of the directory.
    header : bytes
        The raw header before the data.
    start, end : int
        From the header to the next member, or to the directory.
    """

    info: zipfile.ZipInfo
    entry: bytes
    header: bytes
    start: int
    end: int


def members(archive: zipfile.ZipFile, file: BinaryIO) -> list[Member]:
    """Find the bytes of each member.

    Parameters
    ----------
    archive : ZipFile
    file : binary file
        What it was made of.

    Returns
    -------
    list of Member
        In the order of the directory.

    Raises
    ------
    ContainerError
        If members overlap (which makes small files endlessly large), need sizes of 64 bits, or the file is damaged.
    """
    infos = archive.infolist()
    directory = archive.start_dir
    order = sorted(infos, key=lambda info: info.header_offset)
    following = [info.header_offset for info in order] + [directory]
    ends = {id(info): end for info, end in zip(order, following[1:], strict=True)}
    found = []
    position = directory
    for info in infos:
        file.seek(position)
        fixed = file.read(_ENTRY.size)
        if len(fixed) < _ENTRY.size or fixed[:4] != b"PK\1\2":
            raise ContainerError(_DAMAGED.format("its directory ends early"))
        fields = _ENTRY.unpack(fixed)
        if LARGEST in (fields[8], fields[9], fields[16]):
            raise ContainerError("ZIP files with sizes of 64 bits are not supported; pack the pictures anew")
        entry = fixed + file.read(sum(fields[10:13]))
        position += len(entry)
        header = _header(file, info.header_offset)
        end = ends[id(info)]
        if info.header_offset + len(header) + info.compress_size > end:
            raise ContainerError(
                "members of the ZIP file overlap, as in files that are made to overwhelm programs; it is not opened"
            )
        found.append(Member(info, entry, header, info.header_offset, end))
    return found


def _header(file: BinaryIO, start: int) -> bytes:
    if start < 0:
        raise ContainerError(_DAMAGED.format("a member begins before the file"))
    file.seek(start)
    fixed = file.read(_LOCAL.size)
    if len(fixed) < _LOCAL.size or fixed[:4] != b"PK\3\4":
        raise ContainerError(_DAMAGED.format("a member is not where the directory says"))
    return fixed + file.read(sum(_LOCAL.unpack(fixed)[9:11]))


def local_header(member: Member, crc: int, compressed: int, size: int) -> bytes:
    """Make the header for other data of a member: the same but for checksum and sizes."""
    fields = list(_LOCAL.unpack_from(member.header))
    name = member.header[_LOCAL.size : _LOCAL.size + fields[9]]
    extra = _without_long_sizes(member.header[_LOCAL.size + fields[9] :])
    fields[2] &= ~_SIZES_FOLLOW
    fields[6:9] = crc, compressed, size
    fields[10] = len(extra)
    return _LOCAL.pack(*fields) + name + extra


def directory_entry(member: Member, offset: int, other: tuple[int, int, int] | None = None) -> bytes:
    """Make the entry of a member at another offset; with other data if their checksum and sizes are given."""
    fields = list(_ENTRY.unpack_from(member.entry))
    if other is not None:
        fields[3] &= ~_SIZES_FOLLOW
        fields[7:10] = other
    fields[16] = offset
    return _ENTRY.pack(*fields) + member.entry[_ENTRY.size :]


def end_of_directory(number: int, size: int, offset: int, comment: bytes) -> bytes:
    """Make the record that a ZIP file ends with, for a directory of so many entries and bytes at an offset."""
    return _END.pack(b"PK\5\6", 0, 0, number, number, size, offset, len(comment)) + comment


def _without_long_sizes(extra: bytes) -> bytes:
    """Drop the extra field with sizes of 64 bits, which would contradict the new ones."""
    kept, position = b"", 0
    while position + 4 <= len(extra):
        identifier, length = struct.unpack_from("<HH", extra, position)
        if identifier != _LONG_SIZES:
            kept += extra[position : position + 4 + length]
        position += 4 + length
    return kept + extra[position:]
