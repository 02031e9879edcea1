"""``qgac analyze``: the questions of the paper's appendix, as one group of commands."""

from __future__ import annotations

import rich_click as click

from qgac.commands.analyze.activation import activation
from qgac.commands.analyze.blind import blind
from qgac.commands.analyze.embedding import embedding
from qgac.commands.analyze.equivalent_quality import equivalent_quality
from qgac.commands.analyze.interpolation import interpolation
from qgac.commands.analyze.manifold import manifold
from qgac.commands.analyze.sheet import sheet
from qgac.commands.analyze.spectrum import spectrum
from qgac.commands.analyze.throughput import throughput

__all__ = ["analyze"]


@click.group()
def analyze() -> None:
    """Look into a model as the paper's appendix does; each writes OUT.png and its numbers as OUT.csv.

    Needs the extra `eval`: pip install 'qgac[eval]'.
    """


for _command in (
    manifold, activation, embedding, interpolation, equivalent_quality, spectrum, throughput, sheet, blind,
):  # fmt: skip
    analyze.add_command(_command)
