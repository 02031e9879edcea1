from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from made.networks import tiny_network
from made.pasts import decoded, saved_again, scene
from made.pictures import compressed, photo
from qgac.jpeg.reader import read_jpeg
from qgac.pixels.past import from_pixels
from qgac.restoration.hints import Hints
from qgac.restoration.restorer import Restorer


@pytest.fixture(scope="module")
def restorer() -> Restorer:
    return Restorer(tiny_network())


def gentle() -> np.ndarray:
    return (scene(160, 192).astype(float) * 0.7 + 35).astype(np.uint8)


@pytest.mark.parametrize("sampling", ["4:4:4", "4:2:0"])
def test_a_decoded_jpeg_is_restored_as_the_jpeg(restorer: Restorer, sampling: str) -> None:
    content = compressed(gentle(), 30, subsampling=sampling)
    own, found = restorer(content, dtype=np.float32), restorer(decoded(content), dtype=np.float32)
    error = np.abs(own.pixels - found.pixels)
    assert np.median(error) < 1e-3
    # Interpolated chroma may miss a level here and there.
    assert (error > 0.5).mean() < (0.001 if sampling == "4:4:4" else 0.1)
    assert found.image.notes == ("restored as the JPEG it was: libjpeg at quality 30, blocks beginning at 0,0",)


def test_a_cut_picture_has_its_own_size(restorer: Restorer) -> None:
    content = compressed(gentle()[..., 0], 30)
    own, found = restorer(content).pixels, restorer(decoded(content)[5:, 3:]).pixels
    assert found.shape == (155, 189)
    assert (found[48:, 48:] == own[53:, 51:]).mean() > 0.99  # but for what the networks see of the border


def test_gray_stored_in_colour_stays_in_colour(restorer: Restorer) -> None:
    gray = decoded(compressed(gentle()[..., 0], 30))
    found = restorer(np.repeat(gray[..., None], 3, -1))
    assert found.pixels.shape == (160, 192, 3)
    assert np.array_equal(found.pixels[..., 0], restorer(gray).pixels)


def test_a_picture_whose_chroma_is_not_found_keeps_its_colours(restorer: Restorer) -> None:
    """Of tables of no known encoder, with something drawn on it."""
    before = decoded((Path(__file__).parents[2] / "examples/night.jpg").read_bytes())
    picture = Image.fromarray(before)
    ImageDraw.Draw(picture).text((40, 100), "HELLO overlay text 2024", fill=(255, 255, 255))
    pixels = np.asarray(picture)
    past = from_pixels(pixels)
    assert (past.outcome, past.chroma) == ("compressed", None)
    found = restorer(pixels, dtype=np.float32)
    assert found.image.notes[0].startswith("restored as the JPEG it was")
    inside = ((found.pixels > 0) & (found.pixels < 255)).all(-1)
    change = (found.pixels - pixels)[inside]
    assert np.abs(change).max() > 1
    assert np.ptp(change, axis=-1).max() < 1.5  # brightness alone, but for the whole numbers of Y
    drawn = (pixels != before).any(-1)
    assert np.array_equal(found.pixels[drawn], pixels[drawn])


def test_what_was_drawn_on_a_jpeg_stays_with_a_note(restorer: Restorer) -> None:
    before = decoded(compressed(gentle(), 30))
    pixels = before.copy()
    pixels[61, 20:140] = (0, 255, 0)
    found, plain = restorer(pixels), restorer(before)
    assert np.array_equal(found.pixels[61, 20:140], pixels[61, 20:140])
    assert found.image.notes[0] == plain.image.notes[0]
    assert "blocks of 16 x 16 pixels were changed since it was a JPEG, and left as they are" in found.image.notes[1]
    assert np.abs(found.pixels[:32].astype(int) - plain.pixels[:32]).mean() < 1  # but for what the networks see of it
    assert not np.array_equal(found.pixels[96:], pixels[96:])


def test_what_was_never_compressed_comes_back_unchanged_with_a_note(restorer: Restorer) -> None:
    found = restorer(scene())
    assert np.array_equal(found.pixels, scene())
    assert found.image.notes == (
        "no trace of a JPEG was found, so the picture was left as it is (restoring, blurring or editing leaves none)",
    )
    assert np.array_equal(restorer(scene(), dtype=np.uint16).pixels, scene().astype(np.uint16) * 257)


def test_grid_and_quality_are_taken_at_their_word(restorer: Restorer) -> None:
    found = restorer(scene(), hints=Hints(grid=(2, 3), quality=20))
    assert not np.array_equal(found.pixels, scene())
    assert "quality 20, blocks beginning at 2,3" in found.image.notes[0]


def test_a_file_saved_twice_is_restored_as_it_was_before(restorer: Restorer) -> None:
    gray = scene(320, 400)[..., 1]
    before, twice = compressed(gray, 20), saved_again(gray, 20, 75, 4, 4)
    found = restorer(twice, dtype=np.float32)
    assert "this JPEG was one before (libjpeg at quality 20, blocks beginning at 4,4)" in found.image.notes[-1]
    ideal = restorer(read_jpeg(before), dtype=np.float32).pixels[4:, 4:]
    assert np.median(np.abs(found.pixels - ideal)) < 0.01
    plain = restorer(read_jpeg(twice), dtype=np.float32)
    assert not plain.image.notes
    off = restorer(twice, hints=Hints(earlier="off"), dtype=np.float32)
    assert np.array_equal(plain.pixels, off.pixels)
    assert np.abs(plain.pixels - found.pixels).mean() > 1


def test_only_the_part_that_was_compressed_before_is_restored_as_it_was(restorer: Restorer) -> None:
    pasted, gray = scene(320, 400, 1)[..., 1].copy(), scene(320, 400)[..., 1]
    pasted[:, 120:] = decoded(compressed(gray, 20))[:, 120:]
    twice = compressed(pasted[4:, 4:], 85)
    found = restorer(twice, dtype=np.float32)
    plain = restorer(read_jpeg(twice), dtype=np.float32)
    assert "libjpeg at quality 20, blocks beginning at 4,4" in found.image.notes[-1]
    change = np.abs(found.pixels - plain.pixels)
    assert np.median(change[:, :80]) == 0
    assert change[:, :80].mean() < 0.1 * change[:, 160:].mean()


def test_colours_keep_to_the_last_file_and_brightness_to_the_earlier_one(restorer: Restorer) -> None:
    pixels = (scene(320, 400).astype(float) * 0.6 + 45).astype(np.uint8)
    twice = saved_again(pixels, 20, 75, 4, 4)
    found = restorer(twice, dtype=np.float32)
    plain = restorer(read_jpeg(twice), dtype=np.float32)
    differences = (found.pixels - plain.pixels)[8:-8, 8:-8]
    inside = ((found.pixels > 0) & (found.pixels < 255))[8:-8, 8:-8].all(-1)
    assert np.abs(differences).max() > 1
    assert np.ptp(differences[inside], axis=-1).max() < 0.05


def test_a_file_saved_once_is_restored_to_the_bit(restorer: Restorer) -> None:
    for quality in (10, 30, 50, 90):
        content = compressed(photo(300, 200) if quality == 30 else scene(), quality)
        assert np.array_equal(restorer(content).pixels, restorer(read_jpeg(content)).pixels)


def test_an_earlier_quality_may_be_told(restorer: Restorer) -> None:
    content = compressed(scene(320, 400)[..., 1], 75)
    assert "libjpeg at quality 30" in restorer(content, hints=Hints(earlier=30)).image.notes[-1]


def test_files_and_pillow_pictures_are_restored_from_pixels_with_their_metadata(
    restorer: Restorer, tmp_path: Path
) -> None:
    pixels = decoded(compressed(gentle(), 30))
    Image.fromarray(pixels).save(tmp_path / "a.png", icc_profile=b"profile")
    expected = restorer(pixels).pixels
    for source in (
        tmp_path / "a.png",
        (tmp_path / "a.png").read_bytes(),
        io.BytesIO((tmp_path / "a.png").read_bytes()),
    ):
        found = restorer(source)
        assert np.array_equal(found.pixels, expected)
        assert found.image.metadata.icc == b"profile"
    assert np.array_equal(restorer(Image.fromarray(pixels)).pixels, expected)
