"""What the compiled parts of the decoder and of the encoder share: how they are compiled, and the types of arrays.

A kernel is compiled when it is called first, by Numba, which is imported only then: its machine code is kept, see
:mod:`qgac.jpeg.machine_code`, and a process that finds it needs no Numba.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from operator import index
from threading import Lock
from typing import Any, TypeVar, cast

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

# Where Numba is known to hand over arguments as `_flattened` does, by trying it.
_VERSIONS = "0.61", "0.68"
_PLATFORM = sys.platform == "linux" and os.uname().machine == "x86_64"

_INLINED: list[Callable[..., Any]] = []
_REGISTERING = Lock()


def kernel(signature: str) -> Callable[[_Function], _Function]:
    """Compile a function when it is called first, for one signature.

    It may neither allocate nor raise anything, and returns nothing. Without the GIL.

    Parameters
    ----------
    signature : str
        Of each argument, its type: ``int64``, which bool is turned into, or that of an array in C order, such as
        ``uint8[:]`` and ``int64[:,:]``; with ``const`` before it, one that is only read.
    """
    parameters = [_Parameter.parsed(text) for text in signature.split(", ")]

    def compile_later(function: _Function) -> _Function:
        lock, ready = Lock(), list[Callable[..., Any]]()

        @wraps(function)
        def run(*arguments: Any) -> None:
            values = [parameter.checked(value) for parameter, value in zip(parameters, arguments, strict=True)]
            with lock:
                if not ready:
                    ready.append(_machine_code(function, parameters))
            ready[0](*values)

        return cast(_Function, run)

    return compile_later


def inlined(function: _Function) -> _Function:
    """Compile as a part of the kernels that call it."""
    _INLINED.append(function)
    return function


@dataclass(frozen=True)
class _Parameter:
    """The type of an argument: an array, or without dimensions a whole number."""

    kind: np.dtype[Any]
    dimensions: int
    constant: bool

    @classmethod
    def parsed(cls, text: str) -> _Parameter:
        name = text.removeprefix("const ")
        return cls(np.dtype(name.partition("[")[0]), name.count(":"), name != text)

    def checked(self, value: Any) -> Any:
        """Return a value that is as it is expected to be: what reads and writes it does not look."""
        if not self.dimensions:
            return index(value)
        if (value.dtype, value.ndim) != (self.kind, self.dimensions) or not value.flags.c_contiguous:
            raise TypeError(f"a kernel expects an array of {self.kind} of {self.dimensions} dimensions, in C order")
        if not (self.constant or value.flags.writeable):
            raise TypeError("a kernel would write into an array that may only be read")
        return value

    @property
    def types(self) -> list[Any]:
        """The types of what Numba hands over, see :func:`_flattened`."""
        if not self.dimensions:
            return [ctypes.c_int64]
        return [
            *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p),
            *[ctypes.c_int64] * (2 * self.dimensions),
        ]


def _machine_code(function: Callable[..., Any], parameters: Sequence[_Parameter]) -> Callable[..., Any]:
    """Return a kernel that is kept, or that is compiled now."""
    if not _PLATFORM:
        return _compiled_as_usual(function, parameters)
    from qgac.jpeg import machine_code

    name = f"{function.__module__}.{function.__qualname__}"
    code = machine_code.kept(name)
    if code is None:
        assembly = _assembly(function, parameters)
        code = None if assembly is None else machine_code.compiled(function.__name__, assembly)
        if code is None:
            return _compiled_as_usual(function, parameters)
        machine_code.keep(name, code)
    types = [ctypes.c_void_p, ctypes.c_void_p, *(kind for parameter in parameters for kind in parameter.types)]
    run = machine_code.linked(function.__name__, code, types)

    def call(*values: Any) -> None:
        # Places for what it would return and raise come first.
        run(ctypes.byref(ctypes.c_void_p()), ctypes.byref(ctypes.c_void_p()), *_flattened(values))

    return call


def _flattened(values: Sequence[Any]) -> Iterator[Any]:
    """Hand arguments over as Numba does: of an array, what owns it (twice), sizes, address, shape and strides."""
    for value in values:
        if isinstance(value, np.ndarray):
            yield from (None, None, value.size, value.itemsize, value.ctypes.data, *value.shape, *value.strides)
        else:
            yield value


def _assembly(function: Callable[..., Any], parameters: Sequence[_Parameter]) -> str | None:
    """Return a kernel in the assembly language of LLVM, where it is known how to call it."""
    import numba
    from numba.core import config

    disabled: bool = config.DISABLE_JIT  # type: ignore[attr-defined]  # set by what the environment says
    if disabled or not _VERSIONS[0] <= numba.__version__[:4] <= _VERSIONS[1]:
        return None
    # Nothing is allocated, so nothing is counted, and nobody but `call` calls it.
    compiled = _numba_compiled(function, parameters, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)
    return cast(str, compiled.inspect_llvm(compiled.signatures[0]))


def _compiled_as_usual(function: Callable[..., Any], parameters: Sequence[_Parameter]) -> Callable[..., Any]:
    """Compile as Numba is meant to be used, with its own cache wherever there is a place for one."""
    try:
        return cast("Callable[..., Any]", _numba_compiled(function, parameters, cache=True))
    except RuntimeError:  # no place for the cache: installation read-only, no home directory
        return cast("Callable[..., Any]", _numba_compiled(function, parameters))


def _numba_compiled(function: Callable[..., Any], parameters: Sequence[_Parameter], **options: bool) -> Any:
    import numba
    from numba.extending import register_jitable

    with _REGISTERING:
        while _INLINED:
            register_jitable(_nrt=False)(_INLINED.pop())
    types = [
        numba.types.Array(numba.from_dtype(parameter.kind), parameter.dimensions, "C", readonly=parameter.constant)
        if parameter.dimensions
        else numba.types.int64
        for parameter in parameters
    ]
    return numba.njit(numba.void(*types), nogil=True, error_model="numpy", **options)(function)  # type: ignore[call-overload]
