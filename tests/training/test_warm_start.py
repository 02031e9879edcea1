"""A network that sees more starts as the one that saw less."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from made.networks import randomize, tiny_configuration
from qgac.models.qgac import QGAC
from qgac.training.warm_start import may_start_from, starting_weights

PLAIN = {"blocknets": 1, "rrdbs": 0, "residual_blocks": 1, "frequencynet": False, "fusion": False}


@pytest.mark.parametrize("levels", [False, True])
@pytest.mark.parametrize("more", [{"candidate": 2}, {"candidate": 2, "gate": True}], ids=["candidate", "gate"])
def test_what_is_new_changes_nothing_at_first(levels: bool, more: dict[str, Any]) -> None:
    theirs = randomize(QGAC(tiny_configuration(PLAIN, levels=levels))).eval()
    ours = randomize(QGAC(tiny_configuration(PLAIN | more, levels=levels)), seed=1).eval()
    ours.load_state_dict(starting_weights(theirs, ours))
    y = 30 * torch.randn(2, 64, 4, 5, generator=torch.Generator().manual_seed(0))
    table = torch.full((2, 8, 8), 12.0)
    torch.testing.assert_close(ours.restore_y(y, table), theirs.restore_y(y, table), rtol=0, atol=1e-4)
    assert (theirs.restore_y(y, table) - y).abs().max() > 0.1


def test_and_learns() -> None:
    theirs = randomize(QGAC(tiny_configuration(PLAIN))).eval()
    ours = QGAC(tiny_configuration(PLAIN | {"candidate": 2, "gate": True}))
    ours.load_state_dict(starting_weights(theirs, ours))
    y = 30 * torch.randn(2, 64, 4, 5, generator=torch.Generator().manual_seed(0))
    ours.restore_y(y, torch.full((2, 8, 8), 12.0)).square().sum().backward()
    (network,) = ours.y_network.subnetworks
    into = network.encode.manifold.kernel.weight.grad.unflatten(1, (8, 2))
    out_of = network.decode.manifold.kernel.weight.grad.unflatten(1, (8, 2))
    assert into[:, :, 1].any()
    assert out_of[:, :, 1].any()


def test_a_shallower_trunk_starts_with_blocks_of_a_deeper_one() -> None:
    theirs = randomize(QGAC(tiny_configuration(PLAIN | {"residual_blocks": 12})))
    ours = QGAC(tiny_configuration(PLAIN | {"residual_blocks": 3, "candidate": 2, "gate": True}))
    ours.load_state_dict(starting_weights(theirs, ours))
    deep, shallow = theirs.y_network.subnetworks[0].trunk, ours.y_network.subnetworks[0].trunk
    for own, other in zip(shallow, (deep[0], deep[6], deep[11]), strict=True):
        assert all(map(torch.equal, own.state_dict().values(), other.state_dict().values()))


@pytest.mark.parametrize("more", [{}, {"candidate": 2, "gate": True}], ids=["deeper", "and sees more"])
@pytest.mark.parametrize("subdivision", [1, 2])
def test_a_deeper_trunk_changes_nothing_at_first_and_learns(subdivision: int, more: dict[str, Any]) -> None:
    shallow = PLAIN | {"subdivision": subdivision, "residual_blocks": 2}
    theirs = randomize(QGAC(tiny_configuration(shallow))).eval()
    ours = randomize(QGAC(tiny_configuration(shallow | {"residual_blocks": 5} | more)), seed=1).eval()
    assert may_start_from(theirs.configuration, ours.configuration, grown=True)
    ours.load_state_dict(starting_weights(theirs, ours), strict=False)
    y = 30 * torch.randn(2, 64, 4, 5, generator=torch.Generator().manual_seed(0))
    table = torch.full((2, 8, 8), 12.0)
    restored = ours.restore_y(y, table)
    torch.testing.assert_close(restored, theirs.restore_y(y, table), rtol=0, atol=1e-4)
    assert (restored - y).abs().max() > 0.1
    restored.square().sum().backward()
    (network,) = ours.y_network.subnetworks
    assert [bool(block.second.weight.any()) for block in network.trunk] == [True, False, False, False, True]
    assert all(block.second.weight.grad.any() for block in network.trunk)


@pytest.mark.parametrize(
    "more",
    [{}, {"candidate": 2, "gate": True}, {"residual_blocks": 4}],
    ids=["wider", "and sees more", "and is deeper"],
)
@pytest.mark.parametrize("subdivision", [1, 2])
def test_a_wider_trunk_changes_nothing_at_first_and_learns(subdivision: int, more: dict[str, Any]) -> None:
    narrow = PLAIN | {"subdivision": subdivision, "residual_blocks": 2}
    theirs = randomize(QGAC(tiny_configuration(narrow | {"width": 8}))).eval()
    ours = QGAC(tiny_configuration(narrow | {"width": 20} | more)).eval()
    assert may_start_from(theirs.configuration, ours.configuration, grown=True)
    ours.load_state_dict(starting_weights(theirs, ours), strict=False)
    y = 30 * torch.randn(2, 64, 4, 5, generator=torch.Generator().manual_seed(0))
    table = torch.full((2, 8, 8), 12.0)
    restored = ours.restore_y(y, table)
    torch.testing.assert_close(restored, theirs.restore_y(y, table), rtol=0, atol=1e-4)
    assert (restored - y).abs().max() > 0.1
    restored.square().sum().backward()
    (network,) = ours.y_network.subnetworks
    new = network.trunk[0].second.weight.grad[: 8 // subdivision**2, 8 // subdivision**2 :]
    assert new.any()
    assert network.decode.manifold.kernel.weight.grad.abs().sum((0, 2, 3)).all()


def test_a_deeper_trunk_after_the_join_changes_nothing_at_first_and_learns() -> None:
    theirs = randomize(QGAC(tiny_configuration(PLAIN, {"joined_rrdbs": 0, "joined_residual_blocks": 2}))).eval()
    ours = QGAC(tiny_configuration(PLAIN, {"joined_rrdbs": 0, "joined_residual_blocks": 3})).eval()
    ours.load_state_dict(starting_weights(theirs, ours), strict=False)
    y, chroma = (30 * torch.randn(2, n, 4, 6, generator=torch.Generator().manual_seed(n)) for n in (64, 128))
    table, tables = torch.full((2, 8, 8), 12.0), torch.full((2, 2, 8, 8), 20.0)
    told = chroma[:, :, :2, :3], tables, y, table, (2, 2)
    restored = ours.restore_chroma(*told)
    torch.testing.assert_close(restored, theirs.restore_chroma(*told), rtol=0, atol=1e-4)
    restored.square().sum().backward()
    blocks = ours.color_network.joined_trunk
    assert [bool(block.second.weight.any()) for block in blocks] == [True, False, True]
    assert all(block.second.weight.grad.any() for block in blocks)


def test_who_may_start_from_whom() -> None:
    plain, grown = tiny_configuration(PLAIN), tiny_configuration(PLAIN | {"candidate": 2, "gate": True})
    assert may_start_from(plain, plain, grown=False)
    assert may_start_from(plain, grown, grown=True)
    assert not may_start_from(plain, grown, grown=False)
    assert not may_start_from(grown, plain, grown=True)
    assert not may_start_from(tiny_configuration(PLAIN | {"candidate": 3}), grown, grown=True)
    assert not may_start_from(replace(plain, log_table=True), grown, grown=True)
    assert may_start_from(plain, tiny_configuration(PLAIN, {"width": 8}), grown=False)
    deeper = tiny_configuration(PLAIN | {"residual_blocks": 4})
    assert may_start_from(deeper, grown, grown=True)
    assert not may_start_from(deeper, plain, grown=False)
    assert may_start_from(plain, deeper, grown=True)
    assert not may_start_from(plain, deeper, grown=False)
    assert not may_start_from(tiny_configuration(PLAIN | {"residual_blocks": 4, "rrdbs": 1}), plain, grown=True)
    wider = tiny_configuration(PLAIN | {"width": 32, "candidate": 2, "gate": True})
    assert may_start_from(plain, wider, grown=True)
    assert not may_start_from(plain, wider, grown=False)
    assert not may_start_from(wider, grown, grown=True)
    unconditioned = [tiny_configuration(PLAIN | {"conditioning": "concat"} | more) for more in ({}, {"candidate": 2})]
    assert not may_start_from(*unconditioned, grown=True)
