"""The examples of docs/serving.md run as they stand, one after the other, at a port that is free."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from made.command_line import environment, posix
from made.files import flat
from made.web import Standins, serving
from qgac.commands.serve import serve
from qgac.web.limits import Limits
from qgac.web.service import Service

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")


@posix
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples need curl")
def test_the_examples_run(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    script = "set -e\n"
    for number, (language, code) in enumerate(re.findall(r"^```(\w+)\n(.*?)^```$", DOCUMENT, re.M | re.S)):
        if language == "sh":
            script += code
        elif language == "python":
            (tmp_path / f"{number}.py").write_text(code.replace("8765", port))
            script += f"python {number}.py\n"
    (tmp_path / "qgac").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m qgac "$@"\n')
    (tmp_path / "qgac").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with (tmp_path / "told").open("w+") as told:
        process = subprocess.Popen(
            ["sh", "-c", script.replace("8765", port)],
            cwd=tmp_path,
            env=environment() | {"PATH": path},
            stdout=told,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(180)
        finally:
            os.killpg(process.pid, signal.SIGTERM)  # the service that the document leaves running
        told.seek(0)
        text = told.read()
    assert code == 0, text
    assert "576 pixels wide" in text
    assert "done" in text
    assert "this is not a JPEG file" in text
    with Image.open(tmp_path / "restored.png") as one, Image.open(tmp_path / "restored.webp") as other:
        assert np.array_equal(np.asarray(one), np.asarray(other))


def test_every_limit_that_can_be_set_is_told_as_it_is() -> None:
    rows = dict(re.findall(r"^\| `(--[\w-]+)` \| (.*?) \|", DOCUMENT, re.M))
    limits = Limits()
    numbers = {
        "--max-bytes": limits.max_bytes,
        "--max-pixels": limits.max_pixels // 1_000_000,
        "--max-seconds": int(limits.seconds),
        "--workers": limits.workers,
        "--queue": limits.queue,
        "--per-client": limits.per_client,
    }
    assert set(rows) == set(numbers)
    for option, number in numbers.items():
        assert rows[option].split()[0] == str(number), option
    options = {option for parameter in serve.params for option in parameter.opts}
    assert set(rows) < options


def test_the_addresses_are_those_of_the_service() -> None:
    with serving(Service(Standins(flat))) as running:
        paths = set(json.loads(running.get("/openapi.json").body)["paths"])
    for path in paths:
        shown = path.replace("{identity}", "ID")
        assert shown in DOCUMENT or f"…{shown.removeprefix('/api/jobs/ID')}" in DOCUMENT, path
