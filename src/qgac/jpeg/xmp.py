r"""XMP packets of JPEG files: the part that does not fit into one segment, and what announces further pictures.

A segment holds 65,502 bytes of XMP. What does not fit is a second packet, the *extended* one, cut into segments of its
own that are named after its MD5 sum; the main packet holds that name (XMP specification, part 3, 1.1.3.1). Other
formats hold one packet, so there the RDF of both is joined.

Packets are edited as text: what stays, stays byte for byte. A result that is no well-formed XML is not used.
"""

from __future__ import annotations

import re
import struct
from xml.parsers import expat

__all__ = ["EXTENSION", "XMP", "ExtendedParts", "extension_name", "joined", "without_announcements"]

XMP = b"http://ns.adobe.com/xap/1.0/\0"
EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_NAME = 32  # bytes
_NAMED = re.compile(rb"HasExtendedXMP\s*(?:=\s*[\"']|>)\s*([0-9A-Fa-f]{32})")
_NAMING = re.compile(
    rb"\s+[\w.-]+:HasExtendedXMP\s*=\s*(?:\"[^\"]*\"|'[^']*')|<([\w.-]+:HasExtendedXMP)\s*>[^<]*</\1\s*>"
)
_RDF = re.compile(rb"<rdf:RDF\b[^>]*(?<!/)>(.*)</rdf:RDF\s*>", re.DOTALL)

# Namespaces of what announces further pictures or films in the file, with the names in them.
_ANNOUNCEMENTS = {
    b"http://ns.adobe.com/hdr-gain-map/1.0/": rb"[\w.-]+",
    b"http://ns.google.com/photos/1.0/container/": rb"[\w.-]+",
    b"http://ns.google.com/photos/1.0/container/item/": rb"[\w.-]+",
    b"http://ns.google.com/photos/1.0/camera/": rb"(?:MotionPhoto|MicroVideo)[\w.-]*",
}


class ExtendedParts:
    """The segments of extended packets, as they come."""

    def __init__(self) -> None:
        self._parts: dict[bytes, dict[int, bytes]] = {}
        self._lengths: dict[bytes, int] = {}

    def add(self, payload: bytes) -> None:
        """Take in a segment, which begins with :data:`EXTENSION`."""
        start = len(EXTENSION) + _NAME
        if len(payload) >= start + 8:
            name = payload[len(EXTENSION) : start].upper()
            self._lengths[name], offset = struct.unpack_from(">II", payload, start)
            self._parts.setdefault(name, {})[offset] = payload[start + 8 :]

    def __bool__(self) -> bool:
        return bool(self._parts)

    def whole(self, main: bytes | None) -> bytes | None:
        """Return the packet that the main one names, or None if it is not there, or not whole."""
        name = extension_name(main)
        packet = b""
        for offset, part in sorted(self._parts.get(name or b"", {}).items()):
            if offset != len(packet):
                return None
            packet += part
        return packet if packet and name and len(packet) == self._lengths[name] else None


def extension_name(main: bytes | None) -> bytes | None:
    """Return the name of the extended packet that belongs to a main one, or None if there is none."""
    found = _NAMED.search(main or b"")
    return found[1].upper() if found else None


def joined(main: bytes | None, extended: bytes | None) -> bytes | None:
    """Join both packets to one.

    Returns
    -------
    bytes or None
        The main packet if there is no other; None if they cannot be joined.
    """
    if main is None or extended is None:
        return main
    further = _RDF.search(extended)
    if further is None and not _well_formed(extended):
        return None
    addition = further[1] if further else b""
    place = main.rfind(b"</rdf:RDF")
    if place < 0 and addition.strip():
        return None
    both = main[:place] + addition + main[place:] if addition.strip() else main
    both = _NAMING.sub(b"", both)
    return both if _well_formed(both) else None


def without_announcements(packet: bytes) -> bytes:
    """Leave out what announces further pictures or films in a file: gain maps, containers, motion photos.

    Returns
    -------
    bytes
        The packet itself if it announces none, or is no well-formed XML.
    """
    result = packet
    for namespace, names in _ANNOUNCEMENTS.items():
        for prefix in set(re.findall(rb"xmlns:([\w.-]+)\s*=\s*[\"']" + re.escape(namespace) + rb"[\"']", packet)):
            name = re.escape(prefix) + rb":" + names
            result = re.sub(rb"\s+" + name + rb"\s*=\s*(?:\"[^\"]*\"|'[^']*')", b"", result)
            result = re.sub(rb"<(" + name + rb")\b[^>]*/>", b"", result)
            result = re.sub(rb"<(" + name + rb")\b[^>]*>.*?</\1\s*>", b"", result, flags=re.DOTALL)
    return result if result != packet and _well_formed(result) else packet


def _well_formed(packet: bytes) -> bool:
    """Say whether a packet is XML whose prefixes are all declared."""
    parser = expat.ParserCreate(namespace_separator=" ")
    try:
        parser.Parse(packet.strip(b"\0 \t\r\n"), True)
    except (expat.ExpatError, ValueError):
        return False
    return True
