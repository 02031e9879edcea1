"""``qgac prepare``: pictures in, a bank of training pictures out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import rich_click as click

from qgac.commands.terminal import fail, progress_bar, say, sentence

__all__ = ["prepare"]


@click.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="IMAGES...")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the bank.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave out files of this name, such as 'test_*'.")
@click.option(
    "--min-side", type=click.IntRange(min=1), default=64, show_default=True, help="Leave out smaller pictures (pixels)."
)
def prepare(images: tuple[Path, ...], out: Path, exclude: tuple[str, ...], min_side: int) -> None:
    """Decode pictures once, into a bank that training draws from.

    IMAGES are pictures, tars of pictures, or folders of both (searched recursively).
    """
    from qgac.training.batches.bank import find_pictures, write_bank

    if (out / "bank.json").exists():
        fail(f"{out} holds a bank already; choose another folder or delete it")
    taken = 0
    left_out: list[tuple[str, str]] = []
    with progress_bar("{task.completed}/{task.total} pictures") as display:
        task = display.add_task("preparing", total=0)

        def counted() -> Iterator[tuple[str, bytes]]:
            for number, picture in enumerate(find_pictures(images, exclude), 1):
                display.update(task, total=number)
                yield picture

        try:
            for name, reason in write_bank(counted(), out, min_side=min_side):
                display.advance(task)
                if reason is None:
                    taken += 1
                else:
                    left_out.append((name, reason))
        except (OSError, ValueError) as error:
            fail(sentence(error))
    for name, reason in left_out:
        say(f"{name} left out: {reason}")
    if not taken:
        fail("no picture was taken; name pictures, folders of pictures or tars of pictures")
    click.echo(f"took {taken} {'picture' if taken == 1 else 'pictures'} into {out}, left out {len(left_out)}")
