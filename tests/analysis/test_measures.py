"""Equivalent quality, spectrum, throughput, strips and sheets, against numbers worked by hand or by other ways."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.metrics import structural_similarity

from made.networks import one_map_network, tiny_network
from made.pictures import compressed, photo
from qgac.analysis.crops import Crop
from qgac.analysis.equivalent_quality import Equivalent, QualityLadder, equivalent_qualities, summarize
from qgac.analysis.interpolation import interpolation_strips
from qgac.analysis.pictures import Picture
from qgac.analysis.sheet import compare
from qgac.analysis.spectrum import decoded_luma, occupancy, original_luma, spectrum
from qgac.analysis.throughput import (
    frame_files,
    make_frames,
    measure_program,
    measure_speed,
    program_gain,
    ssim_gain,
)
from qgac.coefficients.dct import idct
from qgac.evaluation.baseline import compress, decode, decode_nearest
from qgac.evaluation.measure import evaluate
from qgac.evaluation.record import Settings
from qgac.jpeg.image import JPEGImage
from qgac.jpeg.reader import read_jpeg
from qgac.metrics import ssim
from qgac.models.qgac import QGAC
from qgac.restoration.restorer import Restorer


class Recompressed:
    """Stands for a restorer that gives the original as a JPEG of a known quality shows it."""

    def __init__(self, original: np.ndarray, quality: int) -> None:
        self.pixels = decode(compress(original, quality))

    def __call__(self, image: JPEGImage, dtype: type = np.uint8) -> SimpleNamespace:
        return SimpleNamespace(pixels=self.pixels.astype(dtype))


@pytest.mark.parametrize(("start", "known"), [(10, 10), (10, 37), (20, 81)])
def test_a_picture_that_is_a_jpeg_of_known_quality_is_worth_that_quality(
    samples: np.ndarray, start: int, known: int
) -> None:
    picture = Picture("known", samples)
    (found,) = equivalent_qualities([picture], Recompressed(samples, known), [start], protocol="pillow")
    below = [QualityLadder(samples, "pillow").rung(quality)[0] for quality in range(start, known)]
    assert all(value < found.ssim_restored for value in below), "choose a quality that no lower one equals"
    assert found.equivalent == known
    assert found.reached
    assert found.size == len(compress(samples, start))
    assert found.equivalent_size == len(compress(samples, known))


def test_a_restored_picture_worse_than_its_file_is_worth_the_file(samples: np.ndarray) -> None:
    (found,) = equivalent_qualities([Picture("bad", samples)], Recompressed(samples, 5), [30], protocol="pillow")
    assert (found.equivalent, found.reached) == (30, True)
    assert found.equivalent_size == found.size


def test_what_no_jpeg_reaches_counts_as_quality_100(samples: np.ndarray) -> None:
    perfect = SimpleNamespace(pixels=samples)
    (found,) = equivalent_qualities(
        [Picture("perfect", samples)], lambda image, dtype=np.uint8: perfect, [90], protocol="pillow"
    )
    assert found.ssim_restored == pytest.approx(1)
    assert (found.equivalent, found.reached) == (100, False)


def test_the_ladder_measures_ssim_as_skimage_does(samples: np.ndarray) -> None:
    gray = samples[..., 1]
    decoded = np.asarray(Image.open(io.BytesIO(compress(gray, 25))))
    # skimage has odd windows only
    value = structural_similarity(decoded, gray, win_size=7, use_sample_covariance=False, data_range=255)
    ladder = QualityLadder(gray, "pillow")
    assert ladder.rung(25)[0] == pytest.approx(value, abs=0.02)
    assert ladder.rung(25)[1] == len(compress(gray, 25))
    assert QualityLadder(gray, "paper").rung(25)[0] == pytest.approx(ladder.rung(25)[0], abs=0.01)


def test_means_are_taken_quality_by_quality() -> None:
    equivalents = [
        Equivalent("a", 20, 3000, 0.8, 0.9, 40, 5000, True),
        Equivalent("a", 10, 1000, 0.7, 0.8, 14, 1500, True),
        Equivalent("b", 10, 3000, 0.7, 0.8, 100, 8500, False),
    ]
    low, high = summarize(equivalents)
    assert (low.quality, low.pictures, low.unreached) == (10, 2, 1)
    assert low.increase == (4 + 90) / 2
    assert low.saved == pytest.approx((0.5 + 5.5) / 2)
    assert low.saved_share == pytest.approx(6 / 10)
    assert (high.quality, high.increase, high.saved, high.unreached) == (20, 20, pytest.approx(2), 0)


def test_occupancy_of_a_picture_made_of_known_coefficients() -> None:
    """Basis functions (4, 0), (0, 4) and (4, 4) are +-1/8, so 8 k makes whole samples of +-k."""
    coefficients = torch.zeros(64, 1, 2)
    coefficients[8 * 4 + 0, 0, 0] = 8 * 10
    coefficients[8 * 4 + 4, 0, 1] = -8 * 3
    samples = (idct(coefficients) + 128).round().numpy().astype(np.uint8)
    expected = np.zeros(15)
    expected[4] = 1 / (5 * 2)  # one of the five positions on the diagonal, in one of two blocks
    expected[8] = 1 / (7 * 2)
    np.testing.assert_allclose(occupancy(original_luma(samples)), expected, atol=1e-12)
    np.testing.assert_allclose(occupancy(original_luma(np.stack([samples] * 3, 2))), expected, atol=1e-12)


def test_half_is_not_set_and_more_is() -> None:
    coefficients = torch.zeros(64, 1, 1)
    coefficients[0] = 0.5
    coefficients[1] = -0.5
    coefficients[63] = -0.501
    np.testing.assert_array_equal(occupancy(coefficients), [0.0] * 14 + [1.0])


def test_luma_is_that_of_the_compressor(samples: np.ndarray) -> None:
    cut = samples[:61, :75]
    original = (idct(original_luma(cut)) + 128)[:61, :75].numpy()
    # The weights of libjpeg, 0.299, 0.587 and 0.114 times 2 ** 16.
    np.testing.assert_allclose(original, (cut @ [19595, 38470, 7471] + 32768) >> 16, atol=0.01)
    data = compress(cut[..., 0], 30)
    decoded = (idct(decoded_luma(read_jpeg(data))) + 128)[:61, :75].clamp(0, 255).numpy()
    assert np.abs(decoded - decode(data)).max() <= 1.01


def test_spectrum_of_a_network_that_changes_nothing_is_that_of_the_file(samples: np.ndarray) -> None:
    model = tiny_network(strength=0)
    found = spectrum([Picture("one", samples), Picture("two", samples[::-1].copy())], {"same": Restorer(model)}, 20)
    assert found.kinds == ("original", "JPEG", "same")
    assert found.probabilities.shape == (2, 3, 15)
    np.testing.assert_allclose(found.probabilities[:, 2], found.probabilities[:, 1], atol=1e-3)
    assert (found.probabilities[:, 0] >= found.probabilities[:, 1] - 1e-9)[:, 5:].all()
    assert [detail.name for detail in found.details] == ["one"]
    assert found.details[0].coefficients.shape == (3, 64, 64)
    rows = found.rows()
    assert len(rows) == 3 * 3 * 15
    assert rows[-1][:4] == ["(mean)", "same", 20, 14]


def test_the_detail_lies_on_the_block_grid(samples: np.ndarray) -> None:
    restorer = Restorer(tiny_network(strength=0))
    found = spectrum([Picture("one", samples)], {"same": restorer}, 50, crop=Crop(11, 21, 20))
    plane = Image.fromarray(samples).convert("YCbCr").getchannel(0)
    expected = np.asarray(plane)[16:40, 8:32].astype(float)
    assert np.abs(found.details[0].samples[0] - expected).max() <= 1.01


def test_no_picture_has_no_spectrum() -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        spectrum([], {})


def test_speed_is_frames_over_the_time_of_restoring() -> None:
    clock = iter([0.0, 2.0, 10.0, 11.0, 20.0, 25.0])  # 2, 1 and 5 seconds; what lies between does not count
    seen = []
    speed = measure_speed(Counting(seen), ["a", "b"], 3, warm_up=2, clock=lambda: next(clock))
    assert speed.seconds == (2, 1, 5)
    assert speed.pictures_a_second == pytest.approx(3 / 8)
    assert seen == ["a", "b", "a", "b", "a"]
    assert speed.threads == 1


class Counting:
    device = "cpu"

    def __init__(self, seen: list[Any]) -> None:
        self.seen = seen

    def __call__(self, frame: str) -> None:
        self.seen.append(frame)


def test_nothing_to_time_is_refused() -> None:
    for frames, count in (([], 5), (["a"], 0)):
        with pytest.raises(ValueError, match="at least one frame"):
            measure_speed(Counting([]), frames, count)


@pytest.mark.parametrize("shape", [(64, 80), (30, 200), (100, 40)])
def test_frames_have_the_size_asked_for_and_the_middle_of_the_picture(shape: tuple[int, int]) -> None:
    height, width = shape
    samples = np.zeros((height, width, 3), np.uint8)
    samples[height // 2 :] = 255
    (frame,) = make_frames([Picture("edge", samples)], 90, (64, 36))
    assert (frame.width, frame.height) == (64, 36)
    y = (idct(decoded_luma(frame)) + 128).numpy()[:36, :64]
    assert abs(y[:15].mean()) < 10
    assert abs(y[21:].mean() - 255) < 10


def test_the_gain_is_that_of_the_evaluation(workplace: Path) -> None:
    path = workplace / "pictures" / "picture0.png"
    weights = str(workplace / "first.safetensors")
    (measured,) = evaluate([path], Settings(qualities=(10,), model=weights), jobs=1)
    gain = ssim_gain(Picture("picture0", np.asarray(Image.open(path))), Restorer(weights), 10)
    assert gain == pytest.approx(measured.scores["restored"].ssim - measured.scores["jpeg"].ssim, abs=1e-9)


def test_the_ends_of_a_strip_are_the_two_models(samples: np.ndarray) -> None:
    ends = one_map_network(), one_map_network(1)
    (strip,) = interpolation_strips([Picture("p", samples)], *ends, (0.0, 0.5, 1.0), quality=15, size=32)
    data = compress(samples, 15)
    for blend, end in ((strip.blends[0], ends[0]), (strip.blends[-1], ends[1])):
        np.testing.assert_array_equal(blend.detail, strip.crop.cut(Restorer(end)(data).to_uint8()))
    np.testing.assert_array_equal(strip.original, strip.crop.cut(samples))
    np.testing.assert_array_equal(strip.jpeg, strip.crop.cut(decode(data)))
    assert [row[4] for row in strip.rows()] == [0.0, 0.5, 1.0]
    error = np.square(samples / 255.0 - Restorer(ends[0])(data).to_uint8() / 255.0).mean()
    assert strip.blends[0].psnr == pytest.approx(-10 * np.log10(error))


def test_a_sheet_compares_the_same_detail_at_every_quality(samples: np.ndarray, model: QGAC) -> None:
    found = list(compare([Picture("p", samples)], Restorer(model), (10, 50), size=24))
    assert [c.quality for c in found] == [10, 50]
    assert found[0].crop == found[1].crop
    assert found[0].size == len(compress(samples, 10))
    np.testing.assert_array_equal(found[1].jpeg, decode(compress(samples, 50)))
    np.testing.assert_array_equal(found[1].restored, Restorer(model)(compress(samples, 50)).to_uint8())
    assert found[1].scores(found[1].original) == (np.inf, pytest.approx(1))
    assert len(found[0].row()) == len(found[0].COLUMNS)
    with pytest.raises(ValueError, match="does not lie in the picture"):
        list(compare([Picture("p", samples)], Restorer(model), (10,), crop=Crop(60, 0, 40)))


@pytest.mark.parametrize("gray", [False, True])
def test_gray_pictures_are_analysed_like_any_other(gray: bool, model: QGAC) -> None:
    samples = photo(64, 80)[..., 0] if gray else photo(64, 80)
    (found,) = compare([Picture("p", samples)], Restorer(model), (20,))
    assert found.restored.shape == samples.shape


def decoder(folder: Path, seconds: float = 0.0) -> str:
    """A program that decodes as Pillow does, slowly."""
    script = folder / "decode.py"
    script.write_text(
        f"import sys, time; from PIL import Image; time.sleep({seconds}); Image.open(sys.argv[1]).save(sys.argv[2])"
    )
    return f"{sys.executable} {script} {{input}} {{output}}"


@pytest.mark.parametrize("gray", [False, True])
def test_another_program_is_timed_with_its_start(tmp_path: Path, gray: bool) -> None:
    samples = photo(90, 160)[..., 0] if gray else photo(90, 160)
    files = frame_files([Picture("x.png", samples)])
    assert read_jpeg(files[0]).width == 1280
    speed = measure_program("x", decoder(tmp_path, 0.2), files * 2, gray=gray)
    assert len(speed.seconds) == 2
    assert min(speed.seconds) > 0.2


def test_the_gain_of_a_program_that_decodes_is_that_of_smooth_chroma(tmp_path: Path) -> None:
    samples = photo(40, 48)
    data = compressed(samples, 10, subsampling="4:2:0")
    smooth = ssim(restored=np.asarray(Image.open(io.BytesIO(data))), reference=samples)
    plain = ssim(restored=decode_nearest(read_jpeg(data)) / 255, reference=samples)
    found = program_gain(Picture("x.png", samples), "x", decoder(tmp_path), 10)
    assert found == pytest.approx(smooth - plain, abs=1e-9)
    assert found != 0
