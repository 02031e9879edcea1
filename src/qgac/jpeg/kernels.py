"""What the compiled parts of the decoder and of the encoder share: how they are compiled, and the types of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from qgac.jpeg.markers import NATURAL_ORDER

Words = npt.NDArray[np.uint32]
Integers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Coefficients = npt.NDArray[np.int16]

# Numba freezes module-level constants into the machine code.
NATURAL = NATURAL_ORDER.astype(np.int64)

_Function = TypeVar("_Function", bound=Callable[..., Any])


def kernel(signature: str) -> Callable[[_Function], _Function]:
    """Compile at import for one signature, from the cache on disk wherever there is a place for one.

    The cache notices changes of the file the kernel is in only, not of the inlined functions it takes from elsewhere.
    """

    def compile_function(function: _Function) -> _Function:
        compiled: Any
        try:
            compiled = numba.njit(signature, nogil=True, cache=True)(function)
        except RuntimeError:  # no writable place for the cache (read-only installation without a home directory)
            compiled = numba.njit(signature, nogil=True)(function)
        return cast(_Function, compiled)

    return compile_function


def inlined(function: _Function) -> _Function:
    """Compile as a part of the kernels that call it."""
    compiled: Any = numba.njit(function)
    return cast(_Function, compiled)
