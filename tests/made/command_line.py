"""The command ``qgac`` in this process and in one of its own, and what it says and leaves."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from qgac.cli import cli

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and devices are another matter there")

TESTS = Path(__file__).parent.parent
SOURCE = TESTS.parent / "src"

# The command in a process of its own, with the stand-in that is named first.
PROGRAM = """
import sys
from made import files as made_files
from qgac.batch import many
from qgac.cli import main
many.new_restorer = getattr(made_files, sys.argv.pop(1))
main()
"""


def qgac_command(*arguments: object, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], input=stdin)


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}


def start(stand_in: Callable[..., Any], *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": f"{SOURCE}{os.pathsep}{TESTS}"}
    line = [sys.executable, "-c", PROGRAM, stand_in.__name__, "restore", *arguments]
    return subprocess.Popen(line, env=environment, stderr=subprocess.PIPE, start_new_session=True, **options)


def on_a_terminal(*arguments: str) -> list[str]:
    """Return the lines that a Python program writes to a terminal as its standard error, overwritten ones too."""
    ours, theirs = os.openpty()
    environment = os.environ | {"PYTHONPATH": f"{SOURCE}{os.pathsep}{TESTS}", "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen([sys.executable, *arguments], env=environment, stderr=theirs) as process:
        os.close(theirs)
        content = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # how Linux tells the end
                break
            if not part:
                break
            content += part
        os.close(ours)
    assert process.returncode == 0
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", content.decode())
    return [line for line in re.split(r"[\r\n]+", plain) if line.strip()]


def sentence(result: Result) -> str:
    """Return the one line on the standard error of a command that failed, and nothing else happened."""
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)  # no traceback
    assert result.stdout_bytes == b""
    (line,) = result.stderr.splitlines()
    assert line.startswith("qgac: ")
    return line.removeprefix("qgac: ")


def usage_error(result: Result) -> str:
    """Return the message of a command that did nothing, in one line."""
    assert result.exit_code == 2
    assert result.stdout == ""
    return " ".join(result.stderr.replace("│", " ").split())


def summary(result: Result) -> str:
    return result.stderr.splitlines()[-1].rpartition(" in ")[0]


def outputs(folder: str) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file())
