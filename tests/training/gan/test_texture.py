"""Texture features: random filters against brute force and by what they should (not) notice; MINC's layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from scipy.ndimage import correlate, gaussian_filter

from qgac.training.gan.texture import MincTexture, RandomTexture, TextureError
from qgac.training.losses import texture_loss


def noise(seed: int, side: int = 64, contrast: float = 0.1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + contrast * torch.randn(1, 3, side, side, generator=generator)


def blurred(pictures: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(gaussian_filter(pictures.numpy(), (0, 0, 1.5, 1.5))).float()


def test_one_octave_by_brute_force() -> None:
    """Binomial blur, random filters, ReLU, tapered Gram matrices of the one window, all by scipy and loops."""
    texture = RandomTexture(filters=3, size=3, octaves=1, window=16, seed=5)
    picture = noise(0, side=16)
    binomial = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
    planes = picture[0].double().numpy()
    octave = [plane - correlate(plane, binomial, mode="mirror") for plane in planes]
    bank = texture.filters.double().numpy()
    responses = [
        np.maximum(sum(correlate(o, f, mode="constant")[1:-1, 1:-1] for o, f in zip(octave, filters, strict=True)), 0)
        for filters in bank
    ]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1, 15) / 15)
    weights = np.outer(hann, hann) / hann.sum() ** 2
    gram = np.array([[(weights * a * b).sum() for b in responses] for a in responses])
    gram /= np.sqrt(np.trace(gram) + (0.5 / 255) ** 2)
    found, grid = texture(picture)
    assert found.shape == (1, 1, 3, 3)
    np.testing.assert_allclose(found[0, 0].numpy(), gram, rtol=1e-4, atol=1e-7)
    assert grid.shape == (1, 1, 9)
    across, inside, common = (3**0.5 * grid[0, 0].double().numpy()).reshape(3, 3)
    means = [(o[:8, :8] + o[:8, 8:] + o[8:, :8] + o[8:, 8:]) / 4 for o in octave]
    expected = [np.sqrt((mean**2).mean() + (0.5 / 255) ** 2) - 0.5 / 255 for mean in means]
    np.testing.assert_allclose(common, expected, rtol=1e-4, atol=1e-7)
    for channel, plane in enumerate(planes):
        right, down = np.abs(np.diff(plane, axis=1)), np.abs(np.diff(plane, axis=0))
        # Two of the four blocks have no neighbour to the right, two none below.
        assert across[channel] == pytest.approx((right[:, 7].mean() + down[7].mean()) / 4, rel=1e-4)
        within = np.arange(15) != 7
        assert inside[channel] == pytest.approx((right[:, within].mean() + down[within].mean()) / 2, rel=1e-4)


def test_detail_at_the_borders_of_blocks_is_not_texture() -> None:
    """Noise beside the 8x8 grid alone: the steps of natural noise across blocks, too small ones inside."""
    texture = RandomTexture()
    outermost = (torch.arange(64) % 8 == 0) | (torch.arange(64) % 8 == 7)
    noisy = 0.5 + (noise(1) - 0.5) * (outermost[:, None] | outermost)
    across, inside, _ = texture(noisy)[-1].mean((0, 1)).reshape(3, 3)
    natural_across, natural_inside, _ = texture(noise(0))[-1].mean((0, 1)).reshape(3, 3)
    assert (inside / natural_inside).mean() < 0.7
    assert (across / natural_across).mean().item() == pytest.approx(1, rel=0.1)


def test_a_pattern_that_repeats_from_block_to_block_is_not_texture() -> None:
    """The same noise in every block: all of it is common to the blocks."""
    texture = RandomTexture()
    repeating = noise(1, side=8).repeat(1, 1, 8, 8)
    natural, other, pattern = (texture(x)[-1][..., 6:] for x in (noise(0), noise(2), repeating))
    assert (other - natural).abs().mean() < 0.2 * natural.mean()
    # Of sixteen independent blocks the mean has a quarter of the contrast.
    assert (pattern.mean() / natural.mean()).item() == pytest.approx(4, rel=0.15)


def test_filters_follow_from_the_seed_alone() -> None:
    torch.manual_seed(1)
    first = RandomTexture(seed=3).filters
    torch.manual_seed(2)
    assert torch.equal(first, RandomTexture(seed=3).filters)
    assert not torch.equal(first, RandomTexture(seed=4).filters)
    assert not RandomTexture().state_dict()  # nothing to keep


def test_it_is_the_kind_of_texture_that_counts_not_its_place() -> None:
    """Pixel errors prefer the blurred picture to another piece of the same noise; this must not."""
    texture = RandomTexture()
    original, other = noise(0), noise(1)
    smooth = blurred(original)
    assert (smooth - original).abs().mean() < (other - original).abs().mean()
    features = texture(original)
    assert texture_loss(texture(other), features) < 0.3 * texture_loss(texture(smooth), features)


def test_texture_in_the_wrong_part_of_the_picture_is_noticed() -> None:
    texture = RandomTexture()
    left, right = (torch.full((1, 3, 64, 64), 0.5) for _ in range(2))
    left[..., :32], right[..., 32:] = noise(0)[..., :32], noise(1)[..., 32:]
    other = left.clone()
    other[..., :32] = noise(2)[..., :32]
    features = texture(left)
    assert texture_loss(texture(right), features) > 3 * texture_loss(texture(other), features)


def test_features_are_linear_in_contrast_and_blind_to_flat_colour() -> None:
    texture = RandomTexture()
    weak, strong = texture(noise(0, contrast=0.05)), texture(noise(0, contrast=0.1) + 0.2)
    for one, two in zip(weak[:-1], strong[:-1], strict=True):
        torch.testing.assert_close(two, 2 * one, rtol=0.01, atol=1e-4)
    # Of what blocks have in common, so little is left here that it meets the limit of what counts.
    torch.testing.assert_close(strong[-1], 2 * weak[-1], rtol=0.01, atol=0.2 / 255)
    for features in texture(torch.rand(1, 3, 1, 1).expand(1, 3, 64, 64)):
        assert features.abs().max() < 1e-4


def test_the_gradient_is_finite_even_at_flat_pictures() -> None:
    texture = RandomTexture()
    flat = torch.full((1, 3, 32, 32), 0.5, requires_grad=True)
    texture_loss(texture(flat), texture(noise(0, side=32))).backward()
    assert flat.grad.isfinite().all()


def test_bfloat16_changes_little() -> None:
    texture = RandomTexture()
    exact = texture(noise(0))
    with torch.autocast("cpu", torch.bfloat16):
        coarse = texture(noise(0))
    for one, two in zip(exact, coarse, strict=True):
        assert two.dtype == torch.float32
        assert (one - two).abs().mean() < 0.02 * one.abs().mean()


@pytest.mark.parametrize(
    "numbers", [{"size": 4}, {"size": 1}, {"filters": 0}, {"octaves": 0}, {"window": 12}, {"window": 20, "octaves": 1}]
)
def test_impossible_numbers(numbers: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"random filters are odd|cannot be halved"):
        RandomTexture(**numbers)


WIDTHS = ((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3)


@pytest.fixture(scope="module")
def passing() -> dict[str, torch.Tensor]:
    """Weights whose first channel carries the first input through all layers; the last one changes its sign."""
    weights, inputs = {}, 3
    for stage, widths in enumerate(WIDTHS, 1):
        for number, outputs in enumerate(widths, 1):
            kernel = torch.zeros(outputs, inputs, 3, 3, dtype=torch.float16)
            kernel[0, 0, 1, 1] = -1 if (stage, number) == (5, 3) else 1
            weights[f"conv{stage}_{number}.weight"] = kernel
            weights[f"conv{stage}_{number}.bias"] = torch.zeros(outputs, dtype=torch.float16)
            inputs = outputs
    return weights


@pytest.mark.parametrize("form", ["safetensors", "pth"])
def test_minc_takes_blue_first_less_its_mean_and_stops_before_the_activation(
    passing: dict[str, torch.Tensor], tmp_path: Path, form: str
) -> None:
    path = tmp_path / f"minc.{form}"
    more = {**passing, "fc8.weight": torch.zeros(2)}
    if form == "pth":
        torch.save(more, path)
    else:
        save_file(more, path)
    network = MincTexture(path)
    picture = torch.tensor([10.0, 20.0, 204.0])[None, :, None, None].expand(1, 3, 40, 33) / 255
    (features,) = network(picture)
    assert features.shape == (1, 512, 3, 3)
    torch.testing.assert_close(features[:, 0], torch.full((1, 3, 3), -100.0))
    assert not features[:, 1:].any()
    assert not any(parameter.requires_grad for parameter in network.parameters())
    path.unlink()


def test_minc_files_of_another_kind(passing: dict[str, torch.Tensor], tmp_path: Path) -> None:
    with pytest.raises(TextureError, match=r'there is no file .*texture = "random"'):
        MincTexture(tmp_path / "none.safetensors")
    small = {"conv1_1.weight": torch.zeros(64, 3, 3, 3), "conv1_1.bias": torch.zeros(64)}
    for name, content, message in (
        ("lacking", small, r"should hold conv1_2\.weight of shape \(64, 64, 3, 3\) but has no such tensor"),
        ("turned", {"conv1_1.weight": torch.zeros(3, 3, 3, 64)}, r"but has one of shape \(3, 3, 3, 64\)"),
        ("nested", {"state": {"conv1_1.weight": torch.zeros(1)}}, "does not hold tensors by name"),
        ("list", [torch.zeros(1)], "does not hold tensors by name"),
    ):
        torch.save(content, tmp_path / f"{name}.pth")
        with pytest.raises(TextureError, match=message):
            MincTexture(tmp_path / f"{name}.pth")
    for name in ("bad.pth", "bad.safetensors"):
        (tmp_path / name).write_bytes(b"no tensors at all")
        with pytest.raises(TextureError, match="is not a whole safetensors file"):
            MincTexture(tmp_path / name)
