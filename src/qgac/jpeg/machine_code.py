"""Machine code of kernels, kept on disk and run without the compiler that made it.

Numba takes several times as long to be imported as its machine code to be loaded, which needs LLVM alone. So what Numba
compiles is kept here, if it calls nothing outside of itself. A file has three parts: digests of the sources and of the
machine code, and the machine code, as an object file.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm

__all__ = ["compiled", "keep", "kept", "linked"]

_HERE = Path(__file__).parent
_DIGEST = hashlib.sha256().digest_size


def kept(name: str) -> bytes | None:
    """Return the machine code of a kernel for this processor, if there is any that was made of the present sources.

    Parameters
    ----------
    name : str
        Of the kernel, with its module.

    Returns
    -------
    bytes or None
        An object file.
    """
    for folder in _folders():
        with suppress(OSError):
            content = (folder / _file_name(name)).read_bytes()
            code = content[2 * _DIGEST :]
            if content[: 2 * _DIGEST] == _digest_of_sources() + hashlib.sha256(code).digest():
                return code
    return None


def keep(name: str, code: bytes) -> None:
    """Keep machine code where there is a place for it, else do nothing."""
    content = _digest_of_sources() + hashlib.sha256(code).digest() + code
    for folder in _folders():
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            partial = folder / f"{_file_name(name)}.{os.getpid()}"
            partial.write_bytes(content)
            partial.replace(folder / _file_name(name))
            return


def compiled(function: str, assembly: str) -> bytes | None:
    """Compile the assembly language of LLVM that Numba has made of a kernel.

    Parameters
    ----------
    function : str
        Its name, by which it is found in the machine code.
    assembly : str
        Of the whole module, the function of which has a name of its own there.

    Returns
    -------
    bytes or None
        An object file; None if it needs anything else, which would end the process where it is loaded and lacks that.
    """
    module = llvm.parse_assembly(assembly)
    own, *others = [value for value in module.functions if not value.name.startswith("llvm.")]
    if others or any(value.is_declaration for value in module.global_variables):
        return None
    own.name = function
    code: bytes = _machine().emit_object(module)
    return code


def linked(function: str, code: bytes, types: Sequence[Any]) -> Callable[..., int]:
    """Load machine code.

    Parameters
    ----------
    function : str
    code : bytes
        See :func:`compiled`.
    types : sequence of types of ctypes
        Of the function's arguments.

    Returns
    -------
    callable
        Runs without the GIL.
    """
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _ENGINES.append(engine)
    return ctypes.CFUNCTYPE(ctypes.c_int32, *types)(engine.get_function_address(function))


# They own the machine code.
_ENGINES: list[Any] = []


@cache
def _processor() -> tuple[str, str]:
    """Return name and features of the processor."""
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def _machine() -> Any:
    """Return what makes machine code for this processor, as Numba sets it up."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    name, features = _processor()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=name, features=features, opt=3, codemodel="jitdefault", jit=True)


def _folders() -> tuple[Path, ...]:
    """Return the folders that may hold machine code, the best first: that which Numba is told to use for its own."""
    if folder := os.environ.get("NUMBA_CACHE_DIR"):
        return (Path(folder),)
    own = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - without a home, no error
    return _HERE / "__pycache__", Path(own) / "qgac"


@cache
def _file_name(name: str) -> str:
    """Return a name that other processors, for which other machine code may lie in the same folder, do not have."""
    processor = hashlib.sha256(repr((llvmlite.__version__, _processor())).encode()).hexdigest()
    return f"{name}-{processor[:16]}.o"


@cache
def _digest_of_sources() -> bytes:
    """Return a digest of all modules of this folder: kernels take constants and functions from one another."""
    digest = hashlib.sha256()
    for path in sorted(_HERE.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.digest()
