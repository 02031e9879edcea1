from __future__ import annotations

import numpy as np
import torch

from qgac.coefficients.blocks import (
    blocks_to_channels,
    channels_to_blocks,
    interleave_maps,
    separate_maps,
    to_channels,
    to_plane,
)


def test_channels_hold_one_position_of_every_block() -> None:
    """Fig. 4, literally: channel 8 i + j at block (r, c) is sample (8 r + i, 8 c + j) of the plane."""
    plane = torch.arange(16 * 24).reshape(16, 24)
    channels = to_channels(plane)
    assert channels.shape == (64, 2, 3)
    for i in range(8):
        for j in range(8):
            for r in range(2):
                for c in range(3):
                    assert channels[8 * i + j, r, c] == plane[8 * r + i, 8 * c + j]


def test_plane_and_channels_there_and_back() -> None:
    plane = torch.rand(2, 3, 16, 40)
    assert torch.equal(to_plane(to_channels(plane)), plane)
    channels = torch.rand(5, 64, 3, 2)
    assert torch.equal(to_channels(to_plane(channels)), channels)


def test_blocks_and_channels() -> None:
    blocks = torch.rand(2, 5, 8, 8)
    channels = blocks_to_channels(blocks)
    assert channels.shape == (64, 2, 5)
    for r in range(2):
        for c in range(5):
            np.testing.assert_array_equal(channels[:, r, c], blocks[r, c].reshape(64))
    assert torch.equal(channels_to_blocks(channels), blocks)


def test_all_three_layouts_agree() -> None:
    """Blocks drawn in their places are the plane."""
    blocks = torch.rand(3, 2, 8, 8)
    drawn = np.block([[blocks[r, c].numpy() for c in range(2)] for r in range(3)])
    np.testing.assert_array_equal(to_plane(blocks_to_channels(blocks)), drawn)


def test_frequencies_are_outermost() -> None:
    """Channel 64 maps: frequency f of map m is channel maps * f + m, so that 64 groups see one frequency each."""
    maps = torch.rand(2, 3, 64, 4, 5)
    joined = interleave_maps(maps)
    assert joined.shape == (2, 192, 4, 5)
    for frequency in (0, 1, 17, 63):
        for m in range(3):
            assert torch.equal(joined[:, 3 * frequency + m], maps[:, m, frequency])
    assert torch.equal(separate_maps(joined, 3), maps)
