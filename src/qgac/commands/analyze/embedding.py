"""``qgac analyze embedding``: the generated filters as a curve through quality (appendix B.1)."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from qgac.commands.analyze.options import analysis_errors, told, write
from qgac.commands.destinations import WritingCommand, figure_option
from qgac.commands.options import NumberRange, model_option
from qgac.commands.terminal import fail, say

__all__ = ["embedding"]


@click.command(cls=WritingCommand)
@model_option()
@figure_option()
@click.option("--layer", "layers", multiple=True, metavar="NAME", help="CFM layers by name; all by default.")
@click.option(
    "--count", type=click.IntRange(1, 7), default=3, show_default=True, help="How many of the strongest channels."
)
@click.option("--step", type=click.IntRange(1, 30), default=1, show_default=True, help="Take every so manieth quality.")
@click.option("--perplexity", type=NumberRange(1), default=30.0, show_default=True, help="Of t-SNE.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of t-SNE.")
def embedding(
    model: str, out: Path, layers: tuple[str, ...], count: int, step: int, perplexity: float, seed: int
) -> None:
    """Embed the filters that each CFM generates at quality 1 to 100 in the plane, by t-SNE."""
    with analysis_errors():
        from qgac.analysis.embedding import Embedding, embed_layer
        from qgac.analysis.layers import filter_manifolds
        from qgac.analysis.plots import draw_embeddings
        from qgac.weights.checkpoints import load_model

        network = load_model(model)
        embeddings = []
        names = layers or tuple(filter_manifolds(network))
        for name in told(iter(names), len(names), "layers"):
            try:
                embeddings.append(
                    embed_layer(network, name, range(1, 101, step), channels=count, perplexity=perplexity, seed=seed)
                )
            except ValueError as error:
                if layers:
                    raise
                say(f"left out: {error}")
        if not embeddings:
            fail("no CFM of this model generates filters that depend on the quality; train it first")
        rows = [row for layer in embeddings for row in layer.rows()]
        write(out, draw_embeddings(embeddings), Embedding.COLUMNS, rows)
