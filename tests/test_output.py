from __future__ import annotations

import errno
import io
import os
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms

from qgac.exif import first_directory, without_thumbnail
from qgac.jpeg.image import Component, Density, JPEGImage, Metadata
from qgac.jpeg.reader import read_jpeg
from qgac.output import Encoding, OutputError, format_of, natural_format, write_picture
from qgac.restorer import Restored
from qgac.tiff import encode_tiff

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GRAY = SRGB[:16] + b"GRAY" + SRGB[20:]  # all that is looked at is the colour space in the header
XMP = b'<?xpacket begin="\xef\xbb\xbf"?><x:xmpmeta xmlns:x="adobe:ns:meta/">\xc3\xa9</x:xmpmeta>'
THUMBNAIL = b"\xff\xd8" + b"the picture as it was" * 20 + b"\xff\xd9"
RESOURCES = b"8BIM\x04\x04\0\0\0\0\0\x02ok"


def exif_data(order: str = "<") -> bytes:
    """EXIF of a camera by hand: orientation 6, a maker's note inside the EXIF directory, and a thumbnail at the end."""

    def entry(tag: int, kind: int, count: int, value: int) -> bytes:
        packed = struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value)
        return struct.pack(order + "HHI", tag, kind, count) + packed

    camera, note = b"Camera of mine\0\0", b"maker's own note"
    main = 8 + 2 + 3 * 12 + 4
    details = main + len(camera)
    note_at = details + 2 + 12 + 4
    small = note_at + len(note)
    thumbnail_at = small + 2 + 2 * 12 + 4
    parts = [
        {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8),
        struct.pack(order + "H", 3),
        entry(271, 2, 15, main),
        entry(274, 3, 1, 6),
        entry(34665, 4, 1, details),
        struct.pack(order + "I", small),
        camera,
        struct.pack(order + "H", 1) + entry(37500, 7, len(note), note_at) + bytes(4),
        note,
        struct.pack(order + "H", 2),
        entry(513, 4, 1, thumbnail_at),
        entry(514, 4, 1, len(THUMBNAIL)),
        bytes(4),
        THUMBNAIL,
    ]
    return b"".join(parts)


METADATA = Metadata(
    exif=exif_data(),
    icc=SRGB,
    xmp=XMP,
    iptc=b"Photoshop 3.0\0" + RESOURCES,
    comments=("naïve".encode(), b"second"),
    density=Density(1, 300, 150),
)


def restored(shape: tuple[int, ...] = (30, 41, 3), metadata: Metadata = METADATA) -> Restored:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    channels = 1 if len(shape) == 2 else shape[2]
    component = Component(np.zeros((4, 6, 8, 8), np.int16), np.ones((8, 8), np.uint16), 1, 1)
    image = JPEGImage(
        width=shape[1],
        height=shape[0],
        color={1: "gray", 3: "YCbCr", 4: "CMYK"}[channels],  # type: ignore[arg-type]
        components=(component,) * channels,
        metadata=metadata,
        process="baseline",
    )
    return Restored(pixels, image)


def written(picture: Restored | JPEGImage, kind: str, encoding: Encoding | None = None) -> bytes:
    buffer = io.BytesIO()
    write_picture(picture, buffer, format=kind, encoding=encoding)  # type: ignore[arg-type]
    return buffer.getvalue()


def raw_pixels(content: bytes) -> np.ndarray:
    """Decode with Pillow, without the turn by the orientation that it makes for TIFF alone."""
    picture = Image.open(io.BytesIO(content))
    turned = picture.format == "TIFF" and picture.getexif().get(274) == 6
    return np.rot90(np.asarray(picture)) if turned else np.asarray(picture)


# --- pixels ---


@pytest.mark.parametrize("kind", ["png", "webp", "tiff"])
@pytest.mark.parametrize("shape", [(1, 1, 3), (7, 5), (30, 41, 3), (700, 300, 3)])
def test_lossless_formats_keep_every_sample(kind: str, shape: tuple[int, ...]) -> None:
    picture = restored(shape, Metadata())
    samples = np.asarray(Image.open(io.BytesIO(written(picture, kind))))
    expected = picture.pixels
    if kind == "webp" and len(shape) == 2:
        expected = np.stack([expected] * 3, axis=-1)
    np.testing.assert_array_equal(samples, expected)


def test_tiff_keeps_cmyk() -> None:
    picture = restored((30, 41, 4), Metadata())
    opened = Image.open(io.BytesIO(written(picture, "tiff")))
    assert opened.mode == "CMYK"
    np.testing.assert_array_equal(np.asarray(opened), picture.pixels)


def test_jpeg_is_of_quality_95_without_subsampling() -> None:
    smooth = replace(restored(), pixels=np.full((30, 41, 3), (200, 30, 90), np.uint8))
    opened = Image.open(io.BytesIO(written(smooth, "jpeg")))
    assert [part[1:3] for part in opened.layer] == [(1, 1)] * 3
    assert opened.quantization[0][0] == 2  # 16 scaled by 10 %
    assert np.abs(np.asarray(opened).astype(int) - smooth.pixels).max() <= 3


def test_cmyk_jpeg_keeps_its_polarity() -> None:
    picture = replace(restored((30, 41, 4)), pixels=np.full((30, 41, 4), (10, 60, 120, 240), np.uint8))
    opened = Image.open(io.BytesIO(written(picture, "jpeg")))
    assert opened.mode == "CMYK"
    assert np.abs(np.asarray(opened).astype(int) - picture.pixels).max() <= 3


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_formats_without_cmyk_say_so(kind: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="CMYK; choose tiff or jpeg"):
        write_picture(restored((8, 8, 4)), tmp_path / "x", format=kind)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_webp_says_how_large_it_can_be() -> None:
    with pytest.raises(OutputError, match="16383"):
        written(restored((1, 16384, 3)), "webp")


def floats(shape: tuple[int, ...]) -> Restored:
    """Samples between whole numbers, as the networks make them."""
    pixels = np.random.default_rng(1).uniform(0, 255, shape).astype(np.float32)
    return replace(restored(shape), pixels=pixels)


@pytest.mark.parametrize("shape", [(40, 41), (40, 41, 3), (40, 41, 4)])
def test_sixteen_bits_come_from_the_floats(shape: tuple[int, ...]) -> None:
    picture = floats(shape)
    samples = tifffile.imread(io.BytesIO(written(picture, "tiff", Encoding(depth=16))))
    assert samples.dtype == np.uint16
    assert len(np.unique(samples)) > 1024
    assert np.abs(samples - picture.pixels.astype(np.float64) * 257).max() < 0.505  # float32 may decide a tie
    if len(shape) < 3 or shape[2] == 3:
        content = written(picture, "png", Encoding(depth=16))
        assert content[24] == 16
        high = np.asarray(Image.open(io.BytesIO(content)))  # Pillow drops the low byte of colour
        np.testing.assert_array_equal(high, samples if len(shape) == 2 else samples >> 8)


@pytest.mark.parametrize("shape", [(40, 41), (40, 41, 3), (40, 41, 4)])
def test_floats_lie_between_zero_and_one(shape: tuple[int, ...]) -> None:
    picture = floats(shape)
    samples = tifffile.imread(io.BytesIO(written(picture, "tiff", Encoding(depth="float"))))
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples * 255.0, picture.pixels, rtol=1e-6)


@pytest.mark.parametrize("depth", [16, "float"])
def test_pixels_of_8_bit_make_no_deeper_picture(depth: Any) -> None:
    with pytest.raises(OutputError, match="restore them as uint16 or float32"):
        written(restored(), "tiff", Encoding(depth=depth))


@pytest.mark.parametrize(
    ("kind", "encoding", "choice"),
    [
        ("webp", Encoding(depth=16), "png or tiff"),
        ("jpeg", Encoding(depth=16), "png or tiff"),
        ("png", Encoding(depth="float"), "tiff"),
        ("png", Encoding(consistent=True), "jpeg"),
    ],
)
def test_what_a_format_cannot_hold_is_told(kind: str, encoding: Encoding, choice: str) -> None:
    with pytest.raises(OutputError, match=rf"a {kind} file cannot hold .*; choose {choice} \(--format\)"):
        written(floats((8, 8)), kind, encoding)


@pytest.mark.parametrize(
    "options",
    [{"depth": 12}, {"quality": 0}, {"quality": 101}, {"srgb": True, "depth": 16}, {"srgb": True, "consistent": True}],
)
def test_encodings_that_contradict_themselves(options: dict[str, Any]) -> None:
    with pytest.raises(OutputError):
        Encoding(**options)


def test_quality_of_jpeg_files() -> None:
    opened = Image.open(io.BytesIO(written(restored(), "jpeg", Encoding(quality=50))))
    assert opened.quantization[0][0] == 16  # Annex K's table itself
    assert [part[1:3] for part in opened.layer] == [(1, 1)] * 3


@pytest.mark.parametrize("shape", [(30, 41, 3), (30, 41, 4)])
def test_coefficients_are_written_as_they_are_with_the_same_metadata(shape: tuple[int, ...]) -> None:
    levels = np.random.default_rng(2).integers(-9, 10, (4, 6, 8, 8)).astype(np.int16)
    image = restored(shape).image
    image = replace(
        image, components=tuple(replace(c, coefficients=levels + i) for i, c in enumerate(image.components))
    )
    coefficients, pixels = (read_jpeg(written(picture, "jpeg")) for picture in (image, restored(shape)))
    for mine, theirs in zip(coefficients.components, image.components, strict=True):
        np.testing.assert_array_equal(mine.coefficients, theirs.coefficients)
        np.testing.assert_array_equal(mine.table, theirs.table)
    assert coefficients.metadata == pixels.metadata
    expected = replace(METADATA, exif=without_thumbnail(exif_data()))
    assert coefficients.metadata == (expected if shape[2] == 3 else replace(expected, density=None))
    with pytest.raises(OutputError, match="choose jpeg"):
        written(image, "png")


def test_photoshop_resources_are_kept_in_png() -> None:
    texts = Image.open(io.BytesIO(written(restored(), "png"))).text  # type: ignore[attr-defined]
    assert bytes.fromhex("".join(texts["Raw profile type iptc"].split("\n")[3:])) == RESOURCES


def test_natural_format() -> None:
    assert natural_format(restored((8, 8)).image) == "png"
    assert natural_format(restored((8, 8, 4)).image) == "tiff"
    assert natural_format(restored((8, 8, 4)).image, srgb=True) == "png"
    assert format_of(Path("a.TIF")) == "tiff"
    assert format_of(Path("a.jpg.txt")) is None


# --- metadata ---


@pytest.mark.parametrize("kind", ["png", "webp", "tiff", "jpeg"])
def test_orientation_is_kept_and_pixels_are_not_turned(kind: str) -> None:
    picture = restored()
    content = written(picture, kind)
    assert Image.open(io.BytesIO(content)).getexif()[ExifTags.Base.Orientation] == 6
    if kind != "jpeg":
        np.testing.assert_array_equal(raw_pixels(content), picture.pixels)


@pytest.mark.parametrize("kind", ["png", "webp", "tiff", "jpeg"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_is_kept_without_the_thumbnail(kind: str, order: str) -> None:
    content = written(restored(metadata=Metadata(exif=exif_data(order))), kind)
    exif = Image.open(io.BytesIO(content)).getexif()
    assert exif[ExifTags.Base.Make] == "Camera of mine"
    assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] == b"maker's own note"
    assert exif.get_ifd(ExifTags.IFD.IFD1) == {}
    assert THUMBNAIL not in content
    # The offsets inside a maker's note hold only if it lies where it lay, counted from the start of the structure.
    start = content.index({"<": b"II*\0", ">": b"MM\0*"}[order])
    assert content.index(b"maker's own note") - start == exif_data(order).index(b"maker's own note")


@pytest.mark.parametrize("kind", ["png", "webp", "tiff", "jpeg"])
def test_profile_and_xmp_are_kept(kind: str) -> None:
    opened = Image.open(io.BytesIO(written(restored(), kind)))
    assert opened.info["icc_profile"] == SRGB
    xmp = opened.info["xmp"]
    assert (xmp if isinstance(xmp, bytes) else xmp.encode()) == XMP


@pytest.mark.parametrize(("kind", "digits"), [("png", 0), ("tiff", 6), ("jpeg", 6)])
def test_density_in_inches_is_kept(kind: str, digits: int) -> None:
    opened = Image.open(io.BytesIO(written(restored(), kind)))
    assert opened.info["dpi"] == pytest.approx((300, 150), abs=0.02 if digits == 0 else 0)


def test_density_in_centimetres_is_kept() -> None:
    picture = restored(metadata=Metadata(density=Density(2, 40, 80)))
    assert b"pHYs" + struct.pack(">IIB", 4000, 8000, 1) in written(picture, "png")
    tiff = Image.open(io.BytesIO(written(picture, "tiff")))
    assert (tiff.tag_v2[282], tiff.tag_v2[283], tiff.tag_v2[296]) == (40, 80, 3)
    jpeg = Image.open(io.BytesIO(written(picture, "jpeg")))
    assert (jpeg.info["jfif_unit"], jpeg.info["jfif_density"]) == (2, (40, 80))


def test_aspect_ratio_is_kept_and_square_pixels_are_not_worth_a_word() -> None:
    stretched = written(restored(metadata=Metadata(density=Density(0, 2, 1))), "png")
    opened = Image.open(io.BytesIO(stretched))
    opened.load()  # checks the sums of all chunks
    assert opened.info["aspect"] == (2, 1)
    assert b"pHYs" not in written(restored(metadata=Metadata(density=Density(0, 1, 1))), "png")


def test_comments_are_kept() -> None:
    assert Image.open(io.BytesIO(written(restored(), "tiff"))).tag_v2[270].encode("latin-1").decode() == "naïve"
    png = written(restored(), "png")
    assert b"tEXtComment\0" + "naïve".encode("latin-1") in png
    assert b"tEXtComment\0second" in png
    segments = Image.open(io.BytesIO(written(restored(), "jpeg"))).applist
    assert [data for name, data in segments if name == "COM"] == ["naïve".encode(), b"second"]


def test_photoshop_resources_are_kept() -> None:
    assert Image.open(io.BytesIO(written(restored(), "tiff"))).tag_v2[34377] == RESOURCES
    segments = Image.open(io.BytesIO(written(restored(), "jpeg"))).applist
    assert ("APP13", METADATA.iptc) in segments


def test_long_photoshop_resources_are_split() -> None:
    resources = np.random.default_rng(0).bytes(150_000)
    content = written(restored(metadata=Metadata(iptc=b"Photoshop 3.0\0" + resources)), "jpeg")
    parts = [data for name, data in Image.open(io.BytesIO(content)).applist if name == "APP13"]
    assert len(parts) == 3
    assert b"".join(part.removeprefix(b"Photoshop 3.0\0") for part in parts) == resources


@pytest.mark.parametrize(("shape", "kept"), [((8, 8), GRAY), ((8, 8, 3), SRGB)])
def test_png_takes_profiles_of_its_own_colour_only(shape: tuple[int, ...], kept: bytes) -> None:
    for profile in (GRAY, SRGB):
        opened = Image.open(io.BytesIO(written(restored(shape, Metadata(icc=profile)), "png")))
        assert opened.info.get("icc_profile") == (profile if profile == kept else None)


def test_no_gray_profile_is_lost_in_webp() -> None:
    with pytest.raises(OutputError, match="gray ICC profile; choose png or tiff"):
        written(restored((8, 8), Metadata(icc=GRAY)), "webp")


def test_tiff_leaves_out_what_exif_says_about_another_layout() -> None:
    """Cameras write YCbCr, strips and sampling into EXIF's main directory; in a TIFF file they would count."""
    exif = Image.Exif()
    exif[262], exif[278], exif[530], exif[305] = 6, 1, (2, 2), "Software"
    picture = restored(metadata=Metadata(exif=exif.tobytes()[6:]))
    opened = Image.open(io.BytesIO(written(picture, "tiff")))
    assert opened.tag_v2[262] == 2
    assert opened.tag_v2[305] == "Software"
    assert 530 not in opened.tag_v2
    np.testing.assert_array_equal(np.asarray(opened), picture.pixels)


@pytest.mark.parametrize("exif", [b"", b"II*\0", b"nonsense" * 9, exif_data()[:30], b"II*\0\xff\xff\xff\xff\0\0"])
def test_damaged_exif_does_not_spoil_a_tiff_file(exif: bytes) -> None:
    pixels = restored((9, 5, 3)).pixels
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(encode_tiff(pixels, exif=exif)))), pixels)


# --- the thumbnail ---


def test_unlinking_the_thumbnail_moves_nothing() -> None:
    before = exif_data()
    after = without_thumbnail(before)
    link = 8 + 2 + 3 * 12
    assert after == before[:link] + bytes(4) + before[link + 4 : -len(THUMBNAIL)]
    assert without_thumbnail(after) == after


def test_a_thumbnail_in_the_middle_is_unlinked_only() -> None:
    before = exif_data() + b"something behind it"
    assert len(without_thumbnail(before)) == len(before)
    directory = first_directory(without_thumbnail(before))
    assert directory is not None
    assert directory.next == 0


@given(st.binary(max_size=80), st.sampled_from([b"II*\0", b"MM\0*", b""]))
def test_any_bytes_pass_as_exif(data: bytes, head: bytes) -> None:
    result = without_thumbnail(head + data)
    assert len(result) <= len(head + data)
    assert result.startswith(head)


# --- files ---


def test_a_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").write_bytes(b"")
    write_picture(restored(), tmp_path / "x.png", format="png")
    assert (tmp_path / "x.png").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_an_existing_file_stays_unless_told_otherwise(tmp_path: Path) -> None:
    target = tmp_path / "x.png"
    target.write_bytes(b"precious")
    with pytest.raises(OutputError, match=r"x\.png exists already; .*--overwrite"):
        write_picture(restored(), target, format="png")
    assert target.read_bytes() == b"precious"
    write_picture(restored(), str(target), format="png", overwrite=True)
    assert target.read_bytes() == written(restored(), "png")
    assert list(tmp_path.iterdir()) == [target]


def test_only_regular_files_are_replaced(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="not a regular file"):
        write_picture(restored(), tmp_path, format="png", overwrite=True)
    with pytest.raises(OutputError, match="not a regular file"):
        write_picture(restored(), os.devnull, format="png", overwrite=True)
    assert not Path(os.devnull).is_file()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="nowhere does not exist"):
        write_picture(restored(), tmp_path / "nowhere" / "x.png", format="png")


@pytest.mark.parametrize(
    ("error", "raised"),
    [(OSError(errno.ENOSPC, "No space left"), OutputError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_what_is_not_complete_leaves_nothing(
    error: BaseException, raised: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "x.png"
    target.write_bytes(b"precious")

    def fail(descriptor: int) -> None:
        assert len(list(tmp_path.iterdir())) == 2  # the file to be, beside the old one
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(raised):
        write_picture(restored(), target, format="png", overwrite=True)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("x.png", b"precious")]
