"""The noise-free candidate: within the intervals, nearer to drawings, local, the same from every side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from qgac.coefficients.candidate import edge_preserving_candidate
from qgac.coefficients.compress import quantize
from qgac.coefficients.dct import dct, idct
from qgac.coefficients.quantization import luma_table


def table(quality: int, count: int = 1) -> torch.Tensor:
    return torch.from_numpy(luma_table(quality).astype(np.float32)).expand(count, 8, 8)


def flat_figures(size: int = 64, seed: int = 0) -> torch.Tensor:
    """Draw rectangles of one shade each: flat areas, sharp edges."""
    generator = np.random.default_rng(seed)
    picture = np.full((size, size), 230.0, np.float32)
    for _ in range(8):
        top, left = generator.integers(0, size - 8, 2)
        height, width = generator.integers(6, size // 2, 2)
        picture[top : top + height, left : left + width] = generator.integers(0, 256)
    return torch.from_numpy(picture)[None]


def decoded(picture: torch.Tensor, quality: int) -> torch.Tensor:
    steps = table(quality, len(picture))
    return quantize(picture, steps) * steps.reshape(-1, 64, 1, 1)


@pytest.mark.parametrize("quality", [10, 50, 90])
def test_it_stays_within_half_a_step(quality: int) -> None:
    y = decoded(flat_figures(), quality)
    candidate = edge_preserving_candidate(y, table(quality), 3)
    assert ((candidate - y).abs() <= table(quality).reshape(1, 64, 1, 1) / 2 + 1e-3).all()


@pytest.mark.parametrize("quality", [30, 75, 90, 95])
def test_drawings_come_nearer_by_two_decibels(quality: int) -> None:
    picture = torch.cat([flat_figures(seed=seed) for seed in range(6)])
    y = decoded(picture, quality)
    candidate = edge_preserving_candidate(y, table(quality, 6), 3)
    before, after = ((idct(c) + 128 - picture).square().mean() for c in (y, candidate))
    assert 10 * torch.log10(before / after) > 2


def test_a_picture_that_the_file_holds_exactly_stays_as_it_is() -> None:
    picture = torch.full((1, 24, 24), 100.0)
    picture[:, :, 8:16] = 20.0  # whole blocks: only their means differ
    y = dct(picture - 128)
    candidate = edge_preserving_candidate(y, table(90), 4)
    assert (idct(candidate) + 128 - picture).abs().max() < 0.05


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_a_block_depends_on_as_many_blocks_to_each_side_as_there_are_rounds(rounds: int) -> None:
    generator = torch.Generator().manual_seed(0)
    texture = (128 + 10 * torch.randn(1, 88, 88, generator=generator)).round()
    y = decoded(texture, 75).double()
    other = y + 5 * torch.randn(y.shape, generator=generator).double()  # differs everywhere but in the middle
    near = slice(5 - rounds, 6 + rounds)
    other[..., near, near] = y[..., near, near]
    steps = table(75).double()
    first, second = (edge_preserving_candidate(c, steps, rounds)[..., 5, 5] for c in (y, other))
    torch.testing.assert_close(first, second, rtol=0, atol=1e-9)
    wider = other.clone()
    wider[..., 5 - rounds, 5] += 20
    assert not torch.equal(edge_preserving_candidate(wider, steps, rounds)[..., 5, 5], second)


@pytest.mark.parametrize(
    "view", [lambda p: p.flip(-2), lambda p: p.flip(-1), lambda p: p.mT], ids=["down", "left", "mT"]
)
def test_it_is_the_same_in_every_view(view: Callable[..., Any]) -> None:
    y, steps = decoded(flat_figures(), 50), table(50)
    turned = steps.mT if view(torch.eye(2, 3)).shape == (3, 2) else steps
    seen = idct(edge_preserving_candidate(dct(view(idct(y))), turned, 3))
    torch.testing.assert_close(view(seen), idct(edge_preserving_candidate(y, steps, 3)), rtol=0, atol=1e-2)


def test_no_rounds_change_nothing() -> None:
    y = decoded(flat_figures(), 50)
    assert torch.equal(edge_preserving_candidate(y, table(50), 0), y)
