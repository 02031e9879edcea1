"""Extended XMP, and XMP that announces further pictures."""

from __future__ import annotations

import hashlib
import io
import xml.etree.ElementTree as ET

import pytest
from PIL import Image

import jpeg_writer as writer
from qgac.jpeg.reader import read_jpeg
from qgac.jpeg.writer import write_jpeg
from qgac.jpeg.xmp import joined, without_announcements

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def packet(*descriptions: str, declared: str = "") -> bytes:
    inside = "".join(descriptions)
    return (
        f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"{declared}>'
        f'<rdf:RDF xmlns:rdf="{RDF}">{inside}</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


EXTENDED = packet(f'<rdf:Description rdf:about="" xmlns:n="urn:n" n:long="{"x" * 150_000}"/>')


def main_packet(extended: bytes = EXTENDED) -> bytes:
    name = hashlib.md5(extended, usedforsecurity=False).hexdigest().upper()
    return packet(
        f'<rdf:Description rdf:about="" xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmlns:t="urn:t"'
        f' xmpNote:HasExtendedXMP="{name}" t:title="kept"/>'
    )


def main_segment(content: bytes) -> bytes:
    return writer.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + content)


def extension(extended: bytes = EXTENDED, size: int = 60_000) -> list[bytes]:
    name = hashlib.md5(extended, usedforsecurity=False).hexdigest().upper().encode()
    head = b"http://ns.adobe.com/xmp/extension/\0" + name + len(extended).to_bytes(4, "big")
    starts = range(0, len(extended), size)
    return [writer.segment(0xE1, head + at.to_bytes(4, "big") + extended[at : at + size]) for at in starts]


def with_segments(*segments: bytes) -> bytes:
    return writer.sequential_file(writer.random_parts([(1, 1)], 8, 8), 8, 8, head=b"".join(segments))


def properties(content: bytes) -> dict[str, str]:
    """All attributes of all descriptions of a packet."""
    found: dict[str, str] = {}
    for description in ET.fromstring(content.decode()).iter(f"{{{RDF}}}Description"):
        found |= description.attrib
    return found


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_extended_packets_are_put_together_and_written_again(order: list[int]) -> None:
    parts = extension()
    image = read_jpeg(with_segments(main_segment(main_packet()), *(parts[i] for i in order)))
    assert image.notes == ()
    assert image.metadata.xmp == main_packet()
    assert image.metadata.extended_xmp == EXTENDED
    again = read_jpeg(write_jpeg(image))
    assert again.metadata.xmp == image.metadata.xmp
    assert again.metadata.extended_xmp == image.metadata.extended_xmp
    assert again.notes == ()


def test_pillow_sees_what_is_written() -> None:
    """Pillow keeps APP segments as they are."""
    image = read_jpeg(with_segments(main_segment(main_packet()), *extension()))
    with Image.open(io.BytesIO(write_jpeg(image))) as picture:
        payloads = [payload for name, payload in picture.applist if name == "APP1"]
    assert sum(payload.startswith(b"http://ns.adobe.com/xmp/extension/") for payload in payloads) == 3


@pytest.mark.parametrize(
    "segments",
    [
        [main_segment(main_packet()), *extension()[:2]],
        [main_segment(main_packet()), *extension()[1:]],
        [main_segment(main_packet(b"another")), *extension()],
        [*extension()],
    ],
    ids=["end missing", "beginning missing", "another name", "no main packet"],
)
def test_incomplete_extended_packets_are_left_out_with_a_note(segments: list[bytes]) -> None:
    image = read_jpeg(with_segments(*segments))
    assert image.metadata.extended_xmp is None
    assert image.notes == ("the extended XMP is incomplete, or does not belong to the main one, and was left out",)


def test_both_packets_in_one() -> None:
    both = joined(main_packet(), EXTENDED)
    assert both is not None
    found = properties(both)
    assert found["{urn:t}title"] == "kept"
    assert found["{urn:n}long"] == "x" * 150_000
    assert "HasExtendedXMP" not in both.decode()
    assert joined(main_packet(), None) == main_packet()
    assert joined(None, None) is None


@pytest.mark.parametrize(
    "extended",
    [
        b"no XML at all",
        packet('<rdf:Description m:odd="1"/>', declared=' xmlns:m="urn:m"'),  # a prefix that is declared outside
        packet("<rdf:Description>"),
    ],
)
def test_packets_that_cannot_be_joined(extended: bytes) -> None:
    assert joined(main_packet(extended), extended) is None
    image = read_jpeg(with_segments(main_segment(main_packet(extended)), *extension(extended)))
    assert image.metadata.extended_xmp == extended
    assert image.notes == ("the extended XMP does not fit to the main one; only JPEG files keep it",)


ULTRA_HDR = packet(
    """<rdf:Description rdf:about=""
      xmlns:Container="http://ns.google.com/photos/1.0/container/"
      xmlns:Item="http://ns.google.com/photos/1.0/container/item/"
      xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" xmlns:t="urn:t"
      hdrgm:Version="1.0" hdrgm:GainMapMax='3.5' t:title="kept">
      <Container:Directory><rdf:Seq>
        <rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="Primary" Item:Mime="image/jpeg"/></rdf:li>
        <rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="GainMap" Item:Length="1234"/></rdf:li>
      </rdf:Seq></Container:Directory>
      <hdrgm:Gamma><rdf:Seq><rdf:li>1</rdf:li></rdf:Seq></hdrgm:Gamma>
      <t:more>kept too</t:more></rdf:Description>"""
)
MOTION = packet(
    """<rdf:Description rdf:about="" xmlns:GCamera="http://ns.google.com/photos/1.0/camera/"
      GCamera:MotionPhoto="1" GCamera:MotionPhotoVersion="1" GCamera:MicroVideoOffset="999" GCamera:Other="kept"/>"""
)


@pytest.mark.parametrize(
    ("content", "gone", "kept"),
    [
        (ULTRA_HDR, ["Version", "GainMap", "Directory", "Semantic", "Gamma"], ["kept", "kept too"]),
        (MOTION, ["MotionPhoto", "MicroVideo"], ["kept"]),
        (ULTRA_HDR.replace(b"hdrgm:", b"h:").replace(b":hdrgm", b":h"), ["Version", "GainMap", "Gamma"], ["kept"]),
    ],
)
def test_announcements_of_what_is_not_written_are_left_out(content: bytes, gone: list[str], kept: list[str]) -> None:
    image = read_jpeg(with_segments(main_segment(content)))
    assert image.notes == ("what the XMP says about further pictures or films in the file was left out with them",)
    assert image.metadata.xmp is not None
    ET.fromstring(image.metadata.xmp.decode())
    text = image.metadata.xmp.decode()
    assert not [word for word in gone if word in text]
    assert all(word in text for word in kept)


@pytest.mark.parametrize(
    "content", [main_packet(), b"no XML", b"<a hdrgm:Version='1'", b"", "caf\u00e9".encode("utf-16")]
)
def test_other_packets_stay_as_they_are(content: bytes) -> None:
    assert without_announcements(content) == content
