from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qgac.restoration.hints import Hints, read_hints


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"earlier": "x"}, "--earlier takes auto, off or a quality from 1 to 100, and not x"),
        ({"earlier": 0}, "--earlier takes auto, off or a quality"),
        ({"earlier": True}, "--earlier takes auto, off or a quality"),
        ({"rescaled": 101}, "--rescaled takes auto, off or a quality"),
        ({"grid": (1.5, 0)}, "--grid takes a column and a row from 0 to 7"),
        ({"grid": (8, 0)}, "--grid takes a column and a row from 0 to 7"),
        ({"grid": 3}, "--grid takes a column and a row from 0 to 7"),
        ({"grid": (1, 2, 3)}, "--grid takes a column and a row from 0 to 7"),
        ({"quality": 15.5}, "--quality-was takes a quality from 1 to 100, and not 15.5"),
        ({"quality": 0}, "--quality-was takes a quality from 1 to 100"),
        ({"quality": 20, "rescaled": 20}, "leave one out"),
    ],
)
def test_what_is_no_hint_is_refused(told: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Hints(**told)


def test_what_is_one_is_taken() -> None:
    assert read_hints(grid="3, 5", quality=20, earlier="30", rescaled="off") == Hints((3, 5), 20, 30, "off")
    Hints(grid=(np.int64(3), np.int64(5)), quality=np.int64(20))  # type: ignore[arg-type]
