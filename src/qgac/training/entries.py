"""The entries of a recipe: what each may be is written in its annotation, and checked here.

An annotation says the type (a number, a whole number, text, true or false, a list of them), the choices (``Literal``)
and, by ``Annotated`` with a :class:`Bound`, the range. TOML tells whole numbers, fractions, truth and text apart, and
so does this.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, is_dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

__all__ = [
    "Bound",
    "Count",
    "Decay",
    "NotNegative",
    "Positive",
    "Quality",
    "QualityRange",
    "RecipeError",
    "Share",
    "Side",
    "WholeNotNegative",
    "check",
    "conformed",
    "entry_types",
]


class RecipeError(ValueError):
    """A recipe is not valid."""


@dataclass(frozen=True)
class Bound:
    """A condition on a value of the right type.

    Attributes
    ----------
    holds : callable
        Whether a value fulfils it.
    fault : str
        What is wrong with a value that does not, to be said after it.
    """

    holds: Callable[[Any], bool]
    fault: str


_AT_LEAST_0 = Bound(lambda number: number >= 0, "is below 0; choose one that is not negative")

Positive = Annotated[float, Bound(lambda number: number > 0, "is not greater than 0")]
NotNegative = Annotated[float, _AT_LEAST_0]
WholeNotNegative = Annotated[int, _AT_LEAST_0]
Share = Annotated[float, Bound(lambda number: 0 <= number <= 1, "is not between 0 and 1")]
Decay = Annotated[float, Bound(lambda number: 0 <= number < 1, "is not between 0 and 1, 1 excluded")]
Count = Annotated[int, Bound(lambda number: number >= 1, "is not at least 1")]
Side = Annotated[int, Bound(lambda pixels: pixels > 0 and pixels % 16 == 0, "is not a multiple of 16")]
Quality = Annotated[int, Bound(lambda quality: 1 <= quality <= 100, "is not between 1 and 100")]
QualityRange = Annotated[
    tuple[Quality, Quality], Bound(lambda ends: ends[0] <= ends[1], "are not a lowest and a highest quality")
]


def check(section: Any) -> None:
    """Check all entries of a section of a recipe, and make tuples of their lists.

    Parameters
    ----------
    section : dataclass
        Its entries are replaced, frozen or not; sections in it have checked themselves.

    Raises
    ------
    RecipeError
        If an entry is not what its annotation says.
    """
    for name, annotation in entry_types(type(section)).items():
        object.__setattr__(section, name, conformed(getattr(section, name), annotation, name))


def entry_types(kind: type[Any]) -> dict[str, Any]:
    """Return the annotations of a dataclass by the names of its entries."""
    return get_type_hints(kind, include_extras=True)


def conformed(value: Any, annotation: Any, name: str, *, held: bool = False) -> Any:
    """Return a value as its annotation says.

    Parameters
    ----------
    value : object
        From TOML, JSON or code.
    annotation : type
        Built of ``int``, ``float``, ``bool``, ``str``, ``tuple``, ``Literal``, ``Annotated`` with :class:`Bound`, and
        ``| None``. What is a dataclass passes.
    name : str
        What messages call the entry.
    held : bool
        Whether the value is one of a list of that name.

    Returns
    -------
    object
        The value; a list as a tuple.

    Raises
    ------
    RecipeError
        If it is of another type, out of bounds, none of the choices, or not finite.
    """
    kind, arguments = get_origin(annotation) or annotation, get_args(annotation)
    if kind is Annotated:
        value = conformed(value, arguments[0], name, held=held)
        for bound in arguments[1:]:
            if not bound.holds(value):
                raise RecipeError(f"{f'{value!r} in {name}' if held else f'{name} {value!r}'} {bound.fault}")
        return value
    if kind in (Union, UnionType):
        return None if value is None else conformed(value, arguments[0], name, held=held)
    if kind is tuple:
        return _tuple(value, arguments, name, held=held)
    if kind is Literal:
        return _choice(value, arguments, name, held=held)
    return value if is_dataclass(kind) else _single(value, kind, name, held=held)


def _tuple(value: Any, kinds: tuple[Any, ...], name: str, *, held: bool) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise RecipeError(f"{name} {_verb(held)} {value!r}, not a list")
    if kinds[-1] is Ellipsis:
        kinds = kinds[:1] * len(value)
    elif len(value) != len(kinds):
        fault = f"holds {value!r}, not two numbers" if held else f"are two numbers, not {len(value)}"
        raise RecipeError(f"{name} {fault}")
    return tuple(conformed(entry, kind, name, held=True) for entry, kind in zip(value, kinds, strict=True))


def _choice(value: Any, choices: tuple[Any, ...], name: str, *, held: bool) -> Any:
    if value in choices and not isinstance(value, bool):
        return choices[choices.index(value)]  # 2 for 2.0
    if held:
        _single(value, float if isinstance(choices[0], int) else str, name, held=True)
        raise RecipeError(f"{value!r} in {name} is not taken from {_listed(choices, 'and')}")
    negation = f"neither {_listed(choices, 'nor')}" if len(choices) == 2 else f"none of {_listed(choices, 'and')}"
    raise RecipeError(f"{name} {value!r} is {negation}")


def _single(value: Any, kind: type, name: str, *, held: bool) -> Any:
    fits = isinstance(value, (int, float) if kind is float else kind)
    if not fits or (isinstance(value, bool) and kind is not bool):
        if held and kind is int and isinstance(value, float):
            raise RecipeError(f"{name} holds {value!r}; it takes whole numbers")
        nouns = {float: "a number", int: "a number" if held else "a whole number", bool: "true or false", str: "text"}
        raise RecipeError(f"{name} {_verb(held)} {value!r}, not {nouns[kind]}")
    # Nor is NaN, nor a whole number that no float can hold.
    if kind in (int, float) and not abs(value) <= sys.float_info.max:
        raise RecipeError(f"{name} {_verb(held)} {value!r}; recipes take finite numbers only")
    return value


def _verb(held: bool) -> str:
    return "holds" if held else "is"


def _listed(choices: tuple[Any, ...], conjunction: str) -> str:
    *others, last = map(repr, choices)
    return f"{', '.join(others)} {conjunction} {last}"
