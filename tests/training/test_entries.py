"""Values of every type against every annotation; what is said of those that do not fit."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass
from typing import Annotated, Any, Literal

import pytest

from qgac.training.entries import Bound, Decay, QualityRange, RecipeError, Side, check, conformed

ONE_OF_EACH = {"number": 0.5, "whole": 7, "truth": True, "text": "a", "list": [1, 2], "fractions": [0.5, 1]}
Pair = tuple[Literal[1, 2], Literal[1, 2]]


@pytest.mark.parametrize(
    ("annotation", "fitting"),
    [
        (float, {"number", "whole"}),
        (int, {"whole"}),
        (bool, {"truth"}),
        (str, {"text"}),
        (Literal["a", "b"], {"text"}),
        (tuple[int, ...], {"list"}),
        (tuple[int, int], {"list"}),
        (tuple[float, ...], {"list", "fractions"}),
        (Pair, {"list"}),
        (Annotated[int, Bound(lambda number: number == 7, "is not 7")], {"whole"}),
        (tuple[int, int] | None, {"list"}),
    ],
)
def test_a_value_is_of_one_type_only(annotation: Any, fitting: set[str]) -> None:
    for name, value in ONE_OF_EACH.items():
        if name in fitting:
            assert conformed(value, annotation, "x") == (tuple(value) if isinstance(value, list) else value)
        else:
            with pytest.raises(RecipeError):
                conformed(value, annotation, "x")


@pytest.mark.parametrize(
    ("value", "annotation", "message"),
    [
        (1.5, int, "x is 1.5, not a whole number"),
        (float("nan"), float, "x is nan; recipes take finite numbers only"),
        (10**400, int, f"x is {10**400}; recipes take finite numbers only"),
        (3, str, "x is 3, not text"),
        (3, tuple[int, ...], "x is 3, not a list"),
        ([1, "2"], tuple[int, ...], "x holds '2', not a number"),
        ([1.5], tuple[int, ...], "x holds 1.5; it takes whole numbers"),
        ([1, 2, 3], tuple[int, int], "x are two numbers, not 3"),
        ([[1, 2], [1]], tuple[Pair, ...], "x holds [1], not two numbers"),
        ([[1, 4]], tuple[Pair, ...], "4 in x is not taken from 1 and 2"),
        ([[1, True]], tuple[Pair, ...], "x holds True, not a number"),
        ("c", Literal["a", "b"], "x 'c' is neither 'a' nor 'b'"),
        ("d", Literal["a", "b", "c"], "x 'd' is none of 'a', 'b' and 'c'"),
        (8, Side, "x 8 is not a multiple of 16"),
        (0, Side, "x 0 is not a multiple of 16"),
        (1, Decay, "x 1 is not between 0 and 1, 1 excluded"),
        ([0.9, 1.0], tuple[Decay, Decay], "1.0 in x is not between 0 and 1, 1 excluded"),
        ([0, 10], QualityRange, "0 in x is not between 1 and 100"),
        ([20, 10], QualityRange, "x (20, 10) are not a lowest and a highest quality"),
    ],
)
def test_mistakes_are_named(value: Any, annotation: Any, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        conformed(value, annotation, "x")
    assert str(caught.value) == message


def test_nothing_is_taken_where_it_may_be_left_out() -> None:
    assert conformed(None, tuple[int, int] | None, "x") is None
    with pytest.raises(RecipeError, match="x is None, not a whole number"):
        conformed(None, int, "x")


def test_a_choice_is_the_one_of_the_annotation() -> None:
    """2.0 is as good as 2, but not where a whole number is needed afterwards."""
    first, second = conformed([2.0, 1], Pair, "x")
    assert (type(first), type(second)) == (int, int)


def test_a_section_holds_tuples_once_it_is_checked() -> None:
    @dataclass(frozen=True)
    class Section:
        pair: tuple[int, int]
        other: str = ""

        def __post_init__(self) -> None:
            check(self)

    section = Section([1, 2])
    assert section.pair == (1, 2)
    assert hash(section) == hash(Section((1, 2)))
    with pytest.raises(FrozenInstanceError):
        section.other = "a"
    with pytest.raises(RecipeError, match="other is 3, not text"):
        Section((1, 2), 3)
