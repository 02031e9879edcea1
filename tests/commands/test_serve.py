"""`qgac serve` as a process: what it prints, how it ends, and what it refuses to begin with."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from made.command_line import environment, posix, qgac_command, sentence
from made.pictures import compressed, photo
from qgac.commands.serve import serve


def _heeds_hangups() -> None:
    """Have a child heed SIGHUP, even where the tests themselves run under nohup."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@contextmanager
def started(*arguments: str, **more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the service at a free port; yield the process and the address that it printed."""
    line = [sys.executable, "-m", "qgac", "serve", "--port", "0", *arguments]
    with (
        tempfile.TemporaryDirectory() as folder,  # what is killed leaves its own behind
        subprocess.Popen(
            line,
            stderr=subprocess.PIPE,
            text=True,
            env=environment() | {"TMPDIR": folder} | more,
            preexec_fn=_heeds_hangups if os.name == "posix" else None,
        ) as process,
    ):
        assert process.stderr is not None
        try:
            first = process.stderr.readline()
            assert first.startswith("qgac: serving at http://"), first + process.stderr.read()
            yield process, first.split()[-1]
        finally:
            process.kill()


@posix
@pytest.mark.slow
def test_it_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    jpeg = compressed(photo(60, 90), 30)
    (tmp_path / "photo.jpg").write_bytes(jpeg)
    assert qgac_command("restore", tmp_path / "photo.jpg", "-o", tmp_path / "photo.png").exit_code == 0
    folder = tmp_path / "work"
    folder.mkdir()
    with started(TMPDIR=str(folder)) as (process, address):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
        assert len(list(folder.glob("qgac*"))) == 1
        with urllib.request.urlopen(urllib.request.Request(f"{address}api/restore", jpeg), timeout=60) as answer:
            assert answer.read() == (tmp_path / "photo.png").read_bytes()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr is not None
        assert process.stderr.read() == "qgac: interrupted\n"
    assert list(folder.glob("qgac*")) == []


@posix
@pytest.mark.slow
def test_a_terminal_that_is_closed_leaves_nothing_behind(tmp_path: Path) -> None:
    with started(TMPDIR=str(tmp_path)) as (process, _):
        assert len(list(tmp_path.glob("qgac-serve-*"))) == 1
        process.send_signal(signal.SIGHUP)
        assert process.wait(30) == 143
    assert list(tmp_path.glob("qgac-serve-*")) == []


@pytest.mark.slow
def test_an_address_that_others_reach_has_a_token() -> None:
    with started("--host", "0.0.0.0") as (_, address):
        place, token = address.split("?token=")
        place = place.replace("0.0.0.0", "127.0.0.1")
        assert len(token) >= 32
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"{place}api/models", timeout=30)
        request = urllib.request.Request(f"{place}api/models", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200


@pytest.mark.slow
def test_a_token_that_was_given_is_not_told() -> None:
    with started("--host", "0.0.0.0", QGAC_TOKEN="what-is-known") as (_, address):
        assert re.fullmatch(r"http://0\.0\.0\.0:\d+/", address)
        place = address.replace("0.0.0.0", "127.0.0.1")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"{place}api/models", timeout=30)
        request = urllib.request.Request(f"{place}api/models", headers={"Authorization": "Bearer what-is-known"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"127.0.0.1:{port} cannot be listened at" in sentence(qgac_command("serve", "--port", port))


def test_a_model_that_is_not_there_is_told() -> None:
    assert "neither a shipped model" in sentence(qgac_command("serve", "--port", 0, "--model", "nowhere"))


def test_what_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_multipart", None)
    assert "pip install 'qgac[web]'" in sentence(qgac_command("serve", "--port", 0))


@pytest.mark.parametrize("token", ["", "two words", "ünicode", "semi;colon"])
def test_a_token_is_a_word(token: str) -> None:
    result = qgac_command("serve", "--port", 0, "--token", token)
    assert result.exit_code == 2
    assert "a token is one word" in result.stderr


def test_limits_are_those_of_the_service() -> None:
    from qgac.web.limits import Limits

    shown = {parameter.name: parameter.default for parameter in serve.params}
    assert (shown["max_bytes"], shown["queue"], shown["workers"]) == (Limits().max_bytes, Limits().queue, 1)
