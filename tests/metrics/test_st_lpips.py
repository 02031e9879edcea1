"""ST-LPIPS beside the network as its authors build it: layers in a row, numbered as in their file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from made.pictures import photo
from qgac.metrics.st_lpips import STLPIPS

VGG16 = (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512)
ENDS = (4, 10, 18, 26, 34)  # the layers of each slice


class BlurPool(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        taps = torch.tensor([1.0, 2.0, 1.0])
        self.register_buffer("filt", (taps[:, None] * taps / 16).repeat(channels, 1, 1, 1))
        self.pad = nn.ReflectionPad2d(2)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.conv2d(self.pad(x), self.filt, stride=2, groups=x.shape[1])


def layers() -> list[nn.Module]:
    found: list[nn.Module] = []
    channels = 3
    for width in VGG16:
        if isinstance(width, str):
            found += [nn.MaxPool2d(2, 1), BlurPool(channels)]
        else:
            found += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
    return found


@pytest.fixture(scope="module")
def network() -> nn.Module:
    """The authors' network with random weights; its parameters have the names of their file."""
    torch.manual_seed(0)
    whole, first = nn.Module(), 0
    whole.net, whole.scaling_layer = nn.Module(), nn.Module()
    found = layers()
    for number, end in enumerate(ENDS, 1):
        piece = nn.Sequential()
        for index in range(first, end):
            piece.add_module(str(index), found[index])
        whole.net.add_module(f"slice{number}", piece)
        importance = nn.Module()
        channels = (64, 128, 256, 512, 512)[number - 1]
        importance.model = nn.Sequential(nn.Dropout(), nn.Conv2d(channels, 1, 1, bias=False))
        nn.init.uniform_(importance.model[1].weight, 0, 1)
        whole.add_module(f"lin{number - 1}", importance)
        first = end
    whole.scaling_layer.register_buffer("shift", torch.tensor([-0.03, -0.088, -0.188])[None, :, None, None])
    whole.scaling_layer.register_buffer("scale", torch.tensor([0.458, 0.448, 0.45])[None, :, None, None])
    return whole.eval().requires_grad_(False)


def literally(network: nn.Module, first: Tensor, second: Tensor) -> Tensor:
    """The measure of pictures -1..1, as the authors compute it."""
    total = torch.zeros(len(first))
    scaled = [(x - network.scaling_layer.shift) / network.scaling_layer.scale for x in (first, second)]
    for number in range(1, 6):
        scaled = [getattr(network.net, f"slice{number}")(x) for x in scaled]
        units = [x / (torch.sqrt(torch.sum(x**2, 1, keepdim=True)) + 1e-10) for x in scaled]
        total += getattr(network, f"lin{number - 1}").model((units[0] - units[1]) ** 2).mean([1, 2, 3])
    return total


@pytest.fixture(scope="module")
def weights(network: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("st-lpips") / "weights.pth"
    torch.save(network.state_dict(), path)
    return path


@pytest.mark.parametrize("size", [(32, 32), (45, 38)])
def test_it_is_what_the_authors_compute(network: nn.Module, weights: Path, size: tuple[int, int]) -> None:
    torch.manual_seed(1)
    x, y = torch.rand(2, 3, *size), torch.rand(2, 3, *size)
    expected = literally(network, 2 * x - 1, 2 * y - 1)
    found = STLPIPS(weights)(restored=x, reference=y)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)
    assert (expected > 0.001).all()


def test_arrays_and_tensors_agree_and_gray_is_rgb_of_equal_channels(weights: Path) -> None:
    measure = STLPIPS(weights)
    x, y = photo(40, 40, 1), photo(40, 40, 2)
    tensors = [torch.from_numpy(p).permute(2, 0, 1)[None] / 255 for p in (x, y)]
    found = measure(restored=x, reference=y)
    assert isinstance(found, float)
    assert found == pytest.approx(float(measure(restored=tensors[0], reference=tensors[1])), rel=1e-4)
    gray = [p[..., 0] for p in (x, y)]
    threefold = [np.repeat(p[..., None], 3, -1) for p in gray]
    assert measure(restored=gray[0], reference=gray[1]) == pytest.approx(
        measure(restored=threefold[0], reference=threefold[1]), rel=1e-5
    )


def test_equal_pictures_have_no_distance(weights: Path) -> None:
    assert STLPIPS(weights)(restored=photo(40, 40), reference=photo(40, 40)) == 0


def test_what_it_cannot_see_is_refused(weights: Path) -> None:
    measure = STLPIPS(weights)
    with pytest.raises(ValueError, match="32 pixels a side"):
        measure(restored=photo(31, 40), reference=photo(31, 40))
    with pytest.raises(ValueError, match="RGB or gray"):
        measure(restored=np.zeros((40, 40, 4)), reference=np.zeros((40, 40, 4)))


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other.pth").write_bytes(content)
    with pytest.raises(ValueError, match=r"other\.pth holds no weights of ST-LPIPS; name vgg_shift_tolerant\.pth"):
        STLPIPS(tmp_path / "other.pth")
    torch.save({"x": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match="holds no weights"):
        STLPIPS(tmp_path / "other.pth")
    with pytest.raises(FileNotFoundError):
        STLPIPS(tmp_path / "none.pth")


def test_features_are_the_deepest_of_the_network(network: nn.Module, weights: Path) -> None:
    torch.manual_seed(2)
    pictures = torch.rand(2, 3, 40, 36)
    seen = (2 * pictures - 1 - network.scaling_layer.shift) / network.scaling_layer.scale
    for number in range(1, 6):
        seen = getattr(network.net, f"slice{number}")(seen)
    found = STLPIPS(weights).features(pictures)
    assert found.shape == (2, 512)
    torch.testing.assert_close(found, seen.mean((2, 3)), rtol=1e-4, atol=1e-7)
    assert found.any()
