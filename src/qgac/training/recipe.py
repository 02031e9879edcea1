"""A training run as a TOML file: frozen dataclasses, every unknown key an error that names the nearest known one."""

from __future__ import annotations

import difflib
import json
import sys
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from qgac.models.configuration import Configuration
from qgac.training.entries import RecipeError, check, conformed, entry_types
from qgac.training.sections import Data, Gan, Optimization, Validation

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Recipe", "read_recipe"]


@dataclass(frozen=True)
class Recipe:
    """A whole training run.

    Attributes
    ----------
    stage : {"y", "color", "joint", "gan"}
        What is trained. The colour stage starts from the weights of a Y stage and leaves them as they are. The joint
        and the GAN stage start from those of a colour stage and train both networks.
    seed : int
        Of the start weights and of every batch.
    minutes_between_checkpoints : float
        Besides the checkpoint at every validation.
    model : Configuration
    data : Data
    optimization : Optimization
    validation : Validation
    gan : Gan
        For the GAN stage.
    """

    stage: Literal["y", "color", "joint", "gan"]
    seed: int = 0
    minutes_between_checkpoints: float = 5.0
    model: Configuration = field(default_factory=Configuration)
    data: Data = field(default_factory=Data)
    optimization: Optimization = field(default_factory=Optimization)
    validation: Validation = field(default_factory=Validation)
    gan: Gan = field(default_factory=Gan)

    def __post_init__(self) -> None:
        check(self)
        if self.stage != "gan" and self.gan != Gan():
            raise RecipeError("[gan] is for stage = 'gan' only")
        if self.stage == "joint" and self.optimization.color_space != "rgb":
            raise RecipeError("the joint stage measures its error in RGB; leave color_space at 'rgb'")
        if self.data.rescaled and self.stage != "y":
            raise RecipeError("rescaled patches are for stage = 'y' only")
        if self.data.rescaled and self.optimization.blocking_weight:
            raise RecipeError("rescaled patches have no borders of blocks; leave blocking_weight at 0")
        if self.model.trained_qualities is not None:
            low, high = self.model.trained_qualities
            drawn = self.data.qualities.values or (self.data.qualities.low, self.data.qualities.high)
            if min(drawn) < low or max(drawn) > high:
                raise RecipeError(f"qualities {min(drawn)} to {max(drawn)} leave trained_qualities, {low} to {high}")
        if self.stage == "gan" and min(self.data.patch, self.validation.patch) < 32:
            raise RecipeError("the GAN stage needs patches of at least 32 pixels a side, to judge their texture")
        if self.stage != "y":
            color = self.model.color
            restored = {*color.factors, (1, 1)} if color.width == color.joined_width // 2 else {*color.factors}
            # Validation is always on 4:2:0.
            lacking = sorted({*self.data.factors, (2, 2)} - restored)
            if lacking:
                raise RecipeError(f"model.color.factors lacks {', '.join(str(list(pair)) for pair in lacking)}")

    def to_dict(self) -> dict[str, Any]:
        """Return nested dictionaries of numbers, fit for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Recipe:
        """Build a recipe from what :meth:`to_dict` made, possibly of an earlier version: what lacks takes its default.

        Parameters
        ----------
        content : dict
            Also after a way through JSON, which makes lists of tuples.

        Returns
        -------
        Recipe

        Raises
        ------
        RecipeError
            If it holds an unknown key or an impossible value.
        """
        return _build(cls, json.loads(json.dumps(content)), ("recipe",))


T = TypeVar("T")


def _build(kind: type[T], table: Any, place: tuple[str, ...]) -> T:
    """Build a section from the table at a place: the source, then the keys that lead to it."""
    where = ".".join(place)
    if not isinstance(table, dict):
        raise RecipeError(f"{where} is not a table; write [{'.'.join(place[1:])}] and its entries below")
    known = entry_types(kind)
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
            raise RecipeError(f"unknown key {key!r} in {where}; {hint}")
        if is_dataclass(known[key]):
            values[key] = _build(known[key], value, (*place, key))
        else:
            values[key] = conformed(value, known[key], f"{where}.{key}")
    entries = fields(kind)  # type: ignore[arg-type]
    lacking = [entry.name for entry in entries if entry.default is entry.default_factory and entry.name not in values]
    if lacking:  # without either kind of default
        raise RecipeError(f"{where} lacks {' and '.join(lacking)}; add what docs/training.md says of it")
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"{where}: {error}") from error


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Parameters
    ----------
    path : Path
        TOML file, or the ``recipe.json`` that a run keeps.

    Returns
    -------
    Recipe

    Raises
    ------
    RecipeError
        If it cannot be parsed, or holds an unknown key or an impossible value.
    """
    read, form = (json.loads, "JSON") if path.suffix == ".json" else (tomllib.loads, "TOML")
    try:
        content = read(path.read_text(encoding="utf-8"))
    except ValueError as error:  # every decoder's error is one
        raise RecipeError(f"{path} is not {form}: {error}") from error
    return _build(Recipe, content, (path.name,))
