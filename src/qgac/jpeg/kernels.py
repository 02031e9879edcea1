"""What the compiled parts of the decoder and of the encoder share: how they are compiled, and the types of arrays."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt
from numba.core.caching import FunctionCache
from numba.core.runtime.nrt import rtsys

from qgac.jpeg.markers import NATURAL_ORDER

Words = npt.NDArray[np.uint32]
Integers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Coefficients = npt.NDArray[np.int16]

# Numba freezes module-level constants into the machine code.
NATURAL = NATURAL_ORDER.astype(np.int64)

_Function = TypeVar("_Function", bound=Callable[..., Any])


class _Cache(FunctionCache):
    """Numba's cache, which loads machine code without everything that compiling it would need.

    Numba gets all that ready before it looks for machine code, and again, where there is none, before it compiles. It
    takes ten times as long as loading.
    """

    def load_overload(self, signature: Any, context: Any) -> Any:
        rtsys.initialize(context)  # of that, what machine code calls
        with self._guard_against_spurious_io_errors():
            return self._load_overload(signature, context)  # type: ignore[no-untyped-call]


# Where machine code is known to call nothing else, by trying it. Where something lacks, LLVM ends the process.
_TRIED = "0.61" <= numba.__version__[:4] <= "0.68" and sys.platform == "linux" and os.uname().machine == "x86_64"


def kernel(signature: str) -> Callable[[_Function], _Function]:
    """Compile at import for one signature, from the cache on disk wherever there is a place for one.

    The cache notices changes of the file the kernel is in only, not of the inlined functions it takes from elsewhere.
    """

    def compile_function(function: _Function) -> _Function:
        compiled: Any = numba.njit(nogil=True)(function)
        with suppress(RuntimeError):  # no place for the cache: installation read-only, no home directory
            if _TRIED:
                compiled._cache = _Cache(function)  # type: ignore[no-untyped-call]
            else:
                compiled.enable_caching()
        compiled.compile(signature)
        compiled.disable_compile()
        return cast(_Function, compiled)

    return compile_function


def inlined(function: _Function) -> _Function:
    """Compile as a part of the kernels that call it."""
    compiled: Any = numba.njit(function)
    return cast(_Function, compiled)
