"""What commands share on the command line."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from qgac.cli import cli
from qgac.commands.options import TEST_SETS, channels_of
from qgac.evaluation.test_sets import BENCHMARKS


def commands(group: click.Command = cli, name: str = "qgac") -> Iterator[tuple[str, click.Command]]:
    if not isinstance(group, click.Group):
        yield name, group
        return
    for below, command in group.commands.items():
        yield from commands(command, f"{name} {below}")


COMMANDS = dict(commands())


def option(command: click.Command, name: str) -> click.Option | None:
    return next(
        (found for found in command.params if isinstance(found, click.Option) and name in found.opts),
        None,
    )


def test_every_test_set_can_be_named() -> None:
    assert set(TEST_SETS) == set(BENCHMARKS)


def test_a_test_set_is_measured_as_the_paper_does_unless_told_otherwise() -> None:
    assert [channels_of(name, None) for name in ("live1", "classic5", "folder")] == ["color", "y", "color"]
    assert [channels_of(name, "y") for name in ("live1", "classic5", "folder")] == ["y"] * 3
    assert channels_of("classic5", "color") == "color"


@pytest.mark.parametrize("name", ["--dataset", "--channels", "--max-pixels", "--overwrite"])
def test_an_option_is_told_alike_by_all_commands(name: str) -> None:
    found = [option(command, name) for command in COMMANDS.values()]
    texts = {one.help for one in found if one is not None}
    assert len([one for one in found if one is not None]) >= 3
    assert len(texts) == (3 if name == "--overwrite" else 1)  # of pictures, of a heat map and of all else


def test_colour_is_needed_for_what_looks_natural() -> None:
    dataset = option(COMMANDS["qgac frechet"], "--dataset")
    assert dataset is not None
    assert isinstance(dataset.type, click.Choice)
    assert list(dataset.type.choices) == ["live1", "bsds500", "icb", "folder"]
