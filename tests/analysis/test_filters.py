"""The generated filters, the pictures that excite them, and their embedding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from made.networks import randomize, tiny_configuration
from qgac.analysis.activation import Ascent, maximal_activations
from qgac.analysis.embedding import embed_layer, takes_chroma_tables
from qgac.analysis.layers import filter_manifolds, first_blocknet, generated_kernels, strongest_channels
from qgac.analysis.manifold import first_filters
from qgac.coefficients.dct import dct
from qgac.coefficients.quantization import chroma_table, luma_table
from qgac.models.configuration import Configuration, YConfiguration
from qgac.models.qgac import QGAC


def table_of(quality: int, make: Callable[..., Any] = luma_table) -> torch.Tensor:
    return torch.from_numpy(make(quality).astype("float32"))[None, None]


def test_layers_are_found_by_name(model: QGAC) -> None:
    assert list(filter_manifolds(model)) == [
        "y_network.subnetworks.0.encode",
        "y_network.subnetworks.0.decode",
        "color_network.encode_chroma",
        "color_network.encode_y",
        "color_network.decode",
    ]
    assert [takes_chroma_tables(name) for name in filter_manifolds(model)] == [False, False, True, False, True]


def test_a_network_without_blocknet_is_refused() -> None:
    y = YConfiguration(maps=2, frequency_width=1, rrdbs=0, blocknets=0)
    with torch.device("meta"), pytest.raises(ValueError, match="no BlockNet"):
        first_blocknet(QGAC(Configuration(y=y)))


@pytest.mark.parametrize("quality", [10, 90])
def test_a_kernel_is_what_the_layer_answers_to_each_frequency(model: QGAC, quality: int) -> None:
    _, blocknet = first_blocknet(model)
    layer, table = blocknet.encode, table_of(quality)
    layer.activation.weight.fill_(1)  # no activation
    silent = layer(torch.zeros(1, 64, 1, 1), table)
    answers = [layer(torch.eye(64)[f].reshape(1, 64, 1, 1), table) - silent for f in range(64)]
    expected = torch.stack(answers, -1).reshape(8, 1, 8, 8)
    torch.testing.assert_close(generated_kernels(layer, quality), expected, rtol=1e-4, atol=1e-5)


def test_a_chroma_layer_takes_the_chroma_table_for_both_planes(model: QGAC) -> None:
    layer = model.color_network.encode_chroma
    expected, _ = layer.manifold(table_of(35, chroma_table).expand(1, 2, 8, 8))
    kernels = generated_kernels(layer, 35, chroma=True)
    assert kernels.shape == (4, 2, 8, 8)
    torch.testing.assert_close(kernels.reshape(8, 64), expected[0])


def test_strongest_channels_come_first() -> None:
    kernels = torch.tensor([1.0, -5.0, 0.0, 3.0])[:, None, None, None].expand(4, 2, 8, 8)
    assert strongest_channels(kernels, 3) == (1, 3, 0)
    assert len(strongest_channels(kernels, 9)) == 4


def test_no_likelier_block_excites_a_filter_more_than_its_pattern(model: QGAC) -> None:
    filters = first_filters(model, (10,), count=3)
    _, blocknet = first_blocknet(model)
    generator = torch.Generator().manual_seed(1)
    deviations = model.normalize_y.std[0]
    for c, channel in enumerate(filters.channels):
        pattern = dct(torch.from_numpy(filters.patterns[0, c]))[:, 0, 0] / deviations
        assert abs(pattern[0]) < 1e-4
        others = torch.randn((500, 64), generator=generator)
        others[:, 0] = 0
        others *= pattern.norm() / others.norm(dim=1, keepdim=True)
        blocks = torch.cat((pattern[None], others)).reshape(501, 64, 1, 1)
        activation = blocknet.encode(blocks, table_of(10).expand(501, 1, 8, 8))[:, channel, 0, 0]
        assert activation.argmax() == 0


def test_filters_are_listed_by_quality_and_channel(model: QGAC) -> None:
    filters = first_filters(model, (10, 50, 100), channels=(5, 2))
    assert filters.kernels.shape == filters.patterns.shape == (3, 2, 8, 8)
    columns, rows = filters.table()
    assert len(rows) == 3 * 2 * 64
    row = dict(zip(columns, rows[64 * 3 + 8 * 4 + 6], strict=True))
    kernel = generated_kernels(filter_manifolds(model)[filters.layer], 50)[2, 0, 4, 6]
    assert row["quality"] == 50
    assert row["channel"] == 2
    assert row["kernel"] == pytest.approx(kernel.item())
    with pytest.raises(ValueError, match="channels 0 to 7, not 8"):
        first_filters(model, channels=(8,))


def test_ascent_ends_where_the_penalty_balances_the_filter(model: QGAC) -> None:
    """For a linear filter W the best coefficients are W / decay, here small enough never to be clipped."""
    _, blocknet = first_blocknet(model)
    blocknet.encode.activation.weight.fill_(1)
    decay = 2.0
    ascent = Ascent(blocks=2, steps=60, rate=0.25, decay=decay, noise=3)
    found = maximal_activations(model, (3,), (40,), ascent=ascent)
    coefficients = dct(torch.from_numpy(found.pictures[0, 0]) - 128) / model.normalize_y.std[0][:, None, None]
    kernel = generated_kernels(blocknet.encode, 40)[3, 0].flatten()
    expected = (kernel / decay)[1:, None, None].expand(63, 2, 2)
    torch.testing.assert_close(coefficients[1:], expected, rtol=1e-3, atol=1e-3)
    assert found.pictures.mean() == pytest.approx(128, abs=1e-2)


@pytest.mark.parametrize("stage", ["filters", "trunk"])
def test_ascent_raises_every_activation(model: QGAC, stage: str) -> None:
    ascent = Ascent(blocks=3, steps=25, rate=0.5, decay=0.1)
    found = maximal_activations(model, range(8), (10, 50, 100), stage=stage, ascent=ascent)
    assert (found.after > found.before).all()
    assert found.pictures.shape == (3, 8, 24, 24)
    assert found.pictures.min() >= 0
    assert found.pictures.max() <= 255
    columns, rows = found.table()
    assert len(rows) == 24
    assert len(rows[0]) == len(columns)


def test_ascent_depends_on_the_seed_alone(model: QGAC) -> None:
    def ascend(seed: int) -> np.ndarray:
        return maximal_activations(model, (0,), (10,), ascent=Ascent(blocks=2, steps=3, seed=seed)).pictures

    np.testing.assert_array_equal(ascend(1), ascend(1))
    assert not np.array_equal(ascend(1), ascend(2))


def test_an_ascent_that_cannot_end_is_refused(model: QGAC) -> None:
    with pytest.raises(ValueError, match="rate times decay"):
        Ascent(rate=2, decay=0.6)
    with pytest.raises(ValueError, match="at least 1 block"):
        Ascent(blocks=0)
    with pytest.raises(ValueError, match="channels 0 to 7, not -1"):
        maximal_activations(model, (-1,))


def test_embedding_is_deterministic_and_keeps_neighbours(model: QGAC) -> None:
    layer = "y_network.subnetworks.0.encode"
    qualities = range(1, 101, 2)
    first, second = (embed_layer(model, layer, qualities, channels=2, perplexity=8) for _ in range(2))
    np.testing.assert_array_equal(first.points, second.points)
    assert first.points.shape == (2, 50, 2)
    points = first.points.reshape(100, 2)
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = distances.argmin(1)
    own = np.arange(100)
    assert (nearest // 50 == own // 50).mean() > 0.95  # of the same channel
    assert np.median(np.abs(nearest - own)) <= 2  # and of nearly the same quality
    assert len(first.rows()) == 100
    assert first.rows()[51][1:3] == [first.channels[1], 3]


def test_kernels_that_do_not_depend_on_quality_are_refused(model: QGAC) -> None:
    layer = model.y_network.subnetworks[0].decode
    layer.manifold.kernel.weight.zero_()
    with pytest.raises(ValueError, match="same kernels at every quality"):
        embed_layer(model, "y_network.subnetworks.0.decode")
    with pytest.raises(ValueError, match="no CFM named 'nonsense'; choose among y_network"):
        embed_layer(model, "nonsense")
    with pytest.raises(ValueError, match="at least 4"):
        embed_layer(model, "y_network.subnetworks.0.encode", (10, 20))


def test_a_network_with_a_candidate_is_shown_it() -> None:
    y = {"rrdbs": 0, "residual_blocks": 1, "blocknets": 1, "frequencynet": False, "fusion": False, "candidate": 1}
    found = maximal_activations(
        randomize(QGAC(tiny_configuration(y=y))), (3,), (40,), ascent=Ascent(blocks=2, steps=20)
    )
    assert found.pictures.shape == (1, 1, 16, 16)
    assert found.after.item() > found.before.item()
