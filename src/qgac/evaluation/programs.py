"""Other programs that restore JPEG files, run as their users run them: a file in, a picture file out, timed.

What a program writes is decoded by Pillow: 8 bits a sample, or 16 where it is gray.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from qgac.evaluation.record import METHODS

__all__ = ["ProgramError", "check_command", "parse_program", "run_program"]

_PLACE = re.compile(r"\{(input|output)(\.\w+)?\}")
_TAKEN = {name for methods in METHODS.values() for name in methods}
_LAST_WORDS = 200  # characters of what a failed program said


class ProgramError(ValueError):
    """A program cannot be run, or did not give a picture that could be compared."""


def parse_program(text: str) -> tuple[str, str]:
    """Read ``NAME=command {input} {output}``.

    Parameters
    ----------
    text : str
        ``{output}`` becomes the name of a PNG file, ``{output.ppm}`` of a PPM file, and so on.

    Returns
    -------
    name, command : str

    Raises
    ------
    ProgramError
        If it is something else.
    """
    name, equals, command = (part.strip() for part in text.partition("="))
    if not (name and equals and command) or not name.isprintable() or "|" in name:
        raise ProgramError(f"{text!r} is no method; write NAME=command {{input}} {{output}}")
    if name in _TAKEN:
        raise ProgramError(f"{name!r} is the name of a row that is measured anyway; choose another")
    check_command(name, command)
    return name, command


def check_command(name: str, command: str) -> None:
    """Check that a command has an input and an output, and can be divided into words.

    Raises
    ------
    ProgramError
        If not.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ProgramError(f"the command of {name} cannot be read ({error}); check its quotation marks") from error
    places = [found[1] for word in words for found in _PLACE.finditer(word)]
    if sorted(places) != ["input", "output"]:
        raise ProgramError(f"the command of {name} must have one {{input}} and one {{output}}: {command}")


def run_program(name: str, command: str, data: bytes, shape: tuple[int, ...]) -> tuple[NDArray[np.float64], float]:
    """Let a program restore a JPEG file.

    Parameters
    ----------
    name : str
        For messages.
    command : str
        As :func:`parse_program` returns it; run without a shell, in the working folder.
    data : bytes
        Content of the JPEG file.
    shape : tuple of int
        (H, W) or (H, W, 3) of the picture that is to come back. A gray one may come as RGB of three equal channels.

    Returns
    -------
    picture : ndarray of float64
        0..1, of that shape.
    seconds : float
        Wall-clock time from the start of the program to its end.

    Raises
    ------
    ProgramError
        If it cannot be started, fails, or writes no such picture.
    """
    with tempfile.TemporaryDirectory() as folder:
        places = {"input": Path(folder, "input.jpg"), "output": Path(folder, "output")}
        places["input"].write_bytes(data)

        def place(found: re.Match[str]) -> str:
            if found[1] == "output":
                places["output"] = Path(folder, f"output{found[2] or '.png'}")
            return str(places[found[1]])

        words = [_PLACE.sub(place, word) for word in shlex.split(command)]
        started = time.perf_counter()
        try:
            result = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        except OSError as error:
            raise ProgramError(f"{name} cannot be started ({error.strerror}: {words[0]}); check its command") from error
        seconds = time.perf_counter() - started
        if result.returncode != 0:
            said = " ".join((result.stderr or result.stdout).decode(errors="replace").split())[-_LAST_WORDS:]
            raise ProgramError(f"{name} failed with exit code {result.returncode}: {said or 'it said nothing'}")
        try:
            with Image.open(places["output"]) as opened:
                samples = np.asarray(opened.convert("RGB") if opened.mode in ("P", "RGBA") else opened)
        except OSError as error:
            raise ProgramError(f"{name} wrote no picture that Pillow can open to {places['output'].name}") from error
    return _fitted(name, samples, shape), seconds


def _fitted(name: str, samples: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.float64]:
    if len(shape) == 2 and samples.ndim == 3 and (samples == samples[..., :1]).all():
        samples = samples[..., 0]
    if samples.shape != shape:
        raise ProgramError(f"{name} wrote a picture of shape {samples.shape}, not {shape}")
    if samples.dtype == np.uint8:
        return samples / 255
    if samples.dtype.kind in "ui":  # Pillow has 16-bit gray in wider types as well
        return samples / 65535
    raise ProgramError(f"{name} wrote a picture of {samples.dtype} samples; let it write 8 or 16 bits")
