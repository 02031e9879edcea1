"""What commands share on the command line."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from qgac.cli import cli
from qgac.commands.destinations import WritingCommand
from qgac.commands.options import TEST_SETS, channels_of
from qgac.evaluation.test_sets import BENCHMARKS


def commands(group: click.Command = cli, name: str = "qgac") -> Iterator[tuple[str, click.Command]]:
    if not isinstance(group, click.Group):
        yield name, group
        return
    context = click.Context(group)
    for below in group.list_commands(context):
        command = group.get_command(context, below)
        assert command is not None
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


@pytest.mark.parametrize("name", ["--dataset", "--max-pixels"])
def test_an_option_is_told_alike_by_all_commands(name: str) -> None:
    # The service has limits of its own: its pictures are strangers'.
    commands = [command for name, command in COMMANDS.items() if name != "qgac serve"]
    found = [one for command in commands if (one := option(command, name)) is not None]
    assert len(found) >= 3
    assert len({(one.help, one.default) for one in found}) == 1


def test_whoever_writes_files_can_be_told_to_replace_them_in_the_last_of_these_options() -> None:
    writing = {name: command for name, command in COMMANDS.items() if isinstance(command, WritingCommand)}
    assert {name.split()[1] for name in writing} == {"evaluate", "frechet", "ablate", "plot", "analyze"}
    for command in writing.values():
        names = [parameter.opts[0] for parameter in command.params]
        last = max(names.index(name) for name in ("--json", "--markdown", "--csv", "-o") if name in names)
        assert names.index("--overwrite") == last + 1
        assert names.count("--overwrite") == 1


def test_colour_is_needed_for_what_looks_natural() -> None:
    dataset = option(COMMANDS["qgac frechet"], "--dataset")
    assert dataset is not None
    assert isinstance(dataset.type, click.Choice)
    assert list(dataset.type.choices) == ["live1", "bsds500", "icb", "folder"]
